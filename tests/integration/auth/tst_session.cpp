// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"

#include <QDir>
#include <QFile>
#include <QRegularExpression>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Fault = FakeIssuer::Fault;
using Endpoint = FakeIssuer::Endpoint;

/* A session that is signed in: refresh, restart, other processes, faults of provider and disk. */
class TestSession : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void signInRefreshSignOut();
    void destroyedInEveryState();
    void restoresAfterRestart();
    void refreshFaultsSignNobodyOut_data();
    void refreshFaultsSignNobodyOut();
    void invalidGrantSaysSoOnce();
    void lostAnswerIsRotationLost();
    void eachFormLeavesOnce();
    void twoSessionsShareOneAccount();
    void signOutReachesTheOther();
    void corruptStoreLeadsToSignIn();
    void withoutKeychain();
    void memoryOnlyWritesNothing();
    void unwritableStoreDegrades();
    void rejectedTokenIsRefreshed();
    void noSecretIsLogged();
};

void TestSession::signInRefreshSignOut()
{
    SessionProbe probe(options());
    QCOMPARE(probe.session.state(), State::SignedOut);
    probe.session.start();
    QVERIFY(Support::waitUntil([&] { return probe.needed.size() == 1; }));
    QCOMPARE(probe.lastNeed().code(), ErrorCode::SignInRequired);
    QCOMPARE(probe.token().error().code(), ErrorCode::SignInRequired);
    QCOMPARE(probe.browser.size(), 0); // never by itself
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.signedIn.size(), 1);
    QCOMPARE(probe.session.subject(), u"alice"_s);
    QCOMPARE(probe.session.accountName(), u"Alice"_s);
    const auto first = probe.token();
    QVERIFY(first);
    probe.session.refresh();
    QVERIFY(Support::waitUntil([&] { return probe.changed.size() == 2; }));
    const auto second = probe.token();
    QVERIFY(second && !second->value.equals(first->value) && second->generation > first->generation);
    probe.session.signOut();
    QCOMPARE(probe.session.state(), State::SignedOut); // at once
    QCOMPARE(probe.signedOut.size(), 1);
    QCOMPARE(probe.revoked.size(), 1);
    QCOMPARE(probe.token().error().code(), ErrorCode::SignInRequired);
    QVERIFY(Support::waitUntil([&] { return m_issuer->requestCount(Endpoint::Revocation) == 1; }));
    QVERIFY(Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; }));
    QCOMPARE(probe.failed.size(), 0);
    QCOMPARE(probe.degraded.size(), 0);
}

void TestSession::destroyedInEveryState()
{
    for (const auto state : {State::SignedOut, State::Restoring, State::SigningIn, State::Active}) {
        SessionOptions all = options();
        if (state == State::SigningIn)
            all.openBrowser = [](const QUrl &) { return true; }; // a person who takes their time
        auto probe = std::make_unique<SessionProbe>(all);
        if (state != State::SignedOut)
            probe->session.start();
        if (state == State::SigningIn || state == State::Active) {
            probe->session.signIn();
            QVERIFY2(probe->reaches(state), qPrintable(probe->events.join(u' ')));
        }
        if (state == State::Active)
            probe->session.refresh(); // and a refresh is on its way
        const auto future = probe->session.requestToken({});
        probe.reset();
        QVERIFY(future.isFinished());
    }
}

void TestSession::restoresAfterRestart()
{
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
    }
    const int tokenRequests = m_issuer->requestCount(Endpoint::Token);
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.signedIn.size(), 1);
    QCOMPARE(probe.needed.size(), 0);
    QCOMPARE(probe.session.accountName(), u"Alice"_s);
    QVERIFY(probe.token());
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), tokenRequests); // the stored token is still good
    probe.session.start();
    QCOMPARE(probe.signedIn.size(), 1);
}

void TestSession::refreshFaultsSignNobodyOut_data()
{
    QTest::addColumn<int>("fault");
    QTest::addColumn<int>("times");
    QTest::newRow("closed unseen") << int(Fault::CloseUnseen) << 2;
    QTest::newRow("busy") << int(Fault::Busy) << 1;
    QTest::newRow("500") << int(Fault::ServerError) << 1;
    QTest::newRow("portal") << int(Fault::PortalPage) << 1;
    QTest::newRow("huge") << int(Fault::HugeBody) << 2;
    QTest::newRow("invalid client") << int(Fault::InvalidClient) << 1;
}

