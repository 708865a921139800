// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/connectionmachine.h"

namespace Watchword {

/*! One step of the machine: changes its state and collects the actions. */
class ConnectionMachine::Run
{
public:
    Run(ConnectionMachine &machine, Instant now);
    Actions takeActions() { return std::move(m_actions); }

    void on(const Open &);
    void on(const Close &);
    void on(const RetryNow &);
    void on(const Tick &);
    void on(const Probe &);
    void on(const TokenReady &event);
    void on(const TokenFailed &event);
    void on(const TokenChanged &);
    void on(const TokenRevoked &);
    void on(const Upgraded &event);
    void on(const Hello &event);
    void on(const Pong &event);
    void on(const RenewalAccepted &event);
    void on(const RenewalRefused &event);
    void on(const RenewalDue &event);
    void on(const Farewell &event);
    void on(const Ended &event);

private:
    // The way in: every attempt begins here.
    void beginAttempt(const QString &why);
    void startTransport(AttemptId id, const QString &why);
    void becomeReady(const Hello &hello, bool watchword);
    Instant budgetAllowsAt();

    // The way out: every attempt ends in over(), every life of the connection in finish().
    void over(const TransportEnd &end);
    void overWithoutTransport(const Error &error);
    void refused(const RetryDecision &decision, const Error &error, bool expiredInUse);
    void wait(const Error &error, Duration delay, Duration asked, bool forToken, const QString &why);
    void waitWithBackoff(const Error &error, Duration asked, bool planned, bool forToken);
    void finish(const Error &reason, bool personNeeded);
    void drop(AttemptId id, int code);
    RetryDecision decide(const TransportEnd &end, const std::optional<Farewell> &farewell) const;
    void countFailure(const Up *up);

    // While up.
    void tickUp(Up &up, Duration late);
    void ping(Up &up, Duration timeout);
    void scheduleRenewal(Up &up);
    void askForRenewal(Up &up, bool force);
    void renewalToken(Up &up, const TokenReady &event);
    void retryRenewal(Up &up);

    Up *upOf(AttemptId id);
    double chance();
    void add(Action action) { m_actions.push_back(std::move(action)); }

    ConnectionMachine &m;
    const ConnectionOptions &m_options;
    const Instant m_now;
    Actions m_actions;
};

} // namespace Watchword
