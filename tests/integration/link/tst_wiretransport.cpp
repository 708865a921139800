// SPDX-License-Identifier: Apache-2.0
// What is legal on the wire and rarely seen, what is not, and how a transport ends: the engine Wire against raw TCP.
#include "rawserver.h"

using namespace LinkTest;

class TestWireTransport : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void legalAnswers_data();
    void legalAnswers();
    void illegalAnswers_data();
    void illegalAnswers();
    void refusalKeepsItsBody();
    void legalFrames_data();
    void legalFrames();
    void faults_data();
    void faults();
    void closeCodes_data();
    void closeCodes();
    void endWithoutClose_data();
    void endWithoutClose();
    void messageMayStall();
    void pingsAreAnswered();
    void pingsOfAPeerThatDoesNotRead();
    void ourCloseIsAnswered();
    void closeLeavesBeforeAbort();
    void sendingInsideASlot();
    void destroyedInItsOwnSignals_data();
    void destroyedInItsOwnSignals();
    void callsAtTheWrongTime();
    void messagesBehindTheHead();

private:
    static bool open(RawServer &server, Way &way, const QByteArray &lines = {});
    static ConnectionOptions optionsFor(const RawServer &server);
};

ConnectionOptions TestWireTransport::optionsFor(const RawServer &server)
{
    ConnectionOptions options;
    options.url = server.url();
    options.allowLoopbackPlain = true;
    options.engine = Engine::Wire;
    options.maximumMessage = 1'000'000;
    return options;
}

bool TestWireTransport::open(RawServer &server, Way &way, const QByteArray &lines)
{
    way.transport->start({});
    if (!waitUntil([&] { return server.wasAsked(); }))
        return false;
    server.say(server.answer(lines));
    return waitUntil([&] { return way.opened.size() == 1; });
}

