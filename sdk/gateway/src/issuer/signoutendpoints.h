// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issuerservices.h"

namespace Watchword::Gateway {

/*!
    The two ways by which an app ends what it was given: /revoke (RFC 7009), which ends a token, and with a refresh token its
    session; and /logout (OpenID Connect RP-Initiated Logout), by which a browser ends a session. Threads: one. Ownership:
    borrows the services.
*/
class SignOutEndpoints
{
public:
    explicit SignOutEndpoints(IssuerServices &services);

    HttpResponse revoke(const HttpRequest &request);
    HttpResponse logout(const HttpRequest &request);

private:
    IssuerServices &m_services;
};

} // namespace Watchword::Gateway
