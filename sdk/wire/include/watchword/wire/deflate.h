// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/frame.h"

#include <memory>
#include <vector>

namespace Watchword::Wire {

/*!
    Compresses messages for permessage-deflate (RFC 7692 section 7.2.1): raw DEFLATE, flushed, without the last four bytes.

    One for a connection that keeps its context between messages, with some 40 KiB at 12 bits and memory level 5; or one for
    all connections of a thread that do not, with reset() before each message. A message that is sent plain must not have
    passed it. Memory is allocated with the first message.
*/
class Deflater
{
public:
    //! \a windowBits 8 to 15, \a memoryLevel 1 to 9, \a level 1 to 9 as zlib has them.
    Deflater(int windowBits, int memoryLevel, int level);
    ~Deflater();
    Deflater(const Deflater &) = delete;
    Deflater &operator=(const Deflater &) = delete;

    //! Appends to \a out. False if there is no memory.
    bool deflate(Bytes message, std::vector<std::uint8_t> &out);
    void reset(); //!< Forgets the messages so far.

private:
    struct Stream;
    bool begin();

    int m_windowBits;
    int m_memoryLevel;
    int m_level;
    std::unique_ptr<Stream> m_stream; //!< Null until it is needed.
};

enum class InflateResult : std::uint8_t { Ok, Invalid, TooBig, NoMemory };

/*! The other direction (RFC 7692 section 7.2.2). Sharing and memory as for Deflater; 11 KiB at 12 bits. */
class Inflater
{
public:
    explicit Inflater(int windowBits); //!< At least what the peer uses; 15 is right for any peer.
    ~Inflater();
    Inflater(const Inflater &) = delete;
    Inflater &operator=(const Inflater &) = delete;

    //! Appends the message that travelled as \a message to \a out. Stops as soon as it would be larger than \a limit.
    InflateResult inflate(Bytes message, std::vector<std::uint8_t> &out, std::size_t limit);
    void reset();

private:
    struct Stream;
    bool begin();
    InflateResult take(Bytes bytes, std::vector<std::uint8_t> &out, std::size_t limit);
    bool goOnBehindLastBlock();

    int m_windowBits;
    bool m_isBehindLastBlock = false; //!< All that came in is used up, and the last block of it had BFINAL.
    std::unique_ptr<Stream> m_stream;
};

} // namespace Watchword::Wire
