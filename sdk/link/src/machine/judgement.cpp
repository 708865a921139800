// SPDX-License-Identifier: Apache-2.0
#include "machine/judgement.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

RetryDecision decide(const TransportEnd &end, const std::optional<LinkEvents::Farewell> &farewell, const ClosePolicy &policy)
{
    const std::optional<Duration> asked = end.error.retryAfter();
    // The token is not at fault, so another one would not help: its proof was not accepted.
    if (end.error.code() == ErrorCode::WrongNonce || end.error.code() == ErrorCode::InvalidRequest)
        return {RetryAction::Retry, end.error.code(), asked.value_or(Duration::zero())};
    if (end.error.code() == ErrorCode::InsufficientAuthentication)
        return {RetryAction::SignIn, end.error.code(), {}};
    // Whatever the portal answered, it was not the server.
    if (end.error.code() == ErrorCode::CaptivePortal)
        return policy.forNetworkError(ErrorCode::CaptivePortal, asked);
    if (end.http.status) {
        RetryDecision decision = policy.forHttpStatus(end.http.status, asked);
        // A refusal that says when it ends, as that of a lock, is worth another attempt then.
        if (end.http.status == 403 && decision.action == RetryAction::Stop && decision.after.count() > 0)
            decision.action = RetryAction::Retry;
        return decision;
    }
    // What this end found wrong is not what the server said: it has rows of its own.
    if (!end.closeCode)
        return policy.forNetworkError(end.error.code(), asked);
    if (!farewell)
        return policy.forCloseCode(end.closeCode, asked);
    RetryDecision decision = policy.forCloseCode(farewell->code, farewell->after);
    decision.action = farewell->action.value_or(decision.action);
    return decision;
}

} // namespace

Judgement Judgement::of(const TransportEnd &end, const std::optional<LinkEvents::Farewell> &farewell, const ClosePolicy &policy,
                        Use use)
{
    Judgement result{
        .decision = decide(end, farewell, policy), .error = end.error, .closeCode = farewell ? farewell->code : end.closeCode};
    RetryDecision &decision = result.decision;
    // Servers that know no 4401 say policy violation when a token ends.
    if (use == Use::InUseBeyondItsToken && result.closeCode == int(CloseCode::PolicyViolation)
        && decision.action == RetryAction::Stop)
        decision = {RetryAction::RefreshThenRetry, ErrorCode::TokenExpired, decision.after};
    // What this end found wrong in a stream that was right before, as when a server mixes two frames, ends with the stream.
    const bool isOurs = !end.closeCode && !end.http.status && end.error.code() == ErrorCode::ProtocolViolation;
    if (isOurs && use != Use::NotYet && decision.action == RetryAction::RetrySlowly)
        decision.action = RetryAction::Retry;
    Error &error = result.error;
    const bool isGeneric = error.code() == ErrorCode::UpgradeRejected || error.code() == ErrorCode::ClosedByPeer
        || error.code() == ErrorCode::ConnectionLost;
    if (isGeneric && error.code() != decision.code)
        error = Error(decision.code, error.detail()).withRetryAfter(error.retryAfter());
    if (end.http.status)
        error = error.withHttpStatus(end.http.status);
    if (result.closeCode)
        error = error.withCloseCode(result.closeCode);
    if (error.detail().isEmpty() && result.closeCode)
        error = error.withDetail(closeCodeName(result.closeCode));
    // The remedy of such a code says that Watchword tries again, which it does not.
    if (decision.action == RetryAction::Stop && error.isRetryable())
        error = error.withRemedy(u"The server's answer is final: ask its operator, then connect again."_s);
    else if (decision.action == RetryAction::SignIn && error.isRetryable())
        error = error.withRemedy(u"Sign in again; the server asks for it."_s);
    return result;
}

bool Judgement::isPlanned() const
{
    return closeCode == int(CloseCode::GoingAway) || closeCode == int(CloseCode::ServiceRestart);
}

} // namespace Watchword
