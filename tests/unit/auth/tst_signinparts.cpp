// SPDX-License-Identifier: Apache-2.0
#include "provider/dpopsigner.h"
#include "provider/tokenresponse.h"
#include "signin/authorizationrequest.h"
#include "signin/deviceauthorization.h"
#include "signin/idtoken.h"
#include "signin/loopbackrequest.h"
#include "signin/signinroute.h"
#include "support/testmain.h"
#include "watchword/auth/devicesignin.h"
#include "watchword/jose/dpop.h"
#include "watchword/jose/jwt.h"

#include <QJsonArray>
#include <QUrlQuery>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/* The parts of a sign-in that decide without a network. */
class TestSignInParts : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void deviceAnswers_data();
    void deviceAnswers();
    void deviceAnswerDetails();
    void pushedAnswers_data();
    void pushedAnswers();
    void routes_data();
    void routes();
    void routeRefusals();
    void parametersCannotBeReplaced();
    void privateUseRedirect_data();
    void privateUseRedirect();
    void hostOfTheRedirect_data();
    void hostOfTheRedirect();
    void noncesByOrigin();
    void nonceOnlyOfAllowedCharacters();
    void lifetimeOfJwt_data();
    void lifetimeOfJwt();
    void refreshedIdToken_data();
    void refreshedIdToken();
    void qrCode();
    void qrCodeLimits();
};

