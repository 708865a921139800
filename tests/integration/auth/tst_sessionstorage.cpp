// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "store/sealedkey.h"
#include "watchword/testing/fakekeystore.h"
#include "watchword/testing/manualclock.h"

#include <QDir>
#include <QFile>
#include <QPromise>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Mood = FakeKeyStore::Mood;
using Endpoint = FakeIssuer::Endpoint;

/* Where the key and the tokens lie, and what is said when they cannot be had. */
class TestSessionStorage : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void waitsForTheKeychain_data();
    void waitsForTheKeychain();
    void retriesGrowFromASecondToAMinute();
    void slowKeychainIsSaidAndAnswers();
    void failedWriteOpensNoBrowser_data();
    void failedWriteOpensNoBrowser();
    void anotherKeychainIsSaid();
    void memoryIfThereIsNoKeychain_data();
    void memoryIfThereIsNoKeychain();
    void memoryIfTheKeychainIsGoneAtTheSignIn();
    void signOutWhileWaiting();
    void signOutWhileWaitingReachesOthers();
    void signOutWhileWaitingThenSignIn();
    void passphrase();
    void passphraseDamage();
    void passphraseWithoutAnybody();
    void refusalIsRememberedOverARestart();

private:
    SessionOptions options(const std::shared_ptr<KeyStore> &keys)
    {
        SessionOptions o = SessionFixture::options();
        o.keyStore = keys;
        o.clock = &m_clock;
        return o;
    }
    void signInOnce(const std::shared_ptr<KeyStore> &keys)
    {
        SessionProbe probe(options(keys));
        QVERIFY(signedIn(probe));
    }
    SessionOptions passphraseOptions(QList<QByteArray> answers)
    {
        SessionOptions o = SessionFixture::options();
        m_issuer->setCalendar(Clock::system().wallNow() - m_clock.wallNow()); // which is the clock of these
        o.keyStore.reset();
        o.storage = StoragePolicy::EncryptedFile;
        m_answers = std::move(answers);
        o.askPassphrase = [this](const PassphraseQuestion &question) {
            m_questions += question;
            QPromise<Result<Secret>> promise;
            promise.start();
            promise.addResult(m_answers.isEmpty() ? Result<Secret>(Error(ErrorCode::Cancelled))
                                                  : Result<Secret>(Secret::take(m_answers.takeFirst())));
            promise.finish();
            return promise.future();
        };
        return o;
    }
    QStringList files(const QString &pattern) const
    {
        return QDir(m_folder->path() + u"/data"_s).entryList({pattern}, QDir::Files);
    }

    ManualClock m_clock;
    std::shared_ptr<FakeKeyStore> m_fake;
    QList<QByteArray> m_answers;
    QList<PassphraseQuestion> m_questions;
};

void TestSessionStorage::init()
{
    SessionFixture::init();
    FakeIssuer::Options issuer;
    issuer.clock = &m_clock; // http is not believed about the date, so both have the same
    m_issuer = std::make_unique<FakeIssuer>(issuer);
    QVERIFY(m_issuer->listen());
    m_fake = std::make_shared<FakeKeyStore>();
    m_questions.clear();
}

void TestSessionStorage::waitsForTheKeychain_data()
{
    QTest::addColumn<int>("mood");
    QTest::addColumn<ErrorCode>("code");
    QTest::newRow("locked") << int(Mood::Locked) << ErrorCode::KeychainLocked;
    QTest::newRow("looks empty") << int(Mood::LooksEmpty) << ErrorCode::KeychainInconsistent;
    QTest::newRow("unavailable") << int(Mood::Unavailable) << ErrorCode::KeychainUnavailable;
    QTest::newRow("answers nothing") << int(Mood::AnswersNothing) << ErrorCode::KeychainInconsistent;
}

void TestSessionStorage::waitsForTheKeychain()
{
    QFETCH(int, mood);
    QFETCH(ErrorCode, code);
    signInOnce(m_fake);
    m_fake->setMood(Mood(mood));
    SessionProbe probe(options(m_fake));
    probe.session.start();
    QVERIFY(probe.reaches(State::KeychainWaiting));
    QCOMPARE(probe.session.stateReason().code(), code);
    QVERIFY(!probe.session.stateReason().remedy().isEmpty());
    QCOMPARE(probe.token().error().code(), code);
    QVERIFY(probe.session.nextAttempt().isValid());
    m_fake->setMood(Mood::Fine);
    QCOMPARE(probe.session.state(), State::KeychainWaiting);
    probe.session.retryKeychain();
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(probe.token());
    QCOMPARE(probe.needed.size(), 0); // nobody had to do anything but unlock
    QCOMPARE(m_issuer->requestCount(Endpoint::Authorization), 1);
    QCOMPARE(files(u"*.quarantined*"_s), QStringList());
}

