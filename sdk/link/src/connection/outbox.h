// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/testexport.h"
#include "watchword/link/connectionoptions.h"

#include <QFuture>
#include <QHash>
#include <QPromise>
#include <QSet>

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <variant>

namespace Watchword {

using Message = std::variant<QString, QByteArray>; //!< Text or binary.

inline qint64 sizeOf(const Message &message)
{
    return std::visit([](const auto &content) { return qint64(content.size()); }, message);
}

/*!
    What waits to be sent: messages held while they cannot go out, and messages to be acknowledged. No I/O, no clock.

    Held messages leave in the order in which they came; a newer one of the same key takes the place of the older.
    Each of them, and each message to be acknowledged, finishes its future exactly once.
*/
class WATCHWORD_TEST_EXPORT Outbox
{
public:
    using LinkId = quint64; //!< Of the transport that a message was sent on.

    struct Held
    {
        Message message;
        std::optional<QString> key{}; //!< Only the latest of a key is kept.
        std::optional<Instant> deadline{}; //!< Thrown away then, with ErrorCode::Timeout.
        std::shared_ptr<QPromise<Result<void>>> promise{}; //!< Null if nobody wants to know.

        void finish(const Result<void> &result);
    };
    struct Acknowledged
    {
        QString id;
        QString room;
        QByteArray payload;
    };

    Outbox();
    ~Outbox(); //!< Finishes pending futures with ErrorCode::Cancelled.

    //! QueueFull beyond \a limit bytes, without finishing the promise.
    Result<void> hold(Held held, qint64 limit);
    std::optional<Held> takeHeld(); //!< The oldest one.
    qsizetype discardHeld(const Error &error); //!< Returns how many there were.
    qint64 heldBytes() const { return m_heldBytes; }
    std::optional<Instant> deadline() const; //!< When expire() is due.
    void expire(Instant now);

    //! An \a id that is pending already gives the future of that one. An empty id is replaced by a new one.
    QFuture<Result<void>> add(Acknowledged message, qint64 limit);
    std::optional<Acknowledged> takeNext(LinkId link); //!< The next one that is not on its way.
    bool hasUnsent() const { return !m_unsent.empty(); }
    bool hasUnacknowledged(LinkId link) const; //!< Something was sent on it and is not acknowledged.
    void linkLost(LinkId link); //!< What was sent on it and is not acknowledged is to be sent again.
    void acknowledge(const QString &id);
    void failAll(const Error &error);

private:
    using HeldList = std::list<Held>;
    struct Entry
    {
        Acknowledged message;
        LinkId link = 0;
        QPromise<Result<void>> promise;
    };
    Held remove(HeldList::iterator entry);

    HeldList m_held;
    QHash<QString, HeldList::iterator> m_latest;
    std::multimap<Instant, HeldList::iterator> m_deadlines;
    qint64 m_heldBytes = 0;
    QString m_prefix; //!< Makes ids unique beyond this process.
    std::map<quint64, Entry> m_pending;
    QHash<QString, quint64> m_numbers; //!< Of pending ids.
    std::set<quint64> m_unsent;
    qint64 m_pendingBytes = 0;
    quint64 m_counter = 0;
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

} // namespace Watchword
