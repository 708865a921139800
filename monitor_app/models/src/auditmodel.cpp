// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/auditmodel.h"

#include "auditcells.h"
#include "monitor/models/text.h"
#include "monitor/store/auditfilter.h"

#include <QElapsedTimer>

#include <deque>

namespace Monitor {

namespace {

constexpr qint64 RateWindowMs = 5000;
constexpr qint64 SlideEveryMs = 1000;

using Columns = QList<RowWindowModel::Column>;

quint64 endOf(const AuditFilterResult &result)
{
    return result.segments.empty() ? 0 : result.segments.back()->firstRow + result.segments.back()->evaluated;
}

} // namespace

class AuditModel::Private
{
public:
    Private(AuditModel *q, AuditTable &table, NowFunction now)
        : q(q)
        , table(table)
        , now(std::move(now))
        , filter(table)
        , result(filter.result())
    {
        clock.start();
    }

    quint64 rowAt(qint64 viewRow) const
    {
        return viewRow >= 0 && quint64(viewRow) < result->total() ? result->rowAt(quint64(viewRow)) : 0;
    }
    //! Takes over a newer result; returns false if there is nothing new.
    bool adopt(std::shared_ptr<const AuditFilterResult> next);
    void count(qint64 added, qint64 first);
    QueryContext context() const { return q->contextOf(auditFields(), now()); }
    void slide(); //!< A query that depends on the time of day is asked anew.

