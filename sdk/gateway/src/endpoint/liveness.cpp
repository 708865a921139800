// SPDX-License-Identifier: Apache-2.0
#include "endpoint/liveness.h"

#include <algorithm>
#include <utility>

namespace Watchword::Gateway {

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
    m_payload = QByteArray::number(++m_pings);
    m_pingedAt = m_lastPing = now;
    return Verdict::Ping;
}

void Liveness::pongReceived(const QByteArray &payload, Instant now)
{
    if (!m_pingedAt || payload != m_payload)
        return;
    m_roundTrip = now - *std::exchange(m_pingedAt, std::nullopt);
    m_lastIn = now;
}

} // namespace Watchword::Gateway
