// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"

#include <QDir>
#include <QFile>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

/*!
    Stops a session's store wherever it reads, until it is let on: the file of sign-outs that were left is a pipe, and who opens it
    waits for a writer. Each step has a pipe of its own, so that no reader is let on twice.
*/
class StoreGate
{
public:
    explicit StoreGate(const QString &folder)
    {
        const QDir files(folder);
        QString tokens = files.filePath(files.entryList({QStringLiteral("*.tokens")}, QDir::Files).value(0));
        m_path = QFile::encodeName(tokens.replace(QStringLiteral(".tokens"), QStringLiteral(".signedout")));
        m_isMade = ::mkfifo(m_path.constData(), 0600) == 0;
    }
    ~StoreGate() { open(); }
    Q_DISABLE_COPY_MOVE(StoreGate)

    //! Waits for the store to come to the gate.
    bool letOneOn()
    {
        int pipe = -1;
        const QByteArray next = m_path + ".next";
        const bool met = m_isMade && Support::waitUntil([&] {
            pipe = ::open(m_path.constData(), O_WRONLY | O_NONBLOCK | O_CLOEXEC); // refused while nobody reads
            return pipe >= 0;
        });
        const bool closedAgain = met && ::mkfifo(next.constData(), 0600) == 0 && ::rename(next.constData(), m_path.constData()) == 0;
        if (pipe >= 0)
            ::close(pipe);
        return closedAgain;
    }
    void open()
    {
        if (!std::exchange(m_isMade, false))
            return;
        const int pipe = ::open(m_path.constData(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        ::unlink(m_path.constData());
        ::close(pipe);
    }

private:
    QByteArray m_path;
    bool m_isMade = false;
};
