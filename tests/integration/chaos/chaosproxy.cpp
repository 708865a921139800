// SPDX-License-Identifier: Apache-2.0
#include "chaosproxy.h"

#include <algorithm>
#include <limits>

#include <poll.h>
#include <sys/socket.h>

using namespace std::chrono_literals;

namespace {

// An aborted connection of the client is seen closed well within this, whatever came after it.
constexpr auto kOverlap = 50ms;

// So that the kernel sends RST instead of FIN when the socket closes.
void reset(QTcpSocket *socket)
{
    if (!socket)
        return;
    if (socket->socketDescriptor() >= 0) {
        const linger now{1, 0};
        ::setsockopt(int(socket->socketDescriptor()), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    socket->abort();
}

} // namespace

ChaosPlan ChaosPlan::drawn(Watchword::RandomSource &random)
{
    const auto below = [&random](int limit) { return int(random.nextUnit() * limit); };
    ChaosPlan plan;
    plan.refuse = below(20) == 0;
    if (below(3) == 0)
        plan.latencyMs = 1 + below(20);
    if (below(6) == 0)
        plan.bytesPerTick = 64 + below(400);
    if (below(6) == 0) {
        plan.stallAfterBytes = below(6'000);
        plan.stallMs = 20 + below(300);
    }
    // A TLS handshake with its upgrade is about 3,500 bytes.
    if (below(2) == 0)
        plan.endAfterBytes = below(9'000);
    plan.endAfterMs = 10 + below(250);
    const int how = below(10);
    plan.end = how < 5 ? End::Reset : how < 8 ? End::Finish : End::Silence;
    return plan;
}

ChaosLink::ChaosLink(QTcpSocket *client, quint16 serverPort, const ChaosPlan &plan, QObject *parent)
    : QObject(parent)
    , m_plan(plan)
{
    auto *server = new QTcpSocket(this);
    client->setParent(this);
    m_up = {client, server, {}};
    m_down = {server, client, {}};
    m_age.start();
    m_tick.setInterval(5ms);
    m_tick.setTimerType(Qt::PreciseTimer);
    connect(&m_tick, &QTimer::timeout, this, qOverload<>(&ChaosLink::pump));
    connect(client, &QIODevice::readyRead, this, [this] { take(m_up); });
    connect(server, &QIODevice::readyRead, this, [this] { take(m_down); });
    connect(client, &QAbstractSocket::disconnected, this, [this, server] {
        m_clientThere = false;
        reset(server);
        Q_EMIT clientGone();
    });
    connect(server, &QAbstractSocket::disconnected, this, [this, client] {
        if (m_isSilent)
            return;
        for (const Piece &piece : std::exchange(m_down.waiting, {})) {
            if (client->isOpen()) // which it is not any more if a write found it gone
                client->write(piece.bytes);
        }
        client->disconnectFromHost();
    });
    client->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    server->connectToHost(QHostAddress(QHostAddress::LocalHost), serverPort);
    m_tick.start();
}

ChaosLink::~ChaosLink()
{
    for (QTcpSocket *socket : {m_up.from.data(), m_up.to.data()}) {
        if (socket)
            socket->disconnect(this);
    }
}

// On a busy machine a timer may come before what is long known of a socket, so the system is asked.
bool ChaosLink::isClientThere() const
{
    if (!m_clientThere || m_up.from->socketDescriptor() < 0)
        return false;
    pollfd one{int(m_up.from->socketDescriptor()), POLLRDHUP, 0};
    return ::poll(&one, 1, 0) == 0;
}

void ChaosLink::take(Direction &direction)
{
    const QByteArray bytes = direction.from->readAll();
    if (m_isSilent || bytes.isEmpty())
        return;
    direction.waiting.push_back({m_age.elapsed() + m_plan.latencyMs, bytes});
    if (m_plan.latencyMs == 0)
        pump();
}

void ChaosLink::pump()
{
    const qint64 now = m_age.elapsed();
    if (m_plan.endAfterMs >= 0 && now >= m_plan.endAfterMs)
        end(m_plan.end);
    if (m_isSilent || now < m_stalledUntil)
        return;
    pump(m_up, now);
    pump(m_down, now);
}

void ChaosLink::pump(Direction &direction, qint64 now)
{
    qint64 room = m_plan.bytesPerTick > 0 ? m_plan.bytesPerTick : std::numeric_limits<qint64>::max();
    while (!m_isSilent && room > 0 && !direction.waiting.empty() && direction.waiting.front().due <= now
           && now >= m_stalledUntil) {
        Piece &piece = direction.waiting.front();
        const qint64 size = std::min<qint64>(room, piece.bytes.size());
        const QByteArray bytes = piece.bytes.first(size);
        room -= size;
        piece.bytes.remove(0, size);
        if (piece.bytes.isEmpty())
            direction.waiting.pop_front();
        pass(direction, bytes);
    }
}

void ChaosLink::pass(Direction &direction, const QByteArray &bytes)
{
    const bool endsHere = m_plan.endAfterBytes >= 0 && m_passed + bytes.size() > m_plan.endAfterBytes;
    const QByteArray part = endsHere ? bytes.first(std::max<qint64>(0, m_plan.endAfterBytes - m_passed)) : bytes;
    m_passed += part.size();
    // The server may have closed while the client still sends.
    if (direction.to && direction.to->isOpen() && !part.isEmpty()) {
        direction.to->write(part);
        direction.to->flush();
    }
    if (endsHere) {
        end(m_plan.end);
    } else if (m_plan.stallAfterBytes >= 0 && m_passed > m_plan.stallAfterBytes) {
        m_stalledUntil = m_age.elapsed() + m_plan.stallMs;
        m_plan.stallAfterBytes = -1;
    }
}

void ChaosLink::end(ChaosPlan::End how)
{
    m_plan.endAfterMs = -1;
    if (m_isSilent)
        return;
    if (how == ChaosPlan::End::Reset && m_passed == 0 && m_up.waiting.empty())
        Q_EMIT resetUnheard();
    m_isSilent = true;
    m_up.waiting.clear();
    m_down.waiting.clear();
    // Later, because this may run inside a signal of one of the sockets.
    QMetaObject::invokeMethod(
        this,
        [this, how] {
            if (how == ChaosPlan::End::Silence)
                return;
            for (QTcpSocket *socket : {m_up.to.data(), m_up.from.data()}) {
                if (how == ChaosPlan::End::Reset)
                    reset(socket);
                else if (socket)
                    socket->disconnectFromHost();
            }
        },
        Qt::QueuedConnection);
}

ChaosProxy::ChaosProxy(quint16 serverPort, quint64 seed, QObject *parent)
    : QTcpServer(parent)
    , m_serverPort(serverPort)
    , m_random(seed)
{
}

void ChaosProxy::incomingConnection(qintptr descriptor)
{
    ++m_accepted;
    auto *client = new QTcpSocket;
    client->setSocketDescriptor(descriptor);
    ChaosPlan plan = m_isCalm ? ChaosPlan::calm() : ChaosPlan::drawn(m_random);
    if (m_isMild) {
        plan.endAfterMs *= 4;
        plan.endAfterBytes *= 4; // -1 stays below zero
    }
    if (plan.refuse) {
        ++m_unheard;
        reset(client);
        delete client;
        return;
    }
    const QList<QPointer<ChaosLink>> older(m_links.cbegin(), m_links.cend());
    auto *link = new ChaosLink(client, m_serverPort, plan, this);
    m_links.append(link);
    connect(link, &ChaosLink::resetUnheard, this, [this] { ++m_unheard; });
    connect(link, &ChaosLink::clientGone, this, [this, link] {
        m_links.removeOne(link);
        link->deleteLater();
    });
    QTimer::singleShot(kOverlap, this, [this, older] {
        const auto held = std::count_if(older.cbegin(), older.cend(),
                                        [](const QPointer<ChaosLink> &other) { return other && other->isClientThere(); });
        m_mostHeld = std::max(m_mostHeld, int(held) + 1);
    });
}

void ChaosProxy::endAll()
{
    for (ChaosLink *link : std::as_const(m_links))
        link->end(ChaosPlan::End::Reset);
}
