// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/closepolicy.h"

#include <algorithm>
#include <cmath>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostRows = 64;

Error broken(const QString &member)
{
    return Error(ErrorCode::ProtocolViolation, u"policy: \"%1\" is not of its type or outside of its range"_s.arg(member));
}

using Number = std::optional<double>;

Result<Number> readNumber(const QJsonValue &value, const QString &name, double least, double most)
{
    if (value.isUndefined())
        return Number();
    const double number = value.toDouble(std::nan(""));
    if (!(number >= least && number <= most))
        return broken(name);
    return Number(number);
}

Result<void> readRows(const QJsonValue &value, const QString &name, int least, int most, QMap<int, PolicyChanges::Row> *rows)
{
    if (value.isUndefined())
        return {};
    const QJsonObject object = value.toObject();
    if (!value.isObject() || object.size() > kMostRows)
        return broken(name);
    for (auto member = object.constBegin(); member != object.constEnd(); ++member) {
        bool isNumber = false;
        const int key = member.key().toInt(&isNumber);
        const QString where = name + u'.' + member.key().left(10);
        // The number as it is written everywhere: "0503" and "+503" would be a second row for the same thing.
        if (!isNumber || key < least || key > most || QString::number(key) != member.key() || !member->isObject())
            return broken(where);
        const QJsonObject fields = member->toObject();
        const QJsonValue action = fields.value("action"_L1);
        const Result<Number> after = readNumber(fields.value("after_s"_L1), where + u".after_s"_s, 0, 300);
        if (!after)
            return after.error();
        PolicyChanges::Row row;
        row.after = Duration(qint64(after->value_or(0) * 1000));
        row.action = retryActionFromName(action.toString());
        if (!action.isUndefined() && !row.action)
            return broken(where + u".action"_s);
        rows->insert(key, row);
    }
    return {};
}

// A refused token must not be sent again, so a row that refreshes cannot become one that just tries again.
bool isStricter(RetryAction now, RetryAction wanted)
{
    switch (wanted) {
    case RetryAction::RetrySlowly:
        return now == RetryAction::Retry;
    case RetryAction::Stop:
        return now != RetryAction::SignIn;
    case RetryAction::SignIn:
        return true;
    case RetryAction::Retry:
    case RetryAction::RefreshThenRetry:
        break;
    }
    return false;
}

struct ActionName
{
    RetryAction action;
    QLatin1StringView name;
};

constexpr ActionName kActionNames[]{
    {RetryAction::Retry, "retry"_L1}, {RetryAction::RetrySlowly, "slow"_L1}, {RetryAction::RefreshThenRetry, "refresh"_L1},
    {RetryAction::Stop, "stop"_L1},   {RetryAction::SignIn, "sign_in"_L1},
};

} // namespace

std::optional<RetryAction> retryActionFromName(const QString &name)
{
    for (const ActionName &known : kActionNames) {
        if (name == known.name)
            return known.action;
    }
    return std::nullopt;
}

QString retryActionName(RetryAction action)
{
    for (const ActionName &known : kActionNames) {
        if (action == known.action)
            return known.name;
    }
    return {};
}

QString closeCodeName(int code)
{
    if (code < 0 || code > 0xffff) // would be cut to another code
        return {};
    switch (CloseCode(code)) {
    case CloseCode::Normal:
        return QStringLiteral("normal");
    case CloseCode::GoingAway:
        return QStringLiteral("going_away");
    case CloseCode::ProtocolError:
        return QStringLiteral("protocol_error");
    case CloseCode::Abnormal:
        return QStringLiteral("abnormal");
    case CloseCode::PolicyViolation:
        return QStringLiteral("policy_violation");
    case CloseCode::MessageTooBig:
        return QStringLiteral("message_too_big");
    case CloseCode::InternalError:
        return QStringLiteral("internal_error");
    case CloseCode::ServiceRestart:
        return QStringLiteral("service_restart");
    case CloseCode::TryAgainLater:
        return QStringLiteral("try_again_later");
    case CloseCode::BadGateway:
        return QStringLiteral("bad_gateway");
    case CloseCode::DeadPeer:
        return QStringLiteral("dead_peer");
    case CloseCode::TokenExpired:
        return QStringLiteral("token_expired");
    case CloseCode::TokenInvalid:
        return QStringLiteral("token_invalid");
    case CloseCode::Forbidden:
        return QStringLiteral("forbidden");
    case CloseCode::AuthTimeout:
        return QStringLiteral("auth_timeout");
    case CloseCode::Replaced:
        return QStringLiteral("replaced");
    case CloseCode::SessionRevoked:
        return QStringLiteral("session_revoked");
    case CloseCode::KickedMayReturn:
        return QStringLiteral("kicked_may_return");
    case CloseCode::Idle:
        return QStringLiteral("idle");
    case CloseCode::Locked:
        return QStringLiteral("locked");
    case CloseCode::RateLimited:
        return QStringLiteral("rate_limited");
    case CloseCode::ConnectionLimit:
        return QStringLiteral("connection_limit");
    case CloseCode::SlowConsumer:
        return QStringLiteral("slow_consumer");
    case CloseCode::PolicyChanged:
        return QStringLiteral("policy_changed");
    case CloseCode::StepUpRequired:
        return QStringLiteral("step_up_required");
    }
    return {};
}

