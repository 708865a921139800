// SPDX-License-Identifier: Apache-2.0
#include "audit/auditlog_p.h"

#include "audit/chaincheck.h"
#include "watchword/core/log.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSysInfo>
#include <QUuid>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kPage = 500;
constexpr int kTail = 1000;
constexpr qint64 kLargestBatch = 1000;
constexpr qint64 kLargestEvent = 64 * 1024;
constexpr std::chrono::seconds kUpkeep{1};

QString newId()
{
    return QUuid::createUuid().toString(QUuid::WithoutBraces);
}

// What was written is in the page cache; only a new boot can have lost it.
QString bootId()
{
    return QString::fromLatin1(QSysInfo::bootUniqueId());
}

} // namespace

Result<void> AuditLog::Private::open()
{
    if (!options.path.isEmpty() && !QDir().mkpath(QFileInfo(options.path).absolutePath())) {
        return Error(ErrorCode::FileUnreadable, u"the folder %1 cannot be made"_s.arg(QFileInfo(options.path).absolutePath()));
    }
    if (const Result<void> done = database.open(options); !done)
        return done;
    const Result<QString> clean = database.meta(u"clean"_s);
    if (!clean)
        return clean.error();
    // The whole file is only read where it can be done while one waits, or where there is a reason to doubt it.
    constexpr qint64 kQuicklyRead = 64 * 1024 * 1024;
    if (*clean != "1"_L1 || QFileInfo(options.path).size() < kQuicklyRead) {
        if (const Result<void> done = database.quickCheck(); !done)
            return done;
    }
    if (const Result<void> done = loadTail(); !done)
        return done;
    return loadEpoch();
}

Result<void> AuditLog::Private::loadTail()
{
    const Result<QList<AuditDatabase::Row>> first = database.read(0, 1);
    const Result<QList<AuditDatabase::Row>> last = database.readLast(kTail);
    if (!first || !last)
        return first ? last.error() : first.error();
    if (last->isEmpty())
        return {};
    ChainCheck check;
    for (const AuditDatabase::Row &row : *last) {
        const Result<AuditEvent> event = fromRow(row);
        const Result<void> added = event ? check.add(*event) : Result<void>(event.error());
        if (!added) {
            return Error(ErrorCode::StoreCorrupt, u"the audit chain is broken near its end: "_s + added.error().detail())
                .withRemedy(u"Keep the file as evidence, move it away and start again, or restore it from a backup."_s);
        }
        uid = event->data.value("chain"_L1).toObject().value("uid"_L1).toString();
    }
    oldest = first->first().sequence;
    newest = check.lastSequence();
    lastHash = check.lastHash();
    return {};
}

Result<void> AuditLog::Private::loadEpoch()
{
    Result<QString> known = database.meta(u"epoch"_s);
    Result<QString> knownUid = database.meta(u"uid"_s);
    const Result<QString> clean = database.meta(u"clean"_s);
    const Result<QString> boot = database.meta(u"boot"_s);
    if (!known || !knownUid || !clean || !boot)
        return Error(ErrorCode::StorageFailed, u"the audit file's own data cannot be read"_s);
    epoch = *known;
    if (uid.isEmpty())
        uid = knownUid->isEmpty() ? newId() : *knownUid;
    if (!epoch.isEmpty() && *clean != "1"_L1 && *boot != bootId()) {
        epoch.clear();
        firstWords = AuditEntry{.type = u"audit.gap"_s,
                                .subject = {},
                                .severity = 4,
                                .outcome = u"unknown"_s,
                                .reasonCode = u"machine_stopped"_s,
                                .message = u"The machine stopped without warning; the last events may be missing."_s,
                                .data = {}};
    }
    if (epoch.isEmpty())
        epoch = newId().remove(u'-').first(12);
    const QList<std::pair<QString, QString>> values{
        {u"epoch"_s, epoch}, {u"uid"_s, uid}, {u"boot"_s, bootId()}, {u"clean"_s, u"0"_s}};
    for (const auto &[name, value] : values) {
        if (const Result<void> done = database.setMeta(name, value); !done)
            return done;
    }
    return {};
}

Result<void> AuditLog::Private::setAside()
{
    const QString stamp = toDateTime(clock.wallNow()).toString(u"yyyyMMdd'T'HHmmsszzz'Z'");
    const QString target = options.path + u".corrupt-"_s + stamp;
    for (const QString &suffix : {u""_s, u"-wal"_s, u"-shm"_s}) {
        if (QFile::exists(options.path + suffix) && !QFile::rename(options.path + suffix, target + suffix)) {
            return Error(ErrorCode::StorageFailed,
                         u"the damaged file %1 cannot be renamed to %2"_s.arg(options.path + suffix, target + suffix));
        }
    }
    qCWarning(logGateway).noquote() << "the damaged audit file was set aside as" << target;
    firstWords = AuditEntry{
        .type = u"audit.gap"_s,
        .subject = {},
        .severity = 4,
        .outcome = u"unknown"_s,
        .reasonCode = u"file_corrupt"_s,
        .message = u"The audit file was damaged and set aside as %1; this chain is new."_s.arg(QFileInfo(target).fileName()),
        .data = {}};
    return {};
}

