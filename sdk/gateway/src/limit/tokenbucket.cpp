// SPDX-License-Identifier: Apache-2.0
#include "limit/tokenbucket.h"

#include <algorithm>
#include <cmath>

namespace Watchword::Gateway {

TokenBucket::TokenBucket(double rate, double burst, Instant now)
    : m_rate(rate)
    , m_burst(burst)
    , m_level(burst)
    , m_at(now)
{
}

std::optional<Duration> TokenBucket::take(double amount, Instant now)
{
    if (m_rate <= 0)
        return {};
    fill(now);
    const double needed = std::min(amount, m_burst);
    if (m_level >= needed) {
        m_level -= amount;
        return {};
    }
    return Duration(std::max<qint64>(1, qint64(std::ceil((needed - m_level) / m_rate * 1000.0))));
}

std::optional<Duration> TokenBucket::charge(double amount, Instant now)
{
    if (m_rate <= 0)
        return {};
    fill(now);
    m_level -= amount;
    if (m_level >= 0)
        return {};
    return Duration(std::max<qint64>(1, qint64(std::ceil(-m_level / m_rate * 1000.0))));
}

void TokenBucket::give(double amount, Instant now)
{
    fill(now);
    m_level = std::min(m_burst, m_level + amount);
}

bool TokenBucket::isFull(Instant now)
{
    fill(now);
    return m_level >= m_burst;
}

void TokenBucket::setRate(double rate, double burst)
{
    m_rate = rate;
    m_burst = burst;
    m_level = std::min(m_level, burst);
}

void TokenBucket::fill(Instant now)
{
    const double seconds = double((now - m_at).count()) / 1000.0;
    m_level = std::min(m_burst, m_level + std::max(0.0, seconds) * m_rate);
    m_at = std::max(m_at, now);
}

} // namespace Watchword::Gateway
