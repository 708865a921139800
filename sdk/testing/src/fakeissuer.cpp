// SPDX-License-Identifier: Apache-2.0
#include "watchword/testing/fakeissuer.h"

#include "tinyhttp.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/jwkset.h"
#include "watchword/jose/jwt.h"
#include "watchword/jose/pkce.h"
#include "watchword/jose/signingkey.h"

#include <QCryptographicHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QSet>
#include <QSslConfiguration>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

QByteArray randomToken(QByteArrayView prefix)
{
    return prefix.toByteArray() + toBase64Url(Secret::random(24).reveal());
}

QString first(const QUrlQuery &query, const QString &name)
{
    return query.queryItemValue(name, QUrl::FullyDecoded);
}

QByteArray json(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

} // namespace

class FakeIssuer::Private
{
public:
    struct Grant
    {
        QString clientId;
        QString redirect;
        QString nonce;
        QString challenge;
        QString scope;
        QString resource;
        QString subject;
        QString name;
        QString acr;
        QString family;
    };

    explicit Private(FakeIssuer *issuer)
        : q(issuer)
        , http([this](const TinyRequest &request, QTcpSocket *socket) { handle(request, socket); })
    {
        key = SigningKey::generate(u"ES256"_s).valueOr({});
    }

    void handle(const TinyRequest &request, QTcpSocket *socket);
    bool handleFault(Fault fault, QTcpSocket *socket);
    void discovery(QTcpSocket *socket, std::optional<Fault> fault);
    void authorize(const TinyRequest &request, QTcpSocket *socket, std::optional<Fault> fault);
    void token(const TinyRequest &request, QTcpSocket *socket, std::optional<Fault> fault);
    void issue(const Grant &grant, bool withIdToken, QTcpSocket *socket, std::optional<Fault> fault);
    void revoke(const TinyRequest &request, QTcpSocket *socket);
    void refuse(QTcpSocket *socket, int status, const QByteArray &error);
    QByteArray idToken(const Grant &grant, const QByteArray &accessToken, std::optional<Fault> fault) const;
    QByteArray accessToken(const Grant &grant) const;
    QString issuer() const { return q->url().toString(); }
    qint64 now() const { return toSecondsSinceEpoch((options.clock ? *options.clock : Clock::system()).wallNow()); }
    void remember(const QByteArray &secret) { secrets += secret; }

    FakeIssuer *q;
    Options options;
    TinyHttp http;
    quint16 port = 0;
    SigningKey key;
    QString subject = u"alice"_s;
    QString name = u"Alice"_s;
    QHash<Endpoint, QList<Fault>> faults;
    QHash<Endpoint, int> counts;
    QHash<QByteArray, Grant> codes;
    QHash<QByteArray, Grant> refreshTokens;
    QHash<QByteArray, QString> spent; // refresh token to its family
    QList<QByteArray> secrets;
    int refreshes = 0;
    int reuses = 0;
    QNetworkAccessManager browser;
    QList<QSslCertificate> authorities;
};

void FakeIssuer::Private::handle(const TinyRequest &request, QTcpSocket *socket)
{
    static const QHash<QByteArray, Endpoint> paths {
        {"/.well-known/openid-configuration", Endpoint::Discovery}, {"/keys", Endpoint::Keys},
        {"/authorize", Endpoint::Authorization},                    {"/token", Endpoint::Token},
        {"/revoke", Endpoint::Revocation},
    };
    const auto found = paths.constFind(request.path);
    if (found == paths.constEnd())
        return TinyHttp::answer(socket, 404, "text/plain", "not here");
    const Endpoint endpoint = *found;
    ++counts[endpoint];
    Q_EMIT q->requestReceived(endpoint);
    std::optional<Fault> fault;
    if (QList<Fault> &queue = faults[endpoint]; !queue.isEmpty())
        fault = queue.takeFirst();
    if (fault && handleFault(*fault, socket))
        return;
    switch (endpoint) {
    case Endpoint::Discovery:
        return discovery(socket, fault);
    case Endpoint::Keys: {
        JwkSet set;
        set.insert(key.publicKey());
        return TinyHttp::answer(socket, 200, "application/jwk-set+json", set.toBytes());
    }
    case Endpoint::Authorization:
        return authorize(request, socket, fault);
    case Endpoint::Token:
        return token(request, socket, fault);
    case Endpoint::Revocation:
        return revoke(request, socket);
    }
}

