// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/keychain/keychainkeystore.h"
#include "watchword/testing/fakeissuer.h"
#include "watchword/testing/manualclock.h"

#include "../auth/sessionprobe.h"

#include <QDir>
#include <QScopeGuard>
#include <QTemporaryDir>

#include <csignal>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

/*
    Against a real Secret Service. Which one it is says the environment variable KEYCHAIN_CASE, because a program has one
    session bus: unlocked, locked, absent or nobus; see tests/support/secretservice.sh.
*/
class TestKeychain : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void readWriteRemove();
    void sessionSurvivesARestart();
    void unusableKeychainIsSaidPlainly();
    void hangingKeychain();
    void destroyedWhileWaiting();
    void lockedLooksLikeInconsistent();

private:
    static QByteArray mode() { return qgetenv("KEYCHAIN_CASE"); }
    SessionOptions options(FakeIssuer &issuer, const QString &folder)
    {
        SessionOptions o;
        o.issuer = issuer.url();
        o.clientId = u"keychain-test"_s;
        o.storageFolder = folder;
        o.keyStore = std::make_shared<KeychainKeyStore>(u"keychain-test"_s);
        o.allowLoopbackHttp = true;
        o.openBrowser = [&issuer](const QUrl &url) { return issuer.openBrowser(url); };
        return o;
    }
};

void TestKeychain::readWriteRemove()
{
    if (mode() != "unlocked")
        QSKIP("needs an unlocked keychain");
    KeychainKeyStore store(u"round-trip"_s);
    auto read = store.readKey();
    QVERIFY(Support::waitFor(read));
    QCOMPARE(read.result().error().code(), ErrorCode::NotFound);
    // Every byte value, and a zero at the end: text modes would break it.
    QByteArray bytes;
    for (int i = 0; i < 31; ++i)
        bytes += char(255 - i * 7);
    bytes += '\0';
    const Secret key = Secret::copy(bytes);
    auto written = store.writeKey(key);
    auto back = store.readKey(); // queued behind it
    QVERIFY(Support::waitFor(back));
    QVERIFY(written.isFinished() && written.result());
    QVERIFY(back.result() && back.result()->equals(key));
    KeychainKeyStore other(u"another-app"_s);
    auto foreign = other.readKey();
    QVERIFY(Support::waitFor(foreign));
    QCOMPARE(foreign.result().error().code(), ErrorCode::NotFound);
    auto removed = store.removeKey();
    auto again = store.removeKey(); // twice is fine
    QVERIFY(Support::waitFor(again));
    QVERIFY(removed.result() && again.result());
    auto gone = store.readKey();
    QVERIFY(Support::waitFor(gone));
    QCOMPARE(gone.result().error().code(), ErrorCode::NotFound);
}

void TestKeychain::sessionSurvivesARestart()
{
    if (mode() != "unlocked")
        QSKIP("needs an unlocked keychain");
    QTemporaryDir folder;
    FakeIssuer issuer;
    QVERIFY(issuer.listen());
    {
        SessionProbe probe(options(issuer, folder.path()));
        probe.session.start();
        probe.session.signIn();
        QVERIFY(probe.reaches(State::Active));
    }
    SessionProbe probe(options(issuer, folder.path()));
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(probe.token());
    QCOMPARE(issuer.requestCount(FakeIssuer::Endpoint::Authorization), 1);
    QCOMPARE(probe.needed.size(), 0);
}

void TestKeychain::unusableKeychainIsSaidPlainly()
{
    if (mode() == "unlocked")
        QSKIP("needs a keychain that does not work");
    const ErrorCode expected = mode() == "locked" ? ErrorCode::KeychainLocked : ErrorCode::KeychainUnavailable;
    QTemporaryDir folder;
    FakeIssuer issuer;
    QVERIFY(issuer.listen());
    SessionProbe probe(options(issuer, folder.path()));
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }, 30s));
    QCOMPARE(probe.lastFailure().code(), expected);
    QVERIFY(!probe.lastFailure().remedy().isEmpty());
    QCOMPARE(probe.session.state(), State::KeychainWaiting);
    QVERIFY(probe.session.nextAttempt().isValid());
    QCOMPARE(probe.browser.size(), 0);
    probe.session.retryKeychain();
    QVERIFY(QDir(folder.path()).entryList({u"*.tokens"_s}, QDir::Files).isEmpty()); // never plain text, and never at all
}

