// SPDX-License-Identifier: Apache-2.0
#include "josetest.h"
#include "support/testmain.h"

#include <QJsonArray>

using namespace Watchword;
using namespace JoseTest;

/*!
    What RFC 7515 and RFC 7517 show and we refuse is refused for the reason that we state. Their other examples, and
    those of RFC 7636, 7638, 8037 and 9449, are in tst_jwt, tst_secrets, tst_jwk, tst_signingkey and tst_dpop.
*/
class TestRfcExamples : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void hmac();
    void es512();
    void unsecured();
    void jsonSerialization();
    void publicKeys();
    void privateKeys();
    void symmetricKeys();
    void certificateChain();
};

namespace {

JwtPolicy joe()
{
    JwtPolicy policy;
    policy.issuer = u"joe"_s;
    policy.audienceRequired = false;
    policy.algorithms += {u"HS256"_s, u"ES512"_s, u"none"_s}; // so that it is not the list alone that refuses
    return policy;
}

QString verified(const QByteArray &token, const JwkSet &keys)
{
    return codeOf(Jwt::verify(token, keys, joe(), wallTimeFromSeconds(kJoeExpiry - 1)));
}

// RFC 7517 appendix A.1; the second key is kRsaThumb.
const QByteArray kEcForEncryption = R"({"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",)"
                                    R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"})";

QString refusalOf(const QByteArray &key)
{
    const Result<Jwk> result = Jwk::fromJson(json(key));
    return result ? u"accepted"_s : result.error().codeName();
}

} // namespace

void TestRfcExamples::hmac()
{
    // RFC 7515 appendix A.1: a token whose secret would have to be known to everybody who verifies it.
    const QByteArray token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + kJoe + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const QByteArray secret = R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-)"
                              R"(1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})";
    QVERIFY(Jwt::parse(token));
    QCOMPARE(refusalOf(secret), u"UnusableKey"_s);
    QCOMPARE(verified(token, setOf({jwk(kRsaA2), jwk(kEcA3)})), u"UnsupportedAlgorithm"_s);
}

void TestRfcExamples::es512()
{
    // RFC 7515 appendix A.4: a signature over a text that is no JSON, so it is a JWS and not a JWT.
    const Jwk key = jwk(R"({"kty":"EC","crv":"P-521",)"
                        R"("x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",)"
                        R"("y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"})");
    const QByteArray text = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA";
    const QByteArray signature = "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_"
                                 "7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXo"
                                 "lLzeO_Jn";
    QVERIFY(key.verify(u"ES512"_s, text, fromBase64Url(signature).value()));
    QCOMPARE(key.verify(u"ES512"_s, text + 'x', fromBase64Url(signature).value()).error().code(), ErrorCode::BadSignature);
    QCOMPARE(key.verify(u"ES256"_s, text, fromBase64Url(signature).value()).error().code(), ErrorCode::UnsupportedAlgorithm);
    QCOMPARE(verified(text + '.' + signature, setOf({key})), u"MalformedToken"_s);
}

void TestRfcExamples::unsecured()
{
    // RFC 7515 appendix A.5.
    const QByteArray token = "eyJhbGciOiJub25lIn0." + kJoe + '.';
    QCOMPARE(verified(token, setOf({jwk(kRsaA2), jwk(kEcA3)})), u"UnsupportedAlgorithm"_s);
    QCOMPARE(verified(token, JwkSet()), u"UnsupportedAlgorithm"_s);
}

void TestRfcExamples::jsonSerialization()
{
    // RFC 7515 appendix A.6 and A.7: a JWT is always compact (RFC 7519 section 1).
    const QList<QByteArray> parts = kTokenA3.split('.');
    const QByteArray flattened = R"({"payload":")" + parts.at(1) + R"(","protected":")" + parts.at(0)
        + R"(","header":{"kid":"e9bc097a-ce51-4036-9562-d2ade882db0d"},"signature":")" + parts.at(2) + R"("})";
    const QByteArray general = R"({"payload":")" + parts.at(1) + R"(","signatures":[{"protected":")" + parts.at(0)
        + R"(","signature":")" + parts.at(2) + R"("}]})";
    QCOMPARE(verified(flattened, setOf({jwk(kEcA3)})), u"MalformedToken"_s);
    QCOMPARE(verified(general, setOf({jwk(kEcA3)})), u"MalformedToken"_s);
    QCOMPARE(verified(kTokenA3, setOf({jwk(kEcA3)})), u"accepted"_s);
}

void TestRfcExamples::publicKeys()
{
    // RFC 7517 appendix A.1: one key for encryption, one for signatures.
    const JwkSet set = JwkSet::fromBytes("{\"keys\":[" + kEcForEncryption + ',' + kRsaThumb + "]}").value();
    QCOMPARE(set.keys().size(), 1);
    QCOMPARE(set.keys().constFirst().keyId(), u"2011-04-29"_s);
    QCOMPARE(set.keys().constFirst().algorithm(), u"RS256"_s);
    QCOMPARE(set.refusals().size(), 1);
    QCOMPARE(set.refusals().constFirst().keyId, u"1"_s);
    QCOMPARE(set.refusals().constFirst().reason.code(), ErrorCode::UnusableKey);
}

void TestRfcExamples::privateKeys()
{
    // RFC 7517 appendix A.2: its private members, in a set that should be public. One leaked key spoils no other.
    QByteArray leaked = kEcForEncryption;
    leaked.replace("\"use\":\"enc\"", "\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"");
    QCOMPARE(refusalOf(leaked), u"UnusableKey"_s);
    const JwkSet set = JwkSet::fromBytes("{\"keys\":[" + leaked + ',' + kRsaThumb + "]}").value();
    QCOMPARE(set.keys().size(), 1);
    QVERIFY(!set.toBytes().contains("870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"));
}

void TestRfcExamples::symmetricKeys()
{
    // RFC 7517 appendix A.3.
    QCOMPARE(refusalOf(R"({"kty":"oct","alg":"A128KW","k":"GawgguFyGrWKav7AX4VKUg"})"), u"UnusableKey"_s);
    QCOMPARE(refusalOf(R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTw)"
                       R"(jAzZr1Z9CAow","kid":"HMAC key used in JWS spec Appendix A.1 example"})"),
             u"UnusableKey"_s);
}

void TestRfcExamples::certificateChain()
{
    // RFC 7517 appendix B has "x5c" beside the key: it is not read, and does no harm.
    QJsonObject key = json(kRsaThumb);
    key.insert(u"x5c"_s, QJsonArray{u"not a certificate"_s});
    const Result<Jwk> parsed = Jwk::fromJson(key);
    QVERIFY(parsed);
    QCOMPARE(parsed->toPublicJson(), json(kRsaThumb));
}

WATCHWORD_TEST_MAIN(TestRfcExamples)
#include "tst_rfcexamples.moc"
