// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"

#include <QFuture>
#include <QHash>
#include <QPromise>

#include <map>
#include <optional>

namespace Watchword {

/*! Questions that wait for their answer. Each finishes exactly once; ids are never used again. No I/O, no clock. */
class WATCHWORD_TEST_EXPORT Requests
{
public:
    using LinkId = quint64; //!< Of the transport that carries a question, and so its answer.
    using Answer = Result<QByteArray>;
    static constexpr qsizetype kMostPending = 1024;

    ~Requests(); //!< Finishes what waits with ErrorCode::Cancelled.

    //! QueueFull in the future and an empty \a id if too many wait already.
    QFuture<Answer> add(LinkId link, Instant deadline, QString *id);
    void answer(const QString &id, const Answer &answer); //!< Unknown ids are ignored: the answer came too late.
    std::optional<Instant> deadline() const; //!< When expire() is due.
    void expire(Instant now);
    bool hasUnanswered(LinkId link) const; //!< Something was asked on it and is not answered.
    void linkLost(LinkId link); //!< Nobody knows whether the server did what was asked.
    void failAll(const Error &error);

private:
    struct Entry
    {
        LinkId link;
        std::multimap<Instant, QString>::iterator due;
        QPromise<Answer> promise;
    };

    std::map<QString, Entry> m_pending;
    std::multimap<Instant, QString> m_due;
    quint64 m_counter = 0;
};

} // namespace Watchword
