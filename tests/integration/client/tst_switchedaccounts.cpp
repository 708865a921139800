// SPDX-License-Identifier: Apache-2.0
// One Client, several accounts: nothing of one reaches the other.
#include "clientjourney.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Client::State;
using Support::waitFor;
using Support::waitUntil;

class TestSwitchedAccounts : public ClientJourney
{
    Q_OBJECT

private Q_SLOTS:
    void toAnotherAndBack();
    void unknownAccount();
    void sameAccountTwice();
    void whileStopped();
    void whileSigningIn();
    void withoutAnythingSignedIn();
    void whatIsPendingFailsAndDoesNotMove();
    void fromInsideASignal();
    void listFollowsTheFiles();
    void tokensInMemoryStay();

private:
    ClientOptions of(const QString &account)
    {
        ClientOptions all = options();
        all.account = account;
        return all;
    }
    void signInAs(const QString &account, const QString &subject, const QString &name)
    {
        m_issuer->signInAs(subject, name);
        ToldClient told(of(account));
        QVERIFY(told.signsIn());
    }
    void signInBoth()
    {
        signInAs(u"home"_s, u"alice"_s, u"Alice"_s);
        signInAs(u"work"_s, u"bob"_s, u"Bob"_s);
        m_gateway->setEcho(true);
    }
};

void TestSwitchedAccounts::toAnotherAndBack()
{
    signInBoth();
    ToldClient told(of(u"home"_s));
    QSignalSpy switched(&told.client, &Client::accountChanged);
    QSignalSpy messages(&told.client, &Client::messageReceived);
    told.client.start();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.client.accountName(), u"Alice"_s);
    const QByteArray first = m_gateway->requests().last().bearer();
    told.taken();
    QVERIFY(told.client.setAccount(u"work"_s));
    QCOMPARE(told.client.account(), u"work"_s);
    QCOMPARE(switched.size(), 1);
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.taken(), QStringList({u"Starting"_s, u"Connecting"_s, u"Ready"_s, u"ready"_s}));
    QCOMPARE(told.client.accountName(), u"Bob"_s);
    const QByteArray second = m_gateway->requests().last().bearer();
    QVERIFY(first != second);
    QVERIFY(waitUntil([&] { return m_gateway->peers().size() == 1; })); // the other connection is gone
    QVERIFY(told.client.send("hello"));
    QVERIFY(waitUntil([&] { return messages.size() == 1; })); // who listened before listens still
    QVERIFY(told.client.setAccount(u"home"_s));
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.client.accountName(), u"Alice"_s);
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Authorization), 2); // nobody had to sign in again
    QCOMPARE(m_issuer->activeFamilies(), 2);
}

// No file has them: who comes back finds them all the same, and nobody else gets the account.
void TestSwitchedAccounts::tokensInMemoryStay()
{
    ClientOptions all = of(u"home"_s);
    all.storage = StoragePolicy::MemoryOnly;
    m_issuer->signInAs(u"alice"_s, u"Alice"_s);
    ToldClient told(all);
    QVERIFY(told.signsIn());
    QVERIFY(told.client.setAccount(u"work"_s));
    QVERIFY(told.reaches(State::SignInNeeded));
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    told.client.signIn();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.client.accounts().size(), 2);
    QVERIFY(told.client.setAccount(u"home"_s));
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.client.accountName(), u"Alice"_s);
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Authorization), 2);
    QSignalSpy failed(&told.client.session(), &Session::signInFailed);
    told.client.session().signIn(); // by Bob, who is still at the browser
    QVERIFY(waitUntil([&] { return failed.size() == 1; }));
    QCOMPARE(failed.first().first().value<Error>().code(), ErrorCode::WrongUser);
    told.client.signOut();
    QVERIFY(waitUntil([&] { return told.client.accounts().size() == 1; }));
    QCOMPARE(told.client.accounts().first().account, u"work"_s);
}

