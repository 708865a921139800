// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/jwt.h"

#include "algorithm.h"
#include "claimset.h"
#include "strictjson.h"
#include "tokentext.h"
#include "watchword/jose/jws.h"

#include <QJsonDocument>

#include <algorithm>
#include <cmath>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr double kLastSecond = 253'402'300'799.0; // of the year 9999

std::optional<WallTime> timeOf(const ClaimSet &claims, QLatin1StringView name)
{
    if (claims.kind(name) != ClaimSet::Kind::Number)
        return std::nullopt;
    return wallTimeFromSeconds(qint64(std::floor(std::clamp(claims.number(name), -kLastSecond, kLastSecond))));
}

bool hasClaim(const ClaimSet &claims, QLatin1StringView name)
{
    return claims.kind(name) != ClaimSet::Kind::None;
}

Error missing(const QString &claim)
{
    return Error(ErrorCode::MissingClaim, u"the token has no \"%1\""_s.arg(claim));
}

QString secondsText(Duration duration)
{
    return QString::number(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + u" s"_s;
}

Result<void> checkTimes(const ClaimSet &claims, const JwtPolicy &policy, WallTime now)
{
    const std::optional<WallTime> expiry = timeOf(claims, "exp"_L1);
    if (!expiry && (policy.expiryRequired || policy.maximumLifetime.count() > 0))
        return missing(u"exp"_s);
    if (expiry && now >= *expiry + policy.leeway)
        return Error(ErrorCode::TokenExpired, u"\"exp\" was %1 ago"_s.arg(secondsText(now - *expiry)));
    const std::optional<WallTime> begin = timeOf(claims, "nbf"_L1);
    if (begin && now + policy.leeway < *begin)
        return Error(ErrorCode::TokenNotYetValid, u"\"nbf\" is in %1"_s.arg(secondsText(*begin - now)));
    if (policy.maximumLifetime.count() <= 0)
        return {};
    const std::optional<WallTime> issued = timeOf(claims, "iat"_L1);
    if (!issued)
        return missing(u"iat"_s);
    if (now + policy.leeway < *issued)
        return Error(ErrorCode::TokenNotYetValid, u"\"iat\" is in %1"_s.arg(secondsText(*issued - now)));
    if (*expiry - *issued > policy.maximumLifetime)
        return Error(ErrorCode::TokenLifetimeTooLong,
                     u"%1 between \"iat\" and \"exp\"; the limit is %2"_s.arg(secondsText(*expiry - *issued),
                                                                              secondsText(policy.maximumLifetime)));
    return {};
}

Result<void> checkIssuer(const ClaimSet &claims, const JwtPolicy &policy)
{
    if (policy.issuer.isEmpty())
        return {};
    if (!hasClaim(claims, "iss"_L1))
        return missing(u"iss"_s);
    if (!claims.holds("iss"_L1, policy.issuer))
        return Error(ErrorCode::WrongIssuer, u"\"iss\" is not %1"_s.arg(policy.issuer));
    return {};
}

Result<void> checkAudience(const ClaimSet &claims, const JwtPolicy &policy)
{
    const qsizetype count = claims.count("aud"_L1);
    if (!policy.audiences.isEmpty()) {
        if (count == 0)
            return missing(u"aud"_s);
        const auto isNamed = [&claims](const QString &audience) { return claims.holds("aud"_L1, audience); };
        if (std::none_of(policy.audiences.cbegin(), policy.audiences.cend(), isNamed))
            return Error(ErrorCode::WrongAudience, u"\"aud\" does not name %1"_s.arg(policy.audiences.join(u" or ")));
    }
    if (policy.authorizedParty.isEmpty())
        return {};
    if (hasClaim(claims, "azp"_L1)) {
        if (!claims.holds("azp"_L1, policy.authorizedParty))
            return Error(ErrorCode::WrongAudience, u"\"azp\" is not %1"_s.arg(policy.authorizedParty));
    } else if (count > 1) {
        return missing(u"azp"_s);
    }
    return {};
}

Result<void> checkNonce(const ClaimSet &claims, const JwtPolicy &policy)
{
    if (policy.nonce.isEmpty())
        return {};
    if (!hasClaim(claims, "nonce"_L1))
        return missing(u"nonce"_s);
    if (!claims.holds("nonce"_L1, policy.nonce))
        return Error(ErrorCode::WrongNonce, u"\"nonce\" is not that of the request"_s);
    return {};
}

} // namespace

