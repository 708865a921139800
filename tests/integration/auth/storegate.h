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
    Stops a session's store wherever it reads, until it is let on: the file of sign-outs that were left is a pipe, and who opens
   it waits for a writer. Each step has a pipe of its own, so that no reader is let on twice. A sign-out that has to leave that
   file replaces the pipe; from then on nothing is stopped.
*/
class StoreGate
{
public:
    explicit StoreGate(const QString &folder)
    {
        const QDir files(folder);
        QString tokens = files.filePath(files.entryList({QStringLiteral("*.tokens")}, QDir::Files).value(0));
        m_path = QFile::encodeName(tokens.replace(QStringLiteral(".tokens"), QStringLiteral(".signedout")));
        ::mkfifo(m_path.constData(), 0600);
    }
    ~StoreGate() { open(); }
    Q_DISABLE_COPY_MOVE(StoreGate)

    bool isClosed() const
    {
        struct stat file = {};
        return ::lstat(m_path.constData(), &file) == 0 && S_ISFIFO(file.st_mode);
    }
    //! Waits for the store to come to the gate, or for \a isOver. True if one was let on.
    template <typename Over>
    bool letOneOn(Over isOver)
    {
        int pipe = -1;
        const QByteArray next = m_path + ".next";
        const bool met = Support::waitUntil([&] {
            pipe = ::open(m_path.constData(), O_WRONLY | O_NONBLOCK | O_CLOEXEC); // of a pipe: refused while nobody reads
            if (pipe >= 0 && !isPipe(pipe))
                ::close(std::exchange(pipe, -1));
            return pipe >= 0 || isOver();
        });
        const bool closedAgain =
            met && pipe >= 0 && ::mkfifo(next.constData(), 0600) == 0 && ::rename(next.constData(), m_path.constData()) == 0;
        if (pipe >= 0)
            ::close(pipe);
        return closedAgain;
    }
    void open()
    {
        if (!isClosed())
            return;
        const int pipe = ::open(m_path.constData(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        ::unlink(m_path.constData());
        ::close(pipe);
    }

private:
    static bool isPipe(int descriptor)
    {
        struct stat file = {};
        return ::fstat(descriptor, &file) == 0 && S_ISFIFO(file.st_mode);
    }

    QByteArray m_path;
};
