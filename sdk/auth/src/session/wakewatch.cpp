// SPDX-License-Identifier: Apache-2.0
#include "session/wakewatch.h"

namespace Watchword {

using namespace std::chrono_literals;

namespace {

constexpr Duration kTick = 15s;
constexpr Duration kShortestSleep = 1s; // the two clocks are not read in the same instant

Duration asleepSoFar(const Clock &clock)
{
    return clock.now().time_since_epoch() - clock.awake();
}

} // namespace

WakeWatch::WakeWatch(Clock &clock, QObject *parent)
    : QObject(parent)
    , m_clock(clock)
    , m_tick(clock)
    , m_asleep(asleepSoFar(clock))
{
    connect(&m_tick, &Alarm::due, this, [this] {
        m_tick.start(kTick);
        look();
    });
    m_tick.start(kTick);
}

bool WakeWatch::look()
{
    const Duration asleep = asleepSoFar(m_clock);
    const Duration slept = asleep - m_asleep;
    if (slept < kShortestSleep)
        return false;
    m_asleep = asleep;
    Q_EMIT wokeUp(slept);
    return true;
}

} // namespace Watchword
