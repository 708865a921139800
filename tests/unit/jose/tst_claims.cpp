// SPDX-License-Identifier: Apache-2.0
#include "josetest.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace JoseTest;

/*! Claims that are found where they stand must read like those that QJsonDocument reads. */
class TestClaims : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void accepted_data();
    void accepted();
    void refused_data();
    void refused();
    void refusedValues_data();
    void refusedValues();
    void manyMembers();
    void largeClaims();
    void namesThatAreNoText();
    void emptyToken();
    void outlivesItsToken();
    void mutations();
};

namespace {

Result<Jwt> parsed(const QByteArray &claims)
{
    return Jwt::parse(toBase64Url(R"({"alg":"ES256"})") + '.' + toBase64Url(claims) + ".AAAA");
}

bool isSame(const Jwt &a, const Jwt &b)
{
    const QJsonObject claims = a.claims();
    if (claims != b.claims())
        return false;
    for (const QString &name : claims.keys()) {
        if (a.claim(name) != claims.value(name) || b.claim(name) != claims.value(name)
            || a.claim(name).type() != b.claim(name).type())
            return false;
    }
    return a.claim(u"no such claim").isUndefined() && b.claim(u"no such claim").isUndefined() && a.issuer() == b.issuer()
        && a.subject() == b.subject() && a.id() == b.id() && a.sessionId() == b.sessionId() && a.audiences() == b.audiences()
        && a.scopes() == b.scopes() && a.expiresAt() == b.expiresAt() && a.issuedAt() == b.issuedAt()
        && a.notBefore() == b.notBefore() && a.authTime() == b.authTime();
}

//! A space in front changes nothing in JSON, but makes QJsonDocument read all of it.
bool readsAlike(const QByteArray &claims)
{
    const Result<Jwt> plain = parsed(claims);
    const Result<Jwt> spaced = parsed(' ' + claims);
    if (!plain || !spaced)
        return !plain && !spaced && plain.error().code() == spaced.error().code()
            && plain.error().toString() == spaced.error().toString();
    return isSame(*plain, *spaced) && plain->claims() == QJsonDocument::fromJson(claims).object();
}

const QByteArray kUsual =
    R"({"iss":"https://login.example.com","aud":["a","orders"],"exp":1800000600,"iat":1800000000,"sub":"u1",)"
    R"("scope":"read write","jti":"8a1c","email_verified":true,"acr":null,"nbf":-5,"x":[],"cnf":{"jkt":"k"},"auth_time":0})";

} // namespace

void TestClaims::accepted_data()
{
    QTest::addColumn<QByteArray>("claims");
    const auto row = [](const char *name, const QByteArray &claims) { QTest::newRow(name) << claims; };
    row("usual", kUsual);
    row("empty", "{}");
    row("empty name and text", R"({"":""})");
    row("white space", "{ \"sub\" :\t\"u1\"\r\n}\n");
    row("escaped name", R"({"\u0061ud":"orders"})");
    row("escaped text", R"({"sub":"a\"b\\c\/d\u0000\n"})");
    row("punctuation in texts", R"({"sub":"{[:,]}","aud":["],[","}{"]})");
    row("delete character", "{\"sub\":\"\x7f\"}");
    row("UTF-8", "{\"sub\":\"J\xc3\xbcrgen \xf0\x9f\x98\x80\",\"\xc3\xbc\":1}");
    row("surrogates", R"({"sub":"\ud83d\ude00"})");
    row("lone high surrogate", R"({"x":"\ud83d"})");
    row("lone low surrogate", R"({"x":"\ude00","y":"\ude00\ud83d"})");
    row("zero", R"({"exp":0})");
    row("minus zero", R"({"exp":-0})");
    row("minus zero with fraction", R"({"exp":-0.0})");
    row("fraction", R"({"exp":1800000000.75})");
    row("exponent", R"({"exp":18e8,"iat":1E+3,"nbf":5e-1})");
    row("15 digits", R"({"exp":999999999999999,"iat":-999999999999999})");
    row("16 digits", R"({"exp":9007199254740993,"iat":-9007199254740993})");
    row("19 digits", R"({"x":9223372036854775807,"y":-9223372036854775808,"z":9223372036854775808})");
    row("40 digits", R"({"exp":1234567890123456789012345678901234567890})");
    row("largest double", R"({"exp":1.7976931348623157e308,"nbf":-1.7976931348623157e308})");
    row("smallest double", R"({"exp":4.9e-324})");
    row("objects", R"({"cnf":{"jkt":"k"},"realm":{"roles":["a"],"deep":[[{"x":{}}]]}})");
    row("object of one text", R"({"cnf":{"jkt":"k"},"act":{"":""},"aud":"a"})");
    row("empty object", R"({"cnf":{}})");
    row("object of two texts", R"({"cnf":{"jkt":"k","jku":"u"}})");
    row("object of an escaped text", R"({"cnf":{"jk\u0074":"\u006b"}})");
    row("same name at another depth", R"({"aud":"a","x":{"aud":"b"}})");
    row("names in other cases", R"({"aud":"a","AUD":"b","Aud":"c"})");
    row("mixed list", R"({"groups":["a",1,null,true,[],{}]})");
    row("numbers in a list", R"({"groups":[1,2]})");
    row("list with white space", R"({"aud":["a", "b"]})");
    row("nested lists", R"({"x":)" + QByteArray(500, '[') + QByteArray(500, ']') + '}');
}

