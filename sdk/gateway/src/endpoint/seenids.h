// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"
#include "watchword/gateway/identity.h"

#include <QHash>
#include <QQueue>
#include <QSet>
#include <QString>

#include <list>

namespace Watchword::Gateway {

/*!
    The message ids that senders used lately, so that a message that was sent again after a lost acknowledgement has its
    effect once. A sender is issuer, subject and client of the token (protocol.md, "Delivery"): the repetition may come on
    another connection, with another token, and from a later session. Bounded for each sender and in all: first the
    oldest ids of a sender are forgotten, then the senders that were silent for the longest time.
    Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT SeenIds
{
public:
    static constexpr qsizetype kMostPerSender = 4096;
    static constexpr qsizetype kMostInAll = 200'000;

    static QString senderOf(const Identity &identity); //!< Its key, for who has many ids of one.
    //! True the first time.
    bool add(const QString &sender, const QString &id);
    bool contains(const QString &sender, const QString &id) const;
    qsizetype size() const { return m_size; }

private:
    struct Sender
    {
        QString key;
        QSet<QString> ids{};
        QQueue<QString> order{};
    };
    using Senders = std::list<Sender>; // silent for the longest time first

    Senders::iterator wake(const QString &key); //!< Moves the sender to the end, new or known.

    Senders m_senders;
    QHash<QString, Senders::iterator> m_byKey;
    qsizetype m_size = 0;
};

} // namespace Watchword::Gateway
