// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/endpointservice.h"
#include "endpoint/seenids.h"
#include "relay/upstream.h"

#include <QHash>
#include <QObject>

namespace Watchword::Gateway {

/*!
    Passes messages on to an upstream WebSocket server and back, one upstream connection for each client. The client's own
    headers do not reach the upstream, but its Origin and User-Agent; X-Watchword-* and X-Forwarded-* are the gateway's.
*/
class RelayService final : public QObject, public EndpointService
{
    Q_OBJECT

public:
    explicit RelayService(const EndpointConfig &config);
    ~RelayService() override;

    void opened(Peer &peer) override;
    void closed(Peer &peer) override;
    void text(Peer &peer, const QString &text) override;
    void binary(Peer &peer, const QByteArray &data) override;
    void message(Peer &peer, const QString &id, const Frame &frame) override;
    bool frame(Peer &peer, const Frame &frame) override;
    void finish(Peer &peer, const PeerClose &close) override;
    bool boundsQueue() const override { return true; }

private:
    EndpointConfig m_config;
    QHash<Peer *, Upstream *> m_upstreams;
    SeenIds m_taken; //!< What an upstream got and was acknowledged.
};

} // namespace Watchword::Gateway
