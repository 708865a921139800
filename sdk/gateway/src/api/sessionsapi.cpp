// SPDX-License-Identifier: Apache-2.0
#include "api/sessionsapi.h"

#include "audit/auditlog.h"
#include "gate/admission.h"
#include "issuer/issuer.h"

#include <QJsonArray>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

// An issuer may give two people the same "sid".
QString keyOf(const QString &issuer, const QString &subject, const QString &session)
{
    return QStringList{issuer, subject, session}.join(QChar(u'\0'));
}

} // namespace

SessionsApi::SessionsApi(Hub &hub, LockBook &locks, Issuer *issuer, AuditLog &audit, Clock &clock)
    : m_hub(hub)
    , m_locks(locks)
    , m_issuer(issuer)
    , m_audit(audit)
    , m_clock(clock)
{
}

std::optional<HttpResponse> SessionsApi::answer(const ApiRequest &request)
{
    if (request.is("GET", {"me", "sessions"}))
        return list(sessionsOf(request.by.subject, request.by.issuer), request.by.sessionId);
    if (request.is("DELETE", {"me", "sessions", "*"})) {
        const QList<Session> own = sessionsOf(request.by.subject, request.by.issuer);
        for (const Session &session : own) {
            if (session.id == request.segments.at(2))
                return end(request, session, true);
        }
        return apiProblem(404, u"not_found"_s, u"None of your sessions has this id."_s);
    }
    if (request.is("GET", {"users", "*", "sessions"})) {
        return scopeMissing(request, u"gw:read"_s)
            .value_or(list(sessionsOf(request.segments.at(1), request.http.query().value(u"issuer"_s)), {}));
    }
    if (!request.is("DELETE", {"sessions", "*"}))
        return {};
    if (const auto refusal = scopeMissing(request, u"gw:kick"_s))
        return refusal;
    return endById(request);
}

QList<SessionsApi::Session> SessionsApi::sessionsOf(const QString &user, const QString &issuer) const
{
    QHash<QString, Session> found;
    const auto isMeant = [&](const QString &subject, const QString &from) {
        return (user.isEmpty() || subject == user) && (issuer.isEmpty() || from == issuer);
    };
    const QList<LiveConnection> connections = m_hub.liveConnections();
    for (const LiveConnection &connection : connections) {
        const Identity &who = connection.identity;
        if (!isMeant(who.subject, who.issuer))
            continue;
        Session &session = found[keyOf(who.issuer, who.subject, who.sessionId)];
        ++session.connections;
        session.id = who.sessionId;
        session.issuer = who.issuer;
        session.user = who.subject;
        session.client = who.clientId;
        if (who.authTime)
            session.since = who.authTime;
    }
    const QList<SessionRecord> signedIn = m_issuer ? m_issuer->openSessions() : QList<SessionRecord>();
    for (const SessionRecord &record : signedIn) {
        if (!isMeant(record.subject, m_issuer->identifier()))
            continue;
        Session &session = found[keyOf(m_issuer->identifier(), record.subject, record.id)];
        session = {record.id, m_issuer->identifier(), record.subject, record.clientId, record.authTime, session.connections};
    }
    QList<Session> sessions = found.values();
    std::sort(sessions.begin(), sessions.end(), [](const Session &a, const Session &b) { return a.id < b.id; });
    return sessions;
}

HttpResponse SessionsApi::endById(const ApiRequest &request)
{
    const FormFields query = request.http.query();
    QList<Session> found = sessionsOf(query.value(u"user"_s), query.value(u"issuer"_s));
    found.removeIf([&](const Session &session) { return session.id != request.segments.at(1); });
    if (found.isEmpty())
        return apiProblem(404, u"not_found"_s, u"No session that is known here has this id; a lock holds for any."_s);
    if (found.size() > 1)
        return apiProblem(409, u"ambiguous"_s, u"Several people have a session with this id: name \"issuer\" and \"user\"."_s);
    return end(request, found.first(), false);
}

HttpResponse SessionsApi::list(const QList<Session> &sessions, const QString &current) const
{
    QJsonArray rows;
    for (const Session &session : sessions.mid(0, 1'000)) {
        QJsonObject row{{"id"_L1, session.id},
                        {"issuer"_L1, session.issuer},
                        {"user"_L1, session.user},
                        {"client"_L1, session.client},
                        {"connections"_L1, session.connections}};
        if (session.since)
            row.insert("since"_L1, toRfc3339(*session.since));
        if (!current.isEmpty())
            row.insert("current"_L1, session.id == current);
        rows.append(row);
    }
    return HttpResponse::json(200, {{"sessions"_L1, rows}, {"total"_L1, sessions.size()}});
}

HttpResponse SessionsApi::end(const ApiRequest &request, const Session &session, bool isOwn)
{
    const QString said = request.http.query().value(u"reason"_s).left(500);
    AuditEntry entry;
    entry.type = u"admin.session_end"_s;
    entry.subject = session.id;
    entry.severity = 2;
    entry.outcome = u"success"_s;
    entry.reasonCode = isOwn ? u"own_session"_s : u"operator_request"_s;
    entry.message = u"%1 ends the session %2 of %3."_s.arg(request.by.name, session.id, session.user);
    QJsonObject actor = operatorActor(request.by);
    if (isOwn)
        actor.insert("type"_L1, u"user"_s);
    entry.data = {{"actor"_L1, actor},
                  {"initiator"_L1, isOwn ? u"user"_s : u"admin"_s},
                  {"target"_L1, QJsonObject{{"kind"_L1, u"session"_s}, {"id"_L1, session.id}}},
                  {"src"_L1, auditSource({.address = request.http.peer, .port = request.http.peerPort})}};
    if (!said.isEmpty())
        entry.data.insert("admin"_L1, QJsonObject{{"justification"_L1, said}});
    if (!m_audit.append(entry))
        return apiProblem(503, u"audit_unavailable"_s, u"The audit log cannot be written, so nothing was done."_s);
    if (m_issuer && session.issuer == m_issuer->identifier())
        m_issuer->revokeSession(session.id, isOwn ? u"signed_out"_s : u"operator_request"_s);
    Lock lock;
    lock.target = {LockTarget::Kind::Session, session.issuer, session.id, session.user};
    lock.mode = Lock::Mode::Revoked;
    lock.since = m_clock.wallNow();
    lock.until = lock.since + m_keep;
    lock.reason = isOwn ? u"user"_s : u"admin"_s;
    lock.by = request.by.name;
    const Result<Lock> added = m_locks.add(lock);
    return HttpResponse::json(200,
                              {{"ended"_L1, session.id},
                               {"connections"_L1, session.connections},
                               {"effect"_L1, added && m_locks.isDurable() ? u"durable"_s : u"memory"_s}});
}

} // namespace Watchword::Gateway
