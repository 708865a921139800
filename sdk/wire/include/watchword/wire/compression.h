// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/wire/deflate.h"
#include "watchword/wire/deflatenegotiation.h"

namespace Watchword::Wire {

/*!
    The compressors of one thread that connections without context share. Must outlive nothing: connections hold what they
    use. Not thread-safe; one for each reactor or event loop.
*/
class DeflatePool
{
public:
    std::shared_ptr<Deflater> deflater(int windowBits, int memoryLevel, int level);
    std::shared_ptr<Inflater> inflater();

private:
    std::vector<std::pair<std::array<int, 3>, std::weak_ptr<Deflater>>> m_deflaters;
    std::weak_ptr<Inflater> m_inflater;
};

/*!
    Compression of one connection, both directions, as it was agreed on. Given to its MessageReader and to what sends.
    Threads: that of the connection and of \a pool.
*/
class Compression
{
public:
    //! With a \a pool the directions without context share its compressors.
    Compression(Role role, const DeflateParameters &agreed, const DeflateOptions &options, DeflatePool *pool = nullptr);

    //! Appends the compressed message to \a out and says true, or leaves \a out alone and says false: send it plain.
    bool deflate(Bytes message, std::vector<std::uint8_t> &out);
    //! Replaces \a out by the message that travelled as \a message.
    InflateResult inflate(Bytes message, std::vector<std::uint8_t> &out, std::size_t limit);

private:
    std::size_t m_smallest;
    bool m_keepsSent;
    bool m_keepsReceived;
    std::shared_ptr<Deflater> m_deflater;
    std::shared_ptr<Inflater> m_inflater;
};

} // namespace Watchword::Wire
