// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/core/tokenset.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/dpop.h"
#include "watchword/jose/jwt.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// RFC 9449 figures 2 and 12, and section 6.1.
const QByteArray kTokenRequestProof =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRj"
    "QyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGki"
    "OiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjY"
    "yNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
const QByteArray kResourceProof =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRj"
    "QyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGki"
    "OiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSI"
    "sImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-"
    "Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
constexpr auto kThumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"_L1;
const WallTime kThen = wallTimeFromSeconds(1562262616);

Secret exampleToken()
{
    return Secret::copy("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
}

DpopProof::Request tokenRequest()
{
    return {"POST", QUrl(u"https://server.example.com/token"_s), {}, {}};
}

} // namespace

class TestDpop : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void examplesOfTheStandard();
    void proofIsWhatTheStandardAsks();
    void eachProofIsNew();
    void targets_data();
    void targets();
    void refusals_data();
    void refusals();
    void keyIdsChangeNothing_data();
    void keyIdsChangeNothing();
    void refusesForeignForms();
    void noKey();
    void headersOfATokenWithoutItsKey();
};

void TestDpop::examplesOfTheStandard()
{
    const auto first = DpopProof::verify(kTokenRequestProof, {tokenRequest(), {}, 300s, 60s}, kThen + 5s);
    QVERIFY2(first, qPrintable(first ? QString() : first.error().toString()));
    QCOMPARE(first->id(), u"-BwC3ESc6acc2lTc"_s);
    QCOMPARE(first->thumbprint(), kThumbprint);
    const DpopProof::Request resource{"GET", QUrl(u"https://resource.example.org/protectedresource"_s), exampleToken(), {}};
    const auto second = DpopProof::verify(kResourceProof, {resource, kThumbprint, 300s, 60s}, kThen + 5s);
    QVERIFY2(second, qPrintable(second ? QString() : second.error().toString()));
    QCOMPARE(second->issuedAt(), kThen + 2s);
}

void TestDpop::proofIsWhatTheStandardAsks()
{
    const SigningKey key = *SigningKey::generate(u"ES256"_s);
    const DpopProof::Request request{"GET", QUrl(u"wss://api.test:443/v1/stream?secret=1#x"_s), exampleToken(), u"n1"_s};
    const auto proof = DpopProof::create(key, request, kThen);
    QVERIFY(proof);
    const auto read = Jwt::parse(*proof);
    QVERIFY(read);
    QCOMPARE(read->header().keys(), QStringList({u"alg"_s, u"jwk"_s, u"typ"_s}));
    QCOMPARE(read->header().value("jwk"_L1).toObject().keys(), QStringList({u"crv"_s, u"kty"_s, u"x"_s, u"y"_s}));
    QCOMPARE(read->claims().keys(), QStringList({u"ath"_s, u"htm"_s, u"htu"_s, u"iat"_s, u"jti"_s, u"nonce"_s}));
    QCOMPARE(read->claim(u"htu").toString(), u"https://api.test/v1/stream"_s);
    QCOMPARE(read->claim(u"ath").toString(), u"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"_s);
    QVERIFY(DpopProof::verify(*proof, {request, key.publicKey().thumbprint(), 300s, 60s}, kThen));
}

void TestDpop::eachProofIsNew()
{
    const SigningKey key = *SigningKey::generate(u"ES256"_s);
    QSet<QString> ids;
    for (int i = 0; i < 100; ++i) {
        const auto proof = DpopProof::create(key, tokenRequest(), kThen);
        ids += DpopProof::verify(*proof, {tokenRequest(), {}, 300s, 60s}, kThen)->id();
    }
    QCOMPARE(ids.size(), 100);
}

