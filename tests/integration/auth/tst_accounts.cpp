// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "watchword/auth/accounts.h"
#include "watchword/testing/manualclock.h"

#include <QDir>
#include <QFile>
#include <QUrlQuery>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Fault = FakeIssuer::Fault;
using Endpoint = FakeIssuer::Endpoint;

/* Whose account it is, and how it is left. */
class TestAccounts : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void wrongUserIsNamed();
    void otherUserAccepted();
    void otherUserForgotten();
    void wrongUserBeforeAStart();
    void refreshThatBringsSomebodyElse();
    void accountsAreListed();
    void signOutEverywhere();
    void revocationWaitsForTheProvider();
    void revocationSurvivesTheProgram();
    void revocationIsTakenOver();
    void wordsFollowTheState();

private:
    SessionOptions options();

    std::unique_ptr<ManualClock> m_clock;
};

void TestAccounts::init()
{
    SessionFixture::init();
    m_clock = std::make_unique<ManualClock>();
    FakeIssuer::Options o;
    o.clock = m_clock.get();
    m_issuer = std::make_unique<FakeIssuer>(o);
    QVERIFY(m_issuer->listen());
}

SessionOptions TestAccounts::options()
{
    SessionOptions o = SessionFixture::options();
    o.clock = m_clock.get();
    return o;
}

void TestAccounts::wrongUserIsNamed()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::WrongUser);
    QVERIFY(probe.lastFailure().detail().contains(u"Bob"_s) && probe.lastFailure().detail().contains(u"Alice"_s));
    QCOMPARE(probe.session.otherUser(), u"Bob"_s);
    QCOMPARE(probe.session.subject(), u"alice"_s);
    QCOMPARE(probe.session.state(), State::Active);
    QCOMPARE(probe.revoked.size(), 0);
    QVERIFY(probe.refreshed()); // and Alice's session goes on
    QCOMPARE(probe.session.state(), State::Active);
}

void TestAccounts::otherUserAccepted()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    probe.session.acceptOtherUser(); // nobody waits
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    probe.session.acceptOtherUser();
    QVERIFY(Support::waitUntil([&] { return probe.session.subject() == u"bob"_s && probe.session.state() == State::Active; }));
    QCOMPARE(probe.session.otherUser(), QString());
    QCOMPARE(probe.revoked.size(), 1); // what was connected for Alice ends
    QCOMPARE(probe.signedIn.size(), 2);
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 1; })); // Alice's is revoked
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.session.state(), State::Active);
    QCOMPARE(Accounts::stored(options()).value(0).name, u"Bob"_s);
}

void TestAccounts::otherUserForgotten()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(m_issuer->activeFamilies(), 2);
    m_clock->advance(10min);
    QCOMPARE(probe.session.otherUser(), QString());
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Revocation) == 1; }));
    probe.session.acceptOtherUser(); // too late
    QCOMPARE(probe.session.subject(), u"alice"_s);
}

void TestAccounts::wrongUserBeforeAStart()
{
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
    }
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    SessionProbe probe(options());
    probe.session.signIn(); // without start(): the account is Alice's all the same
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::WrongUser);
    QVERIFY(probe.lastFailure().detail().contains(u"Alice"_s));
    m_issuer->signInAs(u"alice"_s, u"Alice"_s);
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.session.subject(), u"alice"_s);
}

void TestAccounts::refreshThatBringsSomebodyElse()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    const QString mine = probe.token()->value.fingerprint();
    m_issuer->failNext(Endpoint::Token, Fault::OtherPerson, 1);
    probe.session.refresh();
    QVERIFY(probe.reaches(State::NeedsSignIn));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::IdentityChanged);
    QCOMPARE(probe.session.subject(), u"alice"_s);
    if (const auto token = probe.session.currentToken())
        QCOMPARE(token->value.fingerprint(), mine); // never the other one
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Revocation) == 1; }));
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
}

void TestAccounts::accountsAreListed()
{
    QVERIFY(Accounts::stored(options()).isEmpty());
    SessionOptions work = options();
    work.account = u"work"_s;
    SessionProbe first(options());
    QVERIFY(signedIn(first));
    m_clock->advance(1s);
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    SessionProbe second(work);
    QVERIFY(signedIn(second));
    QVERIFY(Support::waitUntil([&] { return Accounts::stored(options()).size() == 2; }));
    const auto all = Accounts::stored(options());
    QCOMPARE(all.at(0).account, u"work"_s); // the last one first
    QCOMPARE(all.at(0).name, u"Bob"_s);
    QCOMPARE(all.at(1).account, u"default"_s);
    QCOMPARE(all.at(1).subject, u"alice"_s);
    QCOMPARE(all.at(1).issuer, m_issuer->url());
    first.session.signOut();
    QVERIFY(Support::waitUntil([&] { return Accounts::stored(options()).size() == 1; }));
    // A broken file hides itself only, and no file holds a secret.
    const QDir folder(options().storageFolder);
    QFile broken(folder.filePath(u"broken.account"_s));
    QVERIFY(broken.open(QIODevice::WriteOnly) && broken.write("{]") == 2);
    broken.close();
    QCOMPARE(Accounts::stored(options()).size(), 1);
    for (const QString &name : folder.entryList({u"*.account"_s})) {
        QFile file(folder.filePath(name));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray content = file.readAll();
        for (const QByteArray &secret : m_issuer->issuedSecrets())
            QVERIFY(!content.contains(secret));
    }
}

