// SPDX-License-Identifier: Apache-2.0
#include "api/providerword.h"

#include "api/apirequest.h"
#include "audit/auditlog.h"
#include "gate/admission.h"
#include "gate/gatedecision.h"
#include "limit/failedauth.h"
#include "watchword/core/log.h"

#include <QFile>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr Duration kRemembered = std::chrono::minutes(20); // longer than a logout token is good
constexpr int kMostOfAProvider = 50'000;

HttpResponse noStore(HttpResponse response)
{
    return response.with("Cache-Control", "no-store");
}

// OpenID Connect Back-Channel Logout 1.0 section 2.8.
HttpResponse logoutRefused(const Error &error)
{
    return HttpResponse::json(400, {{"error"_L1, u"invalid_request"_s}, {"error_description"_L1, error.detail()}});
}

// RFC 8935 section 2.4, which RFC 8936 takes over.
QString errorWordOf(const Error &error)
{
    QString word = u"invalid_request"_s;
    switch (error.code()) {
    case ErrorCode::WrongIssuer:
        word = u"invalid_issuer"_s;
        break;
    case ErrorCode::WrongAudience:
        word = u"invalid_audience"_s;
        break;
    case ErrorCode::BadSignature:
    case ErrorCode::UnknownKey:
    case ErrorCode::UnusableKey:
    case ErrorCode::UnsupportedAlgorithm:
        word = u"invalid_key"_s;
        break;
    default:
        break;
    }
    return word;
}

HttpResponse eventsRefused(const Error &error)
{
    return HttpResponse::json(400, {{"err"_L1, errorWordOf(error)}, {"description"_L1, error.detail()}});
}

HttpResponse comeBack()
{
    return HttpResponse::json(503, {{"title"_L1, u"The keys of the issuer cannot be fetched."_s}}).with("Retry-After", "5");
}

Secret secretIn(const QString &file)
{
    QFile in(file);
    return !file.isEmpty() && in.open(QIODevice::ReadOnly) ? Secret::take(in.read(4096).trimmed()) : Secret();
}

QString targetWord(const LockTarget &target)
{
    return wireName(target.kind) + u' ' + target.value;
}

} // namespace

ProviderWord::ProviderWord(TokenVerifier &verifier, LockBook &locks, FailedAuth &failures, AuditLog &audit, Clock &clock)
    : m_verifier(verifier)
    , m_locks(locks)
    , m_failures(failures)
    , m_audit(audit)
    , m_clock(clock)
    , m_seen(kRemembered, ReplayCache::kMost, kMostOfAProvider)
{
}

void ProviderWord::setConfig(const GatewayConfig &config)
{
    m_providers.clear();
    m_keep = config.locks.keep;
    for (const IssuerConfig &issuer : config.issuers) {
        if (issuer.events)
            m_providers.insert(issuer.issuer(), {issuer.events->audiences, secretIn(issuer.events->pushTokenFile)});
    }
    setPolls(config);
}

const ProviderWord::Provider *ProviderWord::providerOf(const Jwt &unproved) const
{
    const auto found = m_providers.constFind(unproved.issuer());
    return found == m_providers.constEnd() ? nullptr : &*found;
}

bool ProviderWord::isFirst(const QString &issuer, const QString &id)
{
    return m_seen.take(issuer, id, m_clock.now()) != ReplayCache::Verdict::Used;
}

HttpResponse ProviderWord::refused(const Error &error, const HttpRequest &request, const HttpResponse &answer)
{
    AuditEntry entry;
    entry.type = u"conn.rejected"_s;
    entry.severity = 3;
    entry.outcome = u"denied"_s;
    entry.reasonCode = error.codeName();
    entry.message = u"What is said to come from a provider was refused: %1."_s.arg(error.detail());
    entry.data = {{"src"_L1, auditSource({.address = request.peer, .port = request.peerPort})},
                  {"http"_L1, QJsonObject{{"path"_L1, clientText(request.head.path)}}},
                  {"initiator"_L1, u"policy"_s}};
    m_audit.postLimited(entry, request.peer);
    const std::optional<Duration> wait = m_failures.count(request.peer);
    return wait ? tooManyFailures(*wait) : answer;
}

