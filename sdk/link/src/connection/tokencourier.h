// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/connectioncontext.h"

#include "watchword/core/tokenprovider.h"

#include <QPointer>

namespace Watchword {

/*!
    Brings the tokens of a provider to the links of a Connection: asks for them before an attempt and for a renewal, refuses
    what cannot be sent before it costs a handshake, and sends the renewal with its proof.

    Threads: one. Ownership: borrows all; the provider may go first. Answers that come later than this object are ignored.
    Errors: as events of the machine, TokenFailed and RenewalRefused.
*/
class WATCHWORD_TEST_EXPORT TokenCourier
{
public:
    TokenCourier(TokenProvider *provider, ConnectionContext &context);

    bool isUsed() const { return m_isUsed; } //!< The server wants tokens.
    void request(const ConnectionMachine::RequestToken &action); //!< TokenReady or TokenFailed follows.
    void renew(const ConnectionMachine::SendRenewal &action); //!< Sends the token of the last TokenReady on the link in use.
    bool isAt(const Link &link) const; //!< That server got the token, and may get the next one.
    //! Of the server's answer to a proof (RFC 9449 section 8). True if there was one.
    bool rememberNonce(Link::Id id, const QJsonValue &nonce);

private:
    void onResult(Link::Id id, const Result<AccessToken> &result);
    Result<void> canSend(const AccessToken &token) const;

    ConnectionContext &m_context;
    QPointer<TokenProvider> m_provider;
    const bool m_isUsed;
    QObject m_waits; //!< For the provider's answers.
};

} // namespace Watchword
