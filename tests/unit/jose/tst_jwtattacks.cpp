// SPDX-License-Identifier: Apache-2.0
#include "josetest.h"
#include "support/testmain.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

using namespace Watchword;
using namespace JoseTest;

/*! What RFC 8725 warns of, and damage of every byte. */
class TestJwtAttacks : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void algorithmNone_data();
    void algorithmNone();
    void publicKeyAsHmacKey();
    void derSignature();
    void signaturesOfZero();
    void keysInTheHeader_data();
    void keysInTheHeader();
    void malformed_data();
    void malformed();
    void paddedClaims();
    void everyByteFlipped_data();
    void everyByteFlipped();
    void everyCutOff();
    void partsOfAnotherToken();
    void errorsAreQuotable();
};

namespace {

constexpr qint64 kNow = 1'800'000'000;
const QByteArray kClaims = R"({"iss":"https://login.example.com","aud":"orders","exp":1800000600,"sub":"u1"})";

JwtPolicy policy()
{
    JwtPolicy policy;
    policy.issuer = u"https://login.example.com"_s;
    policy.audiences = {u"orders"_s};
    // As careless as a caller can be: the list itself names what must never work.
    policy.algorithms += {u"none"_s, u"None"_s, u"HS256"_s, u"HS384"_s, u"HS512"_s, QString()};
    return policy;
}

JwkSet allKeys()
{
    return setOf(
        {key(u"ES256"_s).publicKey(), key(u"RS256"_s).publicKey(), key(u"PS256"_s).publicKey(), key(u"EdDSA"_s).publicKey()});
}

QString verified(const QByteArray &token, const JwkSet &keys = allKeys())
{
    return codeOf(Jwt::verify(token, keys, policy(), wallTimeFromSeconds(kNow)));
}

QByteArray hmac(const QByteArray &hmacKey, const QByteArray &text)
{
    QByteArray out(32, Qt::Uninitialized);
    size_t size = 0;
    EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, hmacKey.constData(), size_t(hmacKey.size()),
              reinterpret_cast<const uchar *>(text.constData()), size_t(text.size()), reinterpret_cast<uchar *>(out.data()),
              size_t(out.size()), &size);
    return out.first(qsizetype(size));
}

QByteArray named(const QString &algorithm, const QByteArray &more = {})
{
    return "{\"alg\":\"" + algorithm.toLatin1() + "\",\"kid\":\"" + key(algorithm).keyId().toLatin1() + '"' + more + '}';
}

} // namespace

