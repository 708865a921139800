// SPDX-License-Identifier: Apache-2.0
#include "issuer/sessionstore.h"

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

constexpr int kSessionSchema = 1;

Error toError(const QSqlQuery &query, const QString &doing)
{
    return sqliteError(query.lastError(), u"issuer's session file"_s, doing);
}

qint64 toMs(WallTime time)
{
    return time.time_since_epoch().count();
}

WallTime fromMs(const QVariant &value)
{
    return WallTime(Duration(value.toLongLong()));
}

// Column values are never NULL but where nothing is known, and Qt writes a null QString or QByteArray as NULL.
QVariant text(const QString &value)
{
    return value.isNull() ? u""_s : value;
}

QVariant bytes(const QByteArray &value)
{
    return value.isNull() ? QByteArray("") : value;
}

SessionRecord toRecord(const QSqlQuery &row)
{
    SessionRecord session;
    session.id = row.value(0).toString();
    session.subject = row.value(1).toString();
    session.name = row.value(2).toString();
    session.clientId = row.value(3).toString();
    session.scopes = row.value(4).toString().split(u' ', Qt::SkipEmptyParts);
    session.authTime = fromMs(row.value(5));
    session.familyHash = row.value(6).toByteArray();
    session.refreshHash = row.value(7).toByteArray();
    session.refreshIssued = fromMs(row.value(8));
    session.refreshExpires = fromMs(row.value(9));
    session.previousHash = row.value(10).toByteArray();
    session.rotatedAt = fromMs(row.value(11));
    session.accessId = row.value(12).toString();
    session.accessExpires = fromMs(row.value(13));
    if (!row.value(14).isNull())
        session.ended = fromMs(row.value(14));
    session.endReason = row.value(15).toString();
    return session;
}

} // namespace

SessionStore::SessionStore() = default;

SessionStore::~SessionStore()
{
    if (m_connection.isEmpty())
        return;
    m_database.close();
    m_database = {};
    QSqlDatabase::removeDatabase(m_connection);
}

Result<void> SessionStore::open(const QString &file)
{
    if (file.isEmpty())
        return {};
    if (!QDir().mkpath(QFileInfo(file).absolutePath()))
        return Error(ErrorCode::FileUnreadable, u"the folder of %1 cannot be made"_s.arg(file));
    QFile touched(file);
    if (!touched.open(QIODevice::ReadWrite) || !touched.setPermissions(QFile::ReadOwner | QFile::WriteOwner))
        return Error(ErrorCode::FileUnreadable, u"the issuer's session file %1: %2"_s.arg(file, touched.errorString()));
    touched.close();
    m_connection = u"watchword-issuer-"_s + QUuid::createUuid().toString(QUuid::WithoutBraces);
    m_database = QSqlDatabase::addDatabase(u"QSQLITE"_s, m_connection);
    m_database.setDatabaseName(file);
    m_database.setConnectOptions(u"QSQLITE_BUSY_TIMEOUT=250"_s);
    if (!m_database.open())
        return sqliteError(m_database.lastError(), u"issuer's session file"_s, u"be opened"_s);
    if (const Result<void> known = checkFormat(file); !known)
        return known;
    const QStringList statements{
        u"PRAGMA locking_mode=EXCLUSIVE"_s,
        u"PRAGMA journal_mode=WAL"_s,
        u"PRAGMA synchronous=FULL"_s,
        u"CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY NOT NULL, sub TEXT NOT NULL, name TEXT NOT NULL, "
        "client TEXT NOT NULL, scopes TEXT NOT NULL, auth_time INTEGER NOT NULL, family BLOB NOT NULL, "
        "refresh BLOB NOT NULL, refresh_issued INTEGER NOT NULL, refresh_expires INTEGER NOT NULL, "
        "previous BLOB NOT NULL, rotated INTEGER NOT NULL, access TEXT NOT NULL, access_expires INTEGER NOT NULL, "
        "ended INTEGER, end_reason TEXT NOT NULL) STRICT, WITHOUT ROWID"_s,
        u"CREATE TABLE IF NOT EXISTS revoked_token (id TEXT PRIMARY KEY NOT NULL, expires INTEGER NOT NULL) "
        "STRICT, WITHOUT ROWID"_s,
        u"PRAGMA user_version=%1"_s.arg(kSessionSchema),
    };
    for (const QString &statement : statements) {
        if (const Result<void> done = run(statement); !done)
            return done;
    }
    return {};
}

