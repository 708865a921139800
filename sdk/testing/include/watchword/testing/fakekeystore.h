// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/keystore.h"
#include "watchword/testing/export.h"

#include <memory>

namespace Watchword {

/*!
    A keychain that misbehaves as keychains do, for SessionOptions::keyStore. What was written stays while it is locked, as in
    a real one.

    Threads: one. Ownership: like any QObject; destruction finishes open requests with ErrorCode::Cancelled.
*/
class WATCHWORD_TESTING_EXPORT FakeKeyStore final : public KeyStore
{
    Q_OBJECT

public:
    enum class Mood {
        Fine,
        Locked, //!< KeychainLocked.
        LooksEmpty, //!< NotFound, also for what was written: a locked Secret Service.
        Unavailable, //!< KeychainUnavailable: the daemon has not started yet.
        Slow, //!< waitingForPerson() at once, and no answer until setMood() to something else.
        AnswersNothing, //!< Success without data.
        Forgetful //!< Writes succeed and are not kept; a KeyStore must notice that, and this one does: StorageFailed.
    };
    Q_ENUM(Mood)

    explicit FakeKeyStore(QObject *parent = nullptr);
    ~FakeKeyStore() override;

    void setMood(Mood mood); //!< Requests that wait are answered in the new mood.
    void setSizeLimit(qsizetype bytes); //!< 2560 at first, as on Windows; larger values are StorageFailed.
    void setBackendName(const QString &name); //!< "fake keychain" at first.
    void forget(); //!< What was written is gone.
    int readCount() const;
    int writeCount() const; //!< Attempts.

    QFuture<Result<Secret>> readKey() override;
    QFuture<Result<void>> writeKey(const Secret &key) override;
    QFuture<Result<void>> removeKey() override;
    QString backendName() const override;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
