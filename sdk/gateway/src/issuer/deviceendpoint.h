// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/httpserver.h"
#include "issuer/devicebook.h"
#include "issuer/issuerservices.h"
#include "issuer/passworddesk.h"
#include "issuer/sealer.h"

namespace Watchword::Gateway {

/*!
    Sign-in by another device (RFC 8628): /device_authorization for the device, and /device for the person.

    GET /device asks for the code that the device shows, and changes nothing, even when the code is in its query. POST /device
    with it shows which app asks for what; POST /device/confirm, with the password of the person, allows or denies it. The
    device hears of it at /token (TokenEndpoint).

    Codes that are wrong are counted before they are looked at, by network and in all (section 5.1).
    Threads: one. Ownership: borrows all that it is made with.
*/
class DeviceEndpoint
{
public:
    DeviceEndpoint(IssuerServices &services, PasswordDesk &desk, DeviceBook &book);

    HttpResponse begin(const HttpRequest &request);
    HttpResponse show(const HttpRequest &request) const;
    HttpResponse look(const HttpRequest &request);
    void confirm(const HttpRequest &request, const HttpServer::Responder &respond);

private:
    std::optional<DeviceRequest> requestOf(const FormFields &form, const HttpRequest &request) const;
    HttpResponse answerOf(const DeviceRequest &wanted, const QString &name, const PasswordDesk::Verdict &verdict,
                          const HttpRequest &facts);
    HttpResponse allowed(const DeviceRequest &wanted, const IssuerUser &person, const HttpRequest &facts);
    void recordRefusal(const QString &reason, const QString &clientId, const HttpRequest &request);
    QByteArray confirmPage(const DeviceRequest &wanted, const QString &username, const QString &problem) const;

    IssuerServices &m_services;
    PasswordDesk &m_desk;
    DeviceBook &m_book;
    SignInBrake m_brake; // of user codes
    const Sealer m_forms;
};

} // namespace Watchword::Gateway
