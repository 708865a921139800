// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "limit/tokenbucket.h"
#include "watchword/gateway/endpointconfig.h"

#include <QHash>
#include <QHostAddress>
#include <QString>

#include <memory>
#include <mutex>
#include <vector>

namespace Watchword::Gateway {

/*! A rate that was exceeded. */
struct RateBreach
{
    QString limit; //!< As the setting is called: "user_messages_per_second".
    qint64 most = 0;
    Duration wait{}; //!< Until the rate is kept again.
};

/*! The rate that several connections have together, in whatever threads they are read. Threads: any. */
class WATCHWORD_TEST_EXPORT SharedRate
{
public:
    SharedRate(const QByteArray &whose, const RateLimit &limit, qint64 largestMessage);

    void setLimit(const RateLimit &limit, qint64 largestMessage); //!< Keeps what is in the buckets.
    //! With Close: takes all, or less and says what was too much. With Slow: takes all, and says what to wait for.
    std::optional<RateBreach> take(double messages, double bytes, EndpointLimits::WhenTooFast policy, Instant now);

private:
    const QString m_messagesName;
    const QString m_bytesName;
    std::mutex m_mutex;
    RateLimit m_limit;
    TokenBucket m_messages;
    TokenBucket m_bytes;
};

using RateShares = std::vector<std::shared_ptr<SharedRate>>;

/*!
    The shared rates of all endpoints: by user, by address (IPv6 by /64) and of the endpoint as a whole.

    A rate is remembered for a minute after the last connection that has it, so that a new connection does not begin with a full
    bucket. So there are no more than were admitted in that time. Threads: one; what it returns may be used in any.
*/
class WATCHWORD_TEST_EXPORT SharedRates
{
public:
    static constexpr std::chrono::minutes kRemembered{1};

    //! What a connection of \a user (issuer and subject) from \a address to \a endpoint has to keep, the narrowest first.
    RateShares sharesOf(const QString &endpoint, const QString &user, const QHostAddress &address, const EndpointLimits &limits,
                        Instant now);
    qsizetype size() const { return m_rates.size(); }

private:
    struct Entry
    {
        std::shared_ptr<SharedRate> rate;
        std::optional<Instant> unusedSince{};
    };
    void forget(Instant now);

    QHash<QString, Entry> m_rates;
    Instant m_sweptAt{};
};

/*!
    All rates that one connection has to keep: its own, and its shares. Threads: one at a time.
*/
class WATCHWORD_TEST_EXPORT ConnectionRates
{
public:
    ConnectionRates() = default;
    ConnectionRates(const EndpointLimits &limits, RateShares shares);

    std::optional<RateBreach> take(double messages, double bytes, Instant now);

private:
    EndpointLimits::WhenTooFast m_policy = EndpointLimits::WhenTooFast::Close;
    std::shared_ptr<SharedRate> m_own;
    RateShares m_shares;
};

} // namespace Watchword::Gateway
