// SPDX-License-Identifier: Apache-2.0
#include "endpoint/hub.h"

#include "endpoint/echoservice.h"
#include "endpoint/roomsservice.h"
#include "relay/relayservice.h"

#include <QRandomGenerator>
#include <QUrlQuery>

#include <algorithm>
#include <limits>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kTick = 1s;
constexpr Duration kLongestSpread = 10s; // of the way back after a planned end
constexpr int kReturnsPerSecond = 2000;
constexpr Duration kUpgradeTime = 5s; // QWebSocketServer has no timer for sockets that it did not accept itself

QString socketKey(const QHostAddress &address, quint16 port)
{
    return address.toString() + u'|' + QString::number(port);
}

QString newConnectionId()
{
    return u"c-"_s + QString::number(QRandomGenerator::system()->generate64(), 36);
}

bool servesTheSame(const EndpointConfig &a, const EndpointConfig &b)
{
    return a.service == b.service && a.upstream == b.upstream && a.upstreamCaFile == b.upstreamCaFile
        && a.subprotocols == b.subprotocols && a.history == b.history;
}

std::unique_ptr<EndpointService> makeService(const EndpointConfig &config, Clock &clock)
{
    switch (config.service) {
    case EndpointConfig::Service::Echo:
        return std::make_unique<EchoService>();
    case EndpointConfig::Service::Rooms:
        return std::make_unique<RoomsService>(config.history, clock);
    case EndpointConfig::Service::Upstream:
        return std::make_unique<RelayService>(config);
    }
    Q_UNREACHABLE();
}

QSet<QString> issuersOf(const GatewayConfig &config)
{
    QSet<QString> urls;
    for (const IssuerConfig &issuer : config.issuers)
        urls.insert(issuer.issuer());
    return urls;
}

QStringList subprotocolsOf(const GateTarget &target, const EndpointConfig *config)
{
    switch (target.kind) {
    case GateTarget::Kind::Watch:
        return {u"watchword.watch.v1"_s};
    case GateTarget::Kind::Audit:
        return {u"cloudevents.json"_s};
    case GateTarget::Kind::Endpoint:
        return QStringList{QLatin1StringView(kSubprotocol)} + config->subprotocols;
    }
    Q_UNREACHABLE();
}

} // namespace

Hub::Hub(const GatewayConfig &config, const QList<std::shared_ptr<const GateTarget>> &targets, PeerServices &services,
         QObject *parent)
    : QObject(parent)
    , m_services(services)
    , m_issuers(issuersOf(config))
    , m_tick(services.clock)
{
    setEndpoints(config, targets);
    connect(&m_tick, &Alarm::due, this, &Hub::tick);
    m_tick.start(kTick);
}

Hub::~Hub()
{
    const QHash<QString, Pending> pending = std::exchange(m_pending, {});
    for (const Pending &entry : pending) {
        if (entry.socket)
            entry.socket->abort();
    }
    const QHash<QString, Peer *> peers = m_peers;
    for (Peer *peer : peers) {
        peer->disconnect(this);
        peer->close({.code = CloseCode::GoingAway});
        delete peer;
    }
}

void Hub::setWatchService(WatchService *service)
{
    m_watch = service;
}

void Hub::setRevokeSession(RevokeSession revoke)
{
    m_revoke = std::move(revoke);
}

std::unique_ptr<Hub::Endpoint> Hub::makeEndpoint(const std::shared_ptr<const GateTarget> &target, const EndpointConfig *config)
{
    auto endpoint = std::make_unique<Endpoint>();
    endpoint->target = target;
    if (config) {
        endpoint->config = *config;
        endpoint->service = makeService(*config, m_services.clock);
    }
    // The mode only decides which scheme QWebSocket::requestUrl() shows.
    endpoint->server = std::make_unique<QWebSocketServer>(u"watchword-gateway"_s, QWebSocketServer::SecureMode);
    endpoint->server->setSupportedSubprotocols(subprotocolsOf(*target, config));
    endpoint->server->setMaxPendingConnections(std::numeric_limits<int>::max());
    Endpoint *raw = endpoint.get();
    connect(endpoint->server.get(), &QWebSocketServer::newConnection, this, [this, raw] { upgraded(*raw); });
    return endpoint;
}

