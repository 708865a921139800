// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/connection.h"

#include "connection/connection_p.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/log.h"

#include <QMetaMethod>

#include <algorithm>
#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

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

// What is known of a message to be acknowledged right after it was given.
Result<void> resultSoFar(const QFuture<Result<void>> &future)
{
    return future.isFinished() ? resultOf(future) : Result<void>::ok();
}

} // namespace

Connection::Private::Private(Connection *connection, TokenProvider *provider, ConnectionOptions o)
    : q(connection)
    , tokens(provider)
    , usesTokens(provider != nullptr)
    , options(completed(std::move(o)))
    , clock(options.clock ? *options.clock : Clock::system())
    , alarm(clock)
    , nextSecond(clock)
    , machine(options, usesTokens ? LinkContext::Tokens::Used : LinkContext::Tokens::None)
    , log(clock)
    , sender(swap, options, clock, counts,
             [this] {
                 static const QMetaMethod changed = QMetaMethod::fromSignal(&Connection::queuedBytesChanged);
                 if (q->isSignalConnected(changed))
                     Q_EMIT q->queuedBytesChanged();
             })
    // Rooms move when the connection that leaves is drained.
    , rooms([this](const Frame &frame) { (swap.leaving() ? *swap.leaving() : swap.current()).send(frame.toText()); })
    , surroundings(clock)
{
}

Connection::Private::~Private()
{
    for (Link *one : {&swap.current(), swap.arriving(), swap.leaving()}) {
        if (!one || !one->transport)
            continue;
        one->transport->disconnect(q);
        if (one == &swap.current())
            one->transport->close(int(CloseCode::Normal), {});
        one->transport->abort(); // the close frame leaves all the same, and nothing is waited for
    }
}

void Connection::Private::post(M::Event event)
{
    events.push_back(std::move(event));
    if (events.size() > 1)
        return;
    while (!events.empty()) {
        const M::Actions actions = machine.step(events.front(), clock.now());
        if (const auto deadline = machine.deadline())
            alarm.startAt(*deadline);
        else
            alarm.cancel();
        const Facts before = facts;
        noteFacts(actions);
        tell(before);
        for (const M::Action &action : actions) {
            qCDebug(logLink).noquote() << M::toString(action);
            std::visit([this](const auto &a) { perform(a); }, action);
        }
        events.pop_front();
    }
}

void Connection::Private::perform(const M::BecomeReady &)
{
    Link &link = swap.current();
    log.reach(link.id, AttemptPhase::Ready);
    warnedOf.reset();
    link.stage = Link::Stage::InUse;
    if (link.isWatchword())
        rooms.linkUp();
    sender.linkReady();
    Q_EMIT q->ready();
    deliverHeldBack();
}

Result<void> Connection::Private::follow(const QString &room, const RoomPosition &after, decltype(&Rooms::follow) how)
{
    const Link &link = swap.current();
    const Result<bool> isNew = (rooms.*how)(room, after);
    if (!isNew)
        return isNew.error();
    if (*isNew && link.isInUse() && link.isWatchword() && !swap.leaving())
        rooms.linkUp(room);
    return {};
}

void Connection::Private::leave(const QString &room, decltype(&Rooms::leave) how)
{
    const Link &at = swap.leaving() ? *swap.leaving() : swap.current();
    if ((rooms.*how)(room) && swap.current().isInUse() && at.isWatchword())
        at.send(Frame(QLatin1StringView(FrameType::Unsubscribe), {{u"room"_s, room}}).toText());
}

Connection::Connection(TokenProvider *tokens, ConnectionOptions options, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, tokens, std::move(options)))
{
    connect(&d->metricsTimer, &QTimer::timeout, this, &Connection::metricsChanged);
    connect(&d->alarm, &Alarm::due, this, [this] { d->post(ConnectionMachine::Tick{}); });
    connect(&d->nextSecond, &Alarm::due, this, [this] { d->countDown(); });
    connect(&d->surroundings, &Surroundings::woke, this, [this] { d->post(ConnectionMachine::Woke{}); });
    connect(&d->surroundings, &Surroundings::networkLost, this, [this] { d->post(ConnectionMachine::NetworkDown{}); });
    connect(&d->surroundings, &Surroundings::networkCame, this, [this] { d->post(ConnectionMachine::NetworkUp{}); });
    connect(&d->sender, &Sender::drained, this, &Connection::queueDrained);
    connect(&d->sender, &Sender::expired, this, [this] { d->checkDrained(); });
    connect(&d->rooms, &Rooms::published, this, &Connection::published);
    connect(&d->rooms, &Rooms::gap, this, &Connection::gap);
    connect(&d->rooms, &Rooms::roomLive, this, &Connection::roomLive);
    connect(&d->rooms, &Rooms::snapshotFailed, this, [this](const Error &error) { d->complain(error); });
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
    return d->options;
}

Result<void> Connection::setOptions(ConnectionOptions options)
{
    if (d->facts.state != State::Disconnected)
        return Error(ErrorCode::WrongState, u"options can be changed only while disconnected"_s);
    if (options.clock != d->options.clock)
        return Error(ErrorCode::InvalidArgument, u"the clock of a connection cannot be changed"_s);
    d->options = completed(std::move(options));
    d->machine.setOptions(d->options);
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
    if (!d->machine.isWaiting())
        return 0;
    const Duration left = std::max(*d->machine.deadline() - d->clock.now(), Duration::zero());
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
    return d->log.records();
}

qint64 Connection::queuedBytes() const
{
    const Link *const leaving = std::as_const(d->swap).leaving();
    const qint64 onLeaving = leaving && leaving->transport ? leaving->transport->bytesQueued() : 0;
    return d->sender.heldBytes() + d->swap.bytesQueued() + onLeaving;
}

void Connection::open()
{
    if (d->facts.state != State::Disconnected || d->refusedOptions)
        return;
    const Result<void> valid = d->options.validate();
    if (valid) {
        d->connectsBeforeOpen = d->counts.connects;
        d->surroundings.watch(d->options);
        d->post(ConnectionMachine::Open{});
        return;
    }
    d->refusedOptions = valid.error();
    QMetaObject::invokeMethod(
        this, [this] { d->refuseOptions(Error(*d->refusedOptions)); }, Qt::QueuedConnection);
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
    return delivery == Delivery::AtLeastOnce ? resultSoFar(deliver(text.toUtf8(), delivery)) : d->sender.send(text, delivery);
}

Result<void> Connection::sendBinary(const QByteArray &bytes, Delivery delivery)
{
    return delivery == Delivery::AtLeastOnce ? resultSoFar(deliver(bytes, delivery)) : d->sender.send(bytes, delivery);
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
    const Link &link = d->swap.current();
    if (link.isInUse() && !link.isWatchword())
        return Error(ErrorCode::SubprotocolMismatch, u"this server has no rooms that can be followed"_s);
    return d->follow(room, after, &Rooms::follow);
}

void Connection::unsubscribe(const QString &room)
{
    d->leave(room, &Rooms::leave);
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
