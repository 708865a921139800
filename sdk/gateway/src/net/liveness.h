// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace Watchword::Gateway::Net {

/*!
    Says whether a peer is still there: it is pinged every heartbeat, and given up when neither the pong nor anything else came
    of it for kPongTime. Pure. Threads: one.
*/
class Liveness
{
public:
    using Instant = std::chrono::steady_clock::time_point;
    using Duration = std::chrono::milliseconds;
    static constexpr Duration kPongTime{15'000};

    //! What is known of the connection at a look.
    struct Traffic
    {
        std::uint64_t received = 0; //!< Bytes since its begin. A pong cannot come in the middle of a frame that takes long.
        std::uint64_t queued = 0; //!< Bytes that wait for it. While they get fewer it is there: a ping waits behind them.
        bool isReadPaused = false; //!< Its pong would not be read.
    };
    enum class Verdict { Fine, Ping, Gone };

    explicit Liveness(Instant now);

    Verdict look(const Traffic &traffic, Duration heartbeat, Instant now);
    Instant nextLook(Duration heartbeat) const; //!< There is nothing to see before.
    std::uint64_t ping() const { return m_ping; } //!< The number of the ping that look() asks for.
    bool pongReceived(std::uint64_t ping, Instant now); //!< False if that is not the one that is waited for.
    std::optional<Duration> roundTrip() const { return m_roundTrip; } //!< Of the last ping that was answered.

private:
    Instant m_lastIn;
    Instant m_lastTaken{};
    std::uint64_t m_queued = 0;
    std::uint64_t m_received = 0;
    std::optional<Instant> m_pingedAt; // and there was no pong yet
    std::optional<Instant> m_lastPing;
    std::uint64_t m_ping = 0;
    std::optional<Duration> m_roundTrip;
};

} // namespace Watchword::Gateway::Net
