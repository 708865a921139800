// SPDX-License-Identifier: Apache-2.0
#include "watchword/gateway/gateway.h"

#include "api/apiserver.h"
#include "audit/auditlog.h"
#include "bridge/bridge.h"
#include "config/configchanges.h"
#include "config/fixedsettings.h"
#include "endpoint/canary.h"
#include "endpoint/hub.h"
#include "gate/configfiles.h"
#include "gate/gate.h"
#include "gate/gatepeer.h"
#include "gate/tlsfiles.h"
#include "gate/tokenverifier.h"
#include "issuer/issuerhost.h"
#include "limit/failedauth.h"
#include "lock/lockbook.h"
#include "relay/assertionsigner.h"
#include "watch/watchservice.h"
#include "watchword/core/log.h"

#include <QFileInfo>
#include <QSysInfo>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

class Gateway::Private
{
public:
    enum class State { New, Running, Draining, Stopping, Stopped };

    Private(const GatewayConfig &c, Clock &time, Gateway *owner)
        : config(c)
        , clock(time)
        , q(owner)
        , stopAlarm(time)
        , proofs(time)
        , failures(time)
    {
        failures.setPerMinute(config.failedAuthPerMinute);
        if (config.node.isEmpty())
            config.node = QSysInfo::machineHostName();
    }

    Result<void> start();
    Result<void> openAudit();
    Result<void> openLocks();
    Result<void> openIssuer();
    void openHub();
    void openWatch();
    Result<void> openApi();
    void openCanary(); //!< Before what reads the configuration's endpoints.
    QByteArray readiness() const;
    void countServers(Metrics &counted);
    void note(const QString &type, const QString &outcome, const QString &reason, const QString &message);
    void beginDrain();
    void beginStop();
    void finishStop();
    void release();

    GatewayConfig config;
    Clock &clock;
    Gateway *q;
    State state = State::New;
    Alarm stopAlarm;
    Duration stopGrace{};
    ProofChecker proofs;
    FailedAuth failures;
    WallTime startedAt{};
    Metrics metrics;
    ConnectionCaps caps;
    SessionLives sessions;
    // In the order of need: each borrows from those above it.
    std::unique_ptr<Bridge> bridge;
    std::unique_ptr<AuditLog> audit;
    std::unique_ptr<LockBook> locks;
    std::unique_ptr<WatchTables> tables;
    std::unique_ptr<IssuerHost> host; // of the embedded issuer, where there is one
    std::unique_ptr<TokenVerifier> verifier;
    std::unique_ptr<Canary> canary;
    std::unique_ptr<AssertionSigner> assertions;
    std::unique_ptr<PeerServices> services;
    std::unique_ptr<Hub> hub;
    std::unique_ptr<WatchService> watch;
    std::unique_ptr<Gate> gate;
    std::unique_ptr<ApiServer> api;
};

Result<void> Gateway::Private::openAudit()
{
    AuditOptions options;
    options.path = config.audit.database == ":memory:"_L1 ? QString() : config.audit.database;
    options.cluster = config.cluster;
    options.node = config.node;
    options.version = QStringLiteral(WATCHWORD_VERSION);
    options.maxEvents = config.audit.maxEvents;
    options.retainBytes = config.audit.maxBytes;
    const bool isBounded = options.maxEvents > 0 || options.retainBytes > 0;
    (isBounded ? options.keepAtLeast : options.maxAge) = config.audit.retention.value_or(Duration());
    Result<std::unique_ptr<AuditLog>> opened = AuditLog::open(options, clock);
    if (!opened)
        return opened.error();
    audit = std::move(opened).value();
    return {};
}

Result<void> Gateway::Private::openLocks()
{
    QString file = config.locks.database;
    if (file.isEmpty() && config.audit.database != ":memory:"_L1)
        file = QFileInfo(config.audit.database).absolutePath() + u"/locks.sqlite"_s;
    locks = std::make_unique<LockBook>(clock);
    return locks->open(file == ":memory:"_L1 ? QString() : file);
}

