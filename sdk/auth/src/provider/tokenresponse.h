// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/httpoutcome.h"
#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QStringList>

namespace Watchword {

/*! What the token endpoint gave (RFC 6749 section 5.1). */
struct TokenGrant
{
    Secret accessToken;
    Secret refreshToken; //!< Empty: keep the old one (RFC 6749 section 6).
    Secret idToken;
    QString tokenType;
    std::optional<std::chrono::seconds> expiresIn; //!< Empty: the provider did not say.
    std::optional<QStringList> scopes; //!< Empty: as asked for.
};

/*! The meaning of an answer of the token endpoint for the token that was sent. */
enum class TokenAnswerClass {
    Success,
    NotSent, //!< Certainly not received by the provider: the token is still good.
    Ambiguous, //!< It may have been received, and its answer is lost.
    Busy, //!< The provider cannot now.
    Garbage, //!< Not an answer of a token endpoint: a portal or a proxy's page.
    FinalUser, //!< The provider wants the person.
    FinalConfiguration //!< The client or its request is wrong; no person can help by signing in.
};

struct TokenAnswer
{
    TokenAnswerClass meaning = TokenAnswerClass::Garbage;
    TokenGrant grant; //!< With Success.
    Error error; //!< Otherwise.
    //! The sent token may have been used up: the provider, or something before it, got it and did not say what came of it.
    bool maybeSpent = false;
};

/*!
    How long \a accessToken is good from \a now on, by the "exp" and "iat" of the JWT that it may be; empty if it is none, has no
    "exp", or has ended. Its signature is not looked at: this only plans refreshes.
*/
WATCHWORD_TEST_EXPORT std::optional<std::chrono::seconds> lifetimeOfJwt(const Secret &accessToken, WallTime now);

constexpr qsizetype kLargestTokenResponse = 128 * 1024;

WATCHWORD_TEST_EXPORT TokenAnswer classifyTokenAnswer(const HttpOutcome &outcome);
//! RFC 6749 section 5.1; InvalidResponse says which member is wrong.
WATCHWORD_TEST_EXPORT Result<TokenGrant> parseTokenGrant(QByteArrayView body);

} // namespace Watchword
