// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>
#include <QString>

#include <openssl/evp.h>

namespace Watchword {

/*! One row of the table of signature algorithms (RFC 7518 section 3.1, RFC 8037, RFC 9864). */
struct Algorithm
{
    enum class Kind { RsaPkcs1, RsaPss, Ecdsa, EdDsa };

    QLatin1StringView name;
    Kind kind;
    const char *digest; // nullptr for EdDSA
    int digestSize;
    QLatin1StringView keyType;
    QLatin1StringView curve; // empty for RSA
    int coordinateSize; // of ECDSA; a signature has two of them

    static const Algorithm *find(QStringView name);
};

//! The hash of \a algorithm, fetched once for the life of the program.
const EVP_MD *digestOf(const Algorithm &algorithm);

//! Prepares \a context, initialised for signing or verifying, for \a algorithm.
bool configure(EVP_PKEY_CTX *context, const Algorithm &algorithm);

} // namespace Watchword
