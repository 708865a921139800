// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/clientsocket.h"
#include "watch/watchtables.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"
#include "watchword/gateway/identity.h"

#include <QFuture>
#include <QHostAddress>
#include <QStringList>
#include <QUrl>

namespace Watchword::Gateway {

class AuditLog;

//! What became of the connections that an operator asked to end.
struct DisconnectOutcome
{
    QStringList done; //!< Are being closed.
    QStringList gone; //!< Had ended already, or never existed.
};

/*! The way from the watch service to the connections; the gate implements it. */
struct ConnectionControl
{
    virtual ~ConnectionControl() = default;
    /*!
        Closes \a ids with \a code (4403, 4410 or 4411) and \a reason, with a last "bye" that carries \a after. 4410 also
        revokes the sessions at the embedded issuer. The audit entry of the action is written already; the closes write
        their own.
    */
    virtual DisconnectOutcome disconnectConnections(const QStringList &ids, int code, const QString &reason,
                                                    std::chrono::milliseconds after, const Identity &by) = 0;
};

/*! What the service says about its gateway in "hello". */
struct WatchServerInfo
{
    QString server = QStringLiteral("watchword-gateway");
    QString node;
    QString version;
    WallTime startedAt{};
    std::optional<int> tlsDaysLeft; //!< Of the gateway's certificate.
};

struct WatchLimits
{
    qsizetype rowsPerFrame = 100; //!< Protocol: at most 500. Small frames keep what is in flight small.
    qsizetype rowsPerTurn = 500; //!< Rows and events over all monitors: what one turn of the event loop may cost.
    qint64 stallAt = 256 * 1024; //!< Bytes that a monitor has not read yet at which nothing more is written to it.
    qint64 resumeAt = 64 * 1024;
    Duration stallLimit = std::chrono::seconds(30); //!< Without progress for so long: closed with 4440.
    Duration markEvery = std::chrono::seconds(5);
    Duration auditMarkEvery = std::chrono::seconds(15);
    Duration viewTimeout = std::chrono::seconds(10); //!< For the "view" of a new watcher, else 1008.
    Duration tokenGrace = std::chrono::seconds(10); //!< After exp, before 4401.
    int mostMonitors = 64;
};

/*!
    The gateway's end of the watch stream and the audit stream (protocol.md sections 5 and 6).

    The gate validates the upgrade and hands over the socket with its identity; the service checks scopes
    (gw:read to watch, gw:kick to act, gw:audit for the audit stream; a missing one closes with 4403), serves snapshots,
    deltas and events, and cuts at the end of the token. It never brakes the traffic: a turn of the event loop writes a
    bounded number of rows, and a monitor that does not read costs two cursors and at most limits.stallAt bytes. What was read is
   known by WebSocket pings sent behind the data: the operating system's buffers would hide megabytes.

    An action is written to the audit before it is done, and refused when that fails.

    Threads: the one it lives in. Ownership: takes the sockets; borrows everything else, which must outlive it.
    Destruction closes every socket with 1001.
*/
class WATCHWORD_TEST_EXPORT WatchService : public QObject
{
    Q_OBJECT

public:
    //! An "auth.refresh", and the connection it is for.
    struct Renewal
    {
        Secret token;
        std::optional<QByteArray> proof{}; //!< The member "dpop".
        QUrl url{}; //!< Of the upgrade, for the proof.
        QString keyOfConnection{}; //!< Identity::keyThumbprint of the token before.
        QHostAddress from{}; //!< Where the monitor is.
    };
    //! Validates a renewal; finishes in the service's thread. Without one, renewals fail with 4402. WrongNonce and
    //! InvalidRequest say that only the proof was wrong, IdentityChanged that the token is bound to another key than the
    //! connection's, TemporarilyUnavailable that nothing was.
    using TokenCheck = std::function<QFuture<Result<Identity>>(const Renewal &renewal)>;
    using NonceSource = std::function<QByteArray()>; //!< The nonce for the next proof; empty: none is wanted.
    //! A renewal was refused for its token; how long to wait, if that are too many.
    using FailureCount = std::function<std::optional<Duration>(const QHostAddress &peer, const Identity &whose)>;

    WatchService(WatchTables &tables, AuditLog &audit, ConnectionControl &control, Clock &clock, WatchServerInfo info,
                 WatchLimits limits = {}, QObject *parent = nullptr);
    ~WatchService() override;

    void setTokenCheck(TokenCheck check, NonceSource nonce = {});
    void setFailureCount(FailureCount count); //!< Without one, failed renewals are not limited.
    void setCanary(std::chrono::milliseconds time); //!< For the marks from now on.
    void setServerInfo(const WatchServerInfo &info); //!< For the next "hello"; after a certificate reload.

    //! \a url is that of the upgrade, as proofs have to name it; without one no bound token can be renewed.
    //! \a peer is where the monitor is.
    void acceptWatch(std::unique_ptr<ClientSocket> socket, const Identity &identity, const QUrl &url = {},
                     const QHostAddress &peer = {});
    //! \a after is the query value of the upgrade, empty if there was none.
    void acceptAudit(std::unique_ptr<ClientSocket> socket, const Identity &identity, const QString &after, const QUrl &url = {},
                     const QHostAddress &peer = {});
    //! Closes with \a code the streams of all that \a isMeant.
    void closeStreams(int code, const std::function<bool(const Identity &identity, const QHostAddress &peer)> &isMeant);
    void forEachMonitor(const std::function<void(const Identity &, const QHostAddress &)> &visit) const;
    //! Closes every stream with 1012 (restart) or another \a code; new ones are refused with 1013.
    void drain(int code);

    int monitorCount() const; //!< Watch and audit streams.

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword::Gateway
