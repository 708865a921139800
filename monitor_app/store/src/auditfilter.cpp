// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/auditfilter.h"

#include "monitor/store/auditrows.h"

#include <algorithm>
#include <bit>
#include <condition_variable>
#include <thread>

namespace Monitor {

namespace {

constexpr quint32 Run = 4096;

//! Fills in counts and the rank directory.
void finish(SegmentMatches &m, const AuditSegment &segment)
{
    m.before.fill(0);
    m.matches = 0;
    m.gaps = 0;
    m.severe = 0;
    for (quint32 run = 0; run * Run < m.evaluated; ++run) {
        const quint32 end = std::min(m.evaluated, (run + 1) * Run);
        m.before[run] = m.matches;
        for (quint32 row = run * Run; row < end; row += 64) {
            const quint64 word = m.bits.empty() ? ~quint64(0) : m.bits[row / 64];
            const quint32 rows = std::min(64u, end - row);
            const quint64 inside = rows == 64 ? word : word & ((quint64(1) << rows) - 1);
            m.matches += quint32(std::popcount(inside));
            for (quint64 rest = inside; rest != 0; rest &= rest - 1) {
                const quint32 at = row + quint32(std::countr_zero(rest));
                const bool isGap = segment.outcomes()[at] & AuditRecord::Gap;
                m.gaps += isGap;
                m.severe += !isGap && segment.severities()[at] >= 4;
            }
        }
        for (size_t later = run + 1; later < m.before.size(); ++later)
            m.before[later] = m.matches;
    }
}

//! Null if \a stop ended it.
std::shared_ptr<const SegmentMatches> evaluated(const AuditSegment &segment, const SegmentMatches *old,
                                                const CompiledQuery &query, const AuditTable &table,
                                                const DictionaryMatch::Stop &stop)
{
    auto m = std::make_shared<SegmentMatches>();
    m->firstRow = segment.firstRow();
    m->evaluated = segment.count();
    if (query.isEverything()) {
        finish(*m, segment);
        return m;
    }
    const quint32 from = old ? old->evaluated / 64 * 64 : 0;
    m->bits.resize((size_t(m->evaluated) + 63) / 64);
    if (old)
        std::copy_n(old->bits.begin(), from / 64, m->bits.begin());
    const quint32 slice = query.readsPayload() ? Run : AuditSegment::Capacity;
    for (quint32 start = from; start < m->evaluated; start += slice) {
        if (start != from && stop())
            return nullptr;
        query.evaluate(AuditRows(table, &segment), start, std::min(m->evaluated, start + slice), m->bits.data() + start / 64);
    }
    if (!query.tests(int(AuditColumn::Row))) {
        for (quint32 row = from; row < m->evaluated; ++row) {
            if (segment.outcomes()[row] & AuditRecord::Gap)
                m->bits[row / 64] |= quint64(1) << (row % 64);
        }
    }
    finish(*m, segment);
    return m;
}

} // namespace

quint32 SegmentMatches::rank(quint32 row) const
{
    row = std::min(row, evaluated);
    if (bits.empty())
        return row;
    quint32 count = before[row / Run];
    for (quint32 word = row / Run * (Run / 64); word < row / 64; ++word)
        count += quint32(std::popcount(bits[word]));
    if (const quint32 rest = row % 64)
        count += quint32(std::popcount(bits[row / 64] & ((quint64(1) << rest) - 1)));
    return count;
}

quint32 SegmentMatches::select(quint32 n) const
{
    if (bits.empty())
        return n;
    const auto run = std::upper_bound(before.begin(), before.end(), n) - before.begin() - 1;
    quint32 left = n - before[size_t(run)];
    for (size_t word = size_t(run) * (Run / 64);; ++word) {
        const quint32 here = quint32(std::popcount(bits[word]));
        if (left >= here) {
            left -= here;
            continue;
        }
        quint64 rest = bits[word];
        for (; left > 0; --left)
            rest &= rest - 1;
        return quint32(word * 64) + quint32(std::countr_zero(rest));
    }
}

quint64 AuditFilterResult::rowAt(quint64 viewRow) const
{
    const auto after = std::upper_bound(before.begin(), before.end(), viewRow);
    const size_t index = size_t(after - before.begin()) - 1;
    return segments[index]->firstRow + segments[index]->select(quint32(viewRow - before[index]));
}

quint64 AuditFilterResult::lowerBound(quint64 row) const
{
    const auto after =
        std::upper_bound(segments.begin(), segments.end(), row, [](quint64 r, const auto &s) { return r < s->firstRow; });
    if (after == segments.begin())
        return 0;
    const size_t index = size_t(after - segments.begin()) - 1;
    const quint64 inside = std::min<quint64>(row - segments[index]->firstRow, segments[index]->evaluated);
    return before[index] + segments[index]->rank(quint32(inside));
}

qint64 AuditFilterResult::viewRowOf(quint64 row) const
{
    const auto after =
        std::upper_bound(segments.begin(), segments.end(), row, [](quint64 r, const auto &s) { return r < s->firstRow; });
    if (after == segments.begin())
        return -1;
    const size_t index = size_t(after - segments.begin()) - 1;
    const quint64 inside = row - segments[index]->firstRow;
    if (inside >= segments[index]->evaluated || !segments[index]->has(quint32(inside)))
        return -1;
    return qint64(before[index] + segments[index]->rank(quint32(inside)));
}

class AuditFilter::Private
{
public:
    explicit Private(const AuditTable &table)
        : table(table)
        , published(std::make_shared<AuditFilterResult>())
        , worker([this] { run(); })
    {
    }

