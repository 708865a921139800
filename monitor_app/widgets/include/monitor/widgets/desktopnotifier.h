// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>

class QSystemTrayIcon;

namespace Monitor {

/*! Notifications of the desktop, where there are any. The icon in the tray appears with the first one. */
class DesktopNotifier : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;

    static bool isAvailable(); //!< The desktop has a tray that shows messages.
    void notify(const QString &title, const QString &sentence); //!< Does nothing where there is none.

Q_SIGNALS:
    void clicked(); //!< A message was.

private:
    QSystemTrayIcon *m_tray = nullptr;
};

} // namespace Monitor
