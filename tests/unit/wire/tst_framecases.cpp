// SPDX-License-Identifier: Apache-2.0
#include "wiretest.h"

#include <algorithm>

using namespace WireTest;

Q_DECLARE_METATYPE(QList<WireTest::Frame>)

/*! What is legal in a stream of frames and what is not, in the order of the Autobahn test suite's sections 1 to 10. */
class TestFrameCases : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void cases_data();
    void cases();

private:
    static void add(const char *name, const QList<Frame> &frames, const QByteArrayList &expected);
    static void addFraming();
    static void addPings();
    static void addReserved();
    static void addFragments();
    static void addTexts();
    static void addTextFaults();
    static void addCloses();
    static void addLimits();
    static void addLengths();
};

namespace {

Frame closing(int code, const QByteArray &reason = {})
{
    return {8, QByteArray(1, char(code >> 8)) + QByteArray(1, char(code)) + reason};
}

QByteArrayList fault(Fault fault)
{
    return {"fault " + QByteArray::number(closeCodeOf(fault)) + ' '
            + QByteArray(describe(fault).data(), qsizetype(describe(fault).size()))};
}

} // namespace

void TestFrameCases::add(const char *name, const QList<Frame> &frames, const QByteArrayList &expected)
{
    QTest::newRow(name) << frames << expected;
}

void TestFrameCases::cases_data()
{
    QTest::addColumn<QList<Frame>>("frames");
    QTest::addColumn<QByteArrayList>("expected");
    addFraming();
    addPings();
    addReserved();
    addFragments();
    addTexts();
    addTextFaults();
    addCloses();
    addLimits();
    addLengths();
}

// Section 1: sizes around each form of the length.
void TestFrameCases::addFraming()
{
    for (const int size : {0, 1, 125, 126, 127, 128, 65535, 65536, 70000}) {
        const QByteArray text(size, '*');
        const QByteArray binary(size, '\xfe');
        QTest::addRow("1.1 text of %d", size) << QList<Frame>{{1, text}} << QByteArrayList{("text " + shortened(text)).trimmed()};
        QTest::addRow("1.2 binary of %d", size)
            << QList<Frame>{{2, binary}} << QByteArrayList{("binary " + shortened(binary)).trimmed()};
    }
}

void TestFrameCases::addPings()
{
    add("2.1 ping without payload", {{9}}, {"ping"});
    add("2.2 ping", {{9, "Hello, world!"}}, {"ping Hello, world!"});
    add("2.3 ping of binary", {{9, QByteArray::fromHex("00fffefdfcfb00ff")}},
        {"ping " + QByteArray::fromHex("00fffefdfcfb00ff")});
    add("2.4 ping of 125", {{9, QByteArray(125, '\xfe')}}, {"ping " + QByteArray(125, '\xfe')});
    add("2.5 ping of 126", {{9, QByteArray(126, '\xfe')}}, fault(Fault::ControlTooLong));
    add("2.7 pong nobody asked for", {{10}}, {"pong"});
    add("2.8 pong with payload", {{10, "unsolicited"}}, {"pong unsolicited"});
    add("2.9 pong, then ping", {{10, "a"}, {9, "b"}}, {"pong a", "ping b"});
    add("2.10 ten pings", QList<Frame>(10, Frame{9, "x"}), QByteArrayList(10, "ping x"));
}

// Sections 3 and 4: nothing has a meaning that was not agreed on.
void TestFrameCases::addReserved()
{
    for (int rsv = 1; rsv <= 7; ++rsv) {
        for (const int opcode : {1, 2, 8, 9, 10}) {
            QTest::addRow("3.%d opcode %d", rsv, opcode) << QList<Frame>{{1, "first"}, {opcode, "x", true, rsv}, {9}}
                                                         << QByteArrayList{"text first"} + fault(Fault::ReservedBits);
        }
    }
    add("3.8 reserved bit of a continuation", {{1, "a", false}, {0, "b", true, 4}}, fault(Fault::ReservedBits));
    for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
        QTest::addRow("4 opcode %d", opcode)
            << QList<Frame>{{1, "first"}, {opcode, "x"}, {9}} << QByteArrayList{"text first"} + fault(Fault::ReservedOpcode);
    }
}

