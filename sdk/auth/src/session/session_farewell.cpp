// SPDX-License-Identifier: Apache-2.0
// What must not be left half done when a session is destroyed.
#include "session/session_p.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QThread>

namespace Watchword {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kStorePatience = 2s;
constexpr std::chrono::milliseconds kLockPause = 25ms;
constexpr std::chrono::milliseconds kAnswerPause = 2ms;

} // namespace

/*
    A refresh token that was sent may be spent, and its successor is on its way: who leaves now is signed out. And a person who
   signs out and closes the program means both. So the transaction goes on here. The event loop of the application does not: only
   events for our own replies and for the runner of the store are delivered, and the session emits nothing.
*/
void Session::Private::finishWhatCannotWait()
{
    if (!QCoreApplication::instance())
        return;
    const QDeadlineTimer answerBy(options.destructionGrace);
    QDeadlineTimer storedBy(kStorePatience);
    bool goesOn = true;
    while (goesOn && !storedBy.hasExpired()) {
        switch (transaction.currentStep()) {
        case RefreshTransaction::Step::Sending:
            if (!answerBy.hasExpired()) {
                QThread::msleep(kAnswerPause.count()); // nothing wakes it: the network's thread posts events, and no loop runs
                provider.http().deliver();
                storedBy.setRemainingTime(kStorePatience); // from the answer on
            } else if (replacement) { // which is there, whatever becomes of the answer
                feed(RefreshTransaction::Answered{{TokenAnswerClass::Ambiguous, {}, Error(ErrorCode::Timeout), false}});
            } else {
                goesOn = false;
            }
            break;
        case RefreshTransaction::Step::Journaling:
            goesOn = replacement.has_value(); // else a refresh that has not begun
            if (goesOn)
                runner.deliver();
            break;
        case RefreshTransaction::Step::Saving:
        case RefreshTransaction::Step::Resolving:
        case RefreshTransaction::Step::Rereading:
        case RefreshTransaction::Step::Concluding:
        case RefreshTransaction::Step::Removing:
            runner.deliver();
            break;
        case RefreshTransaction::Step::Reading:
        case RefreshTransaction::Step::Locking:
            goesOn = replacing; // a refresh has not begun
            if (!goesOn)
                break;
            runner.deliver();
            if (transactionWait.isActive()) { // another process has the lock
                transactionWait.cancel();
                QThread::msleep(kLockPause.count()); // nothing wakes it: the lock is in the kernel
                feed(RefreshTransaction::Elapsed{});
            }
            break;
        default:
            goesOn = false;
        }
    }
    // The sign-out of which the tokens could not be told: a file says it to the next start.
    if (signingOut && options.storage != StoragePolicy::MemoryOnly)
        runner.run([where = location()] { return EnvelopeTokenStore::leaveTombstone(where); }, [](const Result<void> &) {});
}

} // namespace Watchword
