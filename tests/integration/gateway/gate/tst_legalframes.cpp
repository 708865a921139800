// SPDX-License-Identifier: Apache-2.0
#include "rawclient.h"
#include "support/testmain.h"
#include "watchword/core/tokenprovider.h"
#include "watchword/link/connection.h"

#include <QElapsedTimer>
#include <QProcess>
#include <QTimer>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*!
    What clients may send and Qt's server used to refuse, and what they may not and it used to take: heads, frames,
    compression, and the bounds of a connection, at a gateway with everything real. Bytes are written by hand.
*/
class TestLegalFrames : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void heads_data();
    void heads();
    void frames_data();
    void frames();
    void byteByByte();
    void silenceInsideAMessage();
    void faults_data();
    void faults();
    void boundsOfAConnection();
    void aSlowMessageEnds();
    void limitsOfAReloadReachOpenConnections();
    void compressionIsAgreedOn();
    void compressedMessages();
    void aBombIsNotInflated();
    void npmWsCompresses();
    void clientsOfTheSdkCompress_data();
    void clientsOfTheSdkCompress();

private:
    QByteArray request(const QByteArray &path, const QByteArray &fields = {}) const;

    GateFixture m_gate;
};

namespace {

const QByteArray kOffer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

QByteArray serverFrame(int first, const QByteArray &payload)
{
    return RawClient::frame(first, payload, false);
}

// Raw DEFLATE of one message; Qt frames it with a size, a header of zlib and a checksum.
QByteArray deflated(const QByteArray &text)
{
    const QByteArray whole = qCompress(text);
    return whole.mid(6, whole.size() - 10);
}

} // namespace

QByteArray TestLegalFrames::request(const QByteArray &path, const QByteArray &fields) const
{
    return GateFixture::upgrade(path, m_gate.token(m_gate.claims(u"legal"_s)), fields);
}

void TestLegalFrames::initTestCase()
{
    QVERIFY(m_gate.prepare());
    m_gate.config.heartbeat = 10min; // no ping of ours between the frames, but the first
    for (EndpointConfig &endpoint : m_gate.config.endpoints) {
        endpoint.limits.connectionsPerUser = 0;
        endpoint.limits.messagesPerSecond = 0;
    }
    EndpointConfig &zip = m_gate.addEndpoint(u"/zip"_s, EndpointConfig::Service::Echo);
    zip.compression = EndpointCompression{.smallest = 1};
    zip.limits.messagesPerSecond = 0;
    EndpointConfig &single = m_gate.addEndpoint(u"/zip-single"_s, EndpointConfig::Service::Echo);
    single.compression = EndpointCompression{.keepContext = false, .smallest = 1};
    EndpointConfig &tight = m_gate.addEndpoint(u"/tight"_s, EndpointConfig::Service::Echo);
    tight.limits.fragments = 10;
    tight.limits.controlFramesPerSecond = 20;
    tight.limits.messageTime = 700ms;
    tight.limits.messageBytes = 1000;
    QVERIFY(m_gate.start());
}

