// SPDX-License-Identifier: Apache-2.0
// How the ConnectionMachine replaces a connection by another one while it is in use: make before break.
#include "machine/machinerun.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kLongestAnnouncement = 1h;

} // namespace

ConnectionMachine::Replacement *ConnectionMachine::Run::replacementOf(AttemptId id, Replacement::Step step)
{
    Up *up = std::get_if<Up>(&m.m_state);
    const bool found = up && up->replacement && up->replacement->id == id && up->replacement->step == step;
    return found ? &*up->replacement : nullptr;
}

void ConnectionMachine::Run::replacementStep(Up &up, Replacement::Step step, Duration timeout)
{
    up.replacement->step = step;
    up.replacement->deadline = m_now + timeout;
}

void ConnectionMachine::Run::on(const Replace &)
{
    if (Up *up = std::get_if<Up>(&m.m_state))
        wantReplacement(*up, m_now, u"replace()"_s, {});
}

void ConnectionMachine::Run::on(const EndAnnounced &event)
{
    Up *up = upOf(event.id);
    if (!up)
        return;
    const Duration in = std::clamp<Duration>(event.in, 0ms, kLongestAnnouncement);
    // All clients of that server are told at the same moment.
    const Instant at = m_now + Duration(qint64(double(in.count()) * 0.5 * chance()));
    const QString reason = event.reason.isEmpty() ? u"no reason given"_s : event.reason;
    wantReplacement(*up, at, u"the server will close the connection: %1"_s.arg(reason), m_now + in);
}

void ConnectionMachine::Run::wantReplacement(Up &up, Instant at, const QString &why, std::optional<Instant> until)
{
    if (!m_options.makeBeforeBreak)
        return;
    if (!up.replacement) {
        up.replacement = Replacement{.deadline = at, .why = why, .until = until};
    } else {
        Replacement &wanted = *up.replacement;
        if (!until || wanted.until) // what is wanted for another reason stays wanted after the announced end
            wanted.until = until;
        if (wanted.step == Replacement::Step::Scheduled) {
            wanted.why = why;
            wanted.deadline = std::max(std::min(wanted.deadline, at), wanted.earliest);
        }
    }
    tickReplacement(up);
}

// The network is another one than that on which it failed, or there is one again.
void ConnectionMachine::Run::hastenReplacement(Up &up, bool wasDown)
{
    if (!up.replacement || up.replacement->step != Replacement::Step::Scheduled)
        return;
    Replacement &waiting = *up.replacement;
    const bool hasFailed = waiting.id != 0;
    if (!hasFailed && !wasDown)
        return;
    waiting.deadline = std::max(std::min(waiting.deadline, m_now + soon()), waiting.earliest);
}

void ConnectionMachine::Run::tickReplacement(Up &up)
{
    if (!up.replacement || m_now < up.replacement->deadline)
        return;
    const AttemptId id = up.replacement->id;
    switch (up.replacement->step) {
    case Replacement::Step::Scheduled:
        beginReplacement(up);
        break;
    case Replacement::Step::TokenAsked:
        retryReplacement(up, Error(ErrorCode::Timeout, u"no access token in time"_s), {});
        break;
    case Replacement::Step::Opening:
        drop(id, 0);
        replacementOver(up, {.error = Error(ErrorCode::Timeout, u"no answer from the server in time"_s)});
        break;
    case Replacement::Step::AwaitingHello:
        drop(id, int(CloseCode::DeadPeer));
        replacementOver(up, {.error = Error(ErrorCode::Timeout, u"no \"hello\" from the server in time"_s)});
        break;
    }
}

void ConnectionMachine::Run::beginReplacement(Up &up)
{
    Replacement &next = *up.replacement;
    if (next.until && m_now >= *next.until) {
        up.replacement.reset();
        return;
    }
    if (up.draining) { // a third transport is never opened
        next.deadline = up.draining->deadline;
        return;
    }
    if (m.m_networkDown) {
        next.deadline = m_now + m.m_rules.backoff.slowCap;
        return;
    }
    if (const Instant allowed = budgetAllowsAt(); allowed > m_now) {
        next.deadline = allowed;
        return;
    }
    next.id = ++m.m_lastId;
    next.farewell.reset();
    if (!m.m_usesTokens) {
        openReplacement(up);
        return;
    }
    TokenRequest request;
    request.rejectedFingerprint = m.m_refused;
    if (!m.m_refused.isEmpty() && m.m_refused == next.fingerprint)
        request.reason = TokenRequest::Reason::Rejected;
    replacementStep(up, Replacement::Step::TokenAsked, m_options.tokenTimeout);
    add(RequestToken{next.id, request, next.why});
}

