// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "watchword/testing/fakekeystore.h"
#include "watchword/testing/manualclock.h"

#include <QMetaEnum>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Endpoint = FakeIssuer::Endpoint;

/*
    What an application sees on the way, from the beginning to the end of each journey: every state with its reason, and every
    signal, in their order. A state that is shown in passing is a fault, and so is one whose reason comes after it.
*/
class TestJourneys : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void firstSignIn();
    void restore();
    void refresh();
    void offline();
    void stepUp();
    void signOutHere();
    void signOutElsewhere();
    void cancel();
    void cancelBeforeStart();
    void otherUser();
    void keychainLocked();
    void endedByTheProvider();

private:
    SessionOptions options()
    {
        SessionOptions all = SessionFixture::options();
        all.clock = m_clock.get();
        return all;
    }
    SessionOptions heldOptions()
    {
        SessionOptions all = withHeldBrowser();
        all.clock = m_clock.get();
        return all;
    }
    //! Writes down what \a session says from now on.
    void listenTo(Session &session);
    //! What was said since the last call, once it ends with \a last.
    QStringList saidUntil(const QString &last);
    void prepareAlice();

    std::unique_ptr<ManualClock> m_clock;
    QStringList m_said;
};

void TestJourneys::init()
{
    SessionFixture::init();
    m_clock = std::make_unique<ManualClock>();
    FakeIssuer::Options o;
    o.clock = m_clock.get();
    m_issuer = std::make_unique<FakeIssuer>(o);
    QVERIFY(m_issuer->listen());
    m_said.clear();
}

void TestJourneys::listenTo(Session &session)
{
    const auto say = [this](const QString &what, const Error &reason) {
        m_said += reason == Error() ? what : what + u' ' + reason.codeName();
    };
    connect(&session, &Session::stateChanged, this, [&session, say](State state) {
        say(QString::fromLatin1(QMetaEnum::fromType<State>().valueToKey(int(state))), session.stateReason());
    });
    connect(&session, &Session::signInNeeded, this, [say](const Error &reason) { say(u"needed"_s, reason); });
    connect(&session, &Session::signInFailed, this, [say](const Error &reason) { say(u"failed"_s, reason); });
    connect(&session, &Session::signedIn, this, [say] { say(u"signedIn"_s, {}); });
    connect(&session, &Session::signedOut, this, [say] { say(u"signedOut"_s, {}); });
    connect(&session, &Session::tokenRevoked, this, [say] { say(u"revoked"_s, {}); });
    connect(&session, &Session::tokenChanged, this, [say] { say(u"token"_s, {}); });
    connect(&session, &Session::storageDegraded, this, [say](const Error &reason) { say(u"degraded"_s, reason); });
}

QStringList TestJourneys::saidUntil(const QString &last)
{
    Support::waitUntil([&] { return m_said.contains(last); });
    return std::exchange(m_said, {});
}

void TestJourneys::prepareAlice()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
}

void TestJourneys::firstSignIn()
{
    Session session(options());
    listenTo(session);
    session.start();
    QCOMPARE(saidUntil(u"needed SignInRequired"_s), (QStringList{u"Restoring"_s, u"SignedOut"_s, u"needed SignInRequired"_s}));
    session.signIn();
    QCOMPARE(saidUntil(u"signedIn"_s), (QStringList{u"SigningIn"_s, u"Active"_s, u"token"_s, u"signedIn"_s}));
}

void TestJourneys::restore()
{
    prepareAlice();
    Session session(options());
    listenTo(session);
    session.start();
    QCOMPARE(saidUntil(u"signedIn"_s), (QStringList{u"Restoring"_s, u"Active"_s, u"token"_s, u"signedIn"_s}));
}

void TestJourneys::refresh()
{
    prepareAlice();
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    listenTo(probe.session);
    QVERIFY(probe.refreshed());
    QCOMPARE(saidUntil(u"token"_s), QStringList{u"token"_s});
}

void TestJourneys::offline()
{
    prepareAlice();
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    listenTo(probe.session);
    QDateTime nextAttempt;
    connect(&probe.session, &Session::stateChanged, this, [&] { nextAttempt = probe.session.nextAttempt(); });
    m_issuer->stop();
    QVERIFY(probe.refreshed()); // and failed, which nobody has to know yet
    m_clock->advance(301s);
    QCOMPARE(saidUntil(u"Offline ConnectionRefused"_s), QStringList{u"Offline ConnectionRefused"_s});
    QVERIFY(nextAttempt.isValid());
    QVERIFY(m_issuer->listen());
    probe.session.refresh();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(saidUntil(u"token"_s), (QStringList{u"Active"_s, u"token"_s}));
}

void TestJourneys::stepUp()
{
    prepareAlice();
    Session session(options());
    session.start();
    QVERIFY(Support::waitUntil([&] { return session.state() == State::Active; }));
    listenTo(session);
    TokenRequest stronger;
    stronger.maxAge = 60s;
    stronger.reason = TokenRequest::Reason::Rejected;
    session.requestToken(stronger);
    QCOMPARE(saidUntil(u"needed InsufficientAuthentication"_s),
             (QStringList{u"StepUp InsufficientAuthentication"_s, u"needed InsufficientAuthentication"_s}));
    session.signIn();
    QCOMPARE(saidUntil(u"signedIn"_s), (QStringList{u"SigningIn"_s, u"Active"_s, u"token"_s, u"signedIn"_s}));
}

