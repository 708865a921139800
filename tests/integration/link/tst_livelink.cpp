// SPDX-License-Identifier: Apache-2.0
// What a Connection does with a server that let it in: messages, renewal, cuts, close codes, back pressure.
#include "linkfixture.h"
#include "watchword/core/version.h"

#include <QJsonObject>
#include <QSet>
#include <QWebSocket>
#include <QWebSocketServer>

using namespace LinkTest;

class TestLiveLink : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void messagesBothWays();
    void plainServerIsLeftUntouched();
    void bigMessageIsRefused();
    void renewalOnTheLiveLink();
    void renewalRefusedKeepsTheLink();
    void cuts_data();
    void cuts();
    void halfOpenIsNoticed();
    void closeCodes_data();
    void closeCodes();
    void byeIsHonoured();
    void nothingLostNothingTwice();
    void receivedTwiceIsDeliveredOnce();
    void offlineDelivery();
    void watermarkCountsEncryptedBytes();
    void garbageFrames();
    void tokensNeverInLogs();
    void destroyedWithPendingFutures();
};

void TestLiveLink::messagesBothWays()
{
    FakeGateway gateway;
    gateway.setEcho(true);
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.origin = "https://orders.example.com";
    options.headers = {{"X-Version", "7"}};
    Connection connection(&tokens, options);
    QStringList texts;
    QList<QByteArray> binaries;
    connect(&connection, &Connection::textReceived, this, [&](const QString &text) { texts.append(text); });
    connect(&connection, &Connection::binaryReceived, this, [&](const QByteArray &bytes) { binaries.append(bytes); });
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QVERIFY(connection.isWatchword());
    const QString escaped = u"\x1e looks like a frame"_s;
    QVERIFY(connection.sendText(u"h\u00e4llo"_s));
    QVERIFY(connection.sendText(escaped));
    QVERIFY(connection.sendBinary(QByteArray(70'000, 'b')));
    QVERIFY(waitUntil([&] { return texts.size() == 2 && binaries.size() == 1; }));
    QCOMPARE(texts, QStringList({u"h\u00e4llo"_s, escaped}));
    QCOMPARE(binaries.first().size(), 70'000);
    QCOMPARE(gateway.requests().first().headers.value("origin"), QByteArray("https://orders.example.com"));
    QCOMPARE(gateway.requests().first().headers.value("x-version"), QByteArray("7"));
    QCOMPARE(gateway.requests().first().headers.value("user-agent"), "Watchword/" + versionText().toLatin1());
    QVERIFY(connection.tokenExpiresAt() > QDateTime::currentDateTimeUtc().addSecs(3500));
}

// A server that knows nothing of watchword.v1; even text that looks like a control frame passes.
void TestLiveLink::plainServerIsLeftUntouched()
{
    QWebSocketServer server(u"plain"_s, QWebSocketServer::NonSecureMode);
    QVERIFY(server.listen(QHostAddress::LocalHost));
    connect(&server, &QWebSocketServer::newConnection, this, [&server] {
        QWebSocket *socket = server.nextPendingConnection();
        socket->setParent(&server);
        connect(socket, &QWebSocket::textMessageReceived, socket,
                [socket](const QString &text) { socket->sendTextMessage(text); });
    });
    ConnectionOptions options = plainOptions();
    options.url = server.serverUrl();
    options.allowLoopbackPlain = true;
    Connection connection(nullptr, options);
    QSignalSpy messages(&connection, &Connection::messageReceived);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QVERIFY(!connection.isWatchword());
    QVERIFY(connection.sendText(u"\x1e{\"t\":\"msg\"}"_s));
    QVERIFY(waitUntil([&] { return messages.size() == 1; }));
    QCOMPARE(messages.first().first().toByteArray(), QByteArray("\x1e{\"t\":\"msg\"}"));
    QCOMPARE(connection.sendFrame(Frame(u"sub"_s)).error().code(), ErrorCode::WrongState);
    QCOMPARE(connection.deliver("x").result().error().code(), ErrorCode::SubprotocolMismatch);
    connection.close();
    QVERIFY(waitUntil([&] { return connection.state() == State::Disconnected; }));
}

void TestLiveLink::bigMessageIsRefused()
{
    FakeGateway gateway;
    gateway.setHelloMember(u"limits"_s, QJsonObject{{u"message_bytes"_s, 1000}});
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.maximumMessage = 5000;
    Connection connection(&tokens, options);
    QSignalSpy closed(&connection, &Connection::closed);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QCOMPARE(connection.sendText(QString(1001, u'x')).error().code(), ErrorCode::MessageTooBig);
    QVERIFY(connection.sendText(QString(1000, u'x')));
    gateway.peer()->sendText(QString(5001, u'x'));
    QVERIFY(waitUntil([&] { return closed.size() == 1; }));
    QCOMPARE(closed.first().first().value<Error>().code(), ErrorCode::MessageTooBig);
}

void TestLiveLink::renewalOnTheLiveLink()
{
    FakeGateway gateway;
    gateway.setTokenLifetime(600ms);
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    tokens.lifetime = 600ms;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy renewed(&connection, &Connection::tokenRenewed);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    QVERIFY(waitUntil([&] { return renewed.size() >= 3; }));
    QCOMPARE(errors.size(), 0);
    QCOMPARE(gateway.requests().size(), 1);
    QVERIFY(gateway.peer()->token().reveal() != CanaryTokens::value(1));
}

void TestLiveLink::renewalRefusedKeepsTheLink()
{
    FakeGateway gateway;
    gateway.onRenewal = [](const QByteArray &) { return 4402; };
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    gateway.peer()->sendFrame(Frame(u"auth.due"_s, {{u"in_s"_s, 5}}));
    tokens.lifetime = 2h;
    QVERIFY(waitUntil([&] { return errors.size() == 1; }));
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::IdentityChanged);
    QCOMPARE(connection.state(), State::Ready);
}

void TestLiveLink::cuts_data()
{
    QTest::addColumn<int>("kind");
    QTest::newRow("drop") << 0;
    QTest::newRow("reset") << 1;
    QTest::newRow("reset in a frame") << 2;
    QTest::newRow("server gone and back") << 3;
}

void TestLiveLink::cuts()
{
    QFETCH(int, kind);
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    QSignalSpy closed(&connection, &Connection::closed);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    if (kind == 0)
        gateway.peer()->drop();
    else if (kind == 1)
        gateway.peer()->reset();
    else if (kind == 2)
        gateway.peer()->cutMidFrame();
    else
        gateway.stop();
    QVERIFY(waitUntil([&] { return errors.size() >= 1; }));
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::ConnectionLost);
    QCOMPARE(errors.first().first().value<Error>().closeCode(), 1006);
    if (kind == 3) {
        QVERIFY(waitUntil([&] { return errors.size() >= 2; }));
        QCOMPARE(errors.at(1).first().value<Error>().code(), ErrorCode::ConnectionRefused);
        QVERIFY(gateway.listen());
    }
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
    QCOMPARE(closed.size(), 0);
}

void TestLiveLink::halfOpenIsNoticed()
{
    FakeGateway gateway;
    gateway.setHelloMember(u"heartbeat_s"_s, 1);
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.probeTimeout = 300ms;
    Connection connection(&tokens, options);
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.rttMs() >= 0; }));
    gateway.peer()->stall();
    connection.probe();
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::Timeout);
}

