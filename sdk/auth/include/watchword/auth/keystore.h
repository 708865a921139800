// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/export.h"
#include "watchword/core/result.h"
#include "watchword/core/secret.h"

#include <QFuture>
#include <QObject>

namespace Watchword {

/*!
    Keeps the one 32-byte key that encrypts an application's tokens. There is one key per application and machine user,
    and it never changes after it was made, so a keychain is read once per start and written once in a lifetime.

    Every request finishes exactly once; several may run at once and are carried out in order. Failures:
    - NotFound: the store is sure, or believes, that there is no key. A locked Secret Service says this too, so the caller
      compares with its own marker before it makes a new key.
    - KeychainLocked, KeychainUnavailable, KeychainUnresponsive: nothing can be said; ask again later.
    - StorageFailed: a write could not be read back.

    Threads: one; futures finish there. Destruction finishes open requests with ErrorCode::Cancelled.
*/
class WATCHWORD_AUTH_EXPORT KeyStore : public QObject
{
    Q_OBJECT

public:
    explicit KeyStore(QObject *parent = nullptr);
    ~KeyStore() override;

    virtual QFuture<Result<Secret>> readKey() = 0;
    virtual QFuture<Result<void>> writeKey(const Secret &key) = 0; //!< Succeeds only after it was read back.
    virtual QFuture<Result<void>> removeKey() = 0; //!< Success also if there was none.
    virtual QString backendName() const = 0; //!< For people and logs, for example "Secret Service".

Q_SIGNALS:
    //! A request has had no answer for some seconds: probably the system asks the person for a password.
    void waitingForPerson();
};

/*! Keeps the key as long as the object lives: for StoragePolicy::MemoryOnly and for tests. Any request succeeds. */
class WATCHWORD_AUTH_EXPORT MemoryKeyStore final : public KeyStore
{
    Q_OBJECT

public:
    explicit MemoryKeyStore(QObject *parent = nullptr);
    ~MemoryKeyStore() override;

    QFuture<Result<Secret>> readKey() override;
    QFuture<Result<void>> writeKey(const Secret &key) override;
    QFuture<Result<void>> removeKey() override;
    QString backendName() const override;

private:
    Secret m_key;
};

} // namespace Watchword
