// SPDX-License-Identifier: Apache-2.0
// Connections that are replaced while they are in use, against servers that nobody here wrote and over real TLS.
#include "linkfixture.h"
#include "support/process.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <numeric>

using namespace LinkTest;

class TestSwappedLinks : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void plainServerWhoseTokensEnd();
    void theSameWithoutMakeBeforeBreak();
    void serverWithoutInBandRenewal();
    void announcedEndWithRefusals();
    void announcedEndInVain();
    void tokensNeverInLogs();

private:
    QUrl startEcho(Support::ReadyProcess &process);
    static ConnectionOptions echoOptions(const QUrl &url);
};

QUrl TestSwappedLinks::startEcho(Support::ReadyProcess &process)
{
    process.setEnvironment(u"LIFE_MS"_s, u"1500"_s);
    const auto ready = process.start(u"node"_s, {Support::peersFolder() + u"/ws-echo.mjs"_s}, u"READY "_s);
    return QUrl(ready.value_or(QString()));
}

ConnectionOptions TestSwappedLinks::echoOptions(const QUrl &url)
{
    ConnectionOptions options = plainOptions();
    options.url = url;
    options.allowLoopbackPlain = true;
    options.backoff.base = 10ms;
    options.backoff.floor = 5ms;
    options.backoff.cap = 50ms;
    options.budgetAttempts = 1000;
    options.drainTimeout = 1s;
    options.readyTimeout = 300ms; // the server chooses what it is offered first, and never says hello
    return options;
}

// npm ws: each token is good for 1.5 s and then its connection is cut. Nobody sees an outage, and every echo comes once.
void TestSwappedLinks::plainServerWhoseTokensEnd()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    Support::ReadyProcess process;
    const QUrl url = startEcho(process);
    QVERIFY(!url.isEmpty());
    CanaryTokens tokens;
    tokens.lifetime = 1500ms;
    Connection connection(&tokens, echoOptions(url));
    QSignalSpy states(&connection, &Connection::stateChanged);
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy replaced(&connection, &Connection::replaced);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    QList<int> echoes;
    QString stats;
    connect(&connection, &Connection::textReceived, this, [&](const QString &text) {
        if (text.startsWith(u'{'))
            stats = text;
        else
            echoes.append(text.toInt());
    });
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    states.clear();
    int sent = 0;
    QTimer sending;
    connect(&sending, &QTimer::timeout, this, [&] {
        if (connection.sendText(QString::number(sent)))
            ++sent;
    });
    sending.start(5ms);
    QVERIFY(waitUntil([&] { return replaced.size() >= 4; }, 30s));
    sending.stop();
    QVERIFY(waitUntil([&] { return echoes.size() >= sent; }));
    QList<int> expected(sent);
    std::iota(expected.begin(), expected.end(), 0);
    QCOMPARE(echoes, expected); // in order, none lost, none twice
    QCOMPARE(states.size(), 0);
    QCOMPARE(errors.size(), 0);
    QCOMPARE(ready.size(), replaced.size() + 1);
    QCOMPARE(connection.metrics().replacements, qint64(replaced.size()));
    // Until the last one is drained.
    QJsonObject counts;
    QVERIFY(waitUntil([&] {
        (void)connection.sendText(u"stats"_s);
        counts = QJsonDocument::fromJson(stats.toUtf8()).object();
        return counts.value("open"_L1).toInt() == 1;
    }));
    QCOMPARE(counts.value("most"_L1).toInt(), 2);
    const QJsonObject closes = counts.value("closes"_L1).toObject();
    QCOMPARE(closes.keys(), QStringList{u"1000"_s}); // politely, and before the server had to
    QVERIFY(closes.value("1000"_L1).toInt() >= 4);
    qInfo("%d echoes over %d connections, %d tokens", sent, int(ready.size()), tokens.number);
}

void TestSwappedLinks::theSameWithoutMakeBeforeBreak()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    Support::ReadyProcess process;
    const QUrl url = startEcho(process);
    QVERIFY(!url.isEmpty());
    CanaryTokens tokens;
    tokens.lifetime = 1500ms;
    ConnectionOptions options = echoOptions(url);
    options.makeBeforeBreak = false;
    Connection connection(&tokens, options);
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy replaced(&connection, &Connection::replaced);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() >= 2; }));
    QCOMPARE(replaced.size(), 0);
    QCOMPARE(errors.first().first().value<Error>().closeCode(), 1008); // the server had to
}

