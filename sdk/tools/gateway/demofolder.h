// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"

#include <QLockFile>
#include <QTemporaryDir>

#include <memory>

namespace Watchword::Tools {

/*!
    The private folder of a demo, readable by this user only. Without a name it is a temporary one that goes with the object:
    what it holds are keys, and if the process is killed, the next one of this user removes it. With a name it stays.
    Folders of processes that live are told by a lock file in them.
*/
class DemoFolder
{
public:
    //! \a kept is made if it is missing; empty: a temporary folder. PermissionDenied if the folder is not this user's, WrongState
    //! if another demo uses it, StorageFailed.
    Result<void> open(const QString &kept);

    bool isKept() const { return !m_temporary; }
    QString path() const { return m_path; }
    QString filePath(const QString &name) const { return m_path + u'/' + name; }

private:
    Result<void> openKept(const QString &path);
    void removeLeftOvers() const;

    std::unique_ptr<QTemporaryDir> m_temporary; // null: the folder is kept
    std::unique_ptr<QLockFile> m_inUse; // destroyed before the folder
    QString m_path;
};

} // namespace Watchword::Tools