void ConnectionMachine::Run::replacementToken(Up &up, const TokenReady &event)
{
    Replacement &next = *up.replacement;
    if (!m.m_refused.isEmpty() && event.fingerprint == m.m_refused) {
        stopReplacement(up, Error(ErrorCode::Unauthorized, u"the only token to be had is the one that the server refused"_s),
                        u"there is no other token"_s);
        return;
    }
    if (!event.subject.isEmpty() && !m.m_subject.isEmpty() && event.subject != m.m_subject) {
        stopReplacement(up, Error(ErrorCode::IdentityChanged, u"the new token belongs to somebody else"_s),
                        u"a connection does not change hands"_s);
        return;
    }
    next.fingerprint = event.fingerprint;
    next.expiresAt = event.expiresAt;
    next.subject = event.subject;
    openReplacement(up);
}

void ConnectionMachine::Run::openReplacement(Up &up)
{
    // Another connection to this server may have been faster since beginReplacement().
    if (!m.m_budget->take(m.m_server, m.m_rules.budgetAttempts, m_options.budgetWindow, m_now)) {
        retryReplacement(up, Error(ErrorCode::RateLimited, u"this program used up its own budget of connection attempts"_s),
                         budgetAllowsAt() - m_now, {});
        return;
    }
    replacementStep(up, Replacement::Step::Opening, m_options.connectTimeout);
    add(StartTransport{up.replacement->id, up.replacement->why});
}

void ConnectionMachine::Run::replacementTokenFailed(Up &up, const Error &error)
{
    const bool isFinal = error.condition() == ErrorCondition::Unauthorized || error.condition() == ErrorCondition::Cancelled
        || (error.condition() == ErrorCondition::Configuration && !error.isRetryable());
    if (isFinal)
        stopReplacement(up, error, u"there is no token"_s);
    else
        retryReplacement(up, error, error.retryAfter().value_or(Duration::zero()));
}

void ConnectionMachine::Run::replacementOver(Up &up, const TransportEnd &end)
{
    Replacement &failed = *up.replacement;
    const bool nonceTaken = std::exchange(failed.nonceTaken, end.nonceGiven);
    if (end.nonceGiven && !nonceTaken) {
        add(AbandonReplacement{failed.id, 0, u"the server gave a nonce for the proof"_s});
        failed.step = Replacement::Step::Scheduled;
        failed.deadline = m_now;
        beginReplacement(up);
        return;
    }
    const int closeCode = failed.farewell ? failed.farewell->code : end.closeCode;
    const RetryDecision decision = decide(end, failed.farewell);
    const Error error = refined(end, decision, closeCode);
    switch (decision.action) {
    case RetryAction::Retry:
        retryReplacement(up, error, decision.after);
        break;
    case RetryAction::RetrySlowly:
        retryReplacement(up, error, slowDelay(), decision.after);
        break;
    case RetryAction::RefreshThenRetry:
        m.m_refused = failed.fingerprint;
        if (!m.m_usesTokens || std::exchange(failed.refusedOnce, true)) {
            stopReplacement(up, error, u"the server refused two tokens"_s);
        } else {
            retryReplacement(up, error, Duration::zero(), decision.after);
            tickReplacement(up);
        }
        break;
    case RetryAction::Stop:
    case RetryAction::SignIn:
        stopReplacement(up, error, u"the server's answer is final"_s);
        break;
    }
}

void ConnectionMachine::Run::retryReplacement(Up &up, const Error &error, Duration asked)
{
    RandomSource &random = m_options.random ? *m_options.random : RandomSource::system();
    Track &track = up.replacement->track;
    count(track);
    retryReplacement(up, error, m.m_rules.backoff.delay(track.failures, m_now - *track.since, random), asked);
}

