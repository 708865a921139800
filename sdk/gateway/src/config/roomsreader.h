// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/tablereader.h"
#include "watchword/gateway/endpointconfig.h"

namespace Watchword::Gateway {

//! "history" and "rooms" of \a endpoint.
void readRooms(TableReader &table, EndpointConfig &endpoint);

} // namespace Watchword::Gateway
