// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace Watchword::Wire {

namespace {

// What Z_SYNC_FLUSH ends with and does not travel.
constexpr std::array<std::uint8_t, 4> kFlushTail{0x00, 0x00, 0xff, 0xff};
constexpr std::size_t kRoomStep = 4096;
constexpr std::size_t kLargestInput = std::numeric_limits<uInt>::max() / 2;

Bytef *inputOf(Bytes bytes)
{
    return const_cast<Bytef *>(bytes.data()); // zlib does not write there
}

} // namespace

struct Deflater::Stream
{
    z_stream z{};
    ~Stream() { deflateEnd(&z); }
};

Deflater::Deflater(int windowBits, int memoryLevel, int level)
    // zlib cannot make a raw stream with 8 bits. With 9 its matches reach back by no more than 512 - 262 = 250 bytes,
    // which a window of 8 bits holds, too.
    : m_windowBits(std::clamp(windowBits, 9, 15))
    , m_memoryLevel(std::clamp(memoryLevel, 1, 9))
    , m_level(std::clamp(level, 1, 9))
{
}

Deflater::~Deflater() = default;

bool Deflater::begin()
{
    if (m_stream)
        return true;
    auto stream = std::make_unique<Stream>();
    if (deflateInit2(&stream->z, m_level, Z_DEFLATED, -m_windowBits, m_memoryLevel, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    m_stream = std::move(stream);
    return true;
}

bool Deflater::deflate(Bytes message, std::vector<std::uint8_t> &out)
{
    if (!begin())
        return false;
    z_stream &z = m_stream->z;
    const std::size_t before = out.size();
    do {
        const Bytes part = message.first(std::min(message.size(), kLargestInput));
        message = message.subspan(part.size());
        z.next_in = inputOf(part);
        z.avail_in = uInt(part.size());
        do {
            const std::size_t size = out.size();
            out.resize(size + std::max<std::size_t>(kRoomStep, std::min<std::size_t>(part.size() / 2, 65536)));
            z.next_out = out.data() + size;
            z.avail_out = uInt(out.size() - size);
            const int result = ::deflate(&z, message.empty() ? Z_SYNC_FLUSH : Z_NO_FLUSH);
            out.resize(out.size() - z.avail_out);
            if (result != Z_OK && result != Z_BUF_ERROR)
                return false;
        } while (z.avail_out == 0);
    } while (!message.empty());
    // A second flush without input in between writes nothing, and so does one behind a block that ended on a byte.
    if (out.size() - before >= kFlushTail.size() && std::equal(kFlushTail.begin(), kFlushTail.end(), out.end() - 4))
        out.resize(out.size() - kFlushTail.size());
    if (out.size() == before)
        out.push_back(0);
    return true;
}

void Deflater::reset()
{
    if (m_stream)
        deflateReset(&m_stream->z);
}

struct Inflater::Stream
{
    z_stream z{};
    ~Stream() { inflateEnd(&z); }
};

Inflater::Inflater(int windowBits)
    : m_windowBits(std::clamp(windowBits, 8, 15))
{
}

Inflater::~Inflater() = default;

bool Inflater::begin()
{
    if (m_stream)
        return true;
    auto stream = std::make_unique<Stream>();
    if (inflateInit2(&stream->z, -m_windowBits) != Z_OK)
        return false;
    m_stream = std::move(stream);
    return true;
}

InflateResult Inflater::inflate(Bytes message, std::vector<std::uint8_t> &out, std::size_t limit)
{
    if (message.empty())
        return InflateResult::Ok; // not even the byte that an empty message has; nothing is in the window of it
    if (!begin())
        return InflateResult::NoMemory;
    const std::size_t before = out.size();
    const std::size_t largest = before + std::min(limit, std::numeric_limits<std::size_t>::max() / 2);
    while (!message.empty()) {
        const Bytes part = message.first(std::min(message.size(), kLargestInput));
        message = message.subspan(part.size());
        if (const InflateResult result = take(part, out, largest); result != InflateResult::Ok)
            return result;
    }
    if (std::exchange(m_isBehindLastBlock, false))
        return InflateResult::Ok; // closed by itself, nothing was cut off
    if (const InflateResult result = take(kFlushTail, out, largest); result != InflateResult::Ok)
        return result;
    // zlib tells that it is between two blocks; else the message was cut, and the next one would go on in the middle.
    return (m_stream->z.data_type & 128) ? InflateResult::Ok : InflateResult::Invalid;
}

InflateResult Inflater::take(Bytes bytes, std::vector<std::uint8_t> &out, std::size_t limit)
{
    z_stream &z = m_stream->z;
    z.next_in = inputOf(bytes);
    z.avail_in = uInt(bytes.size());
    m_isBehindLastBlock = false;
    while (true) {
        // One byte more than allowed tells a message that is too big from one that just fits.
        const std::size_t size = out.size();
        const std::size_t room = std::min({limit - size + 1, std::max(kRoomStep, size), std::size_t(1) << 20});
        out.resize(size + room);
        z.next_out = out.data() + size;
        z.avail_out = uInt(room);
        const int result = ::inflate(&z, Z_SYNC_FLUSH);
        const bool isFull = z.avail_out == 0;
        out.resize(out.size() - z.avail_out);
        if (out.size() > limit) {
            out.resize(limit);
            return InflateResult::TooBig;
        }
        if (result == Z_MEM_ERROR)
            return InflateResult::NoMemory;
        if (result == Z_STREAM_END) {
            if (!goOnBehindLastBlock())
                return InflateResult::NoMemory;
            m_isBehindLastBlock = z.avail_in == 0;
            if (m_isBehindLastBlock)
                return InflateResult::Ok;
            continue;
        }
        if (result != Z_OK && result != Z_BUF_ERROR)
            return InflateResult::Invalid;
        if (!isFull)
            return z.avail_in == 0 ? InflateResult::Ok : InflateResult::Invalid;
    }
}

// A block with BFINAL set is legal (section 7.2.3.4), and what was inflated before it stays in the window.
bool Inflater::goOnBehindLastBlock()
{
    z_stream &z = m_stream->z;
    std::vector<Bytef> window(std::size_t(1) << 15);
    uInt size = uInt(window.size());
    if (inflateGetDictionary(&z, window.data(), &size) != Z_OK || inflateReset(&z) != Z_OK)
        return false;
    return size == 0 || inflateSetDictionary(&z, window.data(), size) == Z_OK;
}

void Inflater::reset()
{
    m_isBehindLastBlock = false;
    if (m_stream)
        inflateReset(&m_stream->z);
}

} // namespace Watchword::Wire
