// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/navigation.h"

#include <QList>
#include <QObject>
#include <QTimer>

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
    Screenshot(MainWindow &window, QString path, QObject *parent = nullptr);
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
    int m_looks = 0;
    int m_ready = 0;
    bool m_folder = false;
};

} // namespace Monitor
