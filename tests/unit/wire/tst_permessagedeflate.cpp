// SPDX-License-Identifier: Apache-2.0
#include "wiretest.h"

#include <zlib.h>

using namespace WireTest;

/*! permessage-deflate: what is agreed on, what travels, and what a peer can do with it. */
class TestPermessageDeflate : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void offers_data();
    void offers();
    void answers_data();
    void answers();
    void ourOfferIsAnswered();
    void roundTrips_data();
    void roundTrips();
    void examplesOfTheRfc_data();
    void examplesOfTheRfc();
    void smallestWindowIsKept();
    void inflatingIsBounded();
    void wrongData_data();
    void wrongData();
    void reservedBitOnlyAtTheBeginning();
    void compressedTextIsChecked();
    void plainMessagesBetween();
    void compressorsAreShared();
};

namespace {

std::vector<std::string_view> viewsOf(const std::vector<std::string> &texts)
{
    return {texts.begin(), texts.end()};
}

QByteArray deflated(Compression &compression, const QByteArray &message)
{
    std::vector<std::uint8_t> out;
    return compression.deflate(bytesOf(message), out) ? arrayOf(out) : QByteArray("plain");
}

QByteArray inflated(Compression &compression, const QByteArray &message, std::size_t limit = 1 << 20)
{
    std::vector<std::uint8_t> out;
    const InflateResult result = compression.inflate(bytesOf(message), out, limit);
    return result == InflateResult::Ok ? arrayOf(out) : QByteArray("result ") + QByteArray::number(int(result));
}

QByteArray jsonLike(int number)
{
    return R"({"type":"order","id":)" + QByteArray::number(number * 7919) + R"(,"state":"filled","price":)"
        + QByteArray::number(number * 31 % 977) + R"(,"currency":"EUR","customer":"customer-)" + QByteArray::number(number % 13)
        + R"("})";
}

} // namespace

