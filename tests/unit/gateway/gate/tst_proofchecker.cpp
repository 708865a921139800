// SPDX-License-Identifier: Apache-2.0
#include "gate/proofchecker.h"
#include "http/requesthead.h"
#include "support/testmain.h"
#include "watchword/jose/base64url.h"
#include "watchword/jose/dpop.h"
#include "watchword/jose/jwt.h"
#include "watchword/testing/manualclock.h"

#include <QJsonArray>
#include <QJsonDocument>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// RFC 9449 figure 12 and section 6.1: the token, its proof and the key that both name.
const QByteArray kExampleToken = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const QByteArray kExampleProof =
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRj"
    "QyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGki"
    "OiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSI"
    "sImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-"
    "Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
constexpr auto kExampleKey = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"_L1;
const WallTime kThen = wallTimeFromSeconds(1562262618);
const QUrl kUrl(u"https://gw.test/v1/stream"_s);

Secret token()
{
    return Secret::copy(kExampleToken);
}

Identity boundTo(const QString &thumbprint)
{
    Identity identity;
    identity.issuer = u"https://login.example.com"_s;
    identity.subject = u"ada"_s;
    identity.keyThumbprint = thumbprint;
    return identity;
}

QByteArray encoded(const QJsonObject &object)
{
    return toBase64Url(QJsonDocument(object).toJson(QJsonDocument::Compact));
}

// Everything that a proof says, so that each row of the table changes one thing.
struct Parts
{
    QJsonObject header;
    QJsonObject claims;
    SigningKey signer;
    QByteArray text() const
    {
        const QByteArray signedText = encoded(header) + '.' + encoded(claims);
        return signedText + '.' + toBase64Url(*signer.sign(signedText));
    }
};

const SigningKey &key()
{
    static const SigningKey one = *SigningKey::generate(u"ES256"_s);
    return one;
}

Parts goodParts()
{
    const QByteArray proof = *DpopProof::create(key(), {"GET", kUrl, token(), {}}, kThen);
    const Result<Jwt> read = Jwt::parse(proof);
    return {read->header(), read->claims(), key()};
}

void change(QJsonObject &object, const QString &name, const QJsonValue &value)
{
    if (value.isUndefined())
        object.remove(name);
    else
        object.insert(name, value);
}

QByteArray claim(const QString &name, const QJsonValue &value)
{
    Parts parts = goodParts();
    change(parts.claims, name, value);
    return parts.text();
}

QByteArray header(const QString &name, const QJsonValue &value)
{
    Parts parts = goodParts();
    change(parts.header, name, value);
    return parts.text();
}

} // namespace

class TestProofChecker : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void exampleOfTheStandard();
    void proofs_data();
    void proofs();
    void presentations_data();
    void presentations();
    void issuersMayRequireIt();
    void aProofCountsOnce();
    void theKeyOfAConnectionStays();
    void noncesOfTwoPeriods();
    void aWantedNonceIsNamedLast();
    void fullCacheAcceptsNothing();
    void urls_data();
    void urls();
};

void TestProofChecker::exampleOfTheStandard()
{
    ManualClock clock(kThen);
    ProofChecker checker(clock);
    const Presentation presentation{true, kExampleProof, QUrl(u"https://resource.example.org/protectedresource"_s), false, {}};
    const auto first = checker.check(boundTo(kExampleKey), token(), presentation);
    QVERIFY2(!first, first ? qPrintable(first->message) : "");
    QCOMPARE(checker.check(boundTo(kExampleKey), token(), presentation)->reasonCode, u"dpop_replayed"_s);
}

