// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/connectionoptions.h"
#include "watchword/link/linkevents.h"

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

        Idle -> AwaitingToken -> Opening -> AwaitingHello -> Up          (without tokens: from Idle to Opening;
                    ^     |         |             |           |           on plain servers: from Opening to Up)
                    |     v         v             v           |
                    +-- Waiting <---------------- link lost --+          any -> Idle: the end; Up -> Closing -> Idle

    Up on a connection A can have a Replacement B, a second attempt with an id of its own, while A delivers:

        Up{A} --(renewed token, announced end, replace())--> Scheduled -> TokenAsked -> Opening -> AwaitingHello
                                                                ^             |            |            |   |
                                                                +-- backoff --+------------+------------+   | accepted
        Up{B, Draining{A}} <----------------------------- SwapTransport A B --------------------------------+
              |
              +--(A answered everything, ended, or its time is over)--> EndDrain A, Up{B}

    - A replacement begins only when nothing is draining: there are never more than two transports, and two only from
      StartTransport B to EndDrain A.
    - What happens to B never changes A: failures are reported (ReportReplacement) and tried again with backoff; final
      answers, and a token of somebody else, end the replacement and nothing more.
    - If A is lost before B is accepted, B is the attempt (PromoteReplacement): Opening{B} or wherever it is, without
      another unit of the budget. If A's end is final, B is given up with it, unless A ended because B replaced it.
    - If B is lost while A drains, the connection is lost: EndDrain A, and on as after any loss.

    Threads: none; one owner. Ownership: borrows options.random; shares options.budget, or has one of its own.
*/
class WATCHWORD_LINK_EXPORT ConnectionMachine : public LinkActions
{
public:
    static QString toString(const Action &action); //!< For logs and tests; holds no secret.

    // States
    struct Idle
    {
    };
    struct AwaitingToken
    {
        AttemptId id;
        Instant deadline;
        QString why;
    };
    struct Opening
    {
        AttemptId id;
        Instant deadline;
    };
    struct AwaitingHello
    {
        AttemptId id;
        Instant deadline;
        std::optional<Farewell> farewell{};
    };
    struct Renewing //!< A renewal within Up.
    {
        enum class Step { Scheduled, TokenAsked, Sent };
        Step step = Step::Scheduled;
        Instant deadline;
        bool retriedAfterRefusal = false;
        bool retriedWithNonce = false;
        QString fingerprint{}; //!< Of the token on its way.
        std::optional<Instant> expiresAt{}; //!< The same token's.
    };
    struct Track //!< A series of failures of one kind, and since when.
    {
        int failures = 0;
        std::optional<Instant> since{};
    };
    struct Replacement //!< A second attempt within Up, while the first connection delivers.
    {
        enum class Step { Scheduled, TokenAsked, Opening, AwaitingHello };
        AttemptId id = 0; //!< 0 before the first attempt.
        Step step = Step::Scheduled;
        Instant deadline;
        QString why;
        std::optional<Instant> until{}; //!< When the server ends the first one; an attempt after that is of no use.
        Instant earliest{}; //!< What the server asked for.
        Track track{};
        bool refusedOnce = false; //!< A refused token was replaced already.
        bool nonceTaken = false; //!< As m_nonceTaken.
        QString fingerprint{}; //!< Of the last attempt's token.
        std::optional<Instant> expiresAt{}; //!< The same token's.
        QString subject{}; //!< The same token's.
        std::optional<Farewell> farewell{};
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
        Instant since;
        Instant lastActivity;
        Instant nextPing;
        std::optional<Instant> pongDeadline{};
        Instant pingSentAt{};
        quint64 nonce = 0;
        std::optional<Renewing> renewal{};
        std::optional<Farewell> farewell{};
        Instant farewellDeadline{};
        std::optional<Replacement> replacement{};
        std::optional<Draining> draining{};
    };
    struct Waiting
    {
        AttemptId id;
        Instant deadline;
        Instant earliest; //!< What the server asked for; retryNow() cannot go below.
        Error error; //!< Why it waits.
        Instant planned; //!< The deadline if this machine had a network.
        bool forToken = false; //!< The provider had none; a new one ends the wait.
    };
    struct Closing
    {
        AttemptId id;
        Instant deadline;
    };
    using State = std::variant<Idle, AwaitingToken, Opening, AwaitingHello, Up, Waiting, Closing>;

    ConnectionMachine(const ConnectionOptions &options, bool usesTokens);

    void setOptions(const ConnectionOptions &options); //!< Only while Idle.
    [[nodiscard]] Actions step(const Event &event, Instant now);
    void noteActivity(Instant now); //!< Bytes came in; cheap, may be called for each read.
    std::optional<Instant> deadline() const;
    const State &state() const { return m_state; }
    AttemptId attemptId() const { return m_id; }
    AttemptId replacementId() const; //!< Of the attempt beside the connection in use; 0: none has begun.
    int failures() const { return m_link.failures + m_auth.failures; } //!< Failed attempts of this outage.
    bool isAlive(AttemptId id) const; //!< An attempt of this id holds or may hold a transport.

private:
    class Run;
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
    bool m_usesTokens;
    State m_state = Idle{};
    AttemptId m_id = 0;
    AttemptId m_lastId = 0; //!< Replacements have ids too.
    Track m_link; //!< Since the last stable time.
    Track m_auth; //!< Of the token provider, since it last had a token.
    QString m_fingerprint; //!< Of the token that the current attempt uses.
    std::optional<Instant> m_tokenExpiresAt;
    QString m_subject; //!< Of the same token.
    QString m_refused; //!< Fingerprint of the last refused token; it is never sent again.
    bool m_networkDown = false;
    bool m_freshNetwork = false; //!< It came during this attempt, which may have begun on another one.
    bool m_nonceTaken = false; //!< The last attempt was refused with a nonce for the proof, and this one uses it.
    bool m_refusedInARow = false; //!< A refused token was already replaced once without success since.
};

} // namespace Watchword
