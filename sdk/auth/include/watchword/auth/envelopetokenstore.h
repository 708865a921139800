// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/tokenstore.h"
#include "watchword/core/clock.h"

namespace Watchword {

/*!
    Tokens of one account in a file that is encrypted with AES-256-GCM. The key comes from the caller (a KeyStore).

    In \c folder lie, per account (the file name is a hash, so that any account name can be a file name):
    - NAME.tokens: magic, generation, and the envelope. Application, account and generation are authenticated with it,
      so a file of another account, or an older one with a newer number, does not open.
    - NAME.record-RECORD: sealed by the same key.
    - NAME.journal: RefreshJournal as JSON, without secrets.
    - NAME.signedout: left by leaveTombstone(), and gone with the next save().
    - NAME.lock: an empty file for the kernel's lock; it is never deleted, and the lock dies with its process.
    - NAME.quarantined-TIME: what could not be read; nothing is ever thrown away.
    The folder is made for this user only (0700), the files too (0600).

    save() writes a new file, flushes it to the disk, renames it over the old one, flushes the folder, and reads it back.
    The access token is part of the file, so that another process, or the next start, needs no refresh.

    Threads: one call at a time from any thread. Twice: several objects on the same files work, as several processes do.
*/
class WATCHWORD_AUTH_EXPORT EnvelopeTokenStore final : public TokenStore
{
public:
    struct Location
    {
        QString folder;
        QString applicationId;
        QString account;
        //! Distinguishes accounts of the same name at different issuers; usually issuer and client id.
        QString realm;
    };

    //! \a key must have 32 bytes, else every call answers InvalidArgument. \a clock names quarantined files.
    EnvelopeTokenStore(Location location, Secret key, Clock &clock = Clock::system());
    ~EnvelopeTokenStore() override;

    Result<TokenSet> load() override;
    Result<void> save(const TokenSet &tokens) override;
    Result<std::optional<RefreshJournal>> readJournal() override;
    Result<void> writeJournal(const RefreshJournal &journal) override;
    Result<std::shared_ptr<StoreLock>> tryLock() override;
    Result<Secret> loadRecord(const QString &name) override;
    Result<void> saveRecord(const QString &name, const Secret &content) override;
    QStringList watchedFiles() const override;

    /*!
        Signs the account out without the key, which may be out of reach: what is stored now, and what a refresh on its way
        would store, counts as signed out for every process. load() then answers a tombstone that still holds the old
        refresh token, for whoever has the key to revoke it and to save a tombstone of his own. Nothing is written if nothing
        was ever saved.
    */
    static Result<void> leaveTombstone(const Location &location);

    //! Whether files can be written, read back, locked and removed where the tokens are to lie.
    Result<void> check();

    //! The file with the tokens, for support and tests; it may not exist.
    QString tokenFile() const;

private:
    class Private;
    std::unique_ptr<Private> d;
};

/*! Keeps tokens as long as the object lives, for StoragePolicy::MemoryOnly. */
class WATCHWORD_AUTH_EXPORT VolatileTokenStore final : public TokenStore
{
public:
    VolatileTokenStore();
    ~VolatileTokenStore() override;

    Result<TokenSet> load() override;
    Result<void> save(const TokenSet &tokens) override;
    Result<std::optional<RefreshJournal>> readJournal() override;
    Result<void> writeJournal(const RefreshJournal &journal) override;
    Result<std::shared_ptr<StoreLock>> tryLock() override;
    QStringList watchedFiles() const override;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
