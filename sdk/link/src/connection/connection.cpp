// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/connection.h"

#include "connection/connection_p.h"

#include "watchword/core/log.h"

#include <algorithm>
#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

Connection::Private::Private(Connection *connection, TokenProvider *provider, ConnectionOptions options)
    : q(connection)
    , context(
          std::move(options), provider ? LinkContext::Tokens::Used : LinkContext::Tokens::None,
          [this](M::Event event) { post(std::move(event)); }, [this](const ConnectError &failure) { tellFailure(failure); })
    , alarm(context.clock)
    , nextSecond(context.clock)
    , tokens(provider, context)
    , sender(context,
             [this] {
                 if (hears<&Connection::queuedBytesChanged>())
                     Q_EMIT q->queuedBytesChanged();
             })
    , rooms([this](const Frame &frame) { context.swap.oldest().send(frame); }) // they move when the older link is drained
    , receiver(context, tokens, sender, rooms, *this)
    , surroundings(context.clock, context.post)
    , links(context, tokens, sender, rooms, receiver, surroundings)
{
}

void Connection::Private::post(M::Event event)
{
    if (sender.isOver())
        return;
    events.push_back(std::move(event));
    if (events.size() > 1)
        return;
    while (!events.empty()) {
        const M::Actions actions = context.machine.step(events.front(), context.clock.now());
        arm(alarm, context.machine.deadline());
        const ConnectionFacts before = facts;
        facts.note(actions, context);
        tell(before);
        for (const M::Action &action : actions) {
            qCDebug(logLink).noquote() << M::toString(action);
            std::visit([this](const auto &a) { perform(a); }, action);
        }
        events.pop_front();
    }
}

void Connection::Private::perform(const M::RequestToken &action)
{
    const bool isReplacement = context.machine.replacementId() == action.id;
    if (isReplacement)
        context.swap.openReplacement(action.id);
    // After a refused token nobody knows yet whether there will be another try.
    else if (facts.state == State::Connecting && action.request.reason != TokenRequest::Reason::Rejected)
        context.log.handOn(action.id, action.why);
    if (isReplacement || facts.state == State::Connecting)
        context.log.begin(action.id, context.options.url, action.why);
    tokens.request(action);
}

void Connection::Private::perform(const M::StartTransport &action)
{
    if (context.machine.replacementId() != action.id)
        context.log.handOn(action.id, action.why);
    links.start(action);
}

void Connection::Private::perform(const M::CloseTransport &action)
{
    sender.closing(Error(ErrorCode::Cancelled, u"closed by the application"_s));
    links.close(action);
}

void Connection::Private::perform(const M::BecomeReady &)
{
    Link &link = context.swap.current();
    context.log.reach(link.id, AttemptPhase::Ready);
    warnedOf.reset();
    link.stage = Link::Stage::InUse;
    if (link.isWatchword())
        rooms.linkUp();
    sender.linkReady();
    Q_EMIT q->ready();
    receiver.takeHeldBack();
}

void Connection::Private::perform(const M::SwapTransport &action)
{
    if (!links.takeOver(action.to))
        return;
    rooms.linkDrains();
    context.log.setCurrent(action.to);
    warnedOf.reset();
    ++context.counts.replacements;
    readySince = context.clock.now();
    tellNegotiated();
    Q_EMIT q->metricsChanged();
    Q_EMIT q->replaced();
    Q_EMIT q->ready();
}

void Connection::Private::perform(const M::EndDrain &action)
{
    if (!links.endDrain(action.id))
        return;
    const Link &link = context.swap.current();
    context.log.finish(action.id, u"replaced by #%1"_s.arg(context.log.number(link.id)), false);
    sender.noteBytesWritten();
    rooms.linkDown();
    if (link.isWatchword() && link.transport)
        rooms.linkUp();
    sender.pump();
    receiver.takeHeldBack();
}

void Connection::Private::perform(const M::PromoteReplacement &action)
{
    links.promote();
    context.log.finish(action.lost, u"its replacement #%1 is the next attempt"_s.arg(context.log.number(action.id)), true);
    context.log.setCurrent(action.id);
    tellNegotiated();
}