    ~Private()
    {
        {
            const std::lock_guard lock(mutex);
            stop = true;
        }
        wake.notify_all();
        worker.join();
    }

    void run();
    void work(quint64 id, const std::shared_ptr<const QueryNode> &root);
    void publish(quint64 id, const AuditTable::Snapshot &snapshot, bool complete);
    bool isOutdated(quint64 id) const
    {
        const std::lock_guard lock(mutex);
        return stop || id != queryId;
    }

    const AuditTable &table;
    mutable std::mutex mutex;
    std::condition_variable wake;
    mutable std::condition_variable idle;
    std::shared_ptr<const QueryNode> query = std::make_shared<QueryNode>();
    quint64 queryId = 0;
    quint64 asked = 0; // rounds
    quint64 done = 0;
    bool stop = false;
    std::shared_ptr<const AuditFilterResult> published;

    // worker's
    quint64 compiledId = ~quint64(0);
    std::unique_ptr<CompiledQuery> compiled;
    std::vector<std::shared_ptr<const SegmentMatches>> matches; // parallel to the snapshot it was made for
    std::thread worker;
};

void AuditFilter::Private::run()
{
    for (;;) {
        quint64 round = 0;
        quint64 id = 0;
        std::shared_ptr<const QueryNode> root;
        {
            std::unique_lock lock(mutex);
            wake.wait(lock, [this] { return stop || asked != done; });
            if (stop)
                return;
            round = asked;
            id = queryId;
            root = query;
        }
        work(id, root);
        const std::lock_guard lock(mutex);
        if (id == queryId)
            done = round;
        idle.notify_all();
    }
}

void AuditFilter::Private::work(quint64 id, const std::shared_ptr<const QueryNode> &root)
{
    const auto stopped = [this, id] { return isOutdated(id); };
    if (compiledId != id) {
        compiled = std::make_unique<CompiledQuery>(root, AuditRows(table, nullptr), auditFields(), stopped);
        compiledId = id;
        matches.clear();
    }
    const auto snapshot = table.snapshot();
    std::vector<std::shared_ptr<const SegmentMatches>> next(snapshot.size());
    for (size_t i = 0, old = 0; i < snapshot.size(); ++i) {
        while (old < matches.size() && (!matches[old] || matches[old]->firstRow < snapshot[i]->firstRow()))
            ++old;
        if (old < matches.size() && matches[old]->firstRow == snapshot[i]->firstRow())
            next[i] = matches[old];
    }
    matches = std::move(next);
    for (size_t i = snapshot.size(); i-- > 0;) {
        const quint32 known = matches[i] ? matches[i]->evaluated : 0;
        if (known == snapshot[i]->count())
            continue;
        if (!compiled->extend(stopped))
            return;
        auto found = evaluated(*snapshot[i], matches[i].get(), *compiled, table, stopped);
        if (!found || isOutdated(id))
            return;
        matches[i] = std::move(found);
        if (i % 4 == 0 || snapshot.size() - i <= 2)
            publish(id, snapshot, false);
    }
    publish(id, snapshot, true);
}

void AuditFilter::Private::publish(quint64 id, const AuditTable::Snapshot &snapshot, bool complete)
{
    auto result = std::make_shared<AuditFilterResult>();
    result->queryId = id;
    result->complete = complete;
    result->tooHard = compiled->tooHard();
    result->neverTrue = compiled->isNeverTrue();
    result->before.push_back(0);
    for (size_t i = 0; i < snapshot.size(); ++i) {
        result->rows += snapshot[i]->count();
        if (!matches[i])
            continue;
        result->segments.push_back(matches[i]);
        result->before.push_back(result->before.back() + matches[i]->matches);
        result->evaluated += matches[i]->evaluated;
        result->gaps += matches[i]->gaps;
        result->severe += matches[i]->severe;
    }
    const std::lock_guard lock(mutex);
    published = std::move(result);
}

AuditFilter::AuditFilter(const AuditTable &table)
    : d(std::make_unique<Private>(table))
{
    update();
}

AuditFilter::~AuditFilter() = default;

quint64 AuditFilter::setQuery(std::shared_ptr<const QueryNode> root)
{
    quint64 id = 0;
    {
        const std::lock_guard lock(d->mutex);
        d->query = std::move(root);
        id = ++d->queryId;
        ++d->asked;
    }
    d->wake.notify_all();
    return id;
}

void AuditFilter::update()
{
    {
        const std::lock_guard lock(d->mutex);
        ++d->asked;
    }
    d->wake.notify_all();
}

std::shared_ptr<const AuditFilterResult> AuditFilter::result() const
{
    const std::lock_guard lock(d->mutex);
    return d->published;
}

bool AuditFilter::wait(int milliseconds) const
{
    std::unique_lock lock(d->mutex);
    const quint64 wanted = ++d->asked;
    d->wake.notify_all();
    return d->idle.wait_for(lock, std::chrono::milliseconds(milliseconds), [&] { return d->done >= wanted; });
}

} // namespace Monitor
