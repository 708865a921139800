// SPDX-License-Identifier: Apache-2.0
#include "watchword/gateway/identity.h"

namespace Watchword::Gateway {

bool Identity::isSamePerson(const Identity &other) const
{
    return !subject.isEmpty() && issuer == other.issuer && subject == other.subject;
}

} // namespace Watchword::Gateway
