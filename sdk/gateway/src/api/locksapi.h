// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/apirequest.h"
#include "lock/lockbook.h"

namespace Watchword::Gateway {

class AuditLog;

/*!
    /v1/locks, /v1/tokens:revoke and /v1/users/{sub}:invalidate: who is kept out; see sdk/docs/openapi.json. Every change is in
   the audit with the operator's name before it is done, and is not done where that cannot be. Threads: one. Ownership: borrows
   all.
*/
class LocksApi
{
public:
    LocksApi(LockBook &locks, AuditLog &audit, Clock &clock);

    std::optional<HttpResponse> answer(const ApiRequest &request); //!< Nothing: none of its paths.
    void setKeep(Duration keep) { m_keep = keep; } //!< How long what is revoked is remembered.

private:
    HttpResponse list() const;
    HttpResponse add(const ApiRequest &request);
    HttpResponse remove(const ApiRequest &request);
    HttpResponse revokeToken(const ApiRequest &request);
    HttpResponse invalidate(const ApiRequest &request, const QString &subject);
    HttpResponse put(const ApiRequest &request, Lock lock, const ApiReason &reason);
    bool record(const ApiRequest &request, const QString &type, const Lock &lock, const ApiReason &reason);

    LockBook &m_locks;
    AuditLog &m_audit;
    Clock &m_clock;
    Duration m_keep{};
};

} // namespace Watchword::Gateway