void Connection::Private::perform(const M::AbandonReplacement &action)
{
    links.discard(action.code);
    context.log.finish(action.id, action.why, false);
}

void Connection::Private::perform(const M::ReportReplacement &action)
{
    links.discard(0);
    qCInfo(logLink).noquote() << redactedUrl(context.options.url) << action.error.toString() << '-' << action.why;
    Q_EMIT q->errorOccurred(action.error);
    context.log.finish(action.id, action.why, action.until.has_value(), context.dateOf(action.until));
}

void Connection::Private::perform(const M::ReportError &action)
{
    qCInfo(logLink).noquote() << redactedUrl(context.options.url) << action.error.toString();
    Q_EMIT q->errorOccurred(action.error);
}

void Connection::Private::perform(const M::ReportWait &action)
{
    context.log.finishAll(action.id, action.why, true, facts.nextRetryAt);
    if (action.needsSomebody && std::exchange(warnedOf, action.error.code()) != action.error.code())
        qCWarning(logLink).noquote() << redactedUrl(context.options.url) << action.error.toString() << '-'
                                     << action.error.remedy();
}

void Connection::Private::perform(const M::ReportClosed &action)
{
    links.dropCurrent();
    const bool asked = action.reason.code() == ErrorCode::Cancelled;
    context.log.finishAll(action.id, asked ? u"closed"_s : u"stopped: "_s + action.reason.toString(), false);
    if (const qsizetype count = sender.finish(action.reason)) {
        const QString what = count == 1 ? u"1 message that waited for the connection was discarded"_s
                                        : u"%1 messages that waited for the connection were discarded"_s.arg(count);
        Q_EMIT q->errorOccurred(
            Error(ErrorCode::Offline, what).withRemedy(u"Send again what still counts when it is connected."_s));
    }
    if (action.personNeeded)
        Q_EMIT q->authenticationRequired(action.reason);
    Q_EMIT q->closed(action.reason);
}

// A slot may lead to more events, which wait: the facts stay as they are.
void Connection::Private::tell(const ConnectionFacts &before)
{
    const State state = facts.state;
    const bool stateIsNew = before.state != state;
    if (stateIsNew)
        countState();
    facts.tellChanges(before, *q);
    if (before.nextRetryAt != facts.nextRetryAt)
        countDown();
    if (!stateIsNew)
        return;
    if (before.state == State::Ready || state == State::Ready)
        Q_EMIT q->metricsChanged();
    Q_EMIT q->stateChanged(state);
}

void Connection::Private::tellNegotiated()
{
    const ConnectionFacts before = facts;
    facts.noteNegotiated(context.swap.current());
    tell(before);
}

void Connection::Private::onFault(const Error &error)
{
    facts.lastError = error;
    Q_EMIT q->lastErrorChanged();
    Q_EMIT q->errorOccurred(error);
}

void Connection::Private::countState()
{
    if (facts.state == State::Disconnected)
        surroundings.rest();
    if (facts.state != State::Ready) {
        metricsTimer.stop();
        return;
    }
    context.counts.reconnects += context.counts.connects++ > connectsBeforeOpen ? 1 : 0;
    readySince = context.clock.now();
    tellMetricsEachSecond();
}

void Connection::Private::tellMetricsEachSecond()
{
    if (facts.state == State::Ready && hears<&Connection::metricsChanged>() && !metricsTimer.isActive())
        metricsTimer.start(1s);
}

void Connection::Private::countDown()
{
    nextSecond.cancel();
    if (!hears<&Connection::secondsToRetryChanged>())
        return;
    if (const int seconds = q->secondsToRetry(); seconds > 0)
        nextSecond.startAt(*context.machine.deadline() - std::chrono::seconds(seconds - 1));
    Q_EMIT q->secondsToRetryChanged();
}

void Connection::Private::tellFailure(const ConnectError &failure)
{
    ++context.counts.failures;
    Q_EMIT q->attemptFailed(failure);
    Q_EMIT q->metricsChanged();
}

