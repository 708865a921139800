// SPDX-License-Identifier: Apache-2.0
#include "issuer/issuer.h"

#include "http/httpserver.h"
#include "issuer/accountpage.h"
#include "issuer/authorizationendpoint.h"
#include "issuer/deviceendpoint.h"
#include "issuer/introspectionendpoint.h"
#include "issuer/issuerrequest.h"
#include "issuer/signoutendpoints.h"
#include "issuer/tokenendpoint.h"
#include "watchword/core/log.h"
#include "watchword/gateway/userfile.h"

#include <QFileInfo>
#include <QFileSystemWatcher>
#include <QJsonArray>
#include <QTimer>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr std::chrono::seconds kSessionUpkeep{5};
// A verifier's clock may be behind; an old key must outlive what it signed for it too.
constexpr std::chrono::minutes kClockDifference{5};

Error unusable(const QString &what)
{
    return Error(ErrorCode::ConfigInvalid, u"the embedded issuer: "_s + what);
}

// What apps and their pages post to: it says by itself who it is from, and no browser adds anything to it.
bool isForOthers(const QByteArray &path)
{
    static const QByteArrayList paths{"/authorize", "/token", "/revoke", "/logout", "/introspect", "/device_authorization"};
    return paths.contains(path);
}

HttpLimits httpLimitsOf(const IssuerOptions &options)
{
    HttpLimits limits;
    limits.sharedAddresses = options.proxies;
    return limits;
}

} // namespace

class Issuer::Private
{
public:
    Private(Issuer *issuer, const IssuerOptions &o, AuditLog &log, Clock &c);

    Result<void> checkOptions() const;
    Result<void> open();
    void route(const HttpRequest &request, const HttpServer::Responder &respond);
    void upkeep();
    Result<void> readUsers(); //!< Those of the file; what the change asks for is done.
    HttpResponse metadata() const;
    HttpResponse keys() const;

    Issuer *const q;
    const IssuerOptions options;
    Clock &clock;
    KeyRing keyRing;
    IssuerDirectory directory;
    IssuerAudit audit;
    IssuerSessions sessions;
    IssuerServices services;
    CodeBook codes;
    DeviceBook devices;
    PasswordDesk desk;
    SignInPage signInPage;
    AuthorizationEndpoint authorization;
    AccountPage account;
    DeviceEndpoint device;
    TokenEndpoint token;
    IntrospectionEndpoint introspection;
    SignOutEndpoints signOut;
    FindClient findClient;
    HttpServer server;
    QFileSystemWatcher userWatch;
    QTimer upkeepTimer;
};

Issuer::Private::Private(Issuer *issuer, const IssuerOptions &o, AuditLog &log, Clock &c)
    : q(issuer)
    , options(o)
    , clock(c)
    , directory(options)
    , audit(log, directory)
    , sessions(audit, clock, options.node)
    , services{options, directory, audit, sessions, keyRing, clock}
    , codes(options.requestLifetime)
    , desk(services)
    , signInPage(services, desk, codes)
    , authorization(services, signInPage)
    , account(services, desk)
    , device(services, desk, devices)
    , token(services, codes, devices)
    , introspection(services)
    , signOut(services)
    , server(
          [this](const HttpRequest &request, const HttpServer::Responder &respond) {
              HttpRequest facts = request;
              if (findClient)
                  findClient(facts);
              route(facts, respond);
          },
          httpLimitsOf(options))
{
    connect(&sessions, &IssuerSessions::tokenIssued, q, &Issuer::tokenIssued);
    connect(&sessions, &IssuerSessions::tokenEnded, q, &Issuer::tokenEnded);
    connect(&sessions, &IssuerSessions::sessionRevoked, q, &Issuer::sessionRevoked);
}

Result<void> Issuer::Private::checkOptions() const
{
    if (options.audience.isEmpty())
        return unusable(u"no audience is set"_s);
    if (!options.keyFile.isEmpty() && options.stateFile.isEmpty())
        return unusable(u"keys in a file but sessions in memory would forget revocations; set a state file too"_s);
    if (options.accessTokenLifetime.count() <= 0 || options.refreshTokenLifetime.count() <= 0
        || options.sessionLifetime.count() <= 0 || options.codeLifetime.count() <= 0 || options.requestLifetime.count() <= 0
        || options.keyLifetime.count() <= 0)
        return unusable(u"a lifetime is not above 0"_s);
    return directory.check();
}

Result<void> Issuer::Private::open()
{
    if (const Result<void> read = readUsers(); !read)
        return read;
    if (const Result<void> good = checkOptions(); !good)
        return good;
    const Result<KeyRing> ring =
        KeyRing::open(options.keyFile, options.keyLifetime, options.accessTokenLifetime + kClockDifference, clock.wallNow());
    if (!ring)
        return ring.error();
    keyRing = *ring;
    if (const Result<void> opened = sessions.open(options.stateFile); !opened)
        return opened;
    if (const Result<void> opened = desk.open(); !opened)
        return opened;
    // The file is replaced, not written, so that its folder has to be watched; upkeep() looks where that cannot be.
    if (QFileInfo::exists(options.userFolder) && userWatch.addPath(options.userFolder)) {
        connect(&userWatch, &QFileSystemWatcher::directoryChanged, q, [this] {
            if (const Result<void> read = readUsers(); !read)
                qCWarning(logGateway).noquote() << "the users stay as they are:" << read.error().toString();
        });
    }
    connect(&upkeepTimer, &QTimer::timeout, q, [this] { upkeep(); });
    upkeepTimer.start(kSessionUpkeep);
    return {};
}