// Faults that are the same at every endpoint; false for those that change what is answered.
bool FakeIssuer::Private::handleFault(Fault fault, QTcpSocket *socket)
{
    switch (fault) {
    case Fault::CloseUnseen:
        socket->disconnectFromHost();
        return true;
    case Fault::Busy:
        TinyHttp::answer(socket, 503, "text/plain", "busy", {"Retry-After: 7"});
        return true;
    case Fault::ServerError:
        TinyHttp::answer(socket, 500, "text/plain", {});
        return true;
    case Fault::HungBody:
        socket->write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"access_token\":");
        return true;
    case Fault::PortalPage:
        TinyHttp::answer(socket, 200, "text/html", "<html><body>Welcome to the hotel network</body></html>");
        return true;
    case Fault::HugeBody:
        TinyHttp::answer(socket, 200, "application/json", QByteArray(1 << 20, ' '));
        return true;
    case Fault::InvalidGrant:
        refuse(socket, 400, "invalid_grant");
        return true;
    case Fault::InvalidClient:
        refuse(socket, 401, "invalid_client");
        return true;
    default:
        return false;
    }
}

void FakeIssuer::Private::refuse(QTcpSocket *socket, int status, const QByteArray &error)
{
    TinyHttp::answer(socket, status, "application/json", json({{u"error"_s, QString::fromLatin1(error)}}));
}

void FakeIssuer::Private::discovery(QTcpSocket *socket, std::optional<Fault> fault)
{
    const QString base = issuer();
    const QJsonObject document {
        {u"issuer"_s, fault == Fault::WrongIssuer ? u"https://evil.example"_s : base},
        {u"authorization_endpoint"_s, base + u"/authorize"_s},
        {u"token_endpoint"_s, base + u"/token"_s},
        {u"jwks_uri"_s, base + u"/keys"_s},
        {u"revocation_endpoint"_s, base + u"/revoke"_s},
        {u"authorization_response_iss_parameter_supported"_s, true},
        {u"response_types_supported"_s, QJsonArray {u"code"_s}},
        {u"code_challenge_methods_supported"_s, QJsonArray {u"S256"_s}},
        {u"id_token_signing_alg_values_supported"_s, QJsonArray {u"ES256"_s}},
    };
    TinyHttp::answer(socket, 200, "application/json", json(document));
}

void FakeIssuer::Private::authorize(const TinyRequest &request, QTcpSocket *socket, std::optional<Fault> fault)
{
    const QUrlQuery &query = request.query;
    QUrl redirect(first(query, u"redirect_uri"_s));
    const bool usable = first(query, u"response_type"_s) == "code"_L1 && redirect.isValid()
        && first(query, u"code_challenge_method"_s) == "S256"_L1 && !first(query, u"code_challenge"_s).isEmpty();
    if (!usable)
        return TinyHttp::answer(socket, 400, "text/plain", "not an authorization request with PKCE");
    QUrlQuery answer;
    const auto add = [&answer](const QString &parameter, const QString &value) {
        answer.addQueryItem(parameter, QString::fromLatin1(QUrl::toPercentEncoding(value)));
    };
    add(u"state"_s, fault == Fault::WrongState ? u"wrong"_s : first(query, u"state"_s));
    add(u"iss"_s, fault == Fault::WrongIssuer ? u"https://evil.example"_s : issuer());
    if (fault == Fault::Denied) {
        add(u"error"_s, u"access_denied"_s);
        add(u"error_description"_s, u"the person refused"_s);
    } else {
        const QByteArray code = randomToken("code-");
        remember(code);
        const QString acr = first(query, u"acr_values"_s).section(u' ', 0, 0);
        codes.insert(code, {first(query, u"client_id"_s), first(query, u"redirect_uri"_s), first(query, u"nonce"_s),
                            first(query, u"code_challenge"_s), first(query, u"scope"_s), first(query, u"resource"_s),
                            subject, name, acr, QString::fromLatin1(randomToken("family-"))});
        add(u"code"_s, QString::fromLatin1(code));
    }
    redirect.setQuery(answer);
    TinyHttp::answer(socket, 302, "text/plain", {}, {"Location: " + redirect.toEncoded()});
}

