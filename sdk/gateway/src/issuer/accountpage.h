// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpserver.h"
#include "issuer/issuerservices.h"
#include "issuer/passworddesk.h"

namespace Watchword::Gateway {

/*!
    /account: a person gives the password, sees the apps that are signed in, and ends their sessions. A visit lasts ten minutes.
    Threads: one. Ownership: borrows both.
*/
class AccountPage
{
public:
    AccountPage(IssuerServices &services, PasswordDesk &desk);

    HttpResponse show() const;
    void submit(const HttpRequest &request, const HttpServer::Responder &respond);
    HttpResponse end(const HttpRequest &request); //!< POST /account/end
    void forget(WallTime now);

private:
    /*! Somebody who gave the password, and looks at the sessions. */
    struct Visit
    {
        QString name; //!< Of the user.
        WallTime expires{};
    };

    HttpResponse answerOf(const QString &name, const PasswordDesk::Verdict &verdict, const HttpRequest &facts);
    void makeRoomFor(const QString &name);
    HttpResponse list(const QString &ticket, const IssuerUser &person, const QString &note) const;

    IssuerServices &m_services;
    PasswordDesk &m_desk;
    QHash<QString, Visit> m_visits; // by the ticket in the page's forms
};

} // namespace Watchword::Gateway
