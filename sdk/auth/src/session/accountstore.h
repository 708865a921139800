// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/correctedclock.h"
#include "session/sessionactions.h"
#include "session/sessionevents.h"
#include "store/keyvault.h"
#include "store/storerunner.h"
#include "watchword/auth/accounts.h"
#include "watchword/auth/envelopetokenstore.h"
#include "watchword/core/testexport.h"

#include <QFileSystemWatcher>

namespace Watchword {

/*!
    The key, the store and the tombstone of one account, what other processes do to its files, and its line in the list of
    accounts. Blocking work runs in the thread of a StoreRunner, in order.

    It reports KeyOpened, KeyFailed, KeychainSilent, KeyRetryDue, StoreRead, StoreRetryDue, TombstoneLeft and NewsRead.
    Threads: that of the session. What was begun is finished by the destructor, which waits for it.
*/
class WATCHWORD_TEST_EXPORT AccountStore : public QObject
{
    Q_OBJECT

public:
    //! \a options and \a clock outlive it.
    AccountStore(const SessionOptions &options, CorrectedClock &clock, SessionEvents::Report report);
    ~AccountStore() override;

    void useMemory(); //!< For StoragePolicy::MemoryOnly: there is neither key nor file.
    bool isInMemory() const; //!< By useMemory(), or because there is no keychain (StoragePolicy::KeychainOrMemory).
    void openKey(SessionActions::KeyCreation creation);
    void retryKeyIn(Duration wait);
    void retryStoreIn(Duration wait);
    void stopRetries();

    void read();
    void readNews();
    //! Whether tokens can be stored at all: better said at the start than when the first refreshed token cannot be kept.
    void check();
    void leaveTombstone();
    void noteSave(const Result<void> &saved);
    //! Says that tokens cannot be stored; once until it works again.
    void sayDegraded(const Error &reason);
    //! Puts the account on the list, or takes it off. Nothing if it stands there like that.
    void list(const std::optional<StoredAccount> &account);
    void watchFiles();

    bool isOpen() const { return bool(m_store); }
    const std::shared_ptr<TokenStore> &store() const { return m_store; }
    StoreRunner &runner() { return m_runner; }
    void deliver() { m_runner.deliver(); }
    //! Runs \a work with the store, which must be open, and \a done with what it returned.
    template <typename Work, typename Done>
    void run(Work work, Done done)
    {
        m_runner.run([store = m_store, work = std::move(work)] { return work(*store); }, std::move(done));
    }

Q_SIGNALS:
    void opened();
    void filesChanged(); //!< Another process may have done it.
    void degraded(const Watchword::Error &reason);
    void noted(const QString &what, const QString &detail = {});

private:
    EnvelopeTokenStore::Location location() const;
    void onKey(const Result<Secret> &key);
    void use(std::shared_ptr<TokenStore> store);

    const SessionOptions &m_options;
    CorrectedClock &m_clock;
    SessionEvents::Report m_report;
    KeyVault m_vault;
    StoreRunner m_runner;
    std::shared_ptr<TokenStore> m_store; // empty until the key is there
    QFileSystemWatcher m_watcher;
    Alarm m_keyAlarm;
    Alarm m_storeAlarm;
    Alarm m_newsAlarm;
    int m_readings = 0; // the serial of the one read() that may still report
    std::optional<Error> m_problem; // that was said, and has not passed
    std::optional<StoredAccount> m_listed; // as it stands in the list
};

} // namespace Watchword