void Hub::setEndpoints(const GatewayConfig &config, const QList<std::shared_ptr<const GateTarget>> &targets)
{
    std::map<QString, std::unique_ptr<Endpoint>> old = std::move(m_endpoints);
    m_endpoints.clear();
    for (const auto &target : targets) {
        const auto entry = std::find_if(config.endpoints.begin(), config.endpoints.end(),
                                        [&target](const EndpointConfig &e) { return e.path == target->path; });
        const EndpointConfig *endpointConfig = entry == config.endpoints.end() ? nullptr : &*entry;
        const auto same = old.find(target->path);
        const bool keeps = same != old.end() && same->second->target->kind == target->kind
            && (!endpointConfig || servesTheSame(same->second->config, *endpointConfig));
        if (!keeps) {
            m_endpoints.emplace(target->path, makeEndpoint(target, endpointConfig));
            continue;
        }
        same->second->target = target;
        if (endpointConfig)
            same->second->config = *endpointConfig;
        m_endpoints.emplace(target->path, std::move(same->second));
        old.erase(same);
    }
    for (auto &[path, endpoint] : old)
        retire(std::move(endpoint));
}

void Hub::retire(std::unique_ptr<Endpoint> endpoint)
{
    const QHash<QString, Peer *> peers = m_peers;
    for (Peer *peer : peers) {
        if (peer->admission().target->path == endpoint->target->path)
            peer->close({.code = CloseCode::PolicyChanged});
    }
    m_retired.push_back(std::move(endpoint));
}

void Hub::reload(const GatewayConfig &config, const QList<std::shared_ptr<const GateTarget>> &targets)
{
    const QSet<QString> gone = m_issuers - issuersOf(config);
    m_issuers = issuersOf(config);
    setEndpoints(config, targets);
    const QHash<QString, Peer *> peers = m_peers;
    for (Peer *peer : peers) {
        const auto it = m_endpoints.find(peer->admission().target->path);
        if (it == m_endpoints.end() || !peer->isOpen())
            continue;
        const auto &target = it->second->target;
        if (gone.contains(peer->identity().issuer) || !isStillAllowed(*target, peer->identity(), peer->admission().origin))
            peer->close({.code = CloseCode::PolicyChanged});
        else
            peer->setTarget(target);
    }
}

void Hub::adopt(QTcpSocket *socket, const Admission &admission)
{
    const auto it = m_endpoints.find(admission.target->path);
    if (it == m_endpoints.end()) { // the path went away while the token was verified
        socket->abort();
        socket->deleteLater();
        return;
    }
    const QString key = socketKey(socket->peerAddress(), socket->peerPort());
    m_pending.insert(key, {socket, admission, m_services.clock.now() + kUpgradeTime});
    connect(socket, &QAbstractSocket::disconnected, this, [this, key] { m_pending.remove(key); });
    it->second->server->handleConnection(socket);
}

void Hub::upgraded(Endpoint &endpoint)
{
    while (QWebSocket *socket = endpoint.server->nextPendingConnection()) {
        const QString key = socketKey(socket->peerAddress(), socket->peerPort());
        const Pending pending = m_pending.take(key);
        if (!pending.socket) { // it ended in the same turn
            socket->deleteLater();
            continue;
        }
        pending.socket->disconnect(this);
        socket->setParent(nullptr);
        if (endpoint.service)
            openPeer(endpoint, std::unique_ptr<QWebSocket>(socket), pending);
        else
            openStream(endpoint, socket, pending);
    }
}

