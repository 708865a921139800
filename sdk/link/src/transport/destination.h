// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"
#include "watchword/link/connectionoptions.h"
#include "watchword/link/transport.h"

#include <optional>

class QSslCertificate;

namespace Watchword {

/*!
    Where a transport asks: the URL of the options, and then that of each redirect that is followed; and what may go there.

    Once the way led to another host or port, neither the token nor the headers of the options go along, and nothing that
    is said there of the token's proof counts.

    Threads: one. Ownership: borrows the options.
*/
class WATCHWORD_TEST_EXPORT Destination
{
public:
    explicit Destination(const ConnectionOptions &options);

    //! Refuses a token that a header cannot hold.
    Result<void> setToken(const AccessToken &token);
    const AccessToken &token() const { return m_token; }
    bool sendsToken() const { return isOrigin() && !m_token.value.isEmpty(); }
    bool isOrigin() const { return !m_authorizedUrl.isEmpty(); } //!< The headers may go there.
    const QUrl &url() const { return m_url; }
    const QUrl &authorizedUrl() const { return m_authorizedUrl; } //!< url(), if the token may go there; else empty.

    //! A nonce for the next proof that came with an answer; empty if there was no new one. True if it counts.
    bool takeNonce(const QByteArray &nonce) const;
    //! A status other than 101: the end of the attempt; or nothing, then url() is where the redirect leads.
    std::optional<TransportEnd> refusedBy(const HttpAnswer &answer, const QByteArray &nonce);

private:
    const ConnectionOptions &m_options;
    AccessToken m_token{};
    QUrl m_url;
    QUrl m_authorizedUrl;
    int m_redirectsLeft;
};

//! watchword.v1, if it is offered, and what the application wants.
WATCHWORD_TEST_EXPORT QStringList offeredSubprotocols(const ConnectionOptions &options);
//! Nothing if ConnectionOptions::pinnedKeys say nothing against the server's key.
WATCHWORD_TEST_EXPORT std::optional<Error> pinFault(const QSslCertificate &certificate, const ConnectionOptions &options);

} // namespace Watchword
