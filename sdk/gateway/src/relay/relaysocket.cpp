// SPDX-License-Identifier: Apache-2.0
#include "relay/relaysocket.h"

namespace Watchword::Gateway {

RelaySocket::RelaySocket(Bridge &bridge, const Net::StreamId &id, const QString &tlsProtocol)
    : ReactorSocket(bridge, id, {}, tlsProtocol, std::make_shared<SocketGauge>())
    , m_id(id)
{
}

void RelaySocket::begin(UpstreamOrder order)
{
    run([id = m_id, order = std::move(order)](BridgePort &port, Net::Stream *stream) mutable {
        RelayStart::begin(port, stream, id, std::move(order));
    });
}

void RelaySocket::beginHttp(HttpOrder order)
{
    run([id = m_id, order = std::move(order)](BridgePort &port, Net::Stream *stream) mutable {
        HttpRelay::begin(port, stream, id, std::move(order));
    });
}

void RelaySocket::accept(const QString &subprotocol, const QByteArray &answer, const RelayTerms &terms)
{
    setSubprotocol(subprotocol);
    run([upstream = m_upstream, answer, terms, gauge = gauge()](BridgePort &port, Net::Stream *stream) {
        const std::string_view text(answer.constData(), std::size_t(answer.size()));
        RelayStart::accept(port, stream, upstream, Wire::bytesOf(text), terms, gauge);
    });
}

void RelaySocket::setLimits(const EndpointLimits &limits, const RateShares &shares, std::chrono::milliseconds heartbeat)
{
    run([limits, shares, heartbeat](BridgePort &, Net::Stream *stream) {
        if (RelayLink *link = RelayLink::of(stream))
            link->setLimits(limits, shares, heartbeat);
    });
}

void RelaySocket::setUpstream(const QUrl &upstream, std::shared_ptr<void> lease)
{
    m_url = upstream;
    m_lease = std::move(lease);
}

void RelaySocket::finishAnswers()
{
    run([](BridgePort &, Net::Stream *stream) {
        if (RelayLink *link = RelayLink::of(stream))
            link->finishAnswers();
    });
}

void RelaySocket::endRelay()
{
    run([](BridgePort &, Net::Stream *stream) {
        if (RelayLink *link = RelayLink::of(stream))
            link->end();
    });
}

std::optional<ClientSocket::Relayed> RelaySocket::relayed() const
{
    SocketGauge &seen = *gauge();
    seen.isNoted = false; // what comes from now on is told anew
    return Relayed{seen.messagesIn.value(), seen.messagesOut.value(),   seen.bytesIn.value(),
                   seen.bytesOut.value(),   seen.applicationIn.value(), seen.applicationOut.value()};
}

void RelaySocket::eventReceived(const BridgeEvent &event)
{
    if (const auto *opened = dynamic_cast<const UpstreamOpened *>(&event)) {
        m_upstream = opened->upstream;
        Q_EMIT upstreamOpened(*opened);
    } else if (const auto *refused = dynamic_cast<const UpstreamRefused *>(&event)) {
        setEnded();
        Q_EMIT upstreamRefused(*refused);
    } else if (const auto *limit = dynamic_cast<const RelayLimitReached *>(&event)) {
        Q_EMIT limitReached(limit->breach);
    } else if (const auto *end = dynamic_cast<const UpstreamEnded *>(&event)) {
        Q_EMIT upstreamEnded(end->code, QString::fromStdString(end->reason), end->isClosed);
    } else if (dynamic_cast<const RelayAnswered *>(&event)) {
        Q_EMIT answered();
    } else if (dynamic_cast<const HttpDone *>(&event)) {
        setEnded();
        Q_EMIT httpDone();
    }
}

} // namespace Watchword::Gateway