// It did not come: the gateway fetched it.
void ProviderWord::recordBadEvent(const Error &error, const QString &issuer, const QString &id)
{
    AuditEntry entry;
    entry.type = u"provider.event"_s;
    entry.severity = 3;
    entry.outcome = u"denied"_s;
    entry.reasonCode = error.codeName();
    entry.message = u"An event that the transmitter of %1 gave was refused: %2."_s.arg(issuer, error.detail());
    entry.data = {{"actor"_L1, QJsonObject{{"type"_L1, u"service"_s}, {"iss"_L1, issuer}}},
                  {"target"_L1, QJsonObject{{"kind"_L1, u"token"_s}, {"id"_L1, id}}},
                  {"initiator"_L1, u"policy"_s}};
    m_audit.postLimited(entry, {});
}

void ProviderWord::act(const ProviderStatement &statement, const HttpRequest &request)
{
    const WallTime now = m_clock.wallNow();
    AuditEntry entry;
    entry.type = u"provider.event"_s;
    entry.severity = 2;
    entry.outcome = u"success"_s;
    entry.reasonCode = statement.reason;
    entry.message =
        u"The provider %1 ended the %2: %3."_s.arg(statement.target.issuer, targetWord(statement.target), statement.reason);
    entry.data = {{"actor"_L1, QJsonObject{{"type"_L1, u"service"_s}, {"iss"_L1, statement.target.issuer}}},
                  {"target"_L1, QJsonObject{{"kind"_L1, wireName(statement.target.kind)}, {"id"_L1, statement.target.value}}},
                  {"initiator"_L1, statement.initiator}};
    if (!request.peer.isNull())
        entry.data.insert("src"_L1, auditSource({.address = request.peer, .port = request.peerPort}));
    if (const Result<AuditEvent> event = m_audit.append(entry); !event)
        qCWarning(logGateway).noquote() << "a provider's word is not in the audit:" << event.error().toString();
    Lock lock;
    lock.target = statement.target;
    lock.mode = statement.mode;
    lock.before = statement.before;
    lock.since = now;
    lock.until = now + m_keep;
    lock.reason = u"provider"_s;
    lock.by = statement.target.issuer;
    if (const Result<Lock> added = m_locks.add(lock); !added)
        qCWarning(logGateway).noquote() << "a provider's word holds until the end of the program only:"
                                        << added.error().toString();
}

void ProviderWord::logout(const HttpRequest &request, const HttpServer::Responder &respond)
{
    const std::optional<FormFields> form = request.form();
    const Secret token = form ? Secret::copy(form->value(u"logout_token"_s).toLatin1()) : Secret();
    const Result<Jwt> unproved = Jwt::parse(token.reveal());
    const Provider *provider = unproved ? providerOf(*unproved) : nullptr;
    if (!form || form->hasRepeatedName() || !unproved || !provider) {
        const Error error = !form || form->hasRepeatedName()
            ? Error(ErrorCode::InvalidRequest, u"send logout_token as application/x-www-form-urlencoded"_s)
            : (!unproved ? unproved.error() : Error(ErrorCode::WrongIssuer, u"no provider that is listened to issued it"_s));
        return respond(refused(error, request, logoutRefused(error)));
    }
    HttpRequest facts = request;
    facts.body.clear();
    // Section 2.4: "logout+jwt" is recommended; many write "JWT", or nothing.
    m_verifier.verifyStatement(token, {{u"logout+jwt"_s, u"jwt"_s}, false, provider->audiences}, this,
                               [this, facts, respond](const Result<Jwt> &jwt) { respond(logoutAnswer(jwt, facts)); });
}

HttpResponse ProviderWord::logoutAnswer(const Result<Jwt> &jwt, const HttpRequest &request)
{
    if (!jwt && isIssuerTrouble(jwt.error()))
        return comeBack();
    Result<ProviderStatement> statement =
        jwt ? readLogoutToken(jwt->claims(), m_clock.wallNow()) : Result<ProviderStatement>(jwt.error());
    if (statement && !isFirst(jwt->issuer(), jwt->id()))
        statement = Error(ErrorCode::InvalidRequest, u"the logout token came before"_s);
    if (!statement)
        return refused(statement.error(), request, logoutRefused(statement.error()));
    act(*statement, request);
    return noStore({.status = 200, .headers = {}, .body = {}});
}

