// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/base64url.h"

#include "base64text.h"

#include <array>

namespace Watchword {

namespace {

constexpr quint32 kForeign = 0x8000'0000; // above the 24 bits that four characters have

using Table = std::array<quint32, 256>;

// QByteArray's decoder takes padding, a lone last character and unused bits that are not zero, and costs several times
// as much, which every token that is verified pays for. A table for each place in a group of four has the bits where
// they belong.
constexpr Table decodingTable(int place)
{
    const int shift = 18 - 6 * place;
    Table table{};
    table.fill(kForeign);
    for (quint32 i = 0; i < 26; ++i) {
        table['A' + i] = i << shift;
        table['a' + i] = (26 + i) << shift;
    }
    for (quint32 i = 0; i < 10; ++i)
        table['0' + i] = (52 + i) << shift;
    table['-'] = 62u << shift;
    table['_'] = 63u << shift;
    return table;
}

constexpr std::array<Table, 4> kTables{decodingTable(0), decodingTable(1), decodingTable(2), decodingTable(3)};

} // namespace

QByteArray toBase64Url(QByteArrayView bytes)
{
    return bytes.toByteArray().toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals);
}

bool decodeBase64Url(QByteArrayView text, uchar *out)
{
    const qsizetype rest = text.size() % 4;
    const auto *in = reinterpret_cast<const uchar *>(text.data());
    quint32 seen = rest == 1 ? kForeign : 0;
    for (const uchar *const end = in + (text.size() - rest); in != end; in += 4, out += 3) {
        const quint32 bits = kTables[0][in[0]] | kTables[1][in[1]] | kTables[2][in[2]] | kTables[3][in[3]];
        seen |= bits;
        out[0] = uchar(bits >> 16);
        out[1] = uchar(bits >> 8);
        out[2] = uchar(bits);
    }
    if (rest >= 2) {
        const quint32 bits = kTables[0][in[0]] | kTables[1][in[1]] | (rest == 3 ? kTables[2][in[2]] : 0);
        seen |= bits;
        out[0] = uchar(bits >> 16);
        if (rest == 3)
            out[1] = uchar(bits >> 8);
        if ((bits & (rest == 3 ? 0xffu : 0xffffu)) != 0) // a second text for the same bytes
            seen |= kForeign;
    }
    return (seen & kForeign) == 0;
}

Result<QByteArray> fromBase64Url(QByteArrayView text)
{
    QByteArray bytes(sizeFromBase64Url(text), Qt::Uninitialized);
    if (!decodeBase64Url(text, reinterpret_cast<uchar *>(bytes.data())))
        return Error(ErrorCode::MalformedToken, QStringLiteral("not canonical base64url"));
    return bytes;
}

} // namespace Watchword
