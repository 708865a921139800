// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/random.h"

#include <optional>

namespace Watchword {

/*!
    How long to wait before trying again: full jitter, delay = random(0, min(cap, base * 2^n)), never below floor.
    After slowAfter of outage the cap rises to slowCap.
*/
struct WATCHWORD_CORE_EXPORT BackoffPolicy
{
    Duration base{500};
    Duration floor{250};
    Duration cap{20'000};
    Duration slowCap{120'000};
    Duration slowAfter{120'000};
    Duration retryAfterLimit{300'000}; //!< A Retry-After above this is cut to it.

    //! \a failures counts the failed tries of this outage and starts at 1; \a outage is its age.
    Duration delay(int failures, Duration outage, RandomSource &random) const;
    //! max(\a own, \a retryAfter) plus up to 20 %, so that clients that were told the same number do not all return at once.
    Duration withRetryAfter(Duration own, std::optional<Duration> retryAfter, RandomSource &random) const;
};

} // namespace Watchword
