// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"

#include <chrono>
#include <optional>
#include <utility>

namespace Watchword {

/*! Looks at three clocks every so often: did the machine sleep, was the process stopped, or was the date set? */
class WakeDetector
{
public:
    using Awake = std::chrono::steady_clock::time_point; //!< On most systems it stands still while the machine sleeps.

    void start() { m_last.reset(); }

    bool look(Instant boot, WallTime wall, Awake awake, Duration interval)
    {
        using std::chrono::abs;
        constexpr Duration jump = std::chrono::seconds(5);
        const std::optional<Reading> last = std::exchange(m_last, Reading{boot, wall, awake});
        if (!last)
            return false;
        const Duration passed = boot - last->boot;
        return passed > 3 * interval || passed - (awake - last->awake) > jump || abs((wall - last->wall) - passed) > jump;
    }

private:
    struct Reading
    {
        Instant boot;
        WallTime wall;
        Awake awake;
    };
    std::optional<Reading> m_last;
};

} // namespace Watchword
