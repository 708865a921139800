// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <QByteArray>
#include <QMap>

#include <array>

namespace Watchword::Gateway {

/*! How long something took, in the buckets of a Prometheus histogram. */
struct Histogram
{
    static constexpr std::array kBounds{5, 10, 25, 50, 100, 250, 500, 1000, 2500}; //!< Milliseconds

    std::array<quint64, kBounds.size() + 1> counts{}; //!< By bucket, the last without a bound.
    qint64 sum = 0; //!< Milliseconds

    WATCHWORD_TEST_EXPORT void observe(Duration time);
};

//! The gateway's counters, since its start. Plain numbers: one thread.
struct Metrics
{
    quint64 accepted = 0; //!< Sockets
    QMap<QByteArray, quint64> dropped; //!< Sockets over a limit, closed unseen, by limit.
    QMap<QByteArray, QMap<QByteArray, quint64>> serversDropped; //!< The same at "issuer" and "api".
    QMap<QByteArray, quint64> cut; //!< Connections that broke a bound, by bound.
    QMap<QByteArray, quint64> limitsBroken; //!< Of these, the ones that were judged in the Qt thread.
    QMap<QByteArray, quint64> slowed; //!< Times that a client was not read for a while, by the rate it was over.
    quint64 tlsFailed = 0;
    quint64 tlsResumed = 0;
    quint64 opened = 0; //!< Connections
    quint64 httpRequests = 0; //!< That are no upgrades, and went to an upstream.
    quint64 renewed = 0;
    quint64 renewalsFailed = 0;
    quint64 messagesIn = 0;
    quint64 messagesOut = 0;
    quint64 bytesIn = 0;
    quint64 bytesOut = 0;
    QMap<int, quint64> refused; //!< By HTTP status.
    QMap<int, quint64> closed; //!< By close code.

    QMap<QByteArray, quint64> roomQuestions; //!< To the webhooks of rooms, by what came of them.

    Histogram ended; //!< From a revocation, lock or logout to the end of each connection that it concerned.

    Histogram canary; //!< The same of the gateway's own connection (Canary).
    quint64 canaryFailed = 0; //!< Rounds in which it was not cut, or not let in.

    int sockets = 0; //!< Now
    int locks = 0; //!< Now
    int handshakes = 0; //!< Now
    int connections = 0; //!< Now
    int upstreams = 0; //!< TCP connections to servers behind endpoints, now.
    quint64 upstreamsOpened = 0;
    quint64 memory = 0; //!< Resident bytes now.

    WATCHWORD_TEST_EXPORT QByteArray toPrometheus() const; //!< Text format 0.0.4.
};

} // namespace Watchword::Gateway
