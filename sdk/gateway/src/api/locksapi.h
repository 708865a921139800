// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/apirequest.h"
#include "api/lockreach.h"
#include "lock/lockbook.h"

namespace Watchword::Gateway {

class AuditLog;

/*!
    /v1/locks, /v1/tokens:revoke and /v1/users/{sub}:invalidate: who is kept out; see sdk/docs/openapi.json. Every change is in
   the audit with the operator's name before it is done, and is not done where that cannot be. What keeps out operators,
    everybody or many addresses needs a fresh sign-in. Threads: one. Ownership: borrows all.
*/
class LocksApi
{
public:
    LocksApi(Hub &hub, LockBook &locks, AuditLog &audit, Clock &clock);

    std::optional<HttpResponse> answer(const ApiRequest &request); //!< Nothing: none of its paths.
    void setKeep(Duration keep) { m_keep = keep; } //!< How long what is revoked is remembered.
    void setServer(const QHostAddress &address) { m_server = address; } //!< Where the API is reached.
    void noteOperator(const Identity &by, const QHostAddress &address); //!< Who used the API.

private:
    struct Seen
    {
        Presence who;
        Instant at{};
    };
    HttpResponse list() const;
    HttpResponse add(const ApiRequest &request);
    HttpResponse remove(const ApiRequest &request);
    HttpResponse revokeToken(const ApiRequest &request);
    HttpResponse invalidate(const ApiRequest &request, const QString &subject);
    HttpResponse put(const ApiRequest &request, Lock lock, const ApiReason &reason);
    LockScene sceneOf(const ApiRequest &request) const;
    bool record(const ApiRequest &request, const QString &type, const Lock &lock, const ApiReason &reason);

    Hub &m_hub;
    LockBook &m_locks;
    AuditLog &m_audit;
    Clock &m_clock;
    Duration m_keep{};
    QHostAddress m_server;
    QHash<QString, Seen> m_operators; // by issuer and subject
};

} // namespace Watchword::Gateway
