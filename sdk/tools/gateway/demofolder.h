// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLockFile>
#include <QTemporaryDir>

namespace Watchword::Tools {

/*!
    A private temporary folder that goes with the object. What it holds are keys: if the process is killed, the next one of this
    user removes it. Those of processes that live are told by a lock file in them.
*/
class DemoFolder
{
public:
    DemoFolder();

    bool isValid() const { return m_folder.isValid(); }
    QString errorString() const { return m_folder.errorString(); }
    QString path() const { return m_folder.path(); }
    QString filePath(const QString &name) const { return m_folder.filePath(name); }

private:
    void removeLeftOvers() const;

    QTemporaryDir m_folder;
    QLockFile m_inUse;
};

} // namespace Watchword::Tools
