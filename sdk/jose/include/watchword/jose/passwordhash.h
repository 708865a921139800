// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/jose/export.h"

#include <QString>

namespace Watchword {

/*! Cost of scrypt (RFC 7914): memory is 128 * n * r bytes, work n * r * p. The defaults need 32 MiB. */
struct ScryptCost
{
    quint32 n = 1u << 15; //!< A power of two, 2^10 to 2^18.
    quint32 r = 8; //!< 1 to 16.
    quint32 p = 3; //!< 1 to 8.
};

/*!
    "scrypt$n$r$p$salt$hash" with salt (16 bytes) and hash (32 bytes) in base64url.
    InvalidArgument for an empty password, one over 1024 bytes, or a cost out of bounds. Takes tens of
   milliseconds: call it in a worker thread where many sign in at once.
*/
WATCHWORD_JOSE_EXPORT Result<QString> hashPassword(const Secret &password, ScryptCost cost = {});
//! Compares in constant time. False for a hash that is malformed or whose cost is out of bounds (at most 256
//! MiB).
WATCHWORD_JOSE_EXPORT bool checkPassword(const Secret &password, const QString &hash);

//! Whether hashPassword() and derivePasswordKey() accept the cost.
WATCHWORD_JOSE_EXPORT bool isAllowedCost(const ScryptCost &cost);
/*!
    32 bytes to encrypt with. The same bounds and errors as hashPassword(); \a salt should be 16 random bytes that are kept
    beside what is encrypted.
*/
WATCHWORD_JOSE_EXPORT Result<Secret> derivePasswordKey(const Secret &password, QByteArrayView salt, ScryptCost cost = {});

} // namespace Watchword
