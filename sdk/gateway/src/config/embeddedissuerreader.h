// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/tablereader.h"
#include "watchword/gateway/gatewayconfig.h"

namespace Watchword::Gateway {

EmbeddedIssuerConfig readEmbeddedIssuer(TableReader table); //!< [issuer_embedded]

} // namespace Watchword::Gateway
