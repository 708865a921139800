// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/endpointservice.h"
#include "gate/admission.h"
#include "relay/assertionsigner.h"
#include "relay/relaysocket.h"
#include "relay/upstreampool.h"
#include "relay/upstreamtls.h"
#include "relay/upstreamwatch.h"

#include <QHash>
#include <QObject>
#include <QSet>

namespace Watchword::Gateway {

/*!
    Passes messages on to an upstream WebSocket server and back, one upstream connection for each client; the messages pass
    in the client's reactor (RelayLink). The upstream's handshake comes before the client's 101: its subprotocol and its
    refusal are the client's. The client's own headers do not reach the upstream, but its Origin and User-Agent;
    X-Watchword-* and X-Forwarded-* are the gateway's.
*/
class RelayService final : public QObject, public EndpointService
{
    Q_OBJECT

public:
    //! Borrows both.
    RelayService(const EndpointConfig &config, Clock &clock, AssertionSigner &signer);
    ~RelayService() override;

    /*!
        Connects an admitted client. One of the two is called, unless the client or the service goes: \a opened with the
        socket, whose 101 is on its way, or \a refused.
    */
    void open(const PendingRequest &request, const Admission &admission, const QString &connectionId,
              std::chrono::milliseconds heartbeat, const RateShares &shares,
              std::function<void(std::unique_ptr<ClientSocket>)> opened, std::function<void(const Refusal &)> refused);

    //! The same for a request that is no upgrade; its end is at \a end, when the token is too old.
    void openHttp(const PendingRequest &request, const Admission &admission, const QString &connectionId,
                  std::optional<WallTime> end, std::function<void(const Refusal &)> refused);

    void opened(Peer &peer) override;
    void closed(Peer &peer) override;
    //! Connections to upstreams that are gone close with 4441.
    void configChanged(const EndpointConfig &config) override;
    //! Who still waits for an upstream, and plain requests, are cut off.
    void lockedOut(const Lock &lock) override;
    void limitsChanged(Peer &peer, const EndpointLimits &limits) override;
    //! The upstream was told the scopes of the upgrade: with others the connection closes with 4441, and begins anew.
    void renewed(Peer &peer, const Identity &before) override;
    void text(Peer &, const QString &) override { }
    void binary(Peer &, const QByteArray &) override { }
    void message(Peer &, const QString &, const Frame &) override { }
    bool frame(Peer &, const Frame &) override { return false; }
    void finish(Peer &peer, const PeerClose &close) override;
    bool hasGuests() const override { return !m_opening.isEmpty(); }
    bool boundsQueue() const override { return true; }

private:
    std::vector<UpstreamTarget> targetsFor(const Admission &admission, const QList<QUrl> &urls) const;
    //! X-Watchword-Assertion, where the endpoint has an audience for it.
    std::optional<std::string> assertionFor(const Admission &admission, const QString &connectionId) const;
    bool isUsable(const std::function<void(const Refusal &)> &refused) const;
    UpstreamOrder orderFor(const PendingRequest &request, const Admission &admission, const QString &connectionId,
                           bool speaksControl, const QList<QUrl> &urls) const;
    void takeServers();
    void takeTls();
    void learn(const UpstreamOutcome &outcome, const QList<QUrl> &urls);
    void note(const QUrl &url, bool isGood);

    EndpointConfig m_config;
    Clock &m_clock;
    AssertionSigner &m_signer;
    UpstreamPool m_pool;
    UpstreamWatch m_watch;
    QSet<Peer *> m_peers;
    const std::shared_ptr<TakenIds> m_taken = std::make_shared<TakenIds>();
    UpstreamTls m_tls; //!< For wss; without a context if it cannot be set up, see m_tlsProblem.
    QString m_tlsProblem;
    struct Opening
    {
        Identity identity;
        QHostAddress peer;
    };
    //! Clients until their upstream has answered, plain requests until their end. Owned.
    QHash<RelaySocket *, Opening> m_opening;
};

} // namespace Watchword::Gateway
