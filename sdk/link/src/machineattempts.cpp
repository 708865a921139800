// SPDX-License-Identifier: Apache-2.0
// How attempts of the ConnectionMachine begin and end.
#include "machinerun_p.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// A token this close to its end counts as expired when the server cuts the connection: clocks differ.
constexpr Duration kExpiryLeeway = 5s;

bool isPlanned(int closeCode)
{
    return closeCode == int(CloseCode::GoingAway) || closeCode == int(CloseCode::ServiceRestart);
}

RetryAction actionFor(ErrorCode code)
{
    switch (code) {
    case ErrorCode::TlsFailed:
    case ErrorCode::PinMismatch:
    case ErrorCode::SubprotocolMismatch:
    case ErrorCode::ProtocolViolation:
    case ErrorCode::UpgradeRejected:
        return RetryAction::RetrySlowly;
    case ErrorCode::InsecureTransport:
    case ErrorCode::InvalidArgument:
    case ErrorCode::MalformedToken:
    case ErrorCode::Cancelled:
        return RetryAction::Stop;
    default:
        return RetryAction::Retry;
    }
}

// What the transport said, under the code that the policy gives it.
Error refined(const TransportEnd &end, const RetryDecision &decision, int closeCode)
{
    Error error = end.error;
    const bool generic = error.code() == ErrorCode::UpgradeRejected || error.code() == ErrorCode::ClosedByPeer
        || error.code() == ErrorCode::ConnectionLost;
    if (generic && error.code() != decision.code) {
        const QString detail = error.detail();
        error = Error(decision.code, detail).withRetryAfter(error.retryAfter());
    }
    if (end.http.status)
        error = error.withHttpStatus(end.http.status);
    if (closeCode)
        error = error.withCloseCode(closeCode);
    if (error.detail().isEmpty() && closeCode)
        error = error.withDetail(closeCodeName(closeCode));
    return error;
}

QString seconds(Duration duration)
{
    return QString::number(double(duration.count()) / 1000.0, 'f', 1) + u" s"_s;
}

} // namespace

Instant ConnectionMachine::Run::budgetAllowsAt()
{
    std::deque<Instant> &starts = m.m_starts;
    while (!starts.empty() && starts.front() + m_options.budgetWindow <= m_now)
        starts.pop_front();
    return starts.size() < size_t(m_options.budgetAttempts) ? m_now : starts.front() + m_options.budgetWindow;
}

void ConnectionMachine::Run::beginAttempt(const QString &why)
{
    if (const Instant allowed = budgetAllowsAt(); allowed > m_now) {
        const Error error(ErrorCode::RateLimited,
                          u"this program used up its own budget of connection attempts"_s);
        wait(error, allowed - m_now, Duration::zero(), false, u"the budget of attempts is used up"_s);
        return;
    }
    const AttemptId id = ++m.m_id;
    if (!m.m_usesTokens) {
        startTransport(id, why);
        return;
    }
    TokenRequest request;
    request.rejectedFingerprint = m.m_refused;
    if (!m.m_refused.isEmpty() && m.m_refused == m.m_fingerprint)
        request.reason = TokenRequest::Reason::Rejected;
    m.m_state = AwaitingToken{id, m_now + m_options.tokenTimeout, why};
    add(RequestToken{id, request, why});
}

void ConnectionMachine::Run::startTransport(AttemptId id, const QString &why)
{
    m.m_starts.push_back(m_now);
    m.m_state = Opening{id, m_now + m_options.connectTimeout};
    add(StartTransport{id, why});
}

void ConnectionMachine::Run::on(const TokenReady &event)
{
    if (Up *up = upOf(event.id)) {
        renewalToken(*up, event);
        return;
    }
    const AwaitingToken *state = std::get_if<AwaitingToken>(&m.m_state);
    if (!state || state->id != event.id)
        return;
    if (!m.m_refused.isEmpty() && event.fingerprint == m.m_refused) {
        finish(
            Error(ErrorCode::Unauthorized, u"the only token to be had is the one that the server refused"_s),
            true);
        return;
    }
    m.m_fingerprint = event.fingerprint;
    m.m_tokenExpiresAt = event.expiresAt;
    startTransport(event.id, QString(state->why));
}

