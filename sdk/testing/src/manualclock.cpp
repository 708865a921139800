// SPDX-License-Identifier: Apache-2.0
#include "watchword/testing/manualclock.h"

namespace Watchword {

ManualClock::ManualClock(QObject *parent)
    : ManualClock(wallTimeFromSeconds(1'767'225'600), parent)
{
}

ManualClock::ManualClock(WallTime start, QObject *parent)
    : Clock(parent)
    , m_now(std::chrono::hours(1)) // not zero: a default-constructed Instant must lie in the past
    , m_wall(start)
{
}

ManualClock::~ManualClock() = default;

Instant ManualClock::now() const
{
    return m_now;
}

WallTime ManualClock::wallNow() const
{
    return m_wall;
}

bool ManualClock::runsByItself() const
{
    return false;
}

void ManualClock::advance(Duration by)
{
    Q_ASSERT(by >= Duration::zero());
    m_now += by;
    m_wall += by;
    Q_EMIT advanced();
}

void ManualClock::setWall(WallTime time)
{
    m_wall = time;
    Q_EMIT advanced();
}

void ManualClock::stepWall(Duration by)
{
    setWall(m_wall + by);
}

} // namespace Watchword
