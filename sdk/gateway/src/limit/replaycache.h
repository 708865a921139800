// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <QByteArray>
#include <QHash>
#include <QSet>
#include <QString>

#include <deque>

namespace Watchword::Gateway {

/*!
    Which proofs were used, by key and "jti" (RFC 9449 section 11.1). Bounded in time, in number, and in number for each key,
    so that nobody can crowd out the others. What cannot be remembered must not be accepted: Verdict::Full.

    Threads: one.
*/
class WATCHWORD_TEST_EXPORT ReplayCache
{
public:
    enum class Verdict { Fresh, Used, Full };
    static constexpr qsizetype kMost = 100'000;
    static constexpr int kMostOfAKey = 1'000;

    //! \a age is how long an entry is kept: at least as long as the proof could be used.
    explicit ReplayCache(Duration age, qsizetype most = kMost, int mostOfAKey = kMostOfAKey);

    //! Fresh once for each pair, then Used until it is forgotten.
    Verdict take(const QString &key, const QString &id, Instant now);
    qsizetype size() const { return m_entries.size(); }

private:
    struct Entry
    {
        Instant until;
        QByteArray name;
        QString key;
    };
    void forget(Instant now);

    Duration m_age;
    qsizetype m_most;
    int m_mostOfAKey;
    std::deque<Entry> m_order; // oldest first: all live equally long
    QSet<QByteArray> m_entries;
    QHash<QString, int> m_perKey;
};

} // namespace Watchword::Gateway