void TestLegalFrames::heads_data()
{
    QTest::addColumn<QByteArray>("change");
    QTest::addColumn<QByteArray>("to");
    const QByteArray connection = "Connection: Upgrade\r\n";
    const auto row = [&](const char *name, const QByteArray &to) { QTest::newRow(name) << connection << to; };
    row("a list", "Connection: keep-alive, Upgrade\r\n");
    row("a list the other way round", "Connection: Upgrade, Keep-Alive\r\n");
    row("two lines", "Connection: keep-alive\r\nConnection: Upgrade\r\n");
    row("empty elements", "Connection: , ,upgrade,\r\n");
    row("lower case", "connection: upgrade\r\n");
    row("a line of 16 KiB", connection + "X-Groups: " + QByteArray(16'384 - 10, 'g') + "\r\n");
    row("an extension that we do not have",
        connection + "Sec-WebSocket-Extensions: x-webkit-deflate-frame, bbf-usp-protocol\r\n");
    row("compression where it is off", connection + kOffer);
    QTest::newRow("websocket in capitals") << QByteArray("Upgrade: websocket") << QByteArray("UPGRADE: WebSocket");
    QTest::newRow("an empty line before") << QByteArray("GET ") << QByteArray("\r\nGET ");
}

void TestLegalFrames::heads()
{
    QFETCH(QByteArray, change);
    QFETCH(QByteArray, to);
    QByteArray head = request("/echo");
    QVERIFY(head.contains(change));
    head.replace(head.indexOf(change), change.size(), to);
    RawClient client(m_gate);
    const QByteArray answer = client.upgrade(head);
    QVERIFY2(answer.startsWith("HTTP/1.1 101 "), answer.constData());
    QVERIFY(!answer.contains("Sec-WebSocket-Extensions"));
    client.send(RawClient::frame(0x81, "there"));
    QVERIFY(client.await(serverFrame(0x89, "1") + serverFrame(0x81, "there")));
}

void TestLegalFrames::frames_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("echo");
    const auto f = [](int first, const QByteArray &payload) { return RawClient::frame(first, payload); };
    const QByteArray euro = "a\xe2\x82\xac z";
    QTest::newRow("split inside a character") << f(0x01, euro.first(2)) + f(0x80, euro.mid(2)) << serverFrame(0x81, euro);
    QTest::newRow("a byte a frame") << f(0x01, euro.mid(0, 1)) + f(0x00, euro.mid(1, 1)) + f(0x00, euro.mid(2, 1))
            + f(0x00, euro.mid(3, 1))
            + f(0x80, euro.mid(4)) << serverFrame(0x81, euro);
    QTest::newRow("a ping inside a character")
        << f(0x01, euro.first(2)) + f(0x89, "p") + f(0x80, euro.mid(2)) << serverFrame(0x8a, "p") + serverFrame(0x81, euro);
    QTest::newRow("empty frames between") << f(0x01, {}) + f(0x00, "a") + f(0x00, {}) + f(0x80, {}) << serverFrame(0x81, "a");
    QTest::newRow("an empty text") << f(0x81, {}) << serverFrame(0x81, {});
    QTest::newRow("126 bytes") << f(0x82, QByteArray(126, 'x')) << serverFrame(0x82, QByteArray(126, 'x'));
    QTest::newRow("64 KiB") << f(0x82, QByteArray(65536, 'x')) << serverFrame(0x82, QByteArray(65536, 'x'));
    QTest::newRow("a ping of 125 bytes") << f(0x89, QByteArray(125, 'p')) << serverFrame(0x8a, QByteArray(125, 'p'));
    QTest::newRow("an unasked pong, a ping") << f(0x8a, "x") + f(0x89, {}) << serverFrame(0x8a, {});
    QTest::newRow("code 1012") << f(0x88, QByteArray("\x03\xf4", 2)) << serverFrame(0x88, QByteArray("\x03\xf4", 2));
    QTest::newRow("code 4999") << f(0x88, QByteArray("\x13\x87", 2) + euro) << serverFrame(0x88, QByteArray("\x13\x87", 2));
    QTest::newRow("no code") << f(0x88, {}) << serverFrame(0x88, {});
}

void TestLegalFrames::frames()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, echo);
    RawClient client(m_gate);
    QVERIFY(client.upgrade(request("/echo")).startsWith("HTTP/1.1 101 "));
    QVERIFY(client.await(serverFrame(0x89, "1")));
    client.received.clear();
    client.send(bytes);
    QVERIFY2(client.await(echo), client.received.left(40).toHex(' ').constData());
}

