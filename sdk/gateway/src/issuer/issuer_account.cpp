// SPDX-License-Identifier: Apache-2.0
#include "issuer/issuer_p.h"

#include "issuer/loginpage.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostVisits = 1'000;
constexpr std::chrono::minutes kVisit{10};

HttpResponse accountProblem(int status, const QString &text)
{
    return HttpResponse::page(status, messagePage(u"Your account"_s, text));
}

QDateTime dateOf(WallTime time)
{
    return QDateTime::fromMSecsSinceEpoch(time.time_since_epoch().count(), Qt::UTC);
}

} // namespace

HttpResponse Issuer::Private::showAccount() const
{
    return HttpResponse::page(200, accountSignInPage({}));
}

// There is no login cookie: whoever wants to see or end sessions gives the password, each time.
void Issuer::Private::postAccount(const HttpRequest &request, const HttpServer::Responder &respond)
{
    const std::optional<FormFields> form = request.form();
    if (!form || form->hasRepeatedName())
        return respond(accountProblem(415, u"The form was sent in an unknown format."_s));
    if (isFromElsewhere(request))
        return respond(accountProblem(403, u"The form does not belong to this page. Go back and start again."_s));
    const QString name = form->value(u"username"_s).trimmed().left(256);
    const IssuerUser *known = user(name);
    if (const auto wait = brake.wait(name, request.peer.toString(), clock.now())) {
        auditFailedSignIn(known, {}, u"too_many_attempts"_s, request);
        const qint64 seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
        return respond(HttpResponse::page(429, accountSignInPage({.username = name, .problem = signInProblem(true)}))
                           .with("Retry-After", QByteArray::number(seconds)));
    }
    if (passwordsInWork >= kMostPasswordsInWork || visits.size() >= kMostVisits)
        return respond(accountProblem(503, u"Too many people sign in right now. Try again."_s).with("Retry-After", "2"));
    HttpRequest facts = request;
    facts.body.clear(); // it holds the password
    checkPasswordLater(known, Secret::take(form->value(u"password"_s).toUtf8()), [this, known, name, facts, respond](bool good) {
        respond(accountPasswordChecked(known, name, good, facts));
    });
}

HttpResponse Issuer::Private::accountPasswordChecked(const IssuerUser *known, const QString &name, bool good,
                                                     const HttpRequest &request)
{
    if (!good) {
        brake.failed(name, request.peer.toString(), clock.now());
        auditFailedSignIn(known, {}, known ? u"wrong_password"_s : u"unknown_user"_s, request);
        return HttpResponse::page(401, accountSignInPage({.username = name, .problem = signInProblem(false)}));
    }
    brake.succeeded(name, request.peer.toString());
    const QString ticket = randomId();
    visits.insert(ticket, {.name = known->name, .expires = clock.wallNow() + kVisit});
    audit({.type = u"signin.succeeded"_s,
           .subject = {},
           .severity = 1,
           .outcome = u"success"_s,
           .reasonCode = u"account_page"_s,
           .message = u"%1 looks at the sessions."_s.arg(known->name),
           .data = {{"actor"_L1, actor(known->subject, known->name, {})}, {"initiator"_L1, u"user"_s}}},
          &request);
    return listSessions(ticket, *known, {});
}

HttpResponse Issuer::Private::listSessions(const QString &ticket, const IssuerUser &person, const QString &note) const
{
    const WallTime now = clock.wallNow();
    QList<AccountSession> list;
    const QList<SessionRecord> sessions = book.sessions();
    for (const SessionRecord &session : sessions) {
        if (session.subject != person.subject || session.ended || session.isOver(now))
            continue;
        const WallTime until = session.familyHash.isEmpty() ? session.accessExpires : session.authTime + options.sessionLifetime;
        list.append({session.id, session.clientId, session.scopes, dateOf(session.authTime), dateOf(until)});
    }
    std::sort(list.begin(), list.end(), [](const AccountSession &a, const AccountSession &b) { return a.since > b.since; });
    return HttpResponse::page(200, accountPage(person.name, ticket, list, note));
}

HttpResponse Issuer::Private::endFromAccount(const HttpRequest &request)
{
    const std::optional<FormFields> form = request.form();
    if (!form || form->hasRepeatedName())
        return accountProblem(415, u"The form was sent in an unknown format."_s);
    const QString ticket = form->value(u"ticket"_s);
    const auto visit = visits.constFind(ticket);
    const bool isCurrent = visit != visits.constEnd() && visit->expires > clock.wallNow() && !isFromElsewhere(request);
    const IssuerUser *person = isCurrent ? user(visit->name) : nullptr;
    if (!person)
        return accountProblem(403, u"This page is too old. Open your account again."_s);
    const QString wanted = form->value(u"session"_s);
    int ended = 0;
    int failed = 0;
    const QList<SessionRecord> sessions = book.sessions();
    for (const SessionRecord &session : sessions) {
        const bool isMeant = wanted == "all"_L1 || session.id == wanted;
        if (session.subject != person->subject || session.ended || !isMeant)
            continue;
        endSession(session.id, u"signed_out"_s, u"signed_out"_s, u"user"_s);
        const bool isOver = book.find(session.id)->ended.has_value();
        ended += isOver;
        failed += !isOver;
    }
    if (failed > 0)
        return accountProblem(503, u"The sign-out could not be stored. Try again."_s).with("Retry-After", "5");
    return listSessions(ticket, *person,
                        ended == 0 ? u"That app was signed out already."_s
                                   : (ended == 1 ? u"The app is signed out."_s : u"All apps are signed out."_s));
}

} // namespace Watchword::Gateway
