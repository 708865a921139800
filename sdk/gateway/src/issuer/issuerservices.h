// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issueraudit.h"
#include "issuer/issuersessions.h"
#include "issuer/keyring.h"

namespace Watchword::Gateway {

/*! What the pages and endpoints of the embedded issuer share; the issuer owns it all, and it outlives them. */
struct IssuerServices
{
    const IssuerOptions &options;
    const IssuerDirectory &directory;
    IssuerAudit &audit;
    IssuerSessions &sessions;
    const KeyRing &keys;
    Clock &clock;
};

} // namespace Watchword::Gateway
