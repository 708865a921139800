// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/rowwindowmodel.h"

#include <algorithm>

namespace Monitor {

class RowWindowModel::Private
{
public:
    QList<Column> columns;
    qint64 first = 0;
    int asked = 0;
    int shown = 0;
    qint64 total = 0;
    QSet<quint64> selected;
    quint64 current = 0;
    quint64 anchor = 0; // where an extended selection begins
};

RowWindowModel::RowWindowModel(QList<Column> columns, QObject *parent)
    : QAbstractTableModel(parent)
    , d(std::make_unique<Private>())
{
    d->columns = std::move(columns);
}

RowWindowModel::~RowWindowModel() = default;

qint64 RowWindowModel::firstRow() const
{
    return d->first;
}

int RowWindowModel::windowRows() const
{
    return d->asked;
}

void RowWindowModel::setWindow(qint64 first, int count)
{
    d->asked = std::max(0, count);
    const qint64 total = totalRows();
    const qint64 before = d->first;
    const int had = d->shown;
    d->first = std::clamp(first, qint64(0), std::max<qint64>(0, total - d->asked));
    const int now = int(std::min<qint64>(d->asked, total - d->first));
    if (now > had) {
        beginInsertRows({}, had, now - 1);
        d->shown = now;
        endInsertRows();
    } else if (now < had) {
        beginRemoveRows({}, now, had - 1);
        d->shown = now;
        endRemoveRows();
    }
    if (d->first != before) {
        rowsChanged(0, std::min(had, now) - 1);
        Q_EMIT windowMoved(d->first);
    }
    if (total != d->total) {
        d->total = total;
        Q_EMIT totalRowsChanged(total);
    }
}

void RowWindowModel::moveWindow(qint64 first)
{
    const qint64 before = d->first;
    RowWindowModel::setWindow(first, d->asked);
    if (d->first == before)
        rowsChanged(0, d->shown - 1);
}

void RowWindowModel::rowsChanged(int firstWindowRow, int lastWindowRow)
{
    lastWindowRow = std::min(lastWindowRow, d->shown - 1);
    if (firstWindowRow <= lastWindowRow && !d->columns.isEmpty())
        Q_EMIT dataChanged(index(firstWindowRow, 0), index(lastWindowRow, int(d->columns.size()) - 1));
}

const QList<RowWindowModel::Column> &RowWindowModel::columns() const
{
    return d->columns;
}

int RowWindowModel::columnOf(QStringView key) const
{
    for (qsizetype i = 0; i < d->columns.size(); ++i) {
        if (d->columns[i].key == key)
            return int(i);
    }
    return -1;
}

const QSet<quint64> &RowWindowModel::selectedIds() const
{
    return d->selected;
}

quint64 RowWindowModel::currentId() const
{
    return d->current;
}

void RowWindowModel::select(quint64 id, SelectMode mode)
{
    if (id == 0)
        return;
    switch (mode) {
    case SelectMode::Replace:
        d->selected = {id};
        d->anchor = id;
        break;
    case SelectMode::Toggle:
        if (!d->selected.remove(id))
            d->selected.insert(id);
        d->anchor = id;
        break;
    case SelectMode::Extend: {
        const qint64 from = viewRowOf(d->anchor);
        const qint64 to = viewRowOf(id);
        if (from < 0 || to < 0)
            return select(id, SelectMode::Replace);
        d->selected.clear();
        for (qint64 row = std::min(from, to); row <= std::max(from, to); ++row)
            d->selected.insert(idAt(row));
        break;
    }
    }
    d->current = id;
    rowsChanged(0, d->shown - 1);
    selectionWasChanged();
    Q_EMIT selectionChanged();
}

void RowWindowModel::setCurrent(quint64 id)
{
    if (d->current == id)
        return;
    d->current = id;
    rowsChanged(0, d->shown - 1);
    Q_EMIT selectionChanged();
}

void RowWindowModel::clearSelection()
{
    if (d->selected.isEmpty() && d->current == 0)
        return;
    d->selected.clear();
    d->current = 0;
    d->anchor = 0;
    rowsChanged(0, d->shown - 1);
    selectionWasChanged();
    Q_EMIT selectionChanged();
}

void RowWindowModel::moveCurrent(qint64 delta, bool extend)
{
    const qint64 total = totalRows();
    if (total == 0)
        return;
    const qint64 at = viewRowOf(d->current);
    const qint64 start = at >= 0 ? at + delta : (delta < 0 ? d->first + d->shown - 1 : d->first);
    const qint64 row = std::clamp(start, qint64(0), total - 1);
    if (row < d->first)
        setWindow(row, d->asked);
    else if (row >= d->first + d->asked)
        setWindow(row - d->asked + 1, d->asked);
    select(idAt(row), extend ? SelectMode::Extend : SelectMode::Replace);
}

int RowWindowModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : d->shown;
}

int RowWindowModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(d->columns.size());
}

QVariant RowWindowModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= d->columns.size())
        return {};
    const Column &column = d->columns[section];
    if (role == Qt::DisplayRole)
        return column.title;
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(int(column.alignment | Qt::AlignVCenter));
    return {};
}

} // namespace Monitor