void AuditLog::Private::close()
{
    if (writable && !epoch.isEmpty())
        static_cast<void>(database.setMeta(u"clean"_s, u"1"_s));
    database.close();
}

AuditEvent AuditLog::Private::sealed(const AuditEntry &entry) const
{
    AuditEvent event;
    event.id = newId();
    event.source = u"wss-gateway://%1/%2"_s.arg(options.cluster, options.node);
    event.type = u"dev.watchword.%1.v1"_s.arg(entry.type);
    event.time = clock.wallNow();
    event.subject = entry.subject;
    event.sequence = newest + 1;
    event.data = entry.data;
    event.data.insert("severity"_L1, entry.severity);
    event.data.insert("outcome"_L1, entry.outcome.isEmpty() ? u"unknown"_s : entry.outcome);
    if (!entry.reasonCode.isEmpty())
        event.data.insert("reason_code"_L1, entry.reasonCode);
    if (!entry.message.isEmpty())
        event.data.insert("message"_L1, entry.message);
    QJsonObject node{{"id"_L1, options.node}};
    if (!options.version.isEmpty())
        node.insert("version"_L1, options.version);
    event.data.insert("node"_L1, node);
    event.seal(uid, lastHash);
    return event;
}

Result<AuditEvent> AuditLog::Private::write(const AuditEntry &entry)
{
    AuditEvent event = sealed(entry);
    AuditDatabase::Row row = toRow(event);
    if (row.body.size() > kLargestEvent) {
        // An event that is too large is still an event; what does not fit is said to be missing.
        AuditEntry small = entry;
        small.subject.truncate(512);
        small.message.truncate(1024);
        small.data = {{"truncated"_L1, true}};
        event = sealed(small);
        row = toRow(event);
    }
    if (const Result<void> done = database.insert(row); !done)
        return done.error();
    advance(event);
    return event;
}

void AuditLog::Private::advance(const AuditEvent &event)
{
    newest = event.sequence;
    lastHash = event.chainHash();
    if (oldest == 0)
        oldest = newest;
    dirty = true;
}

qint64 AuditLog::Private::countToPurge() const
{
    const qint64 count = oldest == 0 ? 0 : qint64(newest - oldest + 1);
    const qint64 most = qMax<qint64>(options.maxEvents, 10);
    if (options.maxEvents > 0 && count > most) {
        // A little more than needed: every purge adds an event itself.
        const qint64 spare = qMin(kLargestBatch, most / 10);
        return qMin(kLargestBatch, count - most + spare);
    }
    if (options.maxAge.count() == 0 || count == 0)
        return 0;
    const Result<QList<AuditDatabase::Row>> head = database.read(oldest - 1, 1);
    const qint64 limit = (clock.wallNow() - options.maxAge).time_since_epoch().count();
    if (!head || head->isEmpty() || head->first().time >= limit)
        return 0;
    const Result<QList<AuditDatabase::Row>> rows = database.read(oldest - 1, int(kLargestBatch));
    qint64 old = 0;
    while (rows && old < rows->size() && rows->at(old).time < limit)
        ++old;
    return qMin(old, count - 1);
}

Result<void> AuditLog::Private::purge(qint64 count)
{
    const quint64 firstKept = oldest + quint64(count);
    const Result<QList<AuditDatabase::Row>> kept = database.read(firstKept - 1, 1);
    if (!kept)
        return kept.error();
    const Result<AuditEvent> first = kept->isEmpty() ? Error(ErrorCode::ChainBroken) : fromRow(kept->first());
    if (!first)
        return first.error();
    const QJsonObject seam{{"first_seq"_L1, qint64(firstKept)}, {"hash"_L1, first->previousHash()}, {"count"_L1, count}};
    const AuditEvent event = sealed({.type = u"audit.purged"_s,
                                     .subject = {},
                                     .severity = 2,
                                     .outcome = u"success"_s,
                                     .reasonCode = u"retention"_s,
                                     .message = u"Retention removed %1 events before number %2."_s.arg(count).arg(firstKept),
                                     .data = {{"seam"_L1, seam}, {"initiator"_L1, u"policy"_s}}});
    if (const Result<void> done = database.insertPurge(toRow(event), firstKept); !done)
        return done;
    advance(event);
    oldest = firstKept;
    return {};
}

AuditLog::AuditLog(std::unique_ptr<Private> priv)
    : d(std::move(priv))
{
    connect(&d->upkeep, &QTimer::timeout, this, [this] {
        applyRetention();
        if (d->dirty)
            static_cast<void>(flush());
    });
    d->upkeep.start(kUpkeep);
}

AuditLog::~AuditLog()
{
    d->close();
}

