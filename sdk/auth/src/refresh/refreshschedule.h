// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/random.h"
#include "watchword/core/testexport.h"

#include <optional>

namespace Watchword {

/*! When to refresh a token, and until when it may be handed out. All instants are on the suspend-counting time line. */
struct RefreshPlan
{
    std::optional<Instant> soft; //!< Refresh in the background; callers still get the token. Empty: never by time.
    std::optional<Instant> hard; //!< From here on callers wait for the refresh.
    std::optional<Instant> expiry; //!< From here on the token is never handed out.
};

/*! What a plan depends on. */
struct TokenTimes
{
    Instant received{}; //!< When the answer with this token came.
    std::optional<Duration> lifetime; //!< From received; empty: the provider did not say.
    Duration uncertainty = Duration::zero(); //!< Of the clock, when the lifetime was computed from wall times.
    bool expiryUnmoved = false; //!< The last refresh brought the same expiry as the one before.
};

//! lead = min(max(L/10, 60 s), 300 s), at most L/2.
WATCHWORD_TEST_EXPORT Duration refreshLead(Duration lifetime);
//! How far before its end a token of this lifetime stops being handed out: 10 s, for short lives a quarter of them.
WATCHWORD_TEST_EXPORT Duration usabilityMargin(Duration lifetime);
/*!
    The least time between two refreshes of tokens of this lifetime, whatever asks for them: half the lifetime, at least 1 s and
   at most 30 s; 30 s for tokens of a second, because no refresh keeps up with those. The floor of every schedule.
*/
WATCHWORD_TEST_EXPORT Duration refreshSpacing(Duration lifetime);
WATCHWORD_TEST_EXPORT RefreshPlan planRefresh(const TokenTimes &times, RandomSource &random);

/*! How long to wait after a refresh that failed, by what kind of failure it was. */
class WATCHWORD_TEST_EXPORT RetryPlanner
{
public:
    enum class Cause {
        Network, //!< Not sent, or ambiguous.
        Busy, //!< The provider, or what stands before it, answered that it cannot.
        Storage, //!< Disk or lock.
        Configuration //!< A mistake of the client's registration; only the provider's administrator can help.
    };

    Duration next(Cause cause, std::optional<Duration> retryAfter, RandomSource &random);
    void reset();
    int failures() const { return m_failures; }

private:
    int m_failures = 0;
};

} // namespace Watchword