void TestFrameCases::addFragments()
{
    add("5.1 fragmented ping", {{9, "a", false}, {0, "b"}}, fault(Fault::ControlFragmented));
    add("5.2 fragmented pong", {{10, "a", false}, {0, "b"}}, fault(Fault::ControlFragmented));
    add("5.2b fragmented close", {{8, "", false}, {0, ""}}, fault(Fault::ControlFragmented));
    add("5.3 two fragments", {{1, "frag1", false}, {0, "frag2"}}, {"text frag1frag2"});
    add("5.6 ping between", {{1, "a", false}, {9, "ping"}, {0, "b"}}, {"ping ping", "text ab"});
    add("5.9 continuation of nothing", {{0, "x"}, {1, "y"}}, fault(Fault::ContinuationUnexpected));
    add("5.12 unfinished continuation of nothing", {{0, "x", false}, {1, "y"}}, fault(Fault::ContinuationUnexpected));
    add("5.15 continuation behind a message", {{1, "a", false}, {0, "b"}, {0, "c", false}, {1, "d"}},
        QByteArrayList{"text ab"} + fault(Fault::ContinuationUnexpected));
    add("5.16 continuation first, again", {{0, "a", false}, {1, "b", false}, {0, "c"}}, fault(Fault::ContinuationUnexpected));
    add("5.18 text inside a text", {{1, "a", false}, {1, "b"}}, fault(Fault::ContinuationMissing));
    add("5.18b binary inside a text", {{1, "a", false}, {2, "b"}}, fault(Fault::ContinuationMissing));
    add("5.19 pings between five fragments",
        {{1, "1", false}, {0, "2", false}, {9, "p"}, {0, "3", false}, {0, "4", false}, {9, "q"}, {0, "5"}},
        {"ping p", "ping q", "text 12345"});
    add("5.20 empty fragments", {{2, "", false}, {0, "", false}, {0, ""}}, {"binary"});
    add("5.21 empty around something", {{1, "", false}, {0, "middle", false}, {0, ""}}, {"text middle"});
    add("5.22 pong and close inside a message", {{1, "a", false}, {10, "x"}, closing(1000), {0, "b"}}, {"pong x", "close 1000"});
}

// Section 6: characters, whole and in pieces.
void TestFrameCases::addTexts()
{
    const QByteArray text = "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!";
    add("6.1 three empty fragments", {{1, "", false}, {0, "", false}, {0, ""}}, {"text"});
    add("6.2 text of two bytes each", {{1, text}}, {"text " + text});
    QList<Frame> single;
    for (qsizetype i = 0; i < text.size(); ++i)
        single.append({i == 0 ? 1 : 0, text.mid(i, 1), i == text.size() - 1});
    add("6.2b a frame for each byte", single, {"text " + text});
    add("6.x split inside a character", {{1, "\xe2\x82", false}, {0, "\xac"}}, {"text \xe2\x82\xac"});
    add("6.x a ping inside a character", {{1, "\xe2", false}, {9, "\xff"}, {0, "\x82", false}, {0, "\xac"}},
        {"ping \xff", "text \xe2\x82\xac"});
    const QByteArrayList valid{"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
                               "\xc2\x80",
                               "\xdf\xbf",
                               "\xe0\xa0\x80",
                               "\xef\xbf\xbf",
                               "\xf0\x90\x80\x80",
                               "\xf4\x8f\xbf\xbf",
                               "\xed\x9f\xbf",
                               "\xee\x80\x80",
                               "\xef\xbf\xbd",
                               "\xef\xbf\xbe",
                               "\xf0\x9f\xbf\xbe",
                               "\x7f",
                               QByteArray(1, '\0')};
    for (const QByteArray &characters : valid)
        QTest::addRow("6.5 %s", characters.toHex().constData())
            << QList<Frame>{{1, characters}} << QByteArrayList{("text " + characters).trimmed()};
    add("6.y binary need not be text", {{2, "\xff\xfe"}}, {"binary \xff\xfe"});
    add("6.z the next text begins anew", {{1, "\xe2\x82\xac"}, {1, "ok"}}, {"text \xe2\x82\xac", "text ok"});
}

void TestFrameCases::addTextFaults()
{
    const QByteArrayList wrong{
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64",
        "\x80",
        "\xbf",
        "\xfe",
        "\xff",
        "\xc0\xaf",
        "\xc1\xbf",
        "\xe0\x80\xaf",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\xaf",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xed\xa0\x80\xed\xb0\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80",
        "\xfc\x84\x80\x80\x80\x80",
        "\xce",
        "\xe2\x82",
        "\xf0\x9f\x98",
        "\xc3\x28",
        "\xe2\x28\xa1",
        "\xf0\x28\x8c\xbc",
        "\xf0\x90\x28\xbc",
        "\xf0\x90\x8c\x28",
        "12345678\xff"
        "12345678",
        "1234567\xe2\x82",
    };
    for (const QByteArray &characters : wrong)
        QTest::addRow("6.6 %s", characters.toHex().constData())
            << QList<Frame>{{1, characters}, {9}} << fault(Fault::TextNotUtf8);
    add("6.3 wrong in the third fragment", {{1, "a", false}, {0, "b", false}, {0, "\xff", false}, {0, "c"}},
        fault(Fault::TextNotUtf8));
    // A fault is told where it is, not at the end of the message.
    add("6.4 at once, inside a frame that goes on", {{1, "ok\xf4\x90", true, 0, 100}}, fault(Fault::TextNotUtf8));
    add("6.4b cut off by the end of the message", {{1, "a", false}, {0, "\xe2\x82"}}, fault(Fault::TextNotUtf8));
}