void TestProofChecker::proofs_data()
{
    QTest::addColumn<QByteArray>("proof");
    QTest::addColumn<QString>("reason");
    QTest::addColumn<QByteArray>("error");
    const QByteArray bad = "invalid_dpop_proof";
    const auto row = [](const char *name, const QByteArray &proof, const char *reason, const QByteArray &error) {
        QTest::newRow(name) << proof << QString::fromLatin1(reason) << error;
    };
    const qint64 now = toSecondsSinceEpoch(kThen);
    const SigningKey other = *SigningKey::generate(u"ES256"_s);
    QJsonObject withSecret = goodParts().header.value("jwk"_L1).toObject();
    withSecret.insert("d"_L1, u"AAAA"_s);
    row("good", goodParts().text(), "", {});
    row("empty", {}, "dpop_proof_missing", bad);
    row("not a JWT", "abc", "dpop_malformed", bad);
    row("too large", QByteArray(DpopProof::kLargestSize + 1, 'a'), "dpop_malformed", bad);
    row("type JWT", header(u"typ"_s, u"JWT"_s), "dpop_wrong_type", bad);
    row("no type", header(u"typ"_s, QJsonValue::Undefined), "dpop_wrong_type", bad);
    row("alg none", header(u"alg"_s, u"none"_s), "dpop_algorithm", bad);
    row("alg HS256", header(u"alg"_s, u"HS256"_s), "dpop_algorithm", bad);
    row("alg of another key type", header(u"alg"_s, u"RS256"_s), "dpop_unusable_key", bad);
    row("no jwk", header(u"jwk"_s, QJsonValue::Undefined), "dpop_unusable_key", bad);
    row("jwk with its secret", header(u"jwk"_s, withSecret), "dpop_unusable_key", bad);
    row("symmetric jwk", header(u"jwk"_s, QJsonObject{{u"kty"_s, u"oct"_s}, {u"k"_s, u"AAAA"_s}}), "dpop_unusable_key", bad);
    row("jwk of another key", header(u"jwk"_s, other.publicKey().toPublicJson()), "dpop_bad_signature", bad);
    row("crit", header(u"crit"_s, QJsonArray{u"x"_s}), "dpop_malformed", bad);
    row("signature changed", goodParts().text().chopped(4) + "AAAA", "dpop_bad_signature", bad);
    row("POST", claim(u"htm"_s, u"POST"_s), "dpop_wrong_request", bad);
    row("get in small letters", claim(u"htm"_s, u"get"_s), "dpop_wrong_request", bad);
    row("other path", claim(u"htu"_s, u"https://gw.test/v1/streams"_s), "dpop_wrong_request", bad);
    row("other host", claim(u"htu"_s, u"https://evil.test/v1/stream"_s), "dpop_wrong_request", bad);
    row("other port", claim(u"htu"_s, u"https://gw.test:8443/v1/stream"_s), "dpop_wrong_request", bad);
    row("http", claim(u"htu"_s, u"http://gw.test/v1/stream"_s), "dpop_wrong_request", bad);
    row("query is left out", claim(u"htu"_s, u"https://gw.test/v1/stream?a=b#c"_s), "", {});
    row("wss form and usual port", claim(u"htu"_s, u"wss://GW.test:443/v1/./stream"_s), "", {});
    row("no htm", claim(u"htm"_s, QJsonValue::Undefined), "dpop_claim_missing", bad);
    row("no htu", claim(u"htu"_s, QJsonValue::Undefined), "dpop_claim_missing", bad);
    row("no jti", claim(u"jti"_s, QJsonValue::Undefined), "dpop_claim_missing", bad);
    row("no iat", claim(u"iat"_s, QJsonValue::Undefined), "dpop_claim_missing", bad);
    row("iat a text", claim(u"iat"_s, u"now"_s), "dpop_malformed", bad);
    row("60 s old", claim(u"iat"_s, now - 60), "", {});
    row("61 s old", claim(u"iat"_s, now - 61), "dpop_too_old", bad);
    row("60 s early", claim(u"iat"_s, now + 60), "", {});
    row("61 s early", claim(u"iat"_s, now + 61), "dpop_in_future", bad);
    row("no ath", claim(u"ath"_s, QJsonValue::Undefined), "dpop_wrong_token", bad);
    row("ath of another token", claim(u"ath"_s, u"fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEp"_s), "dpop_wrong_token", bad);
    row("another key", *DpopProof::create(other, {"GET", kUrl, token(), {}}, kThen), "dpop_wrong_key", "invalid_token");
}

