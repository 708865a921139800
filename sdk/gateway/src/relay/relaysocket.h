// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bridge/reactorsocket.h"
#include "relay/httprelay.h"
#include "relay/relaystart.h"

#include <QUrl>

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
    void beginHttp(HttpOrder order); //!< Then httpDone() instead of upstreamOpened() and what follows.
    //! \a answer is the 101 with \a subprotocol.
    void accept(const QString &subprotocol, const QByteArray &answer, const RelayTerms &terms);
    void setLimits(const EndpointLimits &limits, const RateShares &shares, std::chrono::milliseconds heartbeat);
    //! What \a upstream it has, and what counts it there.
    void setUpstream(const QUrl &upstream, std::shared_ptr<void> lease);
    QUrl upstream() const { return m_url; }
    void finishAnswers(); //!< answered() follows, soon or after a second.

    std::optional<Relayed> relayed() const override;
    void endRelay() override;

Q_SIGNALS:
    void upstreamOpened(const Watchword::Gateway::UpstreamOpened &opened);
    void upstreamRefused(const Watchword::Gateway::UpstreamRefused &refused);
    void limitReached(const Watchword::Gateway::LimitBreach &breach);
    void upstreamEnded(int code, const QString &reason, bool isClosed);
    void answered();
    void httpDone();

private:
    void eventReceived(const BridgeEvent &event) override;

    Net::StreamId m_id;
    Net::StreamId m_upstream;
    QUrl m_url;
    std::shared_ptr<void> m_lease;
};

} // namespace Watchword::Gateway
