// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/jwt.h"

#include "algorithm.h"
#include "strictjson.h"
#include "watchword/jose/base64url.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <cmath>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr double kLastSecond = 253'402'300'799.0; // of the year 9999

Error malformed(const QString &why)
{
    return Error(ErrorCode::MalformedToken, why);
}

/*! The three parts of a compact token, still encoded. */
struct Parts
{
    QByteArrayView header;
    QByteArrayView claims;
    QByteArrayView signature;
    QByteArrayView signedText; // header '.' claims
};

std::optional<Parts> split(QByteArrayView compact)
{
    const qsizetype first = compact.indexOf('.');
    const qsizetype second = first < 0 ? -1 : compact.indexOf('.', first + 1);
    if (second < 0 || compact.indexOf('.', second + 1) >= 0)
        return std::nullopt;
    return Parts{compact.first(first), compact.sliced(first + 1, second - first - 1),
                 compact.sliced(second + 1), compact.first(second)};
}

Result<QJsonObject> objectOf(QByteArrayView encoded, const QString &what)
{
    const Result<QByteArray> bytes = fromBase64Url(encoded);
    if (!bytes)
        return malformed(u"the %1 is not canonical base64url"_s.arg(what));
    const std::optional<QJsonObject> object = strictJsonObject(*bytes);
    if (!object)
        return malformed(u"the %1 is not a JSON object, or has a member twice"_s.arg(what));
    return *object;
}

bool isTexts(const QJsonValue &value)
{
    if (value.isString())
        return true;
    const QJsonArray array = value.toArray();
    return value.isArray()
        && std::all_of(array.begin(), array.end(), [](const QJsonValue &v) { return v.isString(); });
}

Result<void> checkHeader(const QJsonObject &header)
{
    for (const QLatin1StringView name : {"alg"_L1, "typ"_L1, "kid"_L1}) {
        if (header.contains(name) && !header.value(name).isString())
            return malformed(u"the header \"%1\" is not a text"_s.arg(name));
    }
    if (header.value("alg"_L1).toString().isEmpty())
        return malformed(u"the header has no \"alg\""_s);
    if (header.contains("crit"_L1) || header.contains("b64"_L1))
        return malformed(u"the header asks for an extension (\"crit\") that is not understood"_s);
    return {};
}

Result<void> checkTypes(const QJsonObject &claims)
{
    for (const QLatin1StringView name : {"iss"_L1, "sub"_L1, "jti"_L1, "sid"_L1, "nonce"_L1, "azp"_L1}) {
        if (claims.contains(name) && !claims.value(name).isString())
            return malformed(u"the claim \"%1\" is not a text"_s.arg(name));
    }
    for (const QLatin1StringView name : {"exp"_L1, "nbf"_L1, "iat"_L1, "auth_time"_L1}) {
        if (claims.contains(name)
            && !(claims.value(name).isDouble() && std::isfinite(claims.value(name).toDouble())))
            return malformed(u"the claim \"%1\" is not a number"_s.arg(name));
    }
    for (const QLatin1StringView name : {"aud"_L1, "scope"_L1, "scp"_L1}) {
        if (claims.contains(name) && !isTexts(claims.value(name)))
            return malformed(u"the claim \"%1\" is neither a text nor a list of texts"_s.arg(name));
    }
    return {};
}

std::optional<WallTime> timeOf(const QJsonObject &claims, QLatin1StringView name)
{
    const QJsonValue value = claims.value(name);
    if (!value.isDouble())
        return std::nullopt;
    return wallTimeFromSeconds(qint64(std::floor(std::clamp(value.toDouble(), -kLastSecond, kLastSecond))));
}

QStringList textsOf(const QJsonValue &value)
{
    if (value.isString())
        return {value.toString()};
    QStringList texts;
    for (const QJsonValue text : value.toArray())
        texts.append(text.toString());
    return texts;
}

QString plainType(const QString &type)
{
    const QString lower = type.toLower();
    return lower.startsWith("application/"_L1) ? lower.sliced(12) : lower;
}

Error missing(const QString &claim)
{
    return Error(ErrorCode::MissingClaim, u"the token has no \"%1\""_s.arg(claim));
}

