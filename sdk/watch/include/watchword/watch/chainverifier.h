// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/auditevent.h"
#include "watchword/watch/export.h"

#include <QMap>

#include <optional>

namespace Watchword {

/*!
    Checks the hash chain of an audit log on the reader's machine, event by event, in order (protocol.md section 4).

    Retention is not tampering: an "audit.purged" event states the seam behind it (first event that is still there, the
    hash it builds on, how many were removed). A log that starts behind event 1 therefore begins with Verdict::Unproven
    and becomes proven when the matching seam comes by; a seam that contradicts what was seen is Broken.

    Threads: reentrant value. Memory is constant but for up to 64 seams.
*/
class WATCHWORD_WATCH_EXPORT ChainVerifier
{
public:
    enum class Verdict {
        Ok, //!< Follows the event before it.
        Unproven, //!< The content matches its own hash, but what it builds on was never seen.
        Gap, //!< Sequences are missing in between; the event itself is as Unproven.
        Broken, //!< Changed, out of order, or not what a seam says.
        Duplicate //!< Seen before and equal; ignored.
    };

    struct Outcome
    {
        Verdict verdict = Verdict::Ok;
        quint64 sequence = 0;
        quint64 missingFrom = 0; //!< Verdict::Gap: the first and the last sequence that are missing.
        quint64 missingTo = 0;
        QString why; //!< English; empty when Ok.

        bool isOk() const { return verdict == Verdict::Ok || verdict == Verdict::Duplicate; }
    };

    ChainVerifier() = default;

    Outcome push(const AuditEvent &event);
    void reset(); //!< For another log.

    quint64 first() const { return m_first; } //!< 0 before the first event.
    quint64 last() const { return m_last; }
    quint64 verifiedCount() const { return m_verified; }
    quint64 missingCount() const { return m_missing; }
    QString head() const { return m_head; } //!< Hash of the last event: write it down to prove the log later.
    std::optional<Outcome> broken() const { return m_broken; } //!< The first break.
    //! The start is event 1, or a seam proved that retention removed what was before it.
    bool startIsProven() const { return m_startProven; }

private:
    Outcome finish(Outcome outcome);
    std::optional<QString> checkSeam(const AuditEvent &event);

    quint64 m_first = 0;
    quint64 m_last = 0;
    quint64 m_verified = 0;
    quint64 m_missing = 0;
    bool m_startProven = false;
    QString m_uid;
    QString m_head;
    QString m_firstPrevious;
    QMap<quint64, QString> m_resumedAt; //!< Where the stream went on behind a gap, and the hash that was claimed there.
    std::optional<Outcome> m_broken;
};

} // namespace Watchword
