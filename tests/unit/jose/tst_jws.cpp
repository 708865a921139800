// SPDX-License-Identifier: Apache-2.0
#include "josetest.h"
#include "support/testmain.h"
#include "watchword/jose/jws.h"

using namespace Watchword;
using namespace JoseTest;
using namespace Qt::StringLiterals;

Q_DECLARE_METATYPE(Watchword::ErrorCode)

/* Signatures over any bytes. */
class TestJws : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void payloads_data();
    void payloads();
    void everyAlgorithm_data();
    void everyAlgorithm();
    void refusals_data();
    void refusals();
    void anyChangedByte();
    void types_data();
    void types();
    void limits();
    void exampleOfTheStandard();
    void sameAsASignedToken();
};

void TestJws::payloads_data()
{
    QTest::addColumn<QByteArray>("payload");
    QByteArray all;
    for (int c = 0; c < 256; ++c)
        all += char(c);
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("text") << QByteArray("It’s a dangerous business, Frodo");
    QTest::newRow("NUL") << QByteArray("\0", 1);
    QTest::newRow("every byte") << all;
    QTest::newRow("a hundred thousand") << QByteArray(100'000, '\xff');
    QTest::newRow("JSON with a name twice") << QByteArray(R"({"a":1,"a":2})"); // not looked at
}

void TestJws::payloads()
{
    QFETCH(QByteArray, payload);
    const Result<QByteArray> text = Jws::sign(key(u"ES256"_s), payload, u"licence"_s);
    QVERIFY(text);
    JwsPolicy policy;
    policy.types = {u"application/Licence"_s};
    policy.typeRequired = true;
    const Result<Jws> read = Jws::verify(*text, setOf({key(u"ES256"_s).publicKey()}), policy);
    QVERIFY2(read, qPrintable(read ? QString() : read.error().toString()));
    QCOMPARE(read->payload(), payload);
    QCOMPARE(read->type(), u"licence"_s);
    QCOMPARE(read->algorithm(), u"ES256"_s);
    QCOMPARE(read->keyId(), key(u"ES256"_s).keyId());
    QCOMPARE(read->header().size(), 3);
}

void TestJws::everyAlgorithm_data()
{
    QTest::addColumn<QString>("algorithm");
    for (const QString &name :
         {u"ES256"_s, u"ES384"_s, u"ES512"_s, u"RS256"_s, u"RS384"_s, u"RS512"_s, u"PS256"_s, u"PS384"_s, u"PS512"_s, u"EdDSA"_s})
        QTest::newRow(qPrintable(name)) << name;
}

void TestJws::everyAlgorithm()
{
    QFETCH(QString, algorithm);
    const QByteArray text = Jws::sign(key(algorithm), "payload").value();
    const JwkSet keys = setOf({key(algorithm).publicKey()});
    JwsPolicy policy;
    const bool usual = policy.algorithms.contains(algorithm);
    QCOMPARE(Jws::verify(text, keys, policy).isOk(), usual);
    if (!usual)
        QCOMPARE(Jws::verify(text, keys, policy).error().code(), ErrorCode::UnsupportedAlgorithm);
    policy.algorithms = QStringList{algorithm};
    QVERIFY(Jws::verify(text, keys, policy));
}

void TestJws::refusals_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<ErrorCode>("code");
    const QByteArray kid = R"("kid":")" + key(u"ES256"_s).keyId().toLatin1() + '"';
    const auto row = [](const char *name, const QByteArray &text, ErrorCode code) { QTest::newRow(name) << text << code; };
    const auto made = [](const QByteArray &header) { return forge(header, "payload", key(u"ES256"_s)); };
    const QByteArray good = made(R"({"alg":"ES256",)" + kid + '}');
    const auto malformed = ErrorCode::MalformedToken;
    row("nothing", {}, malformed);
    row("two parts", good.first(good.lastIndexOf('.')), malformed);
    row("four parts", good + ".a", malformed);
    row("detached", good.first(good.indexOf('.')) + ".." + good.sliced(good.lastIndexOf('.') + 1), ErrorCode::BadSignature);
    row("padding", good + '=', malformed);
    row("blank", ' ' + good, malformed);
    row("header is no object", made("[]"), malformed);
    row("header twice", made(R"({"alg":"ES256","alg":"ES256"})"), malformed);
    row("unencoded payload", made(R"({"alg":"ES256","b64":false,"crit":["b64"]})"), malformed);
    row("extension", made(R"({"alg":"ES256","crit":["exp"]})"), malformed);
    row("no alg", made("{" + kid + '}'), malformed);
    row("none", made(R"({"alg":"none"})"), ErrorCode::UnsupportedAlgorithm);
    row("HMAC", made(R"({"alg":"HS256"})"), ErrorCode::UnsupportedAlgorithm);
    row("not on the list", made(R"({"alg":"ES384",)" + kid + '}'), ErrorCode::UnsupportedAlgorithm);
    row("key of another", made(R"({"alg":"ES256","kid":"other"})"), ErrorCode::UnknownKey);
    row("key for another algorithm", made(R"({"alg":"RS256",)" + kid + '}'), ErrorCode::UnusableKey);
    row("own key", made(R"({"alg":"ES256","kid":"other","jwk":{}})"), ErrorCode::UnknownKey);
    row("signed by another", forge(R"({"alg":"ES256",)" + kid + '}', "payload", SigningKey::generate(u"ES256"_s).value()),
        ErrorCode::BadSignature);
}

