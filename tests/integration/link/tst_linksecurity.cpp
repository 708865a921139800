// SPDX-License-Identifier: Apache-2.0
// TLS, pins, client certificates and redirects against a real TLS server; and that nothing leaves before they are checked.
#include "linkfixture.h"

#include <QSslConfiguration>
#include <QSslSocket>
#include <QTcpServer>

using namespace LinkTest;

namespace {

/*! A TLS server that counts the bytes it was sent after the handshake, and speaks only the versions it is told. */
class ByteCounter final : public QTcpServer
{
public:
    explicit ByteCounter(QSsl::SslProtocol protocol)
        : m_protocol(protocol)
    {
    }
    ThrowAwayTls tls = ThrowAwayTls::make();
    int handshakes = 0;
    qint64 bytes = 0;
    int gone = 0;

    QUrl url() const { return QUrl(u"wss://localhost:%1/"_s.arg(serverPort())); }

protected:
    void incomingConnection(qintptr descriptor) override
    {
        auto *socket = new QSslSocket(this);
        QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
        configuration.setLocalCertificate(tls.certificate);
        configuration.setPrivateKey(tls.key);
        configuration.setPeerVerifyMode(QSslSocket::VerifyNone);
        configuration.setProtocol(m_protocol);
        socket->setSslConfiguration(configuration);
        connect(socket, &QSslSocket::encrypted, this, [this] { ++handshakes; });
        connect(socket, &QIODevice::readyRead, this, [this, socket] { bytes += socket->readAll().size(); });
        connect(socket, &QAbstractSocket::disconnected, this, [this] { ++gone; });
        socket->setSocketDescriptor(descriptor);
        socket->startServerEncryption();
    }

private:
    const QSsl::SslProtocol m_protocol;
};

ConnectError firstFailure(const QSignalSpy &failed)
{
    return failed.first().first().value<ConnectError>();
}

} // namespace

class TestLinkSecurity : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void pinIsCheckedBeforeTheRequest();
    void backupPinAfterASwap();
    void pinsReportOnly();
    void factsOfATlsFailure();
    void minimumTls_data();
    void minimumTls();
    void clientCertificate();
    void clientCertificateMissingOrWrong_data();
    void clientCertificateMissingOrWrong();
    void redirectIsRefusedByDefault();
    void redirectsAreFollowed_data();
    void redirectsAreFollowed();
    void redirectDropsTheToken();
    void redirectInCircles();
    void redirectToPlainIsRefused();
    void closedWhileRedirected();
};

void TestLinkSecurity::pinIsCheckedBeforeTheRequest()
{
    ByteCounter server(QSsl::TlsV1_2OrLater);
    QVERIFY(server.listen(QHostAddress::LocalHost));
    CanaryTokens tokens;
    ConnectionOptions options = plainOptions();
    options.url = server.url();
    options.additionalCertificateAuthorities = {server.tls.authority};
    options.pinnedKeys = {ThrowAwayTls::make().pin(), ThrowAwayTls::make().pin()};
    Connection connection(&tokens, options);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"PinMismatch"_s));
    connection.open();
    QVERIFY(waitUntil([&] { return failed.size() == 1 && server.gone == 1; }));
    QCOMPARE(server.bytes, 0); // not a byte of HTTP, and so no token
    const ConnectError failure = firstFailure(failed);
    QCOMPARE(failure.error.code(), ErrorCode::PinMismatch);
    QCOMPARE(failure.phase, AttemptPhase::Tls);
    QVERIFY(failure.error.detail().contains(QString::fromLatin1(server.tls.pin().toBase64()))); // what to pin, if it is right
    QVERIFY(failure.willRetry && failure.nextTryAt > QDateTime::currentDateTimeUtc().addSecs(100));
}

void TestLinkSecurity::backupPinAfterASwap()
{
    const ThrowAwayTls spare = ThrowAwayTls::make();
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.additionalCertificateAuthorities.append(spare.authority);
    options.pinnedKeys = {gateway.tls().pin(), spare.pin()};
    Connection connection(&tokens, options);
    QSignalSpy ready(&connection, &Connection::ready);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    gateway.setTls(spare);
    gateway.peer()->drop();
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
    // One of an authority that nobody trusts.
    const ThrowAwayTls other = ThrowAwayTls::make();
    gateway.setTls(other);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"TlsFailed"_s));
    gateway.peer()->drop();
    QVERIFY(waitUntil([&] { return failed.size() == 2; }));
    QCOMPARE(connection.state(), State::Waiting);
    QCOMPARE(gateway.requests().size(), 2);
}

