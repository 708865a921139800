// SPDX-License-Identifier: Apache-2.0
#include "watchword/testing/manualclock.h"

#include <QUuid>

namespace Watchword {

ManualClock::ManualClock(QObject *parent)
    : ManualClock(wallTimeFromSeconds(1'767'225'600), parent)
{
}

ManualClock::ManualClock(WallTime start, QObject *parent)
    : Clock(parent)
    , m_now(std::chrono::hours(1)) // not zero: a default-constructed Instant must lie in the past
    , m_bootId(QUuid::createUuid().toByteArray(QUuid::WithoutBraces))
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

Duration ManualClock::awake() const
{
    return m_now.time_since_epoch() - m_slept;
}

QByteArray ManualClock::bootId() const
{
    return m_bootId;
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

void ManualClock::sleep(Duration by)
{
    m_slept += by;
    advance(by);
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