QString secondsText(Duration duration)
{
    return QString::number(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + u" s"_s;
}

Result<void> checkTimes(const Jwt &jwt, const JwtPolicy &policy, WallTime now)
{
    const std::optional<WallTime> expiry = jwt.expiresAt();
    if (!expiry && (policy.expiryRequired || policy.maximumLifetime.count() > 0))
        return missing(u"exp"_s);
    if (expiry && now >= *expiry + policy.leeway)
        return Error(ErrorCode::TokenExpired, u"\"exp\" was %1 ago"_s.arg(secondsText(now - *expiry)));
    const std::optional<WallTime> begin = jwt.notBefore();
    if (begin && now + policy.leeway < *begin)
        return Error(ErrorCode::TokenNotYetValid, u"\"nbf\" is in %1"_s.arg(secondsText(*begin - now)));
    if (policy.maximumLifetime.count() <= 0)
        return {};
    const std::optional<WallTime> issued = jwt.issuedAt();
    if (!issued)
        return missing(u"iat"_s);
    if (now + policy.leeway < *issued)
        return Error(ErrorCode::TokenNotYetValid, u"\"iat\" is in %1"_s.arg(secondsText(*issued - now)));
    if (*expiry - *issued > policy.maximumLifetime)
        return Error(ErrorCode::TokenLifetimeTooLong,
                     u"%1 between \"iat\" and \"exp\"; the limit is %2"_s.arg(
                         secondsText(*expiry - *issued), secondsText(policy.maximumLifetime)));
    return {};
}

Result<void> checkIssuer(const Jwt &jwt, const JwtPolicy &policy)
{
    if (policy.issuer.isEmpty())
        return {};
    if (!jwt.claims().contains("iss"_L1))
        return missing(u"iss"_s);
    if (jwt.issuer() != policy.issuer)
        return Error(ErrorCode::WrongIssuer, u"\"iss\" is not %1"_s.arg(policy.issuer));
    return {};
}

Result<void> checkAudience(const Jwt &jwt, const JwtPolicy &policy)
{
    const QStringList audiences = jwt.audiences();
    if (!policy.audiences.isEmpty()) {
        if (audiences.isEmpty())
            return missing(u"aud"_s);
        const auto isOurs = [&](const QString &audience) { return policy.audiences.contains(audience); };
        if (std::none_of(audiences.cbegin(), audiences.cend(), isOurs))
            return Error(ErrorCode::WrongAudience,
                         u"\"aud\" does not name %1"_s.arg(policy.audiences.join(u" or ")));
    }
    if (policy.authorizedParty.isEmpty())
        return {};
    if (jwt.claims().contains("azp"_L1)) {
        if (jwt.claim(u"azp").toString() != policy.authorizedParty)
            return Error(ErrorCode::WrongAudience, u"\"azp\" is not %1"_s.arg(policy.authorizedParty));
    } else if (audiences.size() > 1) {
        return missing(u"azp"_s);
    }
    return {};
}

Result<void> checkNonce(const Jwt &jwt, const JwtPolicy &policy)
{
    if (policy.nonce.isEmpty())
        return {};
    if (!jwt.claims().contains("nonce"_L1))
        return missing(u"nonce"_s);
    if (jwt.claim(u"nonce").toString() != policy.nonce)
        return Error(ErrorCode::WrongNonce, u"\"nonce\" is not that of the request"_s);
    return {};
}

Result<void> checkType(const QString &type, const JwtPolicy &policy)
{
    if (policy.types.isEmpty() || (type.isEmpty() && !policy.typeRequired))
        return {};
    const auto fits = [&](const QString &accepted) { return plainType(accepted) == type; };
    if (std::any_of(policy.types.cbegin(), policy.types.cend(), fits))
        return {};
    return Error(ErrorCode::WrongTokenType,
                 u"\"typ\" is \"%1\", not %2"_s.arg(shownText(type), policy.types.join(u" or ")));
}

//! The one key that the header may mean.
Result<Jwk> chooseKey(const JwkSet &keys, const QString &keyId, const QString &algorithm)
{
    const QList<Jwk> candidates = keys.candidates(keyId, algorithm);
    if (candidates.size() == 1)
        return candidates.first();
    if (candidates.size() > 1)
        return Error(ErrorCode::UnknownKey,
                     u"%1 keys fit, and the token does not name one"_s.arg(candidates.size()));
    if (!keyId.isEmpty() && keys.containsKeyId(keyId))
        return Error(ErrorCode::UnusableKey,
                     u"the key \"%1\" is not for %2"_s.arg(shownText(keyId), algorithm));
    return Error(ErrorCode::UnknownKey, u"no key \"%1\" for %2"_s.arg(shownText(keyId), algorithm));
}

} // namespace

