// SPDX-License-Identifier: Apache-2.0
#include "relaypeers.h"
#include "socketlog.h"
#include "support/sanitizer.h"
#include "support/testmain.h"

#include <QElapsedTimer>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

/*! The relay between peers that send what the RFC allows and no library does, byte by byte. */
class TestRelayFrames : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void textSplitInsideACharacter();
    void textThatEndsInsideACharacter_data();
    void textThatEndsInsideACharacter();
    void piecesPassBeforeTheMessageEnds();
    void controlFramesBetweenPieces();
    void marksInPieces_data();
    void marksInPieces();
    void helloComesBeforeTheUpstreamsFirstWord();
    void byeInsideAMessage();
    void closeCodesOfTheUpstream_data();
    void closeCodesOfTheUpstream();
    void closeCodesOfTheClient_data();
    void closeCodesOfTheClient();
    void wrongFramesOfTheUpstream_data();
    void wrongFramesOfTheUpstream();
    void longAnnouncementIsRefusedAtOnce();
    void emptyFragmentsHaveAnEnd();
    void fragmentsAndTimeHaveBounds();
    void silenceInsideAMessage();
    void largeMessageIsNotCollected();
    void messageThatEndsBehindThePlannedEndIsNotTaken();

private:
    struct Pair
    {
        std::unique_ptr<RawClient> client;
        bool isOpen = false;
    };
    Pair connectPair(const QByteArray &path = "/raw", const QByteArray &fields = {});

    RawUpstream m_upstream;
    GateFixture m_gate;
};

namespace {

const QByteArray kControl = "Sec-WebSocket-Protocol: watchword.v1\r\n";

// "ö" is two bytes.
const QByteArray kFirstHalf = QByteArray("M\xc3");
const QByteArray kSecondHalf = QByteArray("\xb6we");

qint64 residentKilobytes()
{
    QFile status(u"/proc/self/status"_s);
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    const QByteArray text = status.readAll();
    const qsizetype at = text.indexOf("VmRSS:") + 6;
    return text.mid(at, text.indexOf(" kB", at) - at).trimmed().toLongLong();
}

} // namespace

void TestRelayFrames::initTestCase()
{
    QVERIFY(m_gate.prepare());
    QVERIFY(m_upstream.listen());
    const auto add = [this](const QString &path, qint64 messageBytes) {
        EndpointConfig &endpoint = m_gate.addEndpoint(path, EndpointConfig::Service::Upstream);
        endpoint.upstream = m_upstream.url();
        endpoint.limits.messagesPerSecond = 0;
        endpoint.limits.bytesPerSecond = 0;
        endpoint.limits.messageBytes = messageBytes;
    };
    add(u"/raw"_s, 128 * 1024 * 1024);
    add(u"/small"_s, 1024);
    add(u"/strict"_s, 1024 * 1024);
    m_gate.config.endpoints.last().limits.fragments = 5;
    m_gate.config.endpoints.last().limits.messageTime = 300ms;
    QVERIFY(m_gate.start());
}

TestRelayFrames::Pair TestRelayFrames::connectPair(const QByteArray &path, const QByteArray &fields)
{
    Pair pair;
    const int before = m_upstream.connections;
    pair.client = std::make_unique<RawClient>(m_gate, path, fields);
    if (!waitUntil([&] { return m_upstream.connections > before; }) || !m_upstream.awaitRequest())
        return pair;
    m_upstream.accept();
    pair.isOpen = pair.client->isOpen();
    return pair;
}

void TestRelayFrames::textSplitInsideACharacter()
{
    const Pair pair = connectPair();
    QVERIFY(pair.isOpen);
    pair.client->send(0x01, kFirstHalf);
    pair.client->send(0x80, kSecondHalf);
    QVERIFY(waitUntil([&] { return m_upstream.frames.size() == 2; }));
    QCOMPARE(m_upstream.frames[0].first, 0x01);
    QCOMPARE(m_upstream.frames[1].first, 0x80);
    QVERIFY(m_upstream.frames[0].isMasked && m_upstream.frames[1].isMasked);
    QCOMPARE(m_upstream.frames[0].payload + m_upstream.frames[1].payload, kFirstHalf + kSecondHalf);
    m_upstream.send(0x01, kFirstHalf);
    m_upstream.send(0x80, kSecondHalf);
    QVERIFY(waitUntil([&] { return pair.client->frames.size() == 2; }));
    QVERIFY(!pair.client->frames[0].isMasked);
    QCOMPARE(pair.client->frames[0].payload + pair.client->frames[1].payload, kFirstHalf + kSecondHalf);
}

