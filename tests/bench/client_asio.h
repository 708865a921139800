// SPDX-License-Identifier: Apache-2.0
#pragma once

// As client_beast.h: no header of Qt here, so that Boost and Qt never meet in one source.
#include <string>
#include <vector>

namespace Bench {

/*! A WebSocket server and what its clients need. */
struct AsioTarget
{
    unsigned short port = 0;
    std::string authorityFile;
    std::vector<std::string> tokens; //!< Used in turns.
};

//! Upgrades a second: \a count times TCP, TLS, request and 101, \a parallel of them at once. Negative: failed.
double upgradesByAsio(const AsioTarget &target, int count, int parallel);

//! The same with TCP and TLS alone.
double handshakesByAsio(const AsioTarget &target, int count, int parallel);

//! Echoes a second: \a messages of 256 bytes over \a connections, \a inFlight at once on each. Negative: failed.
double pingPongByAsio(const AsioTarget &target, int messages, int connections, int inFlight);

//! Opens \a count connections, prints READY once they were quiet for a second, and holds them until the process ends.
int holdByAsio(const AsioTarget &target, int count);

} // namespace Bench
