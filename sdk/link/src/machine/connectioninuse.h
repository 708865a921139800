// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/attempt.h"
#include "machine/heartbeat.h"
#include "machine/tokenrenewal.h"

namespace Watchword {

/*!
    A connection A that is in use, and what stands beside it: another Attempt B, its replacement, while A delivers, and after
    the swap the connection that was replaced.

        {A} --(renewed token, announced end, replace())--> {A, Attempt B} --(accepted: Replaced)--+
                                                                                                v
        {B} <--(A answered everything, ended, or its time is over: EndDrain A)-- {B, Draining{A}}

    - A replacement begins only when nothing is draining: there are never more than two transports, and two only from
      StartTransport B to EndDrain A.
    - What happens to B never changes A: failures are reported (ReportReplacement) and tried again with backoff; final
      answers, and a token of somebody else, end the replacement and nothing more.
    - If A is lost before B is accepted, B is the attempt (PromoteReplacement), in the step where it is, without
      another unit of the budget. If A's end is final, B is given up with it, unless A ended because B replaced it.
    - If B is lost while A drains, the connection is lost: EndDrain A, and on as after any loss.

    Threads: none; one owner. After an Outcome that is not Continues the owner has another state, and this one is over.
*/
class WATCHWORD_TEST_EXPORT ConnectionInUse : public LinkActions
{
public:
    enum class Speech { Plain, Watchword };
    struct Continues
    {
    };
    struct Over
    {
        Attempt next; //!< What follows.
        Attempt::Outcome outcome; //!< Of that, so far.
    };
    struct Replaced
    {
        Attempt by;
        std::optional<Hello> hello;
    };
    using Outcome = std::variant<Continues, Over, Replaced>;

    //! The one that \a attempt led to. \a hello: empty for a plain server. \a replaced: what was in use before.
    ConnectionInUse(const Attempt &attempt, const std::optional<Hello> &hello, const ConnectionInUse *replaced, LinkStep &step);

    AttemptId id() const { return m_id; }
    bool isWatchword() const { return m_speech == Speech::Watchword; }
    Instant deadline() const; //!< When on(Tick) is due.
    bool isAlive(AttemptId id) const; //!< It, or what stands beside it, holds a transport of this id.
    const Attempt::Outage &outage() const { return m_outage; }
    const TokenRenewal &renewal() const { return m_renewal; }
    const std::optional<Attempt> &replacement() const { return m_replacement; }
    AttemptId replacementId() const; //!< 0: none has begun.
    AttemptId drainingId() const { return m_draining ? m_draining->id : 0; }

    void noteActivity(Instant now) { m_heartbeat.onActivity(now); }
    void endOtherTransports(int code, LinkStep &step); //!< All but the connection itself.
    Outcome on(const Tick &, LinkStep &step);
    Outcome on(const Probe &, LinkStep &step);
    Outcome on(const Woke &, LinkStep &step);
    Outcome on(const NetworkUp &event, LinkStep &step);
    Outcome on(const TokenReady &event, LinkStep &step);
    Outcome on(const TokenFailed &event, LinkStep &step);
    Outcome on(const TokenChanged &, LinkStep &step);
    Outcome on(const Hello &event, LinkStep &step);
    Outcome on(const Pong &event, LinkStep &step);
    Outcome on(const RenewalAccepted &event, LinkStep &step);
    Outcome on(const RenewalRefused &event, LinkStep &step);
    Outcome on(const RenewalDue &event, LinkStep &step);
    Outcome on(const Farewell &event, LinkStep &step);
    Outcome on(const Ended &event, LinkStep &step);
    Outcome on(const Replace &, LinkStep &step);
    Outcome on(const EndAnnounced &event, LinkStep &step);
    Outcome on(const Drained &event, LinkStep &step);
    Outcome on(const Upgraded &event, LinkStep &step);
    Outcome on(const SpokePlainly &event, LinkStep &step);

private:
    struct Draining //!< The connection that was replaced.
    {
        AttemptId id;
        Instant latest;
        Instant deadline; //!< At most latest.
    };
    struct Leaving //!< The server said "bye", and has until then to go.
    {
        Farewell farewell;
        Instant deadline;
    };
    bool wasStable(const LinkStep &step) const { return step.now - m_since >= step.context.options().stableAfter; }
    template <typename T>
    Outcome toReplacement(const T &event, LinkStep &step);
    Outcome settle(const Attempt::Outcome &outcome, LinkStep &step);
    Outcome drop(const TransportEnd &end, LinkStep &step); //!< It is of no use any more, and lost.
    Outcome lose(const TransportEnd &end, LinkStep &step);
    Outcome tick(Duration late, LinkStep &step);
    void wake(LinkStep &step);
    bool mayAskForToken(const LinkStep &step) const;
    Outcome connectForToken(const std::optional<QString> &why, LinkStep &step);
    Outcome wantReplacement(Instant at, const QString &why, std::optional<Instant> until, LinkStep &step);
    Outcome tickReplacement(LinkStep &step);
    void endDrain(LinkStep &step);

    AttemptId m_id;
    Speech m_speech;
    Heartbeat m_heartbeat;
    TokenRenewal m_renewal;
    Attempt::Outage m_outage; //!< Before it; ends when the connection was stable.
    Instant m_since;
    std::optional<Leaving> m_leaving{};
    std::optional<Attempt> m_replacement{};
    std::optional<Draining> m_draining{};
};

} // namespace Watchword
