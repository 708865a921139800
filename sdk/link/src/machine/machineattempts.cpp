// SPDX-License-Identifier: Apache-2.0
// How attempts of the ConnectionMachine begin and end.
#include "machine/machinerun.h"

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

} // namespace

QString ConnectionMachine::Run::seconds(Duration duration)
{
    return QString::number(double(duration.count()) / 1000.0, 'f', 1) + u" s"_s;
}

// What the transport said, under the code that the policy gives it.
Error ConnectionMachine::Run::refined(const TransportEnd &end, const RetryDecision &decision, int closeCode)
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

Instant ConnectionMachine::Run::budgetAllowsAt()
{
    return m.m_budget->allowedAt(m.m_server, m.m_rules.budgetAttempts, m_options.budgetWindow, m_now);
}

void ConnectionMachine::Run::waitForBudget()
{
    const Error error = Error(ErrorCode::RateLimited, u"this program used up its own budget of connection attempts"_s)
                            .withRemedy(u"Wait, or raise ConnectionOptions::budgetAttempts if this program needs as many "
                                        "connections to one server."_s);
    wait(error, budgetAllowsAt() - m_now, Duration::zero(), false, u"the budget of attempts is used up"_s);
}

void ConnectionMachine::Run::beginAttempt(const QString &why)
{
    if (budgetAllowsAt() > m_now) {
        waitForBudget();
        return;
    }
    m.m_freshNetwork = false;
    const AttemptId id = m.m_id = ++m.m_lastId;
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
    // Another connection to this server may have been faster since beginAttempt().
    if (!m.m_budget->take(m.m_server, m.m_rules.budgetAttempts, m_options.budgetWindow, m_now)) {
        waitForBudget();
        return;
    }
    m.m_state = Opening{id, m_now + m_options.connectTimeout};
    add(StartTransport{id, why});
}

void ConnectionMachine::Run::on(const TokenReady &event)
{
    if (Up *up = upOf(event.id)) {
        renewalToken(*up, event);
        return;
    }
    if (replacementOf(event.id, Replacement::Step::TokenAsked)) {
        replacementToken(std::get<Up>(m.m_state), event);
        return;
    }
    const AwaitingToken *state = std::get_if<AwaitingToken>(&m.m_state);
    if (!state || state->id != event.id)
        return;
    if (!m.m_refused.isEmpty() && event.fingerprint == m.m_refused) {
        finish(Error(ErrorCode::Unauthorized, u"the only token to be had is the one that the server refused"_s), true);
        return;
    }
    m.m_fingerprint = event.fingerprint;
    m.m_tokenExpiresAt = event.expiresAt;
    m.m_subject = event.subject;
    m.m_auth = {};
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
    if (replacementOf(event.id, Replacement::Step::TokenAsked)) {
        replacementTokenFailed(std::get<Up>(m.m_state), event.error);
        return;
    }
    const AwaitingToken *state = std::get_if<AwaitingToken>(&m.m_state);
    if (state && state->id == event.id)
        overWithoutTransport(event.error);
}

void ConnectionMachine::Run::overWithoutTransport(const Error &error)
{
    count(m.m_auth);
    if (error.condition() == ErrorCondition::Unauthorized) {
        add(ReportError{error, m.m_id});
        finish(error, true);
    } else if (error.condition() == ErrorCondition::Cancelled
               || (error.condition() == ErrorCondition::Configuration && !error.isRetryable())) {
        finish(error, false);
    } else {
        add(ReportError{error, m.m_id});
        waitWithBackoff(m.m_auth, error, error.retryAfter().value_or(Duration::zero()), false);
    }
}

void ConnectionMachine::Run::on(const TokenChanged &)
{
    if (Up *up = std::get_if<Up>(&m.m_state)) {
        if (mayAskForRenewal(*up))
            askForRenewal(*up, false);
    } else if (const Waiting *waiting = std::get_if<Waiting>(&m.m_state); waiting && waiting->forToken) {
        beginAttempt(u"a new token"_s);
    }
}

void ConnectionMachine::Run::on(const TokenRevoked &)
{
    if (std::holds_alternative<Idle>(m.m_state))
        return;
    if (Up *up = std::get_if<Up>(&m.m_state))
        leaveAlone(*up, int(CloseCode::Normal));
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
        m.m_link = {};
        m.m_refusedInARow = false;
    }
    count(m.m_link);
}

void ConnectionMachine::Run::count(Track &track)
{
    ++track.failures;
    if (!track.since)
        track.since = m_now;
}

