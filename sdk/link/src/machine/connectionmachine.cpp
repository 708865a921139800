// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/connectionmachine.h"

#include "machine/machinerun.h"

#include "watchword/core/internal/overloaded.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// A tick that comes later than this was held up by a sleeping machine or a stopped process.
constexpr Duration kWakeThreshold = 5s;

Instant deadlineOfUp(const ConnectionMachine::Up &up)
{
    Instant earliest = up.nextPing;
    if (up.pongDeadline)
        earliest = std::min(earliest, *up.pongDeadline);
    if (up.renewal)
        earliest = std::min(earliest, up.renewal->deadline);
    if (up.farewell)
        earliest = std::min(earliest, up.farewellDeadline);
    if (up.replacement)
        earliest = std::min(earliest, up.replacement->deadline);
    if (up.draining)
        earliest = std::min(earliest, up.draining->deadline);
    return earliest;
}

} // namespace

ConnectionMachine::ConnectionMachine(const ConnectionOptions &options, bool usesTokens)
    : m_usesTokens(usesTokens)
{
    setOptions(options);
}

void ConnectionMachine::setOptions(const ConnectionOptions &options)
{
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
    return std::visit(Overloaded{[](const Idle &) { return false; }, [](const Waiting &) { return false; },
                                 [](const AwaitingToken &) { return false; },
                                 [id](const Up &up) {
                                     return up.id == id || (up.draining && up.draining->id == id)
                                         || (up.replacement && up.replacement->id == id
                                             && up.replacement->step >= Replacement::Step::Opening);
                                 },
                                 [id](const auto &state) { return state.id == id; }},
                      m_state);
}

ConnectionMachine::AttemptId ConnectionMachine::replacementId() const
{
    const Up *up = std::get_if<Up>(&m_state);
    return up && up->replacement && up->replacement->step != Replacement::Step::Scheduled ? up->replacement->id : 0;
}

ConnectionMachine::Run::Run(ConnectionMachine &machine, Instant now)
    : m(machine)
    , m_options(machine.m_options)
    , m_now(now)
{
}

double ConnectionMachine::Run::chance()
{
    return (m_options.random ? *m_options.random : RandomSource::system()).nextUnit();
}

ConnectionMachine::Up *ConnectionMachine::Run::upOf(AttemptId id)
{
    Up *up = std::get_if<Up>(&m.m_state);
    return up && up->id == id ? up : nullptr;
}

void ConnectionMachine::Run::on(const Open &)
{
    if (std::holds_alternative<Idle>(m.m_state))
        beginAttempt(u"open"_s);
}

void ConnectionMachine::Run::on(const Close &)
{
    const Error cancelled(ErrorCode::Cancelled, u"closed by the application"_s);
    std::visit(Overloaded{[](const Idle &) {}, [](const Closing &) {},
                          [&](const Up &up) {
                              const AttemptId id = up.id;
                              leaveAlone(std::get<Up>(m.m_state), 0);
                              add(CloseTransport{id, int(CloseCode::Normal), {}});
                              m.m_state = Closing{id, m_now + m_options.closeTimeout};
                          },
                          [&](const auto &) {
                              if (m.isAlive(m.m_id))
                                  drop(m.m_id, 0);
                              finish(cancelled, false);
                          }},
               State(m.m_state));
}

void ConnectionMachine::Run::on(const RetryNow &)
{
    Waiting *waiting = std::get_if<Waiting>(&m.m_state);
    if (!waiting)
        return;
    const Instant possible = std::max({m_now, waiting->earliest, budgetAllowsAt()});
    if (possible <= m_now) {
        beginAttempt(u"retryNow"_s);
    } else if (possible != waiting->deadline) {
        waiting->deadline = possible;
        add(ReportWait{waiting->id, waiting->error, possible, u"as soon as the server and the budget permit"_s});
    }
}

void ConnectionMachine::Run::on(const Tick &)
{
    const std::optional<Instant> deadline = m.deadline();
    if (!deadline || m_now < *deadline)
        return;
    const Duration late = m_now - *deadline;
    const State before = m.m_state;
    std::visit(
        Overloaded{[](const Idle &) {},
                   [&](const AwaitingToken &) { overWithoutTransport(Error(ErrorCode::Timeout, u"no access token in time"_s)); },
                   [&](const Opening &state) {
                       drop(state.id, 0);
                       over({.error = Error(ErrorCode::Timeout, u"no answer from the server in time"_s)});
                   },
                   [&](const AwaitingHello &state) {
                       drop(state.id, int(CloseCode::DeadPeer));
                       over({.error = Error(ErrorCode::Timeout, u"no \"hello\" from the server in time"_s)});
                   },
                   [&](const Up &) { tickUp(std::get<Up>(m.m_state), late); }, [&](const Waiting &) { beginAttempt(u"retry"_s); },
                   [&](const Closing &state) {
                       drop(state.id, 0);
                       finish(Error(ErrorCode::Cancelled, u"closed by the application"_s), false);
                   }},
        before);
}

