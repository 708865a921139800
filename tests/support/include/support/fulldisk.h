// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/process.h"

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>

#include <unistd.h>

//! Skips where only root may mount, and fails in CI as root.
#define REQUIRE_SMALL_DISK(disk)                                                                                                 \
    do {                                                                                                                         \
        if (!(disk).isMounted() && ::geteuid() != 0)                                                                             \
            QSKIP("only root may mount a small disk");                                                                           \
        REQUIRE_COMPONENT((disk).isMounted(), "the right to mount a tmpfs");                                                     \
    } while (false)

namespace Support {

/*! A disk of 64 KiB (tmpfs). Mounting needs a right that only root has, and not in every container. */
class SmallDisk
{
public:
    SmallDisk()
    {
        m_isMounted = run(QStringLiteral("mount"),
                          {QStringLiteral("-t"), QStringLiteral("tmpfs"), QStringLiteral("-o"), QStringLiteral("size=64k"),
                           QStringLiteral("watchword-test"), path()});
    }
    ~SmallDisk()
    {
        if (m_isMounted)
            run(QStringLiteral("umount"), {QStringLiteral("-l"), path()});
    }
    Q_DISABLE_COPY_MOVE(SmallDisk)

    bool isMounted() const { return m_isMounted; }
    QString path() const { return m_folder.path(); }

    //! Leaves not one byte; false if there was room that it could not take.
    bool fill()
    {
        QFile file(filler());
        if (!file.open(QIODevice::WriteOnly | QIODevice::Append | QIODevice::Unbuffered))
            return false;
        const QByteArray page(4096, 'f');
        while (file.write(page) == page.size()) { }
        return file.error() == QFileDevice::ResourceError;
    }
    void empty() { QFile::remove(filler()); }

private:
    QString filler() const { return path() + QStringLiteral("/filler"); }
    static bool run(const QString &program, const QStringList &arguments)
    {
        QProcess process;
        process.setProcessChannelMode(QProcess::SeparateChannels);
        process.start(program, arguments);
        return process.waitForFinished(10'000) && process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0;
    }

    QTemporaryDir m_folder;
    bool m_isMounted = false;
};

} // namespace Support
