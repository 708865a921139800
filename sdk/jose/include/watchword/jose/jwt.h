// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/jose/jwkset.h"
#include "watchword/jose/signingkey.h"

#include <QJsonObject>
#include <QStringList>

#include <memory>
#include <optional>

namespace Watchword {

class ClaimSet;

/*! What a token must be like to be accepted. The defaults are those of an access token at a resource server.
 */
struct JwtPolicy
{
    //! The only algorithms that are tried, whatever the token says (RFC 8725 section 3.1). "none" and HMAC
    //! never work.
    QStringList algorithms = {QStringLiteral("ES256"), QStringLiteral("RS256"), QStringLiteral("PS256"), QStringLiteral("EdDSA")};
    //! Accepted "typ", without case and with or without "application/" (RFC 7515 section 4.1.9); empty: not
    //! checked.
    QStringList types;
    bool typeRequired = false; //!< With types: a token without "typ" is refused too.
    QString issuer; //!< Compared exactly; empty: not checked, because the caller chose the keys by issuer.
    QStringList audiences; //!< One of them must be in "aud".
    //! False: an empty audiences means that "aud" is not looked at. True with empty audiences is
    //! InvalidArgument.
    bool audienceRequired = true;
    Duration leeway = std::chrono::seconds(60); //!< For clocks that differ; applied to exp, nbf and iat.
    bool expiryRequired = true; //!< A token without "exp" is refused with MissingClaim.
    QString nonce; //!< OpenID Connect Core section 3.1.3.7 step 11; empty: not checked.
    //! The client id for the "azp" rules of OpenID Connect Core section 3.1.3.7 steps 4 and 5; empty: not
    //! checked.
    QString authorizedParty;
    //! Upper bound of exp - iat; zero: none. Longer is TokenLifetimeTooLong, an "iat" in the future
    //! TokenNotYetValid.
    std::chrono::seconds maximumLifetime{0};
};

/*!
    A JSON Web Token in compact form (RFC 7519, RFC 7515), read strictly as RFC 8725 asks.

    verify() proves the signature first and only then looks at claims. Its failures, in the order of the
   checks: MalformedToken, UnsupportedAlgorithm, WrongTokenType, UnknownKey, UnusableKey, BadSignature, then
   of the claims MissingClaim, TokenExpired, TokenNotYetValid, TokenLifetimeTooLong, WrongIssuer,
   WrongAudience, WrongNonce.

    - The algorithm must be on the policy's list and fit the key's own type; the token only says which of them
   it is.
    - "kid" chooses among the keys given; without it exactly one key must fit. "jku", "jwk", "x5u" and "x5c"
   are not read.
    - "crit" and "b64" are MalformedToken, because no extension is understood (RFC 7515 section 4.1.11).
    - A member that occurs twice in an object of header or claims, at any depth, is MalformedToken (RFC 7515
      section 4). So are padding, white space, non-canonical base64url, anything over 16 KiB and
      claims of the wrong JSON type. Times may have a fraction, which is dropped; times beyond the year 9999
   count as that.

    Threads: reentrant value. Texts of errors never hold parts of the token but the names of its claims and
   its "kid".
*/
class WATCHWORD_JOSE_EXPORT Jwt
{
public:
    static constexpr qsizetype kLargestSize = 16 * 1024;

    //! Takes the token apart and proves nothing: never decide anything by the result but which issuer to ask.
    static Result<Jwt> parse(QByteArrayView compact);
    static Result<Jwt> verify(QByteArrayView compact, const JwkSet &keys, const JwtPolicy &policy, WallTime now);

    QJsonObject header() const { return m_header; }
    //! Made anew by each call: for one claim, claim() and the functions below are cheaper.
    QJsonObject claims() const;
    QJsonValue claim(QStringView name) const; //!< Undefined if the token does not have it.

    QString keyId() const; //!< Header "kid".
    QString algorithm() const; //!< Header "alg".
    QString type() const; //!< Header "typ" in lower case, without "application/".

    QString issuer() const; //!< "iss"
    QString subject() const; //!< "sub"
    QString id() const; //!< "jti"
    QString sessionId() const; //!< "sid"
    QStringList audiences() const; //!< "aud", one or many.
    QStringList scopes() const; //!< "scope" as text or array, else "scp".
    std::optional<WallTime> expiresAt() const; //!< "exp"
    std::optional<WallTime> issuedAt() const; //!< "iat"
    std::optional<WallTime> notBefore() const; //!< "nbf"
    std::optional<WallTime> authTime() const; //!< "auth_time"

private:
    const ClaimSet &claimSet() const;

    QJsonObject m_header;
    std::shared_ptr<const ClaimSet> m_claims; // null in a Jwt of the default constructor
};

//! \a claims signed by \a key as compact JWT; the header is "alg", "kid" and, unless empty, "typ".
WATCHWORD_JOSE_EXPORT Result<QByteArray> signJwt(const SigningKey &key, const QString &type, const QJsonObject &claims);

} // namespace Watchword