QMap<int, ClosePolicy::Row> ClosePolicy::defaultCloseCodes()
{
    using A = RetryAction;
    using E = ErrorCode;
    return {
        {1000, {A::Retry, E::ClosedByPeer}},
        {1001, {A::Retry, E::ClosedByPeer}},
        {1002, {A::Stop, E::ProtocolViolation}},
        {1003, {A::Stop, E::ProtocolViolation}},
        {1005, {A::Retry, E::ClosedByPeer}},
        {1006, {A::Retry, E::ConnectionLost}},
        {1007, {A::Stop, E::ProtocolViolation}},
        {1008, {A::Stop, E::Forbidden}},
        {1009, {A::Stop, E::MessageTooBig}},
        {1010, {A::Stop, E::ProtocolViolation}},
        {1011, {A::Retry, E::ClosedByPeer}},
        {1012, {A::Retry, E::ClosedByPeer}},
        {1013, {A::Retry, E::TemporarilyUnavailable}},
        {1014, {A::Retry, E::ClosedByPeer}},
        {4000, {A::Retry, E::Timeout}},
        {4401, {A::RefreshThenRetry, E::TokenExpired}},
        {4402, {A::SignIn, E::Unauthorized}},
        {4403, {A::Stop, E::Forbidden}},
        {4408, {A::Retry, E::Timeout}},
        {4409, {A::Stop, E::Replaced}},
        {4410, {A::SignIn, E::SessionRevoked}},
        {4411, {A::Retry, E::ClosedByPeer}},
        {4412, {A::Stop, E::ClosedByPeer}},
        {4423, {A::Stop, E::Locked}},
        {4429, {A::Retry, E::RateLimited}},
        {4430, {A::Stop, E::ConnectionLimit}},
        {4440, {A::Retry, E::SlowConsumer}},
        {4441, {A::RefreshThenRetry, E::ClosedByPeer}},
        {4442, {A::SignIn, E::InsufficientAuthentication}},
    };
}

ClosePolicy ClosePolicy::defaultPolicy()
{
    using A = RetryAction;
    using E = ErrorCode;
    ClosePolicy policy;
    policy.m_closeCodes = defaultCloseCodes();
    policy.m_statuses = {
        {400, {A::RetrySlowly, E::InvalidRequest}},
        {401, {A::RefreshThenRetry, E::Unauthorized}},
        {403, {A::Stop, E::Forbidden}},
        {404, {A::RetrySlowly, E::NotFound}},
        {405, {A::RetrySlowly, E::UpgradeRejected}},
        {407, {A::RetrySlowly, E::ProxyAuthenticationRequired}},
        {408, {A::Retry, E::Timeout}},
        {410, {A::RetrySlowly, E::NotFound}},
        {425, {A::Retry, E::UpgradeRejected}},
        {426, {A::RetrySlowly, E::UpgradeRejected}},
        {429, {A::Retry, E::RateLimited}},
        {500, {A::Retry, E::HttpStatus}},
        {502, {A::Retry, E::HttpStatus}},
        {503, {A::Retry, E::TemporarilyUnavailable}},
        {504, {A::Retry, E::Timeout}},
    };
    policy.m_network = {
        {E::TlsFailed, {A::RetrySlowly, E::TlsFailed}},
        {E::PinMismatch, {A::RetrySlowly, E::PinMismatch}},
        {E::ProxyAuthenticationRequired, {A::RetrySlowly, E::ProxyAuthenticationRequired}},
        {E::SubprotocolMismatch, {A::RetrySlowly, E::SubprotocolMismatch}},
        {E::ProtocolViolation, {A::RetrySlowly, E::ProtocolViolation}},
        {E::UpgradeRejected, {A::RetrySlowly, E::UpgradeRejected}},
        {E::MessageTooBig, {A::Stop, E::MessageTooBig}}, // it would come again
        {E::InsecureTransport, {A::Stop, E::InsecureTransport}},
        {E::InvalidArgument, {A::Stop, E::InvalidArgument}},
        {E::MalformedToken, {A::Stop, E::MalformedToken}},
        {E::Cancelled, {A::Stop, E::Cancelled}},
    };
    return policy;
}

