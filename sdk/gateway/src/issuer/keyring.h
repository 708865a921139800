// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"
#include "watchword/jose/jwkset.h"
#include "watchword/jose/signingkey.h"

#include <chrono>

namespace Watchword::Gateway {

/*!
    The issuer's signing keys (ES256): one that signs, one that is published ahead, and old ones until what they signed
    has expired. So a client that caches the published set never meets a key that it does not know.

    Errors: open() answers FileUnreadable, PermissionDenied (others can read the file) or StoreCorrupt, and never
    overwrites a file that it could not read. Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT KeyRing
{
public:
    //! Empty \a file: in memory. \a keepOld is how long a key stays published behind its last signature.
    static Result<KeyRing> open(const QString &file, std::chrono::seconds lifetime, std::chrono::seconds keepOld, WallTime now);

    const SigningKey &current() const { return m_current.key; }
    JwkSet publicKeys() const;
    //! Success with true if the published set changed. A failure keeps the old keys in use.
    Result<bool> rotate(WallTime now);

private:
    struct Entry
    {
        SigningKey key;
        WallTime since{}; //!< When it came into use; for an old one when it went out of use.
    };

    Result<void> load(const QByteArray &bytes);
    Result<void> save() const;

    QString m_file;
    std::chrono::seconds m_lifetime{};
    std::chrono::seconds m_keepOld{};
    Entry m_current;
    Entry m_next;
    QList<Entry> m_old;
};

} // namespace Watchword::Gateway
