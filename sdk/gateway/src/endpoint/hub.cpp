// SPDX-License-Identifier: Apache-2.0
#include "endpoint/hub.h"

#include "audit/auditlog.h"
#include "endpoint/echoservice.h"
#include "endpoint/endpointrules.h"
#include "endpoint/roomsservice.h"
#include "gate/credential.h"
#include "lock/lockbook.h"
#include "relay/relayservice.h"
#include "watchword/core/log.h"

#include <QRandomGenerator>
#include <QUrlQuery>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kTick = 1s;
constexpr Duration kLongestSpread = 10s; // of the way back after a planned end
constexpr int kReturnsPerSecond = 2000;

std::optional<Wire::DeflateOptions> compressionOf(const EndpointConfig &config)
{
    if (!config.compression)
        return {};
    Wire::DeflateOptions options;
    options.serverWindowBits = options.clientWindowBits = config.compression->windowBits;
    options.serverKeepsContext = options.clientKeepsContext = config.compression->keepContext;
    options.memoryLevel = config.compression->memoryLevel;
    options.smallest = std::size_t(config.compression->smallest);
    return options;
}

QString newConnectionId()
{
    return u"c-"_s + QString::number(QRandomGenerator::system()->generate64(), 36);
}

bool servesTheSame(const EndpointConfig &a, const EndpointConfig &b)
{
    // Upstreams may come and go: a relay closes the connections of those that went.
    return a.service == b.service && a.upstream.scheme() == b.upstream.scheme() && a.upstreamCaFile == b.upstreamCaFile
        && a.isPrefix == b.isPrefix && a.subprotocols == b.subprotocols && a.history == b.history;
}

std::unique_ptr<EndpointService> makeService(const EndpointConfig &config, PeerServices &services)
{
    switch (config.service) {
    case EndpointConfig::Service::Echo:
        return std::make_unique<EchoService>();
    case EndpointConfig::Service::Rooms:
        return std::make_unique<RoomsService>(config, services.clock, services.metrics);
    case EndpointConfig::Service::Upstream:
        return std::make_unique<RelayService>(config, services.clock, services.assertions);
    }
    Q_UNREACHABLE();
}

} // namespace

Hub::Hub(const GatewayConfig &config, const QList<std::shared_ptr<const GateTarget>> &targets, PeerServices &services,
         QObject *parent)
    : QObject(parent)
    , m_services(services)
    , m_issuers(issuersOf(config))
    , m_keepLocks(config.locks.keep)
    , m_tick(services.clock)
{
    setEndpoints(config, targets);
    connect(&m_tick, &Alarm::due, this, &Hub::tick);
    m_tick.start(kTick);
}

Hub::~Hub()
{
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
        endpoint->service = makeService(*config, m_services);
    }
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
        if (endpointConfig) {
            same->second->config = *endpointConfig;
            same->second->service->configChanged(*endpointConfig);
        }
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
    m_keepLocks = config.locks.keep;
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
    if (m_watch) {
        m_watch->closeStreams(int(CloseCode::PolicyChanged),
                              [&gone](const Identity &identity, const QHostAddress &) { return gone.contains(identity.issuer); });
    }
}

// A user's connections beyond the endpoint's limit, the oldest first. Those that are closing already do not count.
void Hub::makeRoom(const Admission &admission)
{
    const EndpointLimits &limits = admission.target->limits;
    if (!limits.replacesOldest || limits.connectionsPerUser <= 0)
        return;
    std::vector<Peer *> own;
    for (Peer *peer : std::as_const(m_peers)) {
        if (peer->isOpen() && peer->admission().target->path == admission.target->path
            && peer->identity().isSamePerson(admission.identity))
            own.push_back(peer);
    }
    std::sort(own.begin(), own.end(), [](const Peer *a, const Peer *b) { return a->openedAt() < b->openedAt(); });
    for (std::size_t i = 0; i + std::size_t(limits.connectionsPerUser) <= own.size(); ++i)
        own[i]->close({.code = CloseCode::Replaced});
}