    AuditModel *const q;
    AuditTable &table;
    NowFunction now;
    AuditFilter filter;
    std::shared_ptr<const AuditFilterResult> result;
    quint64 generation = 0;
    TailState tail;
    qint64 newErrors = 0;
    QDateTime since = QDateTime::currentDateTimeUtc();
    ParsedQuery query;
    QString text;
    QString applied;
    quint64 queryId = 0;
    quint64 slidFrom = 0; // ids from here to queryId are the same query at later times
    qint64 slidAt = 0;
    bool knowsEnd = false; // result holds every row up to its end, so what comes later is new
    QueryState shownState;
    QElapsedTimer clock;
    std::deque<std::pair<qint64, qint64>> arrivals; // ms, rows
};

AuditModel::AuditModel(AuditTable &table, QObject *parent)
    : AuditModel(
        table, [] { return QDateTime::currentMSecsSinceEpoch(); }, parent)
{
}

AuditModel::AuditModel(AuditTable &table, NowFunction now, QObject *parent)
    : RowWindowModel(Columns{{QStringLiteral("ts"), tr("Time"), Qt::AlignLeft},
                             {QStringLiteral("seq"), tr("Seq"), Qt::AlignRight},
                             {QStringLiteral("sev"), tr("Severity"), Qt::AlignLeft},
                             {QStringLiteral("kind"), tr("Event"), Qt::AlignLeft},
                             {QStringLiteral("user"), tr("User"), Qt::AlignLeft},
                             {QStringLiteral("node"), tr("Node"), Qt::AlignLeft},
                             {QStringLiteral("ip"), tr("Address"), Qt::AlignLeft},
                             {QStringLiteral("message"), tr("Message"), Qt::AlignLeft}},
                     parent)
    , d(std::make_unique<Private>(this, table, std::move(now)))
{
}

AuditModel::~AuditModel() = default;

AuditModel::TailMode AuditModel::mode() const
{
    return TailMode(d->tail.mode());
}

qint64 AuditModel::newRows() const
{
    return d->tail.newRows();
}

qint64 AuditModel::newErrors() const
{
    return d->newErrors;
}

QString AuditModel::modeText() const
{
    switch (mode()) {
    case TailMode::Following:
        return tr("Following");
    case TailMode::Paused:
        return tr("Paused");
    case TailMode::Detached:
        break;
    }
    return tr("Detached");
}

QString AuditModel::pausedText() const
{
    const qint64 since = d->since.toMSecsSinceEpoch();
    const QString ago = Text::duration(QDateTime::currentMSecsSinceEpoch() - since);
    if (mode() == TailMode::Paused)
        return tr("Paused by you at %1, %2 ago").arg(Text::clockTime(since), ago);
    if (mode() == TailMode::Detached)
        return tr("Detached at %1, %2 ago").arg(Text::clockTime(since), ago);
    return {};
}

QString AuditModel::newRowsText() const
{
    return mode() == TailMode::Following ? QString() : tr("%1 new").arg(Text::count(newRows()));
}

QString AuditModel::newErrorsText() const
{
    if (mode() == TailMode::Following || d->newErrors == 0)
        return {};
    return d->newErrors == 1 ? tr("1 error") : tr("%1 errors").arg(Text::count(d->newErrors));
}

double AuditModel::rate() const
{
    qint64 rows = 0;
    const qint64 from = d->clock.elapsed() - RateWindowMs;
    for (const auto &[time, count] : d->arrivals)
        rows += time >= from ? count : 0;
    const qint64 span = std::clamp<qint64>(d->clock.elapsed(), 1000, RateWindowMs);
    return double(rows) * 1000 / double(span);
}

QString AuditModel::liveEdgeText() const
{
    return d->applied.isEmpty() ? tr("Live edge, %1 events/s").arg(Text::rate(rate()))
                                : tr("Live edge, %1 events/s after filter").arg(Text::rate(rate()));
}

QString AuditModel::gapsText() const
{
    const qint64 gaps = d->table.gapCount();
    if (gaps == 0)
        return {};
    const QString events = Text::count(qint64(d->table.missedEvents()));
    return gaps == 1 ? tr("1 gap, %1 events").arg(events) : tr("%1 gaps, %2 events").arg(Text::count(gaps), events);
}

void AuditModel::follow()
{
    clearSelection(); // a selected row would scroll away
    if (mode() == TailMode::Following)
        return;
    d->tail.followed();
    d->newErrors = 0;
    d->since = QDateTime::currentDateTimeUtc();
    moveWindow(d->tail.first());
    Q_EMIT modeChanged();
    Q_EMIT newRowsChanged();
}

void AuditModel::pause()
{
    if (mode() == TailMode::Paused)
        return;
    if (mode() == TailMode::Following)
        d->newErrors = 0;
    d->tail.paused();
    d->since = QDateTime::currentDateTimeUtc();
    Q_EMIT modeChanged();
    Q_EMIT newRowsChanged();
}

void AuditModel::scrollTo(qint64 first)
{
    const auto before = d->tail.mode();
    d->tail.scrolledTo(first);
    if (d->tail.mode() != before) {
        d->newErrors = 0;
        d->since = QDateTime::currentDateTimeUtc();
    }
    RowWindowModel::setWindow(d->tail.first(), windowRows());
    if (d->tail.mode() != before) {
        Q_EMIT modeChanged();
        Q_EMIT newRowsChanged();
    }
}

void AuditModel::scrollToRow(quint64 id)
{
    const qint64 row = viewRowOf(id);
    if (row >= 0)
        scrollTo(row - windowRows() / 2);
}

quint64 AuditModel::nextError(quint64 fromId, bool backwards) const
{
    constexpr qint64 Furthest = 1'000'000;
    const qint64 total = totalRows();
    qint64 row = viewRowOf(fromId);
    if (row < 0)
        row = backwards ? total : -1;
    const qint64 step = backwards ? -1 : 1;
    qint64 looked = 0;
    for (row += step; row >= 0 && row < total && looked < Furthest; row += step, ++looked) {
        const quint64 id = idAt(row);
        const auto at = d->table.locate(id - 1);
        if (at && at.segment->severities()[at.row] >= 4 && !(at.segment->outcomes()[at.row] & AuditRecord::Gap))
            return id;
    }
    return 0;
}

QList<AuditModel::Bucket> AuditModel::histogram(qint64 from, qint64 to, int buckets) const
{
    QList<Bucket> result;
    if (buckets <= 0 || to <= from)
        return result;
    result.resize(buckets);
    for (int i = 0; i < buckets; ++i)
        result[i].start = from + (to - from) * i / buckets;
    const auto snapshot = d->table.snapshot();
    for (const auto &matches : d->result->segments) {
        const qsizetype index = AuditTable::segmentIndex(snapshot, matches->firstRow);
        if (index < 0)
            continue;
        const AuditSegment &segment = *snapshot[size_t(index)];
        if (segment.isSealed() && (segment.maxTime() < from || segment.minTime() >= to))
            continue;
        for (quint32 row = 0; row < matches->evaluated; ++row) {
            const qint64 time = segment.times()[row];
            if (time < from || time >= to || !matches->has(row))
                continue;
            Bucket &bucket = result[int(double(time - from) * buckets / double(to - from))];
            if (segment.outcomes()[row] & AuditRecord::Gap) {
                bucket.gap = true;
                continue;
            }
            const quint8 severity = segment.severities()[row];
            ++bucket.total;
            bucket.warnings += severity == 3;
            bucket.errors += severity == 4;
            bucket.criticals += severity == 5;
        }
    }
    return result;
}

qint64 AuditModel::totalRows() const
{
    return qint64(d->result->total());
}

void AuditModel::setWindow(qint64 first, int count)
{
    d->tail.resized(count);
    RowWindowModel::setWindow(d->tail.first(), count);
    if (first != d->tail.first())
        scrollTo(first);
}

quint64 AuditModel::idAt(qint64 viewRow) const
{
    return viewRow >= 0 && viewRow < totalRows() ? d->rowAt(viewRow) + 1 : 0;
}

qint64 AuditModel::viewRowOf(quint64 id) const
{
    return id == 0 ? -1 : d->result->viewRowOf(id - 1);
}

void AuditModel::Private::count(qint64 added, qint64 first)
{
    if (added <= 0)
        return;
    // What happened before is a backlog that comes in, and says nothing about how much happens now.
    const qint64 oldest = now() - RateWindowMs;
    qint64 fresh = 0;
    for (qint64 row = first + added; fresh < added; ++fresh) {
        const auto at = table.locate(rowAt(--row));
        if (!at || at.segment->times()[at.row] < oldest)
            break;
    }
    arrivals.emplace_back(clock.elapsed(), fresh);
    while (arrivals.front().first < clock.elapsed() - RateWindowMs)
        arrivals.pop_front();
    if (tail.mode() == Monitor::TailMode::Following)
        return;
    for (qint64 row = first; row < first + added; ++row) {
        const auto at = table.locate(rowAt(row));
        if (at && at.segment->severities()[at.row] >= 4 && !(at.segment->outcomes()[at.row] & AuditRecord::Gap))
            ++newErrors;
    }
}

bool AuditModel::Private::adopt(std::shared_ptr<const AuditFilterResult> next)
{
    const quint64 storeGeneration = table.generation();
    if (next == result && storeGeneration == generation)
        return false;
    const bool sameQuery =
        next->queryId == result->queryId || (slidFrom != 0 && result->queryId >= slidFrom && next->queryId >= slidFrom);
    // Between two complete results rows only came at the end; a partial one in between would make old rows look new.
    if (sameQuery && knowsEnd && !next->complete)
        return false;
    const quint64 anchor = rowAt(tail.first());
    const quint64 oldEnd = endOf(*result);
    result = std::move(next);
    generation = storeGeneration;
    const qint64 total = qint64(result->total());
    const qint64 added = sameQuery && knowsEnd ? total - qint64(result->lowerBound(oldEnd)) : 0;
    const qint64 shift = qint64(result->lowerBound(anchor)) - tail.first();
    tail.shifted(shift, total - added);
    tail.grown(total);
    if (!sameQuery) {
        tail.replaced(total);
        newErrors = 0;
    }
    knowsEnd = result->complete;
    count(added, total - added);
    return true;
}

void AuditModel::Private::slide()
{
    const qint64 at = now();
    if (slidFrom == 0 || (at >= slidAt && at - slidAt < SlideEveryMs))
        return;
    slidAt = at;
    queryId = filter.setQuery(parseQuery(applied, context()).root);
}

void AuditModel::tick()
{
    d->slide();
    d->filter.update();
    const qint64 before = newRows();
    if (d->adopt(d->filter.result()))
        moveWindow(d->tail.first());
    if (newRows() != before)
        Q_EMIT newRowsChanged();
    const QueryState state = queryState();
    if (state != d->shownState) {
        d->shownState = state;
        Q_EMIT queryStateChanged();
    }
}

void AuditModel::setQuery(const QString &text)
{
    d->text = text;
    ParsedQuery parsed = parseQuery(text, d->context());
    const bool isGood = !parsed.error.isSet();
    d->query = std::move(parsed);
    if (isGood) {
        d->applied = text.trimmed();
        d->queryId = d->filter.setQuery(d->query.root);
        d->slidFrom = d->query.dependsOnNow ? d->queryId : 0;
        d->slidAt = d->now();
        d->knowsEnd = false;
    }
    d->shownState = queryState();
    Q_EMIT queryStateChanged();
}

QueryState AuditModel::queryState() const
{
    QueryState state;
    state.text = d->text;
    state.appliedText = d->applied;
    state.matched = qint64(d->result->matched());
    state.total = qint64(d->result->rows - d->result->gaps);
    if (d->query.error.isSet()) {
        state.refuse(d->query.error);
    } else if (d->applied.isEmpty()) {
        state.status = QueryState::Status::Neutral;
    } else if (const bool isOld = d->result->queryId < (d->slidFrom != 0 ? d->slidFrom : d->queryId);
               isOld || (!d->result->complete && !d->knowsEnd)) {
        state.status = QueryState::Status::Running;
        state.percent = isOld || d->result->rows == 0 ? 0 : int(d->result->evaluated * 100 / d->result->rows);
    } else if (d->result->tooHard > 0) {
        state.status = QueryState::Status::Suspicious;
        state.message = tooHardText(d->result->tooHard);
    } else if (d->result->neverTrue && d->result->rows > 0) {
        state.status = QueryState::Status::Suspicious;
        state.message = tr("No row that is loaded can match. Check the spelling of the values.");
    } else {
        state.status = QueryState::Status::Applied;
    }
    return state;
}

ParsedQuery AuditModel::parse(const QString &text) const
{
    return parseQuery(text, d->context());
}

Completion AuditModel::completionAt(const QString &text, int cursor) const
{
    return completeQuery(text, cursor, d->context(),
                         [this](const Field &field, const QString &prefix) { return valuesOf(d->table, field, prefix); });
}

bool AuditModel::visit(quint64 id, const std::function<void(const RowCells &)> &look) const
{
    const auto at = id == 0 ? AuditTable::Located() : d->table.locate(id - 1);
    if (!at)
        return false;
    look(AuditCells(d->table, at));
    return true;
}

void AuditModel::selectionWasChanged()
{
    const auto before = d->tail.mode();
    d->tail.setHeld(!selectedIds().isEmpty());
    if (d->tail.mode() == before)
        return;
    d->newErrors = 0;
    d->since = QDateTime::currentDateTimeUtc();
    Q_EMIT modeChanged();
    Q_EMIT newRowsChanged();
}

} // namespace Monitor