void TestProofChecker::proofs()
{
    QFETCH(QByteArray, proof);
    QFETCH(QString, reason);
    QFETCH(QByteArray, error);
    ManualClock clock(kThen);
    ProofChecker checker(clock);
    const auto found = checker.check(boundTo(key().publicKey().thumbprint()), token(), {true, proof, kUrl, false, {}});
    QCOMPARE(found ? found->reasonCode : QString(), reason);
    QCOMPARE(found ? found->wireError() : QByteArray(), error);
    if (found)
        QVERIFY(!found->toError().toString().contains(QLatin1StringView(kExampleToken)));
}

void TestProofChecker::presentations_data()
{
    QTest::addColumn<bool>("isBound");
    QTest::addColumn<bool>("isDpop");
    QTest::addColumn<bool>("mustBeBound");
    QTest::addColumn<QUrl>("url");
    QTest::addColumn<QString>("reason");
    QTest::newRow("bearer") << false << false << false << kUrl << QString();
    QTest::newRow("bearer where a key is required") << false << false << true << kUrl << u"dpop_required"_s;
    QTest::newRow("bound as bearer") << true << false << false << kUrl << u"dpop_token_as_bearer"_s;
    QTest::newRow("unbound with a proof") << false << true << false << kUrl << u"dpop_token_not_bound"_s;
    QTest::newRow("bound with a proof") << true << true << true << kUrl << QString();
    QTest::newRow("for somebody else") << true << true << false << QUrl() << u"dpop_foreign_host"_s;
}

void TestProofChecker::presentations()
{
    QFETCH(bool, isBound);
    QFETCH(bool, isDpop);
    QFETCH(bool, mustBeBound);
    QFETCH(QUrl, url);
    QFETCH(QString, reason);
    ManualClock clock(kThen);
    ProofChecker checker(clock);
    const Identity identity = boundTo(isBound ? key().publicKey().thumbprint() : QString());
    const auto found = checker.check(identity, token(), {isDpop, goodParts().text(), url, mustBeBound, {}});
    QCOMPARE(found ? found->reasonCode : QString(), reason);
}

void TestProofChecker::issuersMayRequireIt()
{
    ManualClock clock(kThen);
    ProofChecker checker(clock);
    GatewayConfig config;
    IssuerConfig strict;
    strict.url = QUrl(u"https://login.example.com"_s);
    strict.requireDpop = true;
    config.issuers = {strict};
    checker.setConfig(config);
    QCOMPARE(checker.check(boundTo({}), token(), {})->reasonCode, u"dpop_required"_s);
    Identity other = boundTo({});
    other.issuer = u"https://else.example.com"_s;
    QVERIFY(!checker.check(other, token(), {}));
}

void TestProofChecker::aProofCountsOnce()
{
    ManualClock clock(kThen);
    ProofChecker checker(clock);
    const Identity identity = boundTo(key().publicKey().thumbprint());
    Parts early = goodParts();
    early.claims.insert("iat"_L1, toSecondsSinceEpoch(kThen) + 60);
    const Presentation presentation{true, early.text(), kUrl, false, {}};
    // A proof that is refused for another reason is not used up by that.
    QCOMPARE(checker.check(identity, Secret::copy("another"), presentation)->reasonCode, u"dpop_wrong_token"_s);
    QVERIFY(!checker.check(identity, token(), presentation));
    for (int seconds = 0; seconds <= 120; seconds += 30) {
        QCOMPARE(checker.check(identity, token(), presentation)->reasonCode, u"dpop_replayed"_s);
        clock.advance(30s);
    }
    QCOMPARE(checker.check(identity, token(), presentation)->reasonCode, u"dpop_too_old"_s);
}

