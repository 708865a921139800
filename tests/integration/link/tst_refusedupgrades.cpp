// SPDX-License-Identifier: Apache-2.0
// What a Connection makes of servers that do not let it in, over real TLS.
#include "linkfixture.h"

using namespace LinkTest;

class TestRefusedUpgrades : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void statuses_data();
    void statuses();
    void refusalIsRecordedWithoutSecrets();
    void expiredTokenIsReplacedOnce();
    void refusedTwiceEnds();
    void stepUp();
    void hangBeforeTheAnswer();
    void slowLoris();
    void faultsOfTheServer_data();
    void faultsOfTheServer();
    void noHello();
    void tlsFaults_data();
    void tlsFaults();
    void goodPin();
    void malformedToken();
    void badOptions();
    void closeWhileConnecting();
    void providerThatNeverAnswers();
};

void TestRefusedUpgrades::statuses_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("code");
    QTest::newRow("400") << 400 << u"InvalidRequest"_s;
    QTest::newRow("403") << 403 << u"Forbidden"_s;
    QTest::newRow("404") << 404 << u"NotFound"_s;
    QTest::newRow("426") << 426 << u"UpgradeRejected"_s;
    QTest::newRow("429") << 429 << u"RateLimited"_s;
    QTest::newRow("503") << 503 << u"TemporarilyUnavailable"_s;
    QTest::newRow("302") << 302 << u"UpgradeRejected"_s;
    QTest::newRow("511") << 511 << u"CaptivePortal"_s;
}

void TestRefusedUpgrades::statuses()
{
    QFETCH(int, status);
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(FakeGateway::refuse(status, {{"Retry-After", "77"}, {"Server", "test"}}, "no"));
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    QSignalSpy closed(&connection, &Connection::closed);
    QSignalSpy ready(&connection, &Connection::ready);
    if (status < 500 && status != 403 && status != 429)
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"HTTP %1"_s.arg(status)));
    connection.open();
    QVERIFY(waitUntil([&] { return errors.size() == 1; }));
    const Error error = errors.first().first().value<Error>();
    QTEST(error.codeName(), "code");
    QCOMPARE(error.httpStatus(), status);
    QCOMPARE(error.retryAfter(), std::optional<Duration>(77s));
    QCOMPARE(closed.size(), 0); // it says when to come back
    QCOMPARE(connection.state(), State::Waiting);
    QVERIFY(connection.nextRetryAt().isValid());
    QVERIFY(QDateTime::currentDateTimeUtc().msecsTo(connection.nextRetryAt()) > 76'000);
    QCOMPARE(ready.size(), 0);
    QCOMPARE(gateway.requests().size(), 1);
}

void TestRefusedUpgrades::refusalIsRecordedWithoutSecrets()
{
    LogCapture log;
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    const QByteArray token = CanaryTokens::value(1);
    // A server that repeats the token wherever it can.
    gateway.next(FakeGateway::refuse(403,
                                     {{"WWW-Authenticate", "Bearer error=\"x\", error_description=\"" + token + "\""},
                                      {"Content-Type", "application/problem+json"}},
                                     "{\"title\":\"no " + token + "\",\"ref\":\"audit-9\"}"));
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy closed(&connection, &Connection::closed);
    connection.open();
    QVERIFY(waitUntil([&] { return closed.size() == 1; }));
    const AttemptRecord record = connection.attempts().constLast();
    QVERIFY(record.failure.has_value());
    QCOMPARE(record.failure->httpStatus, 403);
    QCOMPARE(record.failure->problem, u"no [token] (audit-9)"_s);
    QVERIFY(record.tls && record.tcp && record.token && record.ended && !record.ready);
    QCOMPARE(record.reached, AttemptPhase::Upgrade);
    QVERIFY(record.failure->httpHeaders.contains(u"www-authenticate"_s));
    const QString said = connection.explain() + closed.first().first().value<Error>().toString() + LogCapture::text();
    QVERIFY2(!said.contains(QString::fromLatin1(token)), qPrintable(said));
    QVERIFY(said.contains("audit-9"_L1));
}

