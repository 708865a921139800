// SPDX-License-Identifier: Apache-2.0
#include "wiretest.h"

#include <algorithm>
#include <array>

using namespace WireTest;

/*! How a FrameParser hands things on: limits before payload, stops, the relay's view, its own end inside a call. */
class TestFrameParser : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void seededStreams_data();
    void seededStreams();
    void relaySeesFrames();
    void limitsComeBeforePayload();
    void masks();
    void roles_data();
    void roles();
    void peerCodeOfACutReason();
    void countsControlFrames();
    void knowsWhetherItIsInAMessage();
    void sinkMayDestroyTheParser();
    void sinkMayDestroyTheReader();
    void memoryGrowsWithWhatComes();
    void written_data();
    void written();
    void closePayloads();
    void everyFaultSpeaks();
};

namespace {

/*! Passes frames on as a relay does: the header, then whatever payload is there. */
class Relay final : public FrameSink
{
public:
    Flow frameStarted(const FrameHeader &header) override
    {
        std::array<std::uint8_t, kLargestHeader> bytes{};
        const std::size_t size = writeHeader(bytes.data(), header, nullptr);
        out += arrayOf(Bytes(bytes).first(size));
        events.append(QByteArray("start ") + QByteArray::number(int(header.opcode)) + ' '
                      + QByteArray::number(int(header.message)) + (header.fin ? " fin " : " more ")
                      + QByteArray::number(quint64(header.length)));
        return Flow::GoOn;
    }
    Flow frameData(MutableBytes bytes) override
    {
        out += arrayOf(bytes);
        largestPiece = std::max(largestPiece, bytes.size());
        return Flow::GoOn;
    }
    Flow frameEnded() override
    {
        events.append("end");
        return Flow::GoOn;
    }
    Flow pingReceived(Bytes) override { return Flow::GoOn; }
    Flow pongReceived(Bytes) override { return Flow::GoOn; }
    Flow closeReceived(const CloseFrame &) override { return Flow::GoOn; }

