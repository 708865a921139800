// SPDX-License-Identifier: Apache-2.0
#include "watchclient_p.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/log.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QUrlQuery>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kActionTimeout = 30s;
constexpr qsizetype kMostTargets = 1'000;
constexpr qsizetype kAuditBatch = 2'000;

QString toText(const QJsonObject &json)
{
    return QString::fromUtf8(QJsonDocument(json).toJson(QJsonDocument::Compact));
}

} // namespace

WatchClient::Private::Private(WatchClient *client, TokenProvider *provider, WatchOptions watchOptions)
    : q(client)
    , tokens(provider)
    , options(std::move(watchOptions))
    , connections(options.mirror)
    , tokenTable(options.mirror)
    , pingAlarm(clock())
{
    auditFlush.setSingleShot(true);
    auditFlush.setInterval(0);
    QObject::connect(&auditFlush, &QTimer::timeout, q, [this] { flushAudit(); });
    QObject::connect(&pingAlarm, &Alarm::due, q, [this] { ping(); });
}

void WatchClient::Private::end()
{
    state = State::Idle; // who calls back starts nothing on links that go
    failActions(Error(ErrorCode::Cancelled, u"the watch client was destroyed"_s));
}

void WatchClient::Private::setState(State next)
{
    if (state == next)
        return;
    const bool was = state == State::Reconnecting || state == State::Lost;
    const bool is = next == State::Reconnecting || next == State::Lost;
    if (is && !was)
        since = QDateTime::currentDateTimeUtc();
    else if (!is)
        since = {};
    state = next;
    Q_EMIT q->stateChanged(state);
}

void WatchClient::Private::setAuditState(AuditState next)
{
    if (std::exchange(auditState, next) != next)
        Q_EMIT q->auditStateChanged(next);
}

void WatchClient::Private::setError(const Error &error)
{
    lastError = error;
    Q_EMIT q->lastErrorChanged();
}

std::unique_ptr<StreamLink> WatchClient::Private::makeLink(const QString &subprotocol, std::function<QUrl()> url,
                                                           StreamRenewal::Message renewal)
{
    StreamLink::Setup setup;
    setup.options.certificateAuthorities = options.certificateAuthorities;
    setup.options.additionalCertificateAuthorities = options.additionalCertificateAuthorities;
    setup.options.clock = options.clock;
    setup.options.random = options.random;
    setup.subprotocol = subprotocol;
    setup.url = std::move(url);
    setup.renewal = std::move(renewal);
    auto link = std::make_unique<StreamLink>(tokens, std::move(setup), nullptr);
    QObject::connect(link.get(), &StreamLink::nextRetryAtChanged, q, &WatchClient::nextRetryAtChanged);
    return link;
}

void WatchClient::Private::start()
{
    if (state != State::Idle && state != State::Lost)
        return;
    connections = TableMirror<ConnectionRow>(options.mirror);
    tokenTable = TableMirror<TokenRow>(options.mirror);
    audit.restart(options.auditAfter);
    server = {};
    rtt = -1;
    progress = {};
    setState(State::Loading);
    Q_EMIT q->connectionsReset();
    Q_EMIT q->tokensReset();
    Q_EMIT q->progressChanged(progress);
    if (state != State::Loading)
        return; // stopped by a slot
    if (!options.watchPath.isEmpty())
        openWatch();
    if (!options.auditPath.isEmpty())
        openAudit();
}

void WatchClient::Private::openWatch()
{
    const auto url = [this] {
        QUrl target = options.gateway;
        target.setPath(options.watchPath);
        return target;
    };
    const auto renewal = [](QJsonObject fields) {
        fields.insert("t"_L1, u"auth.refresh"_s);
        return toText(fields);
    };
    watchLink = makeLink(u"watchword.watch.v1"_s, url, renewal);
    QObject::connect(watchLink.get(), &StreamLink::up, q, [this] { onWatchUp(); });
    QObject::connect(watchLink.get(), &StreamLink::down, q, [this](const Error &error) { onWatchDown(error); });
    QObject::connect(watchLink.get(), &StreamLink::ended, q, [this](const Error &error) { onWatchEnded(error); });
    QObject::connect(watchLink.get(), &StreamLink::renewalFailed, q, [this](const Error &error) { setError(error); });
    QObject::connect(watchLink.get(), &StreamLink::textReceived, q, [this](const QString &text) { onWatchText(text); });
    watchLink->open();
}