// A newer program may have written what this one would not see: who was revoked, for example.
Result<void> SessionStore::checkFormat(const QString &file) const
{
    QSqlQuery version(m_database);
    if (!version.exec(u"PRAGMA user_version"_s) || !version.next())
        return toError(version, u"be read"_s);
    const int found = version.value(0).toInt();
    if (found <= kSessionSchema)
        return {};
    return Error(ErrorCode::StoreCorrupt,
                 u"the issuer's session file %1 has format %2; this program knows %3"_s.arg(file).arg(found).arg(kSessionSchema))
        .withRemedy(u"Use the newer program that wrote it, or another state: then everybody signs in again."_s);
}

Result<void> SessionStore::run(const QString &statement) const
{
    QSqlQuery query(m_database);
    if (!query.exec(statement))
        return toError(query, u"run \"%1\""_s.arg(statement.section(u' ', 0, 2)));
    return {};
}

Result<QList<SessionRecord>> SessionStore::loadSessions() const
{
    QList<SessionRecord> sessions;
    if (m_connection.isEmpty())
        return sessions;
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    if (!query.exec(u"SELECT id, sub, name, client, scopes, auth_time, family, refresh, refresh_issued, refresh_expires, "
                    "previous, rotated, access, access_expires, ended, end_reason FROM session"_s))
        return toError(query, u"be read"_s);
    while (query.next())
        sessions.append(toRecord(query));
    return sessions;
}

Result<QList<SessionStore::RevokedToken>> SessionStore::loadRevokedTokens() const
{
    QList<RevokedToken> tokens;
    if (m_connection.isEmpty())
        return tokens;
    QSqlQuery query(m_database);
    if (!query.exec(u"SELECT id, expires FROM revoked_token"_s))
        return toError(query, u"be read"_s);
    while (query.next())
        tokens.append({.id = query.value(0).toString(), .expires = fromMs(query.value(1))});
    return tokens;
}

Result<void> SessionStore::put(const SessionRecord &session)
{
    if (m_connection.isEmpty())
        return {};
    QSqlQuery query(m_database);
    query.prepare(u"INSERT OR REPLACE INTO session (id, sub, name, client, scopes, auth_time, family, refresh, "
                  "refresh_issued, refresh_expires, previous, rotated, access, access_expires, ended, end_reason) "
                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"_s);
    const QVariantList values{text(session.id),
                              text(session.subject),
                              text(session.name),
                              text(session.clientId),
                              text(session.scopes.join(u' ')),
                              toMs(session.authTime),
                              bytes(session.familyHash),
                              bytes(session.refreshHash),
                              toMs(session.refreshIssued),
                              toMs(session.refreshExpires),
                              bytes(session.previousHash),
                              toMs(session.rotatedAt),
                              text(session.accessId),
                              toMs(session.accessExpires),
                              session.ended ? QVariant(toMs(*session.ended)) : QVariant(),
                              text(session.endReason)};
    for (const QVariant &value : values)
        query.addBindValue(value);
    if (!query.exec())
        return toError(query, u"be written"_s);
    return {};
}

Result<void> SessionStore::remove(const QStringList &sessionIds)
{
    if (m_connection.isEmpty())
        return {};
    QSqlQuery query(m_database);
    query.prepare(u"DELETE FROM session WHERE id = ?"_s);
    for (const QString &id : sessionIds) {
        query.bindValue(0, id);
        if (!query.exec())
            return toError(query, u"be written"_s);
    }
    return {};
}

Result<void> SessionStore::putRevokedToken(const RevokedToken &token)
{
    if (m_connection.isEmpty())
        return {};
    QSqlQuery query(m_database);
    query.prepare(u"INSERT OR REPLACE INTO revoked_token (id, expires) VALUES (?, ?)"_s);
    query.addBindValue(token.id);
    query.addBindValue(toMs(token.expires));
    if (!query.exec())
        return toError(query, u"be written"_s);
    return {};
}

Result<void> SessionStore::removeRevokedTokens(WallTime expiredBefore)
{
    if (m_connection.isEmpty())
        return {};
    return run(u"DELETE FROM revoked_token WHERE expires <= %1"_s.arg(toMs(expiredBefore)));
}

} // namespace Watchword::Gateway