void TestRefusedUpgrades::expiredTokenIsReplacedOnce()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.onToken = [](const QByteArray &token) { return token == CanaryTokens::value(1) ? 401 : 0; };
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy ready(&connection, &Connection::ready);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    QCOMPARE(tokens.requests.size(), 2);
    QCOMPARE(tokens.requests.at(0).reason, TokenRequest::Reason::Connect);
    QCOMPARE(tokens.requests.at(1).reason, TokenRequest::Reason::Rejected);
    QCOMPARE(tokens.requests.at(1).rejectedFingerprint, Secret::copy(CanaryTokens::value(1)).fingerprint());
    QCOMPARE(gateway.requests().size(), 2);
    QCOMPARE(gateway.requests().at(1).bearer(), CanaryTokens::value(2));
}

void TestRefusedUpgrades::refusedTwiceEnds()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.onToken = [](const QByteArray &) { return 401; };
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy closed(&connection, &Connection::closed);
    QSignalSpy person(&connection, &Connection::authenticationRequired);
    connection.open();
    QVERIFY(waitUntil([&] { return closed.size() == 1; }));
    QCOMPARE(person.size(), 1);
    QCOMPARE(closed.first().first().value<Error>().code(), ErrorCode::Unauthorized);
    QCOMPARE(gateway.requests().size(), 2);
    QCOMPARE(connection.state(), State::Disconnected);
}

void TestRefusedUpgrades::stepUp()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(FakeGateway::refuse(
        401, {{"WWW-Authenticate", "Bearer error=\"insufficient_user_authentication\", acr_values=\"mfa\""}}));
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy person(&connection, &Connection::authenticationRequired);
    connection.open();
    QVERIFY(waitUntil([&] { return person.size() == 1; }));
    QCOMPARE(person.first().first().value<Error>().code(), ErrorCode::InsufficientAuthentication);
    QCOMPARE(gateway.requests().size(), 1);
}

void TestRefusedUpgrades::hangBeforeTheAnswer()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(FakeGateway::hang());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.connectTimeout = 300ms;
    Connection connection(&tokens, options);
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    QCOMPARE(errors.size(), 1);
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::Timeout);
    QCOMPARE(connection.attempts().constFirst().reached, AttemptPhase::Upgrade);
}

void TestRefusedUpgrades::slowLoris()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(FakeGateway::slow(FakeGateway::refuse(429, {{"Retry-After", "1"}}), 20ms));
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.connectTimeout = 300ms;
    Connection connection(&tokens, options);
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::Timeout);
}

void TestRefusedUpgrades::faultsOfTheServer_data()
{
    QTest::addColumn<FakeGateway::Step>("step");
    QTest::addColumn<QString>("code");
    QTest::newRow("drop") << FakeGateway::drop() << u"ConnectionLost"_s;
    QTest::newRow("reset") << FakeGateway::reset() << u"ConnectionLost"_s;
    QTest::newRow("garbage") << FakeGateway::garbage("SSH-2.0-OpenSSH_9\r\n\r\n") << u"ProtocolViolation"_s;
    QTest::newRow("binary garbage") << FakeGateway::garbage(QByteArray(300, '\x81')) << u"ConnectionLost"_s;
    QTest::newRow("wrong accept key") << FakeGateway::garbage("HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                                              "Sec-WebSocket-Accept: AAAA\r\n\r\n")
                                      << u"ProtocolViolation"_s;
    QTest::newRow("subprotocol not offered") << FakeGateway::subprotocol("other.v9") << u"SubprotocolMismatch"_s;
}

void TestRefusedUpgrades::faultsOfTheServer()
{
    QFETCH(FakeGateway::Step, step);
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(step);
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.backoff.floor = 10s;
    Connection connection(&tokens, options);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    QSignalSpy ready(&connection, &Connection::ready);
    QFETCH(QString, code);
    if (code != "ConnectionLost"_L1)
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(code));
    connection.open();
    QVERIFY(waitUntil([&] { return !errors.isEmpty(); }));
    QTEST(errors.first().first().value<Error>().codeName(), "code");
    QCOMPARE(errors.size(), 1);
    QCOMPARE(ready.size(), 0);
    QCOMPARE(connection.state(), State::Waiting);
}

void TestRefusedUpgrades::noHello()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(FakeGateway::withoutHello());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.readyTimeout = 500ms;
    Connection connection(&tokens, options);
    const auto message = connection.deliver("x"); // only watchword.v1 can acknowledge it
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::Timeout);
    QCOMPARE(connection.attempts().constFirst().reached, AttemptPhase::Hello);
}