void Connection::Private::tellNotice(const Error &problem)
{
    qCWarning(logLink).noquote() << redactedUrl(context.options.url) << problem.toString() << '-' << problem.remedy();
    Q_EMIT q->errorOccurred(problem);
}

void Connection::Private::refuseOptions()
{
    const Error reason = facts.lastError = *std::exchange(refusedOptions, std::nullopt);
    Q_EMIT q->lastErrorChanged();
    Q_EMIT q->closed(reason);
}

// Only the conversions that somebody listens to are made.
void Connection::Private::onText(const QString &text)
{
    Q_EMIT q->textReceived(text);
    Bytes wanted = bytes.load(std::memory_order_relaxed);
    if (wanted == Bytes::Unknown) {
        Bytes asked = Bytes::Asked; // another thread may connect meanwhile: then the answer is not kept
        bytes = asked;
        wanted = hears<&Connection::messageReceived>() ? Bytes::Wanted : Bytes::Unwanted;
        bytes.compare_exchange_strong(asked, wanted);
    }
    if (wanted != Bytes::Unwanted)
        Q_EMIT q->messageReceived(text.toUtf8());
}

void Connection::Private::onBinary(const QByteArray &content)
{
    Q_EMIT q->binaryReceived(content);
    Q_EMIT q->messageReceived(content);
}

void Connection::Private::onAcknowledged(const QByteArray &text)
{
    if (hears<&Connection::textReceived>())
        Q_EMIT q->textReceived(QString::fromUtf8(text));
    Q_EMIT q->messageReceived(text);
}

Connection::Connection(TokenProvider *tokens, ConnectionOptions options, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, tokens, std::move(options)))
{
    connect(&d->metricsTimer, &QTimer::timeout, this, &Connection::metricsChanged);
    connect(&d->alarm, &Alarm::due, this, [this] { d->post(ConnectionMachine::Tick{}); });
    connect(&d->nextSecond, &Alarm::due, this, [this] { d->countDown(); });
    connect(&d->sender, &Sender::drained, this, &Connection::queueDrained);
    connect(&d->sender, &Sender::expired, this, [this] { d->receiver.checkDrained(); });
    connect(&d->links, &Links::noticed, this, [this](const Error &problem) { d->tellNotice(problem); });
    connect(&d->links, &Links::negotiated, this, [this] { d->tellNegotiated(); });
    connect(&d->rooms, &Rooms::published, this, &Connection::published);
    connect(&d->rooms, &Rooms::gap, this, &Connection::gap);
    connect(&d->rooms, &Rooms::roomLive, this, &Connection::roomLive);
    connect(&d->rooms, &Rooms::snapshotFailed, this, [this](const Error &error) { d->onFault(error); });
    if (tokens) {
        connect(tokens, &TokenProvider::tokenChanged, this, [this] { d->post(ConnectionMachine::TokenChanged{}); });
        connect(tokens, &TokenProvider::tokenRevoked, this, [this] { d->post(ConnectionMachine::TokenRevoked{}); });
    }
}

Connection::~Connection()
{
    end();
}

void Connection::end()
{
    blockSignals(true);
    d->sender.end(); // continuations may call back: all is still there
}

// Asking QObject at every message who listens takes a lock each time.
void Connection::connectNotify(const QMetaMethod &signal)
{
    if (signal == QMetaMethod::fromSignal(&Connection::messageReceived))
        d->bytes = Private::Bytes::Unknown;
    else if (signal == QMetaMethod::fromSignal(&Connection::metricsChanged))
        QMetaObject::invokeMethod(
            this, [this] { d->tellMetricsEachSecond(); }, Qt::QueuedConnection);
    else if (signal == QMetaMethod::fromSignal(&Connection::secondsToRetryChanged))
        QMetaObject::invokeMethod(
            this, [this] { d->countDown(); }, Qt::QueuedConnection);
}

void Connection::disconnectNotify(const QMetaMethod &)
{
    // QObject calls this from destructors of receivers with its locks held, so it must not be asked here.
    d->bytes = Private::Bytes::Unknown;
}

const ConnectionOptions &Connection::options() const
{
    return d->context.options;
}

