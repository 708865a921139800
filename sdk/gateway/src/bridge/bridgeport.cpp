// SPDX-License-Identifier: Apache-2.0
#include "bridge/bridgeport.h"

#include "bridge/netvalues.h"
#include "endpoint/peerclose.h"

#include <limits>

namespace Watchword::Gateway {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMessageWeight = 128; // beside its bytes
constexpr std::chrono::milliseconds kDecisionTime = 30s; // of the Qt thread, which answers long before

Wire::Bytes viewOf(const QByteArray &bytes)
{
    return {reinterpret_cast<const std::uint8_t *>(bytes.constData()), std::size_t(bytes.size())};
}

Net::WebSocketLimits limitsOf(const SocketRules &rules)
{
    Net::WebSocketLimits limits;
    const std::uint64_t largest = rules.largestMessage > 0 ? rules.largestMessage : std::numeric_limits<std::uint64_t>::max();
    limits.frames.frame = limits.frames.message = largest;
    limits.frames.fragments = rules.fragments > 0 ? rules.fragments : std::numeric_limits<std::uint32_t>::max();
    limits.controlFramesPerSecond = rules.controlFramesPerSecond;
    limits.messageTime = rules.messageTime;
    return limits;
}

QByteArray copyOf(Wire::Bytes bytes)
{
    return QByteArray(reinterpret_cast<const char *>(bytes.data()), qsizetype(bytes.size()));
}

} // namespace

BridgePort::BridgePort(Net::Reactor &reactor, Net::Mailbox<ToCore> &toCore)
    : m_reactor(reactor)
    , m_toCore(toCore)
    // What the Qt thread sends is bounded by it: it closes slow consumers by their gauge.
    , m_inbox(std::numeric_limits<std::size_t>::max(), [this] { m_reactor.post([this] { drainInbox(); }); })
{
    reactor.addTurnEnd([this] { turnEnded(); });
}

void BridgePort::send(ToCore message)
{
    m_weight += kMessageWeight + std::size_t(message.bytes.size());
    m_batch.push_back(std::move(message));
}

void BridgePort::wake()
{
    m_reactor.post([] {}); // each turn ends by passing on what there is
}

void BridgePort::turnEnded()
{
    if (m_batch.empty() || !m_toCore.put(m_batch, m_weight))
        return;
    m_weight = 0;
    const std::vector<Net::StreamId> waiting = std::exchange(m_waiting, {});
    for (const Net::StreamId &id : waiting) {
        Net::Stream *stream = m_reactor.find(id);
        if (auto *end = stream ? dynamic_cast<BridgeEnd *>(&stream->handler()) : nullptr) {
            end->roomCame(*stream);
            continue;
        }
        auto *socket = stream ? dynamic_cast<Net::WebSocketHandler *>(&stream->handler()) : nullptr;
        if (socket)
            static_cast<BridgeUser &>(socket->user()).roomCame(*socket);
    }
}

void BridgePort::drainInbox()
{
    m_inbox.take(m_commands);
    for (ToReactor &command : m_commands)
        execute(command);
    m_commands.clear();
}

void BridgePort::upgrade(Net::Stream &stream, const ToReactor &command)
{
    const SocketOpening &opening = *command.opening;
    stream.handshakeDone();
    stream.clearDeadline();
    stream.write(viewOf(command.bytes));
    Net::WebSocketOptions options;
    options.limits = limitsOf(opening.rules);
    options.heartbeat = opening.rules.heartbeat;
    if (opening.compression) {
        options.compression = std::make_shared<Wire::Compression>(Wire::Role::Server, opening.compression->agreed,
                                                                  opening.compression->options, &m_deflaters);
    }
    stream.setHandler(std::make_unique<Net::WebSocketHandler>(
        stream, options, std::make_unique<BridgeUser>(*this, opening.gauge, opening.speaksControl)));
    stream.setReadPaused(false);
}

void BridgePort::execute(ToReactor &command)
{
    using Kind = ToReactor::Kind;
    Net::Stream *stream = m_reactor.find(command.id);
    if (command.kind == Kind::Task) {
        command.task(*this, stream);
        return;
    }
    if (!stream || !stream->isOpen()) {
        if (command.kind == Kind::Upgrade) // it went while the Qt thread decided
            send({ToCore::Kind::Ended, command.id, {}, {}, std::make_shared<Net::WebSocketEnd>(), {}});
        else if (command.kind == Kind::Abort && stream)
            stream->abort();
        return;
    }
    if (command.kind == Kind::Answer) {
        stream->handshakeDone();
        stream->write(viewOf(command.bytes));
        stream->close();
        return;
    }
    if (command.kind == Kind::Upgrade) {
        upgrade(*stream, command);
        return;
    }
    if (command.kind == Kind::Abort) {
        stream->abort();
        return;
    }
    if (auto *end = dynamic_cast<BridgeEnd *>(&stream->handler())) {
        end->execute(*stream, command);
        return;
    }
    if (auto *socket = dynamic_cast<Net::WebSocketHandler *>(&stream->handler()))
        execute(*socket, command);
}

