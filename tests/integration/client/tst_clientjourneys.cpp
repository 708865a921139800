// SPDX-License-Identifier: Apache-2.0
// What a Client tells, word for word, on every way through its diagram: first lastError, then state, then who is needed.
#include "clientjourney.h"

#include <QDir>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Client::State;
using Mood = FakeKeyStore::Mood;
using Support::waitUntil;

class TestClientJourneys : public ClientJourney
{
    Q_OBJECT

private Q_SLOTS:
    void firstStart();
    void restore();
    void offlineStart();
    void signInCancelled();
    void signInRefused();
    void signInFromTheStart();
    void otherUser();
    void refreshFails();
    void serverRefusesTheToken();
    void serverForbids();
    void signOutHere();
    void signOutByAnotherSession();
    void stopAndStart();
    void linkLost();
    void keychainLocked();
    void memoryIfThereIsNoKeychain();
    void stepUp();
    void textsAndCountdown();
    void tryNowAsksForTheToken();
    void tryNowKeepsToWhatTheProviderAskedFor();
    void revokedOrSignedOutElsewhere_data();
    void revokedOrSignedOutElsewhere();
    void finalCloseCode();
    void destroyedWhileConnected();

private:
    bool lacksToken(ToldClient &told, FakeIssuer::Fault fault);
};

namespace {

const QStringList kNobodyYet{u"Starting"_s, u"lastError SignInRequired"_s, u"SignInNeeded"_s, u"signInNeeded SignInRequired"_s};
const QStringList kRestored{u"Starting"_s, u"Connecting"_s, u"Ready"_s, u"ready"_s};

} // namespace

void TestClientJourneys::firstStart()
{
    ToldClient told(options());
    told.client.start();
    told.client.start();
    QVERIFY(told.reaches(State::SignInNeeded));
    QCOMPARE(told.taken(), kNobodyYet);
    told.client.signIn();
    told.client.signIn();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.taken(), QStringList({u"SigningIn"_s, u"lastError none"_s, u"Connecting"_s, u"Ready"_s, u"ready"_s}));
    QVERIFY(told.client.isSignedIn());
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Authorization), 1);
}

void TestClientJourneys::restore()
{
    signInOnce();
    ToldClient told(options());
    told.client.start();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.taken(), kRestored);
    told.client.start(); // no effect
    told.client.signIn();
    QCOMPARE(told.taken(), QStringList());
}

// The stored token has ended and the provider cannot be reached: nobody is signed out, and it heals.
void TestClientJourneys::offlineStart()
{
    m_issuer->setLifetime(1s);
    QDateTime end;
    {
        ToldClient told(options());
        QVERIFY(told.signsIn());
        end = told.client.session().expiresAt();
    }
    m_issuer->stop();
    m_issuer->setLifetime(300s);
    QVERIFY(waitUntil([&] { return QDateTime::currentDateTimeUtc() > end.addSecs(1); }));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"ConnectionRefused"_s));
    ToldClient told(options());
    told.client.start();
    QVERIFY(waitUntil([&] { return told.client.lastError().code() == ErrorCode::ConnectionRefused; }, 20s));
    QVERIFY(m_issuer->listen());
    told.client.session().refresh();
    QVERIFY(waitUntil(
        [&] {
            told.client.retryNow();
            return told.client.state() == State::Ready;
        },
        20s));
    const QStringList all = told.taken();
    QCOMPARE(all.first(), u"Starting"_s);
    QVERIFY(!all.contains(u"SignInNeeded"_s) && !all.contains(u"Failed"_s) && !all.contains(u"SigningIn"_s));
    QVERIFY(!all.contains(u"Waiting"_s) || all.indexOf(u"Waiting"_s) > all.indexOf(u"lastError ConnectionRefused"_s));
    QCOMPARE(all.mid(all.size() - 2), QStringList({u"Ready"_s, u"ready"_s}));
    QCOMPARE(told.client.lastError().code(), ErrorCode::Cancelled);
}

