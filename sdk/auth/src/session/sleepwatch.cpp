// SPDX-License-Identifier: Apache-2.0
#include "session/sleepwatch.h"

namespace Watchword {

using namespace std::chrono_literals;

namespace {

constexpr Duration kLongestGoodNight = 60s; // awake after it was said that the machine will sleep

} // namespace

SleepWatch::SleepWatch(Clock &clock, QObject *parent)
    : QObject(parent)
    , m_clock(clock)
    , m_wake(clock)
    , m_patience(clock)
{
    connect(&m_wake, &WakeWatch::wokeUp, this, &SleepWatch::onWokeUp);
    connect(&m_patience, &Alarm::due, this, &SleepWatch::onResumed);
}

SleepWatch::~SleepWatch() = default;

void SleepWatch::listen()
{
    if (!m_clock.runsByItself())
        return;
    m_signal = std::make_unique<SleepSignal>();
    connect(m_signal.get(), &SleepSignal::aboutToSleep, this, &SleepWatch::onAboutToSleep);
    connect(m_signal.get(), &SleepSignal::resumed, this, &SleepWatch::onResumed);
}

void SleepWatch::inhibit()
{
    if (m_signal)
        m_signal->inhibit();
}

void SleepWatch::release()
{
    if (m_signal)
        m_signal->release();
}

void SleepWatch::onAboutToSleep()
{
    m_hold.aboutToSleep();
    m_patience.start(kLongestGoodNight);
    Q_EMIT aboutToSleep();
}

// Also if the machine stayed awake after all. The clocks may have told it before, and say how long it was.
void SleepWatch::onResumed()
{
    if (m_hold.isGoingToSleep() && !m_wake.look())
        onWokeUp(Duration::zero());
}

void SleepWatch::onWokeUp(Duration slept)
{
    m_patience.cancel();
    Q_EMIT woke(slept, m_hold.woke());
}

} // namespace Watchword
