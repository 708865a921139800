// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditlog.h"
#include "http/httpmessage.h"
#include "issuer/issuerdirectory.h"
#include "issuer/sessionstore.h"

namespace Watchword::Gateway {

/*! How the embedded issuer records what it does. Threads: one. Ownership: borrows log and directory. */
class IssuerAudit
{
public:
    IssuerAudit(AuditLog &log, const IssuerDirectory &directory);

    //! \a request tells from where; null for what the issuer did by itself. Refusals, which strangers can cause, are counted
    //! instead of written when there are too many of them.
    void record(AuditEntry entry, const HttpRequest *request = nullptr);
    //! Member "actor" of an event.
    QJsonObject actor(const QString &subject, const QString &name, const QString &clientId) const;
    static QJsonObject session(const SessionRecord &session); //!< Member "session".

private:
    AuditLog &m_log;
    const IssuerDirectory &m_directory;
};

} // namespace Watchword::Gateway
