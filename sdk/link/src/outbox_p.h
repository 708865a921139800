// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/link/connectionoptions.h"

#include <QFuture>
#include <QPromise>
#include <QSet>

#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace Watchword {

using Message = std::variant<QString, QByteArray>; //!< Text or binary.

/*! What waits to be sent: messages held while offline, and messages to be acknowledged. No I/O. */
class Outbox
{
public:
    struct Acknowledged
    {
        QString id;
        QByteArray payload;
    };

    Outbox();
    ~Outbox(); //!< Finishes pending futures with ErrorCode::Cancelled.

    Result<void> hold(Message message, qint64 limit);
    std::vector<Message> takeHeld();
    qsizetype discardHeld(); //!< Returns how many there were.
    qint64 heldBytes() const { return m_heldBytes; }

    QFuture<Result<void>> add(const QByteArray &payload, qint64 limit);
    std::optional<Acknowledged> takeNext(); //!< The next one that was not sent on this link.
    bool hasUnsent() const;
    void linkLost() { m_next = 0; } //!< Everything that is not acknowledged is to be sent again.
    void acknowledge(const QString &id);
    void failAll(const Error &error);

private:
    struct Entry
    {
        QByteArray payload;
        QPromise<Result<void>> promise;
    };
    std::deque<Message> m_held;
    qint64 m_heldBytes = 0;
    QString m_prefix; //!< Makes ids unique beyond this process.
    std::map<quint64, Entry> m_pending;
    qint64 m_pendingBytes = 0;
    quint64 m_counter = 0;
    quint64 m_next = 0; //!< The first pending one that was not sent on this link.
};

/*! Remembers the ids of the last messages, so that one that was sent twice is delivered once. */
class SeenIds
{
public:
    bool insert(const QString &id); //!< False if it was there.

private:
    static constexpr size_t kSize = 8192;
    QSet<QString> m_ids;
    std::deque<QString> m_order;
};

QFuture<Result<void>> finishedFuture(Result<void> result);

} // namespace Watchword
