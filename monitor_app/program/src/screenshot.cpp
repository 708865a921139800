// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/screenshot.h"

#include "monitor/widgets/mainwindow.h"
#include "monitor/widgets/page.h"
#include "monitor/widgets/posturepage.h"

#include <QDir>
#include <QFileInfo>
#include <QPixmap>

#include <cstdio>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int lookMs = 250;
constexpr int maxLooks = 240;
constexpr int looksBetweenPages = 2;

} // namespace

Screenshot::Screenshot(MainWindow &window, QString path, std::chrono::milliseconds settle, QObject *parent)
    : QObject(parent)
    , m_window(window)
    , m_path(std::move(path))
    , m_wantedLooks(std::max(looksBetweenPages, int(settle.count()) / lookMs))
    , m_folder(QFileInfo(m_path).isDir() || !m_path.endsWith(".png"_L1, Qt::CaseInsensitive))
{
    m_pages = m_folder ? QList<PageId>(allPages.begin(), allPages.end()) : QList{window.currentPageId()};
    m_timer.setInterval(lookMs);
    connect(&m_timer, &QTimer::timeout, this, &Screenshot::look);
}

void Screenshot::start()
{
    m_timer.start();
}

bool Screenshot::save(PageId page) const
{
    const QString file = m_folder ? QDir(m_path).filePath(pageName(page) + u".png"_s) : m_path;
    QDir().mkpath(QFileInfo(file).absolutePath());
    if (!m_window.grab().save(file, "PNG")) {
        std::fprintf(stderr, "watchword-monitor: cannot write %s\n", qPrintable(file));
        return false;
    }
    std::printf("%s\n", qPrintable(file));
    return true;
}

void Screenshot::look()
{
    if (++m_looks > maxLooks) {
        m_timer.stop();
        std::fprintf(stderr, "watchword-monitor: no data came within %d s\n", maxLooks * lookMs / 1000);
        Q_EMIT finished(false);
        return;
    }
    if (!m_window.isWatching())
        return;
    m_window.showPage(m_pages.first());
    if (auto *posture = qobject_cast<PosturePage *>(m_window.currentPage()); posture && !posture->hasData())
        posture->run(); // no effect while it runs
    if (!m_window.currentPage()->hasData() || ++m_ready < m_wantedLooks)
        return;
    m_ready = m_wantedLooks - looksBetweenPages;
    if (!save(m_pages.first())) {
        m_timer.stop();
        Q_EMIT finished(false);
        return;
    }
    m_pages.removeFirst();
    if (m_pages.isEmpty()) {
        m_timer.stop();
        Q_EMIT finished(true);
    }
}

} // namespace Monitor
