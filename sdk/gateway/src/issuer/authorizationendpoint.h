// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issuerservices.h"
#include "issuer/signinpage.h"

namespace Watchword::Gateway {

/*!
    /authorize (RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core section 3.1.2): judges what an app asks for, and sends the
    browser to the sign-in page. Keeps nothing. Threads: one. Ownership: borrows both.
*/
class AuthorizationEndpoint
{
public:
    AuthorizationEndpoint(const IssuerServices &services, const SignInPage &page);

    HttpResponse answer(const HttpRequest &request) const;

private:
    HttpResponse answerKnownClient(const FormFields &fields, const IssuerClient &client, const QString &redirectUri) const;

    const IssuerServices &m_services;
    const SignInPage &m_page;
};

} // namespace Watchword::Gateway
