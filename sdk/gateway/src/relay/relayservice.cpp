// SPDX-License-Identifier: Apache-2.0
#include "relay/relayservice.h"

#include "endpoint/peer.h"
#include "gate/credential.h"
#include "lock/lock.h"
#include "relay/upstreamrefusal.h"
#include "relay/upstreamrequest.h"
#include "watchword/core/log.h"

#include <QUrl>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

RelayService::RelayService(const EndpointConfig &config, Clock &clock, AssertionSigner &signer)
    : m_config(config)
    , m_clock(clock)
    , m_signer(signer)
    , m_watch(clock)
{
    connect(&m_watch, &UpstreamWatch::looked, this, &RelayService::note);
    takeServers();
}

RelayService::~RelayService()
{
    qDeleteAll(std::exchange(m_opening, {}).keys());
}

void RelayService::takeServers()
{
    m_pool.setServers(QList<QUrl>{m_config.upstream} + m_config.moreUpstreams, m_config.drainingUpstreams);
    // Of one alone nothing has to be known: it is tried anyway.
    takeTls();
    const QList<QUrl> watched = m_config.moreUpstreams.isEmpty() ? QList<QUrl>() : m_pool.urls();
    m_watch.watch(watched, m_config.upstreamHealth, m_tls.forHealth);
}

void RelayService::takeTls()
{
    const Result<UpstreamTls> tls = readUpstreamTls(m_config);
    if (tls) {
        m_tls = *tls;
        m_tlsProblem.clear();
        return;
    }
    // A reload has looked at the files before; what was good goes on.
    m_tlsProblem = tls.error().detail();
    qCCritical(logGateway).noquote() << m_tlsProblem;
    if (!m_tls.context)
        qCCritical(logGateway).noquote() << "no client can reach the upstream of" << m_config.path;
}

void RelayService::configChanged(const EndpointConfig &config)
{
    m_config = config;
    takeServers();
    const QList<QUrl> urls = m_pool.urls();
    const QSet<Peer *> peers = m_peers;
    for (Peer *peer : peers) {
        const auto *socket = qobject_cast<RelaySocket *>(&peer->socket());
        if (m_peers.contains(peer) && socket && !urls.contains(socket->upstream()))
            peer->close({.code = CloseCode::PolicyChanged});
    }
}

void RelayService::lockedOut(const Lock &lock)
{
    const QHash<RelaySocket *, Opening> opening = m_opening;
    for (auto [socket, who] : opening.asKeyValueRange()) {
        if (lock.concerns(who.identity, who.peer))
            socket->abort(); // it tells when it has ended
    }
}

void RelayService::note(const QUrl &url, bool isGood)
{
    const bool isNew = isGood ? m_pool.works(url) : m_pool.failed(url, m_clock.now());
    if (!isNew || m_config.moreUpstreams.isEmpty())
        return;
    if (isGood)
        qCInfo(logGateway).noquote() << "the upstream" << url.toString() << "of" << m_config.path << "is back";
    else
        qCWarning(logGateway).noquote() << "the upstream" << url.toString() << "of" << m_config.path << "cannot be reached";
}

void RelayService::learn(const UpstreamOutcome &outcome, const QList<QUrl> &urls)
{
    for (const std::size_t failed : outcome.failed)
        note(urls.value(qsizetype(failed)), false);
    if (std::find(outcome.failed.begin(), outcome.failed.end(), outcome.at) == outcome.failed.end())
        note(urls.value(qsizetype(outcome.at)), true);
}

std::vector<UpstreamTarget> RelayService::targetsFor(const Admission &admission, const QList<QUrl> &urls) const
{
    std::vector<UpstreamTarget> targets;
    for (const QUrl &url : urls) {
        UpstreamTarget target = UpstreamRequest::serverOf(url);
        target.path = UpstreamRequest::targetOf(m_config, url, admission.path, admission.query).toStdString();
        target.tls = m_tls.context;
        targets.push_back(std::move(target));
    }
    return targets;
}