void TestDpop::targets_data()
{
    QTest::addColumn<QString>("url");
    QTest::addColumn<QString>("target");
    QTest::newRow("query") << u"https://a.test/x?y=1"_s << u"https://a.test/x"_s;
    QTest::newRow("usual port") << u"https://a.test:443/x"_s << u"https://a.test/x"_s;
    QTest::newRow("other port") << u"https://a.test:8443/x"_s << u"https://a.test:8443/x"_s;
    QTest::newRow("no path") << u"https://a.test"_s << u"https://a.test/"_s;
    QTest::newRow("case of the host") << u"HTTPS://A.Test/X"_s << u"https://a.test/X"_s;
    QTest::newRow("upgrade") << u"wss://a.test/s"_s << u"https://a.test/s"_s;
    QTest::newRow("plain upgrade") << u"ws://127.0.0.1:80/s"_s << u"http://127.0.0.1/s"_s;
    QTest::newRow("empty segment") << u"https://a.test//api/token"_s << u"https://a.test//api/token"_s;
    QTest::newRow("empty segments inside") << u"https://a.test/a///b//"_s << u"https://a.test/a///b//"_s;
    QTest::newRow("dot segments") << u"https://a.test/a/./b/../c/."_s << u"https://a.test/a/c/"_s;
    QTest::newRow("dots above the root") << u"https://a.test/../../x"_s << u"https://a.test/x"_s;
    QTest::newRow("dots after an empty segment") << u"https://a.test/a//../b"_s << u"https://a.test/a/b"_s;
    QTest::newRow("dots at the end") << u"https://a.test/a/b/.."_s << u"https://a.test/a/"_s;
    QTest::newRow("encoded dots") << u"https://a.test/a/%2E%2e/b"_s << u"https://a.test/b"_s;
    QTest::newRow("unreserved, encoded") << u"https://a.test/%7euser/%61"_s << u"https://a.test/~user/a"_s;
    QTest::newRow("slash, encoded") << u"https://a.test/a%2fb%2F%c3%a9"_s << u"https://a.test/a%2Fb%2F%C3%A9"_s;
    QTest::newRow("no escape") << u"https://a.test/a%25zz"_s << u"https://a.test/a%25zz"_s;
    QTest::newRow("address") << u"https://[::1]:8443//x"_s << u"https://[::1]:8443//x"_s;
    QTest::newRow("user name") << u"https://a:b@a.test/x"_s << u"https://a.test/x"_s;
    QTest::newRow("no URL") << u"nothing"_s << QString();
    QTest::newRow("encoded") << u"https://a.test/a%20b"_s << u"https://a.test/a%20b"_s;
}

void TestDpop::targets()
{
    QFETCH(QString, url);
    QFETCH(QString, target);
    QCOMPARE(DpopProof::targetOf(QUrl(url)), target);
}

void TestDpop::refusals_data()
{
    QTest::addColumn<QByteArray>("method");
    QTest::addColumn<QString>("url");
    QTest::addColumn<bool>("otherToken");
    QTest::addColumn<QString>("nonce");
    QTest::addColumn<bool>("otherKey");
    QTest::addColumn<int>("secondsLater");
    QTest::addColumn<ErrorCode>("code");
    const QString url = u"https://server.example.com/token"_s;
    const QString n = u"n1"_s;
    QTest::newRow("method") << QByteArray("GET") << url << false << n << false << 0 << ErrorCode::InvalidRequest;
    QTest::newRow("url") << QByteArray("POST") << url + u'x' << false << n << false << 0 << ErrorCode::InvalidRequest;
    QTest::newRow("old") << QByteArray("POST") << url << false << n << false << 301 << ErrorCode::TokenExpired;
    QTest::newRow("future") << QByteArray("POST") << url << false << n << false << -62 << ErrorCode::TokenNotYetValid;
    QTest::newRow("nonce") << QByteArray("POST") << url << false << u"n2"_s << false << 0 << ErrorCode::WrongNonce;
    QTest::newRow("token") << QByteArray("POST") << url << true << n << false << 0 << ErrorCode::WrongAudience;
    QTest::newRow("key") << QByteArray("POST") << url << false << n << true << 0 << ErrorCode::UnknownKey;
}

void TestDpop::refusals()
{
    QFETCH(QByteArray, method);
    QFETCH(QString, url);
    QFETCH(bool, otherToken);
    QFETCH(QString, nonce);
    QFETCH(bool, otherKey);
    QFETCH(int, secondsLater);
    QFETCH(ErrorCode, code);
    const SigningKey key = *SigningKey::generate(u"ES256"_s);
    DpopProof::Request made = tokenRequest();
    made.accessToken = exampleToken();
    made.nonce = u"n1"_s;
    const auto proof = DpopProof::create(key, made, kThen);
    DpopProof::Expectation expected{made, key.publicKey().thumbprint(), 300s, 60s};
    QVERIFY(DpopProof::verify(*proof, expected, kThen));
    expected.request.method = method;
    expected.request.url = QUrl(url);
    if (otherToken)
        expected.request.accessToken = Secret::copy("another");
    expected.request.nonce = nonce;
    if (otherKey)
        expected.thumbprint = kThumbprint;
    const auto result = DpopProof::verify(*proof, expected, kThen + std::chrono::seconds(secondsLater));
    QVERIFY(!result);
    QCOMPARE(result.error().code(), code);
}