void TestWireTransport::legalAnswers_data()
{
    QTest::addColumn<QByteArray>("answer"); // ACCEPT stands for the right value
    const QByteArray rest = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n";
    QTest::newRow("a list in Connection") << QByteArray(
        "HTTP/1.1 101 x\r\nUpgrade: WebSocket\r\nConnection: Upgrade, Keep-Alive\r\n"
        "Sec-WebSocket-Accept: ACCEPT\r\n\r\n");
    QTest::newRow("two lines of Connection") << QByteArray("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: keep-alive\r\n"
                                                           "Connection: upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n");
    QTest::newRow("103 before it") << QByteArray(
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 101 x\r\n" + rest + "\r\n");
    QTest::newRow("a line of 16000") << QByteArray("HTTP/1.1 101 x\r\n" + rest + "X-Long: " + QByteArray(16000, 'x')
                                                   + "\r\n\r\n");
}

void TestWireTransport::legalAnswers()
{
    QFETCH(QByteArray, answer);
    for (const bool split : {false, true}) {
        RawServer server;
        Way way(optionsFor(server));
        way.transport->start({});
        QVERIFY(waitUntil([&] { return server.wasAsked(); }));
        const QByteArray bytes = QByteArray(answer).replace("ACCEPT", server.accept()) + QByteArray::fromHex("810568656c6c6f");
        if (split) {
            server.say(bytes.left(20));
            server.socket()->flush();
            QSignalSpy heard(way.transport.get(), &Transport::activity);
            QVERIFY(waitUntil([&] { return !heard.isEmpty(); }));
            server.say(bytes.mid(20));
        } else {
            server.say(bytes);
        }
        QVERIFY(waitUntil([&] { return way.texts == QStringList{u"hello"_s}; }));
        QVERIFY(way.ends.isEmpty());
    }
}

void TestWireTransport::illegalAnswers_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<QString>("says");
    const QByteArray right = "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n";
    QTest::newRow("an extension that nobody offered")
        << QByteArray(right + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n") << u"extension"_s;
    QTest::newRow("two Accepts") << QByteArray(right + "Sec-WebSocket-Accept: ACCEPT\r\n\r\n") << u"Sec-WebSocket-Accept"_s;
    QTest::newRow("wrong Accept") << QByteArray(QByteArray(right).replace("ACCEPT", "AAAA") + "\r\n")
                                  << u"Sec-WebSocket-Accept"_s;
    QTest::newRow("a line of 17000") << QByteArray(right + "X-Long: " + QByteArray(17000, 'x') + "\r\n\r\n") << u"too long"_s;
    QTest::newRow("folded") << QByteArray(right + " x\r\n\r\n") << u"folded"_s;
    QTest::newRow("not HTTP") << QByteArray("SSH-2.0-OpenSSH_9.2\r\n\r\n") << u"HTTP version"_s;
    QTest::newRow("1xx without end") << QByteArray("HTTP/1.1 103 x\r\n\r\n").repeated(100) << u"interim"_s;
}

void TestWireTransport::illegalAnswers()
{
    QFETCH(QByteArray, answer);
    QFETCH(QString, says);
    RawServer server;
    Way way(optionsFor(server));
    way.transport->start({});
    QVERIFY(waitUntil([&] { return server.wasAsked(); }));
    server.say(QByteArray(answer).replace("ACCEPT", server.accept()));
    QVERIFY(waitUntil([&] { return way.isOver(); }));
    QCOMPARE(way.ends.first().error.code(), ErrorCode::ProtocolViolation);
    QVERIFY2(way.ends.first().error.detail().contains(says), qPrintable(way.ends.first().error.detail()));
    QCOMPARE(way.ends.first().closeCode, 0);
    QVERIFY(way.opened.isEmpty());
    QVERIFY(server.frames.isEmpty());
}

void TestWireTransport::refusalKeepsItsBody()
{
    RawServer server;
    Way way(optionsFor(server));
    way.transport->start({});
    QVERIFY(waitUntil([&] { return server.wasAsked(); }));
    server.say(
        "HTTP/1.1 503 No\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n5\r\nlater\r\n");
    server.socket()->flush();
    server.say("5\r\n, pal\r\n0\r\n\r\n");
    QVERIFY(waitUntil([&] { return way.isOver(); }));
    const TransportEnd &end = way.ends.first();
    QCOMPARE(end.http.status, 503);
    QCOMPARE(end.http.header("retry-after"), "7");
    QCOMPARE(end.http.body, "later, pal");
    QCOMPARE(end.error.retryAfter(), std::optional<Duration>(7s));
}

void TestWireTransport::legalFrames_data()
{
    QTest::addColumn<QByteArrayList>("parts"); // hex, each sent by itself
    QTest::addColumn<QStringList>("texts");
    QTest::newRow("split inside a character") << QByteArrayList{"0102e282", "8001ac"} << QStringList{u"\u20ac"_s};
    QTest::newRow("a ping inside a character") << QByteArrayList{"0102e282", "8900", "8001ac"} << QStringList{u"\u20ac"_s};
    QTest::newRow("byte by byte") << QByteArrayList{"81", "05", "68", "65", "6c", "6c", "6f"} << QStringList{u"hello"_s};
    QTest::newRow("empty fragments") << QByteArrayList{"0100", "0000", "8000"} << QStringList{QString()};
    QTest::newRow("two in one") << QByteArrayList{"81016181 0162"} << QStringList{u"a"_s, u"b"_s};
    QTest::newRow("a byte order mark") << QByteArrayList{"8104efbbbf61"} << QStringList{u"\ufeffa"_s};
    QTest::newRow("a character of four bytes") << QByteArrayList{"8104f09f9880"} << QStringList{u"\U0001f600"_s};
    QTest::newRow("NUL") << QByteArrayList{"810361 00 62"} << QStringList{QString::fromLatin1("a\0b", 3)};
}

void TestWireTransport::legalFrames()
{
    QFETCH(QByteArrayList, parts);
    QFETCH(QStringList, texts);
    RawServer server;
    Way way(optionsFor(server));
    QVERIFY(open(server, way));
    for (const QByteArray &part : parts) {
        server.say(QByteArray::fromHex(part));
        server.socket()->flush();
        QCoreApplication::processEvents();
    }
    QVERIFY(waitUntil([&] { return way.texts == texts; }));
    QVERIFY(way.ends.isEmpty());
}

void TestWireTransport::faults_data()
{
    QTest::addColumn<QByteArray>("frames");
    QTest::addColumn<int>("code");
    QTest::newRow("not UTF-8") << QByteArray("8102c328") << 1007;
    QTest::newRow("a reserved bit") << QByteArray("c10161") << 1002;
    QTest::newRow("masked") << QByteArray("81810000000061") << 1002;
    QTest::newRow("a reserved opcode") << QByteArray("8300") << 1002;
    QTest::newRow("a continuation of nothing") << QByteArray("800161") << 1002;
    QTest::newRow("1 GiB announced") << QByteArray("827f0000000040000000") << 1009;
    QTest::newRow("one byte too many") << QByteArray("827f00000000000f4241") << 1009;
}

void TestWireTransport::faults()
{
    QFETCH(QByteArray, frames);
    QFETCH(int, code);
    RawServer server;
    Way way(optionsFor(server));
    QVERIFY(open(server, way));
    server.say(QByteArray::fromHex("810161") + QByteArray::fromHex(frames));
    QVERIFY(waitUntil([&] { return way.isOver(); }));
    QCOMPARE(way.texts, QStringList{u"a"_s}); // what came before is not lost
    // The server did not say so: it is not a code of its.
    QCOMPARE(way.ends.first().closeCode, 0);
    QCOMPARE(way.ends.first().error.code(), code == 1009 ? ErrorCode::MessageTooBig : ErrorCode::ProtocolViolation);
    QVERIFY(way.ends.first().error.detail().contains("refused here"_L1));
    QVERIFY(waitUntil([&] { return server.closePayload() != "none"; }));
    QCOMPARE(server.closePayload().left(2), QByteArray::fromHex(QByteArray::number(code, 16).rightJustified(4, '0')));
}

void TestWireTransport::closeCodes_data()
{
    QTest::addColumn<QByteArray>("frame");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("reason");
    const auto row = [](int code, const QByteArray &reason) {
        const QByteArray payload = QByteArray::fromHex(QByteArray::number(code, 16).rightJustified(4, '0')) + reason;
        QTest::addRow("%d", code) << QByteArray(QByteArray("\x88") + char(payload.size()) + payload) << code
                                  << QString::fromUtf8(reason);
    };
    for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4401, 4999})
        row(code, "because");
    QTest::newRow("empty") << QByteArray::fromHex("8800") << 1005 << QString();
    // What the peer meant counts, not that its words were cut.
    const QString unreadable = u"the server closed, with a code or reason that cannot be read"_s;
    QTest::newRow("a reason cut inside a character") << QByteArray::fromHex("880403e9c328") << 1001 << unreadable;
    QTest::newRow("1006") << QByteArray::fromHex("880203ee") << 1006 << unreadable;
    QTest::newRow("one byte") << QByteArray::fromHex("880103") << 1006 << unreadable;
}

