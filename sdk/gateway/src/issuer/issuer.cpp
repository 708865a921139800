// SPDX-License-Identifier: Apache-2.0
#include "issuer/issuer_p.h"

#include "issuer/loginpage.h"
#include "issuer/redirecturi.h"
#include "watchword/core/log.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/passwordhash.h"

#include <QJsonArray>
#include <QSet>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr std::chrono::seconds kSessionUpkeep{5};
// A verifier's clock may be behind; an old key must outlive what it signed for it too.
constexpr std::chrono::minutes kClockDifference{5};

const QStringList &standardScopes()
{
    static const QStringList scopes{u"openid"_s, u"offline_access"_s, u"profile"_s};
    return scopes;
}

Error unusable(const QString &what)
{
    return Error(ErrorCode::ConfigInvalid, u"the embedded issuer: "_s + what);
}

} // namespace

QString randomId()
{
    return QString::fromLatin1(toBase64Url(Secret::random(16).reveal()));
}

Issuer::Private::Private(Issuer *issuer, const IssuerOptions &o, AuditLog &a, Clock &c)
    : q(issuer)
    , options(o)
    , log(a)
    , clock(c)
    , server([this](const HttpRequest &request, const HttpServer::Responder &respond) {
        HttpRequest facts = request;
        if (findClient)
            findClient(facts);
        route(facts, respond);
    })
    , url(o.url)
    , brake(o.signInLimits)
{
    // scrypt takes memory and a core; more at once would only make each slower.
    workers.setMaxThreadCount(2);
}

Issuer::Private::~Private()
{
    workers.clear();
    workers.waitForDone();
}

Result<void> Issuer::Private::checkOptions() const
{
    if (options.audience.isEmpty())
        return unusable(u"no audience is set"_s);
    if (options.clients.isEmpty())
        return unusable(u"there is no client"_s);
    if (!options.keyFile.isEmpty() && options.stateFile.isEmpty())
        return unusable(u"keys in a file but sessions in memory would forget revocations; set a state file too"_s);
    if (options.accessTokenLifetime.count() <= 0 || options.refreshTokenLifetime.count() <= 0
        || options.sessionLifetime.count() <= 0 || options.codeLifetime.count() <= 0 || options.requestLifetime.count() <= 0
        || options.keyLifetime.count() <= 0)
        return unusable(u"a lifetime is not above 0"_s);
    QSet<QString> seen;
    for (const IssuerClient &client : options.clients) {
        if (client.id.isEmpty() || seen.contains(client.id))
            return unusable(u"the client id \"%1\" is empty or used twice"_s.arg(client.id));
        seen.insert(client.id);
        for (const QString &uri : client.redirectUris + client.postLogoutRedirectUris) {
            if (!isUsableRedirectUri(uri)) {
                return unusable(u"\"%1\" of client \"%2\" is no usable redirect URI"_s.arg(uri, client.id))
                    .withRemedy(u"Use http://127.0.0.1/path, https://... or a scheme like com.example.app:/path."_s);
            }
        }
    }
    seen.clear();
    for (const IssuerUser &user : options.users) {
        if (user.name.isEmpty() || user.subject.isEmpty() || seen.contains(user.name.toCaseFolded()))
            return unusable(u"the user \"%1\" has no name or subject, or comes twice"_s.arg(user.name));
        if (user.passwordHash.isEmpty())
            return unusable(u"the user \"%1\" has no password hash"_s.arg(user.name));
        seen.insert(user.name.toCaseFolded());
    }
    return {};
}

Result<void> Issuer::Private::open()
{
    if (const Result<void> good = checkOptions(); !good)
        return good;
    const WallTime now = clock.wallNow();
    const Result<KeyRing> ring =
        KeyRing::open(options.keyFile, options.keyLifetime, options.accessTokenLifetime + kClockDifference, now);
    if (!ring)
        return ring.error();
    keyRing = *ring;
    if (const Result<void> opened = book.open(options.stateFile); !opened)
        return opened;
    // The decoy costs what the users' hashes cost; only its salt and result differ.
    ScryptCost cost;
    const QStringList parts = options.users.isEmpty() ? QStringList() : options.users.first().passwordHash.split(u'$');
    if (parts.size() == 6)
        cost = {.n = parts.at(1).toUInt(), .r = parts.at(2).toUInt(), .p = parts.at(3).toUInt()};
    const Result<QString> decoy = hashPassword(Secret::random(16), cost);
    if (!decoy)
        return unusable(u"the password hash of user \"%1\" is malformed"_s.arg(options.users.first().name));
    decoyHash = *decoy;
    QObject::connect(&upkeepTimer, &QTimer::timeout, q, [this] { upkeep(); });
    upkeepTimer.start(kSessionUpkeep);
    return {};
}

