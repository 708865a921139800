// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "issuer/codebook.h"
#include "issuer/devicebook.h"
#include "issuer/issuerservices.h"

namespace Watchword::Gateway {

/*!
    /token: codes, device codes and refresh tokens for tokens (RFC 6749 sections 4.1.3 and 6, RFC 8628 section 3.4, RFC 9068,
   OpenID Connect Core sections 3.1.3 and 12). What is issued is stored before it is answered. A spent refresh token that comes
   again, or a code that comes twice, ends the session. Threads: one. Ownership: borrows all three.
*/
class TokenEndpoint
{
public:
    TokenEndpoint(IssuerServices &services, CodeBook &codes, DeviceBook &devices);

    HttpResponse answer(const HttpRequest &request);

private:
    /*! What an answer is made of. */
    struct Grant
    {
        SessionRecord session;
        QStringList scopes{}; //!< Of this access token.
        QString nonce{};
        Secret refreshToken{}; //!< Empty: none.
        QString previousAccess{};
        QString previousRefresh{};
    };

    HttpResponse redeemCode(const FormFields &fields, const IssuerClient &client, const HttpRequest &request);
    HttpResponse redeemDeviceCode(const FormFields &fields, const IssuerClient &client, const HttpRequest &request);
    HttpResponse begin(const SessionRecord &session, const QString &nonce, const HttpRequest &request);
    HttpResponse codeRefused(const CodeGrant &grant, const QString &reason, const IssuerClient &client,
                             const HttpRequest &request);
    HttpResponse refresh(const FormFields &fields, const IssuerClient &client, const HttpRequest &request);
    HttpResponse reused(const SessionRecord &session, const Secret &presented, const HttpRequest &request);
    HttpResponse rotate(const SessionRecord &session, const Secret &presented, const QStringList &scopes,
                        const HttpRequest &request);
    HttpResponse refused(const SessionRecord &session, const QString &reason, const Secret &presented,
                         const HttpRequest &request);
    HttpResponse issue(Grant grant, const QString &auditType, const HttpRequest &request);
    Result<QByteArray> signAccessToken(const Grant &grant, WallTime now) const;
    Result<QByteArray> signIdToken(const Grant &grant, QByteArrayView accessToken, WallTime now) const;
    void record(const Grant &grant, const QString &auditType, QByteArrayView accessToken, WallTime now,
                const HttpRequest &request);

    IssuerServices &m_services;
    CodeBook &m_codes;
    DeviceBook &m_devices;
};

} // namespace Watchword::Gateway
