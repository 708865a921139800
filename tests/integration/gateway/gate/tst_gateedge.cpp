// SPDX-License-Identifier: Apache-2.0
#include "auditedgate.h"
#include "socketlog.h"
#include "support/testmain.h"

#include <QRegularExpression>
#include <QTcpServer>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

using Log = SocketLog;

/*! The gateway at the edge of the network: what lies before a request, and what ends before it begins. */
class TestGateEdge : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void noMemoryForMore();
    void proxyProtocol_data();
    void proxyProtocol();
    void bothKindsOfAddresses();
    void resumedSessionsAreJudgedLikeOthers();
    void connectionsOfOneAddress();
    void socketsAtTheIssuerAreCounted();
    void issuerKnowsTheClientBehindAProxy();

private:
    GateFixture m_gate;
};

namespace {

QByteArray metric(GateFixture &gate, const QByteArray &name)
{
    const QByteArray text = gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    const qsizetype at = text.indexOf("\nwatchword_" + name + ' ');
    return at < 0 ? QByteArray() : text.mid(at + 1, text.indexOf(QByteArrayView("\n"), at + 1) - at - 1).split(' ').last();
}

// Over a connection that begins with \a greeting, before TLS, and comes from \a from.
QByteArray answerTo(GateFixture &gate, const QByteArray &request, const QByteArray &greeting, const QHostAddress &from,
                    const QHostAddress &to = QHostAddress(QHostAddress::LocalHost), int port = 0)
{
    QSslSocket socket;
    socket.setSslConfiguration(gate.clientTls());
    socket.setPeerVerifyName(u"localhost"_s);
    bool isClosed = false;
    QByteArray answer;
    QObject::connect(&socket, &QAbstractSocket::disconnected, &socket, [&isClosed] { isClosed = true; });
    QObject::connect(&socket, &QAbstractSocket::errorOccurred, &socket, [&isClosed] { isClosed = true; });
    QObject::connect(&socket, &QIODevice::readyRead, &socket, [&] {
        if (socket.isEncrypted())
            answer += socket.readAll();
    });
    QObject::connect(&socket, &QAbstractSocket::connected, &socket, [&] {
        socket.write(greeting);
        socket.startClientEncryption();
    });
    QObject::connect(&socket, &QSslSocket::encrypted, &socket, [&] { socket.write(request); });
    socket.bind(from);
    socket.connectToHost(to, port > 0 ? quint16(port) : gate.gateway->port());
    Support::waitUntil([&] { return isClosed || answer.startsWith("HTTP/1.1 101"); });
    socket.disconnect();
    return answer;
}

} // namespace

void TestGateEdge::initTestCase()
{
    QVERIFY(m_gate.prepare());
    QVERIFY(m_gate.start());
}

void TestGateEdge::noMemoryForMore()
{
    const auto open = m_gate.client(u"/echo"_s, m_gate.token(m_gate.claims(u"stays"_s)));
    Log log(*open);
    QVERIFY(log.awaitFrame(u"hello"_s));
    GatewayConfig full = m_gate.config;
    full.memory = 1;
    QVERIFY(m_gate.gateway->reload(full));
    const QByteArray answer = m_gate.exchange(GateFixture::upgrade("/echo", m_gate.token()));
    QCOMPARE(statusOf(answer), 503);
    const qsizetype after = answer.indexOf("Retry-After: ") + 13;
    const int seconds = answer.mid(after, answer.indexOf('\r', after) - after).toInt();
    QVERIFY2(seconds >= 10 && seconds <= 20, answer.constData()); // spread

    QVERIFY2(answer.contains("\"ref\""), answer.constData());
    QVERIFY(m_gate.exchange("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n").endsWith("memory\n"));
    open->sendTextMessage(u"still served"_s);
    QVERIFY(Support::waitUntil([&] { return log.texts.contains(u"still served"_s); }));
    full.memory = qint64(1) << 40;
    QVERIFY(m_gate.gateway->reload(full));
    QCOMPARE(statusOf(m_gate.exchange(GateFixture::upgrade("/echo", m_gate.token()))), 101);
    QVERIFY(m_gate.gateway->reload(m_gate.config));
    open->close();
    QVERIFY(Support::waitUntil([this] { return m_gate.gateway->connectionCount() == 0; }));
}