void WatchClient::Private::openAudit()
{
    const auto url = [this] {
        QUrl target = options.gateway;
        target.setPath(options.auditPath);
        if (const QString after = audit.after(); !after.isEmpty()) {
            QUrlQuery query;
            query.addQueryItem(u"after"_s, QString::fromLatin1(QUrl::toPercentEncoding(after)));
            target.setQuery(query);
        }
        return target;
    };
    const auto renewal = [](const QJsonObject &fields) { return toText({{"auth.refresh"_L1, fields}}); };
    auditLink = makeLink(u"cloudevents.json"_s, url, renewal);
    QObject::connect(auditLink.get(), &StreamLink::down, q, [this](const Error &error) {
        audit.linkLost();
        flushAudit();
        setAuditState(audit.received() > 0 || auditState == AuditState::Live ? AuditState::Reconnecting : AuditState::CatchingUp);
        qCDebug(logWatch) << "audit stream:" << error;
    });
    QObject::connect(auditLink.get(), &StreamLink::ended, q, [this](const Error &error) { onAuditEnded(error); });
    QObject::connect(auditLink.get(), &StreamLink::renewalFailed, q, [this](const Error &error) {
        qCDebug(logWatch) << "audit stream not renewed:" << error;
        if (!watchLink)
            setError(error);
    });
    QObject::connect(auditLink.get(), &StreamLink::textReceived, q, [this](const QString &text) { onAuditText(text); });
    setAuditState(AuditState::CatchingUp);
    auditLink->open();
}

void WatchClient::Private::stop()
{
    if (state == State::Idle)
        return;
    flushAudit();
    pingAlarm.cancel();
    // A slot may stop the client from inside a signal of these; they go when that has returned.
    for (std::unique_ptr<StreamLink> *link : {&watchLink, &auditLink}) {
        if (!*link)
            continue;
        (*link)->disconnect(q);
        (*link)->close();
        link->release()->deleteLater();
    }
    std::map<QString, Action> open = std::exchange(actions, {}); // a slot may start the client again
    setAuditState(AuditState::Off);
    setState(State::Idle);
    for (auto &[request, action] : open)
        action.finish(Error(ErrorCode::Cancelled, u"the watch client was stopped"_s));
}

void WatchClient::Private::retryNow()
{
    for (StreamLink *link : {watchLink.get(), auditLink.get()}) {
        if (link)
            link->retryNow();
    }
}

QDateTime WatchClient::Private::nextRetryAt() const
{
    if (watchLink)
        return watchLink->nextRetryAt();
    return auditLink ? auditLink->nextRetryAt() : QDateTime();
}

void WatchClient::Private::onWatchUp()
{
    haveHello = false;
    inSnapshot = false;
    watchLink->send(toText({{"t"_L1, u"view"_s}, {"rate_ms"_L1, qint64(options.rate.count())}}));
}

void WatchClient::Private::onWatchDown(const Error &error)
{
    pingAlarm.cancel();
    haveHello = false;
    setError(error);
    if (state == State::Live)
        setState(State::Reconnecting); // first: who asks again at once learns that nothing can be asked
    failActions(Error(ErrorCode::ConnectionLost, u"the link dropped before the gateway answered; look at the tables"_s));
}

void WatchClient::Private::onWatchEnded(const Error &error)
{
    pingAlarm.cancel();
    haveHello = false;
    setError(error);
    setState(State::Lost);
    failActions(Error(ErrorCode::ConnectionLost, u"the link ended before the gateway answered"_s));
}

