// SPDX-License-Identifier: Apache-2.0
#include "josetest.h"
#include "support/testmain.h"

#include <QJsonArray>

using namespace Watchword;
using namespace JoseTest;
using namespace std::chrono_literals;

class TestJwt : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void rfc7515Examples();
    void roundTrip_data();
    void roundTrip();
    void accessors();
    void claimsMatrix_data();
    void claimsMatrix();
    void clockOffsets_data();
    void clockOffsets();
    void policyWithoutAudience();
    void types_data();
    void types();
    void keyChoice();
    void signatureBeforeClaims();
    void rememberedHeaders();
    void tooLargeToSign();
};

namespace {

constexpr qint64 kNow = 1'800'000'000;

JwtPolicy policy()
{
    JwtPolicy policy;
    policy.issuer = u"https://login.example.com"_s;
    policy.audiences = {u"wss://orders.example.com"_s, u"orders"_s};
    return policy;
}

QJsonObject goodClaims()
{
    return {{u"iss"_s, u"https://login.example.com"_s},
            {u"aud"_s, u"orders"_s},
            {u"sub"_s, u"u1"_s},
            {u"iat"_s, kNow - 100},
            {u"exp"_s, kNow + 200}};
}

QString verified(const QJsonObject &claims, const JwtPolicy &with, WallTime now = wallTimeFromSeconds(kNow))
{
    const SigningKey signer = key(u"ES256"_s);
    const QByteArray token = signJwt(signer, u"at+jwt"_s, claims).value();
    return codeOf(Jwt::verify(token, setOf({signer.publicKey()}), with, now));
}

} // namespace

void TestJwt::rfc7515Examples()
{
    JwtPolicy joe;
    joe.issuer = u"joe"_s;
    joe.audienceRequired = false;
    const JwkSet keys = setOf({jwk(kRsaA2), jwk(kEcA3)});
    const WallTime before = wallTimeFromSeconds(kJoeExpiry - 1);
    for (const QByteArray &token : {kTokenA2, kTokenA3}) {
        const Result<Jwt> result = Jwt::verify(token, keys, joe, before);
        QCOMPARE(codeOf(result), u"accepted"_s);
        QCOMPARE(result->issuer(), u"joe"_s);
        QCOMPARE(toSecondsSinceEpoch(*result->expiresAt()), kJoeExpiry);
        QCOMPARE(result->claim(u"http://example.com/is_root"), QJsonValue(true));
        QCOMPARE(codeOf(Jwt::verify(token, keys, joe, before + 1h)), u"TokenExpired"_s);
    }
    QCOMPARE(codeOf(Jwt::verify(kTokenA2, setOf({jwk(kRsaThumb)}), joe, before)), u"BadSignature"_s);
    QCOMPARE(codeOf(Jwt::verify(kTokenA2, setOf({jwk(kEcA3)}), joe, before)), u"UnknownKey"_s);
}

