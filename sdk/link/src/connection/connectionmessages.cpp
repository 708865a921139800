// SPDX-License-Identifier: Apache-2.0
// What a Connection sends and receives.
#include "connection/connection_p.h"

#include "transport/wire.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/internal/utf8.h"
#include "watchword/core/log.h"

#include <QMetaMethod>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestId = 128;

std::optional<Duration> secondsMember(const QJsonObject &fields, QLatin1StringView name)
{
    const double value = fields.value(name).toDouble(-1);
    if (value <= 0 || value > 7 * 24 * 3600)
        return std::nullopt;
    return Duration(qint64(value * 1000));
}

Result<PolicyChanges> policyOf(const QJsonObject &hello)
{
    const QJsonValue policy = hello.value("policy"_L1);
    if (policy.isUndefined())
        return PolicyChanges();
    if (!policy.isObject())
        return Error(ErrorCode::ProtocolViolation, u"policy: not an object"_s);
    return PolicyChanges::fromJson(policy.toObject());
}

} // namespace

void Connection::Private::onText(M::AttemptId id, const QString &text)
{
    if (id == link.id && !holdsIncoming)
        takeText(id, text);
    else
        onTextBeside(id, text);
}

void Connection::Private::takeText(M::AttemptId id, const QString &text)
{
    if (!link.watchword && options.strategy)
        onStrategyText(id, text);
    else if (!link.watchword)
        deliverText(text);
    else if (Frame::isControl(text))
        onFrame(id, text);
    else
        deliverText(Frame::unescape(text));
}

// Only the conversions that somebody listens to are made.
void Connection::Private::deliverText(const QString &text)
{
    ++counts.messagesReceived;
    counts.bytesReceived += utf8Size(text);
    Q_EMIT q->textReceived(text);
    if (listenersChanged.load(std::memory_order_relaxed) && listenersChanged.exchange(false))
        wantsBytes = q->isSignalConnected(QMetaMethod::fromSignal(&Connection::messageReceived));
    if (wantsBytes)
        Q_EMIT q->messageReceived(text.toUtf8());
}

void Connection::Private::onBinary(M::AttemptId id, const QByteArray &bytes)
{
    const bool isLeaving = leaving && id == leaving->id;
    if (isLeaving || (id == link.id && !holdsIncoming))
        deliverBinary(bytes);
    else
        holdBack({.id = id, .content = bytes});
    if (isLeaving)
        checkDrained();
}

void Connection::Private::deliverBinary(const QByteArray &bytes)
{
    ++counts.messagesReceived;
    counts.bytesReceived += bytes.size();
    Q_EMIT q->binaryReceived(bytes);
    Q_EMIT q->messageReceived(bytes);
}

void Connection::Private::onFrame(M::AttemptId id, const QString &text)
{
    const Result<Frame> parsed = Frame::parse(text);
    if (!parsed) {
        qCInfo(logLink).noquote() << "ignored a broken control frame:" << parsed.error().toString();
        setLastError(parsed.error());
        Q_EMIT q->errorOccurred(parsed.error());
        return;
    }
    const QString type = parsed->type();
    const QJsonObject fields = parsed->fields();
    const auto is = [&type](const char *name) { return type == QLatin1StringView(name); };
    if (is(FrameType::Message))
        onAcknowledgedMessage(id, *parsed);
    else if (is(FrameType::Ack)) {
        outbox.acknowledge(fields.value("id"_L1).toString());
    } else if (is(FrameType::Ping))
        reply(id, Frame(QLatin1StringView(FrameType::Pong), {{u"n"_s, fields.value("n"_L1)}}));
    else if (is(FrameType::Pong))
        onPong(id, quint64(fields.value("n"_L1).toInteger()));
    else if (is(FrameType::Hello))
        onHello(id, fields);
    else if (is(FrameType::AuthOk)) {
        rememberNonce(id, fields.value("nonce"_L1));
        post(M::RenewalAccepted{id, instantOf(link, fields.value("exp"_L1))});
    } else if (is(FrameType::AuthFail))
        onRenewalRefused(id, fields);
    else if (is(FrameType::AuthDue))
        post(M::RenewalDue{id});
    else if (is(FrameType::Reconnect))
        post(M::EndAnnounced{id, Duration(fields.value("in_ms"_L1).toInteger()),
                             log.redact(fields.value("reason"_L1).toString().left(kLongestId))});
    else if (is(FrameType::Bye))
        onBye(id, fields);
    else if (is(FrameType::Response))
        onResponse(*parsed);
    else if (!(is(FrameType::Publish) || is(FrameType::Subscribed)) || !onRoomFrame(*parsed))
        Q_EMIT q->frameReceived(*parsed);
}

