// SPDX-License-Identifier: Apache-2.0
// The scripts of the test kit, as an application would use them: a Connection on a manual clock without any network.
#include "linkfixture.h"
#include "watchword/testing/faultytransport.h"
#include "watchword/testing/manualclock.h"

#include <QPromise>

using namespace LinkTest;

namespace {

class HalfRandom final : public RandomSource
{
public:
    double nextUnit() override { return 0.5; }
};

QFuture<Result<AccessToken>> finished(const Result<AccessToken> &result)
{
    QPromise<Result<AccessToken>> promise;
    promise.start();
    promise.addResult(result);
    promise.finish();
    return promise.future();
}

/*! A token for the manual clock's time. */
class ManualTokens final : public TokenProvider
{
public:
    int asked = 0;
    int failures = 0; //!< That many answers are errors first.

    QFuture<Result<AccessToken>> requestToken(const TokenRequest &request) override
    {
        ++asked;
        if (failures > 0) {
            --failures;
            return finished(Error(ErrorCode::TemporarilyUnavailable, u"scripted"_s));
        }
        AccessToken token;
        if (!request.rejectedFingerprint.isEmpty())
            ++m_number;
        token.value = Secret::copy("manual-token-0123456789-" + QByteArray::number(m_number));
        return finished(token);
    }

private:
    int m_number = 1;
};

struct Stage
{
    Stage()
    {
        options.url = QUrl(u"wss://orders.test/stream"_s);
        options.clock = &clock;
        options.random = &random;
        options.transport = FaultyTransport::factory(network);
        connection = std::make_unique<Connection>(&tokens, options);
        QObject::connect(connection.get(), &Connection::attemptFailed, connection.get(),
                         [this](const ConnectError &failure) { failures.append(failure); });
    }
    // Runs what is queued, and moves the clock when the connection waits, or waits for an answer.
    bool untilReady(int turns = 40)
    {
        for (int i = 0; i < turns && connection->state() != State::Ready; ++i) {
            bool turned = false;
            QMetaObject::invokeMethod(
                connection.get(), [&turned] { turned = true; }, Qt::QueuedConnection);
            waitUntil([&turned] { return turned; });
            if (connection->state() == State::Waiting)
                clock.advance(Duration(QDateTime::fromMSecsSinceEpoch(clock.wallNow().time_since_epoch().count(), Qt::UTC)
                                           .msecsTo(connection->nextRetryAt())));
            else if (++turn % 4 == 3)
                clock.advance(2s);
        }
        return connection->state() == State::Ready;
    }

    int turn = 0;
    ManualClock clock;
    HalfRandom random;
    ManualTokens tokens;
    std::shared_ptr<FaultyTransport::Network> network = std::make_shared<FaultyTransport::Network>();
    ConnectionOptions options = plainOptions();
    QList<ConnectError> failures;
    std::unique_ptr<Connection> connection;
};

} // namespace

class TestScripts : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everyFaultOnceThenReady_data();
    void everyFaultOnceThenReady();
    void everyFaultAtEveryAttempt();
    void failAtEveryStep_data();
    void failAtEveryStep();
    void nothingAfterTheEnd_data();
    void nothingAfterTheEnd();
    void metricsCount();
};

