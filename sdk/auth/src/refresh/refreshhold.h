// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refreshschedule.h"
#include "watchword/core/testexport.h"

#include <variant>

namespace Watchword {

/*!
    Why the network holds a refresh back, without I/O.

        Free --failed()--> Failed, or AskedForTime if the provider answered --succeeded(), lifted()--> Free
         |                                                                                              ^
         +--pauses(): due, but there is no network--> NoNetwork --begun()---------------------------------+
*/
class WATCHWORD_TEST_EXPORT NetworkHold
{
public:
    struct Free
    {
    };
    struct Failed //!< It may be there again at the next request.
    {
        Instant until;
    };
    struct AskedForTime //!< A provider that is busy gets the time that it wants.
    {
        Instant until;
    };
    struct NoNetwork
    {
    };
    using State = std::variant<Free, Failed, AskedForTime, NoNetwork>;

    //! A refresh is due, and \a disconnected says that nothing will come of it. The second time it is tried all the same.
    bool pauses(bool disconnected);
    void begun();
    void failed(RetryPlanner::Cause cause, Duration wait, Instant now);
    void lifted() { m_state = Free{}; }
    //! A network that was gone is there again, or the machine woke up: what failed before is no sign of what will fail now.
    void networkChanged();
    //! How long nobody may ask the provider.
    std::optional<Duration> remaining(Instant now) const;
    bool waitsForNetwork() const;
    bool wantsNetwork() const; //!< A refresh would begin with it.
    const State &state() const { return m_state; }

private:
    State m_state;
};

/*!
    How sleep holds a refresh back, without I/O: none begins before the machine sleeps, and after it none is sent before the
    network has proved itself.

        Awake --aboutToSleep()--> GoingToSleep --defersRefresh()--> RefreshDue
          ^                             | woke()                    |
          +--networkProved()--- Woken <-+---------------------------+
*/
class WATCHWORD_TEST_EXPORT SleepHold
{
public:
    enum class Phase { Awake, GoingToSleep, RefreshDue, Woken };
    enum class Morning { NothingDue, RefreshDue };

    void aboutToSleep() { m_phase = Phase::GoingToSleep; }
    //! A refresh is wanted: true if it has to wait for the morning.
    bool defersRefresh();
    //! Nothing is due any more.
    void forget();
    Morning woke();
    //! The host was reached: true if it has to be reached once more, after a pause, since networks come up in stages.
    bool networkProved();
    bool maySend() const { return m_phase == Phase::Awake; }
    bool isGoingToSleep() const { return m_phase == Phase::GoingToSleep || m_phase == Phase::RefreshDue; }
    Phase phase() const { return m_phase; }

private:
    Phase m_phase = Phase::Awake;
};

} // namespace Watchword
