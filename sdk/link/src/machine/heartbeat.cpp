// SPDX-License-Identifier: Apache-2.0
#include "machine/heartbeat.h"

#include <algorithm>

namespace Watchword {

using namespace std::chrono_literals;

Heartbeat::Heartbeat(std::optional<Duration> ofServer, LinkStep &step)
    : m_interval(step.context.options().heartbeat)
    , m_lastActivity(step.now)
{
    if (ofServer && *ofServer > Duration::zero())
        m_interval = std::clamp<Duration>(*ofServer, 1s, 5min);
    // Clients that were all connected by one restart must not beat together.
    m_nextPing = step.now + Duration(qint64(double(m_interval.count()) * std::max(0.1, step.context.chance())));
}

Instant Heartbeat::deadline() const
{
    return m_pongDeadline ? std::min(m_nextPing, *m_pongDeadline) : m_nextPing;
}

void Heartbeat::tick(LinkEvents::AttemptId id, LinkStep &step)
{
    if (step.now < m_nextPing)
        return;
    if (m_number != 0 && step.now - m_lastActivity < m_interval)
        m_nextPing = m_lastActivity + m_interval;
    else
        ask(id, step.context.options().pongTimeout, step);
}

void Heartbeat::ask(LinkEvents::AttemptId id, Duration patience, LinkStep &step)
{
    m_nextPing = step.now + m_interval;
    if (m_pongDeadline && *m_pongDeadline <= step.now + patience)
        return; // one question is enough
    if (!m_pongDeadline) {
        m_sentAt = step.now;
        step.add(LinkActions::SendPing{id, ++m_number});
    }
    m_pongDeadline = step.now + patience;
}

void Heartbeat::askLater(Instant at)
{
    m_nextPing = at;
}

void Heartbeat::onActivity(Instant now)
{
    m_lastActivity = now;
    m_pongDeadline.reset();
}

void Heartbeat::onPong(quint64 number, LinkStep &step)
{
    onActivity(step.now);
    if (number == m_number)
        step.add(LinkActions::ReportRtt{step.now - m_sentAt});
}

} // namespace Watchword
