// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/rowwindowmodel.h"
#include "monitor/models/tailstate.h"
#include "monitor/store/audittable.h"

#include <QDateTime>

namespace Monitor {

/*!
    The audit tail: rows in order of arrival, filtered in the background, gaps as rows of their own.

    Columns: time, seq, sev, kind, user, node, ip, message. A gap row has RowKind::Gap and its whole text in column 0.
    Times are shown in UTC with milliseconds. Row ids are the table's row id + 1. Selecting a row detaches the tail.
*/
class AuditModel : public RowWindowModel
{
    Q_OBJECT
    Q_PROPERTY(TailMode mode READ mode NOTIFY modeChanged)
    Q_PROPERTY(qint64 newRows READ newRows NOTIFY newRowsChanged)

public:
    enum class TailMode { Following, Paused, Detached }; //!< As Monitor::TailMode, for the meta-object system.
    Q_ENUM(TailMode)
    enum Column { Time, Sequence, SeverityColumn, Kind, User, Node, Address, Message, ColumnCount };

    using NowFunction = std::function<qint64()>; //!< Server time in ms since the epoch.
    explicit AuditModel(AuditTable &table, QObject *parent = nullptr); //!< With the clock of this machine.
    AuditModel(AuditTable &table, NowFunction now, QObject *parent = nullptr);
    ~AuditModel() override;

    TailMode mode() const;
    qint64 newRows() const; //!< Matching rows that came since follow was left.
    qint64 newErrors() const; //!< Of these, error and critical.
    QString modeText() const; //!< "Following", "Paused", "Detached".
    //! Texts of the paused bar: "Paused by you at 14:29:44, 2:56 ago", "12,431 new", "98 errors"; empty while following.
    QString pausedText() const;
    QString newRowsText() const;
    QString newErrorsText() const;
    double rate() const; //!< Matching events a second, mean over the last 5 s.
    QString liveEdgeText() const; //!< "Live edge, 2.9 events/s after filter".
    QString gapsText() const; //!< "1 gap, 1,203 events"; empty without gaps.

    void follow(); //!< Also lets go of the selection: a tail that follows would carry it away.
    void pause();
    void scrollTo(qint64 first); //!< By the person; see TailState::scrolledTo().
    void scrollToRow(quint64 id); //!< Detaches and shows the row in the middle; nothing happens for a hidden row.
    quint64 nextError(quint64 fromId, bool backwards) const; //!< 0 if there is none within the loaded rows.

    //! Counts per bucket for the histogram, over the whole table or [from, to) in ms since the epoch.
    struct Bucket
    {
        qint64 start = 0; //!< ms since the epoch
        quint32 total = 0;
        quint32 warnings = 0;
        quint32 errors = 0;
        quint32 criticals = 0;
        bool gap = false;
    };
    QList<Bucket> histogram(qint64 from, qint64 to, int buckets) const;

    qint64 totalRows() const override;
    void setWindow(qint64 first, int count) override;
    quint64 idAt(qint64 viewRow) const override;
    qint64 viewRowOf(quint64 id) const override;
    void tick() override;
    void setQuery(const QString &text) override;
    QueryState queryState() const override;
    ParsedQuery parse(const QString &text) const override;
    Completion completionAt(const QString &text, int cursor) const override;

Q_SIGNALS:
    void modeChanged();
    void newRowsChanged();

protected:
    bool visit(quint64 id, const std::function<void(const RowCells &)> &look) const override;
    void selectionWasChanged() override;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
