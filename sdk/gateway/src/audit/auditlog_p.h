// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditdatabase.h"
#include "audit/auditlog.h"

#include <QTimer>

namespace Watchword::Gateway {

class AuditLog::Private
{
public:
    Private(const AuditOptions &o, Clock &c)
        : options(o)
        , clock(c)
    {
    }

    Result<void> open();
    Result<void> setAside();
    Result<void> loadTail();
    Result<void> loadEpoch();
    void close();

    AuditEvent sealed(const AuditEntry &entry) const;
    Result<AuditEvent> write(const AuditEntry &entry);
    //! True if the batch at the head goes now: too many events, or the oldest is too old.
    qint64 countToPurge() const;
    Result<void> purge(qint64 count);
    void advance(const AuditEvent &event);

    AuditOptions options;
    Clock &clock;
    AuditDatabase database;
    QTimer upkeep;
    QString uid;
    QString epoch;
    QString lastHash;
    quint64 oldest = 0;
    quint64 newest = 0;
    quint64 lost = 0; //!< Events that could not be written since the last success.
    std::optional<WallTime> lostSince;
    std::optional<AuditEntry> firstWords; //!< An audit.gap that open() found to say.
    bool writable = true;
    bool dirty = false; //!< Something was written that no checkpoint has put on the disk.
};

} // namespace Watchword::Gateway
