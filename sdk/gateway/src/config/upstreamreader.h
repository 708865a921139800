// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/tablereader.h"
#include "watchword/gateway/gatewayconfig.h"

namespace Watchword::Gateway {

//! The keys of an endpoint that say which servers are behind it, and what they get.
void readUpstreams(TableReader &table, EndpointConfig &endpoint);

} // namespace Watchword::Gateway
