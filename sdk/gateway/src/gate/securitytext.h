// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/testexport.h"

#include <QDateTime>

namespace Watchword::Gateway {

//! Until when a security.txt is good (RFC 9116 section 2.5.5). ConfigInvalid if it names no Contact, or not one such time.
WATCHWORD_TEST_EXPORT Result<QDateTime> securityTextEnd(const QByteArray &content);

} // namespace Watchword::Gateway
