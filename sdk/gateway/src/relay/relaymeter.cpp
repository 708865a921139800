// SPDX-License-Identifier: Apache-2.0
#include "relay/relaymeter.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

RelayMeter::RelayMeter(const EndpointLimits &limits, Instant now)
{
    setLimits(limits, now);
}

void RelayMeter::setLimits(const EndpointLimits &limits, Instant now)
{
    m_limits = limits;
    m_messageRate = TokenBucket(limits.messagesPerSecond, 2.0 * limits.messagesPerSecond, now);
    m_byteRate =
        TokenBucket(double(limits.bytesPerSecond), double(std::max(2 * limits.bytesPerSecond, limits.messageBytes)), now);
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
    if (isNew) {
        if (const auto wait = m_messageRate.take(1, now)) {
            return LimitBreach{u"messages_per_second"_s, CloseCode::RateLimited, 0, m_limits.messagesPerSecond, *wait + 1s};
        }
    }
    if (const auto wait = m_byteRate.take(double(header.length), now))
        return LimitBreach{u"bytes_per_second"_s, CloseCode::RateLimited, 0, m_limits.bytesPerSecond, *wait + 1s};
    return {};
}

} // namespace Watchword::Gateway
