// SPDX-License-Identifier: Apache-2.0
#include "machine/attempt.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

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

QString secondsText(Duration duration)
{
    return QString::number(double(duration.count()) / 1000.0, 'f', 1) + u" s"_s;
}

void addFailure(Attempt::Failures &failures, Instant now)
{
    ++failures.count;
    if (!failures.since)
        failures.since = now;
}

} // namespace

Attempt::Attempt(AttemptId last, TokenFacts token, const Outage &outage)
    : m_id(last)
    , m_step(Waiting())
    , m_token(std::move(token))
    , m_outage(outage)
{
}

Attempt Attempt::toReplace(const QString &subject, Instant at, const QString &why, std::optional<Instant> until)
{
    Attempt attempt(0, {}, {});
    attempt.m_role = Role::Replaces;
    attempt.m_step = Waiting{.planned = at};
    attempt.m_deadline = at;
    attempt.m_why = why;
    attempt.m_subject = subject;
    attempt.m_until = until;
    return attempt;
}

void Attempt::enter(Step step, Duration timeout, Instant now)
{
    m_step = std::move(step);
    m_deadline = now + timeout;
}

Attempt::Outcome Attempt::begin(const QString &why, LinkStep &step, Instant notBefore)
{
    LinkContext &context = step.context;
    Instant at = context.budgetAllowsAt(step.now);
    if (isReplacement()) {
        // A connection is in use: nobody needs to hear that its replacement begins later, or not at all.
        if (m_until && step.now >= *m_until)
            return NotNeeded{};
        const bool isOffline = context.network == LinkContext::Network::Absent;
        at = std::max({at, notBefore, isOffline ? step.now + context.backoff().slowCap : step.now});
        if (at > step.now) {
            Waiting waiting = isWaiting() ? std::get<Waiting>(m_step) : Waiting();
            waiting.planned = at;
            enter(waiting, at - step.now, step.now);
            return Continues{};
        }
    }
    if (at > step.now)
        return waitForBudget(step);
    m_id = ++context.lastId;
    m_why = why;
    m_networkChanges = context.networkChanges;
    if (!context.usesTokens())
        return open(step);
    TokenRequest request;
    request.rejectedFingerprint = context.refused;
    if (!context.refused.isEmpty() && context.refused == m_token.fingerprint)
        request.reason = TokenRequest::Reason::Rejected;
    enter(TokenAsked(), context.options().tokenTimeout, step.now);
    step.add(RequestToken{m_id, request, m_why});
    return Continues{};
}

Attempt::Outcome Attempt::open(LinkStep &step)
{
    // Another connection to this server may have been faster since begin().
    if (!step.context.takeFromBudget(step.now))
        return waitForBudget(step);
    enter(Opening(), step.context.options().connectTimeout, step.now);
    step.add(StartTransport{m_id, m_why, step.context.speech != LinkContext::Speech::Plain});
    return Continues{};
}

Attempt::Outcome Attempt::tick(LinkStep &step, Instant notBefore)
{
    if (step.now < m_deadline)
        return Continues{};
    if (isWaiting())
        return begin(isReplacement() ? m_why : u"retry"_s, step, notBefore);
    if (std::holds_alternative<TokenAsked>(m_step))
        return tokenFailed(Error(ErrorCode::Timeout, u"no access token in time"_s), step);
    if (std::holds_alternative<AwaitingHello>(m_step))
        return noHello(step);
    step.add(DropTransport{m_id, 0});
    return on(Ended{m_id, {.error = Error(ErrorCode::Timeout, u"no answer from the server in time"_s)}}, step);
}

Attempt::Outcome Attempt::noHello(LinkStep &step)
{
    const AwaitingHello &awaiting = std::get<AwaitingHello>(m_step);
    if (awaiting.withoutHello != WithoutHello::Fails && m_outage.silences++ >= awaiting.patience)
        return goOnAsPlain(step);
    step.add(DropTransport{m_id, int(CloseCode::DeadPeer)});
    return on(Ended{m_id, {.error = Error(ErrorCode::Timeout, u"no \"hello\" from the server in time"_s)}}, step);
}

Attempt::Outcome Attempt::on(const RetryNow &, LinkStep &step)
{
    const Waiting *const waiting = std::get_if<Waiting>(&m_step);
    if (!waiting)
        return Continues{};
    // A token provider is asked all the same: it knows what its own server asked for, and answers at once.
    const Instant earliest = waiting->what == Waiting::For::Token ? step.now : waiting->earliest;
    const Instant possible = std::max({step.now, earliest, step.context.budgetAllowsAt(step.now)});
    if (possible <= step.now)
        return begin(u"retryNow"_s, step);
    if (possible != m_deadline)
        moveTo(possible, u"as soon as the server and the budget permit"_s, step);
    return Continues{};
}