void Hub::adopt(const PendingRequest &request, const Admission &admission)
{
    const auto it = m_endpoints.find(admission.target->path);
    if (it == m_endpoints.end()) { // the path went away while the token was verified
        request.drop();
        return;
    }
    Endpoint &endpoint = *it->second;
    if (auto *relay = dynamic_cast<RelayService *>(endpoint.service.get())) {
        openRelay(endpoint, *relay, request, admission);
        return;
    }
    std::unique_ptr<ClientSocket> socket =
        request.upgrade(chosenSubprotocol(request.arrival().parsed.head, endpoint.target->subprotocols),
                        rulesOf(*admission.target, m_services.heartbeat), compressionOf(endpoint.config));
    if (!socket)
        return;
    if (endpoint.service)
        openPeer(endpoint, newConnectionId(), std::move(socket), admission);
    else
        openStream(endpoint, std::move(socket), admission);
}

void Hub::adoptSocket(ClientSocket *socket, const Admission &admission)
{
    std::unique_ptr<ClientSocket> owned(socket);
    const auto it = m_endpoints.find(admission.target->path);
    const bool isServed =
        it != m_endpoints.end() && it->second->service && it->second->config.service != EndpointConfig::Service::Upstream;
    if (!isServed || m_closing) {
        const CloseCode code = m_closing.value_or(CloseCode::PolicyChanged);
        owned->close(int(code), closeCodeName(int(code)));
        return;
    }
    openPeer(*it->second, newConnectionId(), std::move(owned), admission);
}

void Hub::openRelay(Endpoint &endpoint, RelayService &relay, const PendingRequest &request, const Admission &admission)
{
    const QString id = newConnectionId();
    if (!request.arrival().parsed.head.hasToken("Upgrade", "websocket")) {
        ++m_services.metrics.httpRequests;
        std::optional<WallTime> end = admission.identity.expiresAt;
        if (end)
            *end += m_services.grace;
        relay.openHttp(request, admission, id, end,
                       [this, request, admission](const Refusal &refusal) { Q_EMIT refused(request, admission, refusal); });
        return;
    }
    relay.open(
        request, admission, id, m_services.heartbeat, ratesOf(admission, m_services),
        [this, &endpoint, id, admission](std::unique_ptr<ClientSocket> socket) {
            Peer *peer = openPeer(endpoint, id, std::move(socket), admission);
            const auto present = m_endpoints.find(admission.target->path);
            if (m_closing)
                peer->close({.code = *m_closing});
            else if (present == m_endpoints.end() || present->second.get() != &endpoint) // a reload came in between
                peer->close({.code = CloseCode::PolicyChanged});
        },
        [this, request, admission](const Refusal &refusal) { Q_EMIT refused(request, admission, refusal); });
}

Peer *Hub::openPeer(Endpoint &endpoint, const QString &id, std::unique_ptr<ClientSocket> socket, const Admission &admission)
{
    makeRoom(admission);
    auto *peer = new Peer(id, std::move(socket), admission, *endpoint.service, m_services, this);
    m_peers.insert(peer->id(), peer);
    peer->setPlace(m_round.size());
    m_round.push_back(peer);
    m_services.metrics.connections = int(m_peers.size());
    connect(peer, &Peer::ended, this, [this, peer] { peerEnded(peer); });
    peer->start();
    if (m_endAt)
        peer->announceEnd(*m_endAt - m_services.clock.now(), m_endReason);
    return peer;
}

void Hub::openStream(Endpoint &endpoint, std::unique_ptr<ClientSocket> socket, const Admission &admission)
{
    if (!m_watch) {
        socket->close(int(CloseCode::GoingAway), {});
        return;
    }
    recordStream(*socket, admission);
    // The slot counts as long as the socket lives.
    connect(socket.get(), &QObject::destroyed, this, [slot = admission.slot] { Q_UNUSED(slot) });
    if (endpoint.target->kind == GateTarget::Kind::Watch) {
        m_watch->acceptWatch(std::move(socket), admission.identity, QUrl::fromEncoded(admission.url), admission.peer.address);
        return;
    }
    const QUrlQuery query(QString::fromLatin1(admission.query));
    m_watch->acceptAudit(std::move(socket), admission.identity, query.queryItemValue(u"after"_s, QUrl::FullyDecoded),
                         QUrl::fromEncoded(admission.url), admission.peer.address);
}

