// SPDX-License-Identifier: Apache-2.0
#include "connection/sender.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/internal/utf8.h"
#include "watchword/core/log.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using Delivery = Connection::Delivery;

namespace {

constexpr qsizetype kLongestSentId = 128;

QByteArray bytesOf(const Message &message)
{
    const QString *text = std::get_if<QString>(&message);
    return text ? text->toUtf8() : std::get<QByteArray>(message);
}

Error notReady()
{
    return Error(ErrorCode::Offline, u"the connection is not ready"_s);
}

Error connectionGone()
{
    return Error(ErrorCode::Cancelled, u"the connection was destroyed"_s);
}

Error acknowledgesNothing()
{
    return Error(ErrorCode::SubprotocolMismatch, u"this server cannot acknowledge messages"_s);
}

} // namespace

Sender::Sender(ConnectionContext &context, std::function<void()> queueChanged)
    : m_swap(context.swap)
    , m_options(context.options)
    , m_clock(context.clock)
    , m_counts(context.counts)
    , m_queueChanged(std::move(queueChanged))
    , m_deadlines(context.clock)
{
    connect(&m_deadlines, &Alarm::due, this, &Sender::onDeadline);
}

Result<void> Sender::checkRoom(qint64 size)
{
    if (link().largestMessage && size > link().largestMessage) {
        return Error(ErrorCode::MessageTooBig,
                     u"the message has %1 bytes, the server accepts %2"_s.arg(size).arg(link().largestMessage));
    }
    const qint64 queued = m_swap.bytesQueued();
    if (queued < m_options.highWater)
        return {};
    m_queue = Queue::RefusedSomething;
    return Error(ErrorCode::QueueFull, u"%1 bytes are waiting to be sent"_s.arg(queued));
}

