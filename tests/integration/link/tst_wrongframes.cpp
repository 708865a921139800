// SPDX-License-Identifier: Apache-2.0
// Frames that are cut, wrong or late, from a server that says exactly these bytes: what the client makes of them, and whom it
// blames.
#include "linkfixture.h"

#include <QTcpServer>
#include <QTcpSocket>
#include <QTimer>

#include <utility>

using namespace LinkTest;

namespace {

const QByteArray kAccepted("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Accept: {accept}\r\n\r\n");

FakeGateway::Step sends(const QByteArray &frames)
{
    FakeGateway::Step step = FakeGateway::garbage(kAccepted + frames);
    step.keepOpen = true;
    return step;
}

QByteArray frame(quint8 first, const QByteArray &payload)
{
    return QByteArray(1, char(first)) + QByteArray(1, char(payload.size())) + payload;
}

} // namespace

class TestWrongFrames : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void closesThatCannotBeRead_data();
    void closesThatCannotBeRead();
    void ourVerdicts_data();
    void ourVerdicts();
    void theServersVerdict();
    void stalledFrame();
    void stalledForEver();
    void factsBeforeTheState();
    void whoAsks();
};

void TestWrongFrames::closesThatCannotBeRead_data()
{
    QTest::addColumn<QByteArray>("payload");
    QTest::addColumn<int>("code"); // Qt tells none of those that can be read
    QTest::newRow("reason cut within a character") << QByteArray::fromHex("03e9c328") << 1001;
    QTest::newRow("reason cut at its end") << QByteArray::fromHex("03e96279e2") << 1001;
    QTest::newRow("1012") << QByteArray::fromHex("03f4") << 1012;
    QTest::newRow("reserved code") << QByteArray::fromHex("03ed") << 1006;
    QTest::newRow("half a code") << QByteArray::fromHex("03") << 1006;
}

// The server went, whatever it wanted to say with it: the client comes back.
void TestWrongFrames::closesThatCannotBeRead()
{
    QFETCH(QByteArray, payload);
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(sends(frame(0x88, payload)));
    Connection connection(nullptr, quickOptions(gateway));
    gateway.onToken = [](const QByteArray &) { return 0; };
    QSignalSpy closed(&connection, &Connection::closed);
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
    QCOMPARE(closed.size(), 0);
    QCOMPARE(failed.size(), 1);
    const ConnectError failure = failed.first().first().value<ConnectError>();
    QFETCH(int, code);
    const bool isQt = engineUnderTest() == Engine::QtWebSockets;
    QCOMPARE(failure.closeCode, isQt ? 1006 : code);
    if (isQt || code != 1012)
        QVERIFY2(failure.closeReason.contains("cannot be read"_L1), qPrintable(failure.toString()));
}

void TestWrongFrames::ourVerdicts_data()
{
    QTest::addColumn<QByteArray>("frames");
    QTest::newRow("text that is no UTF-8") << frame(0x81, "\xc3\x28");
    QTest::newRow("reserved bit") << frame(0xc1, "x");
    QTest::newRow("unknown opcode") << frame(0x83, "x");
    QTest::newRow("continues nothing") << frame(0x80, "x");
    QTest::newRow("fragmented ping") << frame(0x09, "x");
}

// The server did not say that, and the next stream may be right: the client comes back.
void TestWrongFrames::ourVerdicts()
{
    QFETCH(QByteArray, frames);
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(sends(frames));
    gateway.onToken = [](const QByteArray &) { return 0; };
    Connection connection(nullptr, quickOptions(gateway));
    QSignalSpy closed(&connection, &Connection::closed);
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
    QCOMPARE(closed.size(), 0);
    QCOMPARE(failed.size(), 1);
    const ConnectError failure = failed.first().first().value<ConnectError>();
    QCOMPARE(failure.error.code(), ErrorCode::ProtocolViolation);
    QCOMPARE(failure.closeCode, 0);
    QCOMPARE(failure.phase, AttemptPhase::Ready);
    QVERIFY2(failure.error.detail().contains("refused here"_L1), qPrintable(failure.toString()));
    QVERIFY(failure.willRetry);
}

// It found something wrong in what this end sent: to send it again would not help.
void TestWrongFrames::theServersVerdict()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(sends(frame(0x88, QByteArray::fromHex("03ef") + "not UTF-8"))); // 1007
    gateway.onToken = [](const QByteArray &) { return 0; };
    Connection connection(nullptr, quickOptions(gateway));
    QSignalSpy closed(&connection, &Connection::closed);
    connection.open();
    QVERIFY(waitUntil([&] { return closed.size() == 1; }));
    const Error reason = closed.first().first().value<Error>();
    QCOMPARE(reason.code(), ErrorCode::ProtocolViolation);
    QCOMPARE(reason.closeCode(), 1007);
}