void WatchClient::Private::onAuditEnded(const Error &error)
{
    flushAudit();
    const bool denied = error.condition() == ErrorCondition::Forbidden;
    if (!watchLink)
        setError(error);
    setAuditState(denied ? AuditState::Denied : AuditState::Lost);
    if (!watchLink)
        setState(State::Lost);
}

void WatchClient::Private::onAuditText(const QString &text)
{
    const Result<AuditReceiver::Step> received = audit.receive(text);
    if (!received) {
        auditLink->fail(received.error());
        return;
    }
    const AuditReceiver::Step &step = *received;
    if (step.opened)
        auditLink->established(step.tokenExpiresAt);
    if (step.renewedUntil)
        auditLink->renewed(*step.renewedUntil == WallTime::max() ? std::nullopt : step.renewedUntil, step.nonce);
    if (step.notRenewed)
        auditLink->renewalRefused(*step.notRenewed);
    if (step.newEpoch || step.gapFrom != 0 || step.checkpoint)
        flushAudit();
    if (step.checkpoint)
        Q_EMIT q->checkpointReceived(*step.checkpoint);
    if (step.newEpoch)
        Q_EMIT q->auditEpochChanged(*step.newEpoch);
    if (step.gapFrom != 0)
        Q_EMIT q->auditGap(step.gapFrom, step.gapTo);
    if (step.line) {
        auditBatch.append(*step.line);
        if (auditBatch.size() >= kAuditBatch)
            flushAudit();
        else if (!auditFlush.isActive())
            auditFlush.start();
    }
    if (step.mark) {
        server.newestAudit = std::max(server.newestAudit, *step.mark);
        Q_EMIT q->auditMarked(*step.mark);
    }
    if (state == State::Idle || !audit.isCurrent() || auditState == AuditState::Live)
        return;
    flushAudit(); // who hears "Live" has heard every event
    if (state != State::Idle)
        setAuditState(AuditState::Live);
}

void WatchClient::Private::flushAudit()
{
    auditFlush.stop();
    const QList<QByteArray> lines = std::exchange(auditBatch, {});
    if (!lines.isEmpty())
        Q_EMIT q->auditReceived(lines);
}

QFuture<Result<ActionOutcome>> WatchClient::Private::disconnectConnections(const QStringList &ids, int code, Duration after,
                                                                           const QString &reason)
{
    if (state != State::Live)
        return finishedFuture<ActionOutcome>(Error(ErrorCode::WrongState, u"the client is not live"_s));
    if (ids.isEmpty() || ids.size() > kMostTargets || ids.contains(QString()))
        return finishedFuture<ActionOutcome>(Error(ErrorCode::InvalidArgument, u"1 to 1000 connection ids are needed"_s));
    if (reason.trimmed().isEmpty()) {
        return finishedFuture<ActionOutcome>(
            Error(ErrorCode::InvalidArgument, u"a reason is needed"_s).withRemedy(u"Say why; it is written to the audit."_s));
    }
    if (!server.scope.contains("gw:kick"_L1))
        return finishedFuture<ActionOutcome>(actionError(u"insufficient_scope"_s));
    const QString request = u"r%1"_s.arg(++requestNumber);
    Action action;
    action.timeout = std::make_unique<Alarm>(clock());
    QObject::connect(action.timeout.get(), &Alarm::due, q, [this, request] {
        finish(request, Error(ErrorCode::Timeout, u"the gateway did not answer; look at the tables"_s));
    });
    action.timeout->start(kActionTimeout);
    action.promise.start();
    const QFuture<Result<ActionOutcome>> future = action.promise.future();
    actions.emplace(request, std::move(action));
    watchLink->send(toText({{"t"_L1, u"disconnect"_s},
                            {"req"_L1, request},
                            {"connections"_L1, QJsonArray::fromStringList(ids)},
                            {"code"_L1, code},
                            {"after_ms"_L1, qint64(after.count())},
                            {"reason"_L1, reason}}));
    return future;
}

