// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/connectionsmodel.h"

#include "connectioncells.h"
#include "connectionsorter.h"
#include "monitor/models/text.h"

#include <QElapsedTimer>

namespace Monitor {

namespace {

constexpr qint64 SortEveryMs = 1000;
constexpr qint64 NewRowsEveryMs = 250;

using Columns = QList<RowWindowModel::Column>;

ConnectionColumn sortColumn(int column)
{
    static constexpr std::array columns = {ConnectionColumn::State, ConnectionColumn::User,      ConnectionColumn::Client,
                                           ConnectionColumn::Ip,    ConnectionColumn::Node,      ConnectionColumn::Age,
                                           ConnectionColumn::Idle,  ConnectionColumn::InRate,    ConnectionColumn::OutRate,
                                           ConnectionColumn::Queue, ConnectionColumn::TokenLeft, ConnectionColumn::CloseCode};
    return columns[size_t(column)];
}

} // namespace

class ConnectionsModel::Private
{
public:
    Private(ConnectionTable &table, NowFunction now)
        : table(table)
        , now(std::move(now))
        , sorter(table)
    {
        sinceSort.start();
    }

    bool isHeld() const { return hovered || hasSelection; }
    bool isSortDue() const;
    void requestSort();
    bool adopt(ConnectionSorter::Order next); //!< Returns false if nothing is different.
    void holdOn(ConnectionSorter::Order &next) const;
    quint32 slotAt(qint64 row) const
    {
        return row >= 0 && row < qint64(order.keys.size()) ? table.slotOfKey(order.keys[size_t(row)]) : ConnectionTable::noSlot();
    }
    QueryContext context() const { return {connectionFields(), now(), {}}; }

