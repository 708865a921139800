// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/linkcontext.h"

namespace Watchword {

/*!
    The token that the server of a connection holds, and its renewal while the connection lives:

        Off --schedule()--> Scheduled --due, or asked for--> TokenAsked --a newer token--> Sent --accepted--> Scheduled
                               ^                                |                            |
                               +---- nothing newer, failed -----+----------------------------+

    Where the server takes a new token only at connecting (Way::ByConnecting), or wants another key, the new token is the
    reason for another connection, which the owner makes: those functions return why.

    Threads: none; one owner. What comes in a step that does not wait for it is ignored.
*/
class WATCHWORD_TEST_EXPORT TokenRenewal
{
public:
    enum class Way { OnTheConnection, ByConnecting };

    //! \a before: how long before its end the server wants a newer token; zero: it said nothing.
    TokenRenewal(TokenFacts held, Way way, Duration before);

    const TokenFacts &token() const { return m_held; }
    Way way() const { return m_way; }
    std::optional<Instant> deadline() const; //!< When tick() is due.
    bool isIdle() const { return m_step.index() <= Step(Scheduled()).index(); } //!< May be asked for.
    bool isDue(Instant now) const { return std::holds_alternative<Scheduled>(m_step) && now >= m_deadline; }

    void schedule(LinkStep &step); //!< Before the token ends; off, if it never does.
    void ask(LinkEvents::AttemptId id, Duration minimumValidity, LinkStep &step); //!< The provider for a token.
    void askForNewer(LinkEvents::AttemptId id, LinkStep &step); //!< For one that outlives the present one.
    void stop() { m_step = Off(); }
    void tick(LinkEvents::AttemptId id, LinkStep &step);
    [[nodiscard]] std::optional<QString> on(const LinkEvents::TokenReady &event, LinkStep &step);
    void on(const LinkEvents::TokenFailed &event, LinkStep &step);
    [[nodiscard]] bool on(const LinkEvents::RenewalAccepted &event, LinkStep &step); //!< Whether the server holds a new one.
    [[nodiscard]] std::optional<QString> on(const LinkEvents::RenewalRefused &event, LinkStep &step);

private:
    struct Off
    {
    };
    struct Scheduled
    {
    };
    struct TokenAsked
    {
        int refusals = 0; //!< Of tokens of this renewal.
    };
    struct Sent
    {
        TokenFacts token{};
        int refusals = 0;
        int nonces = 0; //!< That the server gave for the proof.
    };
    using Step = std::variant<Off, Scheduled, TokenAsked, Sent>;
    void enter(Step step, Instant deadline);
    void retry(LinkStep &step);
    void refused(const LinkEvents::RenewalRefused &event, const Sent &sent, LinkStep &step);

    TokenFacts m_held;
    Way m_way;
    Duration m_before;
    Step m_step;
    Instant m_deadline{};
};

} // namespace Watchword
