// SPDX-License-Identifier: Apache-2.0
#include "store/filelock.h"

#include <QFile>

#ifdef Q_OS_WIN
#include <qt_windows.h>
#else
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#endif

namespace Watchword {

namespace {

#ifdef Q_OS_WIN
class FileLock final : public StoreLock
{
public:
    explicit FileLock(HANDLE handle)
        : m_handle(handle)
    {
    }
    ~FileLock() override { CloseHandle(m_handle); }

private:
    HANDLE m_handle;
};
#else
class FileLock final : public StoreLock
{
public:
    explicit FileLock(int descriptor)
        : m_descriptor(descriptor)
    {
    }
    ~FileLock() override { ::close(m_descriptor); }

private:
    int m_descriptor;
};
#endif

Error busy()
{
    return Error(ErrorCode::LockBusy, QStringLiteral("another process works on this account"));
}

} // namespace

Result<std::shared_ptr<StoreLock>> tryFileLock(const QString &path)
{
#ifdef Q_OS_WIN
    const HANDLE handle = CreateFileW(reinterpret_cast<const wchar_t *>(path.utf16()), GENERIC_READ | GENERIC_WRITE,
                                      FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
    if (handle == INVALID_HANDLE_VALUE)
        return Error(ErrorCode::StorageFailed, QStringLiteral("cannot open %1").arg(path));
    OVERLAPPED overlapped{};
    if (!LockFileEx(handle, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &overlapped)) {
        CloseHandle(handle);
        return busy();
    }
    return std::shared_ptr<StoreLock>(std::make_shared<FileLock>(handle));
#else
    const int descriptor = ::open(QFile::encodeName(path).constData(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return Error(ErrorCode::StorageFailed,
                     QStringLiteral("cannot open %1: %2").arg(path, QString::fromLocal8Bit(std::strerror(errno))));
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        const int reason = errno;
        ::close(descriptor);
        if (reason == EWOULDBLOCK)
            return busy();
        return Error(ErrorCode::StorageFailed,
                     QStringLiteral("cannot lock %1: %2").arg(path, QString::fromLocal8Bit(std::strerror(reason))));
    }
    return std::shared_ptr<StoreLock>(std::make_shared<FileLock>(descriptor));
#endif
}

} // namespace Watchword