void TestClientJourneys::signInCancelled()
{
    m_holdsBrowser = true;
    ToldClient told(options());
    told.client.start();
    QVERIFY(told.reaches(State::SignInNeeded));
    told.taken();
    told.client.signIn();
    QVERIFY(waitUntil([&] { return told.client.session().signInUrl().isValid(); }));
    QCOMPARE(told.taken(), QStringList{u"SigningIn"_s});
    told.client.cancelSignIn();
    QCOMPARE(told.client.state(), State::SignInNeeded);
    told.client.cancelSignIn(); // no effect
    QCOMPARE(told.taken(), QStringList{u"SignInNeeded"_s});
    QCOMPARE(told.client.lastError().code(), ErrorCode::SignInRequired);
}

void TestClientJourneys::signInRefused()
{
    m_issuer->failNext(FakeIssuer::Endpoint::Authorization, FakeIssuer::Fault::Denied);
    ToldClient told(options());
    told.client.start();
    QVERIFY(told.reaches(State::SignInNeeded));
    told.taken();
    told.client.signIn();
    QVERIFY(told.reaches(State::SignInNeeded));
    QCOMPARE(told.taken(),
             QStringList({u"SigningIn"_s, u"lastError AccessDenied"_s, u"errorOccurred AccessDenied"_s, u"SignInNeeded"_s}));
    told.client.signIn();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.taken(), QStringList({u"SigningIn"_s, u"lastError none"_s, u"Connecting"_s, u"Ready"_s, u"ready"_s}));
}

void TestClientJourneys::signInFromTheStart()
{
    ToldClient told(options());
    told.client.signIn();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.taken(), QStringList({u"SigningIn"_s, u"Connecting"_s, u"Ready"_s, u"ready"_s}));
}

void TestClientJourneys::otherUser()
{
    ToldClient told(options());
    QVERIFY(told.signsIn());
    m_issuer->revokeAll();
    told.client.session().refresh();
    QVERIFY(told.reaches(State::SignInNeeded));
    told.taken();
    m_issuer->signInAs(u"bob"_s, u"Bob"_s);
    told.client.signIn();
    QVERIFY(waitUntil([&] { return !told.client.session().otherUser().isEmpty(); }));
    QVERIFY(told.reaches(State::SignInNeeded));
    QCOMPARE(told.taken(),
             QStringList({u"SigningIn"_s, u"lastError WrongUser"_s, u"errorOccurred WrongUser"_s, u"SignInNeeded"_s}));
    told.client.session().acceptOtherUser();
    QVERIFY(waitUntil([&] { return told.client.accountName() == "Bob"_L1; }));
    QVERIFY(told.reaches(State::Ready));
}

void TestClientJourneys::refreshFails()
{
    ToldClient told(options());
    QVERIFY(told.signsIn());
    told.taken();
    m_issuer->revokeAll();
    told.client.session().refresh();
    QVERIFY(told.reaches(State::SignInNeeded));
    const QString code = told.client.lastError().codeName();
    QCOMPARE(told.client.lastError().condition(), Error(ErrorCode::RevokedOrExpired).condition());
    QCOMPARE(told.taken(), QStringList({u"lastError "_s + code, u"SignInNeeded"_s, u"signInNeeded "_s + code}));
    told.client.signIn();
    QVERIFY(told.reaches(State::Ready));
    const QStringList after = told.taken();
    QCOMPARE(after.first(), u"SigningIn"_s);
    QVERIFY(!after.contains(u"SignInNeeded"_s));
}

// Refused, refreshed, refused again: a person is asked once. Refused after that, the browser would be no help.
void TestClientJourneys::serverRefusesTheToken()
{
    signInOnce();
    m_gateway->onToken = [](const QByteArray &) { return 401; };
    ToldClient told(options());
    told.client.start();
    QVERIFY(told.reaches(State::SignInNeeded));
    const QStringList first = told.taken();
    QCOMPARE(first.mid(0, 2), QStringList({u"Starting"_s, u"Connecting"_s}));
    QCOMPARE(first.count(u"SignInNeeded"_s), 1);
    const QString code = told.client.lastError().codeName();
    QCOMPARE(first.mid(first.size() - 2), QStringList({u"SignInNeeded"_s, u"signInNeeded "_s + code}));
    QVERIFY(told.client.isSignedIn()); // for the provider
    told.client.signIn();
    QVERIFY(told.reaches(State::Failed));
    const QStringList second = told.taken();
    QCOMPARE(second.mid(0, 3), QStringList({u"SigningIn"_s, u"lastError none"_s, u"Connecting"_s}));
    QCOMPARE(second.last(), u"Failed"_s);
    QVERIFY(!second.contains(u"SignInNeeded"_s));
    m_gateway->onToken = nullptr;
    told.client.start();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.taken(), QStringList({u"lastError none"_s, u"Connecting"_s, u"Ready"_s, u"ready"_s})); // the tokens are there
}

