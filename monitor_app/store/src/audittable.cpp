// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/audittable.h"

#include "monitor/store/auditline.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace Monitor {

namespace {

constexpr qsizetype SegmentBytes = AuditSegment::BytesPerRow * AuditSegment::Capacity;
constexpr qsizetype BadLineBytes = qsizetype(64) << 10;
constexpr int BadLinesKept = 100;
constexpr int BrokenRowsKept = 10'000;

//! Short list of words numbered by 16 bits; what does not fit any more is shown as "…".
quint16 small(Interner &words, QByteArrayView word)
{
    quint32 id = words.find(word);
    if (id == Interner::notFound())
        id = words.size() < std::numeric_limits<quint16>::max() ? words.intern(word) : quint32(Interner::Overflow);
    return quint16(id);
}

} // namespace

class AuditTable::Private
{
public:
    explicit Private(Budget budget)
        : budget(budget)
        , strings(budget.stringBytes)
    {
    }

    void appendLine(QByteArrayView line, bool padded);
    void appendBad(QByteArrayView line, const char *why);
    void append(const AuditRecord &record, QByteArrayView payload);
    AuditRecord recordOf(const AuditLine &line);
    void noteSequence(quint64 sequence, qint64 time);
    void noteFormat(const AuditLine &line);
    std::shared_ptr<AuditSegment> openSegment();
    void keepBudget();
    template <typename F>
    auto locked(F &&f) const
    {
        const std::lock_guard lock(mutex);
        return f();
    }

    const Budget budget;
    Interner strings;
    Interner kinds{qsizetype(16) << 20};
    Interner nodes{qsizetype(16) << 20};
    AuditLineParser parser;
    std::shared_ptr<AuditSegment> open; // writer's

    mutable std::mutex mutex; // for what follows
    std::vector<std::shared_ptr<AuditSegment>> segments;
    quint64 nextRow = 0; // first row of the segment after the open one, when there is no open one
    quint64 generation = 0;
    QList<BadLine> bad;
    QMap<quint64, QString> broken; // row to reason
    std::vector<quint64> mapped; // lines by mapping

    quint64 badSinceSequence = 0; // the writer's
    std::atomic<quint64> lines{0};
    std::atomic<quint64> badCount{0};
    std::atomic<quint64> plain{0};
    std::atomic<qsizetype> brokenCount{0};
    std::atomic<qint64> gaps{0};
    std::atomic<qint64> restarts{0};
    std::atomic<quint64> missed{0};
    std::atomic<quint64> lastSequence{0};
    std::atomic<qint64> lastTime{0};
    std::atomic<quint64> evicted{0};
};

AuditTable::AuditTable()
    : AuditTable(Budget())
{
}

AuditTable::AuditTable(Budget budget)
    : d(std::make_unique<Private>(budget))
{
}

AuditTable::~AuditTable() = default;

std::shared_ptr<AuditSegment> AuditTable::Private::openSegment()
{
    if (open && open->count() < AuditSegment::Capacity)
        return open;
    const std::lock_guard lock(mutex);
    if (open) {
        open->seal();
        nextRow = open->firstRow() + open->count();
    }
    open = std::make_shared<AuditSegment>(nextRow);
    segments.push_back(open);
    const qsizetype most = std::max(qsizetype(2), budget.columnBytes / SegmentBytes);
    while (qsizetype(segments.size()) > most) {
        evicted += segments.front()->count();
        segments.erase(segments.begin());
        ++generation;
    }
    return open;
}

void AuditTable::Private::keepBudget()
{
    const std::lock_guard lock(mutex);
    qsizetype payload = 0;
    for (const auto &segment : segments)
        payload += segment->payloadBytes();
    for (const auto &segment : segments) {
        if (payload <= budget.payloadBytes || segment == open)
            return;
        payload -= segment->payloadBytes();
        segment->dropPayload();
    }
}

void AuditTable::Private::append(const AuditRecord &record, QByteArrayView payload)
{
    openSegment()->append(record, payload);
    if (record.time != 0)
        lastTime.store(record.time, std::memory_order_relaxed);
}

