// SPDX-License-Identifier: Apache-2.0
#include "josetest.h"
#include "support/testmain.h"

#include <QJsonArray>

using namespace Watchword;
using namespace JoseTest;

class TestJwk : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void thumbprints();
    void edwardsExample();
    void refusals_data();
    void refusals();
    void rsaSizes_data();
    void rsaSizes();
    void algorithms_data();
    void algorithms();
    void publicMembersOnly();
    void nullKey();
    void setKeepsTheUsable();
    void setRefusesAmbiguousNames();
    void setLimits_data();
    void setLimits();
    void nullIsAbsent();
    void refusalsAreNamed();
    void setInsertReplaces();
    void setCandidates();
    void setRoundTrip();
};

namespace {

QJsonObject with(const QByteArray &base, const QJsonObject &changes)
{
    QJsonObject object = json(base);
    for (auto it = changes.begin(); it != changes.end(); ++it) {
        if (it->isNull())
            object.remove(it.key());
        else
            object.insert(it.key(), *it);
    }
    return object;
}

QString base64(const QByteArray &bytes)
{
    return QString::fromLatin1(toBase64Url(bytes));
}

QByteArray setText(const QList<QJsonObject> &keys)
{
    QJsonArray array;
    for (const QJsonObject &key : keys)
        array.append(key);
    return QJsonDocument(QJsonObject{{u"keys"_s, array}}).toJson();
}

} // namespace

void TestJwk::thumbprints()
{
    QCOMPARE(jwk(kRsaThumb).thumbprint(),
             u"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"_s); // RFC 7638 section 3.1
    QCOMPARE(jwk(kEdA2).thumbprint(),
             u"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"_s); // RFC 8037 appendix A.3
    const Jwk plain = Jwk::fromJson(json(kEcA3)).value();
    const Jwk decorated = Jwk::fromJson(with(kEcA3, {{u"kid"_s, u"a"_s}, {u"use"_s, u"sig"_s}, {u"x5t"_s, u"b"_s}})).value();
    QCOMPARE(decorated.thumbprint(), plain.thumbprint());
    QVERIFY(plain.thumbprint() != jwk(kEdA2).thumbprint());
}

void TestJwk::edwardsExample()
{
    // RFC 8037 appendix A.4 and A.5.
    const QByteArray text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    QByteArray signature = fromBase64Url("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpA"
                                         "r_MuM0KAg")
                               .value();
    const Jwk key = jwk(kEdA2);
    QVERIFY(key.verify(u"EdDSA"_s, text, signature));
    QVERIFY(key.verify(u"Ed25519"_s, text, signature)); // the name of RFC 9864
    QCOMPARE(key.verify(u"EdDSA"_s, text + 'x', signature).error().code(), ErrorCode::BadSignature);
    signature[3] = char(signature[3] ^ 1);
    QCOMPARE(key.verify(u"EdDSA"_s, text, signature).error().code(), ErrorCode::BadSignature);
}

