// SPDX-License-Identifier: Apache-2.0
#include "gate/identityclaims.h"

#include "watchword/core/internal/utf8.h"

#include <QCryptographicHash>
#include <QJsonArray>
#include <QJsonObject>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

//! \a claim is called with a name and returns a QJsonValue.
template <typename Claim>
QString nameOf(Claim claim, const QString &subject)
{
    static const QString kNames[] = {u"preferred_username"_s, u"username"_s, u"name"_s, u"email"_s};
    for (const QString &name : kNames) {
        const QString value = toWellFormed(claim(name).toString().left(128)); // the cut may be inside a character
        if (!value.isEmpty())
            return value;
    }
    return subject;
}

// RFC 7800 and RFC 9449 section 6. A token that is bound in another way is worth nothing to who cannot check that.
Result<QString> keyOf(const QJsonValue &confirmation)
{
    if (confirmation.isUndefined())
        return QString();
    const QString thumbprint = confirmation.toObject().value("jkt"_L1).toString();
    if (thumbprint.isEmpty() || thumbprint.size() > 128)
        return Error(ErrorCode::UnusableKey, u"the token is bound (\"cnf\") in a way that cannot be checked here"_s);
    return thumbprint;
}

std::optional<WallTime> timeOf(const QJsonObject &object, QLatin1StringView name)
{
    const QJsonValue value = object.value(name);
    if (!value.isDouble())
        return {};
    constexpr double longest = 253'402'300'799; // the year 9999, as for a JWT
    return wallTimeFromSeconds(qint64(std::clamp(value.toDouble(), 0.0, longest)));
}

// "token_type" is that of RFC 6749 section 5.1; providers use it, "token_use" and "typ" to tell other tokens apart, too.
Result<void> checkKind(const QJsonObject &answer)
{
    static const QStringList types{u"bearer"_s, u"dpop"_s, u"access_token"_s, u"access"_s, u"n_a"_s};
    static const QStringList uses{u"access_token"_s, u"access"_s};
    static const QStringList others{u"refresh"_s, u"offline"_s, u"id"_s, u"refresh_token"_s, u"id_token"_s};
    const auto wordOf = [&answer](QLatin1StringView name) { return answer.value(name).toString().toLower(); };
    const bool isAccess = (!answer.contains("token_type"_L1) || types.contains(wordOf("token_type"_L1)))
        && (!answer.contains("token_use"_L1) || uses.contains(wordOf("token_use"_L1))) && !others.contains(wordOf("typ"_L1));
    return isAccess ? Result<void>() : Error(ErrorCode::WrongTokenType, u"the introspected token is no access token"_s);
}

// A claim by its path: "roles", "realm_access.roles".
QJsonValue valueAt(const QJsonObject &claims, const QString &path)
{
    if (claims.contains(path)) // names may have dots, as those that are URLs
        return claims.value(path);
    const qsizetype dot = path.indexOf(u'.');
    return dot < 0 ? QJsonValue(QJsonValue::Undefined) : valueAt(claims.value(path.left(dot)).toObject(), path.mid(dot + 1));
}

constexpr qsizetype kMostRolesOfAToken = 200;

QStringList rolesIn(const QJsonValue &value)
{
    QStringList roles = value.toString().split(u' ', Qt::SkipEmptyParts);
    const QJsonArray entries = value.toArray();
    for (const QJsonValue &entry : entries)
        roles.append(entry.toString());
    roles.removeAll(QString());
    roles.removeDuplicates();
    return roles.mid(0, kMostRolesOfAToken);
}

QString textOf(Duration duration)
{
    return QString::number(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + u" s"_s;
}

// Who has a token without "jti" is known by what was signed. The signature is not part of it: some algorithms have several
// good ones for the same text, and each would be another token.
QString idOf(const Secret &token)
{
    const QByteArrayView text = token.reveal();
    return QString::fromLatin1(
        QCryptographicHash::hash(text.first(std::max<qsizetype>(0, text.lastIndexOf('.'))), QCryptographicHash::Sha256)
            .first(16)
            .toHex());
}

} // namespace

Result<Identity> identityOf(const Jwt &jwt, const Secret &token)
{
    if (jwt.subject().isEmpty())
        return Error(ErrorCode::MissingClaim, u"the token has no \"sub\""_s);
    const Result<QString> key = keyOf(jwt.claim(u"cnf"));
    if (!key)
        return key.error();
    Identity identity;
    identity.keyThumbprint = *key;
    identity.issuer = jwt.issuer();
    identity.subject = jwt.subject();
    identity.name = nameOf([&jwt](const QString &name) { return jwt.claim(name); }, identity.subject);
    identity.clientId = jwt.claim(u"client_id").toString(jwt.claim(u"azp").toString());
    identity.tokenFingerprint = token.fingerprint();
    identity.tokenId = jwt.id().isEmpty() ? idOf(token) : jwt.id();
    identity.sessionId = jwt.sessionId().isEmpty() ? identity.tokenId : jwt.sessionId();
    identity.keyId = jwt.keyId();
    identity.algorithm = jwt.algorithm();
    identity.audiences = jwt.audiences();
    identity.scopes = jwt.scopes();
    identity.acr = jwt.claim(u"acr").toString();
    identity.authTime = jwt.authTime();
    identity.issuedAt = jwt.issuedAt();
    identity.expiresAt = jwt.expiresAt();
    return identity;
}

