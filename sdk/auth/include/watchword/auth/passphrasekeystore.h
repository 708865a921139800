// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/passphrase.h"

#include <memory>

namespace Watchword {

/*!
    Keeps the key in a file that a passphrase opens, for machines without a keychain: over SSH, in containers, for services. A
    Session with StoragePolicy::EncryptedFile makes one by itself.

    The file is key.sealed in \c folder, for this user only: the key in an AES-256-GCM envelope under a key that scrypt
    (RFC 7914) makes of the passphrase and a salt. The passphrase is asked for at each start and when the key is made, and
    kept nowhere. A wrong one is DecryptionFailed: nothing changes, and the next request asks again with wasWrong. A file
    that cannot be read at all is StoreCorrupt; writeKey() sets it aside and never overwrites it.

    Without a function to ask with, every request ends with KeychainUnavailable. Threads, ownership: as KeyStore; scrypt runs
    in a thread of its own, and destruction waits for it (a fraction of a second).
*/
class WATCHWORD_AUTH_EXPORT PassphraseKeyStore final : public KeyStore
{
    Q_OBJECT

public:
    PassphraseKeyStore(QString folder, AskPassphrase ask, QObject *parent = nullptr);
    ~PassphraseKeyStore() override;

    QFuture<Result<Secret>> readKey() override;
    QFuture<Result<void>> writeKey(const Secret &key) override;
    QFuture<Result<void>> removeKey() override;
    QString backendName() const override;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
