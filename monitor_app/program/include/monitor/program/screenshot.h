// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/navigation.h"

#include <QList>
#include <QObject>
#include <QTimer>

#include <chrono>

namespace Monitor {

class MainWindow;

/*!
    Writes pages as PNG once they have data: one into a file, or all into a folder.

    finished() is emitted once; false after 60 s without data or when a file cannot be written.
*/
class Screenshot : public QObject
{
    Q_OBJECT

public:
    //! \a settle: how long data is watched before the picture, so that states and histories are in it.
    Screenshot(MainWindow &window, QString path, std::chrono::milliseconds settle, QObject *parent = nullptr);
    void start();

Q_SIGNALS:
    void finished(bool ok);

private:
    void look();
    bool save(PageId page) const;

    MainWindow &m_window;
    QString m_path;
    QList<PageId> m_pages;
    QTimer m_timer;
    int m_wantedLooks;
    int m_looks = 0;
    int m_ready = 0;
    bool m_folder = false;
};

} // namespace Monitor
