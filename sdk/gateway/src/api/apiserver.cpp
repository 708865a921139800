// SPDX-License-Identifier: Apache-2.0
#include "api/apiserver.h"

#include "audit/auditlog.h"
#include "gate/admission.h"
#include "gate/credential.h"
#include "gate/gatedecision.h"
#include "gate/proofchecker.h"

#include <QJsonDocument>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr double kRequestsPerSecond = 100;
constexpr double kRequestBurst = 1'000;
constexpr QByteArrayView kRoot = "/v1/";

QStringList segmentsOf(const QByteArray &path)
{
    QStringList segments;
    const QList<QByteArray> parts = path.sliced(kRoot.size()).split('/');
    for (const QByteArray &part : parts)
        segments.append(QString::fromUtf8(QByteArray::fromPercentEncoding(part)));
    return segments;
}

HttpResponse onlyPost()
{
    return apiProblem(405, u"method"_s, u"This address answers POST only."_s).with("Allow", "POST");
}

} // namespace

ApiServer::ApiServer(const ApiServices &services)
    : m_services(services)
    , m_providerWord(services.verifier, services.locks, services.failures, services.audit, services.clock)
    , m_connections(services.hub, services.audit, services.clock)
    , m_locks(services.hub, services.locks, services.audit, services.clock)
    , m_sessions(services.hub, services.locks, services.issuer, services.audit, services.clock)
    , m_server([this](const HttpRequest &request, const HttpServer::Responder &respond) { handle(request, respond); })
{
}

ApiServer::~ApiServer()
{
    m_server.close();
}

void ApiServer::setConfig(const GatewayConfig &config)
{
    m_config = config;
    m_providerWord.setConfig(config);
    m_locks.setKeep(config.locks.keep);
    m_sessions.setKeep(config.locks.keep);
    if (config.api)
        m_locks.setServer(config.api->address);
}

Result<void> ApiServer::listen(const QHostAddress &address, quint16 port, const QSslConfiguration &tls, Net::ReactorPool *pool)
{
    return m_server.listen(address, port, tls, pool);
}

Result<void> ApiServer::setTlsConfiguration(const QSslConfiguration &tls)
{
    return m_server.setTlsConfiguration(tls);
}

QUrl ApiServer::url() const
{
    QUrl url;
    url.setScheme(u"https"_s);
    url.setHost(m_server.address().toString());
    url.setPort(m_server.port());
    return url;
}

void ApiServer::handle(HttpRequest request, const HttpServer::Responder &respond)
{
    const GatePeer peer = peerOf(request.head, request.peer, request.peerPort, true, m_config);
    request.peer = peer.address;
    request.peerPort = peer.port;
    if (const auto wait = m_rates.take({}, peer.address, kRequestsPerSecond, kRequestBurst, m_services.clock.now())) {
        const qint64 seconds = std::chrono::ceil<std::chrono::seconds>(*wait).count();
        respond(apiProblem(429, u"rate_limited"_s, u"There were too many requests from this address."_s)
                    .with("Retry-After", QByteArray::number(seconds)));
        return;
    }
    const bool isPost = request.head.method == "POST";
    if (request.head.path == "/v1/backchannel-logout")
        return isPost ? m_providerWord.logout(request, respond) : respond(onlyPost());
    if (request.head.path == "/v1/security-events")
        return isPost ? m_providerWord.events(request, respond) : respond(onlyPost());
    if (!request.head.path.startsWith(kRoot))
        return respond(apiProblem(404, u"not_found"_s, u"There is nothing at this address."_s));
    authorize(request, respond);
}

void ApiServer::authorize(const HttpRequest &request, const HttpServer::Responder &respond)
{
    const Credential credential = credentialOf(request.head);
    if (credential.kind == Credential::Kind::None) {
        respond(apiProblem(401, u"no_credential"_s, u"Send an access token in Authorization."_s)
                    .with("WWW-Authenticate", "Bearer realm=\"api\""));
        return;
    }
    if (credential.kind != Credential::Kind::Header || credential.token.isEmpty() || credential.proofs.size() > 1) {
        respond(refuse(request, Error(ErrorCode::InvalidRequest, u"the credential is not one token in Authorization"_s),
                       credential.isDpop));
        return;
    }
    const auto verified = [this, request, credential, respond](const Result<Identity> &verdict) {
        Result<Identity> judged = verdict;
        const auto lock = verdict ? m_services.locks.lockOn(*verdict, request.peer) : std::nullopt;
        if (lock)
            judged = lock->toError(m_services.clock.wallNow());
        if (judged) {
            Presentation presentation{credential.isDpop,
                                      credential.proofs.value(0),
                                      m_services.proofs.requestUrl(request.head, true, false),
                                      false,
                                      {}};
            presentation.method = request.head.method;
            if (const auto problem = m_services.proofs.check(*judged, credential.token, presentation))
                judged = problem->toError();
        }
        respond(judged ? authorized(request, *judged) : refuse(request, judged.error(), credential.isDpop));
    };
    m_services.verifier.verify(credential.token, this, verified, request.peer);
}

HttpResponse ApiServer::refuse(const HttpRequest &request, const Error &error, bool isDpop)
{
    if (isIssuerTrouble(error))
        return apiProblem(503, u"keys_unavailable"_s, u"The token cannot be checked right now."_s).with("Retry-After", "5");
    if (error.code() == ErrorCode::RateLimited)
        return tooManyFailures(error.retryAfter().value_or(std::chrono::seconds(1)));
    AuditEntry entry;
    entry.type = u"conn.rejected"_s;
    entry.severity = 3;
    entry.outcome = u"denied"_s;
    entry.reasonCode = error.codeName();
    entry.message = u"A request of the API was refused: %1."_s.arg(error.detail());
    entry.data = {{"src"_L1, auditSource({.address = request.peer, .port = request.peerPort})},
                  {"http"_L1, auditHttp(request.head, 401)},
                  {"initiator"_L1, u"policy"_s}};
    m_services.audit.postLimited(entry, request.peer);
    const bool isOfToken = error.code() != ErrorCode::WrongNonce; // which is asked for once, of everybody
    if (const auto wait = isOfToken ? m_services.failures.count(request.peer) : std::nullopt)
        return tooManyFailures(*wait);
    HttpResponse response =
        apiProblem(401, u"invalid_token"_s, u"The token is not accepted."_s)
            .with("WWW-Authenticate",
                  isDpop ? "DPoP realm=\"api\", error=\"invalid_token\", algs=\"" + ProofChecker::algorithms() + '"'
                         : QByteArray("Bearer realm=\"api\", error=\"invalid_token\""));
    if (const QByteArray nonce = m_services.proofs.nonce(); isDpop && !nonce.isEmpty())
        response.with("DPoP-Nonce", nonce);
    return response;
}

HttpResponse ApiServer::authorized(const HttpRequest &request, const Identity &by)
{
    ApiRequest asked{request, by, segmentsOf(request.head.path), {}};
    if (isOperator(by))
        m_locks.noteOperator(by, request.peer);
    if (!request.body.isEmpty()) {
        const QJsonDocument document = QJsonDocument::fromJson(request.body);
        if (!document.isObject())
            return apiProblem(400, u"invalid_request"_s, u"The body is no JSON object."_s);
        asked.body = document.object();
    }
    if (const auto answer = m_connections.answer(asked))
        return *answer;
    if (const auto answer = m_locks.answer(asked))
        return *answer;
    if (const auto answer = m_sessions.answer(asked))
        return *answer;
    return apiProblem(404, u"not_found"_s, u"There is nothing at this address with this method."_s);
}

} // namespace Watchword::Gateway
