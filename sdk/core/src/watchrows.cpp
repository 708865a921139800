// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/watchrows.h"

#include <QJsonArray>

#include <algorithm>
#include <concepts>
#include <limits>
#include <span>
#include <type_traits>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

template <typename Enum>
using Name = std::pair<Enum, QLatin1StringView>;

constexpr Name<ConnectionState> kStates[] = {
    {ConnectionState::Open, "open"_L1},     {ConnectionState::Expiring, "expiring"_L1}, {ConnectionState::Failing, "failing"_L1},
    {ConnectionState::Closed, "closed"_L1}, {ConnectionState::Revoked, "revoked"_L1},
};
constexpr Name<TokenKind> kKinds[] = {
    {TokenKind::Access, "access"_L1},
    {TokenKind::Refresh, "refresh"_L1},
};
constexpr Name<TokenEnd> kEnds[] = {
    {TokenEnd::Replaced, "replaced"_L1},    {TokenEnd::Expired, "expired"_L1}, {TokenEnd::Revoked, "revoked"_L1},
    {TokenEnd::SignedOut, "signed_out"_L1}, {TokenEnd::Reused, "reused"_L1},
};

std::span<const Name<ConnectionState>> namesOf(ConnectionState)
{
    return kStates;
}

std::span<const Name<TokenKind>> namesOf(TokenKind)
{
    return kKinds;
}

std::span<const Name<TokenEnd>> namesOf(TokenEnd)
{
    return kEnds;
}

template <typename Enum>
QString nameOf(Enum value)
{
    for (const auto &[entry, name] : namesOf(value)) {
        if (entry == value)
            return name;
    }
    return {};
}

// JSON numbers are doubles: a double holds whole numbers exactly up to 2^53, and that is where rows end.
constexpr double kLargestWhole = 9007199254740992.0;

// Members that are not known are left out.
class Writer
{
public:
    void operator()(QLatin1StringView name, const QString &value)
    {
        if (!value.isEmpty())
            json.insert(name, value);
    }
    template <std::integral Number>
    void operator()(QLatin1StringView name, Number value)
    {
        if (value > 0)
            json.insert(name, qint64(std::min<quint64>(quint64(value), quint64(kLargestWhole))));
    }
    void operator()(QLatin1StringView name, const std::optional<WallTime> &value)
    {
        if (value)
            json.insert(name, qint64(value->time_since_epoch().count()));
    }
    void operator()(QLatin1StringView name, const std::optional<Duration> &value)
    {
        if (value)
            json.insert(name, qint64(value->count()));
    }
    void operator()(QLatin1StringView name, const QStringList &value)
    {
        if (!value.isEmpty())
            json.insert(name, QJsonArray::fromStringList(value));
    }
    template <typename Enum>
    requires std::is_enum_v<Enum>
    void operator()(QLatin1StringView name, Enum value) { (*this)(name, nameOf(value)); }

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

