// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/version.h"

namespace Watchword {

QString versionText()
{
    return QStringLiteral(WATCHWORD_VERSION);
}

} // namespace Watchword
