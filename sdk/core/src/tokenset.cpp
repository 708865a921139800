// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/tokenset.h"

namespace Watchword {

bool AccessToken::isValidAt(WallTime now, Duration leeway) const
{
    return !value.isEmpty() && (!expiresAt || now + leeway < *expiresAt);
}

AccessToken TokenSet::toAccessToken() const
{
    return {accessToken, tokenType, expiresAt, scopes, subject, generation};
}

} // namespace Watchword
