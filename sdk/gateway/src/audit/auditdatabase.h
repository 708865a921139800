// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditentry.h"
#include "audit/auditoptions.h"
#include "audit/logfilelock.h"

#include <QSqlDatabase>
#include <QSqlQuery>

#include <functional>

namespace Watchword::Gateway {

/*!
    The SQLite side of the audit log: one table of events that only grows at its end and shrinks at its head.

    One AuditDatabase in the world may write to a file: it holds a lock of the kernel on "<file>-lock". Any number may read
    it meanwhile, also in other programs. The file is for its owner only (0600).

    Threads: the one that opened it. Every failure outside of a transaction leaves the database as it was before the call;
    within one, rollback() does.
*/
class AuditDatabase
{
public:
    static constexpr int kCheckpoints = 10'000;

    struct Row
    {
        quint64 sequence = 0;
        qint64 time = 0; //!< Milliseconds since the epoch.
        QString type;
        QString subject;
        QByteArray body; //!< The event's canonical JSON, as it was hashed but for the hash in it.
        QByteArray hash{}; //!< Only of rows that are to be written.
    };

    AuditDatabase();
    ~AuditDatabase();
    AuditDatabase(const AuditDatabase &) = delete;
    AuditDatabase &operator=(const AuditDatabase &) = delete;

    Result<void> open(const AuditOptions &options);
    Result<void> openToRead(const QString &path);
    void close();
    bool isOpen() const { return !m_connection.isEmpty(); }

    Result<void> begin();
    Result<void> commit();
    void rollback();
    Result<void> insert(const Row &row);
    //! Removes everything before \a firstKept, runs \a more, and inserts \a purge, or does nothing of it.
    Result<void> insertPurge(const Row &purge, quint64 firstKept, const std::function<Result<void>()> &more);
    Result<QList<Row>> read(quint64 after, int limit) const;
    Result<QList<Row>> readHeads(quint64 after, int limit) const; //!< Sequence and time only.
    Result<QList<Row>> readLast(int count) const; //!< Oldest first.
    qint64 usedBytes() const; //!< What events and indexes take, without free pages.

    QByteArray tile(int level, quint64 index) const; //!< Of the Merkle tree; empty if there is none.
    Result<void> setTile(int level, quint64 index, const QByteArray &hashes);
    Result<std::pair<quint64, QByteArray>> lastCheckpoint() const; //!< Size and note; 0 and empty if there is none.
    //! Keeps the newest kCheckpoints.
    Result<void> insertCheckpoint(quint64 size, WallTime at, const QByteArray &note);

    Result<QString> meta(const QString &name) const; //!< Empty if it was never set.
    Result<void> setMeta(const QString &name, const QString &value);
    Result<void> quickCheck() const;
    Result<void> checkpoint();

private:
    Result<void> connect(const QString &path, const QString &connectOptions);
    Result<void> lock(const QString &path);
    Result<void> makePrivate(const QString &path);
    Result<void> run(const QString &statement) const;
    Result<void> createSchema();
    Result<void> createTreeTables();
    Result<void> prepare();
    Result<void> execute(QSqlQuery &query, const QString &doing) const;
    static Result<QList<Row>> collect(QSqlQuery &query);

    QString m_connection;
    QSqlDatabase m_database;
    std::unique_ptr<QSqlQuery> m_insert;
    std::unique_ptr<QSqlQuery> m_begin;
    std::unique_ptr<QSqlQuery> m_commit;
    std::unique_ptr<QSqlQuery> m_rollback;
    std::unique_ptr<LogFileLock> m_lock;
};

//! The stored row of \a event.
AuditDatabase::Row toRow(const AuditEvent &event);
//! The event of \a row; ChainBroken when the indexed columns differ from the event's text or the text is not exactly
//! what was written.
Result<AuditEvent> fromRow(const AuditDatabase::Row &row);

} // namespace Watchword::Gateway