void TestClientJourneys::serverForbids()
{
    signInOnce();
    m_gateway->next(FakeGateway::refuse(403));
    ToldClient told(options());
    told.client.start();
    QVERIFY(waitUntil([&] { return told.client.state() == State::Failed || told.client.state() == State::SignInNeeded; }, 20s));
    const QStringList all = told.taken();
    QCOMPARE(told.client.state(), State::Failed);
    QCOMPARE(all.last(), u"Failed"_s);
    QCOMPARE(told.client.lastError().condition(), ErrorCondition::Forbidden);
    QVERIFY(all.indexOf(u"lastError "_s + told.client.lastError().codeName()) < all.size() - 1);
    const int requests = int(m_gateway->requests().size());
    told.client.stop();
    QCOMPARE(told.taken(), QStringList({u"lastError none"_s, u"Stopped"_s}));
    QCOMPARE(int(m_gateway->requests().size()), requests); // nothing was tried behind the back
}

void TestClientJourneys::signOutHere()
{
    ToldClient told(options());
    QVERIFY(told.signsIn());
    told.taken();
    told.client.signOut();
    QCOMPARE(told.client.state(), State::SignInNeeded);
    QVERIFY(waitUntil([&] { return m_issuer->activeFamilies() == 0; }));
    QVERIFY(waitUntil([&] { return told.client.connection().state() == Connection::State::Disconnected; }));
    QCOMPARE(told.taken(), QStringList{u"SignInNeeded"_s});
    told.client.stop();
    told.client.start();
    QVERIFY(told.reaches(State::SignInNeeded));
    QCOMPARE(told.taken(), QStringList({u"Stopped"_s, u"lastError SignedOut"_s, u"SignInNeeded"_s, u"signInNeeded SignedOut"_s}));
}

void TestClientJourneys::signOutByAnotherSession()
{
    ToldClient told(options());
    QVERIFY(told.signsIn());
    told.taken();
    Session other(options().sessionOptions());
    other.start();
    QVERIFY(waitUntil([&] { return other.state() == Session::State::Active; }));
    other.signOut();
    QVERIFY(told.reaches(State::SignInNeeded));
    QVERIFY(waitUntil([&] { return told.client.connection().state() == Connection::State::Disconnected; }));
    QCOMPARE(told.taken(), QStringList({u"lastError SignedOut"_s, u"SignInNeeded"_s, u"signInNeeded SignedOut"_s}));
    QVERIFY(!told.client.isSignedIn());
    told.client.signIn();
    QVERIFY(told.reaches(State::Ready));
}

void TestClientJourneys::stopAndStart()
{
    ToldClient told(options());
    QVERIFY(told.signsIn());
    told.taken();
    told.client.stop();
    told.client.stop();
    QVERIFY(waitUntil([&] { return told.client.connection().state() == Connection::State::Disconnected; }));
    QCOMPARE(told.taken(), QStringList{u"Stopped"_s});
    told.client.start();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.taken(), QStringList({u"Connecting"_s, u"Ready"_s, u"ready"_s})); // the tokens are there
    told.client.stop();
    told.client.start(); // while the connection still closes
    QVERIFY(told.reaches(State::Ready));
    const QStringList again = told.taken();
    QCOMPARE(again.first(), u"Stopped"_s);
    QVERIFY(!again.contains(u"SignInNeeded"_s) && !again.contains(u"Failed"_s));
}

void TestClientJourneys::linkLost()
{
    ToldClient told(options());
    QVERIFY(told.signsIn());
    told.taken();
    m_gateway->stop();
    QVERIFY(told.reaches(State::Waiting));
    const QStringList lost = told.taken();
    QVERIFY(lost.indexOf(u"Waiting"_s) > 0);
    QVERIFY2(lost.first().startsWith("lastError "_L1), qPrintable(lost.join(u", "_s))); // never a state before its error
    QVERIFY(m_gateway->listen());
    told.client.retryNow();
    QVERIFY(told.reaches(State::Ready));
    const QStringList healed = told.taken();
    QVERIFY(healed.contains(u"lastError none"_s));
    QVERIFY(healed.indexOf(u"lastError none"_s) < healed.indexOf(u"Ready"_s));
    QCOMPARE(healed.last(), u"ready"_s);
}

