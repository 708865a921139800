// SPDX-License-Identifier: Apache-2.0
// The same seeded streams, cut at the same places, read by us, Boost.Beast, npm ws and python3-websockets: the same messages,
// the same verdict.
#include "beastreader.h"

#include "support/process.h"
#include "support/testmain.h"
#include "watchword/wire/messagereader.h"

#include <QFileInfo>
#include <QRandomGenerator>

#include <algorithm>

using namespace Watchword::Wire;
using namespace Qt::StringLiterals;

class TestForeignReaders : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void beast();
    void npmWs();
    void pythonWebsockets();

private:
    void compareByProgram(const QString &program, const QString &script, bool knowsClosesInMessages);
};

namespace {

constexpr int kStreams = 600;
constexpr int kLimit = 100'000;

struct Stream
{
    Role role = Role::Client;
    QByteArrayList pieces{};
    bool closesInMessage = false;
};

QByteArray frame(int opcode, QByteArray payload, bool fin, int rsv, bool masked, QRandomGenerator &random)
{
    QByteArray bytes;
    bytes.append(char((fin ? 0x80 : 0) | rsv << 4 | opcode));
    const qsizetype size = payload.size();
    const int extra = size < 126 ? 0 : size < 65536 ? 2 : 8;
    bytes.append(char((masked ? 0x80 : 0) | (extra == 0 ? int(size) : extra == 2 ? 126 : 127)));
    for (int shift = 8 * (extra - 1); shift >= 0; shift -= 8)
        bytes.append(char(quint64(size) >> shift));
    if (masked) {
        QByteArray key(4, '\0');
        for (char &c : key)
            c = char(random.bounded(256));
        bytes += key;
        for (qsizetype i = 0; i < size; ++i)
            payload[i] = char(payload.at(i) ^ key.at(i % 4));
    }
    return bytes + payload;
}

QByteArray someText(QRandomGenerator &random)
{
    static const QByteArrayList characters{
        "a", "b", " ", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf", "\xed\x9f\xbf"};
    QByteArray text;
    for (quint32 left = random.bounded(random.bounded(20) ? 60U : 30'000U); left > 0; --left)
        text += characters.at(random.bounded(int(characters.size())));
    return text;
}

// A message in one or several frames, cut anywhere, with control frames between.
QByteArray message(int opcode, const QByteArray &payload, bool masked, QRandomGenerator &random)
{
    QByteArray bytes;
    qsizetype at = 0;
    int type = opcode;
    while (random.bounded(3) == 0) {
        const qsizetype size = random.bounded(int(payload.size() - at + 1));
        bytes += frame(type, payload.mid(at, size), false, 0, masked, random);
        at += size;
        type = 0;
        if (random.bounded(2))
            bytes += frame(random.bounded(2) ? 9 : 10, QByteArray(int(random.bounded(126)), 'p'), true, 0, masked, random);
    }
    return bytes + frame(type, payload.mid(at), true, 0, masked, random);
}

QByteArray wrong(bool masked, QRandomGenerator &random)
{
    static const QByteArrayList notText{"\xff", "a\xc3(", "\xed\xa0\x80", "\xf4\x90\x80\x80", "abc\xe2\x82", "\xc0\xaf"};
    switch (random.bounded(12)) {
    case 0:
        return message(1, notText.at(random.bounded(int(notText.size()))), masked, random);
    case 1:
        return frame(1, "x", true, 1 + int(random.bounded(7)), masked, random);
    case 2:
        return frame(9, "x", true, 4, masked, random);
    case 3:
        return frame(3 + int(random.bounded(5)), "x", true, 0, masked, random);
    case 4:
        return frame(11 + int(random.bounded(5)), "x", true, 0, masked, random);
    case 5:
        return frame(9, "x", false, 0, masked, random);
    case 6:
        return frame(9, QByteArray(126, 'x'), true, 0, masked, random);
    case 7:
        return frame(0, "x", true, 0, masked, random);
    case 8:
        return frame(1, "x", false, 0, masked, random) + frame(2, "y", true, 0, masked, random);
    case 9:
        return frame(2, "x", true, 0, !masked, random);
    case 10:
        return frame(2, QByteArray(kLimit + 1, 'x'), true, 0, masked, random);
    default:
        static const QByteArrayList closes{
            QByteArray::fromHex("03"),   QByteArray::fromHex("03ed"), QByteArray::fromHex("03ee"),    QByteArray::fromHex("03e7"),
            QByteArray::fromHex("0000"), QByteArray::fromHex("07d0"), QByteArray::fromHex("03e8c328")};
        return frame(8, closes.at(random.bounded(int(closes.size()))), true, 0, masked, random);
    }
}

QByteArray closing(bool masked, QRandomGenerator &random)
{
    static const QList<int> codes{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 4000, 4999};
    if (random.bounded(4) == 0)
        return frame(8, {}, true, 0, masked, random);
    const int code = codes.at(random.bounded(int(codes.size())));
    const QByteArray payload =
        QByteArray(1, char(code >> 8)) + QByteArray(1, char(code)) + someText(random).left(0) + "bye \xe2\x82\xac";
    return frame(8, payload, true, 0, masked, random);
}

Stream streamOf(quint32 seed)
{
    QRandomGenerator random(seed);
    Stream stream;
    stream.role = seed % 2 ? Role::Client : Role::Server;
    const bool masked = stream.role == Role::Server;
    QByteArray bytes;
    for (quint32 left = random.bounded(12U); left > 0; --left)
        bytes += random.bounded(2) ? message(1, someText(random), masked, random)
                                   : message(2, QByteArray(int(random.bounded(700)), '\xfe'), masked, random);
    const quint32 ending = random.bounded(4U);
    if (ending == 0) {
        stream.closesInMessage = true;
        bytes += frame(1, "begun", false, 0, masked, random);
    }
    if (ending <= 1)
        bytes += closing(masked, random) + message(1, "late", masked, random);
    else if (ending == 2)
        bytes += wrong(masked, random) + message(1, "late", masked, random);
    for (qsizetype at = 0; at < bytes.size();) {
        const qsizetype size = random.bounded(1, int(random.bounded(4) ? 3000 : 8));
        stream.pieces.append(bytes.mid(at, size));
        at += size;
    }
    return stream;
}

/*! Writes down what we read in the words of the others. */
class Journal final : public MessageSink
{
public:
    Flow messageReceived(Opcode type, MutableBytes message) override
    {
        return note(type == Opcode::Text ? "text " : "binary ", message);
    }
    Flow pingReceived(Bytes payload) override { return note("ping ", payload); }
    Flow pongReceived(Bytes payload) override { return note("pong ", payload); }
    Flow closeReceived(const CloseFrame &close) override
    {
        return note("close " + QByteArray::number(close.code) + ' ', bytesOf(close.reason));
    }
    Flow note(const QByteArray &what, Bytes bytes)
    {
        const std::string_view text = textOf(bytes);
        events.append((what + QByteArray(text.data(), qsizetype(text.size())).toHex()).trimmed());
        return Flow::GoOn;
    }
    QByteArrayList events;
};

QByteArrayList readByUs(const Stream &stream)
{
    MessageReader reader({.role = stream.role, .limits = {.frame = kLimit, .message = kLimit}});
    Journal journal;
    for (QByteArray piece : stream.pieces) {
        if (reader.feed({reinterpret_cast<std::uint8_t *>(piece.data()), std::size_t(piece.size())}, journal).status
            == FeedStatus::Failed)
            break;
    }
    if (reader.fault() != Fault::None)
        journal.events.append("fault " + QByteArray::number(closeCodeOf(reader.fault())));
    return journal.events;
}

QByteArray lineOf(const Stream &stream)
{
    QByteArrayList words{stream.role == Role::Server ? "server" : "client", QByteArray::number(kLimit)};
    for (const QByteArray &piece : stream.pieces)
        words.append(piece.toHex());
    return words.join(' ') + '\n';
}

} // namespace

// The streams must hold what they are there for.
void TestForeignReaders::initTestCase()
{
    int faults = 0;
    int closes = 0;
    for (quint32 seed = 1; seed <= kStreams; ++seed) {
        const QByteArrayList events = readByUs(streamOf(seed));
        faults += !events.isEmpty() && events.last().startsWith("fault");
        closes += !events.isEmpty() && events.last().startsWith("close");
    }
    QVERIFY2(faults > kStreams / 6 && closes > kStreams / 3, qPrintable(u"%1 %2"_s.arg(faults).arg(closes)));
}

void TestForeignReaders::beast()
{
    for (quint32 seed = 1; seed <= kStreams; ++seed) {
        const Stream stream = streamOf(seed);
        std::vector<std::string> pieces;
        for (const QByteArray &piece : stream.pieces)
            pieces.push_back(piece.toStdString());
        QByteArrayList theirs;
        for (const std::string &event : readByBeast(stream.role, kLimit, pieces))
            theirs.append(QByteArray::fromStdString(event).trimmed());
        if (theirs != readByUs(stream))
            qInfo("seed %u", seed);
        QCOMPARE(theirs, readByUs(stream));
    }
}

void TestForeignReaders::compareByProgram(const QString &program, const QString &script, bool knowsClosesInMessages)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    process.start(program, {script});
    QVERIFY(process.waitForStarted());
    QList<Stream> streams;
    for (quint32 seed = 1; seed <= kStreams; ++seed) {
        const Stream stream = streamOf(seed);
        // python3-websockets takes a close inside a message for a fault; RFC 6455 section 5.4 lets control frames in.
        if (knowsClosesInMessages || !stream.closesInMessage)
            streams.append(stream);
    }
    for (const Stream &stream : std::as_const(streams))
        process.write(lineOf(stream));
    process.closeWriteChannel();
    QVERIFY(process.waitForFinished(60'000));
    QCOMPARE(process.exitCode(), 0);
    const QByteArrayList lines = process.readAllStandardOutput().split('\n');
    QCOMPARE(lines.size(), streams.size() + 1);
    for (qsizetype i = 0; i < streams.size(); ++i) {
        const QByteArrayList ours = readByUs(streams.at(i));
        if (lines.at(i) != ours.join(';'))
            qInfo("stream %d: %s\nours: %s", int(i), lines.at(i).right(200).constData(), ours.join(';').right(200).constData());
        QVERIFY(lines.at(i) == ours.join(';'));
    }
}

void TestForeignReaders::npmWs()
{
    const QString folder = Support::peersFolder();
    REQUIRE_COMPONENT(!folder.isEmpty(), "npm ws");
    compareByProgram(u"node"_s, folder + u"/ws-frames.mjs"_s, true);
}

void TestForeignReaders::pythonWebsockets()
{
    const QString program = u"/usr/bin/python3"_s;
    REQUIRE_COMPONENT(QProcess::execute(program, {u"-c"_s, u"import websockets"_s}) == 0, "python3-websockets");
    compareByProgram(program, QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/websockets-frames.py"), false);
}

WATCHWORD_TEST_MAIN(TestForeignReaders)
#include "tst_foreignreaders.moc"
