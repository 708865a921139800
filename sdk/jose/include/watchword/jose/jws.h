// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/jose/jwkset.h"
#include "watchword/jose/signingkey.h"

#include <QJsonObject>
#include <QStringList>

namespace Watchword {

/*! What a signed text must be like to be accepted. */
struct JwsPolicy
{
    //! The only algorithms that are tried, whatever the text says (RFC 8725 section 3.1). "none" and HMAC never work.
    QStringList algorithms = {QStringLiteral("ES256"), QStringLiteral("RS256"), QStringLiteral("PS256"), QStringLiteral("EdDSA")};
    //! Accepted "typ", without case and with or without "application/" (RFC 7515 section 4.1.9); empty: not checked. Name one
    //! where a key signs things of several kinds: else one of them passes for another (RFC 8725 section 3.11).
    QStringList types;
    bool typeRequired = false; //!< With types: a text without "typ" is refused too.
};

/*!
    Any bytes with a signature, in compact form (RFC 7515): a licence, an update's manifest, a message that is passed on by
   others. For tokens with claims use Jwt, which also looks at times, issuer and audience. A signature does not hide what it
   signs.

    verify() takes the text apart, chooses the key by "kid" among those given, or the only one that fits, and proves the
   signature; there is no way to the payload of a text that proves nothing. Its failures, in the order of the checks:
   MalformedToken, UnsupportedAlgorithm, WrongTokenType, UnknownKey, UnusableKey, BadSignature. Detached and unencoded payloads
   ("b64") and everything else that "crit" may ask for are MalformedToken; "jku", "jwk", "x5u" and "x5c" are not read.

    Threads: reentrant value. Texts of errors never hold parts of the payload.
*/
class WATCHWORD_JOSE_EXPORT Jws
{
public:
    static constexpr qsizetype kLargestSize = 1024 * 1024; //!< In compact form.

    //! \a payload as it is; the header is "alg", "kid" and, unless empty, "typ". UnusableKey without a key, InvalidArgument if
    //! the result would be larger than kLargestSize.
    static Result<QByteArray> sign(const SigningKey &key, QByteArrayView payload, const QString &type = {});
    static Result<Jws> verify(QByteArrayView compact, const JwkSet &keys, const JwsPolicy &policy = {});

    const QByteArray &payload() const { return m_payload; }
    const QJsonObject &header() const { return m_header; }
    QString keyId() const; //!< Header "kid".
    QString algorithm() const; //!< Header "alg".
    QString type() const; //!< Header "typ" in lower case, without "application/".

private:
    QByteArray m_payload;
    QJsonObject m_header;
};

} // namespace Watchword
