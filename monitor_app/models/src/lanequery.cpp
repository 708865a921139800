// SPDX-License-Identifier: Apache-2.0
#include "lanequery.h"

#include "lanebuilder.h"
#include "monitor/store/predicate.h"

namespace Monitor {

namespace {

constexpr quint32 StringsKept = 1'000'000;

const QString &textOf(const TokenLane &lane, LaneColumn column)
{
    switch (column) {
    case LaneColumn::User:
        return lane.user;
    case LaneColumn::Client:
        return lane.client;
    case LaneColumn::Node:
        return lane.node;
    default:
        return lane.session;
    }
}

bool isText(LaneColumn column)
{
    return column == LaneColumn::User || column == LaneColumn::Session || column == LaneColumn::Client
        || column == LaneColumn::Node;
}

class LaneRows : public RowSource
{
public:
    LaneRows(const TokenTable &table, Interner &strings, qint64 now)
        : m_table(table)
        , m_strings(strings)
        , m_builder(table, now)
    {
    }

    const Interner *dictionary(int column) const override { return isText(LaneColumn(column)) ? &m_strings : nullptr; }

    void scanIds(int column, const DictionaryMatch &match, quint32 from, quint32 to, quint64 *bits) const override
    {
        each(from, to, bits,
             [&](quint32 lane) { return match.has(m_strings.find(textOf(m_table.lane(lane), LaneColumn(column)).toUtf8())); });
    }

    void scanRanges(int column, const RangeSet &ranges, quint32 from, quint32 to, quint64 *bits) const override
    {
        each(from, to, bits, [&](quint32 lane) { return ranges.has(number(LaneColumn(column), lane)); });
    }

private:
    template <typename F>
    void each(quint32 from, quint32 to, quint64 *bits, F &&accept) const
    {
        for (quint32 row = from; row < to; row += 64) {
            quint64 word = 0;
            for (quint32 i = row; i < std::min(to, row + 64); ++i)
                word |= quint64(!m_table.lane(i).session.isEmpty() && accept(i)) << (i - row);
            bits[(row - from) / 64] = word;
        }
    }

    qint64 number(LaneColumn column, quint32 lane) const
    {
        if (column == LaneColumn::Failures)
            return m_table.lane(lane).failures;
        return column == LaneColumn::State ? qint64(m_builder.state(lane)) : m_builder.left(lane);
    }

    const TokenTable &m_table;
    Interner &m_strings;
    LaneBuilder m_builder;
};

} // namespace

std::vector<quint32> LaneQuery::matching(const std::shared_ptr<const QueryNode> &root, qint64 now)
{
    const quint32 count = m_table.laneSlots();
    std::vector<quint64> bits((size_t(count) + 63) / 64, ~quint64(0));
    if (root->kind != QueryNode::Kind::Everything) {
        if (!m_strings || m_strings->size() > StringsKept)
            m_strings = std::make_unique<Interner>();
        for (quint32 lane = 0; lane < count; ++lane) {
            for (const LaneColumn column : {LaneColumn::User, LaneColumn::Session, LaneColumn::Client, LaneColumn::Node})
                m_strings->intern(textOf(m_table.lane(lane), column));
        }
        const LaneRows rows(m_table, *m_strings, now);
        const CompiledQuery query(root, rows, laneFields());
        query.evaluate(rows, 0, count, bits.data());
    }
    std::vector<quint32> lanes;
    for (quint32 lane = 0; lane < count; ++lane) {
        if ((bits[lane / 64] >> (lane % 64) & 1) && !m_table.lane(lane).session.isEmpty())
            lanes.push_back(lane);
    }
    return lanes;
}

ValueCounts LaneQuery::values(const Field &field, const QString &prefix, qint64 now) const
{
    const auto column = LaneColumn(field.column);
    const QStringList words = QString::fromLatin1(field.words).split(u' ');
    const LaneBuilder builder(m_table, now);
    QHash<QString, qint64> counts;
    for (quint32 lane = 0; lane < m_table.laneSlots(); ++lane) {
        if (m_table.lane(lane).session.isEmpty())
            continue;
        if (isText(column))
            ++counts[textOf(m_table.lane(lane), column)];
        else if (column == LaneColumn::State)
            ++counts[words[qsizetype(builder.state(lane))]];
    }
    ValueCounts all;
    for (auto it = counts.begin(); it != counts.end(); ++it) {
        if (!it.key().isEmpty())
            all.append({it.key(), it.value()});
    }
    return bestValues(all, prefix, 20);
}

} // namespace Monitor
