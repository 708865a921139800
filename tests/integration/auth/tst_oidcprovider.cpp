// SPDX-License-Identifier: Apache-2.0
#include "oidcfixture.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

/* The life of a session against a real provider, without a person. */
class TestOidcProvider : public OidcFixture
{
    Q_OBJECT

private Q_SLOTS:
    void wholeLife();
    void shortTokensStayFresh();
    void outageIsSurvived();
    void lostAnswerIsNamed();
    void refusalByThePerson();
};

void TestOidcProvider::wholeLife()
{
    {
        SessionProbe probe(options());
        probe.session.start();
        probe.session.signIn();
        QVERIFY(probe.reaches(State::Active));
        QCOMPARE(probe.session.subject(), u"bob"_s);
        QVERIFY(probe.token()->scopes.contains(u"api:read"_s));
    }
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    probe.session.refresh();
    QVERIFY(Support::waitUntil([&] { return refreshes() >= 1; }));
    probe.session.signOut(); // maybe in the middle of that refresh: then what it brings is revoked, too
    QVERIFY(Support::waitUntil([&] { return stats().value(u"revocation"_s).toInt() >= 1; }));
}

void TestOidcProvider::shortTokensStayFresh()
{
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    // Tokens of 5 s: four refreshes come by themselves, and every token that is handed out is good.
    int handedOut = 0;
    QVERIFY(Support::waitUntil(
        [&] {
            const auto token = probe.session.currentToken();
            if (!token || !token->isValidAt(Clock::system().wallNow()))
                return true;
            ++handedOut;
            return probe.changed.size() >= 5;
        },
        30s));
    QVERIFY(probe.changed.size() >= 5);
    QVERIFY(handedOut > 100);
    QCOMPARE(QJsonDocument::fromJson(ask(u"/ctl/stats"_s))["errors"_L1].toObject(), QJsonObject());
}

void TestOidcProvider::outageIsSurvived()
{
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    ask(u"/ctl/outage?ms=4000"_s);
    const int before = int(probe.changed.size());
    probe.session.refresh();
    QVERIFY(Support::waitUntil([&] { return probe.changed.size() > before; }, 40s));
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.needed.size(), 0);
    QCOMPARE(probe.signedOut.size(), 0);
}

void TestOidcProvider::lostAnswerIsNamed()
{
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    ask(u"/ctl/lose-token?n=1"_s);
    probe.session.refresh();
    QVERIFY(probe.reaches(State::NeedsSignIn, 20s));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::RotationLost);
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
}

void TestOidcProvider::refusalByThePerson()
{
    SessionOptions o = options();
    o.loginHint = u"deny"_s;
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::AccessDenied);
    QCOMPARE(probe.session.state(), State::SignedOut);
}

WATCHWORD_TEST_MAIN(TestOidcProvider)
#include "tst_oidcprovider.moc"
