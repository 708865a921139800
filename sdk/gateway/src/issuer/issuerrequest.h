// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpmessage.h"
#include "issuer/issuerdirectory.h"

namespace Watchword::Gateway {

//! True for a form that a browser sends from another site's page.
bool isFromElsewhere(const HttpRequest &request);
//! True for a request with an Origin (RFC 6454 section 7) that is neither that of \a issuerUrl nor that of the Host it was sent
//! to: browsers that do not know Sec-Fetch-Site say it with each form.
bool isOfOtherOrigin(const HttpRequest &request, const QString &issuerUrl);
//! 128 random bits as base64url.
QString randomId();
//! RFC 6749 section 5.2.
HttpResponse tokenError(const QString &error, const QString &description, int status = 400);
//! Sends the browser back to the app with an error (RFC 6749 section 4.1.2.1, RFC 9207).
HttpResponse authorizationError(const QString &redirectUri, const QString &state, const QString &error,
                                const QString &description, const QString &issuer);
//! The public client that sent \a request, or null and the answer that refuses it.
const IssuerClient *publicClient(const IssuerDirectory &directory, const HttpRequest &request, const FormFields &fields,
                                 HttpResponse *refusal);

} // namespace Watchword::Gateway