void TestSwappedLinks::serverWithoutInBandRenewal()
{
    FakeGateway gateway;
    gateway.setHelloMember(u"in_band_renewal"_s, false);
    gateway.setTokenLifetime(800ms);
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    tokens.lifetime = 800ms;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy states(&connection, &Connection::stateChanged);
    QSignalSpy replaced(&connection, &Connection::replaced);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    QStringList arrived;
    QSet<QString> ids;
    QList<int> codes;
    qsizetype mostOpen = 0;
    connect(&gateway, &FakeGateway::accepted, this, [&](FakePeer *peer) {
        mostOpen = std::max(mostOpen, gateway.peers().size());
        connect(peer, &FakePeer::closed, this, [&codes](int code) { codes.append(code); });
        connect(peer, &FakePeer::frameReceived, this, [&](const Frame &frame) {
            const QString id = frame.fields().value("id"_L1).toString();
            if (frame.type() == "msg"_L1 && !ids.contains(id)) {
                ids.insert(id);
                arrived.append(QString::fromUtf8(frame.payload()));
            }
        });
    });
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    states.clear();
    QList<QFuture<Result<void>>> futures;
    QStringList expected;
    QTimer sending;
    connect(&sending, &QTimer::timeout, this, [&] {
        expected.append(QString::number(futures.size()));
        futures.append(connection.deliver(expected.last().toUtf8()));
    });
    sending.start(2ms);
    QVERIFY(waitUntil([&] { return replaced.size() >= 4; }, 30s));
    sending.stop();
    QVERIFY(
        waitUntil([&] { return std::all_of(futures.cbegin(), futures.cend(), [](const auto &f) { return f.isFinished(); }); }));
    for (const auto &future : std::as_const(futures))
        QVERIFY(future.result().isOk());
    QCOMPARE(arrived, expected);
    QCOMPARE(mostOpen, 2);
    QVERIFY(waitUntil([&] { return codes.size() == replaced.size(); }));
    QCOMPARE(codes.count(1000), codes.size());
    QCOMPARE(states.size(), 0);
    QCOMPARE(errors.size(), 0);
    for (const FakeGateway::Request &request : gateway.requests())
        QVERIFY(!request.bearer().isEmpty());
}

void TestSwappedLinks::announcedEndWithRefusals()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy states(&connection, &Connection::stateChanged);
    QSignalSpy replaced(&connection, &Connection::replaced);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready && gateway.peer(); }));
    states.clear();
    const QPointer<FakePeer> first = gateway.peer();
    gateway.next(FakeGateway::refuse(503));
    gateway.next(FakeGateway::reset());
    gateway.next(FakeGateway::refuse(401)); // a new token, once
    gateway.next(FakeGateway::closeEarly(1013));
    first->sendFrame(Frame(u"reconnect"_s, {{u"in_ms"_s, 4000}, {u"reason"_s, u"drain"_s}}));
    QVERIFY(waitUntil([&] { return replaced.size() == 1; }));
    QCOMPARE(errors.size(), 4);
    QCOMPARE(failed.size(), 4);
    QCOMPARE(tokens.number, 2);
    QVERIFY(waitUntil([&] { return gateway.peers().size() == 1; }));
    QVERIFY(!first || !first->isOpen());
    QVERIFY(connection.sendText(u"here"_s));
    QVERIFY(waitUntil([&] { return gateway.peer()->texts() == QStringList{u"here"_s}; }));
    QCOMPARE(states.size(), 0);
}

void TestSwappedLinks::announcedEndInVain()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy replaced(&connection, &Connection::replaced);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1 && gateway.peer(); }));
    const QPointer<FakePeer> first = gateway.peer();
    for (int i = 0; i < 200; ++i)
        gateway.next(FakeGateway::refuse(503, {{"Retry-After", "1"}}));
    first->sendFrame(Frame(u"reconnect"_s, {{u"in_ms"_s, 300}, {u"reason"_s, u"drain"_s}}));
    QVERIFY(waitUntil([&] { return failed.size() == 1; }));
    QVERIFY(!failed.first().first().value<ConnectError>().willRetry); // a second is more than is left
    QCOMPARE(connection.state(), State::Ready);
    QVERIFY(connection.sendText(u"still here"_s));
    QVERIFY(waitUntil([&] { return first->texts() == QStringList{u"still here"_s}; }));
    first->bye(1012, u"retry"_s);
    QVERIFY(waitUntil([&] { return connection.state() != State::Ready; }));
    QCOMPARE(replaced.size(), 0);
    QCOMPARE(connection.lastError().closeCode(), 1012);
}

void TestSwappedLinks::tokensNeverInLogs()
{
    LogCapture log;
    FakeGateway gateway;
    gateway.setHelloMember(u"in_band_renewal"_s, false);
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    QString seen;
    Connection connection(&tokens, quickOptions(gateway));
    connect(&connection, &Connection::errorOccurred, this, [&seen](const Error &e) { seen += e.toString() + e.remedy(); });
    connect(&connection, &Connection::attemptFailed, this, [&seen](const ConnectError &e) { seen += e.toString(); });
    QSignalSpy replaced(&connection, &Connection::replaced);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready && gateway.peer(); }));
    // A server that repeats the new token in its answer, and then the old one in its advice.
    tokens.lifetime = 2h;
    gateway.next(FakeGateway::refuse(503, {{"Server", CanaryTokens::value(2)}}, CanaryTokens::value(2)));
    gateway.peer()->sendFrame(Frame(u"auth.due"_s, {{u"in_s"_s, 5}}));
    QVERIFY(waitUntil([&] { return replaced.size() == 1; }));
    gateway.peer()->sendFrame(
        Frame(u"reconnect"_s, {{u"in_ms"_s, 3000}, {u"reason"_s, QString::fromLatin1(CanaryTokens::value(2))}}));
    QVERIFY(waitUntil([&] { return replaced.size() == 2; }));
    seen += connection.explain() + LogCapture::text();
    QVERIFY(LogCapture::text().contains("SwapTransport 1"_L1)); // the log was on
    QVERIFY2(!seen.contains("canary-"_L1), qPrintable(seen));
}

WATCHWORD_TEST_MAIN(TestSwappedLinks)
#include "tst_swappedlinks.moc"
