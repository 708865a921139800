// SPDX-License-Identifier: Apache-2.0
#include "signin/browser.h"

#include <QPointer>
#include <QProcess>
#include <QStandardPaths>

#include <memory>
#include <utility>

#ifdef Q_OS_WIN
#include <qt_windows.h>
#include <shellapi.h>
#elif !defined(Q_OS_MACOS)
#include <unistd.h>
#endif

namespace Watchword {

bool hasSystemBrowser()
{
#if defined(Q_OS_WIN) || defined(Q_OS_MACOS)
    return true;
#else
    return !QStandardPaths::findExecutable(QStringLiteral("xdg-open")).isEmpty();
#endif
}

#if !defined(Q_OS_WIN) && !defined(Q_OS_MACOS)
namespace {

// Without a parent: who destroys a QProcess ends its program.
void startOpener(const QString &opener, const QString &url, QObject *context, const std::function<void()> &failed)
{
    auto *process = new QProcess;
    process->setStandardInputFile(QProcess::nullDevice());
    process->setStandardOutputFile(QProcess::nullDevice());
    process->setStandardErrorFile(QProcess::nullDevice());
    process->setChildProcessModifier([] { ::setsid(); }); // it outlives the terminal
    const auto isOver = std::make_shared<bool>(false);
    const auto end = [process, isOver, failed, context = QPointer<QObject>(context)](bool isOpen) {
        if (std::exchange(*isOver, true))
            return;
        process->deleteLater();
        if (!isOpen && context)
            failed();
    };
    QObject::connect(process, &QProcess::finished, process,
                     [end](int code, QProcess::ExitStatus status) { end(status == QProcess::NormalExit && code == 0); });
    QObject::connect(
        process, &QProcess::errorOccurred, process,
        [end](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart)
                end(false);
        },
        Qt::QueuedConnection);
    process->start(opener, {url});
}

} // namespace
#endif

bool openSystemBrowser(const QUrl &url, [[maybe_unused]] QObject *context, [[maybe_unused]] const std::function<void()> &failed)
{
    const QString text = url.toString(QUrl::FullyEncoded);
#if defined(Q_OS_WIN)
    const auto result =
        ShellExecuteW(nullptr, L"open", reinterpret_cast<const wchar_t *>(text.utf16()), nullptr, nullptr, SW_SHOWNORMAL);
    return reinterpret_cast<INT_PTR>(result) > 32;
#elif defined(Q_OS_MACOS)
    return QProcess::startDetached(QStringLiteral("/usr/bin/open"), {text});
#else
    const QString opener = QStandardPaths::findExecutable(QStringLiteral("xdg-open"));
    if (opener.isEmpty())
        return false;
    startOpener(opener, text, context, failed);
    return true;
#endif
}

} // namespace Watchword