void Hub::openPeer(Endpoint &endpoint, std::unique_ptr<QWebSocket> socket, const Pending &pending)
{
    auto *peer =
        new Peer(newConnectionId(), std::move(socket), pending.socket, pending.admission, *endpoint.service, m_services, this);
    m_peers.insert(peer->id(), peer);
    m_services.metrics.connections = int(m_peers.size());
    connect(peer, &Peer::ended, this, [this, peer] { peerEnded(peer); });
    peer->start();
    if (m_endAt)
        peer->announceEnd(*m_endAt - m_services.clock.now(), m_endReason);
}

void Hub::openStream(Endpoint &endpoint, QWebSocket *socket, const Pending &pending)
{
    if (!m_watch) {
        socket->close(QWebSocketProtocol::CloseCodeGoingAway);
        socket->deleteLater();
        return;
    }
    // The slot counts as long as the socket lives.
    connect(socket, &QObject::destroyed, this, [slot = pending.admission.slot] { Q_UNUSED(slot) });
    if (endpoint.target->kind == GateTarget::Kind::Watch) {
        m_watch->acceptWatch(socket, pending.admission.identity, pending.admission.url);
        return;
    }
    const QUrlQuery query(QString::fromLatin1(pending.admission.query));
    m_watch->acceptAudit(socket, pending.admission.identity, query.queryItemValue(u"after"_s, QUrl::FullyDecoded),
                         pending.admission.url);
}

void Hub::peerEnded(Peer *peer)
{
    m_peers.remove(peer->id());
    m_services.metrics.connections = int(m_peers.size());
    peer->deleteLater();
    if (m_peers.isEmpty())
        Q_EMIT emptied();
}

DisconnectOutcome Hub::disconnectConnections(const QStringList &ids, int code, const QString &reason,
                                             std::chrono::milliseconds after, const Identity &by)
{
    Q_UNUSED(by)
    DisconnectOutcome outcome;
    QSet<QString> sessions;
    for (const QString &id : ids) {
        Peer *peer = m_peers.value(id);
        if (!peer || !peer->isOpen()) {
            outcome.gone.append(id);
            continue;
        }
        sessions.insert(peer->identity().sessionId);
        outcome.done.append(id);
        PeerClose close;
        close.code = CloseCode(quint16(code));
        close.after = after;
        close.text = reason;
        close.auditReason = u"admin"_s;
        peer->close(close);
    }
    if (code == int(CloseCode::SessionRevoked)) {
        for (const QString &session : std::as_const(sessions)) {
            if (m_revoke)
                m_revoke(session, reason);
            closeSession(session);
        }
    }
    return outcome;
}

void Hub::closeSession(const QString &sessionId)
{
    const QHash<QString, Peer *> peers = m_peers;
    for (Peer *peer : peers) {
        if (peer->identity().sessionId == sessionId)
            peer->close({.code = CloseCode::SessionRevoked});
    }
}

void Hub::announceEnd(Duration in, const QString &reason)
{
    m_endAt = m_services.clock.now() + in;
    m_endReason = reason;
    for (Peer *peer : std::as_const(m_peers))
        peer->announceEnd(in, reason);
}

void Hub::closeAll(CloseCode code)
{
    const QHash<QString, Peer *> peers = m_peers;
    const Duration spread = std::min<Duration>(kLongestSpread, Duration(peers.size() * 1000 / kReturnsPerSecond));
    for (Peer *peer : peers)
        peer->finish({.code = code, .after = Duration(QRandomGenerator::global()->bounded(int(spread.count()) + 1))});
    if (m_peers.isEmpty())
        QMetaObject::invokeMethod(this, &Hub::emptied, Qt::QueuedConnection);
}

void Hub::tick()
{
    m_tick.start(kTick);
    const Instant now = m_services.clock.now();
    const QHash<QString, Pending> pending = m_pending;
    for (const Pending &entry : pending) {
        if (now >= entry.deadline && entry.socket)
            entry.socket->abort();
    }
    const QHash<QString, Peer *> peers = m_peers;
    for (Peer *peer : peers) {
        if (m_peers.contains(peer->id()))
            peer->tick();
    }
    for (const auto &[path, endpoint] : m_endpoints) {
        if (endpoint->service)
            endpoint->service->tick();
    }
}

} // namespace Watchword::Gateway
