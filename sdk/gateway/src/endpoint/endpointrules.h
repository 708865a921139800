// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/socketrules.h"
#include "gate/admission.h"
#include "limit/sharedrates.h"

namespace Watchword::Gateway {

struct PeerServices;

//! What the reactors hold connections to \a target to.
SocketRules rulesOf(const GateTarget &target, std::chrono::milliseconds heartbeat);
//! The rates that the connection of \a admission has together with others.
RateShares ratesOf(const Admission &admission, PeerServices &services);
//! The limit that a reactor closed a connection for, by its name in the settings.
qint64 limitOf(const EndpointLimits &limits, const QString &name);

//! Of \a config's issuers.
QSet<QString> issuersOf(const GatewayConfig &config);

} // namespace Watchword::Gateway
