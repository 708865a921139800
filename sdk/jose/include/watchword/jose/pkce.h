// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/secret.h"
#include "watchword/jose/export.h"

#include <QString>

namespace Watchword {

/*! Proof Key for Code Exchange, method S256 (RFC 7636). "plain" does not exist here (RFC 9700 section 2.1.1).
 */
struct WATCHWORD_JOSE_EXPORT Pkce
{
    Secret verifier; //!< 43 characters of base64url, 256 bits; goes into the token request only.
    QString challenge; //!< Goes into the authorization request as code_challenge.

    static Pkce create();
    static QString challengeOf(QByteArrayView verifier); //!< BASE64URL(SHA256(verifier)).
    //! Server side, in constant time. False also for verifiers that break section 4.1 (43 to 128 of
    //! [A-Za-z0-9-._~]).
    static bool matches(QByteArrayView verifier, const QString &challenge);
};

} // namespace Watchword
