// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/provider.h"
#include "refresh/proofkeys.h"
#include "refresh/transactionqueue.h"
#include "session/accountstore.h"
#include "session/sessionmachine.h"
#include "session/sleepwatch.h"
#include "watchword/core/testexport.h"

#include <deque>
#include <functional>
#include <optional>

namespace Watchword {

/*!
    Carries the TransactionQueue of one account out: lock, disk, provider and pauses. It keeps no tokens.

    A refresh token is not sent while the machine goes to sleep, nor before the network has proved itself after it.
    Threads: that of the session.
*/
class WATCHWORD_TEST_EXPORT TransactionRunner : public QObject
{
    Q_OBJECT

public:
    //! What it works with; all of it outlives the refresher.
    struct Parts
    {
        const SessionOptions &options;
        CorrectedClock &clock;
        Provider &provider;
        AccountStore &store;
        ProofKeys &keys;
        const SessionMachine &machine;
        std::function<void(const Secret &)> onIdToken; //!< Came with a refresh.
        std::function<void(const Secret &)> onRevoke; //!< A refresh token that is to be revoked.
    };

    TransactionRunner(const Parts &parts, SleepWatch &sleep, SessionEvents::Report report);
    ~TransactionRunner() override;

    void refresh(const TokenSet &tokens); //!< Nothing if a transaction runs.
    void replace(const SessionActions::Store &store);
    void cancel() { feed(RefreshTransaction::Cancel{}); } //!< What has not been sent.
    void forget() { m_journal.reset(); }
    bool isRunning() const { return m_queue.isRunning(); }
    bool isUnsentRefresh() const;
    /*!
        What must not be left half done when a session is destroyed. A refresh token that was sent may be spent, and its successor
        is on its way: who leaves now is signed out. And a person who signs out and closes the program means both. So the
        transaction goes on here. The event loop of the application does not: only events for our own replies and for the runner
        of the store are delivered.
    */
    void finishNow();

    struct LockWaits
    {
        int count = 0; //!< How often another process held the lock.
        Duration longest{};
    };
    LockWaits lockWaits() const { return m_lockWaits; }

Q_SIGNALS:
    void saveFailedAgain(); //!< The disk was tried once more, and failed.
    void ended(const Watchword::SessionEvents::TransactionEnded &ended);
    void noted(const QString &what, const QString &detail = {});

private:
    using T = RefreshTransaction;

    void feed(const T::Event &event);
    void run(TransactionQueue::Outputs outputs);
    void perform(const T::TryLock &action, int serial);
    void perform(const T::Load &action, int serial);
    void perform(const T::Probe &action, int serial);
    void perform(const T::WriteJournal &action, int serial);
    void perform(const T::Send &action, int serial);
    void perform(const T::Save &action, int serial);
    void perform(const T::Wait &action, int serial);
    void perform(const T::Examine &action, int serial);
    void perform(const T::Unlock &action, int serial);
    void perform(const SessionActions::Revoke &action, int serial);
    void perform(const SessionEvents::Published &action, int serial);
    void perform(const SessionEvents::TransactionEnded &action, int serial);

    void noteLockWait(bool busy);
    bool canContinueInMemory(const Error &error) const;
    bool finishOneStep(bool mayWaitForAnswer);

    Parts m_parts;
    SleepWatch &m_sleep;
    SessionEvents::Report m_report;
    RandomSource &m_random;
    TransactionQueue m_queue;
    std::deque<TransactionQueue::Output> m_outputs; // still to be performed
    std::shared_ptr<StoreLock> m_lock;
    std::optional<int> m_lockWanted; // while an attempt at the lock is on its way: the serial of who wants it
    std::optional<RefreshJournal> m_journal; // that the disk did not take
    int m_serial = 0; // of the one asynchronous action that may still report
    Alarm m_wait;
    Alarm m_settleAlarm;
    LockWaits m_lockWaits;
    std::optional<Instant> m_lockWaitSince;
};

} // namespace Watchword
