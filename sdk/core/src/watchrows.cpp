// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/watchrows.h"

#include <QJsonArray>

#include <limits>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr std::pair<ConnectionState, QLatin1StringView> kStates[] = {
    {ConnectionState::Open, "open"_L1},     {ConnectionState::Expiring, "expiring"_L1}, {ConnectionState::Failing, "failing"_L1},
    {ConnectionState::Closed, "closed"_L1}, {ConnectionState::Revoked, "revoked"_L1},
};
constexpr std::pair<TokenKind, QLatin1StringView> kKinds[] = {
    {TokenKind::Access, "access"_L1},
    {TokenKind::Refresh, "refresh"_L1},
};
constexpr std::pair<TokenEnd, QLatin1StringView> kEnds[] = {
    {TokenEnd::Replaced, "replaced"_L1},    {TokenEnd::Expired, "expired"_L1}, {TokenEnd::Revoked, "revoked"_L1},
    {TokenEnd::SignedOut, "signed_out"_L1}, {TokenEnd::Reused, "reused"_L1},
};

template <typename Enum, std::size_t N>
QString nameIn(const std::pair<Enum, QLatin1StringView> (&table)[N], Enum value)
{
    for (const auto &[entry, name] : table) {
        if (entry == value)
            return name;
    }
    return {};
}

// JSON numbers are doubles: a double holds whole numbers exactly up to 2^53, and that is where rows end.
constexpr double kLargestWhole = 9007199254740992.0;

class Writer
{
public:
    void text(QLatin1StringView name, const QString &value)
    {
        if (!value.isEmpty())
            json.insert(name, value);
    }
    void number(QLatin1StringView name, quint64 value)
    {
        if (value != 0)
            json.insert(name, qint64(std::min<quint64>(value, quint64(kLargestWhole))));
    }
    void time(QLatin1StringView name, const std::optional<WallTime> &value)
    {
        if (value)
            json.insert(name, qint64(value->time_since_epoch().count()));
    }

    QJsonObject json;
};

// Reads members; the first one of a wrong type is remembered and makes the whole row invalid.
class Reader
{
public:
    explicit Reader(const QJsonObject &object)
        : json(object)
    {
    }

    void text(QLatin1StringView name, QString &out)
    {
        const QJsonValue value = json.value(name);
        if (value.isString())
            out = value.toString();
        else if (!value.isUndefined())
            fail(name);
    }
    template <typename Number>
    void number(QLatin1StringView name, Number &out)
    {
        const QJsonValue value = json.value(name);
        if (value.isUndefined())
            return;
        constexpr double largest = std::min(kLargestWhole, double(std::numeric_limits<Number>::max()));
        if (!value.isDouble() || value.toDouble() < 0 || value.toDouble() > largest)
            fail(name);
        else
            out = Number(value.toDouble());
    }
    void time(QLatin1StringView name, std::optional<WallTime> &out)
    {
        const QJsonValue value = json.value(name);
        if (value.isUndefined())
            return;
        if (!value.isDouble() || std::abs(value.toDouble()) > kLargestWhole)
            fail(name);
        else
            out = WallTime(Duration(qint64(value.toDouble())));
    }
    template <typename Enum, std::size_t N>
    void name(QLatin1StringView member, const std::pair<Enum, QLatin1StringView> (&table)[N], Enum &out)
    {
        const QJsonValue value = json.value(member);
        if (value.isUndefined())
            return;
        if (!value.isString()) {
            fail(member);
            return;
        }
        out = Enum::Unknown;
        for (const auto &[entry, text] : table) {
            if (text == value.toString())
                out = entry;
        }
    }
    void texts(QLatin1StringView name, QStringList &out)
    {
        const QJsonValue value = json.value(name);
        if (value.isUndefined())
            return;
        if (!value.isArray()) {
            fail(name);
            return;
        }
        const QJsonArray array = value.toArray();
        for (const QJsonValue &entry : array) {
            if (!entry.isString()) {
                fail(name);
                return;
            }
            out.append(entry.toString());
        }
    }
    void fail(QLatin1StringView name)
    {
        if (!error)
            error = Error(ErrorCode::ProtocolViolation, u"the member \"%1\" of a row is not valid"_s.arg(name));
    }

    const QJsonObject &json;
    std::optional<Error> error;
};

} // namespace

QString wireName(ConnectionState state)
{
    return nameIn(kStates, state);
}

QString wireName(TokenKind kind)
{
    return nameIn(kKinds, kind);
}

QString wireName(TokenEnd end)
{
    return nameIn(kEnds, end);
}

