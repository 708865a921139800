// SPDX-License-Identifier: Apache-2.0
#include "audit/auditlog.h"
#include "gatefixture.h"
#include "socketlog.h"
#include "support/sanitizer.h"
#include "support/testmain.h"
#include "watchword/jose/base64url.h"

#include <QJsonDocument>
#include <QTcpServer>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

qint64 residentKilobytes()
{
    QFile file(u"/proc/self/status"_s);
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    const QList<QByteArray> lines = file.readAll().split('\n');
    for (const QByteArray &line : lines) {
        if (line.startsWith("VmRSS:"))
            return line.mid(6).trimmed().split(' ').first().toLongLong();
    }
    return 0;
}

using Log = SocketLog;

} // namespace

class TestGate : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void statuses_data();
    void statuses();
    void probes();
    void slowHeadIsClosed();
    void browsersMaySendTheTokenAsSubprotocol();
    void garbageLeavesMemoryFlat();
    void issuerThatIsGoneGives503();
    void typesOfTokensAreTold();
    void echoAcknowledgesOnce();
    void garbageFramesClose();
    void plainClientsGetNoFrames();
    void tooManyMessagesAreCutWithBye();
    void tooLargeMessagesAreCutWithBye();
    void connectionsPerUser();
    void renewalKeepsOpenAndOthersAreRefused();
    void cutAtExpiry();
    void roomsDeliverToSubscribers();
    void busyPortIsNamed();
    void unreadableCertificateIsNamed();
    void certificateReload();
    void reloadRefusesWhatNeedsARestart();
    void stopSaysBye();

private:
    GateFixture m_gate;
};

void TestGate::initTestCase()
{
    QVERIFY(m_gate.prepare());
    m_gate.config.listen.headTimeout = 500ms;
    m_gate.config.grace = 1s;
    m_gate.config.endpoints[0].limits.messagesPerSecond = 50;
    m_gate.config.endpoints[0].limits.messageBytes = 1000;
    m_gate.config.endpoints[0].limits.connectionsPerUser = 2;
    QVERIFY(m_gate.start());
}

