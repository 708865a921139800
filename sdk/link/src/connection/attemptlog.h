// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/link/attemptrecord.h"

#include <QList>
#include <QUrl>

#include <map>
#include <optional>

namespace Watchword {

/*!
    Keeps the records of the last attempts; those that are not over can be written to by the id of their attempt: two at
    most, while one connection replaces another. Removes their tokens from any text.
*/
class AttemptLog
{
public:
    using AttemptId = quint64;

    explicit AttemptLog(Clock &clock);

    void begin(AttemptId id, const QUrl &url, const QString &why);
    void setToken(AttemptId id, const Secret &token);
    void renewToken(AttemptId id, const Secret &token); //!< Both are kept out of texts from now on.
    void reach(AttemptId id, AttemptPhase phase);
    void setSubprotocol(AttemptId id, const QString &name);
    void setEnd(AttemptId id, const TransportEnd &end);
    void setError(AttemptId id, const Error &error);
    //! The end of the attempt and what follows; the failure, if it was one. Nothing if it was finished before.
    std::optional<ConnectError> finish(AttemptId id, const QString &next, bool willRetry, const QDateTime &nextTryAt = {});
    int number(AttemptId id) const; //!< Of its record; 0 if that is over.
    QString redact(QString text) const; //!< Without control characters and without the tokens of the attempts.
    Error redact(const Error &error) const;

    const QList<AttemptRecord> &records() const { return m_records; }

private:
    struct Entry
    {
        int number = 0; //!< Of its record.
        Instant startedAt;
        ConnectError end{}; //!< What setEnd() knew; becomes the failure by setError().
        Secret token{};
        Secret renewed{};
        bool over = false; //!< Kept until the next one begins, because texts about it may follow.
    };
    Entry *open(AttemptId id);
    AttemptRecord &recordOf(const Entry &entry);
    AttemptRecord::Elapsed elapsed(const Entry &entry) const;
    void makeRoom();

    Clock &m_clock;
    QList<AttemptRecord> m_records;
    std::map<AttemptId, Entry> m_entries;
    int m_count = 0;
};

} // namespace Watchword