// A slow network is no fault of anybody, and the message arrives whole. Qt's own patience would end after five seconds.
void TestWrongFrames::stalledFrame()
{
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    FakeGateway gateway;
    QVERIFY(gateway.listenPlain());
    QTcpSocket *client = nullptr;
    QTcpSocket upstream;
    connect(&server, &QTcpServer::newConnection, &server, [&] {
        client = server.nextPendingConnection();
        upstream.connectToHost(QHostAddress::LocalHost, quint16(gateway.url().port()));
        connect(client, &QIODevice::readyRead, &upstream, [&] { upstream.write(client->readAll()); });
    });
    // Half of the message comes late, and all that the server sends meanwhile behind it.
    int held = 0;
    QByteArray rest;
    connect(&upstream, &QIODevice::readyRead, &server, [&] {
        QByteArray bytes = upstream.readAll();
        if (!rest.isEmpty()) {
            rest += bytes;
            return;
        }
        if (const qsizetype at = bytes.indexOf("[slow]"); at >= 0) {
            rest = bytes.mid(at + 3);
            bytes.truncate(at + 3);
            ++held;
            QTimer::singleShot(5500ms, client, [&] { client->write(std::exchange(rest, {})); });
        }
        client->write(bytes);
    });
    ConnectionOptions options = quickOptions(gateway);
    options.url.setPort(server.serverPort());
    gateway.onToken = [](const QByteArray &) { return 0; };
    Connection connection(nullptr, options);
    QSignalSpy states(&connection, &Connection::stateChanged);
    QSignalSpy texts(&connection, &Connection::textReceived);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    states.clear();
    gateway.peer()->sendText(u"[slow] but whole"_s);
    QVERIFY(waitUntil([&] { return texts.size() == 1; }));
    QCOMPARE(texts.first().first().toString(), u"[slow] but whole"_s);
    QCOMPARE(held, 1);
    QCOMPARE(states.size(), 0);
}

// Silence is what the heartbeat is for, within a message, too.
void TestWrongFrames::stalledForEver()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(sends(frame(0x82, QByteArray(100, 'x')).first(50)));
    gateway.onToken = [](const QByteArray &) { return 0; };
    ConnectionOptions options = quickOptions(gateway);
    options.heartbeat = 200ms;
    options.pongTimeout = 300ms;
    Connection connection(nullptr, options);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    QSignalSpy ready(&connection, &Connection::ready);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
    QCOMPARE(failed.size(), 1);
    QCOMPARE(failed.first().first().value<ConnectError>().error.code(), ErrorCode::Timeout);
}

// Who hears of a state finds its facts.
void TestWrongFrames::factsBeforeTheState()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(FakeGateway::refuse(503, {{"Retry-After", "1"}}));
    gateway.next(FakeGateway::refuse(403));
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QStringList told;
    connect(&connection, &Connection::stateChanged, &connection, [&](State state) {
        told.append(u"%1 %2 attempt %3%4"_s.arg(QVariant::fromValue(state).toString(), connection.lastError().codeName())
                        .arg(connection.attempt())
                        .arg(connection.secondsToRetry() > 0 ? u" soon"_s : QString()));
    });
    connect(&connection, &Connection::lastErrorChanged, &connection, [&] { told.append(u"lastError"_s); });
    connect(&connection, &Connection::nextRetryAtChanged, &connection, [&] { told.append(u"nextRetryAt"_s); });
    connect(&connection, &Connection::attemptChanged, &connection, [&] { told.append(u"attempt"_s); });
    connect(&connection, &Connection::errorOccurred, &connection, [&] { told.append(u"errorOccurred"_s); });
    connect(&connection, &Connection::attemptFailed, &connection, [&] { told.append(u"attemptFailed"_s); });
    QSignalSpy closed(&connection, &Connection::closed);
    connection.open();
    QVERIFY(waitUntil([&] { return closed.size() == 1; }));
    const QStringList expected{u"attempt"_s,
                               u"Connecting Cancelled attempt 1"_s,
                               u"lastError"_s,
                               u"nextRetryAt"_s,
                               u"Waiting TemporarilyUnavailable attempt 1 soon"_s,
                               u"errorOccurred"_s,
                               u"attemptFailed"_s,
                               u"nextRetryAt"_s,
                               u"attempt"_s,
                               u"Connecting TemporarilyUnavailable attempt 2"_s,
                               u"lastError"_s,
                               u"attempt"_s,
                               u"Disconnected Forbidden attempt 0"_s,
                               u"errorOccurred"_s,
                               u"attemptFailed"_s};
    QCOMPARE(told, expected);
}

// Servers and proxies read the same name in their logs, and not that of a browser.
void TestWrongFrames::whoAsks()
{
    QTcpServer proxy;
    QVERIFY(proxy.listen(QHostAddress::LocalHost));
    QByteArray asked;
    connect(&proxy, &QTcpServer::newConnection, &proxy, [&] {
        QTcpSocket *socket = proxy.nextPendingConnection();
        connect(socket, &QIODevice::readyRead, &proxy, [&asked, socket] {
            asked += socket->readAll();
            if (asked.contains("\r\n\r\n"))
                socket->write("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
        });
    });
    FakeGateway gateway;
    gateway.onToken = [](const QByteArray &) { return 0; };
    QVERIFY(gateway.listen());
    ConnectionOptions options = quickOptions(gateway);
    options.userAgent = "Orders/2.1";
    Connection direct(nullptr, options);
    direct.open();
    QVERIFY(waitUntil([&] { return direct.state() == State::Ready; }));
    QCOMPARE(gateway.requests().first().headers.value("user-agent"), QByteArray("Orders/2.1"));
    options.proxy = QNetworkProxy(QNetworkProxy::HttpProxy, u"127.0.0.1"_s, proxy.serverPort());
    Connection through(nullptr, options);
    QSignalSpy failed(&through, &Connection::attemptFailed);
    through.open();
    QVERIFY(waitUntil([&] { return failed.size() >= 1; }));
    // Qt 6.8 writes the names of fields in lower case.
    QVERIFY2(asked.toLower().contains("\r\nuser-agent: orders/2.1\r\n") && !asked.contains("Mozilla"), asked.constData());
}

WATCHWORD_TEST_MAIN(TestWrongFrames)
#include "tst_wrongframes.moc"
