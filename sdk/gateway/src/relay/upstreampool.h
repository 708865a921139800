// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <QList>
#include <QUrl>

#include <memory>
#include <vector>

namespace Watchword::Gateway {

/*!
    The servers behind an endpoint: which of them a client gets, and which are left alone for a while.

    A server that failed is tried last until kShortestRest is over, twice as long after each further failure up to
    kLongestRest; then again like the others. When none is up, all are tried: better than to refuse without a look.
    Threads: one. Pure but for the leases, which count themselves out.
*/
class WATCHWORD_TEST_EXPORT UpstreamPool
{
public:
    static constexpr Duration kShortestRest = std::chrono::seconds(1);
    static constexpr Duration kLongestRest = std::chrono::seconds(30);

    //! Those that stay keep what is known of them. \a draining get no new connections, unless there is no other.
    void setServers(const QList<QUrl> &urls, const QList<QUrl> &draining);
    QList<QUrl> urls() const;
    QList<QUrl> order(Instant now) const; //!< In which a new client tries them.
    bool failed(const QUrl &url, Instant now); //!< True if it was up until now.
    bool works(const QUrl &url); //!< True if it was not.
    std::shared_ptr<void> take(const QUrl &url); //!< A connection, as long as the lease lives.
    int connections(const QUrl &url) const;

private:
    struct Server
    {
        QUrl url;
        bool isDraining = false;
        int failures = 0; //!< Without a success in between.
        Instant restsUntil{};
        std::shared_ptr<int> connections = std::make_shared<int>(0);
    };
    Server *find(const QUrl &url);

    std::vector<Server> m_servers;
};

} // namespace Watchword::Gateway