void AuditTable::Private::noteSequence(quint64 sequence, qint64 time)
{
    if (sequence == 0)
        return;
    const quint64 last = lastSequence.load(std::memory_order_relaxed);
    // Lines that are here and could not be read are said to be unreadable, not missing as well.
    const quint64 unread = std::exchange(badSinceSequence, 0);
    if (sequence == 1 && last > 1) {
        openSegment()->appendGap({1, last, 0, -1, AuditGap::Cause::Restart}, lastTime.load());
        ++restarts;
        lastSequence.store(1, std::memory_order_relaxed);
        return;
    }
    if (last != 0 && sequence > last + 1 && sequence - last - 1 > unread) {
        AuditGap gap;
        gap.from = last + 1;
        gap.to = sequence - 1;
        gap.count = gap.to - gap.from + 1 - unread;
        gap.durationMs = lastTime.load() > 0 && time >= lastTime.load() ? time - lastTime.load() : -1;
        openSegment()->appendGap(gap, lastTime.load());
        ++gaps;
        missed += gap.count;
    }
    if (sequence > last)
        lastSequence.store(sequence, std::memory_order_relaxed);
}

AuditRecord AuditTable::Private::recordOf(const AuditLine &line)
{
    AuditRecord r;
    r.time = line.time; // none is none: the time of the line before would be invented
    r.sequence = line.sequence;
    r.severity = quint8(line.severity);
    r.outcome = quint8(line.outcome);
    r.closeCode = quint16(line.closeCode);
    r.kind = small(kinds, line.kind);
    r.node = small(nodes, line.node);
    r.actor = strings.intern(line.actor);
    r.client = strings.intern(line.client);
    r.session = strings.intern(line.session);
    r.connection = strings.intern(line.connection);
    r.token = strings.intern(line.token);
    r.family = strings.intern(line.family);
    r.ip = strings.intern(line.ip);
    r.reason = strings.intern(line.reason);
    r.message = strings.intern(line.message);
    return r;
}

void AuditTable::Private::appendBad(QByteArrayView line, const char *why)
{
    AuditRecord r;
    r.severity = 3;
    r.outcome = AuditRecord::Bad;
    r.message = strings.intern(QByteArrayView(why));
    append(r, line.first(std::min(line.size(), BadLineBytes)));
    ++badCount;
    ++badSinceSequence;
    const quint64 row = open->firstRow() + open->count() - 1;
    const std::lock_guard lock(mutex);
    if (bad.size() < BadLinesKept)
        bad.append({lines.load(), row, QString::fromLatin1(why)});
}

void AuditTable::Private::noteFormat(const AuditLine &line)
{
    if (line.isPlain)
        ++plain;
    if (line.mapping < 0)
        return;
    const std::lock_guard lock(mutex);
    mapped.resize(std::max(mapped.size(), size_t(line.mapping) + 1));
    ++mapped[size_t(line.mapping)];
}

void AuditTable::Private::appendLine(QByteArrayView line, bool padded)
{
    ++lines;
    if (line.startsWith("\xef\xbb\xbf")) // the mark of Windows programs, also where two files were joined
        line = line.sliced(3);
    if (line.endsWith('\r'))
        line.chop(1);
    if (line.isEmpty())
        return;
    AuditLine parsed;
    const char *why = padded ? parser.parsePadded(line, parsed) : parser.parse(line, parsed);
    if (why)
        return appendBad(line, why);
    noteFormat(parsed);
    noteSequence(parsed.sequence, parsed.time);
    append(recordOf(parsed), line);
}

void AuditTable::appendLines(const QByteArrayList &lines)
{
    for (const QByteArray &line : lines)
        d->appendLine(line, false);
    d->keepBudget();
}

void AuditTable::appendBuffer(QByteArrayView lines)
{
    const char *at = lines.data();
    const char *const end = at + lines.size();
    while (at < end) {
        const auto *stop = static_cast<const char *>(std::memchr(at, '\n', size_t(end - at)));
        if (!stop)
            stop = end;
        d->appendLine({at, stop}, end - stop >= AuditLineParser::Padding);
        at = stop + 1;
    }
    d->keepBudget();
}

void AuditTable::appendGap(const AuditGap &gap, qint64 time)
{
    d->openSegment()->appendGap(gap, time != 0 ? time : lastTime());
    ++d->gaps;
    d->missed += gap.count;
    if (gap.to > lastSequence())
        d->lastSequence = gap.to;
}

void AuditTable::startEpoch()
{
    d->lastSequence = 0;
}

void AuditTable::clear()
{
    const std::lock_guard lock(d->mutex);
    if (d->open)
        d->nextRow = d->open->firstRow() + d->open->count();
    d->open.reset();
    d->segments.clear();
    d->bad.clear();
    d->broken.clear();
    d->brokenCount = 0;
    d->mapped.clear();
    d->plain = 0;
    d->lastSequence = 0;
    d->gaps = 0;
    d->restarts = 0;
    d->missed = 0;
    ++d->generation;
}

