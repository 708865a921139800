// SPDX-License-Identifier: Apache-2.0
#include "machine/connectionmachine.h"

#include "machine/machinerun.h"

#include "watchword/core/internal/overloaded.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// A tick that comes later than this was held up by a sleeping machine or a stopped process.
constexpr Duration kWakeThreshold = 5s;

Error closedByApplication()
{
    return Error(ErrorCode::Cancelled, u"closed by the application"_s);
}

Instant deadlineOfUp(const ConnectionMachine::Up &up)
{
    Instant earliest = up.nextPing;
    const auto consider = [&earliest](bool applies, Instant at) { earliest = applies ? std::min(earliest, at) : earliest; };
    consider(up.pongDeadline.has_value(), up.pongDeadline.value_or(Instant()));
    consider(up.renewal.has_value(), up.renewal ? up.renewal->deadline : Instant());
    consider(up.farewell.has_value(), up.farewellDeadline);
    consider(up.replacement.has_value(), up.replacement ? up.replacement->deadline : Instant());
    consider(up.draining.has_value(), up.draining ? up.draining->deadline : Instant());
    return earliest;
}

} // namespace

ConnectionMachine::ConnectionMachine(const ConnectionOptions &options, bool usesTokens)
    : m_usesTokens(usesTokens)
    , m_state(Idle{})
{
    setOptions(options);
}

void ConnectionMachine::setOptions(const ConnectionOptions &options)
{
    if (options.url != m_options.url)
        m_speech = Speech::Unknown;
    m_options = options;
    m_rules = rulesOf(options, {});
    m_server = ConnectBudget::serverOf(options.url);
    if (options.budget)
        m_budget = options.budget;
    else if (!m_budget)
        m_budget = std::make_shared<ConnectBudget>();
}

ConnectionMachine::Rules ConnectionMachine::rulesOf(const ConnectionOptions &options, const PolicyChanges &server)
{
    Rules rules{options.closePolicy.restricted(server), options.backoff, options.budgetAttempts};
    rules.backoff.base = std::max(rules.backoff.base, server.backoffBase.value_or(Duration::zero()));
    rules.backoff.cap = std::max(rules.backoff.cap, server.backoffCap.value_or(Duration::zero()));
    rules.backoff.slowCap = std::max(rules.backoff.slowCap, rules.backoff.cap);
    if (server.attemptsPerMinute) {
        const double ofWindow = *server.attemptsPerMinute * double(options.budgetWindow.count()) / 60'000.0;
        rules.budgetAttempts = std::clamp(int(std::min(ofWindow, 1e6)), 1, rules.budgetAttempts);
    }
    return rules;
}

ConnectionMachine::Actions ConnectionMachine::step(const Event &event, Instant now)
{
    Run run(*this, now);
    std::visit([&](const auto &e) { run.on(e); }, event);
    return run.takeActions();
}

void ConnectionMachine::noteActivity(Instant now)
{
    if (Up *up = std::get_if<Up>(&m_state)) {
        up->lastActivity = now;
        up->pongDeadline.reset();
    }
}

std::optional<Instant> ConnectionMachine::deadline() const
{
    return std::visit(Overloaded{[](const Idle &) { return std::optional<Instant>(); },
                                 [](const Up &up) { return std::optional<Instant>(deadlineOfUp(up)); },
                                 [](const auto &state) { return std::optional<Instant>(state.deadline); }},
                      m_state);
}

bool ConnectionMachine::isAlive(AttemptId id) const
{
    const auto holds = [id](const Attempt &attempt) { return attempt.id == id && attempt.step >= Attempt::Step::Opening; };
    return std::visit(Overloaded{[](const Idle &) { return false; }, [&](const Attempt &attempt) { return holds(attempt); },
                                 [&](const Up &up) {
                                     return up.id == id || (up.draining && up.draining->id == id)
                                         || (up.replacement && holds(*up.replacement));
                                 },
                                 [id](const Closing &state) { return state.id == id; }},
                      m_state);
}

bool ConnectionMachine::isWaiting() const
{
    const Attempt *attempt = std::get_if<Attempt>(&m_state);
    return attempt && attempt->step == Attempt::Step::Waiting;
}

ConnectionMachine::AttemptId ConnectionMachine::attemptId() const
{
    return std::visit([](const auto &state) { return state.id; }, m_state);
}

ConnectionMachine::AttemptId ConnectionMachine::replacementId() const
{
    const Up *up = std::get_if<Up>(&m_state);
    return up && up->replacement && up->replacement->step != Attempt::Step::Waiting ? up->replacement->id : 0;
}

int ConnectionMachine::failures() const
{
    const auto count = [](const auto &state) { return state.outage.link.failures + state.outage.token.failures; };
    return std::visit(Overloaded{[](const Idle &) { return 0; }, [](const Closing &) { return 0; }, count}, m_state);
}

ConnectionMachine::Run::Run(ConnectionMachine &machine, Instant now)
    : m(machine)
    , m_options(machine.m_options)
    , m_now(now)
{
}

RandomSource &ConnectionMachine::Run::random()
{
    return m_options.random ? *m_options.random : RandomSource::system();
}

ConnectionMachine::Up *ConnectionMachine::Run::upOf(AttemptId id)
{
    Up *up = std::get_if<Up>(&m.m_state);
    return up && up->id == id ? up : nullptr;
}

void ConnectionMachine::Run::on(const Open &)
{
    if (const Idle *idle = std::get_if<Idle>(&m.m_state))
        begin(m.m_state.emplace<Attempt>(Attempt{.id = idle->id, .token = idle->token}), u"open"_s);
}