UpstreamOrder RelayService::orderFor(const PendingRequest &request, const Admission &admission, const QString &connectionId,
                                     bool speaksControl, const QList<QUrl> &urls) const
{
    const RequestHead &head = request.arrival().parsed.head;
    UpstreamOrder order;
    order.targets = targetsFor(admission, urls);
    Wire::UpgradeRequest upgrade;
    upgrade.origin = UpstreamRequest::headerValue(admission.origin);
    // Behind watchword.v1 the endpoint's list is the gateway's offer; a plain client makes its own, within that list.
    const QStringList offered = speaksControl ? m_config.subprotocols : offeredSubprotocols(head);
    for (const QString &name : offered) {
        if (m_config.subprotocols.contains(name))
            upgrade.subprotocols.push_back(name.toStdString());
    }
    upgrade.fields = UpstreamRequest::fieldsOf(m_config, head, admission, connectionId);
    if (auto assertion = assertionFor(admission, connectionId))
        upgrade.fields.emplace_back(AssertionSigner::kField, std::move(*assertion));
    order.request = std::move(upgrade);
    return order;
}

std::optional<std::string> RelayService::assertionFor(const Admission &admission, const QString &connectionId) const
{
    if (m_config.assertionAudience.isEmpty())
        return {};
    return m_signer.sign(m_config.assertionAudience, admission, connectionId).toStdString();
}

bool RelayService::isUsable(const std::function<void(const Refusal &)> &refused) const
{
    if (m_config.upstream.scheme() != "wss"_L1 || m_tls.context)
        return true;
    UpstreamRefused reason;
    reason.reason = UpstreamRefused::Reason::NotTrusted;
    reason.detail = m_tlsProblem.toStdString();
    refused(refusalOfUpstream(reason, false));
    return false;
}

void RelayService::openHttp(const PendingRequest &request, const Admission &admission, const QString &connectionId,
                            std::optional<WallTime> end, std::function<void(const Refusal &)> refused)
{
    if (!request.bridge() || !isUsable(refused))
        return;
    const RequestHead &head = request.arrival().parsed.head;
    const QList<QUrl> urls = m_pool.order(m_clock.now());
    HttpOrder order = UpstreamRequest::httpOrderOf(m_config, head, admission, connectionId);
    order.upstream.targets = targetsFor(admission, urls);
    if (const auto assertion = assertionFor(admission, connectionId))
        order.fields.append(AssertionSigner::kField).append(": ").append(*assertion).append("\r\n");
    if (order.largestBody > 0 && head.contentLength() > qint64(order.largestBody)) {
        refused(refusalOfBody(head.contentLength()));
        return;
    }
    if (end)
        order.longest = std::max(*end - m_clock.wallNow(), Duration(1));
    auto *socket = new RelaySocket(*request.bridge(), request.id(), admission.tlsProtocol);
    m_opening.insert(socket, {admission.identity, admission.peer.address});
    // The slot of the admission counts until the answer is over.
    const auto forget = [this, socket, slot = admission.slot] {
        m_opening.remove(socket);
        socket->deleteLater();
    };
    connect(socket, &ClientSocket::disconnected, this, forget);
    connect(socket, &RelaySocket::httpDone, this, forget);
    connect(socket, &RelaySocket::upstreamOpened, this, [this, socket, urls](const UpstreamOpened &outcome) {
        learn(outcome, urls);
        const QUrl url = urls.value(qsizetype(outcome.at));
        socket->setUpstream(url, m_pool.take(url));
    });
    connect(socket, &RelaySocket::upstreamRefused, this,
            [this, forget, urls, refused = std::move(refused)](const UpstreamRefused &reason) {
                forget();
                learn(reason, urls);
                refused(refusalOfUpstream(reason, false));
            });
    socket->beginHttp(std::move(order));
}

