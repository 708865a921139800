// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/issueroptions.h"
#include "watchword/gateway/gatewayconfig.h"

namespace Watchword::Gateway {

//! What [issuer_embedded] asks for. The files of secrets are read.
IssuerOptions issuerOptions(const EmbeddedIssuerConfig &config, const QString &node, const QStringList &proxies);

} // namespace Watchword::Gateway
