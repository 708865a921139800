// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/audittable.h"
#include "monitor/store/query.h"

#include <array>
#include <memory>
#include <vector>

namespace Monitor {

/*! Which rows of one segment a query accepts. Immutable. */
struct SegmentMatches
{
    quint64 firstRow = 0;
    quint32 evaluated = 0; //!< Rows that were looked at, from row 0.
    quint32 matches = 0; //!< Gap rows are among them: loss is shown whatever the filter is.
    quint32 gaps = 0;
    quint32 severe = 0; //!< Matches with severity error or critical, without gaps.
    std::vector<quint64> bits; //!< Empty when every row matches.
    std::array<quint32, 17> before{}; //!< Matches in front of each run of 4,096 rows.

    bool has(quint32 row) const { return row < evaluated && (bits.empty() || (bits[row >> 6] >> (row & 63) & 1)); }
    quint32 rank(quint32 row) const; //!< Matches in front of \a row.
    quint32 select(quint32 n) const; //!< Row of match n; n < matches.
};

/*! A state of the filtered log: view rows 0 to total() - 1 in the order of the log. Immutable, any thread. */
class AuditFilterResult
{
public:
    quint64 queryId = 0; //!< Of AuditFilter::setQuery().
    bool complete = false; //!< Every row that existed was looked at.
    quint32 tooHard = 0; //!< Texts on which a pattern of the query gave up.
    bool neverTrue = false;
    quint64 evaluated = 0;
    quint64 rows = 0; //!< Rows in the table then.
    quint64 gaps = 0;
    quint64 severe = 0;
    std::vector<std::shared_ptr<const SegmentMatches>> segments;
    std::vector<quint64> before; //!< Matches in front of each segment; one more entry at the end.

    quint64 total() const { return before.empty() ? 0 : before.back(); }
    quint64 matched() const { return total() - gaps; }
    quint64 rowAt(quint64 viewRow) const; //!< Row id; viewRow < total().
    qint64 viewRowOf(quint64 row) const; //!< -1 if it does not match or is gone.
    quint64 lowerBound(quint64 row) const; //!< View row of the first match at or behind row id \a row.
};

/*!
    Filters an AuditTable in the background. A new query replaces the running one at once; results are published after each
    segment, the newest rows first, and rows that are added later are looked at alone.

    Threads: calls from one thread; the work is done in a thread of its own, which ends before the destructor returns.
    Ownership: borrows the table.
*/
class AuditFilter
{
public:
    explicit AuditFilter(const AuditTable &table);
    ~AuditFilter();
    Q_DISABLE_COPY_MOVE(AuditFilter)

    //! Returns the query's id. The result of the old query stays until the first of the new one is there.
    quint64 setQuery(std::shared_ptr<const QueryNode> root);
    void update(); //!< The table may have more (or fewer) rows; returns at once.
    std::shared_ptr<const AuditFilterResult> result() const; //!< Never null.
    //! Waits until everything that is in the table now was looked at; false after \a milliseconds. For tools and tests.
    bool wait(int milliseconds) const;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
