// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lock/lock.h"
#include "watchword/core/result.h"

#include <QJsonObject>
#include <QList>

namespace Watchword::Gateway {

/*! What a provider says about one of its users, sessions or tokens, and what has to follow. */
struct ProviderStatement
{
    QString reason; //!< "backchannel_logout", "session_revoked", "credential_change", "token_claims_change"
    LockTarget target;
    Lock::Mode mode = Lock::Mode::Revoked;
    std::optional<WallTime> before; //!< As in Lock.
    QString initiator; //!< "admin", "user", "policy" or "system", as CAEP has it.
};

/*! A security event token (RFC 8417), whose signature was proven. */
struct ProviderEvents
{
    QString id; //!< "jti"
    QList<ProviderStatement> statements; //!< Empty where nothing of it concerns connections.
    std::optional<QString> verification; //!< "state" of a verification event (Shared Signals Framework 1.0 section 8.1.4).
};

/*!
    The claims of a logout token (OpenID Connect Back-Channel Logout 1.0 sections 2.4 and 2.6): with "sid" that session of "sub",
    and without a "sub" that of whoever has it at that issuer; with "sub" alone all sign-ins until "iat". MissingClaim,
   MalformedToken, TokenExpired or TokenNotYetValid says what is wrong; a "nonce" makes it none, so that no ID token passes for
   one.
*/
WATCHWORD_TEST_EXPORT Result<ProviderStatement> readLogoutToken(const QJsonObject &claims, WallTime now);
/*!
    The claims of a security event token: CAEP 1.0 session-revoked, token-claims-change and credential-change, and the
    verification event. Subjects (RFC 9493) are iss_sub, opaque (a session), jwt_id and complex ones of these, also in the place
    that older drafts gave them. Other events, and subjects that nothing here is known by, lead to no statement. A subject of
    another issuer is WrongIssuer: nobody speaks for somebody else's users.
*/
WATCHWORD_TEST_EXPORT Result<ProviderEvents> readSecurityEvents(const QJsonObject &claims, WallTime now);

} // namespace Watchword::Gateway
