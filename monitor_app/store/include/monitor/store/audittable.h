// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/auditsegment.h"
#include "monitor/store/interner.h"
#include "monitor/store/logmapping.h"

#include <QByteArrayList>
#include <QMap>
#include <QString>

#include <memory>
#include <vector>

namespace Monitor {

/*!
    The audit log in memory: append-only segments with row ids that never change, within a budget.

    Threads: one thread at a time appends (the ingest thread); every thread may take a snapshot() and read it, without waiting for
    the writer. Eviction drops the oldest whole segment; a snapshot keeps what it has alive.

    Bad lines become rows of their own (AuditRecord::Bad) with the line as payload: counted, never dropped. Repeated or older
    sequence numbers are kept as they come; a jump forward from a sequence that was seen becomes a gap row, and a log that begins
    again at 1 one of AuditGap::Cause::Restart.
*/
class AuditTable
{
public:
    struct Budget
    {
        qsizetype columnBytes = qsizetype(600) << 20; //!< About 10 million rows.
        qsizetype payloadBytes = qsizetype(1024) << 20; //!< The oldest payloads go first; columns stay.
        qsizetype stringBytes = qsizetype(512) << 20;
    };
    struct BadLine
    {
        quint64 line = 0; //!< From 1, counted over all lines that were appended.
        quint64 row = 0;
        QString reason;
    };
    using Snapshot = std::vector<std::shared_ptr<const AuditSegment>>;

    AuditTable();
    explicit AuditTable(Budget budget);
    ~AuditTable();
    Q_DISABLE_COPY_MOVE(AuditTable)

    // Writer.
    void appendLines(const QByteArrayList &lines); //!< CloudEvents JSON, one event a line; empty lines are skipped.
    void appendBuffer(QByteArrayView lines); //!< The same, as one text with line ends.
    void appendGap(const AuditGap &gap, qint64 time);
    void startEpoch(); //!< The log was started anew: sequence numbers begin again, which is no gap.
    void clear(); //!< Row ids go on.
    void setMappings(const QList<LogMapping> &mappings); //!< For lines that are no CloudEvents; LogMapping::own() by default.

    // Any thread.
    Snapshot snapshot() const;
    quint64 firstRow() const; //!< Oldest row that is still here.
    quint64 endRow() const; //!< One behind the newest.
    quint64 rows() const { return endRow() - firstRow(); }
    quint64 generation() const; //!< Grows with clear() and with each eviction.
    const Interner &strings() const;
    const Interner &kinds() const; //!< Dictionaries of the 16-bit columns.
    const Interner &nodes() const;
    QString kindName(quint16 kind) const; //!< "conn.opened", or the whole type if it is not ours.
    QString nodeName(quint16 node) const;

    //! The chain of the log was checked and does not hold at \a row. Any thread.
    void markBroken(quint64 row, const QString &why);
    QString brokenWhy(quint64 row) const; //!< English; empty for a row that is not marked.

    quint64 linesSeen() const;
    quint64 plainLines() const; //!< JSON of no known kind, of which only time and text are shown.
    QMap<QString, quint64> mappedLines() const; //!< How many lines were read by which mapping.
    quint64 badLineCount() const;
    QList<BadLine> badLines() const; //!< The first 100.
    qint64 gapCount() const;
    qint64 restartCount() const; //!< Rows of AuditGap::Cause::Restart.
    quint64 missedEvents() const;
    quint64 lastSequence() const;
    qint64 firstTime() const; //!< Of the oldest segment that states any; 0 for none.
    qint64 lastTime() const;
    quint64 evictedRows() const;
    qsizetype bytes() const; //!< Columns, payload and strings.
    Budget budget() const;

    //! The row, or nothing once it was evicted.
    struct Located
    {
        std::shared_ptr<const AuditSegment> segment;
        quint32 row = 0;
        explicit operator bool() const { return segment != nullptr; }
    };
    Located locate(quint64 row) const;
    static qsizetype segmentIndex(const Snapshot &snapshot, quint64 row); //!< -1 if the row is not in it.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