void TestJourneys::signOutHere()
{
    prepareAlice();
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    listenTo(probe.session);
    probe.session.signOut();
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.finished"_s); }));
    QCOMPARE(saidUntil(u"signedOut"_s), (QStringList{u"SignedOut"_s, u"revoked"_s, u"signedOut"_s}));
}

void TestJourneys::signOutElsewhere()
{
    prepareAlice();
    SessionProbe here(options());
    SessionProbe elsewhere(options());
    here.session.start();
    elsewhere.session.start();
    QVERIFY(here.reaches(State::Active));
    QVERIFY(elsewhere.reaches(State::Active));
    listenTo(here.session);
    elsewhere.session.signOut();
    QVERIFY(Support::waitUntil([&] {
        m_clock->advance(50ms);
        return here.signedOut.size() == 1;
    }));
    QCOMPARE(saidUntil(u"needed SignedOut"_s),
             (QStringList{u"SignedOut"_s, u"revoked"_s, u"signedOut"_s, u"needed SignedOut"_s}));
    QVERIFY(here.lastNeed().detail().contains(u"another program"_s));
    QCOMPARE(elsewhere.needed.size(), 0); // who decided it is not asked
}

void TestJourneys::cancel()
{
    Session session(heldOptions());
    session.start();
    listenTo(session);
    saidUntil(u"needed SignInRequired"_s);
    session.signIn();
    QVERIFY(Support::waitUntil([&] { return !m_page.isEmpty(); }));
    session.cancelSignIn();
    QCOMPARE(saidUntil(u"failed Cancelled"_s), (QStringList{u"SigningIn"_s, u"SignedOut"_s, u"failed Cancelled"_s}));
    m_page.clear();
    session.signIn();
    QVERIFY(Support::waitUntil([&] { return !m_page.isEmpty(); }));
    QVERIFY(m_issuer->openBrowser(m_page));
    QCOMPARE(saidUntil(u"signedIn"_s), (QStringList{u"SigningIn"_s, u"Active"_s, u"token"_s, u"signedIn"_s}));
    m_page.clear();
    session.signIn();
    QVERIFY(Support::waitUntil([&] { return !m_page.isEmpty(); }));
    session.cancelSignIn();
    QCOMPARE(saidUntil(u"failed Cancelled"_s), (QStringList{u"SigningIn"_s, u"Active"_s, u"failed Cancelled"_s}));
}

void TestJourneys::cancelBeforeStart()
{
    prepareAlice();
    Session session(heldOptions());
    listenTo(session);
    session.signIn();
    QVERIFY(Support::waitUntil([&] { return !m_page.isEmpty(); }));
    session.cancelSignIn();
    QCOMPARE(saidUntil(u"signedIn"_s),
             (QStringList{u"SigningIn"_s, u"token"_s, u"Active"_s, u"failed Cancelled"_s, u"signedIn"_s}));
}

void TestJourneys::otherUser()
{
    prepareAlice();
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    listenTo(probe.session);
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    probe.session.signIn();
    QCOMPARE(saidUntil(u"failed WrongUser"_s), (QStringList{u"SigningIn"_s, u"Active"_s, u"failed WrongUser"_s}));
    probe.session.acceptOtherUser();
    QCOMPARE(saidUntil(u"signedIn"_s), (QStringList{u"SigningIn"_s, u"revoked"_s, u"Active"_s, u"token"_s, u"signedIn"_s}));
    QCOMPARE(probe.session.subject(), u"bob"_s);
}

void TestJourneys::keychainLocked()
{
    const auto keys = std::make_shared<FakeKeyStore>();
    m_keys = keys;
    prepareAlice();
    keys->setMood(FakeKeyStore::Mood::Locked);
    Session session(options());
    listenTo(session);
    session.start();
    QCOMPARE(saidUntil(u"KeychainWaiting KeychainLocked"_s), (QStringList{u"Restoring"_s, u"KeychainWaiting KeychainLocked"_s}));
    QVERIFY(session.nextAttempt().isValid());
    keys->setMood(FakeKeyStore::Mood::Fine);
    session.retryKeychain();
    QCOMPARE(saidUntil(u"signedIn"_s), (QStringList{u"Restoring"_s, u"Active"_s, u"token"_s, u"signedIn"_s}));
}

void TestJourneys::endedByTheProvider()
{
    prepareAlice();
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    listenTo(probe.session);
    m_issuer->revokeAll();
    QVERIFY(probe.refreshed());
    QCOMPARE(saidUntil(u"needed RevokedOrExpired"_s),
             (QStringList{u"NeedsSignIn RevokedOrExpired"_s, u"needed RevokedOrExpired"_s}));
    probe.session.signIn();
    QCOMPARE(saidUntil(u"signedIn"_s), (QStringList{u"SigningIn"_s, u"Active"_s, u"token"_s, u"signedIn"_s}));
}

WATCHWORD_TEST_MAIN(TestJourneys)
#include "tst_journeys.moc"
