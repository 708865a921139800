// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/secret.h"
#include "watchword/doctor/auditevidence.h"
#include "watchword/doctor/export.h"
#include "watchword/jose/signingkey.h"

#include <QList>
#include <QSslCertificate>
#include <QStringList>
#include <QUrl>

namespace Watchword {

/*! Who is examined, with what, and how far it may go. */
struct DoctorOptions
{
    /*! How the server takes a token. */
    enum class TokenWay {
        Header, //!< Authorization: Bearer (RFC 6750).
        Subprotocol, //!< An entry of Sec-WebSocket-Protocol: subprotocolPrefix and the token in base64url.
        FirstMessage, //!< The first text message: firstMessage.
        GraphqlTransportWs, //!< "connection_init" with payload.Authorization, and the subprotocol graphql-transport-ws.
        Centrifugo //!< A connect command, JSON.
    };

    QUrl endpoint; //!< wss://host[:port]/path
    //! A valid access token. Bad ones are made of it; it is sent to the endpoint only, and never shown. Empty: without.
    Secret token;
    TokenWay tokenWay = TokenWay::Header;
    QByteArray subprotocolPrefix = "base64url.bearer.authorization.k8s.io.";
    QByteArray firstMessage; //!< {token} is replaced. Empty: JSON with "type":"auth" and "token".
    QStringList subprotocols; //!< Offered with every upgrade.
    QString origin; //!< One that the server allows; sent with every upgrade that does not try another.
    /*!
        The private key of the issuer, where a test environment can give it: with it come tokens that are expired, for
        somebody else, and so on, all of them like token. Null: without. Never give the key of a production issuer to anybody.
    */
    SigningKey signingKey;
    //! Who issued the token: https://host[/path]. Its discovery document and keys are looked at. Empty: without.
    QUrl issuer;
    QString clientId; //!< A public client of the issuer, for refreshToken.
    //! Of a session that may end: it is used twice and revoked. It is sent to the issuer's token and revocation endpoints
    //! only, and never shown. Empty: without.
    Secret refreshToken;
    QList<QSslCertificate> additionalCertificateAuthorities;
    AuditWitness audit; //!< For a Watchword Gateway whose audit can be read; null: without.
    Secret auditToken; //!< One with the scope gw:audit, for a Watchword Gateway; it is sent to the endpoint only. Empty: without.
    QString auditPath = QStringLiteral("/audit"); //!< Of the gateway.
    bool asksForStepUp = false; //!< The endpoint wants a strong or fresh sign-in (RFC 9470).
    bool meansCompression = false; //!< permessage-deflate is wanted here.

    bool intrusive = false; //!< Bursts, floods and large messages; only against what is yours.
    int requestBudget = 40; //!< At most so many connections.
    Duration timeBudget = std::chrono::seconds(20);
    Duration pace = std::chrono::milliseconds(100); //!< From the start of one request to that of the next.
    Duration patience = std::chrono::seconds(3); //!< For one answer.
    Duration headDeadline = std::chrono::seconds(12); //!< By then a server should have closed half a request.
    Duration revocationDeadline =
        std::chrono::seconds(5); //!< By then a server should have closed a connection whose session ended.
    Duration expiryDeadline = std::chrono::seconds(15); //!< By then a server should have closed a connection whose token ended.
};

} // namespace Watchword