void TestRefusedUpgrades::tlsFaults_data()
{
    QTest::addColumn<QString>("fault");
    QTest::addColumn<QString>("code");
    for (const char *fault : {"expired", "wrong host", "unknown authority"})
        QTest::newRow(fault) << QString::fromLatin1(fault) << u"TlsFailed"_s;
    QTest::newRow("pin") << u"pin"_s << u"PinMismatch"_s;
}

void TestRefusedUpgrades::tlsFaults()
{
    QFETCH(QString, fault);
    FakeGateway gateway;
    if (fault == "expired"_L1)
        gateway.setTls(ThrowAwayTls::make({u"localhost"_s}, ThrowAwayTls::Validity::Expired));
    if (fault == "wrong host"_L1)
        gateway.setTls(ThrowAwayTls::make({u"other.test"_s}));
    QVERIFY(gateway.listen());
    ConnectionOptions options = quickOptions(gateway);
    if (fault == "unknown authority"_L1)
        options.additionalCertificateAuthorities = {ThrowAwayTls::make().authority};
    if (fault == "pin"_L1)
        options.pinnedKeys = {ThrowAwayTls::make().pin()};
    CanaryTokens tokens;
    Connection connection(&tokens, options);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    QFETCH(QString, code);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(code));
    connection.open();
    QVERIFY(waitUntil([&] { return errors.size() == 1; }));
    QTEST(errors.first().first().value<Error>().codeName(), "code");
    QVERIFY(!errors.first().first().value<Error>().detail().isEmpty());
    QCOMPARE(connection.state(), State::Waiting);
    // The server gets the time to see what it was sent: nothing.
    bool turned = false;
    QTimer::singleShot(100ms, this, [&turned] { turned = true; });
    QVERIFY(waitUntil([&] { return turned; }));
    QCOMPARE(gateway.connectionsSeen(), 1);
    QCOMPARE(gateway.requests().size(), 0);
}

void TestRefusedUpgrades::goodPin()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    ConnectionOptions options = quickOptions(gateway);
    options.pinnedKeys = {ThrowAwayTls::make().pin(), gateway.tls().pin()};
    CanaryTokens tokens;
    Connection connection(&tokens, options);
    QSignalSpy ready(&connection, &Connection::ready);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
}

void TestRefusedUpgrades::malformedToken()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    AccessToken token;
    token.value = Secret::copy("abc\r\nX-Admin: yes");
    FixedTokenProvider tokens(token);
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy closed(&connection, &Connection::closed);
    connection.open();
    QVERIFY(waitUntil([&] { return closed.size() == 1; }));
    QCOMPARE(closed.first().first().value<Error>().code(), ErrorCode::MalformedToken);
    QCOMPARE(gateway.connectionsSeen(), 0);
}

void TestRefusedUpgrades::badOptions()
{
    CanaryTokens tokens;
    ConnectionOptions options = plainOptions();
    options.url = QUrl(u"ws://example.com/"_s);
    Connection connection(&tokens, options);
    QSignalSpy closed(&connection, &Connection::closed);
    connection.open();
    connection.open();
    QCOMPARE(closed.size(), 0);
    QVERIFY(waitUntil([&] { return closed.size() == 1; }));
    QCOMPARE(closed.first().first().value<Error>().code(), ErrorCode::InsecureTransport);
    QCOMPARE(tokens.requests.size(), 0);
}

void TestRefusedUpgrades::closeWhileConnecting()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    gateway.next(FakeGateway::hang());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy closed(&connection, &Connection::closed);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    QVERIFY(waitUntil([&] { return gateway.requests().size() == 1; }));
    connection.close();
    QCOMPARE(connection.state(), State::Disconnected);
    QCOMPARE(closed.size(), 1);
    QCOMPARE(closed.first().first().value<Error>().code(), ErrorCode::Cancelled);
    QCOMPARE(errors.size(), 0);
    connection.close();
    QCOMPARE(closed.size(), 1);
}

void TestRefusedUpgrades::providerThatNeverAnswers()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    tokens.silent = true;
    ConnectionOptions options = quickOptions(gateway);
    options.tokenTimeout = 100ms;
    Connection connection(&tokens, options);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    QVERIFY(waitUntil([&] { return errors.size() >= 2; }));
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::Timeout);
    QCOMPARE(gateway.connectionsSeen(), 0);
    tokens.silent = false;
    QSignalSpy ready(&connection, &Connection::ready);
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
}

WATCHWORD_TEST_MAIN(TestRefusedUpgrades)
#include "tst_refusedupgrades.moc"