void Attempt::moveTo(Instant deadline, const QString &why, LinkStep &step)
{
    m_deadline = deadline;
    if (!isReplacement())
        step.add(ReportWait{m_id, *std::get<Waiting>(m_step).after, deadline, why});
}

// Moves the next try forward, never back.
Attempt::Outcome Attempt::moveForward(const QString &why, LinkStep &step)
{
    Waiting *const waiting = std::get_if<Waiting>(&m_step);
    if (!waiting)
        return Continues{};
    // A network that comes and goes must not put the attempt off for ever.
    const Instant wanted = std::min(step.now + step.context.networkSettleDelay(), waiting->planned);
    const Instant possible = std::max({step.now, wanted, waiting->earliest, step.context.budgetAllowsAt(step.now)});
    if (possible < m_deadline) {
        waiting->planned = possible;
        moveTo(possible, why, step);
    }
    return Continues{};
}

Attempt::Outcome Attempt::on(const Woke &, LinkStep &step)
{
    return moveForward(u"this machine woke up"_s, step);
}

Attempt::Outcome Attempt::on(const NetworkDown &, LinkStep &step)
{
    const Instant until = step.now + step.context.backoff().slowCap;
    if (isWaiting() && m_deadline < until)
        moveTo(until, u"this machine has no network; a look every few minutes"_s, step);
    return Continues{};
}

Attempt::Outcome Attempt::on(const NetworkUp &, LinkStep &step)
{
    // One that never began did not fail on the network that was.
    const bool waitsForNetwork = m_id != 0 || step.context.network == LinkContext::Network::Absent;
    return waitsForNetwork ? moveForward(u"the network changed"_s, step) : Continues{};
}

Attempt::Outcome Attempt::on(const TokenReady &event, LinkStep &step)
{
    if (!std::holds_alternative<TokenAsked>(m_step))
        return Continues{};
    if (!step.context.refused.isEmpty() && event.fingerprint == step.context.refused) {
        return GivenUp{Error(ErrorCode::Unauthorized, u"the only token to be had is the one that the server refused"_s), true,
                       u"there is no other token"_s};
    }
    if (!m_subject.isEmpty() && !event.subject.isEmpty() && event.subject != m_subject) {
        return GivenUp{Error(ErrorCode::IdentityChanged, u"the new token belongs to somebody else"_s), true,
                       u"a connection does not change hands"_s};
    }
    m_token = {event.fingerprint, event.expiresAt, event.subject};
    m_outage.token = {};
    return open(step);
}

Attempt::Outcome Attempt::on(const TokenFailed &event, LinkStep &step)
{
    return std::holds_alternative<TokenAsked>(m_step) ? tokenFailed(event.error, step) : Continues{};
}

Attempt::Outcome Attempt::tokenFailed(const Error &error, LinkStep &step)
{
    const bool personNeeded = error.condition() == ErrorCondition::Unauthorized;
    if (!isReplacement() && (personNeeded || !isFinal(error)))
        step.add(ReportError{error, m_id});
    if (isFinal(error))
        return GivenUp{error, personNeeded, u"there is no token"_s};
    addFailure(m_outage.token, step.now);
    return backOff(&Outage::token, error, error.retryAfter().value_or(Duration::zero()), step);
}

Attempt::Outcome Attempt::on(const TokenChanged &, LinkStep &step)
{
    const Waiting *const waiting = std::get_if<Waiting>(&m_step);
    return waiting && waiting->what == Waiting::For::Token ? begin(u"a new token"_s, step) : Continues{};
}

Attempt::Outcome Attempt::on(const Upgraded &event, LinkStep &step)
{
    if (!std::holds_alternative<Opening>(m_step))
        return Continues{};
    if (!event.watchword)
        return Accepted{};
    AwaitingHello awaiting{.withoutHello = event.withoutHello, .patience = event.needsHello ? 1 : 0};
    if (step.context.speech == LinkContext::Speech::Watchword)
        awaiting.withoutHello = WithoutHello::Fails;
    enter(awaiting, step.context.options().readyTimeout, step.now);
    return Continues{};
}

Attempt::Outcome Attempt::on(const SpokePlainly &, LinkStep &step)
{
    const AwaitingHello *const awaiting = std::get_if<AwaitingHello>(&m_step);
    return awaiting && awaiting->withoutHello != WithoutHello::Fails ? goOnAsPlain(step) : Continues{};
}