void TestJwk::refusals_data()
{
    QTest::addColumn<QByteArray>("base");
    QTest::addColumn<QJsonObject>("changes");
    QTest::addColumn<ErrorCode>("code");
    const auto row = [](const char *name, const QByteArray &base, const QJsonObject &changes,
                        ErrorCode code = ErrorCode::UnusableKey) { QTest::newRow(name) << base << changes << code; };
    const QString x = json(kEcA3).value("x"_L1).toString();
    const QString y = json(kEcA3).value("y"_L1).toString();
    const QString n = json(kRsaA2).value("n"_L1).toString();
    for (const char *member : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
        row(qPrintable(u"private member %1"_s.arg(QLatin1StringView(member))), kRsaA2, {{QLatin1StringView(member), u"AQAB"_s}});
    row("private ec", kEcA3, {{u"d"_s, u"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"_s}});
    row("symmetric", kEcA3, {{u"kty"_s, u"oct"_s}, {u"k"_s, u"AAAA"_s}});
    row("unknown type", kEcA3, {{u"kty"_s, u"AKP"_s}}, ErrorCode::UnsupportedAlgorithm);
    row("no type", kEcA3, {{u"kty"_s, QJsonValue()}}, ErrorCode::UnsupportedAlgorithm);
    row("unknown curve", kEcA3, {{u"crv"_s, u"secp256k1"_s}}, ErrorCode::UnsupportedAlgorithm);
    row("key agreement curve", kEdA2, {{u"crv"_s, u"X25519"_s}}, ErrorCode::UnsupportedAlgorithm);
    row("unknown alg", kEcA3, {{u"alg"_s, u"ES256K"_s}}, ErrorCode::UnsupportedAlgorithm);
    row("hmac alg on rsa", kRsaA2, {{u"alg"_s, u"HS256"_s}}, ErrorCode::UnsupportedAlgorithm);
    row("none alg", kRsaA2, {{u"alg"_s, u"none"_s}}, ErrorCode::UnsupportedAlgorithm);
    row("alg of another curve", kEcA3, {{u"alg"_s, u"ES384"_s}});
    row("alg of another type", kEcA3, {{u"alg"_s, u"RS256"_s}});
    row("alg not a text", kEcA3, {{u"alg"_s, 1}});
    row("kid not a text", kEcA3, {{u"kid"_s, 1}});
    row("for encryption", kEcA3, {{u"use"_s, u"enc"_s}});
    row("operations without verify", kEcA3, {{u"key_ops"_s, QJsonArray{u"sign"_s}}});
    row("operations not a list", kEcA3, {{u"key_ops"_s, u"verify"_s}});
    row("no x", kEcA3, {{u"x"_s, QJsonValue()}});
    row("no y", kEcA3, {{u"y"_s, QJsonValue()}});
    row("point off the curve", kEcA3, {{u"x"_s, y}, {u"y"_s, x}});
    row("point zero", kEcA3, {{u"x"_s, base64(QByteArray(32, '\0'))}, {u"y"_s, base64(QByteArray(32, '\0'))}});
    row("short coordinate", kEcA3, {{u"x"_s, base64(QByteArray(31, '\1'))}});
    row("curve larger than the point", kEcA3, {{u"crv"_s, u"P-384"_s}});
    row("padded coordinate", kEcA3, {{u"x"_s, QString(x + u'=')}});
    row("non-canonical coordinate", kEcA3, {{u"x"_s, QString(x.chopped(1) + u'V')}});
    row("short ed25519", kEdA2, {{u"x"_s, base64(QByteArray(31, '\1'))}});
    row("no n", kRsaA2, {{u"n"_s, QJsonValue()}});
    row("n empty", kRsaA2, {{u"n"_s, QString()}});
    row("n not base64url", kRsaA2, {{u"n"_s, QString(u'+' + n.mid(1))}});
    row("n with a leading zero", kRsaA2, {{u"n"_s, base64('\0' + fromBase64Url(n.toLatin1()).value())}});
    row("even n", kRsaA2, {{u"n"_s, base64(fromBase64Url(n.toLatin1()).value().chopped(1) + '\2')}});
    row("e is 1", kRsaA2, {{u"e"_s, base64("\1")}});
    row("e is even", kRsaA2, {{u"e"_s, base64("\4")}});
    row("e is 0", kRsaA2, {{u"e"_s, base64(QByteArray(1, '\0'))}});
    row("e with a leading zero", kRsaA2, {{u"e"_s, base64(QByteArray("\0\1\0\1", 4))}});
    row("e is huge", kRsaA2, {{u"e"_s, base64(QByteArray(9, '\1'))}});
}

void TestJwk::refusals()
{
    QFETCH(QByteArray, base);
    QFETCH(QJsonObject, changes);
    QFETCH(ErrorCode, code);
    const Result<Jwk> result = Jwk::fromJson(with(base, changes));
    QVERIFY(!result);
    QCOMPARE(result.error().code(), code);
    QVERIFY(!result.error().detail().isEmpty());
}

void TestJwk::rsaSizes_data()
{
    QTest::addColumn<int>("bits");
    QTest::addColumn<bool>("accepted");
    QTest::newRow("512") << 512 << false;
    QTest::newRow("1024") << 1024 << false;
    QTest::newRow("2047") << 2047 << false;
    QTest::newRow("2048") << 2048 << true;
    QTest::newRow("8192") << 8192 << true;
    QTest::newRow("8200") << 8200 << false;
    QTest::newRow("16384") << 16384 << false;
}

void TestJwk::rsaSizes()
{
    QFETCH(int, bits);
    QFETCH(bool, accepted);
    QByteArray modulus((bits + 7) / 8, '\x5b');
    modulus[0] = char(1 << ((bits - 1) % 8));
    const Result<Jwk> result = Jwk::fromJson(with(kRsaA2, {{u"n"_s, base64(modulus)}}));
    QCOMPARE(result.isOk(), accepted);
    if (!accepted)
        QCOMPARE(result.error().code(), ErrorCode::UnusableKey);
}

void TestJwk::algorithms_data()
{
    QTest::addColumn<QByteArray>("base");
    QTest::addColumn<QString>("bound");
    QTest::addColumn<QStringList>("allowed");
    const QStringList rsa{u"RS256"_s, u"PS256"_s, u"RS384"_s, u"RS512"_s, u"PS384"_s, u"PS512"_s};
    QTest::newRow("rsa") << kRsaA2 << QString() << rsa;
    QTest::newRow("rsa for RS256") << kRsaA2 << u"RS256"_s << QStringList{u"RS256"_s};
    QTest::newRow("rsa for PS256") << kRsaA2 << u"PS256"_s << QStringList{u"PS256"_s};
    QTest::newRow("ec") << kEcA3 << QString() << QStringList{u"ES256"_s};
    QTest::newRow("ed25519") << kEdA2 << QString() << QStringList{u"EdDSA"_s, u"Ed25519"_s};
    QTest::newRow("ed25519 for EdDSA") << kEdA2 << u"EdDSA"_s << QStringList{u"EdDSA"_s};
}

void TestJwk::algorithms()
{
    QFETCH(QByteArray, base);
    QFETCH(QString, bound);
    QFETCH(QStringList, allowed);
    const Jwk key = Jwk::fromJson(with(base, {{u"alg"_s, bound.isEmpty() ? QJsonValue() : QJsonValue(bound)}})).value();
    for (const QString &name :
         {u"ES256"_s, u"ES384"_s, u"ES512"_s,   u"RS256"_s, u"RS384"_s,    u"RS512"_s, u"PS256"_s, u"PS384"_s,
          u"PS512"_s, u"EdDSA"_s, u"Ed25519"_s, u"Ed448"_s, u"none"_s,     u"None"_s,  u"NONE"_s,  u"nOnE"_s,
          u"HS256"_s, u"HS384"_s, u"HS512"_s,   u"es256"_s, u"RSA-OAEP"_s, QString()}) {
        QCOMPARE(key.canVerify(name), allowed.contains(name));
        if (!key.canVerify(name))
            QCOMPARE(key.verify(name, "m", "s").error().code(), ErrorCode::UnsupportedAlgorithm);
    }
}

void TestJwk::publicMembersOnly()
{
    const QJsonObject given = with(kEcA3,
                                   {{u"kid"_s, u"one"_s},
                                    {u"alg"_s, u"ES256"_s},
                                    {u"use"_s, u"sig"_s},
                                    {u"key_ops"_s, QJsonArray{u"verify"_s}},
                                    {u"x5u"_s, u"https://evil.example"_s}});
    const Jwk key = Jwk::fromJson(given).value();
    QJsonObject expected = given;
    expected.remove(u"key_ops"_s);
    expected.remove(u"x5u"_s);
    QCOMPARE(key.toPublicJson(), expected);
    QCOMPARE(key.keyId(), u"one"_s);
    QCOMPARE(key.curve(), u"P-256"_s);
    QCOMPARE(Jwk::fromJson(key.toPublicJson()).value().toPublicJson(), expected);
    // SubjectPublicKeyInfo ends with the point, uncompressed.
    const QByteArray pem = key.toPem();
    QVERIFY(pem.startsWith("-----BEGIN PUBLIC KEY-----\n") && pem.endsWith("\n-----END PUBLIC KEY-----\n"));
    const QByteArray der = QByteArray::fromBase64(pem.split('\n').mid(1, 2).join());
    QVERIFY(der.endsWith('\x04' + *fromBase64Url(given.value("x"_L1).toString().toLatin1())
                         + *fromBase64Url(given.value("y"_L1).toString().toLatin1())));
}

void TestJwk::nullKey()
{
    const Jwk key;
    QVERIFY(key.isNull());
    QVERIFY(key.keyId().isEmpty() && key.algorithm().isEmpty() && key.keyType().isEmpty() && key.curve().isEmpty()
            && key.use().isEmpty() && key.thumbprint().isEmpty() && key.toPublicJson().isEmpty() && key.toPem().isEmpty());
    QCOMPARE(key.verify(u"ES256"_s, "m", "s").error().code(), ErrorCode::UnsupportedAlgorithm);
}

void TestJwk::setKeepsTheUsable()
{
    const QByteArray text = setText({
        with(kEcA3, {{u"kid"_s, u"good"_s}}),
        with(kEcA3, {{u"kid"_s, u"leaked"_s}, {u"d"_s, u"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"_s}}),
        {{u"kty"_s, u"oct"_s}, {u"kid"_s, u"shared"_s}, {u"k"_s, u"AAAA"_s}},
        with(kEcA3, {{u"kid"_s, u"enc"_s}, {u"use"_s, u"enc"_s}}),
        {{u"kty"_s, u"AKP"_s}, {u"kid"_s, u"future"_s}},
        with(kEdA2, {{u"kid"_s, u"good too"_s}}),
    });
    const JwkSet set = JwkSet::fromBytes(text).value();
    QCOMPARE(set.keys().size(), 2);
    QVERIFY(set.containsKeyId(u"good"_s) && set.containsKeyId(u"good too"_s));
    QStringList refused;
    for (const JwkSet::Refusal &refusal : set.refusals())
        refused.append(refusal.keyId + u' ' + refusal.reason.codeName());
    QCOMPARE(
        refused,
        (QStringList{u"leaked UnusableKey"_s, u"shared UnusableKey"_s, u"enc UnusableKey"_s, u"future UnsupportedAlgorithm"_s}));
    QVERIFY(set.refusals().first().reason.remedy().contains("Replace this key"_L1));
    QVERIFY(!set.toBytes().contains("\"d\""));
}

void TestJwk::setRefusesAmbiguousNames()
{
    const QJsonObject other = key(u"ES256"_s).publicKey().toPublicJson();
    QJsonObject twin = other;
    twin.insert(u"kid"_s, u"same"_s);
    const QJsonObject first = with(kEcA3, {{u"kid"_s, u"same"_s}, {u"alg"_s, u"ES256"_s}});
    const QJsonObject ed = with(kEdA2, {{u"kid"_s, u"same"_s}});

    const JwkSet both = JwkSet::fromBytes(setText({first, twin, ed})).value();
    QCOMPARE(both.keys().size(), 1); // RFC 7517 section 4.5 lets keys of different types share a name
    QCOMPARE(both.keys().first().keyType(), u"OKP"_s);
    QCOMPARE(both.refusals().size(), 2);
    QCOMPARE(both.refusals().first().reason.code(), ErrorCode::UnusableKey);

    const JwkSet repeated = JwkSet::fromBytes(setText({first, first})).value();
    QCOMPARE(repeated.keys().size(), 1);
    QVERIFY(repeated.refusals().isEmpty());
}

void TestJwk::setLimits_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<ErrorCode>("code");
    const auto many = [](int count) {
        QList<QJsonObject> keys;
        for (int i = 0; i < count; ++i)
            keys.append(with(kEcA3, {{u"kid"_s, QString::number(i)}}));
        return setText(keys);
    };
    QByteArray large = setText({json(kEcA3)});
    large.append(JwkSet::kLargestSize + 1 - large.size(), ' ');
    QTest::newRow("64 keys") << many(64) << ErrorCode(-1);
    QTest::newRow("65 keys") << many(65) << ErrorCode::ResponseTooLarge;
    QTest::newRow("256 KiB") << large.chopped(1) << ErrorCode(-1);
    QTest::newRow("over 256 KiB") << large << ErrorCode::ResponseTooLarge;
    QTest::newRow("empty set") << QByteArray(R"({"keys":[]})") << ErrorCode(-1);
    QTest::newRow("not a key") << QByteArray(R"({"keys":[1,"a",null,[]]})") << ErrorCode(-1);
    QTest::newRow("empty") << QByteArray() << ErrorCode::InvalidResponse;
    QTest::newRow("html") << QByteArray("<html>") << ErrorCode::InvalidResponse;
    QTest::newRow("array") << QByteArray("[]") << ErrorCode::InvalidResponse;
    QTest::newRow("no keys") << QByteArray(R"({"issuer":"a"})") << ErrorCode::InvalidResponse;
    QTest::newRow("keys an object") << QByteArray(R"({"keys":{}})") << ErrorCode::InvalidResponse;
    QTest::newRow("keys twice") << QByteArray(R"({"keys":[],"keys":[]})") << ErrorCode::InvalidResponse;
    QTest::newRow("kid twice") << QByteArray(R"({"keys":[{"kid":"a","kid":"b"}]})") << ErrorCode::InvalidResponse;
    QTest::newRow("cut off") << many(2).chopped(3) << ErrorCode::InvalidResponse;
    QTest::newRow("byte order mark") << QByteArray("\xef\xbb\xbf{\"keys\":[]}") << ErrorCode(-1);
    QTest::newRow("two byte order marks") << QByteArray("\xef\xbb\xbf\xef\xbb\xbf{\"keys\":[]}") << ErrorCode::InvalidResponse;
}

