// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/sessionstore.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QHash>

#include <optional>

namespace Watchword::Gateway {

/*! A refresh token that was just made. "<family>.<secret>", both random; only hashes are kept. */
struct FreshRefreshToken
{
    Secret token;
    QByteArray familyHash;
    QByteArray hash;
};

/*!
    The sessions of the embedded issuer and the one refresh token of each that is good now.

    A refresh token names its family, and the family's name is itself a secret that only refresh tokens carry. So one
    record a session is enough to tell a spent token from a made-up one, however often the session was refreshed.
    Every change is in the store before it is in memory and before the caller can answer: a failure changes nothing.

    Threads: reentrant. Ownership: owns its store.
*/
class WATCHWORD_TEST_EXPORT SessionBook
{
public:
    enum class Use {
        Good,
        GoodAgain, //!< The token before the current one, within the grace.
        Unknown,
        Spent, //!< It was good once, or its family is right and it never was: the family is in wrong hands.
        Expired,
        Ended //!< The session was ended before.
    };

    //! Reads what is in \a file; empty: in memory.
    Result<void> open(const QString &file);

    //! For the session of \a familyHash, or a new family when that is empty.
    static FreshRefreshToken makeRefreshToken(const Secret &previous = {});
    static QString refreshTokenId(const QByteArray &hash); //!< For rows and the audit: "rt-" and 16 hexadecimal digits.
    static QByteArray hashOf(QByteArrayView token);

    Result<void> put(const SessionRecord &session); //!< New or changed.
    std::optional<SessionRecord> find(const QString &sessionId) const;
    QList<SessionRecord> sessions() const { return m_sessions.values(); } //!< Ended ones, too.
    std::optional<SessionRecord> findByRefreshToken(const Secret &token) const;
    Use judge(const SessionRecord &session, const Secret &token, WallTime now, std::chrono::seconds grace) const;

    Result<void> revokeToken(const QString &tokenId, WallTime expires);
    bool isRevoked(const QString &sessionId, const QString &tokenId) const;
    //! Forgets what can matter no more; returns the sessions whose refresh token expired now.
    QList<SessionRecord> forget(WallTime now);
    qsizetype size() const { return m_sessions.size(); }

private:
    SessionStore m_store;
    QHash<QString, SessionRecord> m_sessions;
    QHash<QByteArray, QString> m_families;
    QHash<QString, WallTime> m_revokedTokens;
};

} // namespace Watchword::Gateway
