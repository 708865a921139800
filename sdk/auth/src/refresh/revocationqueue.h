// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/random.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QList>
#include <QStringList>

#include <optional>

namespace Watchword {

/*!
    Refresh tokens that a sign-out left to be revoked (RFC 7009), without I/O. While the provider cannot be reached, or is
    busy (section 2.2.1: the token still exists), they are kept and tried again, for a day; then they are given up.

    Times are those of the calendar, because the queue outlives the program. Tokens are told apart by fingerprint, so that
    queues of several processes can be merged.
*/
class WATCHWORD_TEST_EXPORT RevocationQueue
{
public:
    enum class Answer {
        Done, //!< The token is revoked, or the provider will never revoke it.
        Again
    };
    struct Entry
    {
        Secret token;
        WallTime since{};
        WallTime notBefore{};
        int attempts = 0;
    };

    static constexpr std::chrono::hours kPatience{24};
    static constexpr qsizetype kMostEntries = 32; //!< The oldest go first.

    explicit RevocationQueue(RandomSource &random);

    //! Adds what is neither known yet nor answered for good.
    void add(const Secret &token, WallTime now);
    void merge(const QList<Entry> &others);
    //! Drops what is too old, and says what that was.
    QList<Secret> expire(WallTime now);
    //! What is to be tried now; empty if nothing is.
    std::optional<Secret> due(WallTime now) const;
    void answered(const Secret &token, Answer answer, std::optional<Duration> retryAfter, WallTime now);
    std::optional<WallTime> nextAt() const; //!< Of the next attempt; empty if there is nothing to do.

    bool isEmpty() const { return m_entries.isEmpty(); }
    const QList<Entry> &entries() const { return m_entries; }

    static Secret encode(const QList<Entry> &entries);
    static Result<QList<Entry>> decode(const Secret &plain);

private:
    RandomSource *m_random;
    QList<Entry> m_entries;
    QStringList m_done; // fingerprints, of the last kMostEntries: no token is kept longer than it is needed
};

//! What an answer of the revocation endpoint means for the token.
WATCHWORD_TEST_EXPORT RevocationQueue::Answer judgeRevocation(const Result<void> &result);

} // namespace Watchword
