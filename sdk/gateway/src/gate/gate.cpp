// SPDX-License-Identifier: Apache-2.0
#include "gate/gate.h"

#include "audit/auditlog.h"
#include "bridge/netvalues.h"
#include "gate/closeanswer.h"
#include "gate/configfiles.h"
#include "gate/handshake.h"
#include "gate/tlsfiles.h"
#include "gate/tokenverifier.h"
#include "http/httpmessage.h"
#include "lock/lockbook.h"
#include "relay/assertionsigner.h"
#include "watchword/core/frame.h"
#include "watchword/core/log.h"

#include <QDateTime>
#include <QSslCertificate>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kUnknownPathRate = 20; // handshakes a second for paths that have no limits of their own

constexpr Duration kLookEvery = 1s;
constexpr int kLooksForHeap = 10; // counting its free pieces takes time, and holds up who wants memory
constexpr std::size_t kMostQueued = 64 * 1024 * 1024; // for one client; endpoints close it long before, and say so

QStringList namesOf(const QSslCertificate &certificate)
{
    return certificate.subjectAlternativeNames().values();
}

} // namespace

QList<std::shared_ptr<const GateTarget>> targetsOf(const GatewayConfig &config)
{
    QList<std::shared_ptr<const GateTarget>> targets;
    for (const EndpointConfig &endpoint : config.endpoints) {
        GateTarget target;
        target.path = endpoint.path;
        target.isPrefix = endpoint.isPrefix;
        target.passesHttp = endpoint.passHttp;
        target.scopes = endpoint.scopes;
        target.origins = endpoint.origins;
        target.acrValues = endpoint.acrValues;
        target.maxAge = endpoint.maxAge;
        target.sessionLifetime = endpoint.sessionLifetime;
        target.sessionIdle = endpoint.sessionIdle;
        target.hidden = endpoint.hidden;
        target.requireDpop = endpoint.requireDpop;
        target.policy = endpoint.policy.isEmpty() ? config.policy : endpoint.policy;
        target.limits = endpoint.limits;
        target.subprotocols = QStringList{QLatin1StringView(kSubprotocol)} + endpoint.subprotocols;
        target.rejectStyle = endpoint.rejectStyle;
        target.credentials = endpoint.credentials;
        targets.append(std::make_shared<const GateTarget>(target));
    }
    if (config.watch) {
        GateTarget target;
        target.origins = config.watch->origins;
        target.kind = GateTarget::Kind::Watch;
        target.path = config.watch->path;
        target.scopes = QStringList{u"gw:read"_s};
        target.subprotocols = QStringList{u"watchword.watch.v1"_s};
        targets.append(std::make_shared<const GateTarget>(target));
        target.kind = GateTarget::Kind::Audit;
        target.path = config.watch->auditPath;
        target.scopes = QStringList{u"gw:audit"_s};
        target.subprotocols = QStringList{u"cloudevents.json"_s};
        targets.append(std::make_shared<const GateTarget>(target));
    }
    return targets;
}

Gate::Gate(const GatewayConfig &config, const GateServices &services, QObject *parent)
    : QObject(parent)
    , m_config(config)
    , m_services(services)
    , m_ticketKeys(std::make_shared<Net::TicketKeys>())
    , m_look(services.clock)
    , m_targets(targetsOf(config))
{
    connect(&services.bridge, &Bridge::requestArrived, this, &Gate::take);
    connect(&m_look, &Alarm::due, this, &Gate::look);
    setMemoryLimit();
}

Gate::~Gate()
{
    if (m_listener)
        m_listener->close();
    const QSet<Handshake *> handshakes = std::exchange(m_handshakes, {});
    qDeleteAll(handshakes);
}

