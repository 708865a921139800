// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "transport/upgrade.h"
#include "watchword/link/connectionoptions.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TestUpgrade : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void token68_data();
    void token68();
    void urls_data();
    void urls();
    void optionsAreValidated_data();
    void optionsAreValidated();
    void answers();
    void brokenAnswers_data();
    void brokenAnswers();
    void challenge();
    void refusals_data();
    void refusals();
    void problems();
    void statusFromText();
    void redirects_data();
    void redirects();
    void tlsRemedies();

private:
    static void addRowsOfTheWay(); //!< TLS, proxy, headers.
};

void TestUpgrade::token68_data()
{
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<bool>("valid");
    QTest::newRow("jwt") << QByteArray("eyJhbGciOi.J9_-x.abc") << true;
    QTest::newRow("padding") << QByteArray("abc+/~==") << true;
    QTest::newRow("empty") << QByteArray() << false;
    QTest::newRow("only padding") << QByteArray("==") << false;
    QTest::newRow("padding inside") << QByteArray("a=b") << false;
    QTest::newRow("space") << QByteArray("a b") << false;
    QTest::newRow("line break") << QByteArray("a\r\nX-Admin: 1") << false;
    QTest::newRow("nul") << QByteArray("a\0b", 3) << false;
    QTest::newRow("not ascii") << QByteArray("\xc3\xa4") << false;
}

void TestUpgrade::token68()
{
    QFETCH(QByteArray, value);
    QTEST(Upgrade::isToken68(value), "valid");
}

void TestUpgrade::urls_data()
{
    QTest::addColumn<QString>("url");
    QTest::addColumn<bool>("plainAllowed");
    QTest::addColumn<QString>("code");
    QTest::newRow("good") << u"wss://a.test/x?y=1"_s << false << QString();
    QTest::newRow("plain") << u"ws://a.test/"_s << false << u"InsecureTransport"_s;
    QTest::newRow("plain elsewhere") << u"ws://a.test/"_s << true << u"InsecureTransport"_s;
    QTest::newRow("plain, name like loopback") << u"ws://localhost.a.test/"_s << true << u"InsecureTransport"_s;
    QTest::newRow("plain loopback without opt-in") << u"ws://127.0.0.1/"_s << false << u"InsecureTransport"_s;
    QTest::newRow("plain loopback 4") << u"ws://127.8.0.1:80/"_s << true << QString();
    QTest::newRow("plain loopback 6") << u"ws://[::1]:80/"_s << true << QString();
    QTest::newRow("plain localhost") << u"ws://LocalHost/"_s << true << QString();
    QTest::newRow("https") << u"https://a.test/"_s << false << u"InvalidArgument"_s;
    QTest::newRow("no host") << u"wss:///x"_s << false << u"InvalidArgument"_s;
    QTest::newRow("empty") << QString() << false << u"InvalidArgument"_s;
    QTest::newRow("user") << u"wss://me:pw@a.test/"_s << false << u"InvalidArgument"_s;
    QTest::newRow("token in query") << u"wss://a.test/?access_token=abc"_s << false << u"InvalidArgument"_s;
}

void TestUpgrade::urls()
{
    QFETCH(QString, url);
    QFETCH(bool, plainAllowed);
    const Result<void> result = Upgrade::checkUrl(QUrl(url), plainAllowed);
    QTEST(result ? QString() : result.error().codeName(), "code");
    if (!result)
        QVERIFY(!result.error().detail().contains("abc"_L1) && !result.error().detail().contains("pw"_L1));
    QCOMPARE(Upgrade::normalised(QUrl(u"wss://a.test?x=1#f"_s)), QUrl(u"wss://a.test/?x=1"_s));
}

