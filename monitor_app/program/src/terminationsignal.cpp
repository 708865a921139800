// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/terminationsignal.h"

#include <array>

#ifndef Q_OS_WIN
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#endif

namespace Monitor {

#ifndef Q_OS_WIN
namespace {

constexpr std::array terminationSignals{SIGTERM, SIGINT, SIGHUP};
int terminationPipe[2] = {-1, -1};

// Only calls that are safe in a signal handler.
void noteTermination(int)
{
    const ssize_t written = ::write(terminationPipe[1], "x", 1);
    static_cast<void>(written);
}

} // namespace
#endif

TerminationSignal::TerminationSignal(QObject *parent)
    : QObject(parent)
{
#ifndef Q_OS_WIN
    if (::pipe(terminationPipe) != 0)
        return;
    for (const int end : terminationPipe)
        ::fcntl(end, F_SETFD, FD_CLOEXEC);
    m_notifier = std::make_unique<QSocketNotifier>(terminationPipe[0], QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, [this] {
        m_notifier->setEnabled(false);
        Q_EMIT received();
    });
    struct sigaction action = {};
    action.sa_handler = noteTermination;
    action.sa_flags = int(SA_RESTART | SA_RESETHAND); // a second one ends the program at once
    sigemptyset(&action.sa_mask);
    for (const int number : terminationSignals)
        sigaction(number, &action, nullptr);
#endif
}

TerminationSignal::~TerminationSignal()
{
#ifndef Q_OS_WIN
    for (const int number : terminationSignals)
        std::signal(number, SIG_DFL);
    m_notifier.reset();
    for (int &end : terminationPipe) {
        if (end >= 0)
            ::close(end);
        end = -1;
    }
#endif
}

} // namespace Monitor
