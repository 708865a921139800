// SPDX-License-Identifier: Apache-2.0
#include "lock/lock.h"

#include "lock/addressrange.h"

#include <algorithm>
#include <array>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr std::array kKinds{std::pair{LockTarget::Kind::User, "user"},       std::pair{LockTarget::Kind::Session, "session"},
                            std::pair{LockTarget::Kind::Token, "token"},     std::pair{LockTarget::Kind::Client, "client"},
                            std::pair{LockTarget::Kind::Address, "address"}, std::pair{LockTarget::Kind::Role, "role"},
                            std::pair{LockTarget::Kind::Tenant, "tenant"}};
constexpr std::array kModes{std::pair{Lock::Mode::Revoked, "revoked"}, std::pair{Lock::Mode::Forbidden, "forbidden"},
                            std::pair{Lock::Mode::Locked, "locked"}, std::pair{Lock::Mode::Outdated, "outdated"},
                            std::pair{Lock::Mode::Held, "held"}};

template <typename Names, typename Value>
QString nameIn(const Names &names, Value value)
{
    const auto found = std::find_if(names.begin(), names.end(), [value](const auto &entry) { return entry.first == value; });
    return QString::fromLatin1(found->second);
}

template <typename Names>
auto valueIn(const Names &names, const QString &name) -> std::optional<decltype(names.front().first)>
{
    for (const auto &[value, written] : names) {
        if (name == QLatin1StringView(written))
            return value;
    }
    return {};
}

bool isAt(const QString &place, const QHostAddress &peer)
{
    const std::optional<AddressRange> range = AddressRange::parse(place);
    return range && range->contains(peer);
}

bool isTarget(const LockTarget &target, const Identity &identity, const QHostAddress &peer)
{
    switch (target.kind) {
    case LockTarget::Kind::User:
        return identity.subject == target.value;
    case LockTarget::Kind::Session:
        return identity.sessionId == target.value && (target.subject.isEmpty() || identity.subject == target.subject);
    case LockTarget::Kind::Token:
        return identity.tokenId == target.value;
    case LockTarget::Kind::Client:
        return identity.clientId == target.value;
    case LockTarget::Kind::Address:
        return !peer.isNull() && isAt(target.value, peer);
    case LockTarget::Kind::Role:
        return identity.roles.contains(target.value);
    case LockTarget::Kind::Tenant:
        return identity.tenant == target.value;
    }
    return false;
}

} // namespace

QString wireName(LockTarget::Kind kind)
{
    return nameIn(kKinds, kind);
}

std::optional<LockTarget::Kind> lockKindOf(const QString &name)
{
    return valueIn(kKinds, name);
}

QString wireName(Lock::Mode mode)
{
    return nameIn(kModes, mode);
}

std::optional<Lock::Mode> lockModeOf(const QString &name)
{
    return valueIn(kModes, name);
}

bool isOperator(const Identity &identity)
{
    return std::any_of(identity.scopes.begin(), identity.scopes.end(),
                       [](const QString &scope) { return scope.startsWith("gw:"_L1); });
}

bool Lock::concerns(const Identity &identity, const QHostAddress &peer) const
{
    if (target.kind == LockTarget::Kind::Address && !includesOperators && isOperator(identity))
        return false;
    if (!isTarget(target, identity, peer) || (!target.issuer.isEmpty() && identity.issuer != target.issuer))
        return false;
    if (!before)
        return true;
    const bool isBySignIn = mode != Mode::Outdated && identity.authTime.has_value();
    const std::optional<WallTime> begun = isBySignIn ? identity.authTime : identity.issuedAt;
    return !begun || *begun <= *before; // who does not say when is not let in by that
}

Error Lock::toError(WallTime now) const
{
    // What the person is told is the operator's word; the rest is for the audit.
    const auto told = [this](const Error &error) { return message.isEmpty() ? error : error.withRemedy(message); };
    const auto timed = [&](const Error &error) { return until ? error.withRetryAfter(*until - now) : error; };
    switch (mode) {
    case Mode::Revoked:
        return Error(ErrorCode::SessionRevoked, u"the session or the token was revoked"_s);
    case Mode::Outdated:
        return Error(ErrorCode::SessionRevoked, u"the token is older than a change of its claims"_s);
    case Mode::Held:
        return timed(told(Error(ErrorCode::Forbidden, u"the session was disconnected and may return later"_s)));
    case Mode::Forbidden:
        return told(Error(ErrorCode::Locked, u"the session may not connect any more"_s));
    case Mode::Locked:
        return timed(told(Error(ErrorCode::Locked, u"access is locked"_s)));
    }
    Q_UNREACHABLE();
}

CloseCode Lock::closeCode() const
{
    switch (mode) {
    case Mode::Revoked:
        return CloseCode::SessionRevoked;
    case Mode::Forbidden:
        return CloseCode::Forbidden;
    case Mode::Locked:
        return CloseCode::Locked;
    case Mode::Outdated:
        return CloseCode::PolicyChanged;
    case Mode::Held:
        return CloseCode::KickedMayReturn;
    }
    Q_UNREACHABLE();
}

QJsonObject Lock::toJson() const
{
    QJsonObject whom{{"kind"_L1, wireName(target.kind)}, {"value"_L1, target.value}};
    if (!target.issuer.isEmpty())
        whom.insert("issuer"_L1, target.issuer);
    if (!target.subject.isEmpty())
        whom.insert("user"_L1, target.subject);
    QJsonObject json{{"id"_L1, id},         {"target"_L1, whom}, {"mode"_L1, wireName(mode)}, {"since"_L1, toRfc3339(since)},
                     {"reason"_L1, reason}, {"by"_L1, by}};
    if (before)
        json.insert("before"_L1, toRfc3339(*before));
    if (until)
        json.insert("until"_L1, toRfc3339(*until));
    if (!message.isEmpty())
        json.insert("message"_L1, message);
    if (target.kind == LockTarget::Kind::Address)
        json.insert("include_operators"_L1, includesOperators);
    return json;
}

} // namespace Watchword::Gateway
