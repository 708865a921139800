// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/export.h"
#include "watchword/core/result.h"
#include "watchword/core/tokenset.h"

#include <QStringList>

#include <memory>
#include <optional>

namespace Watchword {

/*!
    What is known about sending a refresh token, written before it is sent. It holds no secret.

    A refresh token whose answer never arrived may have been rotated by the issuer. The journal is how the next attempt,
    perhaps in the next process, can tell "rotated and lost" from "revoked".
*/
struct WATCHWORD_AUTH_EXPORT RefreshJournal
{
    QString fingerprint; //!< Of the refresh token that was sent.
    QString attemptId; //!< Of the last attempt.
    WallTime startedAt{}; //!< Of the last attempt.
    int unresolved = 0; //!< Attempts with this token whose outcome is unknown.
    //! The provider refused this token for good: RotationLost or RevokedOrExpired. It is not sent again.
    std::optional<ErrorCode> ended = std::nullopt;
    quint64 generation = 0; //!< Of the tokens it was sent with; with ended, of those that are left when it is taken out.

    friend bool operator==(const RefreshJournal &, const RefreshJournal &) = default;
};

/*! Held while a refresh transaction runs; the destructor, or the death of the process, sets it free. */
class WATCHWORD_AUTH_EXPORT StoreLock
{
public:
    virtual ~StoreLock();
};

/*!
    Where the tokens of one account live. The refresh transaction is built on these five operations.

    Implementations must be durable: when save() or writeJournal() returned success, the content survives a crash of the
    process and of the machine. All calls block for as long as a disk needs, and none waits for another process.

    Threads: a Session calls from a thread of its own, one call at a time.
    Ownership: shared with the Session; several Sessions need several stores.
*/
class WATCHWORD_AUTH_EXPORT TokenStore
{
public:
    virtual ~TokenStore();

    /*!
        NotFound: nothing was ever saved. StoreCorrupt: what was there could not be read; it has been set aside, not
        deleted, and the next load() answers NotFound. StorageFailed: the medium failed; try again.
    */
    virtual Result<TokenSet> load() = 0;
    /*!
        Replaces what is stored. The generation must be above the stored one, else WrongState and nothing is changed: an
        older answer never overwrites a newer one.
    */
    virtual Result<void> save(const TokenSet &tokens) = 0;
    virtual Result<std::optional<RefreshJournal>> readJournal() = 0;
    virtual Result<void> writeJournal(const RefreshJournal &journal) = 0;
    //! LockBusy when another process, or another store of this process, holds it.
    virtual Result<std::shared_ptr<StoreLock>> tryLock() = 0;
    /*!
        A record of this account beside its tokens, kept as safely as they are: what a session has still to do, such as
        revocations. NotFound if it was never saved. \a name is lower-case letters. The default answers NotFound and keeps
        nothing: such a record ends with the program.
    */
    virtual Result<Secret> loadRecord(const QString &name);
    virtual Result<void> saveRecord(const QString &name, const Secret &content);
    //! Files whose change means that another process saved something; empty if there is no other process.
    virtual QStringList watchedFiles() const = 0;
};

} // namespace Watchword