void TestGateEdge::proxyProtocol_data()
{
    QTest::addColumn<QByteArray>("greeting");
    QTest::addColumn<QString>("address"); // empty: closed without an answer
    QTest::newRow("version 1") << QByteArray("PROXY TCP4 203.0.113.9 127.0.0.1 51008 443\r\n") << u"203.0.113.9"_s;
    QTest::newRow("version 1, IPv6") << QByteArray("PROXY TCP6 2001:db8::9 ::1 51008 443\r\n") << u"2001:db8::9"_s;
    QTest::newRow("version 2") << QByteArray("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x09\x7f\0\0\x01\xc7\x40\x01\xbb", 28)
                               << u"203.0.113.9"_s;
    QTest::newRow("the proxy itself") << QByteArray("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16) << u"127.0.0.2"_s;
    QTest::newRow("none") << QByteArray() << QString();
    QTest::newRow("nonsense") << QByteArray("PROXY TCP4 nobody\r\n") << QString();
}

void TestGateEdge::proxyProtocol()
{
    QFETCH(QByteArray, greeting);
    QFETCH(QString, address);
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.trustedProxies = QStringList{u"127.0.0.2"_s};
    gate.config.listen.proxyProtocol = true;
    gate.config.listen.headTimeout = 1s;
    QVERIFY(gate.begin());
    const QByteArray request = GateFixture::upgrade("/echo", {});
    const QByteArray answer = answerTo(gate, request, greeting, QHostAddress(u"127.0.0.2"_s));
    QCOMPARE(statusOf(answer), address.isEmpty() ? 0 : 401);
    QCOMPARE(metric(gate, "sockets_dropped_total{limit=\"proxy_protocol\"}"),
             address.isEmpty() ? QByteArray("1") : QByteArray("0"));
    // Nobody else may name an address.
    QCOMPARE(statusOf(answerTo(gate, request, greeting, QHostAddress(u"127.0.0.3"_s))), greeting.isEmpty() ? 401 : 0);
    QStringList sources = gate.sources(u"conn.rejected"_s);
    if (greeting.isEmpty())
        QCOMPARE(sources.takeLast(), u"127.0.0.3"_s);
    QCOMPARE(sources, address.isEmpty() ? QStringList() : QStringList{address});
}

void TestGateEdge::bothKindsOfAddresses()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.listen.address = QHostAddress(QHostAddress::Any);
    QVERIFY(gate.begin());
    const QByteArray request = GateFixture::upgrade("/echo", {});
    QCOMPARE(statusOf(answerTo(gate, request, {}, QHostAddress(QHostAddress::LocalHost))), 401);
    QStringList expected{u"127.0.0.1"_s};
    QTcpServer hasIpv6;
    if (hasIpv6.listen(QHostAddress(QHostAddress::LocalHostIPv6))) {
        const QHostAddress local(QHostAddress::LocalHostIPv6);
        QCOMPARE(statusOf(answerTo(gate, request, {}, local, local)), 401);
        expected.append(u"::1"_s);
    }
    QCOMPARE(gate.sources(u"conn.rejected"_s), expected);
}

void TestGateEdge::resumedSessionsAreJudgedLikeOthers()
{
    GateFixture gate;
    QVERIFY(gate.prepare());
    QVERIFY(gate.start());
    QByteArray ticket;
    const auto exchange = [&](const QByteArray &token) {
        QSslConfiguration tls = gate.clientTls();
        tls.setSslOption(QSsl::SslOptionDisableSessionPersistence, false);
        tls.setSessionTicket(ticket);
        QSslSocket socket;
        socket.setSslConfiguration(tls);
        QByteArray answer;
        QObject::connect(&socket, &QIODevice::readyRead, &socket, [&] { answer += socket.readAll(); });
        QObject::connect(&socket, &QSslSocket::encrypted, &socket, [&] { socket.write(GateFixture::upgrade("/echo", token)); });
        socket.connectToHostEncrypted(u"127.0.0.1"_s, gate.gateway->port());
        Support::waitUntil([&] { return answer.contains("\r\n\r\n"); });
        if (ticket.isEmpty())
            ticket = socket.sslConfiguration().sessionTicket();
        socket.disconnect();
        return statusOf(answer);
    };
    const QByteArray good = gate.token();
    QCOMPARE(exchange(good), 101);
    QVERIFY(!ticket.isEmpty());
    QCOMPARE(metric(gate, "tls_resumed_total"), QByteArray("0"));
    QVERIFY(gate.gateway->reload(gate.config)); // the keys of tickets outlive it
    QCOMPARE(exchange(good), 101);
    QCOMPARE(metric(gate, "tls_resumed_total"), QByteArray("1"));
    QJsonObject old = gate.claims();
    old.insert("exp"_L1, toSecondsSinceEpoch(Clock::system().wallNow()) - 1);
    QCOMPARE(exchange(gate.token(old)), 401);
    QCOMPARE(exchange({}), 401);
    QCOMPARE(metric(gate, "tls_resumed_total"), QByteArray("3"));
}

