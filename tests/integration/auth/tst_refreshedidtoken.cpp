// SPDX-License-Identifier: Apache-2.0
// The ID token that comes with a refresh (OpenID Connect Core section 12.2): a bad one is not kept and costs nothing else.
#include "sessionfixture.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Fault = FakeIssuer::Fault;
using Endpoint = FakeIssuer::Endpoint;

class TestRefreshedIdToken : public SessionFixture
{
    Q_OBJECT

public Q_SLOTS:
    void init() override;

private Q_SLOTS:
    void goodOneIsKept();
    void keyRotation();
    void badOneCostsNothing_data();
    void badOneCostsNothing();
    void keysThatCannotBeHad_data();
    void keysThatCannotBeHad();
    void keysAreNotWaitedFor();
    void anotherPerson();
    void noneIsFine();
    void nobodyAskedForOne();

private:
    bool said(SessionProbe &probe, const QString &event)
    {
        return Support::waitUntil([&] { return probe.events.contains(event); });
    }
    static QString lastOf(const Session &session, const QString &event)
    {
        QString detail;
        for (const SessionEvent &one : session.timeline())
            detail = one.what == event ? one.detail : detail;
        return detail;
    }
};

void TestRefreshedIdToken::init()
{
    SessionFixture::init();
    FakeIssuer::Options options;
    options.refreshIdTokens = true;
    m_issuer = std::make_unique<FakeIssuer>(options);
    QVERIFY(m_issuer->listen());
}

void TestRefreshedIdToken::goodOneIsKept()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    for (int i = 1; i <= 3; ++i) { // each follows the one before it
        QVERIFY(probe.refreshed());
        QVERIFY(Support::waitUntil([&] { return probe.events.count(u"idtoken.adopted"_s) == i; }));
    }
    QCOMPARE(probe.changed.size(), 4);
    QCOMPARE(probe.session.state(), State::Active);
    QVERIFY(!probe.events.contains(u"idtoken.refused"_s));
}

void TestRefreshedIdToken::keyRotation()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    Endpoint rotatesAt = Endpoint::Token; // before the ID token is made
    connect(m_issuer.get(), &FakeIssuer::requestReceived, &probe.session, [&](Endpoint endpoint) {
        if (endpoint == rotatesAt)
            m_issuer->rotateKeys();
    });
    QVERIFY(probe.refreshed());
    QVERIFY(said(probe, u"idtoken.adopted"_s));
    QVERIFY(!probe.events.contains(u"idtoken.refused"_s));
    // A provider that takes the key away too soon is asked for it twice, and not more.
    const int asked = m_issuer->requestCount(Endpoint::Keys);
    rotatesAt = Endpoint::Keys;
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"bad ID token.*UnknownKey"_s));
    QVERIFY(probe.refreshed());
    QVERIFY(said(probe, u"idtoken.refused"_s));
    QCOMPARE(m_issuer->requestCount(Endpoint::Keys), asked + 2);
    QCOMPARE(probe.session.state(), State::Active);
}

void TestRefreshedIdToken::badOneCostsNothing_data()
{
    QTest::addColumn<Fault>("fault");
    QTest::addColumn<QString>("code");
    const auto row = [](const char *name, Fault fault, const char *code) {
        QTest::newRow(name) << fault << QString::fromLatin1(code);
    };
    row("signature", Fault::WrongSignature, "BadSignature");
    row("unsigned", Fault::UnsignedIdToken, "UnsupportedAlgorithm");
    row("issuer", Fault::WrongIssuer, "WrongIssuer");
    row("audience", Fault::WrongAudience, "WrongAudience");
    row("authorized party", Fault::WrongParty, "WrongAudience");
    row("nonce of another sign-in", Fault::WrongNonce, "IdentityChanged");
    row("time of another sign-in", Fault::WrongAuthTime, "IdentityChanged");
    row("of yesterday", Fault::OldIdToken, "TokenExpired");
    row("ended", Fault::EndedIdToken, "TokenExpired");
}

