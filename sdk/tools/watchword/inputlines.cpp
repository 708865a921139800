// SPDX-License-Identifier: Apache-2.0
#include "inputlines.h"

#include <QCoreApplication>
#include <QPointer>

#include <string>
#include <thread>

#ifdef Q_OS_WIN
#include <io.h>
#else
#include <cerrno>
#include <unistd.h>
#endif

namespace Watchword::Tool {

namespace {

// Not by std::cin or stdio: exit() waits for the lock of a stream that a thread reads (glibc 2.41).
qsizetype readSome(char *to, int size)
{
#ifdef Q_OS_WIN
    return _read(0, to, unsigned(size));
#else
    ssize_t got = 0;
    do
        got = ::read(STDIN_FILENO, to, size_t(size));
    while (got < 0 && errno == EINTR);
    return got;
#endif
}

// Calls \a take with each line, the last one too if it has no end, and returns when there is no more.
template <typename Take>
void readLines(Take take)
{
    std::string rest;
    char part[4096];
    for (qsizetype got = readSome(part, sizeof part); got > 0; got = readSome(part, sizeof part)) {
        std::size_t searched = rest.size();
        rest.append(part, std::size_t(got));
        std::size_t start = 0;
        for (std::size_t end = rest.find('\n', searched); end != std::string::npos; end = rest.find('\n', start)) {
            take(QString::fromUtf8(rest.data() + start, qsizetype(end - start)));
            start = end + 1;
        }
        rest.erase(0, start);
    }
    if (!rest.empty())
        take(QString::fromStdString(rest));
}

} // namespace

void InputLines::start()
{
    std::thread([target = QPointer<InputLines>(this), app = QCoreApplication::instance()] {
        readLines([&](const QString &text) {
            QMetaObject::invokeMethod(
                app,
                [target, text] {
                    if (target)
                        Q_EMIT target->read(text);
                },
                Qt::QueuedConnection);
        });
        QMetaObject::invokeMethod(
            app,
            [target] {
                if (target)
                    Q_EMIT target->ended();
            },
            Qt::QueuedConnection);
    }).detach();
}

} // namespace Watchword::Tool
