// SPDX-License-Identifier: Apache-2.0
#include "session/timeline.h"

namespace Watchword {

using namespace Qt::StringLiterals;

QString SessionEvent::toString() const
{
    return detail.isEmpty() ? toRfc3339(time) + u' ' + what : toRfc3339(time) + u' ' + what + u' ' + detail;
}

SessionEvent Timeline::eventOf(const Entry &entry, WallTime now, Instant instant) const
{
    return {now - (instant - entry.at), entry.what, entry.detail};
}

SessionEvent Timeline::add(const QString &what, const QString &detail)
{
    m_entries += Entry{m_clock.instant(), what, detail};
    if (m_entries.size() > kLength)
        m_entries.removeFirst();
    return eventOf(m_entries.last(), m_clock.now(), m_clock.instant());
}

QList<SessionEvent> Timeline::events() const
{
    const WallTime now = m_clock.now();
    const Instant instant = m_clock.instant();
    QList<SessionEvent> events;
    for (const Entry &entry : m_entries)
        events += eventOf(entry, now, instant);
    return events;
}

} // namespace Watchword
