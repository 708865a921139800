// SPDX-License-Identifier: Apache-2.0
#include "http/httpserver.h"
#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"

#include <QFile>
#include <QSslKey>
#include <QSslSocket>
#include <QTcpSocket>
#include <QTemporaryDir>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

/*! The small HTTPS server with real TLS sockets, and with peers that do not behave. */
class TestHttpServer : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void keepsAliveAndAnswersInOrder();
    void refusals_data();
    void refusals();
    void slowHeadAndSlowBody_data();
    void slowHeadAndSlowBody();
    void silentHandlerAndLateAnswer();
    void connectionsAreBounded();
    void nobodyTakesAllConnections();
    void oldTlsIsRefused();
    void listenErrors();
    void closeDropsConnections();

private:
    std::unique_ptr<QSslSocket> connected(QSsl::SslProtocol protocol = QSsl::SecureProtocols);
    QByteArray exchange(const QByteArray &bytes); //!< Everything until the server closes.

    QTemporaryDir m_certificates;
    QSslConfiguration m_tls;
    std::unique_ptr<HttpServer> m_server;
    HttpServer::Responder m_late;
    int m_handled = 0;
};

void TestHttpServer::initTestCase()
{
    QVERIFY(Support::makeCertificates(m_certificates.path()));
    QFile key(m_certificates.filePath(u"server.key"_s));
    QVERIFY(key.open(QIODevice::ReadOnly));
    m_tls = QSslConfiguration::defaultConfiguration();
    m_tls.setLocalCertificateChain(QSslCertificate::fromPath(m_certificates.filePath(u"server.pem"_s)));
    m_tls.setPrivateKey(QSslKey(&key, QSsl::Ec));
}

void TestHttpServer::init()
{
    WatchwordTest::init();
    m_handled = 0;
    m_late = nullptr;
    HttpLimits limits;
    limits.connections = 3;
    limits.handshake = limits.head = limits.body = limits.answer = std::chrono::milliseconds(300);
    limits.idle = std::chrono::seconds(5);
    m_server = std::make_unique<HttpServer>(
        [this](const HttpRequest &request, const HttpServer::Responder &respond) {
            ++m_handled;
            if (request.head.path == "/late")
                m_late = respond;
            else
                respond({.status = 200, .headers = {}, .body = request.head.path + '=' + request.body});
        },
        limits);
    QVERIFY(m_server->listen(QHostAddress::LocalHost, 0, m_tls));
}

std::unique_ptr<QSslSocket> TestHttpServer::connected(QSsl::SslProtocol protocol)
{
    auto socket = std::make_unique<QSslSocket>();
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setCaCertificates(QSslCertificate::fromPath(m_certificates.filePath(u"ca.pem"_s)));
    tls.setProtocol(protocol);
    socket->setSslConfiguration(tls);
    socket->connectToHostEncrypted(u"127.0.0.1"_s, m_server->port());
    Support::waitUntil([&] { return socket->isEncrypted() || socket->state() == QAbstractSocket::UnconnectedState; });
    return socket;
}

QByteArray TestHttpServer::exchange(const QByteArray &bytes)
{
    const std::unique_ptr<QSslSocket> socket = connected();
    socket->write(bytes);
    Support::waitUntil([&] { return socket->state() == QAbstractSocket::UnconnectedState; });
    return socket->readAll();
}

void TestHttpServer::keepsAliveAndAnswersInOrder()
{
    const QByteArray answer = exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
                                       "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                                       "HEAD /c HTTP/1.1\r\nHost: x\r\n\r\n"
                                       "GET /d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                                       "GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    QCOMPARE(m_handled, 4);
    QCOMPARE(answer.count("HTTP/1.1 200 OK\r\n"), 4);
    QVERIFY(answer.indexOf("\r\n\r\n/a=") < answer.indexOf("\r\n\r\n/b=abc"));
    QVERIFY(!answer.contains("/c="));
    QVERIFY(answer.contains("Connection: keep-alive"));
    QVERIFY(answer.endsWith("/d="));
    QVERIFY(answer.contains("X-Content-Type-Options: nosniff"));
}

void TestHttpServer::refusals_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("status");
    const QByteArray post = "POST / HTTP/1.1\r\nHost: x\r\n";
    QTest::newRow("garbage") << QByteArray("\x01\x02\x03 nonsense") << 400;
    QTest::newRow("two hosts") << QByteArray("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n") << 400;
    QTest::newRow("smuggling") << post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" << 400;
    QTest::newRow("chunked") << post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" << 411;
    QTest::newRow("large body") << post + "Content-Length: 65537\r\n\r\n" << 413;
    QTest::newRow("large head") << "GET / HTTP/1.1\r\nHost: x\r\nX: " + QByteArray(20'000, 'a') << 431;
}

void TestHttpServer::refusals()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, status);
    const QByteArray answer = exchange(bytes);
    QVERIFY2(answer.startsWith("HTTP/1.1 " + QByteArray::number(status) + ' '), answer.constData());
    QVERIFY(answer.contains("Connection: close"));
    QCOMPARE(m_handled, 0);
}

void TestHttpServer::slowHeadAndSlowBody_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("start");
    QTest::newRow("nothing") << QByteArray() << QByteArray();
    QTest::newRow("half a head") << QByteArray("GET / HTTP/1.1\r\nHo") << QByteArray("HTTP/1.1 408 ");
    QTest::newRow("half a body") << QByteArray("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
                                 << QByteArray("HTTP/1.1 408 ");
}

