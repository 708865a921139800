// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace Watchword::Gateway {

/*! What a connection is held to in its reactor, before anything of it reaches the Qt thread. 0 is no limit. */
struct SocketRules
{
    std::uint64_t largestMessage = 0; //!< Bytes; judged by the announced length. Else 1009.
    std::uint32_t fragments = 65536; //!< Of a message. Else 1008.
    int controlFramesPerSecond = 100; //!< Pings and pongs; twice as many in a burst. Else 1008.
    std::chrono::milliseconds messageTime{60'000}; //!< From the first byte of a message to its last. Else 1008.
    std::chrono::milliseconds heartbeat{0}; //!< How often the peer is pinged by its reactor; 0: not at all.
    friend bool operator==(const SocketRules &, const SocketRules &) = default;
};

} // namespace Watchword::Gateway