void TestScripts::everyFaultOnceThenReady_data()
{
    using F = FaultyTransport;
    QTest::addColumn<FaultyTransport::Script>("script");
    QTest::addColumn<QString>("code");
    QTest::addColumn<int>("phase");
    QTest::addColumn<qint64>("wait"); //!< Milliseconds to the next try; 0: at once.
    const auto row = [](const char *name, const F::Script &script, const char *code, AttemptPhase phase, qint64 wait) {
        QTest::newRow(name) << script << QString::fromLatin1(code) << int(phase) << wait;
    };
    row("429", F::refuse(429), "RateLimited", AttemptPhase::Token, 500);
    row("429 with Retry-After", F::refuse(429, 30s), "RateLimited", AttemptPhase::Token, 33'000);
    row("503 for an hour", F::refuse(503, 1h), "TemporarilyUnavailable", AttemptPhase::Token, 330'000);
    row("401", F::refuse(401), "Unauthorized", AttemptPhase::Token, 0);
    row("404", F::refuse(404), "NotFound", AttemptPhase::Token, 210'000);
    row("407", F::refuse(407), "ProxyAuthenticationRequired", AttemptPhase::Token, 210'000);
    row("DNS", F::fail(ErrorCode::HostNotFound), "HostNotFound", AttemptPhase::Token, 500);
    row("TLS", F::fail(ErrorCode::TlsFailed), "TlsFailed", AttemptPhase::Token, 210'000);
    row("silent", F::silent(), "Timeout", AttemptPhase::Token, 500);
    row("no hello", F::withoutHello(), "Timeout", AttemptPhase::Hello, 500);
    row("drop after the 101", F::drop(u"watchword.v1"_s), "ConnectionLost", AttemptPhase::Hello, 500);
    row("4401 before hello", F::closeEarly(4401, u"watchword.v1"_s), "TokenExpired", AttemptPhase::Hello, 0);
    row("1012 before hello", F::closeEarly(1012, u"watchword.v1"_s), "ClosedByPeer", AttemptPhase::Hello, 2'500);
    row("drop of a plain one", F::drop(), "ConnectionLost", AttemptPhase::Ready, 500);
}

void TestScripts::everyFaultOnceThenReady()
{
    QFETCH(FaultyTransport::Script, script);
    QFETCH(qint64, wait);
    Stage stage;
    stage.network->next(script);
    stage.network->next(FaultyTransport::accept(u"watchword.v1"_s));
    if (wait == 210'000)
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"orders\\.test"_s));
    QSignalSpy errors(stage.connection.get(), &Connection::errorOccurred);
    QSignalSpy closed(stage.connection.get(), &Connection::closed);
    // Only watchword.v1 can acknowledge it, so that silence is not taken for a plain server.
    const auto message = stage.connection->deliver("x");
    stage.connection->open();
    // A plain link that drops is ready for a moment.
    QVERIFY(waitUntil([&] {
        stage.untilReady(1);
        return !stage.failures.isEmpty();
    }));
    QVERIFY(stage.untilReady());
    QCOMPARE(stage.failures.size(), 1);
    QCOMPARE(errors.size(), 1);
    QCOMPARE(closed.size(), 0);
    const ConnectError failure = stage.failures.constFirst();
    QTEST(failure.error.codeName(), "code");
    QTEST(int(failure.phase), "phase");
    QVERIFY(failure.willRetry);
    QVERIFY(!failure.remedy.isEmpty() && !failure.next.isEmpty());
    QCOMPARE(failure.nextTryAt.isValid(), wait > 0);
    const QList<AttemptRecord> attempts = stage.connection->attempts();
    QCOMPARE(attempts.size(), 2);
    if (wait)
        QCOMPARE((*attempts.at(0).ended + Duration(wait)).count(), attempts.at(0).startedAt.msecsTo(attempts.at(1).startedAt));
    QCOMPARE(stage.network->started, 2);
    QCOMPARE(stage.network->alive, 1);
    QCOMPARE(stage.network->mostAlive, 1);
    if (failure.error.code() == ErrorCode::Unauthorized || failure.error.code() == ErrorCode::TokenExpired)
        QVERIFY(stage.network->tokenFingerprints.at(0) != stage.network->tokenFingerprints.at(1));
}

// One after the other, all of them: what one leaves behind must not change what the next one does.
void TestScripts::everyFaultAtEveryAttempt()
{
    using F = FaultyTransport;
    Stage stage;
    stage.network->next(F::accept(u"watchword.v1"_s)); // so that its silence is not taken for that of a plain server
    stage.connection->open();
    QVERIFY(stage.untilReady());
    stage.clock.advance(11s);
    const QList<F::Script> scripts{F::refuse(429, 5s),
                                   F::drop(u"watchword.v1"_s),
                                   F::fail(ErrorCode::ConnectionRefused),
                                   F::withoutHello(),
                                   F::refuse(503),
                                   F::silent(),
                                   F::refuse(401),
                                   F::closeEarly(1012)};
    for (int round = 0; round < 5; ++round) {
        for (const F::Script &script : scripts)
            stage.network->next(script);
    }
    stage.network->next(F::accept(u"watchword.v1"_s));
    stage.tokens.failures = 3;
    stage.network->current->end({.closeCode = 1006});
    int refused = 0;
    connect(stage.connection.get(), &Connection::closed, this, [&](const Error &reason) {
        QCOMPARE(reason.code(), ErrorCode::Unauthorized); // the second 401 without a stable time between
        ++refused;
        QMetaObject::invokeMethod(stage.connection.get(), &Connection::open, Qt::QueuedConnection);
    });
    QVERIFY(waitUntil(
        [&] {
            stage.untilReady(1);
            return stage.network->scripts.empty() && stage.connection->state() == State::Ready;
        },
        30s));
    QCOMPARE(stage.network->started, 42);
    QCOMPARE(stage.network->mostAlive, 1);
    QVERIFY(refused >= 1);
    QCOMPARE(stage.connection->metrics().failures, qint64(stage.failures.size()));
}

void TestScripts::failAtEveryStep_data()
{
    QTest::addColumn<int>("step");
    for (int step = 0; step < 24; ++step)
        QTest::addRow("%d", step) << step;
}

// Token, transport, upgrade, hello: the n-th of them fails, and the life afterwards is as if it had not.
void TestScripts::failAtEveryStep()
{
    QFETCH(int, step);
    using F = FaultyTransport;
    Stage stage;
    const int attempt = step / 4; // that many good ones before it, each dropped when it is ready
    for (int i = 0; i < attempt; ++i)
        stage.network->next(F::accept(u"watchword.v1"_s));
    if (step % 4 == 1)
        stage.network->next(F::fail(ErrorCode::ConnectionRefused));
    else if (step % 4 == 2)
        stage.network->next(F::refuse(502));
    else if (step % 4 == 3)
        stage.network->next(F::withoutHello());
    QSignalSpy ready(stage.connection.get(), &Connection::ready);
    QSignalSpy closed(stage.connection.get(), &Connection::closed);
    for (int i = 0; i < attempt; ++i) {
        if (i == 0)
            stage.connection->open();
        QVERIFY(stage.untilReady());
        stage.clock.advance(11s); // stable
        stage.network->current->end({.closeCode = 1006});
    }
    if (step % 4 == 0)
        stage.tokens.failures = 1;
    const auto message = stage.connection->deliver("x"); // as above
    stage.network->onStart = F::accept(u"watchword.v1"_s);
    if (attempt == 0)
        stage.connection->open();
    QVERIFY(stage.untilReady());
    QCOMPARE(ready.size(), attempt + 1);
    QCOMPARE(stage.failures.size(), attempt + 1);
    QCOMPARE(closed.size(), 0);
    QCOMPARE(stage.network->alive, 1);
    QCOMPARE(stage.network->mostAlive, 1);
    QCOMPARE(stage.tokens.asked, int(stage.connection->attempts().size()));
    QVERIFY(stage.connection->sendText(u"still there"_s));
    QCOMPARE(stage.network->current->texts().last(), u"still there"_s);
}

void TestScripts::nothingAfterTheEnd_data()
{
    using F = FaultyTransport;
    QTest::addColumn<FaultyTransport::Script>("script");
    QTest::newRow("403") << F::refuse(403);
    QTest::newRow("4403") << F::closeEarly(4403, u"watchword.v1"_s);
    QTest::newRow("4410") << F::closeEarly(4410, u"watchword.v1"_s);
    QTest::newRow("1008") << F::closeEarly(1008);
}

void TestScripts::nothingAfterTheEnd()
{
    QFETCH(FaultyTransport::Script, script);
    Stage stage;
    stage.network->next(script);
    QSignalSpy closed(stage.connection.get(), &Connection::closed);
    stage.connection->open();
    QVERIFY(waitUntil([&] { return closed.size() == 1; }));
    QCOMPARE(stage.failures.size(), 1);
    QVERIFY(!stage.failures.constFirst().willRetry);
    QVERIFY(!stage.failures.constFirst().nextTryAt.isValid());
    for (int i = 0; i < 50; ++i) {
        stage.connection->retryNow();
        stage.connection->probe();
        Q_EMIT stage.tokens.tokenChanged(2);
        stage.clock.advance(10min);
    }
    QCOMPARE(stage.network->started, 1);
    QCOMPARE(closed.size(), 1);
    QCOMPARE(stage.connection->state(), State::Disconnected);
}

void TestScripts::metricsCount()
{
    Stage stage;
    stage.network->onStart = FaultyTransport::accept(u"watchword.v1"_s);
    QSignalSpy changed(stage.connection.get(), &Connection::metricsChanged);
    stage.connection->open();
    QVERIFY(stage.untilReady());
    QVERIFY(!changed.isEmpty());
    QVERIFY(stage.connection->sendText(u"gr\u00fc\u00dfe \U0001F600"_s)); // 4 + 2 * 2 + 1 + 4 bytes
    QVERIFY(stage.connection->sendBinary(QByteArray(1000, 'b')));
    stage.network->current->receiveText(u"ok"_s);
    stage.network->current->receiveBinary("xyz");
    stage.network->current->receiveText(Frame(u"msg"_s, {{u"id"_s, u"1"_s}}, "12345").toText());
    stage.clock.advance(12s);
    ConnectionMetrics metrics = stage.connection->metrics();
    QCOMPARE(metrics.connects, 1);
    QCOMPARE(metrics.reconnects, 0);
    QCOMPARE(metrics.failures, 0);
    QCOMPARE(metrics.messagesSent, 2);
    QCOMPARE(metrics.bytesSent, 1012);
    QCOMPARE(metrics.messagesReceived, 3);
    QCOMPARE(metrics.bytesReceived, 10);
    QCOMPARE(metrics.uptimeMs, 12'000);
    QVERIFY(stage.connection->explain().contains("received 3 (10 bytes)"_L1));
    stage.network->current->end({.closeCode = 1006});
    QCOMPARE(stage.connection->metrics().uptimeMs, 0);
    QVERIFY(stage.untilReady());
    metrics = stage.connection->property("metrics").value<ConnectionMetrics>();
    QCOMPARE(metrics.connects, 2);
    QCOMPARE(metrics.reconnects, 1);
    QCOMPARE(metrics.failures, 1);
    stage.connection->close();
    stage.network->current->end({.closeCode = 1000});
    stage.connection->open();
    QVERIFY(stage.untilReady());
    QCOMPARE(stage.connection->metrics().reconnects, 1); // a new beginning is no healing
}

WATCHWORD_TEST_MAIN(TestScripts)
#include "tst_scripts.moc"