void TestJwk::setLimits()
{
    QFETCH(QByteArray, text);
    QFETCH(ErrorCode, code);
    const Result<JwkSet> result = JwkSet::fromBytes(text);
    QCOMPARE(result.isOk(), code == ErrorCode(-1));
    if (!result)
        QCOMPARE(result.error().code(), code);
}

void TestJwk::nullIsAbsent()
{
    for (const QByteArray &base : {kRsaA2, kEcA3, kEdA2}) {
        QJsonObject changes;
        for (const char *member : {"d", "p", "k", "alg", "kid", "use", "key_ops", "x5c"})
            changes.insert(QLatin1StringView(member), QJsonValue());
        QJsonObject all = json(base);
        for (auto it = changes.begin(); it != changes.end(); ++it)
            all.insert(it.key(), QJsonValue::Null);
        QVERIFY(all.contains("d"_L1) && all.value("d"_L1).isNull());
        const Result<Jwk> parsed = Jwk::fromJson(all);
        QVERIFY2(parsed, qPrintable(parsed ? QString() : parsed.error().toString()));
        QCOMPARE(parsed->thumbprint(), jwk(base).thumbprint());
        all.insert("d"_L1, QString());
        QCOMPARE(Jwk::fromJson(all).error().code(), ErrorCode::UnusableKey);
    }
}

