// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/streamend.h"

#include "watchword/wire/frameparser.h"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace Watchword::Gateway::Net {

/*! How a WebSocket connection ended. */
struct WebSocketEnd
{
    enum class By {
        Peer, //!< It sent the first close frame: its code and reason as they came, 1005 if there was none.
        Us, //!< close(): our code.
        Fault, //!< The peer broke the protocol or a limit: our code.
        Transport //!< No close frame at all: 1006.
    };
    By by = By::Transport;
    std::uint16_t code = 1006;
    std::string reason{};
    StreamEnd stream = StreamEnd::Closed;
    std::string_view limit{}; //!< The name of the setting that the peer broke, for Fault; empty: it broke the protocol.
    std::uint64_t unsent = 0; //!< Bytes that waited for the peer when its stream ended.
};

/*!
    What one end of a WebSocket connection keeps of its control frames (RFC 6455 section 5.5): which ping is to be answered,
    how many more frames the peer may send, and the closing handshake. It writes nothing: what it returns has to be done.

        Open -- close(), inputEnded() --> Closing -- streamEnded() --> Ended
          |  ------------------------------- streamEnded() ---------> Ended

    The first of close(), the peer's close frame and a fault decides how the connection ended. After our own close frame the
    peer may take its time to answer, but not send on: beyond kMostAfterClose bytes nobody reads it any more.

    A peer that pings and reads nothing costs one pong: a later ping replaces the one that is not answered yet (section 5.5.3).

    Threads: one. No clock of its own: who calls says when it is.
*/
class ControlFrames
{
public:
    using Instant = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kMostAfterClose = 4 * 1024 * 1024;

    //! \a perSecond pings and pongs; a burst of twice as many is allowed. 0: no limit.
    ControlFrames(double perSecond, Instant now);
    void setRate(double perSecond) { m_rate = perSecond; }

    bool isOpen() const { return m_state == State::Open; }
    const WebSocketEnd &end() const { return m_end; } //!< As far as it is decided.

    enum class Verdict {
        Ignored, //!< It is not open any more.
        Taken,
        Flooded //!< Beyond the rate: it is not answered.
    };
    Verdict pingReceived(Wire::Bytes payload, Instant now);
    Verdict pongReceived(Instant now) { return take(now); }
    bool owesPong() const { return m_pong != nullptr; }
    //! The payload of the pong that is owed, which then is no more; null if there is none, or the connection closes.
    std::unique_ptr<std::string> takePong();

    //! A close frame, and what becomes of the stream behind it.
    struct CloseStep
    {
        enum class Then {
            AwaitPeer, //!< Read on until its close frame comes.
            EndStream
        };
        bool hasFrame = false;
        std::array<std::uint8_t, Wire::kLargestControl> payload{};
        std::size_t size = 0;
        Then then = Then::EndStream;
    };
    std::optional<CloseStep> close(const WebSocketEnd &end); //!< Nothing if it closes already.
    CloseStep closeReceived(const Wire::CloseFrame &close);
    bool inputEnded(); //!< Without a close frame. True if it was open.
    //! Bytes of any kind. False: it closes, and the peer has sent too much since then.
    bool bytesReceived(std::size_t count);
    //! The last call; false if there was one before. end() is complete then.
    bool streamEnded(StreamEnd reason, std::uint64_t unsent);

private:
    enum class State : std::uint8_t { Open, Closing, Ended };
    Verdict take(Instant now);

    State m_state = State::Open;
    std::size_t m_afterClose = 0; // bytes
    double m_rate;
    double m_credit;
    Instant m_creditAt;
    std::unique_ptr<std::string> m_pong; // that has to be sent
    WebSocketEnd m_end;
};

} // namespace Watchword::Gateway::Net
