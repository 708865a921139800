// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/connectiontable.h"
#include "monitor/store/predicate.h"

namespace Monitor {

/*! A run of 65,536 slots of the connection table as a source for conditions. Lock the table's mutex around its use. */
class ConnectionRows : public RowSource
{
public:
    //! \a now in ms, for ages and remaining times; row 0 of the run is slot \a base.
    ConnectionRows(const ConnectionTable &table, qint64 now, quint32 base = 0)
        : m_table(table)
        , m_now(now)
        , m_base(base)
    {
    }

    const Interner *dictionary(int column) const override;
    void scanIds(int column, const DictionaryMatch &match, quint32 from, quint32 to, quint64 *bits) const override;
    void scanRanges(int column, const RangeSet &ranges, quint32 from, quint32 to, quint64 *bits) const override;
    //! Value of a number column of one slot: durations in ms, rates in thousandths, ConnectionTable::Unknown if not known.
    qint64 value(ConnectionColumn column, quint32 slot) const;
    static int idColumn(ConnectionColumn column); //!< ConnectionTable::IdColumn, or -1.

private:
    const ConnectionTable &m_table;
    qint64 m_now;
    quint32 m_base;
};

/*! Order of the table: filtered, then sorted by keys; the row key breaks ties, so equal rows never change places. */
struct ConnectionSort
{
    ConnectionColumn column = ConnectionColumn::State;
    bool descending = false;
};

struct ConnectionOrder
{
    std::vector<quint64> keys; //!< ConnectionTable::key() of live rows, in order.
    size_t matched = 0; //!< Rows behind the filter; more than keys with a limit.
    bool cancelled = false;
};

/*!
    Computes the order. With \a limit, only the first \a limit rows are in order and there (the first screen of a big table).
    Locks the table in slices, so a writer waits for 16,384 rows at most; may run in any thread. Stops when \a stop turns true.
*/
ConnectionOrder orderConnections(const ConnectionTable &table, CompiledQuery &query, const std::vector<ConnectionSort> &sort,
                                 qint64 now, const std::atomic<bool> &stop, size_t limit = 0);

} // namespace Monitor