void TestProofChecker::theKeyOfAConnectionStays()
{
    ManualClock clock(kThen);
    ProofChecker checker(clock);
    const QString mine = key().publicKey().thumbprint();
    QVERIFY(!checker.check(boundTo(mine), token(), {true, goodParts().text(), kUrl, false, mine}));
    QCOMPARE(checker.check(boundTo({}), token(), {false, {}, kUrl, false, mine})->reasonCode, u"dpop_key_changed"_s);
    QCOMPARE(checker.check(boundTo(kExampleKey), token(), {true, kExampleProof, kUrl, false, mine})->reasonCode,
             u"dpop_key_changed"_s);
}

void TestProofChecker::noncesOfTwoPeriods()
{
    const DpopNonces nonces;
    const QByteArray first = nonces.current(kThen);
    QVERIFY(first.size() >= 20);
    QVERIFY(nonces.accepts(first, kThen));
    QVERIFY(nonces.accepts(first, kThen + DpopNonces::kPeriod));
    QVERIFY(!nonces.accepts(first, kThen + 2 * DpopNonces::kPeriod));
    QVERIFY(!nonces.accepts(first, kThen - DpopNonces::kPeriod)); // not from the future
    QVERIFY(nonces.current(kThen + DpopNonces::kPeriod) != first);
    QVERIFY(!nonces.accepts({}, kThen));
    QVERIFY(!DpopNonces().accepts(first, kThen)); // another key
    const Secret shared = Secret::random(32);
    QVERIFY(DpopNonces(shared).accepts(DpopNonces(shared).current(kThen), kThen));
}

void TestProofChecker::aWantedNonceIsNamedLast()
{
    ManualClock clock(kThen);
    ProofChecker checker(clock);
    QVERIFY(checker.nonce().isEmpty());
    GatewayConfig config;
    config.dpop.nonce = true;
    checker.setConfig(config);
    const QString nonce = QString::fromLatin1(checker.nonce());
    QVERIFY(!nonce.isEmpty());
    const Identity identity = boundTo(key().publicKey().thumbprint());
    const auto with = [&](const QString &used) {
        return Presentation{true, *DpopProof::create(key(), {"GET", kUrl, token(), used}, clock.wallNow()), kUrl, false, {}};
    };
    QCOMPARE(checker.check(identity, token(), with({}))->wireError(), QByteArray("use_dpop_nonce"));
    QCOMPARE(checker.check(identity, token(), with(u"made-up"_s))->wireError(), QByteArray("use_dpop_nonce"));
    QVERIFY(!checker.check(identity, token(), with(nonce)));
    clock.advance(DpopNonces::kPeriod);
    QVERIFY(!checker.check(identity, token(), with(nonce)));
    clock.advance(DpopNonces::kPeriod);
    QCOMPARE(checker.check(identity, token(), with(nonce))->wireError(), QByteArray("use_dpop_nonce"));
    // Who cannot sign for the key learns nothing about nonces.
    const SigningKey other = *SigningKey::generate(u"ES256"_s);
    Parts forged = goodParts();
    forged.signer = other;
    QCOMPARE(checker.check(identity, token(), {true, forged.text(), kUrl, false, {}})->reasonCode, u"dpop_bad_signature"_s);
}

