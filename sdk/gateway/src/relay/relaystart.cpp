// SPDX-License-Identifier: Apache-2.0
#include "relay/relaystart.h"

namespace Watchword::Gateway {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kPatience = 60s; // with the upstream, which has a deadline, and the Qt thread

void tellGone(BridgePort &port, const Net::StreamId &id)
{
    port.send({ToCore::Kind::Ended, id, {}, {}, std::make_shared<Net::WebSocketEnd>(), {}});
}

} // namespace

RelayStart::RelayStart(BridgePort &port)
    : m_port(port)
{
}

void RelayStart::begin(BridgePort &port, Net::Stream *client, const Net::StreamId &id, UpstreamOrder order)
{
    if (!client || !client->isOpen()) {
        tellGone(port, id);
        return;
    }
    client->handshakeDone();
    client->setDeadline(kPatience);
    auto start = std::make_unique<RelayStart>(port);
    RelayStart *raw = start.get();
    client->setHandler(std::move(start));
    const auto done = [&port, id](std::shared_ptr<const BridgeEvent> outcome) {
        const auto *opened = dynamic_cast<const UpstreamOpened *>(outcome.get());
        Net::Stream *stream = port.reactor().find(id);
        if (auto *waiting = stream ? dynamic_cast<RelayStart *>(&stream->handler()) : nullptr; waiting && opened)
            waiting->m_upstream = opened->upstream;
        port.send({ToCore::Kind::Event, id, {}, {}, {}, std::move(outcome)});
    };
    raw->m_dial = UpstreamDial::start(port.reactor(), std::move(order), done);
    client->setReadPaused(false);
}

std::size_t RelayStart::received(Net::Stream &stream, std::span<std::uint8_t>)
{
    stream.setReadPaused(true);
    return 0;
}

void RelayStart::accept(BridgePort &port, Net::Stream *client, const Net::StreamId &upstream, Wire::Bytes answer,
                        RelayTerms terms, std::shared_ptr<SocketGauge> gauge)
{
    Net::Stream *server = port.reactor().find(upstream);
    auto *start = client ? dynamic_cast<RelayStart *>(&client->handler()) : nullptr;
    if (!start || !client->isOpen())
        return; // whoever ended the client has told so, and ended the upstream
    start->m_upstream.reset();
    client->write(answer);
    RelayLink::begin(port, *client, server, std::move(terms), std::move(gauge));
}

void RelayStart::ended(Net::Stream &stream, Net::StreamEnd)
{
    if (m_dial)
        m_dial->cancel();
    if (m_upstream) {
        if (Net::Stream *upstream = m_port.reactor().find(*m_upstream))
            upstream->abort();
    }
    tellGone(m_port, stream.id());
}

} // namespace Watchword::Gateway
