// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/bridge.h"
#include "endpoint/endpointservice.h"
#include "endpoint/peer.h"
#include "watch/watchservice.h"

#include <QHash>
#include <QSet>

#include <functional>
#include <map>
#include <vector>

namespace Watchword::Gateway {

class RelayService;
struct Lock;

/*! An open connection as others may see it. */
struct LiveConnection
{
    QString id;
    Identity identity;
    QHostAddress peer;
    QString path;
    WallTime opened{};
};

/*!
    All connections behind the gate: upgrades admitted requests, keeps the connections by
    endpoint, and ends them for operators, revocations, a reload and the end of the program.

    Threads: one. Ownership: owns connections and services; borrows PeerServices.
*/
class Hub : public QObject, public ConnectionControl
{
    Q_OBJECT

public:
    //! Revokes a session at the embedded issuer, if it is one of its.
    using RevokeSession = std::function<void(const Identity &whose, const QString &reason)>;

    Hub(const GatewayConfig &config, const QList<std::shared_ptr<const GateTarget>> &targets, PeerServices &services,
        QObject *parent = nullptr);
    ~Hub() override;

    void setWatchService(WatchService *service);
    void setRevokeSession(RevokeSession revoke);

    void adopt(const PendingRequest &request, const Admission &admission);
    void adoptSocket(ClientSocket *socket, const Admission &admission); //!< Takes over the socket. Not for relays and streams.
    DisconnectOutcome disconnectConnections(const QStringList &ids, int code, const QString &reason,
                                            std::chrono::milliseconds after, const Identity &by) override;
    //! Closes all connections whom \a lock concerns, and those of monitors.
    void enforce(const Lock &lock);
    void announceEnd(Duration in, const QString &reason); //!< "reconnect", also to connections that are opened meanwhile.
    void endAll(); //!< Those that are left after closeAll(), without waiting any more.
    void closeAll(CloseCode code); //!< "after_ms" spreads the clients' way back.
    //! Connections whose endpoint went away or serves something else, or that would not be admitted any more (scope,
    //! Origin, issuer, key), close with 4441; limits hold at once.
    void reload(const GatewayConfig &config, const QList<std::shared_ptr<const GateTarget>> &targets);
    QList<LiveConnection> liveConnections() const; //!< In no particular order.
    void forEachMonitor(const std::function<void(const Identity &, const QHostAddress &)> &visit) const;
    int connectionCount() const { return int(m_peers.size()); }

Q_SIGNALS:
    void emptied(); //!< The last connection ended.
    //! An admitted request cannot be served after all; whoever admitted it answers.
    void refused(const Watchword::Gateway::PendingRequest &request, const Watchword::Gateway::Admission &admission,
                 const Watchword::Gateway::Refusal &refusal);

private:
    struct Endpoint
    {
        EndpointConfig config;
        std::shared_ptr<const GateTarget> target;
        std::unique_ptr<EndpointService> service; // none for watch and audit
    };
    std::unique_ptr<Endpoint> makeEndpoint(const std::shared_ptr<const GateTarget> &target, const EndpointConfig *config);
    void setEndpoints(const GatewayConfig &config, const QList<std::shared_ptr<const GateTarget>> &targets);
    void keepOut(const Identity &whose, CloseCode code, const QString &message, Duration after, const Identity &by);
    void retire(std::unique_ptr<Endpoint> endpoint);
    bool isLeft(const Endpoint &endpoint) const;
    void openRelay(Endpoint &endpoint, RelayService &relay, const PendingRequest &request, const Admission &admission);
    Peer *openPeer(Endpoint &endpoint, const QString &id, std::unique_ptr<ClientSocket> socket, const Admission &admission);
    void makeRoom(const Admission &admission); //!< EndpointLimits::replacesOldest
    void recordStream(ClientSocket &socket, const Admission &admission);
    void openStream(Endpoint &endpoint, std::unique_ptr<ClientSocket> socket, const Admission &admission);
    void peerEnded(Peer *peer);
    void tick();
    void lookAtChanged();
    void refreshSome();

    PeerServices &m_services;
    WatchService *m_watch = nullptr;
    RevokeSession m_revoke;
    std::map<QString, std::unique_ptr<Endpoint>> m_endpoints;
    std::vector<std::unique_ptr<Endpoint>> m_retired; // their connections are still closing
    QHash<QString, Peer *> m_peers;
    QHash<Peer *, Instant> m_ending; // since when, those that a lock ended
    std::vector<Peer *> m_round; // all of them, at their Peer::place()
    std::size_t m_nextInRound = 0;
    QSet<QString> m_issuers; // configured ones
    Duration m_keepLocks; // of sessions that were ended
    std::optional<Instant> m_endAt; // announced
    QString m_endReason;
    std::optional<CloseCode> m_closing; // what closeAll() said; for who comes later all the same
    Alarm m_tick;
};

} // namespace Watchword::Gateway
