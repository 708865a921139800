// SPDX-License-Identifier: Apache-2.0
#include "audit/auditstore.h"

#include "audit/chaincheck.h"
#include "audit/eventid.h"
#include "audit/shortened.h"
#include "watchword/core/internal/auditsealer.h"
#include "watchword/core/log.h"

#include <openssl/evp.h>

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSysInfo>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kTail = 1000;
constexpr qint64 kLargestBatch = 1000;
constexpr qint64 kFewest = 10; // events that a limit by count leaves

// What was written is in the page cache; only a new boot can have lost it.
QString bootId()
{
    return QString::fromLatin1(QSysInfo::bootUniqueId());
}

QByteArray openSslSha256(QByteArrayView bytes)
{
    QByteArray digest(32, Qt::Uninitialized);
    static const EVP_MD *const sha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr); // for the life of the program
    const bool isDone = EVP_Digest(bytes.data(), std::size_t(bytes.size()), reinterpret_cast<unsigned char *>(digest.data()),
                                   nullptr, sha256, nullptr)
        == 1;
    return isDone ? digest : QByteArray();
}

AuditStore::Pending gapEntry(const QString &reason, const QString &message, WallTime at, const QJsonObject &data = {})
{
    AuditEntry entry;
    entry.type = u"audit.gap"_s;
    entry.severity = 4;
    entry.outcome = u"unknown"_s;
    entry.reasonCode = reason;
    entry.message = message;
    entry.data = data;
    entry.data.insert("initiator"_L1, u"system"_s);
    return {entry, newEventId(at), at};
}

AuditStore::Pending lostEntry(quint64 lost, WallTime since, WallTime now)
{
    const QString message = u"%1 events since %2 could not be written."_s.arg(lost).arg(toRfc3339(since));
    AuditStore::Pending gap = gapEntry(u"write_failed"_s, message, now, {{"count"_L1, qint64(lost)}});
    gap.entry.outcome = u"failure"_s;
    return gap;
}

// Names the log in its checkpoints: no spaces and no plus signs (C2SP signed-note).
QByteArray originOf(const AuditOptions &options, const QString &uid)
{
    QString origin = u"watchword-audit/%1/%2/%3"_s.arg(options.cluster, options.node, uid);
    for (QChar &c : origin) {
        if (c <= u' ' || c == u'+' || c.unicode() >= 0x7f)
            c = u'_';
    }
    return origin.toLatin1();
}

Error beyondRepair(const QString &what)
{
    return Error(ErrorCode::StoreCorrupt, what)
        .withRemedy(u"Keep the file as evidence, move it away and start again, or restore it from a backup."_s);
}

} // namespace

AuditStore::AuditStore(const AuditOptions &options)
    : m_options(options)
    , m_source(u"wss-gateway://%1/%2"_s.arg(options.cluster, options.node))
    , m_node{{"id"_L1, options.node}}
{
    if (!options.version.isEmpty())
        m_node.insert("version"_L1, options.version);
}

Result<void> AuditStore::open(WallTime now)
{
    Result<void> opened = openDatabase();
    if (opened)
        opened = loadEpoch(now);
    if (!opened && opened.error().code() == ErrorCode::StoreCorrupt
        && m_options.onCorruption == AuditOptions::OnCorruption::SetAside) {
        m_tree.reset();
        m_database.close();
        m_state = {};
        m_uid.clear();
        m_lastHash.clear();
        opened = setAside(now);
        const std::optional<Pending> words = m_firstWords;
        if (opened)
            opened = openDatabase();
        if (opened)
            opened = loadEpoch(now);
        m_firstWords = words;
    }
    if (!opened)
        return opened.error().withDetail(u"%1 (%2)"_s.arg(opened.error().detail(), m_options.path));
    m_isClean = true;
    m_lastAt = now;
    if (const std::optional<Pending> words = std::exchange(m_firstWords, {})) {
        if (const auto said = write({*words}, 0, {}); !said)
            return said.error();
    }
    readOldest();
    return {};
}