void TestLiveLink::closeCodes_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<bool>("returns");
    for (const int code : {1000, 1001, 1011, 4408, 4440, 4441, 3100})
        QTest::addRow("%d", code) << code << true;
    for (const int code : {1008, 4402, 4403, 4409, 4410, 4423, 4430, 3700, 4600})
        QTest::addRow("%d", code) << code << false;
}

void TestLiveLink::closeCodes()
{
    QFETCH(int, code);
    QFETCH(bool, returns);
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy closed(&connection, &Connection::closed);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    gateway.peer()->close(code, u"reason"_s);
    QVERIFY(waitUntil([&] { return returns ? ready.size() == 2 : closed.size() == 1; }));
    QCOMPARE(closed.size(), returns ? 0 : 1);
    QCOMPARE(connection.attempts().constFirst().failure->closeCode, code);
    QCOMPARE(connection.attempts().constFirst().failure->closeReason, u"reason"_s);
    if (!returns)
        QCOMPARE(closed.first().first().value<Error>().closeCode(), code);
}

void TestLiveLink::byeIsHonoured()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    Bye bye;
    connect(&connection, &Connection::byeReceived, this, [&bye](const Bye &b) { bye = b; });
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    gateway.peer()->bye(4411, u"retry"_s, 60'000, u"lunch"_s);
    QVERIFY(waitUntil([&] { return connection.state() == State::Waiting; }));
    QCOMPARE(bye.code, 4411);
    QCOMPARE(bye.reason, u"lunch"_s);
    QCOMPARE(bye.ref, u"audit-1"_s);
    QVERIFY(QDateTime::currentDateTimeUtc().msecsTo(connection.nextRetryAt()) > 59'000);
}

// 500 acknowledged messages while the connection is cut again and again, in every way.
void TestLiveLink::nothingLostNothingTwice()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSet<QString> ids;
    QStringList arrived;
    int frames = 0;
    int cuts = 0;
    connect(&gateway, &FakeGateway::accepted, this, [&](FakePeer *peer) {
        connect(peer, &FakePeer::frameReceived, this, [&, peer](const Frame &frame) {
            if (frame.type() != "msg"_L1)
                return;
            if (!ids.contains(frame.fields().value("id"_L1).toString())) {
                ids.insert(frame.fields().value("id"_L1).toString());
                arrived.append(QString::fromUtf8(frame.payload()));
            }
            if (++frames % 23 == 0 && cuts < 40) {
                ++cuts;
                if (cuts % 3 == 0)
                    peer->reset();
                else if (cuts % 3 == 1)
                    peer->cutMidFrame();
                else
                    peer->close(1012);
            }
        });
    });
    connection.open();
    QList<QFuture<Result<void>>> futures;
    for (int i = 0; i < 500; ++i)
        futures.append(connection.deliver("message " + QByteArray::number(i)));
    QVERIFY(waitUntil([&] { return std::all_of(futures.cbegin(), futures.cend(), [](const auto &f) { return f.isFinished(); }); },
                      60s));
    for (const auto &future : std::as_const(futures))
        QVERIFY2(future.result().isOk(), qPrintable(future.result().isOk() ? QString() : future.result().error().toString()));
    QStringList expected;
    for (int i = 0; i < 500; ++i)
        expected.append(u"message %1"_s.arg(i));
    QCOMPARE(arrived, expected);
    QVERIFY2(cuts >= 10, qPrintable(QString::number(cuts)));
    qInfo() << cuts << "cuts," << frames << "frames for 500 messages";
}