void TestRelayFrames::textThatEndsInsideACharacter_data()
{
    QTest::addColumn<bool>("isClients");
    QTest::newRow("the client's") << true;
    QTest::newRow("the upstream's") << false;
}

void TestRelayFrames::textThatEndsInsideACharacter()
{
    QFETCH(const bool, isClients);
    const Pair pair = connectPair();
    QVERIFY(pair.isOpen);
    if (isClients)
        pair.client->send(0x81, kFirstHalf);
    else
        m_upstream.send(0x81, kFirstHalf);
    QVERIFY(waitUntil([&] { return pair.client->closeCode() != 0 && !m_upstream.frames.isEmpty(); }));
    QCOMPARE(pair.client->closeCode(), isClients ? 1007 : 1014);
    // The text that is none reached nobody.
    QCOMPARE(m_upstream.frames.size(), 1);
    QCOMPARE(m_upstream.frames[0].first, 0x88);
    QCOMPARE(m_upstream.frames[0].payload.left(2), isClients ? QByteArray("\x03\xe9") : QByteArray("\x03\xef"));
    QCOMPARE(pair.client->frames.size(), 1);
}

void TestRelayFrames::piecesPassBeforeTheMessageEnds()
{
    const Pair pair = connectPair();
    QVERIFY(pair.isOpen);
    // Of a frame that is announced to be longer.
    pair.client->write(RawFrames::header(0x82, 10, true) + "12345");
    QVERIFY(waitUntil([&] { return m_upstream.frames.size() == 1; }));
    QCOMPARE(m_upstream.frames[0].first, 0x02);
    QCOMPARE(m_upstream.frames[0].payload, "12345");
    m_upstream.write(RawFrames::header(0x02, 3, false) + "abc");
    QVERIFY(waitUntil([&] { return pair.client->frames.size() == 1; }));
    QCOMPARE(pair.client->frames[0].payload, "abc");
    pair.client->write("67890");
    QVERIFY(waitUntil([&] { return m_upstream.frames.size() == 2; }));
    QCOMPARE(m_upstream.frames[1].first, 0x80);
    QCOMPARE(m_upstream.frames[1].payload, "67890");
}

void TestRelayFrames::controlFramesBetweenPieces()
{
    const Pair pair = connectPair();
    QVERIFY(pair.isOpen);
    pair.client->write(RawFrames::header(0x82, 4, true) + "12");
    QVERIFY(waitUntil([&] { return m_upstream.frames.size() == 1; }));
    m_upstream.send(0x89, "are you there?"); // answered while the client's frame is half way through
    QVERIFY(waitUntil([&] { return m_upstream.frames.size() == 2; }));
    QCOMPARE(m_upstream.frames[1].first, 0x8a);
    QCOMPARE(m_upstream.frames[1].payload, "are you there?");
    pair.client->write("34");
    pair.client->send(0x89, "and you?");
    QVERIFY(waitUntil([&] { return m_upstream.frames.size() == 3 && !pair.client->frames.isEmpty(); }));
    QCOMPARE(m_upstream.frames[2].payload, "34");
    QVERIFY(waitUntil([&] { return pair.client->frames.last().first == 0x8a; }));
    QCOMPARE(pair.client->frames.last().payload, "and you?");
}

void TestRelayFrames::marksInPieces_data()
{
    QTest::addColumn<QList<QByteArray>>("sent");
    QTest::addColumn<QByteArray>("received");
    const QByteArray mark("\x1e");
    QTest::newRow("an application's mark") << QList<QByteArray>{mark + mark + "{}"} << mark + "{}";
    QTest::newRow("cut between the marks") << QList<QByteArray>{mark, mark + "{}"} << mark + "{}";
    QTest::newRow("behind an empty frame") << QList<QByteArray>{"", mark, "", mark, "{}"} << mark + "{}";
    QTest::newRow("no mark, cut") << QList<QByteArray>{"", "a", mark} << "a" + mark;
    QTest::newRow("empty") << QList<QByteArray>{"", ""} << QByteArray();
}

