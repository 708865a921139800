// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/backoff.h"
#include "watchword/core/clock.h"
#include "watchword/core/closepolicy.h"
#include "watchword/core/random.h"
#include "watchword/core/result.h"
#include "watchword/link/authstrategy.h"
#include "watchword/link/compressionoptions.h"
#include "watchword/link/connectbudget.h"
#include "watchword/link/export.h"
#include "watchword/link/transport.h"

#include <QByteArray>
#include <QList>
#include <QMap>
#include <QNetworkProxy>
#include <QSsl>
#include <QSslCertificate>
#include <QSslKey>
#include <QStringList>
#include <QUrl>

#include <functional>
#include <memory>

namespace Watchword {

class NetworkHints;

/*!
    How a Connection reaches its server and how patient it is. The defaults suit a desktop application; most set url
    alone.

    Ownership: clock, random and networkHints are borrowed and must outlive every Connection that uses them.
    Units: std::chrono; sizes in bytes.
*/
struct WATCHWORD_LINK_EXPORT ConnectionOptions
{
    QUrl url{}; //!< wss://host[:port]/path. User info, fragments and tokens in the query are refused.
    QByteArray origin{}; //!< The declared Origin (RFC 6454), as "https://orders.example.com"; empty sends none.
    QStringList subprotocols{}; //!< Offered after "watchword.v1". RFC 6455 section 4.1 item 10.
    //! How the token travels and how the server speaks about the connection; null: Authorization header, frames untouched.
    //! A token that is bound to a key (RFC 9449) needs that header: with a strategy that leaves it out the connection stops.
    std::shared_ptr<const AuthStrategy> strategy{};
    //! False leaves every frame untouched, whatever the server speaks. A server that repeats what it is offered and does not
    //! say "hello" within readyTimeout is found out, and taken for a plain one from then on; false saves it that time.
    bool offerWatchword = true;

    QList<QSslCertificate> certificateAuthorities{}; //!< Only these are trusted; empty: those of the system.
    QList<QSslCertificate> additionalCertificateAuthorities{}; //!< Trusted beside them, or beside those of the system.
    //! SHA-256 of SubjectPublicKeyInfo (RFC 7469 section 2.4), 32 bytes each. When not empty, the key of the server's own
    //! certificate must be one of them before the request, and with it the token, leaves this machine; not one further
    //! up in the chain, which the server can choose freely. Pin a second key that is kept in a safe place: without it the
    //! loss of the first locks every client out.
    QList<QByteArray> pinnedKeys{};
    //! A pin that does not match is reported by errorOccurred(PinMismatch) and in the log, and the attempt goes on: for
    //! trying pins out.
    bool pinsReportOnly = false;
    //! For servers that ask who connects (mutual TLS): the certificate, then those between it and its authority.
    QList<QSslCertificate> clientCertificates{};
    QSslKey clientKey{}; //!< Of the first of clientCertificates.
    QSsl::SslProtocol minimumTls = QSsl::TlsV1_2OrLater; //!< Or QSsl::TlsV1_3OrLater. Nothing older.
    bool allowLoopbackPlain = false; //!< Permits ws:// to 127.0.0.0/8, ::1 and localhost, for development.
    QByteArray userAgent{}; //!< Of the upgrade request and of CONNECT to a proxy; empty: "Watchword/" and its version.
    QMap<QByteArray, QByteArray> headers{}; //!< Added to the upgrade request; names and values are validated.
    //! HTTP CONNECT and SOCKS5, with user name and password if they want them (Basic; SOCKS5: RFC 1929). TLS is spoken
    //! with the server, through the proxy. The default is QNetworkProxy::applicationProxy().
    QNetworkProxy proxy{QNetworkProxy::DefaultProxy};
    //! How many redirects of the upgrade request (301, 302, 303, 307, 308) are followed, at most 3. Only to the same
    //! scheme; at another host or port without the token and without headers, so not with a strategy that sends it in
    //! another way. 0, the default, refuses them: a server that moved is a change that somebody should know of.
    int maximumRedirects = 0;

    Duration connectTimeout{10'000}; //!< DNS, TCP, proxy, TLS and the server's answer to the upgrade.
    Duration tokenTimeout{10'000}; //!< For the TokenProvider's answer before an attempt.
    Duration readyTimeout{5'000}; //!< From the 101 to the server's "hello"; watchword.v1 only.
    Duration pongTimeout{10'000}; //!< After a heartbeat without any sign of life.
    Duration probeTimeout{3'000}; //!< The same for the probe after the machine woke up.
    Duration closeTimeout{2'000}; //!< For what is still to be sent when close() is called.
    Duration renewTimeout{10'000}; //!< For the server's answer to an in-band renewal.
    Duration requestTimeout{10'000}; //!< For the answer to Connection::request().
    Duration heartbeat{25'000}; //!< Silence after which the peer is asked for a sign of life; "hello" may change it.
    Duration wakeCheck{5'000}; //!< How often it is looked whether the machine slept or the process was stopped.
    Duration stableAfter{10'000}; //!< Being ready this long ends an outage and resets the backoff.
    Duration planned{5'000}; //!< Spread of the first try after the server said that it restarts (RFC 6455 7.2.3).

    //! A connection that has to be replaced (a renewed token that the server takes only at connecting, an announced end,
    //! Connection::replace()) stays in use until the next one is accepted. False: such a token ends it first on
    //! watchword.v1 servers; on others it lives as long as the server lets it, and announced ends are waited for.
    bool makeBeforeBreak = true;
    Duration drainTimeout{2'000}; //!< How long a replaced connection may take to answer what is outstanding on it.
    qint64 drainBytes = 1024 * 1024; //!< Received on the new connection and held back meanwhile; beyond, the old one is cut.

    BackoffPolicy backoff{};
    //! What each status, close code and network error means. The server may make it stricter by "hello".
    ClosePolicy closePolicy = ClosePolicy::defaultPolicy();
    //! At most so many attempts at one server (host and port) by all Connections of the program, whoever asks for them ...
    int budgetAttempts = 10;
    Duration budgetWindow{60'000}; //!< ... in any window of this length, at most one hour.
    std::shared_ptr<ConnectBudget> budget{}; //!< Empty: ConnectBudget::process(). See there.

    qint64 highWater = 1024 * 1024; //!< send..() answers QueueFull above; plain and encrypted bytes count.
    qint64 lowWater = 256 * 1024; //!< queueDrained() is emitted when the queue falls to this.
    qint64 offlineQueue = 256 * 1024; //!< Bytes that may be held while they cannot go out.
    qint64 unacknowledged = 1024 * 1024; //!< Bytes that Delivery::AtLeastOnce may have in flight or waiting.
    qint64 maximumMessage = 16 * 1024 * 1024; //!< Largest message accepted from the server, else close 1009.

    CompressionOptions compression{}; //!< Off unless it is asked for.
    Engine engine = Engine::Wire; //!< See there what the other one does not do.

    //! Null: systemNetworkHints(), unless the server is on a loopback address or \a clock does not run by itself.
    NetworkHints *networkHints = nullptr;
    Clock *clock = nullptr; //!< Null: Clock::system().
    RandomSource *random = nullptr; //!< Null: RandomSource::system().
    TransportFactory transport{}; //!< Empty: TLS WebSocket. Tests put a FaultyTransport here.

    //! What would be refused by Connection::open(), with the name of the member to change.
    Result<void> validate() const;
};

} // namespace Watchword
