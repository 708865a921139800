// SPDX-License-Identifier: Apache-2.0
#include "refresh/tokenlife.h"

#include <algorithm>

namespace Watchword {

using namespace std::chrono_literals;

namespace {

bool isSameEnd(const std::optional<Instant> &before, Instant now, Duration lifetime)
{
    if (!before)
        return false;
    const Duration moved = now > *before ? now - *before : *before - now;
    return moved <= std::min<Duration>(2s, lifetime / 4);
}

} // namespace

// When the request left that brought the token; empty if nobody can know.
std::optional<Instant> TokenLife::receivedAt(const TokenSet &tokens, const CorrectedClock &clock) const
{
    const Instant now = clock.instant();
    if (tokens.sentAt && tokens.bootId == clock.run())
        return *tokens.sentAt <= now ? tokens.sentAt : std::nullopt;
    if (!clock.source().bootId().isEmpty())
        return std::nullopt;
    if (!tokens.issuedAt)
        return now;
    const Duration age = clock.now() - *tokens.issuedAt;
    if (age < -60s) // issued in the future: the date was set back
        return std::nullopt;
    return now - std::max(age, Duration::zero());
}

void TokenLife::take(const TokenSet &tokens, const CorrectedClock &clock, RandomSource &random)
{
    const QString fingerprint = tokens.accessToken.isEmpty() ? QString() : tokens.accessToken.fingerprint();
    const std::optional<Instant> end = m_plan.expiry;
    const Instant now = clock.instant();
    const std::optional<Instant> received = receivedAt(tokens, clock);
    TokenTimes times;
    times.received = received.value_or(now);
    if (tokens.expiresAt && tokens.issuedAt)
        times.lifetime = *tokens.expiresAt - *tokens.issuedAt;
    if (!tokens.sentAt || tokens.bootId != clock.run())
        times.uncertainty = clock.uncertainty();
    if (times.lifetime)
        times.expiryUnmoved = fingerprint != m_fingerprint && isSameEnd(end, times.received + *times.lifetime, *times.lifetime);
    m_received = times.received;
    m_arrived = now;
    m_fingerprint = fingerprint;
    m_plan = planRefresh(times, random);
    if (!received && times.lifetime)
        m_plan.soft = m_plan.hard = m_plan.expiry = now;
}

void TokenLife::clear()
{
    *this = {};
}

bool TokenLife::isLive(Instant now) const
{
    return !m_fingerprint.isEmpty() && !isRejected() && (!m_plan.expiry || now < *m_plan.expiry);
}

bool TokenLife::isForWaitingRequests(Instant now) const
{
    if (m_fingerprint.isEmpty() || isRejected() || !m_plan.expiry || m_arrived < *m_plan.expiry || now - m_arrived > 1s)
        return false;
    const Duration lifetime = *m_plan.expiry - m_received;
    return lifetime > Duration::zero() && lifetime <= 1s && m_arrived - m_received < refreshSpacing(lifetime);
}

bool TokenLife::isGoodFor(const TokenRequest &request, Instant now) const
{
    if (!isLive(now) || m_fingerprint == request.rejectedFingerprint)
        return false;
    if (!m_plan.expiry)
        return true;
    // Nobody can ask a token that lives 5 s to be good for 10 s more.
    const Duration margin = *m_plan.expiry - *m_plan.hard;
    const Duration wanted = std::min(request.minimumValidity, std::max(margin, (*m_plan.expiry - m_received) / 4));
    return now + wanted <= *m_plan.expiry;
}

Duration TokenLife::spacing() const
{
    return m_plan.expiry ? refreshSpacing(*m_plan.expiry - m_received) : Duration(60s);
}

std::optional<Duration> TokenLife::storm(Instant now) const
{
    const bool isGood = isLive(now) && (!m_plan.hard || now < *m_plan.hard);
    if (isGood || !m_lastRefreshed || now - *m_lastRefreshed >= spacing())
        return std::nullopt;
    return spacing() - (now - *m_lastRefreshed);
}

} // namespace Watchword
