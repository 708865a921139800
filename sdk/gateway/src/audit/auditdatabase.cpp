// SPDX-License-Identifier: Apache-2.0
#include "audit/auditdatabase.h"

#include "audit/sqliteerror.h"
#include "watchword/core/internal/auditsealer.h"

#include <QFile>
#include <QSqlError>
#include <QUuid>
#include <QVariant>

#include <algorithm>
#include <limits>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kSchemaVersion = 1;
constexpr int kTileLevelShift = 40;

Error toError(const QSqlError &error, const QString &doing)
{
    return sqliteError(error, u"audit log"_s, doing);
}

} // namespace

AuditDatabase::Row toRow(const AuditEvent &event)
{
    // People are looked for by person, so the column holds the actor; the event's subject stands in where there is none.
    const QString person = event.data.value("actor"_L1).toObject().value("sub"_L1).toString();
    return {.sequence = event.sequence,
            .time = event.time.time_since_epoch().count(),
            .type = event.shortType(),
            .subject = person.isEmpty() ? event.subject : person,
            .body = canonicalAuditText(event)};
}

Result<AuditEvent> fromRow(const AuditDatabase::Row &row)
{
    const Result<AuditEvent> event = AuditEvent::fromBytes(row.body);
    if (!event)
        return Error(ErrorCode::ChainBroken, u"event %1: %2"_s.arg(row.sequence).arg(event.error().detail()));
    const AuditDatabase::Row expected = toRow(*event);
    if (expected.sequence != row.sequence || expected.time != row.time || expected.type != row.type
        || expected.subject != row.subject)
        return Error(ErrorCode::ChainBroken, u"event %1: its index columns differ from its text"_s.arg(row.sequence));
    // Files of the first releases have the text as Qt writes it, which differs in what it escapes.
    if (expected.body != row.body && event->toBytes() != row.body)
        return Error(ErrorCode::ChainBroken, u"event %1: its text was changed"_s.arg(row.sequence));
    return event;
}

AuditDatabase::AuditDatabase() = default;

AuditDatabase::~AuditDatabase()
{
    close();
}

Result<void> AuditDatabase::connect(const QString &path, const QString &connectOptions)
{
    if (!QSqlDatabase::isDriverAvailable(u"QSQLITE"_s)) {
        return Error(ErrorCode::ConfigInvalid, u"Qt's SQLite driver is missing"_s)
            .withRemedy(u"Install it; on Debian: apt-get install libqt6sql6-sqlite"_s);
    }
    m_connection = u"watchword-audit-"_s + QUuid::createUuid().toString(QUuid::WithoutBraces);
    m_database = QSqlDatabase::addDatabase(u"QSQLITE"_s, m_connection);
    m_database.setDatabaseName(path);
    m_database.setConnectOptions(connectOptions);
    if (!m_database.open())
        return toError(m_database.lastError(), u"be opened"_s);
    return {};
}

Result<void> AuditDatabase::lock(const QString &path)
{
    Result<std::unique_ptr<LogFileLock>> taken = LogFileLock::take(path + u"-lock"_s);
    if (!taken)
        return taken.error();
    m_lock = std::move(taken).value();
    return {};
}

// SQLite gives its -wal and -shm the rights of the file itself.
Result<void> AuditDatabase::makePrivate(const QString &path)
{
    QFile file(path);
    if (!file.exists() && !file.open(QIODevice::NewOnly | QIODevice::WriteOnly))
        return Error(ErrorCode::FileUnreadable, u"the audit log cannot be made: %1"_s.arg(file.errorString()))
            .withRemedy(u"Give the gateway's user the right to write the folder."_s);
    file.close();
    for (const QString &name : {path, path + u"-wal"_s, path + u"-shm"_s}) {
        if (QFile::exists(name) && !QFile::setPermissions(name, QFile::ReadOwner | QFile::WriteOwner))
            return Error(ErrorCode::FileUnreadable, u"%1 cannot be made private"_s.arg(name))
                .withRemedy(u"The file has to belong to the gateway's user."_s);
    }
    return {};
}

