// SPDX-License-Identifier: Apache-2.0
#include "relaypeers.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

/*! Plain HTTP beside WebSocket at the same path. */
class TestHttpRelay : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void passesARequestAndItsAnswer();
    void answerPassesBeforeItsEnd();
    void bodiesOfRequests_data();
    void bodiesOfRequests();
    void continues();
    void bodiesThatAreTooLarge_data();
    void bodiesThatAreTooLarge();
    void answersWithoutABody_data();
    void answersWithoutABody();
    void nextRequestOnTheSameConnection();
    void answerUpToTheEnd();
    void badAnswers_data();
    void badAnswers();
    void brokenAnswerIsNotWhole();
    void clientThatLeaves();
    void upgradeAtTheSamePath();
    void refusals_data();
    void refusals();
    void brakesBothSides();

private:
    QByteArray request(const QByteArray &line, const QByteArray &fields = {}, const QByteArray &body = {}) const;

    RawUpstream m_upstream;
    GateFixture m_gate;
};

QByteArray TestHttpRelay::request(const QByteArray &line, const QByteArray &fields, const QByteArray &body) const
{
    return line + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + m_gate.token() + "\r\n" + fields + "\r\n" + body;
}

void TestHttpRelay::initTestCase()
{
    QVERIFY(m_gate.prepare());
    QVERIFY(m_upstream.listen());
    EndpointConfig &endpoint = m_gate.addEndpoint(u"/app"_s, EndpointConfig::Service::Upstream);
    endpoint.upstream = m_upstream.url(u"/base"_s);
    endpoint.isPrefix = true;
    endpoint.passHttp = true;
    endpoint.passCookies = QStringList{u"theme"_s};
    endpoint.limits.messageBytes = 1024;
    EndpointConfig &large = m_gate.addEndpoint(u"/large"_s, EndpointConfig::Service::Upstream);
    large.upstream = m_upstream.url();
    large.passHttp = true;
    large.limits.messageBytes = 0;
    EndpointConfig &closed = m_gate.addEndpoint(u"/closed"_s, EndpointConfig::Service::Upstream);
    closed.upstream = m_upstream.url();
    QVERIFY(m_gate.start());
}

void TestHttpRelay::passesARequestAndItsAnswer()
{
    RawClient client(
        m_gate,
        RawClient::Head{
            request("GET /app/poll?t=1", "Accept: text/plain\r\nX-Other: 1\r\nCookie: a=b; theme=x\r\nConnection: close\r\n")});
    QVERIFY(m_upstream.awaitRequest());
    QVERIFY2(m_upstream.request.startsWith("GET /base/poll?t=1 HTTP/1.1\r\n"), m_upstream.request.constData());
    QCOMPARE(m_upstream.value("X-Watchword-Subject"), "ada");
    QCOMPARE(m_upstream.value("Accept"), "text/plain");
    QCOMPARE(m_upstream.value("Cookie"), "theme=x");
    QCOMPARE(m_upstream.value("Connection"), "close");
    QVERIFY(m_upstream.value("X-Other").isNull() && m_upstream.value("Authorization").isNull());
    m_upstream.write(
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        "HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-Thing: 1\r\nX-Hop: 2\r\nConnection: X-Hop, keep-alive\r\n\r\nhello");
    QVERIFY(waitUntil([&] { return client.isGone; }));
    QVERIFY2(client.answer.startsWith("HTTP/1.1 200 Fine\r\n"), client.answer.constData());
    QVERIFY(client.answer.endsWith("\r\n\r\nhello"));
    QVERIFY(client.answer.contains("X-Thing: 1\r\n") && client.answer.contains("Connection: close\r\n"));
    QVERIFY(!client.answer.contains("X-Hop"));
    QVERIFY(waitUntil([&] { return m_upstream.isGone; }));
}

