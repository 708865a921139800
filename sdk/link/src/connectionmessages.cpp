// SPDX-License-Identifier: Apache-2.0
// What a Connection sends and receives.
#include "connection_p.h"

#include "watchword/core/log.h"

#include <QMetaMethod>
#include <QUtf8StringView>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestId = 128;

std::optional<RetryAction> retryActionFromName(const QString &name)
{
    if (name == "retry"_L1)
        return RetryAction::Retry;
    if (name == "refresh"_L1)
        return RetryAction::RefreshThenRetry;
    if (name == "sign_in"_L1)
        return RetryAction::SignIn;
    if (name == "stop"_L1)
        return RetryAction::Stop;
    return std::nullopt;
}

std::optional<Duration> secondsMember(const QJsonObject &fields, QLatin1StringView name)
{
    const double value = fields.value(name).toDouble(-1);
    if (value <= 0 || value > 7 * 24 * 3600)
        return std::nullopt;
    return Duration(qint64(value * 1000));
}

} // namespace

void Connection::Private::onText(M::AttemptId id, const QString &text)
{
    if (!watchword)
        deliverText(text);
    else if (Frame::isControl(text))
        onFrame(id, text);
    else
        deliverText(Frame::unescape(text));
}

// Only the conversions that somebody listens to are made.
void Connection::Private::deliverText(const QString &text)
{
    static const QMetaMethod asBytes = QMetaMethod::fromSignal(&Connection::messageReceived);
    Q_EMIT q->textReceived(text);
    if (q->isSignalConnected(asBytes))
        Q_EMIT q->messageReceived(text.toUtf8());
}

void Connection::Private::onBinary(const QByteArray &bytes)
{
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
        onAcknowledgedMessage(*parsed);
    else if (is(FrameType::Ack)) {
        outbox.acknowledge(fields.value("id"_L1).toString());
    } else if (is(FrameType::Ping)) {
        if (transport)
            transport->sendText(
                Frame(QLatin1StringView(FrameType::Pong), {{u"n"_s, fields.value("n"_L1)}}).toText());
    } else if (is(FrameType::Pong))
        post(M::Pong{id, quint64(fields.value("n"_L1).toInteger())});
    else if (is(FrameType::Hello))
        onHello(id, fields);
    else if (is(FrameType::AuthOk))
        post(M::RenewalAccepted{id, instantOf(fields.value("exp"_L1))});
    else if (is(FrameType::AuthFail))
        post(M::RenewalRefused{id, fields.value("code"_L1).toInt()});
    else if (is(FrameType::AuthDue))
        post(M::RenewalDue{id});
    else if (is(FrameType::Bye))
        onBye(id, fields);
    else
        Q_EMIT q->frameReceived(*parsed);
}

