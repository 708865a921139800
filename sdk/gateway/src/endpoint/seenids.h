// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QHash>
#include <QQueue>
#include <QSet>
#include <QString>

namespace Watchword::Gateway {

/*!
    The message ids that senders used lately, so that a message that was sent again after a lost acknowledgement has its
    effect once. Senders are sessions, not connections: the repetition comes on the next connection. Bounded for each
    sender and in all; the oldest ids of a sender, and the oldest senders, are forgotten.
    Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT SeenIds
{
public:
    static constexpr qsizetype kMostPerSender = 1024;
    static constexpr qsizetype kMostInAll = 200'000;

    //! True the first time.
    bool add(const QString &sender, const QString &id);
    bool contains(const QString &sender, const QString &id) const;
    qsizetype size() const { return m_size; }

private:
    struct Sender
    {
        QSet<QString> ids;
        QQueue<QString> order;
    };
    QHash<QString, Sender> m_senders;
    QQueue<QString> m_senderOrder;
    qsizetype m_size = 0;
};

} // namespace Watchword::Gateway
