// SPDX-License-Identifier: Apache-2.0
#include "machine/connectioninuse.h"

#include "watchword/core/internal/overloaded.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// A tick that comes later than this was held up by a sleeping machine or a stopped process.
constexpr Duration kWakeThreshold = 5s;
// A token this close to its end counts as expired when the server cuts the connection: clocks differ.
constexpr Duration kExpiryLeeway = 5s;
constexpr Duration kLongestAnnouncement = 1h;

TokenRenewal renewalOf(const TokenFacts &token, const std::optional<LinkEvents::Hello> &hello)
{
    using Way = TokenRenewal::Way;
    if (!hello)
        return {token, Way::ByConnecting, Duration::zero()};
    return {token, hello->inBandRenewal ? Way::OnTheConnection : Way::ByConnecting,
            hello->refreshBefore.value_or(Duration::zero())};
}

} // namespace

ConnectionInUse::ConnectionInUse(const Attempt &attempt, const std::optional<Hello> &hello, const ConnectionInUse *replaced,
                                 LinkStep &step)
    : m_id(attempt.id())
    , m_speech(hello ? Speech::Watchword : Speech::Plain)
    , m_heartbeat(hello ? hello->heartbeat : std::nullopt, step)
    , m_renewal(renewalOf(attempt.token(), hello))
    , m_outage(replaced ? replaced->m_outage : attempt.outage())
    , m_since(step.now)
{
    if (replaced && replaced->wasStable(step))
        m_outage = {};
    m_outage.nonces = 0;
    step.context.setRules(hello ? hello->policy : PolicyChanges());
    const ConnectionOptions &options = step.context.options();
    if (step.context.usesTokens() && (options.makeBeforeBreak || (hello && !hello->keepsToken)))
        m_renewal.schedule(step);
    if (replaced) {
        const Instant latest = step.now + options.drainTimeout;
        m_draining = Draining{replaced->m_id, latest, latest};
        step.add(SwapTransport{replaced->m_id, m_id});
    } else {
        step.add(BecomeReady{m_id});
    }
    step.add(ReportExpiry{m_renewal.token().expiresAt});
}

Instant ConnectionInUse::deadline() const
{
    Instant earliest = std::min(m_heartbeat.deadline(), m_renewal.deadline().value_or(Instant::max()));
    if (m_leaving)
        earliest = std::min(earliest, m_leaving->deadline);
    if (m_replacement)
        earliest = std::min(earliest, m_replacement->deadline());
    return m_draining ? std::min(earliest, m_draining->deadline) : earliest;
}

bool ConnectionInUse::isAlive(AttemptId id) const
{
    return id == m_id || (m_draining && m_draining->id == id)
        || (m_replacement && m_replacement->id() == id && m_replacement->holdsTransport());
}

LinkEvents::AttemptId ConnectionInUse::replacementId() const
{
    return m_replacement && !m_replacement->isWaiting() ? m_replacement->id() : 0;
}

template <typename T>
ConnectionInUse::Outcome ConnectionInUse::toReplacement(const T &event, LinkStep &step)
{
    if (!m_replacement || m_replacement->id() != event.id)
        return Continues{};
    return settle(m_replacement->on(event, step), step);
}

ConnectionInUse::Outcome ConnectionInUse::on(const Upgraded &event, LinkStep &step)
{
    return toReplacement(event, step);
}

ConnectionInUse::Outcome ConnectionInUse::on(const SpokePlainly &event, LinkStep &step)
{
    return toReplacement(event, step);
}

ConnectionInUse::Outcome ConnectionInUse::settle(const Attempt::Outcome &outcome, LinkStep &step)
{
    return std::visit(Overloaded{[](const Attempt::Continues &) -> Outcome { return Continues{}; },
                                 [this](const Attempt::Accepted &accepted) -> Outcome {
                                     return Replaced{*m_replacement, accepted.hello};
                                 },
                                 [&](const Attempt::GivenUp &end) -> Outcome {
                                     const QString why = u"the connection in use lives on: "_s + end.why;
                                     step.add(ReportReplacement{m_replacement->id(), end.error, {}, why});
                                     m_replacement.reset();
                                     return Continues{};
                                 },
                                 [this](const Attempt::NotNeeded &) -> Outcome {
                                     m_replacement.reset();
                                     return Continues{};
                                 }},
                      outcome);
}

ConnectionInUse::Outcome ConnectionInUse::on(const Tick &, LinkStep &step)
{
    return tick(step.now - deadline(), step);
}

