// SPDX-License-Identifier: Apache-2.0
#include "watchword/testing/fakeissuer.h"

#include "fakeissuer_p.h"
#include "watchword/jose/jwkset.h"

#include <QJsonArray>
#include <QNetworkReply>
#include <QSslConfiguration>

namespace Watchword {

using namespace Qt::StringLiterals;

void FakeIssuer::Private::handle(const TinyRequest &request, QTcpSocket *socket)
{
    static const QHash<QByteArray, Endpoint> paths{
        {"/.well-known/openid-configuration", Endpoint::Discovery},
        {"/.well-known/oauth-authorization-server", Endpoint::Discovery},
        {"/keys", Endpoint::Keys},
        {"/authorize", Endpoint::Authorization},
        {"/token", Endpoint::Token},
        {"/revoke", Endpoint::Revocation},
        {"/device", Endpoint::Device},
        {"/par", Endpoint::PushedRequest},
        {"/logout", Endpoint::EndSession},
    };
    const auto found = paths.constFind(request.path);
    if (found == paths.constEnd())
        return TinyHttp::answer(socket, 404, "text/plain", "not here");
    const Endpoint endpoint = *found;
    ++counts[endpoint];
    userAgent = request.headers.value("user-agent");
    Q_EMIT q->requestReceived(endpoint);
    Gathering &gathering = gatherings[endpoint];
    if (gathering.count == 0)
        return serve(endpoint, request, socket);
    gathering.there.emplaceBack(request, socket);
    if (gathering.there.size() < gathering.count)
        return;
    const auto all = std::exchange(gathering, Gathering()).there;
    for (const auto &[one, itsSocket] : all) {
        if (itsSocket)
            serve(endpoint, one, itsSocket);
    }
}

void FakeIssuer::Private::serve(Endpoint endpoint, const TinyRequest &request, QTcpSocket *socket)
{
    if (QList<RawAnswer> &queue = rawAnswers[endpoint]; !queue.isEmpty()) {
        const RawAnswer answer = queue.takeFirst();
        return TinyHttp::answer(socket, answer.status, answer.contentType, answer.body);
    }
    std::optional<Fault> fault;
    if (QList<Fault> &queue = faults[endpoint]; !queue.isEmpty())
        fault = queue.takeFirst();
    const auto error = fault == Fault::WrongDate ? std::chrono::hours(24) : std::chrono::hours(0);
    TinyHttp::setDate(socket, date() + error);
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
    case Endpoint::Device:
        return authorizeDevice(request, socket);
    case Endpoint::PushedRequest:
        return pushRequest(request, socket);
    case Endpoint::EndSession:
        return TinyHttp::answer(socket, 200, "text/html", "<html><body>Signed out</body></html>");
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
    case Fault::SlowDown:
        refuse(socket, 400, "slow_down");
        return true;
    case Fault::ExpiredToken:
        refuse(socket, 400, "expired_token");
        return true;
    default:
        return false;
    }
}

void FakeIssuer::Private::reply(Endpoint endpoint, QTcpSocket *socket, int status, QJsonObject answer)
{
    if (auto &queue = changes[endpoint]; !queue.isEmpty())
        queue.takeFirst()(answer);
    TinyHttp::answer(socket, status, "application/json", toJson(answer));
}

void FakeIssuer::Private::refuse(QTcpSocket *socket, int status, const QByteArray &error)
{
    TinyHttp::answer(socket, status, "application/json", toJson({{u"error"_s, QString::fromLatin1(error)}}));
}

