// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/connection.h"

#include "connection_p.h"

#include "watchword/core/log.h"

#include <QFutureWatcher>

#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

Connection::State publicState(const ConnectionMachine::State &state)
{
    using M = ConnectionMachine;
    if (std::holds_alternative<M::Idle>(state))
        return Connection::State::Disconnected;
    if (std::holds_alternative<M::Up>(state))
        return Connection::State::Ready;
    if (std::holds_alternative<M::Waiting>(state))
        return Connection::State::Waiting;
    if (std::holds_alternative<M::Closing>(state))
        return Connection::State::Closing;
    return Connection::State::Connecting;
}

} // namespace

Connection::Private::Private(Connection *connection, TokenProvider *provider, ConnectionOptions o)
    : q(connection)
    , tokens(provider)
    , usesTokens(provider != nullptr)
    , options(std::move(o))
    , clock(options.clock ? *options.clock : Clock::system())
    , alarm(clock)
    , machine(options, usesTokens)
    , log(clock)
{
}

Connection::Private::~Private()
{
    if (transport) {
        transport->disconnect(q);
        transport->abort();
    }
}

void Connection::Private::post(M::Event event)
{
    events.push_back(std::move(event));
    if (std::exchange(running, true))
        return;
    while (!events.empty()) {
        const M::Event next = std::move(events.front());
        events.pop_front();
        const M::Actions actions = machine.step(next, clock.now());
        if (const auto deadline = machine.deadline())
            alarm.startAt(*deadline);
        else
            alarm.cancel();
        updateFacts();
        for (const M::Action &action : actions) {
            qCDebug(logLink).noquote() << M::toString(action);
            std::visit([this](const auto &a) { perform(a); }, action);
        }
    }
    running = false;
}

void Connection::Private::updateFacts()
{
    const State newState = publicState(machine.state());
    QDateTime retryAt;
    if (const auto *waiting = std::get_if<M::Waiting>(&machine.state())) {
        const Duration left = waiting->deadline - clock.now();
        retryAt =
            QDateTime::fromMSecsSinceEpoch((clock.wallNow() + left).time_since_epoch().count(), Qt::UTC);
    }
    const bool stateIsNew = std::exchange(state, newState) != newState;
    const bool retryIsNew = std::exchange(nextRetryAt, retryAt) != retryAt;
    const int count = machine.failures() + (newState == State::Connecting ? 1 : 0);
    const bool attemptIsNew = std::exchange(attempt, count) != count;
    if (newState != State::Ready)
        offersReady = false;
    if (retryIsNew)
        Q_EMIT q->nextRetryAtChanged();
    if (attemptIsNew)
        Q_EMIT q->attemptChanged();
    if (stateIsNew)
        Q_EMIT q->stateChanged(newState);
}

void Connection::Private::setLastError(const Error &error)
{
    lastError = error;
    Q_EMIT q->lastErrorChanged();
}

void Connection::Private::perform(const M::RequestToken &action)
{
    if (action.request.reason != TokenRequest::Reason::Renew && state == State::Connecting)
        log.begin(options.url, action.why);
    if (!tokens) {
        post(M::TokenFailed{action.id, Error(ErrorCode::Cancelled, u"the token provider is gone"_s)});
        return;
    }
    const QFuture<Result<AccessToken>> future = tokens->requestToken(action.request);
    auto *watcher = new QFutureWatcher<Result<AccessToken>>(q);
    QObject::connect(watcher, &QFutureWatcherBase::finished, q, [this, watcher, id = action.id] {
        watcher->deleteLater();
        const QFuture<Result<AccessToken>> done = watcher->future();
        onTokenResult(
            id,
            done.resultCount() > 0
                ? done.result()
                : Result<AccessToken>(Error(ErrorCode::Cancelled, u"the token request was cancelled"_s)));
    });
    watcher->setFuture(future);
}

void Connection::Private::onTokenResult(M::AttemptId id, const Result<AccessToken> &result)
{
    if (!result) {
        post(M::TokenFailed{id, result.error()});
        return;
    }
    // An answer for an earlier attempt must not replace the token of this one.
    if (id != machine.attemptId())
        return;
    token = *result;
    std::optional<Instant> expiresAt;
    if (token.expiresAt)
        expiresAt = clock.now() + (*token.expiresAt - clock.wallNow());
    post(M::TokenReady{id, token.value.fingerprint(), expiresAt});
}

