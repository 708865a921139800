// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"
#include "watchword/gateway/gatewayconfig.h"
#include "watchword/gateway/identity.h"
#include "watchword/jose/jwt.h"

namespace Watchword::Gateway {

//! Of a token whose signature, times, issuer and audience were found right.
Result<Identity> identityOf(const Jwt &jwt, const Secret &token);
//! Roles and tenant, by the paths of \a config.
void takeBelongings(Identity &identity, const Jwt &jwt, const IssuerConfig &config);
//! Of an introspection answer (RFC 7662 section 2.2), which is judged as a whole. It has an end in any case.
WATCHWORD_TEST_EXPORT Result<Identity> identityOf(const QJsonObject &answer, const Secret &token, const IssuerConfig &config,
                                                  WallTime now);
//! Nothing of it is from the future, and neither its lifetime nor its age is more than \a config allows.
WATCHWORD_TEST_EXPORT Result<void> checkAge(const Identity &identity, const IssuerConfig &config, WallTime now);

} // namespace Watchword::Gateway