void TestGate::statuses_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("header");
    const QByteArray good = m_gate.token();
    const auto changed = [this](const QString &name, const QJsonValue &value) {
        QJsonObject claims = m_gate.claims();
        claims.insert(name, value);
        return m_gate.token(claims);
    };
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    const QByteArray invalid = "WWW-Authenticate: Bearer realm=\"/echo\", error=\"invalid_token\"\r\n";
    const auto row = [](const char *name, const QByteArray &request, int status, const QByteArray &header = {}) {
        QTest::newRow(name) << request << status << header;
    };
    const auto up = [](const QByteArray &token, const QByteArray &fields = {}) {
        return GateFixture::upgrade("/echo", token, fields);
    };
    row("accepted", up(good), 101);
    row("accepted with origin", up(m_gate.token(), "Origin: https://app.example.com\r\n"), 101);
    row("no token", up({}), 401, "WWW-Authenticate: Bearer realm=\"/echo\"\r\n");
    row("garbage token", up("abc"), 401, invalid);
    row("expired", up(changed(u"exp"_s, now - 1)), 401, invalid);
    row("not yet", up(changed(u"nbf"_s, now + 600)), 401, invalid);
    row("wrong audience", up(changed(u"aud"_s, u"other"_s)), 401, invalid);
    row("wrong issuer", up(changed(u"iss"_s, u"https://evil.example"_s)), 401, invalid);
    row("no subject", up(changed(u"sub"_s, QString())), 401, invalid);
    row("ID token", up(m_gate.token(m_gate.claims(), u"JWT"_s)), 401, invalid);
    row("another key", up(signJwt(m_gate.stranger, u"at+jwt"_s, m_gate.claims()).value()), 401, invalid);
    row("alg none", up("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + good.split('.').at(1) + "."), 401, invalid);
    row("scope", up(changed(u"scope"_s, u"more"_s)), 403, "error=\"insufficient_scope\", scope=\"use\"\r\n");
    row("origin", up(good, "Origin: https://evil.example\r\n"), 403);
    row("unknown path", GateFixture::upgrade("/nothing", good), 404);
    row("token in the URL", GateFixture::upgrade("/echo?access_token=" + good, {}), 400);
    row("two credentials", up(good, "Authorization: Bearer " + good + "\r\n"), 400);
    row("no upgrade", "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", 426, "Sec-WebSocket-Version: 13\r\n");
    row("garbage", "\x01\x02\x03 garbage\r\n\r\n", 400);
    row("large head", up(good, "X: " + QByteArray(17'000, 'x') + "\r\n"), 431);
    row("endless line", "GET /" + QByteArray(60'000, 'x'), 414);
    row("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    row("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", 400);
    // What a provider puts into the token of a person with many groups.
    row("a line of 16 KiB", up(good, "X: " + QByteArray(16'384 - 3, 'x') + "\r\n"), 101);
    row("a token of 15 KiB", up(changed(u"groups"_s, QString(11'000, u'g'))), 101);
    row("a line of 16 KiB and a byte", up(good, "X: " + QByteArray(16'384 - 2, 'x') + "\r\n"), 431);
    row("a head of 60 KiB", up(good, ("X: " + QByteArray(15'000, 'x') + "\r\n").repeated(4)), 101);
    row("a head of 70 KiB", up(good, ("X: " + QByteArray(14'000, 'x') + "\r\n").repeated(5)), 431);
    row("too many fields", up(good, QByteArray("X: 1\r\n").repeated(101)), 431);
}

void TestGate::statuses()
{
    QFETCH(QByteArray, request);
    QFETCH(int, status);
    QFETCH(QByteArray, header);
    const QByteArray answer = m_gate.exchange(request);
    QVERIFY2(statusOf(answer) == status, answer.constData());
    QVERIFY2(answer.contains(header), answer.constData());
    if (status != 101) {
        QVERIFY(answer.contains("application/problem+json"));
        const QJsonObject body = QJsonDocument::fromJson(answer.mid(answer.indexOf("\r\n\r\n") + 4)).object();
        QVERIFY2(!body.value("ref"_L1).toString().isEmpty(), answer.constData());
        QCOMPARE(body.value("status"_L1).toInt(), status);
    }
    QVERIFY(Support::waitUntil([this] { return m_gate.gateway->connectionCount() == 0; }));
}

void TestGate::probes()
{
    QVERIFY(Support::waitUntil([this] { return statusOf(m_gate.exchange("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")) == 200; }));
    QCOMPARE(statusOf(m_gate.exchange("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")), 200);
    const QByteArray metrics = m_gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    QVERIFY(metrics.contains("watchword_connections 0\n"));
    QVERIFY(metrics.contains("watchword_upgrades_refused_total{status=\"401\"}"));
}

void TestGate::slowHeadIsClosed()
{
    QCOMPARE(statusOf(m_gate.exchange("GET /echo HTTP/1.1\r\nHost:")), 408);
    QVERIFY(m_gate.exchange({}).isEmpty());
}

void TestGate::browsersMaySendTheTokenAsSubprotocol()
{
    const QByteArray protocols = "Origin: https://app.example.com\r\nSec-WebSocket-Protocol: watchword.v1, watchword.bearer."
        + toBase64Url(m_gate.token()) + "\r\n";
    const QByteArray answer = m_gate.exchange(GateFixture::upgrade("/echo", {}, protocols));
    QCOMPARE(statusOf(answer), 101);
    QVERIFY(answer.contains("Sec-WebSocket-Protocol: watchword.v1\r\n"));
    QVERIFY(!answer.contains("watchword.bearer"));
}

void TestGate::garbageLeavesMemoryFlat()
{
    const auto burst = [this](int count) {
        for (int i = 0; i < count; ++i) {
            QTcpSocket socket;
            bool isClosed = false;
            QObject::connect(&socket, &QAbstractSocket::disconnected, &socket, [&] { isClosed = true; });
            QObject::connect(&socket, &QAbstractSocket::connected, &socket,
                             [&] { socket.write(QByteArray("garbage that is not TLS at all\r\n\r\n").repeated(1 + i % 40)); });
            socket.connectToHost(u"127.0.0.1"_s, m_gate.gateway->port());
            if (!Support::waitUntil([&] { return isClosed; }))
                return false;
            socket.disconnect();
        }
        return true;
    };
    QVERIFY(burst(200));
    const qint64 before = residentKilobytes();
    QVERIFY(burst(1000));
    const qint64 grown = residentKilobytes() - before;
    QVERIFY2(grown < 4'000 || Support::kMemoryIsOdd, qPrintable(QString::number(grown)));
    QVERIFY(Support::waitUntil(
        [this] { return m_gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").contains("watchword_sockets 1\n"); }));
}

void TestGate::issuerThatIsGoneGives503()
{
    GateFixture other;
    QVERIFY(other.prepare());
    const QByteArray token = other.token();
    other.issuer->close();
    QVERIFY(other.start());
    const QByteArray answer = other.exchange(GateFixture::upgrade("/echo", token));
    QCOMPARE(statusOf(answer), 503);
    QVERIFY(answer.contains("Retry-After: "));
    QCOMPARE(statusOf(other.exchange("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")), 503);
}

// What most providers write is not what RFC 9068 asks for: the audit says so, and how to accept it.
void TestGate::typesOfTokensAreTold()
{
    GateFixture other;
    QVERIFY(other.prepare());
    other.config.audit.database = other.file(u"audit.sqlite"_s);
    const auto statusWith = [&other](const QStringList &accepted, const QString &type) {
        other.gateway.reset();
        other.config.issuers[0].tokenTypes = accepted;
        return other.start() ? statusOf(other.exchange(GateFixture::upgrade("/echo", other.token(other.claims(), type)))) : 0;
    };
    QCOMPARE(statusWith({u"JWT"_s}, u"JWT"_s), 101);
    QCOMPARE(statusWith({u"JWT"_s, u"at+jwt"_s}, u"at+jwt"_s), 101);
    QCOMPARE(statusWith({u"JWT"_s}, QString()), 401);
    QCOMPARE(statusWith({u"*"_s}, QString()), 101);
    QCOMPARE(statusWith({u"*"_s}, u"JWT"_s), 101);
    QCOMPARE(statusWith({u"at+jwt"_s}, u"JWT"_s), 401);
    other.gateway.reset();
    AuditOptions options;
    options.path = other.config.audit.database;
    const auto log = AuditLog::open(options, Clock::system());
    QVERIFY(log);
    const Result<QList<AuditEvent>> events = log.value()->read(0, 1000);
    QVERIFY(events);
    QStringList messages;
    for (const AuditEvent &event : *events) {
        if (event.shortType() == "conn.rejected"_L1)
            messages.append(event.data.value("message"_L1).toString());
    }
    QCOMPARE(messages.size(), 2);
    const QString setting = u"token_types of [[issuer]] "_s + other.issuerUrl().toString();
    QVERIFY2(messages.last().contains(setting), qPrintable(messages.last()));
}

void TestGate::echoAcknowledgesOnce()
{
    const auto socket = m_gate.client(u"/echo"_s, m_gate.token());
    Log log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    const QJsonObject hello = log.frame(u"hello"_s)->fields();
    QVERIFY(hello.value("conn"_L1).toString().startsWith("c-"_L1));
    QCOMPARE(hello.value("sid"_L1).toString(), u"s-ada"_s);
    QCOMPARE(hello.value("limits"_L1).toObject().value("message_bytes"_L1).toInt(), 1000);
    const QString message = Frame(u"msg"_s, {{u"id"_s, u"m1"_s}}, "once").toText();
    socket->sendTextMessage(message);
    socket->sendTextMessage(message);
    socket->sendTextMessage(Frame::escape(u"\x1e{not control"_s));
    socket->sendTextMessage(Frame(u"ping"_s, {{u"n"_s, 7}}).toText());
    QVERIFY(log.awaitFrame(u"pong"_s));
    QCOMPARE(log.texts.count(u"once"_s), 1);
    QCOMPARE(log.texts.filter(u"\"t\":\"ack\""_s).size(), 2);
    QCOMPARE(log.texts.count(u"\x1e\x1e{not control"_s), 1);
    QCOMPARE(log.frame(u"pong"_s)->fields().value("n"_L1).toInt(), 7);
    socket->close();
    QVERIFY(Support::waitUntil([this] { return m_gate.gateway->connectionCount() == 0; }));
}

void TestGate::garbageFramesClose()
{
    for (const QString &garbage : {u"\x1e"_s, u"\x1e{"_s, u"\x1e[]"_s, u"\x1e{\"a\":1}"_s, u"\x1e{\"t\":\"msg\"}\nx"_s}) {
        const auto socket = m_gate.client(u"/echo"_s, m_gate.token());
        Log log(*socket);
        QVERIFY(log.awaitFrame(u"hello"_s));
        socket->sendTextMessage(garbage);
        QVERIFY(Support::waitUntil([&] { return log.closed; }));
        QCOMPARE(int(socket->closeCode()), 1002);
        QVERIFY(log.frame(u"bye"_s));
    }
}

void TestGate::plainClientsGetNoFrames()
{
    const auto socket = m_gate.client(u"/echo"_s, m_gate.token(), false);
    Log log(*socket);
    QObject::connect(socket.get(), &QWebSocket::connected, socket.get(),
                     [&] { socket->sendTextMessage(u"\x1e{\"t\":\"ping\"}"_s); });
    QVERIFY(Support::waitUntil([&] { return !log.texts.isEmpty(); }));
    QCOMPARE(log.texts, QStringList{u"\x1e{\"t\":\"ping\"}"_s});
}

void TestGate::tooManyMessagesAreCutWithBye()
{
    const auto socket = m_gate.client(u"/echo"_s, m_gate.token(m_gate.claims(u"flood"_s)));
    Log log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    for (int i = 0; i < 300; ++i)
        socket->sendTextMessage(u"x"_s);
    QVERIFY(Support::waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4429);
    const auto bye = log.frame(u"bye"_s);
    QVERIFY(bye);
    QCOMPARE(bye->fields().value("code"_L1).toInt(), 4429);
    QVERIFY(bye->fields().value("after_ms"_L1).toInt() >= 1000);
    QVERIFY(!bye->fields().value("ref"_L1).toString().isEmpty());
}

void TestGate::tooLargeMessagesAreCutWithBye()
{
    const auto socket = m_gate.client(u"/echo"_s, m_gate.token(m_gate.claims(u"large"_s)));
    Log log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(QString(1000, u'x'));
    QVERIFY(Support::waitUntil([&] { return log.texts.contains(QString(1000, u'x')); }));
    socket->sendTextMessage(QString(1001, u'x'));
    QVERIFY(Support::waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 1009);
    QCOMPARE(log.frame(u"bye"_s)->fields().value("retry"_L1).toString(), u"stop"_s);
}

void TestGate::connectionsPerUser()
{
    const auto first = m_gate.client(u"/echo"_s, m_gate.token());
    const auto second = m_gate.client(u"/echo"_s, m_gate.token());
    QVERIFY(Support::waitUntil([this] { return m_gate.gateway->connectionCount() == 2; }));
    const QByteArray third = m_gate.exchange(GateFixture::upgrade("/echo", m_gate.token()));
    QCOMPARE(statusOf(third), 429);
    QVERIFY(third.contains("Retry-After: "));
    QCOMPARE(statusOf(m_gate.exchange(GateFixture::upgrade("/echo", m_gate.token(m_gate.claims(u"bob"_s))))), 101);
    first->close();
    second->close();
    QVERIFY(Support::waitUntil([this] { return m_gate.gateway->connectionCount() == 0; }));
}

void TestGate::renewalKeepsOpenAndOthersAreRefused()
{
    const auto socket = m_gate.client(u"/echo"_s, m_gate.token(m_gate.claims(u"ada"_s, 3)));
    Log log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    const auto refresh = [&](const QByteArray &token) {
        socket->sendTextMessage(Frame(u"auth.refresh"_s, {{u"token"_s, QString::fromLatin1(token)}}).toText());
    };
    refresh(m_gate.token(m_gate.claims(u"eve"_s)));
    QVERIFY(log.awaitFrame(u"auth.fail"_s));
    QCOMPARE(log.frame(u"auth.fail"_s)->fields().value("code"_L1).toInt(), 4402);
    QVERIFY(!log.closed);
    QVERIFY(log.awaitFrame(u"auth.due"_s));
    refresh(m_gate.token(m_gate.claims(u"ada"_s, 60)));
    QVERIFY(log.awaitFrame(u"auth.ok"_s));
    const qint64 expiry = log.frame(u"auth.ok"_s)->fields().value("exp"_L1).toInteger();
    QVERIFY(expiry > toSecondsSinceEpoch(Clock::system().wallNow()) + 30);
    // Beyond the end of the first token and its grace the connection still answers.
    const WallTime after = Clock::system().wallNow() + 3500ms;
    QVERIFY(Support::waitUntil([&] { return Clock::system().wallNow() > after || log.closed; }));
    socket->sendTextMessage(u"alive"_s);
    QVERIFY(Support::waitUntil([&] { return log.texts.contains(u"alive"_s); }));
    QJsonObject less = m_gate.claims();
    less.insert(u"scope"_s, u"more"_s);
    refresh(m_gate.token(less));
    QVERIFY(Support::waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4403);
}

void TestGate::cutAtExpiry()
{
    const auto socket = m_gate.client(u"/echo"_s, m_gate.token(m_gate.claims(u"ada"_s, 2)));
    const auto plain = m_gate.client(u"/echo"_s, m_gate.token(m_gate.claims(u"ada"_s, 2)), false);
    Log log(*socket);
    Log plainLog(*plain);
    QVERIFY(log.awaitFrame(u"hello"_s));
    QVERIFY(Support::waitUntil([&] { return log.closed && plainLog.closed; }));
    QCOMPARE(int(socket->closeCode()), 4401);
    QCOMPARE(int(plain->closeCode()), 4401);
    QCOMPARE(socket->closeReason(), u"token_expired"_s);
    QCOMPARE(log.frame(u"bye"_s)->fields().value("retry"_L1).toString(), u"refresh"_s);
    QVERIFY(plainLog.texts.isEmpty());
}

void TestGate::roomsDeliverToSubscribers()
{
    const auto ada = m_gate.client(u"/room"_s, m_gate.token());
    const auto bob = m_gate.client(u"/room"_s, m_gate.token(m_gate.claims(u"bob"_s)));
    Log adaLog(*ada);
    Log bobLog(*bob);
    QVERIFY(adaLog.awaitFrame(u"hello"_s) && bobLog.awaitFrame(u"hello"_s));
    bob->sendTextMessage(Frame(u"sub"_s, {{u"room"_s, u"r"_s}}).toText());
    bob->sendTextMessage(Frame(u"ping"_s, {{u"n"_s, 1}}).toText());
    QVERIFY(bobLog.awaitFrame(u"pong"_s));
    ada->sendTextMessage(Frame(u"pub"_s, {{u"room"_s, u"r"_s}}, "hi bob").toText());
    QVERIFY(bobLog.awaitFrame(u"pub"_s));
    const Frame pub = *bobLog.frame(u"pub"_s);
    QCOMPARE(pub.payload(), QByteArray("hi bob"));
    QCOMPARE(pub.fields().value("from"_L1).toString(), u"ada"_s);
    QVERIFY(!adaLog.frame(u"pub"_s));
}

void TestGate::busyPortIsNamed()
{
    QTcpServer busy;
    QVERIFY(busy.listen(QHostAddress(QHostAddress::LocalHost)));
    GatewayConfig config = m_gate.config;
    config.listen.port = busy.serverPort();
    const auto gateway = Gateway::Gateway::create(config);
    QVERIFY(gateway);
    const Result<void> started = (*gateway)->start();
    QVERIFY(!started);
    QCOMPARE(started.error().code(), ErrorCode::AddressInUse);
    QVERIFY(started.error().detail().contains(QString::number(busy.serverPort())));
}

void TestGate::unreadableCertificateIsNamed()
{
    const auto codeOf = [this](const QString &certificate, const QString &key) {
        GatewayConfig config = m_gate.config;
        config.listen.port = 0;
        config.listen.certificateFile = certificate;
        config.listen.keyFile = key;
        const Result<void> started = (*Gateway::Gateway::create(config))->start();
        return started ? ErrorCode::Cancelled : started.error().code();
    };
    const QString key = m_gate.file(u"server.key"_s);
    const QString certificate = m_gate.file(u"server.pem"_s);
    QCOMPARE(codeOf(m_gate.file(u"absent.pem"_s), key), ErrorCode::FileUnreadable);
    QCOMPARE(codeOf(certificate, m_gate.file(u"absent.key"_s)), ErrorCode::FileUnreadable);
    QCOMPARE(codeOf(key, key), ErrorCode::ConfigInvalid);
    QCOMPARE(codeOf(certificate, certificate), ErrorCode::ConfigInvalid);
    QCOMPARE(codeOf(certificate, m_gate.file(u"wronghost.key"_s)), ErrorCode::ConfigInvalid);
    QCOMPARE(codeOf(m_gate.file(u"expired.pem"_s), m_gate.file(u"expired.key"_s)), ErrorCode::ConfigInvalid);
}

void TestGate::certificateReload()
{
    const auto peerName = [this] {
        QSslSocket socket;
        socket.setSslConfiguration(m_gate.clientTls());
        socket.setPeerVerifyMode(QSslSocket::QueryPeer);
        bool isDone = false;
        QObject::connect(&socket, &QSslSocket::encrypted, &socket, [&] { isDone = true; });
        socket.connectToHostEncrypted(u"127.0.0.1"_s, m_gate.gateway->port());
        Support::waitUntil([&] { return isDone; });
        return socket.peerCertificate().subjectInfo(QSslCertificate::CommonName).value(0);
    };
    QCOMPARE(peerName(), u"server"_s);
    GatewayConfig next = m_gate.config;
    next.listen.certificateFile = m_gate.file(u"absent.pem"_s);
    QVERIFY(!m_gate.gateway->reload(next));
    QCOMPARE(peerName(), u"server"_s);
    next.listen.certificateFile = m_gate.file(u"wronghost.pem"_s);
    next.listen.keyFile = m_gate.file(u"wronghost.key"_s);
    QVERIFY(m_gate.gateway->reload(next));
    QCOMPARE(peerName(), u"wronghost"_s);
    QVERIFY(m_gate.gateway->reload(m_gate.config));
    QCOMPARE(peerName(), u"server"_s);
}

void TestGate::reloadRefusesWhatNeedsARestart()
{
    const std::pair<const char *, std::function<void(GatewayConfig &)>> changes[] = {
        {"[listen] address", [](GatewayConfig &c) { c.listen.address = QHostAddress(u"127.0.0.2"_s); }},
        {"[listen] threads", [](GatewayConfig &c) { c.listen.threads += 1; }},
        {"[audit] database", [this](GatewayConfig &c) { c.audit.database = m_gate.file(u"other.sqlite"_s); }},
        {"[audit] retention", [](GatewayConfig &c) { c.audit.retention = std::chrono::hours(1); }},
        {"of [gateway]", [](GatewayConfig &c) { c.cluster = u"other"_s; }},
        {"of [gateway]", [](GatewayConfig &c) { c.node = u"other"_s; }},
    };
    for (const auto &[what, change] : changes) {
        GatewayConfig next = m_gate.config;
        change(next);
        const Result<void> reloaded = m_gate.gateway->reload(next);
        QCOMPARE(reloaded ? ErrorCode::Internal : reloaded.error().code(), ErrorCode::ConfigInvalid);
        QVERIFY2(reloaded.error().detail().contains(QLatin1StringView(what)), qPrintable(reloaded.error().detail()));
    }
}

void TestGate::stopSaysBye()
{
    const auto socket = m_gate.client(u"/echo"_s, m_gate.token());
    Log log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    QSslSocket raw;
    raw.setSslConfiguration(m_gate.clientTls());
    QByteArray received;
    bool rawClosed = false;
    QObject::connect(&raw, &QIODevice::readyRead, &raw, [&] { received += raw.readAll(); });
    QObject::connect(&raw, &QAbstractSocket::disconnected, &raw, [&] { rawClosed = true; });
    QObject::connect(&raw, &QSslSocket::encrypted, &raw, [&] { raw.write(GateFixture::upgrade("/echo", m_gate.token())); });
    raw.connectToHostEncrypted(u"127.0.0.1"_s, m_gate.gateway->port());
    QVERIFY(Support::waitUntil([&] { return m_gate.gateway->connectionCount() == 2; }));
    bool stopped = false;
    QObject::connect(m_gate.gateway.get(), &Gateway::Gateway::stopped, this, [&] { stopped = true; });
    m_gate.gateway->stop();
    QVERIFY(Support::waitUntil([&] { return stopped && log.closed && rawClosed; }));
    // QWebSocket takes 1012 for invalid, so the bytes on the wire are looked at: close frame, length, code.
    QVERIFY2(received.contains(QByteArray("\x88\x11\x03\xf4") + "service_restart"), received.toHex().constData());
    QCOMPARE(log.frame(u"bye"_s)->fields().value("code"_L1).toInt(), 1012);
    QCOMPARE(log.frame(u"bye"_s)->fields().value("retry"_L1).toString(), u"retry"_s);
    QCOMPARE(m_gate.gateway->start().error().code(), ErrorCode::WrongState);
}

WATCHWORD_TEST_MAIN(TestGate)
#include "tst_gate.moc"
