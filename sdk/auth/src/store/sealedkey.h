// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"
#include "watchword/jose/passwordhash.h"

namespace Watchword {

/*! The content of key.sealed: how to make a key of the passphrase, and what that key opens. */
struct SealedKey
{
    ScryptCost cost;
    QByteArray salt;
    QByteArray envelope;
};

WATCHWORD_TEST_EXPORT QByteArray encodeSealedKey(const SealedKey &sealed);
//! StoreCorrupt for anything else, also for a cost that would need more memory than a passphrase is worth.
WATCHWORD_TEST_EXPORT Result<SealedKey> decodeSealedKey(QByteArrayView bytes);

//! InvalidArgument for a passphrase that is empty or too long. Takes as long as scrypt does.
WATCHWORD_TEST_EXPORT Result<SealedKey> sealKey(const Secret &key, const Secret &passphrase, ScryptCost cost = {});
//! DecryptionFailed for a wrong passphrase.
WATCHWORD_TEST_EXPORT Result<Secret> openKey(const SealedKey &sealed, const Secret &passphrase);

} // namespace Watchword