void TestKeychain::hangingKeychain()
{
    const pid_t daemon = qEnvironmentVariableIntValue("SECRET_SERVICE_PID");
    if (mode() != "unlocked" || daemon <= 0)
        QSKIP("needs an unlocked keychain");
    ManualClock clock;
    KeychainKeyStore store(u"hanging"_s, nullptr, clock);
    QSignalSpy waiting(&store, &KeyStore::waitingForPerson);
    QCOMPARE(::kill(daemon, SIGSTOP), 0);
    const auto goOn = qScopeGuard([daemon] { ::kill(daemon, SIGCONT); });
    const auto hung = store.readKey();
    const auto behind = store.writeKey(Secret::random(32));
    clock.advance(4s);
    QCOMPARE(waiting.size(), 0);
    clock.advance(2s);
    QCOMPARE(waiting.size(), 1);
    QVERIFY(!hung.isFinished());
    clock.advance(60s);
    QVERIFY(hung.isFinished() && behind.isFinished()); // nobody waits behind a request that hangs
    QCOMPARE(hung.result().error().code(), ErrorCode::KeychainUnresponsive);
    QCOMPARE(behind.result().error().code(), ErrorCode::KeychainUnresponsive);
    QCOMPARE(::kill(daemon, SIGCONT), 0);
    // The abandoned job ends by itself, and the store is usable again.
    QVERIFY(Support::waitUntil([&] {
        const auto again = store.readKey();
        return Support::waitFor(again) && !again.result() && again.result().error().code() == ErrorCode::NotFound;
    }));
}

void TestKeychain::destroyedWhileWaiting()
{
    for (int i = 0; i < 5; ++i) {
        auto store = std::make_unique<KeychainKeyStore>(u"short-lived"_s);
        const auto read = store->readKey();
        const auto write = store->writeKey(Secret::random(32));
        store.reset();
        QVERIFY(read.isFinished() && write.isFinished());
        QCOMPARE(read.result().error().code(), ErrorCode::Cancelled);
        QCOMPARE(write.result().error().code(), ErrorCode::Cancelled);
    }
    auto *asked = new KeychainKeyStore(u"asked-again"_s);
    QList<ErrorCode> codes;
    const auto again = [&](const Result<Secret> &result) {
        codes += result.error().code();
        codes += asked->readKey().result().error().code();
    };
    asked->readKey().then(again);
    asked->readKey().then(again);
    delete asked;
    QCOMPARE(codes, QList<ErrorCode>(4, ErrorCode::Cancelled));
    KeychainKeyStore store(u"after-them"_s); // the keychain's thread is not disturbed
    QVERIFY(Support::waitFor(store.readKey(), 30s));
}

// A keychain that was unlocked when the key was made and is locked now says "no such entry".
void TestKeychain::lockedLooksLikeInconsistent()
{
    if (mode() != "locked")
        QSKIP("needs a locked keychain");
    QTemporaryDir folder;
    FakeIssuer issuer;
    QVERIFY(issuer.listen());
    SessionOptions o = options(issuer, folder.path());
    const auto keychain = std::exchange(o.keyStore, std::make_shared<MemoryKeyStore>());
    {
        SessionProbe probe(o);
        probe.session.start();
        probe.session.signIn();
        QVERIFY(probe.reaches(State::Active));
    }
    o.keyStore = keychain;
    SessionProbe probe(o);
    probe.session.start();
    QVERIFY(probe.reaches(State::KeychainWaiting));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::KeychainInconsistent);
    QCOMPARE(probe.needed.size(), 0); // not taken for "never signed in"
    QCOMPARE(QDir(folder.path()).entryList({u"*.tokens"_s}, QDir::Files).size(), 1); // and nothing was thrown away
}

WATCHWORD_TEST_MAIN(TestKeychain)
#include "tst_keychain.moc"