Result<Jwt> Jwt::parse(QByteArrayView compact)
{
    TokenText text;
    if (const Result<void> read = text.read(compact); !read)
        return read.error();
    Jwt jwt;
    jwt.m_header = text.header->object;
    jwt.m_claims = std::move(text.claims);
    return jwt;
}

Result<Jwt> Jwt::verify(QByteArrayView compact, const JwkSet &keys, const JwtPolicy &policy, WallTime now)
{
    if (policy.audienceRequired && policy.audiences.isEmpty())
        return Error(ErrorCode::InvalidArgument, u"the policy asks for an audience and names none"_s);
    TokenText text;
    if (const Result<void> read = text.read(compact); !read)
        return read.error();
    const TokenHeader &header = *text.header;
    if (!policy.algorithms.contains(header.algorithm) || !Algorithm::find(header.algorithm))
        return Error(ErrorCode::UnsupportedAlgorithm, u"\"%1\" is not accepted here"_s.arg(shownText(header.algorithm)));
    if (const Result<void> checked = checkTokenType(header.type, policy.types, policy.typeRequired); !checked)
        return checked.error();
    const Result<Jwk> key = chooseKey(keys, header.keyId, header.algorithm);
    if (!key)
        return key.error();
    const QByteArrayView signature(text.signature.data(), text.signature.size());
    if (const Result<void> proved = key->verify(header.algorithm, text.signedText, signature); !proved)
        return proved.error();
    rememberHeader(text.header);
    if (const Result<void> checked = checkTimes(*text.claims, policy, now); !checked)
        return checked.error();
    if (const Result<void> checked = checkIssuer(*text.claims, policy); !checked)
        return checked.error();
    if (const Result<void> checked = checkAudience(*text.claims, policy); !checked)
        return checked.error();
    if (const Result<void> checked = checkNonce(*text.claims, policy); !checked)
        return checked.error();
    Jwt jwt;
    jwt.m_header = header.object;
    jwt.m_claims = std::move(text.claims);
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

const ClaimSet &Jwt::claimSet() const
{
    static const ClaimSet none;
    return m_claims ? *m_claims : none;
}

QJsonObject Jwt::claims() const
{
    return claimSet().object();
}

QJsonValue Jwt::claim(QStringView name) const
{
    return claimSet().value(name);
}

QString Jwt::issuer() const
{
    return claimSet().text("iss"_L1);
}

QString Jwt::subject() const
{
    return claimSet().text("sub"_L1);
}

QString Jwt::id() const
{
    return claimSet().text("jti"_L1);
}

QString Jwt::sessionId() const
{
    return claimSet().text("sid"_L1);
}

QStringList Jwt::audiences() const
{
    return claimSet().texts("aud"_L1);
}

QStringList Jwt::scopes() const
{
    const QLatin1StringView name = hasClaim(claimSet(), "scope"_L1) ? "scope"_L1 : "scp"_L1;
    if (claimSet().kind(name) == ClaimSet::Kind::Text)
        return claimSet().text(name).split(u' ', Qt::SkipEmptyParts);
    return claimSet().texts(name);
}

std::optional<WallTime> Jwt::expiresAt() const
{
    return timeOf(claimSet(), "exp"_L1);
}

std::optional<WallTime> Jwt::issuedAt() const
{
    return timeOf(claimSet(), "iat"_L1);
}

std::optional<WallTime> Jwt::notBefore() const
{
    return timeOf(claimSet(), "nbf"_L1);
}

std::optional<WallTime> Jwt::authTime() const
{
    return timeOf(claimSet(), "auth_time"_L1);
}

Result<QByteArray> signJwt(const SigningKey &key, const QString &type, const QJsonObject &claims)
{
    const QByteArray text = QJsonDocument(claims).toJson(QJsonDocument::Compact).replace("\xef\xbb\xbf", "\\ufeff");
    Result<QByteArray> token = Jws::sign(key, text, type);
    if (token && token->size() > Jwt::kLargestSize)
        return Error(ErrorCode::InvalidArgument, u"the claims make a token larger than 16 KiB"_s);
    return token;
}

} // namespace Watchword
