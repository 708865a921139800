// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/gateway/export.h"

#include <QList>
#include <QStringList>

#include <functional>
#include <optional>

namespace Watchword::Gateway {

/*!
    The users of an embedded issuer that `watchword-gateway user` keeps: "users.json" in its state folder, beside those of the
    configuration. A running gateway sees a change within seconds; a new password, a lock and a removal end the user's sessions.

    Each call reads the file anew. Changes are made under a lock, at once and completely, and for the owner of the folder only.
    Errors: NotFound (no such user), InvalidArgument (the name is taken, or no name, or has control characters), StoreCorrupt,
   PermissionDenied (others can read the file), LockBusy, StorageFailed. Threads: reentrant.
*/
class WATCHWORD_GATEWAY_EXPORT UserFile
{
public:
    struct User
    {
        QString name; //!< Compared without case.
        QString subject; //!< "sub"
        QString passwordHash; //!< "scrypt$..."
        QStringList scopes;
        bool isLocked = false; //!< Cannot sign in, and has no session.
        std::optional<WallTime> passwordChanged; //!< Sessions of before are over.
        friend bool operator==(const User &, const User &) = default;
    };

    explicit UserFile(const QString &stateFolder);

    QString fileName() const { return m_file; }
    Result<QList<User>> read() const; //!< None without a file.

    Result<void> add(const User &user);
    Result<void> setPassword(const QString &name, const QString &hash, WallTime at);
    Result<void> setLocked(const QString &name, bool isLocked);
    Result<void> remove(const QString &name);

private:
    using Change = std::function<Result<void>(QList<User> &users)>;
    Result<void> change(const Change &change) const;
    Result<void> changeUser(const QString &name, const std::function<void(User &user)> &change) const;

    QString m_file;
};

} // namespace Watchword::Gateway
