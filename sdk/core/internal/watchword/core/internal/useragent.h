// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/version.h"

#include <QByteArray>

namespace Watchword {

/*! What every HTTP request of Watchword calls itself (RFC 9110 section 10.1.5): "Watchword/0.1.0". Qt says "Mozilla/5.0". */
inline QByteArray userAgent()
{
    return "Watchword/" + versionText().toLatin1();
}

} // namespace Watchword
