// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/jose/export.h"

#include <QByteArrayView>
#include <QJsonObject>
#include <QMetaType>
#include <QString>

#include <memory>

namespace Watchword {

/*!
    A public key for signatures (RFC 7517, RFC 7518 section 6, RFC 8037), parsed and checked once.

    What fromJson() refuses, with ErrorCode::UnusableKey unless said otherwise:
    - symmetric keys ("oct"), and any key that carries a private member ("d", "p", "q", "dp", "dq", "qi",
   "oth", "k"): a key that was published with its secret is no longer a secret;
    - RSA below 2048 or above 8192 bits, or with an exponent that is even, 1, or above 2^64;
    - points that are not on the curve, and members that are not canonical base64url or have the wrong length;
    - keys whose "alg" does not fit their type or curve, whose "use" is not "sig", or whose "key_ops" lack
   "verify";
    - other key types, curves and algorithms with ErrorCode::UnsupportedAlgorithm.

    Known algorithms: ES256, ES384, ES512, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA and Ed25519 (RFC
   9864). Which of them may be used is decided by JwtPolicy::algorithms.

    Threads: reentrant; copies share the parsed key and may verify in different threads at once.
*/
class WATCHWORD_JOSE_EXPORT Jwk
{
public:
    Jwk(); //!< No key: isNull(), verifies nothing.
    ~Jwk();
    Jwk(const Jwk &);
    Jwk(Jwk &&) noexcept;
    Jwk &operator=(const Jwk &);
    Jwk &operator=(Jwk &&) noexcept;

    static Result<Jwk> fromJson(const QJsonObject &json);

    bool isNull() const { return !d; }
    QString keyId() const; //!< "kid"; empty if the key has none.
    QString algorithm() const; //!< "alg"; empty if the key is not bound to one.
    QString keyType() const; //!< "RSA", "EC" or "OKP".
    QString curve() const; //!< "P-256", "P-384", "P-521" or "Ed25519"; empty for RSA.
    QString use() const; //!< "sig" or empty.
    //! RFC 7638: base64url of SHA-256 over the required members. Equal keys have equal thumbprints.
    QString thumbprint() const;
    //! The required members with "kid", "alg" and "use"; nothing else that fromJson() was given.
    QJsonObject toPublicJson() const;
    QByteArray toPem() const; //!< "PUBLIC KEY" of RFC 7468 section 13, with a line break at the end; empty if isNull().

    //! True if type, curve and the key's own "alg" allow \a algorithm.
    bool canVerify(const QString &algorithm) const;
    /*!
        Success if \a signature is that of this key over \a message.
        ErrorCode::BadSignature if not, UnsupportedAlgorithm if canVerify() is false. ECDSA signatures are the
       raw r || s of RFC 7518 section 3.4; DER is BadSignature.
    */
    Result<void> verify(const QString &algorithm, QByteArrayView message, QByteArrayView signature) const;

private:
    friend class SigningKey;
    class Private;
    explicit Jwk(std::shared_ptr<const Private> data);
    std::shared_ptr<const Private> d;
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::Jwk)