Result<Net::Listener::Generation> Gate::readGeneration(const GatewayConfig &gatewayConfig)
{
    const ListenConfig &config = gatewayConfig.listen;
    Net::Listener::Generation generation;
    const Result<QByteArray> securityText = readSecurityText(config.securityTextFile);
    if (!securityText)
        return securityText.error();
    if (!config.plain) {
        Result<QSslConfiguration> tls = readTlsConfiguration(config);
        if (!tls)
            return tls.error();
        Result<std::shared_ptr<const Net::TlsContext>> context = readTlsContext(config, m_ticketKeys);
        if (!context)
            return context.error();
        m_tls = *tls;
        generation.tls = *context;
    }
    m_securityText = *securityText;
    generation.accept.connections = std::size_t(config.maxConnections);
    generation.accept.handshakes = std::size_t(config.maxHandshakes);
    generation.accept.connectionsPerAddress = std::size_t(config.connectionsPerAddress);
    generation.accept.handshakesPerAddress = std::size_t(config.handshakesPerAddress);
    generation.accept.acceptsPerSecond = config.acceptsPerSecond;
    for (const QString &proxy : gatewayConfig.trustedProxies)
        (config.proxyProtocol ? generation.proxies : generation.shared).add(proxy.toStdString());
    if (config.plain) { // what ends TLS on this machine
        generation.shared.add("127.0.0.0/8");
        generation.shared.add("::1");
    }
    generation.stream.handshake = config.headTimeout;
    generation.stream.most = kMostQueued;
    return generation;
}

Result<void> Gate::open()
{
    const Result<Net::Listener::Generation> generation = readGeneration(m_config);
    if (!generation)
        return generation.error();
    m_services.proofs.setConfig(m_config);
    m_services.proofs.setCertificateNames(namesOf(m_tls.localCertificate()));
    Net::ListenerOptions options;
    options.address = {toNet(m_config.listen.address), m_config.listen.port};
    options.accept = generation->accept;
    options.stream = generation->stream;
    options.proxies = generation->proxies;
    options.shared = generation->shared;
    m_listener = std::make_unique<Net::Listener>(m_services.bridge.pool(), options, m_services.bridge.factory());
    if (const std::error_code error = m_listener->open(generation->tls))
        return listenError(error, m_config.listen.address, m_config.listen.port);
    m_look.start(kLookEvery);
    return {};
}

void Gate::drain()
{
    m_isDraining = true;
}

void Gate::close()
{
    m_isDraining = true;
    if (m_listener)
        m_listener->close();
}

quint16 Gate::port() const
{
    return m_listener ? m_listener->address().port : 0;
}

QHostAddress Gate::address() const
{
    return m_config.listen.address;
}

QHostAddress Gate::reachableAddress() const
{
    const QHostAddress listening = address();
    if (listening == QHostAddress::AnyIPv6)
        return QHostAddress(QHostAddress::LocalHostIPv6);
    const bool isAny = listening == QHostAddress::Any || listening == QHostAddress::AnyIPv4;
    return isAny ? QHostAddress(QHostAddress::LocalHost) : listening;
}

Result<void> Gate::reload(const GatewayConfig &config)
{
    const Result<Net::Listener::Generation> generation = readGeneration(config);
    if (!generation)
        return generation.error();
    m_config = config;
    setMemoryLimit();
    m_targets = targetsOf(config);
    m_listener->reload(*generation);
    m_services.proofs.setConfig(m_config);
    m_services.proofs.setCertificateNames(namesOf(m_tls.localCertificate()));
    return {};
}

std::optional<int> Gate::certificateDaysLeft() const
{
    const QSslCertificate certificate = m_tls.localCertificate();
    if (certificate.isNull())
        return {};
    return int(QDateTime::currentDateTimeUtc().daysTo(certificate.expiryDate()));
}

void Gate::setMemoryLimit()
{
    m_memory.setLimit(m_config.memory > 0 ? m_config.memory : memoryOfControlGroup() / 10 * 9);
    m_memory.take(residentBytes());
}

