// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"
#include "watchword/gateway/gatewayconfig.h"

namespace Watchword::Gateway {

//! Opens the files that \a config names for reading, and looks at what is in them. Changes nothing. All that is wrong is in the
//! error, one fact a line.
Result<void> checkFiles(const GatewayConfig &config);
//! What is in the file of a secret, without blanks at its ends. FileUnreadable.
Result<Secret> readSecretFile(const QString &name);
//! What is served at /.well-known/security.txt; empty without a name. FileUnreadable, ConfigInvalid.
WATCHWORD_TEST_EXPORT Result<QByteArray> readSecurityText(const QString &name);

} // namespace Watchword::Gateway