void TestWireTransport::closeCodes()
{
    QFETCH(QByteArray, frame);
    RawServer server;
    Way way(optionsFor(server));
    QVERIFY(open(server, way));
    const QPointer<QTcpSocket> socket = server.socket();
    server.say(frame);
    QVERIFY(waitUntil([&] { return way.isOver(); }));
    QTEST(way.ends.first().closeCode, "code");
    QTEST(way.ends.first().closeReason, "reason");
    // It is answered before TCP ends.
    QVERIFY(waitUntil([&] { return server.closePayload() != "none"; }));
    QVERIFY(waitUntil([&] { return !socket; }));
    QCOMPARE(way.ends.size(), 1);
}

void TestWireTransport::endWithoutClose_data()
{
    QTest::addColumn<bool>("reset");
    QTest::addColumn<QByteArray>("before");
    for (const char *before : {"", "810a68", "01", "0101"}) {
        QTest::addRow("end behind %s", before) << false << QByteArray(before);
        QTest::addRow("reset behind %s", before) << true << QByteArray(before);
    }
}

void TestWireTransport::endWithoutClose()
{
    QFETCH(bool, reset);
    QFETCH(QByteArray, before);
    RawServer server;
    Way way(optionsFor(server));
    QVERIFY(open(server, way));
    server.say(QByteArray::fromHex("8102") + "ok" + QByteArray::fromHex(before));
    QVERIFY(waitUntil([&] { return way.texts.size() == 1; }));
    if (reset)
        server.socket()->abort();
    else
        server.socket()->disconnectFromHost();
    QVERIFY(waitUntil([&] { return way.isOver(); }));
    QCOMPARE(way.ends.first().closeCode, 1006);
    QCOMPARE(way.ends.first().error.code(), ErrorCode::ConnectionLost);
}

