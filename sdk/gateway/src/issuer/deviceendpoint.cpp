// SPDX-License-Identifier: Apache-2.0
#include "issuer/deviceendpoint.h"

#include "issuer/issuerrequest.h"
#include "issuer/loginpage.h"
#include "limit/addressrates.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

// Codes that somebody may try: the chance to hit one of a thousand among 25 thousand million stays below one in a million.
SignInLimits codeLimits()
{
    SignInLimits limits;
    limits.failuresPerUser = 10;
    limits.failuresPerAddress = 10;
    limits.failuresPerAccount = 10'000; // of everybody together
    return limits;
}

SignInTry tryFrom(const HttpRequest &request)
{
    return {u"code"_s, AddressRates::networkOf(request.peer), {}};
}

HttpResponse deviceProblem(int status, const QString &text)
{
    return HttpResponse::page(status, messagePage(u"Connect a device"_s, text));
}

} // namespace

DeviceEndpoint::DeviceEndpoint(IssuerServices &services, PasswordDesk &desk, DeviceBook &book)
    : m_services(services)
    , m_desk(desk)
    , m_book(book)
    , m_brake(codeLimits())
    , m_forms("device")
{
}

HttpResponse DeviceEndpoint::begin(const HttpRequest &request)
{
    const std::optional<FormFields> form = request.form();
    if (!form || form->hasRepeatedName())
        return tokenError(u"invalid_request"_s, u"send each parameter once, as application/x-www-form-urlencoded"_s);
    HttpResponse refusal;
    const IssuerClient *client = publicClient(m_services.directory, request, *form, &refusal);
    if (!client)
        return refusal;
    QStringList scopes = form->value(u"scope"_s).split(u' ', Qt::SkipEmptyParts);
    if (scopes.isEmpty())
        scopes = client->scopes;
    scopes.removeDuplicates();
    if (IssuerDirectory::allowedScopes(scopes, client->scopes).size() != scopes.size())
        return tokenError(u"invalid_scope"_s, u"the client may not ask for one of the scopes"_s);
    const std::optional<DeviceBook::Begun> begun =
        m_book.begin(client->id, scopes, AddressRates::networkOf(request.peer), m_services.clock.wallNow());
    if (!begun) {
        recordRefusal(u"too_many_devices"_s, client->id, request);
        return tokenError(u"temporarily_unavailable"_s, u"too many devices wait to be allowed"_s, 429).with("Retry-After", "60");
    }
    const QString page = m_services.directory.url() + u"/device"_s;
    return HttpResponse::json(200,
                              {{"device_code"_L1, QString::fromLatin1(begun->deviceCode.reveal())},
                               {"user_code"_L1, begun->userCode},
                               {"verification_uri"_L1, page},
                               {"verification_uri_complete"_L1, page + u"?user_code="_s + begun->userCode},
                               {"expires_in"_L1, qint64(DeviceBook::kLifetime.count())},
                               {"interval"_L1, qint64(DeviceBook::kInterval.count())}})
        .with("Pragma", "no-cache");
}

HttpResponse DeviceEndpoint::show(const HttpRequest &request) const
{
    return HttpResponse::page(200, deviceCodePage(request.query().value(u"user_code"_s).left(32), {}));
}

HttpResponse DeviceEndpoint::look(const HttpRequest &request)
{
    const std::optional<FormFields> form = request.form();
    if (!form || form->hasRepeatedName())
        return deviceProblem(415, u"The form was sent in an unknown format."_s);
    if (isFromElsewhere(request))
        return deviceProblem(403, u"The form does not belong to this page. Go back and start again."_s);
    const QString typed = form->value(u"user_code"_s).left(32);
    const SignInTry attempt = tryFrom(request);
    if (const std::optional<Duration> wait = m_brake.take(attempt, m_services.clock.now())) {
        recordRefusal(u"too_many_user_codes"_s, {}, request);
        return HttpResponse::page(429,
                                  deviceCodePage({}, u"There were too many wrong codes. Wait a few minutes, then try again."_s))
            .with("Retry-After", QByteArray::number(qint64(wait->count() / 1000 + 1)));
    }
    const std::optional<DeviceRequest> wanted = m_book.findByUserCode(typed, m_services.clock.wallNow());
    if (!wanted) {
        recordRefusal(u"unknown_user_code"_s, {}, request);
        return HttpResponse::page(
            400, deviceCodePage(typed, u"This code is wrong or too old. Look at the device again, or let it start anew."_s));
    }
    m_brake.notMade(attempt);
    return HttpResponse::page(200, confirmPage(*wanted, {}, {}));
}

