// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/utf8.h"

#include "support/testmain.h"

#include <array>

using namespace Watchword::Wire;

/*! The validator beside the definition of UTF-8, decoded the slow way. */
class TestUtf8 : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void allOfThreeBytes();
    void edgesOfFourBytes();
    void anyAlignment();
    void everyCut();
};

namespace {

// RFC 3629 section 4 read as a definition: decode, then ask whether this was the shortest form of a character.
bool isUtf8ByDefinition(Bytes bytes)
{
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::uint8_t lead = bytes[at];
        const int size = lead < 0x80 ? 1 : (lead & 0xe0) == 0xc0 ? 2 : (lead & 0xf0) == 0xe0 ? 3 : (lead & 0xf8) == 0xf0 ? 4 : 0;
        if (size == 0 || at + std::size_t(size) > bytes.size())
            return false;
        std::uint32_t character = size == 1 ? lead : lead & (0x7fU >> size);
        for (int i = 1; i < size; ++i) {
            const std::uint8_t next = bytes[at + std::size_t(i)];
            if ((next & 0xc0) != 0x80)
                return false;
            character = character << 6 | (next & 0x3f);
        }
        const std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
        if (character < smallest.at(std::size_t(size)) || character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
            return false;
        at += std::size_t(size);
    }
    return true;
}

} // namespace

void TestUtf8::allOfThreeBytes()
{
    for (std::uint32_t word = 0; word < 1U << 24; ++word) {
        const std::array<std::uint8_t, 3> bytes{std::uint8_t(word >> 16), std::uint8_t(word >> 8), std::uint8_t(word)};
        if (isUtf8(bytes) != isUtf8ByDefinition(bytes))
            QFAIL(qPrintable(QString::number(word, 16)));
    }
}

void TestUtf8::edgesOfFourBytes()
{
    const std::array<std::uint8_t, 10> edges{0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    for (unsigned lead = 0xe0; lead <= 0xff; ++lead) {
        for (const std::uint8_t a : edges) {
            for (const std::uint8_t b : edges) {
                for (const std::uint8_t c : edges) {
                    const std::array<std::uint8_t, 4> bytes{std::uint8_t(lead), a, b, c};
                    QCOMPARE(isUtf8(bytes), isUtf8ByDefinition(bytes));
                }
            }
        }
    }
}

// The eight bytes that are read together must not hide a byte at any place.
void TestUtf8::anyAlignment()
{
    for (std::size_t size = 0; size < 40; ++size) {
        for (std::size_t wrong = 0; wrong < size; ++wrong) {
            QByteArray text(qsizetype(size), 'a');
            const auto bytes = [&] { return Bytes(reinterpret_cast<const std::uint8_t *>(text.constData()), size); };
            QVERIFY(isUtf8(bytes()));
            text[qsizetype(wrong)] = '\x80';
            QVERIFY(!isUtf8(bytes()));
        }
    }
}

void TestUtf8::everyCut()
{
    const QByteArray text("12345678\xf0\x9f\x98\x80 \xe2\x82\xac 12345678\xc3\xa4\xf4\x8f\xbf\xbf");
    const Bytes bytes(reinterpret_cast<const std::uint8_t *>(text.constData()), std::size_t(text.size()));
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
        for (std::size_t second = first; second <= bytes.size(); ++second) {
            Utf8Validator validator;
            QVERIFY(validator.feed(bytes.first(first)));
            QCOMPARE(validator.isComplete(), isUtf8(bytes.first(first)));
            QVERIFY(validator.feed(bytes.subspan(first, second - first)));
            QVERIFY(validator.feed(bytes.subspan(second)));
            QVERIFY(validator.isComplete());
        }
    }
}

WATCHWORD_TEST_MAIN(TestUtf8)
#include "tst_utf8.moc"