Result<void> AuditStore::openDatabase()
{
    const QString &path = m_options.path;
    if (!path.isEmpty() && !QDir().mkpath(QFileInfo(path).absolutePath()))
        return Error(ErrorCode::FileUnreadable, u"the folder %1 cannot be made"_s.arg(QFileInfo(path).absolutePath()));
    if (const Result<void> done = m_database.open(m_options); !done)
        return done;
    const Result<QString> clean = m_database.meta(u"clean"_s);
    if (!clean)
        return clean.error();
    // The whole file is only read where it can be done while one waits, or where there is a reason to doubt it.
    constexpr qint64 kQuicklyRead = 64 * 1024 * 1024;
    if (*clean != "1"_L1 || QFileInfo(path).size() < kQuicklyRead) {
        if (const Result<void> done = m_database.quickCheck(); !done)
            return done;
    }
    return loadTail();
}

Result<void> AuditStore::loadTail()
{
    const Result<QList<AuditDatabase::Row>> first = m_database.read(0, 1);
    const Result<QList<AuditDatabase::Row>> last = m_database.readLast(kTail);
    if (!first || !last)
        return first ? last.error() : first.error();
    if (last->isEmpty())
        return {};
    ChainCheck check;
    for (const AuditDatabase::Row &row : *last) {
        const Result<AuditEvent> event = fromRow(row);
        const Result<void> added = event ? check.add(*event) : Result<void>(event.error());
        if (!added)
            return beyondRepair(u"the audit chain is broken near its end: "_s + added.error().detail());
        m_uid = event->data.value("chain"_L1).toObject().value("uid"_L1).toString();
    }
    m_state.oldest = first->first().sequence;
    m_state.newest = check.lastSequence();
    m_lastHash = check.lastHash().toLatin1();
    return {};
}

Result<void> AuditStore::loadEpoch(WallTime now)
{
    const Result<QString> known = m_database.meta(u"epoch"_s);
    const Result<QString> knownUid = m_database.meta(u"uid"_s);
    const Result<QString> clean = m_database.meta(u"clean"_s);
    const Result<QString> boot = m_database.meta(u"boot"_s);
    if (!known || !knownUid || !clean || !boot)
        return Error(ErrorCode::StorageFailed, u"the audit file's own data cannot be read"_s);
    m_state.epoch = *known;
    if (m_uid.isEmpty())
        m_uid = knownUid->isEmpty() ? newEventId(now) : *knownUid;
    const bool wasAborted = !known->isEmpty() && *clean != "1"_L1;
    if (wasAborted && *boot != bootId()) {
        m_state.epoch.clear();
        m_firstWords =
            gapEntry(u"machine_stopped"_s, u"The machine stopped without warning; the last events may be missing."_s, now);
    } else if (wasAborted && m_state.newest > 0) {
        m_firstWords =
            gapEntry(u"not_ended"_s,
                     u"The gateway before this one ended without a word, some time after event %1."_s.arg(m_state.newest), now);
        m_firstWords->entry.type = u"node.aborted"_s;
        m_firstWords->entry.outcome = u"failure"_s;
    }
    if (m_state.epoch.isEmpty())
        m_state.epoch = QString(newEventId(now)).remove(u'-').last(12);
    m_tree = std::make_unique<AuditTree>(m_database, m_options.path);
    if (const Result<void> done = m_tree->open(originOf(m_options, m_uid), m_state.oldest, m_state.newest); !done)
        return done.error().code() == ErrorCode::StoreCorrupt ? beyondRepair(done.error().detail()) : done;
    m_state.checkpointed = m_tree->checkpointSize() == 0 ? 0 : m_tree->lastCheckpointed();
    const QList<std::pair<QString, QString>> values{
        {u"epoch"_s, m_state.epoch}, {u"uid"_s, m_uid}, {u"boot"_s, bootId()}, {u"clean"_s, u"0"_s}};
    for (const auto &[name, value] : values) {
        if (const Result<void> done = m_database.setMeta(name, value); !done)
            return done;
    }
    return {};
}

Result<void> AuditStore::setAside(WallTime now)
{
    const QString stamp = toDateTime(now).toString(u"yyyyMMdd'T'HHmmsszzz'Z'");
    const QString target = m_options.path + u".corrupt-"_s + stamp;
    for (const QString &suffix : {u""_s, u"-wal"_s, u"-shm"_s}) {
        const QString from = m_options.path + suffix;
        if (QFile::exists(from) && !QFile::rename(from, target + suffix))
            return Error(ErrorCode::StorageFailed, u"the damaged file %1 cannot be renamed to %2"_s.arg(from, target + suffix));
    }
    qCWarning(logGateway).noquote() << "the damaged audit file was set aside as" << target;
    m_firstWords =
        gapEntry(u"file_corrupt"_s,
                 u"The audit file was damaged and set aside as %1; this chain is new."_s.arg(QFileInfo(target).fileName()), now);
    return {};
}

