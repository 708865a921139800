// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/gateway/export.h"

#include <QString>
#include <QStringList>

#include <optional>

namespace Watchword::Gateway {

/*!
    Who is behind a credential, as the gateway believes it after validation. Holds no token.
    Threads: reentrant value.
*/
struct WATCHWORD_GATEWAY_EXPORT Identity
{
    QString issuer;
    QString subject; //!< "sub"
    QString name; //!< preferred_username, name or email, for people; else the subject.
    QString clientId; //!< "client_id" or "azp"
    QString sessionId; //!< "sid", or "jti" where the issuer has no sessions.
    QString tokenId; //!< "jti", or the fingerprint where there is none.
    QString tokenFingerprint; //!< Secret::fingerprint() of the token.
    QString keyId;
    QString algorithm;
    QString keyThumbprint; //!< "cnf.jkt" (RFC 9449 section 6.1): who has the token must have this key. Empty: a bearer token.
    QStringList audiences;
    QStringList scopes;
    QStringList roles; //!< By IssuerConfig::rolesClaim.
    QString tenant; //!< By IssuerConfig::tenantClaim.
    QString acr;
    std::optional<WallTime> authTime;
    std::optional<WallTime> issuedAt;
    std::optional<WallTime> expiresAt;

    bool hasScope(const QString &scope) const { return scopes.contains(scope); }
    //! The same person at the same issuer; what a renewal must keep.
    bool isSamePerson(const Identity &other) const;
};

} // namespace Watchword::Gateway
