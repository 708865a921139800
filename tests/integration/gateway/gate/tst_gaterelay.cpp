// SPDX-License-Identifier: Apache-2.0
#include "gatefixture.h"
#include "socketlog.h"
#include "support/testmain.h"
#include "watchword/core/frame.h"

#include <QElapsedTimer>
#include <QJsonDocument>
#include <QProcess>
#include <QTcpServer>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! The relay against an upstream that nobody here wrote: npm ws. */
class TestRelay : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void passesMessagesBothWays();
    void betweenPythonAndNode();
    void earlyMessagesAreNotLost();
    void acknowledgesWhatTheUpstreamGot();
    void repeatedMessageReachesTheUpstreamOnce();
    void setsIdentityAndStripsTheClients();
    void passesCloseCodesOn();
    void largeEchoIsBrakedNotCut();
    void queueAboveItsBoundIsBrakedNotCut();
    void unreachableUpstreamIs502();
    void killedUpstreamIs1014();
    void answersComeBeforeThePlannedEnd();

private:
    QUrl startEcho(Support::ReadyProcess &process, bool echoesHeaders = false);

    Support::ReadyProcess m_echo;
    Support::ReadyProcess m_headers;
    Support::ReadyProcess m_doomed;
    GateFixture m_gate;
};

QUrl TestRelay::startEcho(Support::ReadyProcess &process, bool echoesHeaders)
{
    if (echoesHeaders)
        process.setEnvironment(u"ECHO_HEADERS"_s, u"1"_s);
    const auto ready = process.start(u"node"_s, {Support::peersFolder() + u"/ws-echo.mjs"_s}, u"READY "_s);
    return QUrl(ready.value_or(QString()));
}

void TestRelay::initTestCase()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    QVERIFY(m_gate.prepare());
    const auto relay = [this](const QString &path, const QUrl &upstream, qint64 queueBytes = 4 * 1024 * 1024) {
        EndpointConfig &endpoint = m_gate.addEndpoint(path, EndpointConfig::Service::Upstream);
        endpoint.upstream = upstream;
        endpoint.limits.messagesPerSecond = 0;
        endpoint.limits.bytesPerSecond = 0;
        endpoint.limits.messageBytes = 4 * 1024 * 1024;
        endpoint.limits.queueBytes = queueBytes;
        return upstream.isValid();
    };
    QVERIFY(relay(u"/relay"_s, startEcho(m_echo)));
    const QUrl echo = m_gate.config.endpoints.last().upstream;
    QVERIFY(relay(u"/narrow"_s, echo, 1));
    QVERIFY(relay(u"/headers"_s, startEcho(m_headers, true)));
    QVERIFY(relay(u"/doomed"_s, startEcho(m_doomed)));
    QTcpServer free;
    QVERIFY(free.listen(QHostAddress(QHostAddress::LocalHost)));
    QVERIFY(relay(u"/absent"_s, QUrl(u"ws://127.0.0.1:%1"_s.arg(free.serverPort()))));
    free.close();
    QVERIFY(m_gate.start());
}

void TestRelay::passesMessagesBothWays()
{
    const auto socket = m_gate.client(u"/relay"_s, m_gate.token());
    QStringList texts;
    QList<QByteArray> binaries;
    connect(socket.get(), &QWebSocket::textMessageReceived, this, [&](const QString &t) { texts += t; });
    connect(socket.get(), &QWebSocket::binaryMessageReceived, this, [&](const QByteArray &b) { binaries += b; });
    QVERIFY(Support::waitUntil([&] { return !texts.isEmpty(); }));
    texts.clear(); // the hello
    const QString special = u"gr\u00fc\u00df dich \U0001f600"_s;
    socket->sendTextMessage(special);
    socket->sendTextMessage(QString());
    socket->sendTextMessage(Frame::escape(u"\x1e{\"t\":\"ping\"}"_s)); // an application's own text
    socket->sendBinaryMessage(QByteArray("\x1e\0\xff", 3));
    QVERIFY(Support::waitUntil([&] { return texts.size() == 3 && binaries.size() == 1; }));
    QCOMPARE(texts, QStringList({special, QString(), u"\x1e\x1e{\"t\":\"ping\"}"_s}));
    QCOMPARE(binaries.first(), QByteArray("\x1e\0\xff", 3));
}