// Who is refused because of a key that was left out is told which one it was and why.
void TestJwk::refusalsAreNamed()
{
    const QString n = json(kRsaA2).value("n"_L1).toString();
    const QJsonObject padded = with(kRsaA2, {{u"kid"_s, u"padded"_s}, {u"n"_s, QString(n + u'=')}});
    const QJsonObject zero = with(
        kRsaA2, {{u"kid"_s, u"zero"_s}, {u"n"_s, QString::fromLatin1(toBase64Url('\0' + fromBase64Url(n.toLatin1()).value()))}});
    const QJsonObject secret = with(kRsaA2, {{u"d"_s, u"AQAB"_s}});
    const JwkSet set = JwkSet::fromBytes(setText({padded, zero, secret, with(kEcA3, {{u"kid"_s, u"good"_s}})})).value();
    QCOMPARE(set.keys().size(), 1);
    const QString one = set.refusalText(u"zero"_s);
    QVERIFY2(one.contains(u"\"zero\""_s) && one.contains(u"zero byte"_s) && !one.contains(u"padded"_s), qPrintable(one));
    const QString all = set.refusalText(u"other"_s);
    QVERIFY2(all.contains(u"padded"_s) && all.contains(u"one without a name"_s) && all.contains(u"private member"_s),
             qPrintable(all));
    QVERIFY(!all.contains(n.left(20))); // keys are public, but nobody reads them in a log
    QCOMPARE(JwkSet::fromBytes(setText({json(kEcA3)}))->refusalText(), QString());

    const QByteArray token = forge(R"({"alg":"RS256","kid":"padded"})", "{}", key(u"RS256"_s));
    const Result<Jwt> refused = Jwt::verify(token, set, JwtPolicy(), WallTime());
    QCOMPARE(refused.error().code(), ErrorCode::InvalidArgument); // the policy names no audience
    JwtPolicy policy;
    policy.audienceRequired = false;
    const Result<Jwt> unknown = Jwt::verify(token, set, policy, WallTime());
    QCOMPARE(unknown.error().code(), ErrorCode::UnknownKey);
    QVERIFY2(unknown.error().detail().contains(u"\"padded\": the member \"n\" is not base64url"_s),
             qPrintable(unknown.error().detail()));
    QVERIFY(unknown.error().remedy().contains(u"at the issuer"_s));
    QList<QJsonObject> many;
    for (int i = 0; i < 9; ++i)
        many += with(kEcA3, {{u"kid"_s, QString::number(i)}, {u"use"_s, u"enc"_s}});
    QVERIFY(JwkSet::fromBytes(setText(many))->refusalText().endsWith(u"and 6 more"_s));
}

