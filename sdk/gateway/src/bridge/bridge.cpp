// SPDX-License-Identifier: Apache-2.0
#include "bridge/bridge.h"

#include "bridge/reactorsocket.h"
#include "watchword/core/frame.h"
#include "watchword/wire/handshake.h"

#include <algorithm>
#include <thread>

namespace Watchword::Gateway {

namespace {

constexpr std::size_t kMostUnderway = 4 * 1024 * 1024; // towards the Qt thread

unsigned threadsFor(int wanted)
{
    return wanted > 0 ? unsigned(wanted) : std::max(1u, std::thread::hardware_concurrency());
}

std::optional<Wire::DeflateAnswer> deflateAnswer(const RequestHead &head, const std::optional<Wire::DeflateOptions> &options)
{
    if (!options)
        return {};
    std::vector<std::string_view> offers;
    const QList<QByteArray> values = head.values("Sec-WebSocket-Extensions");
    for (const QByteArray &value : values)
        offers.emplace_back(value.constData(), std::size_t(value.size()));
    return Wire::answerDeflateOffers(offers, *options);
}

QByteArray upgradeAnswer(const RequestHead &head, const QString &subprotocol, const std::string &extensions)
{
    const QByteArray key = head.value("Sec-WebSocket-Key");
    QByteArray answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
    answer += QByteArray::fromStdString(Wire::acceptValue({key.constData(), std::size_t(key.size())}));
    if (!subprotocol.isEmpty())
        answer += "\r\nSec-WebSocket-Protocol: " + subprotocol.toLatin1();
    if (!extensions.empty())
        answer += "\r\nSec-WebSocket-Extensions: " + QByteArray::fromStdString(extensions);
    return answer + "\r\n\r\n";
}

} // namespace

PendingRequest::PendingRequest(Bridge &bridge, const Net::StreamId &id, std::shared_ptr<const HeadArrival> arrival)
    : m_bridge(&bridge)
    , m_id(id)
    , m_arrival(std::move(arrival))
{
}

void PendingRequest::answer(const QByteArray &response) const
{
    if (m_bridge)
        m_bridge->send({ToReactor::Kind::Answer, m_id, response});
}

void PendingRequest::drop() const
{
    if (m_bridge)
        m_bridge->send({ToReactor::Kind::Abort, m_id});
}

std::unique_ptr<ClientSocket> PendingRequest::upgrade(const QString &subprotocol, const SocketRules &rules,
                                                      const std::optional<Wire::DeflateOptions> &compression) const
{
    if (!m_bridge)
        return {};
    const RequestHead &head = m_arrival->parsed.head;
    const auto gauge = std::make_shared<SocketGauge>();
    SocketOpening opening{rules, gauge, {}};
    const std::optional<Wire::DeflateAnswer> agreed = deflateAnswer(head, compression);
    opening.speaksControl = subprotocol == QLatin1StringView(kSubprotocol);
    if (agreed)
        opening.compression = SocketOpening::Compression{agreed->parameters, *compression};
    auto socket = std::make_unique<ReactorSocket>(*m_bridge, m_id, subprotocol, m_arrival->tlsProtocol, gauge);
    ToReactor command{ToReactor::Kind::Upgrade, m_id, upgradeAnswer(head, subprotocol, agreed ? agreed->text : std::string())};
    command.opening = std::make_shared<const SocketOpening>(std::move(opening));
    m_bridge->send(std::move(command));
    return socket;
}

QByteArray PendingRequest::switchAnswer(const QString &subprotocol) const
{
    return upgradeAnswer(m_arrival->parsed.head, subprotocol, {});
}

Bridge::Bridge(int threads, QObject *parent)
    : QObject(parent)
    , m_pool(threadsFor(threads))
    , m_toCore(
          kMostUnderway, [this] { QMetaObject::invokeMethod(this, &Bridge::take, Qt::QueuedConnection); },
          [this] {
              for (const std::unique_ptr<BridgePort> &port : m_ports)
                  port->wake();
          })
{
    for (std::size_t i = 0; i < m_pool.size(); ++i)
        m_ports.push_back(std::make_unique<BridgePort>(m_pool.at(i), m_toCore));
    m_pool.start();
}

Bridge::~Bridge()
{
    // What was sent to the clients, their close frames last, goes out before.
    m_pool.stop();
}

Net::Listener::HandlerFactory Bridge::factory()
{
    return [this](Net::Reactor &reactor, const Net::Accepted &accepted) {
        return std::make_unique<BridgeHead>(*m_ports[reactor.index()], accepted);
    };
}

void Bridge::send(ToReactor command)
{
    const std::size_t weight = std::size_t(command.bytes.size());
    BridgePort &port = *m_ports[command.id.reactor];
    m_command.push_back(std::move(command));
    port.inbox().put(m_command, weight);
}

void Bridge::take()
{
    const QPointer<Bridge> self(this);
    // A local one: a slot may run an event loop of its own, or end the bridge.
    std::vector<ToCore> batch;
    batch.swap(m_batch);
    m_toCore.take(batch);
    for (const ToCore &message : batch) {
        deliver(message);
        if (!self)
            return;
    }
    batch.clear();
    m_batch.swap(batch);
}

void Bridge::deliver(const ToCore &message)
{
    if (message.kind == ToCore::Kind::Head)
        Q_EMIT requestArrived(PendingRequest(*this, message.id, message.head));
    else if (ReactorSocket *socket = m_sockets.value(keyOf(message.id)))
        socket->deliver(message);
}

} // namespace Watchword::Gateway