Result<void> AuditDatabase::open(const AuditOptions &options)
{
    if (!options.path.isEmpty()) {
        // Two programs that number one chain would break it; the kernel releases the lock of a dead one.
        if (const Result<void> done = lock(options.path); !done)
            return done;
        if (const Result<void> done = makePrivate(options.path); !done)
            return done;
    }
    const QString path = options.path.isEmpty() ? u":memory:"_s : options.path;
    if (const Result<void> done = connect(path, u"QSQLITE_BUSY_TIMEOUT=2000"_s); !done)
        return done;
    // Larger than SQLite's own 1,000 pages: the end of the table, written again by each transaction, is copied once for all.
    const QStringList pragmas{u"PRAGMA journal_mode=WAL"_s, u"PRAGMA synchronous=NORMAL"_s, u"PRAGMA wal_autocheckpoint=4000"_s,
                              u"PRAGMA trusted_schema=OFF"_s, u"PRAGMA cell_size_check=ON"_s};
    for (const QString &pragma : pragmas) {
        if (const Result<void> done = run(pragma); !done)
            return done;
    }
    if (const Result<void> done = createSchema(); !done)
        return done;
    if (options.maxBytes > 0) {
        constexpr qint64 kPage = 4096;
        const Result<void> done = run(u"PRAGMA max_page_count=%1"_s.arg(qMax<qint64>(1, options.maxBytes / kPage)));
        if (!done)
            return done;
    }
    return prepare();
}

Result<void> AuditDatabase::openToRead(const QString &path)
{
    return connect(path, u"QSQLITE_OPEN_READONLY;QSQLITE_BUSY_TIMEOUT=2000"_s);
}

void AuditDatabase::close()
{
    for (std::unique_ptr<QSqlQuery> *query : {&m_insert, &m_begin, &m_commit, &m_rollback})
        query->reset();
    if (!m_connection.isEmpty()) {
        m_database.close();
        m_database = {};
        QSqlDatabase::removeDatabase(std::exchange(m_connection, {}));
    }
    m_lock.reset();
}

Result<void> AuditDatabase::run(const QString &statement) const
{
    QSqlQuery query(m_database);
    if (!query.exec(statement))
        return toError(query.lastError(), u"run \"%1\""_s.arg(statement.section(u' ', 0, 2)));
    return {};
}

Result<void> AuditDatabase::createSchema()
{
    QSqlQuery version(m_database);
    if (!version.exec(u"PRAGMA user_version"_s) || !version.next())
        return toError(version.lastError(), u"be read"_s);
    const int found = version.value(0).toInt();
    version.finish();
    if (found == kSchemaVersion)
        return createTreeTables();
    if (found != 0) {
        return Error(ErrorCode::StoreCorrupt,
                     u"the audit file has format %1; this program knows %2"_s.arg(found).arg(kSchemaVersion))
            .withRemedy(u"Use the newer program that wrote it, or choose another path."_s);
    }
    const QStringList statements{
        u"BEGIN IMMEDIATE"_s,
        u"CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID"_s,
        u"CREATE TABLE event (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, type TEXT NOT NULL, sub TEXT NOT NULL, "
        "body BLOB NOT NULL) STRICT"_s,
        // An index ends with the row's number, and that is the order of time.
        u"CREATE INDEX event_type ON event (type)"_s,
        u"CREATE INDEX event_sub ON event (sub)"_s,
        u"CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'append only'); END"_s,
        // Retention first says in the same transaction which events it is about to remove.
        u"CREATE TRIGGER event_no_delete BEFORE DELETE ON event WHEN OLD.seq >= "
        "(SELECT COALESCE(MAX(CAST(value AS INTEGER)), 0) FROM meta WHERE name = 'purge_before') "
        "BEGIN SELECT RAISE(ABORT, 'append only'); END"_s,
        u"PRAGMA user_version=%1"_s.arg(kSchemaVersion),
        u"COMMIT"_s,
    };
    for (const QString &statement : statements) {
        if (const Result<void> done = run(statement); !done) {
            static_cast<void>(run(u"ROLLBACK"_s));
            return done;
        }
    }
    return createTreeTables();
}

// Files of the first releases have none; a tile is of level << 40 | index.
Result<void> AuditDatabase::createTreeTables()
{
    const QStringList statements{
        u"CREATE TABLE IF NOT EXISTS tile (id INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT"_s,
        u"CREATE TABLE IF NOT EXISTS checkpoint (size INTEGER PRIMARY KEY, time INTEGER NOT NULL, note BLOB NOT NULL) STRICT"_s,
    };
    for (const QString &statement : statements) {
        if (const Result<void> done = run(statement); !done)
            return done;
    }
    return {};
}

