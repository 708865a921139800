// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*!
    Notices that the machine has slept: the suspend-counting clock then is ahead of the one that stands still in sleep. Looks
    every 15 s, and whenever somebody asks who is about to do what must not be done into an unsettled network.
*/
class WATCHWORD_TEST_EXPORT WakeWatch : public QObject
{
    Q_OBJECT

public:
    explicit WakeWatch(Clock &clock, QObject *parent = nullptr);

    //! True if the machine has slept since the last look; wokeUp() was emitted then.
    bool look();

Q_SIGNALS:
    void wokeUp(Watchword::Duration slept);

private:
    Clock &m_clock;
    Alarm m_tick;
    Duration m_asleep; // so far, since the machine started
};

} // namespace Watchword
