// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/socketrules.h"
#include "gate/gatedecision.h"

namespace Watchword::Gateway {

//! What the reactors hold connections to \a target to.
SocketRules rulesOf(const GateTarget &target);

} // namespace Watchword::Gateway
