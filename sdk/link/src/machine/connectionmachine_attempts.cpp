// SPDX-License-Identifier: Apache-2.0
// How attempts of the ConnectionMachine begin, succeed and end: the one that it is in, and the one beside a connection.
#include "machine/machinerun.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// A token this close to its end counts as expired when the server cuts the connection: clocks differ.
constexpr Duration kExpiryLeeway = 5s;

// Asking the provider again would be of no use.
bool isFinal(const Error &error)
{
    return error.condition() == ErrorCondition::Unauthorized || error.condition() == ErrorCondition::Cancelled
        || (error.condition() == ErrorCondition::Configuration && !error.isRetryable());
}

Error budgetUsedUp()
{
    return Error(ErrorCode::RateLimited, u"this program used up its own budget of connection attempts"_s)
        .withRemedy(u"Wait, or raise ConnectionOptions::budgetAttempts if this program needs as many connections to one "
                    "server."_s);
}

} // namespace

QString ConnectionMachine::Run::seconds(Duration duration)
{
    return QString::number(double(duration.count()) / 1000.0, 'f', 1) + u" s"_s;
}

ConnectionMachine::Attempt *ConnectionMachine::Run::attemptOf(AttemptId id, Step step)
{
    Attempt *attempt = std::get_if<Attempt>(&m.m_state);
    if (Up *up = std::get_if<Up>(&m.m_state); up && up->replacement)
        attempt = &*up->replacement;
    return attempt && attempt->id == id && attempt->step == step ? attempt : nullptr;
}

ConnectionMachine::Attempt &ConnectionMachine::Run::attemptAfter(const Up &up)
{
    Attempt next{.id = up.id, .token = up.token, .outage = up.outage, .farewell = up.farewell};
    return m.m_state.emplace<Attempt>(next);
}

void ConnectionMachine::Run::enter(Attempt &attempt, Step step, Duration timeout)
{
    attempt.step = step;
    attempt.deadline = m_now + timeout;
}

Instant ConnectionMachine::Run::budgetAllowsAt()
{
    return m.m_budget->allowedAt(m.m_server, m.m_rules.budgetAttempts, m_options.budgetWindow, m_now);
}

void ConnectionMachine::Run::waitForBudget(Attempt &attempt)
{
    attempt.waitsForToken = false;
    wait(attempt, budgetUsedUp(), budgetAllowsAt() - m_now, Duration::zero(), u"the budget of attempts is used up"_s);
}

void ConnectionMachine::Run::begin(Attempt &attempt, const QString &why)
{
    if (isReplacement() && isPutOff(attempt))
        return;
    if (budgetAllowsAt() > m_now) {
        waitForBudget(attempt);
        return;
    }
    attempt.id = ++m.m_lastId;
    attempt.why = why;
    attempt.waitsForToken = false;
    attempt.onFreshNetwork = false;
    attempt.farewell.reset();
    if (!m.m_usesTokens) {
        openTransport(attempt);
        return;
    }
    TokenRequest request;
    request.rejectedFingerprint = m.m_refused;
    if (!m.m_refused.isEmpty() && m.m_refused == attempt.token.fingerprint)
        request.reason = TokenRequest::Reason::Rejected;
    enter(attempt, Step::TokenAsked, m_options.tokenTimeout);
    add(RequestToken{attempt.id, request, attempt.why});
}

// A connection is in use: nobody needs to hear that its replacement begins later, or not at all.
bool ConnectionMachine::Run::isPutOff(Attempt &replacement)
{
    Up &up = std::get<Up>(m.m_state);
    if (replacement.until && m_now >= *replacement.until) {
        up.replacement.reset();
        return true;
    }
    if (up.draining && m_now >= up.draining->deadline)
        endDrain(up); // its time is over, and the tick that says so is late
    Instant at = budgetAllowsAt();
    if (up.draining) // a third transport is never opened
        at = up.draining->deadline;
    else if (m.m_network == Network::Absent)
        at = m_now + m.m_rules.backoff.slowCap;
    if (at <= m_now)
        return false;
    replacement.step = Step::Waiting;
    replacement.deadline = replacement.planned = at;
    return true;
}