// The code comes back with a tag of ours: who did not see the page cannot confirm, and guesses nothing here.
std::optional<DeviceRequest> DeviceEndpoint::requestOf(const FormFields &form, const HttpRequest &request) const
{
    const QString code = form.value(u"user_code"_s).left(32);
    const Secret tag = Secret::copy(m_forms.tagOf(code.toUtf8()));
    if (isFromElsewhere(request) || !Secret::copy(form.value(u"csrf"_s).toLatin1()).equals(tag))
        return {};
    return m_book.findByUserCode(code, m_services.clock.wallNow());
}

void DeviceEndpoint::confirm(const HttpRequest &request, const HttpServer::Responder &respond)
{
    const std::optional<FormFields> form = request.form();
    const std::optional<DeviceRequest> wanted =
        form && !form->hasRepeatedName() ? requestOf(*form, request) : std::optional<DeviceRequest>();
    if (!wanted)
        return respond(deviceProblem(403, u"This page is too old. Type the code of the device again."_s));
    const bool isDenied = form->value(u"action"_s) == "deny"_L1;
    const QString name = form->value(u"username"_s).trimmed().left(256);
    if (isDenied) {
        m_book.deny(wanted->userCode, m_services.clock.wallNow());
        recordRefusal(u"denied"_s, wanted->clientId, request);
        return respond(deviceProblem(200, u"The device was not allowed. You can close this window."_s));
    }
    HttpRequest facts = request;
    facts.body.clear(); // it holds the password
    m_desk.check({name, Secret::take(form->value(u"password"_s).toUtf8()), wanted->clientId}, facts,
                 [this, wanted = *wanted, name, facts, respond](const PasswordDesk::Verdict &verdict) {
                     respond(answerOf(wanted, name, verdict, facts));
                 });
}

HttpResponse DeviceEndpoint::answerOf(const DeviceRequest &wanted, const QString &name, const PasswordDesk::Verdict &verdict,
                                      const HttpRequest &facts)
{
    using Outcome = PasswordDesk::Verdict::Outcome;
    const QByteArray wait = QByteArray::number(qint64(verdict.wait.count()));
    switch (verdict.outcome) {
    case Outcome::Busy:
        return deviceProblem(503, u"Too many people sign in right now. Try again."_s).with("Retry-After", wait);
    case Outcome::TooMany:
        return HttpResponse::page(429, confirmPage(wanted, name, signInProblem(true))).with("Retry-After", wait);
    case Outcome::Wrong:
        return HttpResponse::page(401, confirmPage(wanted, name, signInProblem(false)));
    case Outcome::Good:
        break;
    }
    HttpResponse response = allowed(wanted, *verdict.user, facts);
    if (!verdict.deviceCookie.isEmpty())
        response.with("Set-Cookie", verdict.deviceCookie);
    return response;
}

HttpResponse DeviceEndpoint::allowed(const DeviceRequest &wanted, const IssuerUser &person, const HttpRequest &facts)
{
    const WallTime now = m_services.clock.wallNow();
    if (!m_book.allow(wanted.userCode, person.subject, person.name, IssuerDirectory::allowedScopes(wanted.scopes, person.scopes),
                      now))
        return deviceProblem(403, u"This code is too old. Let the device start anew."_s);
    m_services.audit.record({.type = u"signin.succeeded"_s,
                             .subject = {},
                             .severity = 1,
                             .outcome = u"success"_s,
                             .reasonCode = u"device_allowed"_s,
                             .message = u"%1 allowed a device with %2."_s.arg(person.name, wanted.clientId),
                             .data = {{"actor"_L1, m_services.audit.actor(person.subject, person.name, wanted.clientId)},
                                      {"initiator"_L1, u"user"_s}}},
                            &facts);
    return deviceProblem(200, u"The device is signed in. You can close this window."_s);
}

void DeviceEndpoint::recordRefusal(const QString &reason, const QString &clientId, const HttpRequest &request)
{
    m_services.audit.record({.type = u"signin.failed"_s,
                             .subject = {},
                             .severity = 3,
                             .outcome = u"denied"_s,
                             .reasonCode = reason,
                             .message = u"A sign-in by another device was refused: %1."_s.arg(reason),
                             .data = {{"actor"_L1, m_services.audit.actor({}, {}, clientId)}}},
                            &request);
}

QByteArray DeviceEndpoint::confirmPage(const DeviceRequest &wanted, const QString &username, const QString &problem) const
{
    const IssuerOptions &options = m_services.options;
    return deviceConfirmPage(
        {.request = wanted.userCode,
         .csrf = QString::fromLatin1(m_forms.tagOf(wanted.userCode.toUtf8())),
         .clientName = wanted.clientId,
         .username = username,
         .problem = problem,
         .scopes = wanted.scopes,
         .lifetime = wanted.scopes.contains(u"offline_access"_s) ? options.sessionLifetime : options.accessTokenLifetime});
}

} // namespace Watchword::Gateway