void TestLiveLink::receivedTwiceIsDeliveredOnce()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy messages(&connection, &Connection::messageReceived);
    QSignalSpy ready(&connection, &Connection::ready);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    const Frame frame(u"msg"_s, {{u"id"_s, u"m-1"_s}}, "payload");
    gateway.peer()->sendFrame(frame);
    QVERIFY(waitUntil([&] { return messages.size() == 1; }));
    gateway.peer()->reset();
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
    QVERIFY(waitUntil([&] { return gateway.peer() != nullptr; }));
    gateway.peer()->sendFrame(frame);
    QVERIFY(waitUntil([&] { return !gateway.peer()->frames().isEmpty(); }));
    QCOMPARE(gateway.peer()->frames().first().type(), u"ack"_s);
    QCOMPARE(messages.size(), 1);
}

void TestLiveLink::offlineDelivery()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.offlineQueue = 10;
    Connection connection(&tokens, options);
    QCOMPARE(connection.sendText(u"x"_s).error().code(), ErrorCode::Offline);
    QVERIFY(connection.sendText(u"x"_s, Connection::Delivery::DropIfOffline));
    QVERIFY(connection.sendText(u"one"_s, Connection::Delivery::QueueUntilReady));
    QVERIFY(connection.sendBinary("two", Connection::Delivery::QueueUntilReady));
    QCOMPARE(connection.sendText(u"too much"_s, Connection::Delivery::QueueUntilReady).error().code(), ErrorCode::QueueFull);
    connection.open();
    QVERIFY(waitUntil([&] { return gateway.peer() && gateway.peer()->binaries().size() == 1; }));
    QCOMPARE(gateway.peer()->texts(), QStringList({u"one"_s}));
    connection.close();
    QVERIFY(waitUntil([&] { return connection.state() == State::Disconnected; }));
    QVERIFY(connection.sendText(u"late"_s, Connection::Delivery::QueueUntilReady));
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    connection.close();
    QCOMPARE(errors.size(), 1); // says that a message was discarded
}

