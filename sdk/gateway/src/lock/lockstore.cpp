// SPDX-License-Identifier: Apache-2.0
#include "lock/lockstore.h"

#include "audit/sqliteerror.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSqlError>
#include <QSqlQuery>
#include <QUuid>
#include <QVariant>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLockSchema = 1;
const QString kLockFile = u"database of locks"_s;

QVariant storedText(const QString &value)
{
    return value.isNull() ? u""_s : value;
}

QVariant storedTime(const std::optional<WallTime> &time)
{
    return time ? QVariant(qint64(time->time_since_epoch().count())) : QVariant(QMetaType::fromType<qint64>());
}

std::optional<WallTime> readTime(const QVariant &value)
{
    return value.isNull() ? std::nullopt : std::optional(WallTime(Duration(value.toLongLong())));
}

std::optional<Lock> readLock(const QSqlQuery &row)
{
    const auto kind = lockKindOf(row.value(1).toString());
    const auto mode = lockModeOf(row.value(4).toString());
    if (!kind || !mode)
        return {};
    Lock lock;
    lock.id = row.value(0).toString();
    lock.target = {*kind, row.value(2).toString(), row.value(3).toString()};
    lock.mode = *mode;
    lock.before = readTime(row.value(5));
    lock.since = readTime(row.value(6)).value_or(WallTime());
    lock.until = readTime(row.value(7));
    lock.message = row.value(8).toString();
    lock.reason = row.value(9).toString();
    lock.by = row.value(10).toString();
    return lock;
}

} // namespace

LockStore::LockStore() = default;

LockStore::~LockStore()
{
    if (m_connection.isEmpty())
        return;
    m_database.close();
    m_database = {};
    QSqlDatabase::removeDatabase(m_connection);
}

Result<void> LockStore::open(const QString &file)
{
    if (file.isEmpty())
        return {};
    if (!QDir().mkpath(QFileInfo(file).absolutePath()))
        return Error(ErrorCode::FileUnreadable, u"the folder of %1 cannot be made"_s.arg(file));
    QFile touched(file);
    if (!touched.open(QIODevice::ReadWrite) || !touched.setPermissions(QFile::ReadOwner | QFile::WriteOwner))
        return Error(ErrorCode::FileUnreadable, u"the database of locks %1: %2"_s.arg(file, touched.errorString()));
    touched.close();
    m_connection = u"watchword-locks-"_s + QUuid::createUuid().toString(QUuid::WithoutBraces);
    m_database = QSqlDatabase::addDatabase(u"QSQLITE"_s, m_connection);
    m_database.setDatabaseName(file);
    m_database.setConnectOptions(u"QSQLITE_BUSY_TIMEOUT=250"_s);
    if (!m_database.open())
        return sqliteError(m_database.lastError(), kLockFile, u"be opened"_s);
    QSqlQuery version(m_database);
    if (!version.exec(u"PRAGMA user_version"_s) || !version.next())
        return sqliteError(version.lastError(), kLockFile, u"be read"_s);
    // A newer program may have written what this one would not see: who is kept out.
    if (const int found = version.value(0).toInt(); found > kLockSchema) {
        return Error(ErrorCode::StoreCorrupt,
                     u"the database of locks %1 has format %2; this program knows %3"_s.arg(file).arg(found).arg(kLockSchema))
            .withRemedy(u"Use the newer program that wrote it, or remove it: then nobody is kept out any more."_s);
    }
    version.finish();
    const QStringList statements{
        u"PRAGMA locking_mode=EXCLUSIVE"_s,
        u"PRAGMA journal_mode=WAL"_s,
        u"PRAGMA synchronous=FULL"_s,
        u"CREATE TABLE IF NOT EXISTS lock (id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, issuer TEXT NOT NULL, "
        "value TEXT NOT NULL, mode TEXT NOT NULL, before_time INTEGER, since INTEGER NOT NULL, until INTEGER, "
        "message TEXT NOT NULL, reason TEXT NOT NULL, made_by TEXT NOT NULL) STRICT, WITHOUT ROWID"_s,
        u"PRAGMA user_version=%1"_s.arg(kLockSchema),
    };
    for (const QString &statement : statements) {
        if (const Result<void> done = run(statement); !done)
            return done;
    }
    return {};
}

Result<void> LockStore::run(const QString &statement) const
{
    QSqlQuery query(m_database);
    if (!query.exec(statement))
        return sqliteError(query.lastError(), kLockFile, u"run \"%1\""_s.arg(statement.section(u' ', 0, 2)));
    return {};
}

Result<QList<Lock>> LockStore::load() const
{
    QList<Lock> locks;
    if (!isDurable())
        return locks;
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    if (!query.exec(u"SELECT id, kind, issuer, value, mode, before_time, since, until, message, reason, made_by FROM lock"_s))
        return sqliteError(query.lastError(), kLockFile, u"be read"_s);
    while (query.next()) {
        const std::optional<Lock> lock = readLock(query);
        if (!lock)
            return Error(ErrorCode::StoreCorrupt, u"the database of locks has a lock that cannot be read"_s);
        locks.append(*lock);
    }
    return locks;
}

Result<void> LockStore::put(const Lock &lock)
{
    if (!isDurable())
        return {};
    QSqlQuery query(m_database);
    query.prepare(u"INSERT OR REPLACE INTO lock (id, kind, issuer, value, mode, before_time, since, until, message, reason, "
                  "made_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"_s);
    const QVariantList values{lock.id,
                              wireName(lock.target.kind),
                              storedText(lock.target.issuer),
                              storedText(lock.target.value),
                              wireName(lock.mode),
                              storedTime(lock.before),
                              storedTime(lock.since),
                              storedTime(lock.until),
                              storedText(lock.message),
                              storedText(lock.reason),
                              storedText(lock.by)};
    for (const QVariant &value : values)
        query.addBindValue(value);
    if (!query.exec())
        return sqliteError(query.lastError(), kLockFile, u"be written"_s);
    return {};
}

Result<void> LockStore::remove(const QStringList &ids)
{
    if (!isDurable() || ids.isEmpty())
        return {};
    QSqlDatabase database = m_database;
    if (!database.transaction())
        return sqliteError(database.lastError(), kLockFile, u"be written"_s);
    QSqlQuery query(database);
    query.prepare(u"DELETE FROM lock WHERE id = ?"_s);
    for (const QString &id : ids) {
        query.bindValue(0, id);
        if (!query.exec()) {
            const Error error = sqliteError(query.lastError(), kLockFile, u"be written"_s);
            database.rollback();
            return error;
        }
    }
    if (!database.commit())
        return sqliteError(database.lastError(), kLockFile, u"be written"_s);
    return {};
}

} // namespace Watchword::Gateway