void TestHttpRelay::answerPassesBeforeItsEnd()
{
    RawClient client(m_gate, RawClient::Head{request("GET /app/stream")});
    QVERIFY(m_upstream.awaitRequest());
    m_upstream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    QVERIFY(waitUntil([&] { return client.answer.endsWith("3\r\none\r\n"); }));
    m_upstream.write("3\r\ntwo\r\n0\r\n\r\n");
    QVERIFY(waitUntil([&] { return client.answer.endsWith("3\r\ntwo\r\n0\r\n\r\n"); }));
    QVERIFY(client.answer.contains("Connection: keep-alive\r\n"));
}

void TestHttpRelay::bodiesOfRequests_data()
{
    QTest::addColumn<QByteArray>("fields");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("arrives");
    const QByteArray chunked = "Transfer-Encoding: chunked\r\nContent-Type: a/b\r\n";
    const QByteArray chunks = "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    QTest::newRow("length") << QByteArray("Content-Length: 5\r\nContent-Type: a/b\r\n") << QByteArray("hello")
                            << QByteArray("hello");
    QTest::newRow("chunks") << chunked << chunks << chunks;
    QTest::newRow("extensions") << chunked << QByteArray("2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n") << chunks;
    QTest::newRow("trailers") << chunked << QByteArray("2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Watchword-Subject: root\r\nA: b\r\n\r\n")
                              << chunks;
    QTest::newRow("another case") << QByteArray("transfer-encoding: Chunked\r\nContent-Type: a/b\r\n") << chunks << chunks;
    QTest::newRow("empty") << QByteArray("Content-Length: 0\r\nContent-Type: a/b\r\n") << QByteArray() << QByteArray();
}

void TestHttpRelay::bodiesOfRequests()
{
    QFETCH(const QByteArray, fields);
    QFETCH(const QByteArray, body);
    QFETCH(const QByteArray, arrives);
    RawClient client(m_gate, RawClient::Head{request("POST /app/x", fields, body.left(4))});
    QVERIFY(m_upstream.awaitRequest());
    QCOMPARE(m_upstream.value("Content-Type"), "a/b");
    QVERIFY(waitUntil([&] { return m_upstream.bytes.size() == body.left(4).size(); })); // before the rest is there
    client.write(body.mid(4));
    QVERIFY(waitUntil([&] { return m_upstream.bytes == arrives; }));
    m_upstream.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    QVERIFY(waitUntil([&] { return client.answer.endsWith("ok"); }));
}

void TestHttpRelay::continues()
{
    RawClient client(m_gate, RawClient::Head{request("PUT /app/x", "Content-Length: 3\r\nExpect: 100-continue\r\n")});
    QVERIFY(client.awaitAnswer());
    QVERIFY2(client.answer.startsWith("HTTP/1.1 100 "), client.answer.constData());
    QVERIFY(m_upstream.awaitRequest());
    QVERIFY(m_upstream.value("Expect").isNull());
    client.write("abc");
    QVERIFY(waitUntil([&] { return m_upstream.bytes == "abc"; }));
}

void TestHttpRelay::bodiesThatAreTooLarge_data()
{
    QTest::addColumn<QByteArray>("fields");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("status");
    QTest::newRow("announced") << QByteArray("Content-Length: 1025\r\n") << QByteArray() << 413;
    QTest::newRow("chunks") << QByteArray("Transfer-Encoding: chunked\r\n") << "800\r\n" + QByteArray(0x800, 'a') << 413;
    QTest::newRow("no chunks") << QByteArray("Transfer-Encoding: chunked\r\n") << QByteArray("xyz\r\n") << 400;
    QTest::newRow("two lengths") << QByteArray("Content-Length: 1\r\nContent-Length: 2\r\n") << QByteArray("a") << 400;
    // RFC 9112 sections 6.1 and 7.1: what the next one could read in another way.
    for (const char *coding :
         {"xchunked", "identity", "chunked, identity", "gzip, chunked", "chunked, chunked", "chunked;q=1", "\"chunked\"", ""})
        QTest::newRow(coding) << "Transfer-Encoding: " + QByteArray(coding) + "\r\n" << QByteArray("1\r\na\r\n0\r\n\r\n") << 400;
    QTest::newRow("two codings") << QByteArray("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")
                                 << QByteArray("1\r\na\r\n0\r\n\r\n") << 400;
    for (const char *chunks :
         {"1\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "1\r\na\r\n0\n\n", "1\r\na\r\n0\r\nA: b\n\r\n", " 1\r\na\r\n", "0x1\r\na\r\n",
          "1 \r\na\r\n", "+1\r\na\r\n", "-1\r\na\r\n", "\r\n", "1;a\nb\r\na\r\n", "1\r\nab\r\n", "ffffffffffffffff\r\n"})
        QTest::newRow(QTest::toPrettyCString(chunks, int(strlen(chunks))))
            << QByteArray("Transfer-Encoding: chunked\r\n") << QByteArray(chunks) << 400;
    QTest::newRow("length and chunks") << QByteArray("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") << QByteArray("a")
                                       << 400;
}

