// SPDX-License-Identifier: Apache-2.0
#include "relaypeers.h"
#include "support/testmain.h"

#include <QJsonDocument>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

/*! What happens between the client's request and its 101: the upstream decides with. */
class TestRelayHandshake : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void answersThatAreAccepted_data();
    void answersThatAreAccepted();
    void answersThatAreNot_data();
    void answersThatAreNot();
    void refusals_data();
    void refusals();
    void silentUpstream();
    void subprotocolOfPlainClients();
    void clientThatLeavesMeanwhile();
    void wordBehindThe101();
    void trust_data();
    void trust();

private:
    RawUpstream m_upstream;
    GateFixture m_gate;
};

void TestRelayHandshake::initTestCase()
{
    QVERIFY(m_gate.prepare());
    QVERIFY(m_upstream.listen());
    EndpointConfig &endpoint = m_gate.addEndpoint(u"/raw"_s, EndpointConfig::Service::Upstream);
    endpoint.upstream = m_upstream.url(u"/there?x=1"_s);
    endpoint.subprotocols = QStringList{u"soap"_s, u"mqtt"_s};
    QVERIFY(m_gate.start());
}

void TestRelayHandshake::answersThatAreAccepted_data()
{
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<QByteArray>("connection");
    QTest::newRow("plain") << QByteArray() << QByteArray("Upgrade");
    QTest::newRow("a list") << QByteArray() << QByteArray("keep-alive, upgrade");
    QTest::newRow("two lines") << QByteArray() << QByteArray("keep-alive\r\nConnection: Upgrade");
    QTest::newRow("103 before it") << QByteArray("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") << QByteArray("Upgrade");
    QTest::newRow("100 before it") << QByteArray("HTTP/1.1 100 Continue\r\n\r\n") << QByteArray("Upgrade");
}

void TestRelayHandshake::answersThatAreAccepted()
{
    QFETCH(const QByteArray, before);
    QFETCH(const QByteArray, connection);
    RawClient client(m_gate, "/raw");
    QVERIFY(m_upstream.awaitRequest());
    QVERIFY2(m_upstream.request.startsWith("GET /there?x=1 HTTP/1.1\r\n"), m_upstream.request.constData());
    QCOMPARE(m_upstream.value("Host"), "127.0.0.1:" + QByteArray::number(m_upstream.port()));
    QVERIFY(client.answer.isEmpty()); // not before the upstream has said yes
    m_upstream.accept({}, before, connection);
    QVERIFY(client.isOpen());
    client.send(0x81, "hi");
    QVERIFY(waitUntil([&] { return m_upstream.frames.size() == 1; }));
}

void TestRelayHandshake::answersThatAreNot_data()
{
    QTest::addColumn<QByteArray>("answer");
    const QByteArray head = "HTTP/1.1 101 Switching Protocols\r\n";
    QTest::newRow("no HTTP") << QByteArray("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    QTest::newRow("no key answered") << head + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    QTest::newRow("no upgrade") << head + "Connection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\r\n";
    QTest::newRow("no connection") << head + "Upgrade: websocket\r\nSec-WebSocket-Accept: KEY\r\n\r\n";
    QTest::newRow("an extension") << head
            + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n"
              "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    QTest::newRow("a subprotocol") << head
            + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\nSec-WebSocket-Protocol: x\r\n\r\n";
    QTest::newRow("the end") << QByteArray();
}

void TestRelayHandshake::answersThatAreNot()
{
    QFETCH(QByteArray, answer);
    RawClient client(m_gate, "/raw");
    QVERIFY(m_upstream.awaitRequest());
    const QByteArray key = m_upstream.value("Sec-WebSocket-Key");
    answer.replace("KEY", QByteArray::fromStdString(Wire::acceptValue({key.constData(), size_t(key.size())})));
    if (answer.isEmpty())
        m_upstream.socket->disconnectFromHost();
    else
        m_upstream.write(answer);
    QVERIFY(client.awaitAnswer());
    QCOMPARE(client.status(), 502);
    QVERIFY(waitUntil([&] { return client.isGone; }));
    QVERIFY(waitUntil([&] { return m_upstream.isGone; }));
}

void TestRelayHandshake::refusals_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<int>("plain");
    QTest::addColumn<int>("control");
    QTest::addColumn<QByteArray>("header");
    QTest::newRow("401") << QByteArray("401 No\r\nWWW-Authenticate: Basic realm=\"x\"") << 401 << 403
                         << QByteArray("WWW-Authenticate: Basic realm=\"x\"\r\n");
    QTest::newRow("401 twice") << QByteArray("401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nX: y\r\nwww-authenticate: Other")
                               << 401 << 403 << QByteArray("WWW-Authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: Other\r\n");
    QTest::newRow("403") << QByteArray("403 No") << 403 << 403 << QByteArray();
    QTest::newRow("404") << QByteArray("404 No") << 404 << 404 << QByteArray();
    QTest::newRow("429") << QByteArray("429 No\r\nRetry-After: 17") << 429 << 429 << QByteArray("Retry-After: 17\r\n");
    QTest::newRow("503") << QByteArray("503 No\r\nRetry-After: 17") << 503 << 503 << QByteArray("Retry-After: 17\r\n");
    QTest::newRow("302") << QByteArray("302 No\r\nLocation: /x") << 502 << 502 << QByteArray();
    QTest::newRow("200") << QByteArray("200 Fine") << 502 << 502 << QByteArray();
    QTest::newRow("500") << QByteArray("500 Oh") << 502 << 502 << QByteArray();
}

