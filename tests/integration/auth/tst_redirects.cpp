// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "support/process.h"
#include "watchword/testing/manualclock.h"

#include <QFile>
#include <QPointer>
#include <QSslCertificate>
#include <QSslKey>
#include <QSslServer>
#include <QTcpSocket>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;

/* Redirects of the discovery document and of the keys, by a server that stands before the real issuer. */
class TestRedirects : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void followed_data();
    void followed();
    void refused_data();
    void refused();
    void neverGivesUpTls();
    void hopsShareOneDeadline();

private:
    void serve(std::unique_ptr<QTcpServer> server);
    void answer(QTcpSocket *socket);
    void send(QTcpSocket *socket, const QByteArray &location);
    QString here() const { return u"http://127.0.0.1:%1"_s.arg(m_server->serverPort()); }

    std::unique_ptr<QTcpServer> m_server;
    QList<QByteArray> m_locations; // of one answer each; "-" for silence at first; afterwards 404
    QByteArray m_status;
    QPointer<QTcpSocket> m_held; // has no answer yet
    int m_requests = 0;
};

void TestRedirects::init()
{
    SessionFixture::init();
    m_locations.clear();
    m_status = "302";
    m_requests = 0;
    serve(std::make_unique<QTcpServer>());
}

void TestRedirects::serve(std::unique_ptr<QTcpServer> server)
{
    m_server = std::move(server);
    QVERIFY(m_server->listen(QHostAddress::LocalHost));
    connect(m_server.get(), &QTcpServer::pendingConnectionAvailable, m_server.get(), [this] {
        QTcpSocket *socket = m_server->nextPendingConnection();
        connect(socket, &QTcpSocket::readyRead, socket, [this, socket] { answer(socket); });
    });
}

void TestRedirects::answer(QTcpSocket *socket)
{
    if (!socket->peek(8192).contains("\r\n\r\n"))
        return;
    socket->readAll();
    ++m_requests;
    const QByteArray location = m_locations.isEmpty() ? QByteArray() : m_locations.takeFirst();
    if (location == "-") {
        m_held = socket;
        return;
    }
    send(socket, location);
}

void TestRedirects::send(QTcpSocket *socket, const QByteArray &location)
{
    const QByteArray body = "<html>moved</html>";
    socket->write("HTTP/1.1 " + (location.isEmpty() ? "404" : m_status)
                  + " X\r\nContent-Type: text/html\r\nContent-Length: " + QByteArray::number(body.size()) + "\r\n"
                  + (location.isEmpty() ? QByteArray() : "Location: " + location + "\r\n") + "\r\n" + body);
}

void TestRedirects::followed_data()
{
    QTest::addColumn<QByteArray>("status");
    QTest::addColumn<int>("hops");
    for (const char *status : {"301", "302", "303", "307", "308"})
        QTest::newRow(status) << QByteArray(status) << 1;
    QTest::newRow("three") << QByteArray("302") << 3;
}

void TestRedirects::followed()
{
    QFETCH(QByteArray, status);
    QFETCH(int, hops);
    m_status = status;
    for (int i = 1; i < hops; ++i)
        m_locations += "/next"; // relative
    m_locations += m_issuer->url().toEncoded() + "/.well-known/openid-configuration";
    SessionOptions o = options();
    o.issuer = QUrl(here());
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    // The document was read: it names the issuer that it belongs to, which is not the one that was asked for.
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::IssuerMismatch);
    QCOMPARE(m_requests, hops);
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Discovery), 1);
}

void TestRedirects::refused_data()
{
    QTest::addColumn<QList<QByteArray>>("locations");
    QTest::addColumn<QString>("said");
    QTest::newRow("without an end") << QList<QByteArray>(4, "/next") << u"more than 3 redirects"_s;
    QTest::newRow("file") << QList<QByteArray>{"file:///etc/passwd"} << u"no web address"_s;
    QTest::newRow("no host") << QList<QByteArray>{"http:///x"} << u"no web address"_s;
}

void TestRedirects::refused()
{
    QFETCH(QList<QByteArray>, locations);
    QFETCH(QString, said);
    m_locations = locations;
    SessionOptions o = options();
    o.issuer = QUrl(here());
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QVERIFY2(probe.lastFailure().detail().contains(said), qPrintable(probe.lastFailure().toString()));
    QCOMPARE(probe.browser.size(), 0);
    QCOMPARE(probe.session.state(), State::SignedOut);
}

void TestRedirects::neverGivesUpTls()
{
    QVERIFY(Support::makeCertificates(m_folder->path()));
    auto server = std::make_unique<QSslServer>();
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setLocalCertificate(QSslCertificate::fromPath(m_folder->filePath(u"server.pem"_s)).value(0));
    QFile key(m_folder->filePath(u"server.key"_s));
    QVERIFY(key.open(QIODevice::ReadOnly));
    tls.setPrivateKey(QSslKey(key.readAll(), QSsl::Ec));
    server->setSslConfiguration(tls);
    serve(std::move(server));
    m_locations = {m_issuer->url().toEncoded() + "/.well-known/openid-configuration"};
    SessionOptions o = options();
    o.issuer = QUrl(u"https://127.0.0.1:%1"_s.arg(m_server->serverPort()));
    o.certificateAuthorities = QSslCertificate::fromPath(m_folder->filePath(u"ca.pem"_s));
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QVERIFY2(probe.lastFailure().detail().contains(u"give up TLS"_s), qPrintable(probe.lastFailure().toString()));
    QCOMPARE(m_issuer->requestCount(FakeIssuer::Endpoint::Discovery), 0);
}

void TestRedirects::hopsShareOneDeadline()
{
    ManualClock clock;
    m_locations = {"-", "-"};
    SessionOptions o = options();
    o.issuer = QUrl(here());
    o.clock = &clock;
    SessionProbe probe(o);
    probe.session.start();
    probe.session.signIn();
    QVERIFY(Support::waitUntil([&] { return m_requests == 1; }));
    clock.advance(20s);
    send(m_held, "/next");
    QVERIFY(Support::waitUntil([&] { return m_requests == 2; }));
    clock.advance(9s);
    QCOMPARE(probe.failed.size(), 0);
    clock.advance(2s);
    QVERIFY(Support::waitUntil([&] { return probe.failed.size() == 1; }));
    QCOMPARE(probe.lastFailure().code(), ErrorCode::Timeout);
}

WATCHWORD_TEST_MAIN(TestRedirects)
#include "tst_redirects.moc"