// Both with their default options: fragments, pings of both, every length, 2,000 messages in flight, a close code.
void TestRelay::betweenPythonAndNode()
{
    QProcess check;
    check.start(u"/usr/bin/python3"_s, {u"-c"_s, u"import websockets"_s});
    REQUIRE_COMPONENT(check.waitForFinished() && check.exitCode() == 0, "python3-websockets");
    QProcess program;
    program.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    program.start(u"/usr/bin/python3"_s,
                  {QStringLiteral(WATCHWORD_SOURCE_DIR) + u"/tests/peers/websockets-client.py"_s,
                   u"wss://localhost:%1/relay"_s.arg(m_gate.gateway->port()), m_gate.file(u"ca.pem"_s),
                   QString::fromLatin1(m_gate.token())});
    // The gateway lives in this thread's event loop, too.
    QVERIFY(Support::waitUntil([&] { return program.state() == QProcess::NotRunning; }, 60s));
    QCOMPARE(program.readAllStandardOutput().trimmed(), QByteArray("OK"));
}

void TestRelay::earlyMessagesAreNotLost()
{
    // Sent in the turn in which the client is connected, when the upstream cannot be yet.
    const auto socket = m_gate.client(u"/relay"_s, m_gate.token(), false);
    QStringList texts;
    connect(socket.get(), &QWebSocket::textMessageReceived, this, [&](const QString &t) { texts += t; });
    connect(socket.get(), &QWebSocket::connected, this, [&] {
        for (int i = 0; i < 200; ++i)
            socket->sendTextMessage(QString::number(i));
    });
    QVERIFY(Support::waitUntil([&] { return texts.size() == 200; }));
    for (int i = 0; i < 200; ++i)
        QCOMPARE(texts.at(i), QString::number(i));
}

void TestRelay::acknowledgesWhatTheUpstreamGot()
{
    const auto socket = m_gate.client(u"/relay"_s, m_gate.token());
    QStringList texts;
    connect(socket.get(), &QWebSocket::textMessageReceived, this, [&](const QString &t) { texts += t; });
    connect(socket.get(), &QWebSocket::connected, this, [&] {
        socket->sendTextMessage(Frame(u"msg"_s, {{u"id"_s, u"m1"_s}}, "payload").toText());
    });
    QVERIFY(Support::waitUntil([&] { return texts.contains(u"payload"_s) && texts.size() == 3; }));
    QCOMPARE(texts.filter(u"\"t\":\"ack\""_s).size(), 1);

    const auto absent = m_gate.client(u"/absent"_s, m_gate.token());
    QStringList others;
    bool isClosed = false;
    connect(absent.get(), &QWebSocket::textMessageReceived, this, [&](const QString &t) { others += t; });
    connect(absent.get(), &QWebSocket::disconnected, this, [&] { isClosed = true; });
    connect(absent.get(), &QWebSocket::connected, this, [&] {
        absent->sendTextMessage(Frame(u"msg"_s, {{u"id"_s, u"m2"_s}}, "lost").toText());
    });
    QVERIFY(Support::waitUntil([&] { return isClosed; }));
    QVERIFY(others.filter(u"\"t\":\"ack\""_s).isEmpty());
}

void TestRelay::repeatedMessageReachesTheUpstreamOnce()
{
    const QString message = Frame(u"msg"_s, {{u"id"_s, u"twice"_s}}, "payload").toText();
    const auto acks = [](const QStringList &texts) { return texts.filter(u"\"t\":\"ack\""_s).size(); };
    for (int connection = 0; connection < 2; ++connection) {
        const auto socket = m_gate.client(u"/relay"_s, m_gate.token(m_gate.claims(u"eve"_s)));
        QStringList texts;
        connect(socket.get(), &QWebSocket::textMessageReceived, this, [&](const QString &t) { texts += t; });
        connect(socket.get(), &QWebSocket::connected, this, [&] {
            socket->sendTextMessage(message);
            socket->sendTextMessage(u"behind"_s);
        });
        // The echo keeps the order: what stands before "behind" is all that came.
        QVERIFY(Support::waitUntil([&] { return texts.contains(u"behind"_s) && acks(texts) == 1; }));
        QCOMPARE(texts.count(u"payload"_s), connection == 0 ? 1 : 0);
    }
}