void AuditStore::close()
{
    if (m_isClean && m_tree && m_tree->size() > 0)
        m_isClean = checkpoint(m_lastAt).isOk();
    m_tree.reset();
    if (m_isClean && !m_state.epoch.isEmpty())
        static_cast<void>(m_database.setMeta(u"clean"_s, u"1"_s));
    m_database.close();
}

// The row of \a pending as the next event.
Result<AuditDatabase::Row> AuditStore::sealed(const Pending &pending) const
{
    AuditEvent event;
    event.id = pending.id;
    event.source = m_source;
    event.type = u"dev.watchword.%1.v1"_s.arg(pending.entry.type);
    event.time = pending.at;
    event.sequence = m_state.newest + 1;
    const auto seal = [&](const AuditEntry &entry) {
        event.subject = entry.subject;
        event.data = entry.data;
        event.data.insert("severity"_L1, entry.severity);
        event.data.insert("outcome"_L1, entry.outcome.isEmpty() ? u"unknown"_s : entry.outcome);
        if (!entry.reasonCode.isEmpty())
            event.data.insert("reason_code"_L1, entry.reasonCode);
        if (!entry.message.isEmpty())
            event.data.insert("message"_L1, entry.message);
        event.data.insert("node"_L1, m_node);
        return sealAuditText(event, m_uid, m_lastHash, openSslSha256);
    };
    SealedAuditText done = seal(pending.entry);
    for (int attempt = 0; done.text.size() > kLargestEvent && attempt < kShortenings; ++attempt)
        done = seal(shortened(pending.entry, attempt));
    if (done.hash.size() != 64)
        return Error(ErrorCode::StorageFailed, u"the audit log cannot be written: there is no SHA-256"_s);
    // People are looked for by person, so the column holds the actor; the event's subject stands in where there is none.
    const QString person = event.data.value("actor"_L1).toObject().value("sub"_L1).toString();
    return AuditDatabase::Row{.sequence = event.sequence,
                              .time = event.time.time_since_epoch().count(),
                              .type = pending.entry.type,
                              .subject = cleanAuditText(person.isEmpty() ? event.subject : person),
                              .body = done.text,
                              .hash = done.hash};
}

Result<AuditRecord> AuditStore::insert(const Pending &pending)
{
    const Result<AuditDatabase::Row> row = sealed(pending);
    if (!row)
        return row.error();
    if (const Result<void> done = m_database.insert(*row); !done)
        return done.error();
    advance(*row);
    return AuditRecord{row->sequence, pending.id, row->body};
}

void AuditStore::advance(const AuditDatabase::Row &row)
{
    m_state.newest = row.sequence;
    m_lastHash = row.hash;
    if (m_state.oldest == 0) {
        m_state.oldest = row.sequence;
        m_state.oldestAt = WallTime(Duration(row.time));
    }
}

Result<std::vector<AuditRecord>> AuditStore::write(const std::vector<Pending> &entries, quint64 lost, WallTime lostSince)
{
    const State before = m_state;
    const QByteArray hashBefore = m_lastHash;
    std::vector<AuditRecord> records;
    records.reserve(entries.size() + 1);
    std::vector<Pending> all;
    all.reserve(entries.size() + 1);
    const auto attempt = [&]() -> Result<void> {
        if (const Result<void> begun = m_database.begin(); !begun)
            return begun;
        if (lost > 0)
            all.push_back(lostEntry(lost, lostSince, entries.front().at));
        all.insert(all.end(), entries.begin(), entries.end());
        for (const Pending &pending : all) {
            Result<AuditRecord> record = insert(pending);
            if (!record)
                return record.error();
            records.push_back(std::move(record).value());
        }
        return m_database.commit();
    };
    const Result<void> done = attempt();
    m_isClean = done.isOk();
    if (done) {
        for (const AuditRecord &record : records)
            m_tree->add(record);
        m_lastAt = all.back().at;
        return records;
    }
    m_database.rollback();
    m_state = before;
    m_lastHash = hashBefore;
    return done.error();
}