void TestSession::refreshFaultsSignNobodyOut()
{
    QFETCH(int, fault);
    QFETCH(int, times);
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Token, Fault(fault), times);
    const int before = m_issuer->requestCount(Endpoint::Token);
    QVERIFY(probe.refreshed());
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), before + times);
    QVERIFY(probe.session.nextAttempt().isValid());
    QCOMPARE(probe.session.state(), State::Active); // the token is still good
    QVERIFY(probe.token());
    QCOMPARE(probe.needed.size(), 0);
    QCOMPARE(probe.signedOut.size(), 0);
    QCOMPARE(probe.revoked.size(), 0);
    QVERIFY(probe.refreshed());
    QVERIFY(m_issuer->refreshCount() >= 1);
    QCOMPARE(m_issuer->reuseCount(), 0);
    for (const SessionEvent &event : probe.session.timeline()) { // in words, not as numbers of an enum
        if (event.what == "refresh.finished"_L1)
            QVERIFY2(event.detail.contains(QRegularExpression(u"[a-z]{4}"_s)), qPrintable(event.detail));
    }
}

void TestSession::invalidGrantSaysSoOnce()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->revokeAll();
    probe.session.refresh();
    QVERIFY(probe.reaches(State::NeedsSignIn));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::RevokedOrExpired);
    QCOMPARE(probe.needed.size(), 1);
    QVERIFY(probe.token()); // the access token is good until it ends
    const int before = m_issuer->requestCount(Endpoint::Token);
    probe.session.refresh();
    TokenRequest rejected;
    rejected.rejectedFingerprint = probe.token()->value.fingerprint();
    QCOMPARE(probe.token(rejected).error().code(), ErrorCode::RevokedOrExpired);
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), before); // no circle
    QCOMPARE(probe.needed.size(), 1);
    QCOMPARE(probe.browser.size(), 1); // and no browser by itself
    QCOMPARE(probe.session.accountName(), u"Alice"_s); // remembered
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(probe.token(rejected));
}

void TestSession::lostAnswerIsRotationLost()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Token, Fault::LoseAnswer);
    probe.session.refresh();
    QVERIFY(probe.reaches(State::NeedsSignIn));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::RotationLost);
    // One send, one stated repetition; QNetworkAccessManager repeated nothing by itself.
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), 3);
    QCOMPARE(m_issuer->reuseCount(), 1);
}

void TestSession::eachFormLeavesOnce()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Token, Fault::CloseUnseen, 20);
    const int before = m_issuer->requestCount(Endpoint::Token);
    const auto result = [&] {
        TokenRequest rejected;
        rejected.rejectedFingerprint = probe.session.currentToken()->value.fingerprint();
        return probe.token(rejected);
    }();
    QVERIFY(!result);
    QCOMPARE(result.error().condition(), ErrorCondition::Offline);
    QCOMPARE(m_issuer->requestCount(Endpoint::Token), before + 2);
    QCOMPARE(probe.session.state(), State::Offline);
}

void TestSession::twoSessionsShareOneAccount()
{
    SessionProbe one(options());
    SessionProbe two(options());
    QVERIFY(signedIn(one));
    two.session.start();
    QVERIFY(two.reaches(State::Active));
    for (int round = 1; round <= 3; ++round) {
        one.session.refresh();
        two.session.refresh();
        QVERIFY(Support::waitUntil([&] {
            const auto a = one.session.currentToken();
            const auto b = two.session.currentToken();
            return a && b && a->generation > quint64(round) && a->generation == b->generation;
        }));
    }
    QCOMPARE(m_issuer->reuseCount(), 0);
    QCOMPARE(m_issuer->activeFamilies(), 1);
}

void TestSession::signOutReachesTheOther()
{
    SessionProbe one(options());
    SessionProbe two(options());
    QVERIFY(signedIn(one));
    two.session.start();
    QVERIFY(two.reaches(State::Active));
    one.session.signOut();
    QVERIFY(two.reaches(State::SignedOut));
    QCOMPARE(two.signedOut.size(), 1);
    QCOMPARE(two.revoked.size(), 1);
    two.session.refresh();
    QVERIFY(!two.session.currentToken());
    SessionProbe three(options());
    three.session.start();
    QVERIFY(Support::waitUntil([&] { return three.needed.size() == 1; }));
    QCOMPARE(three.lastNeed().code(), ErrorCode::SignedOut); // nothing is revived
    three.session.signIn();
    QVERIFY(three.reaches(State::Active));
    QVERIFY(two.reaches(State::Active)); // who shares the account is signed in too
}

void TestSession::corruptStoreLeadsToSignIn()
{
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
    }
    const QDir folder(m_folder->path() + u"/data"_s);
    const QStringList files = folder.entryList({u"*.tokens"_s}, QDir::Files);
    QCOMPARE(files.size(), 1);
    QFile file(folder.filePath(files.first()));
    QVERIFY(file.open(QIODevice::ReadWrite));
    file.seek(20);
    file.write("garbage");
    file.close();
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::NeedsSignIn));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::StoreCorrupt);
    QCOMPARE(folder.entryList({u"*.quarantined-*"_s}, QDir::Files).size(), 1);
    probe.session.signIn();
    QVERIFY(probe.reaches(State::Active));
}