void Issuer::Private::endSessionsOfRemovedUsers()
{
    const QList<SessionRecord> sessions = book.sessions();
    for (const SessionRecord &session : sessions) {
        const IssuerUser *person = user(session.name);
        if (!session.ended && (!person || person->subject != session.subject))
            endSession(session.id, u"user_removed"_s, u"revoked"_s, u"policy"_s);
    }
}

void Issuer::Private::upkeep()
{
    const WallTime now = clock.wallNow();
    pending.removeIf([&](const auto &entry) { return entry.value().expires <= now && !entry.value().checking; });
    visits.removeIf([&](const auto &entry) { return entry.value().expires <= now; });
    // A spent code is remembered for longer than it was good: a replay is a sign of theft.
    codes.removeIf([&](const auto &entry) { return entry.value().expires + options.requestLifetime <= now; });
    for (const SessionRecord &session : book.forget(now))
        Q_EMIT q->tokenEnded(SessionBook::refreshTokenId(session.refreshHash), u"expired"_s);
    const Result<bool> rotated = keyRing.rotate(now);
    if (!rotated)
        qCWarning(logGateway).noquote() << "the issuer's keys were not rotated:" << rotated.error().toString();
    else if (*rotated)
        Q_EMIT q->keysChanged();
}

void Issuer::Private::route(const HttpRequest &request, const HttpServer::Responder &respond)
{
    const QByteArray &path = request.head.path;
    const QByteArray method = request.head.method == "HEAD" ? QByteArray("GET") : request.head.method;
    const auto allow = [&](const QByteArray &methods) {
        respond(HttpResponse::json(405, {{"title"_L1, u"This address answers %1 only."_s.arg(QLatin1StringView(methods))}})
                    .with("Allow", methods));
    };
    const bool get = method == "GET";
    const bool post = method == "POST";
    if (path == "/.well-known/openid-configuration" || path == "/.well-known/oauth-authorization-server")
        return get ? respond(metadata()) : allow("GET");
    if (path == "/jwks")
        return get ? respond(keys()) : allow("GET");
    if (path == "/authorize")
        return get || post ? respond(authorize(request)) : allow("GET, POST");
    if (path == "/login" && get)
        return respond(showLogin(request));
    if (path == "/login")
        return post ? postLogin(request, respond) : allow("GET, POST");
    if (path == "/token")
        return post ? respond(token(request)) : allow("POST");
    if (path == "/revoke")
        return post ? respond(revoke(request)) : allow("POST");
    if (path == "/logout")
        return get || post ? respond(logout(request)) : allow("GET, POST");
    if (path == "/account" && get)
        return respond(showAccount());
    if (path == "/account")
        return post ? postAccount(request, respond) : allow("GET, POST");
    if (path == "/account/end")
        return post ? respond(endFromAccount(request)) : allow("POST");
    respond(HttpResponse::page(404, messagePage(u"Not found"_s, u"There is no page at this address."_s)));
}

HttpResponse Issuer::Private::metadata() const
{
    const QString base = issuerUrl();
    const QJsonObject json{
        {"issuer"_L1, base},
        {"authorization_endpoint"_L1, base + u"/authorize"_s},
        {"token_endpoint"_L1, base + u"/token"_s},
        {"jwks_uri"_L1, base + u"/jwks"_s},
        {"revocation_endpoint"_L1, base + u"/revoke"_s},
        {"end_session_endpoint"_L1, base + u"/logout"_s},
        {"response_types_supported"_L1, QJsonArray{u"code"_s}},
        {"response_modes_supported"_L1, QJsonArray{u"query"_s}},
        {"grant_types_supported"_L1, QJsonArray{u"authorization_code"_s, u"refresh_token"_s}},
        {"subject_types_supported"_L1, QJsonArray{u"public"_s}},
        {"id_token_signing_alg_values_supported"_L1, QJsonArray{u"ES256"_s}},
        {"scopes_supported"_L1, QJsonArray::fromStringList(standardScopes())},
        {"token_endpoint_auth_methods_supported"_L1, QJsonArray{u"none"_s}},
        {"revocation_endpoint_auth_methods_supported"_L1, QJsonArray{u"none"_s}},
        {"code_challenge_methods_supported"_L1, QJsonArray{u"S256"_s}},
        {"claims_supported"_L1,
         QJsonArray{u"sub"_s, u"iss"_s, u"aud"_s, u"exp"_s, u"iat"_s, u"auth_time"_s, u"nonce"_s, u"acr"_s, u"sid"_s,
                    u"at_hash"_s, u"preferred_username"_s}},
        {"prompt_values_supported"_L1, QJsonArray{u"none"_s, u"login"_s, u"consent"_s, u"select_account"_s}},
        {"authorization_response_iss_parameter_supported"_L1, true},
        {"request_parameter_supported"_L1, false},
        {"request_uri_parameter_supported"_L1, false},
        {"claims_parameter_supported"_L1, false},
    };
    return HttpResponse::json(200, json);
}

