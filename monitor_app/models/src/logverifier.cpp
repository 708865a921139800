// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/logverifier.h"

#include "monitor/models/text.h"

#include <watchword/watch/chainverifier.h>

#include <QCoreApplication>
#include <QElapsedTimer>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qint64 tellEveryMs = 100;
constexpr quint64 rowsBetweenLooks = 256;

struct FindingsText
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::ChainFindings)
};

QString number(quint64 sequence)
{
    return Text::count(qint64(sequence));
}

} // namespace

class ChainCheck::Private
{
public:
    void add(const ChainFindings::Finding &finding);
    void extend(quint64 row, quint64 sequence, bool follows, bool startIsProven);
    void onChained(quint64 row, const Watchword::AuditEvent &event);
    bool beginsAnew(const Watchword::AuditEvent &event) const;

    ChainFindings findings;
    Watchword::ChainVerifier verifier;
    QString chain;
    quint64 unreadSince = 0; // lines without a hash that stand behind the last event
    bool isOpen = false; // the last stretch goes on
};

void ChainCheck::Private::add(const ChainFindings::Finding &finding)
{
    if (findings.findings.size() < ChainFindings::Most)
        findings.findings.append(finding);
}

void ChainCheck::Private::extend(quint64 row, quint64 sequence, bool follows, bool startIsProven)
{
    if (isOpen && follows && !findings.stretches.isEmpty()) {
        findings.stretches.last().to = sequence;
        return;
    }
    isOpen = findings.stretches.size() < ChainFindings::Most;
    if (isOpen)
        findings.stretches.append({sequence, sequence, row, chain, startIsProven});
}

bool ChainCheck::Private::beginsAnew(const Watchword::AuditEvent &event) const
{
    if (verifier.last() == 0)
        return false;
    const QString uid = event.data.value("chain"_L1).toObject().value("uid"_L1).toString();
    return uid != chain && event.verify(event.previousHash()) && (event.sequence == 1 || event.sequence != verifier.last() + 1);
}

void ChainCheck::Private::onChained(quint64 row, const Watchword::AuditEvent &event)
{
    using Kind = ChainFindings::Finding::Kind;
    using Verdict = Watchword::ChainVerifier::Verdict;
    ++findings.events;
    if (beginsAnew(event)) {
        ++findings.restarts;
        add({Kind::Restart, row, event.sequence, verifier.last(), u"another log begins at event %1"_s.arg(event.sequence)});
        verifier.reset();
        unreadSince = 0;
        isOpen = false;
    }
    if (verifier.last() == 0)
        chain = event.data.value("chain"_L1).toObject().value("uid"_L1).toString();
    const Watchword::ChainVerifier::Outcome outcome = verifier.push(event);
    const quint64 unread = std::exchange(unreadSince, 0);
    switch (outcome.verdict) {
    case Verdict::Duplicate:
        break;
    case Verdict::Ok:
    case Verdict::Unproven:
        extend(row, event.sequence, outcome.verdict == Verdict::Ok, outcome.verdict == Verdict::Ok);
        break;
    case Verdict::Gap: {
        const quint64 lost = outcome.missingTo - outcome.missingFrom + 1;
        if (lost > unread) { // lines that are here and say nothing are told as such
            findings.missing += lost - unread;
            add({Kind::Missing, row, outcome.missingFrom, outcome.missingTo, outcome.why});
        }
        extend(row, event.sequence, false, false);
        break;
    }
    case Verdict::Broken:
        ++findings.broken;
        add({Kind::Broken, row, event.sequence, event.sequence, outcome.why});
        isOpen = false;
        break;
    }
    findings.head = verifier.head();
}

ChainCheck::ChainCheck()
    : d(std::make_unique<Private>())
{
}

ChainCheck::~ChainCheck() = default;

const ChainFindings &ChainCheck::findings() const
{
    return d->findings;
}

void ChainCheck::event(quint64 row, const QByteArray &line)
{
    using Kind = ChainFindings::Finding::Kind;
    ++d->findings.checkedRows;
    if (d->verifier.last() == 0
        && !line.contains("\"chain\"")) { // a file of another program: reading each event would take minutes
        ++d->findings.unchained;
        return;
    }
    const Watchword::Result<Watchword::AuditEvent> event = Watchword::AuditEvent::fromBytes(line);
    if (event && !event->chainHash().isEmpty())
        return d->onChained(row, *event);
    ++d->findings.unchained;
    const quint64 last = d->verifier.last();
    if (last == 0 || !event || event->sequence != last + 1 + d->unreadSince)
        return; // another program's, among ours
    // It stands where the chain goes on, and has no hash to show for it.
    ++d->findings.broken;
    ++d->unreadSince;
    d->isOpen = false;
    d->add({Kind::Broken, row, event->sequence, event->sequence, u"event %1 has no hash"_s.arg(event->sequence)});
}

void ChainCheck::unreadable(quint64 row)
{
    ++d->findings.checkedRows;
    if (d->verifier.last() == 0)
        return;
    ++d->findings.unreadable;
    ++d->unreadSince;
    d->isOpen = false;
    const quint64 behind = d->verifier.last();
    d->add({ChainFindings::Finding::Kind::Unreadable, row, behind, behind,
            u"the line behind event %1 cannot be read"_s.arg(behind)});
}

void ChainCheck::notKept(quint64 rows)
{
    d->findings.notKept += rows;
    d->add({ChainFindings::Finding::Kind::NotKept, 0, d->verifier.last(), d->verifier.last(),
            u"%1 rows went out of memory before they were checked"_s.arg(rows)});
    d->verifier.reset();
    d->unreadSince = 0;
    d->isOpen = false;
}