void TestHttpRelay::bodiesThatAreTooLarge()
{
    QFETCH(const QByteArray, fields);
    QFETCH(const QByteArray, body);
    QFETCH(const int, status);
    RawClient client(m_gate, RawClient::Head{request("POST /app/x", fields, body)});
    QVERIFY(client.awaitAnswer());
    QCOMPARE(client.status(), status);
    QVERIFY(waitUntil([&] { return client.isGone; }));
    m_upstream.forget();
}

void TestHttpRelay::answersWithoutABody_data()
{
    QTest::addColumn<QByteArray>("method");
    QTest::addColumn<QByteArray>("answer");
    QTest::newRow("HEAD") << QByteArray("HEAD") << QByteArray("200 OK\r\nContent-Length: 5");
    QTest::newRow("204") << QByteArray("GET") << QByteArray("204 No Content");
    QTest::newRow("304") << QByteArray("GET") << QByteArray("304 Not Modified\r\nContent-Length: 5");
    QTest::newRow("length 0") << QByteArray("GET") << QByteArray("200 OK\r\nContent-Length: 0");
}

void TestHttpRelay::answersWithoutABody()
{
    QFETCH(const QByteArray, method);
    QFETCH(const QByteArray, answer);
    RawClient client(m_gate, RawClient::Head{request(method + " /app/x", "Connection: close\r\n")});
    QVERIFY(m_upstream.awaitRequest());
    m_upstream.write("HTTP/1.1 " + answer + "\r\n\r\n");
    QVERIFY(waitUntil([&] { return client.isGone; }));
    QVERIFY2(client.answer.startsWith("HTTP/1.1 " + answer.left(3)), client.answer.constData());
    QVERIFY(client.answer.endsWith("\r\n\r\n"));
}

