// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/connectionsmodel.h"

#include "connectioncells.h"
#include "connectionsorter.h"
#include "monitor/models/heldorder.h"
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
    Private(ConnectionsModel *q, ConnectionTable &table, NowFunction now)
        : q(q)
        , table(table)
        , now(std::move(now))
        , sorter(table)
    {
        sinceSort.start();
    }

    bool isPaused() const { return hold.reason() == OrderHold::Reason::Pause; }
    bool isSortDue() const;
    void requestSort(QSet<quint64> stay);
    quint64 keyAt(qint64 row) const { return row >= 0 && row < qint64(order->keys.size()) ? order->keys[size_t(row)] : 0; }
    quint32 slotAt(qint64 row) const
    {
        const quint64 key = keyAt(row);
        return key == 0 || key == ConnectionSorter::FoldedKey ? ConnectionTable::noSlot() : table.slotOfKey(key);
    }
    QueryContext context() const { return q->contextOf(connectionFields(), now()); }

    ConnectionsModel *const q;
    ConnectionTable &table;
    NowFunction now;
    ConnectionSorter sorter;
    std::shared_ptr<const ConnectionSorter::Order> order = std::make_shared<ConnectionSorter::Order>();
    QList<SortKey> sort{{State, Qt::DescendingOrder}, {TokenLeft, Qt::AscendingOrder}};
    HeldOrder hold{[this] { return now(); }, [this] { return order->held ? order->changed : 0; }};
    bool stale = false;
    bool sortAsked = true; // sort or filter changed: do it at the next tick
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
    , d(std::make_unique<Private>(this, table, std::move(now)))
{
    connect(&d->hold, &HeldOrder::reasonChanged, this, &ConnectionsModel::orderHeldChanged);
    connect(&d->hold, &HeldOrder::changedRowsChanged, this, &ConnectionsModel::changedRowsChanged);
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

OrderHold::Reason ConnectionsModel::holdReason() const
{
    return d->hold.reason();
}

qint64 ConnectionsModel::changedRows() const
{
    return d->order->held ? d->order->changed : 0;
}

void ConnectionsModel::refreshOrder()
{
    d->sortAsked = true;
}

void ConnectionsModel::setHovered(bool hovered)
{
    d->hold.setHovered(hovered);
}

void ConnectionsModel::setPaused(bool paused)
{
    d->hold.setPaused(paused);
}

bool ConnectionsModel::isPaused() const
{
    return d->isPaused();
}

void ConnectionsModel::selectionWasChanged()
{
    d->hold.setSelected(!selectedIds().isEmpty());
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
        if (slot != ConnectionTable::noSlot() && !d->table.isOver(slot))
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
    return d->order->total;
}

void ConnectionsModel::setWindow(qint64 first, int count)
{
    RowWindowModel::setWindow(first, count);
}

quint64 ConnectionsModel::idAt(qint64 viewRow) const
{
    return d->keyAt(viewRow);
}

qint64 ConnectionsModel::viewRowOf(quint64 id) const
{
    return id != 0 && d->order->has(id) ? d->order->rowOfSlot[quint32(id) - 1] : -1;
}

bool ConnectionsModel::isSelectable(quint64 id) const
{
    return id != 0 && id != ConnectionSorter::FoldedKey;
}

bool ConnectionsModel::Private::isSortDue() const
{
    if (sortAsked)
        return true;
    if (isPaused() || sorter.isRunning())
        return false;
    if (order->held && !hold.isHeld())
        return true;
    if (structure != table.structureVersion() && sinceSort.hasExpired(order->total == 0 ? 0 : NewRowsEveryMs))
        return true;
    const bool changed = version != table.version() || appliedDependsOnNow;
    return changed && sinceSort.hasExpired(SortEveryMs);
}

void ConnectionsModel::Private::requestSort(QSet<quint64> stay)
{
    ConnectionSorter::Request request;
    if (appliedDependsOnNow) // "within last 5m" begins anew each time
        root = parseQuery(applied, context()).root;
    request.root = root;
    for (const SortKey &key : sort)
        request.sort.push_back({sortColumn(key.column), key.order == Qt::DescendingOrder});
    request.now = now();
    request.asked = sortAsked;
    if (hold.isHeld() && !sortAsked) {
        request.held = order;
        request.stay = std::move(stay);
    }
    sorter.request(std::move(request));
    structure = table.structureVersion();
    version = table.version();
    sortAsked = false;
    sinceSort.start();
}

bool ConnectionsModel::adopt()
{
    auto next = d->sorter.take();
    if (!next)
        return false;
    if (!next->held && !next->asked && d->hold.isHeld() && !d->order->keys.empty()) {
        d->structure = ~quint64(0); // it was computed before the hand came; again, with the rows where they are
        return false;
    }
    const bool isDifferent = next->keys != d->order->keys || next->total != d->order->total;
    const std::vector<quint64> inSight = [this] {
        std::vector<quint64> keys;
        for (int row = 0; row < rowCount(); ++row)
            keys.push_back(d->keyAt(firstRow() + row));
        return keys;
    }();
    const bool held = next->held;
    const bool asked = next->asked && !d->order->keys.empty();
    d->order = std::make_shared<const ConnectionSorter::Order>(std::move(*next));
    if (d->order->complete)
        d->table.releaseRemoved([this](quint64 key) { return d->order->has(key); });
    if (!isDifferent)
        return false;
    // A held row stays at its height in the window. After a new sort or filter the current row does, if it was in sight.
    qint64 first = asked ? 0 : firstRow();
    for (size_t at = 0; at < inSight.size() && (held || asked); ++at) {
        const qint64 row = viewRowOf(inSight[at]);
        if (row < 0 || (asked && inSight[at] != currentId()))
            continue;
        first = row - qint64(at);
        break;
    }
    moveWindow(std::max<qint64>(0, first));
    return true;
}

void ConnectionsModel::tick()
{
    if (d->isSortDue()) {
        QSet<quint64> stay;
        if (d->hold.isHeld()) {
            stay = selectedIds();
            for (int row = 0; row < rowCount(); ++row)
                stay.insert(d->keyAt(firstRow() + row));
        }
        d->requestSort(std::move(stay));
    }
    const bool moved = adopt();
    d->hold.note();
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
    if (!moved && !d->isPaused())
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
    state.matched = d->order->matched;
    state.total = d->table.size();
    if (d->query.error.isSet()) {
        state.refuse(d->query.error);
    } else if (d->applied.isEmpty()) {
        state.status = QueryState::Status::Neutral;
    } else if (d->sortAsked || (d->sorter.isRunning() && !d->hold.isHeld() && d->order->keys.empty())) {
        state.status = QueryState::Status::Running;
        state.percent = 0;
    } else if (d->order->tooHard > 0) {
        state.status = QueryState::Status::Suspicious;
        state.message = tooHardText(d->order->tooHard);
    } else {
        state.status = QueryState::Status::Applied;
    }
    return state;
}

ParsedQuery ConnectionsModel::parse(const QString &text) const
{
    return parseQuery(text, d->context());
}

Completion ConnectionsModel::completionAt(const QString &text, int cursor) const
{
    return completeQuery(text, cursor, d->context(),
                         [this](const Field &field, const QString &prefix) { return valuesOf(d->table, field, prefix); });
}

bool ConnectionsModel::visit(quint64 id, const std::function<void(const RowCells &)> &look) const
{
    if (id == ConnectionSorter::FoldedKey) {
        look(FoldedCells(d->order->folded));
        return true;
    }
    const quint32 slot = id == 0 ? ConnectionTable::noSlot() : d->table.slotOfKey(id);
    if (slot == ConnectionTable::noSlot())
        return false;
    look(ConnectionCells(d->table, slot, d->now(), d->stale));
    return true;
}

} // namespace Monitor
