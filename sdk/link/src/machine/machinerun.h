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
    void on(const Woke &);
    void on(const NetworkDown &);
    void on(const NetworkUp &);
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
    void on(const Replace &);
    void on(const EndAnnounced &event);
    void on(const Drained &event);

private:
    // The way in: every attempt begins here.
    void beginAttempt(const QString &why);
    void startTransport(AttemptId id, const QString &why);
    bool isOpening(AttemptId id);
    void accepted(const Hello &hello, bool watchword);
    Instant budgetAllowsAt();
    void waitForBudget();

    // The way out: every attempt ends in over(), every life of the connection in finish().
    void over(const TransportEnd &end);
    void act(const RetryDecision &decision, const Error &error, int closeCode, bool expiredInUse);
    void overWithoutTransport(const Error &error);
    void refused(const RetryDecision &decision, const Error &error, bool expiredInUse);
    void wait(const Error &error, Duration delay, Duration asked, bool forToken, const QString &why);
    void waitWithBackoff(const Track &track, const Error &error, Duration asked, bool planned);
    void finish(const Error &reason, bool personNeeded);
    void drop(AttemptId id, int code);
    RetryDecision decide(const TransportEnd &end, const std::optional<Farewell> &farewell) const;
    void countFailure(const Up *up);
    void count(Track &track);
    Duration slowDelay();
    static Error refined(const TransportEnd &end, const RetryDecision &decision, int closeCode);
    static QString seconds(Duration duration);

    // While up.
    void tickUp(Up &up, Duration late);
    void ping(Up &up, Duration timeout);
    void wake(Up &up);
    void hurry(const QString &why);
    Duration soon();
    void scheduleRenewal(Up &up);
    void askForRenewal(Up &up, bool force);
    void renewalToken(Up &up, const TokenReady &event);
    void renewByConnecting(Up &up, const QString &why);
    void retryRenewal(Up &up);
    bool mayAskForRenewal(const Up &up) const;

    // A second attempt while up.
    Replacement *replacementOf(AttemptId id, Replacement::Step step);
    void replacementStep(Up &up, Replacement::Step step, Duration timeout);
    void wantReplacement(Up &up, Instant at, const QString &why, std::optional<Instant> until);
    void hastenReplacement(Up &up, bool wasDown);
    void tickReplacement(Up &up);
    void beginReplacement(Up &up);
    void replacementToken(Up &up, const TokenReady &event);
    void openReplacement(Up &up);
    void replacementTokenFailed(Up &up, const Error &error);
    void replacementOver(Up &up, const TransportEnd &end);
    void retryReplacement(Up &up, const Error &error, Duration delay, Duration asked);
    void retryReplacement(Up &up, const Error &error, Duration asked);
    void stopReplacement(Up &up, const Error &error, const QString &why);
    void adoptReplacement(const Up &up);
    bool takesOver(const Up &up, RetryAction action, int closeCode) const;
    void promoteReplacement(const Up &up);
    void endDrain(Up &up);
    void leaveAlone(Up &up, int code);

    Up *upOf(AttemptId id);
    double chance();
    void add(Action action) { m_actions.push_back(std::move(action)); }

    ConnectionMachine &m;
    const ConnectionOptions &m_options;
    const Instant m_now;
    Actions m_actions;
};

} // namespace Watchword