void ConnectionMachine::Run::on(const TokenFailed &event)
{
    if (Up *up = upOf(event.id)) {
        if (!up->renewal || up->renewal->step != Renewing::Step::TokenAsked)
            return;
        add(ReportError{event.error});
        // Only a person can help now; the connection may live until the server ends it.
        if (event.error.condition() == ErrorCondition::Unauthorized)
            up->renewal.reset();
        else
            retryRenewal(*up);
        return;
    }
    const AwaitingToken *state = std::get_if<AwaitingToken>(&m.m_state);
    if (state && state->id == event.id)
        overWithoutTransport(event.error);
}

void ConnectionMachine::Run::overWithoutTransport(const Error &error)
{
    countFailure(nullptr);
    if (error.condition() == ErrorCondition::Unauthorized) {
        add(ReportError{error});
        finish(error, true);
    } else if (error.condition() == ErrorCondition::Cancelled
               || (error.condition() == ErrorCondition::Configuration && !error.isRetryable())) {
        finish(error, false);
    } else {
        add(ReportError{error});
        waitWithBackoff(error, error.retryAfter().value_or(Duration::zero()), false, true);
    }
}

void ConnectionMachine::Run::on(const TokenChanged &)
{
    if (Up *up = std::get_if<Up>(&m.m_state)) {
        const bool idle = !up->renewal || up->renewal->step == Renewing::Step::Scheduled;
        if (up->inBandRenewal && idle)
            askForRenewal(*up, false);
    } else if (const Waiting *waiting = std::get_if<Waiting>(&m.m_state); waiting && waiting->forToken) {
        beginAttempt(u"a new token"_s);
    }
}

void ConnectionMachine::Run::on(const TokenRevoked &)
{
    if (std::holds_alternative<Idle>(m.m_state))
        return;
    if (m.isAlive(m.m_id))
        drop(m.m_id, int(CloseCode::Normal));
    finish(Error(ErrorCode::SignedOut, u"the session ended"_s), false);
}

void ConnectionMachine::Run::drop(AttemptId id, int code)
{
    add(DropTransport{id, code});
}

void ConnectionMachine::Run::countFailure(const Up *up)
{
    if (up && m_now - up->since >= m_options.stableAfter) {
        m.m_failures = 0;
        m.m_outageSince.reset();
        m.m_refusedInARow = false;
    }
    ++m.m_failures;
    if (!m.m_outageSince)
        m.m_outageSince = m_now;
}

RetryDecision ConnectionMachine::Run::decide(const TransportEnd &end,
                                             const std::optional<Farewell> &farewell) const
{
    const std::optional<Duration> asked = end.error.retryAfter();
    if (end.error.code() == ErrorCode::InsufficientAuthentication)
        return {RetryAction::SignIn, end.error.code(), {}};
    if (end.http.status)
        return m_options.closePolicy.forHttpStatus(end.http.status, asked);
    if (!end.closeCode)
        return {actionFor(end.error.code()), end.error.code(), asked.value_or(Duration::zero())};
    if (!farewell)
        return m_options.closePolicy.forCloseCode(end.closeCode, asked);
    RetryDecision decision = m_options.closePolicy.forCloseCode(farewell->code, farewell->after);
    decision.action = farewell->action.value_or(decision.action);
    return decision;
}

