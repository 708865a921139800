// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "renewalrefusal.h"

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"
#include "watchword/watch/checkpointwitness.h"

#include <QString>

#include <optional>

namespace Watchword {

/*!
    The reader's end of the audit stream (protocol.md section 5) across any number of links: each event once, in order,
    every hole named. Pure.
*/
class WATCHWORD_TEST_EXPORT AuditReceiver
{
public:
    struct Step
    {
        std::optional<QByteArray> line; //!< A new event.
        quint64 gapFrom = 0; //!< Before the event; 0: none.
        quint64 gapTo = 0;
        std::optional<QString> newEpoch; //!< The log is another one than before.
        std::optional<quint64> mark;
        std::optional<AuditCheckpoint> checkpoint;
        bool opened = false; //!< "stream.open" was received.
        std::optional<WallTime> renewedUntil;
        QByteArray nonce; //!< With renewedUntil: for the next proofs.
        std::optional<RenewalRefusal> notRenewed;
        std::optional<WallTime> tokenExpiresAt;
    };

    //! \a cursor as in WatchOptions::auditAfter.
    void restart(const QString &cursor);
    void linkLost() { m_opened = false; }
    QString after() const; //!< For the query of the next link.

    //! ProtocolViolation for what cannot be; the link is of no use then.
    Result<Step> receive(const QString &text);

    QString epoch() const { return m_epoch; }
    quint64 last() const { return m_last; }
    quint64 newest() const { return m_newest; } //!< As far as known.
    quint64 received() const { return m_received; }
    bool isCurrent() const { return m_opened && m_last >= m_newest; }

private:
    static std::optional<AuditCheckpoint> checkpointOf(const class QJsonObject &json);
    Result<Step> onOpen(const class QJsonObject &open);
    Result<Step> onEvent(const QString &sequence, const QString &text);
    void noteGap(quint64 to, Step &step);

    QString m_start;
    QString m_epoch;
    quint64 m_last = 0;
    quint64 m_newest = 0;
    quint64 m_received = 0;
    bool m_opened = false;
    bool m_positioned = false; // m_last is meaningful
};

} // namespace Watchword