void TestClientJourneys::keychainLocked()
{
    signInOnce();
    m_keys->setMood(Mood::Locked);
    ToldClient told(options());
    told.client.start();
    QVERIFY(waitUntil([&] { return told.client.lastError().code() == ErrorCode::KeychainLocked; }));
    QCOMPARE(told.taken(), QStringList({u"Starting"_s, u"lastError KeychainLocked"_s, u"errorOccurred KeychainLocked"_s}));
    QCOMPARE(told.client.suggestedAction(), u"Unlock your keychain."_s);
    m_keys->setMood(Mood::Fine);
    told.client.session().retryKeychain();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.taken(), QStringList({u"lastError none"_s, u"Connecting"_s, u"Ready"_s, u"ready"_s}));
}

void TestClientJourneys::memoryIfThereIsNoKeychain()
{
    m_keys->setMood(Mood::Unavailable);
    ClientOptions o = options();
    o.storage = StoragePolicy::KeychainOrMemory;
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"KeychainUnavailable.*this sign-in ends with the program"_s));
    ToldClient told(o);
    told.client.start();
    QVERIFY(told.reaches(State::SignInNeeded));
    QCOMPARE(told.taken(),
             QStringList({u"Starting"_s, u"lastError KeychainUnavailable"_s, u"errorOccurred KeychainUnavailable"_s,
                          u"lastError SignInRequired"_s, u"SignInNeeded"_s, u"signInNeeded SignInRequired"_s}));
    told.client.signIn();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.client.accounts().size(), 1); // in memory
    QVERIFY(told.client.session().explain().contains(u"keychain: none, the tokens are in memory"_s));
}

void TestClientJourneys::stepUp()
{
    ToldClient told(options());
    QVERIFY(told.signsIn());
    told.taken();
    m_gateway->next(FakeGateway::refuse(
        401, {{"WWW-Authenticate", R"(Bearer error="insufficient_user_authentication", acr_values="gold")"}}));
    m_gateway->peer()->drop();
    QVERIFY(told.reaches(State::SignInNeeded));
    const QStringList asked = told.taken();
    QCOMPARE(told.client.session().state(), Session::State::StepUp);
    QCOMPARE(asked.mid(asked.size() - 2), QStringList({u"SignInNeeded"_s, u"signInNeeded InsufficientAuthentication"_s}));
    QCOMPARE(asked.count(u"SignInNeeded"_s), 1);
    told.client.signIn();
    QVERIFY(told.reaches(State::Ready));
    QCOMPARE(told.taken(), QStringList({u"SigningIn"_s, u"lastError none"_s, u"Connecting"_s, u"Ready"_s, u"ready"_s}));
}

void TestClientJourneys::textsAndCountdown()
{
    ToldClient told(options());
    QSignalSpy ticks(&told.client, &Client::secondsToRetryChanged);
    QCOMPARE(told.client.stateText(), u"Not connected"_s);
    QVERIFY(told.signsIn());
    QCOMPARE(told.client.stateText(), u"Connected"_s);
    QVERIFY(told.client.suggestedAction().isEmpty());
    QCOMPARE(told.client.secondsToRetry(), 0);
    m_gateway->next(FakeGateway::refuse(503, {{"Retry-After", "120"}}));
    m_gateway->peer()->drop();
    QVERIFY(waitUntil([&] { return told.client.secondsToRetry() > 60; }, 20s));
    QVERIFY(told.reaches(State::Waiting));
    QCOMPARE(told.client.stateText(), u"Connection lost"_s);
    QVERIFY(!told.client.suggestedAction().isEmpty());
    const qsizetype before = ticks.size();
    const int seconds = told.client.secondsToRetry();
    QVERIFY(waitUntil([&] { return ticks.size() > before; }));
    QVERIFY(told.client.secondsToRetry() < seconds);
    told.client.stop();
    QVERIFY(waitUntil([&] { return told.client.secondsToRetry() == 0; }));
}