void TestRelay::setsIdentityAndStripsTheClients()
{
    QWebSocket socket(u"https://app.example.com"_s);
    socket.setSslConfiguration(m_gate.clientTls());
    QNetworkRequest request(QUrl(m_gate.gateway->url().toString() + u"/headers?a=b"_s));
    QJsonObject claims = m_gate.claims(u"ada\r\nX-Evil: yes"_s);
    claims.insert(u"client_id"_s, u"desk"_s);
    request.setRawHeader("Authorization", "Bearer " + m_gate.token(claims));
    request.setRawHeader("X-Watchword-Subject", "root");
    request.setRawHeader("X-Forwarded-For", "203.0.113.5");
    request.setRawHeader("Cookie", "session=secret");
    socket.open(request);
    QString first;
    connect(&socket, &QWebSocket::textMessageReceived, this, [&](const QString &t) {
        if (first.isEmpty())
            first = t;
    });
    connect(&socket, &QWebSocket::connected, this, [&] { socket.sendTextMessage(u"x"_s); });
    QVERIFY(Support::waitUntil([&] { return !first.isEmpty(); }));
    QVERIFY2(first.contains("a=b"_L1), qPrintable(first));
    const QJsonObject headers = QJsonDocument::fromJson(first.toUtf8()).object().value("headers"_L1).toObject();
    QCOMPARE(headers.value("x-watchword-subject"_L1).toString(), u"ada%0D%0AX-Evil: yes"_s);
    QCOMPARE(headers.value("x-watchword-client"_L1).toString(), u"desk"_s);
    QCOMPARE(headers.value("x-watchword-scopes"_L1).toString(), u"use more"_s);
    QCOMPARE(headers.value("x-forwarded-for"_L1).toString(), u"127.0.0.1"_s);
    QCOMPARE(headers.value("x-forwarded-proto"_L1).toString(), u"https"_s);
    QVERIFY(!headers.contains("x-evil"_L1));
    QVERIFY(!headers.contains("cookie"_L1));
    QVERIFY(!headers.contains("authorization"_L1));
}

void TestRelay::passesCloseCodesOn()
{
    const auto socket = m_gate.client(u"/relay"_s, m_gate.token(), false);
    bool isClosed = false;
    connect(socket.get(), &QWebSocket::disconnected, this, [&] { isClosed = true; });
    connect(socket.get(), &QWebSocket::connected, this, [&] { socket->sendTextMessage(u"close 3777 enough"_s); });
    QVERIFY(Support::waitUntil([&] { return isClosed; }));
    QCOMPARE(int(socket->closeCode()), 3777);
    QCOMPARE(socket->closeReason(), u"enough"_s);
}

void TestRelay::largeEchoIsBrakedNotCut()
{
    // Far more than the gateway may hold for either side.
    constexpr int kMessages = 64;
    const auto socket = m_gate.client(u"/relay"_s, m_gate.token(), false);
    int received = 0;
    bool isClosed = false;
    connect(socket.get(), &QWebSocket::binaryMessageReceived, this, [&](const QByteArray &b) {
        if (b.size() == 1024 * 1024)
            ++received;
    });
    connect(socket.get(), &QWebSocket::disconnected, this, [&] { isClosed = true; });
    connect(socket.get(), &QWebSocket::connected, this, [&] {
        const QByteArray block(1024 * 1024, 'b');
        for (int i = 0; i < kMessages; ++i)
            socket->sendBinaryMessage(block);
    });
    // A loaded machine may be slow; what counts is that it never stops.
    while (received < kMessages && !isClosed) {
        const int last = received;
        QVERIFY2(Support::waitUntil([&] { return received > last || isClosed; }, 20s),
                 qPrintable(u"nothing came for 20 s after %1 messages"_s.arg(received)));
    }
    QVERIFY2(!isClosed, qPrintable(u"closed with %1: %2"_s.arg(int(socket->closeCode())).arg(socket->closeReason())));
    QCOMPARE(received, kMessages);
}

