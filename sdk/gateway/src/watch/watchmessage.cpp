// SPDX-License-Identifier: Apache-2.0
#include "watch/watchmessage.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostConnections = 1'000;
constexpr qsizetype kLongestReason = 500;
constexpr qsizetype kLongestRequest = 64;
constexpr qint64 kLongestAfterMs = 3'600'000;

Result<QJsonObject> objectOf(const QString &text)
{
    const QJsonDocument document = QJsonDocument::fromJson(text.toUtf8());
    if (!document.isObject())
        return Error(ErrorCode::InvalidResponse, u"not a JSON object"_s);
    return document.object();
}

Error violation(const QString &what)
{
    return Error(ErrorCode::ProtocolViolation, what);
}

Result<WatchMessage::Any> parseRefresh(const QJsonObject &fields)
{
    const QJsonValue token = fields.value("token"_L1);
    if (!token.isString() || token.toString().isEmpty())
        return violation(u"auth.refresh without a token"_s);
    WatchMessage::Refresh refresh{Secret::take(token.toString().toUtf8())};
    if (const QJsonValue proof = fields.value("dpop"_L1); !proof.isUndefined())
        refresh.proof = proof.toString().toLatin1();
    return WatchMessage::Any(std::move(refresh));
}

// Returns the reason code of the first member that is not as the protocol asks.
QString readDisconnect(const QJsonObject &json, WatchMessage::Disconnect &out)
{
    const QJsonArray connections = json.value("connections"_L1).toArray();
    if (connections.isEmpty())
        return u"invalid_request"_s;
    if (connections.size() > kMostConnections)
        return u"too_many"_s;
    for (const QJsonValue &id : connections) {
        if (!id.isString() || id.toString().isEmpty())
            return u"invalid_request"_s;
        out.connections.append(id.toString());
    }
    out.connections.removeDuplicates();
    out.code = json.value("code"_L1).toInt();
    if (out.code != 4403 && out.code != 4410 && out.code != 4411)
        return u"invalid_code"_s;
    const QJsonValue after = json.value("after_ms"_L1);
    if (!after.isUndefined() && (!after.isDouble() || after.toDouble() < 0 || after.toDouble() > kLongestAfterMs))
        return u"invalid_request"_s;
    out.after = Duration(qint64(after.toDouble()));
    out.reason = json.value("reason"_L1).toString().trimmed();
    if (out.reason.isEmpty())
        return u"reason_missing"_s;
    if (out.reason.size() > kLongestReason)
        return u"reason_too_long"_s;
    return {};
}

} // namespace

Result<WatchMessage::Any> WatchMessage::parseWatch(const QString &text)
{
    const Result<QJsonObject> object = objectOf(text);
    if (!object)
        return object.error();
    const QJsonObject &json = *object;
    const QString type = json.value("t"_L1).toString();
    if (type.isEmpty())
        return violation(u"a message without type"_s);
    if (type == "view"_L1) {
        const QJsonValue rate = json.value("rate_ms"_L1);
        if (!rate.isUndefined() && !rate.isDouble())
            return violation(u"rate_ms is not a number"_s);
        return Any(View{Duration(qint64(std::clamp(rate.toDouble(500), 250.0, 5000.0)))});
    }
    if (type == "disconnect"_L1) {
        Disconnect out;
        out.request = json.value("req"_L1).toString();
        if (out.request.isEmpty() || out.request.size() > kLongestRequest)
            return violation(u"disconnect without a request id"_s);
        out.invalid = readDisconnect(json, out);
        return Any(std::move(out));
    }
    if (type == "auth.refresh"_L1)
        return parseRefresh(json);
    if (type == "ping"_L1) {
        if (!json.value("n"_L1).isDouble())
            return violation(u"a ping without number"_s);
        return Any(Ping{json.value("n"_L1).toInteger()});
    }
    return Any(Unknown{});
}

Result<WatchMessage::Any> WatchMessage::parseAudit(const QString &text)
{
    const Result<QJsonObject> object = objectOf(text);
    if (!object)
        return object.error();
    if (const QJsonValue wanted = object->value("checkpoint.get"_L1); wanted.isObject()) {
        const auto number = [&wanted](QLatin1StringView name) {
            return quint64(std::max<qint64>(0, wanted.toObject().value(name).toInteger()));
        };
        return Any(CheckpointRequest{number("old"_L1), number("seq"_L1)});
    }
    const QJsonValue refresh = object->value("auth.refresh"_L1);
    if (refresh.isUndefined())
        return Any(Unknown{});
    return parseRefresh(refresh.toObject());
}

Result<AuditCursor> AuditCursor::parse(const QString &after)
{
    if (after.isEmpty())
        return AuditCursor{};
    if (after == "0"_L1)
        return AuditCursor{From::Oldest, {}, 0};
    const qsizetype dot = after.lastIndexOf(u'.');
    bool ok = false;
    const quint64 sequence = after.mid(dot + 1).toULongLong(&ok);
    if (dot < 1 || dot > 128 || !ok)
        return violation(u"the cursor is neither 0 nor <epoch>.<sequence>"_s);
    return AuditCursor{From::Behind, after.left(dot), sequence};
}

} // namespace Watchword::Gateway
