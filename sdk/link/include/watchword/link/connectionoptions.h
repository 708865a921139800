// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/backoff.h"
#include "watchword/core/clock.h"
#include "watchword/core/closepolicy.h"
#include "watchword/core/random.h"
#include "watchword/core/result.h"
#include "watchword/link/export.h"
#include "watchword/link/transport.h"

#include <QByteArray>
#include <QList>
#include <QMap>
#include <QNetworkProxy>
#include <QSslCertificate>
#include <QStringList>
#include <QUrl>

#include <functional>
#include <memory>

namespace Watchword {

/*!
    How a Connection reaches its server and how patient it is. The defaults suit a desktop application; most set url
    alone.

    Ownership: clock and random are borrowed and must outlive every Connection that uses them.
    Units: std::chrono; sizes in bytes.
*/
struct WATCHWORD_LINK_EXPORT ConnectionOptions
{
    QUrl url {}; //!< wss://host[:port]/path. User info, fragments and tokens in the query are refused.
    QByteArray origin {}; //!< The declared Origin (RFC 6454), as "https://orders.example.com"; empty sends none.
    QStringList subprotocols {}; //!< Offered after "watchword.v1". RFC 6455 section 4.1 item 10.
    bool offerWatchword = true; //!< False leaves every frame untouched, whatever the server speaks.

    QList<QSslCertificate> certificateAuthorities {}; //!< Trusted beside those of the operating system.
    //! SHA-256 of SubjectPublicKeyInfo (RFC 7469 section 2.4), 32 bytes each. When not empty, one of them must match
    //! before the request, and with it the token, leaves this machine. Keep a backup pin.
    QList<QByteArray> pinnedKeys {};
    bool allowLoopbackPlain = false; //!< Permits ws:// to 127.0.0.0/8, ::1 and localhost, for development.
    QMap<QByteArray, QByteArray> headers {}; //!< Added to the upgrade request; names and values are validated.
    QNetworkProxy proxy { QNetworkProxy::DefaultProxy };

    Duration connectTimeout { 10'000 }; //!< DNS, TCP, proxy, TLS and the server's answer to the upgrade.
    Duration tokenTimeout { 10'000 }; //!< For the TokenProvider's answer before an attempt.
    Duration readyTimeout { 5'000 }; //!< From the 101 to the server's "hello"; watchword.v1 only.
    Duration pongTimeout { 10'000 }; //!< After a heartbeat without any sign of life.
    Duration probeTimeout { 3'000 }; //!< The same for the probe after the machine woke up.
    Duration closeTimeout { 2'000 }; //!< For what is still to be sent when close() is called.
    Duration renewTimeout { 10'000 }; //!< For the server's answer to an in-band renewal.
    Duration heartbeat { 25'000 }; //!< Silence after which the peer is asked for a sign of life; "hello" may change it.
    Duration stableAfter { 10'000 }; //!< Being ready this long ends an outage and resets the backoff.
    Duration planned { 5'000 }; //!< Spread of the first try after the server said that it restarts (RFC 6455 7.2.3).

    BackoffPolicy backoff {};
    ClosePolicy closePolicy = ClosePolicy::defaultPolicy();
    int budgetAttempts = 10; //!< At most so many attempts ...
    Duration budgetWindow { 60'000 }; //!< ... in any window of this length, whoever asks for them.

    qint64 highWater = 1024 * 1024; //!< send..() answers QueueFull above; plain and encrypted bytes count.
    qint64 lowWater = 256 * 1024; //!< queueDrained() is emitted when the queue falls to this.
    qint64 offlineQueue = 256 * 1024; //!< Bytes that Delivery::QueueUntilReady may hold.
    qint64 unacknowledged = 1024 * 1024; //!< Bytes that sendAcknowledged() may have in flight or waiting.
    qint64 maximumMessage = 16 * 1024 * 1024; //!< Largest message accepted from the server, else close 1009.

    Clock *clock = nullptr; //!< Null: Clock::system().
    RandomSource *random = nullptr; //!< Null: RandomSource::system().
    TransportFactory transport {}; //!< Empty: TLS WebSocket. Tests put a FaultyTransport here.

    //! What would be refused by Connection::open(), with the name of the member to change.
    Result<void> validate() const;
};

} // namespace Watchword