Result<std::unique_ptr<AuditLog>> AuditLog::open(const AuditOptions &options, Clock &clock)
{
    auto priv = std::make_unique<Private>(options, clock);
    Result<void> opened = priv->open();
    if (!opened && opened.error().code() == ErrorCode::StoreCorrupt
        && options.onCorruption == AuditOptions::OnCorruption::SetAside) {
        priv->database.close();
        priv = std::make_unique<Private>(options, clock);
        opened = priv->setAside();
        const std::optional<AuditEntry> words = priv->firstWords;
        if (opened)
            opened = priv->open();
        priv->firstWords = words;
    }
    if (!opened)
        return opened.error().withDetail(u"%1 (%2)"_s.arg(opened.error().detail(), options.path));
    std::unique_ptr<AuditLog> log(new AuditLog(std::move(priv)));
    if (const std::optional<AuditEntry> words = std::exchange(log->d->firstWords, {})) {
        if (const Result<AuditEvent> said = log->append(*words); !said)
            return said.error();
    }
    return log;
}

Result<AuditEvent> AuditLog::append(const AuditEntry &entry)
{
    const bool wasWritable = d->writable;
    Result<AuditEvent> gap = AuditEvent();
    const quint64 lost = d->lost;
    if (lost > 0) {
        gap = d->write({.type = u"audit.gap"_s,
                        .subject = {},
                        .severity = 4,
                        .outcome = u"failure"_s,
                        .reasonCode = u"write_failed"_s,
                        .message = u"%1 events since %2 could not be written."_s.arg(lost).arg(toRfc3339(d->lostSince.value())),
                        .data = {{"count"_L1, qint64(lost)}}});
    }
    Result<AuditEvent> event = gap ? d->write(entry) : gap;
    if (gap)
        d->lost = 0;
    if (!event) {
        d->lost = gap ? 1 : lost + 1;
        if (d->lost == 1)
            d->lostSince = d->clock.wallNow();
        if (wasWritable)
            qCWarning(logGateway).noquote() << event.error().toString();
    }
    d->writable = event.isOk();
    if (gap && lost > 0)
        Q_EMIT appended(*gap);
    if (event)
        Q_EMIT appended(*event);
    if (wasWritable != d->writable)
        Q_EMIT writableChanged();
    return event;
}

QString AuditLog::epoch() const
{
    return d->epoch;
}

quint64 AuditLog::oldest() const
{
    return d->oldest;
}

quint64 AuditLog::newest() const
{
    return d->newest;
}

Result<QList<AuditEvent>> AuditLog::read(quint64 after, int limit) const
{
    const Result<QList<AuditDatabase::Row>> rows = d->database.read(after, qBound(0, limit, 10'000));
    if (!rows)
        return rows.error();
    QList<AuditEvent> events;
    events.reserve(rows->size());
    for (const AuditDatabase::Row &row : *rows) {
        const Result<AuditEvent> event = fromRow(row);
        if (!event)
            return event.error();
        events.append(*event);
    }
    return events;
}

Result<void> AuditLog::verify() const
{
    ChainCheck check;
    quint64 after = 0;
    for (;;) {
        const Result<QList<AuditDatabase::Row>> rows = d->database.read(after, kPage);
        if (!rows)
            return rows.error();
        for (const AuditDatabase::Row &row : *rows) {
            const Result<AuditEvent> event = fromRow(row);
            if (!event)
                return event.error();
            if (const Result<void> added = check.add(*event); !added)
                return added;
        }
        if (rows->isEmpty())
            break;
        after = rows->last().sequence;
    }
    if (check.lastSequence() != d->newest || check.lastHash() != d->lastHash) {
        return Error(ErrorCode::ChainBroken,
                     u"the chain ends at event %1, but %2 were written"_s.arg(check.lastSequence()).arg(d->newest));
    }
    return check.finish();
}

bool AuditLog::isWritable() const
{
    return d->writable;
}

Result<void> AuditLog::flush()
{
    const Result<void> done = d->database.checkpoint();
    if (done)
        d->dirty = false;
    return done;
}

int AuditLog::applyRetention()
{
    // A backlog after a change of the configuration goes in several turns, so that it never holds up the traffic.
    constexpr int kMostBatches = 50;
    qint64 removed = 0;
    for (int batch = 0; batch < kMostBatches; ++batch) {
        const qint64 count = d->countToPurge();
        if (count <= 0)
            break;
        const quint64 before = d->newest;
        if (const Result<void> done = d->purge(count); !done) {
            qCWarning(logGateway).noquote() << "retention failed:" << done.error().toString();
            break;
        }
        removed += count;
        // Readers follow the stream by number, so they hear of the purge as of any event.
        if (const Result<QList<AuditEvent>> events = read(before, 1); events && !events->isEmpty())
            Q_EMIT appended(events->first());
    }
    return int(removed);
}

} // namespace Watchword::Gateway
