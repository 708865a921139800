// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "signin/idtoken.h"
#include "watchword/core/tokenset.h"

namespace Watchword {

/*! What a sign-in that succeeded brought. */
struct SignInOutcome
{
    TokenSet tokens; //!< Generation 0; the store numbers them.
    IdTokenClaims claims;
    Instant sentAt{}; //!< When the token request left: lifetimes count from here.
};

} // namespace Watchword
