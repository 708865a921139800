// SPDX-License-Identifier: Apache-2.0
#include "endpoint/deadlines.h"

namespace Watchword::Gateway {

Deadlines::Entry::Entry(Deadlines &deadlines, std::function<void()> due)
    : m_deadlines(deadlines)
    , m_due(std::move(due))
{
}

void Deadlines::Entry::startAt(Instant deadline)
{
    cancel();
    m_at = deadline;
    m_deadlines.m_entries.emplace(deadline, this);
    m_deadlines.arm();
}

void Deadlines::Entry::cancel()
{
    if (m_at)
        m_deadlines.m_entries.erase({*std::exchange(m_at, std::nullopt), this});
}

Deadlines::Deadlines(Clock &clock)
    : m_clock(clock)
    , m_alarm(clock)
{
    QObject::connect(&m_alarm, &Alarm::due, &m_alarm, [this] { look(); });
}

// An alarm that rings too early, because what it rang for was cancelled, costs less than moving it each time.
void Deadlines::arm()
{
    if (!m_entries.empty() && (!m_alarm.isActive() || m_entries.begin()->first < m_alarm.deadline()))
        m_alarm.startAt(m_entries.begin()->first);
}

void Deadlines::look()
{
    const Instant now = m_clock.now();
    // Not more than there are now: who starts one anew in its call is due at the next turn.
    for (std::size_t i = m_entries.size(); i > 0 && !m_entries.empty() && m_entries.begin()->first <= now; --i) {
        Entry *entry = m_entries.begin()->second;
        entry->cancel();
        const std::function<void()> due = entry->m_due; // the entry may go in it
        due();
    }
    arm();
}

} // namespace Watchword::Gateway
