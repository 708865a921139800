// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/backoff.h"

#include <algorithm>

namespace Watchword {

namespace {

Duration scaled(Duration duration, double factor)
{
    return Duration(qint64(double(duration.count()) * factor));
}

} // namespace

Duration BackoffPolicy::delay(int failures, Duration outage, RandomSource &random) const
{
    const Duration ceiling = outage >= slowAfter ? slowCap : cap;
    Duration window = base;
    for (int i = 0; i < failures && window < ceiling; ++i)
        window *= 2;
    window = std::min(window, ceiling);
    return std::max(floor, scaled(window, random.nextUnit()));
}

Duration BackoffPolicy::withRetryAfter(Duration own, std::optional<Duration> retryAfter, RandomSource &random) const
{
    if (!retryAfter)
        return own;
    const Duration asked = std::clamp(*retryAfter, Duration::zero(), retryAfterLimit);
    return std::max(own, asked + scaled(asked, 0.2 * random.nextUnit()));
}

} // namespace Watchword
