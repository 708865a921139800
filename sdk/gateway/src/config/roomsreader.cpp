// SPDX-License-Identifier: Apache-2.0
#include "config/roomsreader.h"

#include "watchword/core/internal/loopback.h"

#include <QRegularExpression>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

RoomHistoryConfig readHistory(TableReader table)
{
    RoomHistoryConfig history;
    history.messages = table.integer("messages", history.messages, 0, 1'000'000);
    history.bytes = table.size("bytes", history.bytes);
    history.totalBytes = table.size("total_bytes", history.totalBytes);
    history.keep = table.duration("keep", history.keep);
    table.finish();
    return history;
}

RoomRule readRule(TableReader table)
{
    RoomRule rule;
    rule.pattern = table.requiredText("pattern");
    static const QRegularExpression braces(u"\\{(?!sub\\}|client\\})|^[^{]*\\}|\\*[^:/]*\\*"_s);
    if (braces.match(rule.pattern).hasMatch())
        table.fail("pattern",
                   u"pattern of rooms knows {sub}, {client} and one * between two : or /, as in \"user:{sub}\" and \"news:*\""_s);
    const QString access = table.text("access", u"both"_s);
    if (access == "subscribe"_L1)
        rule.access = RoomRule::Access::Subscribe;
    else if (access == "publish"_L1)
        rule.access = RoomRule::Access::Publish;
    else if (access != "both"_L1)
        table.fail("access", u"access of rooms must be \"both\", \"subscribe\" or \"publish\""_s);
    rule.subscribeScopes = table.texts("subscribe_scopes");
    rule.publishScopes = table.texts("publish_scopes");
    rule.acrValues = table.texts("acr_values");
    if (table.has("max_age"))
        rule.maxAge = std::chrono::duration_cast<std::chrono::seconds>(table.duration("max_age", Duration(300'000)));
    table.finish();
    return rule;
}

RoomWebhook readWebhook(TableReader table)
{
    RoomWebhook webhook;
    table.requiredText("url");
    webhook.url = table.url("url", {u"https"_s, u"http"_s});
    if (webhook.url.scheme() == "http"_L1 && !isLoopbackHost(webhook.url.host()))
        table.fail("url", u"url of room_webhook must be https://, or http:// on this machine"_s);
    webhook.caFile = table.file("ca");
    webhook.secretFile = table.file("secret_file");
    webhook.timeout = table.duration("timeout", webhook.timeout);
    webhook.cache = table.duration("cache", webhook.cache);
    const QString policy = table.text("when_unreachable", u"refuse"_s);
    if (policy == "allow"_L1)
        webhook.whenUnreachable = RoomWebhook::WhenUnreachable::Allow;
    else if (policy != "refuse"_L1)
        table.fail("when_unreachable", u"when_unreachable of room_webhook must be \"refuse\" or \"allow\""_s);
    if (webhook.timeout < std::chrono::milliseconds(100) || webhook.timeout > std::chrono::seconds(30))
        table.fail("timeout", u"timeout of room_webhook must be from \"100 ms\" to \"30 s\""_s);
    table.finish();
    return webhook;
}

} // namespace

void readRooms(TableReader &table, EndpointConfig &endpoint)
{
    const bool hasRooms = endpoint.service == EndpointConfig::Service::Rooms;
    if (auto history = table.table("history")) {
        endpoint.history = readHistory(*history);
        if (!hasRooms)
            table.fail("history", u"history of [[endpoint]] is for serves = \"rooms\"; others keep nothing"_s);
    }
    for (TableReader &rule : table.tables("rooms"))
        endpoint.rooms.append(readRule(rule));
    if (auto webhook = table.table("room_webhook")) {
        endpoint.roomWebhook = readWebhook(*webhook);
        if (!hasRooms)
            table.fail("room_webhook", u"room_webhook of [[endpoint]] is for serves = \"rooms\""_s);
    }
    if (!hasRooms && !endpoint.rooms.isEmpty())
        table.fail("rooms", u"rooms of [[endpoint]] is for serves = \"rooms\""_s);
}

} // namespace Watchword::Gateway
