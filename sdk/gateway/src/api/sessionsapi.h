// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/apirequest.h"
#include "endpoint/hub.h"
#include "lock/lockbook.h"

namespace Watchword::Gateway {

class AuditLog;
class Issuer;

/*!
    /v1/users/{sub}/sessions, /v1/sessions/{sid} and, for everybody with a token of their own, /v1/me/sessions; see
    sdk/docs/openapi.json. A session is what is connected with its issuer, user and "sid", and what the embedded issuer has signed
   in. An end is in the audit before it is done, and is not done where that cannot be. Threads: one. Ownership: borrows all.
*/
class SessionsApi
{
public:
    SessionsApi(Hub &hub, LockBook &locks, Issuer *issuer, AuditLog &audit, Clock &clock);

    std::optional<HttpResponse> answer(const ApiRequest &request); //!< Nothing: none of its paths.
    void setKeep(Duration keep) { m_keep = keep; } //!< How long what is ended is remembered.

private:
    struct Session
    {
        QString id;
        QString issuer;
        QString user;
        QString client;
        std::optional<WallTime> since;
        int connections = 0;
    };
    QList<Session> sessionsOf(const QString &user, const QString &issuer) const;
    HttpResponse list(const QList<Session> &sessions, const QString &current) const;
    HttpResponse endById(const ApiRequest &request);
    HttpResponse end(const ApiRequest &request, const Session &session, bool isOwn);

    Hub &m_hub;
    LockBook &m_locks;
    Issuer *m_issuer;
    AuditLog &m_audit;
    Clock &m_clock;
    Duration m_keep{};
};

} // namespace Watchword::Gateway