void TestDpop::keyIdsChangeNothing_data()
{
    QTest::addColumn<QString>("ofHeader");
    QTest::addColumn<QString>("ofKey");
    QTest::newRow("header") << u"a"_s << QString();
    QTest::newRow("key") << QString() << u"a"_s;
    QTest::newRow("both") << u"a"_s << u"a"_s;
    QTest::newRow("two different") << u"a"_s << u"b"_s;
}

// RFC 9449 section 4.2 has no "kid", and libraries set it all the same.
void TestDpop::keyIdsChangeNothing()
{
    QFETCH(QString, ofHeader);
    QFETCH(QString, ofKey);
    const SigningKey key = *SigningKey::generate(u"ES256"_s);
    const QList<QByteArray> parts = DpopProof::create(key, tokenRequest(), kThen)->split('.');
    QByteArray header = fromBase64Url(parts.first()).valueOr({});
    if (!ofKey.isEmpty())
        header.replace("\"crv\"", "\"kid\":\"" + ofKey.toLatin1() + "\",\"crv\"");
    if (!ofHeader.isEmpty())
        header.replace("\"alg\"", "\"kid\":\"" + ofHeader.toLatin1() + "\",\"alg\"");
    const QByteArray text = toBase64Url(header) + '.' + parts.at(1);
    const QByteArray proof = text + '.' + toBase64Url(key.sign(text).valueOr({}));
    const DpopProof::Expectation expected{tokenRequest(), key.publicKey().thumbprint(), 300s, 60s};
    const auto result = DpopProof::verify(proof, expected, kThen);
    QVERIFY2(result, qPrintable(result ? QString() : result.error().toString()));
}

void TestDpop::refusesForeignForms()
{
    const SigningKey key = *SigningKey::generate(u"ES256"_s);
    const DpopProof::Expectation expected{tokenRequest(), {}, 300s, 60s};
    const auto refused = [&](const QByteArray &proof) {
        const auto result = DpopProof::verify(proof, expected, kThen);
        return result ? ErrorCode::Internal : result.error().code();
    };
    QCOMPARE(refused({}), ErrorCode::MalformedToken);
    QCOMPARE(refused(QByteArray(DpopProof::kLargestSize + 1, 'a')), ErrorCode::MalformedToken);
    QCOMPARE(refused(*signJwt(key, u"JWT"_s, {{u"jti"_s, u"a"_s}})), ErrorCode::WrongTokenType);
    // The key has to be inside; a key that is only named proves nothing.
    QCOMPARE(refused(*signJwt(key, u"dpop+jwt"_s, {{u"jti"_s, u"a"_s}})), ErrorCode::UnusableKey);
    QByteArray changed = *DpopProof::create(key, tokenRequest(), kThen);
    changed[changed.size() - 5] = changed.at(changed.size() - 5) == 'A' ? 'B' : 'A';
    QCOMPARE(refused(changed), ErrorCode::BadSignature);
    QList<QByteArray> parts = DpopProof::create(key, tokenRequest(), kThen)->split('.');
    QByteArray header = fromBase64Url(parts.first()).valueOr({});
    header.replace("\"crv\"", "\"d\":\"AAAA\",\"crv\""); // with its private half
    QCOMPARE(refused(toBase64Url(header) + '.' + parts.at(1) + '.' + parts.at(2)), ErrorCode::UnusableKey);
    header = "{\"typ\":\"dpop+jwt\",\"alg\":\"none\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}";
    QVERIFY(refused(toBase64Url(header) + '.' + parts.at(1) + '.') != ErrorCode::Internal);
}

void TestDpop::noKey()
{
    QCOMPARE(DpopProof::create({}, tokenRequest(), kThen).error().code(), ErrorCode::UnusableKey);
}

void TestDpop::headersOfATokenWithoutItsKey()
{
    AccessToken token;
    token.value = exampleToken();
    const auto bearer = token.headersFor("GET", QUrl(u"https://a.test/"_s));
    QVERIFY(bearer);
    QVERIFY(bearer->authorization.reveal().startsWith("Bearer Kz~"));
    QVERIFY(bearer->proof.isEmpty());
    token.type = u"dpop"_s; // it must never go out as a bearer token
    QCOMPARE(token.headersFor("GET", QUrl(u"https://a.test/"_s)).error().code(), ErrorCode::WrongState);
}

WATCHWORD_TEST_MAIN(TestDpop)
#include "tst_dpop.moc"
