// SPDX-License-Identifier: Apache-2.0
#include "relay/relayservice.h"

namespace Watchword::Gateway {

RelayService::RelayService(const EndpointConfig &config)
    : m_config(config)
{
}

RelayService::~RelayService() = default;

void RelayService::opened(Peer &peer)
{
    auto *upstream = new Upstream(m_config, peer, this);
    m_upstreams.insert(&peer, upstream);
    connect(upstream, &Upstream::closed, this, [this, upstream] {
        m_upstreams.removeIf([upstream](auto entry) { return entry.value() == upstream; });
        upstream->deleteLater();
    });
    connect(upstream, &Upstream::taken, this, [this, sender = peer.identity()](const QString &id) { m_taken.add(sender, id); });
    upstream->open();
}

void RelayService::closed(Peer &peer)
{
    if (Upstream *upstream = m_upstreams.take(&peer))
        upstream->finish();
}

void RelayService::text(Peer &peer, const QString &text)
{
    if (Upstream *upstream = m_upstreams.value(&peer))
        upstream->sendText(text);
}

void RelayService::binary(Peer &peer, const QByteArray &data)
{
    if (Upstream *upstream = m_upstreams.value(&peer))
        upstream->sendBinary(data);
}

void RelayService::message(Peer &peer, const QString &id, const Frame &frame)
{
    if (m_taken.contains(peer.identity(), id))
        peer.acknowledge(id); // the first acknowledgement was lost with its connection
    else if (Upstream *upstream = m_upstreams.value(&peer))
        upstream->sendText(QString::fromUtf8(frame.payload()), id);
}

void RelayService::finish(Peer &peer, const PeerClose &close)
{
    if (Upstream *upstream = m_upstreams.value(&peer))
        upstream->finishAfterAnswers(close);
    else
        peer.close(close);
}

bool RelayService::frame(Peer &, const Frame &)
{
    return false;
}

} // namespace Watchword::Gateway
