// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "relay/takenids.h"
#include "watchword/core/testexport.h"

#include <QStringList>

#include <memory>
#include <vector>

namespace Watchword::Gateway {

/*!
    Which "msg" frames of one client its upstream got: an id is acknowledged when the operating system has all bytes of its
    message, and from then on TakenIds knows it, for this connection and those that come after it.
    Threads: one; \a taken may be shared with others.
*/
class WATCHWORD_TEST_EXPORT MessageReceipts
{
public:
    MessageReceipts(QString sender, std::shared_ptr<TakenIds> taken); //!< See SeenIds::senderOf().

    bool isTaken(const QString &id) const { return m_taken->contains(m_sender, id); }
    //! Its last byte is the one before \a end in all that was written to the upstream. Ends never fall.
    void written(const QString &id, quint64 end) { m_waiting.emplace_back(end, id); }
    QStringList takeSent(quint64 sent); //!< Those that end within the first \a sent bytes, in their order; each once.
    void clear() { m_waiting.clear(); }
    bool isEmpty() const { return m_waiting.empty(); }

private:
    const QString m_sender;
    const std::shared_ptr<TakenIds> m_taken;
    std::vector<std::pair<quint64, QString>> m_waiting;
};

} // namespace Watchword::Gateway
