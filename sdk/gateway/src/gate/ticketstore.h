// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QHash>
#include <QString>

#include <optional>

namespace Watchword::Gateway {

/*!
    One-time tickets: each stands for the token that bought it, for kAge at most, at one endpoint and for one Origin. The token
    is verified again when the ticket is used, so that what was revoked meanwhile holds.

    Holds no ticket, only its SHA-256. Bounded in number, for each user and in bytes of tokens. Tickets of one node are not
    known to others.
    Threads: one.
*/
class WATCHWORD_TEST_EXPORT TicketStore
{
public:
    static constexpr Duration kAge = std::chrono::seconds(30);
    static constexpr qsizetype kMost = 10'000;
    static constexpr int kMostOfAUser = 20;
    static constexpr qsizetype kMostBytes = 32 * 1024 * 1024;

    struct Entry
    {
        Secret token;
        QString path;
        QByteArray origin; //!< As it was sent; empty: a program's.
        QString user; //!< Issuer and subject.
        Instant until{};
    };

    //! 43 characters of base64url; empty when there are too many.
    QByteArray add(Entry entry, Instant now);
    //! The entry of \a ticket, which is of no use from then on whatever comes of it.
    std::optional<Entry> take(const Secret &ticket, Instant now);
    qsizetype size() const { return m_entries.size(); }

private:
    void remove(QHash<QByteArray, Entry>::iterator at);
    void forget(Instant now);

    QHash<QByteArray, Entry> m_entries;
    QHash<QString, int> m_perUser;
    qsizetype m_bytes = 0;
    Instant m_lookedAt{};
};

} // namespace Watchword::Gateway
