// SPDX-License-Identifier: Apache-2.0
#include "issuer/issueraudit.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

IssuerAudit::IssuerAudit(AuditLog &log, const IssuerDirectory &directory)
    : m_log(log)
    , m_directory(directory)
{
}

void IssuerAudit::record(AuditEntry entry, const HttpRequest *request)
{
    if (request) {
        QJsonObject source{{"ip"_L1, request->peer.toString()}};
        if (request->peerPort != 0) // a proxy may not say it
            source.insert("port"_L1, request->peerPort);
        entry.data.insert("src"_L1, source);
        entry.data.insert("http"_L1, QJsonObject{{"path"_L1, QString::fromLatin1(request->head.path)}});
        const QByteArray agent =
            request->head.value("User-Agent").first(qMin<qsizetype>(256, request->head.value("User-Agent").size()));
        if (!agent.isEmpty())
            entry.data.insert("ua"_L1, QString::fromLatin1(agent));
    }
    // The log itself says what it lost; tokens are issued nevertheless, so that a full disk does not sign everybody out.
    // Nobody waits for the record of a refusal, and anybody can cause one.
    if (entry.severity == 3 && request)
        m_log.postLimited(entry, request->peer);
    else if (entry.severity >= 3)
        m_log.post(entry);
    else
        static_cast<void>(m_log.append(entry));
}

QJsonObject IssuerAudit::actor(const QString &subject, const QString &name, const QString &clientId) const
{
    QJsonObject actor{{"type"_L1, u"user"_s}, {"iss"_L1, m_directory.url()}, {"client_id"_L1, clientId}};
    if (!subject.isEmpty())
        actor.insert("sub"_L1, subject);
    if (!name.isEmpty())
        actor.insert("name"_L1, name);
    return actor;
}

QJsonObject IssuerAudit::session(const SessionRecord &session)
{
    QJsonObject json{{"sid"_L1, session.id}, {"created"_L1, toSecondsSinceEpoch(session.authTime)}};
    if (!session.familyHash.isEmpty())
        json.insert("expires"_L1, toSecondsSinceEpoch(session.refreshExpires));
    return json;
}

} // namespace Watchword::Gateway
