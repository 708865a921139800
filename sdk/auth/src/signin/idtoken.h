// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"
#include "watchword/jose/jwkset.h"

#include <QStringList>

#include <optional>

namespace Watchword {

/*! What an ID token has to prove (OpenID Connect Core section 3.1.3.7). */
struct IdTokenExpectation
{
    QString issuer;
    QString clientId;
    QString nonce; //!< Empty: not checked, for ID tokens that come with a refresh.
    QString subject; //!< Empty: anybody. Otherwise the same person (OpenID Connect Core section 12.2).
    QStringList providerAlgorithms; //!< From discovery; empty: not said.
    std::optional<std::chrono::seconds> maxAge; //!< auth_time must be younger.
    QStringList acrValues; //!< One of them must be in "acr", if any.
    //! The ID token of the sign-in, or the last one that came with a refresh: for one that comes with the next refresh.
    Secret predecessor;
    std::optional<WallTime> askedAt; //!< When the answer with it was asked for; "iat" must not be before.
};

struct IdTokenClaims
{
    QString subject;
    QString accountName;
    QString acr;
    std::optional<WallTime> authTime;
};

//! UnknownKey and BadSignature mean that fresh keys of the provider may help; everything else is final.
WATCHWORD_TEST_EXPORT Result<IdTokenClaims> verifyIdToken(const Secret &idToken, const Secret &accessToken, const JwkSet &keys,
                                                          const IdTokenExpectation &expected, WallTime now);

/*!
    For an ID token that came with a refresh: all of verifyIdToken(), and what OpenID Connect Core section 12.2 asks beside
    it. "iss", "sub", "aud" and "azp" are those of the predecessor, "auth_time" and "nonce" too if it has them, and "iat" is of
    now. IdentityChanged means that it continues another sign-in.
*/
WATCHWORD_TEST_EXPORT Result<IdTokenClaims> verifyRefreshedIdToken(const Secret &idToken, const Secret &accessToken,
                                                                   const JwkSet &keys, const IdTokenExpectation &expected,
                                                                   WallTime now);

/*!
    True if \a idToken says that it is of \a issuer and of another person than \a subject. Its signature is not looked at:
    it came from the token endpoint over TLS (section 3.1.3.7 step 6), and what came with it may be handed out only if it is
    of the same person, before the provider's keys are there.
*/
WATCHWORD_TEST_EXPORT bool namesAnotherPerson(const Secret &idToken, const QString &issuer, const QString &subject);

} // namespace Watchword
