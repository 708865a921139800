// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/endpointservice.h"
#include "endpoint/seenids.h"

namespace Watchword::Gateway {

//! Sends everything back. The payload of a "msg" comes back once as ordinary application data, behind its "ack".
class EchoService final : public EndpointService
{
public:
    void opened(Peer &peer) override;
    void closed(Peer &peer) override;
    void text(Peer &peer, const QString &text) override;
    void binary(Peer &peer, const QByteArray &data) override;
    void message(Peer &peer, const QString &id, const Frame &frame) override;
    bool frame(Peer &peer, const Frame &frame) override;

private:
    SeenIds m_seen;
};

} // namespace Watchword::Gateway