void BridgePort::execute(Net::WebSocketHandler &socket, ToReactor &command)
{
    using Kind = ToReactor::Kind;
    auto &user = static_cast<BridgeUser &>(socket.user());
    // In this order: in between it counts twice, and never not at all.
    const auto sent = [&] {
        user.gauge().queued = qint64(socket.stream().queuedBytes());
        user.gauge().underway -= command.bytes.size() + kFrameOverhead;
    };
    switch (command.kind) {
    case Kind::Text:
        user.greeted();
        socket.send(Wire::Opcode::Text, viewOf(command.bytes));
        sent();
        break;
    case Kind::Binary:
        socket.send(Wire::Opcode::Binary, viewOf(command.bytes));
        sent();
        break;
    case Kind::Ping:
        socket.ping(viewOf(command.bytes));
        break;
    case Kind::Close:
        socket.close(command.code, Wire::textOf(viewOf(command.bytes)));
        break;
    case Kind::Pause:
    case Kind::Resume:
        user.setPausedByCore(socket, command.kind == Kind::Pause);
        break;
    case Kind::Rules:
        socket.setLimits(limitsOf(command.opening->rules));
        if (socket.isOpen())
            socket.setHeartbeat(command.opening->rules.heartbeat);
        break;
    case Kind::Answer:
    case Kind::Upgrade:
    case Kind::Abort:
    case Kind::Task:
        break;
    }
}

BridgeHead::BridgeHead(BridgePort &port, const Net::Accepted &accepted)
    : Net::HeadHandler(kHeadLimits)
    , m_port(port)
    , m_accepted(accepted)
{
}

void BridgeHead::requestReceived(Net::Stream &stream, const Wire::HttpHead &head)
{
    decide(stream, requestHeadOf(head));
}

void BridgeHead::requestRefused(Net::Stream &stream, const Net::RequestProblem &problem)
{
    decide(stream, problem.isLate ? lateHead() : problemOf(problem.fault));
}

void BridgeHead::decide(Net::Stream &stream, const ParsedHead &parsed)
{
    stream.setDeadline(kDecisionTime);
    auto arrival = std::make_shared<HeadArrival>();
    arrival->parsed = parsed;
    arrival->peer = toQt(m_accepted.peer.address);
    arrival->peerPort = m_accepted.peer.port;
    arrival->proxy = toQt(m_accepted.proxy.address);
    arrival->isSecure = m_accepted.isSecure;
    if (const Net::TlsSession *tls = stream.tls()) {
        arrival->tlsProtocol = QString::fromLatin1(tls->protocol());
        arrival->cipher = QString::fromLatin1(tls->cipher());
    }
    m_port.send({ToCore::Kind::Head, stream.id(), {}, std::move(arrival), {}, {}});
}

BridgeUser::BridgeUser(BridgePort &port, std::shared_ptr<SocketGauge> gauge, bool speaksControl)
    : m_port(port)
    , m_gauge(std::move(gauge))
    , m_speaksControl(speaksControl)
{
}

void BridgeUser::messageReceived(Net::WebSocketHandler &socket, Wire::Opcode type, Wire::MutableBytes message)
{
    m_port.send({type == Wire::Opcode::Text ? ToCore::Kind::Text : ToCore::Kind::Binary,
                 socket.stream().id(),
                 copyOf(message),
                 {},
                 {},
                 {}});
    if (m_port.isFull() && !std::exchange(m_waitsForRoom, true)) {
        m_port.waitForRoom(socket.stream().id());
        socket.setReadPaused(true);
    }
}

void BridgeUser::pongReceived(Net::WebSocketHandler &socket, Wire::Bytes payload)
{
    m_port.send({ToCore::Kind::Pong, socket.stream().id(), copyOf(payload), {}, {}, {}});
}

void BridgeUser::roundTripMeasured(Net::WebSocketHandler &, std::chrono::milliseconds time)
{
    m_gauge->roundTrip = time.count();
}

void BridgeUser::bytesReceived(Net::WebSocketHandler &, std::size_t count)
{
    m_gauge->bytesCame(count, m_port.reactor().now());
}

void BridgeUser::flushed(Net::WebSocketHandler &socket)
{
    m_gauge->queued = qint64(socket.stream().queuedBytes());
}

void BridgeUser::failing(Net::WebSocketHandler &socket, const Net::WebSocketEnd &end)
{
    if (m_speaksControl && m_isGreeted)
        socket.send(Wire::Opcode::Text, viewOf(byeOf(end).toText().toUtf8()));
}

void BridgeUser::ended(Net::WebSocketHandler &socket, const Net::WebSocketEnd &end)
{
    m_gauge->queued = 0;
    m_port.send({ToCore::Kind::Ended, socket.stream().id(), {}, {}, std::make_shared<Net::WebSocketEnd>(end), {}});
}

void BridgeUser::setPausedByCore(Net::WebSocketHandler &socket, bool isPaused)
{
    m_isPausedByCore = isPaused;
    socket.setReadPaused(m_isPausedByCore || m_waitsForRoom);
}

void BridgeUser::roomCame(Net::WebSocketHandler &socket)
{
    m_waitsForRoom = false;
    socket.setReadPaused(m_isPausedByCore);
}

} // namespace Watchword::Gateway
