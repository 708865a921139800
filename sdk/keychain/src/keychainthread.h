// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/secret.h"

#include <QObject>
#include <QPointer>
#include <QString>
#include <QThread>

#include <atomic>
#include <functional>
#include <memory>

namespace Watchword {

struct KeychainJob
{
    enum class Kind { Read, Write, Remove };
    Kind kind = Kind::Read;
    QString entry;
    Secret data; // to be written
};

/*! What the keychain said, without believing it yet. */
struct KeychainAnswer
{
    enum class Status { Done, Empty, NotFound, Denied, Unavailable };
    Status status = Status::Unavailable;
    Secret data;
    QString text;
};

/*!
    The one thread that touches QtKeychain, for the whole program: its libraries crash when jobs of several threads meet,
    and the first call may block for half a minute. A job that was started is never deleted or interrupted.

    The thread is left running at the end of the program if a job in it hangs; waiting would hang the program.
*/
class KeychainThread
{
public:
    static KeychainThread &instance();

    using Callback = std::function<void(const KeychainAnswer &)>;
    //! \a callback runs in the thread of \a context, and not at all once that is gone.
    void post(const KeychainJob &job, QObject *context, Callback callback);

private:
    KeychainThread();
    ~KeychainThread();

    std::unique_ptr<QThread> m_thread;
    QObject *m_worker; // lives in the thread
    std::shared_ptr<std::atomic_int> m_running = std::make_shared<std::atomic_int>(0);
};

} // namespace Watchword
