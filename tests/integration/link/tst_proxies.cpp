// SPDX-License-Identifier: Apache-2.0
// Through real proxies: tinyproxy (HTTP CONNECT) and MicroSocks (SOCKS5), each with credentials.
#include "linkfixture.h"
#include "support/process.h"

#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTemporaryDir>

using namespace LinkTest;

namespace {

QString findProgram(const QString &name)
{
    return QStandardPaths::findExecutable(name, {u"/usr/bin"_s, u"/usr/sbin"_s, u"/usr/local/bin"_s, u"/usr/local/sbin"_s});
}

quint16 freePort()
{
    QTcpServer server;
    return server.listen(QHostAddress::LocalHost) ? server.serverPort() : 0;
}

/*! A proxy that runs as long as the object. They do not say when they listen, so it is tried. */
class RunningProxy
{
public:
    ~RunningProxy()
    {
        if (m_process.state() != QProcess::NotRunning) {
            m_process.kill();
            m_process.waitForFinished(5'000);
        }
    }
    bool start(const QString &program, const QStringList &arguments, quint16 port)
    {
        m_process.setProcessChannelMode(QProcess::MergedChannels);
        m_process.start(program, arguments);
        return m_process.waitForStarted(5'000) && waitUntil([port] {
                   QTcpSocket socket;
                   socket.connectToHost(QHostAddress::LocalHost, port);
                   return socket.waitForConnected(200);
               });
    }
    void stop()
    {
        m_process.kill();
        m_process.waitForFinished(5'000);
    }

private:
    QProcess m_process;
};

} // namespace

class TestProxies : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void goesThrough_data() { kinds(); }
    void goesThrough();
    void wrongCredentials_data();
    void wrongCredentials();
    void proxyGone_data() { kinds(); }
    void proxyGone();

private:
    static void kinds();
    bool start(bool socks, RunningProxy *running);
    QNetworkProxy proxy(bool socks, const QString &password) const;

    QTemporaryDir m_folder;
    quint16 m_port = 0;
};

void TestProxies::kinds()
{
    QTest::addColumn<bool>("socks");
    QTest::newRow("HTTP CONNECT") << false;
    QTest::newRow("SOCKS5") << true;
}

bool TestProxies::start(bool socks, RunningProxy *running)
{
    m_port = freePort();
    const QString number = QString::number(m_port);
    if (socks)
        return running->start(findProgram(u"microsocks"_s),
                              {u"-i"_s, u"127.0.0.1"_s, u"-p"_s, number, u"-u"_s, u"alice"_s, u"-P"_s, u"wonder"_s}, m_port);
    QFile file(m_folder.filePath(u"tinyproxy.conf"_s));
    if (!file.open(QIODevice::WriteOnly))
        return false;
    file.write("Port " + number.toLatin1()
               + "\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nAllow 127.0.0.1\nBasicAuth alice wonder\n");
    file.close();
    return running->start(findProgram(u"tinyproxy"_s), {u"-d"_s, u"-c"_s, file.fileName()}, m_port);
}

QNetworkProxy TestProxies::proxy(bool socks, const QString &password) const
{
    return QNetworkProxy(socks ? QNetworkProxy::Socks5Proxy : QNetworkProxy::HttpProxy, u"127.0.0.1"_s, m_port, u"alice"_s,
                         password);
}

void TestProxies::goesThrough()
{
    QFETCH(bool, socks);
    REQUIRE_COMPONENT(!findProgram(socks ? u"microsocks"_s : u"tinyproxy"_s).isEmpty(), "tinyproxy or microsocks");
    RunningProxy running;
    QVERIFY(start(socks, &running));
    FakeGateway gateway;
    gateway.setEcho(true);
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.proxy = proxy(socks, u"wonder"_s);
    options.pinnedKeys = {gateway.tls().pin(), ThrowAwayTls::make().pin()}; // TLS is with the server, not with the proxy
    Connection connection(&tokens, options);
    QSignalSpy messages(&connection, &Connection::messageReceived);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QVERIFY(connection.sendText(u"hello"_s));
    QVERIFY(waitUntil([&] { return messages.size() == 1; }));
    QCOMPARE(failed.size(), 0);
    QVERIFY(!gateway.requests().first().headers.contains("proxy-authorization"));
    // The proxy ends, and with it the link.
    running.stop();
    QVERIFY(waitUntil([&] { return failed.size() >= 1; }));
    QCOMPARE(failed.first().first().value<ConnectError>().closeCode, 1006);
}

void TestProxies::wrongCredentials_data()
{
    QTest::addColumn<QString>("kind");
    QTest::addColumn<bool>("anonymous");
    QTest::newRow("tinyproxy without credentials") << u"tinyproxy"_s << true;
    QTest::newRow("a proxy that insists on 407") << u"own"_s << false;
    QTest::newRow("MicroSocks without credentials") << u"microsocks"_s << true;
    QTest::newRow("MicroSocks with wrong ones") << u"microsocks"_s << false;
}

void TestProxies::wrongCredentials()
{
    QFETCH(QString, kind);
    QFETCH(bool, anonymous);
    const bool socks = kind == "microsocks"_L1;
    RunningProxy running;
    QTcpServer own;
    if (kind == "own"_L1) {
        QVERIFY(own.listen(QHostAddress::LocalHost));
        m_port = own.serverPort();
        connect(&own, &QTcpServer::newConnection, this, [&own] {
            QTcpSocket *socket = own.nextPendingConnection();
            connect(socket, &QIODevice::readyRead, socket, [socket] {
                if (socket->readAll().contains("\r\n\r\n"))
                    socket->write("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n");
            });
        });
    } else {
        REQUIRE_COMPONENT(!findProgram(kind).isEmpty(), "tinyproxy or microsocks");
        QVERIFY(start(socks, &running));
    }
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.proxy = proxy(socks, u"canary-of-the-proxy"_s);
    if (anonymous)
        options.proxy = QNetworkProxy(options.proxy.type(), u"127.0.0.1"_s, m_port);
    Connection connection(&tokens, options);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"ProxyAuthenticationRequired"_s));
    connection.open();
    QVERIFY(waitUntil([&] { return failed.size() == 1; }));
    const auto failure = failed.first().first().value<ConnectError>();
    QCOMPARE(failure.error.codeName(), u"ProxyAuthenticationRequired"_s);
    QVERIFY(failure.remedy.contains("user name and password of the proxy"_L1));
    QVERIFY(failure.willRetry && failure.nextTryAt > QDateTime::currentDateTimeUtc().addSecs(60));
    QCOMPARE(gateway.connectionsSeen(), 0);
    QVERIFY(!connection.explain().contains("canary-of-the-proxy"_L1));
}

void TestProxies::proxyGone()
{
    QFETCH(bool, socks);
    m_port = freePort();
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.proxy = proxy(socks, u"wonder"_s);
    Connection connection(&tokens, options);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    connection.open();
    QVERIFY(waitUntil([&] { return failed.size() >= 2; })); // it may come back: tried again soon
    QCOMPARE(failed.first().first().value<ConnectError>().error.code(), ErrorCode::ProxyFailed);
    QCOMPARE(gateway.connectionsSeen(), 0);
}

WATCHWORD_TEST_MAIN(TestProxies)
#include "tst_proxies.moc"