void TestHttpServer::slowHeadAndSlowBody()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, start);
    const QByteArray answer = exchange(bytes);
    QVERIFY(answer.startsWith(start));
    QCOMPARE(answer.isEmpty(), start.isEmpty());
    QCOMPARE(m_handled, 0);
    QVERIFY(Support::waitUntil([&] { return m_server->connectionCount() == 0; }));
}

void TestHttpServer::silentHandlerAndLateAnswer()
{
    const QByteArray answer = exchange("GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    QVERIFY(answer.startsWith("HTTP/1.1 503 "));
    QVERIFY(m_late);
    m_late({.status = 200, .headers = {}, .body = {}});
    m_late({.status = 200, .headers = {}, .body = {}});
    QVERIFY(exchange("GET /a HTTP/1.0\r\n\r\n").startsWith("HTTP/1.1 200 "));
    m_server.reset();
    m_late({.status = 200, .headers = {}, .body = {}});
}

void TestHttpServer::connectionsAreBounded()
{
    // These never start TLS, and still they count.
    QTcpSocket silent[4];
    for (QTcpSocket &socket : silent)
        socket.connectToHost(QHostAddress::LocalHost, m_server->port());
    QVERIFY(Support::waitUntil([&] { return silent[3].state() == QAbstractSocket::UnconnectedState; }));
    QVERIFY(m_server->connectionCount() <= 3);
    // They go by the handshake's timer, and then there is room.
    QVERIFY(Support::waitUntil([&] { return m_server->connectionCount() == 0; }));
    QVERIFY(exchange("GET /a HTTP/1.0\r\n\r\n").startsWith("HTTP/1.1 200 "));
}

void TestHttpServer::nobodyTakesAllConnections()
{
    HttpLimits limits;
    limits.connections = 8;
    limits.connectionsPerAddress = 3;
    limits.handshake = std::chrono::seconds(30);
    limits.sharedAddresses = QStringList{u"127.0.0.3"_s};
    HttpServer server([](const HttpRequest &, const HttpServer::Responder &respond) { respond({}); }, limits);
    QVERIFY(server.listen(QHostAddress(u"127.0.0.1"_s), 0, m_tls));
    const auto from = [&server](const QString &address, QTcpSocket &socket) {
        socket.bind(QHostAddress(address));
        socket.connectToHost(QHostAddress::LocalHost, server.port());
        return socket.waitForConnected();
    };
    const auto isDropped = [](QTcpSocket &socket) { return socket.state() == QAbstractSocket::UnconnectedState; };
    QTcpSocket silent[4];
    for (QTcpSocket &socket : silent)
        QVERIFY(from(u"127.0.0.2"_s, socket));
    QVERIFY(Support::waitUntil([&] { return isDropped(silent[3]); }));
    QTcpSocket proxied[4];
    for (QTcpSocket &socket : proxied)
        QVERIFY(from(u"127.0.0.3"_s, socket));
    QSslSocket other;
    other.setPeerVerifyMode(QSslSocket::VerifyNone);
    other.connectToHostEncrypted(u"127.0.0.1"_s, server.port());
    QVERIFY(Support::waitUntil([&] { return other.isEncrypted(); }));
    for (int i = 0; i < 3; ++i)
        QVERIFY(!isDropped(silent[i]));
    for (QTcpSocket &socket : proxied)
        QVERIFY(!isDropped(socket));
}

void TestHttpServer::oldTlsIsRefused()
{
    QVERIFY(connected(QSsl::TlsV1_2)->isEncrypted());
    QT_WARNING_PUSH
    QT_WARNING_DISABLE_DEPRECATED
    QVERIFY(!connected(QSsl::TlsV1_1)->isEncrypted());
    QT_WARNING_POP
    QTcpSocket plain;
    plain.connectToHost(QHostAddress::LocalHost, m_server->port());
    plain.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    QVERIFY(Support::waitUntil([&] { return plain.state() == QAbstractSocket::UnconnectedState; }));
    QVERIFY(!plain.readAll().startsWith("HTTP"));
    QCOMPARE(m_handled, 0);
}

void TestHttpServer::listenErrors()
{
    QCOMPARE(m_server->listen(QHostAddress::LocalHost, 0, m_tls).error().code(), ErrorCode::WrongState);
    HttpServer other([](const HttpRequest &, const HttpServer::Responder &) {});
    QCOMPARE(other.listen(QHostAddress::LocalHost, m_server->port(), m_tls).error().code(), ErrorCode::AddressInUse);
    QCOMPARE(other.listen(QHostAddress::LocalHost, 0, QSslConfiguration()).error().code(), ErrorCode::TlsFailed);
    QVERIFY(!other.isListening());
}

void TestHttpServer::closeDropsConnections()
{
    const std::unique_ptr<QSslSocket> socket = connected();
    QVERIFY(socket->isEncrypted());
    m_server->close();
    QCOMPARE(m_server->connectionCount(), 0);
    QVERIFY(Support::waitUntil([&] { return socket->state() == QAbstractSocket::UnconnectedState; }));
}

WATCHWORD_TEST_MAIN(TestHttpServer)
#include "tst_httpserver.moc"