void TestLegalFrames::byteByByte()
{
    RawClient client(m_gate);
    const QByteArray head = request("/echo");
    for (const char byte : head)
        client.send(QByteArray(1, byte));
    QVERIFY(client.upgrade({}).startsWith("HTTP/1.1 101 "));
    QVERIFY(client.await(serverFrame(0x89, "1")));
    client.received.clear();
    const QByteArray frames = RawClient::frame(0x01, "\xe2\x82") + RawClient::frame(0x89, "p") + RawClient::frame(0x80, "\xac");
    for (const char byte : frames)
        client.send(QByteArray(1, byte));
    QVERIFY(client.await(serverFrame(0x8a, "p") + serverFrame(0x81, "\xe2\x82\xac")));
}

void TestLegalFrames::silenceInsideAMessage()
{
    RawClient client(m_gate);
    QVERIFY(client.upgrade(request("/echo")).startsWith("HTTP/1.1 101 "));
    QVERIFY(client.await(serverFrame(0x89, "1")));
    client.received.clear();
    const QByteArray frame = RawClient::frame(0x81, QByteArray(1000, 's'));
    client.send(frame.first(500));
    // Longer than Qt's server waited. Time itself is what is tested.
    bool isOver = false;
    QTimer::singleShot(5500ms, &client.socket(), [&isOver] { isOver = true; });
    QVERIFY(Support::waitUntil([&] { return isOver || client.isClosed; }));
    QVERIFY(!client.isClosed);
    client.send(frame.mid(500));
    QVERIFY(client.await(serverFrame(0x81, QByteArray(1000, 's'))));
}

void TestLegalFrames::faults_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("code");
    const auto f = [](int first, const QByteArray &payload) { return RawClient::frame(first, payload); };
    QTest::newRow("unmasked") << RawClient::frame(0x81, "hi", false) << 1002;
    QTest::newRow("compressed, but nothing was agreed on") << f(0xc1, "hi") << 1002;
    QTest::newRow("a reserved opcode") << f(0x83, "hi") << 1002;
    QTest::newRow("a fragmented ping") << f(0x09, "hi") << 1002;
    QTest::newRow("a ping of 126 bytes") << f(0x89, QByteArray(126, 'p')) << 1002;
    QTest::newRow("nothing to go on with") << f(0x80, "hi") << 1002;
    QTest::newRow("a message inside another") << f(0x01, "a") + f(0x81, "b") << 1002;
    QTest::newRow("no UTF-8") << f(0x81, "\xc3\x28") << 1007;
    QTest::newRow("half a character at the end") << f(0x81, "\xe2\x82") << 1007;
    QTest::newRow("code 1005 sent") << f(0x88, QByteArray("\x03\xed", 2)) << 1002;
    QTest::newRow("a length not in its shortest form") << QByteArray("\x81\xfe\x00\x02\x12\x34\x56\x78hi", 10) << 1002;
    QTest::newRow("1 GiB announced") << QByteArray("\x82\xff\0\0\0\0\x40\0\0\0\x12\x34\x56\x78", 14) << 1009;
}

void TestLegalFrames::faults()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, code);
    RawClient client(m_gate);
    QVERIFY(client.upgrade(request("/echo")).startsWith("HTTP/1.1 101 "));
    client.send(bytes);
    QCOMPARE(client.awaitClose(), code);
    QVERIFY(Support::waitUntil([&] { return client.isClosed; }));
}

void TestLegalFrames::boundsOfAConnection()
{
    RawClient pieces(m_gate);
    QVERIFY(pieces.upgrade(request("/tight")).startsWith("HTTP/1.1 101 "));
    pieces.send(RawClient::frame(0x01, "a") + RawClient::frame(0x00, {}).repeated(10));
    QCOMPARE(pieces.awaitClose(), 1008);
    RawClient pings(m_gate);
    QVERIFY(pings.upgrade(request("/tight")).startsWith("HTTP/1.1 101 "));
    pings.send(RawClient::frame(0x89, "p").repeated(100));
    QCOMPARE(pings.awaitClose(), 1008);
    const QByteArray metrics = m_gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    QVERIFY2(metrics.contains("watchword_sockets_cut_total{bound=\"fragments\"} 1\n"), metrics.constData());
    QVERIFY(metrics.contains("watchword_sockets_cut_total{bound=\"control_frames_per_second\"} 1\n"));
    QVERIFY(metrics.contains("watchword_sockets_cut_total{bound=\"message_bytes\"} "));
    QVERIFY(metrics.contains("watchword_sockets_dropped_total{limit=\"connections_per_address\"} 0\n"));
}