Result<void> Connection::setOptions(ConnectionOptions options)
{
    if (d->facts.state != State::Disconnected)
        return Error(ErrorCode::WrongState, u"options can be changed only while disconnected"_s);
    if (options.clock != d->context.options.clock)
        return Error(ErrorCode::InvalidArgument, u"the clock of a connection cannot be changed"_s);
    d->context.setOptions(std::move(options));
    return {};
}

Connection::State Connection::state() const
{
    return d->facts.state;
}
Error Connection::lastError() const
{
    return d->facts.lastError;
}
QDateTime Connection::nextRetryAt() const
{
    return d->facts.nextRetryAt;
}
int Connection::secondsToRetry() const
{
    if (!d->context.machine.isWaiting())
        return 0;
    const Duration left = std::max(*d->context.machine.deadline() - d->context.clock.now(), Duration::zero());
    return int(std::chrono::ceil<std::chrono::seconds>(left).count());
}
int Connection::attempt() const
{
    return d->facts.attempt;
}
qint64 Connection::rttMs() const
{
    return d->facts.rttMs;
}
bool Connection::isWatchword() const
{
    return d->facts.watchword;
}
QString Connection::selectedSubprotocol() const
{
    return d->facts.subprotocol;
}
QDateTime Connection::tokenExpiresAt() const
{
    return d->facts.tokenExpiresAt;
}
QList<AttemptRecord> Connection::attempts() const
{
    return d->context.log.records();
}

qint64 Connection::queuedBytes() const
{
    return d->sender.bytesQueued();
}

ConnectionMetrics Connection::metrics() const
{
    ConnectionMetrics metrics = d->context.counts;
    metrics.uptimeMs = d->facts.state == State::Ready ? Duration(d->context.clock.now() - d->readySince).count() : 0;
    metrics.rttMs = d->facts.rttMs;
    return metrics;
}

QString Connection::explain() const
{
    return d->facts.explain(metrics(), attempts());
}

void Connection::open()
{
    if (d->facts.state != State::Disconnected || d->refusedOptions || d->sender.isOver())
        return;
    if (const Result<void> valid = d->context.options.validate(); !valid) {
        d->refusedOptions = valid.error();
        QMetaObject::invokeMethod(
            this, [this] { d->refuseOptions(); }, Qt::QueuedConnection);
        return;
    }
    d->connectsBeforeOpen = d->context.counts.connects;
    d->surroundings.watch(d->context.options);
    d->post(ConnectionMachine::Open{});
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

Result<void> Connection::sendText(const QString &text, Delivery delivery)
{
    return d->sender.send(text, delivery);
}

Result<void> Connection::sendBinary(const QByteArray &bytes, Delivery delivery)
{
    return d->sender.send(bytes, delivery);
}

Result<void> Connection::sendFrame(const Frame &frame)
{
    return d->sender.sendFrame(frame);
}

QFuture<Result<void>> Connection::deliver(const QByteArray &message, const DeliveryOptions &options)
{
    return d->sender.deliver(message, options);
}

QFuture<Result<void>> Connection::deliver(const QByteArray &message, Delivery delivery)
{
    return deliver(message, DeliveryOptions{.delivery = delivery});
}

QFuture<Result<QByteArray>> Connection::request(const QString &operation, const QByteArray &payload, Duration timeout)
{
    return d->sender.request(operation, payload, timeout);
}

Result<void> Connection::subscribe(const QString &room, const RoomPosition &after)
{
    const Link &link = d->context.swap.current();
    if (link.isInUse() && !link.isWatchword())
        return Error(ErrorCode::SubprotocolMismatch, u"this server has no rooms that can be followed"_s);
    const Result<bool> followed = d->rooms.follow(room, after);
    return followed ? Result<void>() : followed.error();
}

void Connection::unsubscribe(const QString &room)
{
    d->rooms.leave(room);
}

RoomPosition Connection::position(const QString &room) const
{
    return d->rooms.position(room);
}

void Connection::setSnapshotSource(SnapshotSource source)
{
    d->rooms.setSnapshotSource(std::move(source));
}

} // namespace Watchword