// Finishes the promise if the answer is final; else the outbox does it later.
Result<void> Sender::send(Message message, Delivery delivery, const DeliveryOptions *more,
                          std::shared_ptr<QPromise<Result<void>>> promise)
{
    if (delivery == Delivery::AtLeastOnce) { // what is known right after it was given
        const QFuture<Result<void>> future = sendAcknowledged(bytesOf(message), {});
        return future.isFinished() ? resultOf(future) : Result<void>();
    }
    if (isOver())
        return connectionGone();
    const bool isReady = link().isInUse();
    const Result<void> room = isReady ? checkRoom(sizeOf(message)) : Result<void>(notReady());
    if (room) {
        transmit(message);
        return {};
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
        held.deadline = m_clock.now() + more->deadline;
    const Result<void> taken = m_outbox.hold(std::move(held), m_options.offlineQueue);
    armDeadlines();
    return taken;
}

Result<void> Sender::sendFrame(const Frame &frame)
{
    if (isOver())
        return connectionGone();
    if (!link().isInUse())
        return notReady();
    if (!link().isWatchword())
        return Error(ErrorCode::WrongState, u"this server does not speak watchword.v1"_s);
    if (const Result<void> room = checkRoom(frame.payload().size()); !room)
        return room;
    m_swap.send(frame.toText());
    return {};
}

QFuture<Result<void>> Sender::deliver(const QByteArray &message, const DeliveryOptions &more)
{
    if (more.delivery == Delivery::AtLeastOnce)
        return sendAcknowledged(message, more);
    if (more.deadline < Duration::zero())
        return finishedFuture<void>(Error(ErrorCode::InvalidArgument, u"a deadline cannot be negative"_s));
    auto promise = std::make_shared<QPromise<Result<void>>>();
    promise->start();
    const QFuture<Result<void>> future = promise->future();
    Message content = message;
    if (isUtf8(message))
        content = QString::fromUtf8(message);
    const Result<void> sent = send(std::move(content), more.delivery, &more, promise);
    // The outbox keeps the promise of what it holds; any other message has met its end.
    if (promise.use_count() == 1) {
        promise->addResult(sent);
        promise->finish();
    }
    return future;
}

QFuture<Result<void>> Sender::sendAcknowledged(const QByteArray &message, const DeliveryOptions &more)
{
    if (isOver())
        return finishedFuture<void>(connectionGone());
    if (!isUtf8(message))
        return finishedFuture<void>(Error(ErrorCode::InvalidArgument, u"acknowledged messages are UTF-8 text"_s));
    if (more.id.size() > kLongestSentId || more.room.size() > kLongestSentId)
        return finishedFuture<void>(Error(ErrorCode::InvalidArgument, u"id and room have at most 128 characters"_s));
    if (link().isInUse() && !link().isWatchword())
        return finishedFuture<void>(acknowledgesNothing());
    if (link().largestMessage && message.size() > link().largestMessage)
        return finishedFuture<void>(Error(ErrorCode::MessageTooBig, u"larger than the server accepts"_s));
    const QFuture<Result<void>> future =
        m_outbox.add({.id = more.id, .room = more.room, .payload = message}, m_options.unacknowledged);
    pump();
    return future;
}

QFuture<Result<QByteArray>> Sender::request(const QString &operation, const QByteArray &payload, Duration timeout)
{
    if (operation.isEmpty() || operation.size() > kLongestSentId || !isUtf8(payload) || timeout < Duration::zero())
        return finishedFuture<QByteArray>(
            Error(ErrorCode::InvalidArgument, u"a request has a name of 1 to 128 characters, UTF-8 text and a timeout"_s));
    if (isOver())
        return finishedFuture<QByteArray>(connectionGone());
    if (!link().isInUse())
        return finishedFuture<QByteArray>(notReady());
    if (!link().isWatchword())
        return finishedFuture<QByteArray>(Error(ErrorCode::SubprotocolMismatch, u"this server answers no requests"_s));
    if (const Result<void> room = checkRoom(payload.size()); !room)
        return finishedFuture<QByteArray>(room.error());
    const Duration patience = timeout > Duration::zero() ? timeout : m_options.requestTimeout;
    QString id;
    const QFuture<Result<QByteArray>> future = m_requests.add(link().id, m_clock.now() + patience, &id);
    if (!id.isEmpty()) {
        const QJsonObject fields{{u"id"_s, id}, {u"op"_s, operation}};
        m_swap.send(Frame(QLatin1StringView(FrameType::Request), fields, payload.isNull() ? "" : payload).toText());
        armDeadlines();
    }
    return future;
}

void Sender::answer(const QString &id, const Result<QByteArray> &answer)
{
    m_requests.answer(id, answer);
    armDeadlines();
}

void Sender::transmit(const Message &message)
{
    ++m_counts.messagesSent;
    if (const QString *text = std::get_if<QString>(&message)) {
        m_counts.bytesSent += utf8Size(*text);
        m_swap.send(link().isWatchword() ? Frame::escape(*text) : *text);
    } else {
        m_counts.bytesSent += sizeOf(message);
        m_swap.send(message);
    }
    noteBytesWritten();
}

void Sender::linkReady()
{
    failUnacknowledgeable();
    flushHeld();
    pump();
}

void Sender::linkLost(Link::Id id)
{
    m_outbox.linkLost(id);
    m_requests.linkLost(id);
}

void Sender::failUnacknowledgeable()
{
    if (!link().isWatchword())
        m_outbox.failAll(acknowledgesNothing());
}

void Sender::linkDrained(const Link &gone)
{
    if (m_outbox.hasUnacknowledged(gone.id) && gone.session != link().session)
        qCInfo(logLink).noquote() << redactedUrl(m_options.url)
                                  << "messages go out again in another session, where the server cannot know them";
    linkLost(gone.id);
    failUnacknowledgeable();
}

// One at a time: whoever learns that his message went out may send the next one, or close.
void Sender::flushHeld()
{
    while (link().isInUse()) {
        std::optional<Outbox::Held> held = m_outbox.takeHeld();
        if (!held)
            break;
        transmit(held->message);
        held->finish(Result<void>::ok());
    }
    armDeadlines();
}

void Sender::pump()
{
    // What is on its way on the link that is drained was first.
    const Link *const draining = m_swap.draining();
    if (m_swap.holdsOutgoing() || (draining && m_outbox.hasUnacknowledged(draining->id)))
        return;
    while (link().isInUse() && link().isWatchword() && m_outbox.hasUnsent() && m_swap.bytesQueued() < m_options.highWater) {
        const auto next = m_outbox.takeNext(link().id);
        ++m_counts.messagesSent;
        m_counts.bytesSent += next->payload.size();
        QJsonObject fields{{u"id"_s, next->id}};
        if (!next->room.isEmpty())
            fields.insert("room"_L1, next->room);
        m_swap.send(Frame(QLatin1StringView(FrameType::Message), fields, next->payload).toText());
    }
}

void Sender::noteBytesWritten()
{
    m_queueChanged();
    if (m_outbox.hasUnsent())
        pump();
    if (m_queue == Queue::RefusedSomething && link().transport && m_swap.bytesQueued() <= m_options.lowWater) {
        m_queue = Queue::HasRoom;
        flushHeld();
        Q_EMIT drained();
    }
}

qsizetype Sender::finish(const Error &reason)
{
    m_outbox.failAll(reason);
    return m_outbox.discardHeld(reason);
}

void Sender::end()
{
    m_queue = Queue::Over;
    closing(connectionGone());
    finish(connectionGone());
}

qint64 Sender::bytesQueued() const
{
    const Link *const draining = m_swap.draining();
    return m_outbox.heldBytes() + m_swap.bytesQueued() + (draining ? draining->bytesQueued() : 0);
}

void Sender::armDeadlines()
{
    std::optional<Instant> next = m_outbox.deadline();
    if (const auto asked = m_requests.deadline(); asked && (!next || *asked < *next))
        next = asked;
    arm(m_deadlines, next);
}

void Sender::onDeadline()
{
    m_outbox.expire(m_clock.now());
    m_requests.expire(m_clock.now());
    Q_EMIT expired();
    armDeadlines();
}

} // namespace Watchword
