// SPDX-License-Identifier: Apache-2.0
#include "relay/messagereceipts.h"

#include <algorithm>

namespace Watchword::Gateway {

MessageReceipts::MessageReceipts(QString sender, std::shared_ptr<TakenIds> taken)
    : m_sender(std::move(sender))
    , m_taken(std::move(taken))
{
}

QStringList MessageReceipts::takeSent(quint64 sent)
{
    QStringList ids;
    const auto end =
        std::find_if(m_waiting.begin(), m_waiting.end(), [sent](const auto &waiting) { return waiting.first > sent; });
    std::for_each(m_waiting.begin(), end, [this, &ids](const auto &waiting) {
        m_taken->add(m_sender, waiting.second);
        ids.append(waiting.second);
    });
    m_waiting.erase(m_waiting.begin(), end);
    return ids;
}

} // namespace Watchword::Gateway