void ConnectionMachine::Run::openTransport(Attempt &attempt)
{
    // Another connection to this server may have been faster since begin().
    if (!m.m_budget->take(m.m_server, m.m_rules.budgetAttempts, m_options.budgetWindow, m_now)) {
        waitForBudget(attempt);
        return;
    }
    enter(attempt, Step::Opening, m_options.connectTimeout);
    add(StartTransport{attempt.id, attempt.why, m.m_speech != Speech::Plain});
}

void ConnectionMachine::Run::tick(Attempt &attempt)
{
    switch (attempt.step) {
    case Step::Waiting:
        begin(attempt, isReplacement() ? attempt.why : u"retry"_s);
        break;
    case Step::TokenAsked:
        tokenFailed(attempt, Error(ErrorCode::Timeout, u"no access token in time"_s));
        break;
    case Step::Opening:
        add(DropTransport{attempt.id, 0});
        over(attempt, {.error = Error(ErrorCode::Timeout, u"no answer from the server in time"_s)});
        break;
    case Step::AwaitingHello:
        if (attempt.withoutHello != WithoutHello::Fails && (!attempt.needsHello || attempt.outage.silences++ > 0)) {
            goOnAsPlain(attempt);
            break;
        }
        add(DropTransport{attempt.id, int(CloseCode::DeadPeer)});
        over(attempt, {.error = Error(ErrorCode::Timeout, u"no \"hello\" from the server in time"_s)});
        break;
    }
}

void ConnectionMachine::Run::on(const TokenReady &event)
{
    if (Up *up = upOf(event.id)) {
        renewalToken(*up, event);
        return;
    }
    Attempt *const attempt = attemptOf(event.id, Step::TokenAsked);
    if (!attempt)
        return;
    if (!m.m_refused.isEmpty() && event.fingerprint == m.m_refused) {
        giveUp(*attempt, Error(ErrorCode::Unauthorized, u"the only token to be had is the one that the server refused"_s), true,
               u"there is no other token"_s);
        return;
    }
    const Up *const up = std::get_if<Up>(&m.m_state);
    if (up && !event.subject.isEmpty() && !up->token.subject.isEmpty() && event.subject != up->token.subject) {
        giveUp(*attempt, Error(ErrorCode::IdentityChanged, u"the new token belongs to somebody else"_s), true,
               u"a connection does not change hands"_s);
        return;
    }
    attempt->token = {event.fingerprint, event.expiresAt, event.subject};
    attempt->outage.token = {};
    openTransport(*attempt);
}

void ConnectionMachine::Run::on(const TokenFailed &event)
{
    if (Attempt *attempt = attemptOf(event.id, Step::TokenAsked)) {
        tokenFailed(*attempt, event.error);
        return;
    }
    Up *up = upOf(event.id);
    if (!up || !up->renewal || up->renewal->step != Renewing::Step::TokenAsked)
        return;
    add(ReportError{event.error});
    // Only a person can help now; the connection may live until the server ends it.
    if (event.error.condition() == ErrorCondition::Unauthorized)
        up->renewal.reset();
    else
        retryRenewal(*up);
}

void ConnectionMachine::Run::tokenFailed(Attempt &attempt, const Error &error)
{
    const bool personNeeded = error.condition() == ErrorCondition::Unauthorized;
    if (!isReplacement() && (personNeeded || !isFinal(error)))
        add(ReportError{error, attempt.id});
    if (isFinal(error)) {
        giveUp(attempt, error, personNeeded, u"there is no token"_s);
        return;
    }
    count(attempt.outage.token);
    backOff(attempt, &Outage::token, error, error.retryAfter().value_or(Duration::zero()));
}

