// SPDX-License-Identifier: Apache-2.0
#include "signin/idtoken.h"

#include "provider/answer.h"
#include "watchword/core/secret.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/jwt.h"

#include <QCryptographicHash>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr Duration kTimeLeeway = std::chrono::seconds(60);

// The hash that belongs to the algorithm; empty for algorithms whose hash is not fixed by its name (EdDSA).
std::optional<QCryptographicHash::Algorithm> hashOf(const QString &algorithm)
{
    if (algorithm.endsWith("256"_L1))
        return QCryptographicHash::Sha256;
    if (algorithm.endsWith("384"_L1))
        return QCryptographicHash::Sha384;
    if (algorithm.endsWith("512"_L1))
        return QCryptographicHash::Sha512;
    return std::nullopt;
}

Result<void> checkAccessTokenHash(const Jwt &token, const Secret &accessToken)
{
    const QJsonValue claim = token.claim(u"at_hash");
    const auto algorithm = hashOf(token.algorithm());
    if (claim.isUndefined() || !algorithm)
        return {};
    QCryptographicHash hash(*algorithm);
    hash.addData(accessToken.reveal());
    const QByteArray half = hash.result().first(QCryptographicHash::hashLength(*algorithm) / 2);
    if (claim.toString().toLatin1() != toBase64Url(half))
        return Error(ErrorCode::BadSignature, u"the ID token belongs to another access token (at_hash)"_s)
            .withRemedy(u"Sign in again; if it persists, the provider mixes up its answers."_s);
    return {};
}

Result<void> checkFreshness(const Jwt &token, const IdTokenExpectation &expected, WallTime now)
{
    if (expected.maxAge) {
        const auto authTime = token.authTime();
        if (!authTime)
            return Error(ErrorCode::MissingClaim, u"the ID token has no auth_time although max_age was asked for"_s);
        if (now - *authTime > *expected.maxAge + kTimeLeeway)
            return Error(ErrorCode::InsufficientAuthentication,
                         u"the person signed in %1 s ago, and max_age asks for %2 s"_s
                             .arg(std::chrono::duration_cast<std::chrono::seconds>(now - *authTime).count())
                             .arg(expected.maxAge->count()));
    }
    const QString acr = printable(token.claim(u"acr").toString(), 100);
    if (expected.acrValues.isEmpty() || expected.acrValues.contains(token.claim(u"acr").toString()))
        return {};
    const QString got = acr.isEmpty() ? u"says nothing of how strong the sign-in was (acr)"_s : u"says acr \"%1\""_s.arg(acr);
    return Error(ErrorCode::InsufficientAuthentication,
                 u"the ID token %1, and one of \"%2\" was asked for"_s.arg(got, expected.acrValues.join(u' ')))
        .withRemedy(u"Sign in again in the stronger way that the provider offers. If it offers none, it does not know these "
                    "acr_values; its administrator can say which ones it has."_s);
}

Result<void> checkIssuedAt(const Jwt &token, WallTime now)
{
    const auto issued = token.issuedAt();
    if (!issued)
        return Error(ErrorCode::MissingClaim, u"ID token: iat is missing"_s);
    if (*issued > now + kTimeLeeway)
        return Error(ErrorCode::TokenNotYetValid, u"ID token: \"iat\" is in the future"_s);
    return {};
}

// OpenID Connect Core section 12.2. What the first one does not say cannot have changed, but "azp" must not appear.
Result<void> checkContinuity(const Jwt &token, const Jwt &before)
{
    const auto differs = [&](QStringView name) { return token.claim(name) != before.claim(name); };
    const bool other = token.issuer() != before.issuer() || token.subject() != before.subject() || differs(u"azp");
    const auto changed = [&](QStringView name) { return !token.claim(name).isUndefined() && differs(name); };
    if (other || changed(u"nonce") || (changed(u"auth_time") && before.authTime()))
        return Error(ErrorCode::IdentityChanged, u"ID token: it continues another sign-in than the one before it"_s)
            .withRemedy(u"The provider breaks OpenID Connect Core section 12.2; the ID token of the sign-in is kept."_s);
    return {};
}

JwtPolicy policyFor(const IdTokenExpectation &expected)
{
    JwtPolicy policy;
    if (!expected.providerAlgorithms.isEmpty()) {
        QStringList both;
        for (const QString &algorithm : policy.algorithms) {
            const bool newName = algorithm == "EdDSA"_L1 && expected.providerAlgorithms.contains(u"Ed25519"_s);
            if (expected.providerAlgorithms.contains(algorithm) || newName)
                both += algorithm;
        }
        if (!both.isEmpty())
            policy.algorithms = both;
    }
    policy.issuer = expected.issuer;
    policy.audiences = {expected.clientId};
    policy.nonce = expected.nonce;
    policy.authorizedParty = expected.clientId;
    return policy;
}

} // namespace

Result<IdTokenClaims> verifyIdToken(const Secret &idToken, const Secret &accessToken, const JwkSet &keys,
                                    const IdTokenExpectation &expected, WallTime now)
{
    const Result<Jwt> token = Jwt::verify(idToken.reveal(), keys, policyFor(expected), now);
    if (!token)
        return token.error().withDetail(u"ID token: "_s + token.error().detail());
    if (const Result<void> bound = checkAccessTokenHash(*token, accessToken); !bound)
        return bound.error();
    if (const Result<void> issued = checkIssuedAt(*token, now); !issued)
        return issued.error();
    if (const Result<void> fresh = checkFreshness(*token, expected, now); !fresh)
        return fresh.error();
    IdTokenClaims claims;
    claims.subject = token->subject();
    if (claims.subject.isEmpty())
        return Error(ErrorCode::MissingClaim, u"ID token: sub is missing"_s);
    for (const QStringView name : {u"preferred_username", u"email", u"name"}) {
        if (claims.accountName.isEmpty())
            claims.accountName = printable(token->claim(name).toString(), 200);
    }
    if (!expected.subject.isEmpty() && claims.subject != expected.subject)
        return Error(ErrorCode::WrongUser,
                     u"\"%1\" signed in, but this account belongs to somebody else"_s.arg(
                         claims.accountName.isEmpty() ? printable(claims.subject, 200) : claims.accountName));
    claims.acr = token->claim(u"acr").toString();
    claims.authTime = token->authTime();
    return claims;
}

Result<IdTokenClaims> verifyRefreshedIdToken(const Secret &idToken, const Secret &accessToken, const JwkSet &keys,
                                             const IdTokenExpectation &expected, WallTime now)
{
    const Result<IdTokenClaims> claims = verifyIdToken(idToken, accessToken, keys, expected, now);
    if (!claims)
        return claims;
    const Jwt token = Jwt::parse(idToken.reveal()).valueOr({});
    if (const Result<Jwt> before = Jwt::parse(expected.predecessor.reveal())) {
        if (const Result<void> same = checkContinuity(token, *before); !same)
            return same.error();
    }
    if (expected.askedAt && *token.issuedAt() + kTimeLeeway < *expected.askedAt)
        return Error(ErrorCode::TokenExpired, u"ID token: \"iat\" is before the refresh that brought it"_s);
    return claims;
}

bool namesAnotherPerson(const Secret &idToken, const QString &issuer, const QString &subject)
{
    const Result<Jwt> token = Jwt::parse(idToken.reveal());
    return token && token->issuer() == issuer && !token->subject().isEmpty() && token->subject() != subject;
}

} // namespace Watchword
