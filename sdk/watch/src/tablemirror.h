// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QSet>
#include <QStringList>

#include <optional>

namespace Watchword {

/*!
    One mirrored table. Pure.

    A snapshot is laid over what is there; finishSnapshot() names the rows that were not in it, so that the table never
    goes through an empty state when a link comes back.
*/
template <typename Row>
class TableMirror
{
public:
    explicit TableMirror(bool keepRows = true)
        : m_keepRows(keepRows)
    {
    }

    void clear()
    {
        m_ids.clear();
        m_rows.clear();
        m_seen.clear();
        m_loading = false;
    }

    void beginSnapshot()
    {
        m_seen.clear();
        m_loading = true;
    }

    void update(const QList<Row> &rows)
    {
        for (const Row &row : rows) {
            m_ids.insert(row.id);
            if (m_keepRows)
                m_rows.insert(row.id, row);
            if (m_loading)
                m_seen.insert(row.id);
        }
    }

    //! Removes \a ids and returns those that were there.
    QStringList remove(const QStringList &ids)
    {
        QStringList removed;
        for (const QString &id : ids) {
            m_rows.remove(id);
            m_seen.remove(id);
            if (m_ids.remove(id))
                removed.append(id);
        }
        return removed;
    }

    //! The ids that were not part of the snapshot; they are removed.
    QStringList finishSnapshot()
    {
        QStringList stale;
        for (const QString &id : std::as_const(m_ids)) {
            if (!m_seen.contains(id))
                stale.append(id);
        }
        m_loading = false;
        m_seen.clear();
        return remove(stale);
    }

    qsizetype size() const { return m_ids.size(); }
    QList<Row> rows() const { return m_rows.values(); }
    std::optional<Row> find(const QString &id) const
    {
        const auto it = m_rows.constFind(id);
        return it == m_rows.cend() ? std::nullopt : std::optional(*it);
    }

private:
    bool m_keepRows;
    bool m_loading = false;
    QSet<QString> m_ids;
    QSet<QString> m_seen;
    QHash<QString, Row> m_rows;
};

} // namespace Watchword
