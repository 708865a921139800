// SPDX-License-Identifier: Apache-2.0
#include "net/liveness.h"

#include <algorithm>
#include <utility>

namespace Watchword::Gateway::Net {

Liveness::Liveness(Instant now)
    : m_lastIn(now)
{
}

Liveness::Verdict Liveness::look(const Traffic &traffic, Duration heartbeat, Instant now)
{
    if (std::exchange(m_received, traffic.received) != traffic.received)
        m_lastIn = now;
    if (traffic.queued < std::exchange(m_queued, traffic.queued))
        m_lastTaken = now;
    if (m_pingedAt) {
        const bool isLate = now - std::max({*m_pingedAt, m_lastIn, m_lastTaken}) > kPongTime;
        return isLate && !traffic.isReadPaused ? Verdict::Gone : Verdict::Fine;
    }
    if (m_lastPing && now - *m_lastPing < heartbeat)
        return Verdict::Fine;
    ++m_ping;
    m_pingedAt = m_lastPing = now;
    return Verdict::Ping;
}

Liveness::Instant Liveness::nextLook(Duration heartbeat) const
{
    if (m_pingedAt)
        return std::max({*m_pingedAt, m_lastIn, m_lastTaken}) + kPongTime + Duration(1); // "more than", not "as long as"
    return m_lastPing ? *m_lastPing + heartbeat : m_lastIn;
}

bool Liveness::pongReceived(std::uint64_t ping, Instant now)
{
    if (!m_pingedAt || ping != m_ping)
        return false;
    m_roundTrip = std::chrono::duration_cast<Duration>(now - *std::exchange(m_pingedAt, std::nullopt));
    m_lastIn = now;
    return true;
}

} // namespace Watchword::Gateway::Net