void WatchClient::Private::finish(const QString &request, const Result<ActionOutcome> &result)
{
    const auto it = actions.find(request);
    if (it == actions.end())
        return;
    Action action = std::move(it->second);
    actions.erase(it);
    action.finish(result);
}

void WatchClient::Private::Action::finish(const Result<ActionOutcome> &result)
{
    timeout.release()->deleteLater(); // this may be its own signal
    promise.addResult(result);
    promise.finish();
}

void WatchClient::Private::failActions(const Error &error)
{
    // Continuations may ask again; those are not part of what fails now.
    for (auto &[request, action] : std::exchange(actions, {}))
        action.finish(error);
}

WatchClient::WatchClient(TokenProvider *tokens, WatchOptions options, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, tokens, std::move(options)))
{
}

WatchClient::~WatchClient()
{
    blockSignals(true);
    d->end(); // continuations may call back: all is still there
}

const WatchOptions &WatchClient::options() const
{
    return d->options;
}

Result<void> WatchClient::setOptions(WatchOptions options)
{
    if (d->state != State::Idle && d->state != State::Lost)
        return Error(ErrorCode::WrongState, u"stop the client first"_s);
    stop();
    d->options = std::move(options);
    return {};
}

WatchClient::State WatchClient::state() const
{
    return d->state;
}

WatchClient::AuditState WatchClient::auditState() const
{
    return d->auditState;
}

Error WatchClient::lastError() const
{
    return d->lastError;
}

QDateTime WatchClient::disconnectedSince() const
{
    return d->since;
}

QDateTime WatchClient::nextRetryAt() const
{
    return d->nextRetryAt();
}

WatchProgress WatchClient::progress() const
{
    return d->progress;
}

WatchServer WatchClient::server() const
{
    return d->server;
}

qint64 WatchClient::rttMs() const
{
    return d->rtt;
}

bool WatchClient::canDisconnect() const
{
    return d->state == State::Live && d->server.scope.contains("gw:kick"_L1);
}

QList<ConnectionRow> WatchClient::connections() const
{
    return d->connections.rows();
}

QList<TokenRow> WatchClient::tokens() const
{
    return d->tokenTable.rows();
}

std::optional<ConnectionRow> WatchClient::connection(const QString &id) const
{
    return d->connections.find(id);
}

std::optional<TokenRow> WatchClient::token(const QString &id) const
{
    return d->tokenTable.find(id);
}

qsizetype WatchClient::connectionCount() const
{
    return d->connections.size();
}

qsizetype WatchClient::tokenCount() const
{
    return d->tokenTable.size();
}

QString WatchClient::auditCursor() const
{
    return d->audit.after();
}

quint64 WatchClient::auditReceivedCount() const
{
    return d->audit.received();
}

QFuture<Result<ActionOutcome>> WatchClient::disconnectConnections(const QStringList &ids, int code,
                                                                  std::chrono::milliseconds after, const QString &reason)
{
    return d->disconnectConnections(ids, code, after, reason);
}

QString WatchClient::explain() const
{
    QString text;
    if (d->watchLink)
        text += u"watch stream\n"_s + d->watchLink->explain();
    if (d->auditLink)
        text += u"\naudit stream\n"_s + d->auditLink->explain();
    return text;
}

void WatchClient::requestCheckpoint(quint64 seen)
{
    if (d->auditLink && (d->auditState == AuditState::Live || d->auditState == AuditState::CatchingUp))
        d->auditLink->send(toText({{"checkpoint.get"_L1, QJsonObject{{"old"_L1, qint64(seen)}}}}));
}

void WatchClient::start()
{
    d->start();
}

void WatchClient::stop()
{
    d->stop();
}

void WatchClient::retryNow()
{
    d->retryNow();
}

} // namespace Watchword
