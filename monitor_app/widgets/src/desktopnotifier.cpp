// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/desktopnotifier.h"

#include "monitor/widgets/icons.h"

#include <QSystemTrayIcon>

namespace Monitor {

bool DesktopNotifier::isAvailable()
{
    return QSystemTrayIcon::isSystemTrayAvailable() && QSystemTrayIcon::supportsMessages();
}

void DesktopNotifier::notify(const QString &title, const QString &sentence)
{
    if (!isAvailable())
        return;
    if (!m_tray) {
        m_tray = new QSystemTrayIcon(applicationIcon(), this);
        connect(m_tray, &QSystemTrayIcon::messageClicked, this, &DesktopNotifier::clicked);
        m_tray->show();
    }
    m_tray->showMessage(title, sentence, QSystemTrayIcon::Warning);
}

} // namespace Monitor
