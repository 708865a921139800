// SPDX-License-Identifier: Apache-2.0
#include "countdown.h"

#include <algorithm>

namespace Watchword {

using namespace std::chrono_literals;

Countdown::Countdown(Clock &clock)
    : m_clock(clock)
    , m_alarm(clock)
{
    connect(&m_alarm, &Alarm::due, this, &Countdown::look);
}

void Countdown::setDeadline(std::optional<WallTime> deadline)
{
    m_deadline = deadline;
    look();
}

void Countdown::run()
{
    if (m_shown)
        return;
    m_shown = seconds();
    look();
}

Duration Countdown::left() const
{
    return m_deadline ? std::max<Duration>(*m_deadline - m_clock.wallNow(), 0ms) : 0ms;
}

int Countdown::seconds() const
{
    constexpr qint64 most = 1'000'000;
    return int(std::min<qint64>((left() + 999ms) / 1s, most));
}

void Countdown::look()
{
    if (!m_shown)
        return;
    const int now = seconds();
    if (now > 0)
        m_alarm.start(left() - std::chrono::seconds(now - 1));
    else
        m_alarm.cancel();
    if (std::exchange(m_shown, now) != now)
        Q_EMIT tick();
}

} // namespace Watchword
