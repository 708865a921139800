// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"
#include "watchword/jose/signingkey.h"

#include <QJsonObject>
#include <QUrl>

#include <functional>
#include <optional>

namespace Watchword::Doctoring {

//! A token that looks like one and was signed by nobody.
WATCHWORD_TEST_EXPORT Secret madeUpToken();

/*!
    The tokens that a server has to refuse, made of one that it accepts. Only a JWT can be the model; of other tokens isJwt()
    is false and all others are empty.
*/
class WATCHWORD_TEST_EXPORT BadTokens
{
public:
    //! \a key is the issuer's; null: what needs it is empty.
    BadTokens(const Secret &valid, SigningKey key);

    bool isJwt() const { return !m_claims.isEmpty(); }
    bool hasKey() const { return isJwt() && !m_key.isNull(); }
    const QJsonObject &claims() const { return m_claims; } //!< Of the valid token; nothing is proved by them.

    Jwk ownPublicKey() const { return m_key.publicKey(); } //!< Of the issuer's key; null without.
    QString type() const; //!< "typ" of the valid token, in lower case.

    Secret withOtherSignature() const;
    Secret withOtherClaims() const; //!< Another subject below the same signature.
    Secret withoutSignature(const QString &algorithm) const; //!< "none", however it is written.
    //! Signed by a new key that is in the header ("jwk"), and said to be at \a address, too ("jku", "x5u").
    Secret withEmbeddedKey(const QUrl &address = {}) const;
    Secret signedByPublicKey(const Jwk &key) const; //!< HS256, keyed with the text (PEM) of \a key.
    //! The valid token after \a change, signed by the issuer's key.
    using Change = std::function<void(QJsonObject &header, QJsonObject &claims)>;
    Secret minted(const Change &change) const;

private:
    QByteArray m_signature;
    QByteArray m_signedPart;
    QJsonObject m_header;
    QJsonObject m_claims;
    SigningKey m_key;
};

} // namespace Watchword::Doctoring
