// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refreshhold.h"
#include "session/sleepsignal.h"
#include "session/wakewatch.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*!
    When the machine is about to sleep and when it woke, from whoever says it first: the system, the clocks, or a minute after it
    was said that the machine will sleep. Keeps the SleepHold of one session.
*/
class WATCHWORD_TEST_EXPORT SleepWatch : public QObject
{
    Q_OBJECT

public:
    explicit SleepWatch(Clock &clock, QObject *parent = nullptr);
    ~SleepWatch() override;

    //! Listens to the system, if \a clock is that of the machine.
    void listen();
    //! By the clocks: true if the machine has slept, and woke() was emitted.
    bool look() { return m_wake.look(); }
    SleepHold &hold() { return m_hold; }
    void inhibit(); //!< See SleepSignal.
    void release();

Q_SIGNALS:
    void aboutToSleep();
    void woke(Watchword::Duration slept, Watchword::SleepHold::Morning morning);

private:
    void onAboutToSleep();
    void onResumed();
    void onWokeUp(Duration slept);

    Clock &m_clock;
    SleepHold m_hold;
    WakeWatch m_wake;
    Alarm m_patience;
    std::unique_ptr<SleepSignal> m_signal; // empty: the clock is not the machine's
};

} // namespace Watchword