HttpResponse Issuer::Private::keys() const
{
    return {.status = 200,
            .headers = {{"Content-Type", "application/jwk-set+json"}, {"Cache-Control", "public, max-age=60"}},
            .body = keyRing.publicKeys().toBytes()};
}

const IssuerClient *Issuer::Private::client(const QString &id) const
{
    for (const IssuerClient &client : options.clients) {
        if (client.id == id)
            return &client;
    }
    return nullptr;
}

const IssuerUser *Issuer::Private::user(const QString &name) const
{
    for (const IssuerUser &user : options.users) {
        if (user.name.compare(name, Qt::CaseInsensitive) == 0)
            return &user;
    }
    return nullptr;
}

QString Issuer::identifier() const
{
    return d->issuerUrl();
}

QString Issuer::Private::issuerUrl() const
{
    return url.toString(QUrl::FullyEncoded | QUrl::StripTrailingSlash);
}

QStringList Issuer::Private::allowedScopes(const QStringList &wanted, const QStringList &most) const
{
    QStringList allowed;
    for (const QString &scope : wanted) {
        if ((most.contains(scope) || standardScopes().contains(scope)) && !allowed.contains(scope))
            allowed.append(scope);
    }
    return allowed;
}

void Issuer::Private::audit(AuditEntry entry, const HttpRequest *request)
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
        log.postLimited(entry, request->peer);
    else if (entry.severity >= 3)
        log.post(entry);
    else
        static_cast<void>(log.append(entry));
}

QJsonObject Issuer::Private::actor(const QString &subject, const QString &name, const QString &clientId) const
{
    QJsonObject actor{{"type"_L1, u"user"_s}, {"iss"_L1, issuerUrl()}, {"client_id"_L1, clientId}};
    if (!subject.isEmpty())
        actor.insert("sub"_L1, subject);
    if (!name.isEmpty())
        actor.insert("name"_L1, name);
    return actor;
}

QJsonObject Issuer::Private::sessionJson(const SessionRecord &session) const
{
    QJsonObject json{{"sid"_L1, session.id}, {"created"_L1, toSecondsSinceEpoch(session.authTime)}};
    if (!session.familyHash.isEmpty())
        json.insert("expires"_L1, toSecondsSinceEpoch(session.refreshExpires));
    return json;
}

Issuer::Issuer(std::unique_ptr<Private> priv)
    : d(std::move(priv))
{
}

Issuer::~Issuer() = default;

Result<std::unique_ptr<Issuer>> Issuer::create(const IssuerOptions &options, AuditLog &audit, Clock &clock)
{
    std::unique_ptr<Issuer> issuer(new Issuer(nullptr));
    issuer->d = std::make_unique<Private>(issuer.get(), options, audit, clock);
    if (const Result<void> opened = issuer->d->open(); !opened)
        return opened.error();
    return issuer;
}

Result<void> Issuer::listen(const QHostAddress &address, quint16 port, const QSslConfiguration &tls, Net::ReactorPool *pool)
{
    const Result<void> listening = d->server.listen(address, port, tls, pool);
    if (listening && d->options.url.isEmpty()) {
        const bool any = address == QHostAddress::Any || address == QHostAddress::AnyIPv4;
        d->url.setScheme(u"https"_s);
        d->url.setHost(any ? u"127.0.0.1"_s : address == QHostAddress::AnyIPv6 ? u"::1"_s : address.toString());
        d->url.setPort(d->server.port());
    }
    if (listening)
        d->endSessionsOfRemovedUsers();
    return listening;
}

Result<void> Issuer::setTlsConfiguration(const QSslConfiguration &tls)
{
    return d->server.setTlsConfiguration(tls);
}

void Issuer::setFindClient(FindClient find)
{
    d->findClient = std::move(find);
}

QUrl Issuer::url() const
{
    return QUrl(d->issuerUrl(), QUrl::StrictMode);
}

quint16 Issuer::port() const
{
    return d->server.port();
}

JwkSet Issuer::publicKeys() const
{
    return d->keyRing.publicKeys();
}

bool Issuer::isRevoked(const QString &sessionId, const QString &tokenId) const
{
    return d->book.isRevoked(sessionId, tokenId);
}

int Issuer::revokeSession(const QString &sessionId, const QString &reason)
{
    return d->endSession(sessionId, reason, u"revoked"_s, u"admin"_s);
}

} // namespace Watchword::Gateway