void TestGateEdge::connectionsOfOneAddress()
{
    GateFixture gate;
    QVERIFY(gate.prepare());
    gate.config.listen.connectionsPerAddress = 3;
    gate.config.listen.headTimeout = 60s;
    QVERIFY(gate.start());
    // They never start TLS, and hold their places.
    QTcpSocket silent[4];
    int closed = 0;
    for (QTcpSocket &socket : silent) {
        socket.bind(QHostAddress(u"127.0.0.7"_s));
        QObject::connect(&socket, &QAbstractSocket::disconnected, &socket, [&closed] { ++closed; });
        socket.connectToHost(QHostAddress(QHostAddress::LocalHost), gate.gateway->port());
    }
    QVERIFY(Support::waitUntil([&] { return closed == 1; }));
    QCOMPARE(statusOf(answerTo(gate, GateFixture::upgrade("/echo", gate.token()), {}, QHostAddress(u"127.0.0.8"_s))), 101);
    QCOMPARE(statusOf(answerTo(gate, GateFixture::upgrade("/echo", gate.token()), {}, QHostAddress(u"127.0.0.7"_s))), 0);
    QCOMPARE(metric(gate, "sockets_dropped_total{limit=\"connections_per_address\"}"), QByteArray("2"));
    GatewayConfig wider = gate.config;
    wider.listen.connectionsPerAddress = 0;
    QVERIFY(gate.gateway->reload(wider));
    QCOMPARE(statusOf(answerTo(gate, GateFixture::upgrade("/echo", gate.token()), {}, QHostAddress(u"127.0.0.7"_s))), 101);
    for (QTcpSocket &socket : silent)
        socket.disconnect();
}

void TestGateEdge::socketsAtTheIssuerAreCounted()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    EmbeddedIssuerConfig embedded;
    embedded.audience = u"aud"_s;
    embedded.clients = {{u"app"_s, {u"http://127.0.0.1/callback"_s}, {}}};
    gate.config.embeddedIssuer = embedded;
    gate.config.api = ApiConfig{QHostAddress(QHostAddress::LocalHost), 0};
    QVERIFY(gate.begin());
    const int port = gate.gateway->issuerUrl().port();
    QCOMPARE(metric(gate, "server_sockets_dropped_total{server=\"api\",limit=\"max_connections\"}"), QByteArray("0"));
    const QByteArray name = "server_sockets_dropped_total{server=\"issuer\",limit=\"connections_per_address\"}";
    QCOMPARE(metric(gate, name), QByteArray("0"));
    std::vector<std::unique_ptr<QTcpSocket>> silent;
    int closed = 0;
    for (int i = 0; i < HttpLimits().connectionsPerAddress + 3; ++i) {
        silent.push_back(std::make_unique<QTcpSocket>());
        silent.back()->bind(QHostAddress(u"127.0.0.9"_s));
        QObject::connect(silent.back().get(), &QAbstractSocket::disconnected, silent.back().get(), [&closed] { ++closed; });
        silent.back()->connectToHost(QHostAddress(QHostAddress::LocalHost), quint16(port));
    }
    QVERIFY(Support::waitUntil([&] { return closed >= 3; }));
    QCOMPARE(metric(gate, name), QByteArray("3"));
    for (const auto &socket : silent)
        socket->disconnect();
}

void TestGateEdge::issuerKnowsTheClientBehindAProxy()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.trustedProxies = QStringList{u"127.0.0.2"_s};
    EmbeddedIssuerConfig embedded;
    embedded.audience = u"aud"_s;
    embedded.clients = {{u"app"_s, {u"http://127.0.0.1/callback"_s}, {}}};
    gate.config.embeddedIssuer = embedded;
    QVERIFY(gate.begin());
    // A wrong password, first through the proxy, then by somebody whom nobody trusts to name another.
    for (const QString &from : {u"127.0.0.2"_s, u"127.0.0.3"_s}) {
        const auto answer = [&](const QByteArray &line, const QByteArray &body = {}) {
            const QByteArray request = line
                + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.77\r\n"
                + (body.isEmpty() ? QByteArray()
                                  : "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
                           + QByteArray::number(body.size()) + "\r\n")
                + "\r\n" + body;
            return answerTo(gate, request, {}, QHostAddress(from), QHostAddress(QHostAddress::LocalHost),
                            gate.gateway->issuerUrl().port());
        };
        const auto hidden = [](const QByteArray &page, const char *name) {
            const QRegularExpression field(u"name=\"%1\" value=\"([^\"]*)\""_s.arg(QLatin1StringView(name)));
            return field.match(QString::fromUtf8(page)).captured(1).toUtf8();
        };
        const QByteArray begun = answer("GET /authorize?response_type=code&client_id=app&scope=openid&state=s&redirect_uri="
                                        "http%3A%2F%2F127.0.0.1%2Fcallback&code_challenge_method=S256&code_challenge="
                                        + QByteArray(43, 'c'));
        QCOMPARE(statusOf(begun), 303);
        const qsizetype at = begun.indexOf("/login?request=");
        const QByteArray page = answer("GET " + begun.mid(at, begun.indexOf("\r\n", at) - at));
        QCOMPARE(statusOf(page), 200);
        const QByteArray form = "request=" + hidden(page, "request").toPercentEncoding()
            + "&csrf=" + hidden(page, "csrf").toPercentEncoding() + "&username=nobody&password=wrong";
        QCOMPARE(statusOf(answer("POST /login", form)), 401);
    }
    QCOMPARE(gate.sources(u"signin.failed"_s), (QStringList{u"203.0.113.77"_s, u"127.0.0.3"_s}));
}

WATCHWORD_TEST_MAIN(TestGateEdge)
#include "tst_gateedge.moc"