void ConnectionMachine::Run::on(const TokenChanged &)
{
    if (Up *up = std::get_if<Up>(&m.m_state)) {
        if (mayAskForRenewal(*up))
            askForRenewal(*up, false);
    } else if (m.isWaiting() && std::get<Attempt>(m.m_state).waitsForToken) {
        begin(std::get<Attempt>(m.m_state), u"a new token"_s);
    }
}

void ConnectionMachine::Run::on(const Upgraded &event)
{
    Attempt *const attempt = attemptOf(event.id, Step::Opening);
    if (!attempt)
        return;
    if (!event.watchword) {
        accept(*attempt, {.id = event.id, .expiresAt = {}, .inBandRenewal = false, .heartbeat = {}, .refreshBefore = {}}, false);
        return;
    }
    enter(*attempt, Step::AwaitingHello, m_options.readyTimeout);
    attempt->withoutHello = m.m_speech == Speech::Watchword ? WithoutHello::Fails : event.withoutHello;
    attempt->needsHello = event.needsHello;
}

void ConnectionMachine::Run::on(const SpokePlainly &event)
{
    Attempt *const attempt = attemptOf(event.id, Step::AwaitingHello);
    if (attempt && attempt->withoutHello != WithoutHello::Fails)
        goOnAsPlain(*attempt);
}

void ConnectionMachine::Run::goOnAsPlain(Attempt &attempt)
{
    m.m_speech = Speech::Plain;
    const AttemptId id = attempt.id;
    if (attempt.withoutHello == WithoutHello::IsPlain) {
        add(TreatAsPlain{id});
        accept(attempt, {.id = id, .expiresAt = {}, .inBandRenewal = false, .heartbeat = {}, .refreshBefore = {}}, false);
        return;
    }
    const QString why = u"the server repeats the first subprotocol that it is offered; it is offered only what it may know"_s;
    if (isReplacement()) {
        add(AbandonReplacement{id, int(CloseCode::Normal), why});
        begin(attempt, attempt.why);
        return;
    }
    add(DropTransport{id, int(CloseCode::Normal)});
    const Error error(ErrorCode::SubprotocolMismatch, u"the server chose watchword.v1 and does not speak it"_s);
    add(ReportError{error.withRemedy(u"Nothing: the next attempt does not offer it. Set ConnectionOptions::offerWatchword to "
                                     "false to save this one."_s),
                    id});
    begin(attempt, why);
}

void ConnectionMachine::Run::on(const Hello &event)
{
    if (Attempt *attempt = attemptOf(event.id, Step::AwaitingHello)) {
        if (m.m_speech == Speech::Unknown)
            m.m_speech = Speech::Watchword;
        accept(*attempt, event, true);
    } else if (const Up *up = upOf(event.id); up && !up->watchword && m.m_speech == Speech::Plain) {
        m.m_speech = Speech::Unknown;
        add(DropTransport{up->id, int(CloseCode::Normal)});
        lose({.error = Error(ErrorCode::ConnectionLost, u"the server said \"hello\" when it was taken for a plain one"_s)});
    }
}

// Whatever was tried: the server wants this connection.
void ConnectionMachine::Run::accept(Attempt attempt, const Hello &hello, bool watchword)
{
    std::optional<AttemptId> replaced;
    if (const Up *before = std::get_if<Up>(&m.m_state)) {
        replaced = before->id;
        attempt.outage = wasStable(*before) ? Outage() : before->outage;
    }
    attempt.outage.nonceTaken = false;
    if (hello.expiresAt)
        attempt.token.expiresAt = hello.expiresAt;
    Up up{.id = hello.id,
          .watchword = watchword,
          .inBandRenewal = watchword && hello.inBandRenewal,
          .heartbeat = m_options.heartbeat,
          .refreshBefore = hello.refreshBefore.value_or(Duration::zero()),
          .token = attempt.token,
          .outage = attempt.outage,
          .since = m_now,
          .lastActivity = m_now,
          .nextPing = m_now};
    if (hello.heartbeat && *hello.heartbeat > Duration::zero())
        up.heartbeat = std::clamp<Duration>(*hello.heartbeat, 1s, 5min);
    // Clients that were all connected by one restart must not beat together.
    up.nextPing = m_now + Duration(qint64(double(up.heartbeat.count()) * std::max(0.1, chance())));
    m.m_rules = rulesOf(m_options, hello.policy);
    if (m.m_usesTokens && (m_options.makeBeforeBreak || (watchword && !hello.keepsToken)))
        scheduleRenewal(up);
    if (replaced) {
        const Instant latest = m_now + m_options.drainTimeout;
        up.draining = Draining{*replaced, latest, latest};
        add(SwapTransport{*replaced, hello.id});
    } else {
        add(BecomeReady{hello.id});
    }
    add(ReportExpiry{up.token.expiresAt});
    m.m_state = up;
}

