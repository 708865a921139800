// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

#include <QByteArray>
#include <QJsonValue>

namespace Watchword {

/*!
    \a value as canonical JSON of RFC 8785 (JCS): members sorted by UTF-16 code units, shortest numbers as ECMAScript
    writes them, minimal escapes, no white space. Equal values give equal bytes, so that they can be hashed and signed.
*/
WATCHWORD_CORE_EXPORT QByteArray toCanonicalJson(const QJsonValue &value);

} // namespace Watchword
