// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/jose/signingkey.h"

#include <QUrl>

namespace Watchword {

/*!
    A proof of possession (RFC 9449): one JWT for one HTTP request, signed by the key that a token is bound to.

    create() is the client's side, verify() the server's. Neither remembers anything: the client keeps the nonces that it
    was given, the server the ids that it has seen (section 11.1).

    Threads: reentrant value.
*/
class WATCHWORD_JOSE_EXPORT DpopProof
{
public:
    /*! What a proof is made for. */
    struct Request
    {
        QByteArray method; //!< "POST"; compared exactly.
        QUrl url; //!< Query and fragment are left out; wss counts as https, ws as http.
        Secret accessToken; //!< Empty at the token endpoint (section 4.2, "ath").
        QString nonce; //!< Empty: the server gave none.
    };
    /*! What a server asks of a proof beside its signature. */
    struct Expectation
    {
        Request request; //!< With a nonce the proof must carry it; with an access token it must be bound to that.
        QString thumbprint; //!< "jkt" of the token (section 6.1); empty: any key.
        Duration age = std::chrono::seconds(300); //!< How old "iat" may be.
        Duration leeway = std::chrono::seconds(60); //!< How far "iat" may be in the future.
    };

    static constexpr qsizetype kLargestSize = 8 * 1024;

    //! \a now is the server's time as well as the client knows it. UnusableKey if \a key is none.
    static Result<QByteArray> create(const SigningKey &key, const Request &request, WallTime now);
    /*!
        MalformedToken, WrongTokenType, UnsupportedAlgorithm, UnusableKey, BadSignature, MissingClaim, then
        InvalidRequest for another method or URL, TokenExpired, TokenNotYetValid, WrongNonce, and WrongAudience for
        another access token, UnknownKey for another key than the token is bound to.
    */
    static Result<DpopProof> verify(QByteArrayView proof, const Expectation &expected, WallTime now);

    QString id() const { return m_id; } //!< "jti"
    QString thumbprint() const { return m_thumbprint; } //!< Of the key, as in "jkt".
    WallTime issuedAt() const { return m_issuedAt; }

    /*!
        What "htu" says for \a url: without query and fragment, and as RFC 3986 sections 6.2.2 and 6.2.3 make URLs comparable:
       case of scheme and host, percent-encoding, dot segments; empty segments stay. Empty if \a url is none.
    */
    static QString targetOf(const QUrl &url);

private:
    QString m_id;
    QString m_thumbprint;
    WallTime m_issuedAt{};
};

} // namespace Watchword
