// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/providerpoll.h"
#include "api/providerstatement.h"
#include "gate/tokenverifier.h"
#include "http/httpserver.h"
#include "limit/replaycache.h"
#include "lock/lockbook.h"

#include <QHash>

#include <map>

namespace Watchword::Gateway {

class AuditLog;
class FailedAuth;

/*!
    Takes what configured providers say about sessions that ended, and sees to it that their connections end: logout tokens
    (OpenID Connect Back-Channel Logout 1.0) and security event tokens (Shared Signals Framework 1.0) by push (RFC 8935) and by
    poll (ProviderPoll).

    Only providers with [issuer.events] are listened to. Nothing is believed before its signature is proven by the provider's own
    keys. A token is taken once. What is taken is in the audit before it is done; it is done nevertheless where the audit cannot
    be written, since a session that goes on would be worse.

    Threads: one. Ownership: borrows all that it is made with.
*/
class ProviderWord : public QObject
{
    Q_OBJECT

public:
    ProviderWord(TokenVerifier &verifier, LockBook &locks, FailedAuth &failures, AuditLog &audit, Clock &clock);

    void setConfig(const GatewayConfig &config);
    void logout(const HttpRequest &request, const HttpServer::Responder &respond); //!< POST, form with logout_token.
    void events(const HttpRequest &request, const HttpServer::Responder &respond); //!< POST, application/secevent+jwt.

private:
    struct Provider
    {
        QStringList audiences;
        Secret pushToken; //!< Empty: none is asked for.
    };
    const Provider *providerOf(const Jwt &unproved) const;
    bool isFirst(const QString &issuer, const QString &id);
    void act(const ProviderStatement &statement, const HttpRequest &request);
    //! \a answer, or 429 if too much of that address was refused.
    HttpResponse refused(const Error &error, const HttpRequest &request, const HttpResponse &answer);
    void recordBadEvent(const Error &error, const QString &issuer, const QString &id);
    HttpResponse logoutAnswer(const Result<Jwt> &jwt, const HttpRequest &request);
    HttpResponse eventsAnswer(const Result<Jwt> &jwt, const HttpRequest &request);
    Result<void> takeEvents(const Result<Jwt> &jwt, const HttpRequest &request); //!< Acts, or says why not.
    void setPolls(const GatewayConfig &config);
    void takePolled(const QString &issuer, const Secret &token, const std::function<void(const ProviderPoll::Verdict &)> &answer);

    TokenVerifier &m_verifier;
    LockBook &m_locks;
    FailedAuth &m_failures;
    AuditLog &m_audit;
    Clock &m_clock;
    QHash<QString, Provider> m_providers; // by issuer
    ReplayCache m_seen;
    Duration m_keep{};
    std::map<QString, std::pair<IssuerConfig, std::unique_ptr<ProviderPoll>>> m_polls; // by issuer
};

} // namespace Watchword::Gateway