void TestRelayFrames::marksInPieces()
{
    QFETCH(const QList<QByteArray>, sent);
    QFETCH(const QByteArray, received);
    const Pair pair = connectPair("/raw", kControl);
    QVERIFY(pair.isOpen);
    for (qsizetype i = 0; i < sent.size(); ++i) {
        const bool isLast = i == sent.size() - 1;
        pair.client->send(uchar((isLast ? 0x80 : 0) | (i == 0 ? 1 : 0)), sent[i]);
    }
    // A frame of the client's own in between is for the gateway, which answers.
    pair.client->send(0x81, "\x1e{\"t\":\"ping\",\"n\":7}");
    QByteArray text;
    QVERIFY(waitUntil([&] { return !m_upstream.frames.isEmpty() && (m_upstream.frames.last().first & 0x80); }));
    for (const RawFrames::Frame &frame : std::as_const(m_upstream.frames))
        text += frame.payload;
    QCOMPARE(text, received);
    QCOMPARE(m_upstream.frames.first().first & 0x0f, 1);
    QVERIFY(waitUntil([&] { return pair.client->frames.last().payload.contains("\"pong\""); }));
    // And back: the mark is doubled again.
    const qsizetype before = pair.client->frames.size();
    m_upstream.send(0x01, "");
    m_upstream.send(0x80, received);
    QVERIFY(waitUntil([&] { return pair.client->frames.size() == before + 2; }));
    QCOMPARE(pair.client->frames.last().payload, received.startsWith('\x1e') ? "\x1e" + received : received);
}

void TestRelayFrames::helloComesBeforeTheUpstreamsFirstWord()
{
    const int before = m_upstream.connections;
    RawClient client(m_gate, "/raw", kControl);
    QVERIFY(waitUntil([&] { return m_upstream.connections > before; }) && m_upstream.awaitRequest());
    m_upstream.accept();
    m_upstream.send(0x81, "I was first");
    QVERIFY(client.isOpen());
    QVERIFY(client.answer.contains("Sec-WebSocket-Protocol: watchword.v1\r\n"));
    QVERIFY(waitUntil([&] { return client.frames.size() >= 2; }));
    QVERIFY2(client.frames[0].payload.contains("\"hello\""), client.frames[0].payload.constData());
    QVERIFY(waitUntil([&] { return client.frames.last().payload == "I was first"; }));
}

// A message of the upstream that will never end must not swallow the close frame.
void TestRelayFrames::byeInsideAMessage()
{
    const Pair pair = connectPair("/raw", kControl);
    QVERIFY(pair.isOpen);
    m_upstream.write(RawFrames::header(0x82, 100, false) + "half");
    QVERIFY(waitUntil([&] { return !pair.client->frames.isEmpty() && pair.client->frames.last().payload == "half"; }));
    m_upstream.socket->abort();
    QVERIFY(waitUntil([&] { return pair.client->closeCode() != 0; }));
    QCOMPARE(pair.client->closeCode(), 1014);
    QCOMPARE(pair.client->frames.last().first, 0x88);
}

void TestRelayFrames::closeCodesOfTheUpstream_data()
{
    QTest::addColumn<QByteArray>("payload");
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("reason");
    for (const int code : {1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 4999}) {
        QTest::addRow("%d", code) << RawFrames::closing(quint16(code), "because") << code << QByteArray("because");
    }
    QTest::newRow("none") << QByteArray() << 1000 << QByteArray("normal");
    QTest::newRow("1002, which is about us") << RawFrames::closing(1002, "you") << 1014 << QByteArray("bad_gateway");
}

void TestRelayFrames::closeCodesOfTheUpstream()
{
    QFETCH(const QByteArray, payload);
    QFETCH(const int, code);
    QFETCH(const QByteArray, reason);
    const Pair pair = connectPair();
    QVERIFY(pair.isOpen);
    m_upstream.send(0x81, "last words");
    m_upstream.send(0x88, payload);
    QVERIFY(waitUntil([&] { return pair.client->closeCode() != 0; }));
    QCOMPARE(pair.client->frames.first().payload, "last words");
    QCOMPARE(pair.client->closeCode(), code);
    if (code != 1000 || !payload.isEmpty())
        QCOMPARE(pair.client->closeReason(), reason);
    // The upstream's close is answered with its code.
    QVERIFY(waitUntil([&] { return !m_upstream.frames.isEmpty(); }));
    QCOMPARE(m_upstream.frames.last().first, 0x88);
    QCOMPARE(m_upstream.frames.last().payload, payload.left(2));
}

void TestRelayFrames::closeCodesOfTheClient_data()
{
    QTest::addColumn<QByteArray>("payload");
    QTest::addColumn<QByteArray>("told");
    for (const int code : {1000, 1001, 1008, 1011, 1012, 3000, 4321}) {
        const QByteArray payload = RawFrames::closing(quint16(code), "enough");
        QTest::addRow("%d", code) << payload << payload;
    }
    QTest::newRow("none") << QByteArray() << QByteArray();
    QTest::newRow("1002, which is about us") << RawFrames::closing(1002, "you") << RawFrames::closing(1001, "you");
}

