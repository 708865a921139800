// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QObject>

#include <memory>

namespace Watchword {

/*!
    The system's word that the machine is about to sleep, and that it woke: "PrepareForSleep" of systemd-logind, on the system
    bus. Elsewhere, and where there is no bus, it never says anything, and WakeWatch notices the sleep afterwards.

    Between inhibit() and release() logind waits with the sleep, a few seconds at most (InhibitDelayMaxSec): for a request whose
    answer must not be lost.
*/
class WATCHWORD_TEST_EXPORT SleepSignal : public QObject
{
    Q_OBJECT

public:
    explicit SleepSignal(QObject *parent = nullptr);
    ~SleepSignal() override;

    void inhibit(); //!< Does not wait for the lock. A second call does nothing.
    void release();

Q_SIGNALS:
    void aboutToSleep();
    void resumed();

private Q_SLOTS:
    void onPrepareForSleep(bool begins);

private:
    class Lock;
    std::unique_ptr<Lock> m_lock;
};

} // namespace Watchword
