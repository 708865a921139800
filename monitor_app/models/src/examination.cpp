// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/examination.h"

namespace Monitor {
using namespace Qt::StringLiterals;

/*! What is in the thread: the doctor, made there, where its sockets live. */
class Examination::Worker : public QObject
{
public:
    void start(const Watchword::DoctorOptions &options, Examination *owner)
    {
        using Watchword::Doctor;
        m_doctor = std::make_unique<Doctor>(options);
        // The owner lives in another thread: these arrive there one by one.
        QObject::connect(m_doctor.get(), &Doctor::checked, owner, &Examination::checked);
        QObject::connect(m_doctor.get(), &Doctor::finished, this, [this, owner] {
            const std::optional<Watchword::Error> error = m_doctor->error();
            QString reason;
            if (error) {
                reason = error->detail().isEmpty() ? error->remedy() : error->detail() + u". "_s + error->remedy();
                reason = reason.left(1).toUpper() + reason.mid(1);
            }
            QMetaObject::invokeMethod(owner, [owner, report = m_doctor->report(), reason] {
                owner->end();
                if (reason.isEmpty())
                    Q_EMIT owner->finished(report);
                else
                    Q_EMIT owner->failed(reason);
            });
        });
        m_doctor->start();
    }

    void stop()
    {
        if (m_doctor)
            m_doctor->stop();
    }

private:
    std::unique_ptr<Watchword::Doctor> m_doctor;
};

Examination::Examination(QObject *parent)
    : QObject(parent)
{
}

Examination::~Examination()
{
    end();
}

void Examination::start(const Watchword::DoctorOptions &options)
{
    if (isRunning())
        return;
    m_thread = std::make_unique<QThread>();
    m_worker = new Worker;
    m_worker->moveToThread(m_thread.get());
    connect(m_thread.get(), &QThread::finished, m_worker, &QObject::deleteLater);
    m_thread->start();
    QMetaObject::invokeMethod(m_worker, [worker = m_worker, options, this] { worker->start(options, this); });
    Q_EMIT started();
}

void Examination::stop()
{
    if (isRunning())
        QMetaObject::invokeMethod(m_worker, [worker = m_worker] { worker->stop(); });
}

void Examination::end()
{
    if (!m_thread)
        return;
    m_thread->quit();
    m_thread->wait(); // the worker goes with it; what it posted to this object before is dropped with this object
    m_thread.reset();
    m_worker = nullptr;
}

} // namespace Monitor
