// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QThreadPool>

#include <functional>

namespace Watchword {

/*!
    Runs blocking work in one thread, in order, and reports in the thread of this object. The destructor waits for the work
    that runs, and nothing is reported after it.
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
    ~StoreRunner() override
    {
        m_pool.clear();
        m_pool.waitForDone();
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
