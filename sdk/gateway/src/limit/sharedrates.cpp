// SPDX-License-Identifier: Apache-2.0
#include "limit/sharedrates.h"

#include "limit/addressrates.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

SharedRate::SharedRate(const QByteArray &whose, const RateLimit &limit, qint64 largestMessage)
    : m_messagesName(QString::fromLatin1(whose) + u"messages_per_second"_s)
    , m_bytesName(QString::fromLatin1(whose) + u"bytes_per_second"_s)
{
    setLimit(limit, largestMessage);
}

void SharedRate::setLimit(const RateLimit &limit, qint64 largestMessage)
{
    const std::lock_guard guard(m_mutex);
    const auto set = [](TokenBucket &bucket, double rate, double burst, bool isNew) {
        // Time zero: it is full whenever it is first asked, by whatever clock.
        if (isNew)
            bucket = TokenBucket(rate, burst, Instant{});
        else
            bucket.setRate(rate, burst);
    };
    set(m_messages, limit.messagesPerSecond, 2.0 * limit.messagesPerSecond, m_limit.messagesPerSecond == 0);
    set(m_bytes, double(limit.bytesPerSecond), double(std::max(2 * limit.bytesPerSecond, largestMessage)),
        m_limit.bytesPerSecond == 0);
    m_limit = limit;
}

std::optional<RateBreach> SharedRate::take(double messages, double bytes, Instant now)
{
    const std::lock_guard guard(m_mutex);
    if (messages > 0) {
        if (const std::optional<Duration> wait = m_messages.take(messages, now))
            return RateBreach{m_messagesName, m_limit.messagesPerSecond, *wait};
    }
    if (const std::optional<Duration> wait = m_bytes.take(bytes, now))
        return RateBreach{m_bytesName, m_limit.bytesPerSecond, *wait};
    return {};
}

std::optional<RateBreach> SharedRate::debt(double messages, Instant now)
{
    const std::lock_guard guard(m_mutex);
    const std::optional<Duration> ofMessages = messages > 0 ? m_messages.charge(0, now) : std::nullopt;
    const std::optional<Duration> ofBytes = m_bytes.charge(0, now);
    if (ofBytes && (!ofMessages || *ofBytes > *ofMessages))
        return RateBreach{m_bytesName, m_limit.bytesPerSecond, *ofBytes};
    if (ofMessages)
        return RateBreach{m_messagesName, m_limit.messagesPerSecond, *ofMessages};
    return {};
}

void SharedRate::charge(double messages, double bytes, Instant now)
{
    const std::lock_guard guard(m_mutex);
    m_messages.charge(messages, now);
    m_bytes.charge(bytes, now);
}

RateShares SharedRates::sharesOf(const QString &endpoint, const QString &user, const QHostAddress &address,
                                 const EndpointLimits &limits, Instant now)
{
    if (now - m_sweptAt > std::chrono::seconds(10))
        forget(now);
    RateShares shares;
    const auto share = [&](const RateLimit &limit, const QByteArray &whose, const QString &who) {
        if (limit.messagesPerSecond <= 0 && limit.bytesPerSecond <= 0)
            return;
        Entry &entry = m_rates[endpoint + u'|' + QString::fromLatin1(whose) + u'|' + who];
        if (entry.rate)
            entry.rate->setLimit(limit, limits.messageBytes);
        else
            entry.rate = std::make_shared<SharedRate>(whose, limit, limits.messageBytes);
        entry.unusedSince.reset();
        shares.push_back(entry.rate);
    };
    share(limits.ofUser, "user_", user);
    share(limits.ofAddress, "address_", AddressRates::networkOf(address));
    share(limits.ofEndpoint, "endpoint_", {});
    return shares;
}

void SharedRates::forget(Instant now)
{
    m_sweptAt = now;
    m_rates.removeIf([now](auto entry) {
        Entry &known = entry.value();
        if (known.rate.use_count() > 1)
            known.unusedSince.reset();
        else if (!known.unusedSince)
            known.unusedSince = now;
        return known.unusedSince && now - *known.unusedSince >= kRemembered;
    });
}

ConnectionRates::ConnectionRates(const EndpointLimits &limits, RateShares shares)
    : m_policy(limits.whenTooFast)
    , m_own(std::make_shared<SharedRate>(QByteArray(), RateLimit{limits.messagesPerSecond, limits.bytesPerSecond},
                                         limits.messageBytes))
    , m_shares(std::move(shares))
{
}

std::optional<RateBreach> ConnectionRates::take(double messages, double bytes, Instant now)
{
    if (!m_own)
        return {};
    if (m_policy == EndpointLimits::WhenTooFast::Slow) {
        if (const std::optional<RateBreach> owed = debt(messages, now))
            return owed;
        m_own->charge(messages, bytes, now);
        for (const std::shared_ptr<SharedRate> &share : m_shares)
            share->charge(messages, bytes, now);
        return {};
    }
    if (const std::optional<RateBreach> breach = m_own->take(messages, bytes, now))
        return breach;
    for (const std::shared_ptr<SharedRate> &share : m_shares) {
        if (const std::optional<RateBreach> breach = share->take(messages, bytes, now))
            return breach; // a message that is refused is not charged to the others
    }
    return {};
}

std::optional<RateBreach> ConnectionRates::debt(double messages, Instant now) const
{
    if (!m_own || m_policy != EndpointLimits::WhenTooFast::Slow)
        return {};
    std::optional<RateBreach> most = m_own->debt(messages, now);
    for (const std::shared_ptr<SharedRate> &share : m_shares) {
        const std::optional<RateBreach> owed = share->debt(messages, now);
        if (owed && (!most || owed->wait > most->wait))
            most = owed;
    }
    return most;
}

} // namespace Watchword::Gateway
