// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/tablereader.h"
#include "watchword/gateway/endpointconfig.h"

namespace Watchword::Gateway {

EndpointLimits readLimits(TableReader table); //!< limits = {...} of [[endpoint]].

} // namespace Watchword::Gateway