void ConnectionMachine::Run::retryReplacement(Up &up, const Error &error, Duration delay, Duration asked)
{
    RandomSource &random = m_options.random ? *m_options.random : RandomSource::system();
    Replacement &next = *up.replacement;
    if (asked > Duration::zero()) {
        next.earliest = m_now + std::min(asked, m.m_rules.backoff.retryAfterLimit);
        delay = m.m_rules.backoff.withRetryAfter(delay, asked, random);
    }
    const Instant at = std::max(m_now + delay, budgetAllowsAt());
    if (next.until && at >= *next.until) {
        stopReplacement(up, error, u"the next try would come after the announced end"_s);
        return;
    }
    next.step = Replacement::Step::Scheduled;
    next.deadline = at;
    add(ReportReplacement{next.id, error, at, u"the connection in use lives on; the next try in %1"_s.arg(seconds(at - m_now))});
}

void ConnectionMachine::Run::stopReplacement(Up &up, const Error &error, const QString &why)
{
    const AttemptId id = up.replacement->id;
    up.replacement.reset();
    add(ReportReplacement{id, error, {}, u"the connection in use lives on: "_s + why});
}

// What the machine knows of the attempt is now about the replacement.
void ConnectionMachine::Run::adoptReplacement(const Up &up)
{
    const Replacement &next = *up.replacement;
    if (m_now - up.since >= m_options.stableAfter) {
        m.m_link = {};
        m.m_refusedInARow = false;
    }
    m.m_id = next.id;
    if (m.m_usesTokens && next.step >= Replacement::Step::Opening) {
        m.m_fingerprint = next.fingerprint;
        m.m_tokenExpiresAt = next.expiresAt;
        m.m_subject = next.subject;
    }
}

// Whether the replacement on its way is what an ordinary retry would begin now.
bool ConnectionMachine::Run::takesOver(const Up &up, RetryAction action, int closeCode) const
{
    if (m.replacementId() == 0)
        return false;
    const bool isOpening = up.replacement->step >= Replacement::Step::Opening;
    switch (action) {
    case RetryAction::Retry:
    case RetryAction::RetrySlowly:
        return true;
    case RetryAction::RefreshThenRetry: // with the same token it would be refused as well
        return isOpening && m.m_usesTokens && up.replacement->fingerprint != m.m_fingerprint;
    case RetryAction::Stop:
    case RetryAction::SignIn:
        return isOpening && closeCode == int(CloseCode::Replaced); // by that very replacement
    }
    return false;
}

void ConnectionMachine::Run::promoteReplacement(const Up &up)
{
    const Replacement next = *up.replacement;
    add(PromoteReplacement{up.id, next.id});
    adoptReplacement(up);
    switch (next.step) {
    case Replacement::Step::Scheduled:
        break; // takesOver() says no
    case Replacement::Step::TokenAsked:
        m.m_state = AwaitingToken{next.id, next.deadline, next.why};
        break;
    case Replacement::Step::Opening:
        m.m_state = Opening{next.id, next.deadline};
        break;
    case Replacement::Step::AwaitingHello:
        m.m_state = AwaitingHello{next.id, next.deadline, next.farewell};
        break;
    }
}

void ConnectionMachine::Run::on(const Drained &event)
{
    Up *up = std::get_if<Up>(&m.m_state);
    if (!up || !up->draining || up->draining->id != event.id)
        return;
    up->draining->deadline = std::min(up->draining->latest, m_now + event.linger);
    if (m_now >= up->draining->deadline)
        endDrain(*up);
}

void ConnectionMachine::Run::endDrain(Up &up)
{
    add(EndDrain{up.draining->id});
    up.draining.reset();
}

// Nothing may be left beside a connection that ends.
void ConnectionMachine::Run::leaveAlone(Up &up, int code)
{
    if (up.draining)
        endDrain(up);
    if (const AttemptId id = m.replacementId())
        add(AbandonReplacement{id, code, u"not needed any more"_s});
    up.replacement.reset();
}

} // namespace Watchword