Attempt::Outcome Attempt::goOnAsPlain(LinkStep &step)
{
    step.context.speech = LinkContext::Speech::Plain;
    if (std::get<AwaitingHello>(m_step).withoutHello == WithoutHello::IsPlain) {
        step.add(TreatAsPlain{m_id});
        return Accepted{};
    }
    const QString why = u"the server repeats the first subprotocol that it is offered; it is offered only what it may know"_s;
    if (isReplacement()) {
        step.add(AbandonReplacement{m_id, int(CloseCode::Normal), why});
        return begin(m_why, step);
    }
    step.add(DropTransport{m_id, int(CloseCode::Normal)});
    const Error error(ErrorCode::SubprotocolMismatch, u"the server chose watchword.v1 and does not speak it"_s);
    step.add(ReportError{error.withRemedy(u"Nothing: the next attempt does not offer it. Set ConnectionOptions::offerWatchword "
                                          "to false to save this one."_s),
                         m_id});
    return begin(why, step);
}

Attempt::Outcome Attempt::on(const Hello &event, LinkStep &step)
{
    if (!std::holds_alternative<AwaitingHello>(m_step))
        return Continues{};
    if (step.context.speech == LinkContext::Speech::Unknown)
        step.context.speech = LinkContext::Speech::Watchword;
    if (event.expiresAt)
        m_token.expiresAt = event.expiresAt;
    return Accepted{event};
}

Attempt::Outcome Attempt::on(const Farewell &event, LinkStep &)
{
    if (AwaitingHello *awaiting = std::get_if<AwaitingHello>(&m_step))
        awaiting->farewell = event;
    return Continues{};
}

Attempt::Outcome Attempt::on(const Ended &event, LinkStep &step)
{
    if (!holdsTransport())
        return Continues{};
    if (takesNonce(event.end))
        return beginWithNonce(step);
    const AwaitingHello *const awaiting = std::get_if<AwaitingHello>(&m_step);
    const auto use = Judgement::Use::NotYet;
    return act(judge(event.end, awaiting ? awaiting->farewell : std::nullopt, use, step), use, step);
}

bool Attempt::takesNonce(const TransportEnd &end)
{
    m_outage.nonces = end.nonceGiven ? m_outage.nonces + 1 : 0;
    return m_outage.nonces == 1;
}

Attempt::Outcome Attempt::beginWithNonce(LinkStep &step)
{
    const QString why = u"the server gave a nonce for the proof"_s;
    if (!isReplacement())
        return begin(why, step);
    step.add(AbandonReplacement{m_id, 0, why});
    return begin(m_why, step);
}

Judgement Attempt::judge(const TransportEnd &end, const std::optional<Farewell> &farewell, Judgement::Use use, LinkStep &step)
{
    Judgement judgement = Judgement::of(end, farewell, step.context.closePolicy(), use);
    addFailure(m_outage.link, step.now);
    if (!isReplacement())
        step.add(ReportError{judgement.error, m_id});
    return judgement;
}

Attempt::Outcome Attempt::act(const Judgement &judgement, Judgement::Use use, LinkStep &step)
{
    const RetryDecision &decision = judgement.decision;
    switch (decision.action) {
    case RetryAction::Retry:
        return backOff(&Outage::link, judgement.error, decision.after, step, judgement.isPlanned());
    case RetryAction::RetrySlowly:
        return wait(Waiting::For::Somebody, judgement.error, step.context.slowRetryDelay(), decision.after,
                    u"somebody has to change something; a look every few minutes"_s, step);
    case RetryAction::RefreshThenRetry:
        return tokenRefused(judgement, use, step);
    case RetryAction::Stop:
    case RetryAction::SignIn:
        break;
    }
    return GivenUp{judgement.error, decision.action == RetryAction::SignIn, u"the server's answer is final"_s};
}

Attempt::Outcome Attempt::tokenRefused(const Judgement &judgement, Judgement::Use use, LinkStep &step)
{
    const auto &[decision, error, closeCode] = judgement;
    step.context.refused = m_token.fingerprint;
    if (use != Judgement::Use::InUseBeyondItsToken)
        ++m_outage.refusedTokens;
    const bool again = use != Judgement::Use::InUseBeyondItsToken && m_outage.refusedTokens > 1;
    const bool tokenFault = error.condition() == ErrorCondition::Unauthorized;
    if (!step.context.usesTokens() || (again && tokenFault))
        return GivenUp{error, true, u"the server refused two tokens"_s};
    if (again)
        return backOff(&Outage::link, error, decision.after, step);
    if (!isReplacement() && decision.after == Duration::zero())
        return begin(u"token refused"_s, step);
    const Outcome outcome = wait(Waiting::For::Time, error, decision.after, decision.after, u"the server asked for it"_s, step);
    return std::holds_alternative<Continues>(outcome) ? tick(step) : outcome;
}

