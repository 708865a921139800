// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/connection.h"

#include "connection/connection_p.h"

#include "watchword/core/log.h"

#include <QMetaMethod>

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

// Who has a clock of its own cannot be counted on the time line of the others. The table gets the close codes of the
// server's own protocol.
ConnectionOptions completed(ConnectionOptions options)
{
    if (!options.budget && (!options.clock || options.clock->runsByItself()))
        options.budget = ConnectBudget::process();
    if (options.strategy)
        options.strategy->amend(options.closePolicy);
    return options;
}

} // namespace

Connection::Private::Private(Connection *connection, TokenProvider *provider, ConnectionOptions o)
    : q(connection)
    , tokens(provider)
    , usesTokens(provider != nullptr)
    , options(completed(std::move(o)))
    , clock(options.clock ? *options.clock : Clock::system())
    , alarm(clock)
    , deadlines(clock)
    , machine(options, usesTokens)
    , log(clock)
{
}

Connection::Private::~Private()
{
    for (Link *one : {&link, successor ? &*successor : nullptr, leaving ? &*leaving : nullptr}) {
        if (!one || !one->transport)
            continue;
        one->transport->disconnect(q);
        one->transport->abort();
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
    if (const auto *waiting = std::get_if<M::Waiting>(&machine.state()))
        retryAt = dateOf(waiting->deadline);
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
    if (stateIsNew) {
        countMetrics();
        Q_EMIT q->stateChanged(newState);
    }
}

void Connection::Private::setLastError(const Error &error)
{
    lastError = error;
    Q_EMIT q->lastErrorChanged();
}

QDateTime Connection::Private::dateOf(Instant instant) const
{
    const WallTime wall = clock.wallNow() + (instant - clock.now());
    return toDateTime(wall);
}

void Connection::Private::beginRecord(M::AttemptId id, const QString &why)
{
    if (machine.replacementId() != id) {
        finishRecord(recordId, u"tries again at once: "_s + why, true);
        recordId = id;
    }
    log.begin(id, options.url, why);
}

void Connection::Private::finishRecord(M::AttemptId id, const QString &what, bool willRetry, const QDateTime &nextTryAt)
{
    if (const std::optional<ConnectError> failure = log.finish(id, what, willRetry, nextTryAt)) {
        ++counts.failures;
        Q_EMIT q->attemptFailed(*failure);
        Q_EMIT q->metricsChanged();
    }
}

void Connection::Private::perform(const M::BecomeReady &)
{
    log.reach(link.id, AttemptPhase::Ready);
    warnedOf.reset();
    offersReady = link.transport != nullptr;
    if (!link.watchword)
        outbox.failAll(Error(ErrorCode::SubprotocolMismatch, u"this server cannot acknowledge messages"_s));
    roomsUp();
    flushHeld();
    pumpAcknowledged();
    Q_EMIT q->ready();
}

void Connection::Private::perform(const M::ReportRenewed &)
{
    Q_EMIT q->tokenRenewed();
}

void Connection::Private::perform(const M::ReportExpiry &action)
{
    const QDateTime expiry = action.expiresAt ? dateOf(*action.expiresAt) : QDateTime();
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
    if (action.id)
        log.setError(action.id, action.error);
    setLastError(action.error);
    Q_EMIT q->errorOccurred(action.error);
}

void Connection::Private::perform(const M::ReportWait &action)
{
    finishRecord(action.id, action.why, true, nextRetryAt);
    if (action.needsSomebody && std::exchange(warnedOf, action.error.code()) != action.error.code())
        qCWarning(logLink).noquote() << redactedUrl(options.url) << action.error.toString() << '-' << action.error.remedy();
    if (action.error != lastError)
        setLastError(action.error);
}

void Connection::Private::perform(const M::ReportClosed &action)
{
    retire(link);
    const bool asked = action.reason.code() == ErrorCode::Cancelled;
    finishRecord(action.id, asked ? u"closed"_s : u"stopped: "_s + action.reason.toString(), false);
    if (!asked && action.reason != lastError)
        setLastError(action.reason);
    outbox.failAll(action.reason);
    if (const qsizetype count = outbox.discardHeld(action.reason)) {
        Q_EMIT q->errorOccurred(
            Error(ErrorCode::Offline, u"%1 messages that waited for the connection were discarded"_s.arg(count)));
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
    connect(&d->wakeTimer, &QTimer::timeout, this, [this] {
        const auto awake = std::chrono::steady_clock::now();
        if (d->wakes.look(d->clock.now(), d->clock.wallNow(), awake, d->options.wakeCheck))
            d->post(ConnectionMachine::Woke{});
    });
    connect(&d->metricsTimer, &QTimer::timeout, this, &Connection::metricsChanged);
    connect(&d->alarm, &Alarm::due, this, [this] { d->post(ConnectionMachine::Tick{}); });
    connect(&d->deadlines, &Alarm::due, this, [this] { d->onDeadline(); });
    if (tokens) {
        connect(tokens, &TokenProvider::tokenChanged, this, [this] { d->post(ConnectionMachine::TokenChanged{}); });
        connect(tokens, &TokenProvider::tokenRevoked, this, [this] { d->post(ConnectionMachine::TokenRevoked{}); });
    }
}

Connection::~Connection() = default;

// Asking QObject at every message who listens takes a lock each time.
void Connection::connectNotify(const QMetaMethod &signal)
{
    if (signal == QMetaMethod::fromSignal(&Connection::messageReceived))
        d->listenersChanged = true;
    else if (signal == QMetaMethod::fromSignal(&Connection::metricsChanged))
        QMetaObject::invokeMethod(
            this, [this] { d->tellMetricsEachSecond(); }, Qt::QueuedConnection);
}

void Connection::disconnectNotify(const QMetaMethod &)
{
    // QObject calls this from destructors of receivers with its locks held, so it must not be asked here.
    d->listenersChanged = true;
}

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
    d->options = completed(std::move(options));
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
    return d->link.watchword;
}
QString Connection::selectedSubprotocol() const
{
    return d->link.subprotocol;
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
    const qint64 leaving = d->leaving && d->leaving->transport ? d->leaving->transport->bytesQueued() : 0;
    return d->outbox.heldBytes() + d->bytesQueued() + leaving;
}

void Connection::open()
{
    if (d->state != State::Disconnected || d->badOptions)
        return;
    const Result<void> valid = d->options.validate();
    if (valid) {
        d->watchSurroundings();
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
void Connection::replace()
{
    d->post(ConnectionMachine::Replace{});
}

} // namespace Watchword
