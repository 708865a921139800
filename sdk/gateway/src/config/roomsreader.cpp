// SPDX-License-Identifier: Apache-2.0
#include "config/roomsreader.h"

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
    if (!hasRooms && !endpoint.rooms.isEmpty())
        table.fail("rooms", u"rooms of [[endpoint]] is for serves = \"rooms\""_s);
}

} // namespace Watchword::Gateway