void Gate::countSockets()
{
    if (!m_listener)
        return;
    const Net::ListenerCounters &listener = m_listener->counters();
    const Net::ReactorPool &pool = m_services.bridge.pool();
    Metrics &metrics = m_services.metrics;
    metrics.accepted = listener.accepted.value();
    metrics.dropped = droppedOf(listener);
    if (m_services.countServers)
        m_services.countServers(metrics);
    using Net::StreamCounters;
    metrics.cut = {{"head_timeout", pool.sum(&StreamCounters::timedOut)},
                   {"stalled", pool.sum(&StreamCounters::stalled)},
                   {"queue", pool.sum(&StreamCounters::overflowed)},
                   {"control_frames_per_second", pool.sum(&StreamCounters::tooManyControls)},
                   {"fragments", pool.sum(&StreamCounters::tooManyFragments)},
                   {"message_bytes", pool.sum(&StreamCounters::messageTooBig)},
                   {"message_time", pool.sum(&StreamCounters::messageTooSlow)},
                   {"protocol", pool.sum(&StreamCounters::protocolBroken)}};
    for (auto it = metrics.limitsBroken.cbegin(); it != metrics.limitsBroken.cend(); ++it)
        metrics.cut[it.key()] += it.value();
    metrics.tlsFailed = pool.sum(&Net::StreamCounters::tlsFailed);
    metrics.tlsResumed = pool.sum(&Net::StreamCounters::resumed);
    metrics.memory = quint64(residentBytes());
    metrics.locks = int(m_services.locks.size());
    metrics.sockets = int(pool.sum(&Net::StreamCounters::live));
    metrics.handshakes = int(pool.sum(&Net::StreamCounters::handshaking));
    metrics.upstreams = int(pool.sumOutgoing(&Net::StreamCounters::live));
    metrics.upstreamsOpened = pool.sumOutgoing(&Net::StreamCounters::established);
}

void Gate::look()
{
    m_look.start(kLookEvery);
    const bool wasReached = m_memory.isReached();
    m_memory.take(residentBytes());
    if (m_memory.isReached() && !wasReached)
        qCWarning(logGateway) << "new connections are refused: the process has" << m_memory.limit() << "bytes of memory";
    const int connections = int(m_services.bridge.pool().sum(&Net::StreamCounters::live));
    const qint64 idle = ++m_looks % kLooksForHeap == 0 ? idleBytes() : 0;
    if (m_trim.isDue(connections, idle, m_memory.isReached(), m_services.clock.now())) {
        trimHeap();
        m_trim.trimmed(idleBytes());
        m_memory.take(residentBytes());
    }
    const quint64 turnedAway = m_listener->counters().noDescriptor.value();
    if (std::exchange(m_turnedAway, turnedAway) != turnedAway)
        qCWarning(logGateway) << "no descriptor to spare for more connections: raise the limit of open files (LimitNOFILE)";
}

void Gate::take(const PendingRequest &request)
{
    auto *handshake = new Handshake(request, *this);
    m_handshakes.insert(handshake);
    handshake->begin();
}

void Gate::handshakeEnded(Handshake *handshake)
{
    m_handshakes.remove(handshake);
    handshake->deleteLater();
}

bool Gate::mayWait(const QString &network) const
{
    const int ofAddress = m_config.listen.handshakesPerAddress;
    return m_allWaiting < m_config.listen.maxHandshakes && (ofAddress == 0 || m_waiting.value(network) < ofAddress);
}

void Gate::countWaiting(const QString &network, int change)
{
    m_allWaiting += change;
    if (int &count = m_waiting[network]; (count += change) <= 0)
        m_waiting.remove(network);
}

void Gate::refuse(const PendingRequest &request, const Admission &admission, const Refusal &refusal)
{
    const RequestHead &head = request.arrival().parsed.head;
    answerRefusal(request, refusal, {head, admission.peer, &admission.identity, admission.target}, this, [] {});
}

void Gate::answerRefusal(const PendingRequest &request, const Refusal &refusal, const Refused &who, const QObject *context,
                         std::function<void()> then)
{
    record(refusal, who, context, [request, refusal, target = who.target, then = std::move(then)](const QString &ref) {
        const RequestHead &head = request.arrival().parsed.head;
        if (const auto closing = closeAnswerOf(refusal, ref, head, target.get()))
            request.answer(request.switchAnswer(closing->subprotocol) + closing->frames);
        else
            request.answer(answerOf(refusal, ref, head.method == "HEAD"));
        then();
    });
}