    QByteArray out;
    QByteArrayList events;
    std::size_t largestPiece = 0;
};

/*! Ends what calls it, in the middle of the call. */
class Destroyer final : public MessageSink, public FrameSink
{
public:
    Flow messageReceived(Opcode, MutableBytes) override { return end(); }
    Flow pingReceived(Bytes) override { return end(); }
    Flow pongReceived(Bytes) override { return end(); }
    Flow closeReceived(const CloseFrame &) override { return end(); }
    Flow frameStarted(const FrameHeader &) override { return endsAt == 0 ? end() : Flow::GoOn; }
    Flow frameData(MutableBytes) override { return endsAt == 1 ? end() : Flow::GoOn; }
    Flow frameEnded() override { return endsAt == 2 ? end() : Flow::GoOn; }
    Flow end()
    {
        reader.reset();
        parser.reset();
        return Flow::Stop;
    }
    int endsAt = 0;
    std::unique_ptr<MessageReader> reader;
    std::unique_ptr<FrameParser> parser;
};

MutableBytes mutableBytesOf(QByteArray &bytes)
{
    return {reinterpret_cast<std::uint8_t *>(bytes.data()), std::size_t(bytes.size())};
}

// Mostly right frames, with now and then one that is not.
QList<Frame> randomFrames(QRandomGenerator &random)
{
    QList<Frame> frames;
    bool inside = false;
    for (int i = 0; i < 40; ++i) {
        const int choice = int(random.bounded(100));
        QByteArray payload(int(random.bounded(choice < 10 ? 70'000 : 200)), char('a' + random.bounded(26)));
        if (choice < 70) {
            const bool fin = random.bounded(3) != 0;
            frames.append({inside ? 0 : int(1 + random.bounded(2)), payload, fin});
            inside = !fin;
        } else if (choice < 95) {
            frames.append({int(9 + random.bounded(2)), payload.left(125)});
        } else if (choice < 97) {
            frames.append({int(random.bounded(16)), payload.left(60), true, int(random.bounded(8))});
        } else {
            frames.append({1, payload.left(20) + "\xe2\x82", true});
        }
    }
    return frames;
}

} // namespace

void TestFrameParser::seededStreams_data()
{
    QTest::addColumn<quint32>("seed");
    for (quint32 seed = 1; seed <= 60; ++seed)
        QTest::addRow("%u", seed) << seed;
}

void TestFrameParser::seededStreams()
{
    QFETCH(quint32, seed);
    QRandomGenerator random(seed);
    const QList<Frame> frames = randomFrames(random);
    Reading reading;
    reading.rules.role = seed % 2 ? Role::Client : Role::Server;
    const QByteArray stream = encoded(frames, reading.rules.role);
    const QByteArrayList whole = reading.whole(stream);
    QVERIFY(!whole.isEmpty());
    for (const int largest : {1, 7, 300, 5000, 100'000}) {
        if (largest == 1 && stream.size() > 300'000)
            continue;
        QCOMPARE(reading.of(stream, [&] { return std::size_t(random.bounded(1, largest + 1)); }), whole);
    }
}

void TestFrameParser::relaySeesFrames()
{
    const QList<Frame> frames{{1, "\xe2", false}, {9, "p"}, {0, "\x82\xac", true}, {2, QByteArray(70'000, 'x')}, {1, ""}};
    QByteArray stream = encoded(frames, Role::Server);
    FrameParser parser({.role = Role::Server});
    Relay relay;
    MutableBytes rest = mutableBytesOf(stream);
    while (!rest.empty()) {
        const MutableBytes piece = rest.first(std::min<std::size_t>(rest.size(), 1000));
        const FeedResult result = parser.feed(piece, relay);
        QCOMPARE(result.consumed, piece.size());
        QCOMPARE(result.status, FeedStatus::Hungry);
        rest = rest.subspan(piece.size());
    }
    const QByteArrayList expected{"start 1 1 more 1",    "end", "start 0 1 fin 2", "end",
                                  "start 2 2 fin 70000", "end", "start 1 1 fin 0", "end"};
    QCOMPARE(relay.events, expected);
    QVERIFY(relay.largestPiece <= 1000);
    QCOMPARE(relay.out, encoded({frames[0], frames[2], frames[3], frames[4]}, Role::Client));
}

void TestFrameParser::limitsComeBeforePayload()
{
    QByteArray header = Frame{2, "", true, 0, 1001}.encoded(true).left(8);
    FrameParser parser({.role = Role::Server, .limits = {.frame = 1000}});
    Relay relay;
    QCOMPARE(parser.feed(mutableBytesOf(header), relay).status, FeedStatus::Failed);
    QCOMPARE(parser.fault(), Fault::FrameTooBig);
    QCOMPARE(closeCodeOf(parser.fault()), 1009);
    QVERIFY(relay.events.isEmpty());
    // It stays so, and takes nothing more.
    QByteArray more = Frame{9}.encoded(true);
    const FeedResult again = parser.feed(mutableBytesOf(more), relay);
    QCOMPARE(again.consumed, 0U);
    QCOMPARE(again.status, FeedStatus::Failed);
}

void TestFrameParser::masks()
{
    QByteArray bytes(1027, '\0');
    const MaskKey key{0x12, 0x34, 0x56, 0x78};
    for (std::uint64_t offset = 0; offset < 5; ++offset) {
        for (const int size : {0, 1, 7, 8, 9, 1027}) {
            QByteArray masked = bytes.left(size);
            applyMask(mutableBytesOf(masked), key, offset);
            for (qsizetype i = 0; i < size; ++i)
                QCOMPARE(std::uint8_t(masked.at(i)), key.at((offset + std::uint64_t(i)) % 4));
        }
    }
}

void TestFrameParser::roles_data()
{
    QTest::addColumn<int>("opcode");
    for (const int opcode : {1, 2, 8, 9, 10})
        QTest::addRow("%d", opcode) << opcode;
}

// RFC 6455 section 5.1, also for an empty payload and for control frames.
void TestFrameParser::roles()
{
    QFETCH(int, opcode);
    for (const Role role : {Role::Client, Role::Server}) {
        Reading reading;
        reading.rules.role = role;
        const QByteArray wrong = Frame{opcode}.encoded(role == Role::Client);
        const QByteArray expected(role == Role::Client ? "fault 1002 a frame of the server is masked"
                                                       : "fault 1002 a frame of the client is not masked");
        QCOMPARE(reading.whole(wrong), QByteArrayList{expected});
        QCOMPARE(reading.of(wrong, [] { return std::size_t(1); }), QByteArrayList{expected});
    }
}

// What the peer meant stays apart from what we say about its words.
void TestFrameParser::peerCodeOfACutReason()
{
    QByteArray frame = QByteArray::fromHex("880403e9c328");
    MessageReader reader({.role = Role::Client});
    Journal journal;
    QCOMPARE(reader.feed(mutableBytesOf(frame), journal).status, FeedStatus::Failed);
    QCOMPARE(reader.fault(), Fault::CloseReasonNotUtf8);
    QCOMPARE(closeCodeOf(reader.fault()), 1007);
    QCOMPARE(reader.peerCloseCode(), 1001);
    QVERIFY(journal.lines.isEmpty());
}

void TestFrameParser::countsControlFrames()
{
    QByteArray stream = encoded(QList<Frame>(100, Frame{9, "x"}) + QList<Frame>{{1, "a"}, {10}, {8}}, Role::Client);
    MessageReader reader({.role = Role::Client});
    Journal journal;
    QCOMPARE(reader.feed(mutableBytesOf(stream), journal).status, FeedStatus::Closed);
    QCOMPARE(reader.controlFrames(), 102U);
}

void TestFrameParser::knowsWhetherItIsInAMessage()
{
    MessageReader reader({.role = Role::Client});
    Journal journal;
    const auto feed = [&](QByteArray bytes) {
        reader.feed(mutableBytesOf(bytes), journal);
        return reader.isInMessage();
    };
    QVERIFY(!reader.isInMessage());
    QVERIFY(feed(QByteArray::fromHex("01")));
    QVERIFY(feed(QByteArray::fromHex("02")));
    QVERIFY(feed("ab"));
    QVERIFY(feed(Frame{9, "p"}.encoded(false)));
    QVERIFY(!feed(Frame{0, "c"}.encoded(false)));
    QVERIFY(!feed(Frame{9, "p"}.encoded(false)));
}

void TestFrameParser::sinkMayDestroyTheParser()
{
    for (const int endsAt : {0, 1, 2}) {
        for (const int opcode : {1, 2, 9, 10, 8}) {
            QByteArray stream = encoded({{opcode, opcode == 8 ? "" : "payload"}, {1, "next"}}, Role::Client);
            Destroyer destroyer;
            destroyer.endsAt = endsAt;
            destroyer.parser = std::make_unique<FrameParser>(FrameRules{.role = Role::Client});
            const FeedResult result = destroyer.parser->feed(mutableBytesOf(stream), destroyer);
            QVERIFY(!destroyer.parser);
            QCOMPARE(result.status, FeedStatus::Stopped);
            QVERIFY(result.consumed <= std::size_t(stream.size()));
        }
    }
}

void TestFrameParser::sinkMayDestroyTheReader()
{
    const QList<QList<Frame>> streams{{{1, "whole"}}, {{1, "in ", false}, {0, "pieces"}}, {{9, "p"}}, {{10}}, {{8}}};
    for (const QList<Frame> &frames : streams) {
        for (const bool byteByByte : {false, true}) {
            QByteArray stream = encoded(frames + QList<Frame>{{1, "next"}}, Role::Client);
            Destroyer destroyer;
            destroyer.reader = std::make_unique<MessageReader>(FrameRules{.role = Role::Client});
            MutableBytes rest = mutableBytesOf(stream);
            while (destroyer.reader) {
                const MutableBytes piece = rest.first(byteByByte ? 1 : rest.size());
                rest = rest.subspan(piece.size());
                const FeedResult result = destroyer.reader->feed(piece, destroyer);
                QVERIFY(destroyer.reader || result.status == FeedStatus::Stopped);
            }
        }
    }
}

// Announcing is cheap for an attacker; memory is not for us.
void TestFrameParser::memoryGrowsWithWhatComes()
{
    std::vector<std::unique_ptr<MessageReader>> readers;
    Journal journal;
    for (int i = 0; i < 10'000; ++i) {
        // Would be 160 GB.
        QByteArray header = Frame{2, "x", true, 0, 16 * 1024 * 1024}.encoded(false);
        readers.push_back(std::make_unique<MessageReader>(FrameRules{.role = Role::Client}));
        QCOMPARE(readers.back()->feed(mutableBytesOf(header), journal).status, FeedStatus::Hungry);
        QVERIFY(readers.back()->isInMessage());
    }
}

void TestFrameParser::written_data()
{
    QTest::addColumn<qsizetype>("size");
    for (const qsizetype size : {0, 1, 125, 126, 65535, 65536, 100'000})
        QTest::addRow("%d", int(size)) << size;
}

void TestFrameParser::written()
{
    QFETCH(qsizetype, size);
    const QByteArray payload(size, 'p');
    for (const bool masked : {false, true}) {
        const MaskKey key{0x37, 0xfa, 0x21, 0x3d};
        std::vector<std::uint8_t> out(headerSize(std::uint64_t(size), masked) + std::size_t(size));
        const std::size_t written =
            writeFrame(out.data(), {.opcode = Opcode::Text, .compressed = true}, bytesOf(payload), masked ? &key : nullptr);
        QCOMPARE(written, out.size());
        const Frame expected{1, payload, true, 4};
        QCOMPARE(arrayOf(out), expected.encoded(masked));
    }
}

void TestFrameParser::closePayloads()
{
    std::array<std::uint8_t, kLargestControl> out{};
    const auto payload = [&](std::uint16_t code, std::string_view reason) {
        const std::size_t size = writeClosePayload(out.data(), code, reason);
        return arrayOf(Bytes(out).first(size));
    };
    QCOMPARE(payload(1000, "bye"),
             QByteArray("\x03\xe8"
                        "bye"));
    for (const int code : {0, 1004, 1005, 1006, 1015, 2000, 5000})
        QVERIFY(payload(std::uint16_t(code), "reason").isEmpty());
    QCOMPARE(payload(4000, std::string(200, 'x')).size(), 125);
    // Never cut inside a character.
    const std::string euros = [] {
        std::string text = "1";
        for (int i = 0; i < 60; ++i)
            text += "\xe2\x82\xac";
        return text;
    }();
    const QByteArray cut = payload(1001, euros);
    QCOMPARE(cut.size(), 2 + 1 + 40 * 3);
    QVERIFY(isUtf8(bytesOf(cut.mid(2))));
}

void TestFrameParser::everyFaultSpeaks()
{
    for (int i = 0; i <= int(Fault::InflatedTooBig); ++i) {
        const std::string_view text = describe(Fault(i));
        QVERIFY(!text.empty() && text != "unknown fault");
        QVERIFY(text.size() <= 123); // it has room in a close frame
        QCOMPARE(isSendableCloseCode(closeCodeOf(Fault(i))), Fault(i) != Fault::None);
    }
}

WATCHWORD_TEST_MAIN(TestFrameParser)
#include "tst_frameparser.moc"