void TestSession::withoutKeychain()
{
    SessionOptions o = options();
    o.keyStore.reset();
    SessionProbe probe(o);
    probe.session.start();
    QVERIFY(probe.reaches(State::KeychainWaiting));
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::KeychainUnavailable);
    QVERIFY(probe.session.stateReason().remedy().contains(u"keychain"_s, Qt::CaseInsensitive));
    QVERIFY(probe.session.nextAttempt().isValid());
    QCOMPARE(probe.needed.size(), 0); // not a reason to sign in
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::KeychainUnavailable);
    QCOMPARE(probe.browser.size(), 0);
    QCOMPARE(m_issuer->requestCount(Endpoint::Discovery), 0);
}

void TestSession::memoryOnlyWritesNothing()
{
    SessionOptions o = options();
    o.keyStore.reset();
    o.storage = StoragePolicy::MemoryOnly;
    SessionProbe probe(o);
    QVERIFY(signedIn(probe));
    probe.session.refresh();
    QVERIFY(Support::waitUntil([&] { return probe.changed.size() == 2; }));
    QVERIFY(!QDir(o.storageFolder).exists());
}

void TestSession::unwritableStoreDegrades()
{
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
        const QDir folder(m_folder->path() + u"/data"_s);
        const QString file = folder.filePath(folder.entryList({u"*.tokens"_s}, QDir::Files).first());
        // While the request is on its way the disk breaks: a folder in the place of the file stops root too.
        connect(m_issuer.get(), &FakeIssuer::requestReceived, &probe.session, [file](Endpoint endpoint) {
            if (endpoint == Endpoint::Token && QFile::rename(file, file + u".aside"_s))
                QDir().mkpath(file + u"/x"_s);
        });
        probe.session.refresh();
        QVERIFY(probe.reaches(State::Degraded));
        QCOMPARE(probe.degraded.size(), 1);
        QCOMPARE(probe.session.stateReason().code(), ErrorCode::StorageFailed);
        QVERIFY(probe.token());
        disconnect(m_issuer.get(), &FakeIssuer::requestReceived, nullptr, nullptr);
        QVERIFY(QDir(file).removeRecursively());
        QVERIFY(QFile::rename(file + u".aside"_s, file));
        QVERIFY(probe.reaches(State::Active)); // saved at last, without being asked
        QCOMPARE(probe.degraded.size(), 1);
    }
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    QVERIFY(probe.refreshed());
    QCOMPARE(m_issuer->reuseCount(), 0);
    QCOMPARE(m_issuer->refreshCount(), 2);
}

void TestSession::rejectedTokenIsRefreshed()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    TokenRequest request;
    request.reason = TokenRequest::Reason::Rejected;
    request.rejectedFingerprint = probe.token()->value.fingerprint();
    QList<QFuture<Result<AccessToken>>> many;
    for (int i = 0; i < 20; ++i)
        many += probe.session.requestToken(request);
    for (const auto &future : many) {
        QVERIFY(Support::waitFor(future));
        QVERIFY(future.result() && future.result()->value.fingerprint() != request.rejectedFingerprint);
    }
    QCOMPARE(m_issuer->refreshCount(), 1); // one for all of them
    request.rejectedFingerprint = many.first().result()->value.fingerprint();
    const auto again = probe.token(request); // a service that refuses every token starts no storm
    QCOMPARE(again.error().code(), ErrorCode::TemporarilyUnavailable);
    QVERIFY(again.error().retryAfter().has_value());
    QCOMPARE(m_issuer->refreshCount(), 1);
}

void TestSession::noSecretIsLogged()
{
    LogCatcher log;
    QString told;
    {
        SessionProbe probe(options());
        connect(&probe.session, &Session::eventLogged, this,
                [&told](const SessionEvent &event) { told += event.toString() + u'\n'; });
        QVERIFY(signedIn(probe));
        probe.session.refresh();
        QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() == 1 && probe.changed.size() == 2; }));
        m_issuer->failNext(Endpoint::Token, Fault::Busy);
        QVERIFY(probe.refreshed());
        m_issuer->failNext(Endpoint::Token, Fault::LoseAnswer);
        probe.session.refresh();
        QVERIFY(probe.reaches(State::NeedsSignIn));
        told += probe.session.stateReason().toString();
        probe.session.signOut();
        QVERIFY(Support::waitUntil([&] { return told.contains(u"signout."_s); }));
    }
    const QByteArray everything = log.text() + told.toUtf8();
    QVERIFY(everything.contains("refresh.started")); // the catcher catches
    QVERIFY(m_issuer->issuedSecrets().size() >= 7);
    for (const QByteArray &secret : m_issuer->issuedSecrets())
        QVERIFY2(!everything.contains(secret), secret.left(12).constData());
}

WATCHWORD_TEST_MAIN(TestSession)
#include "tst_session.moc"
