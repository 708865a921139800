// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/jose/jwk.h"

#include <QList>

namespace Watchword {

/*!
    The public keys of one issuer (RFC 7517 section 5).

    fromBytes() keeps the usable keys and lists the others in refusals(), so that one exotic key does not lock
   everybody out: unknown types, curves and algorithms, keys for encryption, symmetric keys, keys that came
   with private members, and keys that share "kid" and type with a different key (neither of them is kept,
   since nobody can say which one was meant). The whole set is refused with ErrorCode::ResponseTooLarge above
   256 KiB or 64 keys, and with ErrorCode::InvalidResponse if it is not a JSON object with an array "keys", or
   a member occurs twice in an object.

    A set without usable keys is a success with an empty keys(): the caller says what that means.
    Threads: reentrant value.
*/
class WATCHWORD_JOSE_EXPORT JwkSet
{
public:
    struct Refusal
    {
        QString keyId; //!< "kid", or empty.
        Error reason;
    };

    static constexpr qsizetype kLargestSize = 256 * 1024;
    static constexpr qsizetype kMostKeys = 64;

    static Result<JwkSet> fromBytes(QByteArrayView json);

    //! Adds \a key. A key with the same "kid" and type is replaced; a null key is ignored.
    void insert(const Jwk &key);
    QList<Jwk> keys() const { return m_keys; }
    bool isEmpty() const { return m_keys.isEmpty(); }
    bool containsKeyId(const QString &keyId) const;
    /*!
        The keys that can verify \a algorithm and have this \a keyId; with an empty \a keyId all that can
       verify \a algorithm. A key without "kid" never answers to a named one.
    */
    QList<Jwk> candidates(const QString &keyId, const QString &algorithm) const;
    const QList<Refusal> &refusals() const { return m_refusals; }
    //! Which keys were left out and why, of \a keyId if there are some, in one line for the text of an error; empty if none was.
    QString refusalText(const QString &keyId = {}) const;

    QByteArray toBytes() const; //!< {"keys":[...]}, public members only.

private:
    QList<Jwk> m_keys;
    QList<Refusal> m_refusals;
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::JwkSet)