void FakeIssuer::Private::token(const TinyRequest &request, QTcpSocket *socket, std::optional<Fault> fault)
{
    const QString kind = first(request.form, u"grant_type"_s);
    if (kind == "authorization_code"_L1) {
        const Grant grant = codes.take(first(request.form, u"code"_s).toLatin1());
        const bool fits = !grant.clientId.isEmpty() && grant.clientId == first(request.form, u"client_id"_s)
            && grant.redirect == first(request.form, u"redirect_uri"_s)
            && Pkce::matches(first(request.form, u"code_verifier"_s).toLatin1(), grant.challenge);
        if (!fits)
            return refuse(socket, 400, "invalid_grant");
        return issue(grant, fault != Fault::NoIdToken, socket, fault);
    }
    if (kind != "refresh_token"_L1)
        return refuse(socket, 400, "unsupported_grant_type");
    const QByteArray sent = first(request.form, u"refresh_token"_s).toLatin1();
    if (spent.contains(sent)) {
        ++reuses;
        const QString family = spent.value(sent);
        refreshTokens.removeIf([&](const auto &one) { return one.value().family == family; });
    }
    if (!refreshTokens.contains(sent))
        return refuse(socket, 400, "invalid_grant");
    const Grant grant = refreshTokens.value(sent);
    if (options.rotateRefreshTokens) {
        refreshTokens.remove(sent);
        spent.insert(sent, grant.family);
    }
    ++refreshes;
    issue(grant, false, socket, fault);
}

void FakeIssuer::Private::issue(const Grant &grant, bool withIdToken, QTcpSocket *socket, std::optional<Fault> fault)
{
    const QByteArray access = accessToken(grant);
    const QByteArray refresh = randomToken("refresh-");
    remember(access);
    remember(refresh);
    QJsonObject answer {
        {u"access_token"_s, QString::fromLatin1(access)}, {u"token_type"_s, u"bearer"_s}, {u"scope"_s, grant.scope}};
    if (options.accessTokenLifetime.count() > 0)
        answer.insert(u"expires_in"_s, qint64(options.accessTokenLifetime.count()));
    if (options.rotateRefreshTokens || withIdToken) {
        refreshTokens.insert(refresh, grant);
        answer.insert(u"refresh_token"_s, QString::fromLatin1(refresh));
    }
    if (withIdToken && grant.scope.split(u' ').contains("openid"_L1)) {
        const QByteArray id = idToken(grant, access, fault);
        remember(id);
        answer.insert(u"id_token"_s, QString::fromLatin1(id));
    }
    if (fault == Fault::LoseAnswer) {
        socket->disconnectFromHost();
        return;
    }
    TinyHttp::answer(socket, 200, "application/json", json(answer));
}

QByteArray FakeIssuer::Private::accessToken(const Grant &grant) const
{
    const QJsonObject claims {
        {u"iss"_s, issuer()},          {u"sub"_s, grant.subject},
        {u"aud"_s, grant.resource.isEmpty() ? grant.clientId : grant.resource},
        {u"client_id"_s, grant.clientId}, {u"scope"_s, grant.scope},
        {u"iat"_s, now()},             {u"exp"_s, now() + qint64(options.accessTokenLifetime.count())},
        {u"jti"_s, QString::fromLatin1(randomToken("j"))},
    };
    return signJwt(key, u"at+jwt"_s, claims).valueOr({});
}