// By the server's clock where it told the time: the clock of this machine may be wrong.
std::optional<Instant> Connection::Private::instantOf(const Link &from, const QJsonValue &secondsSinceEpoch) const
{
    const double value = secondsSinceEpoch.toDouble(0);
    if (value <= 0 || value > 253'402'300'799.0)
        return std::nullopt;
    const qint64 ms = qint64(value * 1000.0);
    if (from.serverTimeMs)
        return from.serverTimeAt + Duration(ms - *from.serverTimeMs);
    return clock.now() + (WallTime(Duration(ms)) - clock.wallNow());
}

void Connection::Private::onHello(M::AttemptId id, const QJsonObject &fields)
{
    Link *const from = linkOf(id);
    if (!from)
        return;
    const double serverTime = fields.value("server_time"_L1).toDouble(0);
    if (serverTime > 0 && serverTime < 253'402'300'799'000.0) {
        from->serverTimeMs = qint64(serverTime);
        from->serverTimeAt = clock.now();
    }
    const double limit = fields.value("limits"_L1).toObject().value("message_bytes"_L1).toDouble(0);
    from->session = fields.value("sid"_L1).toString().left(kLongestId);
    from->largestMessage = limit > 0 && limit < 1e15 ? qint64(limit) : 0;
    rememberNonce(id, fields.value("dpop_nonce"_L1)); // a 101 has no room for it
    const Result<PolicyChanges> policy = policyOf(fields);
    if (!policy) {
        setLastError(policy.error());
        Q_EMIT q->errorOccurred(policy.error());
    }
    post(M::Hello{.id = id,
                  .expiresAt = instantOf(*from, fields.value("exp"_L1)),
                  .inBandRenewal = tokenIsHere(*from) && fields.value("in_band_renewal"_L1).toBool(true),
                  .heartbeat = secondsMember(fields, "heartbeat_s"_L1),
                  .refreshBefore = secondsMember(fields, "refresh_before_s"_L1),
                  .keepsToken = !tokenIsHere(*from),
                  .policy = policy.valueOr({})});
}

void Connection::Private::onBye(M::AttemptId id, const QJsonObject &fields)
{
    Bye bye;
    bye.code = fields.value("code"_L1).toInt();
    bye.retry = fields.value("retry"_L1).toString();
    bye.after = Duration(std::clamp<qint64>(fields.value("after_ms"_L1).toInteger(), 0, 24 * 3600 * 1000));
    bye.ref = log.redact(fields.value("ref"_L1).toString().left(kLongestId));
    bye.reason = log.redact(fields.value("reason"_L1).toString().left(200));
    bye.acrValues = log.redact(fields.value("acr_values"_L1).toString().left(500)).split(u' ', Qt::SkipEmptyParts);
    bye.maxAge = Wire::maxAgeOf(fields.value("max_age"_L1).toVariant().toString());
    post(M::Farewell{id, bye.code, retryActionFromName(bye.retry), bye.after});
    Q_EMIT q->byeReceived(bye);
}

void Connection::Private::onAcknowledgedMessage(M::AttemptId from, const Frame &frame)
{
    const QString id = frame.fields().value("id"_L1).toString();
    if (id.isEmpty() || id.size() > kLongestId) {
        Q_EMIT q->errorOccurred(Error(ErrorCode::ProtocolViolation, u"a message to be acknowledged has no usable id"_s));
        return;
    }
    if (seen.insert(id)) {
        ++counts.messagesReceived;
        counts.bytesReceived += frame.payload().size();
        static const QMetaMethod asText = QMetaMethod::fromSignal(&Connection::textReceived);
        if (q->isSignalConnected(asText))
            Q_EMIT q->textReceived(QString::fromUtf8(frame.payload()));
        Q_EMIT q->messageReceived(frame.payload());
    }
    reply(from, Frame(QLatin1StringView(FrameType::Ack), {{u"id"_s, id}}));
}

void Connection::Private::reply(M::AttemptId id, const Frame &frame)
{
    if (const Link *to = linkOf(id); to && to->transport)
        to->transport->sendText(frame.toText());
}

qint64 Connection::Private::bytesQueued() const
{
    return outgoingBytes + (link.transport ? link.transport->bytesQueued() : 0);
}

Result<void> Connection::Private::checkRoom(qint64 size)
{
    if (link.largestMessage && size > link.largestMessage) {
        return Error(ErrorCode::MessageTooBig,
                     u"the message has %1 bytes, the server accepts %2"_s.arg(size).arg(link.largestMessage));
    }
    const qint64 queued = bytesQueued();
    if (queued < options.highWater)
        return {};
    wantsDrain = true;
    return Error(ErrorCode::QueueFull, u"%1 bytes are waiting to be sent"_s.arg(queued));
}

// Finishes the promise if the answer is final; else the outbox does it later.
Result<void> Connection::Private::send(Message message, Delivery delivery, const DeliveryOptions *more,
                                       std::shared_ptr<QPromise<Result<void>>> promise)
{
    const bool isReady = offersReady && link.transport;
    Result<void> room = Error(ErrorCode::Offline, u"the connection is not ready"_s);
    if (isReady) {
        const qint64 size = std::visit([](const auto &content) { return qint64(content.size()); }, message);
        room = checkRoom(size);
        if (room) {
            transmit(message);
            return {};
        }
    }
    const bool waits = !isReady || room.error().code() == ErrorCode::QueueFull;
    const bool isLatest = delivery == Delivery::LatestOnly;
    const bool hasTime = delivery == Delivery::RequireNow && more && more->deadline > Duration::zero();
    if (!isReady && delivery == Delivery::DropIfOffline)
        return {};
    if (!(waits && (isLatest || hasTime)) && !(!isReady && delivery == Delivery::QueueUntilReady))
        return room;
    Outbox::Held held{.message = std::move(message), .promise = std::move(promise)};
    if (isLatest)
        held.key = more ? more->key : QString();
    if (hasTime)
        held.deadline = clock.now() + more->deadline;
    const Result<void> taken = outbox.hold(std::move(held), options.offlineQueue);
    armDeadlines();
    return taken;
}

// One at a time: whoever learns that his message went out may send the next one, or close.
void Connection::Private::flushHeld()
{
    while (offersReady && link.transport) {
        std::optional<Outbox::Held> held = outbox.takeHeld();
        if (!held)
            break;
        transmit(held->message);
        held->finish(Result<void>::ok());
    }
    armDeadlines();
}

void Connection::Private::armDeadlines()
{
    std::optional<Instant> next = outbox.deadline();
    if (const auto asked = requests.deadline(); asked && (!next || *asked < *next))
        next = asked;
    if (next)
        deadlines.startAt(*next);
    else
        deadlines.cancel();
}

void Connection::Private::onDeadline()
{
    outbox.expire(clock.now());
    requests.expire(clock.now());
    checkDrained();
    armDeadlines();
}

void Connection::Private::transmit(const Message &message)
{
    if (!link.transport)
        return;
    ++counts.messagesSent;
    if (const QString *text = std::get_if<QString>(&message)) {
        counts.bytesSent += utf8Size(*text);
        put(link.watchword ? Frame::escape(*text) : *text);
    } else {
        const QByteArray &bytes = std::get<QByteArray>(message);
        counts.bytesSent += bytes.size();
        put(bytes);
    }
    onBytesWritten();
}

void Connection::Private::put(Message message)
{
    if (holdsOutgoing) {
        outgoingBytes += std::visit([](const auto &content) { return qint64(content.size()); }, message);
        outgoing.push_back(std::move(message));
    } else if (link.transport) {
        if (const QString *text = std::get_if<QString>(&message))
            link.transport->sendText(*text);
        else
            link.transport->sendBinary(std::get<QByteArray>(message));
    }
}

void Connection::Private::pumpAcknowledged()
{
    // What is on its way on the connection that leaves was first.
    if (holdsOutgoing || (leaving && outbox.isUnderWay(leaving->id)))
        return;
    while (offersReady && link.watchword && link.transport && outbox.hasUnsent() && bytesQueued() < options.highWater) {
        const auto next = outbox.takeNext(link.id);
        ++counts.messagesSent;
        counts.bytesSent += next->payload.size();
        QJsonObject fields{{u"id"_s, next->id}};
        if (!next->room.isEmpty())
            fields.insert("room"_L1, next->room);
        link.transport->sendText(Frame(QLatin1StringView(FrameType::Message), fields, next->payload).toText());
    }
}

void Connection::Private::onBytesWritten()
{
    static const QMetaMethod changed = QMetaMethod::fromSignal(&Connection::queuedBytesChanged);
    if (q->isSignalConnected(changed))
        Q_EMIT q->queuedBytesChanged();
    if (outbox.hasUnsent())
        pumpAcknowledged();
    if (wantsDrain && link.transport && bytesQueued() <= options.lowWater) {
        wantsDrain = false;
        flushHeld();
        Q_EMIT q->queueDrained();
    }
}

Result<void> Connection::sendText(const QString &text, Delivery delivery)
{
    if (delivery == Delivery::AtLeastOnce)
        return d->accepted(d->sendAcknowledged(text.toUtf8(), {}));
    return d->send(text, delivery);
}

Result<void> Connection::sendBinary(const QByteArray &bytes, Delivery delivery)
{
    if (delivery == Delivery::AtLeastOnce)
        return d->accepted(d->sendAcknowledged(bytes, {}));
    return d->send(bytes, delivery);
}

Result<void> Connection::sendFrame(const Frame &frame)
{
    if (!d->offersReady || !d->link.transport)
        return Error(ErrorCode::Offline, u"the connection is not ready"_s);
    if (!d->link.watchword)
        return Error(ErrorCode::WrongState, u"this server does not speak watchword.v1"_s);
    if (const Result<void> room = d->checkRoom(frame.payload().size()); !room)
        return room;
    d->put(frame.toText());
    return {};
}

// What is known of a message to be acknowledged right after it was given.
Result<void> Connection::Private::accepted(const QFuture<Result<void>> &future)
{
    return future.isFinished() && future.resultCount() > 0 ? future.result() : Result<void>::ok();
}

QFuture<Result<void>> Connection::Private::sendAcknowledged(const QByteArray &message, const DeliveryOptions &more)
{
    if (!isUtf8(message))
        return finishedFuture<void>(Error(ErrorCode::InvalidArgument, u"acknowledged messages are UTF-8 text"_s));
    if (more.id.size() > kLongestId || more.room.size() > kLongestId)
        return finishedFuture<void>(Error(ErrorCode::InvalidArgument, u"id and room have at most 128 characters"_s));
    if (offersReady && !link.watchword)
        return finishedFuture<void>(Error(ErrorCode::SubprotocolMismatch, u"this server cannot acknowledge messages"_s));
    if (link.largestMessage && message.size() > link.largestMessage)
        return finishedFuture<void>(Error(ErrorCode::MessageTooBig, u"larger than the server accepts"_s));
    const QFuture<Result<void>> future =
        outbox.add({.id = more.id, .room = more.room, .payload = message}, options.unacknowledged);
    pumpAcknowledged();
    return future;
}

QFuture<Result<void>> Connection::deliver(const QByteArray &message, const DeliveryOptions &options)
{
    if (options.delivery == Delivery::AtLeastOnce)
        return d->sendAcknowledged(message, options);
    if (options.deadline < Duration::zero())
        return finishedFuture<void>(Error(ErrorCode::InvalidArgument, u"a deadline cannot be negative"_s));
    auto promise = std::make_shared<QPromise<Result<void>>>();
    promise->start();
    const QFuture<Result<void>> future = promise->future();
    Message content = message;
    if (isUtf8(message))
        content = QString::fromUtf8(message);
    const Result<void> sent = d->send(std::move(content), options.delivery, &options, promise);
    // The outbox keeps the promise of what it holds; any other message has met its end.
    if (promise.use_count() == 1) {
        promise->addResult(sent);
        promise->finish();
    }
    return future;
}

QFuture<Result<void>> Connection::deliver(const QByteArray &message, Delivery delivery)
{
    return deliver(message, DeliveryOptions{.delivery = delivery});
}

} // namespace Watchword
