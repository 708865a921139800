// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/secret.h"
#include "watchword/jose/export.h"

namespace Watchword {

/*
    Encryption of a file or a record with AES-256-GCM (NIST SP 800-38D).

    Layout: "WWE1" | 12 bytes nonce | ciphertext | 16 bytes tag. The magic is authenticated together with the
   caller's additional data. The nonce is random, so one key is good for 2^32 envelopes.
*/

//! \a key must have 32 bytes, else InvalidArgument. \a aad is bound to the envelope but not stored in it.
WATCHWORD_JOSE_EXPORT Result<QByteArray> sealEnvelope(const Secret &key, QByteArrayView plain, QByteArrayView aad);
/*!
    What sealEnvelope() was given. DecryptionFailed for another key, another \a aad, any changed or missing
   byte and anything that is no envelope; InvalidArgument for a key that does not have 32 bytes. Plaintext of
   a failed attempt never leaves this call and is wiped.
*/
WATCHWORD_JOSE_EXPORT Result<Secret> openEnvelope(const Secret &key, QByteArrayView sealed, QByteArrayView aad);

} // namespace Watchword