void TestLinkSecurity::pinsReportOnly()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.pinnedKeys = {ThrowAwayTls::make().pin()};
    options.pinsReportOnly = true;
    Connection connection(&tokens, options);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"PinMismatch"_s));
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QCOMPARE(errors.size(), 1);
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::PinMismatch);
    QCOMPARE(failed.size(), 0);
    QVERIFY(!connection.attempts().constLast().failure);
}

void TestLinkSecurity::factsOfATlsFailure()
{
    FakeGateway gateway;
    gateway.setTls(ThrowAwayTls::make({u"other.test"_s}, ThrowAwayTls::Validity::Expired));
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"TlsFailed"_s));
    connection.open();
    QVERIFY(waitUntil([&] { return failed.size() == 1; }));
    const ConnectError failure = firstFailure(failed);
    QCOMPARE(failure.tlsErrors.size(), 2); // expired, and another host
    QVERIFY2(failure.remedy.contains("Renew"_L1) || failure.remedy.contains("name"_L1), qPrintable(failure.remedy));
    QCOMPARE(failure.httpStatus, 0);
    QCOMPARE(failure.closeCode, 0);
    QCOMPARE(connection.attempts().constLast().failure->tlsErrors, failure.tlsErrors);
    QCOMPARE(gateway.requests().size(), 0);
}

void TestLinkSecurity::minimumTls_data()
{
    QTest::addColumn<int>("server");
    QTest::addColumn<int>("minimum");
    QTest::addColumn<bool>("meets");
    QTest::newRow("both 1.2 or later") << int(QSsl::TlsV1_2OrLater) << int(QSsl::TlsV1_2OrLater) << true;
    QTest::newRow("server up to 1.2") << int(QSsl::TlsV1_2) << int(QSsl::TlsV1_2OrLater) << true;
    QTest::newRow("server up to 1.2, client wants 1.3") << int(QSsl::TlsV1_2) << int(QSsl::TlsV1_3OrLater) << false;
}

void TestLinkSecurity::minimumTls()
{
    QFETCH(int, server);
    QFETCH(int, minimum);
    QFETCH(bool, meets);
    ByteCounter counter{QSsl::SslProtocol(server)};
    QVERIFY(counter.listen(QHostAddress::LocalHost));
    ConnectionOptions options = plainOptions();
    options.url = counter.url();
    options.additionalCertificateAuthorities = {counter.tls.authority};
    options.minimumTls = QSsl::SslProtocol(minimum);
    CanaryTokens tokens;
    Connection connection(&tokens, options);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    if (!meets)
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"TlsFailed"_s));
    connection.open();
    QVERIFY(waitUntil([&] { return meets ? counter.bytes > 0 : failed.size() == 1; }));
    QCOMPARE(counter.handshakes, meets ? 1 : 0);
    QCOMPARE(counter.bytes > 0, meets);
}

void TestLinkSecurity::clientCertificate()
{
    const ThrowAwayTls client = ThrowAwayTls::makeClient(u"orders desktop 7"_s);
    FakeGateway gateway;
    gateway.setClientAuthorities({client.authority});
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.clientCertificates = {client.certificate};
    options.clientKey = client.key;
    Connection connection(&tokens, options);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QCOMPARE(gateway.clientCertificate(), client.certificate);
}

void TestLinkSecurity::clientCertificateMissingOrWrong_data()
{
    QTest::addColumn<bool>("wrong");
    QTest::newRow("missing") << false;
    QTest::newRow("of another authority") << true;
}

void TestLinkSecurity::clientCertificateMissingOrWrong()
{
    QFETCH(bool, wrong);
    FakeGateway gateway;
    gateway.setClientAuthorities({ThrowAwayTls::makeClient().authority});
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    const ThrowAwayTls other = ThrowAwayTls::makeClient();
    if (wrong) {
        options.clientCertificates = {other.certificate};
        options.clientKey = other.key;
    }
    Connection connection(&tokens, options);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    connection.open();
    QVERIFY(waitUntil([&] { return failed.size() >= 1; }));
    // This server just ends the connection, without an alert that would say why.
    const ConnectError failure = firstFailure(failed);
    QCOMPARE(failure.phase, AttemptPhase::Upgrade);
    QVERIFY2(failure.remedy.contains("clientCertificates"_L1), qPrintable(failure.toString()));
    QCOMPARE(gateway.requests().size(), 0);
}