void TestLegalFrames::aSlowMessageEnds()
{
    RawClient client(m_gate);
    QVERIFY(client.upgrade(request("/tight")).startsWith("HTTP/1.1 101 "));
    // Messages that come in time have each their own time.
    QElapsedTimer timer;
    timer.start();
    const QByteArray half = RawClient::frame(0x01, "a");
    const QByteArray rest = RawClient::frame(0x80, "b");
    client.send(half);
    QTimer ticker;
    ticker.setInterval(200ms);
    int ticks = 0;
    QObject::connect(&ticker, &QTimer::timeout, &client.socket(), [&] {
        client.send(rest + half);
        ++ticks;
    });
    ticker.start();
    QVERIFY(Support::waitUntil([&] { return ticks == 6 || client.isClosed; }));
    QVERIFY(!client.isClosed);
    ticker.stop();
    timer.restart();
    QCOMPARE(client.awaitClose(), 1008);
    QVERIFY(timer.elapsed() < 5000);
}

void TestLegalFrames::limitsOfAReloadReachOpenConnections()
{
    RawClient client(m_gate);
    QVERIFY(client.upgrade(request("/tight")).startsWith("HTTP/1.1 101 "));
    QVERIFY(client.await(serverFrame(0x89, "1")));
    client.received.clear();
    GatewayConfig wider = m_gate.config;
    wider.endpoints.last().limits.messageBytes = 1'000'000;
    QVERIFY(m_gate.gateway->reload(wider));
    const QByteArray message(300'000, 'm'); // more than the reactor's own bound was
    client.send(RawClient::frame(0x82, message));
    QVERIFY(client.await(serverFrame(0x82, message)));
    client.received.clear();
    QVERIFY(m_gate.gateway->reload(m_gate.config));
    client.send(RawClient::frame(0x82, message));
    QCOMPARE(client.awaitClose(), 1009);
}

void TestLegalFrames::compressionIsAgreedOn()
{
    RawClient client(m_gate);
    const QByteArray answer = client.upgrade(request("/zip", kOffer));
    QVERIFY2(answer.contains("Sec-WebSocket-Extensions: permessage-deflate"), answer.constData());
    QVERIFY2(answer.contains("server_max_window_bits=12"), answer.constData());
    QVERIFY2(answer.contains("client_max_window_bits=12"), answer.constData());
    RawClient single(m_gate);
    QVERIFY(single.upgrade(request("/zip-single", kOffer)).contains("server_no_context_takeover"));
    RawClient plain(m_gate);
    QVERIFY(!plain.upgrade(request("/zip")).contains("Sec-WebSocket-Extensions"));
    plain.send(RawClient::frame(0x81, "plain"));
    QVERIFY(plain.await(serverFrame(0x89, "1") + serverFrame(0x81, "plain")));
    RawClient wrong(m_gate);
    const QByteArray refused = wrong.upgrade(request("/zip", "Sec-WebSocket-Extensions: permessage-deflate; unknown=1\r\n"));
    QVERIFY(refused.startsWith("HTTP/1.1 101 ") && !refused.contains("Sec-WebSocket-Extensions"));
}

void TestLegalFrames::compressedMessages()
{
    RawClient client(m_gate);
    QVERIFY(client.upgrade(request("/zip", kOffer)).startsWith("HTTP/1.1 101 "));
    QVERIFY(client.await(serverFrame(0x89, "1")));
    client.received.clear();
    // RFC 7692 sections 7.2.3.1 and 7.2.3.2: "Hello" twice, the second time out of the window; then in two frames.
    const QByteArray hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
    const QByteArray again("\xf2\x00\x11\x00\x00", 5);
    client.send(RawClient::frame(0xc1, hello) + RawClient::frame(0xc1, again) + RawClient::frame(0x41, again.first(2))
                + RawClient::frame(0x80, again.mid(2)) + RawClient::frame(0x81, "plain"));
    QVERIFY(Support::waitUntil([&] { return client.received.count('\xc1') >= 4 || client.isClosed; }));
    QVERIFY2(client.received.startsWith(serverFrame(0xc1, hello)), client.received.toHex(' ').constData());
    client.send(RawClient::frame(0xc1, "\xff\xff\xff\xff"));
    QCOMPARE(client.awaitClose(), 1007);
}

void TestLegalFrames::aBombIsNotInflated()
{
    const QByteArray bomb = deflated(QByteArray(64 * 1024 * 1024, '\0'));
    QVERIFY(bomb.size() < 70'000);
    RawClient client(m_gate);
    QVERIFY(client.upgrade(request("/zip", kOffer)).startsWith("HTTP/1.1 101 "));
    QVERIFY(client.await(serverFrame(0x89, "1")));
    client.send(RawClient::frame(0xc2, bomb));
    QCOMPARE(client.awaitClose(), 1009);
}

void TestLegalFrames::npmWsCompresses()
{
    const QString folder = Support::peersFolder();
    REQUIRE_COMPONENT(!folder.isEmpty(), "the npm packages of tests/peers");
    for (const QString &path : {u"/zip"_s, u"/zip-single"_s}) {
        QProcess program;
        program.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        program.start(u"node"_s,
                      {folder + u"/ws-deflate.mjs"_s, u"wss://localhost:%1%2"_s.arg(m_gate.gateway->port()).arg(path),
                       m_gate.file(u"ca.pem"_s), QString::fromLatin1(m_gate.token(m_gate.claims(u"npm"_s)))});
        QVERIFY(Support::waitUntil([&] { return program.state() == QProcess::NotRunning; }));
        QCOMPARE(program.readAllStandardOutput().trimmed(), QByteArray("OK"));
    }
}

void TestLegalFrames::clientsOfTheSdkCompress_data()
{
    QTest::addColumn<QString>("path");
    QTest::newRow("with its context") << u"/zip"_s;
    QTest::newRow("message by message") << u"/zip-single"_s;
    QTest::newRow("not at this endpoint") << u"/echo"_s;
}

void TestLegalFrames::clientsOfTheSdkCompress()
{
    QFETCH(QString, path);
    AccessToken token;
    token.value = Secret::copy(m_gate.token(m_gate.claims(u"sdk"_s)));
    FixedTokenProvider tokens(token);
    ConnectionOptions options;
    options.url = QUrl(m_gate.gateway->url().toString() + path);
    options.additionalCertificateAuthorities = QSslCertificate::fromPath(m_gate.file(u"ca.pem"_s));
    options.compression.offered = true;
    options.compression.smallest = 1;
    Connection connection(&tokens, options);
    QStringList texts;
    connect(&connection, &Connection::textReceived, this, [&texts](const QString &text) { texts.append(text); });
    connection.open();
    QVERIFY(Support::waitUntil([&] { return connection.state() == Connection::State::Ready; }));
    QStringList sent;
    for (const int size : {0, 1, 63, 64, 1000, 50'000}) {
        sent.append(u"{\"order\":\"\u20ac\"} "_s.repeated(1 + size / 10).left(size));
        QVERIFY(connection.sendText(sent.last()));
        QVERIFY(connection.sendText(sent.last()));
        sent.append(sent.last());
    }
    QVERIFY(Support::waitUntil([&] { return texts.size() == sent.size(); }));
    QCOMPARE(texts, sent);
}

WATCHWORD_TEST_MAIN(TestLegalFrames)
#include "tst_legalframes.moc"
