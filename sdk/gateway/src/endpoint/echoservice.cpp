// SPDX-License-Identifier: Apache-2.0
#include "endpoint/echoservice.h"

#include "endpoint/peer.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

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
    const bool isNew = m_seen.add(SeenIds::senderOf(peer.identity()), id);
    peer.acknowledge(id);
    if (isNew)
        peer.sendText(QString::fromUtf8(frame.payload()));
}

bool EchoService::frame(Peer &peer, const Frame &frame)
{
    if (frame.type() != QLatin1StringView(FrameType::Request))
        return false;
    const QString id = frame.fields().value("id"_L1).toString();
    if (frame.fields().value("op"_L1).toString() == "echo"_L1)
        peer.answer(id, frame.payload());
    else
        peer.refuse(id, u"unknown_operation"_s, u"an echo endpoint knows echo"_s);
    return true;
}

} // namespace Watchword::Gateway
