// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditlog.h"

#include <QSqlDatabase>
#include <QSqlQuery>

namespace Watchword::Gateway {

/*!
    The SQLite side of the audit log: one table of events that only grows at its end and shrinks at its head.

    Threads: the one that opened it. Every failure leaves the database as it was before the call.
*/
class AuditDatabase
{
public:
    struct Row
    {
        quint64 sequence = 0;
        qint64 time = 0; //!< Milliseconds since the epoch.
        QString type;
        QString subject;
        QByteArray body; //!< The event as AuditEvent::toBytes() wrote it.
    };

    AuditDatabase();
    ~AuditDatabase();
    AuditDatabase(const AuditDatabase &) = delete;
    AuditDatabase &operator=(const AuditDatabase &) = delete;

    Result<void> open(const AuditOptions &options);
    void close();

    Result<void> insert(const Row &row);
    //! Inserts \a purge and removes everything before \a firstKept, or does neither.
    Result<void> insertPurge(const Row &purge, quint64 firstKept);
    Result<QList<Row>> read(quint64 after, int limit) const;
    Result<QList<Row>> readLast(int count) const; //!< Oldest first.

    Result<QString> meta(const QString &name) const; //!< Empty if it was never set.
    Result<void> setMeta(const QString &name, const QString &value);
    Result<void> quickCheck() const;
    Result<void> checkpoint();

private:
    Result<void> run(const QString &statement) const;
    Result<void> createSchema();
    Result<void> prepare();
    static Result<QList<Row>> collect(QSqlQuery &query);

    QString m_connection;
    QSqlDatabase m_database;
    std::unique_ptr<QSqlQuery> m_insert;
};

//! The stored row of \a event.
AuditDatabase::Row toRow(const AuditEvent &event);
//! The event of \a row; ChainBroken when the indexed columns differ from the event's text or the text is not exactly
//! what was written.
Result<AuditEvent> fromRow(const AuditDatabase::Row &row);

} // namespace Watchword::Gateway