// The token ended, its refresh met \a fault, and then the link is lost.
bool TestClientJourneys::lacksToken(ToldClient &told, FakeIssuer::Fault fault)
{
    m_issuer->setLifetime(4s);
    if (!told.signsIn())
        return false;
    m_issuer->setLifetime(300s);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"TemporarilyUnavailable"_s));
    m_issuer->failNext(FakeIssuer::Endpoint::Token, fault);
    if (!waitUntil([&] { return told.client.session().state() == Session::State::Offline; }, 20s))
        return false;
    if (FakePeer *peer = m_gateway->peer())
        peer->drop();
    return told.reaches(State::Waiting)
        && waitUntil([&] { return told.client.stateText() == u"The sign-in service cannot be reached"_s; });
}

// The session waits by a rule of its own: a person may pass it by.
void TestClientJourneys::tryNowAsksForTheToken()
{
    ToldClient told(options());
    QVERIFY(lacksToken(told, FakeIssuer::Fault::ServerError));
    QVERIFY(told.client.secondsToRetry() > 30);
    const QString why = told.client.connection().attempts().constLast().next;
    QVERIFY2(why.contains(u"the sign-in service is tried again in"_s), qPrintable(why));
    told.client.retryNow();
    QVERIFY(told.reaches(State::Ready));
}

void TestClientJourneys::tryNowKeepsToWhatTheProviderAskedFor()
{
    ToldClient told(options());
    QVERIFY(lacksToken(told, FakeIssuer::Fault::Busy)); // Retry-After: 7
    const int asked = m_issuer->requestCount(FakeIssuer::Endpoint::Token);
    const qsizetype attempts = told.client.connection().attempts().size();
    told.client.retryNow();
    QVERIFY(waitUntil([&] { return told.client.connection().attempts().size() > attempts; }));
    QVERIFY(waitUntil([&] { return told.client.connection().state() == Connection::State::Waiting; }));
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Token), asked);
    QVERIFY(told.reaches(State::Ready)); // when the time has come
}

void TestClientJourneys::revokedOrSignedOutElsewhere_data()
{
    QTest::addColumn<bool>("isListed");
    QTest::addColumn<ErrorCode>("reason");
    QTest::newRow("the account is there") << true << ErrorCode::SessionRevoked;
    QTest::newRow("another program took it away") << false << ErrorCode::SignedOut;
}

// The server's 4410 can be here before the news of the files.
void TestClientJourneys::revokedOrSignedOutElsewhere()
{
    QFETCH(bool, isListed);
    QFETCH(ErrorCode, reason);
    ToldClient told(options());
    QVERIFY(told.signsIn());
    QVERIFY(waitUntil([&] { return told.client.accounts().size() == 1; }));
    if (!isListed) {
        QDir folder(m_folder->filePath(u"data"_s));
        const QStringList lists = folder.entryList({u"*.account"_s});
        QCOMPARE(lists.size(), 1);
        QVERIFY(folder.remove(lists.constFirst()));
    }
    m_gateway->peer()->close(4410);
    QVERIFY(told.reaches(State::SignInNeeded));
    QCOMPARE(told.client.lastError().code(), reason);
    QVERIFY(!told.client.lastError().remedy().startsWith(u"Your session was ended by an administrator"_s));
    QVERIFY(waitUntil([&] { return !told.client.isSignedIn(); }));
}

// What is said to do fits what happens next: nothing.
void TestClientJourneys::finalCloseCode()
{
    ToldClient told(options());
    QVERIFY(told.signsIn());
    QList<Error> errors;
    connect(&told.client, &Client::errorOccurred, this, [&errors](const Error &error) { errors += error; });
    m_gateway->peer()->close(4500);
    QVERIFY(told.reaches(State::Failed));
    QVERIFY(!errors.isEmpty());
    errors += told.client.lastError();
    for (const Error &error : std::as_const(errors))
        QVERIFY2(!error.remedy().contains(u"tries again"_s), qPrintable(error.remedy()));
}

void TestClientJourneys::destroyedWhileConnected()
{
    auto told = std::make_unique<ToldClient>(options());
    QVERIFY(told->signsIn());
    int code = 0;
    connect(m_gateway->peer(), &FakePeer::closed, this, [&code](int closeCode) { code = closeCode; });
    told.reset();
    QVERIFY(waitUntil([&] { return code != 0; }));
    QCOMPARE(code, 1000);
}

WATCHWORD_TEST_MAIN(TestClientJourneys)
#include "tst_clientjourneys.moc"
