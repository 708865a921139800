// SPDX-License-Identifier: Apache-2.0
#include "keychainthread.h"

#include <qt6keychain/keychain.h>

#include <mutex>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

const QString kService = QStringLiteral("Watchword");

KeychainAnswer::Status statusOf(QKeychain::Error error)
{
    switch (error) {
    case QKeychain::NoError:
        return KeychainAnswer::Status::Done;
    case QKeychain::EntryNotFound:
        return KeychainAnswer::Status::NotFound;
    case QKeychain::AccessDenied:
    case QKeychain::AccessDeniedByUser:
    case QKeychain::CouldNotDeleteEntry:
        return KeychainAnswer::Status::Denied;
    default:
        return KeychainAnswer::Status::Unavailable;
    }
}

KeychainAnswer answerOf(QKeychain::Job *job)
{
    KeychainAnswer answer;
    answer.status = statusOf(job->error());
    answer.text = job->errorString();
    if (auto *read = qobject_cast<QKeychain::ReadPasswordJob *>(job); read && answer.status == KeychainAnswer::Status::Done) {
        answer.data = Secret::take(read->binaryData());
        if (answer.data.isEmpty())
            answer.status = KeychainAnswer::Status::Empty;
    }
    return answer;
}

QKeychain::Job *makeJob(const KeychainJob &job)
{
    switch (job.kind) {
    case KeychainJob::Kind::Write: {
        auto *write = new QKeychain::WritePasswordJob(kService);
        write->setBinaryData(job.data.reveal().toByteArray());
        return write;
    }
    case KeychainJob::Kind::Remove:
        return new QKeychain::DeletePasswordJob(kService);
    case KeychainJob::Kind::Read:
        break;
    }
    return new QKeychain::ReadPasswordJob(kService);
}

// Guards the address of a requester against its destruction in another thread.
struct Requester
{
    std::mutex mutex;
    QObject *context = nullptr;
};

} // namespace

KeychainThread &KeychainThread::instance()
{
    static KeychainThread thread;
    return thread;
}

KeychainThread::KeychainThread()
    : m_thread(std::make_unique<QThread>())
    , m_worker(new QObject)
{
    m_thread->setObjectName(u"keychain"_s);
    m_worker->moveToThread(m_thread.get());
    m_thread->start();
}

KeychainThread::~KeychainThread()
{
    m_thread->quit();
    if (m_thread->wait(m_running->load() > 0 ? 200 : 5'000))
        delete m_worker;
    else
        m_thread.release(); // NOLINT(bugprone-unused-return-value): destroying a running thread would end the program
}

void KeychainThread::post(const KeychainJob &job, QObject *context, Callback callback)
{
    auto requester = std::make_shared<Requester>();
    requester->context = context;
    QObject::connect(context, &QObject::destroyed, context, [requester] {
        const std::scoped_lock guard(requester->mutex);
        requester->context = nullptr;
    });
    const auto report = [requester, callback = std::move(callback)](const KeychainAnswer &answer) {
        const std::scoped_lock guard(requester->mutex);
        if (requester->context)
            QMetaObject::invokeMethod(
                requester->context, [callback, answer] { callback(answer); }, Qt::QueuedConnection);
    };
    ++*m_running;
    QMetaObject::invokeMethod(
        m_worker,
        [job, report, running = m_running] {
            QKeychain::Job *work = makeJob(job);
            work->setKey(job.entry);
            work->setInsecureFallback(false);
            QObject::connect(work, &QKeychain::Job::finished, work, [report, running](QKeychain::Job *done) {
                --*running;
                report(answerOf(done));
            });
            work->start();
        },
        Qt::QueuedConnection);
}

} // namespace Watchword