void RelayService::open(const PendingRequest &request, const Admission &admission, const QString &connectionId,
                        std::chrono::milliseconds heartbeat, const RateShares &shares,
                        std::function<void(std::unique_ptr<ClientSocket>)> opened, std::function<void(const Refusal &)> refused)
{
    if (!request.bridge() || !isUsable(refused))
        return;
    const bool speaksControl = offeredSubprotocols(request.arrival().parsed.head).contains(QLatin1StringView(kSubprotocol));
    auto *socket = new RelaySocket(*request.bridge(), request.id(), admission.tlsProtocol);
    m_opening.insert(socket, {admission.identity, admission.peer.address});
    const QList<QUrl> urls = m_pool.order(m_clock.now());
    const auto forget = [this, socket] {
        m_opening.remove(socket);
        socket->deleteLater(); // this is one of its signals
    };
    connect(socket, &ClientSocket::disconnected, this, forget);
    connect(socket, &RelaySocket::upstreamRefused, this,
            [this, forget, urls, refused = std::move(refused), speaksControl](const UpstreamRefused &reason) {
                forget();
                learn(reason, urls);
                refused(refusalOfUpstream(reason, speaksControl));
            });
    const QString sender = speaksControl ? SeenIds::senderOf(admission.identity) : QString();
    RelayTerms terms{speaksControl, admission.target->limits, shares, sender, m_taken, heartbeat};
    connect(socket, &RelaySocket::upstreamOpened, this,
            [this, socket, request, terms, urls, opened = std::move(opened)](const UpstreamOpened &outcome) {
                m_opening.remove(socket);
                socket->disconnect(this);
                learn(outcome, urls);
                const QUrl url = urls.value(qsizetype(outcome.at));
                socket->setUpstream(url, m_pool.take(url));
                const QString chosen = QString::fromStdString(outcome.subprotocol);
                const QString subprotocol = terms.speaksControl ? QString::fromLatin1(kSubprotocol) : chosen;
                socket->accept(subprotocol, request.switchAnswer(subprotocol), terms);
                opened(std::unique_ptr<ClientSocket>(socket));
            });
    socket->begin(orderFor(request, admission, connectionId, speaksControl, urls));
}

void RelayService::opened(Peer &peer)
{
    auto *socket = qobject_cast<RelaySocket *>(&peer.socket());
    if (!socket)
        return;
    m_peers.insert(&peer);
    connect(socket, &RelaySocket::limitReached, &peer, [&peer](const LimitBreach &breach) {
        if (breach.isHeld)
            peer.slowedDown({breach.limit, breach.most, breach.after});
        else
            peer.closeForLimit(breach.limit, breach.code, breach.value, breach.most, breach.after);
    });
    connect(socket, &RelaySocket::upstreamEnded, &peer, [&peer](int code, const QString &reason, bool isClosed) {
        PeerClose close;
        close.code = CloseCode(quint16(code));
        close.reason = reason;
        close.auditReason = isClosed ? u"upstream_closed"_s : u"upstream_gone"_s;
        peer.close(close);
    });
}

void RelayService::closed(Peer &peer)
{
    m_peers.remove(&peer);
}

void RelayService::limitsChanged(Peer &peer, const EndpointLimits &limits)
{
    if (auto *socket = qobject_cast<RelaySocket *>(&peer.socket()))
        socket->setLimits(limits, peer.rateShares(), peer.heartbeat());
}

void RelayService::renewed(Peer &peer, const Identity &before)
{
    const QStringList &scopes = peer.identity().scopes;
    if (QSet<QString>(scopes.begin(), scopes.end()) == QSet<QString>(before.scopes.begin(), before.scopes.end()))
        return;
    PeerClose close;
    close.code = CloseCode::PolicyChanged;
    close.auditReason = u"scopes_changed"_s;
    peer.close(close);
}

void RelayService::finish(Peer &peer, const PeerClose &close)
{
    auto *socket = qobject_cast<RelaySocket *>(&peer.socket());
    if (!socket) {
        peer.close(close);
        return;
    }
    connect(socket, &RelaySocket::answered, &peer, [&peer, close] { peer.close(close); });
    socket->finishAnswers();
}

} // namespace Watchword::Gateway
