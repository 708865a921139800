// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpmessage.h"
#include "issuer/issuerservices.h"
#include "issuer/signinbrake.h"
#include "watchword/jose/jwt.h"

namespace Watchword::Gateway {

/*!
    /introspect: tells the servers that are configured for it (IssuerOptions::resourceServers) what a token is worth now
    (RFC 7662). They say who they are by client_secret_basic or client_secret_post; wrong secrets are counted before they are
    compared. A token that is not good for whatever reason is {"active":false} and nothing more (section 2.2).
    Threads: one. Ownership: borrows \a services.
*/
class IntrospectionEndpoint
{
public:
    explicit IntrospectionEndpoint(IssuerServices &services);

    HttpResponse answer(const HttpRequest &request);

private:
    std::optional<HttpResponse> refusal(const HttpRequest &request, const FormFields &form);
    QJsonObject ofAccessToken(const Jwt &jwt) const;
    QJsonObject ofRefreshToken(const SessionRecord &session) const;

    IssuerServices &m_services;
    SignInBrake m_brake;
};

} // namespace Watchword::Gateway
