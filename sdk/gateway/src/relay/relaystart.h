// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "relay/relaylink.h"
#include "relay/upstreamdial.h"

namespace Watchword::Gateway {

/*!
    Holds a client whose upgrade is decided until its upstream has answered, and tells the Qt thread (UpstreamOpened,
    UpstreamRefused, or that the client has gone). The Qt thread then either has it answered as any other request, or calls
    acceptRelay(). The client is read meanwhile until it says something, which waits: so its end is noticed, and ends the dial.

    Threads: the reactor's. Life cycle: of the client's stream until it is accepted.
*/
class RelayStart final : public BridgeEnd
{
public:
    //! Does nothing but tell, if \a client has gone.
    static void begin(BridgePort &port, Net::Stream *client, const Net::StreamId &id, UpstreamOrder order);
    //! The upstream's handshake is done: \a answer, which is the 101, and from then on both are joined.
    static void accept(BridgePort &port, Net::Stream *client, const Net::StreamId &upstream, Wire::Bytes answer, RelayTerms terms,
                       std::shared_ptr<SocketGauge> gauge);

    explicit RelayStart(BridgePort &port);

    std::size_t received(Net::Stream &stream, std::span<std::uint8_t> bytes) override;
    void inputEnded(Net::Stream &stream) override { stream.abort(); }
    void ended(Net::Stream &stream, Net::StreamEnd reason) override;
    void execute(Net::Stream &, ToReactor &) override { } // it has no WebSocket yet

private:
    BridgePort &m_port;
    std::shared_ptr<UpstreamDial> m_dial;
    std::optional<Net::StreamId> m_upstream; // opened, and nobody has taken it yet
};

} // namespace Watchword::Gateway
