// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditdatabase.h"
#include "audit/audittree.h"

#include <vector>

namespace Watchword::Gateway {

/*!
    The log itself: numbers, seals and stores, and removes by retention. No thread and no event loop of its own.

    Life cycle: open(), then anything, close() or the destructor. Only close() marks the file as ended in order.
    Threads: the one that called open(); the constructor may run in another one.
*/
class AuditStore
{
public:
    //! An entry with what was decided when it happened.
    struct Pending
    {
        AuditEntry entry;
        QString id;
        WallTime at{};
    };
    struct State
    {
        QString epoch;
        quint64 oldest = 0;
        quint64 newest = 0;
        WallTime oldestAt{}; //!< Of the oldest event.
        quint64 checkpointed = 0; //!< The last event that the newest signed checkpoint has.
    };

    explicit AuditStore(const AuditOptions &options);

    Result<void> open(WallTime now);
    void close();

    //! Writes all of \a entries in one transaction, or none of them. Behind \a lost events that could not be written it
    //! begins with an audit.gap, so there may be one record more than there are entries.
    Result<std::vector<AuditRecord>> write(const std::vector<Pending> &entries, quint64 lost, WallTime lostSince);
    //! The audit.gap alone.
    Result<std::vector<AuditRecord>> writeGap(quint64 lost, WallTime lostSince, WallTime now);
    //! Removes one batch of what retention no longer keeps at \a now; the record is that of the audit.purged. Nothing to do
    //! is no record.
    Result<std::optional<AuditRecord>> purgeBatch(WallTime now);

    //! Signs the state of the log, if it grew since the last time.
    Result<void> checkpoint(WallTime now);
    Result<AuditProof> prove(quint64 oldSize, quint64 sequence) const { return m_tree->prove(oldSize, sequence); }

    const State &state() const { return m_state; }
    QString lastHash() const { return QString::fromLatin1(m_lastHash); }
    const AuditDatabase &database() const { return m_database; }
    Result<void> flush() { return m_database.checkpoint(); }

private:
    Result<void> openDatabase();
    Result<void> loadTail();
    Result<void> loadEpoch(WallTime now);
    Result<void> setAside(WallTime now);
    Result<AuditDatabase::Row> sealed(const Pending &pending) const;
    Result<AuditRecord> insert(const Pending &pending);
    qint64 countToPurge(WallTime now) const;
    Result<AuditRecord> purge(qint64 count, WallTime now);
    void advance(const AuditDatabase::Row &row);
    void readOldest();

    AuditOptions m_options;
    AuditDatabase m_database;
    std::unique_ptr<AuditTree> m_tree;
    State m_state;
    QString m_uid;
    QString m_source;
    QJsonObject m_node;
    QByteArray m_lastHash;
    std::optional<Pending> m_firstWords; //!< What open() found to say.
    WallTime m_lastAt{}; //!< Of the last event.
    bool m_isClean = false; //!< Nothing failed since the last success.
};

} // namespace Watchword::Gateway