// This is how an account is added.
void TestSwitchedAccounts::unknownAccount()
{
    signInAs(u"home"_s, u"alice"_s, u"Alice"_s);
    ToldClient told(of(u"home"_s));
    told.client.start();
    QVERIFY(told.reaches(State::Ready));
    told.taken();
    QVERIFY(told.client.setAccount(u"work"_s));
    QVERIFY(told.reaches(State::SignInNeeded));
    QCOMPARE(told.taken(),
             QStringList({u"Starting"_s, u"lastError SignInRequired"_s, u"SignInNeeded"_s, u"signInNeeded SignInRequired"_s}));
    QVERIFY(told.client.accountName().isEmpty());
    m_issuer->signInAs(u"bob"_s, u"Bob"_s); // another person, and no WrongUser
    told.client.signIn();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.client.accountName(), u"Bob"_s);
    QVERIFY(waitUntil([&] { return told.client.accounts().size() == 2; }));
    QCOMPARE(told.client.accounts().first().account, u"work"_s);
    QCOMPARE(told.client.setAccount({}).error().code(), ErrorCode::InvalidArgument);
    QCOMPARE(told.client.account(), u"work"_s);
}

void TestSwitchedAccounts::sameAccountTwice()
{
    signInBoth();
    ToldClient told(of(u"home"_s));
    told.client.start();
    QVERIFY(told.reaches(State::Ready));
    told.taken();
    QSignalSpy switched(&told.client, &Client::accountChanged);
    const Session *session = &told.client.session();
    QVERIFY(told.client.setAccount(u"home"_s));
    QCOMPARE(switched.size(), 0);
    QCOMPARE(&told.client.session(), session);
    QCOMPARE(told.client.state(), State::Ready);
    QVERIFY(told.client.setAccount(u"work"_s));
    QVERIFY(told.client.setAccount(u"work"_s));
    QVERIFY(told.client.setAccount(u"home"_s));
    QVERIFY(told.client.setAccount(u"work"_s)); // all in one turn
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.client.accountName(), u"Bob"_s);
    QVERIFY(waitUntil([&] { return m_gateway->peers().size() == 1; }));
}

void TestSwitchedAccounts::whileStopped()
{
    signInBoth();
    ToldClient told(of(u"home"_s));
    QVERIFY(told.client.setAccount(u"work"_s));
    QCOMPARE(told.client.state(), State::Stopped);
    QCOMPARE(told.taken(), QStringList());
    told.client.start();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.client.accountName(), u"Bob"_s);
}

// The sign-in that runs ends, and its answer goes nowhere.
void TestSwitchedAccounts::whileSigningIn()
{
    signInAs(u"work"_s, u"bob"_s, u"Bob"_s);
    m_holdsBrowser = true;
    ToldClient told(of(u"home"_s));
    told.client.start();
    QVERIFY(told.reaches(State::SignInNeeded));
    told.client.signIn();
    QVERIFY(waitUntil([&] { return told.client.session().signInUrl().isValid(); }));
    const QUrl page = told.client.session().signInUrl();
    told.taken();
    QVERIFY(told.client.setAccount(u"work"_s));
    QVERIFY(told.reaches(State::Ready));
    const QStringList all = told.taken();
    QCOMPARE(all, QStringList({u"lastError none"_s, u"Starting"_s, u"Connecting"_s, u"Ready"_s, u"ready"_s}));
    m_issuer->signInAs(u"alice"_s, u"Alice"_s);
    m_issuer->openBrowser(page); // too late
    QVERIFY(waitUntil([&] { return m_issuer->requestCount(FakeIssuer::Endpoint::Authorization) == 2; }));
    QCOMPARE(told.client.accountName(), u"Bob"_s);
    QCOMPARE(told.client.accounts().size(), 1);
}