Result<void> AuditDatabase::prepare()
{
    const auto make = [this](std::unique_ptr<QSqlQuery> &query, const QString &statement) -> Result<void> {
        query = std::make_unique<QSqlQuery>(m_database);
        query->setForwardOnly(true);
        if (!query->prepare(statement))
            return toError(query->lastError(), u"be written"_s);
        return {};
    };
    const std::pair<std::unique_ptr<QSqlQuery> *, QString> statements[] = {
        {&m_insert, u"INSERT INTO event (seq, time, type, sub, body) VALUES (?, ?, ?, ?, ?)"_s},
        {&m_begin, u"BEGIN IMMEDIATE"_s},
        {&m_commit, u"COMMIT"_s},
        {&m_rollback, u"ROLLBACK"_s}};
    for (const auto &[query, statement] : statements) {
        if (const Result<void> done = make(*query, statement); !done)
            return done;
    }
    return {};
}

Result<void> AuditDatabase::execute(QSqlQuery &query, const QString &doing) const
{
    if (!query.exec())
        return toError(query.lastError(), doing);
    query.finish();
    return {};
}

Result<void> AuditDatabase::begin()
{
    return execute(*m_begin, u"be written"_s);
}

Result<void> AuditDatabase::commit()
{
    return execute(*m_commit, u"be written"_s);
}

void AuditDatabase::rollback()
{
    // SQLite itself rolls back after some errors; then there is nothing left to do.
    static_cast<void>(execute(*m_rollback, u"be written"_s));
}

Result<void> AuditDatabase::insert(const Row &row)
{
    m_insert->bindValue(0, qint64(row.sequence));
    m_insert->bindValue(1, row.time);
    m_insert->bindValue(2, row.type);
    m_insert->bindValue(3, row.subject.isNull() ? u""_s : row.subject);
    m_insert->bindValue(4, row.body);
    return execute(*m_insert, u"be written"_s);
}

Result<void> AuditDatabase::insertPurge(const Row &purge, quint64 firstKept, const std::function<Result<void>()> &more)
{
    const auto attempt = [&]() -> Result<void> {
        if (const Result<void> done = setMeta(u"purge_before"_s, QString::number(firstKept)); !done)
            return done;
        // First the room, then the event: so retention also works on a full disk.
        if (const Result<void> done = run(u"DELETE FROM event WHERE seq < %1"_s.arg(firstKept)); !done)
            return done;
        if (const Result<void> done = more(); !done)
            return done;
        return insert(purge);
    };
    if (const Result<void> begun = begin(); !begun)
        return begun;
    Result<void> done = attempt();
    if (done)
        done = commit();
    if (!done)
        rollback();
    return done;
}

Result<QList<AuditDatabase::Row>> AuditDatabase::collect(QSqlQuery &query)
{
    QList<Row> rows;
    while (query.next()) {
        rows.append({.sequence = query.value(0).toULongLong(),
                     .time = query.value(1).toLongLong(),
                     .type = query.value(2).toString(),
                     .subject = query.value(3).toString(),
                     .body = query.value(4).toByteArray()});
    }
    if (query.lastError().isValid())
        return toError(query.lastError(), u"be read"_s);
    return rows;
}

Result<QList<AuditDatabase::Row>> AuditDatabase::read(quint64 after, int limit) const
{
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    query.prepare(u"SELECT seq, time, type, sub, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?"_s);
    query.bindValue(0, qint64(qMin<quint64>(after, std::numeric_limits<qint64>::max())));
    query.bindValue(1, limit);
    if (!query.exec())
        return toError(query.lastError(), u"be read"_s);
    return collect(query);
}

Result<QList<AuditDatabase::Row>> AuditDatabase::readHeads(quint64 after, int limit) const
{
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    query.prepare(u"SELECT seq, time, '', '', x'' FROM event WHERE seq > ? ORDER BY seq LIMIT ?"_s);
    query.bindValue(0, qint64(qMin<quint64>(after, std::numeric_limits<qint64>::max())));
    query.bindValue(1, limit);
    if (!query.exec())
        return toError(query.lastError(), u"be read"_s);
    return collect(query);
}