Attempt::Outcome Attempt::backOff(Failures Outage::*kind, const Error &error, Duration asked, LinkStep &step, bool isPlanned)
{
    LinkContext &context = step.context;
    const Failures failures = m_outage.*kind;
    Duration delay = context.backoff().delay(failures.count, step.now - failures.since.value_or(step.now), context.random());
    if (isPlanned && failures.count == 1)
        delay = std::max(context.backoff().floor, Duration(qint64(double(context.options().planned.count()) * context.chance())));
    if (m_networkChanges != context.networkChanges)
        delay = std::min(delay, context.networkSettleDelay());
    const bool isOfToken = kind == &Outage::token;
    const QString what = isOfToken ? u"no access token"_s : u"failed"_s;
    return wait(isOfToken ? Waiting::For::Token : Waiting::For::Time, error, delay, asked,
                failures.count == 1 ? u"%1 once"_s.arg(what) : u"%1 %2 times in a row"_s.arg(what).arg(failures.count), step);
}

Attempt::Outcome Attempt::waitForBudget(LinkStep &step)
{
    return wait(Waiting::For::Time, budgetUsedUp(), step.context.budgetAllowsAt(step.now) - step.now, Duration::zero(),
                u"the budget of attempts is used up"_s, step);
}

Attempt::Outcome Attempt::wait(Waiting::For what, const Error &error, Duration delay, Duration asked, const QString &why,
                               LinkStep &step)
{
    LinkContext &context = step.context;
    const BackoffPolicy &backoff = context.backoff();
    Waiting waiting{.what = what, .after = error, .earliest = step.now};
    QString reason = why;
    if (asked > Duration::zero()) {
        waiting.earliest = step.now + std::min(asked, backoff.retryAfterLimit);
        if (asked >= delay) {
            reason = what == Waiting::For::Token ? u"the sign-in service is tried again in %1"_s : u"the server asked for %1"_s;
            reason = reason.arg(secondsText(asked));
        }
        delay = backoff.withRetryAfter(delay, asked, context.random());
    }
    Instant until = step.now + delay;
    if (const Instant allowed = context.budgetAllowsAt(step.now); allowed > until) {
        until = allowed;
        reason = u"the budget of attempts is used up"_s;
    }
    waiting.planned = until;
    const Instant slow = step.now + backoff.slowCap;
    if (context.network == LinkContext::Network::Absent && until < slow) {
        until = slow;
        reason = u"this machine has no network; a look every few minutes"_s;
    }
    if (m_until && until >= *m_until)
        return GivenUp{error, false, u"the next try would come after the announced end"_s};
    enter(waiting, until - step.now, step.now);
    const QString in = secondsText(until - step.now);
    if (isReplacement())
        step.add(ReportReplacement{m_id, error, until, u"the connection in use lives on; the next try in %1"_s.arg(in)});
    else
        step.add(ReportWait{m_id, error, until, u"waits %1: %2"_s.arg(in, reason), what == Waiting::For::Somebody});
    return Continues{};
}

void Attempt::want(Instant at, const QString &why, std::optional<Instant> until)
{
    if (!until || m_until) // what is wanted for another reason stays wanted after the announced end
        m_until = until;
    if (const Waiting *waiting = std::get_if<Waiting>(&m_step)) {
        m_why = why;
        m_deadline = std::max(std::min(m_deadline, at), waiting->earliest);
    }
}

bool Attempt::takesOver(const Judgement &judgement, const TokenFacts &lost, LinkStep &step) const
{
    switch (judgement.decision.action) {
    case RetryAction::Retry:
    case RetryAction::RetrySlowly:
        return !isWaiting();
    case RetryAction::RefreshThenRetry: // with the same token it would be refused as well
        return holdsTransport() && step.context.usesTokens() && m_token.fingerprint != lost.fingerprint;
    case RetryAction::Stop:
    case RetryAction::SignIn:
        return holdsTransport() && judgement.closeCode == int(CloseCode::Replaced); // by that very replacement
    }
    return false;
}

void Attempt::promote(const TokenFacts &lost, const Outage &outage)
{
    m_role = Role::Connects;
    m_until.reset();
    m_subject.clear();
    if (std::holds_alternative<TokenAsked>(m_step))
        m_token = lost;
    m_outage.link = outage.link;
    m_outage.refusedTokens = outage.refusedTokens;
}

void Attempt::abandon(int code, LinkStep &step) const
{
    if (!isWaiting())
        step.add(AbandonReplacement{m_id, code, u"not needed any more"_s});
}

} // namespace Watchword
