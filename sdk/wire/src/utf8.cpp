// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/utf8.h"

#include <array>
#include <cstring>

namespace Watchword::Wire {

namespace {

// Most texts are ASCII for the most part.
const std::uint8_t *skipAscii(const std::uint8_t *at, const std::uint8_t *end)
{
    std::array<std::uint64_t, 4> words{};
    while (end - at >= std::ptrdiff_t(sizeof words)) {
        std::memcpy(words.data(), at, sizeof words);
        if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080U)
            break;
        at += sizeof words;
    }
    std::uint64_t word = 0;
    while (end - at >= std::ptrdiff_t(sizeof word)) {
        std::memcpy(&word, at, sizeof word);
        if (word & 0x8080808080808080U)
            break;
        at += sizeof word;
    }
    while (at != end && *at < 0x80)
        ++at;
    return at;
}

} // namespace

bool Utf8Validator::feed(Bytes bytes)
{
    const std::uint8_t *at = bytes.data();
    const std::uint8_t *const end = at + bytes.size();
    while (at != end) {
        if (m_missing > 0) {
            if (*at < m_lowest || *at > m_highest)
                return false;
            m_lowest = 0x80;
            m_highest = 0xbf;
            --m_missing;
            ++at;
            continue;
        }
        at = skipAscii(at, end);
        if (at == end)
            break;
        const std::uint8_t lead = *at++;
        if (lead < 0xc2 || lead > 0xf4)
            return false;
        m_missing = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
        // Table 3-7 of the Unicode standard: what may follow depends on the first byte in four cases.
        if (lead == 0xe0)
            m_lowest = 0xa0;
        else if (lead == 0xed)
            m_highest = 0x9f;
        else if (lead == 0xf0)
            m_lowest = 0x90;
        else if (lead == 0xf4)
            m_highest = 0x8f;
    }
    return true;
}

bool isUtf8(Bytes text)
{
    Utf8Validator validator;
    return validator.feed(text) && validator.isComplete();
}

} // namespace Watchword::Wire
