// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpserver.h"
#include "issuer/codebook.h"
#include "issuer/issuerservices.h"
#include "issuer/loginpage.h"
#include "issuer/passworddesk.h"
#include "issuer/sealer.h"
#include "issuer/signinrequest.h"

#include <QSet>

namespace Watchword::Gateway {

/*!
    /login: asks for the password, and sends the browser back to the app with a code.

    What the app asked for travels sealed with the browser, so that any number of requests that nobody signs in by cost nothing
    here. A request that led to a code, or was cancelled, is good for no other.

    Threads: one. Ownership: borrows all that it is made with.
*/
class SignInPage
{
public:
    SignInPage(IssuerServices &services, PasswordDesk &desk, CodeBook &codes);

    QString addressOf(const SignInRequest &request) const; //!< The page for \a request.
    HttpResponse show(const HttpRequest &request) const;
    void submit(const HttpRequest &request, const HttpServer::Responder &respond);
    void forget(WallTime now);

private:
    std::optional<SignInRequest> requestOf(const QString &sealed) const;
    HttpResponse answerOf(const SignInRequest &request, const QString &name, const PasswordDesk::Verdict &verdict,
                          const HttpRequest &facts);
    HttpResponse signedIn(const SignInRequest &request, const IssuerUser &person, const HttpRequest &facts);
    LoginForm formOf(const SignInRequest &request, const QString &username, const QString &problem) const;
    void use(const SignInRequest &request);

    IssuerServices &m_services;
    PasswordDesk &m_desk;
    CodeBook &m_codes;
    const Sealer m_requests;
    const Sealer m_forms;
    QSet<QString> m_checking; // requests whose password is with the desk
    QHash<QString, WallTime> m_used; // until when they would be good
};

} // namespace Watchword::Gateway