// By the server's clock where it told the time: the clock of this machine may be wrong.
std::optional<Instant> Connection::Private::instantOf(const QJsonValue &secondsSinceEpoch) const
{
    const double value = secondsSinceEpoch.toDouble(0);
    if (value <= 0 || value > 253'402'300'799.0)
        return std::nullopt;
    const qint64 ms = qint64(value * 1000.0);
    if (serverTimeMs)
        return serverTimeAt + Duration(ms - *serverTimeMs);
    return clock.now() + (WallTime(Duration(ms)) - clock.wallNow());
}

void Connection::Private::onHello(M::AttemptId id, const QJsonObject &fields)
{
    const double serverTime = fields.value("server_time"_L1).toDouble(0);
    if (serverTime > 0 && serverTime < 253'402'300'799'000.0) {
        serverTimeMs = qint64(serverTime);
        serverTimeAt = clock.now();
    }
    const double limit = fields.value("limits"_L1).toObject().value("message_bytes"_L1).toDouble(0);
    largestMessage = limit > 0 && limit < 1e15 ? qint64(limit) : 0;
    post(M::Hello{.id = id,
                  .expiresAt = instantOf(fields.value("exp"_L1)),
                  .inBandRenewal = fields.value("in_band_renewal"_L1).toBool(true),
                  .heartbeat = secondsMember(fields, "heartbeat_s"_L1),
                  .refreshBefore = secondsMember(fields, "refresh_before_s"_L1)});
}

void Connection::Private::onBye(M::AttemptId id, const QJsonObject &fields)
{
    Bye bye;
    bye.code = fields.value("code"_L1).toInt();
    bye.retry = fields.value("retry"_L1).toString();
    bye.after = Duration(std::clamp<qint64>(fields.value("after_ms"_L1).toInteger(), 0, 24 * 3600 * 1000));
    bye.ref = log.redact(fields.value("ref"_L1).toString().left(kLongestId));
    bye.reason = log.redact(fields.value("reason"_L1).toString().left(200));
    post(M::Farewell{id, bye.code, retryActionFromName(bye.retry), bye.after});
    Q_EMIT q->byeReceived(bye);
}

void Connection::Private::onAcknowledgedMessage(const Frame &frame)
{
    const QString id = frame.fields().value("id"_L1).toString();
    if (id.isEmpty() || id.size() > kLongestId) {
        Q_EMIT q->errorOccurred(
            Error(ErrorCode::ProtocolViolation, u"a message to be acknowledged has no usable id"_s));
        return;
    }
    if (seen.insert(id)) {
        static const QMetaMethod asText = QMetaMethod::fromSignal(&Connection::textReceived);
        if (q->isSignalConnected(asText))
            Q_EMIT q->textReceived(QString::fromUtf8(frame.payload()));
        Q_EMIT q->messageReceived(frame.payload());
    }
    if (transport)
        transport->sendText(Frame(QLatin1StringView(FrameType::Ack), {{u"id"_s, id}}).toText());
}

Result<void> Connection::Private::checkRoom(qint64 size)
{
    if (largestMessage && size > largestMessage) {
        return Error(ErrorCode::MessageTooBig,
                     u"the message has %1 bytes, the server accepts %2"_s.arg(size).arg(largestMessage));
    }
    const qint64 queued = transport->bytesQueued();
    if (queued < options.highWater)
        return {};
    wantsDrain = true;
    return Error(ErrorCode::QueueFull, u"%1 bytes are waiting to be sent"_s.arg(queued));
}

Result<void> Connection::Private::send(Message message, Delivery delivery)
{
    if (!offersReady || !transport) {
        if (delivery == Delivery::DropIfOffline)
            return {};
        if (delivery == Delivery::QueueUntilReady)
            return outbox.hold(std::move(message), options.offlineQueue);
        return Error(ErrorCode::Offline, u"the connection is not ready"_s);
    }
    const qint64 size = std::visit([](const auto &content) { return qint64(content.size()); }, message);
    if (const Result<void> room = checkRoom(size); !room)
        return room;
    transmit(message);
    return {};
}

void Connection::Private::transmit(const Message &message)
{
    if (!transport)
        return;
    if (const QString *text = std::get_if<QString>(&message))
        transport->sendText(watchword ? Frame::escape(*text) : *text);
    else
        transport->sendBinary(std::get<QByteArray>(message));
    onBytesWritten();
}

void Connection::Private::pumpAcknowledged()
{
    while (offersReady && watchword && transport && outbox.hasUnsent()
           && transport->bytesQueued() < options.highWater) {
        const auto next = outbox.takeNext();
        transport->sendText(
            Frame(QLatin1StringView(FrameType::Message), {{u"id"_s, next->id}}, next->payload).toText());
    }
}

void Connection::Private::onBytesWritten()
{
    static const QMetaMethod changed = QMetaMethod::fromSignal(&Connection::queuedBytesChanged);
    if (q->isSignalConnected(changed))
        Q_EMIT q->queuedBytesChanged();
    if (outbox.hasUnsent())
        pumpAcknowledged();
    if (wantsDrain && transport && transport->bytesQueued() <= options.lowWater) {
        wantsDrain = false;
        Q_EMIT q->queueDrained();
    }
}

Result<void> Connection::sendText(const QString &text, Delivery delivery)
{
    return d->send(text, delivery);
}

Result<void> Connection::sendBinary(const QByteArray &bytes, Delivery delivery)
{
    return d->send(bytes, delivery);
}

Result<void> Connection::sendFrame(const Frame &frame)
{
    if (!d->offersReady || !d->transport)
        return Error(ErrorCode::Offline, u"the connection is not ready"_s);
    if (!d->watchword)
        return Error(ErrorCode::WrongState, u"this server does not speak watchword.v1"_s);
    if (const Result<void> room = d->checkRoom(frame.payload().size()); !room)
        return room;
    d->transport->sendText(frame.toText());
    return {};
}

QFuture<Result<void>> Connection::sendAcknowledged(const QByteArray &message)
{
    if (!QUtf8StringView(message).isValidUtf8())
        return finishedFuture(Error(ErrorCode::InvalidArgument, u"acknowledged messages are UTF-8 text"_s));
    if (d->offersReady && !d->watchword)
        return finishedFuture(
            Error(ErrorCode::SubprotocolMismatch, u"this server cannot acknowledge messages"_s));
    if (d->largestMessage && message.size() > d->largestMessage)
        return finishedFuture(Error(ErrorCode::MessageTooBig, u"larger than the server accepts"_s));
    const QFuture<Result<void>> future = d->outbox.add(message, d->options.unacknowledged);
    d->pumpAcknowledged();
    return future;
}

} // namespace Watchword
