// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <optional>

namespace Watchword::Gateway {

/*!
    A rate with a burst: holds at most \a burst, gains \a rate a second, starts full. A rate of 0 is no limit.
    Threads: reentrant value.
*/
class WATCHWORD_TEST_EXPORT TokenBucket
{
public:
    TokenBucket() = default;
    TokenBucket(double rate, double burst, Instant now);

    //! Takes \a amount and returns nothing, or takes nothing and returns how long until there is enough. An amount above
    //! the burst is taken when the bucket is full, and leaves a debt.
    std::optional<Duration> take(double amount, Instant now);
    //! Takes \a amount in any case; returns how long until the debt is paid, if that leaves one.
    std::optional<Duration> charge(double amount, Instant now);
    void give(double amount, Instant now); //!< Back, of what was taken.
    bool isFull(Instant now);
    void setRate(double rate, double burst); //!< Keeps what is in it, up to the new burst.

private:
    void fill(Instant now);

    double m_rate = 0;
    double m_burst = 0;
    double m_level = 0;
    Instant m_at{};
};

} // namespace Watchword::Gateway
