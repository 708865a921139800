// SPDX-License-Identifier: Apache-2.0
#include "servermessage.h"

#include <QHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <cmath>

namespace Watchword::ServerMessage {

using namespace Qt::StringLiterals;

namespace {

constexpr double kLargestWhole = 9007199254740992.0;
constexpr qsizetype kMostRows = 500;

Error violation(const QString &what)
{
    return Error(ErrorCode::ProtocolViolation, what);
}

// What is missing or not a number becomes 0; what is out of range is cut.
qint64 whole(const QJsonValue &value)
{
    const double number = value.toDouble();
    return std::isfinite(number) ? qint64(std::clamp(number, -kLargestWhole, kLargestWhole)) : 0;
}

quint64 count(const QJsonValue &value)
{
    return quint64(std::max<qint64>(whole(value), 0));
}

WallTime wall(const QJsonValue &value)
{
    return WallTime(Duration(whole(value)));
}

std::optional<WallTime> optionalWall(const QJsonValue &value)
{
    return value.isDouble() ? std::optional(wall(value)) : std::nullopt;
}

QStringList texts(const QJsonValue &value)
{
    QStringList out;
    const QJsonArray array = value.toArray();
    for (const QJsonValue &entry : array) {
        if (entry.isString())
            out.append(entry.toString());
    }
    return out;
}

template <typename Row>
Result<QList<Row>> rows(const QJsonValue &value)
{
    if (!value.isArray())
        return violation(u"rows are missing"_s);
    const QJsonArray array = value.toArray();
    if (array.size() > kMostRows)
        return violation(u"%1 rows in one message"_s.arg(array.size()));
    QList<Row> out;
    out.reserve(array.size());
    for (const QJsonValue &entry : array) {
        Result<Row> row = Row::fromJson(entry.toObject());
        if (!row)
            return row.error();
        out.append(std::move(row).value());
    }
    return out;
}

Result<Any> parseHello(const QJsonObject &json)
{
    Hello hello;
    hello.server.server = json.value("server"_L1).toString();
    hello.server.node = json.value("node"_L1).toString();
    hello.server.version = json.value("version"_L1).toString();
    hello.server.epoch = json.value("epoch"_L1).toString();
    hello.server.scope = texts(json.value("scope"_L1));
    hello.server.startedAt = optionalWall(json.value("started_at"_L1));
    hello.server.tokenExpiresAt = optionalWall(json.value("exp"_L1));
    const QJsonObject tls = json.value("tls"_L1).toObject();
    if (tls.contains("days_left"_L1))
        hello.server.tlsDaysLeft = tls.value("days_left"_L1).toInt();
    hello.server.tlsProtocol = tls.value("protocol"_L1).toString();
    hello.serverTime = wall(json.value("server_time"_L1));
    return Any(std::move(hello));
}

Result<Any> parseSnapshotBegin(const QJsonObject &json)
{
    return Any(SnapshotBegin{count(json.value("rv"_L1)), qsizetype(count(json.value("connections"_L1))),
                             qsizetype(count(json.value("tokens"_L1)))});
}

Result<Any> parseSnapshotRows(const QJsonObject &json)
{
    const QString table = json.value("table"_L1).toString();
    if (table == "connections"_L1) {
        Result<QList<ConnectionRow>> list = rows<ConnectionRow>(json.value("rows"_L1));
        return list ? Result<Any>(Any(ConnectionRows{std::move(list).value()})) : Result<Any>(list.error());
    }
    if (table == "tokens"_L1) {
        Result<QList<TokenRow>> list = rows<TokenRow>(json.value("rows"_L1));
        return list ? Result<Any>(Any(TokenRows{std::move(list).value()})) : Result<Any>(list.error());
    }
    return Any(Unknown{});
}

Result<Any> parseSnapshotEnd(const QJsonObject &json)
{
    return Any(SnapshotEnd{count(json.value("rv"_L1))});
}

Result<Any> parseDelta(const QJsonObject &json)
{
    const quint64 rv = count(json.value("rv"_L1));
    if (rv == 0)
        return violation(u"a delta without rv"_s);
    const QString table = json.value("table"_L1).toString();
    const QStringList removed = texts(json.value("del"_L1));
    if (table == "connections"_L1) {
        Result<QList<ConnectionRow>> list = rows<ConnectionRow>(json.value("upd"_L1));
        return list ? Result<Any>(Any(ConnectionDelta{rv, std::move(list).value(), removed})) : Result<Any>(list.error());
    }
    if (table == "tokens"_L1) {
        Result<QList<TokenRow>> list = rows<TokenRow>(json.value("upd"_L1));
        return list ? Result<Any>(Any(TokenDelta{rv, std::move(list).value(), removed})) : Result<Any>(list.error());
    }
    return violation(u"a delta of an unknown table"_s);
}

Result<Any> parseMark(const QJsonObject &json)
{
    return Any(Mark{count(json.value("rv"_L1)), count(json.value("events"_L1))});
}

Result<Any> parseReset(const QJsonObject &json)
{
    return Any(Reset{json.value("reason"_L1).toString()});
}

Result<Any> parseResult(const QJsonObject &json)
{
    ActionResult result;
    result.request = json.value("req"_L1).toString();
    result.ok = json.value("ok"_L1).toBool();
    result.outcome.matched = json.value("matched"_L1).toInt();
    result.outcome.done = texts(json.value("done"_L1));
    result.outcome.gone = texts(json.value("gone"_L1));
    result.error = json.value("error"_L1).toString();
    return Any(std::move(result));
}

Result<Any> parseRenewed(const QJsonObject &json)
{
    return Any(
        Renewed{optionalWall(json.value("exp"_L1)), texts(json.value("scope"_L1)), json.value("nonce"_L1).toString().toLatin1()});
}

Result<Any> parseNotRenewed(const QJsonObject &json)
{
    return Any(NotRenewed{RenewalRefusal::fromJson(json)});
}

Result<Any> parsePong(const QJsonObject &json)
{
    return Any(Pong{whole(json.value("n"_L1)), wall(json.value("server_time"_L1)), count(json.value("events"_L1))});
}

} // namespace

Result<Any> parse(const QString &text)
{
    using Parser = Result<Any> (*)(const QJsonObject &);
    static const QHash<QString, Parser> parsers{
        {u"hello"_s, parseHello},
        {u"snap.begin"_s, parseSnapshotBegin},
        {u"snap.rows"_s, parseSnapshotRows},
        {u"snap.end"_s, parseSnapshotEnd},
        {u"delta"_s, parseDelta},
        {u"mark"_s, parseMark},
        {u"reset"_s, parseReset},
        {u"result"_s, parseResult},
        {u"auth.ok"_s, parseRenewed},
        {u"auth.fail"_s, parseNotRenewed},
        {u"pong"_s, parsePong},
    };
    const QJsonDocument document = QJsonDocument::fromJson(text.toUtf8());
    if (!document.isObject())
        return violation(u"a message that is not a JSON object"_s);
    const QJsonObject json = document.object();
    const QString type = json.value("t"_L1).toString();
    if (type.isEmpty())
        return violation(u"a message without type"_s);
    const Parser parser = parsers.value(type);
    return parser ? parser(json) : Result<Any>(Any(Unknown{}));
}

} // namespace Watchword::ServerMessage
