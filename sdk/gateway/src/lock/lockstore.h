// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lock/lock.h"
#include "watchword/core/result.h"

#include <QList>
#include <QSqlDatabase>

namespace Watchword::Gateway {

/*!
    Locks in SQLite, each change on the disk when the call returns (synchronous=FULL). Without a file every call succeeds and
    keeps nothing. Threads: the one that opened it.
*/
class WATCHWORD_TEST_EXPORT LockStore
{
public:
    LockStore();
    ~LockStore();
    LockStore(const LockStore &) = delete;
    LockStore &operator=(const LockStore &) = delete;

    //! The file gets permissions for its owner only. StoreCorrupt (also for the format of a newer program), LockBusy,
    //! FileUnreadable or StorageFailed.
    Result<void> open(const QString &file);
    bool isDurable() const { return !m_connection.isEmpty(); }
    Result<QList<Lock>> load() const;
    Result<void> put(const Lock &lock);
    Result<void> remove(const QStringList &ids);

private:
    Result<void> run(const QString &statement) const;

    QString m_connection;
    QSqlDatabase m_database;
};

} // namespace Watchword::Gateway
