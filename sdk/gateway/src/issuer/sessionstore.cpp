// SPDX-License-Identifier: Apache-2.0
#include "issuer/sessionstore.h"

#include <QSqlQuery>
#include <QVariant>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kSessionSchema = 1;

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

SessionStore::SessionStore()
    : m_file(u"issuer's session file"_s)
{
}

Result<void> SessionStore::open(const QString &file)
{
    if (file.isEmpty())
        return {};
    SqliteFile::Format format{kSessionSchema, u"then everybody signs in again"_s, {}};
    format.statements = [](int) {
        return QStringList{
            u"CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY NOT NULL, sub TEXT NOT NULL, name TEXT NOT NULL, "
            "client TEXT NOT NULL, scopes TEXT NOT NULL, auth_time INTEGER NOT NULL, family BLOB NOT NULL, "
            "refresh BLOB NOT NULL, refresh_issued INTEGER NOT NULL, refresh_expires INTEGER NOT NULL, "
            "previous BLOB NOT NULL, rotated INTEGER NOT NULL, access TEXT NOT NULL, access_expires INTEGER NOT NULL, "
            "ended INTEGER, end_reason TEXT NOT NULL) STRICT, WITHOUT ROWID"_s,
            u"CREATE TABLE IF NOT EXISTS revoked_token (id TEXT PRIMARY KEY NOT NULL, expires INTEGER NOT NULL) "
            "STRICT, WITHOUT ROWID"_s,
        };
    };
    return m_file.open(file, format);
}

Result<QList<SessionRecord>> SessionStore::loadSessions() const
{
    QList<SessionRecord> sessions;
    if (!m_file.isOpen())
        return sessions;
    QSqlQuery query(m_file.database());
    query.setForwardOnly(true);
    if (!query.exec(u"SELECT id, sub, name, client, scopes, auth_time, family, refresh, refresh_issued, refresh_expires, "
                    "previous, rotated, access, access_expires, ended, end_reason FROM session"_s))
        return m_file.failed(query, u"be read"_s);
    while (query.next())
        sessions.append(toRecord(query));
    return sessions;
}

Result<QList<SessionStore::RevokedToken>> SessionStore::loadRevokedTokens() const
{
    QList<RevokedToken> tokens;
    if (!m_file.isOpen())
        return tokens;
    QSqlQuery query(m_file.database());
    if (!query.exec(u"SELECT id, expires FROM revoked_token"_s))
        return m_file.failed(query, u"be read"_s);
    while (query.next())
        tokens.append({.id = query.value(0).toString(), .expires = fromMs(query.value(1))});
    return tokens;
}

Result<void> SessionStore::put(const SessionRecord &session)
{
    if (!m_file.isOpen())
        return {};
    QSqlQuery query(m_file.database());
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
        return m_file.failed(query, u"be written"_s);
    return {};
}

Result<void> SessionStore::remove(const QStringList &sessionIds)
{
    if (!m_file.isOpen())
        return {};
    QSqlQuery query(m_file.database());
    query.prepare(u"DELETE FROM session WHERE id = ?"_s);
    for (const QString &id : sessionIds) {
        query.bindValue(0, id);
        if (!query.exec())
            return m_file.failed(query, u"be written"_s);
    }
    return {};
}

Result<void> SessionStore::putRevokedToken(const RevokedToken &token)
{
    if (!m_file.isOpen())
        return {};
    QSqlQuery query(m_file.database());
    query.prepare(u"INSERT OR REPLACE INTO revoked_token (id, expires) VALUES (?, ?)"_s);
    query.addBindValue(token.id);
    query.addBindValue(toMs(token.expires));
    if (!query.exec())
        return m_file.failed(query, u"be written"_s);
    return {};
}

Result<void> SessionStore::removeRevokedTokens(WallTime expiredBefore)
{
    if (!m_file.isOpen())
        return {};
    return m_file.run(u"DELETE FROM revoked_token WHERE expires <= %1"_s.arg(toMs(expiredBefore)));
}

} // namespace Watchword::Gateway
