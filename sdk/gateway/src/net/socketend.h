// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct bio_method_st;
struct bio_st;

namespace Watchword::Gateway::Net {

/*!
    A descriptor as TLS and plain streams read and write it, with what saves system calls and keeps turns short: a read that
    got less than it asked for has emptied the socket, so the next one says "would block" by itself; and after kMostOfATurn
    bytes it says so, too, whatever the peer sends, so that a flood of records without content cannot hold the thread.

    Bytes that were read before the stream began (behind a PROXY header) come first.
    Threads: one. Ownership: does not close the descriptor.
*/
class SocketEnd
{
public:
    static constexpr std::size_t kMostOfATurn = 320 * 1024;

    explicit SocketEnd(int descriptor)
        : m_descriptor(descriptor)
    {
    }

    void setPrefix(std::span<const std::uint8_t> bytes);
    bool hasPrefix() const { return m_prefix != nullptr; } //!< And it was not read.
    void beginTurn(); //!< The descriptor is readable, as far as anybody knows.
    bool wasCutShort() const { return m_left == 0; } //!< There may be more: the turn was over.

    //! As recv() and send(): the number, 0 for the end, or -1 with isBlocked() or errno.
    std::ptrdiff_t read(void *to, std::size_t size);
    std::ptrdiff_t write(const void *from, std::size_t size);
    bool isAtEnd() const { return m_isAtEnd; } //!< read() returned 0.
    bool isBlocked() const { return m_isBlocked; } //!< What the last -1 means.
    int error() const { return m_error; } //!< The first errno that was none of "again"; 0 if there was none.
    std::uint64_t bytesWritten() const { return m_written; }

    //! An OpenSSL BIO over \a end, which outlives it.
    static bio_st *makeBio(SocketEnd &end);

private:
    int m_descriptor;
    int m_error = 0;
    bool m_isAtEnd = false;
    bool m_isDrained = false;
    bool m_isBlocked = false;
    std::size_t m_left = kMostOfATurn;
    std::uint64_t m_written = 0;
    std::unique_ptr<std::string> m_prefix;
};

} // namespace Watchword::Gateway::Net
