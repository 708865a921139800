// SPDX-License-Identifier: Apache-2.0
#include "endpoint/endpointrules.h"

namespace Watchword::Gateway {

namespace {

constexpr std::uint64_t kLargestUnlimited = 64 * 1024 * 1024; // where the endpoint has no limit
constexpr std::uint64_t kLargestCommand = 256 * 1024; // of a monitor

} // namespace

SocketRules rulesOf(const GateTarget &target)
{
    SocketRules rules;
    if (target.kind != GateTarget::Kind::Endpoint) {
        rules.largestMessage = kLargestCommand;
        return rules;
    }
    const EndpointLimits &limits = target.limits;
    // The reactor closes by itself, without a "bye", beyond its own bound: so that one lies behind the endpoint's.
    rules.largestMessage = limits.messageBytes > 0 ? 2 * std::uint64_t(limits.messageBytes) + 64 * 1024 : kLargestUnlimited;
    rules.fragments = std::uint32_t(limits.fragments);
    rules.controlFramesPerSecond = limits.controlFramesPerSecond;
    rules.messageTime = limits.messageTime;
    return rules;
}

} // namespace Watchword::Gateway
