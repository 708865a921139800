// SPDX-License-Identifier: Apache-2.0
#include "demofolder.h"

#include <QDir>
#include <QFileInfo>

#include <chrono>

namespace Watchword::Tools {

using namespace Qt::StringLiterals;

namespace {

constexpr auto kPrefix = "watchword-gateway-"_L1;
constexpr auto kLock = "in-use.lock"_L1;

} // namespace

DemoFolder::DemoFolder()
    : m_folder(QDir::temp().filePath(kPrefix + u"XXXXXX"_s))
    , m_inUse(m_folder.filePath(kLock))
{
    m_inUse.setStaleLockTime(std::chrono::milliseconds(0)); // however long the demo runs
    if (m_folder.isValid() && m_inUse.tryLock())
        removeLeftOvers();
}

void DemoFolder::removeLeftOvers() const
{
    const uint me = QFileInfo(m_folder.path()).ownerId();
    const QFileInfoList folders = QDir::temp().entryInfoList({kPrefix + u'*'}, QDir::Dirs | QDir::NoSymLinks);
    for (const QFileInfo &folder : folders) {
        const QString mark = folder.filePath() + u'/' + kLock;
        if (folder.ownerId() != me || !QFileInfo::exists(mark))
            continue; // somebody else's, who may exchange what is in it, or of a process that is just making it
        QLockFile lock(mark);
        lock.setStaleLockTime(std::chrono::milliseconds(0));
        if (lock.tryLock(std::chrono::milliseconds(0))) // its process is gone
            QDir(folder.filePath()).removeRecursively();
    }
}

} // namespace Watchword::Tools
