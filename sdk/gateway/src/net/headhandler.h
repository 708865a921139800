// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/stream.h"

#include "watchword/wire/httphead.h"

namespace Watchword::Gateway::Net {

/*! Why no request came out of what a client sent. */
struct RequestProblem
{
    Wire::HeadFault fault = Wire::HeadFault::None;
    bool isLate = false; //!< A part of the head came before the deadline.
};

/*!
    Reads the head of a request, once, and then stops reading: whoever decides has time, and what the client sends behind the
    head waits in TCP. From there the stream is answered and closed, or gets the handler of what it became.

    The stream counts as a handshake until somebody calls Stream::handshakeDone().

    A connection that says nothing until the deadline ends without a call.
*/
class HeadHandler : public StreamHandler
{
public:
    explicit HeadHandler(const Wire::HeadLimits &limits = {});

    std::size_t received(Stream &stream, std::span<std::uint8_t> bytes) override;
    void timedOut(Stream &stream) override;

protected:
    //! Once, with reading paused. \a head lives as long as this handler.
    virtual void requestReceived(Stream &stream, const Wire::HttpHead &head) = 0;
    //! Instead of it, reading goes on and what comes is dropped, so that an answer arrives.
    virtual void requestRefused(Stream &stream, const RequestProblem &problem) = 0;

private:
    Wire::HeadReader m_reader;
    bool m_hasBegun = false;
    bool m_isDecided = false;
};

} // namespace Watchword::Gateway::Net
