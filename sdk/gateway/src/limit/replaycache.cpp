// SPDX-License-Identifier: Apache-2.0
#include "limit/replaycache.h"

#include <QCryptographicHash>

namespace Watchword::Gateway {

ReplayCache::ReplayCache(Duration age, qsizetype most, int mostOfAKey)
    : m_age(age)
    , m_most(most)
    , m_mostOfAKey(mostOfAKey)
{
}

void ReplayCache::forget(Instant now)
{
    while (!m_order.empty() && m_order.front().until <= now) {
        const Entry &oldest = m_order.front();
        m_entries.remove(oldest.name);
        if (const auto count = m_perKey.find(oldest.key); --*count == 0)
            m_perKey.erase(count);
        m_order.pop_front();
    }
}

ReplayCache::Verdict ReplayCache::take(const QString &key, const QString &id, Instant now)
{
    forget(now);
    // A client chooses the length of its "jti"; what is kept has always the same.
    const QByteArray name = QCryptographicHash::hash(key.toUtf8() + '\n' + id.toUtf8(), QCryptographicHash::Sha256);
    if (m_entries.contains(name))
        return Verdict::Used;
    if (m_entries.size() >= m_most || m_perKey.value(key) >= m_mostOfAKey)
        return Verdict::Full;
    m_entries.insert(name);
    ++m_perKey[key];
    m_order.push_back({now + m_age, name, key});
    return Verdict::Fresh;
}

} // namespace Watchword::Gateway
