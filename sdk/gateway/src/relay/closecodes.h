// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/controlframes.h"

namespace Watchword::Gateway {

//! What an upstream hears for how its client ended.
std::uint16_t codeForUpstream(const Net::WebSocketEnd &end);
//! What a client hears for the close frame of its upstream; 1014 for what only makes sense between the two of us.
std::uint16_t codeForClient(std::uint16_t code);

} // namespace Watchword::Gateway