// The gateway looks at the queues once a second: whatever it then finds in this one is more than the endpoint's bound.
void TestRelay::queueAboveItsBoundIsBrakedNotCut()
{
    const auto socket = m_gate.client(u"/narrow"_s, m_gate.token(), false);
    SocketLog log(*socket);
    const QByteArray block(1024 * 1024, 'b');
    int sent = 0;
    int received = 0;
    QElapsedTimer since;
    const auto send = [&] {
        ++sent;
        socket->sendBinaryMessage(block);
    };
    connect(socket.get(), &QWebSocket::connected, this, [&] {
        since.start();
        for (int i = 0; i < 16; ++i)
            send();
    });
    connect(socket.get(), &QWebSocket::binaryMessageReceived, this, [&](const QByteArray &data) {
        received += data.size() == block.size() ? 1 : 0;
        if (!since.hasExpired(3000))
            send();
    });
    const auto isDone = [&] { return received == sent && since.isValid() && since.hasExpired(3000); };
    QVERIFY(Support::waitUntil([&] { return isDone() || log.closed; }, 60s));
    QVERIFY2(!log.closed, qPrintable(u"closed with %1 after %2 of %3"_s.arg(int(socket->closeCode())).arg(received).arg(sent)));
}

void TestRelay::unreachableUpstreamIs502()
{
    const QByteArray answer = m_gate.exchange(GateFixture::upgrade("/absent", m_gate.token()));
    QCOMPARE(statusOf(answer), 502);
    const QJsonObject problem = QJsonDocument::fromJson(answer.mid(answer.indexOf("\r\n\r\n") + 4)).object();
    QCOMPARE(problem.value("status"_L1).toInt(), 502);
    QVERIFY2(!problem.value("ref"_L1).toString().isEmpty(), answer.constData());
}

void TestRelay::killedUpstreamIs1014()
{
    const auto socket = m_gate.client(u"/doomed"_s, m_gate.token());
    QStringList texts;
    bool isClosed = false;
    connect(socket.get(), &QWebSocket::textMessageReceived, this, [&](const QString &t) { texts += t; });
    connect(socket.get(), &QWebSocket::disconnected, this, [&] { isClosed = true; });
    connect(socket.get(), &QWebSocket::connected, this, [&] { socket->sendTextMessage(u"there"_s); });
    QVERIFY(Support::waitUntil([&] { return texts.contains(u"there"_s); }));
    m_doomed.kill();
    QVERIFY(Support::waitUntil([&] { return isClosed; }));
    const QStringList byes = texts.filter(u"\"t\":\"bye\""_s);
    QCOMPARE(byes.size(), 1);
    QCOMPARE(Frame::parse(byes.first())->fields().value("code"_L1).toInt(), 1014);
}

// What was acknowledged was taken by the upstream: its answer must not be lost because the gateway ends.
void TestRelay::answersComeBeforeThePlannedEnd()
{
    GateFixture gate;
    QVERIFY(gate.prepare());
    EndpointConfig &endpoint = gate.addEndpoint(u"/relay"_s, EndpointConfig::Service::Upstream);
    endpoint.upstream = m_gate.config.endpoints.at(2).upstream;
    endpoint.limits.messagesPerSecond = 0;
    endpoint.limits.bytesPerSecond = 0;
    QVERIFY(gate.start());
    const auto socket = gate.client(u"/relay"_s, gate.token());
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    const QByteArray padding(2000, 'p');
    for (int i = 0; i < 300; ++i)
        socket->sendTextMessage(Frame(u"msg"_s, {{u"id"_s, QString::number(i)}}, QByteArray::number(i) + padding).toText());
    bool stopped = false;
    connect(gate.gateway.get(), &Gateway::Gateway::stopped, this, [&] { stopped = true; });
    // In the turn in which the first one is acknowledged, the answers can hardly be there.
    connect(socket.get(), &QWebSocket::textMessageReceived, this, [&](const QString &text) {
        if (text.contains("\"t\":\"ack\""_L1))
            gate.gateway->stop();
    });
    QVERIFY(Support::waitUntil([&] { return log.closed && stopped; }));
    const QList<Frame> acks = log.frames(u"ack"_s);
    QVERIFY(!acks.isEmpty());
    for (const Frame &ack : acks) {
        const QString id = ack.fields().value("id"_L1).toString();
        QCOMPARE(log.texts.count(id + QString::fromLatin1(padding)), 1);
    }
    QCOMPARE(log.frame(u"bye"_s)->fields().value("code"_L1).toInt(), 1012);
}

WATCHWORD_TEST_MAIN(TestRelay)
#include "tst_gaterelay.moc"
