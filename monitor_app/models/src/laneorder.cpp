// SPDX-License-Identifier: Apache-2.0
#include "laneorder.h"

#include "longestgrowing.h"
#include "monitor/models/text.h"

#include <algorithm>
#include <limits>
#include <map>

namespace Monitor {

QString LaneOrder::groupOf(quint32 lane) const
{
    const TokenLane &source = m_table.lane(lane);
    const QString name = group == TokenLanesModel::Group::Node
        ? source.node
        : (group == TokenLanesModel::Group::User ? source.user : source.client);
    return name.isEmpty() ? TokenLanesModel::tr("unknown") : name;
}

quint64 LaneOrder::sortKey(quint32 lane, const LaneBuilder &builder) const
{
    constexpr quint64 Sign = quint64(1) << 63;
    const quint32 current = m_table.current(lane);
    switch (sort) {
    case TokenLanesModel::Sort::NextToExpire: {
        // What needs attention first: revoked, then by the time that is left, then what is over.
        const auto state = builder.state(lane);
        const qint64 left = builder.left(lane);
        if (state == LaneBuilder::State::Revoked)
            return 0;
        if (state == LaneBuilder::State::Ended)
            return ~quint64(0);
        return left == std::numeric_limits<qint64>::min() ? ~quint64(0) - 1 : quint64(left) ^ Sign;
    }
    case TokenLanesModel::Sort::MostFailures:
        return ~quint64(m_table.lane(lane).failures);
    case TokenLanesModel::Sort::Newest:
        return current == TokenTable::none() ? ~quint64(0) : ~(quint64(m_table.token(current).issued) ^ Sign);
    case TokenLanesModel::Sort::User:
        break;
    }
    return 0;
}

TimelineRow LaneOrder::laneRow(quint32 lane) const
{
    return {false, group == TokenLanesModel::Group::None ? QString() : groupOf(lane), {}, false, lane, m_table.lane(lane).session,
            false};
}

void LaneOrder::addGroup(std::vector<TimelineRow> &out, const QString &name, const std::vector<TimelineRow> &members) const
{
    const LaneBuilder builder(m_table, m_now);
    TimelineRow header;
    header.isGroup = true;
    header.group = name;
    header.collapsed = collapsed.contains(name);
    const auto failing = std::count_if(members.begin(), members.end(), [&](const TimelineRow &row) {
        return !row.ended && builder.state(row.lane) == LaneBuilder::State::Failing;
    });
    header.groupNote =
        TokenLanesModel::tr("%1 sessions, %2 failing").arg(Text::count(qint64(members.size())), Text::count(failing));
    out.push_back(header);
    if (!header.collapsed)
        out.insert(out.end(), members.begin(), members.end());
}

std::vector<quint32> LaneOrder::sorted(const std::shared_ptr<const QueryNode> &root)
{
    std::vector<quint32> lanesNow = lanes.matching(root, m_now);
    const LaneBuilder builder(m_table, m_now);
    std::vector<std::pair<quint64, quint32>> keyed;
    keyed.reserve(lanesNow.size());
    for (const quint32 lane : lanesNow)
        keyed.emplace_back(sortKey(lane, builder), lane);
    std::sort(keyed.begin(), keyed.end(), [this](const auto &a, const auto &b) {
        if (a.first != b.first)
            return a.first < b.first;
        const TokenLane &x = m_table.lane(a.second);
        const TokenLane &y = m_table.lane(b.second);
        return x.user != y.user ? x.user < y.user : x.session < y.session;
    });
    for (size_t i = 0; i < keyed.size(); ++i)
        lanesNow[i] = keyed[i].second;
    return lanesNow;
}

std::vector<TimelineRow> LaneOrder::freshRows() const
{
    std::vector<TimelineRow> next;
    if (group == TokenLanesModel::Group::None) {
        for (const quint32 lane : m_visible)
            next.push_back(laneRow(lane));
        return next;
    }
    std::map<QString, std::vector<TimelineRow>> groups;
    for (const quint32 lane : m_visible)
        groups[groupOf(lane)].push_back(laneRow(lane));
    for (const auto &[name, members] : groups)
        addGroup(next, name, members);
    return next;
}

QHash<quint32, qint64> LaneOrder::freshPlaces() const
{
    QHash<quint32, qint64> places; // groups are in order of their names
    std::map<QString, std::vector<quint32>> freshGroups;
    for (const quint32 lane : m_visible)
        freshGroups[group == TokenLanesModel::Group::None ? QString() : groupOf(lane)].push_back(lane);
    for (const auto &[name, members] : freshGroups) {
        for (const quint32 lane : members)
            places.insert(lane, places.size());
    }
    return places;
}

std::vector<TimelineRow> LaneOrder::heldRows()
{
    const QHash<quint32, qint64> freshPlace = freshPlaces();
    Groups groups;
    const auto groupNamed = [&groups](const QString &name) -> std::vector<TimelineRow> & {
        const auto found = std::find_if(groups.begin(), groups.end(), [&](const auto &entry) { return entry.first == name; });
        return found != groups.end() ? found->second : groups.emplace_back(name, std::vector<TimelineRow>()).second;
    };
    QSet<quint32> kept;
    std::vector<qint64> places;
    m_changed = 0;
    for (size_t at = 0; at < m_rows.size(); ++at) {
        TimelineRow row = m_rows[at];
        auto &members = groupNamed(row.group);
        if (row.isGroup)
            continue;
        const bool inSight = int(at) >= sightFirst && int(at) < sightFirst + sightRows;
        const bool isThere = !row.ended && m_table.laneOf(row.session) == row.lane;
        const bool matches = isThere && freshPlace.contains(row.lane);
        m_changed += matches ? 0 : 1;
        if (!matches && !inSight && row.session != selected)
            continue;
        if (matches) {
            kept.insert(row.lane);
            places.push_back(freshPlace.value(row.lane));
        } else {
            row.ended = !isThere;
        }
        members.push_back(std::move(row));
    }
    m_changed += qint64(places.size()) - longestGrowing(places);
    for (const quint32 lane : m_visible) {
        if (kept.contains(lane) || collapsed.contains(groupOf(lane)))
            continue;
        groupNamed(group == TokenLanesModel::Group::None ? QString() : groupOf(lane)).push_back(laneRow(lane));
        ++m_changed;
    }
    std::vector<TimelineRow> next;
    for (const auto &[name, members] : groups) {
        if (group == TokenLanesModel::Group::None)
            next.insert(next.end(), members.begin(), members.end());
        else
            addGroup(next, name, members);
    }
    return next;
}

bool LaneOrder::rebuild(const std::shared_ptr<const QueryNode> &root, qint64 now, bool keepPlaces)
{
    m_now = now;
    m_visible = sorted(root);
    m_changed = 0;
    std::vector<TimelineRow> next = keepPlaces ? heldRows() : freshRows();
    m_held = keepPlaces;
    const bool same = std::equal(next.begin(), next.end(), m_rows.begin(), m_rows.end(), [](const auto &a, const auto &b) {
        return a.isGroup == b.isGroup && a.lane == b.lane && a.group == b.group && a.groupNote == b.groupNote
            && a.collapsed == b.collapsed && a.session == b.session && a.ended == b.ended;
    });
    m_rows = std::move(next);
    m_rowOfLane.clear();
    for (size_t i = 0; i < m_rows.size(); ++i) {
        if (!m_rows[i].isGroup && !m_rows[i].ended)
            m_rowOfLane.insert(m_rows[i].lane, int(i));
    }
    return !same;
}

} // namespace Monitor