RetryDecision ConnectionMachine::Run::decide(const TransportEnd &end, const std::optional<Farewell> &farewell) const
{
    const std::optional<Duration> asked = end.error.retryAfter();
    // The token is not at fault, so another one would not help: its proof was not accepted.
    if (end.error.code() == ErrorCode::WrongNonce || end.error.code() == ErrorCode::InvalidRequest)
        return {RetryAction::Retry, end.error.code(), asked.value_or(Duration::zero())};
    if (end.error.code() == ErrorCode::InsufficientAuthentication)
        return {RetryAction::SignIn, end.error.code(), {}};
    // Whatever the portal answered, it was not the server.
    if (end.error.code() == ErrorCode::CaptivePortal)
        return m.m_rules.closePolicy.forNetworkError(ErrorCode::CaptivePortal, asked);
    if (end.http.status)
        return m.m_rules.closePolicy.forHttpStatus(end.http.status, asked);
    if (!end.closeCode)
        return m.m_rules.closePolicy.forNetworkError(end.error.code(), asked);
    if (!farewell)
        return m.m_rules.closePolicy.forCloseCode(end.closeCode, asked);
    RetryDecision decision = m.m_rules.closePolicy.forCloseCode(farewell->code, farewell->after);
    decision.action = farewell->action.value_or(decision.action);
    return decision;
}

void ConnectionMachine::Run::over(const TransportEnd &end)
{
    Up *const found = std::get_if<Up>(&m.m_state);
    if (found && found->draining)
        endDrain(*found);
    const bool nonceTaken = std::exchange(m.m_nonceTaken, end.nonceGiven);
    if (end.nonceGiven && !nonceTaken) {
        if (found)
            leaveAlone(*found, 0);
        beginAttempt(u"the server gave a nonce for the proof"_s);
        return;
    }
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
    add(ReportError{error, m.m_id});
    if (found && takesOver(*found, decision.action, closeCode)) {
        promoteReplacement(*up);
        return;
    }
    if (found)
        leaveAlone(*found, 0);
    act(decision, error, closeCode, expiredInUse);
}

void ConnectionMachine::Run::act(const RetryDecision &decision, const Error &error, int closeCode, bool expiredInUse)
{
    switch (decision.action) {
    case RetryAction::Retry:
        waitWithBackoff(m.m_link, error, decision.after, isPlanned(closeCode));
        break;
    case RetryAction::RetrySlowly:
        wait(error, slowDelay(), decision.after, false, u"somebody has to change something; a look every few minutes"_s);
        std::get<ReportWait>(m_actions.back()).needsSomebody = true;
        break;
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

Duration ConnectionMachine::Run::slowDelay()
{
    const Duration spread = m.m_rules.backoff.retryAfterLimit - m.m_rules.backoff.slowCap;
    return m.m_rules.backoff.slowCap + Duration(qint64(double(spread.count()) * chance()));
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
        waitWithBackoff(m.m_link, error, decision.after, false);
    } else if (decision.after > Duration::zero()) {
        wait(error, decision.after, decision.after, false, u"the server asked for it"_s);
    } else {
        beginAttempt(u"token refused"_s);
    }
}

void ConnectionMachine::Run::waitWithBackoff(const Track &track, const Error &error, Duration asked, bool planned)
{
    RandomSource &random = m_options.random ? *m_options.random : RandomSource::system();
    Duration delay = m.m_rules.backoff.delay(track.failures, m_now - track.since.value_or(m_now), random);
    if (planned && track.failures == 1)
        delay = std::max(m.m_rules.backoff.floor, Duration(qint64(double(m_options.planned.count()) * chance())));
    if (m.m_freshNetwork)
        delay = std::min(delay, soon());
    const bool forToken = &track == &m.m_auth;
    const QString what = forToken ? u"no access token"_s : u"failed"_s;
    const QString why = track.failures == 1 ? u"%1 once"_s.arg(what) : u"%1 %2 times in a row"_s.arg(what).arg(track.failures);
    wait(error, delay, asked, forToken, why);
}

void ConnectionMachine::Run::wait(const Error &error, Duration delay, Duration asked, bool forToken, const QString &why)
{
    RandomSource &random = m_options.random ? *m_options.random : RandomSource::system();
    QString reason = why;
    Instant earliest = m_now;
    if (asked > Duration::zero()) {
        earliest = m_now + std::min(asked, m.m_rules.backoff.retryAfterLimit);
        delay = m.m_rules.backoff.withRetryAfter(delay, asked, random);
        reason = u"the server asked for %1"_s.arg(seconds(asked));
    }
    Instant until = m_now + delay;
    if (const Instant allowed = budgetAllowsAt(); allowed > until) {
        until = allowed;
        reason = u"the budget of attempts is used up"_s;
    }
    const Instant planned = until;
    if (const Instant slow = m_now + m.m_rules.backoff.slowCap; m.m_networkDown && until < slow) {
        until = slow;
        reason = u"this machine has no network; a look every few minutes"_s;
    }
    m.m_state = Waiting{m.m_id, until, earliest, error, planned, forToken};
    add(ReportWait{m.m_id, error, until, u"waits %1: %2"_s.arg(seconds(until - m_now), reason)});
}

void ConnectionMachine::Run::finish(const Error &reason, bool personNeeded)
{
    m.m_state = Idle{};
    m.m_link = {};
    m.m_auth = {};
    m.m_refusedInARow = false;
    m.m_nonceTaken = false;
    m.m_rules = rulesOf(m_options, {});
    add(ReportClosed{m.m_id, reason, personNeeded});
}

} // namespace Watchword
