// SPDX-License-Identifier: Apache-2.0
#include "limit/addressrates.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

std::optional<Duration> AddressRates::take(const QString &key, const QHostAddress &address, double rate, double burst,
                                           Instant now)
{
    if (rate <= 0)
        return {};
    if (now - m_sweptAt > std::chrono::seconds(10) || m_buckets.size() >= kMostAddresses)
        forgetFull(now);
    QString name = key + u'|' + networkOf(address);
    if (m_buckets.size() >= kMostAddresses && !m_buckets.contains(name))
        name = key + u"|*"_s;
    auto it = m_buckets.find(name);
    if (it == m_buckets.end())
        it = m_buckets.insert(name, TokenBucket(rate, burst, now));
    else
        it->setRate(rate, burst);
    return it->take(1, now);
}

void AddressRates::give(const QString &key, const QHostAddress &address, Instant now)
{
    if (const auto it = m_buckets.find(key + u'|' + networkOf(address)); it != m_buckets.end())
        it->give(1, now);
}

QString AddressRates::networkOf(const QHostAddress &address)
{
    bool isV4 = false;
    const quint32 v4 = address.toIPv4Address(&isV4);
    if (isV4)
        return QHostAddress(v4).toString();
    Q_IPV6ADDR v6 = address.toIPv6Address();
    for (int i = 8; i < 16; ++i)
        v6[i] = 0;
    return QHostAddress(v6).toString();
}

void AddressRates::forgetFull(Instant now)
{
    // A sweep of a table that stays full must not be paid by every handshake.
    if (now - m_sweptAt < std::chrono::seconds(1) && m_sweptAt != Instant{})
        return;
    m_sweptAt = now;
    m_buckets.removeIf([now](auto entry) { return entry.value().isFull(now); });
}

} // namespace Watchword::Gateway