Result<void> Issuer::Private::readUsers()
{
    if (options.userFolder.isEmpty())
        return {};
    const Result<QList<UserFile::User>> kept = UserFile(options.userFolder).read();
    if (!kept)
        return kept.error();
    QList<IssuerUser> users;
    for (const UserFile::User &user : *kept)
        users.append({user.name, user.subject, user.passwordHash, user.scopes, user.isLocked, user.passwordChanged});
    if (directory.setMoreUsers(users))
        sessions.endWhatIsUnfounded(directory);
    return {};
}

void Issuer::Private::upkeep()
{
    if (const Result<void> read = readUsers(); !read)
        qCWarning(logGateway).noquote() << "the users stay as they are:" << read.error().toString();
    const WallTime now = clock.wallNow();
    signInPage.forget(now);
    account.forget(now);
    codes.forget(now);
    devices.forget(now);
    sessions.upkeep();
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
    if (post && !isForOthers(path) && isOfOtherOrigin(request, directory.url())) {
        desk.recordFailure({}, {}, u"foreign_origin"_s, request);
        return respond(
            HttpResponse::page(403, messagePage(u"Not possible"_s, u"The form does not belong to this page. Start again."_s)));
    }
    if (path == "/.well-known/openid-configuration" || path == "/.well-known/oauth-authorization-server")
        return get ? respond(metadata()) : allow("GET");
    if (path == "/jwks")
        return get ? respond(keys()) : allow("GET");
    if (path == "/authorize")
        return get || post ? respond(authorization.answer(request)) : allow("GET, POST");
    if (path == "/login" && get)
        return respond(signInPage.show(request));
    if (path == "/login")
        return post ? signInPage.submit(request, respond) : allow("GET, POST");
    if (path == "/token")
        return post ? respond(token.answer(request)) : allow("POST");
    if (path == "/introspect")
        return post ? respond(introspection.answer(request)) : allow("POST");
    if (path == "/device_authorization")
        return post ? respond(device.begin(request)) : allow("POST");
    if (path == "/device" && get)
        return respond(device.show(request));
    if (path == "/device")
        return post ? respond(device.look(request)) : allow("GET, POST");
    if (path == "/device/confirm")
        return post ? device.confirm(request, respond) : allow("POST");
    if (path == "/revoke")
        return post ? respond(signOut.revoke(request)) : allow("POST");
    if (path == "/logout")
        return get || post ? respond(signOut.logout(request)) : allow("GET, POST");
    if (path == "/account" && get)
        return respond(account.show());
    if (path == "/account")
        return post ? account.submit(request, respond) : allow("GET, POST");
    if (path == "/account/end")
        return post ? respond(account.end(request)) : allow("POST");
    respond(HttpResponse::page(404, messagePage(u"Not found"_s, u"There is no page at this address."_s)));
}

HttpResponse Issuer::Private::metadata() const
{
    const QString base = directory.url();
    const QJsonObject json{
        {"issuer"_L1, base},
        {"authorization_endpoint"_L1, base + u"/authorize"_s},
        {"token_endpoint"_L1, base + u"/token"_s},
        {"jwks_uri"_L1, base + u"/jwks"_s},
        {"revocation_endpoint"_L1, base + u"/revoke"_s},
        {"end_session_endpoint"_L1, base + u"/logout"_s},
        {"device_authorization_endpoint"_L1, base + u"/device_authorization"_s},
        {"introspection_endpoint"_L1, base + u"/introspect"_s},
        {"introspection_endpoint_auth_methods_supported"_L1, QJsonArray{u"client_secret_basic"_s, u"client_secret_post"_s}},
        {"response_types_supported"_L1, QJsonArray{u"code"_s}},
        {"response_modes_supported"_L1, QJsonArray{u"query"_s}},
        {"grant_types_supported"_L1,
         QJsonArray{u"authorization_code"_s, u"refresh_token"_s, u"urn:ietf:params:oauth:grant-type:device_code"_s}},
        {"subject_types_supported"_L1, QJsonArray{u"public"_s}},
        {"id_token_signing_alg_values_supported"_L1, QJsonArray{u"ES256"_s}},
        {"scopes_supported"_L1, QJsonArray::fromStringList(IssuerDirectory::standardScopes())},
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
        QUrl url;
        url.setScheme(u"https"_s);
        url.setHost(any ? u"127.0.0.1"_s : address == QHostAddress::AnyIPv6 ? u"::1"_s : address.toString());
        url.setPort(d->server.port());
        d->directory.setUrl(url);
    }
    if (listening)
        d->sessions.endWhatIsUnfounded(d->directory);
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

void Issuer::setFailedAuth(FailedAuth *failures)
{
    d->services.failures = failures;
}

QUrl Issuer::url() const
{
    return QUrl(d->directory.url(), QUrl::StrictMode);
}

QString Issuer::identifier() const
{
    return d->directory.url();
}

quint16 Issuer::port() const
{
    return d->server.port();
}

QMap<QByteArray, quint64> Issuer::droppedSockets() const
{
    return d->server.droppedSockets();
}

JwkSet Issuer::publicKeys() const
{
    return d->keyRing.publicKeys();
}

bool Issuer::isRevoked(const QString &sessionId, const QString &tokenId) const
{
    return d->sessions.book().isRevoked(sessionId, tokenId);
}

QList<SessionRecord> Issuer::openSessions() const
{
    QList<SessionRecord> open = d->sessions.book().sessions();
    open.removeIf([now = d->clock.wallNow()](const SessionRecord &session) { return session.ended || session.isOver(now); });
    return open;
}

int Issuer::revokeSession(const QString &sessionId, const QString &reason)
{
    return d->sessions.end(sessionId, {reason, u"revoked"_s, u"admin"_s});
}

} // namespace Watchword::Gateway