// Heartbeat and probe decide over silence, not a timer of the engine: Qt's would end it after 5 s.
void TestWireTransport::messageMayStall()
{
    RawServer server;
    Way way(optionsFor(server));
    QVERIFY(open(server, way));
    const QByteArray payload(3000, 'x');
    server.say(QByteArray::fromHex("817e0bb8") + payload.left(1500));
    QElapsedTimer silence;
    silence.start();
    QVERIFY(waitUntil([&] { return silence.hasExpired(6'500) || way.isOver(); }));
    QVERIFY(!way.isOver());
    server.say(payload.mid(1500));
    QVERIFY(waitUntil([&] { return way.texts == QStringList{QString::fromLatin1(payload)}; }));
}

void TestWireTransport::pingsAreAnswered()
{
    RawServer server;
    Way way(optionsFor(server));
    QVERIFY(open(server, way));
    server.say(QByteArray::fromHex("890568656c6c6f"));
    QVERIFY(waitUntil([&] { return server.frames.size() == 11; }));
    QCOMPARE(server.frames.left(2), QByteArray::fromHex("8a85"));
    // Of many in one read the last one is answered (RFC 6455 section 5.5.3).
    server.frames.clear();
    server.say(QByteArray::fromHex("890161").repeated(50) + QByteArray::fromHex("890162"));
    const auto lastPong = [&] {
        return server.frames.size() < 7 ? '\0' : char(server.frames.back() ^ server.frames.at(server.frames.size() - 5));
    };
    QVERIFY(waitUntil([&] { return lastPong() == 'b'; }));
    QVERIFY(server.frames.size() <= 7 * 51);
    way.transport->ping("12345678");
    server.say(QByteArray::fromHex("8a083132333435363738"));
    QVERIFY(waitUntil([&] { return way.pongs == QByteArrayList{"12345678"}; }));
}

// It gets no more than its socket takes and one pong that waits.
void TestWireTransport::pingsOfAPeerThatDoesNotRead()
{
    RawServer server;
    Way way(optionsFor(server));
    QVERIFY(open(server, way));
    server.stopReading();
    const QByteArray ping = QByteArray::fromHex("897d") + QByteArray(125, 'p');
    qint64 most = 0;
    for (int i = 0; i < 400; ++i) {
        server.say(ping.repeated(500));
        QVERIFY(waitUntil([&] { return server.socket()->bytesToWrite() == 0; }));
        most = std::max(most, way.transport->bytesQueued());
    }
    QVERIFY2(most < 200'000, qPrintable(QString::number(most))); // of 25 MB
    QVERIFY(way.ends.isEmpty());
}

void TestWireTransport::ourCloseIsAnswered()
{
    RawServer server;
    Way way(optionsFor(server));
    QVERIFY(open(server, way));
    way.transport->close(1000, u"bye"_s);
    way.transport->close(1001, u"again"_s);
    way.transport->sendText(u"late"_s);
    QVERIFY(waitUntil([&] { return server.closePayload() != "none"; }));
    QCOMPARE(server.closePayload(), QByteArray::fromHex("03e8") + "bye");
    QCOMPARE(server.frames.size(), 6 + 5); // nothing but that
    // What is on its way is still delivered.
    server.say(QByteArray::fromHex("810161") + QByteArray::fromHex("880203e8"));
    QVERIFY(waitUntil([&] { return way.isOver(); }));
    QCOMPARE(way.texts, QStringList{u"a"_s});
    QCOMPARE(way.ends.first().closeCode, 1000);
    QCOMPARE(way.ends.size(), 1);
}

void TestWireTransport::closeLeavesBeforeAbort()
{
    RawServer server;
    Way way(optionsFor(server));
    QVERIFY(open(server, way));
    way.transport->sendText(QString(100'000, u'x'));
    way.transport->close(4000, u"bye"_s);
    way.transport.reset();
    QVERIFY(waitUntil([&] { return server.frames.size() > 100'000 && server.frames.right(11).startsWith('\x88'); }));
    QVERIFY(way.ends.isEmpty());
}

// Frames that arise from what is read go out once, in their order.
void TestWireTransport::sendingInsideASlot()
{
    RawServer server;
    Way way(optionsFor(server));
    QVERIFY(open(server, way));
    connect(way.transport.get(), &Transport::textReceived, this, [&](const QString &text) { way.transport->sendText(text); });
    server.say(QByteArray::fromHex("810161") + QByteArray::fromHex("810162") + QByteArray::fromHex("890170")
               + QByteArray::fromHex("810163"));
    QVERIFY(waitUntil([&] { return server.frames.size() >= 4 * 7; }));
    QCOMPARE(server.frames.size(), 4 * 7);
    QByteArray payloads;
    for (int i = 0; i < 4; ++i)
        payloads += char(server.frames.at(7 * i + 6) ^ server.frames.at(7 * i + 2));
    QCOMPARE(payloads, "abcp");
}

void TestWireTransport::destroyedInItsOwnSignals_data()
{
    QTest::addColumn<QString>("at");
    for (const char *at : {"phaseReached", "opened", "textReceived", "binaryReceived", "pongReceived", "activity", "ended"})
        QTest::newRow(at) << QString::fromLatin1(at);
}

void TestWireTransport::destroyedInItsOwnSignals()
{
    QFETCH(QString, at);
    for (const bool onlyAborts : {false, true}) {
        RawServer server;
        Way way(optionsFor(server));
        Transport *t = way.transport.get();
        bool isDone = false;
        const auto end = [&] {
            isDone = true;
            if (onlyAborts)
                way.transport->abort();
            else
                way.transport.reset();
        };
        if (at == u"phaseReached"_s)
            connect(t, &Transport::phaseReached, this, end);
        else if (at == u"opened"_s)
            connect(t, &Transport::opened, this, end);
        else if (at == u"textReceived"_s)
            connect(t, &Transport::textReceived, this, end);
        else if (at == u"binaryReceived"_s)
            connect(t, &Transport::binaryReceived, this, end);
        else if (at == u"pongReceived"_s)
            connect(t, &Transport::pongReceived, this, end);
        else if (at == u"activity"_s)
            connect(t, &Transport::activity, this, end);
        else
            connect(t, &Transport::ended, this, end);
        way.transport->start({});
        QVERIFY(waitUntil([&] { return server.wasAsked() || isDone; }));
        server.say(server.answer() + QByteArray::fromHex("810161") + QByteArray::fromHex("8a00") + QByteArray::fromHex("820162")
                   + QByteArray::fromHex("810163") + QByteArray::fromHex("880203e8"));
        QVERIFY(waitUntil([&] { return isDone; }));
        QCoreApplication::processEvents();
        QVERIFY(way.ends.isEmpty() || at == u"ended"_s);
        QVERIFY(way.ends.size() <= 1);
    }
}

void TestWireTransport::callsAtTheWrongTime()
{
    RawServer server;
    Way way(optionsFor(server));
    const auto callAll = [&] {
        way.transport->sendText(u"x"_s);
        way.transport->sendBinary("x");
        way.transport->ping("x");
        return way.transport->bytesQueued();
    };
    QCOMPARE(callAll(), 0);
    way.transport->start({});
    callAll();
    way.transport->start({}); // a second time: ignored
    QVERIFY(waitUntil([&] { return server.wasAsked(); }));
    callAll();
    QCOMPARE(server.connections, 1);
    way.transport->close(1000, {});
    QVERIFY(way.ends.isEmpty()); // never from inside a call
    QVERIFY(waitUntil([&] { return way.isOver(); }));
    QCOMPARE(way.ends.first().error.code(), ErrorCode::Cancelled);
    QVERIFY(server.frames.isEmpty());
    callAll();
    way.transport->close(1000, {});
    way.transport->abort();
    way.transport->abort();
    QCOMPARE(way.ends.size(), 1);
}

void TestWireTransport::messagesBehindTheHead()
{
    RawServer server;
    Way way(optionsFor(server));
    way.transport->start({});
    QVERIFY(waitUntil([&] { return server.wasAsked(); }));
    server.say(server.answer("Sec-WebSocket-Protocol: watchword.v1\r\n") + QByteArray::fromHex("810568656c6c6f"));
    QVERIFY(waitUntil([&] { return way.texts.size() == 1; }));
    QCOMPARE(way.opened, QStringList{u"watchword.v1"_s});
}

WATCHWORD_TEST_MAIN(TestWireTransport)
#include "tst_wiretransport.moc"
