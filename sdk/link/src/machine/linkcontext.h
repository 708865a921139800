// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/linkevents.h"

#include "watchword/core/testexport.h"
#include "watchword/link/connectionoptions.h"

#include <memory>

namespace Watchword {

/*! What is known of a token, without the token. */
struct TokenFacts
{
    QString fingerprint{};
    std::optional<Instant> expiresAt{};
    QString subject{};
};

/*!
    What a ConnectionMachine knows in every state, and what all its attempts share: the options, the rules that the server
    made stricter, the budget, and what was learned of the network, the server and the token.

    Threads: none; one owner. Ownership: borrows options.random; shares options.budget, or has one of its own.
*/
class WATCHWORD_TEST_EXPORT LinkContext
{
public:
    enum class Tokens { None, Used };
    enum class Network { Present, Absent };
    enum class Speech { Unknown, Watchword, Plain };

    LinkContext(const ConnectionOptions &options, Tokens tokens);

    void setOptions(const ConnectionOptions &options);
    void setRules(const PolicyChanges &server); //!< Those of the options, made stricter by \a server.
    Instant budgetAllowsAt(Instant now) const;
    bool takeFromBudget(Instant now);
    double chance() { return random().nextUnit(); }
    RandomSource &random() { return m_options.random ? *m_options.random : RandomSource::system(); }
    Duration networkSettleDelay(); //!< A network that just came needs a moment, and all machines on it saw it come.
    Duration slowRetryDelay(); //!< Until somebody may have changed something.

    const ConnectionOptions &options() const { return m_options; }
    const ClosePolicy &closePolicy() const { return m_closePolicy; }
    const BackoffPolicy &backoff() const { return m_backoff; }
    bool usesTokens() const { return m_tokens == Tokens::Used; }

    LinkEvents::AttemptId lastId = 0; //!< Of the last attempt that began.
    QString refused{}; //!< Fingerprint of the last refused token; it is never sent again.
    Network network = Network::Present; //!< Of this machine.
    int networkChanges = 0; //!< Who began before the last one is perhaps on a network that is gone.
    Speech speech = Speech::Unknown; //!< What the server turned out to speak, if it repeats what it is offered.

private:
    ConnectionOptions m_options;
    ClosePolicy m_closePolicy;
    BackoffPolicy m_backoff;
    int m_budgetAttempts = 0;
    std::shared_ptr<ConnectBudget> m_budget;
    QString m_server; //!< Whose budget it is.
    const Tokens m_tokens;
};

/*! One step of a machine: when it is, and what is to be done. */
struct LinkStep
{
    LinkContext &context;
    const Instant now;
    LinkActions::Actions actions{};

    void add(LinkActions::Action action) { actions.push_back(std::move(action)); }
};

} // namespace Watchword
