// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/keystore.h"
#include "watchword/core/clock.h"
#include "watchword/keychain/export.h"

namespace Watchword {

/*!
    The key in the operating system's keychain: Secret Service or KWallet, the Windows credential store, the macOS
    keychain. There is exactly one entry per application; see the service and the key below.

    Keychains answer surprisingly: a locked Secret Service reads as "no such entry" and "deletes" without deleting, a
    dialog that nobody answers blocks for ever, a broken KWallet answers success without data. So every write and removal is
    read back, success without data is a failure, waitingForPerson() is emitted after 5 s without an answer, and after 60 s
    the request ends with KeychainUnresponsive. The work behind it cannot be interrupted: it is left alone and its late
    answer is dropped; further requests end with KeychainUnresponsive until it is through.

    NotFound does not prove that there is no key (see KeyStore). Errors of the system are in Error::detail().

    Threads: all requests from one thread, in which futures finish. The keychain itself is only touched by one thread of
    the library, because its libraries need that. Ownership: like any QObject; destruction does not wait for a keychain.
*/
class WATCHWORD_KEYCHAIN_EXPORT KeychainKeyStore final : public KeyStore
{
    Q_OBJECT

public:
    //! The entry's service is "Watchword", its key \a applicationId + "/token-key". Some backends look at the key only.
    explicit KeychainKeyStore(const QString &applicationId, QObject *parent = nullptr, Clock &clock = Clock::system());
    ~KeychainKeyStore() override;

    QFuture<Result<Secret>> readKey() override;
    QFuture<Result<void>> writeKey(const Secret &key) override;
    QFuture<Result<void>> removeKey() override;
    QString backendName() const override;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
