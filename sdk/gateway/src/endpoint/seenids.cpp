// SPDX-License-Identifier: Apache-2.0
#include "endpoint/seenids.h"

namespace Watchword::Gateway {

bool SeenIds::contains(const QString &sender, const QString &id) const
{
    const auto known = m_senders.constFind(sender);
    return known != m_senders.constEnd() && known->ids.contains(id);
}

bool SeenIds::add(const QString &sender, const QString &id)
{
    if (contains(sender, id))
        return false;
    if (m_size >= kMostInAll && m_senderOrder.size() > 1) {
        const QString oldest = m_senderOrder.dequeue();
        m_size -= m_senders.take(oldest).order.size();
    }
    auto it = m_senders.find(sender);
    if (it == m_senders.end()) {
        m_senderOrder.enqueue(sender);
        it = m_senders.insert(sender, {});
    }
    if (it->order.size() >= kMostPerSender) {
        it->ids.remove(it->order.dequeue());
        --m_size;
    }
    it->ids.insert(id);
    it->order.enqueue(id);
    ++m_size;
    return true;
}

} // namespace Watchword::Gateway
