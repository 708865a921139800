// SPDX-License-Identifier: Apache-2.0
#include "bytesource.h"

#include <algorithm>
#include <cstdio>

#ifdef Q_OS_UNIX
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace Monitor {

ByteSource::ByteSource(QString path, const std::atomic<bool> &cancelled)
    : m_path(std::move(path))
    , m_cancelled(cancelled)
    , m_file(m_path)
{
}

bool ByteSource::open()
{
    if (isStandardInput())
        return m_file.open(stdin, QIODevice::ReadOnly | QIODevice::Unbuffered);
    return m_file.open(QIODevice::ReadOnly | QIODevice::Unbuffered);
}

bool ByteSource::reopen()
{
    m_position = 0;
    m_head.clear();
    if (isStandardInput())
        return m_file.seek(0);
    m_file.close();
    return open();
}

//! False when it was cancelled.
bool ByteSource::awaitPipe() const
{
#ifdef Q_OS_UNIX
    constexpr int waitMs = 50;
    pollfd wanted{m_file.handle(), POLLIN, 0};
    while (!m_cancelled) {
        if (::poll(&wanted, 1, waitMs) != 0)
            return true;
    }
    return false;
#else
    return !m_cancelled;
#endif
}

qint64 ByteSource::readPipe(char *out, qint64 capacity)
{
    if (m_over || !awaitPipe())
        return 0;
#ifdef Q_OS_UNIX
    const qint64 got = ::read(m_file.handle(), out, size_t(capacity)); // QFile would wait until all of it is there
#else
    const qint64 got = m_file.read(out, capacity);
#endif
    m_over = got <= 0;
    return std::max<qint64>(got, 0);
}

qint64 ByteSource::read(char *out, qint64 capacity)
{
    if (m_file.isSequential())
        return readPipe(out, capacity);
    const qint64 got = m_file.read(out, capacity);
    if (got > 0) {
        if (m_head.size() < HeadBytes)
            m_head.append(out, std::min(got, HeadBytes - m_head.size()));
        m_position += got;
    }
    return got;
}

bool ByteSource::isReplaced() const
{
#ifdef Q_OS_UNIX
    struct stat named
    {
    };
    struct stat opened
    {
    };
    if (isStandardInput() || ::stat(QFile::encodeName(m_path).constData(), &named) != 0 || ::fstat(m_file.handle(), &opened) != 0)
        return false; // it has no name for a moment in the middle of a rotation
    return named.st_ino != opened.st_ino || named.st_dev != opened.st_dev;
#else
    return false;
#endif
}

bool ByteSource::beginsOtherwise()
{
    QByteArray head(m_head.size(), '\0');
    const bool read = m_file.seek(0) && m_file.read(head.data(), head.size()) == head.size();
    return !m_file.seek(m_position) || (read && head != m_head);
}

ByteSource::Change ByteSource::look()
{
    if (m_file.isSequential())
        return m_over || m_cancelled ? Change::Over : Change::Grown;
    const qint64 size = m_file.size();
    if (size < m_position)
        return Change::Cut;
    if (size > m_position)
        return beginsOtherwise() ? Change::Cut : Change::Grown;
    return isReplaced() ? Change::Replaced : Change::None;
}

} // namespace Monitor
