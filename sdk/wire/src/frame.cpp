// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/frame.h"

#include <algorithm>
#include <cstring>

namespace Watchword::Wire {

std::size_t writeHeader(std::uint8_t *out, const FrameHeader &header, const MaskKey *mask)
{
    const std::uint8_t maskBit = mask ? 0x80 : 0;
    std::size_t size = 2;
    out[0] = std::uint8_t((header.fin ? 0x80 : 0) | (header.compressed ? 0x40 : 0) | std::uint8_t(header.opcode));
    if (header.length < 126) {
        out[1] = std::uint8_t(maskBit | header.length);
    } else {
        const int lengthBytes = header.length < 65536 ? 2 : 8;
        out[1] = std::uint8_t(maskBit | (lengthBytes == 2 ? 126 : 127));
        for (int shift = 8 * (lengthBytes - 1); shift >= 0; shift -= 8)
            out[size++] = std::uint8_t(header.length >> shift);
    }
    if (mask) {
        std::memcpy(out + size, mask->data(), mask->size());
        size += mask->size();
    }
    return size;
}

void applyMask(MutableBytes bytes, const MaskKey &mask, std::uint64_t offset)
{
    // The key from this offset on, twice: eight bytes at a time.
    std::uint8_t turned[8];
    for (std::size_t i = 0; i < sizeof turned; ++i)
        turned[i] = mask[(offset + i) & 3];
    std::uint64_t key = 0;
    std::memcpy(&key, turned, sizeof key);
    std::uint8_t *at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= sizeof key; left -= sizeof key, at += sizeof key) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        word ^= key;
        std::memcpy(at, &word, sizeof word);
    }
    for (std::size_t i = 0; i < left; ++i)
        at[i] ^= turned[i];
}

std::size_t writeFrame(std::uint8_t *out, FrameHeader header, Bytes payload, const MaskKey *mask)
{
    header.length = payload.size();
    const std::size_t size = writeHeader(out, header, mask);
    if (!payload.empty())
        std::memcpy(out + size, payload.data(), payload.size());
    if (mask)
        applyMask({out + size, payload.size()}, *mask);
    return size + payload.size();
}

std::size_t writeClosePayload(std::uint8_t *out, std::uint16_t code, std::string_view reason)
{
    if (!isSendableCloseCode(code))
        return 0;
    out[0] = std::uint8_t(code >> 8);
    out[1] = std::uint8_t(code);
    std::size_t size = std::min(reason.size(), kLargestControl - 2);
    if (size < reason.size()) {
        while (size > 0 && (std::uint8_t(reason[size]) & 0xc0) == 0x80)
            --size;
    }
    std::copy_n(reason.begin(), size, out + 2);
    return size + 2;
}

} // namespace Watchword::Wire
