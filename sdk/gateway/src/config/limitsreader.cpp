// SPDX-License-Identifier: Apache-2.0
#include "config/limitsreader.h"

#include <limits>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMostOfALimit = std::numeric_limits<int>::max();

void readRates(TableReader &table, EndpointLimits &limits)
{
    const auto rate = [&table](const char *messages, const char *bytes) {
        return RateLimit{table.integer(messages, 0, 0, kMostOfALimit), table.size(bytes, 0)};
    };
    limits.ofUser = rate("user_messages_per_second", "user_bytes_per_second");
    limits.ofAddress = rate("address_messages_per_second", "address_bytes_per_second");
    limits.ofEndpoint = rate("endpoint_messages_per_second", "endpoint_bytes_per_second");
    const QString policy = table.text("when_too_fast", u"close"_s);
    if (policy == "slow"_L1)
        limits.whenTooFast = EndpointLimits::WhenTooFast::Slow;
    else if (policy != "close"_L1)
        table.fail("when_too_fast", u"when_too_fast of limits must be \"close\" or \"slow\""_s);
    limits.idleTime = table.duration("idle_time", limits.idleTime);
    const QString counts = table.text("idle_counts", u"messages"_s);
    if (counts == "anything"_L1)
        limits.idleCounts = EndpointLimits::IdleCounts::Anything;
    else if (counts != "messages"_L1)
        table.fail("idle_counts", u"idle_counts of limits must be \"messages\" or \"anything\""_s);
}

} // namespace

EndpointLimits readLimits(TableReader table)
{
    EndpointLimits limits;
    limits.connections = table.integer("connections", limits.connections, 0, kMostOfALimit);
    limits.connectionsPerUser = table.integer("connections_per_user", limits.connectionsPerUser, 0, kMostOfALimit);
    const QString policy = table.text("when_user_full", u"refuse_new"_s);
    limits.replacesOldest = policy == "replace_oldest"_L1;
    if (!limits.replacesOldest && policy != "refuse_new"_L1)
        table.fail("when_user_full", u"when_user_full of limits must be \"refuse_new\" or \"replace_oldest\""_s);
    limits.messagesPerSecond = table.integer("messages_per_second", limits.messagesPerSecond, 0, kMostOfALimit);
    limits.bytesPerSecond = table.size("bytes_per_second", limits.bytesPerSecond);
    readRates(table, limits);
    limits.messageBytes = table.size("message_bytes", limits.messageBytes);
    limits.handshakesPerSecond = table.integer("handshakes_per_second", limits.handshakesPerSecond, 0, kMostOfALimit);
    limits.queueBytes = table.size("queue_bytes", limits.queueBytes);
    limits.controlFramesPerSecond = table.integer("control_frames_per_second", limits.controlFramesPerSecond, 0, kMostOfALimit);
    limits.fragments = table.integer("fragments", limits.fragments, 0, kMostOfALimit);
    limits.messageTime = table.duration("message_time", limits.messageTime);
    limits.authTime = table.duration("auth_time", limits.authTime);
    if (limits.authTime < std::chrono::seconds(1) || limits.authTime > std::chrono::minutes(1))
        table.fail("auth_time", u"auth_time of limits must be from \"1 s\" to \"1 m\""_s);
    table.finish();
    return limits;
}

} // namespace Watchword::Gateway