void TestJwtAttacks::algorithmNone_data()
{
    QTest::addColumn<QString>("name");
    for (const char *name : {"none", "None", "NONE", "nOnE", "noNe", "none ", "\\u006eone", "HS256", "HS384", "HS512", "hs256"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestJwtAttacks::algorithmNone()
{
    QFETCH(QString, name);
    for (const QByteArray &kid : {QByteArray(), ",\"kid\":\"" + key(u"RS256"_s).keyId().toLatin1() + '"'}) {
        const QByteArray text = toBase64Url("{\"alg\":\"" + name.toLatin1() + '"' + kid + '}') + '.' + toBase64Url(kClaims);
        QCOMPARE(verified(text + '.'), u"UnsupportedAlgorithm"_s);
        QCOMPARE(verified(text + ".AAAA"), u"UnsupportedAlgorithm"_s);
        QCOMPARE(verified(text), u"MalformedToken"_s);
    }
}

void TestJwtAttacks::publicKeyAsHmacKey()
{
    const Jwk publicKey = key(u"RS256"_s).publicKey();
    const QByteArray privatePem = key(u"RS256"_s).toPem().reveal().toByteArray();
    BIO *in = BIO_new_mem_buf(privatePem.constData(), int(privatePem.size()));
    EVP_PKEY *pair = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
    BIO *out = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(out, pair);
    char *bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    const QByteArray pem(bytes, size);
    BIO_free(in);
    BIO_free(out);
    EVP_PKEY_free(pair);
    QVERIFY(pem.startsWith("-----BEGIN PUBLIC KEY-----"));
    const QByteArray jwkBytes = QJsonDocument(publicKey.toPublicJson()).toJson(QJsonDocument::Compact);
    for (const QByteArray &secret : {pem, pem.trimmed(), jwkBytes}) {
        const QByteArray text =
            toBase64Url("{\"alg\":\"HS256\",\"kid\":\"" + publicKey.keyId().toLatin1() + "\"}") + '.' + toBase64Url(kClaims);
        QCOMPARE(verified(text + '.' + toBase64Url(hmac(secret, text))), u"UnsupportedAlgorithm"_s);
    }
    // And the other way: the token says RS256, the signature is the HMAC.
    const QByteArray text = toBase64Url(named(u"RS256"_s)) + '.' + toBase64Url(kClaims);
    QCOMPARE(verified(text + '.' + toBase64Url(hmac(pem, text))), u"BadSignature"_s);
}

void TestJwtAttacks::derSignature()
{
    const QByteArray good = forge(named(u"ES256"_s), kClaims, key(u"ES256"_s));
    QCOMPARE(verified(good), u"accepted"_s);
    const QByteArray raw = fromBase64Url(good.mid(good.lastIndexOf('.') + 1)).value();
    const auto *bytes = reinterpret_cast<const uchar *>(raw.constData());
    ECDSA_SIG *signature = ECDSA_SIG_new();
    ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
    uchar *der = nullptr;
    const int size = i2d_ECDSA_SIG(signature, &der);
    const QByteArray derBytes(reinterpret_cast<char *>(der), size);
    OPENSSL_free(der);
    ECDSA_SIG_free(signature);
    const QByteArray text = good.first(good.lastIndexOf('.') + 1);
    QCOMPARE(verified(text + toBase64Url(derBytes)), u"BadSignature"_s);
    QCOMPARE(verified(text + toBase64Url('\0' + raw)), u"BadSignature"_s);
    QCOMPARE(verified(text + toBase64Url(raw + raw)), u"BadSignature"_s);
    QCOMPARE(verified(text + toBase64Url(raw.last(32) + raw.first(32))), u"BadSignature"_s);
    QCOMPARE(verified(text + toBase64Url(raw)), u"accepted"_s);
}

void TestJwtAttacks::signaturesOfZero()
{
    // "Psychic signatures": r and s of zero, or of the order of the group.
    const QByteArray order = QByteArray::fromHex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    const QByteArray zero(32, '\0');
    const QByteArray one = zero.chopped(1) + '\1';
    const QByteArray text = toBase64Url(named(u"ES256"_s)) + '.' + toBase64Url(kClaims) + '.';
    for (const QByteArray &r : {zero, one, order}) {
        for (const QByteArray &s : {zero, one, order})
            QCOMPARE(verified(text + toBase64Url(r + s)), u"BadSignature"_s);
    }
    for (const QString &algorithm : {u"RS256"_s, u"PS256"_s, u"EdDSA"_s}) {
        for (const qsizetype size : {0, 1, 32, 64, 255, 256, 257}) {
            const QByteArray other = toBase64Url(named(algorithm)) + '.' + toBase64Url(kClaims) + '.';
            QCOMPARE(verified(other + toBase64Url(QByteArray(size, '\0'))), u"BadSignature"_s);
        }
    }
}

void TestJwtAttacks::keysInTheHeader_data()
{
    QTest::addColumn<QByteArray>("member");
    QTest::addColumn<QString>("code");
    const SigningKey evil = SigningKey::generate(u"ES256"_s).value();
    const QByteArray embedded = QJsonDocument(evil.publicKey().toPublicJson()).toJson(QJsonDocument::Compact);
    QTest::newRow("jwk") << ",\"jwk\":" + embedded << u"BadSignature"_s;
    QTest::newRow("jku") << QByteArray(R"(,"jku":"https://evil.example/keys")") << u"BadSignature"_s;
    QTest::newRow("x5u") << QByteArray(R"(,"x5u":"https://evil.example/cert")") << u"BadSignature"_s;
    QTest::newRow("x5c") << QByteArray(R"(,"x5c":["MIIB"])") << u"BadSignature"_s;
    QTest::newRow("crit") << QByteArray(R"(,"crit":["exp"],"exp":1)") << u"MalformedToken"_s;
    QTest::newRow("crit empty") << QByteArray(R"(,"crit":[])") << u"MalformedToken"_s;
    QTest::newRow("b64") << QByteArray(R"(,"b64":false)") << u"MalformedToken"_s;
}

void TestJwtAttacks::keysInTheHeader()
{
    QFETCH(QByteArray, member);
    QFETCH(QString, code);
    const SigningKey evil = SigningKey::generate(u"ES256"_s).value();
    QCOMPARE(verified(forge(named(u"ES256"_s, member), kClaims, evil)), code);
    QCOMPARE(verified(forge("{\"alg\":\"ES256\"" + member + '}', kClaims, evil)), code);
    // Signed by the right key, the members that are not read do no harm.
    const QString honest = code == u"BadSignature"_s ? u"accepted"_s : code;
    QCOMPARE(verified(forge(named(u"ES256"_s, member), kClaims, key(u"ES256"_s))), honest);
}

void TestJwtAttacks::malformed_data()
{
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<QByteArray>("claims");
    const QByteArray head = named(u"ES256"_s);
    const auto row = [](const char *name, const QByteArray &header, const QByteArray &claims) {
        QTest::newRow(name) << header << claims;
    };
    row("empty header", "", kClaims);
    row("header list", "[]", kClaims);
    row("header not JSON", "alg:ES256", kClaims);
    row("no alg", "{}", kClaims);
    row("alg list", R"({"alg":["ES256"]})", kClaims);
    row("alg null", R"({"alg":null})", kClaims);
    row("alg empty", R"({"alg":""})", kClaims);
    row("alg twice", R"({"alg":"none","alg":"ES256"})", kClaims);
    row("alg twice, escaped", R"({"alg":"none","\u0061lg":"ES256"})", kClaims);
    row("kid number", R"({"alg":"ES256","kid":1})", kClaims);
    row("typ list", R"({"alg":"ES256","typ":["JWT"]})", kClaims);
    row("header with a byte order mark", "\xef\xbb\xbf" + head, kClaims);
    row("header with a tail", head + "{}", kClaims);
    row("header bad UTF-8",
        R"({"alg":"ES256","x":")"
        "\xff"
        R"("})",
        kClaims);
    row("empty claims", head, "");
    row("claims list", head, "[" + kClaims + "]");
    row("claims text", head, "\"x\"");
    row("claims with a tail", head, kClaims + "x");
    row("claims with a NUL", head, kClaims + QByteArray(1, '\0'));
    row("claim twice", head, kClaims.chopped(1) + R"(,"sub":"u2"})");
    row("claim twice, same value", head, kClaims.chopped(1) + R"(,"sub":"u1"})");
    row("claim twice, deep", head, kClaims.chopped(1) + R"(,"x":[{"a":1,"a":2}]})");
    row("name with a byte order mark", head, kClaims.chopped(1) + ",\"\xef\xbb\xbfsub\":\"u2\"}");
    row("value with a byte order mark", head, kClaims.chopped(1) + ",\"x\":\"\xef\xbb\xbfu2\"}");
    row("exp not a JSON number", head, R"({"exp":+1900000000})");
    row("exp infinite", head, R"({"exp":1e999})");
    row("exp NaN", head, R"({"exp":NaN})");
    row("bad UTF-8", head, "{\"x\":\"\xc3\x28\"}");
    row("nested too deep", head, "{\"x\":" + QByteArray(3000, '[') + QByteArray(3000, ']') + '}');
}

void TestJwtAttacks::malformed()
{
    QFETCH(QByteArray, header);
    QFETCH(QByteArray, claims);
    const QByteArray token = forge(header, claims, key(u"ES256"_s));
    QCOMPARE(codeOf(Jwt::parse(token)), u"MalformedToken"_s);
    QCOMPARE(verified(token), u"MalformedToken"_s);
}

void TestJwtAttacks::paddedClaims()
{
    const QByteArray good = forge(named(u"ES256"_s), kClaims, key(u"ES256"_s));
    const QList<QByteArray> broken{
        "",
        ".",
        "..",
        "...",
        "a.b",
        good + '.',
        '.' + good,
        good + '=',
        good + ' ',
        ' ' + good,
        good + '\n',
        good + '\0',
        "Bearer " + good,
        QByteArray(good).replace('.', "=."),
        QByteArray(good).replace('.', ".."),
        good + '.' + good,
        QByteArray(good).replace('_', '/').replace('-', '+') + '+',
    };
    for (const QByteArray &token : broken)
        QCOMPARE(verified(token), u"MalformedToken"_s);
    QCOMPARE(verified(good + 'A'), u"BadSignature"_s); // that is base64url, of 65 bytes
    // The last character of 64 bytes has four unused bits: fifteen other texts decode to the same signature.
    const QByteArray alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const qsizetype last = alphabet.indexOf(good.back());
    for (qsizetype i = 1; i < 16; ++i)
        QCOMPARE(verified(good.chopped(1) + alphabet.at((last & ~15) | ((last + i) & 15))), u"MalformedToken"_s);
    QCOMPARE(verified(QByteArray(Jwt::kLargestSize + 1, 'A')), u"MalformedToken"_s);
    QByteArray large = kClaims.chopped(1) + ",\"x\":\"" + QByteArray(Jwt::kLargestSize, 'x') + "\"}";
    QCOMPARE(verified(forge(named(u"ES256"_s), large, key(u"ES256"_s))), u"MalformedToken"_s);
}

void TestJwtAttacks::everyByteFlipped_data()
{
    QTest::addColumn<QString>("algorithm");
    for (const char *name : {"ES256", "RS256", "PS256", "EdDSA"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestJwtAttacks::everyByteFlipped()
{
    QFETCH(QString, algorithm);
    const QByteArray good = forge(named(algorithm), kClaims, key(algorithm));
    QCOMPARE(verified(good), u"accepted"_s);
    const JwkSet keys = allKeys();
    for (qsizetype i = 0; i < good.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            QByteArray token = good;
            token[i] = char(token.at(i) ^ (1 << bit));
            if (verified(token, keys) == u"accepted"_s)
                QFAIL(qPrintable(u"byte %1, bit %2 may be flipped"_s.arg(i).arg(bit)));
        }
    }
}

void TestJwtAttacks::everyCutOff()
{
    const QByteArray good = forge(named(u"RS256"_s), kClaims, key(u"RS256"_s));
    for (qsizetype size = 0; size < good.size(); ++size) {
        QVERIFY(verified(good.first(size)) != u"accepted"_s);
        QVERIFY(verified(good.last(size)) != u"accepted"_s);
        QVERIFY(verified(good.first(size) + good.sliced(size + 1)) != u"accepted"_s);
    }
}

void TestJwtAttacks::partsOfAnotherToken()
{
    const QList<QByteArray> one = forge(named(u"ES256"_s), kClaims, key(u"ES256"_s)).split('.');
    const QList<QByteArray> two = forge(named(u"ES256"_s), QByteArray(kClaims).replace("u1", "u2"), key(u"ES256"_s)).split('.');
    QCOMPARE(verified(one.at(0) + '.' + two.at(1) + '.' + one.at(2)), u"BadSignature"_s);
    QCOMPARE(verified(one.at(0) + '.' + one.at(1) + '.' + two.at(2)), u"BadSignature"_s);
    QCOMPARE(verified(two.at(0) + '.' + one.at(1) + '.' + one.at(2)), u"accepted"_s); // equal headers
    const QList<QByteArray> rsa = forge(named(u"RS256"_s), kClaims, key(u"RS256"_s)).split('.');
    const QByteArray relabelled = toBase64Url("{\"alg\":\"PS256\",\"kid\":\"" + key(u"RS256"_s).keyId().toLatin1() + "\"}");
    QCOMPARE(verified(relabelled + '.' + rsa.at(1) + '.' + rsa.at(2)), u"UnusableKey"_s);
}

void TestJwtAttacks::errorsAreQuotable()
{
    const QByteArray kid = QByteArray(500, 'k') + R"(\r\n\u001b[31m\u0000)";
    const Result<Jwt> unknown = Jwt::verify(forge("{\"alg\":\"ES256\",\"kid\":\"" + kid + "\"}", kClaims, key(u"ES256"_s)),
                                            allKeys(), policy(), wallTimeFromSeconds(kNow));
    QCOMPARE(codeOf(unknown), u"UnknownKey"_s);
    QVERIFY(unknown.error().detail().size() < 120);
    const Result<Jwt> strange =
        Jwt::verify(forge(R"({"alg":"a\r\nb\u0007"})", kClaims, key(u"ES256"_s)), allKeys(), policy(), wallTimeFromSeconds(kNow));
    QCOMPARE(codeOf(strange), u"UnsupportedAlgorithm"_s);
    for (const QChar c : strange.error().detail())
        QVERIFY(c.isPrint());
}

WATCHWORD_TEST_MAIN(TestJwtAttacks)
#include "tst_jwtattacks.moc"
