// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "storegate.h"
#include "watchword/testing/fakekeystore.h"

#include <QDeadlineTimer>
#include <QDir>
#include <QEventLoop>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Endpoint = FakeIssuer::Endpoint;

/*
    A person changes their mind at each step of a start and of a sign-in: after n turns of the event loop, for every n until the
    browser is open. Whatever n is, the same must come of it.
*/
class TestSignInSteps : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void cancelled_data() { ways(); }
    void cancelled();
    void refused_data() { ways(); }
    void refused();
    void signedOut_data() { ways(); }
    void signedOut();
    void signedOutThenInAsSomebodyElse();
    void otherPersonAcceptedDuringARefresh();
    void otherPersonAcceptedAndClosed();
    void signedOutWhileRestoring();
    void nobodyToSignOut();
    void nobodyAndCancelled_data() { ways(); }
    void nobodyAndCancelled();
    void anotherPersonThenAccepted();
    void cancelledWhileTheKeychainWaits();
    void signedOutWhileASignInWaitsForTheKeychain();
    void unwritableStoreIsSignedOutLater();

private:
    void ways();
    //! Bob has signed in to the account of Alice, and waits to be accepted.
    bool bobWaits(SessionProbe &probe);
    static void turn();
    //! Runs \a act after 0, 1, 2, .. turns, on a fresh session each time, until the state was SigningIn with an open browser.
    template <typename Prepare, typename Act>
    void atEachStep(Prepare prepare, Act act);

    int m_opened = 0; // browsers
};

void TestSignInSteps::ways()
{
    QTest::addColumn<bool>("startsFirst");
    QTest::newRow("start and sign-in") << true;
    QTest::newRow("sign-in alone") << false;
}

bool TestSignInSteps::bobWaits(SessionProbe &probe)
{
    probe.session.start();
    if (!probe.reaches(State::Active))
        return false;
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    probe.session.signIn();
    return Support::waitUntil([&] { return probe.failed.size() == 1; }) && probe.lastFailure().code() == ErrorCode::WrongUser;
}

//! One turn of the event loop in which something happens, if anything does within 100 ms.
void TestSignInSteps::turn()
{
    QEventLoop loop;
    const QDeadlineTimer end(100ms);
    while (!loop.processEvents() && !end.hasExpired()) { }
}

template <typename Prepare, typename Act>
void TestSignInSteps::atEachStep(Prepare prepare, Act act)
{
    for (int turns = 0; turns < 400; ++turns) {
        prepare();
        m_opened = 0;
        SessionOptions all = options();
        all.openBrowser = [this](const QUrl &) {
            ++m_opened;
            return true; // a person who takes their time
        };
        SessionProbe probe(all);
        QFETCH(bool, startsFirst);
        if (startsFirst)
            probe.session.start();
        probe.session.signIn();
        for (int i = 0; i < turns && m_opened == 0; ++i)
            turn();
        const bool last = m_opened > 0;
        act(probe);
        if (QTest::currentTestFailed())
            qInfo().noquote() << "after" << turns << "turns" << probe.session.explain();
        if (last || QTest::currentTestFailed())
            return;
    }
    QFAIL("the browser never opened");
}

void TestSignInSteps::cancelled()
{
    signInOnce();
    const int tokenRequests = m_issuer->requestCount(Endpoint::Token);
    atEachStep([] {},
               [&](SessionProbe &probe) {
                   const int opened = m_opened;
                   probe.session.cancelSignIn();
                   QCOMPARE(probe.failed.size(), 1);
                   QCOMPARE(probe.lastFailure().code(), ErrorCode::Cancelled);
                   QVERIFY(probe.reaches(State::Active)); // the tokens that are stored are good
                   QCOMPARE(probe.session.accountName(), u"Alice"_s);
                   QVERIFY(probe.token());
                   QCOMPARE(m_opened, opened);
                   QCOMPARE(probe.needed.size(), 0);
                   QCOMPARE(probe.failed.size(), 1);
                   QCOMPARE(probe.signedOut.size(), 0);
               });
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), tokenRequests);
}

