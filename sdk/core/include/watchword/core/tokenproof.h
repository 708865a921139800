// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/core/secret.h"

#include <QByteArray>
#include <QUrl>

namespace Watchword {

/*!
    Proves at each request that the sender of an access token holds the key that the token is bound to (RFC 9449, DPoP). A
    stolen token without the key is worthless.

    A request to a service takes AccessToken::headersFor(), which uses this. When the answer has a "DPoP-Nonce" header,
    whatever its status, give it to rememberNonce(). A refusal (401 with error="use_dpop_nonce") is repeated once if
    that returned true, with new headers, and is not counted as a failure (RFC 9449 section 9).

    Threads: any, also several at once. Ownership: shared with the AccessToken; it may outlive the session that made it.
*/
class WATCHWORD_CORE_EXPORT TokenProof
{
public:
    virtual ~TokenProof();

    /*!
        The value of the header "DPoP" for one request with \a method to \a url, made for \a accessToken. Good for one
        request: a repetition needs a new one. Query and fragment do not count; a WebSocket upgrade is a GET, and wss
        counts as https, ws as http, because that is what goes over the wire.
    */
    virtual Result<QByteArray> headerFor(const QByteArray &method, const QUrl &url, const Secret &accessToken) = 0;
    //! A nonce that the service at \a url wants in the next proofs; true if it was not known. Nonces are kept by origin.
    virtual bool rememberNonce(const QUrl &url, const QByteArray &nonce) = 0;
};

/*! What a request with an access token has to carry. */
struct RequestHeaders
{
    Secret authorization; //!< The value of "Authorization": type and token.
    QByteArray proof; //!< The value of "DPoP"; empty: no such header.
};

} // namespace Watchword