void TestLinkSecurity::redirectIsRefusedByDefault()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(FakeGateway::refuse(302, {{"Location", "/elsewhere?ticket=SECRET"}}));
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"/elsewhere"_s));
    connection.open();
    QVERIFY(waitUntil([&] { return failed.size() == 1; }));
    const ConnectError failure = firstFailure(failed);
    QCOMPARE(failure.httpStatus, 302);
    QVERIFY(failure.remedy.contains("maximumRedirects"_L1));
    QVERIFY(!connection.explain().contains("SECRET"_L1));
    QCOMPARE(gateway.requests().size(), 1);
}

void TestLinkSecurity::redirectsAreFollowed_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("location");
    for (const int status : {301, 302, 303, 307, 308})
        QTest::addRow("%d", status) << status << QByteArray("/b?x=1");
    QTest::newRow("https is wss") << 307 << QByteArray("https://localhost:{port}/b?x=1");
    QTest::newRow("relative") << 307 << QByteArray("b?x=1");
}

void TestLinkSecurity::redirectsAreFollowed()
{
    QFETCH(int, status);
    QFETCH(QByteArray, location);
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    location.replace("{port}", QByteArray::number(gateway.url().port()));
    gateway.next(FakeGateway::refuse(status, {{"Location", location}}));
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.maximumRedirects = 1;
    options.headers = {{"X-Api", "7"}};
    Connection connection(&tokens, options);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QCOMPARE(failed.size(), 0);
    QCOMPARE(gateway.requests().size(), 2);
    QCOMPARE(gateway.requests().at(1).line, QByteArray("GET /b?x=1 HTTP/1.1"));
    QCOMPARE(gateway.requests().at(1).bearer(), CanaryTokens::value(1)); // the same origin
    QCOMPARE(gateway.requests().at(1).headers.value("x-api"), QByteArray("7"));
    QCOMPARE(connection.attempts().size(), 1);
}

void TestLinkSecurity::redirectDropsTheToken()
{
    FakeGateway first;
    FakeGateway second;
    second.setTls(first.tls());
    second.onToken = [](const QByteArray &) { return 0; };
    QVERIFY(first.listen() && second.listen());
    first.next(FakeGateway::refuse(307, {{"Location", second.url(u"/x"_s).toEncoded()}}));
    // Back at the first one it is not sent either: who redirects twice decides where it goes.
    second.next(FakeGateway::refuse(307, {{"Location", first.url(u"/y"_s).toEncoded()}}));
    first.onToken = [](const QByteArray &) { return 0; };
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(first);
    options.maximumRedirects = 3;
    options.headers = {{"X-Api", "secret"}};
    Connection connection(&tokens, options);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QCOMPARE(first.requests().at(0).bearer(), CanaryTokens::value(1));
    for (const FakeGateway::Request &request : {second.requests().at(0), first.requests().at(1)}) {
        QVERIFY(!request.headers.contains("authorization"));
        QVERIFY(!request.headers.contains("x-api"));
    }
}

void TestLinkSecurity::redirectInCircles()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    for (int i = 0; i < 10; ++i)
        gateway.next(FakeGateway::refuse(302, {{"Location", "/stream"}}));
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.maximumRedirects = 3;
    Connection connection(&tokens, options);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"HTTP 302"_s));
    connection.open();
    QVERIFY(waitUntil([&] { return failed.size() == 1; }));
    QCOMPARE(gateway.requests().size(), 4);
}

void TestLinkSecurity::redirectToPlainIsRefused()
{
    FakeGateway plain;
    QVERIFY(plain.listenPlain());
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(FakeGateway::refuse(307, {{"Location", plain.url().toEncoded()}}));
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.maximumRedirects = 3;
    options.allowLoopbackPlain = true;
    Connection connection(&tokens, options);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"HTTP 307"_s));
    connection.open();
    QVERIFY(waitUntil([&] { return failed.size() == 1; }));
    QCOMPARE(plain.connectionsSeen(), 0);
}

void TestLinkSecurity::closedWhileRedirected()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(FakeGateway::refuse(307, {{"Location", "/b"}}));
    gateway.next(FakeGateway::hang());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.maximumRedirects = 1;
    auto connection = std::make_unique<Connection>(&tokens, options);
    QSignalSpy closed(connection.get(), &Connection::closed);
    connection->open();
    QVERIFY(waitUntil([&] { return gateway.requests().size() == 2; }));
    connection->close();
    QCOMPARE(closed.size(), 1);
    connection->open();
    connection.reset(); // in the middle of the next one
}

WATCHWORD_TEST_MAIN(TestLinkSecurity)
#include "tst_linksecurity.moc"
