// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"

#include <optional>

namespace Watchword {

/*!
    Whole seconds to a deadline, rounded up, for people to read. tick() comes at each change while it runs.

    Threads: the one it lives in. Ownership: borrows the clock.
*/
class Countdown : public QObject
{
    Q_OBJECT

public:
    explicit Countdown(Clock &clock);

    void setDeadline(std::optional<WallTime> deadline); //!< Empty: 0 seconds.
    void run(); //!< From now on tick() comes; twice: no effect.
    int seconds() const;

Q_SIGNALS:
    void tick();

private:
    Duration left() const;
    void look();

    Clock &m_clock;
    Alarm m_alarm;
    std::optional<WallTime> m_deadline;
    std::optional<int> m_shown; // empty: it does not run
};

} // namespace Watchword
