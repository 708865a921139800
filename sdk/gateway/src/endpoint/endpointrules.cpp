// SPDX-License-Identifier: Apache-2.0
#include "endpoint/endpointrules.h"

#include "endpoint/peerservices.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr std::uint64_t kLargestUnlimited = 64 * 1024 * 1024; // where the endpoint has no limit
constexpr std::uint64_t kLargestCommand = 256 * 1024; // of a monitor

} // namespace

SocketRules rulesOf(const GateTarget &target, std::chrono::milliseconds heartbeat)
{
    SocketRules rules;
    if (target.kind != GateTarget::Kind::Endpoint) {
        rules.largestMessage = kLargestCommand;
        return rules; // its stream has pings of its own, which measure more
    }
    const EndpointLimits &limits = target.limits;
    // What the reactor judges has no audit id in its "bye": so its bound lies behind the endpoint's.
    rules.largestMessage = limits.messageBytes > 0 ? 2 * std::uint64_t(limits.messageBytes) + 64 * 1024 : kLargestUnlimited;
    rules.fragments = std::uint32_t(limits.fragments);
    rules.controlFramesPerSecond = limits.controlFramesPerSecond;
    rules.messageTime = limits.messageTime;
    rules.heartbeat = heartbeat;
    return rules;
}

RateShares ratesOf(const Admission &admission, PeerServices &services)
{
    const GateTarget &target = *admission.target;
    return services.rates.sharesOf(target.path, admission.identity.issuer + u' ' + admission.identity.subject,
                                   admission.peer.address, target.limits, services.clock.now());
}

qint64 limitOf(const EndpointLimits &limits, const QString &name)
{
    if (name == "message_bytes"_L1)
        return limits.messageBytes;
    if (name == "fragments"_L1)
        return limits.fragments;
    if (name == "control_frames_per_second"_L1)
        return limits.controlFramesPerSecond;
    if (name == "message_time"_L1)
        return qint64(limits.messageTime.count());
    return limits.queueBytes;
}

QSet<QString> issuersOf(const GatewayConfig &config)
{
    QSet<QString> urls;
    for (const IssuerConfig &issuer : config.issuers)
        urls.insert(issuer.issuer());
    return urls;
}

} // namespace Watchword::Gateway