// Who watches others is recorded like them.
void Hub::recordStream(ClientSocket &socket, const Admission &admission)
{
    AuditEntry entry;
    entry.type = u"monitor.opened"_s;
    entry.subject = admission.identity.sessionId;
    entry.severity = 2;
    entry.outcome = u"success"_s;
    entry.reasonCode = u"accepted"_s;
    const QString who = admission.identity.name.isEmpty() ? admission.identity.subject : admission.identity.name;
    const QString from = admission.peer.address.toString();
    entry.message = u"%1 watches %2 from %3."_s.arg(who, admission.target->path, from);
    QJsonObject actor = auditActor(admission.identity);
    actor.insert("type"_L1, u"operator"_s);
    entry.data = {{"actor"_L1, actor},
                  {"initiator"_L1, u"user"_s},
                  {"session"_L1, QJsonObject{{"sid"_L1, admission.identity.sessionId}}},
                  {"token"_L1, auditToken(admission.identity)},
                  {"src"_L1, auditSource(admission.peer)},
                  {"http"_L1, QJsonObject{{"path"_L1, admission.target->path}, {"status"_L1, 101}}}};
    if (!admission.userAgent.isEmpty())
        entry.data.insert("ua"_L1, admission.userAgent);
    m_services.audit.post(entry);
    const auto code = std::make_shared<int>(1006);
    connect(&socket, &ClientSocket::disconnected, this, [&socket, code] { *code = socket.closeCode(); });
    connect(&socket, &QObject::destroyed, this, [this, entry, code, who, from, since = m_services.clock.now()]() mutable {
        const qint64 lasted = (m_services.clock.now() - since).count();
        entry.type = u"monitor.closed"_s;
        entry.reasonCode = u"ended"_s;
        entry.message = u"%1 watched for %2 s from %3."_s.arg(who, QString::number(lasted / 1000), from);
        entry.data.insert("ws"_L1, QJsonObject{{"close_code"_L1, *code}, {"duration_ms"_L1, lasted}});
        m_services.audit.post(entry);
    });
}

void Hub::peerEnded(Peer *peer)
{
    m_peers.remove(peer->id());
    if (const auto begun = m_ending.constFind(peer); begun != m_ending.constEnd()) {
        m_services.metrics.ended.observe(m_services.clock.now() - *begun);
        m_ending.erase(begun);
    }
    m_round.back()->setPlace(peer->place());
    m_round[peer->place()] = m_round.back();
    m_round.pop_back();
    m_services.metrics.connections = int(m_peers.size());
    peer->deleteLater();
    if (m_peers.isEmpty())
        Q_EMIT emptied();
}

DisconnectOutcome Hub::disconnectConnections(const QStringList &ids, int code, const QString &reason,
                                             std::chrono::milliseconds after, const Identity &by)
{
    DisconnectOutcome outcome;
    QHash<QString, Identity> sessions;
    for (const QString &id : ids) {
        Peer *peer = m_peers.value(id);
        if (!peer || !peer->isOpen()) {
            outcome.gone.append(id);
            continue;
        }
        const Identity &whose = peer->identity();
        sessions.insert(QStringList{whose.issuer, whose.subject, whose.sessionId}.join(QChar(u'\0')), whose);
        outcome.done.append(id);
        PeerClose close;
        close.code = CloseCode(quint16(code));
        close.after = after;
        close.text = reason;
        close.auditReason = u"admin"_s;
        peer->close(close);
    }
    for (const Identity &whose : std::as_const(sessions)) {
        if (code == int(CloseCode::SessionRevoked) && m_revoke)
            m_revoke(whose, reason);
        keepOut(whose, CloseCode(quint16(code)), reason, after, by);
    }
    return outcome;
}

// What the code promises: the session's tokens are refused from now on, whoever issued them.
void Hub::keepOut(const Identity &whose, CloseCode code, const QString &message, Duration after, const Identity &by)
{
    const WallTime now = m_services.clock.wallNow();
    Lock lock;
    lock.target = {LockTarget::Kind::Session, whose.issuer, whose.sessionId, whose.subject};
    lock.since = now;
    lock.until = now + (code == CloseCode::KickedMayReturn ? after : m_keepLocks);
    lock.mode = code == CloseCode::SessionRevoked ? Lock::Mode::Revoked
        : code == CloseCode::Forbidden            ? Lock::Mode::Forbidden
                                                  : Lock::Mode::Held;
    lock.message = message;
    lock.reason = u"admin"_s;
    lock.by = by.name;
    if (lock.isOver(now))
        return;
    if (const Result<Lock> added = m_services.locks.add(lock); !added)
        qCWarning(logGateway).noquote() << "a session is kept out until the end of the program only:" << added.error().toString();
}

