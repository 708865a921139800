// SPDX-License-Identifier: Apache-2.0
#include "session/correctedclock.h"

#include <QUuid>

#include <algorithm>
#include <utility>

namespace Watchword {

using namespace std::chrono_literals;

namespace {

constexpr size_t kSamples = 5;
constexpr Duration kLongestExchange = 5s;
constexpr Duration kStep = 2s;
constexpr Duration kUnknown = 2s;
constexpr Duration kAssumed = 5s;
// Checks of "iat", "exp" and the like forgive this much by themselves.
constexpr Duration kLeeway = 60s;

} // namespace

CorrectedClock::CorrectedClock(Clock &clock)
    : m_clock(clock)
    , m_run(clock.bootId().isEmpty() ? QUuid::createUuid().toByteArray(QUuid::WithoutBraces) : clock.bootId())
    , m_base(wallAgainstInstant())
{
}

Duration CorrectedClock::wallAgainstInstant() const
{
    return m_clock.wallNow().time_since_epoch() - m_clock.now().time_since_epoch();
}

void CorrectedClock::lookForStep() const
{
    const Duration base = wallAgainstInstant();
    const bool stepped = base - m_base > kStep || m_base - base > kStep;
    m_base = base; // drift is followed, steps are not
    if (!stepped)
        return;
    m_samples.clear();
    m_assumed.reset();
    m_stepped = true;
}

void CorrectedClock::observe(const ServerTime &time)
{
    lookForStep();
    const Duration trip = time.received - time.sent;
    if (trip < 0s || trip > kLongestExchange)
        return;
    const Instant middle = time.sent + trip / 2;
    // The machine's date in the middle of the exchange; no step lies between, or the samples before it are gone.
    const Duration local = middle.time_since_epoch() + m_base;
    m_samples.push_back({time.date.time_since_epoch() + 500ms - local, trip / 2 + 1s});
    if (m_samples.size() > kSamples)
        m_samples.erase(m_samples.begin());
}

void CorrectedClock::assume(Duration offset)
{
    lookForStep();
    m_assumed = offset;
}

Duration CorrectedClock::offset() const
{
    lookForStep();
    if (m_samples.empty())
        return m_assumed.value_or(Duration::zero());
    std::vector<Duration> offsets;
    for (const Sample &sample : m_samples)
        offsets.push_back(sample.offset);
    std::sort(offsets.begin(), offsets.end());
    const size_t middle = offsets.size() / 2;
    return offsets.size() % 2 ? offsets[middle] : (offsets[middle - 1] + offsets[middle]) / 2;
}

Duration CorrectedClock::uncertainty() const
{
    lookForStep();
    if (m_samples.empty())
        return m_assumed ? kAssumed : kUnknown;
    Duration most = Duration::zero();
    for (const Sample &sample : m_samples)
        most = std::max(most, sample.uncertainty);
    return most;
}

bool CorrectedClock::isMeasured() const
{
    lookForStep();
    return !m_samples.empty();
}

bool CorrectedClock::takeStep()
{
    lookForStep();
    return std::exchange(m_stepped, false);
}

std::optional<std::chrono::seconds> CorrectedClock::takeWarning()
{
    if (!isMeasured())
        return std::nullopt;
    const auto ahead = std::chrono::round<std::chrono::seconds>(-offset());
    const bool wrong = ahead > kLeeway || ahead < -kLeeway;
    const auto worth = wrong ? ahead : std::chrono::seconds(0);
    const bool same = worth == m_warned || (wrong && m_warned.count() != 0 && std::chrono::abs(worth - m_warned) <= kLeeway);
    if (same)
        return std::nullopt;
    m_warned = worth;
    return worth;
}

} // namespace Watchword
