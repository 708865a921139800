// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/rowwindowmodel.h"
#include "monitor/store/connectiontable.h"

#include <functional>

namespace Monitor {

/*!
    The table of live connections, filtered and sorted by two keys. While rows are selected or the pointer is over the table
    (setHovered) the order is held: values go on changing, rows do not move, new rows come at the end.

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
    bool orderHeld() const;
    void setHovered(bool hovered);
    //! The link is down: ages get ">=", remaining times "<=", glyphs turn neutral.
    void setStale(bool stale);
    bool isStale() const;
    QStringList connectionIds(const QSet<quint64> &rowIds) const; //!< Wire ids, for actions.
    quint64 idOf(const QString &connectionId) const; //!< 0 if unknown.

    qint64 totalRows() const override;
    void setWindow(qint64 first, int count) override;
    quint64 idAt(qint64 viewRow) const override;
    qint64 viewRowOf(quint64 id) const override;
    void tick() override;
    void setQuery(const QString &text) override;
    QueryState queryState() const override;
    Completion completionAt(const QString &text, int cursor) const override;
    QString filterTermFor(const QModelIndex &index, bool exclude) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;

Q_SIGNALS:
    void sortChanged();
    void orderHeldChanged();

private:
    void selectionWasChanged() override;
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