Result<void> Gateway::Private::openIssuer()
{
    if (!config.embeddedIssuer)
        return {};
    host = std::make_unique<IssuerHost>(*audit, *tables, clock);
    host->setFindClient([this](HttpRequest &request) {
        const GatePeer peer = peerOf(request.head, request.peer, request.peerPort, true, config);
        request.peer = peer.address;
        request.peerPort = peer.port;
    });
    connect(host.get(), &IssuerHost::sessionEnded, q, [this](const Lock &ended) {
        if (hub)
            hub->enforce(ended);
    });
    if (const Result<void> opened = host->open(config, &bridge->pool()); !opened)
        return opened;
    host->issuer().setFailedAuth(&failures);
    verifier->setEmbeddedIssuer(&host->issuer(), config.embeddedIssuer->audience);
    return {};
}

void Gateway::Private::openHub()
{
    services.reset(new PeerServices{clock, *audit, *tables, *verifier, proofs, *assertions, metrics, *locks, sessions, failures,
                                    config.node, config.grace, config.heartbeat});
    hub = std::make_unique<Hub>(config, targetsOf(config), *services);
    hub->setRevokeSession([this](const Identity &whose, const QString &reason) {
        if (host && whose.issuer == host->issuer().identifier())
            host->issuer().revokeSession(whose.sessionId, reason);
    });
    connect(locks.get(), &LockBook::added, hub.get(), &Hub::enforce);
    connect(hub.get(), &Hub::emptied, q, [this] {
        if (state == State::Draining)
            beginStop();
        else if (state == State::Stopping)
            finishStop();
    });
}

void Gateway::Private::openWatch()
{
    if (!config.watch)
        return;
    WatchServerInfo info;
    info.node = config.node;
    info.version = QStringLiteral(WATCHWORD_VERSION);
    info.startedAt = startedAt;
    info.tlsDaysLeft = gate->certificateDaysLeft();
    WatchLimits limits;
    limits.tokenGrace = config.grace;
    watch = std::make_unique<WatchService>(*tables, *audit, *hub, clock, info, limits);
    watch->setTokenCheck(
        [this](const WatchService::Renewal &renewal) {
            return verifier->verify(renewal.token, renewal.from).then(q, [this, renewal](const Result<Identity> &verdict) {
                if (!verdict)
                    return verdict;
                const Presentation presentation{renewal.proof.has_value(), renewal.proof.value_or(QByteArray()), renewal.url,
                                                false, renewal.keyOfConnection};
                const std::optional<ProofProblem> problem = proofs.check(*verdict, renewal.token, presentation);
                return problem ? Result<Identity>(problem->toError()) : verdict;
            });
        },
        [this] { return proofs.nonce(); });
    watch->setFailureCount([this](const QHostAddress &peer, const Identity &whose) { return failures.count(peer, &whose); });
    hub->setWatchService(watch.get());
}

Result<void> Gateway::Private::openApi()
{
    if (!config.api)
        return {};
    const Result<QSslConfiguration> tls = readTlsConfiguration(config.listen);
    if (!tls)
        return tls.error();
    api = std::make_unique<ApiServer>(
        ApiServices{*hub, *locks, host ? &host->issuer() : nullptr, *verifier, proofs, failures, *audit, clock});
    api->setConfig(config);
    return api->listen(config.api->address, config.api->port, *tls, &bridge->pool());
}

void Gateway::Private::openCanary()
{
    if (config.canary.count() <= 0)
        return;
    const auto site = [this] { return Canary::Site{gate->reachableAddress(), gate->port(), gate->certificate()}; };
    canary = std::make_unique<Canary>(Canary::Services{clock, *locks, metrics, site}, config.canary);
    config.endpoints.append(canary->endpoint());
    verifier->setCanary(canary.get());
    connect(canary.get(), &Canary::measured, q, [this](std::chrono::milliseconds time) {
        if (watch)
            watch->setCanary(time);
    });
}