void TestSwitchedAccounts::withoutAnythingSignedIn()
{
    ToldClient told(of(u"home"_s));
    told.client.start();
    QVERIFY(told.reaches(State::SignInNeeded));
    told.taken();
    QVERIFY(told.client.setAccount(u"work"_s));
    QVERIFY(waitUntil([&] { return told.client.state() == State::SignInNeeded; }));
    const QStringList all = told.taken();
    QCOMPARE(all.count(u"signInNeeded SignInRequired"_s), 1);
    QCOMPARE(m_gateway->connectionsSeen(), 0);
}

// In every class of delivery, connected or not.
void TestSwitchedAccounts::whatIsPendingFailsAndDoesNotMove()
{
    signInBoth();
    m_gateway->setAcknowledging(false);
    ToldClient told(of(u"home"_s));
    told.client.start();
    QVERIFY(told.reaches(State::Ready));
    const QFuture<Result<void>> unacknowledged = told.client.deliver("of alice: in flight");
    QVERIFY(told.client.setAccount(u"work"_s));
    QVERIFY(waitFor(unacknowledged));
    QCOMPARE(unacknowledged.result().error().code(), ErrorCode::Cancelled);
    QVERIFY(told.reaches(State::Ready));
    m_gateway->setAcknowledging(true);

    // Held back while there is no connection at all.
    m_gateway->stop();
    QVERIFY(told.reaches(State::Waiting));
    QVERIFY(told.client.send("of bob: held"));
    const QFuture<Result<void>> waiting = told.client.deliver("of bob: waiting");
    told.client.stop();
    const QFuture<Result<void>> later = told.client.deliver("of bob: stopped");
    QVERIFY(told.client.setAccount(u"home"_s));
    for (const QFuture<Result<void>> &future : {waiting, later}) {
        QVERIFY(waitFor(future));
        QVERIFY(!future.result());
    }
    QVERIFY(m_gateway->listen());
    told.client.start();
    QVERIFY(told.reaches(State::Ready));
    const QFuture<Result<void>> own = told.client.deliver("of alice: new");
    QVERIFY(waitFor(own));
    QVERIFY(own.result());
    QCOMPARE(m_gateway->peer()->texts(), QStringList{u"of alice: new"_s});
}

void TestSwitchedAccounts::fromInsideASignal()
{
    signInBoth();
    ToldClient told(of(u"home"_s));
    connect(&told.client, &Client::ready, &told.client, [&] { QVERIFY(told.client.setAccount(u"work"_s)); });
    told.client.start();
    QVERIFY(waitUntil([&] { return told.client.state() == State::Ready && told.client.accountName() == "Bob"_L1; }, 20s));
    QVERIFY(waitUntil([&] { return m_gateway->peers().size() == 1; }));
}

void TestSwitchedAccounts::listFollowsTheFiles()
{
    ToldClient told(of(u"home"_s));
    QSignalSpy changed(&told.client, &Client::accountsChanged);
    QVERIFY(told.client.accounts().isEmpty());
    signInAs(u"work"_s, u"bob"_s, u"Bob"_s); // as by another program
    QVERIFY(waitUntil([&] { return told.client.accounts().size() == 1 && !changed.isEmpty(); }));
    QCOMPARE(told.client.accounts().first().name, u"Bob"_s);
    ClientOptions elsewhere = of(u"other"_s);
    elsewhere.clientId = u"another"_s; // of the same folder, and not ours
    {
        ToldClient other(elsewhere);
        QVERIFY(other.signsIn());
        QVERIFY(waitUntil([&] { return other.client.accounts().size() == 1; }));
    }
    QCOMPARE(told.client.accounts().size(), 1);
    changed.clear();
    {
        ToldClient work(of(u"work"_s));
        work.client.start();
        QVERIFY(work.reaches(State::Ready));
        work.client.signOut();
        QVERIFY(waitUntil([&] { return told.client.accounts().isEmpty() && !changed.isEmpty(); }));
    }
}

WATCHWORD_TEST_MAIN(TestSwitchedAccounts)
#include "tst_switchedaccounts.moc"
