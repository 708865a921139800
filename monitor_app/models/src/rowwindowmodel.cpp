// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/rowwindowmodel.h"

#include "monitor/models/text.h"
#include "monitor/store/predicate.h"
#include "rowcells.h"

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
    QHash<QString, QString> saved;
    QHash<QString, QString> titles;
};

RowWindowModel::RowWindowModel(QList<Column> columns, QObject *parent)
    : QAbstractTableModel(parent)
    , d(std::make_unique<Private>())
{
    d->columns = std::move(columns);
    for (const Column &column : std::as_const(d->columns))
        d->titles.insert(plainName(column.title), column.key);
}

RowWindowModel::~RowWindowModel() = default;

void RowWindowModel::setSavedFilters(const QHash<QString, QString> &saved)
{
    d->saved = saved;
}

QueryContext RowWindowModel::contextOf(std::span<const Field> fields, qint64 now) const
{
    return {fields, now, d->saved, d->titles};
}

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

QList<quint64> RowWindowModel::selectedInOrder() const
{
    QList<std::pair<qint64, quint64>> rows;
    rows.reserve(d->selected.size());
    for (const quint64 id : std::as_const(d->selected)) {
        if (const qint64 row = viewRowOf(id); row >= 0)
            rows.append({row, id});
    }
    std::sort(rows.begin(), rows.end());
    QList<quint64> ids;
    ids.reserve(rows.size());
    for (const auto &[row, id] : std::as_const(rows))
        ids.append(id);
    return ids;
}

void RowWindowModel::selectAll()
{
    const qint64 total = totalRows();
    QSet<quint64> all;
    all.reserve(qsizetype(std::min<qint64>(total, SelectionLimit)));
    for (qint64 row = 0; row < total && all.size() < SelectionLimit; ++row) {
        if (const quint64 id = idAt(row); isSelectable(id))
            all.insert(id);
    }
    if (all.isEmpty())
        return;
    d->selected = std::move(all);
    if (!d->selected.contains(d->current)) {
        d->current = isSelectable(idAt(d->first)) ? idAt(d->first) : idAt(0);
        d->anchor = d->current;
    }
    rowsChanged(0, d->shown - 1);
    selectionWasChanged();
    Q_EMIT selectionChanged();
}

void RowWindowModel::select(quint64 id, SelectMode mode)
{
    if (!isSelectable(id))
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
        const qint64 step = to < from ? -1 : 1;
        for (qint64 row = from; row != to + step && d->selected.size() < SelectionLimit; row += step) {
            if (isSelectable(idAt(row)))
                d->selected.insert(idAt(row));
        }
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
    const qint64 at = viewRowOf(d->current);
    moveCurrentTo(at >= 0 ? at + delta : (delta < 0 ? d->first + d->shown - 1 : d->first), extend);
}

void RowWindowModel::moveCurrentTo(qint64 viewRow, bool extend)
{
    const qint64 total = totalRows();
    if (total == 0)
        return;
    qint64 row = std::clamp(viewRow, qint64(0), total - 1);
    while (row > 0 && !isSelectable(idAt(row)))
        --row;
    const quint64 id = idAt(row);
    if (row < d->first)
        setWindow(row, d->asked);
    else if (row >= d->first + d->asked)
        setWindow(row - d->asked + 1, d->asked);
    select(id, extend ? SelectMode::Extend : SelectMode::Replace);
}

int RowWindowModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : d->shown;
}

int RowWindowModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(d->columns.size());
}

QString RowWindowModel::filterTermFor(const QModelIndex &index, bool exclude) const
{
    if (!index.isValid())
        return {};
    QString value;
    visit(idAt(d->first + index.row()),
          [&value, column = index.column()](const RowCells &cells) { value = cells.value(column); });
    if (value.isEmpty() || value == u"\"\"")
        return {};
    return (exclude ? QStringLiteral("not ") : QString()) + d->columns[index.column()].key + u':' + value;
}

QString RowWindowModel::fullText(quint64 id, int column) const
{
    QString text;
    visit(id, [&text, column](const RowCells &cells) { text = cells.fullText(column); });
    return text;
}

namespace {

QString tintOf(const RowCells &cells)
{
    const Severity severity = cells.severity();
    const bool isPlain = cells.isStale() || cells.kind() == RowKind::Gap || cells.kind() == RowKind::Folded;
    if (isPlain || severity < Severity::Error)
        return {};
    return severity == Severity::Critical ? QStringLiteral("tint.critical") : QStringLiteral("tint.error");
}

QString fractionColourOf(const RowCells &cells)
{
    if (cells.isStale())
        return QStringLiteral("severity.neutral");
    return cells.severity() == Severity::Ok ? QStringLiteral("severity.ok") : Text::severityColour(cells.severity());
}

QVariant cellRole(const RowCells &cells, int column, int role)
{
    switch (role) {
    case Qt::DisplayRole:
        return cells.text(column);
    case Qt::AccessibleTextRole:
        return column == 0 ? cells.sentence() : cells.text(column);
    case SeverityRole:
        return int(cells.severity());
    case StateRole:
        return cells.state();
    case TextColourRole:
        return cells.textColour(column);
    case GlyphRole:
        return cells.glyph(column);
    case GlyphColourRole:
        return cells.glyphColour(column);
    case MonospaceRole:
        return cells.isMonospace(column);
    case StrongRole:
        return cells.isStrong(column);
    case ElideModeRole:
        return int(Qt::ElideRight);
    case FullTextRole:
        return cells.fullText(column);
    case FractionRole:
        return cells.fraction(column);
    case FractionColourRole:
        return fractionColourOf(cells);
    case RowTintRole:
        return tintOf(cells);
    case RowBarRole:
        return cells.severity() == Severity::Critical && !cells.isStale() ? 4 : 0;
    case RowKindRole:
        return int(cells.kind());
    default:
        return {};
    }
}

} // namespace

QVariant RowWindowModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const qint64 viewRow = d->first + index.row();
    const quint64 id = idAt(viewRow);
    const int column = index.column();
    switch (role) {
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(int(d->columns[column].alignment | Qt::AlignVCenter));
    case Qt::AccessibleDescriptionRole:
        return tr("row %1 of %2").arg(Text::count(viewRow + 1), Text::count(totalRows()));
    case RawIdRole:
        return QVariant::fromValue(id);
    case SelectedRole:
        return d->selected.contains(id);
    case CurrentRole:
        return id != 0 && d->current == id;
    default:
        break;
    }
    struct Ask
    {
        int column;
        int role;
        QVariant answer;
    } ask{column, role, {}};
    visit(id, [&ask](const RowCells &cells) { ask.answer = cellRole(cells, ask.column, ask.role); });
    return ask.answer;
}

QString RowWindowModel::tooHardText(quint32 texts)
{
    if (texts >= DictionaryMatch::HardLimit)
        return tr("The pattern takes too many steps and was given up. Write it without a repetition inside a repetition.");
    return tr("The pattern takes too many steps on %n text(s), which count as no match.", nullptr, int(texts));
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
