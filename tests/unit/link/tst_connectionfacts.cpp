// SPDX-License-Identifier: Apache-2.0
#include "deliverybench.h"
#include "support/await.h"
#include "support/testmain.h"

#include <QSignalSpy>

using namespace DeliveryTest;

namespace {

/*! Hands out tokens until there are no more. */
class FewTokens final : public TokenProvider
{
public:
    int left = 1;
    QFuture<Result<AccessToken>> requestToken(const TokenRequest &) override
    {
        QPromise<Result<AccessToken>> promise;
        promise.start();
        AccessToken token;
        token.value = Secret::copy("token-" + QByteArray::number(left));
        if (left-- > 0)
            promise.addResult(token);
        else
            promise.addResult(Error(ErrorCode::RevokedOrExpired, u"the provider ended the session"_s));
        promise.finish();
        return promise.future();
    }
};

/*! Everything that a Connection tells, in its order; a state with the facts that can be read at that moment. */
struct Told
{
    explicit Told(Connection *c)
    {
        const auto note = [this](const char *what) { return [this, what] { lines.append(QString::fromLatin1(what)); }; };
        QObject::connect(c, &Connection::stateChanged, c, [this, c](State state) {
            lines.append(u"%1: %2, try %3, in %4 s"_s.arg(QVariant::fromValue(state).toString(), c->lastError().codeName())
                             .arg(c->attempt())
                             .arg(c->secondsToRetry()));
        });
        QObject::connect(c, &Connection::lastErrorChanged, c, note("lastError"));
        QObject::connect(c, &Connection::nextRetryAtChanged, c, note("nextRetryAt"));
        QObject::connect(c, &Connection::attemptChanged, c, note("attempt"));
        QObject::connect(c, &Connection::negotiatedChanged, c, note("negotiated"));
        QObject::connect(c, &Connection::tokenExpiresAtChanged, c, note("tokenExpiresAt"));
        QObject::connect(c, &Connection::ready, c, note("ready()"));
        QObject::connect(c, &Connection::replaced, c, note("replaced()"));
        QObject::connect(c, &Connection::errorOccurred, c, note("errorOccurred()"));
        QObject::connect(c, &Connection::authenticationRequired, c, note("authenticationRequired()"));
        QObject::connect(c, &Connection::attemptFailed, c, [this](const ConnectError &failure) {
            lines.append(u"attemptFailed(): %1"_s.arg(failure.willRetry ? u"tries again"_s : u"stops"_s));
        });
        QObject::connect(c, &Connection::closed, c,
                         [this](const Error &reason) { lines.append(u"closed(): "_s + reason.codeName()); });
    }
    QStringList take() { return std::exchange(lines, {}); }
    QStringList lines;
};

} // namespace

/*! What is told, as whole sequences: a fact is there before the state that it explains. */
class TestConnectionFacts : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void anOutageThatHeals();
    void anEndForGood();
    void aRefusedTokenWithoutAnother();
    void aRefusedTokenWithAnother();
    void countsDownWhileSomebodyListens();
    void countsDownForNobody();
    void badOptions();
    void recordsInTheirOrder();
};

void TestConnectionFacts::anOutageThatHeals()
{
    Bench bench;
    Told told(bench.connection.get());
    bench.open();
    QCOMPARE(told.take(),
             QStringList({u"attempt"_s, u"Connecting: Cancelled, try 1, in 0 s"_s, u"negotiated"_s, u"attempt"_s,
                          u"Ready: Cancelled, try 0, in 0 s"_s, u"ready()"_s}));
    bench.drop();
    QStringList lost = told.take();
    QVERIFY(lost.value(3).startsWith("Waiting: ConnectionLost, try 1, in "_L1));
    QVERIFY(!lost.value(3).endsWith("in 0 s"_L1));
    lost.removeAt(3);
    QCOMPARE(
        lost,
        QStringList({u"lastError"_s, u"nextRetryAt"_s, u"attempt"_s, u"errorOccurred()"_s, u"attemptFailed(): tries again"_s}));
    bench.open({});
    QCOMPARE(told.take(),
             QStringList({u"nextRetryAt"_s, u"attempt"_s, u"Connecting: ConnectionLost, try 2, in 0 s"_s, u"negotiated"_s,
                          u"attempt"_s, u"Ready: ConnectionLost, try 1, in 0 s"_s, u"ready()"_s}));
    bench.connection->close();
    bench.transport()->end({.closeCode = 1000});
    QCOMPARE(told.take(),
             QStringList({u"attempt"_s, u"Closing: ConnectionLost, try 0, in 0 s"_s,
                          u"Disconnected: ConnectionLost, try 0, in 0 s"_s, u"closed(): Cancelled"_s}));
}

void TestConnectionFacts::anEndForGood()
{
    Bench bench;
    bench.open();
    Told told(bench.connection.get());
    bench.transport()->end({.closeCode = 4410, .error = Error(ErrorCode::ClosedByPeer)});
    QCOMPARE(told.take(),
             QStringList({u"lastError"_s, u"Disconnected: SessionRevoked, try 0, in 0 s"_s, u"errorOccurred()"_s,
                          u"attemptFailed(): stops"_s, u"authenticationRequired()"_s, u"closed(): SessionRevoked"_s}));
}

