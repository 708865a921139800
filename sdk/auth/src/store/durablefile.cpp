// SPDX-License-Identifier: Apache-2.0
#include "store/durablefile.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

#ifdef Q_OS_UNIX
#include <fcntl.h>
#include <unistd.h>
#endif

namespace Watchword {

namespace {

Error storageError(const QString &doing, const QString &path, const QString &why)
{
    return Error(ErrorCode::StorageFailed, QStringLiteral("cannot %1 %2: %3").arg(doing, path, why));
}

// The new name of a file is only safe when its folder is flushed too.
void flushFolder(const QString &folder)
{
#ifdef Q_OS_UNIX
    const int descriptor = ::open(QFile::encodeName(folder).constData(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    ::fsync(descriptor); // some file systems refuse this; the rename itself has happened
    ::close(descriptor);
#else
    Q_UNUSED(folder)
#endif
}

} // namespace

Result<void> makePrivateFolder(const QString &folder)
{
    if (QFileInfo(folder).isDir())
        return {};
    if (!QDir().mkpath(folder))
        return storageError(QStringLiteral("make folder"), folder, QStringLiteral("permission or disk"));
    QFile::setPermissions(folder, QFileDevice::ReadOwner | QFileDevice::WriteOwner | QFileDevice::ExeOwner);
    return {};
}

Result<void> writeDurably(const QString &path, QByteArrayView bytes)
{
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly))
        return storageError(QStringLiteral("write"), path, file.errorString());
    file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner);
    if (file.write(bytes.data(), bytes.size()) != bytes.size()) {
        const QString why = file.errorString();
        file.cancelWriting();
        return storageError(QStringLiteral("write"), path, why);
    }
    // commit() flushes the file to the disk before it renames.
    if (!file.commit())
        return storageError(QStringLiteral("replace"), path, file.errorString());
    flushFolder(QFileInfo(path).path());
    const Result<QByteArray> back = readBounded(path, bytes.size());
    if (!back)
        return storageError(QStringLiteral("read back"), path, back.error().detail());
    if (QByteArrayView(*back) != bytes)
        return storageError(QStringLiteral("read back"), path, QStringLiteral("it holds something else"));
    return {};
}

Result<QByteArray> readBounded(const QString &path, qsizetype limit)
{
    QFile file(path);
    if (!file.exists())
        return Error(ErrorCode::NotFound, path);
    if (!file.open(QIODevice::ReadOnly))
        return storageError(QStringLiteral("read"), path, file.errorString());
    QByteArray bytes = file.read(limit + 1);
    if (file.error() != QFileDevice::NoError)
        return storageError(QStringLiteral("read"), path, file.errorString());
    if (bytes.size() > limit)
        return Error(ErrorCode::StoreCorrupt, QStringLiteral("%1 is larger than %2 bytes").arg(path).arg(limit));
    return bytes;
}

} // namespace Watchword
