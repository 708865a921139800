// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/connectionsapi.h"
#include "api/locksapi.h"
#include "api/providerword.h"
#include "api/sessionsapi.h"
#include "http/httpserver.h"
#include "limit/failedauth.h"

namespace Watchword::Gateway {

class ProofChecker;

//! What the API borrows; all of it outlives it.
struct ApiServices
{
    Hub &hub;
    LockBook &locks;
    Issuer *issuer; //!< Null: there is no embedded one.
    TokenVerifier &verifier;
    ProofChecker &proofs;
    FailedAuth &failures;
    AuditLog &audit;
    Clock &clock;
};

/*!
    HTTPS for operators' programs, for people's own sessions, and for what providers say; sdk/docs/openapi.json describes it.
   Every request but a provider's needs an access token in "Authorization". An address may send 100 requests a second, of which a
    burst may be ten times as many.

    Life cycle: construct, listen() once, destroy. Threads: one. Ownership: borrows the services.
*/
class ApiServer : public QObject
{
    Q_OBJECT

public:
    explicit ApiServer(const ApiServices &services);
    ~ApiServer() override;

    void setConfig(const GatewayConfig &config); //!< Before listen(), and after a reload.
    Result<void> listen(const QHostAddress &address, quint16 port, const QSslConfiguration &tls, Net::ReactorPool *pool);
    Result<void> setTlsConfiguration(const QSslConfiguration &tls);
    QMap<QByteArray, quint64> droppedSockets() const { return m_server.droppedSockets(); }
    QUrl url() const; //!< "https://address:port"

private:
    void handle(HttpRequest request, const HttpServer::Responder &respond);
    void authorize(const HttpRequest &request, const HttpServer::Responder &respond);
    HttpResponse authorized(const HttpRequest &request, const Identity &by);
    HttpResponse refuse(const HttpRequest &request, const Error &error, bool isDpop);

    ApiServices m_services;
    GatewayConfig m_config;
    ProviderWord m_providerWord;
    ConnectionsApi m_connections;
    LocksApi m_locks;
    SessionsApi m_sessions;
    AddressRates m_rates;
    HttpServer m_server;
};

} // namespace Watchword::Gateway