void TestRelayFrames::closeCodesOfTheClient()
{
    QFETCH(const QByteArray, payload);
    QFETCH(const QByteArray, told);
    const Pair pair = connectPair();
    QVERIFY(pair.isOpen);
    pair.client->send(0x81, "last words");
    pair.client->send(0x88, payload);
    QVERIFY(waitUntil([&] { return m_upstream.frames.size() == 2; }));
    QCOMPARE(m_upstream.frames[0].payload, "last words");
    QCOMPARE(m_upstream.frames[1].first, 0x88);
    QCOMPARE(m_upstream.frames[1].payload, told);
    m_upstream.send(0x88, told.left(2));
    QVERIFY(waitUntil([&] { return m_upstream.isGone; }));
    // Without a close frame.
    const Pair other = connectPair();
    QVERIFY(other.isOpen);
    other.client->socket().abort();
    QVERIFY(waitUntil([&] { return !m_upstream.frames.isEmpty(); }));
    QCOMPARE(m_upstream.frames[0].payload, RawFrames::closing(1001, {}));
}

void TestRelayFrames::wrongFramesOfTheUpstream_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("told");
    QTest::newRow("masked") << RawFrames::fromClient(0x81, "a") << 1002;
    QTest::newRow("RSV1 without an extension") << RawFrames::fromServer(0xc1, "a") << 1002;
    QTest::newRow("opcode 3") << RawFrames::fromServer(0x83, "a") << 1002;
    QTest::newRow("continuation of nothing") << RawFrames::fromServer(0x80, "a") << 1002;
    QTest::newRow("new message inside another") << RawFrames::fromServer(0x01, "a") + RawFrames::fromServer(0x81, "b") << 1002;
    QTest::newRow("ping in fragments") << RawFrames::fromServer(0x09, "a") << 1002;
    QTest::newRow("no UTF-8") << RawFrames::fromServer(0x81, "\xff") << 1007;
}

void TestRelayFrames::wrongFramesOfTheUpstream()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const int, told);
    const Pair pair = connectPair();
    QVERIFY(pair.isOpen);
    m_upstream.write(bytes);
    QVERIFY(waitUntil([&] { return pair.client->closeCode() != 0 && !m_upstream.frames.isEmpty(); }));
    QCOMPARE(pair.client->closeCode(), 1014);
    QCOMPARE(m_upstream.frames.last().payload.left(2), RawFrames::closing(quint16(told), {}));
}

void TestRelayFrames::longAnnouncementIsRefusedAtOnce()
{
    const Pair pair = connectPair("/small", kControl);
    QVERIFY(pair.isOpen);
    pair.client->write(RawFrames::header(0x82, 1025, true)); // and not a byte of it
    QVERIFY(waitUntil([&] { return pair.client->closeCode() != 0; }));
    QCOMPARE(pair.client->closeCode(), 1009);
    const Pair parts = connectPair("/small", kControl);
    QVERIFY(parts.isOpen);
    parts.client->send(0x02, QByteArray(1000, 'a'));
    parts.client->send(0x80, QByteArray(25, 'a'));
    QVERIFY(waitUntil([&] { return parts.client->closeCode() != 0; }));
    QCOMPARE(parts.client->closeCode(), 1009);
}

void TestRelayFrames::emptyFragmentsHaveAnEnd()
{
    const Pair pair = connectPair();
    QVERIFY(pair.isOpen);
    const QByteArray empty = RawFrames::fromClient(0x00, "");
    pair.client->write(RawFrames::fromClient(0x01, "a") + empty.repeated(300) + RawFrames::fromClient(0x80, "b"));
    const auto isThere = [this] {
        return std::any_of(m_upstream.frames.begin(), m_upstream.frames.end(),
                           [](const auto &frame) { return frame.payload == "b"; });
    };
    QVERIFY(waitUntil([&] { return isThere() || pair.client->closeCode() != 0; }));
    QCOMPARE(pair.client->closeCode(), 0);
    pair.client->write(RawFrames::fromClient(0x01, "a") + empty.repeated(EndpointLimits().fragments));
    QVERIFY(waitUntil([&] { return pair.client->closeCode() != 0; }));
    QCOMPARE(pair.client->closeCode(), 1008);
}

void TestRelayFrames::fragmentsAndTimeHaveBounds()
{
    const Pair many = connectPair("/strict");
    QVERIFY(many.isOpen);
    for (int i = 0; i < 6; ++i)
        many.client->send(i == 0 ? 0x02 : 0x00, "a");
    QVERIFY(waitUntil([&] { return many.client->closeCode() != 0; }));
    QCOMPARE(many.client->closeCode(), 1008);
    const Pair slow = connectPair("/strict");
    QVERIFY(slow.isOpen);
    slow.client->send(0x02, "a");
    QVERIFY(waitUntil([&] { return slow.client->closeCode() != 0; }));
    QCOMPARE(slow.client->closeCode(), 1008);
    // Of whole messages it is no bound.
    const Pair calm = connectPair("/strict");
    QVERIFY(calm.isOpen);
    calm.client->send(0x82, "a");
    QVERIFY(!waitUntil([&] { return calm.client->closeCode() != 0; }, 600ms));
}

