// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/judgement.h"
#include "machine/linkcontext.h"

namespace Watchword {

/*!
    The way to a connection, with all tries until it is accepted or given up:

        Waiting -> TokenAsked -> Opening -> AwaitingHello -> Accepted   (without tokens: from Waiting to Opening;
           ^           |            |             |                      on plain servers: Accepted while Opening)
           +-- backoff +------------+-------------+--> GivenUp

    It serves when there is no connection (Role::Connects) and beside one that is in use (Role::Replaces). A replacement never
    says anything about the connection in use: its failures are reported (ReportReplacement) and nothing more.

    Each try has an id of its own, given when it begins; the machine sends here only the events of that id. What comes in a
    step that does not wait for it is ignored. deadline() is when tick() is due; every step has one.

    Threads: none; one owner. What returns an Outcome may have ended the attempt; the owner acts on it.
*/
class WATCHWORD_TEST_EXPORT Attempt : public LinkActions
{
public:
    enum class Role { Connects, Replaces };
    struct Failures //!< In a row, of one kind.
    {
        int count = 0;
        std::optional<Instant> since{};
    };
    struct Outage //!< What tries in a row remember of each other.
    {
        Failures link{}; //!< Since the last stable time.
        Failures token{}; //!< Of the token provider, since it last had a token.
        int nonces = 0; //!< Answers in a row that gave a nonce for the proof.
        int silences = 0; //!< Servers that chose watchword.v1 and did not say hello.
        int refusedTokens = 0; //!< Without success since. One that served until its end does not count.
    };

    // Steps
    struct Waiting
    {
        enum class For { Time, Token, Somebody };
        For what = For::Time; //!< Token: the provider had none, and a new one ends the wait.
        std::optional<Error> after{}; //!< What failed before.
        Instant earliest{}; //!< What was asked for. Only RetryNow goes below, and only to ask the token provider.
        Instant planned{}; //!< The deadline if this machine had a network.
    };
    struct TokenAsked
    {
    };
    struct Opening
    {
    };
    struct AwaitingHello
    {
        WithoutHello withoutHello = WithoutHello::Fails;
        int patience = 0; //!< So many silences prove nothing.
        std::optional<Farewell> farewell{};
    };
    using Step = std::variant<Waiting, TokenAsked, Opening, AwaitingHello>;

    struct Continues
    {
    };
    struct Accepted //!< The server wants this connection.
    {
        std::optional<Hello> hello; //!< Empty: a plain server, which says none.
    };
    struct GivenUp
    {
        Error error;
        bool personNeeded;
        QString why;
    };
    struct NotNeeded //!< The end that it was wanted for has come.
    {
    };
    using Outcome = std::variant<Continues, Accepted, GivenUp, NotNeeded>;

    //! The one after the connection or attempt \a last, which used \a token; 0: there was none.
    Attempt(AttemptId last, TokenFacts token, const Outage &outage);
    //! To replace a connection of \a subject. \a until: when the server ends that one; later it is of no use.
    static Attempt toReplace(const QString &subject, Instant at, const QString &why, std::optional<Instant> until);

    AttemptId id() const { return m_id; } //!< While Waiting that of the last try.
    const Step &step() const { return m_step; }
    bool isWaiting() const { return std::holds_alternative<Waiting>(m_step); }
    bool holdsTransport() const { return m_step.index() >= Step(Opening()).index(); }
    Instant deadline() const { return m_deadline; }
    const TokenFacts &token() const { return m_token; } //!< The one in use, or the last one used.
    const Outage &outage() const { return m_outage; }
    std::optional<Instant> until() const { return m_until; } //!< Of a replacement: the announced end.

    Outcome tick(LinkStep &step, Instant notBefore = {}); //!< notBefore: as for begin().
    //! The next try, now, or as soon as the budget permits; a replacement not before \a notBefore, and not without a network.
    Outcome begin(const QString &why, LinkStep &step, Instant notBefore = {});
    Outcome on(const RetryNow &, LinkStep &step);
    Outcome on(const Woke &, LinkStep &step);
    Outcome on(const NetworkDown &, LinkStep &step);
    Outcome on(const NetworkUp &, LinkStep &step); //!< The context does not know it yet.
    Outcome on(const TokenReady &event, LinkStep &step);
    Outcome on(const TokenFailed &event, LinkStep &step);
    Outcome on(const TokenChanged &, LinkStep &step);
    Outcome on(const Upgraded &event, LinkStep &step);
    Outcome on(const SpokePlainly &event, LinkStep &step);
    Outcome on(const Hello &event, LinkStep &step);
    Outcome on(const Farewell &event, LinkStep &step);
    Outcome on(const Ended &event, LinkStep &step);

    // The end of a connection is judged as that of a try.
    bool takesNonce(const TransportEnd &end); //!< The next try, at once, differs by it.
    Outcome beginWithNonce(LinkStep &step);
    Judgement judge(const TransportEnd &end, const std::optional<Farewell> &farewell, Judgement::Use use, LinkStep &step);
    Outcome act(const Judgement &judgement, Judgement::Use use, LinkStep &step);

    // Replacements
    void want(Instant at, const QString &why, std::optional<Instant> until); //!< For another reason too.
    //! Whether it is what would begin now that the connection in use ended, as \a lost is what its token was.
    bool takesOver(const Judgement &judgement, const TokenFacts &lost, LinkStep &step) const;
    void promote(const TokenFacts &lost, const Outage &outage); //!< The connection in use was lost; it is the attempt now.
    void abandon(int code, LinkStep &step) const; //!< As DropTransport; nothing if no try is on its way.

private:
    bool isReplacement() const { return m_role == Role::Replaces; }
    void enter(Step step, Duration timeout, Instant now);
    Outcome open(LinkStep &step);
    Outcome goOnAsPlain(LinkStep &step);
    Outcome noHello(LinkStep &step);
    Outcome tokenFailed(const Error &error, LinkStep &step);
    Outcome tokenRefused(const Judgement &judgement, Judgement::Use use, LinkStep &step);
    Outcome backOff(Failures Outage::*kind, const Error &error, Duration asked, LinkStep &step, bool isPlanned = false);
    Outcome wait(Waiting::For what, const Error &error, Duration delay, Duration asked, const QString &why, LinkStep &step);
    Outcome waitForBudget(LinkStep &step);
    Outcome moveForward(const QString &why, LinkStep &step);
    void moveTo(Instant deadline, const QString &why, LinkStep &step);

    Role m_role = Role::Connects;
    AttemptId m_id;
    Step m_step;
    Instant m_deadline{};
    QString m_why{}; //!< The try begins.
    TokenFacts m_token;
    Outage m_outage;
    QString m_subject{}; //!< Whose the token has to be; empty: anybody's.
    std::optional<Instant> m_until{};
    int m_networkChanges = 0; //!< Of the context when the try began.
};

} // namespace Watchword
