// SPDX-License-Identifier: Apache-2.0
#include "bridge/reactorsocket.h"

#include "watchword/core/closepolicy.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

QString faultOf(const Net::WebSocketEnd &end)
{
    switch (end.by) {
    case Net::WebSocketEnd::By::Fault:
        return QString::fromStdString(end.reason);
    case Net::WebSocketEnd::By::Transport:
        break;
    case Net::WebSocketEnd::By::Peer:
    case Net::WebSocketEnd::By::Us:
        return {};
    }
    switch (end.stream) {
    case Net::StreamEnd::Stalled:
        return u"it took nothing for too long"_s;
    case Net::StreamEnd::Overflowed:
        return u"more waited for it than may wait"_s;
    default:
        return {};
    }
}

QString limitOf(const Net::WebSocketEnd &end)
{
    if (end.by == Net::WebSocketEnd::By::Fault)
        return QString::fromLatin1(end.limit.data(), qsizetype(end.limit.size()));
    const bool isStuck = end.stream == Net::StreamEnd::Stalled || end.stream == Net::StreamEnd::Overflowed;
    return end.by == Net::WebSocketEnd::By::Transport && isStuck ? u"queue_bytes"_s : QString();
}

} // namespace

ReactorSocket::ReactorSocket(Bridge &bridge, const Net::StreamId &id, const QString &subprotocol, const QString &tlsProtocol,
                             std::shared_ptr<SocketGauge> gauge)
    : m_bridge(&bridge)
    , m_id(id)
    , m_subprotocol(subprotocol)
    , m_tlsProtocol(tlsProtocol)
    , m_gauge(std::move(gauge))
{
    bridge.m_sockets.insert(Bridge::keyOf(id), this);
}

ReactorSocket::~ReactorSocket()
{
    if (m_state == State::Open)
        abort();
    setEnded();
}

void ReactorSocket::setEnded()
{
    m_state = State::Ended;
    const quint64 key = Bridge::keyOf(m_id);
    if (m_bridge && m_bridge->m_sockets.value(key) == this)
        m_bridge->m_sockets.remove(key);
}

void ReactorSocket::send(ToReactor::Kind kind, const QByteArray &bytes, quint16 code)
{
    if (m_bridge)
        m_bridge->send({kind, m_id, bytes, code});
}

void ReactorSocket::run(std::function<void(BridgePort &port, Net::Stream *stream)> task)
{
    if (m_bridge && m_state != State::Ended)
        m_bridge->send({ToReactor::Kind::Task, m_id, {}, 0, {}, std::move(task)});
}

void ReactorSocket::sendUtf8(const QByteArray &text)
{
    if (m_state != State::Open)
        return;
    m_gauge->underway += text.size() + kFrameOverhead;
    send(ToReactor::Kind::Text, text);
}

void ReactorSocket::sendBinary(const QByteArray &data)
{
    if (m_state != State::Open)
        return;
    m_gauge->underway += data.size() + kFrameOverhead;
    send(ToReactor::Kind::Binary, data);
}

void ReactorSocket::ping(const QByteArray &payload)
{
    if (m_state == State::Open)
        send(ToReactor::Kind::Ping, payload);
}

void ReactorSocket::close(int code, const QString &reason)
{
    if (m_state != State::Open)
        return;
    m_state = State::Closing;
    send(ToReactor::Kind::Close, reason.toUtf8(), quint16(code));
}

void ReactorSocket::abort()
{
    if (m_state != State::Ended)
        send(ToReactor::Kind::Abort);
}

qint64 ReactorSocket::queuedBytes() const
{
    return m_gauge->underway + m_gauge->queued;
}

std::chrono::milliseconds ReactorSocket::idleTime() const
{
    const qint64 now = SocketGauge::millisecondsOf(Net::Reactor::Clock::now());
    return std::chrono::milliseconds(std::max<qint64>(now - m_gauge->lastIn, 0));
}

std::optional<std::chrono::milliseconds> ReactorSocket::roundTrip() const
{
    const qint64 time = m_gauge->roundTrip;
    return time < 0 ? std::nullopt : std::optional(std::chrono::milliseconds(time));
}

void ReactorSocket::setRules(const SocketRules &rules)
{
    if (m_state != State::Open || !m_bridge)
        return;
    ToReactor command{ToReactor::Kind::Rules, m_id};
    command.opening = std::make_shared<const SocketOpening>(SocketOpening{rules, {}, {}});
    m_bridge->send(std::move(command));
}

void ReactorSocket::setReadPaused(bool isPaused)
{
    if (m_state == State::Open)
        send(isPaused ? ToReactor::Kind::Pause : ToReactor::Kind::Resume);
}

void ReactorSocket::deliver(const ToCore &message)
{
    switch (message.kind) {
    case ToCore::Kind::Text:
        Q_EMIT textReceived(QString::fromUtf8(message.bytes));
        break;
    case ToCore::Kind::Binary:
        Q_EMIT binaryReceived(message.bytes);
        break;
    case ToCore::Kind::Pong:
        Q_EMIT pongReceived(message.bytes);
        break;
    case ToCore::Kind::Traffic:
        Q_EMIT trafficSeen();
        break;
    case ToCore::Kind::Event:
        eventReceived(*message.event);
        break;
    case ToCore::Kind::Ended:
        m_state = State::Ended;
        m_closeCode = message.end->code;
        m_closeReason = QString::fromStdString(message.end->reason);
        m_fault = faultOf(*message.end);
        m_wasSilent = message.end->stream == Net::StreamEnd::Silent;
        m_brokenLimit = limitOf(*message.end);
        if (m_brokenLimit == "queue_bytes"_L1) {
            m_brokenValue = qint64(message.end->unsent);
            m_closeCode = int(CloseCode::SlowConsumer); // which it could not be told
        }
        Q_EMIT disconnected();
        break;
    case ToCore::Kind::Head:
        break;
    }
}

} // namespace Watchword::Gateway