void TestSessionStorage::memoryIfThereIsNoKeychain_data()
{
    QTest::addColumn<int>("mood");
    QTest::addColumn<bool>("goesOn");
    QTest::newRow("none") << int(Mood::Unavailable) << true;
    QTest::newRow("locked") << int(Mood::Locked) << false; // somebody will unlock it
    QTest::newRow("looks empty") << int(Mood::LooksEmpty) << false;
    QTest::newRow("answers nothing") << int(Mood::AnswersNothing) << false;
}

// Only where there is no keychain at all. What the keychain's key can open stays on the disk.
void TestSessionStorage::memoryIfThereIsNoKeychain()
{
    QFETCH(int, mood);
    QFETCH(bool, goesOn);
    signInOnce(m_fake);
    const QStringList before = files(u"*"_s);
    m_fake->setMood(Mood(mood));
    SessionOptions o = options(m_fake);
    o.storage = StoragePolicy::KeychainOrMemory;
    {
        SessionProbe probe(o);
        probe.session.start();
        if (!goesOn) {
            QVERIFY(probe.reaches(State::KeychainWaiting));
            QCOMPARE(probe.degraded.size(), 0);
            return;
        }
        QVERIFY(Support::waitUntil([&] { return probe.needed.size() == 1; }));
        QCOMPARE(probe.session.state(), State::SignedOut);
        QCOMPARE(probe.degraded.size(), 1);
        QCOMPARE(probe.degraded.first().first().value<Error>().code(), ErrorCode::KeychainUnavailable);
        QVERIFY(!probe.session.nextAttempt().isValid());
        probe.session.signIn();
        QVERIFY(probe.reaches(State::Active));
        QVERIFY(probe.token());
        QVERIFY(probe.refreshed());
        QCOMPARE(probe.degraded.size(), 1);
    }
    QCOMPARE(files(u"*"_s), before);
    m_fake->setMood(Mood::Fine);
    SessionProbe next(o);
    next.session.start();
    QVERIFY(next.reaches(State::Active)); // as before the keychain was away
    QCOMPARE(next.needed.size(), 0);
}

void TestSessionStorage::memoryIfTheKeychainIsGoneAtTheSignIn()
{
    SessionOptions o = options(m_fake);
    o.storage = StoragePolicy::KeychainOrMemory;
    m_fake->setMood(Mood::Unavailable);
    SessionProbe probe(o);
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.degraded.size(), 1);
    QCOMPARE(probe.failed.size(), 0);
    QCOMPARE(probe.needed.size(), 0);
    probe.session.signOut();
    QCOMPARE(probe.session.state(), State::SignedOut);
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }));
}

void TestSessionStorage::retriesGrowFromASecondToAMinute()
{
    signInOnce(m_fake);
    m_fake->setMood(Mood::Locked);
    SessionProbe probe(options(m_fake));
    const int before = m_fake->readCount();
    probe.session.start();
    QVERIFY(Support::waitUntil([&] { return probe.events.count(u"key.failed"_s) == 1; }));
    int expected = before + 1;
    QCOMPARE(m_fake->readCount(), expected);
    for (const Duration wait : {1s, 2s, 5s, 10s, 30s, 60s, 60s}) {
        m_clock.advance(wait - Duration(1ms));
        QCOMPARE(m_fake->readCount(), expected);
        m_clock.advance(1ms);
        ++expected;
        QVERIFY(Support::waitUntil([&] { return probe.events.count(u"key.failed"_s) == expected - before; }));
        QCOMPARE(m_fake->readCount(), expected);
    }
    m_fake->setMood(Mood::Fine);
    m_clock.advance(60s); // in the end by itself
    QVERIFY(probe.reaches(State::Active) || probe.session.state() == State::Restoring);
}

void TestSessionStorage::slowKeychainIsSaidAndAnswers()
{
    signInOnce(m_fake);
    m_fake->setMood(Mood::Slow);
    SessionProbe probe(options(m_fake));
    probe.session.start();
    QVERIFY(probe.reaches(State::KeychainWaiting));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::KeychainUnresponsive);
    m_fake->setMood(Mood::Fine); // somebody typed the password
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.needed.size(), 0);
}

