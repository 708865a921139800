// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/clock.h"

#include <QDateTime>
#include <QTimer>

#include <algorithm>

#ifdef Q_OS_WIN
#include <qt_windows.h>
#else
#include <ctime>
#endif

namespace Watchword {

using namespace std::chrono_literals;

namespace {

// The longest that a deadline can be missed after the machine wakes up; see the documentation of Alarm.
constexpr Duration kLongestTick = 15s;

class SystemClock final : public Clock
{
public:
    Instant now() const override
    {
#ifdef Q_OS_WIN
        ULONGLONG ticks = 0; // 100 ns, counting through suspend
        QueryInterruptTime(&ticks);
        return Instant(Duration(qint64(ticks / 10'000)));
#else
#ifdef CLOCK_BOOTTIME
        constexpr clockid_t id = CLOCK_BOOTTIME;
#else
        constexpr clockid_t id = CLOCK_MONOTONIC; // macOS counts through suspend here
#endif
        timespec time {};
        clock_gettime(id, &time);
        return Instant(Duration(qint64(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000));
#endif
    }
    WallTime wallNow() const override
    {
        return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    }
    bool runsByItself() const override { return true; }
};

} // namespace

WallTime wallTimeFromSeconds(qint64 secondsSinceEpoch)
{
    // Input comes from the network: stay inside what milliseconds can hold.
    constexpr qint64 limit = 253'402'300'799; // the end of the year 9999
    return WallTime(std::chrono::seconds(std::clamp<qint64>(secondsSinceEpoch, -limit, limit)));
}

qint64 toSecondsSinceEpoch(WallTime time)
{
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

QString toRfc3339(WallTime time)
{
    return QDateTime::fromMSecsSinceEpoch(time.time_since_epoch().count(), Qt::UTC).toString(Qt::ISODateWithMs);
}

Clock::Clock(QObject *parent)
    : QObject(parent)
{
}

Clock::~Clock() = default;

Clock &Clock::system()
{
    static SystemClock clock;
    return clock;
}

class Alarm::Private
{
public:
    Private(Clock &c, Alarm *alarm)
        : clock(c)
        , q(alarm)
    {
        timer.setSingleShot(true);
        timer.setTimerType(Qt::PreciseTimer);
    }

    void arm()
    {
        const Duration left = std::max(deadline - clock.now(), Duration::zero());
        if (clock.runsByItself())
            timer.start(std::min(left, kLongestTick));
        else if (left == Duration::zero())
            timer.start(0ms);
        else
            timer.stop();
    }

    void look()
    {
        if (!active)
            return;
        if (clock.now() < deadline) {
            arm();
            return;
        }
        active = false;
        timer.stop();
        Q_EMIT q->due();
    }

    Clock &clock;
    Alarm *q;
    QTimer timer;
    Instant deadline {};
    bool active = false;
};

Alarm::Alarm(Clock &clock, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(clock, this))
{
    connect(&d->timer, &QTimer::timeout, this, [this] { d->look(); });
    connect(&clock, &Clock::advanced, this, [this] { d->look(); });
}

Alarm::~Alarm() = default;

void Alarm::start(Duration after)
{
    const Instant now = d->clock.now();
    // "Never" is asked for as Duration::max().
    startAt(after < Instant::max() - now ? now + after : Instant::max());
}

void Alarm::startAt(Instant deadline)
{
    d->deadline = deadline;
    d->active = true;
    d->arm();
}

void Alarm::cancel()
{
    d->active = false;
    d->timer.stop();
}

bool Alarm::isActive() const
{
    return d->active;
}

Instant Alarm::deadline() const
{
    return d->deadline;
}

} // namespace Watchword
