// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/error.h"
#include "watchword/gateway/gatewayconfig.h"

#include <optional>

namespace Watchword::Gateway {

//! What of \a next cannot be taken over by a gateway that runs with \a config; nothing if all can.
std::optional<Error> fixedChanges(const GatewayConfig &config, const GatewayConfig &next);

} // namespace Watchword::Gateway