void TestJwt::roundTrip_data()
{
    QTest::addColumn<QString>("algorithm");
    for (const char *name : {"ES256", "RS256", "PS256", "EdDSA", "ES384", "ES512", "RS384", "RS512", "PS384", "PS512"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestJwt::roundTrip()
{
    QFETCH(QString, algorithm);
    const SigningKey signer = key(algorithm);
    const QByteArray token = signJwt(signer, u"at+jwt"_s, goodClaims()).value();
    const JwkSet keys = setOf({signer.publicKey()});
    JwtPolicy with = policy();
    if (!with.algorithms.contains(algorithm)) { // a key alone does not make an algorithm acceptable
        QCOMPARE(codeOf(Jwt::verify(token, keys, with, wallTimeFromSeconds(kNow))), u"UnsupportedAlgorithm"_s);
        with.algorithms.append(algorithm);
    }
    const Result<Jwt> result = Jwt::verify(token, keys, with, wallTimeFromSeconds(kNow));
    QCOMPARE(codeOf(result), u"accepted"_s);
    QCOMPARE(result->claims(), goodClaims());
    QCOMPARE(result->header(), (QJsonObject{{u"alg"_s, algorithm}, {u"kid"_s, signer.keyId()}, {u"typ"_s, u"at+jwt"_s}}));
}

void TestJwt::accessors()
{
    const QByteArray claims = R"({"iss":"i","sub":"s","jti":"j","sid":"d","aud":["a","b"],"scope":" read  write ",)"
                              R"("scp":["x"],"exp":1800000000.9,"iat":-1.5,"nbf":1e300,"auth_time":-1e300})";
    const Jwt jwt = Jwt::parse(forge(R"({"alg":"ES256","typ":"Application/AT+JWT","kid":"k"})", claims, key(u"ES256"_s))).value();
    QCOMPARE(jwt.keyId(), u"k"_s);
    QCOMPARE(jwt.algorithm(), u"ES256"_s);
    QCOMPARE(jwt.type(), u"at+jwt"_s);
    QCOMPARE(jwt.issuer() + jwt.subject() + jwt.id() + jwt.sessionId(), u"isjd"_s);
    QCOMPARE(jwt.audiences(), (QStringList{u"a"_s, u"b"_s}));
    QCOMPARE(jwt.scopes(), (QStringList{u"read"_s, u"write"_s}));
    QCOMPARE(toSecondsSinceEpoch(*jwt.expiresAt()), 1'800'000'000);
    QCOMPARE(toSecondsSinceEpoch(*jwt.issuedAt()), -2);
    QCOMPARE(toSecondsSinceEpoch(*jwt.notBefore()), 253'402'300'799);
    QCOMPARE(toSecondsSinceEpoch(*jwt.authTime()), -253'402'300'799);

    const Jwt bare = Jwt::parse(forge(R"({"alg":"ES256"})", R"({"scp":["x","y"],"aud":"a"})", key(u"ES256"_s))).value();
    QCOMPARE(bare.scopes(), (QStringList{u"x"_s, u"y"_s}));
    QCOMPARE(bare.audiences(), QStringList{u"a"_s});
    QVERIFY(!bare.expiresAt() && !bare.issuedAt() && !bare.notBefore() && !bare.authTime());
    QVERIFY(bare.type().isEmpty() && bare.keyId().isEmpty() && bare.subject().isEmpty());
}

void TestJwt::claimsMatrix_data()
{
    QTest::addColumn<QJsonObject>("changes"); // null removes
    QTest::addColumn<QString>("code");
    const auto row = [](const char *name, const QJsonObject &changes, const QString &code) {
        QTest::newRow(name) << changes << code;
    };
    const QString good = u"accepted"_s;
    row("good", {}, good);
    row("other audience of ours", {{u"aud"_s, u"wss://orders.example.com"_s}}, good);
    row("one of many audiences", {{u"aud"_s, QJsonArray{u"x"_s, u"orders"_s}}}, good);
    row("no exp", {{u"exp"_s, QJsonValue()}}, u"MissingClaim"_s);
    row("exp text", {{u"exp"_s, u"1900000000"_s}}, u"MalformedToken"_s);
    row("exp list", {{u"exp"_s, QJsonArray{1900000000}}}, u"MalformedToken"_s);
    row("exp true", {{u"exp"_s, true}}, u"MalformedToken"_s);
    row("exp fraction", {{u"exp"_s, kNow + 0.5}}, good);
    row("exp huge", {{u"exp"_s, 1e300}}, good);
    row("exp zero", {{u"exp"_s, 0}}, u"TokenExpired"_s);
    row("exp negative", {{u"exp"_s, -1e300}}, u"TokenExpired"_s);
    row("nbf text", {{u"nbf"_s, u"soon"_s}}, u"MalformedToken"_s);
    row("nbf huge", {{u"nbf"_s, 9e18}}, u"TokenNotYetValid"_s);
    row("nbf negative", {{u"nbf"_s, -9e18}}, good);
    row("iat text", {{u"iat"_s, u"now"_s}}, u"MalformedToken"_s);
    row("iat in the future", {{u"iat"_s, kNow + 3600}}, good); // only a rule together with maximumLifetime
    row("no iss", {{u"iss"_s, QJsonValue()}}, u"MissingClaim"_s);
    row("iss number", {{u"iss"_s, 1}}, u"MalformedToken"_s);
    row("iss with slash", {{u"iss"_s, u"https://login.example.com/"_s}}, u"WrongIssuer"_s);
    row("iss in capitals", {{u"iss"_s, u"https://LOGIN.example.com"_s}}, u"WrongIssuer"_s);
    row("iss empty", {{u"iss"_s, QString()}}, u"WrongIssuer"_s);
    row("no aud", {{u"aud"_s, QJsonValue()}}, u"MissingClaim"_s);
    row("aud empty list", {{u"aud"_s, QJsonArray()}}, u"MissingClaim"_s);
    row("aud of another", {{u"aud"_s, u"billing"_s}}, u"WrongAudience"_s);
    row("aud prefix", {{u"aud"_s, u"orders2"_s}}, u"WrongAudience"_s);
    row("aud capitals", {{u"aud"_s, u"Orders"_s}}, u"WrongAudience"_s);
    row("aud number in list", {{u"aud"_s, QJsonArray{u"orders"_s, 1}}}, u"MalformedToken"_s);
    row("aud object", {{u"aud"_s, QJsonObject{{u"orders"_s, 1}}}}, u"MalformedToken"_s);
    row("sub number", {{u"sub"_s, 7}}, u"MalformedToken"_s);
    row("jti list", {{u"jti"_s, QJsonArray()}}, u"MalformedToken"_s);
    row("sid object", {{u"sid"_s, QJsonObject()}}, u"MalformedToken"_s);
    row("scope number", {{u"scope"_s, 7}}, u"MalformedToken"_s);
    row("unknown claims", {{u"x"_s, QJsonObject{{u"y"_s, QJsonArray{1, u":"_s}}}}}, good);
}

void TestJwt::claimsMatrix()
{
    QFETCH(QJsonObject, changes);
    QFETCH(QString, code);
    QJsonObject claims = goodClaims();
    for (auto it = changes.begin(); it != changes.end(); ++it) {
        if (it->isNull())
            claims.remove(it.key());
        else
            claims.insert(it.key(), *it);
    }
    QCOMPARE(verified(claims, policy()), code);
}

void TestJwt::clockOffsets_data()
{
    // The token lives from kNow - 100 to kNow + 200, leeway is 60 s; the clock of the verifier is off.
    QTest::addColumn<qint64>("offsetMs");
    QTest::addColumn<QString>("code");
    const auto row = [](const char *name, qint64 offsetMs, const char *code) {
        QTest::newRow(name) << offsetMs << QString::fromLatin1(code);
    };
    row("right", 0, "accepted");
    row("last second", 199'000, "accepted");
    row("at exp", 200'000, "accepted");
    row("end of leeway", 259'999, "accepted");
    row("after leeway", 260'000, "TokenExpired");
    row("a year late", 31'536'000'000, "TokenExpired");
    row("at nbf", -100'000, "accepted");
    row("early, in leeway", -160'000, "accepted");
    row("before leeway", -160'001, "TokenNotYetValid");
    row("a year early", -31'536'000'000, "TokenNotYetValid");
    row("before the epoch", -2'000'000'000'000, "TokenNotYetValid");
}

void TestJwt::clockOffsets()
{
    QFETCH(qint64, offsetMs);
    QFETCH(QString, code);
    QJsonObject claims = goodClaims();
    claims.insert(u"nbf"_s, kNow - 100);
    const WallTime now = wallTimeFromSeconds(kNow) + Duration(offsetMs);
    QCOMPARE(verified(claims, policy(), now), code);

    JwtPolicy strict = policy();
    strict.leeway = 0ms;
    const bool inside = offsetMs >= -100'000 && offsetMs < 200'000;
    QCOMPARE(verified(claims, strict, now) == u"accepted"_s, inside);

    // The same answers when "iat" bounds the life and "nbf" is not there.
    JwtPolicy bounded = policy();
    bounded.maximumLifetime = 300s;
    claims.remove(u"nbf"_s);
    QCOMPARE(verified(claims, bounded, now), code);
    bounded.maximumLifetime = 299s;
    QVERIFY(verified(claims, bounded, now) != u"accepted"_s);
}

void TestJwt::policyWithoutAudience()
{
    JwtPolicy with = policy();
    with.audiences.clear();
    QCOMPARE(verified(goodClaims(), with), u"InvalidArgument"_s);
    with.audienceRequired = false;
    QCOMPARE(verified(goodClaims(), with), u"accepted"_s);
    with.issuer.clear();
    QCOMPARE(verified({{u"exp"_s, kNow + 1}}, with), u"accepted"_s);
    QCOMPARE(verified({}, with), u"MissingClaim"_s);
    with.expiryRequired = false;
    QCOMPARE(verified({}, with), u"accepted"_s);
    with.maximumLifetime = 60s;
    QCOMPARE(verified({{u"iat"_s, kNow}}, with), u"MissingClaim"_s);
    QCOMPARE(verified({{u"exp"_s, kNow + 1}}, with), u"MissingClaim"_s);
    QCOMPARE(verified({{u"iat"_s, kNow}, {u"exp"_s, kNow + 61}}, with), u"TokenLifetimeTooLong"_s);
    QCOMPARE(verified({{u"iat"_s, kNow}, {u"exp"_s, 1e300}}, with), u"TokenLifetimeTooLong"_s);
    QCOMPARE(verified({{u"iat"_s, kNow}, {u"exp"_s, kNow + 60}}, with), u"accepted"_s);

    JwtPolicy id = policy();
    id.audiences = {u"client"_s};
    id.authorizedParty = u"client"_s;
    id.nonce = u"n1"_s;
    QJsonObject claims = goodClaims();
    claims.insert(u"aud"_s, u"client"_s);
    QCOMPARE(verified(claims, id), u"MissingClaim"_s);
    claims.insert(u"nonce"_s, u"n2"_s);
    QCOMPARE(verified(claims, id), u"WrongNonce"_s);
    claims.insert(u"nonce"_s, 1);
    QCOMPARE(verified(claims, id), u"MalformedToken"_s);
    claims.insert(u"nonce"_s, u"n1"_s);
    QCOMPARE(verified(claims, id), u"accepted"_s);
    claims.insert(u"aud"_s, QJsonArray{u"client"_s, u"other"_s});
    QCOMPARE(verified(claims, id), u"MissingClaim"_s); // several audiences need "azp"
    claims.insert(u"azp"_s, u"other"_s);
    QCOMPARE(verified(claims, id), u"WrongAudience"_s);
    claims.insert(u"azp"_s, u"client"_s);
    QCOMPARE(verified(claims, id), u"accepted"_s);
}

void TestJwt::types_data()
{
    QTest::addColumn<QString>("type");
    QTest::addColumn<QStringList>("accepted");
    QTest::addColumn<bool>("required");
    QTest::addColumn<QString>("code");
    const QStringList access{u"at+jwt"_s};
    QTest::newRow("same") << u"at+jwt"_s << access << true << u"accepted"_s;
    QTest::newRow("capitals") << u"AT+JWT"_s << access << true << u"accepted"_s;
    QTest::newRow("prefix") << u"application/at+jwt"_s << access << true << u"accepted"_s;
    QTest::newRow("prefix in the policy") << u"at+jwt"_s << QStringList{u"Application/AT+jwt"_s} << true << u"accepted"_s;
    QTest::newRow("second of two") << u"JWT"_s << QStringList{u"at+jwt"_s, u"jwt"_s} << true << u"accepted"_s;
    QTest::newRow("other") << u"JWT"_s << access << false << u"WrongTokenType"_s;
    QTest::newRow("id token of another kind") << u"logout+jwt"_s << access << false << u"WrongTokenType"_s;
    QTest::newRow("longer") << u"at+jwt2"_s << access << false << u"WrongTokenType"_s;
    QTest::newRow("missing, required") << QString() << access << true << u"WrongTokenType"_s;
    QTest::newRow("missing, not required") << QString() << access << false << u"accepted"_s;
    QTest::newRow("not checked") << u"anything"_s << QStringList() << true << u"accepted"_s;
}

void TestJwt::types()
{
    QFETCH(QString, type);
    QFETCH(QStringList, accepted);
    QFETCH(bool, required);
    QFETCH(QString, code);
    JwtPolicy with = policy();
    with.types = accepted;
    with.typeRequired = required;
    const SigningKey signer = key(u"ES256"_s);
    const QByteArray token = signJwt(signer, type, goodClaims()).value();
    QCOMPARE(codeOf(Jwt::verify(token, setOf({signer.publicKey()}), with, wallTimeFromSeconds(kNow))), code);
}

void TestJwt::keyChoice()
{
    const WallTime now = wallTimeFromSeconds(kNow);
    const SigningKey signer = key(u"ES256"_s);
    const QByteArray claims = QJsonDocument(goodClaims()).toJson(QJsonDocument::Compact);
    const QByteArray named = signJwt(signer, {}, goodClaims()).value();
    const QByteArray nameless = forge(R"({"alg":"ES256"})", claims, signer);
    const Jwk stranger = jwk(kEcA3);

    QCOMPARE(codeOf(Jwt::verify(named, JwkSet(), policy(), now)), u"UnknownKey"_s);
    QCOMPARE(codeOf(Jwt::verify(named, setOf({stranger}), policy(), now)), u"UnknownKey"_s);
    QCOMPARE(codeOf(Jwt::verify(named, setOf({stranger, signer.publicKey()}), policy(), now)), u"accepted"_s);
    QCOMPARE(codeOf(Jwt::verify(nameless, setOf({signer.publicKey()}), policy(), now)), u"accepted"_s);
    QCOMPARE(codeOf(Jwt::verify(nameless, setOf({signer.publicKey(), jwk(kRsaA2)}), policy(), now)), u"accepted"_s);
    QCOMPARE(codeOf(Jwt::verify(nameless, setOf({signer.publicKey(), stranger}), policy(), now)), u"UnknownKey"_s);
    // The name belongs to a key of another type: never tried.
    const QByteArray wrong = forge("{\"alg\":\"RS256\",\"kid\":\"" + signer.keyId().toLatin1() + "\"}", claims, key(u"RS256"_s));
    QCOMPARE(codeOf(Jwt::verify(wrong, setOf({signer.publicKey(), key(u"RS256"_s).publicKey()}), policy(), now)),
             u"UnusableKey"_s);
}

void TestJwt::signatureBeforeClaims()
{
    // Everything about the claims is wrong as well; only the signature may be told.
    QByteArray token = signJwt(key(u"ES256"_s), {}, {{u"iss"_s, u"x"_s}, {u"aud"_s, u"y"_s}, {u"exp"_s, 1}}).value();
    const JwkSet keys = setOf({key(u"ES256"_s).publicKey()});
    QCOMPARE(codeOf(Jwt::verify(token, keys, policy(), wallTimeFromSeconds(kNow))), u"TokenExpired"_s);
    const qsizetype signature = token.lastIndexOf('.') + 1;
    token[signature] = token.at(signature) == 'A' ? 'B' : 'A';
    QCOMPARE(codeOf(Jwt::verify(token, keys, policy(), wallTimeFromSeconds(kNow))), u"BadSignature"_s);
}

void TestJwt::rememberedHeaders()
{
    // More issuers than headers are remembered, each asked several times: the answers are those of the first time.
    const WallTime now = wallTimeFromSeconds(kNow);
    QList<SigningKey> signers;
    QList<QByteArray> tokens;
    for (int i = 0; i < 6; ++i) {
        signers.append(SigningKey::generate(u"ES256"_s).value());
        tokens.append(signJwt(signers.last(), i % 2 ? u"at+jwt"_s : u"JWT"_s, goodClaims()).value());
    }
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < tokens.size(); ++i) {
            const JwkSet keys = setOf({signers.at(i).publicKey()});
            const Result<Jwt> jwt = Jwt::verify(tokens.at(i), keys, policy(), now);
            QCOMPARE(codeOf(jwt), u"accepted"_s);
            QCOMPARE(jwt->keyId(), signers.at(i).keyId());
            QCOMPARE(jwt->type(), i % 2 ? u"at+jwt"_s : u"jwt"_s);
            JwtPolicy other = policy(); // what was accepted once is judged anew by each policy and key set
            other.algorithms = QStringList{u"RS256"_s};
            QCOMPARE(codeOf(Jwt::verify(tokens.at(i), keys, other, now)), u"UnsupportedAlgorithm"_s);
            other = policy();
            other.types = QStringList{i % 2 ? u"jwt"_s : u"at+jwt"_s};
            QCOMPARE(codeOf(Jwt::verify(tokens.at(i), keys, other, now)), u"WrongTokenType"_s);
            const JwkSet strangers = setOf({signers.at((i + 1) % 6).publicKey()});
            QCOMPARE(codeOf(Jwt::verify(tokens.at(i), strangers, policy(), now)), u"UnknownKey"_s);
        }
    }
    // A header that differs in one place is another header.
    QByteArray changed = tokens.first();
    changed.replace(0, changed.indexOf('.'), toBase64Url(R"({"alg":"none"})"));
    QCOMPARE(codeOf(Jwt::verify(changed, setOf({signers.first().publicKey()}), policy(), now)), u"UnsupportedAlgorithm"_s);
}

void TestJwt::tooLargeToSign()
{
    const QJsonObject claims{{u"x"_s, QString(Jwt::kLargestSize, u'x')}};
    QCOMPARE(signJwt(key(u"ES256"_s), {}, claims).error().code(), ErrorCode::InvalidArgument);
}

WATCHWORD_TEST_MAIN(TestJwt)
#include "tst_jwt.moc"