Result<void> Gateway::Private::start()
{
    startedAt = clock.wallNow();
    if (const Result<void> opened = openAudit(); !opened)
        return opened.error();
    if (const Result<void> opened = openLocks(); !opened)
        return opened.error();
    bridge = std::make_unique<Bridge>(config.listen.threads);
    tables = std::make_unique<WatchTables>(clock);
    verifier = std::make_unique<TokenVerifier>(config.issuers, clock);
    verifier->setLocks(locks.get());
    if (const Result<void> opened = openIssuer(); !opened)
        return opened.error();
    Result<std::unique_ptr<AssertionSigner>> signer =
        AssertionSigner::open(config.assertionKeyFile, u"wss-gateway://%1/%2"_s.arg(config.cluster, config.node), clock);
    if (!signer)
        return signer.error();
    assertions = std::move(signer).value();
    openCanary();
    openHub();
    gate = std::make_unique<Gate>(config,
                                  GateServices{clock, *audit, *verifier, caps, metrics, proofs, *bridge, *assertions, *locks,
                                               sessions, failures, [this] { return readiness(); },
                                               [this](Metrics &counted) { countServers(counted); }});
    connect(gate.get(), &Gate::admitted, hub.get(), &Hub::adopt);
    connect(gate.get(), &Gate::authenticated, hub.get(), &Hub::adoptSocket);
    connect(hub.get(), &Hub::refused, gate.get(), &Gate::refuse);
    if (const Result<void> opened = gate->open(); !opened)
        return opened.error();
    openWatch();
    if (const Result<void> opened = openApi(); !opened)
        return opened.error();
    verifier->warmUp();
    if (canary)
        canary->start();
    state = State::Running;
    note(u"node.start"_s, u"success"_s, u"started"_s, u"The gateway started."_s);
    return {};
}

void Gateway::Private::countServers(Metrics &counted)
{
    if (host)
        counted.serversDropped.insert("issuer", host->issuer().droppedSockets());
    if (api)
        counted.serversDropped.insert("api", api->droppedSockets());
}

QByteArray Gateway::Private::readiness() const
{
    if (!audit->isWritable())
        return "the audit log cannot be written";
    if (!verifier->isReady())
        return "no issuer's keys could be fetched yet";
    return {};
}

void Gateway::Private::note(const QString &type, const QString &outcome, const QString &reason, const QString &message)
{
    AuditEntry entry;
    entry.type = type;
    entry.severity = outcome == "success"_L1 ? 1 : 3;
    entry.outcome = outcome;
    entry.reasonCode = reason;
    entry.message = message;
    entry.data.insert("initiator"_L1, u"system"_s);
    if (const Result<AuditEvent> event = audit->append(entry); !event)
        qCWarning(logGateway).noquote() << "the audit log cannot be written:" << event.error().toString();
}

void Gateway::Private::beginDrain()
{
    state = State::Draining;
    if (canary)
        canary->stop();
    note(u"node.draining"_s, u"success"_s, u"draining"_s, u"The gateway announced its end."_s);
    gate->drain();
    stopAlarm.start(config.drain);
    hub->announceEnd(config.drain, u"drain"_s);
}

void Gateway::Private::beginStop()
{
    state = State::Stopping;
    if (canary)
        canary->stop();
    gate->close();
    stopAlarm.start(stopGrace);
    hub->closeAll(CloseCode::ServiceRestart);
}

void Gateway::Private::finishStop()
{
    if (state != State::Stopping)
        return;
    stopAlarm.cancel();
    state = State::Stopped;
    hub->endAll(); // who did not answer in time
    note(u"node.stop"_s, u"success"_s, u"stopped"_s, u"The gateway ended."_s);
    if (watch)
        watch->drain(int(CloseCode::ServiceRestart));
    if (const Result<void> flushed = audit->flush(); !flushed)
        qCWarning(logGateway).noquote() << "the audit log was not flushed:" << flushed.error().toString();
    Q_EMIT q->stopped();
}

void Gateway::Private::release()
{
    api.reset();
    gate.reset();
    if (hub)
        hub->setWatchService(nullptr);
    watch.reset();
    hub.reset();
    services.reset();
    assertions.reset();
    if (verifier)
        verifier->setCanary(nullptr);
    canary.reset();
    verifier.reset();
    host.reset();
    tables.reset();
    locks.reset();
    audit.reset();
    bridge.reset();
}

Gateway::Gateway(const GatewayConfig &config, Clock &clock)
    : d(std::make_unique<Private>(config, clock, this))
{
    connect(&d->stopAlarm, &Alarm::due, this, [this] {
        if (d->state == Private::State::Draining)
            d->beginStop();
        else
            d->finishStop();
    });
}

Gateway::~Gateway()
{
    if (d->state != Private::State::New && d->state != Private::State::Stopped)
        d->note(u"node.stop"_s, u"success"_s, u"destroyed"_s, u"The gateway ended at once."_s);
    d->state = Private::State::Stopped;
    d->release();
}

