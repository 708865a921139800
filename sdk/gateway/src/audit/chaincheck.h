// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/auditevent.h"
#include "watchword/core/testexport.h"

#include <optional>

namespace Watchword::Gateway {

/*!
    Checks a hash chain event by event, in constant memory (protocol.md section 4, "The chain").

    add() every event in order, then finish(). A chain whose head is gone is whole only if the last audit.purged in it says
    so: its seam names the first event that is there and the hash before it.
    Threads: reentrant. After a failure nothing more may be added.
*/
class WATCHWORD_TEST_EXPORT ChainCheck
{
public:
    Result<void> add(const AuditEvent &event);
    Result<void> finish() const;

    quint64 lastSequence() const { return m_lastSequence; }
    QString lastHash() const { return m_lastHash; }

private:
    struct Seam
    {
        quint64 firstSequence = 0;
        QString hash;
        quint64 count = 0;
        quint64 at = 0; //!< Sequence of the purge event.
    };

    Result<void> addSeam(const AuditEvent &event);

    std::optional<quint64> m_firstSequence;
    QString m_firstPrevious;
    quint64 m_lastSequence = 0;
    QString m_lastHash;
    QString m_uid;
    std::optional<Seam> m_seam;
};

} // namespace Watchword::Gateway