Result<std::vector<AuditRecord>> AuditStore::writeGap(quint64 lost, WallTime lostSince, WallTime now)
{
    return write({lostEntry(lost, lostSince, now)}, 0, {});
}

Result<void> AuditStore::checkpoint(WallTime now)
{
    const Result<void> done = m_tree->checkpoint(now);
    if (done)
        m_state.checkpointed = m_tree->lastCheckpointed();
    return done;
}

void AuditStore::readOldest()
{
    if (m_state.oldest == 0)
        return;
    const Result<QList<AuditDatabase::Row>> head = m_database.read(m_state.oldest - 1, 1);
    if (head && !head->isEmpty())
        m_state.oldestAt = WallTime(Duration(head->first().time));
}

qint64 AuditStore::countToPurge(WallTime now) const
{
    const qint64 count = m_state.oldest == 0 ? 0 : qint64(m_state.newest - m_state.oldest + 1);
    if (count <= 1)
        return 0;
    qint64 wanted = 0;
    const qint64 most = std::max(m_options.maxEvents, kFewest);
    if (m_options.maxEvents > 0 && count > most) {
        // A little more than needed: every purge adds an event itself.
        wanted = std::min(kLargestBatch, count - most + std::min(kLargestBatch, most / 10));
    } else if (m_options.retainBytes > 0 && m_database.usedBytes() > m_options.retainBytes) {
        wanted = std::min(kLargestBatch, std::max<qint64>(1, count / 10));
    }
    const bool isByAge = m_options.maxAge.count() > 0 && m_state.oldestAt < now - m_options.maxAge;
    if (wanted == 0 && !isByAge)
        return 0;
    const qint64 kept = (now - m_options.keepAtLeast).time_since_epoch().count();
    const qint64 aged = (now - m_options.maxAge).time_since_epoch().count();
    const Result<QList<AuditDatabase::Row>> rows = m_database.readHeads(m_state.oldest - 1, int(kLargestBatch));
    qint64 going = 0;
    while (rows && going < rows->size()) {
        const qint64 time = rows->at(going).time;
        const bool isOld = m_options.maxAge.count() > 0 && time < aged;
        const bool isTooMany = going < wanted && (m_options.keepAtLeast.count() == 0 || time < kept);
        if (!isOld && !isTooMany)
            break;
        ++going;
    }
    return std::min(going, count - 1);
}

Result<std::optional<AuditRecord>> AuditStore::purgeBatch(WallTime now)
{
    const qint64 count = countToPurge(now);
    if (count <= 0)
        return std::optional<AuditRecord>();
    Result<AuditRecord> record = purge(count, now);
    if (!record)
        return record.error();
    return std::optional<AuditRecord>(std::move(record).value());
}

Result<AuditRecord> AuditStore::purge(qint64 count, WallTime now)
{
    const quint64 firstKept = m_state.oldest + quint64(count);
    const Result<QList<AuditDatabase::Row>> kept = m_database.read(firstKept - 1, 1);
    if (!kept)
        return kept.error();
    const Result<AuditEvent> first = kept->isEmpty() ? Error(ErrorCode::ChainBroken) : fromRow(kept->first());
    if (!first)
        return first.error();
    AuditEntry entry;
    entry.type = u"audit.purged"_s;
    entry.severity = 2;
    entry.outcome = u"success"_s;
    entry.reasonCode = u"retention"_s;
    entry.message = u"Retention removed %1 events before number %2."_s.arg(count).arg(firstKept);
    entry.data = {
        {"initiator"_L1, u"system"_s},
        {"seam"_L1, QJsonObject{{"first_seq"_L1, qint64(firstKept)}, {"hash"_L1, first->previousHash()}, {"count"_L1, count}}}};
    const QString id = newEventId(now);
    const Result<AuditDatabase::Row> row = sealed({entry, id, now});
    if (!row)
        return row.error();
    const Result<void> done = m_database.insertPurge(*row, firstKept, [this] { return m_tree->writeTiles(); });
    if (!done)
        return done.error();
    m_tree->tilesAreStored();
    advance(*row);
    m_tree->add({row->sequence, id, row->body});
    m_state.oldest = firstKept;
    m_state.oldestAt = first->time;
    return AuditRecord{row->sequence, id, row->body};
}

} // namespace Watchword::Gateway
