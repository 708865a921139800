// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/internal/durablefile.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

#include <cerrno>

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

// Qt says ResourceError for a full disk.
Error writeError(const QString &doing, const QString &path, const QFileDevice &file)
{
    if (file.error() != QFileDevice::ResourceError)
        return storageError(doing, path, file.errorString());
    return storageError(doing, path, QStringLiteral("the disk is full (%1)").arg(file.errorString()))
        .withRemedy(QStringLiteral("Make room on the disk; what was stored before is still there."));
}

// Zero, or why not: a disk may say only now that it has no room. Who cannot flush at all says EINVAL.
int flushToDisk(int descriptor)
{
#ifdef Q_OS_UNIX
    return ::fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno;
#else
    Q_UNUSED(descriptor) // commit() does it
    return 0;
#endif
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
    QFile::setPermissions(folder, kOwnerOnly | QFileDevice::ExeOwner);
    return {};
}

Result<void> writeDurably(const QString &path, QByteArrayView bytes, QFileDevice::Permissions permissions)
{
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || !file.setPermissions(permissions))
        return writeError(QStringLiteral("write"), path, file);
    // Small files stay in a buffer until commit(), and Qt 6.4 renames an empty file when the buffer then finds no room.
    if (file.write(bytes.data(), bytes.size()) != bytes.size() || !file.flush()) {
        const Error error = writeError(QStringLiteral("write"), path, file);
        file.cancelWriting();
        return error;
    }
    if (const int reason = flushToDisk(file.handle())) {
        file.cancelWriting();
        return storageError(QStringLiteral("write"), path, qt_error_string(reason));
    }
    if (!file.commit())
        return writeError(QStringLiteral("replace"), path, file);
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
