// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QCoreApplication>
#include <QEvent>
#include <QObject>
#include <QThreadPool>

#include <functional>

namespace Watchword {

/*!
    Runs blocking work in one thread, in order, and reports in the thread of this object. The destructor waits until all of it is
    done, because some of it must not get lost, and nothing is reported after it.
*/
class StoreRunner : public QObject
{
    Q_OBJECT

public:
    explicit StoreRunner(QObject *parent = nullptr)
        : QObject(parent)
    {
        m_pool.setMaxThreadCount(1);
    }
    ~StoreRunner() override { m_pool.waitForDone(); }

    //! Waits for all work, and reports it now.
    void deliver()
    {
        m_pool.waitForDone();
        QCoreApplication::sendPostedEvents(this, QEvent::MetaCall);
    }

    template <typename Work, typename Done>
    void run(Work work, Done done)
    {
        m_pool.start([this, work = std::move(work), done = std::move(done)] {
            auto result = work();
            QMetaObject::invokeMethod(
                this, [done, result = std::move(result)] { done(result); }, Qt::QueuedConnection);
        });
    }

private:
    QThreadPool m_pool;
};

} // namespace Watchword
