// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watch/watchtables.h"

#include <QHash>

#include <map>
#include <unordered_map>

namespace Watchword::Gateway {

/*!
    Rows by id, and one entry for each id, dead or alive, in the order of its last change. Pure.

    Several logs may count with one \a version.
*/
template <typename Row>
class TableLog
{
public:
    TableLog(quint64 &version, qsizetype mostRemovals)
        : m_version(version)
        , m_mostRemovals(mostRemovals)
    {
    }

    const Row *find(const QString &id) const
    {
        const auto it = m_rows.find(id);
        return it == m_rows.end() ? nullptr : &it->second.row;
    }

    void put(const Row &row)
    {
        if (const auto removed = m_removed.constFind(row.id); removed != m_removed.cend()) {
            m_order.erase(*removed);
            m_removalOrder.erase(*removed);
            m_removed.erase(removed);
        }
        auto it = m_rows.find(row.id);
        if (it == m_rows.end())
            it = m_rows.emplace(row.id, Entry{row, 0}).first;
        else
            it->second.row = row;
        touch(row.id, it->second);
    }

    void remove(const QString &id)
    {
        const auto it = m_rows.find(id);
        if (it == m_rows.end())
            return;
        m_order.erase(it->second.version);
        m_rows.erase(it);
        const quint64 version = ++m_version;
        m_order.emplace(version, id);
        m_removed.insert(id, version);
        m_removalOrder.emplace(version, id);
        while (qsizetype(m_removalOrder.size()) > m_mostRemovals) {
            const auto oldest = m_removalOrder.begin();
            m_forgotten = oldest->first;
            m_order.erase(oldest->first);
            m_removed.remove(oldest->second);
            m_removalOrder.erase(oldest);
        }
    }

    TableChanges<Row> changes(quint64 cursor, qsizetype limit, quint64 until) const
    {
        TableChanges<Row> out;
        const quint64 end = until == 0 ? m_version : until;
        out.lost = cursor < m_forgotten && cursor != 0;
        out.cursor = cursor;
        for (auto it = m_order.upper_bound(cursor); it != m_order.end() && it->first <= end; ++it) {
            if (out.updated.size() + out.removed.size() >= limit) {
                out.more = true;
                break;
            }
            const auto row = m_rows.find(it->second);
            if (row != m_rows.end() && row->second.version == it->first)
                out.updated.append(row->second.row);
            else
                out.removed.append(it->second);
            out.cursor = it->first;
        }
        if (!out.more)
            out.cursor = std::max(cursor, end);
        m_readUpTo = std::max(m_readUpTo, out.cursor);
        return out;
    }

    qsizetype size() const { return qsizetype(m_rows.size()); }

    template <typename F>
    void forEach(F &&f) const
    {
        for (const auto &[id, entry] : m_rows)
            f(entry.row);
    }

private:
    struct Entry
    {
        Row row;
        quint64 version;
    };

    void touch(const QString &id, Entry &entry)
    {
        // Nobody has seen this row since its last change, so its place in the order is still right.
        if (entry.version > m_readUpTo)
            return;
        if (entry.version != 0)
            m_order.erase(entry.version);
        entry.version = ++m_version;
        m_order.emplace(entry.version, id);
    }

    quint64 &m_version;
    const qsizetype m_mostRemovals;
    std::unordered_map<QString, Entry> m_rows; // in nodes: a row is large, and QHash keeps room for half as many again
    std::map<quint64, QString> m_order;
    QHash<QString, quint64> m_removed;
    std::map<quint64, QString> m_removalOrder;
    quint64 m_forgotten = 0;
    mutable quint64 m_readUpTo = 0;
};

} // namespace Watchword::Gateway
