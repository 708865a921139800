// SPDX-License-Identifier: Apache-2.0
#include "endpoint/seenids.h"

namespace Watchword::Gateway {

// With their lengths: no two senders make one key, whatever an issuer writes into its claims.
QString SeenIds::senderOf(const Identity &identity)
{
    QString key;
    for (const QString &part : {identity.issuer, identity.subject, identity.clientId})
        key += QString::number(part.size()) + u':' + part;
    return key;
}

bool SeenIds::contains(const QString &sender, const QString &id) const
{
    const auto known = m_byKey.constFind(sender);
    return known != m_byKey.constEnd() && (*known)->ids.contains(id);
}

bool SeenIds::add(const QString &sender, const QString &id)
{
    const auto at = wake(sender);
    if (at->ids.contains(id))
        return false;
    if (at->order.size() >= kMostPerSender) {
        at->ids.remove(at->order.dequeue());
        --m_size;
    }
    at->ids.insert(id);
    at->order.enqueue(id);
    ++m_size;
    while (m_size > kMostInAll) {
        m_size -= m_senders.front().order.size();
        m_byKey.remove(m_senders.front().key);
        m_senders.pop_front();
    }
    return true;
}

SeenIds::Senders::iterator SeenIds::wake(const QString &key)
{
    if (const auto known = m_byKey.constFind(key); known != m_byKey.constEnd())
        m_senders.splice(m_senders.end(), m_senders, *known);
    else
        m_byKey.insert(key, m_senders.insert(m_senders.end(), Sender{key}));
    return std::prev(m_senders.end());
}

} // namespace Watchword::Gateway
