// SPDX-License-Identifier: Apache-2.0
#include "issuer/signinpage.h"

#include "issuer/issuerrequest.h"
#include "issuer/redirecturi.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostUsed = 10'000;

HttpResponse signInPageProblem(int status, const QString &text)
{
    return HttpResponse::page(status, messagePage(u"Sign-in is not possible"_s, text));
}

HttpResponse startAgain()
{
    return signInPageProblem(400, u"This sign-in is unknown or took too long. Go back to the app and start again."_s);
}

HttpResponse tooBusy(const QByteArray &seconds)
{
    return signInPageProblem(503, u"Too many people sign in right now. Try again."_s).with("Retry-After", seconds);
}

} // namespace

SignInPage::SignInPage(IssuerServices &services, PasswordDesk &desk, CodeBook &codes)
    : m_services(services)
    , m_desk(desk)
    , m_codes(codes)
    , m_requests("sign-in")
    , m_forms("form")
{
}

QString SignInPage::addressOf(const SignInRequest &request) const
{
    return withParameters(m_services.directory.url() + u"/login"_s,
                          {{"request", QString::fromLatin1(m_requests.seal(request.toBytes()))}})
        .toString(QUrl::FullyEncoded);
}

std::optional<SignInRequest> SignInPage::requestOf(const QString &sealed) const
{
    const std::optional<QByteArray> bytes = m_requests.open(sealed.toLatin1());
    std::optional<SignInRequest> request = bytes ? SignInRequest::fromBytes(*bytes) : std::nullopt;
    if (!request || request->expires <= m_services.clock.wallNow() || m_used.contains(request->id))
        return {};
    return request;
}

HttpResponse SignInPage::show(const HttpRequest &request) const
{
    const std::optional<SignInRequest> wanted = requestOf(request.query().value(u"request"_s));
    return wanted ? HttpResponse::page(200, loginPage(formOf(*wanted, wanted->loginHint, {}))) : startAgain();
}

void SignInPage::submit(const HttpRequest &request, const HttpServer::Responder &respond)
{
    const std::optional<FormFields> form = request.form();
    if (!form)
        return respond(signInPageProblem(415, u"The sign-in form was sent in an unknown format."_s));
    const std::optional<SignInRequest> wanted = requestOf(form->value(u"request"_s));
    if (!wanted)
        return respond(startAgain());
    const Secret csrf = Secret::copy(m_forms.tagOf(wanted->id.toLatin1()));
    if (!Secret::copy(form->value(u"csrf"_s).toLatin1()).equals(csrf) || isFromElsewhere(request)) {
        m_desk.recordFailure({}, wanted->clientId, u"csrf"_s, request);
        return respond(signInPageProblem(403, u"The sign-in form does not belong to this page. Go back and start again."_s));
    }
    if (form->value(u"action"_s) == "cancel"_L1) {
        use(*wanted);
        return respond(authorizationError(wanted->redirectUri, wanted->state, u"access_denied"_s, u"the sign-in was cancelled"_s,
                                          m_services.directory.url()));
    }
    if (m_checking.contains(wanted->id))
        return respond(signInPageProblem(409, u"This sign-in is being checked already."_s));
    const QString name = form->value(u"username"_s).trimmed().left(256);
    m_checking.insert(wanted->id);
    HttpRequest facts = request;
    facts.body.clear(); // it holds the password
    m_desk.check({name, Secret::take(form->value(u"password"_s).toUtf8()), wanted->clientId}, facts,
                 [this, wanted = *wanted, name, facts, respond](const PasswordDesk::Verdict &verdict) {
                     m_checking.remove(wanted.id);
                     respond(answerOf(wanted, name, verdict, facts));
                 });
}

HttpResponse SignInPage::answerOf(const SignInRequest &request, const QString &name, const PasswordDesk::Verdict &verdict,
                                  const HttpRequest &facts)
{
    using Outcome = PasswordDesk::Verdict::Outcome;
    const QByteArray wait = QByteArray::number(qint64(verdict.wait.count()));
    switch (verdict.outcome) {
    case Outcome::Busy:
        return tooBusy(wait);
    case Outcome::TooMany:
        return HttpResponse::page(429, loginPage(formOf(request, name, signInProblem(true)))).with("Retry-After", wait);
    case Outcome::Wrong:
        return HttpResponse::page(401, loginPage(formOf(request, name, signInProblem(false))));
    case Outcome::Good:
        break;
    }
    if (request.expires <= m_services.clock.wallNow() || m_used.contains(request.id)) // while the password was checked
        return startAgain();
    if (m_codes.isFull())
        return tooBusy("5");
    use(request);
    HttpResponse response = signedIn(request, *verdict.user, facts);
    if (!verdict.deviceCookie.isEmpty())
        response.with("Set-Cookie", verdict.deviceCookie);
    return response;
}

HttpResponse SignInPage::signedIn(const SignInRequest &request, const IssuerUser &person, const HttpRequest &facts)
{
    const WallTime now = m_services.clock.wallNow();
    const CodeGrant grant{.sessionId = u"s-"_s + randomId(),
                          .subject = person.subject,
                          .name = person.name,
                          .clientId = request.clientId,
                          .redirectUri = request.redirectUri,
                          .nonce = request.nonce,
                          .challenge = request.challenge,
                          .scopes = IssuerDirectory::allowedScopes(request.scopes, person.scopes),
                          .authTime = now,
                          .expires = now + m_services.options.codeLifetime};
    const Secret code = m_codes.issue(grant);
    m_services.audit.record(
        {.type = u"signin.succeeded"_s,
         .subject = grant.sessionId,
         .severity = 1,
         .outcome = u"success"_s,
         .reasonCode = {},
         .message = u"%1 signed in."_s.arg(person.name),
         .data = {{"actor"_L1, m_services.audit.actor(person.subject, person.name, request.clientId)},
                  {"initiator"_L1, u"user"_s},
                  {"session"_L1, QJsonObject{{"sid"_L1, grant.sessionId}, {"created"_L1, toSecondsSinceEpoch(now)}}}}},
        &facts);
    return HttpResponse::redirect(withParameters(
        request.redirectUri,
        {{"code", QString::fromLatin1(code.reveal())}, {"state", request.state}, {"iss", m_services.directory.url()}}));
}

LoginForm SignInPage::formOf(const SignInRequest &request, const QString &username, const QString &problem) const
{
    const IssuerOptions &options = m_services.options;
    return {.request = QString::fromLatin1(m_requests.seal(request.toBytes())),
            .csrf = QString::fromLatin1(m_forms.tagOf(request.id.toLatin1())),
            .clientName = request.clientId,
            .username = username,
            .problem = problem,
            .scopes = request.scopes,
            .lifetime = request.scopes.contains(u"offline_access"_s) ? options.sessionLifetime : options.accessTokenLifetime};
}

void SignInPage::use(const SignInRequest &request)
{
    if (m_used.size() >= kMostUsed)
        m_used.erase(std::min_element(m_used.begin(), m_used.end()));
    m_used.insert(request.id, request.expires);
}

void SignInPage::forget(WallTime now)
{
    m_used.removeIf([now](const auto &entry) { return entry.value() <= now; });
}

} // namespace Watchword::Gateway
