// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

#include <QByteArray>
#include <QDateTime>
#include <QObject>

#include <chrono>
#include <memory>

namespace Watchword {

/*! Tag of the time line that goes on counting while the machine sleeps (CLOCK_BOOTTIME and its likes). */
struct BootTime
{
    using rep = qint64;
    using period = std::milli;
    using duration = std::chrono::milliseconds;
    using time_point = std::chrono::time_point<BootTime>;
    static constexpr bool is_steady = true;
};

using Duration = std::chrono::milliseconds;
using Instant = std::chrono::time_point<BootTime, std::chrono::milliseconds>; //!< For deadlines; never steps.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>; //!< UTC; may step.

WATCHWORD_CORE_EXPORT WallTime wallTimeFromSeconds(qint64 secondsSinceEpoch);
WATCHWORD_CORE_EXPORT qint64 toSecondsSinceEpoch(WallTime time);
WATCHWORD_CORE_EXPORT QDateTime toDateTime(WallTime time); //!< In UTC.
WATCHWORD_CORE_EXPORT QString toRfc3339(WallTime time); //!< UTC with milliseconds and "Z".

/*!
    Where the time comes from. Everything that waits or compares times gets one, so that tests own the time.

    Threads: system() may be used in any thread; others in the thread they live in.
    Ownership: users borrow; the clock must outlive them.
*/
class WATCHWORD_CORE_EXPORT Clock : public QObject
{
    Q_OBJECT

public:
    ~Clock() override;

    virtual Instant now() const = 0; //!< Counts on during sleep, never goes back.
    virtual WallTime wallNow() const = 0; //!< What the machine believes the date to be.
    //! How long the machine has been awake: grows with now(), but stands still while the machine sleeps.
    virtual Duration awake() const;
    /*!
        Names the run of the machine that now() counts in, so that an Instant may be kept in a file and compared by another
        process. Empty where the system gives no such name; then an Instant means nothing outside its process.
    */
    virtual QByteArray bootId() const;
    //! False for clocks that only move when told; an Alarm then relies on advanced() alone.
    virtual bool runsByItself() const = 0;

    static Clock &system();

Q_SIGNALS:
    void advanced(); //!< A clock that does not run by itself was moved.

protected:
    explicit Clock(QObject *parent = nullptr);
};

/*!
    Emits due() once when its deadline is reached, on the suspend-counting time line.

    A QTimer stops counting in suspend; an Alarm looks again at least every 15 s, so it is late by that at most after a
    wake-up. start() again moves the deadline, cancel() and destruction silence it, a deadline in the past is due at the
    next turn of the event loop and never inside start().

    Threads: the one it lives in. Ownership: borrows the clock.
*/
class WATCHWORD_CORE_EXPORT Alarm : public QObject
{
    Q_OBJECT

public:
    explicit Alarm(Clock &clock, QObject *parent = nullptr);
    ~Alarm() override;

    void start(Duration after);
    void startAt(Instant deadline);
    void cancel();
    bool isActive() const;
    Instant deadline() const; //!< Only meaningful while active.

Q_SIGNALS:
    void due();

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