void TestSessionStorage::failedWriteOpensNoBrowser_data()
{
    QTest::addColumn<int>("mood");
    QTest::addColumn<int>("limit");
    QTest::newRow("forgetful") << int(Mood::Forgetful) << 2560;
    QTest::newRow("locked") << int(Mood::Locked) << 2560;
    QTest::newRow("too small") << int(Mood::Fine) << 31;
}

void TestSessionStorage::failedWriteOpensNoBrowser()
{
    QFETCH(int, mood);
    QFETCH(int, limit);
    m_fake->setMood(Mood(mood));
    m_fake->setSizeLimit(limit);
    SessionProbe probe(options(m_fake));
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().condition(), ErrorCondition::Storage);
    QCOMPARE(probe.browser.size(), 0);
    m_fake->setMood(Mood::Fine);
    m_fake->setSizeLimit(2560); // as small as it is on Windows, and enough for a key
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.failed.size(), 1);
}

void TestSessionStorage::anotherKeychainIsSaid()
{
    m_fake->setBackendName(u"KWallet"_s);
    signInOnce(m_fake);
    m_fake->setBackendName(u"Secret Service"_s);
    m_fake->setMood(Mood::LooksEmpty);
    {
        SessionProbe probe(options(m_fake));
        probe.session.start();
        QVERIFY(probe.reaches(State::KeychainWaiting));
        const QString said = probe.session.stateReason().detail();
        QVERIFY2(said.contains(u"KWallet"_s) && said.contains(u"Secret Service"_s), qPrintable(said));
    }
    m_fake->setMood(Mood::Fine); // it was moved along
    SessionProbe probe(options(m_fake));
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(probe.events.contains(u"key.moved"_s));
}

void TestSessionStorage::signOutWhileWaiting()
{
    signInOnce(m_fake);
    m_fake->setMood(Mood::Locked);
    {
        SessionProbe probe(options(m_fake));
        probe.session.start();
        QVERIFY(probe.reaches(State::KeychainWaiting));
        probe.session.signOut();
        QCOMPARE(probe.session.state(), State::SignedOut); // at once
        QCOMPARE(probe.signedOut.size(), 1);
        QCOMPARE(probe.revoked.size(), 1);
        QVERIFY(Support::waitUntil([&] { return files(u"*.signedout"_s).size() == 1; }));
        m_clock.advance(1s); // asked again, without a word
        QVERIFY(Support::waitUntil([&] { return probe.events.count(u"key.failed"_s) == 2; }));
        QCOMPARE(probe.session.state(), State::SignedOut);
        QCOMPARE(m_issuer->activeFamilies(), 1); // nothing could be revoked yet
        m_fake->setMood(Mood::Fine);
        m_clock.advance(2s);
        QVERIFY(Support::waitUntil([&] {
            m_clock.advance(100ms);
            return m_issuer->activeFamilies() == 0;
        }));
        QCOMPARE(probe.session.state(), State::SignedOut);
        QCOMPARE(probe.signedOut.size(), 1);
        QCOMPARE(probe.needed.size(), 0);
    }
    QVERIFY(files(u"*.signedout"_s).isEmpty());
    SessionProbe probe(options(m_fake));
    probe.session.start();
    QVERIFY(Support::waitUntil([&] { return probe.needed.size() == 1; }));
    QCOMPARE(probe.lastNeed().code(), ErrorCode::SignedOut);
}

// The program ends before the keychain comes; another process, or the next start, honours it.
void TestSessionStorage::signOutWhileWaitingReachesOthers()
{
    signInOnce(m_fake);
    SessionProbe other(options(m_fake)); // it has the key
    other.session.start();
    QVERIFY(other.reaches(State::Active));
    m_fake->setMood(Mood::Locked);
    {
        SessionProbe probe(options(m_fake));
        probe.session.start();
        QVERIFY(probe.reaches(State::KeychainWaiting));
        probe.session.signOut();
        QVERIFY(Support::waitUntil([&] { return files(u"*.signedout"_s).size() == 1; }));
    }
    QVERIFY(Support::waitUntil([&] {
        m_clock.advance(50ms);
        return other.signedOut.size() == 1;
    }));
    QVERIFY(!other.session.currentToken());
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; })); // and it finished the work
    QCOMPARE(other.session.state(), State::SignedOut);
}