void TestPermessageDeflate::offers_data()
{
    QTest::addColumn<std::vector<std::string>>("lines");
    QTest::addColumn<QByteArray>("answer");
    using Lines = std::vector<std::string>;
    const auto add = [](const char *name, const Lines &lines, const char *answer) {
        QTest::newRow(name) << lines << QByteArray(answer);
    };
    const char *const usual = "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12";
    add("none", {}, "");
    add("another", {"x-webkit-deflate-frame"}, "");
    add("bare", {"permessage-deflate"}, "permessage-deflate; server_max_window_bits=12");
    add("a browser's", {"permessage-deflate; client_max_window_bits"}, usual);
    add("spelt otherwise", {"Permessage-Deflate ;client_max_window_bits"}, usual);
    add("smaller ones", {"permessage-deflate; client_max_window_bits=10; server_max_window_bits=9"},
        "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10");
    add("the smallest", {"permessage-deflate; server_max_window_bits=8"}, "permessage-deflate; server_max_window_bits=8");
    add("quoted", {"permessage-deflate; client_max_window_bits=\"10\""},
        "permessage-deflate; server_max_window_bits=12; client_max_window_bits=10");
    add("no contexts", {"permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12");
    add("the second one can be kept", {"permessage-deflate; new_parameter, permessage-deflate; client_max_window_bits"}, usual);
    add("on two lines", {"x-other; a=b", "permessage-deflate; client_max_window_bits"}, usual);
    add("empty elements", {", ,permessage-deflate; client_max_window_bits,"}, usual);
    add("twice the same", {"permessage-deflate; server_no_context_takeover; server_no_context_takeover"}, "");
    add("a value too much", {"permessage-deflate; server_no_context_takeover=1"}, "");
    add("a value too little", {"permessage-deflate; server_max_window_bits"}, "");
    for (const char *bits : {"7", "16", "08", "0", "-9", "1 2", "", "abc", "99999999999"})
        add(bits, {std::string("permessage-deflate; server_max_window_bits=") + bits}, "");
    add("broken", {"permessage-deflate; ; x"}, "");
    add("broken behind it", {"permessage-deflate; client_max_window_bits @"}, "");
    add("unclosed quote", {"permessage-deflate; client_max_window_bits=\"10"}, "");
}

void TestPermessageDeflate::offers()
{
    QFETCH(std::vector<std::string>, lines);
    const auto answer = answerDeflateOffers(viewsOf(lines), {});
    QTEST(QByteArray::fromStdString(answer ? answer->text : std::string()), "answer");
}

void TestPermessageDeflate::answers_data()
{
    QTest::addColumn<std::vector<std::string>>("lines");
    QTest::addColumn<bool>("accepted");
    using Lines = std::vector<std::string>;
    const auto add = [](const char *name, const Lines &lines, bool accepted) { QTest::newRow(name) << lines << accepted; };
    add("bare", {"permessage-deflate"}, true);
    add("as offered", {"permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"}, true);
    add("smaller", {"permessage-deflate; server_max_window_bits=8; client_max_window_bits=9"}, true);
    add("without contexts", {"permessage-deflate; server_no_context_takeover; client_no_context_takeover"}, true);
    add("larger window of the server", {"permessage-deflate; server_max_window_bits=15"}, false);
    add("larger window of ours", {"permessage-deflate; client_max_window_bits=13"}, false);
    add("our window without a value", {"permessage-deflate; client_max_window_bits"}, false);
    add("twice", {"permessage-deflate, permessage-deflate"}, false);
    add("on two lines", {"permessage-deflate", "permessage-deflate"}, false);
    add("one more", {"permessage-deflate, x-other"}, false);
    add("another", {"x-other"}, false);
    add("unknown parameter", {"permessage-deflate; x"}, false);
    add("empty", {""}, false);
    add("broken", {"permessage-deflate;"}, false);
}

void TestPermessageDeflate::answers()
{
    QFETCH(std::vector<std::string>, lines);
    QTEST(readDeflateAnswer(viewsOf(lines), {}).has_value(), "accepted");
}

void TestPermessageDeflate::ourOfferIsAnswered()
{
    for (const int bits : {8, 9, 12, 15}) {
        for (const bool keeps : {true, false}) {
            const DeflateOptions client{.serverWindowBits = bits, .clientWindowBits = bits, .clientKeepsContext = keeps};
            const DeflateOptions server{.serverWindowBits = 15, .clientWindowBits = 10, .serverKeepsContext = !keeps};
            const std::string offer = deflateOffer(client);
            const auto answer = answerDeflateOffers({offer}, server);
            QVERIFY(answer);
            const auto read = readDeflateAnswer({answer->text}, client);
            QVERIFY(read);
            QCOMPARE(read->serverWindowBits, answer->parameters.serverWindowBits);
            QCOMPARE(read->clientWindowBits, answer->parameters.clientWindowBits);
            QCOMPARE(read->serverKeepsContext, answer->parameters.serverKeepsContext);
            QVERIFY(read->serverWindowBits <= bits && read->clientWindowBits <= std::min(bits, 10));
        }
    }
}

void TestPermessageDeflate::roundTrips_data()
{
    QTest::addColumn<int>("bits");
    QTest::addColumn<bool>("keeps");
    for (int bits = 8; bits <= 15; ++bits) {
        QTest::addRow("%d bits, with context", bits) << bits << true;
        QTest::addRow("%d bits, without", bits) << bits << false;
    }
}

void TestPermessageDeflate::roundTrips()
{
    QFETCH(int, bits);
    QFETCH(bool, keeps);
    const DeflateParameters agreed{bits, bits, keeps, keeps};
    DeflatePool pool;
    const DeflateOptions options{.smallest = 0};
    Compression server(Role::Server, agreed, options, &pool);
    Compression client(Role::Client, agreed, options, &pool);
    QRandomGenerator random(17);
    qsizetype plain = 0;
    qsizetype sent = 0;
    for (int i = 0; i < 300; ++i) {
        QByteArray message = jsonLike(i);
        if (i % 50 == 0)
            message = message.repeated(700) + QByteArray(int(random.bounded(10'000)), 'z');
        if (i % 70 == 1)
            message.clear();
        Compression &from = i % 3 ? server : client;
        Compression &to = i % 3 ? client : server;
        const QByteArray wire = deflated(from, message);
        if (wire == "plain") {
            QVERIFY(!keeps);
            continue;
        }
        plain += message.size();
        sent += wire.size();
        QCOMPARE(inflated(to, wire), message);
    }
    QVERIFY2(sent * 2 < plain, qPrintable(u"%1 of %2"_s.arg(sent).arg(plain)));
}

void TestPermessageDeflate::examplesOfTheRfc_data()
{
    QTest::addColumn<QByteArrayList>("wire");
    QTest::addColumn<QByteArrayList>("messages");
    QTest::newRow("7.2.3.1") << QByteArrayList{"f248cdc9c90700"} << QByteArrayList{"Hello"};
    QTest::newRow("7.2.3.2 with the window of the first")
        << QByteArrayList{"f248cdc9c90700", "f200110000"} << QByteArrayList{"Hello", "Hello"};
    QTest::newRow("7.2.3.3 not compressed") << QByteArrayList{"000500faff48656c6c6f00"} << QByteArrayList{"Hello"};
    QTest::newRow("7.2.3.4 BFINAL") << QByteArrayList{"f348cdc9c9070000", "f248cdc9c90700"} << QByteArrayList{"Hello", "Hello"};
    QTest::newRow("BFINAL, then the window before it")
        << QByteArrayList{"f348cdc9c9070000", "f200110000"} << QByteArrayList{"Hello", "Hello"};
    QTest::newRow("BFINAL without the byte behind it")
        << QByteArrayList{"f348cdc9c90700", "f248cdc9c90700"} << QByteArrayList{"Hello", "Hello"};
    QTest::newRow("7.2.3.5 two blocks") << QByteArrayList{"f24805000000ffffcac9c90700"} << QByteArrayList{"Hello"};
    QTest::newRow("empty") << QByteArrayList{"00", "0300", "f248cdc9c90700"} << QByteArrayList{"", "", "Hello"};
}

void TestPermessageDeflate::examplesOfTheRfc()
{
    QFETCH(QByteArrayList, wire);
    QFETCH(QByteArrayList, messages);
    Compression client(Role::Client, {}, {});
    for (qsizetype i = 0; i < wire.size(); ++i)
        QCOMPARE(inflated(client, QByteArray::fromHex(wire.at(i))), messages.at(i));
}

// A peer that asked for 8 bits has 256 bytes and no more: zlib itself judges, with a window of that size.
void TestPermessageDeflate::smallestWindowIsKept()
{
    Deflater deflater(8, 9, 9);
    z_stream z{};
    QCOMPARE(inflateInit2(&z, -8), Z_OK);
    QRandomGenerator random(8);
    for (int i = 0; i < 2000; ++i) {
        // Repeats at distances around the window's size.
        QByteArray block(int(200 + random.bounded(120)), '\0');
        for (char &c : block)
            c = char('a' + random.bounded(3));
        const QByteArray message = block + block + block.left(100);
        std::vector<std::uint8_t> wire;
        QVERIFY(deflater.deflate(bytesOf(message), wire));
        wire.insert(wire.end(), {0, 0, 0xff, 0xff});
        QByteArray out(2000, '\0');
        z.next_in = wire.data();
        z.avail_in = uInt(wire.size());
        // In small steps, so that inflate() has nothing but its window to copy from.
        qsizetype size = 0;
        int result = Z_OK;
        while (result == Z_OK) {
            z.next_out = reinterpret_cast<Bytef *>(out.data()) + size;
            z.avail_out = 16;
            result = inflate(&z, Z_SYNC_FLUSH);
            size += 16 - z.avail_out;
        }
        QCOMPARE(result, Z_BUF_ERROR);
        QCOMPARE(out.left(size), message);
    }
    inflateEnd(&z);
}

// 16 MiB of nothing are 16 KiB on the wire.
void TestPermessageDeflate::inflatingIsBounded()
{
    Compression server(Role::Server, {}, {});
    const QByteArray bomb = deflated(server, QByteArray(16 << 20, '\0'));
    QVERIFY(bomb.size() < 20'000);
    Reading reading;
    reading.rules.limits.message = 1 << 20;
    reading.compression = std::make_shared<Compression>(Role::Client, DeflateParameters{}, DeflateOptions{});
    QCOMPARE(reading.whole(Frame{2, bomb, true, 4}.encoded(false)),
             QByteArrayList{"fault 1009 a compressed message inflates to more than allowed"});
    // Just as much as allowed passes; one byte more does not.
    Compression exact(Role::Server, {}, {});
    Compression client(Role::Client, {}, {});
    QCOMPARE(inflated(client, deflated(exact, QByteArray(5000, 'x')), 5000), QByteArray(5000, 'x'));
    QCOMPARE(inflated(client, deflated(exact, QByteArray(5001, 'y')), 5000), "result 2");
}

void TestPermessageDeflate::wrongData_data()
{
    QTest::addColumn<QByteArray>("wire");
    QTest::newRow("reserved block type") << QByteArray::fromHex("07");
    QTest::newRow("a stored block whose length contradicts itself") << QByteArray::fromHex("000500ffff48656c6c6f");
    QTest::newRow("cut off") << QByteArray::fromHex("f248cd");
    QTest::newRow("cut off in a stored block") << QByteArray::fromHex("000500faff4865");
    QTest::newRow("a match before the beginning") << QByteArray::fromHex("f200110000");
    QTest::newRow("plain text") << QByteArray("Hello, this is no DEFLATE");
}

void TestPermessageDeflate::wrongData()
{
    QFETCH(QByteArray, wire);
    Reading reading;
    reading.compression = std::make_shared<Compression>(Role::Client, DeflateParameters{}, DeflateOptions{});
    QCOMPARE(reading.whole(Frame{2, wire, true, 4}.encoded(false)),
             QByteArrayList{"fault 1007 a compressed message cannot be inflated"});
}

void TestPermessageDeflate::reservedBitOnlyAtTheBeginning()
{
    Reading reading;
    const auto read = [&](const QList<Frame> &frames) {
        reading.compression = std::make_shared<Compression>(Role::Client, DeflateParameters{}, DeflateOptions{});
        return reading.of(encoded(frames, Role::Client), [] { return std::size_t(1); });
    };
    const QByteArray hello = QByteArray::fromHex("f248cdc9c90700");
    QCOMPARE(read({{1, hello.left(3), false, 4}, {9, "p"}, {0, hello.mid(3)}}), (QByteArrayList{"ping p", "text Hello"}));
    QCOMPARE(read({{1, hello.left(3), false, 4}, {0, hello.mid(3), true, 4}}),
             QByteArrayList{"fault 1002 a reserved bit is set without an extension"});
    QCOMPARE(read({{1, hello, true, 6}}), QByteArrayList{"fault 1002 a reserved bit is set without an extension"});
    QCOMPARE(read({{9, "p", true, 4}}), QByteArrayList{"fault 1002 a reserved bit is set without an extension"});
    QCOMPARE(read({{1, "", true, 4}, {1, "plain"}}), (QByteArrayList{"text", "text plain"}));
}

void TestPermessageDeflate::compressedTextIsChecked()
{
    Compression server(Role::Server, {}, {.smallest = 0});
    const QByteArray wrong = deflated(server, "caf\xc3");
    const QByteArray right = deflated(server, "caf\xc3\xa9");
    Reading reading;
    reading.compression = std::make_shared<Compression>(Role::Client, DeflateParameters{}, DeflateOptions{});
    QCOMPARE(reading.whole(Frame{1, wrong, true, 4}.encoded(false)), QByteArrayList{"fault 1007 a text is not UTF-8"});
    reading.compression = std::make_shared<Compression>(Role::Client, DeflateParameters{}, DeflateOptions{});
    QCOMPARE(reading.whole(Frame{2, wrong, true, 4}.encoded(false) + Frame{1, right, true, 4}.encoded(false)),
             (QByteArrayList{"binary caf\xc3", "text caf\xc3\xa9"}));
}

// A message that went plain must not be in the window of what follows.
void TestPermessageDeflate::plainMessagesBetween()
{
    Compression server(Role::Server, {}, {.smallest = 64});
    Compression client(Role::Client, {}, {});
    for (int i = 0; i < 50; ++i) {
        QCOMPARE(deflated(server, "short"), "plain");
        QCOMPARE(inflated(client, deflated(server, jsonLike(i))), jsonLike(i));
    }
}

void TestPermessageDeflate::compressorsAreShared()
{
    DeflatePool pool;
    const auto kept = pool.deflater(12, 5, 6);
    QCOMPARE(pool.deflater(12, 5, 6).get(), kept.get());
    QVERIFY(pool.deflater(11, 5, 6) != kept);
    const auto inflater = pool.inflater();
    QCOMPARE(pool.inflater(), inflater);
}

WATCHWORD_TEST_MAIN(TestPermessageDeflate)
#include "tst_permessagedeflate.moc"
