// SPDX-License-Identifier: Apache-2.0
#include "fakeissuer_p.h"
#include "watchword/jose/dpop.h"
#include "watchword/jose/jwt.h"
#include "watchword/jose/pkce.h"

#include <QCryptographicHash>

namespace Watchword {

using namespace Qt::StringLiterals;

void FakeIssuer::Private::token(const TinyRequest &request, QTcpSocket *socket, std::optional<Fault> fault)
{
    const std::optional<QString> key = provenKey(request, socket); // before anything is used up
    if (!key)
        return;
    const QString kind = first(request.form, u"grant_type"_s);
    if (kind == "authorization_code"_L1) {
        const Grant grant = codes.take(first(request.form, u"code"_s).toLatin1());
        const bool fits = !grant.clientId.isEmpty() && grant.clientId == first(request.form, u"client_id"_s)
            && grant.redirect == first(request.form, u"redirect_uri"_s)
            && Pkce::matches(first(request.form, u"code_verifier"_s).toLatin1(), grant.challenge);
        if (!fits)
            return refuse(socket, 400, "invalid_grant");
        return redeem(grant, fault != Fault::NoIdToken, *key, socket, fault);
    }
    if (kind == "urn:ietf:params:oauth:grant-type:device_code"_L1)
        return pollDevice(request, *key, socket, fault);
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
    if (*key != grant.thumbprint)
        return refuse(socket, 400, "invalid_grant"); // the refresh token is bound to another key
    if (options.rotateRefreshTokens) {
        refreshTokens.remove(sent);
        spent.insert(sent, grant.family);
    }
    ++refreshes;
    const bool withIdToken = (options.refreshIdTokens && fault != Fault::NoIdToken) || fault == Fault::OtherPerson;
    issue(grant, withIdToken ? IdToken::Again : IdToken::None, socket, fault);
}

// The first tokens of a grant: they are bound to the key that is proven now.
void FakeIssuer::Private::redeem(Grant grant, bool withIdToken, const QString &key, QTcpSocket *socket,
                                 std::optional<Fault> fault)
{
    if (!grant.thumbprint.isEmpty() && grant.thumbprint != key)
        return refuse(socket, 400, "invalid_dpop_proof");
    grant.thumbprint = key;
    grant.authTime = now();
    issue(grant, withIdToken ? IdToken::First : IdToken::None, socket, fault);
}

// The thumbprint of the key that the request proves, "" without a proof; empty when it was refused.
std::optional<QString> FakeIssuer::Private::provenKey(const TinyRequest &request, QTcpSocket *socket)
{
    const QByteArray proof = request.headers.value("dpop");
    if (proof.isEmpty())
        return QString();
    const DpopProof::Request made{
        "POST", QUrl(issuer() + u"/token"_s), {}, options.demandNonces ? QString::fromLatin1(dpopNonce) : QString()};
    const auto result = DpopProof::verify(proof, {made, {}, std::chrono::minutes(5), std::chrono::minutes(1)}, date());
    const bool nonceMissing = options.demandNonces && dpopNonce.isEmpty();
    if (nonceMissing || (!result && result.error().code() == ErrorCode::WrongNonce)) {
        if (nonceMissing)
            dpopNonce = randomToken("nonce-");
        TinyHttp::answer(socket, 400, "application/json", toJson({{u"error"_s, u"use_dpop_nonce"_s}}),
                         {"DPoP-Nonce: " + dpopNonce});
        return std::nullopt;
    }
    if (!result || proofs.contains(result->id())) { // a proof is good for one request
        refuse(socket, 400, "invalid_dpop_proof");
        return std::nullopt;
    }
    proofs.insert(result->id());
    return result->thumbprint();
}

void FakeIssuer::Private::authorizeDevice(const TinyRequest &request, QTcpSocket *socket)
{
    const QByteArray code = randomToken("device-");
    remember(code);
    userCode = QString::fromLatin1(Secret::random(4).reveal().toByteArray().toHex().toUpper());
    Device device;
    device.grant.clientId = first(request.form, u"client_id"_s);
    device.grant.scope = first(request.form, u"scope"_s);
    device.grant.resource = first(request.form, u"resource"_s);
    device.grant.acr = first(request.form, u"acr_values"_s).section(u' ', 0, 0);
    device.grant.family = userCode;
    device.expiresAt = date() + options.deviceLifetime;
    devices.insert(code, device);
    reply(Endpoint::Device, socket, 200,
          {{u"device_code"_s, QString::fromLatin1(code)},
           {u"user_code"_s, userCode},
           {u"verification_uri"_s, issuer() + u"/activate"_s},
           {u"verification_uri_complete"_s, issuer() + u"/activate?user_code="_s + userCode},
           {u"interval"_s, qint64(options.deviceInterval.count())},
           {u"expires_in"_s, qint64(options.deviceLifetime.count())}});
}

void FakeIssuer::Private::pollDevice(const TinyRequest &request, const QString &key, QTcpSocket *socket,
                                     std::optional<Fault> fault)
{
    const QByteArray code = first(request.form, u"device_code"_s).toLatin1();
    const auto found = devices.find(code);
    if (found == devices.end())
        return refuse(socket, 400, "invalid_grant");
    if (date() >= found->expiresAt)
        return refuse(socket, 400, "expired_token");
    if (!found->allowed)
        return refuse(socket, 400, "authorization_pending");
    if (!*found->allowed)
        return refuse(socket, 400, "access_denied");
    Grant grant = found->grant;
    grant.subject = subject;
    grant.name = name;
    devices.erase(found); // even if the answer is lost
    redeem(grant, fault != Fault::NoIdToken, key, socket, fault);
}

void FakeIssuer::Private::pushRequest(const TinyRequest &request, QTcpSocket *socket)
{
    if (first(request.form, u"client_id"_s).isEmpty())
        return refuse(socket, 400, "invalid_request");
    const QString uri = u"urn:ietf:params:oauth:request_uri:"_s + QString::fromLatin1(randomToken({}));
    pushed.insert(uri, request.form);
    reply(Endpoint::PushedRequest, socket, 201, {{u"request_uri"_s, uri}, {u"expires_in"_s, 60}});
}

void FakeIssuer::Private::issue(const Grant &grant, IdToken wanted, QTcpSocket *socket, std::optional<Fault> fault)
{
    const bool bound = !grant.thumbprint.isEmpty() && fault != Fault::Unbound;
    const QByteArray access = accessToken(grant);
    const QByteArray refresh = randomToken("refresh-");
    remember(access);
    remember(refresh);
    QJsonObject answer{{u"access_token"_s, QString::fromLatin1(access)},
                       {u"token_type"_s, bound ? u"DPoP"_s : u"bearer"_s},
                       {u"scope"_s, grant.scope}};
    if (options.sayLifetime && options.accessTokenLifetime.count() > 0)
        answer.insert(u"expires_in"_s, qint64(options.accessTokenLifetime.count()));
    if (options.rotateRefreshTokens || wanted == IdToken::First) {
        refreshTokens.insert(refresh, grant);
        answer.insert(u"refresh_token"_s, QString::fromLatin1(refresh));
    }
    if (wanted != IdToken::None && grant.scope.split(u' ').contains("openid"_L1)) {
        const QByteArray id = idToken(grant, wanted, access, fault);
        remember(id);
        answer.insert(u"id_token"_s, QString::fromLatin1(id));
    }
    if (fault == Fault::LoseAnswer) {
        socket->disconnectFromHost();
        return;
    }
    reply(Endpoint::Token, socket, 200, answer);
}

QByteArray FakeIssuer::Private::accessToken(const Grant &grant) const
{
    QJsonObject claims{
        {u"iss"_s, issuer()},
        {u"sub"_s, grant.subject},
        {u"aud"_s, grant.resource.isEmpty() ? grant.clientId : grant.resource},
        {u"client_id"_s, grant.clientId},
        {u"scope"_s, grant.scope},
        {u"iat"_s, now()},
        {u"exp"_s, now() + qint64(options.accessTokenLifetime.count())},
        {u"jti"_s, QString::fromLatin1(randomToken("j"))},
    };
    // RFC 9068 section 2.2.1.
    if (grant.authTime > 0)
        claims.insert(u"auth_time"_s, grant.authTime);
    if (!grant.acr.isEmpty())
        claims.insert(u"acr"_s, grant.acr);
    return signJwt(key, u"at+jwt"_s, claims).valueOr({});
}

// What is wrong with the claims of an ID token, whatever it came with.
void FakeIssuer::Private::spoilIdToken(QJsonObject &claims, Fault fault) const
{
    constexpr qint64 day = 24 * 3600;
    switch (fault) {
    case Fault::WrongIssuer:
        claims.insert(u"iss"_s, u"https://evil.example"_s);
        break;
    case Fault::OtherPerson:
        claims.insert(u"sub"_s, u"mallory"_s);
        break;
    case Fault::WrongAudience:
        claims.insert(u"aud"_s, u"another-client"_s);
        break;
    case Fault::WrongParty:
        claims.insert(u"azp"_s, u"another-client"_s);
        break;
    case Fault::WrongNonce:
        claims.insert(u"nonce"_s, u"wrong"_s);
        break;
    case Fault::WrongAuthTime:
        claims.insert(u"auth_time"_s, now() + 1);
        break;
    case Fault::OldIdToken:
        claims.insert(u"iat"_s, now() - day);
        break;
    case Fault::EndedIdToken:
        claims.insert(u"exp"_s, now() - day);
        break;
    case Fault::WeakSignIn:
        claims.remove(u"auth_time"_s);
        claims.remove(u"acr"_s);
        break;
    default:
        break;
    }
}

QByteArray FakeIssuer::Private::idToken(const Grant &grant, IdToken kind, const QByteArray &access,
                                        std::optional<Fault> fault) const
{
    const QByteArray half = QCryptographicHash::hash(access, QCryptographicHash::Sha256).first(16);
    QJsonObject claims{
        {u"iss"_s, issuer()},
        {u"sub"_s, grant.subject},
        {u"aud"_s, grant.clientId},
        {u"iat"_s, now()},
        {u"exp"_s, now() + 300},
        {u"auth_time"_s, grant.authTime},
        {u"at_hash"_s, QString::fromLatin1(toBase64Url(half))},
        {u"preferred_username"_s, grant.name},
    };
    if (!grant.acr.isEmpty())
        claims.insert(u"acr"_s, grant.acr);
    if (kind == IdToken::First && !grant.nonce.isEmpty())
        claims.insert(u"nonce"_s, grant.nonce);
    if (fault)
        spoilIdToken(claims, *fault);
    if (fault == Fault::UnsignedIdToken)
        return toBase64Url(R"({"alg":"none","typ":"JWT"})") + '.' + toBase64Url(toJson(claims)) + '.';
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

} // namespace Watchword
