// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/sqlitefile.h"
#include "lock/lock.h"
#include "watchword/core/result.h"

#include <QList>

namespace Watchword::Gateway {

/*!
    Locks in SQLite, each change on the disk when the call returns (synchronous=FULL). Without a file every call succeeds and
    keeps nothing. Threads: the one that opened it.
*/
class WATCHWORD_TEST_EXPORT LockStore
{
public:
    LockStore();

    //! The file gets permissions for its owner only. StoreCorrupt (also for the format of a newer program), LockBusy,
    //! FileUnreadable or StorageFailed.
    Result<void> open(const QString &file);
    bool isDurable() const { return m_file.isOpen(); }
    Result<QList<Lock>> load() const;
    Result<void> put(const Lock &lock);
    Result<void> remove(const QStringList &ids);

private:
    SqliteFile m_file;
};

} // namespace Watchword::Gateway