void TestUpgrade::addRowsOfTheWay()
{
    const auto row = [](const char *name, std::function<void(ConnectionOptions &)> change, const QString &word) {
        QTest::newRow(name) << change << word;
    };
    row(
        "subprotocol twice",
        [](ConnectionOptions &o) {
            o.subprotocols = {u"a"_s, u"a"_s};
        },
        u"twice"_s);
    row(
        "watchword.v1 twice", [](ConnectionOptions &o) { o.subprotocols = {u"watchword.v1"_s}; }, u"twice"_s);
    row(
        "client certificate without key", [](ConnectionOptions &o) { o.clientCertificates = {QSslCertificate()}; },
        u"belong together"_s);
    row(
        "old TLS", [](ConnectionOptions &o) { o.minimumTls = QSsl::AnyProtocol; }, u"minimumTls"_s);
    row(
        "caching proxy", [](ConnectionOptions &o) { o.proxy = QNetworkProxy(QNetworkProxy::HttpCachingProxy); }, u"proxy"_s);
    row(
        "proxy without port", [](ConnectionOptions &o) { o.proxy = QNetworkProxy(QNetworkProxy::Socks5Proxy, u"p"_s); },
        u"proxy"_s);
    row(
        "redirects", [](ConnectionOptions &o) { o.maximumRedirects = 4; }, u"maximumRedirects"_s);
    row(
        "compression", [](ConnectionOptions &o) { o.compression.windowBits = 7; }, u"compression"_s);
    row(
        "memory of compression", [](ConnectionOptions &o) { o.compression.memoryLevel = 10; }, u"compression"_s);
    row(
        "long window", [](ConnectionOptions &o) { o.budgetWindow = 2h; }, u"budgetWindow"_s);
    row(
        "hop by hop",
        [](ConnectionOptions &o) {
            o.headers = {{"Transfer-Encoding", "x"}};
        },
        u"Transfer-Encoding"_s);
    row(
        "proxy credentials",
        [](ConnectionOptions &o) {
            o.headers = {{"proxy-authorization", "x"}};
        },
        u"proxy-authorization"_s);
}

void TestUpgrade::optionsAreValidated_data()
{
    QTest::addColumn<std::function<void(ConnectionOptions &)>>("change");
    QTest::addColumn<QString>("word");
    const auto row = [](const char *name, std::function<void(ConnectionOptions &)> change, const QString &word) {
        QTest::newRow(name) << change << word;
    };
    row("good", [](ConnectionOptions &) {}, {});
    row(
        "origin", [](ConnectionOptions &o) { o.origin = "https://a.test\r\nX: 1"; }, u"origin"_s);
    row(
        "subprotocol", [](ConnectionOptions &o) { o.subprotocols = {u"a=b"_s}; }, u"subprotocols"_s);
    row(
        "subprotocol not ascii", [](ConnectionOptions &o) { o.subprotocols = {u"\u00e4"_s}; }, u"subprotocols"_s);
    row(
        "header name",
        [](ConnectionOptions &o) {
            o.headers = {{"X Y", "1"}};
        },
        u"headers"_s);
    row(
        "header value",
        [](ConnectionOptions &o) {
            o.headers = {{"X-Y", "1\r\nHost: b"}};
        },
        u"X-Y"_s);
    row(
        "authorization",
        [](ConnectionOptions &o) {
            o.headers = {{"AUTHORIZATION", "x"}};
        },
        u"AUTHORIZATION"_s);
    row(
        "websocket header",
        [](ConnectionOptions &o) {
            o.headers = {{"Sec-WebSocket-Extensions", "x"}};
        },
        u"Sec-"_s);
    row(
        "pin", [](ConnectionOptions &o) { o.pinnedKeys = {"short"}; }, u"pinnedKeys"_s);
    addRowsOfTheWay();
    row(
        "time", [](ConnectionOptions &o) { o.heartbeat = 0ms; }, u"time"_s);
    row(
        "budget", [](ConnectionOptions &o) { o.budgetAttempts = 0; }, u"budgetAttempts"_s);
    row(
        "water", [](ConnectionOptions &o) { o.lowWater = o.highWater; }, u"lowWater"_s);
}

void TestUpgrade::optionsAreValidated()
{
    QFETCH(std::function<void(ConnectionOptions &)>, change);
    QFETCH(QString, word);
    ConnectionOptions options;
    options.url = QUrl(u"wss://a.test/"_s);
    change(options);
    const Result<void> result = options.validate();
    QCOMPARE(result.isOk(), word.isEmpty());
    if (!result)
        QVERIFY2(result.error().detail().contains(word), qPrintable(result.error().toString()));
}