bool ConnectionMachine::Run::wasStable(const Up &up) const
{
    return m_now - up.since >= m_options.stableAfter;
}

void ConnectionMachine::Run::lose(const TransportEnd &end)
{
    Up lost = std::get<Up>(m.m_state);
    if (lost.draining)
        endDrain(lost);
    if (wasStable(lost))
        lost.outage = {};
    over(attemptAfter(lost), end, &lost);
}

// The end of an attempt, or of the connection \a lost.
void ConnectionMachine::Run::over(Attempt &attempt, const TransportEnd &end, const Up *lost)
{
    const bool nonceTaken = std::exchange(attempt.outage.nonceTaken, end.nonceGiven);
    if (end.nonceGiven && !nonceTaken) {
        const QString why = u"the server gave a nonce for the proof"_s;
        if (lost)
            abandonReplacement(*lost, 0);
        if (isReplacement())
            add(AbandonReplacement{attempt.id, 0, why});
        begin(attempt, isReplacement() ? attempt.why : why);
        return;
    }
    const bool expiredInUse = lost && lost->token.expiresAt && *lost->token.expiresAt <= m_now + kExpiryLeeway;
    const auto use = expiredInUse ? Judgement::Use::InUseBeyondItsToken : lost ? Judgement::Use::InUse : Judgement::Use::NotYet;
    const Judgement judgement = Judgement::of(end, attempt.farewell, m.m_rules.closePolicy, use);
    count(attempt.outage.link);
    if (!isReplacement())
        add(ReportError{judgement.error, attempt.id});
    if (lost && takesOver(*lost, judgement)) {
        promoteReplacement(*lost, attempt.outage);
        return;
    }
    if (lost)
        abandonReplacement(*lost, 0);
    act(attempt, judgement, expiredInUse);
}

void ConnectionMachine::Run::act(Attempt &attempt, const Judgement &judgement, bool expiredInUse)
{
    const RetryDecision &decision = judgement.decision;
    switch (decision.action) {
    case RetryAction::Retry:
        backOff(attempt, &Outage::link, judgement.error, decision.after, judgement.isPlanned());
        break;
    case RetryAction::RetrySlowly:
        wait(attempt, judgement.error, slowDelay(), decision.after,
             u"somebody has to change something; a look every few minutes"_s);
        if (ReportWait *report = std::get_if<ReportWait>(&m_actions.back()))
            report->needsSomebody = true;
        break;
    case RetryAction::RefreshThenRetry:
        refused(attempt, judgement, expiredInUse);
        break;
    case RetryAction::Stop:
    case RetryAction::SignIn:
        giveUp(attempt, judgement.error, decision.action == RetryAction::SignIn, u"the server's answer is final"_s);
        break;
    }
}