void TestJws::refusals()
{
    QFETCH(QByteArray, text);
    const Result<Jws> read = Jws::verify(text, setOf({key(u"ES256"_s).publicKey()}));
    QVERIFY(!read);
    QTEST(read.error().code(), "code");
    QVERIFY(!read.error().detail().contains(u"payload\""_s));
}

void TestJws::anyChangedByte()
{
    const QByteArray good = Jws::sign(key(u"EdDSA"_s), "pay 1 euro").value();
    const JwkSet keys = setOf({key(u"EdDSA"_s).publicKey()});
    QVERIFY(Jws::verify(good, keys));
    for (qsizetype i = 0; i < good.size(); ++i) {
        QByteArray changed = good;
        changed[i] = changed.at(i) == 'A' ? 'B' : 'A';
        QVERIFY2(!Jws::verify(changed, keys), changed.constData());
        QVERIFY(!Jws::verify(good.first(i), keys));
    }
}

void TestJws::types_data()
{
    QTest::addColumn<QString>("type");
    QTest::addColumn<QStringList>("accepted");
    QTest::addColumn<bool>("required");
    QTest::addColumn<bool>("good");
    QTest::newRow("not asked") << u"x"_s << QStringList() << false << true;
    QTest::newRow("right") << u"a+b"_s << QStringList{u"a+b"_s} << true << true;
    QTest::newRow("case, and the long form") << u"APPLICATION/A+b"_s << QStringList{u"a+B"_s} << true << true;
    QTest::newRow("other") << u"c"_s << QStringList{u"a"_s, u"b"_s} << false << false;
    QTest::newRow("none") << QString() << QStringList{u"a"_s} << false << true;
    QTest::newRow("none, required") << QString() << QStringList{u"a"_s} << true << false;
}

void TestJws::types()
{
    QFETCH(QString, type);
    QFETCH(QStringList, accepted);
    QFETCH(bool, required);
    QFETCH(bool, good);
    JwsPolicy policy;
    policy.types = accepted;
    policy.typeRequired = required;
    const auto read = Jws::verify(*Jws::sign(key(u"ES256"_s), "x", type), setOf({key(u"ES256"_s).publicKey()}), policy);
    QCOMPARE(read.isOk(), good);
    if (!good)
        QCOMPARE(read.error().code(), ErrorCode::WrongTokenType);
}

void TestJws::limits()
{
    QCOMPARE(Jws::sign(SigningKey(), "x").error().code(), ErrorCode::UnusableKey);
    const qsizetype most = Jws::kLargestSize / 4 * 3 - 300;
    const QByteArray text = Jws::sign(key(u"ES256"_s), QByteArray(most, 'x')).value();
    QVERIFY(Jws::verify(text, setOf({key(u"ES256"_s).publicKey()})));
    QCOMPARE(Jws::sign(key(u"ES256"_s), QByteArray(Jws::kLargestSize, 'x')).error().code(), ErrorCode::InvalidArgument);
    QCOMPARE(Jws::sign(key(u"ES256"_s), QByteArray(Jws::kLargestSize / 4 * 3, 'x')).error().code(), ErrorCode::InvalidArgument);
    QCOMPARE(Jws::verify(QByteArray(Jws::kLargestSize + 1, 'a'), JwkSet()).error().code(), ErrorCode::MalformedToken);
    QCOMPARE(Jws::verify(text, JwkSet()).error().code(), ErrorCode::UnknownKey);
}

// RFC 7515 appendix A.2 and A.3 sign the same bytes, which are no canonical JSON.
void TestJws::exampleOfTheStandard()
{
    for (const auto &[text, jwkText] : {std::pair(kTokenA2, kRsaA2), std::pair(kTokenA3, kEcA3)}) {
        const Result<Jws> read = Jws::verify(text, setOf({jwk(jwkText)}));
        QVERIFY2(read, qPrintable(read ? QString() : read.error().toString()));
        QCOMPARE(read->payload(), fromBase64Url(kJoe).value());
    }
}

void TestJws::sameAsASignedToken()
{
    const QJsonObject claims{{u"iss"_s, u"https://a.test"_s}, {u"exp"_s, 1'000'000'000}};
    const QByteArray token = signJwt(key(u"RS256"_s), u"at+jwt"_s, claims).value();
    const auto read = Jws::verify(token, setOf({key(u"RS256"_s).publicKey()}));
    QVERIFY(read);
    QCOMPARE(QJsonDocument::fromJson(read->payload()).object(), claims);
    QVERIFY(Jwt::parse(*Jws::sign(key(u"RS256"_s), read->payload(), u"at+jwt"_s)));
}

WATCHWORD_TEST_MAIN(TestJws)
#include "tst_jws.moc"
