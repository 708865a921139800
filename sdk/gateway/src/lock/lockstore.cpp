// SPDX-License-Identifier: Apache-2.0
#include "lock/lockstore.h"

#include <QSqlQuery>
#include <QVariant>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kLockSchema = 2;

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
    lock.target = {*kind, row.value(2).toString(), row.value(3).toString(), row.value(12).toString()};
    lock.mode = *mode;
    lock.before = readTime(row.value(5));
    lock.since = readTime(row.value(6)).value_or(WallTime());
    lock.until = readTime(row.value(7));
    lock.message = row.value(8).toString();
    lock.reason = row.value(9).toString();
    lock.by = row.value(10).toString();
    lock.includesOperators = row.value(11).toBool();
    return lock;
}

} // namespace

LockStore::LockStore()
    : m_file(u"database of locks"_s)
{
}

Result<void> LockStore::open(const QString &file)
{
    if (file.isEmpty())
        return {};
    SqliteFile::Format format{kLockSchema, u"then nobody is kept out any more"_s, {}};
    format.statements = [](int found) {
        if (found == 1) { // before there were operators who stay, and users of sessions
            return QStringList{u"ALTER TABLE lock ADD COLUMN operators INTEGER NOT NULL DEFAULT 0"_s,
                               u"ALTER TABLE lock ADD COLUMN subject TEXT NOT NULL DEFAULT ''"_s};
        }
        return QStringList{
            u"CREATE TABLE IF NOT EXISTS lock (id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, issuer TEXT NOT NULL, "
            "value TEXT NOT NULL, mode TEXT NOT NULL, before_time INTEGER, since INTEGER NOT NULL, until INTEGER, "
            "message TEXT NOT NULL, reason TEXT NOT NULL, made_by TEXT NOT NULL, operators INTEGER NOT NULL, subject TEXT NOT "
            "NULL) STRICT, "
            "WITHOUT ROWID"_s};
    };
    return m_file.open(file, format);
}

Result<QList<Lock>> LockStore::load() const
{
    QList<Lock> locks;
    if (!isDurable())
        return locks;
    QSqlQuery query(m_file.database());
    query.setForwardOnly(true);
    if (!query.exec(
            u"SELECT id, kind, issuer, value, mode, before_time, since, until, message, reason, made_by, operators, subject FROM lock"_s))
        return m_file.failed(query, u"be read"_s);
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
    QSqlQuery query(m_file.database());
    query.prepare(u"INSERT OR REPLACE INTO lock (id, kind, issuer, value, mode, before_time, since, until, message, reason, "
                  "made_by, operators, subject) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"_s);
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
                              storedText(lock.by),
                              int(lock.includesOperators),
                              storedText(lock.target.subject)};
    for (const QVariant &value : values)
        query.addBindValue(value);
    if (!query.exec())
        return m_file.failed(query, u"be written"_s);
    return {};
}

Result<void> LockStore::remove(const QStringList &ids)
{
    if (!isDurable() || ids.isEmpty())
        return {};
    return m_file.inTransaction([this, &ids](const QSqlDatabase &database) -> Result<void> {
        QSqlQuery query(database);
        query.prepare(u"DELETE FROM lock WHERE id = ?"_s);
        for (const QString &id : ids) {
            query.bindValue(0, id);
            if (!query.exec())
                return m_file.failed(query, u"be written"_s);
        }
        return {};
    });
}

} // namespace Watchword::Gateway
