// SPDX-License-Identifier: Apache-2.0
#include "demofolder.h"

#include <QDir>
#include <QFileInfo>

#include <chrono>

#ifdef Q_OS_UNIX
#include <unistd.h>
#endif

namespace Watchword::Tools {

using namespace Qt::StringLiterals;

namespace {

constexpr auto kPrefix = "watchword-gateway-"_L1;
constexpr auto kLock = "in-use.lock"_L1;
constexpr QFile::Permissions kPrivate = QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner;

std::unique_ptr<QLockFile> lockIn(const QString &folder)
{
    auto lock = std::make_unique<QLockFile>(folder + u'/' + kLock);
    lock->setStaleLockTime(std::chrono::milliseconds(0)); // however long the demo runs
    return lock;
}

bool isOfThisUser(const QFileInfo &folder)
{
#ifdef Q_OS_UNIX
    return folder.ownerId() == geteuid();
#else
    return folder.exists();
#endif
}

} // namespace

Result<void> DemoFolder::open(const QString &kept)
{
    if (!kept.isEmpty())
        return openKept(QDir(kept).absolutePath());
    m_temporary = std::make_unique<QTemporaryDir>(QDir::temp().filePath(kPrefix + u"XXXXXX"_s));
    if (!m_temporary->isValid())
        return Error(ErrorCode::StorageFailed, u"no temporary folder: %1"_s.arg(m_temporary->errorString()));
    m_path = m_temporary->path();
    m_inUse = lockIn(m_path);
    if (m_inUse->tryLock())
        removeLeftOvers();
    return {};
}

Result<void> DemoFolder::openKept(const QString &path)
{
    const bool isNew = QDir().mkdir(path, kPrivate);
    const QFileInfo folder(path);
    if (!isNew && !folder.isDir())
        return Error(ErrorCode::StorageFailed, u"the folder %1 cannot be made"_s.arg(path))
            .withRemedy(u"Make the folder above it first, and give --state a name in it."_s);
    if (!isOfThisUser(folder))
        return Error(ErrorCode::PermissionDenied, u"the folder %1 belongs to somebody else"_s.arg(path))
            .withRemedy(u"Give --state a folder of your own."_s);
    if (!isNew && !QFile::setPermissions(path, kPrivate))
        return Error(ErrorCode::PermissionDenied, u"the folder %1 cannot be made private"_s.arg(path));
    m_path = path;
    m_inUse = lockIn(path);
    if (m_inUse->tryLock(std::chrono::milliseconds(0)))
        return {};
    if (m_inUse->error() == QLockFile::LockFailedError)
        return Error(ErrorCode::WrongState, u"another demo uses %1"_s.arg(path))
            .withRemedy(u"End that one first, or give --state another folder."_s);
    return Error(ErrorCode::StorageFailed, u"nothing can be written to %1"_s.arg(path));
}

void DemoFolder::removeLeftOvers() const
{
    const uint me = QFileInfo(m_path).ownerId();
    const QFileInfoList folders = QDir::temp().entryInfoList({kPrefix + u'*'}, QDir::Dirs | QDir::NoSymLinks);
    for (const QFileInfo &folder : folders) {
        const QString mark = folder.filePath() + u'/' + kLock;
        if (folder.ownerId() != me || !QFileInfo::exists(mark))
            continue; // somebody else's, who may exchange what is in it, or of a process that is just making it
        if (lockIn(folder.filePath())->tryLock(std::chrono::milliseconds(0))) // its process is gone
            QDir(folder.filePath()).removeRecursively();
    }
}

} // namespace Watchword::Tools
