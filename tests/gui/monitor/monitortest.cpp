// SPDX-License-Identifier: Apache-2.0
#include "monitortest.h"

#include "monitor/widgets/style.h"
#include "monitor/widgets/theme.h"

#include <QApplication>
#include <QSettings>

namespace Sample {
using namespace Monitor;
using namespace Qt::StringLiterals;

MonitorTest::MonitorTest(QSize size)
    : m_size(size)
{
}

void MonitorTest::initTestCase()
{
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, m_settings.path());
    QCoreApplication::setOrganizationName(u"WatchwordTest"_s);
    QApplication::setStyle(new MonitorStyle);
}

void MonitorTest::init()
{
    WatchwordTest::init();
    QSettings().clear();
    Theme::instance().setChoice(Theme::Choice::Light);
    m_workspace = std::make_unique<Workspace>();
    m_window = std::make_unique<MainWindow>(*m_workspace);
    m_window->resize(m_size);
    m_window->setWatching(true);
    m_window->show();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
}

void MonitorTest::cleanup()
{
    m_window.reset();
    m_workspace.reset();
}

} // namespace Sample
