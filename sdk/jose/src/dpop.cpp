// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/dpop.h"

#include "watchword/jose/base64url.h"
#include "watchword/jose/jwt.h"

#include <QCryptographicHash>
#include <QJsonDocument>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

QString hashOf(const Secret &accessToken)
{
    return QString::fromLatin1(
        toBase64Url(QCryptographicHash::hash(accessToken.reveal().toByteArray(), QCryptographicHash::Sha256)));
}

QByteArray encoded(const QJsonObject &object)
{
    return toBase64Url(QJsonDocument(object).toJson(QJsonDocument::Compact));
}

Result<void> checkTarget(const Jwt &proof, const DpopProof::Request &request)
{
    const QString method = proof.claim(u"htm").toString();
    const QString target = proof.claim(u"htu").toString();
    if (method.isEmpty() || target.isEmpty() || proof.id().isEmpty() || !proof.issuedAt())
        return Error(ErrorCode::MissingClaim, u"a DPoP proof needs jti, htm, htu and iat"_s);
    if (method != QString::fromLatin1(request.method))
        return Error(ErrorCode::InvalidRequest, u"the DPoP proof was made for another method"_s);
    if (DpopProof::targetOf(QUrl(target)) != DpopProof::targetOf(request.url))
        return Error(ErrorCode::InvalidRequest, u"the DPoP proof was made for another URL"_s);
    return {};
}

Result<void> checkBinding(const Jwt &proof, const DpopProof::Expectation &expected, const QString &thumbprint)
{
    const QString nonce = proof.claim(u"nonce").toString();
    if (!expected.request.nonce.isEmpty() && nonce != expected.request.nonce)
        return Error(ErrorCode::WrongNonce, u"the DPoP proof carries another nonce"_s);
    const Secret &token = expected.request.accessToken;
    if (!token.isEmpty() && proof.claim(u"ath").toString() != hashOf(token))
        return Error(ErrorCode::WrongAudience, u"the DPoP proof was made for another access token"_s);
    if (!expected.thumbprint.isEmpty() && thumbprint != expected.thumbprint)
        return Error(ErrorCode::UnknownKey, u"the token is bound to another key than the DPoP proof's"_s);
    return {};
}

} // namespace

QString DpopProof::targetOf(const QUrl &url)
{
    QUrl target = url.adjusted(QUrl::RemoveQuery | QUrl::RemoveFragment | QUrl::RemoveUserInfo | QUrl::NormalizePathSegments);
    if (target.scheme() == "wss"_L1)
        target.setScheme(u"https"_s);
    else if (target.scheme() == "ws"_L1)
        target.setScheme(u"http"_s);
    const int usual = target.scheme() == "https"_L1 ? 443 : 80;
    if (target.port() == usual)
        target.setPort(-1);
    if (target.path().isEmpty())
        target.setPath(u"/"_s);
    return target.toString(QUrl::FullyEncoded);
}

Result<QByteArray> DpopProof::create(const SigningKey &key, const Request &request, WallTime now)
{
    if (key.isNull())
        return Error(ErrorCode::UnusableKey, u"there is no key for a DPoP proof"_s);
    QJsonObject jwk = key.publicKey().toPublicJson();
    for (const QString &member : {u"kid"_s, u"use"_s, u"alg"_s}) // the header says all that is needed
        jwk.remove(member);
    const QJsonObject header{{u"typ"_s, u"dpop+jwt"_s}, {u"alg"_s, key.algorithm()}, {u"jwk"_s, jwk}};
    QJsonObject claims{
        {u"jti"_s, QString::fromLatin1(toBase64Url(Secret::random(16).reveal()))},
        {u"htm"_s, QString::fromLatin1(request.method)},
        {u"htu"_s, targetOf(request.url)},
        {u"iat"_s, toSecondsSinceEpoch(now)},
    };
    if (!request.accessToken.isEmpty())
        claims.insert(u"ath"_s, hashOf(request.accessToken));
    if (!request.nonce.isEmpty())
        claims.insert(u"nonce"_s, request.nonce);
    const QByteArray text = encoded(header) + '.' + encoded(claims);
    const Result<QByteArray> signature = key.sign(text);
    if (!signature)
        return signature.error();
    return text + '.' + toBase64Url(*signature);
}

Result<DpopProof> DpopProof::verify(QByteArrayView proof, const Expectation &expected, WallTime now)
{
    if (proof.size() > kLargestSize)
        return Error(ErrorCode::MalformedToken, u"the DPoP proof is larger than 8 KiB"_s);
    const Result<Jwt> unproven = Jwt::parse(proof);
    if (!unproven)
        return unproven.error();
    if (unproven->type() != "dpop+jwt"_L1)
        return Error(ErrorCode::WrongTokenType, u"a DPoP proof has the type dpop+jwt"_s);
    if (!unproven->header().value("jwk"_L1).isObject())
        return Error(ErrorCode::UnusableKey, u"a DPoP proof carries its public key"_s);
    // Whatever "kid" says in either place: the key is the one that came along.
    QJsonObject jwk = unproven->header().value("jwk"_L1).toObject();
    jwk.remove("kid"_L1);
    if (!unproven->keyId().isEmpty())
        jwk.insert("kid"_L1, unproven->keyId());
    const Result<Jwk> key = Jwk::fromJson(jwk);
    if (!key)
        return key.error();
    JwkSet keys;
    keys.insert(*key);
    JwtPolicy policy;
    policy.audienceRequired = false;
    policy.expiryRequired = false;
    policy.leeway = expected.leeway;
    const Result<Jwt> token = Jwt::verify(proof, keys, policy, now);
    if (!token)
        return token.error();
    if (const Result<void> fits = checkTarget(*token, expected.request); !fits)
        return fits.error();
    if (now - *token->issuedAt() > expected.age)
        return Error(ErrorCode::TokenExpired, u"the DPoP proof is too old"_s);
    if (*token->issuedAt() - now > expected.leeway)
        return Error(ErrorCode::TokenNotYetValid, u"the DPoP proof comes from the future: check the clock"_s);
    if (const Result<void> bound = checkBinding(*token, expected, key->thumbprint()); !bound)
        return bound.error();
    DpopProof result;
    result.m_id = token->id();
    result.m_thumbprint = key->thumbprint();
    result.m_issuedAt = *token->issuedAt();
    return result;
}

} // namespace Watchword