void TestSignInSteps::refused()
{
    QFETCH(bool, startsFirst);
    signInOnce();
    m_issuer->failNext(Endpoint::Authorization, FakeIssuer::Fault::Denied);
    SessionProbe probe(options());
    if (startsFirst)
        probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::AccessDenied);
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(probe.token());
    QCOMPARE(probe.needed.size(), 0);
}

void TestSignInSteps::signedOut()
{
    atEachStep([&] { signInOnce(); },
               [&](SessionProbe &probe) {
                   const int opened = m_opened;
                   probe.session.signOut();
                   QCOMPARE(probe.session.state(), State::SignedOut); // at once
                   QCOMPARE(probe.signedOut.size(), 1);
                   QCOMPARE(probe.revoked.size(), 1);
                   QCOMPARE(probe.token().error().code(), ErrorCode::SignInRequired);
                   QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }));
                   QCOMPARE(probe.session.state(), State::SignedOut);
                   QCOMPARE(m_opened, opened);
                   QCOMPARE(probe.needed.size(), 0);
                   QCOMPARE(probe.signedIn.size(), 0);
                   QCOMPARE(probe.signedOut.size(), 1);
                   QVERIFY(isSignedOutForGood());
               });
}

void TestSignInSteps::signedOutThenInAsSomebodyElse()
{
    signInOnce();
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    probe.session.signOut();
    probe.session.signIn(); // before the tombstone is written
    QVERIFY2(probe.reaches(State::Active), "bob was taken for a stranger in alice's account");
    QCOMPARE(probe.session.subject(), u"bob"_s);
    QCOMPARE(probe.failed.size(), 0);
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 1; }));
}

// What the refresh brings for the one is taken back, and is never handed out for the other.
void TestSignInSteps::otherPersonAcceptedDuringARefresh()
{
    signInOnce();
    SessionProbe probe(options());
    QVERIFY(bobWaits(probe));
    StoreGate gate(options().storageFolder);
    const int requests = m_issuer->requestCount(Endpoint::Token);
    probe.session.refresh();
    const auto isSent = [&] { return m_issuer->requestCount(Endpoint::Token) > requests; };
    while (!isSent())
        QVERIFY(gate.letOneOn(isSent) || isSent()); // the session may also look for news of other processes
    probe.session.acceptOtherUser();
    QStringList seen;
    connect(&probe.session, &Session::accountChanged, this, [&] { seen += probe.session.subject(); });
    gate.open();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(seen, QStringList{u"bob"_s});
    QVERIFY2(Support::waitUntil([&] { return m_issuer->activeFamilies() == 1; }), qPrintable(probe.session.explain()));
    QVERIFY(isStored(u"bob"_s));
}

// Whatever a refresh was about to do when the person decided, and then closed the program at once.
void TestSignInSteps::otherPersonAcceptedAndClosed()
{
    bool wasDone = false;
    for (int turns = 0; !wasDone; ++turns) {
        QVERIFY2(turns < 400, "the refresh never ended");
        QDir(options().storageFolder).removeRecursively();
        m_issuer->signInAs(u"alice"_s, u"Alice"_s);
        signInOnce();
        {
            SessionProbe probe(options());
            QVERIFY(bobWaits(probe));
            const auto ends = probe.events.count(u"refresh.finished"_s);
            probe.session.refresh();
            for (int i = 0; i < turns; ++i)
                turn();
            wasDone = probe.events.count(u"refresh.finished"_s) > ends;
            probe.session.acceptOtherUser();
        }
        QVERIFY2(isStored(u"bob"_s), qPrintable(u"closed %1 turns after the refresh began"_s.arg(turns)));
    }
}

void TestSignInSteps::signedOutWhileRestoring()
{
    for (int turns = 0; turns < 400; ++turns) {
        signInOnce();
        SessionProbe probe(options());
        probe.session.start();
        for (int i = 0; i < turns && probe.session.state() == State::Restoring; ++i)
            turn();
        const bool last = probe.session.state() == State::Active;
        probe.session.signOut();
        QCOMPARE(probe.session.state(), State::SignedOut);
        QCOMPARE(probe.signedOut.size(), 1);
        QVERIFY2(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }), qPrintable(probe.session.explain()));
        QCOMPARE(probe.session.state(), State::SignedOut);
        QCOMPARE(probe.needed.size(), 0);
        QVERIFY(isSignedOutForGood());
        if (last)
            return;
    }
    QFAIL("it was never restored");
}