ClosePolicy::Row ClosePolicy::statusRow(int status) const
{
    if (const auto found = m_statuses.constFind(status); found != m_statuses.cend())
        return *found;
    return {status >= 500 ? RetryAction::Retry : RetryAction::RetrySlowly, ErrorCode::UpgradeRejected};
}

ClosePolicy::Row ClosePolicy::closeRow(int code) const
{
    if (const auto found = m_closeCodes.constFind(code); found != m_closeCodes.cend())
        return *found;
    // Ranges of the field: 3500-3999 and 4500-4999 are final, 3000-3499 and 4000-4499 may be retried.
    const bool final = (code >= 3500 && code <= 3999) || (code >= 4500 && code <= 4999);
    return {final ? RetryAction::Stop : RetryAction::Retry, ErrorCode::ClosedByPeer};
}

RetryDecision ClosePolicy::forHttpStatus(int status, std::optional<Duration> retryAfter) const
{
    const Row row = statusRow(status);
    return {row.action, row.code, std::max(row.after, retryAfter.value_or(Duration::zero()))};
}

RetryDecision ClosePolicy::forCloseCode(int code, std::optional<Duration> after) const
{
    const Row row = closeRow(code);
    return {row.action, row.code, std::max(row.after, after.value_or(Duration::zero()))};
}

RetryDecision ClosePolicy::forNetworkError(ErrorCode code, std::optional<Duration> after) const
{
    const Row row = m_network.value(code, {RetryAction::Retry, code});
    return {row.action, row.code, std::max(row.after, after.value_or(Duration::zero()))};
}

void ClosePolicy::setHttpStatus(int status, RetryAction action, ErrorCode code, Duration after)
{
    m_statuses.insert(status, {action, code, after});
}

void ClosePolicy::setCloseCode(int closeCode, RetryAction action, ErrorCode code, Duration after)
{
    m_closeCodes.insert(closeCode, {action, code, after});
}

void ClosePolicy::setNetworkError(ErrorCode code, RetryAction action, Duration after)
{
    m_network.insert(code, {action, code, after});
}

void ClosePolicy::apply(const PolicyChanges &changes)
{
    const auto change = [](Row row, const PolicyChanges::Row &by) {
        row.action = by.action.value_or(row.action);
        row.after = by.after;
        return row;
    };
    for (auto by = changes.statuses.cbegin(); by != changes.statuses.cend(); ++by)
        m_statuses.insert(by.key(), change(statusRow(by.key()), *by));
    for (auto by = changes.closeCodes.cbegin(); by != changes.closeCodes.cend(); ++by)
        m_closeCodes.insert(by.key(), change(closeRow(by.key()), *by));
}

ClosePolicy ClosePolicy::restricted(const PolicyChanges &changes) const
{
    const auto restrict = [](Row row, const PolicyChanges::Row &by) {
        if (by.action && isStricter(row.action, *by.action))
            row.action = *by.action;
        row.after = std::max(row.after, by.after);
        return row;
    };
    ClosePolicy policy = *this;
    for (auto by = changes.statuses.cbegin(); by != changes.statuses.cend(); ++by)
        policy.m_statuses.insert(by.key(), restrict(statusRow(by.key()), *by));
    for (auto by = changes.closeCodes.cbegin(); by != changes.closeCodes.cend(); ++by)
        policy.m_closeCodes.insert(by.key(), restrict(closeRow(by.key()), *by));
    return policy;
}

Result<PolicyChanges> PolicyChanges::fromJson(const QJsonObject &object)
{
    PolicyChanges changes;
    if (const Result<void> read = readRows(object.value("status"_L1), u"status"_s, 200, 599, &changes.statuses); !read)
        return read.error();
    if (const Result<void> read = readRows(object.value("close"_L1), u"close"_s, 1000, 4999, &changes.closeCodes); !read)
        return read.error();
    const QJsonValue backoff = object.value("backoff"_L1);
    if (!backoff.isUndefined() && !backoff.isObject())
        return broken(u"backoff"_s);
    const auto base = readNumber(backoff.toObject().value("base_ms"_L1), u"backoff.base_ms"_s, 100, 60'000);
    const auto cap = readNumber(backoff.toObject().value("cap_s"_L1), u"backoff.cap_s"_s, 1, 300);
    const auto attempts = readNumber(object.value("attempts_per_minute"_L1), u"attempts_per_minute"_s, 1, 600);
    for (const auto *number : {&base, &cap, &attempts}) {
        if (!*number)
            return number->error();
    }
    if (*base)
        changes.backoffBase = Duration(qint64(**base));
    if (*cap)
        changes.backoffCap = Duration(qint64(**cap * 1000));
    if (*attempts)
        changes.attemptsPerMinute = int(**attempts);
    return changes;
}

} // namespace Watchword
