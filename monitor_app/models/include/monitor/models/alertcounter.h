// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QList>
#include <QString>

#include <deque>
#include <optional>

namespace Monitor {

/*!
    Counts events in a sliding window, for each group alone, and says when a group begins and ceases to have enough of them.
    Pure: time comes with the events. A time that goes back counts as the newest one of its group.

    Memory is bounded: as many times as the threshold for each of at most MostGroups groups; what comes beyond is counted in one
    group named "…".
*/
class AlertCounter
{
public:
    static constexpr qsizetype MostGroups = 5000;

    struct Episode
    {
        QString group;
        qint64 begin = 0; //!< When the threshold was reached, ms since the epoch.
        qint64 last = 0; //!< Of the last event.
        qint64 end = 0; //!< 0 while it goes on.
        qint64 events = 0; //!< All that counted, from the first of the window at the begin.
        quint64 row = 0; //!< Of the event that reached it.
    };

    AlertCounter(int events, qint64 windowMs);

    std::optional<Episode> add(const QString &group, qint64 time, quint64 row); //!< The episode that begins with it.
    QList<Episode> settle(qint64 now); //!< Episodes that are over at \a now, each once.
    std::optional<Episode> current(const QString &group) const;

private:
    struct Group
    {
        std::deque<qint64> times; // the last ones, at most m_events
        std::optional<Episode> episode;
    };
    const size_t m_events;
    const qint64 m_windowMs;
    QHash<QString, Group> m_groups;
};

} // namespace Monitor
