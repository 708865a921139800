// SPDX-License-Identifier: Apache-2.0
#include "issuer/signinbrake.h"

#include <algorithm>

namespace Watchword::Gateway {

namespace {

constexpr qsizetype kMostCounters = 10'000;

// A line feed cannot be part of an address, so the two kinds of keys never meet.
QString pairKey(const QString &user, const QString &address)
{
    return address + QChar(u'\n') + user.toCaseFolded();
}

} // namespace

SignInBrake::SignInBrake(const SignInLimits &limits)
    : m_limits(limits)
{
}

std::optional<Duration> SignInBrake::wait(const QString &user, const QString &address, Instant now) const
{
    const std::optional<Duration> byUser = waitOf(pairKey(user, address), m_limits.failuresPerUser, now);
    const std::optional<Duration> byAddress = waitOf(address, m_limits.failuresPerAddress, now);
    return std::max(byUser, byAddress);
}

std::optional<Duration> SignInBrake::waitOf(const QString &key, int most, Instant now) const
{
    const auto found = m_counters.constFind(key);
    if (found == m_counters.constEnd() || found->failures < most)
        return std::nullopt;
    const Duration left = found->since + m_limits.window - now;
    return left.count() > 0 ? std::optional(left) : std::nullopt;
}

void SignInBrake::failed(const QString &user, const QString &address, Instant now)
{
    count(pairKey(user, address), now);
    count(address, now);
}

void SignInBrake::succeeded(const QString &user, const QString &address)
{
    m_counters.remove(pairKey(user, address));
}

void SignInBrake::count(const QString &key, Instant now)
{
    if (m_counters.size() >= kMostCounters && !m_counters.contains(key))
        makeRoom(now);
    Counter &counter = m_counters[key];
    if (counter.failures == 0 || counter.since + m_limits.window <= now)
        counter = {.failures = 0, .since = now};
    ++counter.failures;
}

void SignInBrake::makeRoom(Instant now)
{
    m_counters.removeIf([&](const auto &entry) { return entry.value().since + m_limits.window <= now; });
    if (m_counters.size() < kMostCounters)
        return;
    const auto oldest = std::min_element(m_counters.begin(), m_counters.end(),
                                         [](const Counter &a, const Counter &b) { return a.since < b.since; });
    m_counters.erase(oldest);
}

} // namespace Watchword::Gateway
