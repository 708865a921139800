// SPDX-License-Identifier: Apache-2.0
#include "relay/chunkfilter.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace Watchword::Gateway {

namespace {

constexpr int kMostDigits = 15; // so that no sum of sizes overflows

int hexDigitOf(std::uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    const int lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

void appendHead(std::string &out, std::uint64_t size)
{
    std::array<char, 16> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), size, 16);
    out.append(text.data(), end.ptr).append("\r\n");
}

} // namespace

std::size_t ChunkFilter::feed(std::span<const std::uint8_t> bytes, std::string &out)
{
    std::size_t used = 0;
    while (used < bytes.size() && m_state != State::Complete && m_state != State::Faulty) {
        if (m_state == State::Data) {
            const std::size_t some = std::size_t(std::min<std::uint64_t>(m_left, bytes.size() - used));
            out.append(reinterpret_cast<const char *>(bytes.data() + used), some);
            used += some;
            m_left -= some;
            if (m_left == 0)
                m_state = State::DataCr;
        } else {
            take(bytes[used++], out);
        }
    }
    return used;
}

void ChunkFilter::take(std::uint8_t byte, std::string &out)
{
    switch (m_state) {
    case State::Size:
        takeDigit(byte);
        break;
    case State::Extension:
        takeBeside(byte, State::SizeEnd);
        break;
    case State::SizeEnd:
        expect(byte, '\n', m_left > 0 ? State::Data : State::TrailerStart);
        if (m_state == State::Data)
            appendHead(out, m_left);
        break;
    case State::DataCr:
        expect(byte, '\r', State::DataEnd);
        break;
    case State::DataEnd:
        expect(byte, '\n', State::Size);
        m_digits = 0;
        if (m_state == State::Size)
            out.append("\r\n");
        break;
    case State::TrailerStart:
        if (byte == '\r')
            m_state = State::LastEnd;
        else
            takeBeside(byte, State::TrailerEnd);
        break;
    case State::Trailer:
        takeBeside(byte, State::TrailerEnd);
        break;
    case State::TrailerEnd:
        expect(byte, '\n', State::TrailerStart);
        break;
    case State::LastEnd:
        expect(byte, '\n', State::Complete);
        if (m_state == State::Complete)
            out.append("0\r\n\r\n");
        break;
    case State::Data:
    case State::Complete:
    case State::Faulty:
        break;
    }
}

void ChunkFilter::takeDigit(std::uint8_t byte)
{
    if (const int digit = hexDigitOf(byte); digit >= 0 && m_digits < kMostDigits) {
        ++m_digits;
        m_left = m_left * 16 + std::uint64_t(digit);
    } else if (m_digits > 0 && byte == '\r') {
        m_state = State::SizeEnd;
    } else {
        m_state = m_digits > 0 && byte == ';' ? State::Extension : State::Faulty;
    }
}

// Extensions and trailers end with a line, and have no control characters but tabs.
void ChunkFilter::takeBeside(std::uint8_t byte, State end)
{
    if (byte == '\r')
        m_state = end;
    else if (++m_beside > kMostBeside || (byte < 0x20 && byte != '\t') || byte == 0x7f)
        m_state = State::Faulty;
    else if (end == State::TrailerEnd)
        m_state = State::Trailer;
}

void ChunkFilter::expect(std::uint8_t byte, char wanted, State next)
{
    m_state = byte == std::uint8_t(wanted) ? next : State::Faulty;
}

} // namespace Watchword::Gateway