void TestFrameCases::addCloses()
{
    add("7.1 nothing behind a close", {closing(1000), {1, "late"}, {9}, {3}}, {"close 1000"});
    add("7.1.5 close inside a message", {{1, "a", false}, closing(1000), {0, "b"}}, {"close 1000"});
    add("7.3.1 empty", {{8}}, {"close 1005"});
    add("7.3.2 one byte", {{8, "\x03"}}, fault(Fault::CloseTooShort));
    add("7.3.3 code alone", {closing(1000)}, {"close 1000"});
    add("7.3.4 reason", {closing(1000, "Hello World!")}, {"close 1000 Hello World!"});
    add("7.3.5 reason of 123", {closing(1000, QByteArray(123, '*'))}, {"close 1000 " + QByteArray(123, '*')});
    add("7.3.6 reason of 124", {closing(1000, QByteArray(124, '*'))}, fault(Fault::ControlTooLong));
    add("7.5.1 reason is not UTF-8", {closing(1000, "\xce\xba\xed\xa0\x80")}, fault(Fault::CloseReasonNotUtf8));
    add("7.5.2 reason cut inside a character", {closing(1001, "caf\xc3")}, fault(Fault::CloseReasonNotUtf8));
    for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999})
        QTest::addRow("7.7 code %d", code) << QList<Frame>{closing(code)} << QByteArrayList{"close " + QByteArray::number(code)};
    for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
        QTest::addRow("7.9 code %d", code) << QList<Frame>{closing(code)} << fault(Fault::CloseCodeInvalid);
}

// Sections 9 and 10: large ones, as one frame and in pieces.
void TestFrameCases::addLimits()
{
    for (const int size : {256 * 1024, 1024 * 1024}) {
        const QByteArray text(size, 'x');
        QTest::addRow("9.1 one frame of %d", size) << QList<Frame>{{1, text}} << QByteArrayList{"text " + shortened(text)};
        for (const int piece : {1300, 65536}) {
            QList<Frame> frames;
            for (int at = 0; at < size; at += piece)
                frames.append({at == 0 ? 1 : 0, text.mid(at, piece), at + piece >= size});
            QTest::addRow("9.3 and 10.1 %d in frames of %d", size, piece) << frames << QByteArrayList{"text " + shortened(text)};
        }
    }
    add("9.7 largest message", {{2, QByteArray(2'000'000, 'y')}}, {"binary " + shortened(QByteArray(2'000'000, 'y'))});
    add("9.7b one byte more", {{2, "", true, 0, 2'000'001}}, fault(Fault::FrameTooBig));
    add("9.7c 1 GiB announced", {{2, "", true, 0, 1 << 30}}, fault(Fault::FrameTooBig));
    add("9.7d the sum of the fragments", {{2, QByteArray(1'500'000, 'y'), false}, {0, "", true, 0, 500'001}},
        fault(Fault::MessageTooBig));
    QList<Frame> many{{1, "", false}};
    many += QList<Frame>(999, Frame{0, "", false});
    add("9.9 fragments", many + QList<Frame>{{0, ""}}, fault(Fault::TooManyFragments));
    many.removeLast();
    add("9.9b one fragment less", many + QList<Frame>{{0, ""}}, {"text"});
}

void TestFrameCases::addLengths()
{
    add("125 in two bytes", {{2, QByteArray(125, 'a'), true, 0, -1, 2}}, fault(Fault::LengthNotShortest));
    add("125 in eight bytes", {{2, QByteArray(125, 'a'), true, 0, -1, 8}}, fault(Fault::LengthNotShortest));
    add("65535 in eight bytes", {{2, QByteArray(65535, 'a'), true, 0, -1, 8}}, fault(Fault::LengthNotShortest));
    add("the highest bit", {{2, "", true, 0, qint64(1) << 62, 8}}, fault(Fault::FrameTooBig));
    add("a ping with a long length", {{9, "a", true, 0, -1, 2}}, fault(Fault::ControlTooLong));
}

void TestFrameCases::cases()
{
    QFETCH(QList<Frame>, frames);
    QFETCH(QByteArrayList, expected);
    for (const Role role : {Role::Client, Role::Server}) {
        Reading reading;
        reading.rules.role = role;
        reading.rules.limits = {.frame = 2'000'000, .message = 2'000'000, .fragments = 1000};
        const QByteArray stream = encoded(frames, role);
        QCOMPARE(reading.whole(stream), expected);
        // Cut at every place, each byte for itself, and at seeded places with a sink that always stops.
        for (qsizetype cut = 1; cut < std::min<qsizetype>(stream.size(), stream.size() < 2000 ? 300 : 20); ++cut) {
            bool isFirst = true;
            QCOMPARE(reading.of(stream, [&] { return std::exchange(isFirst, false) ? std::size_t(cut) : stream.size(); }),
                     expected);
        }
        if (stream.size() < 20'000)
            QCOMPARE(reading.of(stream, [] { return std::size_t(1); }), expected);
        QRandomGenerator random(quint32(stream.size()) + 1);
        reading.stopsAlways = true;
        for (int i = 0; i < 5; ++i)
            QCOMPARE(reading.of(stream, [&] { return std::size_t(random.bounded(1, 5000)); }), expected);
    }
}

WATCHWORD_TEST_MAIN(TestFrameCases)
#include "tst_framecases.moc"