void TestLiveLink::watermarkCountsEncryptedBytes()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready && gateway.peer(); }));
    gateway.peer()->stall();
    const QByteArray chunk(128 * 1024, 'x');
    qint64 sent = 0;
    // The event loop runs in between, so that plain bytes become encrypted ones.
    const bool full = waitUntil([&] {
        const Result<void> result = connection.sendBinary(chunk);
        sent += result ? chunk.size() : 0;
        return !result && result.error().code() == ErrorCode::QueueFull;
    });
    QVERIFY2(full, qPrintable(QString::number(sent)));
    QVERIFY(connection.queuedBytes() >= 1024 * 1024);
    QVERIFY2(sent < 32 * 1024 * 1024, qPrintable(QString::number(sent)));
}

void TestLiveLink::garbageFrames()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    QSignalSpy frames(&connection, &Connection::frameReceived);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready && gateway.peer(); }));
    const QStringList texts{u"\x1e"_s,
                            u"\x1e{"_s,
                            u"\x1e[]"_s,
                            u"\x1e{\"t\":5}"_s,
                            u"\x1e{\"t\":\"msg\"}\nx"_s,
                            u"\x1e{\"t\":\"hello\",\"exp\":-1,\"server_time\":1e300,\"heartbeat_s\":\"x\"}"_s,
                            u"\x1e{\"t\":\"auth.ok\"}"_s,
                            u"\x1e{\"t\":\"auth.fail\",\"code\":4402}"_s,
                            u"\x1e{\"t\":\"pong\",\"n\":-7}"_s,
                            u"\x1e{\"t\":\"ack\",\"id\":{}}"_s};
    for (const QString &text : texts)
        gateway.peer()->sendText(text);
    gateway.peer()->sendFrame(Frame(u"future"_s, {{u"x"_s, 1}}));
    QVERIFY(waitUntil([&] { return frames.size() == 1; }));
    QCOMPARE(errors.size(), 5);
    QCOMPARE(connection.state(), State::Ready);
}

void TestLiveLink::tokensNeverInLogs()
{
    LogCapture log;
    FakeGateway gateway;
    gateway.setTokenLifetime(600ms);
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    tokens.lifetime = 600ms;
    QString seen;
    Connection connection(&tokens, quickOptions(gateway));
    connect(&connection, &Connection::errorOccurred, this, [&seen](const Error &e) { seen += e.toString() + e.remedy(); });
    connect(&connection, &Connection::byeReceived, this, [&seen](const Bye &bye) { seen += bye.reason + bye.ref; });
    QSignalSpy renewed(&connection, &Connection::tokenRenewed);
    QSignalSpy ready(&connection, &Connection::ready);
    connection.open();
    QVERIFY(waitUntil([&] { return renewed.size() >= 1 && gateway.peer(); }));
    gateway.peer()->bye(4408, u"retry"_s, 0, QString::fromLatin1(gateway.peer()->token().reveal()));
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
    seen += connection.explain() + LogCapture::text();
    QVERIFY(LogCapture::text().contains("SendRenewal"_L1)); // the log was on
    QVERIFY2(!seen.contains("canary-"_L1), qPrintable(seen));
}

void TestLiveLink::destroyedWithPendingFutures()
{
    FakeGateway gateway;
    gateway.setAcknowledging(false);
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    auto connection = std::make_unique<Connection>(&tokens, quickOptions(gateway));
    QSignalSpy closed(connection.get(), &Connection::closed);
    connection->open();
    QVERIFY(waitUntil([&] { return connection->state() == State::Ready; }));
    const QFuture<Result<void>> future = connection->deliver("x");
    connection.reset();
    QVERIFY(future.isFinished());
    QCOMPARE(future.result().error().code(), ErrorCode::Cancelled);
    QCOMPARE(closed.size(), 0);
}

WATCHWORD_TEST_MAIN(TestLiveLink)
#include "tst_livelink.moc"
