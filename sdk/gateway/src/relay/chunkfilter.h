// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <cstdint>
#include <span>
#include <string>

namespace Watchword::Gateway {

/*!
    Takes the chunks of a request's body (RFC 9112 section 7.1) and writes them anew, so that whoever is behind reads the same
    body that was read here. Line ends are CR LF and nothing else, sizes are hexadecimal digits and nothing else. Extensions and
    trailers are left out: an upstream that merges trailers into the head would believe them like what the gateway says.

    Pure. Threads: one.
*/
class WATCHWORD_TEST_EXPORT ChunkFilter
{
public:
    static constexpr std::size_t kMostBeside = 16 * 1024; //!< Bytes of extensions and trailers of a body.

    //! Appends to \a out what of \a bytes goes on. Returns how many were taken: all, or those up to the end of the body.
    std::size_t feed(std::span<const std::uint8_t> bytes, std::string &out);
    bool isComplete() const { return m_state == State::Complete; }
    bool isFaulty() const { return m_state == State::Faulty; }

private:
    enum class State {
        Size,
        Extension,
        SizeEnd,
        Data,
        DataCr,
        DataEnd,
        TrailerStart,
        Trailer,
        TrailerEnd,
        LastEnd,
        Complete,
        Faulty
    };

    void take(std::uint8_t byte, std::string &out);
    void takeDigit(std::uint8_t byte);
    void takeBeside(std::uint8_t byte, State end);
    void expect(std::uint8_t byte, char wanted, State next);

    State m_state = State::Size;
    std::uint64_t m_left = 0; // of this chunk
    int m_digits = 0;
    std::size_t m_beside = 0;
};

} // namespace Watchword::Gateway