// After a revocation the server says 401, and the provider has nothing else: nobody promises another try.
void TestConnectionFacts::aRefusedTokenWithoutAnother()
{
    ManualClock clock;
    const auto network = std::make_shared<FaultyTransport::Network>();
    network->next(FaultyTransport::refuse(401));
    FewTokens tokens;
    ConnectionOptions options;
    options.url = QUrl(u"wss://example.test/"_s);
    options.clock = &clock;
    options.transport = FaultyTransport::factory(network);
    Connection connection(&tokens, options);
    Told told(&connection);
    QSignalSpy closed(&connection, &Connection::closed);
    connection.open();
    QVERIFY(Support::waitUntil([&] { return closed.size() == 1; }));
    QCOMPARE(told.lines.filter(u"attemptFailed"_s), QStringList({u"attemptFailed(): stops"_s, u"attemptFailed(): stops"_s}));
    QCOMPARE(told.lines.last(), u"closed(): RevokedOrExpired"_s);
    for (const AttemptRecord &record : connection.attempts()) {
        QVERIFY2(record.next.startsWith("stopped: "_L1), qPrintable(record.toString()));
        QVERIFY(record.ended && record.failure && !record.failure->willRetry);
    }
    QCOMPARE(connection.attempts().size(), 2);
}

void TestConnectionFacts::aRefusedTokenWithAnother()
{
    ManualClock clock;
    const auto network = std::make_shared<FaultyTransport::Network>();
    network->next(FaultyTransport::refuse(401));
    network->next(FaultyTransport::accept());
    FewTokens tokens;
    tokens.left = 2;
    ConnectionOptions options;
    options.url = QUrl(u"wss://example.test/"_s);
    options.clock = &clock;
    options.transport = FaultyTransport::factory(network);
    Connection connection(&tokens, options);
    Told told(&connection);
    connection.open();
    QVERIFY(Support::waitUntil([&] { return connection.state() == State::Ready; }));
    QCOMPARE(told.lines.filter(u"attemptFailed"_s), QStringList{u"attemptFailed(): tries again"_s});
    QCOMPARE(connection.attempts().first().next, u"tries again at once: token refused"_s);
}

void TestConnectionFacts::countsDownWhileSomebodyListens()
{
    Bench bench;
    QList<int> seconds;
    QObject::connect(bench.connection.get(), &Connection::secondsToRetryChanged, bench.connection.get(),
                     [&] { seconds.append(bench.connection->secondsToRetry()); });
    bench.connection->open();
    bench.transport()->end({.http = {.status = 503}, .error = Error(ErrorCode::UpgradeRejected).withRetryAfter(3s)});
    const int first = bench.connection->secondsToRetry();
    QVERIFY(first == 3 || first == 4); // jitter
    while (bench.connection->state() == State::Waiting)
        bench.clock.advance(100ms);
    QList<int> expected;
    for (int i = first; i >= 0; --i)
        expected.append(i);
    QCOMPARE(seconds, expected);
}

void TestConnectionFacts::countsDownForNobody()
{
    Bench bench;
    bench.connection->open();
    bench.transport()->end({.http = {.status = 503}, .error = Error(ErrorCode::UpgradeRejected).withRetryAfter(60s)});
    bench.clock.advance(10s);
    const int left = bench.connection->secondsToRetry();
    QVERIFY(left >= 50 && left <= 62);
    // Who comes late hears of the seconds that are left.
    QSignalSpy changed(bench.connection.get(), &Connection::secondsToRetryChanged);
    QCoreApplication::processEvents();
    changed.clear();
    bench.clock.advance(1s);
    bench.clock.advance(1s);
    QCOMPARE(changed.size(), 2);
    bench.connection->close();
    QCOMPARE(bench.connection->secondsToRetry(), 0);
}

void TestConnectionFacts::badOptions()
{
    Bench bench([](ConnectionOptions &o) { o.userAgent = "a\r\nHost: evil"; });
    Told told(bench.connection.get());
    bench.connection->open();
    bench.connection->open();
    QCOMPARE(told.take(), QStringList());
    QVERIFY(Support::waitUntil([&] { return !told.lines.isEmpty(); }));
    QCOMPARE(told.take(), QStringList({u"lastError"_s, u"closed(): InvalidArgument"_s}));
    QCOMPARE(bench.network->started, 0);
}

// Whatever happens to the date meanwhile.
void TestConnectionFacts::recordsInTheirOrder()
{
    Bench bench;
    bench.open();
    for (const Duration step : {Duration(-1h), Duration(0), Duration(2h), Duration(-24h), Duration(-1ms)}) {
        bench.drop();
        bench.clock.stepWall(step);
        bench.open(); // within the same millisecond
    }
    bench.clock.sleep(8h);
    bench.clock.stepWall(-9h);
    const QList<AttemptRecord> records = bench.connection->attempts();
    QCOMPARE(records.size(), 6);
    const QDateTime slept = toDateTime(bench.clock.wallNow() - 8h);
    for (qsizetype i = 0; i < records.size(); ++i) {
        QCOMPARE(records.at(i).number, int(i) + 1);
        QVERIFY(i == 0 || records.at(i - 1).startedAt <= records.at(i).startedAt);
        QVERIFY(records.at(i).startedAt <= slept);
    }
    QVERIFY(bench.connection->explain().contains(records.last().toString()));
}

WATCHWORD_TEST_MAIN(TestConnectionFacts)
#include "tst_connectionfacts.moc"
