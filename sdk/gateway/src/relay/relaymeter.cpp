// SPDX-License-Identifier: Apache-2.0
#include "relay/relaymeter.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

RelayMeter::RelayMeter(const EndpointLimits &limits, RateShares shares)
{
    setLimits(limits, std::move(shares));
}

void RelayMeter::setLimits(const EndpointLimits &limits, RateShares shares)
{
    m_limits = limits;
    m_rates = ConnectionRates(limits, std::move(shares));
}

std::optional<LimitBreach> RelayMeter::take(const Wire::FrameHeader &header, Instant now)
{
    const bool isNew = header.opcode != Wire::Opcode::Continuation;
    m_messageBytes = (isNew ? 0 : m_messageBytes) + header.length;
    if (m_limits.messageBytes > 0 && m_messageBytes > quint64(m_limits.messageBytes))
        return LimitBreach{u"message_bytes"_s, CloseCode::MessageTooBig, qint64(m_messageBytes), m_limits.messageBytes, {}};
    m_frames = (isNew ? 0 : m_frames) + 1;
    if (m_limits.fragments > 0 && m_frames > m_limits.fragments)
        return LimitBreach{u"fragments"_s, CloseCode::PolicyViolation, m_frames, m_limits.fragments, {}};
    return takeHeld(header, now);
}

std::optional<LimitBreach> RelayMeter::takeHeld(const Wire::FrameHeader &header, Instant now)
{
    const bool isNew = header.opcode != Wire::Opcode::Continuation;
    if (const std::optional<RateBreach> breach = m_rates.take(isNew ? 1 : 0, double(header.length), now)) {
        const bool isHeld = m_limits.whenTooFast == EndpointLimits::WhenTooFast::Slow;
        return LimitBreach{breach->limit, CloseCode::RateLimited, 0, breach->most, isHeld ? breach->wait : breach->wait + 1s,
                           isHeld};
    }
    return {};
}

} // namespace Watchword::Gateway