ConnectionInUse::Outcome ConnectionInUse::tick(Duration late, LinkStep &step)
{
    if (m_draining && step.now >= m_draining->deadline)
        endDrain(step);
    if (m_leaving && step.now >= m_leaving->deadline) {
        step.add(DropTransport{m_id, 0});
        return lose({.closeCode = m_leaving->farewell.code, .error = Error(ErrorCode::ClosedByPeer)}, step);
    }
    if (late > kWakeThreshold) {
        wake(step);
    } else if (m_heartbeat.isSilent(step.now)) {
        step.add(DropTransport{m_id, int(CloseCode::DeadPeer)});
        return lose(
            {.closeCode = int(CloseCode::DeadPeer), .error = Error(ErrorCode::Timeout, u"the server gave no sign of life"_s)},
            step);
    }
    m_heartbeat.tick(m_id, step);
    m_renewal.tick(m_id, step);
    return tickReplacement(step);
}

ConnectionInUse::Outcome ConnectionInUse::on(const Probe &, LinkStep &step)
{
    m_heartbeat.ask(m_id, step.context.options().probeTimeout, step);
    return Continues{};
}

ConnectionInUse::Outcome ConnectionInUse::on(const Pong &event, LinkStep &step)
{
    if (event.id == m_id)
        m_heartbeat.onPong(event.nonce, step);
    return Continues{};
}

// Asks for a sign of life; with a token whose time has come, by sending a new one first.
void ConnectionInUse::wake(LinkStep &step)
{
    const Duration patience = step.context.options().probeTimeout;
    m_heartbeat.forgetQuestion();
    if (m_renewal.isDue(step.now))
        m_heartbeat.askLater(step.now + patience);
    else
        m_heartbeat.ask(m_id, patience, step);
}

ConnectionInUse::Outcome ConnectionInUse::on(const Woke &, LinkStep &step)
{
    wake(step);
    return tick(Duration::zero(), step);
}

ConnectionInUse::Outcome ConnectionInUse::on(const NetworkUp &event, LinkStep &step)
{
    m_heartbeat.ask(m_id, step.context.options().probeTimeout, step);
    return m_replacement ? settle(m_replacement->on(event, step), step) : Continues{};
}

ConnectionInUse::Outcome ConnectionInUse::on(const TokenReady &event, LinkStep &step)
{
    return event.id == m_id ? connectForToken(m_renewal.on(event, step), step) : toReplacement(event, step);
}

ConnectionInUse::Outcome ConnectionInUse::on(const TokenFailed &event, LinkStep &step)
{
    if (event.id != m_id)
        return toReplacement(event, step);
    m_renewal.on(event, step);
    return Continues{};
}

ConnectionInUse::Outcome ConnectionInUse::on(const TokenChanged &, LinkStep &step)
{
    if (mayAskForToken(step))
        m_renewal.ask(m_id, Duration::zero(), step);
    return Continues{};
}

ConnectionInUse::Outcome ConnectionInUse::on(const RenewalDue &event, LinkStep &step)
{
    if (event.id == m_id && mayAskForToken(step))
        m_renewal.askForNewer(m_id, step);
    return Continues{};
}

bool ConnectionInUse::mayAskForToken(const LinkStep &step) const
{
    const bool canConnect = step.context.options().makeBeforeBreak && replacementId() == 0;
    const bool isOfUse = m_renewal.way() == TokenRenewal::Way::OnTheConnection || canConnect;
    return m_renewal.isIdle() && isOfUse && step.context.usesTokens();
}

ConnectionInUse::Outcome ConnectionInUse::on(const RenewalAccepted &event, LinkStep &step)
{
    if (event.id == m_id && m_renewal.on(event, step))
        m_outage.refusedTokens = 0;
    return Continues{};
}

ConnectionInUse::Outcome ConnectionInUse::on(const RenewalRefused &event, LinkStep &step)
{
    return event.id == m_id ? connectForToken(m_renewal.on(event, step), step) : Continues{};
}

ConnectionInUse::Outcome ConnectionInUse::connectForToken(const std::optional<QString> &why, LinkStep &step)
{
    if (!why)
        return Continues{};
    m_renewal.stop();
    if (step.context.options().makeBeforeBreak)
        return wantReplacement(step.now, *why, {}, step);
    step.add(DropTransport{m_id, int(CloseCode::Normal)});
    Attempt next(m_id, m_renewal.token(), m_outage);
    Attempt::Outcome outcome = next.begin(*why, step);
    return Over{std::move(next), std::move(outcome)};
}

