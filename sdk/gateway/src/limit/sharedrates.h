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
    std::optional<RateBreach> take(double messages, double bytes, Instant now); //!< All, or says what was too much.
    //! What is still to be paid before anything more, a message or only \a bytes of one, may be charged.
    std::optional<RateBreach> debt(double messages, Instant now);
    void charge(double messages, double bytes, Instant now);

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

    With WhenTooFast::Slow a message is taken when none of them is in debt, and may leave a debt. So no debt is larger than one
    message (in each thread that reads), and what a narrow rate holds back costs the wider ones nothing.
*/
class WATCHWORD_TEST_EXPORT ConnectionRates
{
public:
    ConnectionRates() = default;
    ConnectionRates(const EndpointLimits &limits, RateShares shares);

    //! What was too much. With Slow nothing is taken then: the message is to be asked for again after the wait.
    std::optional<RateBreach> take(double messages, double bytes, Instant now);
    //! With Slow: what is to be paid before a message is taken, by whichever connection it was made.
    std::optional<RateBreach> debt(double messages, Instant now) const;

private:
    EndpointLimits::WhenTooFast m_policy = EndpointLimits::WhenTooFast::Close;
    std::shared_ptr<SharedRate> m_own;
    RateShares m_shares;
};

} // namespace Watchword::Gateway
