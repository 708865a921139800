// SPDX-License-Identifier: Apache-2.0
#include "processfacts.h"

#include <QByteArray>
#include <QDir>
#include <QEventLoop>
#include <QFile>
#include <QTimer>

#include <algorithm>
#include <cstdio>

#include <sys/resource.h>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

QByteArray contents(const QString &name)
{
    QFile file(name);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/*! What the cores have done since the start of the machine, in ticks. */
struct Ticks
{
    double used = 0;
    double all = 0;
};

Ticks ticks()
{
    // "cpu  user nice system idle iowait irq softirq steal ..." (proc(5)); guest time is part of user and nice.
    const QList<QByteArray> fields = contents(u"/proc/stat"_s).split('\n').value(0).simplified().split(' ');
    Ticks sum;
    for (qsizetype i = 1; i <= 8 && i < fields.size(); ++i) {
        const double value = fields.at(i).toDouble();
        sum.all += value;
        sum.used += i == 4 || i == 5 ? 0 : value;
    }
    return sum;
}

qint64 kilobytesIn(const QString &file, QByteArrayView name)
{
    for (const QByteArray &line : contents(file).split('\n')) {
        if (line.startsWith(name))
            return line.mid(name.size()).simplified().split(' ').value(0).toLongLong();
    }
    return 0;
}

} // namespace

double processorSeconds(qint64 pid)
{
    const QString tasks = u"/proc/%1/task"_s.arg(pid);
    double nanoseconds = 0;
    for (const QString &task : QDir(tasks).entryList(QDir::Dirs | QDir::NoDotAndDotDot))
        nanoseconds += contents(tasks + u'/' + task + u"/schedstat"_s).split(' ').value(0).toDouble();
    return nanoseconds / 1e9;
}

qint64 residentBytes(qint64 pid)
{
    return kilobytesIn(u"/proc/%1/status"_s.arg(pid), "VmRSS:") * 1024;
}

qint64 proportionalBytes(qint64 pid)
{
    return kilobytesIn(u"/proc/%1/smaps_rollup"_s.arg(pid), "Pss:") * 1024;
}

qint64 mostResidentBytes(qint64 pid)
{
    return kilobytesIn(u"/proc/%1/status"_s.arg(pid), "VmHWM:") * 1024;
}

bool forgetMostResident(qint64 pid)
{
    QFile file(u"/proc/%1/clear_refs"_s.arg(pid));
    return file.open(QIODevice::WriteOnly | QIODevice::Unbuffered) && file.write("5") == 1;
}

double busyShare(int milliseconds)
{
    const Ticks before = ticks();
    QEventLoop window;
    QTimer::singleShot(milliseconds, &window, &QEventLoop::quit);
    window.exec();
    const Ticks after = ticks();
    return after.all > before.all ? (after.used - before.used) / (after.all - before.all) : 0;
}

int descriptorLimit()
{
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return int(std::min<rlim_t>(limit.rlim_max, 1'000'000));
}

bool raiseDescriptorLimit(int least)
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    limit.rlim_cur = std::min<rlim_t>(std::max<rlim_t>(limit.rlim_cur, rlim_t(least)), limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= rlim_t(least))
        return true;
    std::fprintf(stderr, "needs %d open files; raise the limit of this shell (ulimit -n)\n", least);
    return false;
}

} // namespace Bench