void TestAccounts::signOutEverywhere()
{
    QList<QUrl> shown;
    SessionOptions o = options();
    o.openBrowser = [&](const QUrl &url) {
        shown += url;
        return m_issuer->openBrowser(url);
    };
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    probe.session.signOut();
    QCOMPARE(probe.session.state(), State::SignedOut);
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Revocation) == 1; }));
    QCOMPARE(shown.size(), 1); // the sign-in's
    QVERIFY(signedIn(probe));
    probe.session.signOut(Session::SignOutScope::Everywhere);
    QCOMPARE(probe.session.state(), State::SignedOut);
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::EndSession) == 1; }));
    QCOMPARE(shown.size(), 3);
    const QUrlQuery query(shown.last());
    QCOMPARE(query.queryItemValue(u"client_id"_s), u"app"_s);
    QCOMPARE(query.queryItemValue(u"logout_hint"_s), u"Alice"_s);
    QVERIFY(!query.hasQueryItem(u"id_token_hint"_s));
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Revocation) == 2; }));
    QCOMPARE(m_issuer->activeFamilies(), 0);
}

void TestAccounts::revocationWaitsForTheProvider()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Revocation, Fault::Busy, 1);
    m_issuer->failNext(Endpoint::Revocation, Fault::CloseUnseen, 1);
    probe.session.signOut();
    QCOMPARE(probe.session.state(), State::SignedOut); // whatever the provider says
    QVERIFY(Support::waitUntil([&] { return probe.events.count(u"signout.revocation_waits"_s) == 1; }));
    QCOMPARE(m_issuer->activeFamilies(), 1);
    m_clock->advance(6s); // it asked for 7
    QCOMPARE(m_issuer->requestCount(Endpoint::Revocation), 1);
    m_clock->advance(1s);
    QVERIFY(Support::waitUntil([&] { return probe.events.count(u"signout.revocation_waits"_s) == 2; }));
    m_clock->advance(15min);
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.revoked"_s); }));
    QCOMPARE(m_issuer->activeFamilies(), 0);
}

void TestAccounts::revocationSurvivesTheProgram()
{
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
        m_issuer->stop(); // the network is away
        probe.session.signOut();
        QCOMPARE(probe.signedOut.size(), 1);
        QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.revocation_waits"_s); }));
    }
    QVERIFY(m_issuer->listen());
    m_clock->advance(1h);
    QCOMPARE(m_issuer->activeFamilies(), 1);
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }));
    QVERIFY(probe.reaches(State::SignedOut));
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.revoked"_s); }));
}

// A program signs out and ends at once; another one of the same account goes on.
void TestAccounts::revocationIsTakenOver()
{
    SessionProbe other(options());
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
        other.session.start();
        QVERIFY(other.reaches(State::Active));
        m_issuer->failNext(Endpoint::Revocation, Fault::CloseUnseen, 1);
        probe.session.signOut();
        QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.revocation_waits"_s); }));
    }
    QVERIFY(Support::waitUntil([&] {
        m_clock->advance(50ms); // the files are read when they have rested for so long
        return other.session.state() == State::SignedOut;
    }));
    QCOMPARE(m_issuer->activeFamilies(), 1);
    QVERIFY(!other.events.contains(u"revocation.taken_over"_s)); // the first one may still be at it
    QVERIFY(Support::waitUntil([&] {
        m_clock->advance(1min);
        return other.events.contains(u"signout.revoked"_s);
    }));
    QCOMPARE(other.events.count(u"revocation.taken_over"_s), 1);
    QCOMPARE(m_issuer->activeFamilies(), 0);
}

void TestAccounts::wordsFollowTheState()
{
    SessionProbe probe(options());
    QCOMPARE(probe.session.stateText(), u"You are signed out."_s);
    QCOMPARE(probe.session.suggestedAction(), u"Sign in."_s);
    QVERIFY(signedIn(probe));
    QCOMPARE(probe.session.stateText(), u"You are signed in."_s);
    QCOMPARE(probe.session.suggestedAction(), QString());
}

WATCHWORD_TEST_MAIN(TestAccounts)
#include "tst_accounts.moc"