void ConnectionMachine::Run::over(const TransportEnd &end)
{
    const Up *const found = std::get_if<Up>(&m.m_state);
    const std::optional<Up> up = found ? std::optional<Up>(*found) : std::nullopt;
    const auto *const early = std::get_if<AwaitingHello>(&m.m_state);
    const std::optional<Farewell> farewell = up ? up->farewell : early ? early->farewell : std::nullopt;
    const int closeCode = farewell ? farewell->code : end.closeCode;
    const bool expiredInUse = up && m.m_tokenExpiresAt && *m.m_tokenExpiresAt <= m_now + kExpiryLeeway;
    countFailure(up ? &*up : nullptr);
    RetryDecision decision = decide(end, farewell);
    // Servers that know no 4401 say policy violation when a token ends.
    if (expiredInUse && closeCode == int(CloseCode::PolicyViolation) && decision.action == RetryAction::Stop)
        decision = {RetryAction::RefreshThenRetry, ErrorCode::TokenExpired, decision.after};
    const Error error = refined(end, decision, closeCode);
    add(ReportError{error});
    switch (decision.action) {
    case RetryAction::Retry:
        waitWithBackoff(error, decision.after, isPlanned(closeCode), false);
        break;
    case RetryAction::RetrySlowly: {
        const Duration spread = m_options.backoff.retryAfterLimit - m_options.backoff.slowCap;
        const Duration delay =
            m_options.backoff.slowCap + Duration(qint64(double(spread.count()) * chance()));
        wait(error, delay, decision.after, false,
             u"somebody has to change something; a look every few minutes"_s);
        break;
    }
    case RetryAction::RefreshThenRetry:
        refused(decision, error, expiredInUse);
        break;
    case RetryAction::Stop:
        finish(error, false);
        break;
    case RetryAction::SignIn:
        finish(error, true);
        break;
    }
}

void ConnectionMachine::Run::refused(const RetryDecision &decision, const Error &error, bool expiredInUse)
{
    m.m_refused = m.m_fingerprint;
    // A token that served until its end was not refused.
    const bool again = std::exchange(m.m_refusedInARow, m.m_refusedInARow || !expiredInUse);
    const bool tokenFault = error.condition() == ErrorCondition::Unauthorized;
    if (!m.m_usesTokens || (again && !expiredInUse && tokenFault)) {
        finish(error, true);
    } else if (again && !expiredInUse) {
        waitWithBackoff(error, decision.after, false, false);
    } else if (decision.after > Duration::zero()) {
        wait(error, decision.after, decision.after, false, u"the server asked for it"_s);
    } else {
        beginAttempt(u"token refused"_s);
    }
}

void ConnectionMachine::Run::waitWithBackoff(const Error &error, Duration asked, bool planned, bool forToken)
{
    RandomSource &random = m_options.random ? *m_options.random : RandomSource::system();
    const Duration outage = m_now - m.m_outageSince.value_or(m_now);
    Duration delay = m_options.backoff.delay(m.m_failures, outage, random);
    if (planned && m.m_failures == 1)
        delay =
            std::max(m_options.backoff.floor, Duration(qint64(double(m_options.planned.count()) * chance())));
    const QString why =
        m.m_failures == 1 ? u"after the first failure"_s : u"after %1 failures"_s.arg(m.m_failures);
    wait(error, delay, asked, forToken, why);
}

void ConnectionMachine::Run::wait(const Error &error, Duration delay, Duration asked, bool forToken,
                                  const QString &why)
{
    RandomSource &random = m_options.random ? *m_options.random : RandomSource::system();
    QString reason = why;
    Instant earliest = m_now;
    if (asked > Duration::zero()) {
        earliest = m_now + std::min(asked, m_options.backoff.retryAfterLimit);
        delay = m_options.backoff.withRetryAfter(delay, asked, random);
        reason = u"the server asked for %1"_s.arg(seconds(asked));
    }
    Instant until = m_now + delay;
    if (const Instant allowed = budgetAllowsAt(); allowed > until) {
        until = allowed;
        reason = u"the budget of attempts is used up"_s;
    }
    m.m_state = Waiting{m.m_id, until, earliest, error, forToken};
    add(ReportWait{m.m_id, error, until, u"waits %1: %2"_s.arg(seconds(until - m_now), reason)});
}

void ConnectionMachine::Run::finish(const Error &reason, bool personNeeded)
{
    m.m_state = Idle{};
    m.m_failures = 0;
    m.m_outageSince.reset();
    m.m_refusedInARow = false;
    add(ReportClosed{m.m_id, reason, personNeeded});
}

} // namespace Watchword