void TestHttpRelay::nextRequestOnTheSameConnection()
{
    // Two at once: the second waits for the first.
    RawClient client(m_gate, RawClient::Head{request("GET /app/1") + request("GET /app/2")});
    for (const char *name : {"1", "2"}) {
        QVERIFY(m_upstream.awaitRequest());
        QVERIFY(m_upstream.request.startsWith("GET /base/" + QByteArray(name)));
        m_upstream.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n(" + QByteArray(name) + ")");
        QVERIFY(waitUntil([&] { return client.answer.endsWith("(" + QByteArray(name) + ")"); }));
    }
    // And one that is not allowed is judged like the first.
    client.write("GET /app/3 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    QVERIFY(waitUntil([&] { return client.isGone; }));
    QVERIFY(client.answer.contains("HTTP/1.1 401 "));
}

void TestHttpRelay::answerUpToTheEnd()
{
    RawClient client(m_gate, RawClient::Head{request("GET /app/x")});
    QVERIFY(m_upstream.awaitRequest());
    m_upstream.write("HTTP/1.0 200 OK\r\n\r\nall of it");
    m_upstream.socket->disconnectFromHost();
    QVERIFY(waitUntil([&] { return client.isGone; }));
    QVERIFY2(client.answer.endsWith("all of it"), client.answer.constData());
    QVERIFY(client.answer.contains("Connection: close\r\n"));
}

void TestHttpRelay::badAnswers_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::newRow("no HTTP") << QByteArray("hello\r\n\r\n");
    QTest::newRow("101") << QByteArray("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    QTest::newRow("two lengths") << QByteArray("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na");
    QTest::newRow("the end") << QByteArray();
}

void TestHttpRelay::badAnswers()
{
    QFETCH(const QByteArray, answer);
    RawClient client(m_gate, RawClient::Head{request("GET /app/x")});
    QVERIFY(m_upstream.awaitRequest());
    if (answer.isEmpty())
        m_upstream.socket->disconnectFromHost();
    else
        m_upstream.write(answer);
    QVERIFY(waitUntil([&] { return client.isGone; }));
    QCOMPARE(client.status(), 502);
}

void TestHttpRelay::brokenAnswerIsNotWhole()
{
    RawClient client(m_gate, RawClient::Head{request("GET /app/x")});
    QVERIFY(m_upstream.awaitRequest());
    m_upstream.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    QVERIFY(waitUntil([&] { return client.answer.endsWith("half"); }));
    m_upstream.socket->abort();
    QVERIFY(waitUntil([&] { return client.isGone; }));
    QVERIFY(client.answer.endsWith("half"));
}

void TestHttpRelay::clientThatLeaves()
{
    {
        RawClient client(m_gate, RawClient::Head{request("GET /app/longpoll")});
        QVERIFY(m_upstream.awaitRequest());
        client.socket().abort();
    }
    QVERIFY(waitUntil([&] { return m_upstream.isGone; }));
}

void TestHttpRelay::upgradeAtTheSamePath()
{
    RawClient client(m_gate, "/app/socket");
    QVERIFY(m_upstream.awaitRequest());
    QVERIFY(m_upstream.request.startsWith("GET /base/socket HTTP/1.1\r\n"));
    m_upstream.accept();
    QVERIFY(client.isOpen());
}

void TestHttpRelay::refusals_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QByteArray>("fields");
    QTest::addColumn<bool>("hasToken");
    QTest::addColumn<int>("status");
    QTest::newRow("no token") << QByteArray("GET /app/x") << QByteArray() << false << 401;
    QTest::newRow("foreign Origin") << QByteArray("GET /app/x") << QByteArray("Origin: https://evil.test\r\n") << true << 403;
    QTest::newRow("TRACE") << QByteArray("TRACE /app/x") << QByteArray() << true << 405;
    QTest::newRow("dots") << QByteArray("GET /app/../x") << QByteArray() << true << 400;
    QTest::newRow("not asked for") << QByteArray("GET /closed") << QByteArray() << true << 426;
    QTest::newRow("broken upgrade") << QByteArray("GET /app/x") << QByteArray("Upgrade: websocket\r\n") << true << 426;
}

void TestHttpRelay::refusals()
{
    QFETCH(const QByteArray, line);
    QFETCH(const QByteArray, fields);
    QFETCH(const bool, hasToken);
    QFETCH(const int, status);
    const int before = m_upstream.connections;
    const QByteArray head = hasToken ? request(line, fields) : line + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
    RawClient client(m_gate, RawClient::Head{head});
    QVERIFY(client.awaitAnswer());
    QCOMPARE(client.status(), status);
    QCOMPARE(m_upstream.connections, before);
}

// Far more than the gateway may hold for either side, to an upstream and a client that read late.
void TestHttpRelay::brakesBothSides()
{
    constexpr qsizetype kSize = 24 * 1024 * 1024;
    const QByteArray length = "Content-Length: " + QByteArray::number(kSize) + "\r\n";
    RawClient client(m_gate, RawClient::Head{request("POST /large", length)});
    QVERIFY(m_upstream.awaitRequest());
    m_upstream.socket->setReadBufferSize(64 * 1024);
    client.write(QByteArray(kSize, 'a'));
    QVERIFY(waitUntil([&] { return m_upstream.bytes.size() == kSize; }, 60s));
    client.socket().setReadBufferSize(64 * 1024);
    m_upstream.write("HTTP/1.1 200 OK\r\n" + length + "\r\n" + QByteArray(kSize, 'b'));
    QVERIFY(waitUntil([&] { return client.answer.count('b') >= kSize; }, 60s));
}

WATCHWORD_TEST_MAIN(TestHttpRelay)
#include "tst_httprelay.moc"
