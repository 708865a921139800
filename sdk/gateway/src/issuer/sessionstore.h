// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/sqlitefile.h"
#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"

#include <QList>
#include <QStringList>

#include <optional>

namespace Watchword::Gateway {

/*! One signed-in session of the embedded issuer. Holds hashes of tokens, never a token. Threads: reentrant value. */
struct SessionRecord
{
    QString id; //!< "sid"
    QString subject;
    QString name;
    QString clientId;
    QStringList scopes;
    WallTime authTime{};
    QByteArray familyHash; //!< Empty: the session has no refresh token.
    QByteArray refreshHash;
    WallTime refreshIssued{};
    WallTime refreshExpires{};
    QByteArray previousHash; //!< The refresh token before the current one.
    WallTime rotatedAt{};
    QString accessId; //!< "jti" of the newest access token.
    WallTime accessExpires{}; //!< When the last access token of the session ends.
    std::optional<WallTime> ended;
    QString endReason;

    bool isOver(WallTime now) const
    {
        return accessExpires <= now && (ended.has_value() || familyHash.isEmpty() || refreshExpires <= now);
    }
};

/*!
    Sessions in SQLite, each change on the disk when the call returns (synchronous=FULL).
    Without a file every call succeeds and keeps nothing. Threads: the one that opened it.
*/
class WATCHWORD_TEST_EXPORT SessionStore
{
public:
    struct RevokedToken
    {
        QString id;
        WallTime expires{};
    };

    SessionStore();

    //! The file gets permissions for its owner only. StoreCorrupt (also for the format of a newer program), LockBusy,
    //! FileUnreadable or StorageFailed.
    Result<void> open(const QString &file);
    Result<QList<SessionRecord>> loadSessions() const;
    Result<QList<RevokedToken>> loadRevokedTokens() const;
    Result<void> put(const SessionRecord &session);
    Result<void> remove(const QStringList &sessionIds);
    Result<void> putRevokedToken(const RevokedToken &token);
    Result<void> removeRevokedTokens(WallTime expiredBefore);

private:
    SqliteFile m_file;
};

} // namespace Watchword::Gateway
