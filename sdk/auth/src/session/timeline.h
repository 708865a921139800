// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/correctedclock.h"
#include "watchword/auth/sessionevent.h"
#include "watchword/core/testexport.h"

#include <QList>

namespace Watchword {

/*!
    The last 200 events of a session, in the order in which they happened. Their dates follow what is known of the clock's error
    when they are read, so that an event never seems to be older than the one before it, although the clock was corrected
   meanwhile.
*/
class WATCHWORD_TEST_EXPORT Timeline
{
public:
    static constexpr qsizetype kLength = 200;

    explicit Timeline(const CorrectedClock &clock)
        : m_clock(clock)
    {
    }

    SessionEvent add(const QString &what, const QString &detail);
    QList<SessionEvent> events() const;

private:
    struct Entry
    {
        Instant at{};
        QString what;
        QString detail;
    };

    SessionEvent eventOf(const Entry &entry, WallTime now, Instant instant) const;

    const CorrectedClock &m_clock;
    QList<Entry> m_entries;
};

} // namespace Watchword