Result<Identity> identityOf(const QJsonObject &answer, const Secret &token, const IssuerConfig &config, WallTime now)
{
    if (!answer.value("active"_L1).toBool())
        return Error(ErrorCode::RevokedOrExpired, u"the issuer says that the token is not active"_s);
    Identity identity;
    identity.issuer = config.issuer();
    if (answer.contains("iss"_L1) && answer.value("iss"_L1).toString() != identity.issuer)
        return Error(ErrorCode::WrongIssuer, u"the introspected token is of another issuer"_s);
    const QJsonValue audience = answer.value("aud"_L1);
    const QJsonArray audiences = audience.isArray() ? audience.toArray() : QJsonArray{audience};
    for (const QJsonValue &entry : audiences)
        identity.audiences.append(entry.toString());
    const bool isForUs = std::any_of(config.audiences.begin(), config.audiences.end(),
                                     [&identity](const QString &name) { return identity.audiences.contains(name); });
    if (!isForUs)
        return Error(ErrorCode::WrongAudience, u"the introspected token is for somebody else"_s);
    identity.subject = answer.value("sub"_L1).toString();
    if (identity.subject.isEmpty())
        return Error(ErrorCode::MissingClaim, u"the introspection answer has no \"sub\""_s);
    if (const Result<void> kind = checkKind(answer); !kind)
        return kind.error();
    identity.expiresAt = timeOf(answer, "exp"_L1);
    if (identity.expiresAt && *identity.expiresAt + config.clockSkew <= now)
        return Error(ErrorCode::TokenExpired, u"the introspected token has ended"_s);
    const Result<QString> key = keyOf(answer.value("cnf"_L1));
    if (!key)
        return key.error();
    identity.keyThumbprint = *key;
    identity.name = nameOf([&answer](const QString &name) { return answer.value(name); }, identity.subject);
    identity.clientId = answer.value("client_id"_L1).toString();
    identity.tokenFingerprint = token.fingerprint();
    identity.tokenId = answer.value("jti"_L1).toString(identity.tokenFingerprint);
    identity.sessionId = answer.value("sid"_L1).toString(identity.tokenId);
    identity.scopes = answer.value("scope"_L1).toString().split(u' ', Qt::SkipEmptyParts);
    identity.acr = answer.value("acr"_L1).toString();
    identity.roles = rolesIn(valueAt(answer, config.rolesClaim));
    identity.tenant = valueAt(answer, config.tenantClaim).toString().left(1024);
    identity.authTime = timeOf(answer, "auth_time"_L1);
    identity.issuedAt = timeOf(answer, "iat"_L1);
    if (const WallTime begin = timeOf(answer, "nbf"_L1).value_or(now); now + config.clockSkew < begin)
        return Error(ErrorCode::TokenNotYetValid, u"the introspected token is not valid yet"_s);
    if (const Result<void> age = checkAge(identity, config, now); !age)
        return age.error();
    // Nobody knows when it ends: its connection is cut then, and the client comes back with what it has.
    if (!identity.expiresAt)
        identity.expiresAt = now + config.introspection.withoutExp;
    return identity;
}

void takeBelongings(Identity &identity, const Jwt &jwt, const IssuerConfig &config)
{
    const auto at = [&jwt](const QString &path) {
        const QJsonValue value = jwt.claim(path);
        return value.isUndefined() && path.contains(u'.') ? valueAt(jwt.claims(), path) : value;
    };
    identity.roles = rolesIn(at(config.rolesClaim));
    identity.tenant = at(config.tenantClaim).toString().left(1024);
}

Result<void> checkAge(const Identity &identity, const IssuerConfig &config, WallTime now)
{
    const WallTime latest = now + config.clockSkew;
    if (identity.issuedAt && *identity.issuedAt > latest)
        return Error(ErrorCode::TokenNotYetValid, u"\"iat\" is in %1"_s.arg(textOf(*identity.issuedAt - now)));
    if (identity.authTime && *identity.authTime > latest)
        return Error(ErrorCode::TokenNotYetValid, u"\"auth_time\" is in %1"_s.arg(textOf(*identity.authTime - now)));
    const Duration lifetime = identity.expiresAt ? *identity.expiresAt - identity.issuedAt.value_or(now) : Duration();
    if (config.maxLifetime.count() > 0 && lifetime > config.maxLifetime + config.clockSkew) {
        return Error(
            ErrorCode::TokenLifetimeTooLong,
            u"the token lives for %1; max_lifetime of [[issuer]] is %2"_s.arg(textOf(lifetime), textOf(config.maxLifetime)));
    }
    if (config.maxAge.count() == 0)
        return {};
    if (!identity.issuedAt)
        return Error(ErrorCode::MissingClaim, u"the token has no \"iat\", which max_age of [[issuer]] needs"_s);
    if (now - *identity.issuedAt > config.maxAge + config.clockSkew)
        return Error(
            ErrorCode::TokenExpired,
            u"\"iat\" was %1 ago; max_age of [[issuer]] is %2"_s.arg(textOf(now - *identity.issuedAt), textOf(config.maxAge)));
    return {};
}

} // namespace Watchword::Gateway
