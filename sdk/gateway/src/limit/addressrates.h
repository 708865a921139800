// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "limit/tokenbucket.h"
#include "watchword/core/testexport.h"

#include <QHash>
#include <QHostAddress>

namespace Watchword::Gateway {

/*!
    One bucket for each key and address. IPv6 addresses share the bucket of their /64, since one machine owns that much.
    Remembers at most kMostAddresses; full buckets are forgotten first, and beyond that new addresses share one bucket.
    Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT AddressRates
{
public:
    static constexpr qsizetype kMostAddresses = 50'000;

    std::optional<Duration> take(const QString &key, const QHostAddress &address, double rate, double burst, Instant now);
    void give(const QString &key, const QHostAddress &address, Instant now); //!< One back: it turned out to be right.
    qsizetype size() const { return m_buckets.size(); }

    static QString networkOf(const QHostAddress &address);

private:
    void forgetFull(Instant now);

    QHash<QString, TokenBucket> m_buckets;
    Instant m_sweptAt{};
};

} // namespace Watchword::Gateway
