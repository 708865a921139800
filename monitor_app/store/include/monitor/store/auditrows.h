// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/audittable.h"
#include "monitor/store/predicate.h"

namespace Monitor {

/*! A segment of the audit log as a source for conditions. Skips sealed segments by their zone map. */
class AuditRows : public RowSource
{
public:
    //! \a segment may be null for the prototype of a CompiledQuery.
    AuditRows(const AuditTable &table, const AuditSegment *segment)
        : m_table(table)
        , m_segment(segment)
    {
    }

    const Interner *dictionary(int column) const override;
    void scanIds(int column, const DictionaryMatch &match, quint32 from, quint32 to, quint64 *bits) const override;
    void scanRanges(int column, const RangeSet &ranges, quint32 from, quint32 to, quint64 *bits) const override;
    bool mayMatchIds(int column, const DictionaryMatch &match) const override;
    bool mayMatchRanges(int column, const RangeSet &ranges) const override;
    void scanPayload(const PayloadTest &condition, quint32 from, quint32 to, quint64 *bits) const override;

private:
    void scanTimes(RangeSet ranges, quint32 from, quint32 to, quint64 *bits) const;
    const AuditTable &m_table;
    const AuditSegment *m_segment;
};

} // namespace Monitor