// Hidden endpoints are counted with the paths that are not there, so that the limit does not tell them apart.
int Gate::unknownPathRate() const
{
    int rate = kUnknownPathRate;
    for (const auto &target : m_targets) {
        if (target->hidden)
            rate = rate == 0 || target->limits.handshakesPerSecond == 0 ? 0 : std::max(rate, target->limits.handshakesPerSecond);
    }
    return rate;
}

GateContext Gate::context(const GatePeer &peer)
{
    GateContext context;
    context.targets = &m_targets;
    context.draining = m_isDraining;
    context.isMemoryFull = m_memory.isReached();
    context.hasSecurityText = !m_securityText.isEmpty();
    context.signsAssertions = std::any_of(m_config.endpoints.begin(), m_config.endpoints.end(),
                                          [](const EndpointConfig &endpoint) { return !endpoint.assertionAudience.isEmpty(); });
    context.isAuditNeeded =
        m_config.audit.whenUnwritable == AuditConfig::WhenUnwritable::Refuse && !m_services.audit.isWritable();
    context.handshakeRate = [this, address = peer.address](const GateTarget *target) {
        const int rate = target ? target->limits.handshakesPerSecond : unknownPathRate();
        return m_rates.take(target ? target->path : QString(), address, rate, 2.0 * rate, m_services.clock.now());
    };
    return context;
}

void Gate::record(const Refusal &refusal, const Refused &who, const QObject *context,
                  std::function<void(const QString &ref)> then)
{
    const auto &[head, peer, identity, target] = who;
    ++m_services.metrics.refused[refusal.status];
    AuditEntry entry;
    entry.type = refusal.auditType;
    entry.severity = refusal.severity;
    entry.outcome = u"denied"_s;
    entry.reasonCode = refusal.reasonCode;
    entry.message = refusal.sentence();
    entry.data.insert("src"_L1, auditSource(peer));
    entry.data.insert("http"_L1, auditHttp(head, refusal.status));
    entry.data.insert("initiator"_L1, u"policy"_s);
    if (const auto closing = closeAnswerOf(refusal, {}, head, target.get()))
        entry.data.insert("ws"_L1, QJsonObject{{u"close_code"_s, closing->code}});
    else if (refusal.closeCode)
        entry.data.insert("ws"_L1, QJsonObject{{u"close_code"_s, *refusal.closeCode}});
    if (head.contains("User-Agent"))
        entry.data.insert("ua"_L1, clientText(head.value("User-Agent")));
    if (identity) {
        entry.data.insert("actor"_L1, auditActor(*identity));
        entry.data.insert("token"_L1, auditToken(*identity));
    }
    if (refusal.auditType == "limit.hit"_L1) {
        QJsonObject limit{{u"name"_s, refusal.reasonCode}};
        if (refusal.retryAfter)
            limit.insert("retry_after_ms"_L1, qint64(refusal.retryAfter->count()));
        entry.data.insert("limit"_L1, limit);
    }
    m_services.audit.postLimited(entry, peer.address, context, std::move(then));
}

QByteArray Gate::probe(const RequestHead &head)
{
    HttpResponse response;
    response.with("Content-Type", "text/plain; charset=utf-8").with("Cache-Control", "no-store");
    if (head.path == "/metrics") {
        response.headers.first().second = "text/plain; version=0.0.4; charset=utf-8";
        countSockets();
        response.body = m_services.metrics.toPrometheus();
    } else if (head.path == "/readyz") {
        QByteArray missing = m_isDraining ? QByteArray("draining") : QByteArray();
        if (missing.isEmpty() && m_memory.isReached())
            missing = "memory";
        if (missing.isEmpty() && m_services.readiness)
            missing = m_services.readiness();
        response.status = missing.isEmpty() ? 200 : 503;
        response.body = missing.isEmpty() ? QByteArray("ready\n") : missing + '\n';
    } else if (head.path == kAssertionKeysPath) {
        response.headers = {{"Content-Type", "application/jwk-set+json"}, {"Cache-Control", "public, max-age=300"}};
        response.body = m_services.assertions.publicKeys();
    } else if (head.path == kSecurityTextPath) {
        response.body = m_securityText;
    } else {
        response.body = "ok\n";
    }
    return response.toBytes(false, head.method == "HEAD");
}

} // namespace Watchword::Gateway
