// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/linkevents.h"

#include "watchword/core/testexport.h"
#include "watchword/link/connectionoptions.h"

#include <QString>

#include <memory>
#include <optional>
#include <variant>

namespace Watchword {

/*!
    The decisions of a Connection as a pure machine: step(event, now) returns what is to be done.

    No timers, sockets or tokens are in here, and but for the budget, which it shares, nothing of other connections. deadline() is
   when step(Tick) is due; every state but Idle has one, so that nothing can wait for ever. Each attempt has an id; events of
   another one are ignored, so late callbacks do no harm. Whatever leads to a new attempt passes the budget.

    An Attempt is the way to a connection, and always in one of its steps:

        Waiting -> TokenAsked -> Opening -> AwaitingHello -> accepted   (without tokens: from Waiting to Opening;
           ^           |            |             |                      on plain servers: accepted while Opening)
           +-- backoff +------------+-------------+

    The state of the machine is one of

        Idle --open()--> Attempt --accepted--> Up --close()--> Closing --> Idle      any -> Idle: the end
                            ^                   |
                            +---- link lost ----+

    Up on a connection A can have another Attempt beside it, its replacement, while A delivers:

        Up{A} --(renewed token, announced end, replace())--> Up{A, Attempt B} --(accepted: SwapTransport A B)--+
                                                                                                             v
              Up{B} <--(A answered everything, ended, or its time is over: EndDrain A)-- Up{B, Draining{A}}

    - A replacement begins only when nothing is draining: there are never more than two transports, and two only from
      StartTransport B to EndDrain A.
    - What happens to B never changes A: failures are reported (ReportReplacement) and tried again with backoff; final
      answers, and a token of somebody else, end the replacement and nothing more.
    - If A is lost before B is accepted, B is the attempt (PromoteReplacement), in the step where it is, without
      another unit of the budget. If A's end is final, B is given up with it, unless A ended because B replaced it.
    - If B is lost while A drains, the connection is lost: EndDrain A, and on as after any loss.

    A server that chose watchword.v1 and then does not say hello may just repeat what it is offered. What
    Upgraded::withoutHello says is done then, the next attempts to this URL offer nothing, and a hello after all corrects it.

    Threads: none; one owner. Ownership: borrows options.random; shares options.budget, or has one of its own.
*/
class WATCHWORD_TEST_EXPORT ConnectionMachine : public LinkActions
{
public:
    struct Token //!< What is known of one, without the token.
    {
        QString fingerprint{};
        std::optional<Instant> expiresAt{};
        QString subject{};
    };
    struct Track //!< A series of failures of one kind, and since when.
    {
        int failures = 0;
        std::optional<Instant> since{};
    };
    struct Outage //!< What attempts in a row remember of each other.
    {
        Track link{}; //!< Since the last stable time.
        Track token{}; //!< Of the token provider, since it last had a token.
        bool nonceTaken = false; //!< The last attempt was refused with a nonce for the proof, and the next one uses it.
        int silences = 0; //!< Servers that chose watchword.v1 and did not say hello.
        bool tokenRefused = false; //!< A refused token was replaced already, without success since.
    };

    // States
    struct Idle
    {
        AttemptId id = 0; //!< Of the last attempt.
        Token token{}; //!< The same one's.
    };
    struct Attempt
    {
        enum class Step { Waiting, TokenAsked, Opening, AwaitingHello };
        Step step = Step::Waiting;
        AttemptId id = 0; //!< While Waiting that of the last attempt; 0: there was none.
        Instant deadline{};
        QString why{}; //!< It begins.
        Token token{}; //!< The one that it uses, or the last one used.
        Outage outage{};
        std::optional<Error> waitsFor{}; //!< What failed before it.
        Instant earliest{}; //!< What the server asked for; retryNow() cannot go below.
        Instant planned{}; //!< The deadline if this machine had a network.
        bool waitsForToken = false; //!< The provider had none; a new one ends the wait.
        bool onFreshNetwork = false; //!< It came after the attempt began, perhaps on another one.
        std::optional<Instant> until{}; //!< Replacements: when the server ends the other one; later it is of no use.
        std::optional<Farewell> farewell{};
        WithoutHello withoutHello = WithoutHello::Fails;
        bool needsHello = false;
    };
    struct Renewing //!< A renewal within Up.
    {
        enum class Step { Scheduled, TokenAsked, Sent };
        Step step = Step::Scheduled;
        Instant deadline;
        bool retriedAfterRefusal = false;
        bool retriedWithNonce = false;
        Token token{}; //!< On its way.
    };
    struct Draining //!< The connection that was replaced.
    {
        AttemptId id;
        Instant latest;
        Instant deadline; //!< At most latest.
    };
    struct Up
    {
        AttemptId id;
        bool watchword = false;
        bool inBandRenewal = false;
        Duration heartbeat;
        Duration refreshBefore; //!< Zero unless the server asked for it.
        Token token{}; //!< That the server holds.
        Outage outage{}; //!< Before it; ends when the connection was stable.
        Instant since;
        Instant lastActivity;
        Instant nextPing;
        std::optional<Instant> pongDeadline{};
        Instant pingSentAt{};
        quint64 nonce = 0;
        std::optional<Renewing> renewal{};
        std::optional<Farewell> farewell{};
        Instant farewellDeadline{};
        std::optional<Attempt> replacement{};
        std::optional<Draining> draining{};
    };
    struct Closing
    {
        AttemptId id;
        Instant deadline;
    };
    using State = std::variant<Idle, Attempt, Up, Closing>;

    ConnectionMachine(const ConnectionOptions &options, bool usesTokens);

    void setOptions(const ConnectionOptions &options); //!< Only while Idle.
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
    class Run;
    enum class Network { Present, Absent };
    enum class Speech { Unknown, Watchword, Plain };
    struct Rules //!< Of the options, made stricter by the server.
    {
        ClosePolicy closePolicy;
        BackoffPolicy backoff;
        int budgetAttempts;
    };
    static Rules rulesOf(const ConnectionOptions &options, const PolicyChanges &server);

    ConnectionOptions m_options;
    Rules m_rules;
    std::shared_ptr<ConnectBudget> m_budget;
    QString m_server; //!< Whose budget it is.
    const bool m_usesTokens;
    State m_state;
    AttemptId m_lastId = 0; //!< Replacements have ids too.
    QString m_refused; //!< Fingerprint of the last refused token; it is never sent again.
    Network m_network = Network::Present; //!< Of this machine.
    Speech m_speech = Speech::Unknown; //!< What the server turned out to speak, if it repeats what it is offered.
};

} // namespace Watchword
