// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/orderhold.h"
#include "monitor/models/rowwindowmodel.h"
#include "monitor/store/connectiontable.h"

#include <functional>

namespace Monitor {

/*!
    The table of live connections, filtered and sorted by two keys. The order is held by the rule of OrderHold: values go on
    changing, rows do not move, new rows come at the end. Rows that ended or no longer match stay while they are in sight or
    selected; all others of them fold into one last line (RowKind::Folded), so that a held order never grows by what went.

    Columns: state, user, client, ip, node, age, idle, in, out, queue, token.left, close.
    Row ids are the table's slot keys; a row keeps its id until it leaves the table.
*/
class ConnectionsModel : public RowWindowModel
{
    Q_OBJECT
    Q_PROPERTY(bool orderHeld READ orderHeld NOTIFY orderHeldChanged)

public:
    enum Column { State, User, Client, Address, Node, Age, Idle, InRate, OutRate, Queue, TokenLeft, CloseCode, ColumnCount };
    struct SortKey
    {
        int column = State;
        Qt::SortOrder order = Qt::DescendingOrder;
        friend bool operator==(const SortKey &, const SortKey &) = default;
    };
    using NowFunction = std::function<qint64()>; //!< Server time in ms since the epoch.

    ConnectionsModel(ConnectionTable &table, NowFunction now, QObject *parent = nullptr);
    ~ConnectionsModel() override;

    //! First key, then second; the id breaks ties. Default: state descending (worst first), token left ascending.
    void setSortKeys(const QList<SortKey> &keys);
    QList<SortKey> sortKeys() const;
    bool orderHeld() const { return holdReason() != OrderHold::Reason::None; }
    OrderHold::Reason holdReason() const;
    qint64 changedRows() const; //!< Rows that come, go or move as soon as the order is no longer held.
    void refreshOrder(); //!< Makes the order anew at the next tick, also while it is held.
    void setHovered(bool hovered); //!< The pointer moved over the rows, or left them.
    void setPaused(bool paused); //!< Nothing is taken over but another filter or sort.
    bool isPaused() const;
    //! The link is down: ages get ">=", remaining times "<=", glyphs turn neutral.
    void setStale(bool stale);
    bool isStale() const;
    QStringList connectionIds(const QSet<quint64> &rowIds) const; //!< Wire ids of those that are open, for actions.
    quint64 idOf(const QString &connectionId) const; //!< 0 if unknown.

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
    void sortChanged();
    void orderHeldChanged(); //!< Held or not, or the reason.
    void changedRowsChanged();

protected:
    bool visit(quint64 id, const std::function<void(const RowCells &)> &look) const override;
    bool isSelectable(quint64 id) const override;
    void selectionWasChanged() override;

private:
    bool adopt(); //!< Returns false if the rows stay as they are.
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