void ConnectionMachine::Run::tickUp(Up &up, Duration late)
{
    if (up.draining && m_now >= up.draining->deadline)
        endDrain(up);
    if (up.farewell && m_now >= up.farewellDeadline) {
        const AttemptId id = up.id;
        drop(id, 0);
        over({.closeCode = up.farewell->code, .error = Error(ErrorCode::ClosedByPeer)});
        return;
    }
    if (late > kWakeThreshold) {
        wake(up);
    } else if (up.pongDeadline && m_now >= *up.pongDeadline) {
        drop(up.id, int(CloseCode::DeadPeer));
        over({.closeCode = int(CloseCode::DeadPeer), .error = Error(ErrorCode::Timeout, u"the server gave no sign of life"_s)});
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
    tickReplacement(up);
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

void ConnectionMachine::Run::on(const Upgraded &event)
{
    const bool awaited = isOpening(event.id);
    if (!awaited)
        return;
    if (!event.watchword)
        accepted({.id = event.id, .expiresAt = {}, .inBandRenewal = false, .heartbeat = {}, .refreshBefore = {}, .policy = {}},
                 false);
    else if (Up *up = std::get_if<Up>(&m.m_state))
        replacementStep(*up, Replacement::Step::AwaitingHello, m_options.readyTimeout);
    else
        m.m_state = AwaitingHello{event.id, m_now + m_options.readyTimeout};
}

void ConnectionMachine::Run::on(const Hello &event)
{
    const AwaitingHello *waiting = std::get_if<AwaitingHello>(&m.m_state);
    const bool isMain = waiting && waiting->id == event.id;
    if (isMain || replacementOf(event.id, Replacement::Step::AwaitingHello))
        accepted(event, true);
}

bool ConnectionMachine::Run::isOpening(AttemptId id)
{
    const Opening *opening = std::get_if<Opening>(&m.m_state);
    return (opening && opening->id == id) || replacementOf(id, Replacement::Step::Opening);
}

// Whatever was tried: the server wants this connection.
void ConnectionMachine::Run::accepted(const Hello &hello, bool watchword)
{
    const Up *const before = std::get_if<Up>(&m.m_state);
    const std::optional<Up> replaced = before ? std::optional<Up>(*before) : std::nullopt;
    if (replaced)
        adoptReplacement(*replaced);
    Up up{.id = hello.id,
          .watchword = watchword,
          .inBandRenewal = watchword && hello.inBandRenewal,
          .heartbeat = m_options.heartbeat,
          .refreshBefore = hello.refreshBefore.value_or(Duration::zero()),
          .since = m_now,
          .lastActivity = m_now,
          .nextPing = m_now};
    if (hello.heartbeat && *hello.heartbeat > Duration::zero())
        up.heartbeat = std::clamp<Duration>(*hello.heartbeat, 1s, 5min);
    // Clients that were all connected by one restart must not beat together.
    up.nextPing = m_now + Duration(qint64(double(up.heartbeat.count()) * std::max(0.1, chance())));
    m.m_rules = rulesOf(m_options, hello.policy);
    m.m_freshNetwork = false;
    m.m_nonceTaken = false;
    if (hello.expiresAt)
        m.m_tokenExpiresAt = hello.expiresAt;
    if (m.m_usesTokens && (m_options.makeBeforeBreak || (watchword && !hello.keepsToken)))
        scheduleRenewal(up);
    if (replaced) {
        const Instant latest = m_now + m_options.drainTimeout;
        up.draining = Draining{replaced->id, latest, latest};
        add(SwapTransport{replaced->id, hello.id});
    } else {
        add(BecomeReady{hello.id});
    }
    m.m_state = up;
    add(ReportExpiry{m.m_tokenExpiresAt});
}

void ConnectionMachine::Run::on(const Farewell &event)
{
    if (Up *up = upOf(event.id)) {
        up->farewell = event;
        up->farewellDeadline = m_now + m_options.closeTimeout;
    } else if (AwaitingHello *waiting = std::get_if<AwaitingHello>(&m.m_state); waiting && waiting->id == event.id) {
        waiting->farewell = event;
    } else if (Replacement *replacement = replacementOf(event.id, Replacement::Step::AwaitingHello)) {
        replacement->farewell = event;
    }
}

void ConnectionMachine::Run::on(const Ended &event)
{
    if (!m.isAlive(event.id))
        return;
    Up *up = std::get_if<Up>(&m.m_state);
    if (std::holds_alternative<Closing>(m.m_state))
        finish(Error(ErrorCode::Cancelled, u"closed by the application"_s), false);
    else if (up && up->draining && up->draining->id == event.id)
        endDrain(*up);
    else if (up && up->id != event.id)
        replacementOver(*up, event.end);
    else
        over(event.end);
}

} // namespace Watchword
