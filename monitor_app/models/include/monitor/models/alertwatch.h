// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/alertcounter.h"
#include "monitor/models/alertrule.h"
#include "monitor/store/auditfilter.h"

#include <utility>

namespace Monitor {

/*!
    One rule over the audit table. It looks at what is stored first, which shows when the rule would have fired, and then at what
    comes. Filtering is done in the background; tick() counts a bounded number of events.

    Threads: the one it lives in. Ownership: borrows the table.
*/
class AlertWatch
{
public:
    //! \a context for the filter; its now is the server's.
    AlertWatch(const AuditTable &table, const AlertRule &rule, const QueryContext &context);

    const AlertRule &rule() const { return m_rule; }
    QString error() const { return m_error; } //!< Why the filter cannot be used; translated, empty if it can.
    void tick();
    bool isCaughtUp() const { return m_caughtUp; } //!< Everything that is stored has been counted.
    qint64 matched() const; //!< Events that the filter accepts, so far.
    const AlertCounter &counter() const { return m_counter; }

    QList<AlertCounter::Episode> takeBegun() { return std::exchange(m_begun, {}); } //!< Since the last call.
    QList<AlertCounter::Episode> takeEnded() { return std::exchange(m_ended, {}); }
    void settle(qint64 now); //!< Time passed without events.

private:
    QString groupOf(const AuditSegment &segment, quint32 row) const;

    static constexpr int EventsPerTick = 20'000;

    const AuditTable &m_table;
    const AlertRule m_rule;
    QString m_error;
    AuditFilter m_filter;
    AlertCounter m_counter;
    quint64 m_query = 0;
    quint64 m_next = 0; // row
    qint64 m_settledAt = 0; // by the clock
    qint64 m_countedTo = 0; // by the events
    bool m_countsGaps = false;
    bool m_caughtUp = false;
    QList<AlertCounter::Episode> m_begun;
    QList<AlertCounter::Episode> m_ended;
};

} // namespace Monitor
