// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/orderhold.h"
#include "monitor/models/querystate.h"
#include "monitor/models/roles.h"
#include "monitor/store/completion.h"
#include "monitor/store/tokentable.h"

#include <QList>
#include <QObject>
#include <QString>

#include <memory>

namespace Monitor {

//! How a bar or mark is to be painted; see DESIGN-NOTES, part "Timeline". All times are ms since the epoch.
struct TimelineBar
{
    enum class Kind { Access, Refresh };
    enum class State { Spent, Live, Expiring, Failing, Revoked, Reused, SignedOut, Expired, Unknown };
    Kind kind = Kind::Access;
    State state = State::Live;
    qint64 start = 0;
    qint64 end = 0; //!< Where the bar stops being solid: ended, else exp; now when the expiry is not known.
    qint64 plannedEnd = 0; //!< exp; beyond end for revoked tokens (dotted outline), 0 when not known (open arrows).
    qint64 refreshAt = 0; //!< From here to plannedEnd hatched; 0 for none.
    qint64 overlapUntil = 0; //!< From start to here the predecessor was valid too; 0 for none.
    quint32 token = 0; //!< Index for TokenTable::token().
    int folded = 1; //!< > 1: this many bars narrower than 3 px, drawn as one block with the worst state.
};

struct TimelineMark
{
    enum class Kind { Refreshed, Planned, Failed, Revoked, Reuse, SignedOut, Expired, NoToken };
    Kind kind = Kind::Refreshed;
    qint64 time = 0;
    qint64 until = 0; //!< NoToken: end of the time without a token; else 0.
    int count = 1; //!< Failed: number of failures; else of folded marks.
    quint32 token = 0;
};

struct TimelineLane
{
    quint32 lane = 0; //!< Stable number of the session in the table.
    QString sessionId;
    QString user;
    QString client;
    QString node;
    QString deviceGlyph;
    QString leftText; //!< "1:13", "revoked", "signed out", "expired 8:47", "unknown"
    QString failuresText; //!< "3", empty for none
    Severity severity = Severity::Ok;
    QList<TimelineBar> bars;
    QList<TimelineMark> marks;
    QString sentence; //!< For screen readers.
};

/*! One line of the list of lanes: a group header or a lane. */
struct TimelineRow
{
    bool isGroup = false;
    QString group; //!< Node, user or client.
    QString groupNote; //!< "4,316 sessions, 220 failing"
    bool collapsed = false;
    quint32 lane = 0;
    QString session; //!< Of a lane.
    bool ended = false; //!< The session left the table while the order is held.
};

/*!
    What the timeline paints: lanes in order, and for a range of time their bars and marks at a level of detail.

    The view asks only for the rows it shows; lanes() costs (bars in sight) and a binary search per lane.
    Threads: the one it lives in. Ownership: borrows the table.
*/
class TokenLanesModel : public QObject
{
    Q_OBJECT

public:
    enum class Sort { NextToExpire, MostFailures, Newest, User };
    Q_ENUM(Sort)
    enum class Group { None, Node, User, Client };
    Q_ENUM(Group)

    explicit TokenLanesModel(TokenTable &table, QObject *parent = nullptr);
    ~TokenLanesModel() override;

    void setSort(Sort sort);
    Sort sort() const;
    void setGroup(Group group);
    Group group() const;
    void setCollapsed(const QString &group, bool collapsed);
    void setQuery(const QString &text); //!< Fields: user, session, client, node, failures, state, token.left; bare text.
    QueryState queryState() const;
    ParsedQuery parse(const QString &text) const;
    void setSavedFilters(const QHash<QString, QString> &saved); //!< For $name.
    Completion completionAt(const QString &text, int cursor) const;

    int rowCount() const;
    TimelineRow row(int row) const;
    //! Lane of a row with what lies in [from, to); bars narrower than 3 px at \a msPerPixel are folded. \a now is server time.
    TimelineLane lane(int row, qint64 from, qint64 to, double msPerPixel, qint64 now) const;
    TimelineLane laneOfSession(const QString &sessionId, qint64 from, qint64 to, double msPerPixel, qint64 now) const;
    int rowOfSession(const QString &sessionId) const; //!< -1 if hidden or gone.
    qint64 totalLanes() const; //!< Without the filter.

    OrderHold::Reason holdReason() const; //!< While it holds, lanes keep their places; new ones come at the end of their group.
    qint64 changedRows() const; //!< Lanes that come, go or move as soon as the order is no longer held.
    void refreshOrder(); //!< Makes the order anew at the next tick, also while it is held.
    void setHovered(bool hovered); //!< The pointer moved over the lanes, or left them.
    void setPaused(bool paused);
    void setSight(int firstRow, int rows); //!< What is shown: lanes that ended stay there while the order is held.

    struct ForecastBucket
    {
        qint64 start = 0;
        int done = 0; //!< Refreshes that happened.
        int failed = 0;
        int planned = 0; //!< Refreshes that are due.
    };
    //! Refreshes per bucket over [from, to), past and planned, of all lanes behind the filter.
    QList<ForecastBucket> forecast(qint64 from, qint64 to, qint64 bucketMs, qint64 now) const;

    /*! Worst state per cell of all lanes behind the filter: the density raster. columns x rows, row-major. */
    struct Density
    {
        enum class Cell : quint8 { Empty, Spent, Live, Refreshed, Planned, Expiring, Failing, Revoked };
        int columns = 0;
        int rows = 0;
        QList<Cell> cells;
        int lanesPerRow = 1;
        qsizetype retrying = 0;
        qsizetype refreshed = 0;
    };
    Density density(qint64 from, qint64 to, int columns, int maxRows, qint64 now) const;

    //! Sentence of a bar or mark, for the status bar and tool tip: "Refreshed at 14:23:53", "Refresh failed, try 3".
    QString sentenceOf(const TimelineMark &mark) const;
    QString sentenceOf(const TimelineBar &bar) const;

    const QString &selectedSession() const;
    void setSelectedSession(const QString &sessionId);

    void tick(qint64 now); //!< Takes over changes; the order of lanes is renewed at most once a second.

Q_SIGNALS:
    void rowsChanged(); //!< Rows came, went or moved.
    void contentChanged(); //!< Bars or marks changed; repaint.
    void queryStateChanged();
    void selectedSessionChanged();
    void orderHeldChanged(); //!< Held or not, or the reason.
    void changedRowsChanged();

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
