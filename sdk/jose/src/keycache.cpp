// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/keycache.h"

#include <algorithm>

namespace Watchword {

namespace {

// Strangers choose these names: bound how many are kept, and how long they are.
constexpr qsizetype kMostRemembered = 256;
constexpr qsizetype kLongestKeyId = 256;

} // namespace

KeyCache::KeyCache(KeyCachePolicy policy, RandomSource &random)
    : m_policy(policy)
    , m_random(&random)
{
}

KeyCache::Answer KeyCache::keysFor(const QString &keyId, Instant now)
{
    const bool fetching = isFetching(now);
    if (!m_keys.isEmpty() && now >= m_expiresAt + m_policy.staleLimit)
        m_keys = {};
    if (m_keys.isEmpty())
        return waitOrFetch(now);
    if (!keyId.isEmpty() && !m_keys.containsKeyId(keyId))
        return forUnknown(keyId, now);
    Answer answer;
    answer.action = Action::UseKeys;
    answer.keys = m_keys;
    answer.refreshDue = now >= m_expiresAt && now >= m_retryAt && !fetching;
    return answer;
}

KeyCache::Answer KeyCache::waitOrFetch(Instant now) const
{
    Answer answer;
    if (m_fetchStartedAt) {
        answer.action = Action::Wait;
        answer.retryAt = *m_fetchStartedAt + m_policy.fetchLimit;
    } else if (now < m_retryAt) {
        answer.action = Action::Wait;
        answer.retryAt = m_retryAt;
    }
    return answer;
}

KeyCache::Answer KeyCache::forUnknown(const QString &keyId, Instant now)
{
    Answer answer;
    const auto known = m_unknown.constFind(keyId);
    if (keyId.size() > kLongestKeyId || (known != m_unknown.cend() && now < *known + m_policy.unknownKeyMemory)) {
        answer.action = Action::UnknownKey;
        answer.retryAt = (known == m_unknown.cend() ? now : *known) + m_policy.unknownKeyMemory;
        return answer;
    }
    answer = waitOrFetch(now);
    if (answer.action == Action::Fetch && m_unknownFetchAt && now < *m_unknownFetchAt + m_policy.unknownKeyInterval) {
        answer.action = Action::Wait;
        answer.retryAt = *m_unknownFetchAt + m_policy.unknownKeyInterval;
        return answer;
    }
    // The end of this fetch, or of the one that runs already, answers for this name as well.
    if ((answer.action == Action::Fetch || m_fetchStartedAt) && m_wanted.size() < kMostRemembered)
        m_wanted.insert(keyId);
    return answer;
}

bool KeyCache::isFetching(Instant now)
{
    if (m_fetchStartedAt && now >= *m_fetchStartedAt + m_policy.fetchLimit)
        fetchFailed(now);
    return m_fetchStartedAt.has_value();
}

void KeyCache::fetchStarted(Instant now)
{
    m_fetchStartedAt = now;
    if (!m_wanted.isEmpty())
        m_unknownFetchAt = now;
}

void KeyCache::fetched(const JwkSet &keys, QByteArrayView cacheControl, Instant now)
{
    if (keys.isEmpty()) {
        fetchFailed(now);
        return;
    }
    m_keys = keys;
    m_fetchedAt = now;
    m_fetchStartedAt.reset();
    m_failures = 0;
    m_retryAt = {};
    m_expiresAt = now + std::clamp(maxAgeOf(cacheControl).value_or(m_policy.usualAge), m_policy.shortestAge, m_policy.longestAge);
    m_unknown.removeIf([&](const QHash<QString, Instant>::iterator &entry) {
        return now >= entry.value() + m_policy.unknownKeyMemory || keys.containsKeyId(entry.key());
    });
    for (const QString &keyId : std::as_const(m_wanted)) {
        if (!keys.containsKeyId(keyId) && m_unknown.size() < kMostRemembered)
            m_unknown.insert(keyId, now);
    }
    m_wanted.clear();
}

void KeyCache::fetchFailed(Instant now, std::optional<Duration> retryAfter)
{
    m_fetchStartedAt.reset();
    if (m_failures++ == 0)
        m_outageSince = now;
    const Duration own = m_policy.backoff.delay(m_failures, now - m_outageSince, *m_random);
    m_retryAt = now + m_policy.backoff.withRetryAfter(own, retryAfter, *m_random);
}

std::optional<Duration> KeyCache::maxAgeOf(QByteArrayView cacheControl)
{
    std::optional<Duration> age;
    for (const QByteArray &part : cacheControl.toByteArray().toLower().split(',')) {
        const QByteArray directive = part.trimmed();
        if (directive == "no-store" || directive == "no-cache" || directive.startsWith("no-cache="))
            return Duration::zero();
        if (!directive.startsWith("max-age="))
            continue;
        QByteArray digits = directive.mid(8).trimmed();
        if (digits.size() > 1 && digits.startsWith('"') && digits.endsWith('"'))
            digits = digits.sliced(1, digits.size() - 2);
        const bool numeric =
            !digits.isEmpty() && std::all_of(digits.cbegin(), digits.cend(), [](char c) { return c >= '0' && c <= '9'; });
        // RFC 9111 section 1.2.2: what does not fit counts as very large.
        if (numeric && !age)
            age = std::chrono::seconds(digits.size() > 9 ? 999'999'999 : digits.toLongLong());
    }
    return age;
}

} // namespace Watchword
