// SPDX-License-Identifier: Apache-2.0
#include "limit/memorylimits.h"

#include <QFile>

#include <algorithm>

#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

void MemoryLimit::take(qint64 resident)
{
    m_isReached = m_limit > 0 && resident >= (m_isReached ? m_limit - m_limit / 20 : m_limit);
}

bool HeapTrim::isDue(int connections, qint64 idle, bool isFull, Instant now)
{
    m_most = std::max(m_most, connections);
    const bool isWorthIt = isFull || idle - m_idle >= kLeastIdle || m_most - connections >= std::max(kLeast, m_most / 4);
    const Duration pause = isFull ? Duration(kPauseWhileFull) : Duration(kPause);
    if (!isWorthIt || (m_last && now - *m_last < pause))
        return false;
    m_most = connections;
    m_last = now;
    return true;
}

qint64 residentBytes()
{
    QFile file(u"/proc/self/statm"_s);
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    return file.readAll().split(' ').value(1).toLongLong() * ::sysconf(_SC_PAGESIZE);
}

qint64 memoryOfControlGroup()
{
    QString group; // as a container sees its own
    QFile own(u"/proc/self/cgroup"_s);
    if (own.open(QIODevice::ReadOnly)) {
        const QList<QByteArray> lines = own.readAll().split('\n');
        for (const QByteArray &line : lines) {
            if (line.startsWith("0::/") && !line.contains(".."))
                group = QString::fromUtf8(line.mid(3));
        }
    }
    // The limits of all groups above hold, too.
    qint64 least = 0;
    while (true) {
        QFile file(u"/sys/fs/cgroup"_s + group + u"/memory.max"_s);
        bool isNumber = false; // "max" is none
        const qint64 bytes = file.open(QIODevice::ReadOnly) ? file.readAll().trimmed().toLongLong(&isNumber) : 0;
        if (isNumber && (least == 0 || bytes < least))
            least = bytes;
        if (group.isEmpty())
            return least;
        group.truncate(std::max<qsizetype>(0, group.lastIndexOf(u'/')));
    }
}

qint64 idleBytes()
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    const struct mallinfo2 heap = ::mallinfo2();
    return std::max<qint64>(0, residentBytes() - qint64(heap.uordblks) - qint64(heap.hblkhd));
#else
    return 0;
#endif
}

void trimHeap()
{
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

} // namespace Watchword::Gateway
