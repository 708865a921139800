// SPDX-License-Identifier: Apache-2.0
#include "unixsignals.h"

#ifndef Q_OS_WIN
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#endif

namespace Watchword::Tools {

#ifndef Q_OS_WIN
namespace {

int signalPipe[2] = {-1, -1};

// Only calls that are safe in a signal handler.
void writeSignal(int number)
{
    const char byte = char(number);
    const ssize_t written = write(signalPipe[1], &byte, 1);
    static_cast<void>(written);
}

} // namespace
#endif

UnixSignals::UnixSignals(QObject *parent)
    : QObject(parent)
{
#ifndef Q_OS_WIN
    if (pipe(signalPipe) != 0)
        return;
    for (const int end : signalPipe) { // pipe2() would do it in one call, where there is one
        fcntl(end, F_SETFD, FD_CLOEXEC);
        fcntl(end, F_SETFL, O_NONBLOCK);
    }
    m_notifier = std::make_unique<QSocketNotifier>(signalPipe[0], QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, [this] {
        char byte = 0;
        while (read(signalPipe[0], &byte, 1) == 1) {
            if (byte == SIGHUP)
                Q_EMIT hungUp();
            else
                Q_EMIT terminated(byte);
        }
    });
    struct sigaction action = {};
    action.sa_handler = writeSignal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
        sigaction(number, &action, nullptr);
#endif
}

UnixSignals::~UnixSignals()
{
#ifndef Q_OS_WIN
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
        signal(number, SIG_DFL);
    m_notifier.reset();
    for (int &end : signalPipe) {
        if (end >= 0)
            close(end);
        end = -1;
    }
#endif
}

} // namespace Watchword::Tools