void TestClaims::accepted()
{
    QFETCH(QByteArray, claims);
    QCOMPARE(codeOf(parsed(claims)), u"accepted"_s);
    QVERIFY(readsAlike(claims));
}

void TestClaims::refused_data()
{
    QTest::addColumn<QByteArray>("claims");
    const auto row = [](const char *name, const QByteArray &claims) { QTest::newRow(name) << claims; };
    row("nothing", "");
    row("open object", "{");
    row("closed object", "}");
    row("open name", R"({"a)");
    row("no colon", R"({"a"})");
    row("no value", R"({"a":})");
    row("open text", R"({"a":"b)");
    row("open list", R"({"a":["b")");
    row("open member", R"({"a":"b")");
    row("comma before", R"({,"a":1})");
    row("comma after", R"({"a":1,})");
    row("two commas", R"({"a":1,,"b":1})");
    row("no comma", R"({"a":1"b":1})");
    row("comma in a list", R"({"a":["b",]})");
    row("brackets that do not fit", R"({"a":["b"}])");
    row("name without quotes", "{a:1}");
    row("single quotes", "{'a':1}");
    row("comment", R"({"a":1/**/})");
    row("twice", R"({"aud":"a","aud":"a"})");
    row("twice, escaped", R"({"aud":"a","\u0061ud":"b"})");
    row("twice, escaped first", R"({"\u0061ud":"a","aud":"b"})");
    row("twice, empty name", R"({"":1,"":2})");
    row("twice, with others between", R"({"aud":"a","iss":"i","sub":"s","aud":"b"})");
    row("twice, in an object", R"({"cnf":{"jkt":"k","jkt":"k"}})");
    row("open object in an object", R"({"cnf":{"jkt":"k")");
    row("comma in an object", R"({"cnf":{"jkt":"k",}})");
    row("iss object", R"({"iss":{"iss":"i"}})");
    row("aud object", R"({"aud":{"aud":"a"}})");
    row("twice, in a list", R"({"x":[{"a":1,"a":2}]})");
    row("byte order mark", "\xef\xbb\xbf{}");
    row("tail", "{}x");
    row("second object", "{}{}");
    row("NUL behind", QByteArray("{}\0", 3));
    row("NUL in front", QByteArray("\0{}", 3));
    row("overlong UTF-8", "{\"a\":\"\xc0\xaf\"}");
    row("surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}");
    row("beyond Unicode", "{\"a\":\"\xf4\x90\x80\x80\"}");
    row("cut off UTF-8", "{\"a\":\"\xe2\x82\"}");
    row("bad UTF-8 in a name", "{\"\xff\":1}");
}

void TestClaims::refused()
{
    QFETCH(QByteArray, claims);
    QCOMPARE(codeOf(parsed(claims)), u"MalformedToken"_s);
    QVERIFY(readsAlike(claims));
}

