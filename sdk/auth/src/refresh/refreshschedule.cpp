// SPDX-License-Identifier: Apache-2.0
#include "refresh/refreshschedule.h"

#include "watchword/core/backoff.h"

#include <algorithm>

namespace Watchword {

using namespace std::chrono_literals;

namespace {

Duration fraction(Duration of, double part)
{
    return Duration(qint64(double(of.count()) * part));
}

} // namespace

Duration refreshLead(Duration lifetime)
{
    return std::min(std::clamp<Duration>(lifetime / 10, 60s, 300s), lifetime / 2);
}

Duration usabilityMargin(Duration lifetime)
{
    return std::min<Duration>(10s, lifetime / 4);
}

Duration refreshSpacing(Duration lifetime)
{
    return lifetime <= 1s ? Duration(30s) : std::clamp<Duration>(lifetime / 2, 1s, 30s);
}

RefreshPlan planRefresh(const TokenTimes &times, RandomSource &random)
{
    RefreshPlan plan;
    if (!times.lifetime)
        return plan;
    const Duration lifetime = std::max(*times.lifetime, Duration::zero());
    plan.expiry = times.received + lifetime;
    plan.hard = *plan.expiry - usabilityMargin(lifetime) - std::min(times.uncertainty, lifetime / 4);
    // A provider that hands out the same token until shortly before its end must not be asked in a circle.
    const Duration lead = times.expiryUnmoved ? std::min<Duration>(20s, lifetime / 2) : refreshLead(lifetime);
    const Duration jitter =
        times.expiryUnmoved ? Duration::zero() : fraction(std::min<Duration>(60s, lifetime / 10), random.nextUnit());
    const Instant earliest = times.received + refreshSpacing(lifetime);
    plan.soft = std::max(*plan.expiry - lead - jitter, earliest);
    // Such a provider gives nothing new before the end; ever shorter steps towards it would be a storm.
    if (times.expiryUnmoved && lifetime <= 20s)
        plan.soft = std::max(*plan.expiry, earliest);
    return plan;
}

Duration RetryPlanner::next(Cause cause, std::optional<Duration> retryAfter, RandomSource &random)
{
    m_failures = std::min(m_failures + 1, 1'000);
    switch (cause) {
    case Cause::Network: {
        const BackoffPolicy policy{.base = 1s, .floor = 250ms, .cap = 5min, .slowCap = 5min};
        return policy.delay(m_failures, Duration::zero(), random);
    }
    case Cause::Storage: {
        const BackoffPolicy policy{.base = 1s, .floor = 500ms, .cap = 60s, .slowCap = 60s};
        return policy.delay(m_failures, Duration::zero(), random);
    }
    case Cause::Busy: {
        // What it asks for is the least: who goes on saying "in a second" for an hour is not believed for an hour.
        const Duration least = std::min<Duration>(1s * (1 << std::min(m_failures - 1, 6)), 60s);
        const Duration wait = retryAfter ? std::max(std::clamp<Duration>(*retryAfter, 1s, 1h), least) : Duration(60s);
        return wait + fraction(wait / 5, random.nextUnit());
    }
    case Cause::Configuration:
        break;
    }
    return 1h;
}

void RetryPlanner::reset()
{
    m_failures = 0;
}

} // namespace Watchword
