// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/jwt.h"

#include "algorithm.h"
#include "strictjson.h"
#include "tokentext.h"
#include "watchword/jose/base64url.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <cmath>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr double kLastSecond = 253'402'300'799.0; // of the year 9999

std::optional<WallTime> timeOf(std::optional<double> seconds)
{
    if (!seconds)
        return std::nullopt;
    return wallTimeFromSeconds(qint64(std::floor(std::clamp(*seconds, -kLastSecond, kLastSecond))));
}

std::optional<WallTime> timeOf(const QJsonValue &value)
{
    return timeOf(value.isDouble() ? std::optional(value.toDouble()) : std::nullopt);
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

Error missing(const QString &claim)
{
    return Error(ErrorCode::MissingClaim, u"the token has no \"%1\""_s.arg(claim));
}

QString secondsText(Duration duration)
{
    return QString::number(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + u" s"_s;
}

Result<void> checkTimes(const TokenClaims &claims, const JwtPolicy &policy, WallTime now)
{
    const std::optional<WallTime> expiry = timeOf(claims.expiry);
    if (!expiry && (policy.expiryRequired || policy.maximumLifetime.count() > 0))
        return missing(u"exp"_s);
    if (expiry && now >= *expiry + policy.leeway)
        return Error(ErrorCode::TokenExpired, u"\"exp\" was %1 ago"_s.arg(secondsText(now - *expiry)));
    const std::optional<WallTime> begin = timeOf(claims.notBefore);
    if (begin && now + policy.leeway < *begin)
        return Error(ErrorCode::TokenNotYetValid, u"\"nbf\" is in %1"_s.arg(secondsText(*begin - now)));
    if (policy.maximumLifetime.count() <= 0)
        return {};
    const std::optional<WallTime> issued = timeOf(claims.issuedAt);
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

Result<void> checkIssuer(const TokenClaims &claims, const JwtPolicy &policy)
{
    if (policy.issuer.isEmpty())
        return {};
    if (!claims.issuer)
        return missing(u"iss"_s);
    if (*claims.issuer != policy.issuer)
        return Error(ErrorCode::WrongIssuer, u"\"iss\" is not %1"_s.arg(policy.issuer));
    return {};
}

//! How many audiences the token has, and whether one of them is ours.
std::pair<qsizetype, bool> audiencesOf(const QJsonValue &value, const QStringList &ours)
{
    if (value.isString())
        return {1, ours.contains(value.toString())};
    const QJsonArray array = value.toArray();
    return {array.size(), std::any_of(array.begin(), array.end(), [&ours](const QJsonValue &audience) {
                return ours.contains(audience.toString());
            })};
}

Result<void> checkAudience(const TokenClaims &claims, const JwtPolicy &policy)
{
    const auto [count, named] = audiencesOf(claims.audience, policy.audiences);
    if (!policy.audiences.isEmpty()) {
        if (count == 0)
            return missing(u"aud"_s);
        if (!named)
            return Error(ErrorCode::WrongAudience,
                         u"\"aud\" does not name %1"_s.arg(policy.audiences.join(u" or ")));
    }
    if (policy.authorizedParty.isEmpty())
        return {};
    if (claims.authorizedParty) {
        if (*claims.authorizedParty != policy.authorizedParty)
            return Error(ErrorCode::WrongAudience, u"\"azp\" is not %1"_s.arg(policy.authorizedParty));
    } else if (count > 1) {
        return missing(u"azp"_s);
    }
    return {};
}

Result<void> checkNonce(const TokenClaims &claims, const JwtPolicy &policy)
{
    if (policy.nonce.isEmpty())
        return {};
    if (!claims.nonce)
        return missing(u"nonce"_s);
    if (*claims.nonce != policy.nonce)
        return Error(ErrorCode::WrongNonce, u"\"nonce\" is not that of the request"_s);
    return {};
}

Result<void> checkType(const QString &type, const JwtPolicy &policy)
{
    if (policy.types.isEmpty() || (type.isEmpty() && !policy.typeRequired))
        return {};
    const auto fits = [&](const QString &accepted) { return accepted == type || plainTokenType(accepted) == type; };
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
    const Result<TokenText> text = TokenText::read(compact);
    if (!text)
        return text.error();
    Jwt jwt;
    jwt.m_header = text->header->object;
    jwt.m_claims = text->object;
    return jwt;
}

Result<Jwt> Jwt::verify(QByteArrayView compact, const JwkSet &keys, const JwtPolicy &policy, WallTime now)
{
    if (policy.audienceRequired && policy.audiences.isEmpty())
        return Error(ErrorCode::InvalidArgument, u"the policy asks for an audience and names none"_s);
    const Result<TokenText> text = TokenText::read(compact);
    if (!text)
        return text.error();
    const TokenHeader &header = *text->header;
    if (!policy.algorithms.contains(header.algorithm) || !Algorithm::find(header.algorithm))
        return Error(ErrorCode::UnsupportedAlgorithm,
                     u"\"%1\" is not accepted here"_s.arg(shownText(header.algorithm)));
    if (const Result<void> checked = checkType(header.type, policy); !checked)
        return checked.error();
    const Result<Jwk> key = chooseKey(keys, header.keyId, header.algorithm);
    if (!key)
        return key.error();
    if (const Result<void> proved = key->verify(header.algorithm, text->signedText, text->signature); !proved)
        return proved.error();
    rememberHeader(text->header);
    if (const Result<void> checked = checkTimes(text->claims, policy, now); !checked)
        return checked.error();
    if (const Result<void> checked = checkIssuer(text->claims, policy); !checked)
        return checked.error();
    if (const Result<void> checked = checkAudience(text->claims, policy); !checked)
        return checked.error();
    if (const Result<void> checked = checkNonce(text->claims, policy); !checked)
        return checked.error();
    Jwt jwt;
    jwt.m_header = header.object;
    jwt.m_claims = text->object;
    return jwt;
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
    return plainTokenType(m_header.value("typ"_L1).toString());
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
    return timeOf(m_claims.value("exp"_L1));
}

std::optional<WallTime> Jwt::issuedAt() const
{
    return timeOf(m_claims.value("iat"_L1));
}

std::optional<WallTime> Jwt::notBefore() const
{
    return timeOf(m_claims.value("nbf"_L1));
}

std::optional<WallTime> Jwt::authTime() const
{
    return timeOf(m_claims.value("auth_time"_L1));
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
