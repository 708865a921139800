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

bool isUnreserved(uchar c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'
        || c == '~';
}

// RFC 3986 section 6.2.2.1 and 6.2.2.2: "%7e" is "~", and "%2f" is "%2F" and no slash.
QByteArray withNormalPercents(const QByteArray &path)
{
    QByteArray normal;
    normal.reserve(path.size());
    for (qsizetype i = 0; i < path.size(); ++i) {
        bool isHex = false;
        const uint value =
            path.at(i) == '%' ? path.sliced(i + 1).first(std::min<qsizetype>(2, path.size() - i - 1)).toUInt(&isHex, 16) : 0;
        if (!isHex || path.size() - i < 3) {
            normal += path.at(i);
            continue;
        }
        normal += isUnreserved(uchar(value)) ? QByteArray(1, char(value)) : path.sliced(i, 3).toUpper();
        i += 2;
    }
    return normal;
}

// RFC 3986 section 6.2.2.3 and 5.2.4. An empty segment is a segment: servers route by it, and it stays.
QByteArray withoutDots(const QByteArray &path)
{
    QList<QByteArray> kept;
    const QList<QByteArray> segments = path.split('/').mid(1);
    for (qsizetype i = 0; i < segments.size(); ++i) {
        const QByteArray &segment = segments.at(i);
        const bool isDots = segment == "." || segment == "..";
        if (segment == ".." && !kept.isEmpty())
            kept.removeLast();
        if (!isDots)
            kept += segment;
        else if (i + 1 == segments.size())
            kept += QByteArray();
    }
    return '/' + kept.join('/');
}

Result<void> checkTarget(const Jwt &proof, const DpopProof::Request &request)
{
    const QString method = proof.claim(u"htm").toString();
    const QString target = proof.claim(u"htu").toString();
    if (method.isEmpty() || target.isEmpty() || proof.id().isEmpty() || !proof.issuedAt())
        return Error(ErrorCode::MissingClaim, u"a DPoP proof needs jti, htm, htu and iat"_s);
    if (method != QString::fromLatin1(request.method))
        return Error(ErrorCode::InvalidRequest, u"the DPoP proof was made for another method"_s);
    const QString made = DpopProof::targetOf(QUrl(target));
    if (made.isEmpty() || made != DpopProof::targetOf(request.url))
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
    if (!url.isValid() || url.host().isEmpty())
        return {};
    QUrl base;
    const bool isUpgrade = url.scheme() == "wss"_L1 || url.scheme() == "ws"_L1;
    base.setScheme(isUpgrade ? (url.scheme() == "wss"_L1 ? u"https"_s : u"http"_s) : url.scheme());
    base.setHost(url.host());
    base.setPort(url.port() == (base.scheme() == "https"_L1 ? 443 : 80) ? -1 : url.port());
    const QByteArray path = withoutDots(withNormalPercents(url.path(QUrl::FullyEncoded).toLatin1()));
    return base.toString(QUrl::FullyEncoded) + QString::fromLatin1(path);
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
