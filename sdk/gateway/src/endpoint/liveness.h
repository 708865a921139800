// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <QByteArray>

#include <optional>

namespace Watchword::Gateway {

/*!
    Says whether a peer is still there: it is pinged every heartbeat, and given up when neither the pong nor anything else came
    of it for kPongTime. Pure. Threads: one.
*/
class WATCHWORD_TEST_EXPORT Liveness
{
public:
    static constexpr Duration kPongTime = std::chrono::seconds(15);

    //! What is known of the connection at a look.
    struct Traffic
    {
        quint64 received = 0; //!< Bytes since its begin. A pong cannot come in the middle of a frame that takes long.
        qint64 queued = 0; //!< Bytes that wait for it. While they get fewer it is there: a ping waits behind them.
        bool isReadPaused = false; //!< Its pong would not be read.
    };
    enum class Verdict { Fine, Ping, Gone };

    explicit Liveness(Instant now);

    Verdict look(const Traffic &traffic, Duration heartbeat, Instant now);
    const QByteArray &payload() const { return m_payload; } //!< Of the ping that look() asks for.
    void pongReceived(const QByteArray &payload, Instant now);
    void messageReceived(Instant now) { m_lastIn = now; }
    Instant lastIn() const { return m_lastIn; }
    std::optional<Duration> roundTrip() const { return m_roundTrip; } //!< Of the last ping that was answered.

private:
    Instant m_lastIn;
    Instant m_lastTaken{};
    qint64 m_queued = 0;
    quint64 m_received = 0;
    std::optional<Instant> m_pingedAt; // and there was no pong yet
    std::optional<Instant> m_lastPing;
    QByteArray m_payload;
    quint64 m_pings = 0;
    std::optional<Duration> m_roundTrip;
};

} // namespace Watchword::Gateway