void Connection::Private::perform(const M::StartTransport &action)
{
    retireTransport();
    if (usesTokens)
        log.setToken(token.value);
    else
        log.begin(options.url, action.why);
    ConnectionOptions effective = options;
    effective.clock = &clock;
    transport = options.transport ? options.transport(effective) : makeWebSocketTransport(effective);
    Transport *t = transport.get();
    const M::AttemptId id = action.id;
    QObject::connect(t, &Transport::phaseReached, q, [this](AttemptPhase phase) { log.reach(phase); });
    QObject::connect(t, &Transport::opened, q, [this, id](const QString &chosen) { onOpened(id, chosen); });
    QObject::connect(t, &Transport::ended, q, [this, id](const TransportEnd &end) { onEnded(id, end); });
    QObject::connect(t, &Transport::textReceived, q, [this, id](const QString &text) { onText(id, text); });
    QObject::connect(t, &Transport::binaryReceived, q, [this](const QByteArray &bytes) { onBinary(bytes); });
    QObject::connect(t, &Transport::activity, q, [this] { machine.noteActivity(clock.now()); });
    QObject::connect(t, &Transport::bytesWritten, q, [this] { onBytesWritten(); });
    QObject::connect(t, &Transport::pongReceived, q, [this, id](const QByteArray &payload) {
        post(M::Pong{id, payload.toULongLong()});
    });
    t->start(usesTokens ? token.value : Secret(), token.type);
}

void Connection::Private::onOpened(M::AttemptId id, const QString &chosen)
{
    log.reach(AttemptPhase::Hello);
    log.setSubprotocol(chosen);
    watchword = options.offerWatchword && chosen == QLatin1StringView(kSubprotocol);
    subprotocol = chosen;
    largestMessage = 0;
    serverTimeMs.reset();
    Q_EMIT q->negotiatedChanged();
    post(M::Upgraded{id, watchword});
}

void Connection::Private::onEnded(M::AttemptId id, const TransportEnd &end)
{
    TransportEnd redacted = end;
    redacted.error = log.redact(end.error);
    if (machine.isAlive(id))
        log.setEnd(redacted);
    retireTransport();
    post(M::Ended{id, redacted});
}

// Silent from now on, but deleted later: this may run inside one of its signals.
void Connection::Private::retireTransport()
{
    if (!transport)
        return;
    offersReady = false;
    transport->disconnect(q);
    transport->abort();
    transport.release()->deleteLater();
    outbox.linkLost();
}

void Connection::Private::perform(const M::CloseTransport &action)
{
    if (transport)
        transport->close(action.code, action.reason);
}

void Connection::Private::perform(const M::DropTransport &action)
{
    if (transport && action.code)
        transport->close(action.code, {});
    retireTransport();
}

void Connection::Private::perform(const M::SendPing &action)
{
    if (!transport)
        return;
    if (watchword)
        transport->sendText(
            Frame(QLatin1StringView(FrameType::Ping), {{u"n"_s, qint64(action.nonce)}}).toText());
    else
        transport->ping(QByteArray::number(action.nonce));
}

void Connection::Private::perform(const M::SendRenewal &)
{
    if (!transport)
        return;
    log.renewToken(token.value);
    const QString value = QString::fromLatin1(token.value.reveal());
    transport->sendText(Frame(QLatin1StringView(FrameType::AuthRefresh), {{u"token"_s, value}}).toText());
}

void Connection::Private::perform(const M::BecomeReady &)
{
    log.reach(AttemptPhase::Ready);
    offersReady = transport != nullptr;
    if (!watchword)
        outbox.failAll(Error(ErrorCode::SubprotocolMismatch, u"this server cannot acknowledge messages"_s));
    for (const Message &message : outbox.takeHeld())
        transmit(message);
    pumpAcknowledged();
    Q_EMIT q->ready();
}

void Connection::Private::perform(const M::ReportRenewed &)
{
    Q_EMIT q->tokenRenewed();
}

void Connection::Private::perform(const M::ReportExpiry &action)
{
    QDateTime expiry;
    if (action.expiresAt) {
        const WallTime wall = clock.wallNow() + (*action.expiresAt - clock.now());
        expiry = QDateTime::fromMSecsSinceEpoch(wall.time_since_epoch().count(), Qt::UTC);
    }
    if (std::exchange(tokenExpiresAt, expiry) != expiry)
        Q_EMIT q->tokenExpiresAtChanged();
}

void Connection::Private::perform(const M::ReportRtt &action)
{
    rttMs = action.rtt.count();
    Q_EMIT q->rttChanged();
}

