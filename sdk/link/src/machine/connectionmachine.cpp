// SPDX-License-Identifier: Apache-2.0
#include "machine/connectionmachine.h"

#include "watchword/core/internal/overloaded.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

Error closedByApplication()
{
    return Error(ErrorCode::Cancelled, u"closed by the application"_s);
}

} // namespace

ConnectionMachine::ConnectionMachine(const ConnectionOptions &options, LinkContext::Tokens tokens)
    : m_context(options, tokens)
    , m_state(Idle())
{
}

ConnectionMachine::Actions ConnectionMachine::step(const Event &event, Instant now)
{
    LinkStep step{m_context, now};
    std::visit([&](const auto &e) { on(e, step); }, event);
    return std::move(step.actions);
}

void ConnectionMachine::noteActivity(Instant now)
{
    if (inUse())
        inUse()->noteActivity(now);
}

std::optional<Instant> ConnectionMachine::deadline() const
{
    using Deadline = std::optional<Instant>;
    return std::visit(Overloaded{[](const Idle &) { return Deadline(); },
                                 [](const Closing &closing) { return Deadline(closing.deadline); },
                                 [](const auto &state) { return Deadline(state.deadline()); }},
                      m_state);
}

bool ConnectionMachine::isAlive(AttemptId id) const
{
    return std::visit(Overloaded{[](const Idle &) { return false; }, [id](const Closing &closing) { return closing.id == id; },
                                 [id](const Attempt &attempt) { return attempt.id() == id && attempt.holdsTransport(); },
                                 [id](const ConnectionInUse &connection) { return connection.isAlive(id); }},
                      m_state);
}

bool ConnectionMachine::isWaiting() const
{
    const Attempt *attempt = std::get_if<Attempt>(&m_state);
    return attempt && attempt->isWaiting();
}

ConnectionMachine::AttemptId ConnectionMachine::attemptId() const
{
    return std::visit(Overloaded{[](const Idle &idle) { return idle.id; }, [](const Closing &closing) { return closing.id; },
                                 [](const auto &state) { return state.id(); }},
                      m_state);
}

ConnectionMachine::AttemptId ConnectionMachine::replacementId() const
{
    return inUse() ? inUse()->replacementId() : 0;
}

int ConnectionMachine::failures() const
{
    return std::visit(Overloaded{[](const Idle &) { return 0; }, [](const Closing &) { return 0; },
                                 [](const auto &state) { return state.outage().link.count + state.outage().token.count; }},
                      m_state);
}

template <typename T>
void ConnectionMachine::on(const T &event, LinkStep &step)
{
    if constexpr (requires { inUse()->on(event, step); }) {
        if (inUse()) {
            settle(inUse()->on(event, step), step);
            return;
        }
    }
    if constexpr (requires { attempt()->on(event, step); }) {
        if constexpr (requires { event.id; }) {
            if (event.id != attemptId())
                return;
        }
        if (attempt())
            settle(attempt()->on(event, step), step);
    }
}

void ConnectionMachine::settle(const Attempt::Outcome &outcome, LinkStep &step)
{
    if (const auto *accepted = std::get_if<Attempt::Accepted>(&outcome))
        m_state = ConnectionInUse(*attempt(), accepted->hello, nullptr, step);
    else if (const auto *end = std::get_if<Attempt::GivenUp>(&outcome))
        finish(end->error, end->personNeeded, step);
}

void ConnectionMachine::settle(const ConnectionInUse::Outcome &outcome, LinkStep &step)
{
    if (const auto *replaced = std::get_if<ConnectionInUse::Replaced>(&outcome)) {
        m_state = ConnectionInUse(replaced->by, replaced->hello, inUse(), step);
    } else if (const auto *over = std::get_if<ConnectionInUse::Over>(&outcome)) {
        m_state = over->next;
        settle(over->outcome, step);
    }
}

void ConnectionMachine::on(const Open &, LinkStep &step)
{
    if (const Idle *idle = std::get_if<Idle>(&m_state))
        settle(m_state.emplace<Attempt>(idle->id, TokenFacts(idle->token), Attempt::Outage()).begin(u"open"_s, step), step);
}

void ConnectionMachine::on(const Close &, LinkStep &step)
{
    if (inUse()) {
        const AttemptId id = attemptId();
        inUse()->endOtherTransports(0, step);
        step.add(CloseTransport{id, int(CloseCode::Normal), {}});
        m_state = Closing{id, step.now + m_context.options().closeTimeout};
    } else if (attempt()) {
        drop(0, step);
        finish(closedByApplication(), false, step);
    }
}

void ConnectionMachine::on(const Tick &event, LinkStep &step)
{
    const std::optional<Instant> due = deadline();
    if (!due || step.now < *due)
        return;
    if (inUse()) {
        settle(inUse()->on(event, step), step);
    } else if (attempt()) {
        settle(attempt()->tick(step), step);
    } else {
        drop(0, step);
        finish(closedByApplication(), false, step);
    }
}

void ConnectionMachine::on(const Woke &event, LinkStep &step)
{
    ++m_context.networkChanges; // whatever was under way
    on<Woke>(event, step);
}

void ConnectionMachine::on(const NetworkDown &event, LinkStep &step)
{
    m_context.network = LinkContext::Network::Absent;
    on<NetworkDown>(event, step);
}

void ConnectionMachine::on(const NetworkUp &event, LinkStep &step)
{
    ++m_context.networkChanges;
    on<NetworkUp>(event, step);
    m_context.network = LinkContext::Network::Present;
}

void ConnectionMachine::on(const TokenRevoked &, LinkStep &step)
{
    if (std::holds_alternative<Idle>(m_state))
        return;
    if (inUse())
        inUse()->endOtherTransports(int(CloseCode::Normal), step);
    drop(int(CloseCode::Normal), step);
    finish(Error(ErrorCode::SignedOut, u"the session ended"_s), false, step);
}

void ConnectionMachine::on(const Ended &event, LinkStep &step)
{
    if (!isAlive(event.id))
        return;
    if (std::holds_alternative<Closing>(m_state))
        finish(closedByApplication(), false, step);
    else
        on<Ended>(event, step);
}

void ConnectionMachine::drop(int code, LinkStep &step)
{
    if (isAlive(attemptId()))
        step.add(DropTransport{attemptId(), code});
}

void ConnectionMachine::finish(const Error &reason, bool personNeeded, LinkStep &step)
{
    Idle idle{.id = attemptId()};
    if (attempt())
        idle.token = attempt()->token();
    step.add(ReportClosed{idle.id, reason, personNeeded});
    m_state = idle;
    m_context.setRules({});
}

} // namespace Watchword
