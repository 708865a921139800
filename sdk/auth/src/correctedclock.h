// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"

namespace Watchword {

/*! The one place that knows what time it is for tokens: the machine's date plus what is known about its error. */
class CorrectedClock
{
public:
    explicit CorrectedClock(Clock &clock)
        : m_clock(clock)
    {
    }

    WallTime now() const { return m_clock.wallNow() + m_offset; }
    Instant instant() const { return m_clock.now(); }
    Clock &source() const { return m_clock; }
    void setOffset(Duration offset) { m_offset = offset; }

private:
    Clock &m_clock;
    Duration m_offset = Duration::zero();
};

} // namespace Watchword
