// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/program/options.h"

#include <QObject>

#include <memory>

namespace Watchword {
struct SessionOptions;
struct WatchOptions;
} // namespace Watchword

namespace Monitor {

struct DemoInfo;

/*!
    The program: one workspace, one window, and the source of its data, which may be changed while it runs.

    start() shows the window and opens what the options ask for. With a screenshot the event loop ends by itself.
*/
class Application : public QObject
{
    Q_OBJECT

public:
    explicit Application(Options options);
    ~Application() override;

    void start();

    void openDemo();
    void openFile(const QString &path); //!< Also "-", and the address of a WebSocket with CloudEvents.
    //! Signs in by the route of the options and stores the sign-in, unless a choice of the person says otherwise.
    void connectTo(const ServerSettings &settings);

private:
    void applyLook();
    void connectWindow();
    void watchDemo(const DemoInfo &info);
    void watch(Watchword::SessionOptions session, Watchword::WatchOptions watch);
    void choose(SignInPanel::Choice choice);
    void leave(const QString &problem = {});
    bool readMapping(); //!< False when the table of the options cannot be used, which was said.
    void showFile();
    void forgetSources();
    void openStream(const QUrl &url);
    void startScreenshot();
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Monitor