void TestJwk::setInsertReplaces()
{
    JwkSet set;
    set.insert(Jwk());
    QVERIFY(set.isEmpty());
    const Jwk old = Jwk::fromJson(with(kEcA3, {{u"kid"_s, u"a"_s}})).value();
    QJsonObject renamed = key(u"ES256"_s).publicKey().toPublicJson();
    renamed.insert(u"kid"_s, u"a"_s);
    set.insert(old);
    set.insert(Jwk::fromJson(renamed).value());
    QCOMPARE(set.keys().size(), 1);
    QCOMPARE(set.keys().first().thumbprint(), key(u"ES256"_s).keyId());
    set.insert(jwk(kRsaA2));
    set.insert(jwk(kRsaA2));
    set.insert(jwk(kEcA3));
    QCOMPARE(set.keys().size(), 3); // keys without a name are told apart by their thumbprint
}

void TestJwk::setCandidates()
{
    const JwkSet set = setOf({jwk(kRsaA2), jwk(kRsaThumb), jwk(kEcA3), jwk(kEdA2)});
    QCOMPARE(set.candidates({}, u"RS256"_s).size(), 2);
    QCOMPARE(set.candidates({}, u"PS256"_s).size(), 1); // the other is bound to RS256
    QCOMPARE(set.candidates(u"2011-04-29"_s, u"RS256"_s).size(), 1);
    QCOMPARE(set.candidates(u"2011-04-29"_s, u"ES256"_s).size(), 0);
    QCOMPARE(set.candidates(u"2011-04-2"_s, u"RS256"_s).size(), 0);
    QCOMPARE(set.candidates({}, u"HS256"_s).size(), 0);
}

void TestJwk::setRoundTrip()
{
    const JwkSet set = setOf({jwk(kRsaA2), jwk(kRsaThumb), jwk(kEcA3), jwk(kEdA2), key(u"ES256"_s).publicKey()});
    const JwkSet again = JwkSet::fromBytes(set.toBytes()).value();
    QCOMPARE(again.toBytes(), set.toBytes());
    QVERIFY(again.refusals().isEmpty());
}

WATCHWORD_TEST_MAIN(TestJwk)
#include "tst_jwk.moc"