void TestRelayHandshake::refusals()
{
    QFETCH(const QByteArray, answer);
    QFETCH(const int, plain);
    QFETCH(const int, control);
    QFETCH(const QByteArray, header);
    for (const bool speaksControl : {false, true}) {
        RawClient client(m_gate, "/raw", speaksControl ? "Sec-WebSocket-Protocol: watchword.v1\r\n" : "");
        QVERIFY(m_upstream.awaitRequest());
        m_upstream.write("HTTP/1.1 " + answer + "\r\nContent-Length: 6\r\n\r\nsecret");
        QVERIFY(client.awaitAnswer());
        QCOMPARE(client.status(), speaksControl ? control : plain);
        QVERIFY(waitUntil([&] { return client.isGone; }));
        QVERIFY2(client.answer.contains("\"ref\":\""), client.answer.constData());
        QVERIFY(!client.answer.contains("secret"));
        if (!header.isEmpty() && client.status() == plain)
            QVERIFY2(client.answer.contains(header), client.answer.constData());
    }
}

void TestRelayHandshake::silentUpstream()
{
    RawClient client(m_gate, "/raw");
    QVERIFY(m_upstream.awaitRequest());
    QVERIFY(waitUntil([&] { return !client.answer.isEmpty(); }, 15s)); // the gateway's patience is 10 s
    QCOMPARE(client.status(), 504);
    QVERIFY(waitUntil([&] { return m_upstream.isGone; }));
}

void TestRelayHandshake::subprotocolOfPlainClients()
{
    RawClient client(m_gate, "/raw", "Sec-WebSocket-Protocol: other, mqtt, soap\r\n");
    QVERIFY(m_upstream.awaitRequest());
    QCOMPARE(m_upstream.value("Sec-WebSocket-Protocol"), "mqtt, soap");
    m_upstream.accept("Sec-WebSocket-Protocol: soap\r\n");
    QVERIFY(client.isOpen());
    QVERIFY2(client.answer.contains("Sec-WebSocket-Protocol: soap\r\n"), client.answer.constData());
    // The upstream may choose none.
    RawClient other(m_gate, "/raw", "Sec-WebSocket-Protocol: mqtt\r\n");
    QVERIFY(m_upstream.awaitRequest());
    m_upstream.accept();
    QVERIFY(other.isOpen());
    QVERIFY(!other.answer.contains("Sec-WebSocket-Protocol"));
}

void TestRelayHandshake::clientThatLeavesMeanwhile()
{
    {
        RawClient client(m_gate, "/raw");
        QVERIFY(m_upstream.awaitRequest());
        client.socket().abort();
    }
    m_upstream.accept();
    QVERIFY(waitUntil([&] { return m_upstream.isGone; }));
    QVERIFY(waitUntil([&] { return m_gate.gateway->connectionCount() == 0; }));
    // An upstream that never answers is given up at once, too.
    {
        RawClient client(m_gate, "/raw");
        QVERIFY(m_upstream.awaitRequest());
        client.socket().abort();
    }
    QVERIFY(waitUntil([&] { return m_upstream.isGone; }, 5s));
}

void TestRelayHandshake::wordBehindThe101()
{
    RawClient client(m_gate, "/raw");
    QVERIFY(m_upstream.awaitRequest());
    m_upstream.accept();
    m_upstream.send(0x81, "first word");
    QVERIFY(client.isOpen());
    QVERIFY(waitUntil([&] { return client.frames.size() == 1; }));
    QCOMPARE(client.frames[0].payload, "first word");
}

void TestRelayHandshake::trust_data()
{
    QTest::addColumn<QString>("certificate");
    QTest::addColumn<bool>("knowsAuthority");
    QTest::addColumn<int>("status");
    QTest::newRow("good") << u"server"_s << true << 101;
    QTest::newRow("of an unknown authority") << u"server"_s << false << 502;
    QTest::newRow("of another host") << u"wronghost"_s << true << 502;
    QTest::newRow("expired") << u"expired"_s << true << 502;
}

void TestRelayHandshake::trust()
{
    QFETCH(const QString, certificate);
    QFETCH(const bool, knowsAuthority);
    QFETCH(const int, status);
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    GateFixture gate;
    QVERIFY(gate.prepare());
    Support::ReadyProcess echo;
    echo.setEnvironment(u"TLS_CERT"_s, gate.file(certificate + u".pem"_s));
    echo.setEnvironment(u"TLS_KEY"_s, gate.file(certificate + u".key"_s));
    const auto ready = echo.start(u"node"_s, {Support::peersFolder() + u"/ws-echo.mjs"_s}, u"READY "_s);
    QVERIFY(ready);
    EndpointConfig &endpoint = gate.addEndpoint(u"/secure"_s, EndpointConfig::Service::Upstream);
    endpoint.upstream = QUrl(*ready);
    endpoint.limits.messageBytes = 1024 * 1024;
    endpoint.upstreamCaFile = knowsAuthority ? gate.file(u"ca.pem"_s) : QString();
    QVERIFY(gate.start());
    RawClient client(gate, "/secure");
    QVERIFY(client.awaitAnswer());
    QCOMPARE(client.status(), status);
    if (status != 101)
        return;
    const QByteArray large(300'000, 'x'); // many records
    client.send(0x81, large);
    QByteArray back;
    QVERIFY(waitUntil([&] {
        back.clear();
        for (const RawFrames::Frame &frame : std::as_const(client.frames))
            back += frame.payload;
        return back.size() == large.size();
    }));
    QCOMPARE(back, large);
}

WATCHWORD_TEST_MAIN(TestRelayHandshake)
#include "tst_relayhandshake.moc"
