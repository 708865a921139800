// SPDX-License-Identifier: Apache-2.0
#include "issuer/signinbrake.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostCounters = 10'000;

} // namespace

SignInBrake::SignInBrake(const SignInLimits &limits)
    : m_limits(limits)
{
}

// A line feed cannot be part of a network or a device, so the kinds of keys never meet.
QList<SignInBrake::Limited> SignInBrake::countersOf(const SignInTry &attempt) const
{
    const QString user = attempt.user.toCaseFolded();
    if (!attempt.device.isEmpty())
        return {{u"device\n"_s + attempt.device + u'\n' + user, m_limits.failuresPerUser}};
    return {{u"pair\n"_s + attempt.network + u'\n' + user, m_limits.failuresPerUser},
            {u"network\n"_s + attempt.network, m_limits.failuresPerAddress},
            {u"user\n"_s + user, m_limits.failuresPerAccount}};
}

std::optional<Duration> SignInBrake::take(const SignInTry &attempt, Instant now)
{
    const QList<Limited> counters = countersOf(attempt);
    std::optional<Duration> wait;
    for (const Limited &counter : counters)
        wait = std::max(wait, waitOf(counter, now));
    if (wait)
        return wait;
    for (const Limited &counter : counters)
        count(counter.key, now);
    return {};
}

std::optional<Duration> SignInBrake::waitOf(const Limited &counter, Instant now) const
{
    const auto found = m_counters.constFind(counter.key);
    if (found == m_counters.constEnd() || found->tries < counter.most)
        return std::nullopt;
    const Duration left = found->since + m_limits.window - now;
    return left.count() > 0 ? std::optional(left) : std::nullopt;
}

void SignInBrake::succeeded(const SignInTry &attempt)
{
    const QList<Limited> counters = countersOf(attempt);
    m_counters.remove(counters.first().key);
    for (const Limited &counter : counters.mid(1))
        uncount(counter.key);
}

void SignInBrake::notMade(const SignInTry &attempt)
{
    const QList<Limited> counters = countersOf(attempt);
    for (const Limited &counter : counters)
        uncount(counter.key);
}

void SignInBrake::count(const QString &key, Instant now)
{
    if (m_counters.size() >= kMostCounters && !m_counters.contains(key))
        makeRoom(now);
    Counter &counter = m_counters[key];
    if (counter.tries == 0 || counter.since + m_limits.window <= now)
        counter = {.tries = 0, .since = now};
    ++counter.tries;
}

void SignInBrake::uncount(const QString &key)
{
    const auto found = m_counters.find(key);
    if (found != m_counters.end() && --found->tries <= 0)
        m_counters.erase(found);
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