void ConnectionMachine::Run::on(const Close &)
{
    if (Up *up = std::get_if<Up>(&m.m_state)) {
        const AttemptId id = up->id;
        endBesides(*up, 0);
        add(CloseTransport{id, int(CloseCode::Normal), {}});
        m.m_state = Closing{id, m_now + m_options.closeTimeout};
    } else if (std::holds_alternative<Attempt>(m.m_state)) {
        if (m.isAlive(m.attemptId()))
            add(DropTransport{m.attemptId(), 0});
        finish(closedByApplication(), false);
    }
}

void ConnectionMachine::Run::on(const RetryNow &)
{
    if (!m.isWaiting())
        return;
    Attempt &attempt = std::get<Attempt>(m.m_state);
    const Instant possible = std::max({m_now, attempt.earliest, budgetAllowsAt()});
    if (possible <= m_now) {
        begin(attempt, u"retryNow"_s);
    } else if (possible != attempt.deadline) {
        attempt.deadline = possible;
        add(ReportWait{attempt.id, *attempt.waitsFor, possible, u"as soon as the server and the budget permit"_s});
    }
}

void ConnectionMachine::Run::on(const Tick &)
{
    const std::optional<Instant> deadline = m.deadline();
    if (!deadline || m_now < *deadline)
        return;
    if (Up *up = std::get_if<Up>(&m.m_state)) {
        tickUp(*up, m_now - *deadline);
    } else if (Attempt *attempt = std::get_if<Attempt>(&m.m_state)) {
        tick(*attempt);
    } else if (const Closing *closing = std::get_if<Closing>(&m.m_state)) {
        add(DropTransport{closing->id, 0});
        finish(closedByApplication(), false);
    }
}

void ConnectionMachine::Run::tickUp(Up &up, Duration late)
{
    if (up.draining && m_now >= up.draining->deadline)
        endDrain(up);
    if (up.farewell && m_now >= up.farewellDeadline) {
        add(DropTransport{up.id, 0});
        lose({.closeCode = up.farewell->code, .error = Error(ErrorCode::ClosedByPeer)});
        return;
    }
    if (late > kWakeThreshold) {
        wake(up);
    } else if (up.pongDeadline && m_now >= *up.pongDeadline) {
        add(DropTransport{up.id, int(CloseCode::DeadPeer)});
        lose({.closeCode = int(CloseCode::DeadPeer), .error = Error(ErrorCode::Timeout, u"the server gave no sign of life"_s)});
        return;
    }
    if (m_now >= up.nextPing) {
        const bool first = up.nonce == 0;
        if (!first && m_now - up.lastActivity < up.heartbeat)
            up.nextPing = up.lastActivity + up.heartbeat;
        else
            ping(up, m_options.pongTimeout);
    }
    if (up.renewal && m_now >= up.renewal->deadline) {
        if (up.renewal->step == Renewing::Step::Scheduled) {
            askForRenewal(up, true);
        } else {
            add(ReportError{Error(ErrorCode::Timeout, u"the renewal of the token was not answered in time"_s)});
            retryRenewal(up);
        }
    }
    if (up.replacement && m_now >= up.replacement->deadline)
        tick(*up.replacement);
}

void ConnectionMachine::Run::ping(Up &up, Duration timeout)
{
    up.nextPing = m_now + up.heartbeat;
    if (up.pongDeadline && *up.pongDeadline <= m_now + timeout)
        return; // one question is enough
    if (!up.pongDeadline) {
        up.pingSentAt = m_now;
        add(SendPing{up.id, ++up.nonce});
    }
    up.pongDeadline = m_now + timeout;
}

void ConnectionMachine::Run::on(const Probe &)
{
    if (Up *up = std::get_if<Up>(&m.m_state))
        ping(*up, m_options.probeTimeout);
}

void ConnectionMachine::Run::on(const Pong &event)
{
    Up *up = upOf(event.id);
    if (!up)
        return;
    up->lastActivity = m_now;
    up->pongDeadline.reset();
    if (event.nonce == up->nonce)
        add(ReportRtt{m_now - up->pingSentAt});
}

void ConnectionMachine::Run::on(const Farewell &event)
{
    if (Up *up = upOf(event.id)) {
        up->farewell = event;
        up->farewellDeadline = m_now + m_options.closeTimeout;
    } else if (Attempt *attempt = attemptOf(event.id, Step::AwaitingHello)) {
        attempt->farewell = event;
    }
}

void ConnectionMachine::Run::on(const Ended &event)
{
    if (!m.isAlive(event.id))
        return;
    Up *const up = std::get_if<Up>(&m.m_state);
    if (std::holds_alternative<Closing>(m.m_state))
        finish(closedByApplication(), false);
    else if (!up)
        over(std::get<Attempt>(m.m_state), event.end);
    else if (up->id == event.id)
        lose(event.end);
    else if (up->draining && up->draining->id == event.id)
        endDrain(*up);
    else
        over(*up->replacement, event.end);
}

void ConnectionMachine::Run::on(const TokenRevoked &)
{
    if (std::holds_alternative<Idle>(m.m_state))
        return;
    if (Up *up = std::get_if<Up>(&m.m_state))
        endBesides(*up, int(CloseCode::Normal));
    if (m.isAlive(m.attemptId()))
        add(DropTransport{m.attemptId(), int(CloseCode::Normal)});
    finish(Error(ErrorCode::SignedOut, u"the session ended"_s), false);
}

void ConnectionMachine::Run::finish(const Error &reason, bool personNeeded)
{
    Idle idle{.id = m.attemptId()};
    if (const Attempt *attempt = std::get_if<Attempt>(&m.m_state))
        idle.token = attempt->token;
    add(ReportClosed{idle.id, reason, personNeeded});
    m.m_state = idle;
    m.m_rules = rulesOf(m_options, {});
}

} // namespace Watchword
