// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/httpoutcome.h"
#include "watchword/auth/sessionoptions.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"

#include <optional>

namespace Watchword {

using Parameters = QList<std::pair<QString, QString>>;

/*! What one sign-in asks for beyond the options of the session. */
struct SignInWish
{
    QStringList acrValues;
    std::optional<std::chrono::seconds> maxAge;
    QString loginHint;
};

/*! The parameters of one authorization request; state and nonce are fresh for each sign-in. */
struct AuthorizationRequest
{
    QUrl redirect;
    QString state;
    QString nonce;
    QString challenge;
    QString proofThumbprint; //!< RFC 9449 section 10; empty: no proof of possession.
};

/*! The answer of the pushed authorization request endpoint (RFC 9126 section 2.2). */
struct PushedRequest
{
    QString requestUri; //!< Good for one visit of the authorization endpoint.
    std::chrono::seconds expiresIn{0};
};

constexpr qsizetype kLargestPushedAnswer = 64 * 1024;

//! RFC 6749 section 4.1.1, RFC 7636 section 4.3, OpenID Connect Core section 3.1.2.1.
WATCHWORD_TEST_EXPORT Parameters authorizationParameters(const SessionOptions &options, const SignInWish &wish,
                                                         const AuthorizationRequest &request);
//! RFC 8628 section 3.1; without the parameters that belong to a redirect.
WATCHWORD_TEST_EXPORT Parameters deviceParameters(const SessionOptions &options, const SignInWish &wish);
//! \a parameters in the query, without replacing what the endpoint's own query says (RFC 6749 section 3.1).
WATCHWORD_TEST_EXPORT QUrl urlWith(const QUrl &endpoint, const Parameters &parameters);
WATCHWORD_TEST_EXPORT Result<PushedRequest> readPushedRequest(const HttpOutcome &outcome);

} // namespace Watchword
