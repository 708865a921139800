// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issueraudit.h"
#include "issuer/issuersessions.h"
#include "issuer/keyring.h"

namespace Watchword::Gateway {

class FailedAuth;

/*! What the pages and endpoints of the embedded issuer share; the issuer owns it all, and it outlives them. */
struct IssuerServices
{
    const IssuerOptions &options;
    const IssuerDirectory &directory;
    IssuerAudit &audit;
    IssuerSessions &sessions;
    const KeyRing &keys;
    Clock &clock;
    FailedAuth *failures = nullptr; //!< Null: refused credentials are not limited.

    //! \a answer to a credential that was refused, or 429 if there were too many from that address.
    HttpResponse refused(const HttpRequest &request, const HttpResponse &answer) const;
};

} // namespace Watchword::Gateway