AuditTable::Snapshot AuditTable::snapshot() const
{
    return d->locked([&] { return Snapshot(d->segments.begin(), d->segments.end()); });
}

quint64 AuditTable::firstRow() const
{
    return d->locked([&] { return d->segments.empty() ? d->nextRow : d->segments.front()->firstRow(); });
}

quint64 AuditTable::endRow() const
{
    return d->locked(
        [&] { return d->segments.empty() ? d->nextRow : d->segments.back()->firstRow() + d->segments.back()->count(); });
}

quint64 AuditTable::generation() const
{
    return d->locked([&] { return d->generation; });
}

const Interner &AuditTable::strings() const
{
    return d->strings;
}

QString AuditTable::kindName(quint16 kind) const
{
    return d->kinds.text(kind);
}

QString AuditTable::nodeName(quint16 node) const
{
    return d->nodes.text(node);
}

const Interner &AuditTable::kinds() const
{
    return d->kinds;
}

const Interner &AuditTable::nodes() const
{
    return d->nodes;
}

quint64 AuditTable::linesSeen() const
{
    return d->lines;
}

void AuditTable::setMappings(const QList<LogMapping> &mappings)
{
    const std::lock_guard lock(d->mutex);
    d->parser.setMappings(mappings);
    d->mapped.clear();
}

void AuditTable::markBroken(quint64 row, const QString &why)
{
    const std::lock_guard lock(d->mutex);
    if (d->broken.size() < BrokenRowsKept)
        d->broken.insert(row, why);
    d->brokenCount = d->broken.size();
}

QString AuditTable::brokenWhy(quint64 row) const
{
    if (d->brokenCount == 0)
        return {};
    return d->locked([&] { return d->broken.value(row); });
}

quint64 AuditTable::plainLines() const
{
    return d->plain;
}

QMap<QString, quint64> AuditTable::mappedLines() const
{
    return d->locked([&] {
        QMap<QString, quint64> counts;
        for (size_t index = 0; index < d->mapped.size(); ++index) {
            if (d->mapped[index] > 0)
                counts[d->parser.mappings().value(qsizetype(index)).name] += d->mapped[index];
        }
        return counts;
    });
}

quint64 AuditTable::badLineCount() const
{
    return d->badCount;
}

QList<AuditTable::BadLine> AuditTable::badLines() const
{
    return d->locked([&] { return d->bad; });
}

qint64 AuditTable::gapCount() const
{
    return d->gaps;
}

qint64 AuditTable::restartCount() const
{
    return d->restarts;
}

quint64 AuditTable::missedEvents() const
{
    return d->missed;
}

quint64 AuditTable::lastSequence() const
{
    return d->lastSequence;
}

qint64 AuditTable::firstTime() const
{
    return d->locked([&] {
        for (const auto &segment : d->segments) {
            if (segment->minTime() <= segment->maxTime())
                return segment->minTime();
        }
        return qint64(0);
    });
}

qint64 AuditTable::lastTime() const
{
    return d->lastTime;
}

quint64 AuditTable::evictedRows() const
{
    return d->evicted;
}

qsizetype AuditTable::bytes() const
{
    return d->locked([&] {
        qsizetype sum = d->strings.bytes() + d->kinds.bytes() + d->nodes.bytes();
        for (const auto &segment : d->segments)
            sum += SegmentBytes + segment->payloadBytes();
        return sum;
    });
}

AuditTable::Budget AuditTable::budget() const
{
    return d->budget;
}

qsizetype AuditTable::segmentIndex(const Snapshot &snapshot, quint64 row)
{
    const auto after = std::upper_bound(snapshot.begin(), snapshot.end(), row,
                                        [](quint64 r, const auto &segment) { return r < segment->firstRow(); });
    if (after == snapshot.begin())
        return -1;
    const qsizetype index = (after - snapshot.begin()) - 1;
    const auto &segment = snapshot[size_t(index)];
    return row - segment->firstRow() < segment->count() ? index : -1;
}

AuditTable::Located AuditTable::locate(quint64 row) const
{
    const std::lock_guard lock(d->mutex);
    const auto after = std::upper_bound(d->segments.begin(), d->segments.end(), row,
                                        [](quint64 r, const auto &segment) { return r < segment->firstRow(); });
    if (after == d->segments.begin())
        return {};
    const auto &segment = *(after - 1);
    if (row - segment->firstRow() >= segment->count())
        return {};
    return {segment, quint32(row - segment->firstRow())};
}

} // namespace Monitor