qint64 AuditDatabase::usedBytes() const
{
    qint64 pages = 0;
    for (const auto &[pragma, sign] : {std::pair{u"PRAGMA page_count"_s, 1}, std::pair{u"PRAGMA freelist_count"_s, -1}}) {
        QSqlQuery query(m_database);
        if (query.exec(pragma) && query.next())
            pages += sign * query.value(0).toLongLong();
    }
    constexpr qint64 kPage = 4096;
    return pages * kPage;
}

Result<QList<AuditDatabase::Row>> AuditDatabase::readLast(int count) const
{
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    query.prepare(u"SELECT seq, time, type, sub, body FROM event ORDER BY seq DESC LIMIT ?"_s);
    query.bindValue(0, count);
    if (!query.exec())
        return toError(query.lastError(), u"be read"_s);
    Result<QList<Row>> rows = collect(query);
    if (rows)
        std::reverse(rows.value().begin(), rows.value().end());
    return rows;
}

QByteArray AuditDatabase::tile(int level, quint64 index) const
{
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    query.prepare(u"SELECT hashes FROM tile WHERE id = ?"_s);
    query.bindValue(0, qint64(quint64(level) << kTileLevelShift | index));
    return query.exec() && query.next() ? query.value(0).toByteArray() : QByteArray();
}

Result<void> AuditDatabase::setTile(int level, quint64 index, const QByteArray &hashes)
{
    QSqlQuery query(m_database);
    query.prepare(u"INSERT INTO tile (id, hashes) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET hashes = excluded.hashes"_s);
    query.bindValue(0, qint64(quint64(level) << kTileLevelShift | index));
    query.bindValue(1, hashes);
    return execute(query, u"be written"_s);
}

Result<std::pair<quint64, QByteArray>> AuditDatabase::lastCheckpoint() const
{
    QSqlQuery query(m_database);
    if (!query.exec(u"SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"_s))
        return toError(query.lastError(), u"be read"_s);
    if (!query.next())
        return std::pair<quint64, QByteArray>(0, {});
    return std::pair(query.value(0).toULongLong(), query.value(1).toByteArray());
}

Result<void> AuditDatabase::insertCheckpoint(quint64 size, WallTime at, const QByteArray &note)
{
    QSqlQuery query(m_database);
    query.prepare(u"INSERT INTO checkpoint (size, time, note) VALUES (?, ?, ?)"_s);
    query.bindValue(0, qint64(size));
    query.bindValue(1, qint64(at.time_since_epoch().count()));
    query.bindValue(2, note);
    if (const Result<void> done = execute(query, u"be written"_s); !done)
        return done;
    return run(u"DELETE FROM checkpoint WHERE size <= (SELECT size FROM checkpoint ORDER BY size DESC LIMIT 1 OFFSET %1)"_s.arg(
        kCheckpoints));
}

Result<QString> AuditDatabase::meta(const QString &name) const
{
    QSqlQuery query(m_database);
    query.prepare(u"SELECT value FROM meta WHERE name = ?"_s);
    query.bindValue(0, name);
    if (!query.exec())
        return toError(query.lastError(), u"be read"_s);
    return query.next() ? query.value(0).toString() : QString();
}

Result<void> AuditDatabase::setMeta(const QString &name, const QString &value)
{
    QSqlQuery query(m_database);
    query.prepare(u"INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"_s);
    query.bindValue(0, name);
    query.bindValue(1, value);
    if (!query.exec())
        return toError(query.lastError(), u"be written"_s);
    return {};
}

Result<void> AuditDatabase::quickCheck() const
{
    QSqlQuery query(m_database);
    if (!query.exec(u"PRAGMA quick_check(1)"_s) || !query.next())
        return toError(query.lastError(), u"be checked"_s);
    const QString answer = query.value(0).toString();
    if (answer == "ok"_L1)
        return {};
    return Error(ErrorCode::StoreCorrupt, u"the audit file is damaged: %1"_s.arg(answer))
        .withRemedy(u"Keep the file as evidence, move it away and start again, or restore it from a backup."_s);
}

Result<void> AuditDatabase::checkpoint()
{
    return run(u"PRAGMA wal_checkpoint(FULL)"_s);
}

} // namespace Watchword::Gateway
