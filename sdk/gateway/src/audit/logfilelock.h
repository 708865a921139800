// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QString>

#include <memory>

namespace Watchword::Gateway {

/*!
    A lock on a file of its own that the kernel releases when the process ends, however it ends. It never is on the data
    itself: closing any descriptor of an SQLite file would drop the locks that SQLite has on it (fcntl(2)).
    Threads: any; it is not shared.
*/
class LogFileLock
{
public:
    //! LockBusy if it is held, also by this process; FileUnreadable if \a path cannot be opened.
    static Result<std::unique_ptr<LogFileLock>> take(const QString &path);
    ~LogFileLock();
    LogFileLock(const LogFileLock &) = delete;
    LogFileLock &operator=(const LogFileLock &) = delete;

private:
    explicit LogFileLock(int descriptor)
        : m_descriptor(descriptor)
    {
    }
    int m_descriptor;
};

} // namespace Watchword::Gateway
