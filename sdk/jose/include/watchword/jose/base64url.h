// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/jose/export.h"

#include <QByteArray>
#include <QByteArrayView>

namespace Watchword {

//! Without padding, as RFC 7515 section 2 asks.
WATCHWORD_JOSE_EXPORT QByteArray toBase64Url(QByteArrayView bytes);
//! Strict: padding, white space, the standard alphabet and unused bits that are not zero are MalformedToken.
WATCHWORD_JOSE_EXPORT Result<QByteArray> fromBase64Url(QByteArrayView text);

} // namespace Watchword
