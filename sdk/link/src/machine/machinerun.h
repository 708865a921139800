// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/connectionmachine.h"
#include "machine/judgement.h"

namespace Watchword {

/*!
    One step of the machine: changes its state and collects the actions.

    What gets an Attempt works for the attempt that the machine is in and for the replacement beside a connection alike.
    Those of them that may end the attempt are called last: the reference is not valid afterwards.
*/
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
    void on(const SpokePlainly &event);
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
    // The way in.
    using Step = Attempt::Step;
    Attempt *attemptOf(AttemptId id, Step step); //!< Null unless it is in that step.
    bool isReplacement() const { return std::holds_alternative<Up>(m.m_state); } //!< What an Attempt at hand is.
    Attempt &attemptAfter(const Up &up); //!< The state is what follows the end of \a up.
    void enter(Attempt &attempt, Step step, Duration timeout);
    void begin(Attempt &attempt, const QString &why);
    bool isPutOff(Attempt &replacement);
    void openTransport(Attempt &attempt);
    void accept(Attempt attempt, const Hello &hello, bool watchword);
    void goOnAsPlain(Attempt &attempt);
    void tick(Attempt &attempt);
    Instant budgetAllowsAt();
    void waitForBudget(Attempt &attempt);

    // The way out: every attempt and every connection ends in over(), every life of the machine in finish().
    void tokenFailed(Attempt &attempt, const Error &error);
    void over(Attempt &attempt, const TransportEnd &end, const Up *lost = nullptr);
    void lose(const TransportEnd &end);
    void act(Attempt &attempt, const Judgement &judgement, bool expiredInUse);
    void refused(Attempt &attempt, const Judgement &judgement, bool expiredInUse);
    void backOff(Attempt &attempt, Track Outage::*track, const Error &error, Duration asked, bool isPlanned = false);
    void wait(Attempt &attempt, const Error &error, Duration delay, Duration asked, const QString &why);
    void giveUp(const Attempt &attempt, const Error &error, bool personNeeded, const QString &why);
    void finish(const Error &reason, bool personNeeded);
    void count(Track &track);
    Duration slowDelay();
    static QString seconds(Duration duration);

    // While up.
    void tickUp(Up &up, Duration late);
    void ping(Up &up, Duration timeout);
    void wake(Up &up);
    void hurry(Attempt &attempt, const QString &why);
    Duration soon();
    void scheduleRenewal(Up &up);
    void askForRenewal(Up &up, bool force);
    void renewalToken(Up &up, const TokenReady &event);
    void renewByConnecting(Up &up, const QString &why);
    void retryRenewal(Up &up);
    bool mayAskForRenewal(const Up &up) const;
    bool wasStable(const Up &up) const;

    // A second attempt while up.
    void wantReplacement(Up &up, Instant at, const QString &why, std::optional<Instant> until);
    bool takesOver(const Up &lost, const Judgement &judgement) const;
    void promoteReplacement(const Up &lost, const Outage &outage);
    void endDrain(Up &up);
    void endBesides(Up &up, int code); //!< All but the connection itself: what drains and what replaces it.
    void abandonReplacement(const Up &up, int code);

    Up *upOf(AttemptId id);
    double chance() { return random().nextUnit(); }
    RandomSource &random();
    void add(Action action) { m_actions.push_back(std::move(action)); }

    ConnectionMachine &m;
    const ConnectionOptions &m_options;
    const Instant m_now;
    Actions m_actions;
};

} // namespace Watchword