void TestRefreshedIdToken::badOneCostsNothing()
{
    QFETCH(Fault, fault);
    QFETCH(QString, code);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"bad ID token.*"_s + code));
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
        m_issuer->failNext(Endpoint::Token, fault);
        QVERIFY(probe.refreshed());
        QVERIFY(said(probe, u"idtoken.refused"_s));
        QVERIFY(lastOf(probe.session, u"idtoken.refused"_s).startsWith(code));
        QVERIFY(probe.session.explain().contains(u"idtoken.refused"_s));
        QVERIFY(!probe.events.contains(u"idtoken.adopted"_s));
        QCOMPARE(probe.session.state(), State::Active);
        QCOMPARE(probe.changed.size(), 2); // the access token beside it is in use
        QCOMPARE(probe.needed.size() + probe.failed.size() + probe.degraded.size() + probe.revoked.size(), 0);
        QCOMPARE(probe.session.subject(), u"alice"_s);
    }
    // The refresh token that came with it was stored, and the next ID token is judged by the one that was kept.
    SessionProbe again(options());
    again.session.start();
    QVERIFY(again.reaches(State::Active));
    QVERIFY(again.refreshed());
    QVERIFY(said(again, u"idtoken.adopted"_s));
    QCOMPARE(m_issuer->reuseCount(), 0);
    QCOMPARE(m_issuer->refreshCount(), 2);
    QCOMPARE(m_issuer->activeFamilies(), 1);
}

void TestRefreshedIdToken::keysThatCannotBeHad_data()
{
    QTest::addColumn<Fault>("fault");
    QTest::newRow("busy") << Fault::Busy;
    QTest::newRow("portal") << Fault::PortalPage;
    QTest::newRow("huge") << Fault::HugeBody;
    QTest::newRow("closed") << Fault::CloseUnseen;
}

// That says nothing about the ID token: it is not kept, and nobody is accused.
void TestRefreshedIdToken::keysThatCannotBeHad()
{
    QFETCH(Fault, fault);
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Keys, fault, 3);
    QVERIFY(probe.refreshed());
    QVERIFY(said(probe, u"idtoken.unverified"_s));
    QVERIFY(!probe.events.contains(u"idtoken.adopted"_s) && !probe.events.contains(u"idtoken.refused"_s));
    QCOMPARE(probe.session.state(), State::Active);
    QCOMPARE(probe.changed.size(), 2);
}

void TestRefreshedIdToken::keysAreNotWaitedFor()
{
    auto probe = std::make_unique<SessionProbe>(options());
    QVERIFY(signedIn(*probe));
    m_issuer->failNext(Endpoint::Keys, Fault::HungBody);
    QVERIFY(probe->refreshed());
    QCOMPARE(probe->changed.size(), 2);
    QVERIFY(probe->token());
    // Neither does the next refresh, whose ID token takes the place of the one that is still being examined.
    QVERIFY(probe->refreshed());
    QVERIFY(said(*probe, u"idtoken.adopted"_s));
    QCOMPARE(probe->events.count(u"idtoken.adopted"_s), 1);
    m_issuer->failNext(Endpoint::Keys, Fault::HungBody);
    QVERIFY(probe->refreshed());
    probe.reset(); // in the middle of it
}

// Not a question of the ID token alone: the access token beside it may be that person's.
void TestRefreshedIdToken::anotherPerson()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    const Result<AccessToken> before = probe.token();
    m_issuer->failNext(Endpoint::Token, Fault::OtherPerson);
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.session.state(), State::NeedsSignIn);
    QCOMPARE(probe.lastNeed().code(), ErrorCode::IdentityChanged);
    QCOMPARE(probe.needed.size(), 1);
    QCOMPARE(probe.session.subject(), u"alice"_s);
    QVERIFY(!probe.events.contains(u"idtoken.adopted"_s));
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Revocation) == 1; }));
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }));
}

void TestRefreshedIdToken::noneIsFine()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    const int keys = m_issuer->requestCount(Endpoint::Keys);
    m_issuer->failNext(Endpoint::Token, Fault::NoIdToken);
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.session.state(), State::Active);
    QCOMPARE(m_issuer->requestCount(Endpoint::Keys), keys);
    QVERIFY(probe.refreshed());
    QVERIFY(said(probe, u"idtoken.adopted"_s));
}

void TestRefreshedIdToken::nobodyAskedForOne()
{
    SessionOptions o = options();
    o.scopes = {u"offline_access"_s};
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Token, Fault::OtherPerson);
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.session.state(), State::Active);
    QVERIFY(!probe.events.join(u' ').contains("idtoken"_L1));
}

WATCHWORD_TEST_MAIN(TestRefreshedIdToken)
#include "tst_refreshedidtoken.moc"
