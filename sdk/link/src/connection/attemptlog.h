// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"
#include "watchword/link/attemptrecord.h"

#include <QList>
#include <QUrl>

#include <array>
#include <deque>
#include <functional>

namespace Watchword {

/*!
    Keeps the records of the last attempts, and removes their tokens from any text. Those that are not over can be written to
    by the id of their attempt: that of the connection, which each attempt hands on to the next one, and of its replacement.
*/
class WATCHWORD_TEST_EXPORT AttemptLog
{
public:
    using AttemptId = quint64;

    //! \a failed: is told each failure once, when it is known what happens next.
    AttemptLog(Clock &clock, std::function<void(const ConnectError &)> failed);

    void begin(AttemptId id, const QUrl &url, const QString &why);
    void setToken(AttemptId id, const Secret &token);
    void renewToken(AttemptId id, const Secret &token); //!< Both are kept out of texts from now on.
    void reach(AttemptId id, AttemptPhase phase);
    void setSubprotocol(AttemptId id, const QString &name);
    void setEnd(AttemptId id, const TransportEnd &end);
    void setError(AttemptId id, const Error &error);
    //! The end of the attempt and what follows. Nothing happens if it was finished before.
    void finish(AttemptId id, const QString &next, bool willRetry, const QDateTime &nextTryAt = {});
    //! The same for the connection's attempt, and for one before it for whose refused token this one wanted another.
    void finishAll(AttemptId id, const QString &next, bool willRetry, const QDateTime &nextTryAt = {});
    void handOn(AttemptId to, const QString &why); //!< The connection's attempt is over, and this one begins at once.
    void setCurrent(AttemptId id) { m_current = id; } //!< A replacement is the connection's attempt now.
    int number(AttemptId id); //!< Of its record; 0 if that is over.
    QString redact(QString text) const; //!< Without control characters and without the tokens of the attempts.
    Error redact(const Error &error) const;

    //! In the order in which they began. Their dates follow the machine's as it is now: one that was set back meanwhile lets
    //! no attempt seem to be older than the one before it.
    QList<AttemptRecord> records() const;

private:
    struct Entry
    {
        AttemptId id;
        AttemptRecord record;
        Instant startedAt;
        ConnectError end{}; //!< What setEnd() knew; becomes the failure by setError().
        std::array<Secret, 2> tokens{}; //!< The last ones. Kept until the next attempt begins: texts about this one may follow.
    };
    Entry *open(AttemptId id); //!< Null once it is over.
    AttemptRecord::Elapsed elapsed(const Entry &entry) const { return m_clock.now() - entry.startedAt; }

    Clock &m_clock;
    const std::function<void(const ConnectError &)> m_failed;
    std::deque<Entry> m_entries; //!< In the order in which they began.
    AttemptId m_current = 0; //!< The connection's: the last one that is no replacement.
    int m_count = 0;
};

} // namespace Watchword
