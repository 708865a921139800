// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/testmain.h"

#include "monitor/widgets/mainwindow.h"
#include "monitor/widgets/workspace.h"

#include <QTemporaryDir>

#include <memory>

namespace Sample {

/*!
    Base of a test with the whole window: settings of its own, which begin empty, light colours, and before each function a new
    window that is shown, active and watching. An own init() calls this one first, an own cleanup() last.
*/
class MonitorTest : public WatchwordTest
{
    Q_OBJECT

public Q_SLOTS:
    virtual void initTestCase();
    void init() override;
    virtual void cleanup();

protected:
    explicit MonitorTest(QSize size = {1280, 800});

    std::unique_ptr<Monitor::Workspace> m_workspace;
    std::unique_ptr<Monitor::MainWindow> m_window;

private:
    const QSize m_size;
    QTemporaryDir m_settings;
};

} // namespace Sample
