// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/reactorsocket.h"
#include "relay/relaystart.h"

namespace Watchword::Gateway {

/*!
    A client whose messages are relayed in its reactor, as the Qt thread sees it.

    Life cycle: begin(), then one of upstreamOpened(), upstreamRefused() and disconnected(). After upstreamOpened() accept()
    makes it a connection, of which textReceived() tells control frames only; after upstreamRefused() the request is
    answered as any other, and destruction leaves it alone.
    Threads: the bridge's.
*/
class RelaySocket final : public ReactorSocket
{
    Q_OBJECT

public:
    RelaySocket(Bridge &bridge, const Net::StreamId &id, const QString &tlsProtocol);

    void begin(UpstreamOrder order);
    //! \a answer is the 101 with \a subprotocol.
    void accept(const QString &subprotocol, const QByteArray &answer, const RelayTerms &terms);
    void setLimits(const EndpointLimits &limits);
    void finishAnswers(); //!< answered() follows, soon or after a second.

    std::optional<Relayed> relayed() const override;
    void endRelay() override;

Q_SIGNALS:
    void upstreamOpened(const QString &subprotocol);
    void upstreamRefused(const Watchword::Gateway::UpstreamRefused &refused);
    void limitReached(const Watchword::Gateway::LimitBreach &breach);
    void upstreamEnded(int code, const QString &reason, bool isClosed);
    void answered();

private:
    void eventReceived(const BridgeEvent &event) override;

    Net::StreamId m_id;
    Net::StreamId m_upstream;
};

} // namespace Watchword::Gateway