void ProviderWord::events(const HttpRequest &request, const HttpServer::Responder &respond)
{
    const QByteArray type = request.head.value("Content-Type").split(';').first().trimmed().toLower();
    const Secret token = Secret::copy(request.body.trimmed());
    const Result<Jwt> unproved = Jwt::parse(token.reveal());
    const Provider *provider = unproved ? providerOf(*unproved) : nullptr;
    const auto refuse = [&](const Error &error) { respond(refused(error, request, eventsRefused(error))); };
    if (type != "application/secevent+jwt")
        return refuse(Error(ErrorCode::InvalidRequest, u"send the token as application/secevent+jwt"_s));
    if (!unproved)
        return refuse(unproved.error());
    if (!provider)
        return refuse(Error(ErrorCode::WrongIssuer, u"no provider that is listened to issued it"_s));
    QByteArray wanted = "Bearer ";
    wanted += provider->pushToken.reveal();
    const bool isAllowed = Secret::copy(request.head.value("Authorization")).equals(Secret::take(std::move(wanted)));
    if (!provider->pushToken.isEmpty() && !isAllowed) {
        const HttpResponse answer =
            HttpResponse::json(
                401, {{"err"_L1, u"authentication_failed"_s}, {"description"_L1, u"the credential is missing or wrong"_s}})
                .with("WWW-Authenticate", "Bearer realm=\"security-events\"");
        return respond(
            refused(Error(ErrorCode::Unauthorized, u"the request has not the transmitter's credential"_s), request, answer));
    }
    HttpRequest facts = request;
    facts.body.clear();
    m_verifier.verifyStatement(token, {{u"secevent+jwt"_s}, true, provider->audiences}, this,
                               [this, facts, respond](const Result<Jwt> &jwt) { respond(eventsAnswer(jwt, facts)); });
}

HttpResponse ProviderWord::eventsAnswer(const Result<Jwt> &jwt, const HttpRequest &request)
{
    if (!jwt && isIssuerTrouble(jwt.error()))
        return comeBack();
    const Result<void> taken = takeEvents(jwt, request);
    if (!taken)
        return refused(taken.error(), request, eventsRefused(taken.error()));
    return noStore({.status = 202, .headers = {}, .body = {}});
}

Result<void> ProviderWord::takeEvents(const Result<Jwt> &jwt, const HttpRequest &request)
{
    const Result<ProviderEvents> read =
        jwt ? readSecurityEvents(jwt->claims(), m_clock.wallNow()) : Result<ProviderEvents>(jwt.error());
    if (!read)
        return read.error();
    // RFC 8935 section 2.3: what came before is accepted again, and does nothing.
    if (isFirst(jwt->issuer(), read->id)) {
        for (const ProviderStatement &statement : read->statements)
            act(statement, request);
        if (read->verification)
            qCInfo(logGateway).noquote() << "the provider" << jwt->issuer() << "verified its stream of events";
        const auto poll = m_polls.find(jwt->issuer());
        if (read->verification && poll != m_polls.end())
            poll->second.second->verified(*read->verification);
    }
    return {};
}

void ProviderWord::setPolls(const GatewayConfig &config)
{
    std::map<QString, std::pair<IssuerConfig, std::unique_ptr<ProviderPoll>>> polls;
    for (const IssuerConfig &issuer : config.issuers) {
        if (!issuer.events || !issuer.events->poll)
            continue;
        const QString name = issuer.issuer();
        if (const auto same = m_polls.find(name); same != m_polls.end() && same->second.first == issuer) {
            polls.insert(m_polls.extract(same));
            continue;
        }
        auto poll = std::make_unique<ProviderPoll>(
            issuer, m_clock, [this, name](const Secret &token, auto answer) { takePolled(name, token, std::move(answer)); });
        poll->start();
        polls.emplace(name, std::pair(issuer, std::move(poll)));
    }
    m_polls = std::move(polls);
}

void ProviderWord::takePolled(const QString &issuer, const Secret &token,
                              const std::function<void(const ProviderPoll::Verdict &)> &answer)
{
    const Result<Jwt> unproved = Jwt::parse(token.reveal());
    const QString id = unproved ? unproved->id().left(256) : QString();
    const auto refuse = [this, issuer, id, answer](const Error &error) {
        recordBadEvent(error, issuer, id);
        answer({.isTaken = false, .error = errorWordOf(error), .description = error.detail()});
    };
    const Provider *provider = unproved ? providerOf(*unproved) : nullptr;
    if (!unproved)
        return refuse(unproved.error());
    if (!provider || unproved->issuer() != issuer)
        return refuse(Error(ErrorCode::WrongIssuer, u"the transmitter's token is of another issuer"_s));
    m_verifier.verifyStatement(token, {{u"secevent+jwt"_s}, true, provider->audiences}, this,
                               [this, refuse, answer](const Result<Jwt> &jwt) {
                                   if (!jwt && isIssuerTrouble(jwt.error()))
                                       return answer({.isTaken = false, .comesAgain = true});
                                   const Result<void> taken = takeEvents(jwt, {}); // nobody came
                                   if (!taken)
                                       return refuse(taken.error());
                                   answer({});
                               });
}

} // namespace Watchword::Gateway
