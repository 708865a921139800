// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/alertcounter.h"

#include <algorithm>

namespace Monitor {

AlertCounter::AlertCounter(int events, qint64 windowMs)
    : m_events(size_t(std::max(1, events)))
    , m_windowMs(std::max<qint64>(1, windowMs))
{
}

std::optional<AlertCounter::Episode> AlertCounter::add(const QString &name, qint64 time, quint64 row)
{
    const bool isFull = m_groups.size() >= MostGroups && !m_groups.contains(name);
    const QString key = isFull ? QStringLiteral("…") : name;
    Group &group = m_groups[key];
    if (!group.times.empty())
        time = std::max(time, group.times.back());
    group.times.push_back(time);
    if (group.times.size() > m_events)
        group.times.pop_front();
    if (group.episode) {
        ++group.episode->events;
        group.episode->last = time;
        return {};
    }
    if (group.times.size() < m_events || time - group.times.front() >= m_windowMs)
        return {};
    group.episode = Episode{key, time, time, 0, qint64(m_events), row};
    return group.episode;
}

QList<AlertCounter::Episode> AlertCounter::settle(qint64 now)
{
    QList<Episode> over;
    for (auto it = m_groups.begin(); it != m_groups.end();) {
        // The window holds enough as long as the oldest of the last ones is inside.
        const qint64 leaves = it->times.front() + m_windowMs;
        if (it->episode && now >= leaves) {
            it->episode->end = std::max(leaves, it->episode->last);
            over.append(*it->episode);
            it->episode.reset();
        }
        if (!it->episode && now >= it->times.back() + m_windowMs)
            it = m_groups.erase(it);
        else
            ++it;
    }
    std::sort(over.begin(), over.end(), [](const Episode &a, const Episode &b) { return a.begin < b.begin; });
    return over;
}

std::optional<AlertCounter::Episode> AlertCounter::current(const QString &group) const
{
    const auto found = m_groups.constFind(group);
    return found == m_groups.constEnd() ? std::nullopt : found->episode;
}

} // namespace Monitor
