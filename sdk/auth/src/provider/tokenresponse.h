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
    QString tokenType; //!< Empty: not said, which is only accepted of a refresh; then it is that of the token before.
    /*!
        Empty: the provider did not say. At least one second: a token whose life is said to be shorter, zero or negative is given
       to who waits for it, and to nobody after that second; refreshSpacing() keeps the next ones apart.
    */
    std::optional<std::chrono::seconds> expiresIn;
    std::optional<QStringList> scopes; //!< Empty: as asked for.
    QStringList oddities; //!< What could not be read and was left out, for the log.
};

/*! The meaning of an answer of the token endpoint for the token that was sent. */
enum class TokenAnswerClass {
    Success,
    NotSent, //!< Certainly not received by the provider: the token is still good.
    Ambiguous, //!< It may have been received, and its answer is lost.
    Busy, //!< The provider cannot now.
    Garbage, //!< Not an answer of a token endpoint: a portal or a proxy's page.
    //! Carried out, but what came cannot be used. A refresh token that came with it is in the grant: the one that was sent may be
    //! spent.
    Unusable,
    FinalUser, //!< The provider wants the person.
    FinalConfiguration //!< The client or its request is wrong; no person can help by signing in.
};

struct TokenAnswer
{
    TokenAnswerClass meaning = TokenAnswerClass::Garbage;
    TokenGrant grant; //!< With Success. With Unusable only its refresh token.
    Error error; //!< Otherwise.
    //! The sent token may have been used up: the provider, or something before it, got it and did not say what came of it.
    bool maybeSpent = false;
};

/*! What was asked for. It decides what a refusal means that does not say why. */
enum class AnswerTo {
    Request, //!< Something before a grant, as a pushed request: the request is wrong.
    Code, //!< A sign-in: the code is not accepted.
    DeviceCode, //!< Unclear, so it is asked again as long as the device code lives.
    Refresh //!< The refresh token is not accepted.
};

/*!
    How long \a accessToken is good from \a now on, by the "exp" and "iat" of the JWT that it may be; empty if it is none, has no
    "exp", or has ended. Its signature is not looked at: this only plans refreshes.
*/
WATCHWORD_TEST_EXPORT std::optional<std::chrono::seconds> lifetimeOfJwt(const Secret &accessToken, WallTime now);

constexpr qsizetype kLargestTokenResponse = 128 * 1024;

/*!
    What \a outcome means. Endpoints are only ever reached over verified TLS, or on this machine, so an error status without a
   page is the provider's own answer, also with an empty body, a text, or JSON that is no OAuth error: 400 and 401 refuse, by \a
   asked; anything else is asked again. So is a page, which a portal or a proxy gives. An OAuth error counts as one with 2xx and
    3xx, too; behind 429 and 5xx nothing is final.
*/
WATCHWORD_TEST_EXPORT TokenAnswer classifyTokenAnswer(const HttpOutcome &outcome, AnswerTo asked = AnswerTo::Code);
//! RFC 6749 section 5.1; InvalidResponse says which member is wrong.
WATCHWORD_TEST_EXPORT Result<TokenGrant> parseTokenGrant(QByteArrayView body, AnswerTo asked = AnswerTo::Code);
//! What the "error" of an OAuth answer or redirect means; InvalidRequest for unknown ones.
WATCHWORD_TEST_EXPORT ErrorCode codeOfOAuthError(const QString &error);

} // namespace Watchword
