// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/export.h"
#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
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
};

struct IdTokenClaims
{
    QString subject;
    QString accountName;
    QString acr;
    std::optional<WallTime> authTime;
};

//! UnknownKey and BadSignature mean that fresh keys of the provider may help; everything else is final.
WATCHWORD_AUTH_EXPORT Result<IdTokenClaims> verifyIdToken(const Secret &idToken, const Secret &accessToken,
                                                          const JwkSet &keys, const IdTokenExpectation &expected,
                                                          WallTime now);

} // namespace Watchword