void TestProofChecker::fullCacheAcceptsNothing()
{
    using Verdict = ReplayCache::Verdict;
    ReplayCache cache(10s, 5, 2);
    const Instant start{};
    QCOMPARE(cache.take(u"a"_s, u"1"_s, start), Verdict::Fresh);
    QCOMPARE(cache.take(u"a"_s, u"1"_s, start), Verdict::Used);
    QCOMPARE(cache.take(u"b"_s, u"1"_s, start), Verdict::Fresh); // ids of another key are other ids
    QCOMPARE(cache.take(u"a"_s, u"2"_s, start + 5s), Verdict::Fresh);
    QCOMPARE(cache.take(u"a"_s, u"3"_s, start + 5s), Verdict::Full); // one key does not crowd out the others
    QCOMPARE(cache.take(u"c"_s, u"1"_s, start + 5s), Verdict::Fresh);
    QCOMPARE(cache.take(u"d"_s, u"1"_s, start + 5s), Verdict::Fresh);
    QCOMPARE(cache.take(u"e"_s, u"1"_s, start + 5s), Verdict::Full);
    QCOMPARE(cache.take(u"a"_s, u"1"_s, start + 9s), Verdict::Used);
    QCOMPARE(cache.take(u"a"_s, u"3"_s, start + 10s), Verdict::Fresh); // the first two are forgotten
    QCOMPARE(cache.take(u"a"_s, u"2"_s, start + 10s), Verdict::Used);
    QCOMPARE(cache.take(u"e"_s, QString(100'000, u'x'), start + 30s), Verdict::Fresh);
    QCOMPARE(cache.size(), 1);
}

void TestProofChecker::urls_data()
{
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<bool>("isFromProxy");
    QTest::addColumn<QStringList>("publicNames");
    QTest::addColumn<bool>("isPlain");
    QTest::addColumn<QString>("url");
    const QStringList names{u"orders.example.com"_s, u"orders.example.com:8443"_s};
    QTest::newRow("of the certificate") << QByteArray("gw.test:9000") << false << QStringList() << false
                                        << u"https://gw.test:9000/s"_s;
    QTest::newRow("wild card") << QByteArray("a.wild.test") << false << QStringList() << false << u"https://a.wild.test/s"_s;
    QTest::newRow("two labels") << QByteArray("a.b.wild.test") << false << QStringList() << false << QString();
    QTest::newRow("address") << QByteArray("127.0.0.1:1") << false << QStringList() << false << u"https://127.0.0.1:1/s"_s;
    QTest::newRow("IPv6") << QByteArray("[::1]:1") << false << QStringList() << false << u"https://[::1]:1/s"_s;
    QTest::newRow("foreign") << QByteArray("evil.test") << false << QStringList() << false << QString();
    QTest::newRow("longer") << QByteArray("gw.test.evil.test") << false << QStringList() << false << QString();
    QTest::newRow("public") << QByteArray("Orders.example.com") << false << names << false << u"https://orders.example.com/s"_s;
    QTest::newRow("no public name, proxy") << QByteArray("10.0.0.7") << true << QStringList() << false << QString();
    QTest::newRow("inner name, proxy") << QByteArray("10.0.0.7:1") << true << names << false << u"https://orders.example.com/s"_s;
    QTest::newRow("inner name, no proxy") << QByteArray("10.0.0.7:1") << false << names << false << QString();
    QTest::newRow("plain") << QByteArray("any.test:1") << false << QStringList() << true << u"https://any.test:1/s"_s;
    QTest::newRow("plain with a name") << QByteArray("any.test:1") << false << names << true << QString();
    QTest::newRow("user") << QByteArray("me@gw.test") << false << QStringList() << false << QString();
    QTest::newRow("no host") << QByteArray(":443") << false << QStringList() << false << QString();
    QTest::newRow("a path in it") << QByteArray("gw.test/x") << false << QStringList() << false << QString();
}

void TestProofChecker::urls()
{
    QFETCH(QByteArray, host);
    QFETCH(bool, isFromProxy);
    QFETCH(QStringList, publicNames);
    QFETCH(bool, isPlain);
    QFETCH(QString, url);
    ManualClock clock(kThen);
    ProofChecker checker(clock);
    GatewayConfig config;
    config.listen.plain = isPlain;
    config.listen.publicNames = publicNames;
    checker.setConfig(config);
    checker.setCertificateNames({u"gw.test"_s, u"*.wild.test"_s, u"127.0.0.1"_s, u"0:0:0:0:0:0:0:1"_s});
    RequestHead head; // by hand: some of these hosts are refused before
    head.path = "/s";
    head.query = "q=1";
    head.headers = {{"Host", host}};
    QCOMPARE(checker.requestUrl(head, true, isFromProxy).toString(), url);
}

WATCHWORD_TEST_MAIN(TestProofChecker)
#include "tst_proofchecker.moc"