void Connection::Private::perform(const M::ReportError &action)
{
    qCInfo(logLink).noquote() << redactedUrl(options.url) << action.error.toString();
    log.setError(action.error);
    setLastError(action.error);
    Q_EMIT q->errorOccurred(action.error);
}

void Connection::Private::perform(const M::ReportWait &action)
{
    log.finish(action.why);
    if (action.error != lastError)
        setLastError(action.error);
}

void Connection::Private::perform(const M::ReportClosed &action)
{
    retireTransport();
    const bool asked = action.reason.code() == ErrorCode::Cancelled;
    log.finish(asked ? u"closed"_s : u"stopped: "_s + action.reason.toString());
    if (!asked && action.reason != lastError)
        setLastError(action.reason);
    outbox.failAll(action.reason);
    if (const qsizetype count = outbox.discardHeld()) {
        Q_EMIT q->errorOccurred(Error(
            ErrorCode::Offline, u"%1 messages that waited for the connection were discarded"_s.arg(count)));
    }
    if (action.personNeeded)
        Q_EMIT q->authenticationRequired(action.reason);
    Q_EMIT q->closed(action.reason);
}

void Connection::Private::closedWithBadOptions(const Error &error)
{
    badOptions = false;
    setLastError(error);
    Q_EMIT q->closed(error);
}

Connection::Connection(TokenProvider *tokens, ConnectionOptions options, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, tokens, std::move(options)))
{
    connect(&d->alarm, &Alarm::due, this, [this] { d->post(ConnectionMachine::Tick{}); });
    if (tokens) {
        connect(tokens, &TokenProvider::tokenChanged, this,
                [this] { d->post(ConnectionMachine::TokenChanged{}); });
        connect(tokens, &TokenProvider::tokenRevoked, this,
                [this] { d->post(ConnectionMachine::TokenRevoked{}); });
    }
}

Connection::~Connection() = default;

const ConnectionOptions &Connection::options() const
{
    return d->options;
}

Result<void> Connection::setOptions(ConnectionOptions options)
{
    if (d->state != State::Disconnected)
        return Error(ErrorCode::WrongState, u"options can be changed only while disconnected"_s);
    if (options.clock != d->options.clock)
        return Error(ErrorCode::InvalidArgument, u"the clock of a connection cannot be changed"_s);
    d->options = std::move(options);
    d->machine.setOptions(d->options);
    return {};
}

Connection::State Connection::state() const
{
    return d->state;
}
Error Connection::lastError() const
{
    return d->lastError;
}
QDateTime Connection::nextRetryAt() const
{
    return d->nextRetryAt;
}
int Connection::attempt() const
{
    return d->attempt;
}
qint64 Connection::rttMs() const
{
    return d->rttMs;
}
bool Connection::isWatchword() const
{
    return d->watchword;
}
QString Connection::selectedSubprotocol() const
{
    return d->subprotocol;
}
QDateTime Connection::tokenExpiresAt() const
{
    return d->tokenExpiresAt;
}
QList<AttemptRecord> Connection::attempts() const
{
    return d->log.records();
}

qint64 Connection::queuedBytes() const
{
    return d->outbox.heldBytes() + (d->transport ? d->transport->bytesQueued() : 0);
}

QString Connection::explain() const
{
    QString text = u"state %1"_s.arg(QVariant::fromValue(d->state).toString());
    if (d->nextRetryAt.isValid())
        text += u", next attempt at "_s + d->nextRetryAt.toString(Qt::ISODateWithMs);
    if (d->lastError.code() != ErrorCode::Cancelled)
        text += u"\nlast error: %1\nwhat to do: %2"_s.arg(d->lastError.toString(), d->lastError.remedy());
    for (const AttemptRecord &record : d->log.records())
        text += u'\n' + record.toString();
    return text;
}

void Connection::open()
{
    if (d->state != State::Disconnected || d->badOptions)
        return;
    const Result<void> valid = d->options.validate();
    if (valid) {
        d->post(ConnectionMachine::Open{});
        return;
    }
    d->badOptions = true;
    QMetaObject::invokeMethod(
        this, [this, error = valid.error()] { d->closedWithBadOptions(error); }, Qt::QueuedConnection);
}

void Connection::close()
{
    d->post(ConnectionMachine::Close{});
}
void Connection::retryNow()
{
    d->post(ConnectionMachine::RetryNow{});
}
void Connection::probe()
{
    d->post(ConnectionMachine::Probe{});
}

} // namespace Watchword
