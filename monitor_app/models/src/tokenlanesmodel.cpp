// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/tokenlanesmodel.h"

#include "laneorder.h"
#include "monitor/models/heldorder.h"
#include "monitor/models/text.h"

#include <algorithm>

namespace Monitor {

namespace {
constexpr qint64 SortEveryMs = 1000;
}

class TokenLanesModel::Private
{
public:
    explicit Private(TokenTable &table)
        : table(table)
        , order(table)
    {
    }

    QueryContext context() const { return {laneFields(), now, saved}; }

    TokenTable &table;
    LaneOrder order;
    QHash<QString, QString> saved;
    ParsedQuery query = parseQuery({}, {laneFields(), 0, {}});
    std::shared_ptr<const QueryNode> root = query.root;
    QString text;
    QString applied;
    bool appliedDependsOnNow = false;
    qint64 now = 0;
    qint64 sortedAt = 0;
    quint64 version = ~quint64(0);
    quint64 sortedVersion = ~quint64(0);
    bool sortAsked = true;
    HeldOrder hold{[this] { return now; }, [this] { return order.changed(); }};
};

TokenLanesModel::TokenLanesModel(TokenTable &table, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(table))
{
    connect(&d->hold, &HeldOrder::reasonChanged, this, &TokenLanesModel::orderHeldChanged);
    connect(&d->hold, &HeldOrder::changedRowsChanged, this, &TokenLanesModel::changedRowsChanged);
}

TokenLanesModel::~TokenLanesModel() = default;

void TokenLanesModel::tick(qint64 now)
{
    d->now = now;
    const bool changed = d->version != d->table.version();
    d->version = d->table.version();
    const bool structure = d->sortedVersion != d->table.structureVersion();
    const bool isHeld = d->hold.isHeld();
    const bool released = d->order.isHeld() && !isHeld;
    if (d->sortAsked || structure || released || now - d->sortedAt >= SortEveryMs || now < d->sortedAt) {
        const bool asked = d->sortAsked;
        d->sortAsked = false;
        if (d->appliedDependsOnNow)
            d->root = parseQuery(d->applied, d->context()).root;
        d->sortedAt = now;
        d->sortedVersion = d->table.structureVersion();
        if (d->order.rebuild(d->root, now, isHeld && !asked && !d->order.rows().empty()) || asked)
            Q_EMIT rowsChanged();
        if (asked)
            Q_EMIT queryStateChanged();
    }
    d->hold.note();
    if (changed)
        Q_EMIT contentChanged();
}

OrderHold::Reason TokenLanesModel::holdReason() const
{
    return d->hold.reason();
}

qint64 TokenLanesModel::changedRows() const
{
    return d->order.changed();
}

void TokenLanesModel::refreshOrder()
{
    d->sortAsked = true;
}

void TokenLanesModel::setHovered(bool hovered)
{
    d->hold.setHovered(hovered);
}

void TokenLanesModel::setPaused(bool paused)
{
    d->hold.setPaused(paused);
}

void TokenLanesModel::setSight(int firstRow, int rows)
{
    d->order.sightFirst = firstRow;
    d->order.sightRows = rows;
}

void TokenLanesModel::setSort(Sort sort)
{
    d->sortAsked = d->sortAsked || d->order.sort != sort;
    d->order.sort = sort;
}

TokenLanesModel::Sort TokenLanesModel::sort() const
{
    return d->order.sort;
}

void TokenLanesModel::setGroup(Group group)
{
    d->sortAsked = d->sortAsked || d->order.group != group;
    d->order.group = group;
}

TokenLanesModel::Group TokenLanesModel::group() const
{
    return d->order.group;
}

void TokenLanesModel::setCollapsed(const QString &group, bool collapsed)
{
    if (collapsed)
        d->order.collapsed.insert(group);
    else
        d->order.collapsed.remove(group);
    d->sortAsked = true;
}

void TokenLanesModel::setQuery(const QString &text)
{
    d->text = text;
    d->query = parseQuery(text, d->context());
    if (!d->query.error.isSet()) {
        d->applied = text.trimmed();
        d->root = d->query.root;
        d->appliedDependsOnNow = d->query.dependsOnNow;
        d->sortAsked = true;
    }
    Q_EMIT queryStateChanged();
}

QueryState TokenLanesModel::queryState() const
{
    QueryState state;
    state.text = d->text;
    state.appliedText = d->applied;
    state.matched = qint64(d->order.visible().size());
    state.total = totalLanes();
    if (d->query.error.isSet()) {
        state.refuse(d->query.error);
    } else if (!d->applied.isEmpty()) {
        state.status = d->sortAsked ? QueryState::Status::Running : QueryState::Status::Applied;
        state.percent = d->sortAsked ? 0 : 100;
    }
    return state;
}

ParsedQuery TokenLanesModel::parse(const QString &text) const
{
    return parseQuery(text, d->context());
}

void TokenLanesModel::setSavedFilters(const QHash<QString, QString> &saved)
{
    d->saved = saved;
}

Completion TokenLanesModel::completionAt(const QString &text, int cursor) const
{
    return completeQuery(text, cursor, d->context(), [this](const Field &field, const QString &prefix) {
        return d->order.lanes.values(field, prefix, d->now);
    });
}

int TokenLanesModel::rowCount() const
{
    return int(d->order.rows().size());
}

TimelineRow TokenLanesModel::row(int row) const
{
    return row >= 0 && row < rowCount() ? d->order.rows()[size_t(row)] : TimelineRow{};
}

TimelineLane TokenLanesModel::lane(int row, qint64 from, qint64 to, double msPerPixel, qint64 now) const
{
    if (row < 0 || row >= rowCount() || d->order.rows()[size_t(row)].isGroup)
        return {};
    const TimelineRow &entry = d->order.rows()[size_t(row)];
    if (!entry.ended && d->table.laneOf(entry.session) == entry.lane)
        return LaneBuilder(d->table, now).build(entry.lane, from, to, msPerPixel);
    TimelineLane ended; // its place is kept while the order is held
    ended.sessionId = entry.session;
    ended.user = Text::elideId(entry.session);
    ended.leftText = tr("ended");
    ended.severity = Severity::Neutral;
    ended.sentence = tr("%1, ended").arg(ended.user);
    return ended;
}

TimelineLane TokenLanesModel::laneOfSession(const QString &sessionId, qint64 from, qint64 to, double msPerPixel, qint64 now) const
{
    const quint32 lane = d->table.laneOf(sessionId);
    return lane == TokenTable::none() ? TimelineLane{} : LaneBuilder(d->table, now).build(lane, from, to, msPerPixel);
}

int TokenLanesModel::rowOfSession(const QString &sessionId) const
{
    const quint32 lane = d->table.laneOf(sessionId);
    return lane == TokenTable::none() ? -1 : d->order.rowOfLane(lane);
}

qint64 TokenLanesModel::totalLanes() const
{
    return d->table.laneCount();
}

QList<TokenLanesModel::ForecastBucket> TokenLanesModel::forecast(qint64 from, qint64 to, qint64 bucketMs, qint64 now) const
{
    QList<ForecastBucket> buckets;
    if (bucketMs <= 0 || to <= from)
        return buckets;
    buckets.resize((to - from + bucketMs - 1) / bucketMs);
    for (qsizetype i = 0; i < buckets.size(); ++i)
        buckets[i].start = from + i * bucketMs;
    const auto at = [&](qint64 time) { return time >= from && time < to ? &buckets[(time - from) / bucketMs] : nullptr; };
    for (const quint32 lane : d->order.visible()) {
        const auto &chain = d->table.lane(lane).access;
        for (size_t i = size_t(d->table.firstReaching(chain, from)); i < chain.size(); ++i) {
            const TokenInterval &token = d->table.token(chain[i]);
            if (auto *bucket = i > 0 || !token.previous.isEmpty() ? at(token.issued) : nullptr)
                ++bucket->done;
            if (auto *bucket = token.failures > 0 ? at(token.refreshAt) : nullptr)
                bucket->failed += int(token.failures);
            if (token.end == TokenInterval::End::None && token.refreshAt > now) {
                if (auto *bucket = at(token.refreshAt))
                    ++bucket->planned;
            }
        }
    }
    return buckets;
}

TokenLanesModel::Density TokenLanesModel::density(qint64 from, qint64 to, int columns, int maxRows, qint64 now) const
{
    Density density;
    if (columns <= 0 || maxRows <= 0 || to <= from || d->order.visible().empty())
        return density;
    const auto lanes = int(d->order.visible().size());
    density.columns = columns;
    density.lanesPerRow = (lanes + maxRows - 1) / maxRows;
    density.rows = (lanes + density.lanesPerRow - 1) / density.lanesPerRow;
    density.cells.resize(qsizetype(columns) * density.rows);
    const double perColumn = double(to - from) / columns;
    const LaneBuilder builder(d->table, now);
    using Cell = Density::Cell;
    const auto put = [&](int row, qint64 start, qint64 end, Cell cell) {
        const int first = std::max(0, int(double(start - from) / perColumn));
        const int last = std::min(columns - 1, int(double(std::max(start, end - 1) - from) / perColumn));
        for (int column = first; start < to && end >= from && column <= last; ++column) {
            Cell &target = density.cells[qsizetype(row) * columns + column];
            target = std::max(target, cell);
        }
    };
    for (int i = 0; i < lanes; ++i) {
        const int row = i / density.lanesPerRow;
        const TimelineLane lane = builder.build(d->order.visible()[size_t(i)], from, to, perColumn);
        for (const TimelineBar &bar : lane.bars) {
            if (bar.kind != TimelineBar::Kind::Access)
                continue;
            const bool revoked = bar.state == TimelineBar::State::Revoked || bar.state == TimelineBar::State::Reused;
            put(row, bar.start, std::min(bar.end, now), bar.state == TimelineBar::State::Spent ? Cell::Spent : Cell::Live);
            if (revoked)
                put(row, bar.start, bar.end, Cell::Revoked);
            else if (bar.state == TimelineBar::State::Failing)
                put(row, bar.refreshAt > 0 ? bar.refreshAt : now, now, Cell::Failing);
            else if (bar.state == TimelineBar::State::Expiring)
                put(row, now, bar.end, Cell::Expiring);
        }
        for (const TimelineMark &mark : lane.marks) {
            if (mark.kind == TimelineMark::Kind::Refreshed)
                put(row, mark.time, mark.time + 1, Cell::Refreshed);
            else if (mark.kind == TimelineMark::Kind::Planned)
                put(row, mark.time, mark.time + 1, Cell::Planned);
            density.refreshed += mark.kind == TimelineMark::Kind::Refreshed;
        }
        density.retrying += builder.state(d->order.visible()[size_t(i)]) == LaneBuilder::State::Failing;
    }
    return density;
}

QString TokenLanesModel::sentenceOf(const TimelineMark &mark) const
{
    const QString time = Text::clockTime(mark.time);
    switch (mark.kind) {
    case TimelineMark::Kind::Refreshed:
        return tr("Refreshed at %1").arg(time);
    case TimelineMark::Kind::Planned:
        return tr("Refresh expected at %1").arg(time);
    case TimelineMark::Kind::Failed:
        return mark.count == 1 ? tr("Refresh failed, first try at %1").arg(time)
                               : tr("Refresh failed %1 times, first try at %2").arg(Text::count(mark.count), time);
    case TimelineMark::Kind::Revoked:
        return tr("Revoked at %1").arg(time);
    case TimelineMark::Kind::Reuse:
        return tr("Spent refresh token used again at %1").arg(time);
    case TimelineMark::Kind::SignedOut:
        return tr("Signed out at %1").arg(time);
    case TimelineMark::Kind::Expired:
        return tr("Expired at %1").arg(time);
    case TimelineMark::Kind::NoToken:
        return tr("No valid token for %1, from %2").arg(Text::duration(mark.until - mark.time), time);
    }
    return {};
}

QString TokenLanesModel::sentenceOf(const TimelineBar &bar) const
{
    if (bar.folded > 1)
        return tr("%1 tokens, %2 to %3").arg(Text::count(bar.folded), Text::clockTime(bar.start), Text::clockTime(bar.end));
    const QString kind = bar.kind == TimelineBar::Kind::Access ? tr("Access token") : tr("Refresh token");
    if (bar.plannedEnd == 0)
        return tr("%1 since %2, expiry not stated").arg(kind, Text::clockTime(bar.start));
    return tr("%1 from %2, expires %3").arg(kind, Text::clockTime(bar.start), Text::clockTime(bar.plannedEnd));
}

const QString &TokenLanesModel::selectedSession() const
{
    return d->order.selected;
}

void TokenLanesModel::setSelectedSession(const QString &sessionId)
{
    if (d->order.selected == sessionId)
        return;
    d->order.selected = sessionId;
    d->hold.setSelected(!sessionId.isEmpty());
    Q_EMIT selectedSessionChanged();
}

} // namespace Monitor
