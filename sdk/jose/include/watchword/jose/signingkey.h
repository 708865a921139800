// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/secret.h"
#include "watchword/jose/jwk.h"

namespace Watchword {

/*!
    A private key for signatures, bound to one algorithm: an issuer's key, a key of a test, a DPoP key.

    Algorithms: ES256, RS256, PS256 and EdDSA (Ed25519); also ES384, ES512, RS384, RS512, PS384 and PS512.
    Copies share the key, which OpenSSL wipes when the last one goes.
    Threads: reentrant; copies may sign in different threads at once.
*/
class WATCHWORD_JOSE_EXPORT SigningKey
{
public:
    SigningKey(); //!< No key: isNull(), signs nothing.
    ~SigningKey();
    SigningKey(const SigningKey &);
    SigningKey(SigningKey &&) noexcept;
    SigningKey &operator=(const SigningKey &);
    SigningKey &operator=(SigningKey &&) noexcept;

    //! A new key; RSA keys have 2048 bits and take a noticeable part of a second. UnsupportedAlgorithm
    //! otherwise.
    static Result<SigningKey> generate(const QString &algorithm);
    //! An unencrypted PKCS #8 (or traditional) PEM. UnusableKey if it is not one, or does not fit \a
    //! algorithm.
    static Result<SigningKey> fromPem(const Secret &pem, const QString &algorithm);

    bool isNull() const { return !d; }
    Secret toPem() const; //!< PKCS #8, unencrypted: put it where only this program can read it.
    QString keyId() const; //!< The thumbprint of the public key (RFC 7638).
    QString algorithm() const;
    Jwk publicKey() const; //!< With "kid", "alg" and "use":"sig".
    //! The signature in the form of RFC 7515, for ECDSA r || s.
    Result<QByteArray> sign(QByteArrayView message) const;

private:
    class Private;
    std::shared_ptr<const Private> d;
};

} // namespace Watchword
