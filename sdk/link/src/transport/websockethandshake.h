// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/connectionoptions.h"
#include "watchword/link/transport.h"
#include "watchword/wire/clienthandshake.h"
#include "watchword/wire/compression.h"

#include <QSslConfiguration>

#include <optional>

namespace Watchword {

//! ConnectionOptions::userAgent, or that of all of Watchword.
QByteArray userAgentOf(const ConnectionOptions &options);
//! ConnectionOptions::proxy, to which CONNECT brings the same name.
QNetworkProxy proxyOf(const ConnectionOptions &options);

//! TLS as the options want it: whom to trust, who we are, and nothing older than minimumTls.
QSslConfiguration tlsConfiguration(const ConnectionOptions &options);

/*!
    The opening handshake of one request in the terms of a Transport: what goes into it of the options and the token, and
    what an answer means. No I/O.

    Life: authorize() where the token may go along, request() once, feed() what comes back until state() is not Waiting and,
    of a refusal, until its body is here.
*/
class WebSocketHandshake
{
public:
    using State = Wire::ClientHandshake::State;

    //! \a withHeaders is false at another origin, where the request of a redirect brings nothing but itself.
    WebSocketHandshake(const ConnectionOptions &options, const QStringList &offered, const QUrl &url, bool withHeaders);

    Result<void> authorize(const AccessToken &token);
    //! Holds the token; wipe it with wipe().
    std::string request();
    static void wipe(std::string &text);

    std::size_t feed(Wire::Bytes bytes) { return m_handshake.feed(bytes); }
    void finish() { m_handshake.finish(); }

    State state() const { return m_handshake.state(); }
    bool isAnswerComplete() const { return m_handshake.isAnswerComplete(); }
    bool hasBegun() const { return m_handshake.hasBegun(); }
    //! Of a refusal. The proof that was sent does not stand in it, even if the server repeated it.
    HttpAnswer answer() const;
    //! The nonce of the answer, if it is not the one that the proof of this request holds; empty otherwise.
    QByteArray newNonce() const;
    QString subprotocol() const;
    Error fault() const; //!< Of State::Failed.
    std::shared_ptr<Wire::Compression> compression() const; //!< Null unless it was agreed on.

private:
    QUrl m_url;
    Wire::ClientHandshake m_handshake;
    std::optional<Wire::DeflateOptions> m_deflate;
    Secret m_authorization;
    QByteArray m_proof;
};

} // namespace Watchword