QByteArray FakeIssuer::Private::idToken(const Grant &grant, const QByteArray &access, std::optional<Fault> fault) const
{
    const QByteArray half = QCryptographicHash::hash(access, QCryptographicHash::Sha256).first(16);
    QJsonObject claims {
        {u"iss"_s, fault == Fault::WrongIssuer ? u"https://evil.example"_s : issuer()},
        {u"sub"_s, grant.subject},
        {u"aud"_s, grant.clientId},
        {u"iat"_s, now()},
        {u"exp"_s, now() + 300},
        {u"auth_time"_s, now()},
        {u"nonce"_s, fault == Fault::WrongNonce ? u"wrong"_s : grant.nonce},
        {u"at_hash"_s, QString::fromLatin1(toBase64Url(half))},
        {u"preferred_username"_s, grant.name},
    };
    if (!grant.acr.isEmpty())
        claims.insert(u"acr"_s, grant.acr);
    QByteArray token = signJwt(key, u"JWT"_s, claims).valueOr({});
    if (fault == Fault::WrongSignature) {
        const SigningKey stranger = SigningKey::generate(u"ES256"_s).valueOr({});
        const QByteArray signedPart = token.first(token.lastIndexOf('.'));
        token = signedPart + '.' + toBase64Url(stranger.sign(signedPart).valueOr({}));
    }
    return token;
}

void FakeIssuer::Private::revoke(const TinyRequest &request, QTcpSocket *socket)
{
    const Grant grant = refreshTokens.value(first(request.form, u"token"_s).toLatin1());
    if (!grant.family.isEmpty())
        refreshTokens.removeIf([&](const auto &one) { return one.value().family == grant.family; });
    TinyHttp::answer(socket, 200, "text/plain", {});
}

FakeIssuer::FakeIssuer(QObject *parent)
    : FakeIssuer(Options(), parent)
{
}

FakeIssuer::FakeIssuer(Options options, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this))
{
    d->options = std::move(options);
}

FakeIssuer::~FakeIssuer() = default;

bool FakeIssuer::listen()
{
    if (!d->http.listen(d->port, d->options.certificateFile, d->options.keyFile))
        return false;
    d->port = d->http.port();
    return true;
}

void FakeIssuer::stop()
{
    d->http.close();
}

QUrl FakeIssuer::url() const
{
    return QUrl(u"%1://127.0.0.1:%2"_s.arg(d->options.certificateFile.isEmpty() ? u"http"_s : u"https"_s).arg(d->port));
}

void FakeIssuer::failNext(Endpoint endpoint, Fault fault, int times)
{
    for (int i = 0; i < times; ++i)
        d->faults[endpoint] += fault;
}

void FakeIssuer::rotateKeys()
{
    d->key = SigningKey::generate(u"ES256"_s).valueOr({});
}

void FakeIssuer::revokeAll()
{
    d->refreshTokens.clear();
    d->spent.clear();
}

void FakeIssuer::setLifetime(std::chrono::seconds lifetime)
{
    d->options.accessTokenLifetime = lifetime;
}

void FakeIssuer::signInAs(const QString &subject, const QString &name)
{
    d->subject = subject;
    d->name = name;
}

void FakeIssuer::setBrowserAuthorities(const QList<QSslCertificate> &authorities)
{
    d->authorities = authorities;
}

bool FakeIssuer::openBrowser(const QUrl &url)
{
    QNetworkRequest request(url);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::UserVerifiedRedirectPolicy);
    if (!d->authorities.isEmpty()) {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setCaCertificates(d->authorities);
        request.setSslConfiguration(tls);
    }
    QNetworkReply *reply = d->browser.get(request);
    // A browser follows from https to the application's http on this machine, which QNAM calls less safe.
    connect(reply, &QNetworkReply::redirected, reply, &QNetworkReply::redirectAllowed);
    connect(reply, &QNetworkReply::finished, reply, &QObject::deleteLater);
    return true;
}

int FakeIssuer::requestCount(Endpoint endpoint) const
{
    return d->counts.value(endpoint);
}

int FakeIssuer::refreshCount() const
{
    return d->refreshes;
}

int FakeIssuer::reuseCount() const
{
    return d->reuses;
}

int FakeIssuer::activeFamilies() const
{
    QSet<QString> families;
    for (const Private::Grant &grant : std::as_const(d->refreshTokens))
        families.insert(grant.family);
    return int(families.size());
}

QList<QByteArray> FakeIssuer::issuedSecrets() const
{
    return d->secrets;
}

} // namespace Watchword
