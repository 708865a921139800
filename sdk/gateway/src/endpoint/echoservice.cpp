// SPDX-License-Identifier: Apache-2.0
#include "endpoint/echoservice.h"

#include "endpoint/peer.h"

namespace Watchword::Gateway {

void EchoService::opened(Peer &)
{
}

void EchoService::closed(Peer &)
{
}

void EchoService::text(Peer &peer, const QString &text)
{
    peer.sendText(text);
}

void EchoService::binary(Peer &peer, const QByteArray &data)
{
    peer.sendBinary(data);
}

void EchoService::message(Peer &peer, const QString &id, const Frame &frame)
{
    const bool isNew = m_seen.add(peer.identity().sessionId, id);
    peer.acknowledge(id);
    if (isNew)
        peer.sendText(QString::fromUtf8(frame.payload()));
}

bool EchoService::frame(Peer &, const Frame &)
{
    return false;
}

} // namespace Watchword::Gateway
