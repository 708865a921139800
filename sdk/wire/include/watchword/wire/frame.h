// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a WebSocket frame is made of (RFC 6455 section 5), and the side that writes them. Pure functions without allocation.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace Watchword::Wire {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

enum class Opcode : std::uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

//! Which end we are. A client masks what it sends and takes no masked frame, a server the other way round (section 5.1).
enum class Role : std::uint8_t { Client, Server };

constexpr bool isControl(Opcode opcode)
{
    return (std::uint8_t(opcode) & 8) != 0;
}

struct FrameHeader
{
    Opcode opcode = Opcode::Binary;
    Opcode message = Opcode::Binary; //!< Text or Binary, also of a continuation. When writing it is not looked at.
    bool fin = true;
    bool compressed = false; //!< RSV1 of the frame; in a message only its first one may have it (RFC 7692 section 6).
    std::uint64_t length = 0; //!< Of the payload, as announced.
};

using MaskKey = std::array<std::uint8_t, 4>;

constexpr std::size_t kLargestHeader = 14;
constexpr std::size_t kLargestControl = 125;

//! How many bytes writeHeader() writes.
constexpr std::size_t headerSize(std::uint64_t payload, bool masked)
{
    return 2 + (payload < 126 ? 0 : payload < 65536 ? 2 : 8) + (masked ? 4 : 0);
}

//! Writes the header to \a out, which has room for kLargestHeader; returns its size. \a mask is null for servers.
std::size_t writeHeader(std::uint8_t *out, const FrameHeader &header, const MaskKey *mask);

//! Masks or unmasks in place. \a offset is the place of the first byte in the payload, for payloads that come in pieces.
void applyMask(MutableBytes bytes, const MaskKey &mask, std::uint64_t offset = 0);

/*!
    Writes a whole frame and returns its size; header.length is taken from \a payload. \a out needs room for
    headerSize() + payload.size() and must not overlap \a payload. The mask of each frame is new and cannot be guessed
    (section 10.3): the caller brings it from a random generator for cryptography.
*/
std::size_t writeFrame(std::uint8_t *out, FrameHeader header, Bytes payload, const MaskKey *mask);

/*!
    Writes the payload of a close frame to \a out, which has room for kLargestControl; returns its size. \a reason is cut to
    123 bytes, never inside a character. A code that must not be sent (1005, 1006, 1015, 0) gives an empty payload.
*/
std::size_t writeClosePayload(std::uint8_t *out, std::uint16_t code, std::string_view reason);

//! True for codes that may stand in a close frame: 1000-1003, 1007-1014, 3000-4999 (section 7.4 and IANA's registry).
constexpr bool isSendableCloseCode(std::uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

inline Bytes bytesOf(std::string_view text)
{
    // Characters may be read as bytes.
    return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

inline std::string_view textOf(Bytes bytes)
{
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

} // namespace Watchword::Wire
