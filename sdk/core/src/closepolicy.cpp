// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/closepolicy.h"

namespace Watchword {

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
    }
    return {};
}

ClosePolicy ClosePolicy::defaultPolicy()
{
    using A = RetryAction;
    using E = ErrorCode;
    ClosePolicy policy;
    policy.m_statuses = {
        {400, {A::RetrySlowly, E::InvalidRequest}},
        {401, {A::RefreshThenRetry, E::Unauthorized}},
        {403, {A::Stop, E::Forbidden}},
        {404, {A::RetrySlowly, E::NotFound}},
        {405, {A::RetrySlowly, E::UpgradeRejected}},
        {407, {A::RetrySlowly, E::ProxyFailed}},
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
    policy.m_closeCodes = {
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
        {4423, {A::Stop, E::Locked}},
        {4429, {A::Retry, E::RateLimited}},
        {4430, {A::Stop, E::ConnectionLimit}},
        {4440, {A::Retry, E::SlowConsumer}},
        {4441, {A::RefreshThenRetry, E::ClosedByPeer}},
    };
    return policy;
}

RetryDecision ClosePolicy::forHttpStatus(int status, std::optional<Duration> retryAfter) const
{
    Row row {status >= 500 ? RetryAction::Retry : RetryAction::RetrySlowly, ErrorCode::UpgradeRejected};
    if (const auto found = m_statuses.constFind(status); found != m_statuses.cend())
        row = *found;
    return {row.action, row.code, retryAfter.value_or(Duration::zero())};
}

RetryDecision ClosePolicy::forCloseCode(int code, std::optional<Duration> after) const
{
    // Ranges of the field: 3500-3999 and 4500-4999 are final, 3000-3499 and 4000-4499 may be retried.
    const bool final = (code >= 3500 && code <= 3999) || (code >= 4500 && code <= 4999);
    Row row {final ? RetryAction::Stop : RetryAction::Retry, ErrorCode::ClosedByPeer};
    if (const auto found = m_closeCodes.constFind(code); found != m_closeCodes.cend())
        row = *found;
    return {row.action, row.code, after.value_or(Duration::zero())};
}

void ClosePolicy::setHttpStatus(int status, RetryAction action, ErrorCode code)
{
    m_statuses.insert(status, {action, code});
}

void ClosePolicy::setCloseCode(int closeCode, RetryAction action, ErrorCode code)
{
    m_closeCodes.insert(closeCode, {action, code});
}

} // namespace Watchword