void TestSessionStorage::signOutWhileWaitingThenSignIn()
{
    signInOnce(m_fake);
    m_fake->setMood(Mood::Locked);
    SessionProbe probe(options(m_fake));
    probe.session.start();
    QVERIFY(probe.reaches(State::KeychainWaiting));
    probe.session.signOut();
    m_fake->setMood(Mood::Fine);
    m_issuer->signInAs(u"bob"_s, u"Bob"_s); // another person sits there now
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.session.subject(), u"bob"_s);
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 1; })); // of alice nothing is left
}

void TestSessionStorage::passphrase()
{
    {
        SessionProbe probe(passphraseOptions({"correct horse"}));
        QVERIFY(signedIn(probe));
        QCOMPARE(m_questions.size(), 1);
        QVERIFY(m_questions.first().isNew);
    }
    QCOMPARE(files(u"key.sealed"_s).size(), 1);
    const auto tokens = files(u"*.tokens"_s);
    QCOMPARE(tokens.size(), 1);
    SessionProbe probe(passphraseOptions({"wrong", "", "correct horse"}));
    probe.session.start();
    QVERIFY(probe.reaches(State::KeychainWaiting));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::DecryptionFailed);
    QVERIFY(probe.session.stateReason().remedy().contains(u"passphrase"_s));
    QVERIFY(!probe.session.nextAttempt().isValid()); // a person is asked when the person wants
    QCOMPARE(m_questions.size(), 2);
    QVERIFY(!m_questions.last().isNew && !m_questions.last().wasWrong);
    probe.session.retryKeychain(); // an empty passphrase
    QVERIFY(Support::waitUntil([&] { return probe.events.count(u"key.failed"_s) == 2; }));
    QVERIFY(m_questions.last().wasWrong);
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::DecryptionFailed);
    probe.session.retryKeychain();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.needed.size(), 0);
    QCOMPARE(files(u"*.tokens"_s), tokens); // nothing was lost
    QVERIFY(files(u"*quarantined*"_s).isEmpty());
    QCOMPARE(m_issuer->requestCount(Endpoint::Authorization), 1);
}

void TestSessionStorage::passphraseDamage()
{
    {
        SessionProbe probe(passphraseOptions({"one"}));
        QVERIFY(signedIn(probe));
    }
    QFile file(m_folder->path() + u"/data/key.sealed"_s);
    QVERIFY(file.open(QIODevice::ReadWrite));
    const QByteArray good = file.readAll();
    const auto sealed = decodeSealedKey(good);
    QVERIFY(sealed && openKey(*sealed, Secret::copy("one")));
    QCOMPARE(openKey(*sealed, Secret::copy("two")).error().code(), ErrorCode::DecryptionFailed);
    QVERIFY(file.resize(10));
    file.close();
    SessionProbe probe(passphraseOptions({"fresh"}));
    probe.session.start();
    QVERIFY(probe.reaches(State::KeychainWaiting));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::StoreCorrupt);
    probe.session.signIn(); // a person decides to start anew
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(files(u"*quarantined*"_s).size() >= 1); // what was there is beside
    // A file that asks for more memory than a passphrase is worth is not obeyed.
    const QByteArray greedy = QByteArray(good).replace("\"n\":32768", "\"n\":1073741824");
    QCOMPARE(decodeSealedKey(greedy).error().code(), ErrorCode::StoreCorrupt);
    for (qsizetype size = 0; size < good.size(); ++size)
        QCOMPARE(decodeSealedKey(good.first(size)).error().code(), ErrorCode::StoreCorrupt);
}

void TestSessionStorage::passphraseWithoutAnybody()
{
    SessionOptions o = passphraseOptions({});
    o.askPassphrase = {};
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::KeychainUnavailable);
    QVERIFY(probe.lastFailure().remedy().contains(u"askPassphrase"_s));
    QCOMPARE(probe.browser.size(), 0);
}

// The session that was told so may die before it can say it; the next one does.
void TestSessionStorage::refusalIsRememberedOverARestart()
{
    {
        SessionProbe probe(options(m_fake));
        QVERIFY(signedIn(probe));
        m_issuer->revokeAll();
        QVERIFY(probe.refreshed());
    }
    const int requests = m_issuer->requestCount(Endpoint::Token);
    SessionProbe probe(options(m_fake));
    probe.session.start();
    QVERIFY(probe.reaches(State::NeedsSignIn));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::RevokedOrExpired);
    QCOMPARE(probe.needed.size(), 1);
    QVERIFY(probe.session.currentToken()); // good until it ends
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), requests); // the refused token was not sent again
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
}

WATCHWORD_TEST_MAIN(TestSessionStorage)
#include "tst_sessionstorage.moc"
