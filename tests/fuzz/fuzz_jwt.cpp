// SPDX-License-Identifier: Apache-2.0
#include "watchword/jose/base64url.h"
#include "watchword/jose/jwt.h"

#include <cstdlib>

using namespace Watchword;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

const SigningKey &signer()
{
    static const SigningKey key = SigningKey::generate(QStringLiteral("ES256")).value();
    return key;
}

const JwkSet &keys()
{
    static const JwkSet set = [] {
        JwkSet one;
        one.insert(signer().publicKey());
        return one;
    }();
    return set;
}

// Exercises every accessor, and what the parser promises about them.
void read(const Jwt &jwt)
{
    require(!jwt.algorithm().isEmpty());
    require(!jwt.header().contains(QStringLiteral("crit")));
    require(jwt.type() == jwt.type().toLower());
    const WallTime last = wallTimeFromSeconds(253'402'300'799);
    for (const std::optional<WallTime> &time : {jwt.expiresAt(), jwt.issuedAt(), jwt.notBefore(), jwt.authTime()})
        require(!time || (*time <= last && *time >= WallTime(-last.time_since_epoch())));
    for (const QString &scope : jwt.scopes())
        require(!jwt.claim(u"scope").isString() || !scope.isEmpty());
    require(jwt.audiences().isEmpty() || jwt.claims().contains(QStringLiteral("aud")));
}

// What parse() read, signed anew, verifies and comes back equal.
void signAndRead(const Jwt &jwt)
{
    const Result<QByteArray> token = signJwt(signer(), QString(), jwt.claims());
    if (!token)
        return; // the claims fill 16 KiB already
    JwtPolicy policy;
    policy.audienceRequired = false;
    policy.expiryRequired = false;
    const Result<Jwt> again = Jwt::verify(*token, keys(), policy, wallTimeFromSeconds(0));
    if (again)
        require(again->claims() == jwt.claims());
    else
        require(again.error().code() == ErrorCode::TokenExpired || again.error().code() == ErrorCode::TokenNotYetValid);
}

// A space in front changes nothing in JSON, but has all claims read by QJsonDocument: both must agree.
void readSpaced(const QByteArray &header, QByteArrayView claims, const Result<Jwt> &plain)
{
    const QByteArray token = header + '.' + toBase64Url(' ' + claims.toByteArray()) + ".AAAA";
    if (token.size() > Jwt::kLargestSize)
        return;
    const Result<Jwt> spaced = Jwt::parse(token);
    require(plain.isOk() == spaced.isOk());
    if (!plain) {
        require(plain.error().toString() == spaced.error().toString());
        return;
    }
    const QJsonObject object = spaced->claims();
    require(plain->claims() == object);
    for (const QString &name : object.keys())
        require(plain->claim(name) == object.value(name) && plain->claim(name).type() == object.value(name).type());
    require(plain->issuer() == spaced->issuer() && plain->subject() == spaced->subject());
    require(plain->audiences() == spaced->audiences() && plain->scopes() == spaced->scopes());
    require(plain->expiresAt() == spaced->expiresAt() && plain->notBefore() == spaced->notBefore());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArrayView input(data, qsizetype(size));
    JwtPolicy policy;
    policy.audienceRequired = false;
    policy.expiryRequired = false;
    // The fuzzer cannot sign: nothing that it invents may ever be accepted.
    require(!Jwt::verify(input, keys(), policy, wallTimeFromSeconds(0)));
    Result<Jwt> jwt = Jwt::parse(input);
    if (jwt) {
        read(*jwt);
        signAndRead(*jwt);
    }
    // The same bytes as claims behind a good header, so that the mutations reach the JSON without knowing
    // base64url.
    const QByteArray header = toBase64Url(R"({"alg":"ES256"})");
    jwt = Jwt::parse(header + '.' + toBase64Url(input) + ".AAAA");
    readSpaced(header, input, jwt);
    if (jwt) {
        read(*jwt);
        signAndRead(*jwt);
    }
    return 0;
}
