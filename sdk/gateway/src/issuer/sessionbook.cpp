// SPDX-License-Identifier: Apache-2.0
#include "issuer/sessionbook.h"

#include "watchword/core/log.h"
#include "watchword/jose/base64url.h"

#include <QCryptographicHash>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kFamilyBytes = 16;
constexpr qsizetype kSecretBytes = 32;

QByteArrayView familyOf(QByteArrayView token)
{
    const qsizetype dot = token.indexOf('.');
    return dot < 0 ? QByteArrayView() : token.first(dot);
}

} // namespace

Result<void> SessionBook::open(const QString &file)
{
    if (const Result<void> opened = m_store.open(file); !opened)
        return opened;
    const Result<QList<SessionRecord>> sessions = m_store.loadSessions();
    const Result<QList<SessionStore::RevokedToken>> tokens = m_store.loadRevokedTokens();
    if (!sessions || !tokens)
        return sessions ? tokens.error() : sessions.error();
    for (const SessionRecord &session : *sessions) {
        m_sessions.insert(session.id, session);
        if (!session.familyHash.isEmpty())
            m_families.insert(session.familyHash, session.id);
    }
    for (const SessionStore::RevokedToken &token : *tokens)
        m_revokedTokens.insert(token.id, token.expires);
    return {};
}

FreshRefreshToken SessionBook::makeRefreshToken(const Secret &previous)
{
    QByteArray family = familyOf(previous.reveal()).toByteArray();
    if (family.isEmpty())
        family = toBase64Url(Secret::random(kFamilyBytes).reveal());
    QByteArray token = family + '.' + toBase64Url(Secret::random(kSecretBytes).reveal());
    FreshRefreshToken fresh{.token = {}, .familyHash = hashOf(family), .hash = hashOf(token)};
    fresh.token = Secret::take(std::move(token));
    return fresh;
}

QString SessionBook::refreshTokenId(const QByteArray &hash)
{
    return u"rt-"_s + QString::fromLatin1(hash.toHex().first(16));
}

QByteArray SessionBook::hashOf(QByteArrayView token)
{
    return QCryptographicHash::hash(token, QCryptographicHash::Sha256);
}

Result<void> SessionBook::put(const SessionRecord &session)
{
    if (const Result<void> stored = m_store.put(session); !stored)
        return stored;
    m_sessions.insert(session.id, session);
    if (!session.familyHash.isEmpty())
        m_families.insert(session.familyHash, session.id);
    return {};
}

std::optional<SessionRecord> SessionBook::find(const QString &sessionId) const
{
    const auto found = m_sessions.constFind(sessionId);
    return found == m_sessions.constEnd() ? std::nullopt : std::optional(*found);
}

std::optional<SessionRecord> SessionBook::findByRefreshToken(const Secret &token) const
{
    const QByteArrayView family = familyOf(token.reveal());
    if (family.isEmpty())
        return std::nullopt;
    const auto found = m_families.constFind(hashOf(family));
    return found == m_families.constEnd() ? std::nullopt : find(*found);
}

SessionBook::Use SessionBook::judge(const SessionRecord &session, const Secret &token, WallTime now,
                                    std::chrono::seconds grace) const
{
    const QByteArray hash = hashOf(token.reveal());
    if (session.ended)
        return Use::Ended;
    if (hash == session.refreshHash)
        return session.refreshExpires <= now ? Use::Expired : Use::Good;
    if (hash == session.previousHash && grace.count() > 0 && now - session.rotatedAt <= grace)
        return Use::GoodAgain;
    return Use::Spent;
}

Result<void> SessionBook::revokeToken(const QString &tokenId, WallTime expires)
{
    if (const Result<void> stored = m_store.putRevokedToken({.id = tokenId, .expires = expires}); !stored)
        return stored;
    m_revokedTokens.insert(tokenId, expires);
    return {};
}

bool SessionBook::isRevoked(const QString &sessionId, const QString &tokenId) const
{
    if (m_revokedTokens.contains(tokenId))
        return true;
    const auto found = m_sessions.constFind(sessionId);
    return found != m_sessions.constEnd() && found->ended.has_value();
}

QList<SessionRecord> SessionBook::forget(WallTime now)
{
    QList<SessionRecord> expired;
    QStringList ids;
    for (const SessionRecord &session : std::as_const(m_sessions)) {
        if (!session.isOver(now))
            continue;
        ids.append(session.id);
        if (!session.ended && !session.familyHash.isEmpty())
            expired.append(session);
    }
    Result<void> stored = m_store.remove(ids);
    if (stored)
        stored = m_store.removeRevokedTokens(now);
    if (!stored) {
        qCWarning(logGateway).noquote() << stored.error().toString();
        return {};
    }
    for (const QString &id : std::as_const(ids))
        m_families.remove(m_sessions.take(id).familyHash);
    m_revokedTokens.removeIf([&](const auto &entry) { return entry.value() <= now; });
    return expired;
}

} // namespace Watchword::Gateway
