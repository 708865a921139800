// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/connectioncontext.h"
#include "connection/requests.h"

#include "watchword/link/connection.h"

#include <functional>

namespace Watchword {

/*!
    What a Connection sends: at once, later, or until it is acknowledged; and the questions that wait for their answer.

    Threads: one. Ownership: borrows everything it is given. Futures finish exactly once, at the latest with finish() or the
    destructor (Cancelled).
*/
class WATCHWORD_TEST_EXPORT Sender : public QObject
{
    Q_OBJECT

public:
    //! \a queueChanged: called whenever bytesQueued() of the link may have changed.
    Sender(ConnectionContext &context, std::function<void()> queueChanged);

    Result<void> send(Message message, Connection::Delivery delivery, const DeliveryOptions *more = nullptr,
                      std::shared_ptr<QPromise<Result<void>>> promise = {});
    Result<void> sendFrame(const Frame &frame);
    QFuture<Result<void>> deliver(const QByteArray &message, const DeliveryOptions &more);
    QFuture<Result<QByteArray>> request(const QString &operation, const QByteArray &payload, Duration timeout);

    void acknowledge(const QString &id) { m_outbox.acknowledge(id); }
    void answer(const QString &id, const Result<QByteArray> &answer);
    void linkReady(); //!< What waited for the current link goes out.
    void linkLost(Link::Id id); //!< What was not answered on it is sent again, or will never be answered.
    void linkDrained(const Link &gone); //!< As linkReady(), after linkLost(), for the link that took over.
    bool hasOutstanding(Link::Id id) const { return m_outbox.hasUnacknowledged(id) || m_requests.hasUnanswered(id); }
    void pump(); //!< Messages to be acknowledged go out, if it is their turn.
    void noteBytesWritten();
    void closing(const Error &reason) { m_requests.failAll(reason); }
    qsizetype finish(const Error &reason); //!< Nothing waits any more. Returns how many messages were thrown away.
    void end(); //!< The connection goes: all finishes with Cancelled, and so does what comes from now on.
    bool isOver() const { return m_queue == Queue::Over; } //!< It was ended.
    bool needsWatchword() const { return m_outbox.hasUnsent(); } //!< Messages wait that only it can acknowledge.
    qint64 bytesQueued() const; //!< Held, and on their way on all links.

Q_SIGNALS:
    void drained(); //!< After QueueFull: there is room again.
    void expired(); //!< Something that was waited for is not any more.

private:
    QFuture<Result<void>> sendAcknowledged(const QByteArray &message, const DeliveryOptions &more);
    Result<void> checkRoom(qint64 size);
    void transmit(const Message &message);
    void flushHeld();
    void armDeadlines();
    void onDeadline();
    void failUnacknowledgeable();
    const Link &link() const { return m_swap.current(); }

    Swap &m_swap;
    const ConnectionOptions &m_options;
    Clock &m_clock;
    ConnectionMetrics &m_counts;
    const std::function<void()> m_queueChanged;
    Outbox m_outbox;
    Requests m_requests;
    Alarm m_deadlines;
    enum class Queue { HasRoom, RefusedSomething, Over } m_queue = Queue::HasRoom;
};

} // namespace Watchword