void TestClaims::refusedValues_data()
{
    QTest::addColumn<QByteArray>("claims");
    const auto row = [](const char *name, const QByteArray &claims) { QTest::newRow(name) << claims; };
    row("leading zero", R"({"exp":01800000600})");
    row("two zeros", R"({"exp":00})");
    row("minus and leading zero", R"({"exp":-01})");
    row("minus alone", R"({"exp":-})");
    row("two minus signs", R"({"exp":--1})");
    row("plus", R"({"exp":+1})");
    row("hexadecimal", R"({"exp":0x10})");
    row("too large", R"({"exp":1e400})");
    row("too small", R"({"exp":-1e400})");
    row("infinity", R"({"exp":Infinity})");
    row("half a word", R"({"a":tru})");
    row("word in capitals", R"({"a":True})");
    row("words without comma", R"({"a":truefalse})");
    row("exp text", R"({"exp":"1"})");
    row("exp true", R"({"exp":true})");
    row("exp null", R"({"exp":null})");
    row("exp list", R"({"exp":["1"]})");
    row("iss list", R"({"iss":["i"]})");
    row("sub null", R"({"sub":null})");
    row("jti number", R"({"jti":1})");
    row("aud false", R"({"aud":false})");
    row("aud number in a list", R"({"aud":["a",1]})");
    row("scope object", R"({"scope":{}})");
    row("nested too deep", R"({"x":)" + QByteArray(3000, '[') + QByteArray(3000, ']') + '}');
}

void TestClaims::refusedValues()
{
    refused();
}

void TestClaims::manyMembers()
{
    for (const int count : {31, 32, 33, 300}) {
        QByteArray claims = "{";
        for (int i = 0; i < count; ++i)
            claims += "\"claim" + QByteArray::number(i) + "\":" + QByteArray::number(i) + ',';
        QVERIFY(readsAlike(claims.chopped(1) + '}'));
        QCOMPARE(parsed(claims.chopped(1) + '}')->claims().size(), count);
        QCOMPARE(codeOf(parsed(claims + "\"claim0\":1}")), u"MalformedToken"_s);
        QCOMPARE(codeOf(parsed(claims + "\"claim" + QByteArray::number(count - 1) + "\":1}")), u"MalformedToken"_s);
    }
}

void TestClaims::largeClaims()
{
    for (const int size : {480, 511, 512, 513, 4096, 12'000}) {
        const QByteArray claims = R"({"sub":"u1","x":")" + QByteArray(size, 'x') + R"(","jti":"j"})";
        QVERIFY(readsAlike(claims));
        QCOMPARE(parsed(claims)->claim(u"x").toString().size(), size);
        QCOMPARE(parsed(claims)->id(), u"j"_s);
    }
}

void TestClaims::namesThatAreNoText()
{
    const Jwt jwt = parsed(R"({"?":1,"a":2})").value();
    QVERIFY(jwt.claim(QString(QChar(0xd800))).isUndefined());
    QVERIFY(jwt.claim(QString(QChar(0x161))).isUndefined()); // its low byte is 'a'
    QVERIFY(jwt.claim({}).isUndefined());
    QCOMPARE(jwt.claim(u"a").toInt(), 2);
}

void TestClaims::emptyToken()
{
    const Jwt jwt;
    QVERIFY(jwt.claims().isEmpty() && jwt.claim(u"sub").isUndefined());
    QVERIFY(jwt.subject().isEmpty() && jwt.audiences().isEmpty() && !jwt.expiresAt());
}

void TestClaims::outlivesItsToken()
{
    Jwt copy;
    {
        QByteArray token = toBase64Url(R"({"alg":"ES256"})") + '.' + toBase64Url(kUsual) + ".AAAA";
        copy = Jwt::parse(token).value();
        token.fill('x');
    }
    QCOMPARE(copy.claims(), json(kUsual));
    QCOMPARE(copy.audiences(), (QStringList{u"a"_s, u"orders"_s}));
    QCOMPARE(copy.scopes(), (QStringList{u"read"_s, u"write"_s}));
}

void TestClaims::mutations()
{
    static constexpr char kBytes[] = "\0\t\n !\"'+,-./0159:AEZ[\\]_aenrtu{|}~\x7f\x80\xc3\xef\xff";
    const QByteArray bytes(kBytes, sizeof kBytes - 1);
    for (qsizetype i = 0; i <= kUsual.size(); ++i) {
        QVERIFY2(readsAlike(kUsual.first(i)), qPrintable(u"cut off at %1"_s.arg(i)));
        if (i < kUsual.size())
            QVERIFY2(readsAlike(kUsual.first(i) + kUsual.sliced(i + 1)), qPrintable(u"without byte %1"_s.arg(i)));
        for (const char byte : bytes) {
            QVERIFY2(readsAlike(kUsual.first(i) + byte + kUsual.sliced(i)), qPrintable(u"before byte %1"_s.arg(i)));
            QVERIFY2(readsAlike(kUsual.first(i) + byte + kUsual.sliced(qMin(i + 1, kUsual.size()))),
                     qPrintable(u"in place of byte %1"_s.arg(i)));
        }
    }
}

WATCHWORD_TEST_MAIN(TestClaims)
#include "tst_claims.moc"
