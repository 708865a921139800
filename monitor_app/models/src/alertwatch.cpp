// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/alertwatch.h"

#include <algorithm>

namespace Monitor {

namespace {

constexpr qint64 settleEveryMs = 1000;

bool namesRowKinds(const QueryNode &node)
{
    if (node.shared)
        return namesRowKinds(*node.shared);
    if (node.field && node.field->column == int(AuditColumn::Row))
        return true;
    return std::any_of(node.children.begin(), node.children.end(), [](const auto &child) { return namesRowKinds(*child); });
}

} // namespace

AlertWatch::AlertWatch(const AuditTable &table, const AlertRule &rule, const QueryContext &context)
    : m_table(table)
    , m_rule(rule)
    , m_filter(table)
    , m_counter(rule.events, rule.windowMs)
{
    const ParsedQuery parsed = parseQuery(rule.filter, context);
    if (!parsed.root) {
        m_error = parsed.error.message;
        m_caughtUp = true;
        return;
    }
    m_countsGaps = namesRowKinds(*parsed.root);
    m_query = m_filter.setQuery(parsed.root);
}

QString AlertWatch::groupOf(const AuditSegment &segment, quint32 row) const
{
    const auto id = [&](AuditSegment::IdColumn column) { return m_table.strings().text(segment.ids(column)[row]); };
    if (m_rule.by == QLatin1String("node"))
        return m_table.nodeName(segment.nodes()[row]);
    if (m_rule.by == QLatin1String("user"))
        return id(AuditSegment::Actor);
    if (m_rule.by == QLatin1String("client"))
        return id(AuditSegment::Client);
    if (m_rule.by == QLatin1String("ip"))
        return id(AuditSegment::Ip);
    return m_rule.by == QLatin1String("session") ? id(AuditSegment::Session) : QString();
}

qint64 AlertWatch::matched() const
{
    const std::shared_ptr<const AuditFilterResult> result = m_filter.result();
    return result->queryId == m_query ? qint64(result->matched()) : 0;
}

void AlertWatch::tick()
{
    if (!m_error.isEmpty())
        return;
    m_filter.update();
    const std::shared_ptr<const AuditFilterResult> result = m_filter.result();
    if (result->queryId != m_query || !result->complete)
        return;
    quint64 at = result->lowerBound(m_next);
    const quint64 end = std::min<quint64>(result->total(), at + EventsPerTick);
    for (; at < end; ++at) {
        const quint64 row = result->rowAt(at);
        m_next = row + 1;
        const AuditTable::Located located = m_table.locate(row);
        if (!located)
            continue; // evicted meanwhile
        const AuditSegment &segment = *located.segment;
        const qint64 time = segment.times()[located.row];
        const bool isGap = segment.outcomes()[located.row] & AuditRecord::Gap;
        if (isGap && segment.gap(located.row).cause == AuditGap::Cause::Restart)
            continue; // nothing is missing
        if ((isGap && !m_countsGaps) || (time == 0 && !m_countsGaps))
            continue;
        const qint64 known =
            time != 0 ? time : std::max(m_settledAt, m_countedTo); // a line that cannot be read has no time of its own
        // By the events' own times: of a backlog that comes after now, each episode ends where it ended.
        if (known >= m_countedTo + settleEveryMs) {
            m_countedTo = known;
            m_ended += m_counter.settle(known);
        }
        if (const auto begun = m_counter.add(groupOf(segment, located.row), known, row))
            m_begun.append(*begun);
    }
    m_caughtUp = end == result->total();
}

void AlertWatch::settle(qint64 now)
{
    m_settledAt = std::max(m_settledAt, now);
    m_ended += m_counter.settle(std::max(m_settledAt, m_countedTo));
}

} // namespace Monitor
