// SPDX-License-Identifier: Apache-2.0
#include "idtoken.h"

#include "watchword/core/secret.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/jwt.h"

#include <QCryptographicHash>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

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
        if (now - *authTime > *expected.maxAge + std::chrono::seconds(60))
            return Error(ErrorCode::InsufficientAuthentication, u"the sign-in is older than the service asks for"_s);
    }
    if (!expected.acrValues.isEmpty() && !expected.acrValues.contains(token.claim(u"acr").toString()))
        return Error(ErrorCode::InsufficientAuthentication, u"the sign-in is weaker than the service asks for"_s);
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
    if (const Result<void> fresh = checkFreshness(*token, expected, now); !fresh)
        return fresh.error();
    IdTokenClaims claims;
    claims.subject = token->subject();
    if (claims.subject.isEmpty())
        return Error(ErrorCode::MissingClaim, u"ID token: sub is missing"_s);
    for (const QStringView name : {u"preferred_username", u"email", u"name"}) {
        if (claims.accountName.isEmpty())
            claims.accountName = token->claim(name).toString().left(200);
    }
    if (!expected.subject.isEmpty() && claims.subject != expected.subject)
        return Error(ErrorCode::WrongUser,
                     u"\"%1\" signed in, but this account belongs to somebody else"_s.arg(
                         claims.accountName.isEmpty() ? claims.subject : claims.accountName));
    claims.acr = token->claim(u"acr").toString();
    claims.authTime = token->authTime();
    return claims;
}

} // namespace Watchword