const ChainFindings::Finding *ChainFindings::firstBreak() const
{
    for (const Finding &finding : findings) {
        if (finding.kind == Finding::Kind::Broken)
            return &finding;
    }
    return nullptr;
}

QString ChainFindings::summary() const
{
    if (events == 0)
        return isCaughtUp ? FindingsText::tr("The events have no hash chain, so nothing can be proved")
                          : FindingsText::tr("Verifying");
    QStringList parts;
    const auto range = [](const Stretch &stretch) {
        return stretch.from == stretch.to ? number(stretch.from)
                                          : FindingsText::tr("%1 to %2").arg(number(stretch.from), number(stretch.to));
    };
    const Finding *first = firstBreak();
    // Up to the first break: what was proved there is what a reader may rely on.
    QStringList ranges;
    constexpr qsizetype mostRanges = 3;
    for (const Stretch &stretch : stretches) {
        if ((first && stretch.row > first->row) || ranges.size() > mostRanges)
            break;
        ranges.append(ranges.size() < mostRanges ? range(stretch) : u"…"_s);
    }
    parts.append(
        ranges.isEmpty()
            ? FindingsText::tr("Nothing verified")
            : (isCaughtUp ? FindingsText::tr("Verified %1") : FindingsText::tr("Verified %1 so far")).arg(ranges.join(u", "_s)));
    if (first)
        parts.append(
            broken == 1
                ? FindingsText::tr("broken at %1").arg(number(first->from))
                : FindingsText::tr("broken at %1 and at %n other place(s)", nullptr, int(broken - 1)).arg(number(first->from)));
    if (missing > 0)
        parts.append(FindingsText::tr("%n event(s) missing", nullptr, int(std::min<quint64>(missing, 2'000'000'000))));
    if (unreadable > 0)
        parts.append(FindingsText::tr("%n line(s) unreadable", nullptr, int(std::min<quint64>(unreadable, 2'000'000'000))));
    if (notKept > 0)
        parts.append(FindingsText::tr("%n row(s) not checked", nullptr, int(std::min<quint64>(notKept, 2'000'000'000))));
    return parts.join(u", "_s);
}

class LogVerifier::Private
{
public:
    Private(LogVerifier *q, AuditTable &table)
        : q(q)
        , table(table)
        , next(table.firstRow())
    {
        thread = std::thread([this] { run(); });
    }
    ~Private()
    {
        {
            const std::lock_guard lock(mutex);
            stop = true;
        }
        wake.notify_all();
        thread.join();
    }
    Q_DISABLE_COPY_MOVE(Private)

    void run();
    void checkRow(quint64 row);
    void publish(bool caughtUp);

    LogVerifier *const q;
    AuditTable &table;
    mutable std::mutex mutex;
    std::condition_variable wake;
    bool stop = false;
    ChainFindings shown;
    // The thread's.
    ChainCheck check;
    quint64 next;
    qsizetype marked = 0; // findings whose rows the table knows
    std::thread thread;
};

void LogVerifier::Private::checkRow(quint64 row)
{
    const AuditTable::Located at = table.locate(row);
    if (!at)
        return check.notKept(1);
    const quint8 outcome = at.segment->outcomes()[at.row];
    if (outcome & AuditRecord::Gap)
        return;
    if (outcome & AuditRecord::Bad)
        return check.unreadable(row);
    const QByteArray line = at.segment->payload(at.row);
    if (line.isEmpty())
        return check.notKept(1);
    check.event(row, line);
}

void LogVerifier::Private::publish(bool caughtUp)
{
    const QList<ChainFindings::Finding> &found = check.findings().findings;
    for (; marked < found.size(); ++marked) {
        if (found.at(marked).kind == ChainFindings::Finding::Kind::Broken)
            table.markBroken(found.at(marked).row, found.at(marked).why);
    }
    {
        const std::lock_guard lock(mutex);
        shown = check.findings();
        shown.isCaughtUp = caughtUp;
    }
    QMetaObject::invokeMethod(
        q, [this] { Q_EMIT q->changed(); }, Qt::QueuedConnection);
}

void LogVerifier::Private::run()
{
    QElapsedTimer sinceTold;
    sinceTold.start();
    const auto isStopped = [this] {
        const std::lock_guard lock(mutex);
        return stop;
    };
    while (true) {
        const quint64 end = table.endRow();
        if (const quint64 first = table.firstRow(); next < first) {
            check.notKept(first - next);
            next = first;
        }
        const bool hadWork = next < end;
        while (next < end) {
            const quint64 pause = std::min(end, next + rowsBetweenLooks);
            for (; next < pause; ++next)
                checkRow(next);
            if (isStopped())
                return;
            if (sinceTold.hasExpired(tellEveryMs)) {
                sinceTold.start();
                publish(false);
            }
        }
        if (hadWork)
            publish(true);
        std::unique_lock lock(mutex);
        wake.wait(lock, [this, end] { return stop || table.endRow() != end; });
        if (stop)
            return;
    }
}

LogVerifier::LogVerifier(AuditTable &table, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, table))
{
}

LogVerifier::~LogVerifier() = default;

void LogVerifier::noteRows()
{
    {
        const std::lock_guard lock(d->mutex); // or the thread might look and then not hear
    }
    d->wake.notify_all();
}

ChainFindings LogVerifier::findings() const
{
    const std::lock_guard lock(d->mutex);
    return d->shown;
}

} // namespace Monitor