void TestRelayFrames::silenceInsideAMessage()
{
    const Pair pair = connectPair();
    QVERIFY(pair.isOpen);
    m_upstream.write(RawFrames::header(0x01, 10, false) + "12345");
    QVERIFY(waitUntil([&] { return pair.client->frames.size() == 1; }));
    QVERIFY(!waitUntil([&] { return pair.client->isGone || m_upstream.isGone; }, 5500ms));
    m_upstream.write("67890");
    QVERIFY(waitUntil([&] { return pair.client->frames.size() == 2; }));
    QCOMPARE(pair.client->frames[1].payload, "67890");
}

void TestRelayFrames::largeMessageIsNotCollected()
{
    constexpr qsizetype kSize = 64 * 1024 * 1024;
    const Pair pair = connectPair();
    QVERIFY(pair.isOpen);
    // Both ends in this process keep nothing.
    qsizetype received = 0;
    QObject::disconnect(m_upstream.socket, &QIODevice::readyRead, nullptr, nullptr);
    QObject::connect(m_upstream.socket, &QIODevice::readyRead, this, [&] { received += m_upstream.socket->readAll().size(); });
    const qint64 before = residentKilobytes();
    qint64 most = before;
    const QByteArray block(256 * 1024, 'x');
    qsizetype sent = 0;
    pair.client->write(RawFrames::header(0x82, kSize, true));
    const auto feed = [&] {
        while (sent < kSize
               && pair.client->socket().bytesToWrite() + pair.client->socket().encryptedBytesToWrite() < 512 * 1024) {
            pair.client->write(block);
            sent += block.size();
        }
        most = std::max(most, residentKilobytes());
    };
    QObject::connect(&pair.client->socket(), &QSslSocket::encryptedBytesWritten, this, feed);
    feed();
    QVERIFY2(waitUntil([&] { return received >= kSize || pair.client->isGone; }, 60s), qPrintable(QString::number(received)));
    QVERIFY(!pair.client->isGone);
    QVERIFY2(Support::kMemoryIsOdd || most - before < 16LL * 1024, qPrintable(u"%1 KiB more than before"_s.arg(most - before)));
    // 5.4: the pieces are one message, and each has its own header.
    QVERIFY(received < kSize + kSize / 100);
}

// It would be acknowledged, and its answer come behind the pong that says that all answers are there.
void TestRelayFrames::messageThatEndsBehindThePlannedEndIsNotTaken()
{
    const Pair pair = connectPair("/raw", kControl);
    QVERIFY(pair.isOpen);
    const auto message = [](const QByteArray &id) { return "\x1e{\"t\":\"msg\",\"id\":\"" + id + "\"}\n" + id; };
    pair.client->send(0x81, message("first"));
    QVERIFY(waitUntil([&] { return m_upstream.frames.size() == 1; }));
    QCOMPARE(m_upstream.frames[0].payload, "first");
    const QByteArray second = RawFrames::fromClient(0x81, message("tardy"));
    pair.client->write(second.left(20));
    QVERIFY(waitUntil([&] { return pair.client->socket().bytesToWrite() + pair.client->socket().encryptedBytesToWrite() == 0; }));
    m_gate.gateway->stop();
    QVERIFY(waitUntil([&] { return m_upstream.frames.size() == 2; }));
    QCOMPARE(m_upstream.frames[1].first, 0x89);
    pair.client->write(second.mid(20));
    m_upstream.send(0x81, "answer");
    m_upstream.send(0x8a, m_upstream.frames[1].payload);
    QVERIFY(waitUntil([&] { return pair.client->closeCode() != 0; }));
    QCOMPARE(pair.client->closeCode(), 1012);
    QByteArrayList texts;
    for (const RawFrames::Frame &frame : std::as_const(pair.client->frames))
        texts += frame.payload;
    QCOMPARE(texts.count("answer"), 1);
    QVERIFY(!texts.join('|').contains("tardy"));
    for (const RawFrames::Frame &frame : std::as_const(m_upstream.frames))
        QVERIFY(frame.payload != "tardy");
}

WATCHWORD_TEST_MAIN(TestRelayFrames)
#include "tst_relayframes.moc"