Result<Jwt> Jwt::parse(QByteArrayView compact)
{
    if (compact.size() > kLargestSize)
        return malformed(u"the token is larger than 16 KiB"_s);
    const std::optional<Parts> parts = split(compact);
    if (!parts)
        return malformed(u"a signed token has three parts"_s);
    const Result<QJsonObject> header = objectOf(parts->header, u"header"_s);
    if (!header)
        return header.error();
    if (const Result<void> checked = checkHeader(*header); !checked)
        return checked.error();
    const Result<QJsonObject> claims = objectOf(parts->claims, u"payload"_s);
    if (!claims)
        return claims.error();
    if (const Result<void> checked = checkTypes(*claims); !checked)
        return checked.error();
    if (!fromBase64Url(parts->signature))
        return malformed(u"the signature is not canonical base64url"_s);
    Jwt jwt;
    jwt.m_header = *header;
    jwt.m_claims = *claims;
    return jwt;
}

Result<Jwt> Jwt::verify(QByteArrayView compact, const JwkSet &keys, const JwtPolicy &policy, WallTime now)
{
    if (policy.audienceRequired && policy.audiences.isEmpty())
        return Error(ErrorCode::InvalidArgument, u"the policy asks for an audience and names none"_s);
    Result<Jwt> parsed = parse(compact);
    if (!parsed)
        return parsed;
    const Jwt &jwt = *parsed;
    const QString algorithm = jwt.algorithm();
    if (!policy.algorithms.contains(algorithm) || !Algorithm::find(algorithm))
        return Error(ErrorCode::UnsupportedAlgorithm,
                     u"\"%1\" is not accepted here"_s.arg(shownText(algorithm)));
    if (const Result<void> checked = checkType(jwt.type(), policy); !checked)
        return checked.error();
    const Result<Jwk> key = chooseKey(keys, jwt.keyId(), algorithm);
    if (!key)
        return key.error();
    const Parts parts = *split(compact);
    const Result<void> proved =
        key->verify(algorithm, parts.signedText, fromBase64Url(parts.signature).value());
    if (!proved)
        return proved.error();
    for (const Result<void> &checked : {checkTimes(jwt, policy, now), checkIssuer(jwt, policy),
                                        checkAudience(jwt, policy), checkNonce(jwt, policy)}) {
        if (!checked)
            return checked.error();
    }
    return parsed;
}

QString Jwt::keyId() const
{
    return m_header.value("kid"_L1).toString();
}

QString Jwt::algorithm() const
{
    return m_header.value("alg"_L1).toString();
}

QString Jwt::type() const
{
    return plainType(m_header.value("typ"_L1).toString());
}

QString Jwt::issuer() const
{
    return m_claims.value("iss"_L1).toString();
}

QString Jwt::subject() const
{
    return m_claims.value("sub"_L1).toString();
}

QString Jwt::id() const
{
    return m_claims.value("jti"_L1).toString();
}

QString Jwt::sessionId() const
{
    return m_claims.value("sid"_L1).toString();
}

QStringList Jwt::audiences() const
{
    return textsOf(m_claims.value("aud"_L1));
}

QStringList Jwt::scopes() const
{
    const QJsonValue value = m_claims.value(m_claims.contains("scope"_L1) ? "scope"_L1 : "scp"_L1);
    return value.isString() ? value.toString().split(u' ', Qt::SkipEmptyParts) : textsOf(value);
}

std::optional<WallTime> Jwt::expiresAt() const
{
    return timeOf(m_claims, "exp"_L1);
}

std::optional<WallTime> Jwt::issuedAt() const
{
    return timeOf(m_claims, "iat"_L1);
}

std::optional<WallTime> Jwt::notBefore() const
{
    return timeOf(m_claims, "nbf"_L1);
}

std::optional<WallTime> Jwt::authTime() const
{
    return timeOf(m_claims, "auth_time"_L1);
}

Result<QByteArray> signJwt(const SigningKey &key, const QString &type, const QJsonObject &claims)
{
    if (key.isNull())
        return Error(ErrorCode::UnusableKey, u"there is no key"_s);
    QJsonObject header{{"alg"_L1, key.algorithm()}, {"kid"_L1, key.keyId()}};
    if (!type.isEmpty())
        header.insert("typ"_L1, type);
    QByteArray token =
        toBase64Url(QJsonDocument(header).toJson(QJsonDocument::Compact)) + '.'
        + toBase64Url(
            QJsonDocument(claims).toJson(QJsonDocument::Compact).replace("\xef\xbb\xbf", "\\ufeff"));
    const Result<QByteArray> signature = key.sign(token);
    if (!signature)
        return signature.error();
    token += '.' + toBase64Url(*signature);
    if (token.size() > Jwt::kLargestSize)
        return Error(ErrorCode::InvalidArgument, u"the claims make a token larger than 16 KiB"_s);
    return token;
}

} // namespace Watchword
