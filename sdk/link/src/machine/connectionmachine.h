// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/connectioninuse.h"

namespace Watchword {

/*!
    The decisions of a Connection as a pure machine: step(event, now) returns what is to be done.

    No timers, sockets or tokens are in here, and but for the budget, which it shares, nothing of other connections. deadline() is
    when step(Tick) is due; every state but Idle has one, so that nothing can wait for ever. Each attempt has an id; events of
    another one are ignored, so late callbacks do no harm. Whatever leads to a new attempt passes the budget.

    The state of the machine is one of

        Idle --open()--> Attempt --accepted--> ConnectionInUse --close()--> Closing --> Idle      any -> Idle: the end
                            ^                    |        |  ^
                            +---- link lost -----+        +--+ replaced

    Attempt and ConnectionInUse decide for themselves what happens while they last; the diagrams are in their headers. The
    machine sends them their events, and makes the next state out of their outcomes.

    A server that chose watchword.v1 and then does not say hello may just repeat what it is offered. What
    Upgraded::withoutHello says is done then, the next attempts to this URL offer nothing, and a hello after all corrects it.

    Threads: none; one owner. Ownership: as LinkContext.
*/
class WATCHWORD_TEST_EXPORT ConnectionMachine : public LinkActions
{
public:
    struct Idle
    {
        AttemptId id = 0; //!< Of the last attempt.
        TokenFacts token{}; //!< The same one's.
    };
    struct Closing
    {
        AttemptId id;
        Instant deadline;
    };
    using State = std::variant<Idle, Attempt, ConnectionInUse, Closing>;

    ConnectionMachine(const ConnectionOptions &options, LinkContext::Tokens tokens);

    void setOptions(const ConnectionOptions &options) { m_context.setOptions(options); } //!< Only while Idle.
    [[nodiscard]] Actions step(const Event &event, Instant now);
    void noteActivity(Instant now); //!< Bytes came in; cheap, may be called for each read.
    std::optional<Instant> deadline() const;
    const State &state() const { return m_state; }
    bool isWaiting() const; //!< For the next attempt, and nothing is in use.
    AttemptId attemptId() const; //!< Of the state; while Idle the last one's.
    AttemptId replacementId() const; //!< Of the attempt beside the connection in use; 0: none has begun.
    int failures() const; //!< Failed attempts of this outage.
    bool isAlive(AttemptId id) const; //!< An attempt of this id holds or may hold a transport.

private:
    template <typename T>
    void on(const T &event, LinkStep &step); //!< Passes it to the state.
    void on(const Open &, LinkStep &step);
    void on(const Close &, LinkStep &step);
    void on(const Tick &event, LinkStep &step);
    void on(const Woke &event, LinkStep &step);
    void on(const NetworkDown &event, LinkStep &step);
    void on(const NetworkUp &event, LinkStep &step);
    void on(const TokenRevoked &, LinkStep &step);
    void on(const Ended &event, LinkStep &step);
    void settle(const Attempt::Outcome &outcome, LinkStep &step);
    void settle(const ConnectionInUse::Outcome &outcome, LinkStep &step);
    void drop(int code, LinkStep &step); //!< What holds a transport, if anything.
    void finish(const Error &reason, bool personNeeded, LinkStep &step);
    Attempt *attempt() { return std::get_if<Attempt>(&m_state); }
    ConnectionInUse *inUse() { return std::get_if<ConnectionInUse>(&m_state); }
    const ConnectionInUse *inUse() const { return std::get_if<ConnectionInUse>(&m_state); }

    LinkContext m_context;
    State m_state;
};

} // namespace Watchword