    ConnectionTable &table;
    NowFunction now;
    ConnectionSorter sorter;
    ConnectionSorter::Order order;
    QList<SortKey> sort{{State, Qt::DescendingOrder}, {TokenLeft, Qt::AscendingOrder}};
    bool hovered = false;
    bool hasSelection = false;
    bool stale = false;
    bool sortAsked = true; // sort or filter changed: do it at the next tick
    bool keepOrder = false; // the running request was made while the order was held
    quint64 structure = 0; // versions of the table at the last request
    quint64 version = 0;
    QElapsedTimer sinceSort;
    qint64 shownSecond = 0;
    std::vector<quint32> shownVersions; // of the window's rows
    ParsedQuery query = parseQuery({}, {connectionFields(), 0, {}});
    std::shared_ptr<const QueryNode> root = query.root;
    QString text;
    QString applied;
    bool appliedDependsOnNow = false;
    QueryState shownState;
};

ConnectionsModel::ConnectionsModel(ConnectionTable &table, NowFunction now, QObject *parent)
    : RowWindowModel(Columns{{QStringLiteral("state"), tr("State"), Qt::AlignLeft},
                             {QStringLiteral("user"), tr("User"), Qt::AlignLeft},
                             {QStringLiteral("client"), tr("Client"), Qt::AlignLeft},
                             {QStringLiteral("ip"), tr("Address"), Qt::AlignLeft},
                             {QStringLiteral("node"), tr("Node"), Qt::AlignLeft},
                             {QStringLiteral("age"), tr("Age"), Qt::AlignRight},
                             {QStringLiteral("idle"), tr("Idle"), Qt::AlignRight},
                             {QStringLiteral("rate.in"), tr("In /s"), Qt::AlignRight},
                             {QStringLiteral("rate.out"), tr("Out /s"), Qt::AlignRight},
                             {QStringLiteral("queue"), tr("Queue"), Qt::AlignRight},
                             {QStringLiteral("token.left"), tr("Token left"), Qt::AlignRight},
                             {QStringLiteral("close.code"), tr("Close"), Qt::AlignRight}},
                     parent)
    , d(std::make_unique<Private>(table, std::move(now)))
{
}

ConnectionsModel::~ConnectionsModel() = default;

void ConnectionsModel::setSortKeys(const QList<SortKey> &keys)
{
    QList<SortKey> good;
    for (const SortKey &key : keys) {
        if (key.column >= 0 && key.column < ColumnCount && good.size() < 2)
            good.append(key);
    }
    if (good == d->sort)
        return;
    d->sort = good;
    d->sortAsked = true;
    Q_EMIT sortChanged();
}

QList<ConnectionsModel::SortKey> ConnectionsModel::sortKeys() const
{
    return d->sort;
}

bool ConnectionsModel::orderHeld() const
{
    return d->isHeld();
}

void ConnectionsModel::setHovered(bool hovered)
{
    const bool before = d->isHeld();
    d->hovered = hovered;
    if (before != d->isHeld())
        Q_EMIT orderHeldChanged();
}

void ConnectionsModel::selectionWasChanged()
{
    const bool before = d->isHeld();
    d->hasSelection = !selectedIds().isEmpty();
    if (before != d->isHeld())
        Q_EMIT orderHeldChanged();
}

void ConnectionsModel::setStale(bool stale)
{
    if (d->stale == stale)
        return;
    d->stale = stale;
    rowsChanged(0, rowCount() - 1);
}

bool ConnectionsModel::isStale() const
{
    return d->stale;
}

QStringList ConnectionsModel::connectionIds(const QSet<quint64> &rowIds) const
{
    QStringList ids;
    for (const quint64 key : rowIds) {
        const quint32 slot = d->table.slotOfKey(key);
        if (slot != ConnectionTable::noSlot() && d->table.isLive(slot))
            ids.append(d->table.id(slot));
    }
    ids.sort();
    return ids;
}

quint64 ConnectionsModel::idOf(const QString &connectionId) const
{
    const quint32 slot = d->table.slotOf(connectionId);
    return slot == ConnectionTable::noSlot() ? 0 : d->table.key(slot);
}

qint64 ConnectionsModel::totalRows() const
{
    return d->order.total;
}

void ConnectionsModel::setWindow(qint64 first, int count)
{
    RowWindowModel::setWindow(first, count);
}

quint64 ConnectionsModel::idAt(qint64 viewRow) const
{
    return viewRow >= 0 && viewRow < qint64(d->order.keys.size()) ? d->order.keys[size_t(viewRow)] : 0;
}

qint64 ConnectionsModel::viewRowOf(quint64 id) const
{
    const quint32 slot = quint32(id) - 1;
    if (id == 0 || slot >= d->order.rowOfSlot.size())
        return -1;
    const qint64 row = d->order.rowOfSlot[slot];
    return row >= 0 && d->order.keys[size_t(row)] == id ? row : -1;
}

bool ConnectionsModel::Private::isSortDue() const
{
    if (sortAsked)
        return true;
    if (sorter.isRunning())
        return false;
    if (keepOrder && !isHeld())
        return true;
    if (structure != table.structureVersion() && sinceSort.hasExpired(order.total == 0 ? 0 : NewRowsEveryMs))
        return true;
    const bool changed = version != table.version() || appliedDependsOnNow;
    return changed && !isHeld() && sinceSort.hasExpired(SortEveryMs);
}

void ConnectionsModel::Private::requestSort()
{
    std::vector<ConnectionSort> keys;
    for (const SortKey &key : sort)
        keys.push_back({sortColumn(key.column), key.order == Qt::DescendingOrder});
    keepOrder = isHeld() && !sortAsked;
    sorter.request(root, std::move(keys), now(), sortAsked);
    structure = table.structureVersion();
    version = table.version();
    sortAsked = false;
    sinceSort.start();
}

void ConnectionsModel::Private::holdOn(ConnectionSorter::Order &next) const
{
    // Rows stay where they are, also those that went or no longer match; new ones come at the end.
    std::vector<quint64> keys;
    keys.reserve(next.keys.size());
    for (const quint64 key : order.keys) {
        if (table.slotOfKey(key) != ConnectionTable::noSlot())
            keys.push_back(key);
    }
    for (const quint64 key : next.keys) {
        const quint32 slot = quint32(key) - 1;
        const bool known =
            slot < order.rowOfSlot.size() && order.rowOfSlot[slot] >= 0 && order.keys[size_t(order.rowOfSlot[slot])] == key;
        if (!known)
            keys.push_back(key);
    }
    next.keys = std::move(keys);
    next.total = qint64(next.keys.size());
    ConnectionSorter::index(next, table.slotCount());
}

bool ConnectionsModel::Private::adopt(ConnectionSorter::Order next)
{
    if (keepOrder && next.complete)
        holdOn(next);
    const bool different = next.keys != order.keys || next.total != order.total;
    const bool complete = next.complete;
    order = std::move(next);
    if (complete && !keepOrder)
        table.releaseRemoved();
    return different;
}

void ConnectionsModel::tick()
{
    if (d->isSortDue())
        d->requestSort();
    bool moved = false;
    if (auto next = d->sorter.take())
        moved = d->adopt(std::move(*next));
    if (moved)
        moveWindow(firstRow());
    const qint64 second = d->now() / 1000;
    const int shown = rowCount();
    int first = shown;
    int last = -1;
    d->shownVersions.resize(size_t(shown));
    for (int row = 0; row < shown; ++row) {
        const quint32 slot = d->slotAt(firstRow() + row);
        const quint32 version = slot == ConnectionTable::noSlot() ? 0 : d->table.rowVersion(slot);
        if (d->shownVersions[size_t(row)] != version) {
            d->shownVersions[size_t(row)] = version;
            first = std::min(first, row);
            last = row;
        }
    }
    if (second != d->shownSecond && !d->stale) {
        first = 0;
        last = shown - 1;
    }
    d->shownSecond = second;
    if (!moved)
        rowsChanged(first, last);
    const QueryState state = queryState();
    if (state != d->shownState) {
        d->shownState = state;
        Q_EMIT queryStateChanged();
    }
}

void ConnectionsModel::setQuery(const QString &text)
{
    d->text = text;
    d->query = parseQuery(text, d->context());
    if (!d->query.error.isSet()) {
        d->applied = text.trimmed();
        d->root = d->query.root;
        d->appliedDependsOnNow = d->query.dependsOnNow;
        d->sortAsked = true;
    }
    d->shownState = queryState();
    Q_EMIT queryStateChanged();
}

QueryState ConnectionsModel::queryState() const
{
    QueryState state;
    state.text = d->text;
    state.appliedText = d->applied;
    state.matched = d->order.total;
    state.total = d->table.size();
    if (d->query.error.isSet()) {
        state.status = QueryState::Status::Error;
        state.errorPosition = d->query.error.position;
        state.errorLength = d->query.error.length;
        state.message = d->query.error.message;
    } else if (d->applied.isEmpty()) {
        state.status = QueryState::Status::Neutral;
    } else if (d->sortAsked) {
        state.status = QueryState::Status::Running;
        state.percent = 0;
    } else {
        state.status = QueryState::Status::Applied;
    }
    return state;
}

Completion ConnectionsModel::completionAt(const QString &text, int cursor) const
{
    return completeQuery(text, cursor, d->context(),
                         [this](const Field &field, const QString &prefix) { return valuesOf(d->table, field, prefix); });
}

QString ConnectionsModel::filterTermFor(const QModelIndex &index, bool exclude) const
{
    const quint32 slot = d->slotAt(firstRow() + index.row());
    if (!index.isValid() || slot == ConnectionTable::noSlot())
        return {};
    const QString value = ConnectionCells(d->table, slot, d->now(), d->stale).value(index.column());
    if (value.isEmpty() || value == u"\"\"")
        return {};
    return (exclude ? QStringLiteral("not ") : QString()) + columns()[index.column()].key + u':' + value;
}

QVariant ConnectionsModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const qint64 viewRow = firstRow() + index.row();
    const quint32 slot = d->slotAt(viewRow);
    if (slot == ConnectionTable::noSlot())
        return {};
    const int column = index.column();
    const quint64 id = d->order.keys[size_t(viewRow)];
    const ConnectionCells cells(d->table, slot, d->now(), d->stale);
    const Severity severity = cells.severity();
    switch (role) {
    case Qt::DisplayRole:
        return cells.text(column);
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(int(columns()[column].alignment | Qt::AlignVCenter));
    case Qt::AccessibleTextRole:
        return column == 0 ? cells.sentence() : cells.text(column);
    case Qt::AccessibleDescriptionRole:
        return tr("row %1 of %2").arg(Text::count(viewRow + 1), Text::count(totalRows()));
    case SeverityRole:
        return int(severity);
    case StateRole:
        return cells.state();
    case TextColourRole:
        return cells.textColour(column);
    case GlyphRole:
        return cells.glyph(column);
    case GlyphColourRole:
        return cells.glyphColour(column);
    case MonospaceRole:
        return column == Address;
    case StrongRole:
        return column == State && severity >= Severity::Error && !d->stale;
    case ElideModeRole:
        return int(Qt::ElideRight);
    case RawIdRole:
        return QVariant::fromValue(id);
    case FullTextRole:
        return cells.fullText(column);
    case FractionRole:
        return column == TokenLeft ? cells.fraction() : -1.0;
    case FractionColourRole:
        return d->stale ? QStringLiteral("severity.neutral")
                        : (severity == Severity::Ok ? QStringLiteral("severity.ok") : Text::severityColour(severity));
    case RowTintRole:
        return d->stale || severity < Severity::Error ? QString()
            : severity == Severity::Critical          ? QStringLiteral("tint.critical")
                                                      : QStringLiteral("tint.error");
    case RowBarRole:
        return severity == Severity::Critical && !d->stale ? 4 : 0;
    case RowKindRole:
        return int(RowKind::Data);
    case SelectedRole:
        return selectedIds().contains(id);
    default:
        return role == CurrentRole ? QVariant(currentId() == id) : QVariant();
    }
}

} // namespace Monitor