void ConnectionMachine::Run::refused(Attempt &attempt, const Judgement &judgement, bool expiredInUse)
{
    const auto &[decision, error, closeCode] = judgement;
    m.m_refused = attempt.token.fingerprint;
    // A token that served until its end was not refused.
    const bool again = std::exchange(attempt.outage.tokenRefused, attempt.outage.tokenRefused || !expiredInUse) && !expiredInUse;
    const bool tokenFault = error.condition() == ErrorCondition::Unauthorized;
    if (!m.m_usesTokens || (again && tokenFault)) {
        giveUp(attempt, error, true, u"the server refused two tokens"_s);
    } else if (again) {
        backOff(attempt, &Outage::link, error, decision.after);
    } else if (isReplacement() || decision.after > Duration::zero()) {
        wait(attempt, error, decision.after, decision.after, u"the server asked for it"_s);
        if (Up *up = std::get_if<Up>(&m.m_state); up && up->replacement && m_now >= up->replacement->deadline)
            tick(*up->replacement);
    } else {
        begin(attempt, u"token refused"_s);
    }
}

void ConnectionMachine::Run::count(Track &track)
{
    ++track.failures;
    if (!track.since)
        track.since = m_now;
}

Duration ConnectionMachine::Run::slowDelay()
{
    const Duration spread = m.m_rules.backoff.retryAfterLimit - m.m_rules.backoff.slowCap;
    return m.m_rules.backoff.slowCap + Duration(qint64(double(spread.count()) * chance()));
}

void ConnectionMachine::Run::backOff(Attempt &attempt, Track Outage::*which, const Error &error, Duration asked, bool isPlanned)
{
    const Track track = attempt.outage.*which;
    Duration delay = m.m_rules.backoff.delay(track.failures, m_now - track.since.value_or(m_now), random());
    if (isPlanned && track.failures == 1)
        delay = std::max(m.m_rules.backoff.floor, Duration(qint64(double(m_options.planned.count()) * chance())));
    if (attempt.onFreshNetwork)
        delay = std::min(delay, soon());
    attempt.waitsForToken = which == &Outage::token;
    const QString what = attempt.waitsForToken ? u"no access token"_s : u"failed"_s;
    wait(attempt, error, delay, asked,
         track.failures == 1 ? u"%1 once"_s.arg(what) : u"%1 %2 times in a row"_s.arg(what).arg(track.failures));
}

void ConnectionMachine::Run::wait(Attempt &attempt, const Error &error, Duration delay, Duration asked, const QString &why)
{
    QString reason = why;
    attempt.earliest = m_now;
    if (asked > Duration::zero()) {
        attempt.earliest = m_now + std::min(asked, m.m_rules.backoff.retryAfterLimit);
        delay = m.m_rules.backoff.withRetryAfter(delay, asked, random());
        reason = u"the server asked for %1"_s.arg(seconds(asked));
    }
    Instant until = m_now + delay;
    if (const Instant allowed = budgetAllowsAt(); allowed > until) {
        until = allowed;
        reason = u"the budget of attempts is used up"_s;
    }
    attempt.planned = until;
    if (const Instant slow = m_now + m.m_rules.backoff.slowCap; m.m_network == Network::Absent && until < slow) {
        until = slow;
        reason = u"this machine has no network; a look every few minutes"_s;
    }
    if (attempt.until && until >= *attempt.until) {
        giveUp(attempt, error, false, u"the next try would come after the announced end"_s);
        return;
    }
    attempt.step = Step::Waiting;
    attempt.deadline = until;
    attempt.waitsFor = error;
    const QString in = seconds(until - m_now);
    if (isReplacement())
        add(ReportReplacement{attempt.id, error, until, u"the connection in use lives on; the next try in %1"_s.arg(in)});
    else
        add(ReportWait{attempt.id, error, until, u"waits %1: %2"_s.arg(in, reason)});
}

void ConnectionMachine::Run::giveUp(const Attempt &attempt, const Error &error, bool personNeeded, const QString &why)
{
    if (!isReplacement()) {
        finish(error, personNeeded);
        return;
    }
    add(ReportReplacement{attempt.id, error, {}, u"the connection in use lives on: "_s + why});
    std::get<Up>(m.m_state).replacement.reset();
}

} // namespace Watchword
