// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/connectionrows.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace Monitor {

namespace {

constexpr quint32 Slice = 16384;

qint64 difference(qint64 later, qint64 earlier)
{
    if (later == ConnectionTable::Unknown || earlier == ConnectionTable::Unknown)
        return ConnectionTable::Unknown;
    return later - earlier;
}

} // namespace

int ConnectionRows::idColumn(ConnectionColumn column)
{
    using C = ConnectionColumn;
    using S = ConnectionTable;
    switch (column) {
    case C::User:
        return S::User;
    case C::Subject:
        return S::Subject;
    case C::Client:
        return S::Client;
    case C::Ip:
        return S::Ip;
    case C::Node:
        return S::Node;
    case C::Session:
        return S::Session;
    case C::Path:
        return S::Path;
    case C::Origin:
        return S::Origin;
    case C::UserAgent:
        return S::UserAgent;
    case C::Tls:
        return S::Tls;
    case C::Cipher:
        return S::Cipher;
    case C::Token:
        return S::Token;
    case C::Scope:
        return S::Scope;
    case C::CloseReason:
        return S::CloseReason;
    default:
        return -1;
    }
}

const Interner *ConnectionRows::dictionary(int column) const
{
    return idColumn(ConnectionColumn(column)) < 0 ? nullptr : &m_table.strings();
}

void ConnectionRows::scanIds(int column, const DictionaryMatch &match, quint32 from, quint32 to, quint64 *bits) const
{
    const auto ids = ConnectionTable::IdColumn(idColumn(ConnectionColumn(column)));
    scanColumn(m_table.stringColumn(ids) + m_base, from, to, bits, [&match](quint32 id) { return match.has(id); });
}

void ConnectionRows::scanRanges(int column, const RangeSet &ranges, quint32 from, quint32 to, quint64 *bits) const
{
    const auto c = ConnectionColumn(column);
    const bool isRate = c == ConnectionColumn::InRate || c == ConnectionColumn::OutRate;
    for (quint32 row = from; row < to; row += 64) {
        quint64 word = 0;
        for (quint32 i = row; i < std::min(to, row + 64); ++i) {
            const qint64 v = value(c, m_base + i);
            const bool accepted = isRate ? ranges.has(qint64(std::llround(double(v) / 1000))) : ranges.has(v);
            word |= quint64(accepted) << (i - row);
        }
        bits[(row - from) / 64] = word;
    }
}

qint64 ConnectionRows::value(ConnectionColumn column, quint32 slot) const
{
    using C = ConnectionColumn;
    using S = ConnectionTable;
    switch (column) {
    case C::State:
        return m_table.state(slot);
    case C::Port:
        return m_table.port(slot);
    case C::Age: {
        const qint64 closed = m_table.number(slot, S::Closed);
        return difference(closed == S::Unknown ? m_now : closed, m_table.number(slot, S::Opened));
    }
    case C::Idle:
        return m_table.isOver(slot) ? S::Unknown : difference(m_now, m_table.number(slot, S::LastIn));
    case C::TokenLeft: // what is over has no time left
        return m_table.isOver(slot) ? S::Unknown : difference(m_table.number(slot, S::Expires), m_now);
    case C::Opened:
        return m_table.number(slot, S::Opened);
    case C::InRate:
        return std::llround(m_table.inRate(slot, m_now) * 1000);
    case C::OutRate:
        return std::llround(m_table.outRate(slot, m_now) * 1000);
    case C::BytesIn:
        return m_table.number(slot, S::BytesIn);
    case C::BytesOut:
        return m_table.number(slot, S::BytesOut);
    case C::MessagesIn:
        return m_table.number(slot, S::MessagesIn);
    case C::MessagesOut:
        return m_table.number(slot, S::MessagesOut);
    case C::Queue:
        return m_table.queue(slot);
    case C::Rtt:
        return m_table.rttMs(slot) < 0 ? S::Unknown : m_table.rttMs(slot);
    case C::Renewals:
        return m_table.renewals(slot);
    case C::RefreshFailed:
        return m_table.renewalsFailed(slot);
    case C::CloseCode:
        return m_table.closeCode(slot);
    default:
        return S::Unknown;
    }
}

namespace {

struct SortRow
{
    quint64 first;
    quint64 second;
    quint64 key;

    friend bool operator<(const SortRow &a, const SortRow &b)
    {
        if (a.first != b.first)
            return a.first < b.first;
        return a.second != b.second ? a.second < b.second : a.key < b.key;
    }
};

class KeyMaker
{
public:
    KeyMaker(const ConnectionTable &table, const ConnectionSort &sort)
        : m_table(table)
        , m_sort(sort)
        , m_ids(ConnectionRows::idColumn(sort.column))
    {
        if (m_ids >= 0)
            m_ranks = table.strings().ranks();
    }

    //! Order-preserving; values that are not known come last in both directions.
    quint64 operator()(const ConnectionRows &rows, quint32 slot) const
    {
        quint64 key = 0;
        if (m_ids >= 0) {
            const quint32 id = m_table.stringId(slot, ConnectionTable::IdColumn(m_ids));
            if (id == Interner::Empty)
                return ~quint64(0);
            key = id < m_ranks->size() ? (*m_ranks)[id] : m_ranks->size() + id;
        } else {
            const qint64 value = rows.value(m_sort.column, slot);
            if (value == ConnectionTable::Unknown)
                return ~quint64(0);
            key = quint64(value) ^ (quint64(1) << 63);
        }
        return m_sort.descending ? ~quint64(0) - 1 - key : key;
    }

private:
    const ConnectionTable &m_table;
    ConnectionSort m_sort;
    int m_ids;
    std::shared_ptr<const std::vector<quint32>> m_ranks;
};

} // namespace

ConnectionOrder orderConnections(const ConnectionTable &table, CompiledQuery &query, const std::vector<ConnectionSort> &sort,
                                 qint64 now, const std::atomic<bool> &stop, size_t limit)
{
    ConnectionOrder order;
    std::vector<KeyMaker> makers;
    for (const ConnectionSort &key : sort)
        makers.emplace_back(table, key);
    std::vector<SortRow> rows;
    std::array<quint64, Slice / 64> bits{};
    for (quint32 base = 0;; base += Slice) {
        const std::shared_lock lock(table.mutex());
        if (base >= table.slotCount())
            break;
        const quint32 count = std::min(Slice, table.slotCount() - base);
        const ConnectionRows source(table, now, base);
        if (!query.extend([&stop] { return stop.load(std::memory_order_relaxed); })) {
            order.cancelled = true;
            return order;
        }
        query.evaluate(source, 0, count, bits.data());
        for (quint32 i = 0; i < count; ++i) {
            const quint32 slot = base + i;
            if (!(bits[i / 64] >> (i % 64) & 1) || !table.isLive(slot))
                continue;
            rows.push_back({!makers.empty() ? makers[0](source, slot) : 0, makers.size() > 1 ? makers[1](source, slot) : 0,
                            table.key(slot)});
        }
        if (stop.load(std::memory_order_relaxed)) {
            order.cancelled = true;
            return order;
        }
    }
    order.matched = rows.size();
    if (limit > 0 && limit < rows.size()) {
        std::nth_element(rows.begin(), rows.begin() + qsizetype(limit), rows.end());
        rows.resize(limit);
    }
    std::sort(rows.begin(), rows.end());
    order.keys.reserve(rows.size());
    for (const SortRow &row : rows)
        order.keys.push_back(row.key);
    order.cancelled = stop.load(std::memory_order_relaxed);
    return order;
}

} // namespace Monitor
