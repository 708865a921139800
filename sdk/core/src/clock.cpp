// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/clock.h"

#include <QDateTime>
#include <QFile>
#include <QTimer>

#include <algorithm>

#ifdef Q_OS_WIN
#include <qt_windows.h>
#else
#include <ctime>
#endif
#ifdef Q_OS_MACOS
#include <sys/sysctl.h>
#endif

namespace Watchword {

using namespace std::chrono_literals;

namespace {

// The longest that a deadline can be missed after the machine wakes up; see the documentation of Alarm.
constexpr Duration kLongestTick = 15s;

#ifndef Q_OS_WIN
Duration readClock(clockid_t id)
{
    timespec time{};
    clock_gettime(id, &time);
    return Duration(qint64(time.tv_sec) * 1000 + time.tv_nsec / 1'000'000);
}
#endif

QByteArray readBootId()
{
#if defined(Q_OS_LINUX)
    QFile file(QStringLiteral("/proc/sys/kernel/random/boot_id"));
    return file.open(QIODevice::ReadOnly) ? file.read(64).trimmed() : QByteArray();
#elif defined(Q_OS_MACOS)
    char text[64] = {};
    size_t size = sizeof text - 1;
    return sysctlbyname("kern.bootsessionuuid", text, &size, nullptr, 0) == 0 ? QByteArray(text) : QByteArray();
#else
    return {};
#endif
}

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
        return Instant(readClock(id));
#endif
    }
    Duration awake() const override
    {
#if defined(Q_OS_WIN)
        ULONGLONG ticks = 0;
        QueryUnbiasedInterruptTime(&ticks);
        return Duration(qint64(ticks / 10'000));
#elif defined(Q_OS_MACOS)
        return readClock(CLOCK_UPTIME_RAW);
#else
        return readClock(CLOCK_MONOTONIC);
#endif
    }
    QByteArray bootId() const override
    {
        static const QByteArray id = readBootId();
        return id;
    }
    WallTime wallNow() const override
    {
        return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    }
    bool runsByItself() const override
    {
        return true;
    }
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

QDateTime toDateTime(WallTime time)
{
    return QDateTime::fromMSecsSinceEpoch(time.time_since_epoch().count(), Qt::UTC);
}

QString toRfc3339(WallTime time)
{
    return toDateTime(time).toString(Qt::ISODateWithMs);
}

Clock::Clock(QObject *parent)
    : QObject(parent)
{
}

Clock::~Clock() = default;

Duration Clock::awake() const
{
    return now().time_since_epoch();
}

QByteArray Clock::bootId() const
{
    return {};
}

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
    Instant deadline{};
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