Result<std::shared_ptr<Gateway>> Gateway::create(const GatewayConfig &config, Clock &clock)
{
    if (const Result<void> valid = config.validate(); !valid)
        return valid.error();
    return std::shared_ptr<Gateway>(new Gateway(config, clock));
}

Result<void> Gateway::checkFiles(const GatewayConfig &config)
{
    return Watchword::Gateway::checkFiles(config);
}

Result<void> Gateway::start()
{
    if (d->state != Private::State::New)
        return Error(ErrorCode::WrongState, u"a gateway can be started once"_s);
    Result<void> started = checkFiles(d->config);
    if (started)
        started = d->start();
    if (!started)
        d->release();
    return started;
}

void Gateway::stop(Duration grace)
{
    if (!isRunning())
        return;
    d->stopGrace = grace;
    if (d->state == Private::State::Running && d->config.drain.count() > 0 && d->hub->connectionCount() > 0)
        d->beginDrain();
    else
        d->beginStop();
}

Result<void> Gateway::reload(const GatewayConfig &config)
{
    if (d->state != Private::State::Running)
        return Error(ErrorCode::WrongState, u"only a running gateway can be reloaded"_s);
    GatewayConfig next = config;
    Result<void> valid = next.validate();
    if (valid)
        valid = checkFiles(next);
    if (d->canary)
        next.endpoints.append(d->canary->endpoint());
    if (valid) {
        if (const std::optional<Error> change = fixedChanges(d->config, next))
            valid = *change;
        else
            valid = d->gate->reload(next);
    }
    if (!valid) {
        d->note(u"config.reloaded"_s, u"failure"_s, valid.error().codeName(),
                toldOfReload(u"The new configuration was not taken."_s, valid.error().detail().split(u'\n')));
        return valid;
    }
    next.node = d->config.node;
    const QStringList changes = changedSettings(d->config.written, next.written);
    for (const QString &line : changes)
        qCInfo(logGateway).noquote() << "reload:" << line;
    d->config = next;
    d->failures.setPerMinute(next.failedAuthPerMinute);
    d->services->grace = next.grace;
    d->services->heartbeat = next.heartbeat;
    d->verifier->setIssuers(next.issuers);
    d->verifier->warmUp();
    d->hub->reload(next, targetsOf(next));
    // The gate has taken the same files a moment ago.
    const Result<QSslConfiguration> tls = readTlsConfiguration(next.listen);
    const auto retake = [&tls](auto &server, const char *who) {
        if (const Result<void> taken = tls ? server.setTlsConfiguration(*tls) : Result<void>(tls.error()); !taken)
            qCWarning(logGateway).noquote() << who << "keeps its certificate:" << taken.error().toString();
    };
    if (d->host)
        retake(d->host->issuer(), "the issuer");
    if (d->api) {
        d->api->setConfig(next);
        retake(*d->api, "the API");
    }
    if (d->watch) {
        WatchServerInfo info;
        info.node = d->config.node;
        info.version = QStringLiteral(WATCHWORD_VERSION);
        info.startedAt = d->startedAt;
        info.tlsDaysLeft = d->gate->certificateDaysLeft();
        d->watch->setServerInfo(info);
    }
    d->note(u"config.reloaded"_s, u"success"_s, u"reloaded"_s,
            toldOfReload(u"The configuration and the certificate were read anew."_s, changes));
    return {};
}

bool Gateway::isRunning() const
{
    return d->state == Private::State::Running || d->state == Private::State::Draining;
}

quint16 Gateway::port() const
{
    return d->gate ? d->gate->port() : 0;
}

QUrl Gateway::url() const
{
    if (!d->gate || d->gate->port() == 0)
        return {};
    QUrl url;
    url.setScheme(d->config.listen.plain ? u"ws"_s : u"wss"_s);
    url.setHost(d->gate->reachableAddress().toString());
    url.setPort(d->gate->port());
    return url;
}

QUrl Gateway::issuerUrl() const
{
    return d->host ? d->host->issuer().url() : QUrl();
}

QUrl Gateway::apiUrl() const
{
    return d->api ? d->api->url() : QUrl();
}

int Gateway::connectionCount() const
{
    return d->hub ? d->hub->connectionCount() : 0;
}

} // namespace Watchword::Gateway