    void operator()(QLatin1StringView name, QString &out)
    {
        const QJsonValue value = json.value(name);
        if (value.isString())
            out = value.toString();
        else if (!value.isUndefined())
            fail(name);
    }
    template <std::integral Number>
    void operator()(QLatin1StringView name, Number &out)
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
    void operator()(QLatin1StringView name, std::optional<WallTime> &out)
    {
        const QJsonValue value = json.value(name);
        if (value.isUndefined())
            return;
        if (!value.isDouble() || std::abs(value.toDouble()) > kLargestWhole)
            fail(name);
        else
            out = WallTime(Duration(qint64(value.toDouble())));
    }
    void operator()(QLatin1StringView name, std::optional<Duration> &out)
    {
        if (!json.contains(name))
            return;
        qint64 milliseconds = 0;
        (*this)(name, milliseconds);
        out = Duration(milliseconds);
    }
    void operator()(QLatin1StringView name, QStringList &out)
    {
        const QJsonValue value = json.value(name);
        if (value.isUndefined())
            return;
        const QJsonArray array = value.toArray();
        if (!value.isArray()
            || !std::all_of(array.begin(), array.end(), [](const QJsonValue &entry) { return entry.isString(); }))
            return fail(name);
        for (const QJsonValue &entry : array)
            out.append(entry.toString());
    }
    template <typename Enum>
    requires std::is_enum_v<Enum>
    void operator()(QLatin1StringView name, Enum &out)
    {
        const QJsonValue value = json.value(name);
        if (value.isUndefined())
            return;
        if (!value.isString())
            return fail(name);
        out = Enum::Unknown;
        for (const auto &[entry, text] : namesOf(out)) {
            if (text == value.toString())
                out = entry;
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

// The members of a row by their names, once for writing and for reading. These have all rows.
template <typename Row, typename Member>
void commonMembers(Row &row, Member &member)
{
    member("id"_L1, row.id);
    member("sid"_L1, row.sid);
    member("sub"_L1, row.sub);
    member("name"_L1, row.name);
    member("client"_L1, row.client);
    member("node"_L1, row.node);
}

template <typename Row, typename Member>
requires std::same_as<std::remove_const_t<Row>, ConnectionRow>
void members(Row &row, Member &member)
{
    commonMembers(row, member);
    member("ip"_L1, row.ip);
    member("port"_L1, row.port);
    member("path"_L1, row.path);
    member("origin"_L1, row.origin);
    member("ua"_L1, row.ua);
    member("tls"_L1, row.tls);
    member("cipher"_L1, row.cipher);
    member("opened"_L1, row.opened);
    member("last_in"_L1, row.lastIn);
    member("state"_L1, row.state);
    member("msgs_in"_L1, row.msgsIn);
    member("msgs_out"_L1, row.msgsOut);
    member("bytes_in"_L1, row.bytesIn);
    member("bytes_out"_L1, row.bytesOut);
    member("queue"_L1, row.queue);
    member("rtt_ms"_L1, row.rtt);
    member("token"_L1, row.token);
    member("exp"_L1, row.exp);
    member("iat"_L1, row.iat);
    member("scope"_L1, row.scope);
    member("renewals"_L1, row.renewals);
    member("renew_failed"_L1, row.renewFailed);
    member("close_code"_L1, row.closeCode);
    member("close_reason"_L1, row.closeReason);
    member("closed"_L1, row.closed);
}

template <typename Row, typename Member>
requires std::same_as<std::remove_const_t<Row>, TokenRow>
void members(Row &row, Member &member)
{
    commonMembers(row, member);
    member("kind"_L1, row.kind);
    member("issued"_L1, row.issued);
    member("nbf"_L1, row.nbf);
    member("exp"_L1, row.exp);
    member("refresh_at"_L1, row.refreshAt);
    member("ended"_L1, row.ended);
    member("end"_L1, row.end);
    member("prev"_L1, row.prev);
    member("family"_L1, row.family);
    member("failures"_L1, row.failures);
}

template <typename Row>
QJsonObject written(const Row &row)
{
    Writer out;
    members(row, out);
    return out.json;
}

template <typename Row>
Result<Row> readInto(Row row, const QJsonObject &json)
{
    Reader in(json);
    members(row, in);
    if (row.id.isEmpty())
        in.fail("id"_L1);
    if (in.error)
        return *in.error;
    return row;
}

} // namespace

QString wireName(ConnectionState state)
{
    return nameOf(state);
}

QString wireName(TokenKind kind)
{
    return nameOf(kind);
}

QString wireName(TokenEnd end)
{
    return nameOf(end);
}

QJsonObject ConnectionRow::toJson() const
{
    return written(*this);
}

Result<ConnectionRow> ConnectionRow::fromJson(const QJsonObject &json)
{
    ConnectionRow row;
    row.state = ConnectionState::Unknown;
    return readInto(std::move(row), json);
}

QJsonObject TokenRow::toJson() const
{
    return written(*this);
}

Result<TokenRow> TokenRow::fromJson(const QJsonObject &json)
{
    TokenRow row;
    row.kind = TokenKind::Unknown;
    return readInto(std::move(row), json);
}

} // namespace Watchword