void TestSignInSteps::nobodyToSignOut()
{
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signOut(); // before anybody knows that there is nobody
    QCOMPARE(probe.session.state(), State::SignedOut);
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"key.failed"_s); }));
    QCOMPARE(probe.needed.size(), 0);
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(m_issuer->activeFamilies(), 1);
}

// Whoever waits to be told whether a person is needed is told, but only once.
void TestSignInSteps::nobodyAndCancelled()
{
    atEachStep([] {},
               [&](SessionProbe &probe) {
                   probe.session.cancelSignIn();
                   QVERIFY(Support::waitUntil([&] { return probe.needed.size() == 1; }));
                   QCOMPARE(probe.lastNeed().code(), ErrorCode::SignInRequired);
                   QCOMPARE(probe.session.state(), State::SignedOut);
                   probe.session.signIn();
                   QVERIFY(probe.reaches(State::SigningIn));
                   probe.session.cancelSignIn();
                   QCOMPARE(probe.session.state(), State::SignedOut);
                   QCOMPARE(probe.failed.size(), 2);
                   QCOMPARE(probe.needed.size(), 1);
               });
}

void TestSignInSteps::anotherPersonThenAccepted()
{
    signInOnce();
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    SessionProbe probe(options());
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::WrongUser);
    probe.session.acceptOtherUser(); // while alice is being restored
    QVERIFY(Support::waitUntil([&] { return probe.session.subject() == u"bob"_s; }));
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 1; }));
    QCOMPARE(probe.session.subject(), u"bob"_s);
}

void TestSignInSteps::cancelledWhileTheKeychainWaits()
{
    const auto keys = std::make_shared<FakeKeyStore>();
    m_keys = keys;
    signInOnce();
    keys->setMood(FakeKeyStore::Mood::Slow);
    SessionProbe probe(options());
    probe.session.signIn();
    QVERIFY(probe.reaches(State::KeychainWaiting));
    probe.session.cancelSignIn();
    QCOMPARE(probe.lastFailure().code(), ErrorCode::Cancelled);
    keys->setMood(FakeKeyStore::Mood::Fine);
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.browser.size(), 0); // which nobody wants any more
    QCOMPARE(probe.failed.size(), 1);
}

void TestSignInSteps::signedOutWhileASignInWaitsForTheKeychain()
{
    const auto keys = std::make_shared<FakeKeyStore>();
    m_keys = keys;
    signInOnce();
    keys->setMood(FakeKeyStore::Mood::Slow);
    SessionProbe probe(options());
    probe.session.signIn();
    QVERIFY(probe.reaches(State::KeychainWaiting));
    probe.session.signOut();
    QCOMPARE(probe.session.state(), State::SignedOut);
    keys->setMood(FakeKeyStore::Mood::Fine);
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }));
    QCOMPARE(probe.session.state(), State::SignedOut);
    QCOMPARE(probe.browser.size(), 0);
    QVERIFY(isSignedOutForGood());
}

void TestSignInSteps::unwritableStoreIsSignedOutLater()
{
    signInOnce();
    const QDir folder(options().storageFolder);
    QString file = folder.filePath(folder.entryList({u"*.tokens"_s}, QDir::Files).value(0));
    file.replace(u".tokens"_s, u".signedout"_s);
    QVERIFY(QDir().mkpath(file + u"/x"_s)); // a folder in the place of the file stops root, too
    SessionProbe probe(options());
    const auto signOut = [&](const SessionEvent &event) {
        if (event.what == "key.opened"_L1)
            probe.session.signOut();
    };
    // Queued: before the store can have answered.
    connect(&probe.session, &Session::eventLogged, this, signOut, Qt::QueuedConnection);
    probe.session.start();
    QVERIFY(Support::waitUntil([&] { return probe.degraded.size() >= 1; }));
    QCOMPARE(probe.session.state(), State::SignedOut);
    QCOMPARE(m_issuer->activeFamilies(), 1);
    QVERIFY(QDir(file).removeRecursively());
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }, 30s));
    QVERIFY(isSignedOutForGood());
}

WATCHWORD_TEST_MAIN(TestSignInSteps)
#include "tst_signinsteps.moc"
