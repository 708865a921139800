// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/doctor.h"

#include <QObject>
#include <QThread>

#include <memory>

namespace Monitor {

/*!
    One run of the doctor in a thread of its own, so that a server that answers slowly, or with a flood, never holds the window
   up.

        Idle --start()--> Running --finished() or failed()--> Idle

    Threads: lives in the GUI thread; signals there. Destruction ends a run and emits nothing.
*/
class Examination : public QObject
{
    Q_OBJECT

public:
    explicit Examination(QObject *parent = nullptr);
    ~Examination() override;

    bool isRunning() const { return m_thread != nullptr; }
    void start(const Watchword::DoctorOptions &options); //!< No effect while one runs.
    void stop(); //!< Ends with what is known so far: finished() follows. No effect while none runs.

Q_SIGNALS:
    void started();
    void checked(const Watchword::Finding &finding, int done, int total);
    void finished(const Watchword::Report &report);
    void failed(const QString &reason); //!< Nothing could be examined.

private:
    class Worker;
    void end();

    std::unique_ptr<QThread> m_thread;
    Worker *m_worker = nullptr; // lives in the thread
};

} // namespace Monitor
