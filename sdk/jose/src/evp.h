// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>

#include <memory>

namespace Watchword {

// Owners of OpenSSL's objects.
template <auto Free>
struct EvpFree
{
    template <typename T>
    void operator()(T *object) const
    {
        Free(object);
    }
};

using EvpKey = std::unique_ptr<EVP_PKEY, EvpFree<EVP_PKEY_free>>;
using EvpKeyContext = std::unique_ptr<EVP_PKEY_CTX, EvpFree<EVP_PKEY_CTX_free>>;
using EvpDigestContext = std::unique_ptr<EVP_MD_CTX, EvpFree<EVP_MD_CTX_free>>;
using EvpCipherContext = std::unique_ptr<EVP_CIPHER_CTX, EvpFree<EVP_CIPHER_CTX_free>>;
using EvpKdf = std::unique_ptr<EVP_KDF, EvpFree<EVP_KDF_free>>;
using EvpKdfContext = std::unique_ptr<EVP_KDF_CTX, EvpFree<EVP_KDF_CTX_free>>;
using EvpSignature = std::unique_ptr<ECDSA_SIG, EvpFree<ECDSA_SIG_free>>;
using EvpNumber = std::unique_ptr<BIGNUM, EvpFree<BN_clear_free>>;
using EvpParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, EvpFree<OSSL_PARAM_BLD_free>>;
using EvpParams = std::unique_ptr<OSSL_PARAM, EvpFree<OSSL_PARAM_free>>;
using EvpBio = std::unique_ptr<BIO, EvpFree<BIO_free>>;

} // namespace Watchword