QJsonObject ConnectionRow::toJson() const
{
    Writer out;
    out.text("id"_L1, id);
    out.text("sid"_L1, sid);
    out.text("sub"_L1, sub);
    out.text("name"_L1, name);
    out.text("client"_L1, client);
    out.text("ip"_L1, ip);
    out.number("port"_L1, quint64(std::max(port, 0)));
    out.text("node"_L1, node);
    out.text("path"_L1, path);
    out.text("origin"_L1, origin);
    out.text("ua"_L1, ua);
    out.text("tls"_L1, tls);
    out.text("cipher"_L1, cipher);
    out.time("opened"_L1, opened);
    out.time("last_in"_L1, lastIn);
    out.text("state"_L1, wireName(state));
    out.number("msgs_in"_L1, msgsIn);
    out.number("msgs_out"_L1, msgsOut);
    out.number("bytes_in"_L1, bytesIn);
    out.number("bytes_out"_L1, bytesOut);
    out.number("queue"_L1, queue);
    if (rtt)
        out.json.insert("rtt_ms"_L1, qint64(rtt->count()));
    out.text("token"_L1, token);
    out.time("exp"_L1, exp);
    out.time("iat"_L1, iat);
    if (!scope.isEmpty())
        out.json.insert("scope"_L1, QJsonArray::fromStringList(scope));
    out.number("renewals"_L1, renewals);
    out.number("renew_failed"_L1, renewFailed);
    out.number("close_code"_L1, quint64(std::max(closeCode, 0)));
    out.text("close_reason"_L1, closeReason);
    out.time("closed"_L1, closed);
    return out.json;
}

Result<ConnectionRow> ConnectionRow::fromJson(const QJsonObject &json)
{
    ConnectionRow row;
    Reader in(json);
    in.text("id"_L1, row.id);
    in.text("sid"_L1, row.sid);
    in.text("sub"_L1, row.sub);
    in.text("name"_L1, row.name);
    in.text("client"_L1, row.client);
    in.text("ip"_L1, row.ip);
    in.number("port"_L1, row.port);
    in.text("node"_L1, row.node);
    in.text("path"_L1, row.path);
    in.text("origin"_L1, row.origin);
    in.text("ua"_L1, row.ua);
    in.text("tls"_L1, row.tls);
    in.text("cipher"_L1, row.cipher);
    in.time("opened"_L1, row.opened);
    in.time("last_in"_L1, row.lastIn);
    row.state = ConnectionState::Unknown;
    in.name("state"_L1, kStates, row.state);
    in.number("msgs_in"_L1, row.msgsIn);
    in.number("msgs_out"_L1, row.msgsOut);
    in.number("bytes_in"_L1, row.bytesIn);
    in.number("bytes_out"_L1, row.bytesOut);
    in.number("queue"_L1, row.queue);
    if (json.contains("rtt_ms"_L1)) {
        qint64 rtt = 0;
        in.number("rtt_ms"_L1, rtt);
        row.rtt = Duration(rtt);
    }
    in.text("token"_L1, row.token);
    in.time("exp"_L1, row.exp);
    in.time("iat"_L1, row.iat);
    in.texts("scope"_L1, row.scope);
    in.number("renewals"_L1, row.renewals);
    in.number("renew_failed"_L1, row.renewFailed);
    in.number("close_code"_L1, row.closeCode);
    in.text("close_reason"_L1, row.closeReason);
    in.time("closed"_L1, row.closed);
    if (row.id.isEmpty())
        in.fail("id"_L1);
    if (in.error)
        return *in.error;
    return row;
}

QJsonObject TokenRow::toJson() const
{
    Writer out;
    out.text("id"_L1, id);
    out.text("sid"_L1, sid);
    out.text("sub"_L1, sub);
    out.text("name"_L1, name);
    out.text("client"_L1, client);
    out.text("node"_L1, node);
    out.text("kind"_L1, wireName(kind));
    out.time("issued"_L1, issued);
    out.time("nbf"_L1, nbf);
    out.time("exp"_L1, exp);
    out.time("refresh_at"_L1, refreshAt);
    out.time("ended"_L1, ended);
    out.text("end"_L1, wireName(end));
    out.text("prev"_L1, prev);
    out.text("family"_L1, family);
    out.number("failures"_L1, failures);
    return out.json;
}

Result<TokenRow> TokenRow::fromJson(const QJsonObject &json)
{
    TokenRow row;
    Reader in(json);
    in.text("id"_L1, row.id);
    in.text("sid"_L1, row.sid);
    in.text("sub"_L1, row.sub);
    in.text("name"_L1, row.name);
    in.text("client"_L1, row.client);
    in.text("node"_L1, row.node);
    row.kind = TokenKind::Unknown;
    in.name("kind"_L1, kKinds, row.kind);
    in.time("issued"_L1, row.issued);
    in.time("nbf"_L1, row.nbf);
    in.time("exp"_L1, row.exp);
    in.time("refresh_at"_L1, row.refreshAt);
    in.time("ended"_L1, row.ended);
    in.name("end"_L1, kEnds, row.end);
    in.text("prev"_L1, row.prev);
    in.text("family"_L1, row.family);
    in.number("failures"_L1, row.failures);
    if (row.id.isEmpty())
        in.fail("id"_L1);
    if (in.error)
        return *in.error;
    return row;
}

} // namespace Watchword