void TestUpgrade::answers()
{
    qsizetype head = 0;
    const HttpAnswer answer = Upgrade::parseAnswer("HTTP/1.1 429 Too Many\r\nRetry-After:  7 \r\nX: a:b\r\n\r\nbody", &head);
    QCOMPARE(answer.status, 429);
    QCOMPARE(answer.header("retry-after"), QByteArray("7"));
    QCOMPARE(answer.header("x"), QByteArray("a:b"));
    QCOMPARE(answer.header("missing"), QByteArray());
    QCOMPARE(answer.body, QByteArray("body"));
    QCOMPARE(head, 51);
    QCOMPARE(Upgrade::parseAnswer("HTTP/1.1 500 X\r\n\r\n" + QByteArray(10'000, 'x')).body.size(), 2048);
}

void TestUpgrade::brokenAnswers_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("incomplete") << QByteArray("HTTP/1.1 401 X\r\nA: b\r\n");
    QTest::newRow("ssh") << QByteArray("SSH-2.0-x\r\n\r\n");
    QTest::newRow("no status") << QByteArray("HTTP/1.1\r\n\r\n");
    QTest::newRow("word") << QByteArray("HTTP/1.1 abc X\r\n\r\n");
    QTest::newRow("sign") << QByteArray("HTTP/1.1 -40 X\r\n\r\n");
    QTest::newRow("too large") << QByteArray("HTTP/1.1 700 X\r\n\r\n");
    QTest::newRow("four digits") << QByteArray("HTTP/1.1 4010 X\r\n\r\n");
}

void TestUpgrade::brokenAnswers()
{
    QFETCH(QByteArray, bytes);
    QCOMPARE(Upgrade::parseAnswer(bytes).status, 0);
}

void TestUpgrade::challenge()
{
    const auto says = [](const QList<QByteArray> &values, QByteArrayView error) {
        HttpAnswer answer{.status = 401};
        for (const QByteArray &value : values)
            answer.headers.append({"www-authenticate", value});
        return Upgrade::hasChallengeError(answer, error);
    };
    const QByteArray stepUp = R"(Bearer realm="/a, b", error="insufficient_user_authentication", max_age=5, acr_values="x y")";
    QVERIFY(says({stepUp}, "insufficient_user_authentication"));
    QVERIFY(!says({stepUp}, "x y") && !says({stepUp}, "5") && !says({}, "5"));
    // Several challenges, in one header and in several.
    QVERIFY(says({R"(Bearer realm="/", DPoP algs="ES256", error=use_dpop_nonce)"}, "use_dpop_nonce"));
    QVERIFY(says({R"(Bearer error="invalid_token")", R"(DPoP Error = "use_dpop_nonce")"}, "use_dpop_nonce"));
    QVERIFY(!says({R"(Bearer error_description="error=use_dpop_nonce")"}, "use_dpop_nonce"));
    HttpAnswer answer{.status = 401};
    answer.headers = {{"server", "max_age=7"}, {"www-authenticate", "DPoP algs=\"ES256\""}, {"www-authenticate", stepUp}};
    QCOMPARE(Upgrade::challengeParameter(answer, "acr_values"_L1), QByteArray("x y"));
    QCOMPARE(Upgrade::challengeParameter(answer, "max_age"_L1), QByteArray("5"));
    QCOMPARE(Upgrade::challengeParameter(answer, "scope"_L1), QByteArray());
    QCOMPARE(Upgrade::maxAgeOf(u"5"_s), std::optional(5s));
    QCOMPARE(Upgrade::maxAgeOf(u"0"_s), std::optional(0s));
    for (const QString &bad : {QString(), u"-1"_s, u"1.5"_s, u"soon"_s, u"999999999999"_s})
        QVERIFY2(!Upgrade::maxAgeOf(bad), qPrintable(bad));
    const QByteArray claims = R"({"jti":"a","nonce":"n-1"})";
    QCOMPARE(Upgrade::nonceOf("e30." + claims.toBase64(QByteArray::Base64UrlEncoding) + ".c2ln"), QByteArray("n-1"));
    for (const char *bad : {"", ".", "e30.e30.c2ln", "e30.W10.c2ln", "no proof"})
        QVERIFY2(Upgrade::nonceOf(bad).isEmpty(), bad);
}

void TestUpgrade::refusals_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("challenge");
    QTest::addColumn<int>("code");
    const auto row = [](const char *name, int status, const QByteArray &challenge, ErrorCode code) {
        QTest::newRow(name) << status << challenge << int(code);
    };
    row("plain", 401, "Bearer", ErrorCode::UpgradeRejected);
    row("token", 401, R"(DPoP error="invalid_token")", ErrorCode::UpgradeRejected);
    row("step-up", 401, R"(DPoP error="insufficient_user_authentication")", ErrorCode::InsufficientAuthentication);
    row("nonce", 401, R"(DPoP error="use_dpop_nonce")", ErrorCode::WrongNonce);
    row("nonce with 400", 400, R"(DPoP error="use_dpop_nonce")", ErrorCode::WrongNonce);
    row("nonce with another status", 403, R"(DPoP error="use_dpop_nonce")", ErrorCode::UpgradeRejected);
    row("proof", 401, R"(DPoP error="invalid_dpop_proof")", ErrorCode::InvalidRequest);
    row("portal", 511, {}, ErrorCode::CaptivePortal);
}

void TestUpgrade::refusals()
{
    QFETCH(int, status);
    QFETCH(QByteArray, challenge);
    HttpAnswer answer{.status = status, .headers = {{"retry-after", "7"}}};
    if (!challenge.isEmpty())
        answer.headers.append({"www-authenticate", challenge});
    const Error error = Upgrade::refusal(answer, WallTime(0s));
    QTEST(int(error.code()), "code");
    QCOMPARE(error.httpStatus(), status);
    QCOMPARE(error.retryAfter(), std::optional<Duration>(7s));
}

void TestUpgrade::problems()
{
    HttpAnswer answer{.status = 403, .body = R"({"title":"Locked\u000aout","ref":"audit-7"})"};
    QCOMPARE(Upgrade::problemText(answer), QString());
    answer.headers = {{"content-type", "application/problem+json; charset=utf-8"}};
    QCOMPARE(Upgrade::problemText(answer), u"Locked out (audit-7)"_s);
    answer.body = "{broken";
    QCOMPARE(Upgrade::problemText(answer), QString());
}

void TestUpgrade::statusFromText()
{
    QCOMPARE(Upgrade::statusFromText(u"Unhandled http status code: 429 (Too Many Requests)."_s), 429);
    QCOMPARE(Upgrade::statusFromText(u"Unsupported WWW-Authenticate challenge(s) encountered."_s), 401);
    QCOMPARE(Upgrade::statusFromText(u"Connection refused"_s), 0);
}

void TestUpgrade::redirects_data()
{
    QTest::addColumn<QByteArray>("location");
    QTest::addColumn<QString>("target");
    QTest::newRow("absolute") << QByteArray("wss://b.test/y?z=1#f") << u"wss://b.test/y?z=1"_s;
    QTest::newRow("https") << QByteArray("https://b.test:8443") << u"wss://b.test:8443/"_s;
    QTest::newRow("http") << QByteArray("http://b.test/") << u"ws://b.test/"_s;
    QTest::newRow("path") << QByteArray("/y") << u"wss://a.test/y"_s;
    QTest::newRow("relative") << QByteArray("y") << u"wss://a.test/x/y"_s;
    QTest::newRow("host") << QByteArray("//b.test/y") << u"wss://b.test/y"_s;
    QTest::newRow("other scheme") << QByteArray("file:///etc/passwd") << u"file:///etc/passwd"_s; // checked by the caller
    QTest::newRow("empty") << QByteArray() << QString();
    QTest::newRow("not a URL") << QByteArray("https://[::1") << QString();
    QTest::newRow("control character") << QByteArray("/a\nb") << QString();
}

void TestUpgrade::redirects()
{
    QFETCH(QByteArray, location);
    QTEST(Upgrade::redirectTarget(QUrl(u"wss://a.test/x/?q"_s), location).toString(), "target");
}

void TestUpgrade::tlsRemedies()
{
    QVERIFY(Upgrade::tlsRemedy(QSslError::CertificateExpired).contains("Renew"_L1));
    QVERIFY(Upgrade::tlsRemedy(QSslError::CertificateNotYetValid).contains("date of this machine"_L1));
    QVERIFY(Upgrade::tlsRemedy(QSslError::HostNameMismatch).contains("name"_L1));
    QVERIFY(Upgrade::tlsRemedy(QSslError::SelfSignedCertificate).contains("additionalCertificateAuthorities"_L1));
    QVERIFY(Upgrade::tlsRemedy(QSslError::NoError).isEmpty());
    QVERIFY(Upgrade::isTlsVerdict(u"Error during SSL handshake: error:0A00042E:SSL routines::tlsv1 alert protocol version"_s));
    QVERIFY(!Upgrade::isTlsVerdict(u"The remote host closed the connection"_s));
    QVERIFY(!Upgrade::isTlsVerdict(u"Error during SSL handshake: error:00000000:lib(0)::reason(0)"_s));
    QVERIFY(!Upgrade::isTlsVerdict(u"error:0A000126:SSL routines::unexpected eof while reading"_s));
}

WATCHWORD_TEST_MAIN(TestUpgrade)
#include "tst_upgrade.moc"