void TestSignInParts::deviceAnswers_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<ErrorCode>("code");
    const QByteArray good = R"("device_code":"d","user_code":"U-1","verification_uri":"https://a.test/d","expires_in":600)";
    const auto row = [](const char *name, const QByteArray &body, ErrorCode code = ErrorCode::InvalidResponse, int status = 200) {
        QTest::newRow(name) << status << body << code;
    };
    row("good", "{" + good + "}", ErrorCode::Internal);
    row("page", "<html>", ErrorCode::CaptivePortal);
    row("array", "[]");
    row("text", "not here");
    row("broken", "{" + good);
    row("no device_code", R"({"user_code":"U","verification_uri":"https://a.test/d","expires_in":600})");
    row("no user_code", R"({"device_code":"d","verification_uri":"https://a.test/d","expires_in":600})");
    row("user_code with a line end",
        R"({"device_code":"d","user_code":"U\nV","verification_uri":"https://a.test","expires_in":9})");
    row("long user_code",
        R"({"device_code":"d","user_code":")" + QByteArray(65, 'U') + R"(","verification_uri":"https://a.test","expires_in":9})");
    row("plain http", R"({"device_code":"d","user_code":"U","verification_uri":"http://a.test/d","expires_in":600})");
    row("script", R"({"device_code":"d","user_code":"U","verification_uri":"javascript:void","expires_in":600})");
    row("user in URI", R"({"device_code":"d","user_code":"U","verification_uri":"https://x@a.test/d","expires_in":600})");
    row("empty complete URI", "{" + good + R"(,"verification_uri_complete":""})", ErrorCode::Internal);
    row("unsafe complete URI", "{" + good + R"(,"verification_uri_complete":"file:///etc/passwd"})", ErrorCode::Internal);
    row("no expires_in", R"({"device_code":"d","user_code":"U","verification_uri":"https://a.test/d"})");
    row("no life", R"({"device_code":"d","user_code":"U","verification_uri":"https://a.test/d","expires_in":0})");
    row("interval of text", "{" + good + R"(,"interval":"soon"})", ErrorCode::Internal);
    row("huge", QByteArray(kLargestDeviceAuthorization + 1, ' '), ErrorCode::ResponseTooLarge);
    row("unknown client", R"({"error":"invalid_client"})", ErrorCode::InvalidClient, 401);
    row("scope", R"({"error":"invalid_scope"})", ErrorCode::InvalidScope, 400);
    row("busy", {}, ErrorCode::TemporarilyUnavailable, 503);
    row("missing", "not here", ErrorCode::HttpStatus, 404);
    row("refused without a word", {}, ErrorCode::InvalidRequest, 400);
    row("missing, with a page", "<html>", ErrorCode::CaptivePortal, 404);
}

void TestSignInParts::deviceAnswers()
{
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    QFETCH(ErrorCode, code);
    HttpOutcome outcome;
    outcome.status = status;
    outcome.body = body;
    const auto result = readDeviceAuthorization(outcome, false);
    QCOMPARE(bool(result), code == ErrorCode::Internal);
    if (!result) {
        QCOMPARE(result.error().code(), code);
        QVERIFY(!result.error().remedy().isEmpty());
    }
}

void TestSignInParts::deviceAnswerDetails()
{
    const QByteArray head =
        R"({"device_code":"d","user_code":"WDJB-MJHT","verification_uri":"https://a.test/d","expires_in":"1800")";
    const auto parse = [&](const QByteArray &more) { return parseDeviceAuthorization(head + more + "}", false); };
    QCOMPARE(parse({})->interval, 5s); // RFC 8628 section 3.2
    QCOMPARE(parse({})->expiresIn, 1800s);
    QCOMPARE(parse(",\"interval\":0")->interval, 1s);
    QCOMPARE(parse(",\"interval\":1e300")->interval, 600s);
    QCOMPARE(parse(",\"interval\":null")->interval, 5s);
    QCOMPARE(parse(",\"interval\":\"7\"")->interval, 7s);
    for (const char *none : {"-1", "\"soon\"", "[7]", "true", "\"\""})
        QCOMPARE(parse(QByteArray(",\"interval\":") + none)->interval, 5s);
    for (const char *none : {"\"\"", "null", "\"http://a.test/d\"", "\"file:///etc/passwd\"", "7"})
        QVERIFY(parse(QByteArray(",\"verification_uri_complete\":") + none)->verificationUriComplete.isEmpty());
    QVERIFY(parse({})->verificationUriComplete.isEmpty());
    QVERIFY(parse({})->deviceCode.equals(Secret::copy("d")));
    const QByteArray local = R"({"device_code":"d","user_code":"U","verification_uri":"http://127.0.0.1:1/d","expires_in":9})";
    QVERIFY(parseDeviceAuthorization(local, true));
    QVERIFY(!parseDeviceAuthorization(local, false));
}

void TestSignInParts::pushedAnswers_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<ErrorCode>("code");
    QTest::newRow("good") << 201 << QByteArray(R"({"request_uri":"urn:x:1","expires_in":60})") << ErrorCode::Internal;
    QTest::newRow("good with 200") << 200 << QByteArray(R"({"request_uri":"urn:x:1","expires_in":60})") << ErrorCode::Internal;
    QTest::newRow("life as text") << 201 << QByteArray(R"({"request_uri":"urn:x:1","expires_in":"60"})") << ErrorCode::Internal;
    QTest::newRow("life below one") << 201 << QByteArray(R"({"request_uri":"urn:x:1","expires_in":0.4})")
                                    << ErrorCode::InvalidResponse;
    QTest::newRow("error with 200") << 200 << QByteArray(R"({"error":"invalid_scope"})") << ErrorCode::InvalidScope;
    QTest::newRow("refused without a word") << 400 << QByteArray() << ErrorCode::InvalidRequest;
    QTest::newRow("no URI") << 201 << QByteArray(R"({"expires_in":60})") << ErrorCode::InvalidResponse;
    QTest::newRow("no life") << 201 << QByteArray(R"({"request_uri":"urn:x:1"})") << ErrorCode::InvalidResponse;
    QTest::newRow("page") << 200 << QByteArray("<html>") << ErrorCode::CaptivePortal;
    QTest::newRow("refused") << 400 << QByteArray(R"({"error":"invalid_request"})") << ErrorCode::InvalidRequest;
    QTest::newRow("client") << 401 << QByteArray(R"({"error":"invalid_client"})") << ErrorCode::InvalidClient;
    QTest::newRow("busy") << 503 << QByteArray() << ErrorCode::TemporarilyUnavailable;
}

void TestSignInParts::pushedAnswers()
{
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    QFETCH(ErrorCode, code);
    HttpOutcome outcome;
    outcome.status = status;
    outcome.body = body;
    const auto result = readPushedRequest(outcome);
    QCOMPARE(bool(result), code == ErrorCode::Internal);
    if (result)
        QCOMPARE(result->expiresIn, 60s);
    else
        QCOMPARE(result.error().code(), code);
}

void TestSignInParts::routes_data()
{
    QTest::addColumn<bool>("display");
    QTest::addColumn<bool>("ssh");
    QTest::addColumn<bool>("opener");
    QTest::addColumn<bool>("own");
    QTest::addColumn<bool>("offered");
    QTest::addColumn<bool>("device");
    QTest::newRow("desktop") << true << false << true << false << true << false;
    QTest::newRow("no display") << false << false << true << false << true << true;
    QTest::newRow("no display, not offered") << false << false << true << false << false << false;
    QTest::newRow("ssh with X11") << true << true << true << false << true << true;
    QTest::newRow("ssh, not offered") << true << true << true << false << false << false;
    QTest::newRow("no opener") << true << false << false << false << true << true;
    QTest::newRow("own opener") << false << true << true << true << true << false;
}

void TestSignInParts::routes()
{
    QFETCH(bool, display);
    QFETCH(bool, ssh);
    QFETCH(bool, opener);
    QFETCH(bool, own);
    QFETCH(bool, offered);
    QFETCH(bool, device);
    const RouteFacts facts{display, ssh, opener, own, offered, false};
    const auto route = chooseRoute(SignInRoute::Automatic, facts);
    QVERIFY(route);
    QVERIFY(*route == (device ? SignInRoute::Device : SignInRoute::Browser));
    QVERIFY(*chooseRoute(SignInRoute::Browser, facts) == SignInRoute::Browser); // a wish is obeyed
}

void TestSignInParts::routeRefusals()
{
    QCOMPARE(chooseRoute(SignInRoute::Device, {}).error().code(), ErrorCode::InvalidRequest);
    QCOMPARE(chooseRoute(SignInRoute::PrivateUseScheme, {}).error().code(), ErrorCode::InvalidArgument);
    SessionOptions options;
    ProviderMetadata metadata;
    metadata.deviceAuthorizationEndpoint = QUrl(u"https://a.test/d"_s);
    qputenv("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22");
    QVERIFY(probeRoute(options, metadata).isRemoteShell);
    QVERIFY(*chooseRoute(SignInRoute::Automatic, probeRoute(options, metadata)) == SignInRoute::Device);
    qunsetenv("SSH_CONNECTION");
    QVERIFY(!probeRoute(options, metadata).isRemoteShell);
    options.openBrowser = [](const QUrl &) { return true; };
    QVERIFY(probeRoute(options, metadata).opensByItself);
}

void TestSignInParts::parametersCannotBeReplaced()
{
    SessionOptions options;
    options.clientId = u"me"_s;
    options.extraParameters = {{u"client_id"_s, u"other"_s}, {u"state"_s, u"mine"_s}, {u"hd"_s, u"a b&c"_s}};
    const auto parameters =
        authorizationParameters(options, {}, {QUrl(u"http://127.0.0.1:1/callback"_s), u"s"_s, u"n"_s, u"c"_s, u"thumb"_s});
    const QUrl url = urlWith(QUrl(u"https://a.test/auth?client_id=fixed&x=1"_s), parameters);
    const QUrlQuery query(url);
    QCOMPARE(query.allQueryItemValues(u"client_id"_s), QStringList{u"fixed"_s}); // what the endpoint says stays
    QCOMPARE(query.allQueryItemValues(u"state"_s), QStringList{u"s"_s});
    QCOMPARE(query.queryItemValue(u"hd"_s, QUrl::FullyDecoded), u"a b&c"_s);
    QCOMPARE(query.queryItemValue(u"dpop_jkt"_s), u"thumb"_s);
    const auto device = deviceParameters(options, {{u"strong"_s}, 60s, u"bob"_s});
    const auto has = [&](const QString &name) {
        return std::any_of(device.begin(), device.end(), [&](const auto &one) { return one.first == name; });
    };
    for (const QString &name : {u"client_id"_s, u"scope"_s, u"acr_values"_s, u"max_age"_s, u"login_hint"_s})
        QVERIFY(has(name));
    for (const QString &name : {u"redirect_uri"_s, u"response_type"_s, u"code_challenge"_s, u"nonce"_s})
        QVERIFY(!has(name));
}

void TestSignInParts::privateUseRedirect_data()
{
    QTest::addColumn<QString>("url");
    QTest::addColumn<LoopbackVerdict::Kind>("kind");
    QTest::addColumn<ErrorCode>("code");
    using K = LoopbackVerdict::Kind;
    const auto row = [](const char *name, const QString &url, K kind, ErrorCode code = ErrorCode::Internal) {
        QTest::newRow(name) << url << kind << code;
    };
    const QString iss = u"&iss=https%3A%2F%2Fa.test"_s;
    row("good", u"com.example.app:/cb?code=c&state=s"_s + iss, K::Accepted);
    row("denied", u"com.example.app:/cb?error=access_denied&state=s"_s + iss, K::Refused, ErrorCode::AccessDenied);
    row("no iss", u"com.example.app:/cb?code=c&state=s"_s, K::Refused, ErrorCode::IssuerMismatch);
    row("other iss", u"com.example.app:/cb?code=c&state=s&iss=https%3A%2F%2Fb.test"_s, K::Refused, ErrorCode::IssuerMismatch);
    row("other state", u"com.example.app:/cb?code=c&state=t"_s + iss, K::Stray);
    row("error with other state", u"com.example.app:/cb?error=x&state=t"_s + iss, K::Stray);
    row("other scheme", u"com.evil.app:/cb?code=c&state=s"_s + iss, K::Stray);
    row("other path", u"com.example.app:/cd?code=c&state=s"_s + iss, K::Stray);
    row("with a host", u"com.example.app://evil/cb?code=c&state=s"_s + iss, K::Stray);
    row("no query", u"com.example.app:/cb"_s, K::Stray);
    row("state twice", u"com.example.app:/cb?code=c&state=s&state=s"_s + iss, K::Stray);
    row("no code", u"com.example.app:/cb?state=s"_s + iss, K::Refused, ErrorCode::InvalidResponse);
    row("huge", u"com.example.app:/cb?code="_s + QString(9000, u'c') + u"&state=s"_s + iss, K::Stray);
}

void TestSignInParts::privateUseRedirect()
{
    QFETCH(QString, url);
    QFETCH(LoopbackVerdict::Kind, kind);
    QFETCH(ErrorCode, code);
    const ExpectedRedirect expected{{}, Secret::copy("s"), u"https://a.test"_s, true, {}};
    const auto verdict = judgeRedirect(QUrl(url), QUrl(u"com.example.app:/cb"_s), expected);
    QCOMPARE(verdict.kind, kind);
    if (kind == LoopbackVerdict::Kind::Refused)
        QCOMPARE(verdict.error.code(), code);
    if (kind == LoopbackVerdict::Kind::Accepted)
        QVERIFY(verdict.code.equals(Secret::copy("c")));
}

void TestSignInParts::hostOfTheRedirect_data()
{
    QTest::addColumn<QByteArray>("headers");
    QTest::addColumn<bool>("accepted");
    QTest::newRow("right") << QByteArray("Host: 127.0.0.1:5000\r\n") << true;
    QTest::newRow("right, other case") << QByteArray("User-Agent: x\r\nHOST:127.0.0.1:5000 \r\n") << true;
    QTest::newRow("another name for this machine") << QByteArray("Host: evil.example:5000\r\n") << false;
    QTest::newRow("other port") << QByteArray("Host: 127.0.0.1:5001\r\n") << false;
    QTest::newRow("none") << QByteArray() << false;
    QTest::newRow("two") << QByteArray("Host: 127.0.0.1:5000\r\nHost: 127.0.0.1:5000\r\n") << false;
}

void TestSignInParts::hostOfTheRedirect()
{
    QFETCH(QByteArray, headers);
    QFETCH(bool, accepted);
    const ExpectedRedirect expected{u"/cb"_s, Secret::copy("s"), u"https://a.test"_s, false, u"127.0.0.1:5000"_s};
    const auto verdict = judgeLoopbackRequest("GET /cb?code=c&state=s HTTP/1.1\r\n" + headers + "\r\n", expected);
    QCOMPARE(verdict.kind, accepted ? LoopbackVerdict::Kind::Accepted : LoopbackVerdict::Kind::Stray);
}

void TestSignInParts::noncesByOrigin()
{
    const auto signer = *DpopSigner::create(Clock::system());
    const QUrl issuer(u"https://a.test/token"_s);
    const QUrl service(u"wss://b.test:8443/stream"_s);
    const auto nonceFor = [&](const QUrl &url) {
        return Jwt::parse(*signer->headerFor("POST", url, {}))->claim(u"nonce").toString();
    };
    QVERIFY(signer->rememberNonce(issuer, "n1"));
    QVERIFY(!signer->rememberNonce(QUrl(u"https://a.test/other?x"_s), "n1")); // known
    QVERIFY(signer->rememberNonce(service, "n2"));
    QCOMPARE(nonceFor(issuer), u"n1"_s);
    QCOMPARE(nonceFor(QUrl(u"https://b.test:8443/x"_s)), u"n2"_s); // an upgrade is a request to https
    QCOMPARE(nonceFor(QUrl(u"https://b.test/x"_s)), QString());
    for (int i = 0; i < 200; ++i)
        QVERIFY(signer->rememberNonce(QUrl(u"https://h%1.test/"_s.arg(i)), "n"));
    QCOMPARE(nonceFor(QUrl(u"https://h199.test/"_s)), u"n"_s);
    // The same key in the next start.
    const auto again = *DpopSigner::fromPem(signer->pem(), Clock::system());
    QCOMPARE(again->thumbprint(), signer->thumbprint());
    QVERIFY(!DpopSigner::fromPem(Secret::copy("nonsense"), Clock::system()));
    // "iat" is the server's time.
    signer->setOffset(-1h);
    const auto then = Clock::system().wallNow() - 1h;
    QVERIFY(DpopProof::verify(*signer->headerFor("GET", issuer, {}), {{"GET", issuer, {}, u"n1"_s}, {}, 30s, 30s}, then)
            || nonceFor(issuer).isEmpty());
}

void TestSignInParts::nonceOnlyOfAllowedCharacters()
{
    const auto signer = *DpopSigner::create(Clock::system());
    const QUrl url(u"https://a.test/"_s);
    for (const QByteArray &bad :
         {QByteArray(), QByteArray("a b"), QByteArray("a\"b"), QByteArray("a\r\nb"), QByteArray(513, 'n')})
        QVERIFY(!signer->rememberNonce(url, bad));
}

void TestSignInParts::lifetimeOfJwt_data()
{
    QTest::addColumn<QJsonObject>("claims");
    QTest::addColumn<int>("seconds"); // 0: nothing is known
    QTest::newRow("both") << QJsonObject{{u"iat"_s, 1'000'000}, {u"exp"_s, 1'000'300}} << 300;
    QTest::newRow("exp alone") << QJsonObject{{u"exp"_s, 1'000'300}} << 300;
    QTest::newRow("given out before") << QJsonObject{{u"iat"_s, 999'900}, {u"exp"_s, 1'000'200}} << 200;
    QTest::newRow("our clock is behind") << QJsonObject{{u"iat"_s, 1'003'600}, {u"exp"_s, 1'003'900}} << 300;
    QTest::newRow("ended") << QJsonObject{{u"iat"_s, 999'600}, {u"exp"_s, 1'000'000}} << 0;
    QTest::newRow("ends before it began") << QJsonObject{{u"iat"_s, 1'000'500}, {u"exp"_s, 1'000'300}} << 0;
    QTest::newRow("no exp") << QJsonObject{{u"iat"_s, 1'000'000}} << 0;
    QTest::newRow("exp is text") << QJsonObject{{u"exp"_s, u"soon"_s}} << 0;
    QTest::newRow("for ever") << QJsonObject{{u"exp"_s, 1e18}} << 24 * 366 * 10 * 3600;
}

void TestSignInParts::lifetimeOfJwt()
{
    QFETCH(QJsonObject, claims);
    const SigningKey key = *SigningKey::generate(u"ES256"_s);
    const WallTime now = wallTimeFromSeconds(1'000'000);
    const auto life = Watchword::lifetimeOfJwt(Secret::copy(*signJwt(key, u"at+jwt"_s, claims)), now);
    QTEST(int(life.value_or(0s).count()), "seconds");
    for (const QByteArray &opaque : {QByteArray("2YotnFZFEjr1zCsicMWpAA"), QByteArray("a.b.c"), QByteArray()})
        QVERIFY(!Watchword::lifetimeOfJwt(Secret::copy(opaque), now));
}

void TestSignInParts::refreshedIdToken_data()
{
    QTest::addColumn<QJsonObject>("change"); // of the new one; null takes a claim away
    QTest::addColumn<ErrorCode>("code"); // Cancelled: good
    const auto row = [](const char *name, const QString &claim, const QJsonValue &value, ErrorCode code) {
        QTest::newRow(name) << QJsonObject{{claim, value}} << code;
    };
    const ErrorCode good = ErrorCode::Cancelled;
    QTest::newRow("same") << QJsonObject() << good;
    row("several audiences", u"aud"_s, QJsonArray{u"other"_s, u"app"_s}, good);
    row("without nonce", u"nonce"_s, QJsonValue::Null, good);
    row("without auth_time", u"auth_time"_s, QJsonValue::Null, good);
    row("new name", u"name"_s, u"Alice Anew"_s, good);
    row("person", u"sub"_s, u"bob"_s, ErrorCode::WrongUser);
    row("case of the person", u"sub"_s, u"Alice"_s, ErrorCode::WrongUser);
    row("nobody", u"sub"_s, QJsonValue::Null, ErrorCode::MissingClaim);
    row("issuer", u"iss"_s, u"https://a.test/"_s, ErrorCode::WrongIssuer);
    row("audience", u"aud"_s, u"other"_s, ErrorCode::WrongAudience);
    row("azp of another client", u"azp"_s, u"other"_s, ErrorCode::WrongAudience);
    row("azp taken away", u"azp"_s, QJsonValue::Null, ErrorCode::IdentityChanged);
    row("nonce of another sign-in", u"nonce"_s, u"n2"_s, ErrorCode::IdentityChanged);
    row("time of another sign-in", u"auth_time"_s, 999'401, ErrorCode::IdentityChanged);
    row("iat missing", u"iat"_s, QJsonValue::Null, ErrorCode::MissingClaim);
    row("iat a little before", u"iat"_s, 999'941, good);
    row("iat before the request", u"iat"_s, 999'938, ErrorCode::TokenExpired);
    row("iat in the future", u"iat"_s, 1'000'061, ErrorCode::TokenNotYetValid);
    row("ended", u"exp"_s, 999'940, ErrorCode::TokenExpired);
    row("of another access token", u"at_hash"_s, u"AAAA"_s, ErrorCode::BadSignature);
}

void TestSignInParts::refreshedIdToken()
{
    QFETCH(QJsonObject, change);
    QFETCH(ErrorCode, code);
    const SigningKey key = *SigningKey::generate(u"ES256"_s);
    JwkSet keys;
    keys.insert(key.publicKey());
    const QJsonObject first{
        {u"iss"_s, u"https://a.test"_s}, {u"sub"_s, u"alice"_s},    {u"aud"_s, u"app"_s}, {u"azp"_s, u"app"_s},
        {u"nonce"_s, u"n1"_s},           {u"auth_time"_s, 999'400}, {u"iat"_s, 999'500},  {u"exp"_s, 999'800}};
    QJsonObject claims = first;
    claims.insert(u"iat"_s, 1'000'000);
    claims.insert(u"exp"_s, 1'000'300);
    for (auto member = change.begin(); member != change.end(); ++member) {
        claims.insert(member.key(), member.value());
        if (member->isNull())
            claims.remove(member.key());
    }
    IdTokenExpectation expected;
    expected.issuer = u"https://a.test"_s;
    expected.clientId = u"app"_s;
    expected.subject = u"alice"_s;
    expected.predecessor = Secret::copy(*signJwt(key, u"JWT"_s, first));
    expected.askedAt = wallTimeFromSeconds(1'000'000);
    const Secret token = Secret::copy(*signJwt(key, u"JWT"_s, claims));
    const auto result = verifyRefreshedIdToken(token, Secret::copy("at"), keys, expected, wallTimeFromSeconds(1'000'000));
    QCOMPARE(result ? ErrorCode::Cancelled : result.error().code(), code);
    // Before the keys are there only one question is answered.
    QCOMPARE(namesAnotherPerson(token, expected.issuer, expected.subject), code == ErrorCode::WrongUser);
}

void TestSignInParts::qrCode()
{
    DeviceSignIn code;
    QCOMPARE(code.qrCode().size(), 0);
    code.userCode = u"WDJB-MJHT"_s;
    code.verificationUri = QUrl(u"https://example.com/device"_s);
    code.verificationUriComplete = QUrl(u"https://example.com/device?user_code=WDJB-MJHT"_s);
    const QrCode matrix = code.qrCode();
    QVERIFY(matrix.size() >= 21 && (matrix.size() - 17) % 4 == 0);
    // The three finder patterns: a dark ring, a light ring, a dark core.
    const int far = matrix.size() - 7;
    for (const auto &[x, y] : {std::pair(0, 0), std::pair(far, 0), std::pair(0, far)}) {
        for (int i = 0; i < 7; ++i) {
            QVERIFY(matrix.isDark(x + i, y) && matrix.isDark(x, y + i));
            QVERIFY(matrix.isDark(x + i, y + 6) && matrix.isDark(x + 6, y + i));
        }
        QVERIFY(!matrix.isDark(x + 1, y + 1) && matrix.isDark(x + 3, y + 3));
    }
    QVERIFY(!matrix.isDark(-1, 0) && !matrix.isDark(0, matrix.size()));
    const QStringList lines = matrix.toTerminalText(false).split(u'\n', Qt::SkipEmptyParts);
    QCOMPARE(lines.size(), (matrix.size() + 2 * QrCode::kQuietZone + 1) / 2);
    QCOMPARE(lines.first().size(), matrix.size() + 2 * QrCode::kQuietZone);
    QVERIFY(matrix.toSvgPath().startsWith(u"M4 4h7v1h-7z"_s));
}

void TestSignInParts::qrCodeLimits()
{
    QCOMPARE(QrCode::fromText({}).error().code(), ErrorCode::InvalidArgument);
    QCOMPARE(QrCode::fromText(QString(2001, u'x')).error().code(), ErrorCode::InvalidArgument);
    QVERIFY(QrCode::fromText(QString(2000, u'x')));
    QVERIFY(QrCode::fromText(u"ä\u20ac"_s));
}

WATCHWORD_TEST_MAIN(TestSignInParts)
#include "tst_signinparts.moc"