void Hub::enforce(const Lock &lock)
{
    if (lock.mode == Lock::Mode::Held)
        return;
    const CloseCode code = lock.closeCode();
    PeerClose close{.code = code, .text = lock.message, .auditReason = lock.reason};
    if (lock.until && lock.mode == Lock::Mode::Locked)
        setUntil(close, *lock.until, m_services.clock.wallNow());
    const QHash<QString, Peer *> peers = m_peers;
    for (Peer *peer : peers) {
        if (!peer->isOpen() || !lock.concerns(peer->identity(), peer->admission().peer.address))
            continue;
        m_ending.insert(peer, m_services.clock.now());
        peer->close(close);
    }
    for (const auto &[path, endpoint] : m_endpoints) {
        if (endpoint->service)
            endpoint->service->lockedOut(lock);
    }
    if (m_watch) {
        m_watch->closeStreams(
            int(code), [&lock](const Identity &identity, const QHostAddress &peer) { return lock.concerns(identity, peer); });
    }
}

QList<LiveConnection> Hub::liveConnections() const
{
    QList<LiveConnection> connections;
    connections.reserve(m_peers.size());
    for (const Peer *peer : m_peers) {
        if (peer->isOpen()) {
            connections.append({peer->id(), peer->identity(), peer->admission().peer.address, peer->admission().target->path,
                                peer->admission().at});
        }
    }
    return connections;
}

void Hub::forEachMonitor(const std::function<void(const Identity &, const QHostAddress &)> &visit) const
{
    if (m_watch)
        m_watch->forEachMonitor(visit);
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
    m_closing = code;
    const QHash<QString, Peer *> peers = m_peers;
    const Duration spread = std::min<Duration>(kLongestSpread, Duration(peers.size() * 1000 / kReturnsPerSecond));
    for (Peer *peer : peers)
        peer->finish({.code = code, .after = Duration(QRandomGenerator::global()->bounded(int(spread.count()) + 1))});
    if (m_peers.isEmpty())
        QMetaObject::invokeMethod(this, &Hub::emptied, Qt::QueuedConnection);
}

void Hub::endAll()
{
    const QHash<QString, Peer *> peers = m_peers;
    for (Peer *peer : peers)
        peer->endNow(m_closing.value_or(CloseCode::GoingAway));
}

void Hub::tick()
{
    m_tick.start(kTick);
    lookAtChanged();
    refreshSome();
    for (const auto &[path, endpoint] : m_endpoints) {
        if (endpoint->service)
            endpoint->service->tick();
    }
    std::erase_if(m_retired, [this](const auto &endpoint) { return isLeft(*endpoint); });
}

// Nobody is with a retired endpoint any more.
bool Hub::isLeft(const Endpoint &endpoint) const
{
    const EndpointService *service = endpoint.service.get();
    return !service || (!service->hasGuests() && std::none_of(m_peers.begin(), m_peers.end(), [service](const Peer *peer) {
        return &peer->service() == service;
    }));
}

void Hub::lookAtChanged()
{
    // Who changes or ends meanwhile comes into another list, and is deleted later.
    std::vector<Peer *> changed = std::exchange(m_services.changed, {});
    std::erase(changed, nullptr);
    for (Peer *peer : changed)
        peer->look();
}

// As many as that all had their turn when a heartbeat has passed.
void Hub::refreshSome()
{
    const std::size_t rounds = std::size_t(std::max<qint64>(1, m_services.heartbeat / kTick));
    for (std::size_t left = (m_round.size() + rounds - 1) / rounds; left > 0 && !m_round.empty(); --left) {
        m_nextInRound = m_nextInRound < m_round.size() ? m_nextInRound : 0;
        m_round[m_nextInRound++]->refresh();
    }
}

} // namespace Watchword::Gateway
