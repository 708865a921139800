// SPDX-License-Identifier: Apache-2.0
#include "signin/browser.h"

#include <QProcess>
#include <QStandardPaths>

#ifdef Q_OS_WIN
#include <qt_windows.h>
#include <shellapi.h>
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

bool openSystemBrowser(const QUrl &url)
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
    return !opener.isEmpty() && QProcess::startDetached(opener, {text});
#endif
}

} // namespace Watchword
