// SPDX-License-Identifier: Apache-2.0
#include "issuer/accountpage.h"

#include "issuer/issuerrequest.h"
#include "issuer/loginpage.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kMostVisits = 1'000;
constexpr qsizetype kMostVisitsOfAPerson = 8; // then the oldest ends: nobody alone keeps the others out
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

AccountPage::AccountPage(IssuerServices &services, PasswordDesk &desk)
    : m_services(services)
    , m_desk(desk)
{
}

HttpResponse AccountPage::show() const
{
    return HttpResponse::page(200, accountSignInPage({}));
}

// There is no login cookie: whoever wants to see or end sessions gives the password, each time.
void AccountPage::submit(const HttpRequest &request, const HttpServer::Responder &respond)
{
    const std::optional<FormFields> form = request.form();
    if (!form || form->hasRepeatedName())
        return respond(accountProblem(415, u"The form was sent in an unknown format."_s));
    if (isFromElsewhere(request))
        return respond(accountProblem(403, u"The form does not belong to this page. Go back and start again."_s));
    const QString name = form->value(u"username"_s).trimmed().left(256);
    HttpRequest facts = request;
    facts.body.clear(); // it holds the password
    m_desk.check({name, Secret::take(form->value(u"password"_s).toUtf8()), {}}, facts,
                 [this, name, facts, respond](const PasswordDesk::Verdict &verdict) { respond(answerOf(name, verdict, facts)); });
}

HttpResponse AccountPage::answerOf(const QString &name, const PasswordDesk::Verdict &verdict, const HttpRequest &facts)
{
    using Outcome = PasswordDesk::Verdict::Outcome;
    const QByteArray wait = QByteArray::number(qint64(verdict.wait.count()));
    switch (verdict.outcome) {
    case Outcome::TooMany:
        return HttpResponse::page(429, accountSignInPage({.username = name, .problem = signInProblem(true)}))
            .with("Retry-After", wait);
    case Outcome::Wrong:
        return HttpResponse::page(401, accountSignInPage({.username = name, .problem = signInProblem(false)}));
    case Outcome::Busy:
    case Outcome::Good:
        break;
    }
    if (verdict.outcome == Outcome::Good)
        makeRoomFor(verdict.user->name);
    if (verdict.outcome == Outcome::Busy || m_visits.size() >= kMostVisits)
        return accountProblem(503, u"Too many people sign in right now. Try again."_s).with("Retry-After", "2");
    const IssuerUser &person = *verdict.user;
    const QString ticket = randomId();
    m_visits.insert(ticket, {.name = person.name, .expires = m_services.clock.wallNow() + kVisit});
    m_services.audit.record(
        {.type = u"signin.succeeded"_s,
         .subject = {},
         .severity = 1,
         .outcome = u"success"_s,
         .reasonCode = u"account_page"_s,
         .message = u"%1 looks at the sessions."_s.arg(person.name),
         .data = {{"actor"_L1, m_services.audit.actor(person.subject, person.name, {})}, {"initiator"_L1, u"user"_s}}},
        &facts);
    HttpResponse response = list(ticket, person, {});
    if (!verdict.deviceCookie.isEmpty())
        response.with("Set-Cookie", verdict.deviceCookie);
    return response;
}

void AccountPage::makeRoomFor(const QString &name)
{
    auto oldest = m_visits.end();
    qsizetype count = 0;
    for (auto it = m_visits.begin(); it != m_visits.end(); ++it) {
        if (it->name != name)
            continue;
        ++count;
        if (oldest == m_visits.end() || it->expires < oldest->expires)
            oldest = it;
    }
    if (count >= kMostVisitsOfAPerson)
        m_visits.erase(oldest);
}

HttpResponse AccountPage::list(const QString &ticket, const IssuerUser &person, const QString &note) const
{
    QList<AccountSession> shown;
    const QList<SessionRecord> sessions = m_services.sessions.openSessionsOf(person.subject);
    for (const SessionRecord &session : sessions) {
        const WallTime until =
            session.familyHash.isEmpty() ? session.accessExpires : session.authTime + m_services.options.sessionLifetime;
        shown.append({session.id, session.clientId, session.scopes, dateOf(session.authTime), dateOf(until)});
    }
    std::sort(shown.begin(), shown.end(), [](const AccountSession &a, const AccountSession &b) { return a.since > b.since; });
    return HttpResponse::page(200, accountPage(person.name, ticket, shown, note));
}

HttpResponse AccountPage::end(const HttpRequest &request)
{
    const std::optional<FormFields> form = request.form();
    if (!form || form->hasRepeatedName())
        return accountProblem(415, u"The form was sent in an unknown format."_s);
    const QString ticket = form->value(u"ticket"_s);
    const auto visit = m_visits.constFind(ticket);
    const bool isCurrent =
        visit != m_visits.constEnd() && visit->expires > m_services.clock.wallNow() && !isFromElsewhere(request);
    const std::optional<IssuerUser> person = isCurrent ? m_services.directory.user(visit->name) : std::nullopt;
    if (!person)
        return accountProblem(403, u"This page is too old. Open your account again."_s);
    const QString wanted = form->value(u"session"_s);
    int ended = 0;
    int failed = 0;
    const QList<SessionRecord> sessions = m_services.sessions.book().sessions();
    for (const SessionRecord &session : sessions) {
        const bool isMeant = wanted == "all"_L1 || session.id == wanted;
        if (session.subject != person->subject || session.ended || !isMeant)
            continue;
        m_services.sessions.end(session.id, {u"signed_out"_s, u"signed_out"_s, u"user"_s});
        const bool isOver = m_services.sessions.book().find(session.id)->ended.has_value();
        ended += isOver;
        failed += !isOver;
    }
    if (failed > 0)
        return accountProblem(503, u"The sign-out could not be stored. Try again."_s).with("Retry-After", "5");
    return list(ticket, *person,
                ended == 0 ? u"That app was signed out already."_s
                           : (ended == 1 ? u"The app is signed out."_s : u"All apps are signed out."_s));
}

void AccountPage::forget(WallTime now)
{
    m_visits.removeIf([now](const auto &entry) { return entry.value().expires <= now; });
}

} // namespace Watchword::Gateway