ConnectionInUse::Outcome ConnectionInUse::on(const Hello &event, LinkStep &step)
{
    if (event.id != m_id)
        return toReplacement(event, step);
    if (m_speech != Speech::Plain || step.context.speech != LinkContext::Speech::Plain)
        return Continues{};
    step.context.speech = LinkContext::Speech::Unknown;
    step.add(DropTransport{m_id, int(CloseCode::Normal)});
    return lose({.error = Error(ErrorCode::ConnectionLost, u"the server said \"hello\" when it was taken for a plain one"_s)},
                step);
}

ConnectionInUse::Outcome ConnectionInUse::on(const Farewell &event, LinkStep &step)
{
    if (event.id != m_id)
        return toReplacement(event, step);
    m_leaving = Leaving{event, step.now + step.context.options().closeTimeout};
    return Continues{};
}

ConnectionInUse::Outcome ConnectionInUse::on(const Ended &event, LinkStep &step)
{
    if (event.id == m_id)
        return lose(event.end, step);
    if (event.id != drainingId())
        return toReplacement(event, step);
    endDrain(step);
    return Continues{};
}

ConnectionInUse::Outcome ConnectionInUse::lose(const TransportEnd &end, LinkStep &step)
{
    if (m_draining)
        endDrain(step);
    if (wasStable(step))
        m_outage = {};
    const TokenFacts &token = m_renewal.token();
    Attempt next(m_id, token, m_outage);
    if (next.takesNonce(end)) {
        endOtherTransports(0, step);
        Attempt::Outcome outcome = next.beginWithNonce(step);
        return Over{std::move(next), std::move(outcome)};
    }
    const bool isTokenOver = token.expiresAt && *token.expiresAt <= step.now + kExpiryLeeway;
    const auto use = isTokenOver ? Judgement::Use::InUseBeyondItsToken : Judgement::Use::InUse;
    const std::optional<Farewell> farewell = m_leaving ? std::optional(m_leaving->farewell) : std::nullopt;
    const Judgement judgement = next.judge(end, farewell, use, step);
    if (m_replacement && m_replacement->takesOver(judgement, token, step)) {
        step.add(PromoteReplacement{m_id, m_replacement->id()});
        m_replacement->promote(token, next.outage());
        return Over{*m_replacement, Attempt::Continues{}};
    }
    endOtherTransports(0, step);
    Attempt::Outcome outcome = next.act(judgement, use, step);
    return Over{std::move(next), std::move(outcome)};
}

ConnectionInUse::Outcome ConnectionInUse::on(const Replace &, LinkStep &step)
{
    return wantReplacement(step.now, u"replace()"_s, {}, step);
}

ConnectionInUse::Outcome ConnectionInUse::on(const EndAnnounced &event, LinkStep &step)
{
    if (event.id != m_id)
        return Continues{};
    const Duration in = std::clamp<Duration>(event.in, 0ms, kLongestAnnouncement);
    // All clients of that server are told at the same moment.
    const Instant at = step.now + Duration(qint64(double(in.count()) * 0.5 * step.context.chance()));
    const QString reason = event.reason.isEmpty() ? u"no reason given"_s : event.reason;
    return wantReplacement(at, u"the server will close the connection: %1"_s.arg(reason), step.now + in, step);
}

ConnectionInUse::Outcome ConnectionInUse::wantReplacement(Instant at, const QString &why, std::optional<Instant> until,
                                                          LinkStep &step)
{
    if (!step.context.options().makeBeforeBreak)
        return Continues{};
    if (m_replacement)
        m_replacement->want(at, why, until);
    else
        m_replacement = Attempt::toReplace(m_renewal.token().subject, at, why, until);
    return tickReplacement(step);
}

ConnectionInUse::Outcome ConnectionInUse::tickReplacement(LinkStep &step)
{
    if (!m_replacement || step.now < m_replacement->deadline())
        return Continues{};
    if (m_draining && step.now >= m_draining->deadline)
        endDrain(step); // its time is over, and the tick that says so is late
    // A third transport is never opened.
    return settle(m_replacement->tick(step, m_draining ? m_draining->deadline : step.now), step);
}

ConnectionInUse::Outcome ConnectionInUse::on(const Drained &event, LinkStep &step)
{
    if (!m_draining || m_draining->id != event.id)
        return Continues{};
    m_draining->deadline = std::min(m_draining->latest, step.now + event.linger);
    if (step.now >= m_draining->deadline)
        endDrain(step);
    return Continues{};
}

void ConnectionInUse::endDrain(LinkStep &step)
{
    step.add(EndDrain{m_draining->id});
    m_draining.reset();
}

void ConnectionInUse::endOtherTransports(int code, LinkStep &step)
{
    if (m_draining)
        endDrain(step);
    if (m_replacement)
        m_replacement->abandon(code, step);
    m_replacement.reset();
}

} // namespace Watchword