void FakeIssuer::Private::discovery(QTcpSocket *socket, std::optional<Fault> fault)
{
    const QString base = issuer();
    const QJsonObject document{
        {u"issuer"_s, fault == Fault::WrongIssuer ? u"https://evil.example"_s : base},
        {u"authorization_endpoint"_s, base + u"/authorize"_s},
        {u"token_endpoint"_s, base + u"/token"_s},
        {u"jwks_uri"_s, base + u"/keys"_s},
        {u"revocation_endpoint"_s, base + u"/revoke"_s},
        {u"device_authorization_endpoint"_s, base + u"/device"_s},
        {u"pushed_authorization_request_endpoint"_s, base + u"/par"_s},
        {u"require_pushed_authorization_requests"_s, options.requirePushedRequests},
        {u"end_session_endpoint"_s, base + u"/logout"_s},
        {u"dpop_signing_alg_values_supported"_s, QJsonArray{u"ES256"_s}},
        {u"authorization_response_iss_parameter_supported"_s, true},
        {u"response_types_supported"_s, QJsonArray{u"code"_s}},
        {u"code_challenge_methods_supported"_s, QJsonArray{u"S256"_s}},
        {u"id_token_signing_alg_values_supported"_s, QJsonArray{u"ES256"_s}},
    };
    reply(Endpoint::Discovery, socket, 200, document);
}

void FakeIssuer::Private::authorize(const TinyRequest &request, QTcpSocket *socket, std::optional<Fault> fault)
{
    const QString requestUri = first(request.query, u"request_uri"_s);
    const QUrlQuery query = requestUri.isEmpty() ? request.query : pushed.take(requestUri); // good for one visit
    if (options.requirePushedRequests && requestUri.isEmpty())
        return TinyHttp::answer(socket, 400, "text/plain", "push the request first");
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
        codes.insert(code,
                     {first(query, u"client_id"_s), first(query, u"redirect_uri"_s), first(query, u"nonce"_s),
                      first(query, u"code_challenge"_s), first(query, u"scope"_s), first(query, u"resource"_s), subject, name,
                      acr, QString::fromLatin1(randomToken("family-")), first(query, u"dpop_jkt"_s)});
        add(u"code"_s, QString::fromLatin1(code));
    }
    redirect.setQuery(answer);
    TinyHttp::answer(socket, 302, "text/plain", {}, {"Location: " + redirect.toEncoded()});
}

bool FakeIssuer::decideDevice(bool allow)
{
    for (Private::Device &one : d->devices) {
        if (one.grant.family == d->userCode) {
            one.allowed = allow;
            return true;
        }
    }
    return false;
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

void FakeIssuer::answerNext(Endpoint endpoint, int status, const QByteArray &contentType, const QByteArray &body)
{
    d->rawAnswers[endpoint] += Private::RawAnswer{status, contentType, body};
}

void FakeIssuer::changeNext(Endpoint endpoint, std::function<void(QJsonObject &)> changed)
{
    d->changes[endpoint] += std::move(changed);
}

void FakeIssuer::gatherNext(Endpoint endpoint, int count)
{
    d->gatherings[endpoint].count = count;
}

void FakeIssuer::changeNonce()
{
    d->dpopNonce = randomToken("nonce-");
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

void FakeIssuer::setCalendar(std::chrono::milliseconds ahead)
{
    d->calendar = ahead;
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

// By hand, one request after the other: a browser follows from https to the application's http on this machine, which
// QNetworkAccessManager calls less safe; and Qt 6.4 now and then repeats a request whose redirect it follows itself.
bool FakeIssuer::openBrowser(const QUrl &url)
{
    QNetworkRequest request(url);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    if (!d->authorities.isEmpty()) {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setCaCertificates(d->authorities);
        request.setSslConfiguration(tls);
    }
    QNetworkReply *reply = d->browser.get(request);
    connect(reply, &QNetworkReply::finished, this, [this, reply] {
        reply->deleteLater();
        const QUrl next = reply->attribute(QNetworkRequest::RedirectionTargetAttribute).toUrl();
        if (!next.isEmpty())
            openBrowser(reply->url().resolved(next));
    });
    return true;
}

int FakeIssuer::requestCount(Endpoint endpoint) const
{
    return d->counts.value(endpoint);
}

QByteArray FakeIssuer::userAgent() const
{
    return d->userAgent;
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
