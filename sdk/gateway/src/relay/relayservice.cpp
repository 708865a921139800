// SPDX-License-Identifier: Apache-2.0
#include "relay/relayservice.h"

#include "endpoint/peer.h"
#include "gate/credential.h"
#include "relay/upstreamrefusal.h"
#include "watchword/core/internal/useragent.h"
#include "watchword/core/log.h"

#include <QFile>
#include <QUrl>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qint64 kLargestPem = 1024 * 1024;

// Header values come from tokens: everything that is not printable ASCII is percent-encoded, and so cannot start a header.
std::string headerValue(const QString &text)
{
    return QUrl::toPercentEncoding(text, " !\"#$&'()*+,/:;<=>?@[\\]^`{|}").toStdString();
}

std::shared_ptr<const Net::TlsContext> readClientTls(const EndpointConfig &config, QString &problem)
{
    Net::TlsClientOptions options;
    if (!config.upstreamCaFile.isEmpty()) {
        QFile file(config.upstreamCaFile);
        if (!file.open(QIODevice::ReadOnly)) {
            problem = u"%1: %2"_s.arg(config.upstreamCaFile, file.errorString());
            return {};
        }
        options.authoritiesPem = file.read(kLargestPem).toStdString();
        if (options.authoritiesPem.empty()) {
            problem = u"%1 is empty"_s.arg(config.upstreamCaFile);
            return {};
        }
    }
    std::string trouble;
    std::shared_ptr<const Net::TlsContext> context = Net::TlsContext::createClient(options, trouble);
    if (!context)
        problem = u"%1: %2"_s.arg(config.upstreamCaFile, QString::fromStdString(trouble));
    return context;
}

} // namespace

RelayService::RelayService(const EndpointConfig &config)
    : m_config(config)
{
    if (config.upstream.scheme() != "wss"_L1)
        return;
    m_tls = readClientTls(config, m_tlsProblem);
    if (!m_tls)
        qCCritical(logGateway).noquote() << "no client can reach the upstream of" << config.path << "because" << m_tlsProblem;
}

RelayService::~RelayService()
{
    qDeleteAll(std::exchange(m_opening, {}));
}

std::vector<UpstreamTarget> RelayService::targetsFor(const Admission &admission) const
{
    const QUrl &url = m_config.upstream;
    const bool isSecure = url.scheme() == "wss"_L1;
    const int usual = isSecure ? 443 : 80;
    UpstreamTarget target;
    target.host = url.host(QUrl::FullyEncoded).toStdString();
    target.port = std::uint16_t(url.port(usual));
    const QString host = url.host(QUrl::FullyEncoded);
    const QString bracketed = host.contains(u':') ? u'[' + host + u']' : host;
    target.authority = (target.port == usual ? bracketed : bracketed + u':' + QString::number(target.port)).toStdString();
    QByteArray path = url.path(QUrl::FullyEncoded).toLatin1();
    if (path.isEmpty())
        path = "/";
    if (url.hasQuery())
        path += '?' + url.query(QUrl::FullyEncoded).toLatin1();
    else if (!admission.query.isEmpty())
        path += '?' + admission.query;
    target.path = path.toStdString();
    target.tls = m_tls;
    return {target};
}

UpstreamOrder RelayService::orderFor(const PendingRequest &request, const Admission &admission, const QString &connectionId,
                                     bool speaksControl) const
{
    UpstreamOrder order;
    order.targets = targetsFor(admission);
    order.request.origin = headerValue(admission.origin);
    // Behind watchword.v1 the endpoint's list is the gateway's offer; a plain client makes its own, within that list.
    const QStringList offered = speaksControl ? m_config.subprotocols : offeredSubprotocols(request.arrival().parsed.head);
    for (const QString &name : offered) {
        if (m_config.subprotocols.contains(name))
            order.request.subprotocols.push_back(name.toStdString());
    }
    const Identity &identity = admission.identity;
    const std::string agent = admission.userAgent.isEmpty() ? userAgent().toStdString() : headerValue(admission.userAgent);
    order.request.fields = {{"X-Watchword-Subject", headerValue(identity.subject)},
                            {"X-Watchword-Issuer", headerValue(identity.issuer)},
                            {"X-Watchword-Name", headerValue(identity.name)},
                            {"X-Watchword-Client", headerValue(identity.clientId)},
                            {"X-Watchword-Scopes", headerValue(identity.scopes.join(u' '))},
                            {"X-Watchword-Connection", connectionId.toStdString()},
                            {"X-Forwarded-For", admission.peer.address.toString().toStdString()},
                            {"X-Forwarded-Proto", admission.peer.secure ? "https" : "http"},
                            {"X-Forwarded-Host", headerValue(admission.host)},
                            {"User-Agent", agent}};
    return order;
}

void RelayService::open(const PendingRequest &request, const Admission &admission, const QString &connectionId,
                        std::chrono::milliseconds heartbeat, std::function<void(std::unique_ptr<ClientSocket>)> opened,
                        std::function<void(const Refusal &)> refused)
{
    if (!request.bridge())
        return;
    if (m_config.upstream.scheme() == "wss"_L1 && !m_tls) {
        UpstreamRefused reason;
        reason.reason = UpstreamRefused::Reason::NotTrusted;
        reason.detail = m_tlsProblem.toStdString();
        refused(refusalOfUpstream(reason, false));
        return;
    }
    const bool speaksControl = offeredSubprotocols(request.arrival().parsed.head).contains(QLatin1StringView(kSubprotocol));
    auto *socket = new RelaySocket(*request.bridge(), request.id(), admission.tlsProtocol);
    m_opening.insert(socket);
    const auto forget = [this, socket] {
        m_opening.remove(socket);
        socket->deleteLater(); // this is one of its signals
    };
    connect(socket, &ClientSocket::disconnected, this, forget);
    connect(socket, &RelaySocket::upstreamRefused, this,
            [forget, refused = std::move(refused), speaksControl](const UpstreamRefused &reason) {
                forget();
                refused(refusalOfUpstream(reason, speaksControl));
            });
    RelayTerms terms{speaksControl, admission.target->limits, admission.identity, m_taken, heartbeat};
    connect(socket, &RelaySocket::upstreamOpened, this,
            [this, socket, request, terms, opened = std::move(opened)](const QString &chosen) {
                m_opening.remove(socket);
                socket->disconnect(this);
                const QString subprotocol = terms.speaksControl ? QString::fromLatin1(kSubprotocol) : chosen;
                socket->accept(subprotocol, request.switchAnswer(subprotocol), terms);
                opened(std::unique_ptr<ClientSocket>(socket));
            });
    socket->begin(orderFor(request, admission, connectionId, speaksControl));
}

void RelayService::opened(Peer &peer)
{
    auto *socket = qobject_cast<RelaySocket *>(&peer.socket());
    if (!socket)
        return;
    connect(socket, &RelaySocket::limitReached, &peer, [&peer](const LimitBreach &breach) {
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

void RelayService::limitsChanged(Peer &peer, const EndpointLimits &limits)
{
    if (auto *socket = qobject_cast<RelaySocket *>(&peer.socket()))
        socket->setLimits(limits);
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
