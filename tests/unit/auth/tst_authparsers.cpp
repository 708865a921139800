// SPDX-License-Identifier: Apache-2.0
#include "provider/discovery.h"
#include "refresh/refreshschedule.h"
#include "signin/loopbackrequest.h"
#include "support/testmain.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

Q_DECLARE_METATYPE(Watchword::ErrorCode)
Q_DECLARE_METATYPE(Watchword::LoopbackVerdict::Kind)

namespace {

QJsonObject goodDocument()
{
    return {{u"issuer"_s, u"https://login.test/tenant"_s},
            {u"authorization_endpoint"_s, u"https://login.test/authorize?tenant=1"_s},
            {u"token_endpoint"_s, u"https://login.test/token"_s},
            {u"jwks_uri"_s, u"https://keys.test/jwks"_s},
            {u"authorization_response_iss_parameter_supported"_s, true}};
}

QByteArray bytesOf(const QJsonObject &object)
{
    return QJsonDocument(object).toJson();
}

} // namespace

class TestAuthParsers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void issuers();
    void discoveryUrlForms();
    void discoveryDocuments_data();
    void discoveryDocuments();
    void optionalEndpoints_data();
    void optionalEndpoints();
    void loopback_data();
    void loopback();
    void loopbackIncomplete();
    void leadAndMargin_data();
    void leadAndMargin();
    void planNeverStorms();
    void retryDelays();
};

void TestAuthParsers::issuers()
{
    QVERIFY(checkIssuer(QUrl(u"https://login.test"_s), false));
    const struct
    {
        QString url;
        bool allowed;
        ErrorCode code;
    } bad[] = {
        {u"http://login.test"_s, true, ErrorCode::InsecureTransport},
        {u"http://127.0.0.1:1"_s, false, ErrorCode::InsecureTransport},
        {u"https://login.test?a=b"_s, false, ErrorCode::InvalidArgument},
        {u"https://login.test#x"_s, false, ErrorCode::InvalidArgument},
        {u"https://user@login.test"_s, false, ErrorCode::InvalidArgument},
        {u"login.test"_s, false, ErrorCode::InvalidArgument},
    };
    for (const auto &one : bad) {
        const Result<void> result = checkIssuer(QUrl(one.url), one.allowed);
        QVERIFY2(!result, qPrintable(one.url));
        QCOMPARE(result.error().code(), one.code);
        QVERIFY(!result.error().remedy().isEmpty());
    }
    QVERIFY(checkIssuer(QUrl(u"http://127.0.0.1:1"_s), true));
    QVERIFY(checkIssuer(QUrl(u"http://[::1]:1"_s), true));
}

void TestAuthParsers::discoveryUrlForms()
{
    // OpenID Connect Discovery section 4.1 and RFC 8414 section 3.1.
    const QList<QUrl> urls = discoveryUrls(QUrl(u"https://login.test/tenant/"_s));
    QCOMPARE(urls.at(0), QUrl(u"https://login.test/tenant/.well-known/openid-configuration"_s));
    QCOMPARE(urls.at(1), QUrl(u"https://login.test/.well-known/oauth-authorization-server/tenant"_s));
    QCOMPARE(discoveryUrls(QUrl(u"https://login.test"_s)).at(0), QUrl(u"https://login.test/.well-known/openid-configuration"_s));
}

void TestAuthParsers::discoveryDocuments_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<ErrorCode>("code");
    const auto with = [](const QString &name, const QJsonValue &value) {
        QJsonObject object = goodDocument();
        object.insert(name, value);
        return bytesOf(object);
    };
    QTest::newRow("html") << QByteArray("<html>") << ErrorCode::InvalidResponse;
    QTest::newRow("empty") << QByteArray() << ErrorCode::InvalidResponse;
    QTest::newRow("array") << QByteArray("[]") << ErrorCode::InvalidResponse;
    QTest::newRow("other issuer") << with(u"issuer"_s, u"https://evil.test"_s) << ErrorCode::IssuerMismatch;
    QTest::newRow("issuer with slash") << with(u"issuer"_s, u"https://login.test/tenant/"_s) << ErrorCode::IssuerMismatch;
    QTest::newRow("issuer in other case") << with(u"issuer"_s, u"https://LOGIN.test/tenant"_s) << ErrorCode::IssuerMismatch;
    QTest::newRow("issuer as number") << with(u"issuer"_s, 1) << ErrorCode::IssuerMismatch;
    QTest::newRow("plain token endpoint") << with(u"token_endpoint"_s, u"http://login.test/t"_s) << ErrorCode::InvalidResponse;
    QTest::newRow("relative endpoint") << with(u"jwks_uri"_s, u"/jwks"_s) << ErrorCode::InvalidResponse;
    QTest::newRow("nothing said") << QByteArray("{}") << ErrorCode::InvalidResponse;
    QTest::newRow("issuer empty") << with(u"issuer"_s, u""_s) << ErrorCode::InvalidResponse;
    QTest::newRow("token endpoint empty") << with(u"token_endpoint"_s, u""_s) << ErrorCode::InvalidResponse;
    QTest::newRow("endpoint of nothing") << with(u"jwks_uri"_s, QJsonArray{u"https://keys.test/"_s})
                                         << ErrorCode::InvalidResponse;
    QTest::newRow("missing endpoint") << with(u"token_endpoint"_s, QJsonValue()) << ErrorCode::InvalidResponse;
    QTest::newRow("script") << with(u"authorization_endpoint"_s, u"javascript:alert(1)"_s) << ErrorCode::InvalidResponse;
    QTest::newRow("endpoint with user") << with(u"token_endpoint"_s, u"https://a:b@login.test/"_s) << ErrorCode::InvalidResponse;
    QTest::newRow("huge") << QByteArray(kLargestDiscoveryDocument + 1, ' ') << ErrorCode::ResponseTooLarge;
}

void TestAuthParsers::discoveryDocuments()
{
    QFETCH(QByteArray, body);
    QFETCH(ErrorCode, code);
    const auto good = parseDiscovery(bytesOf(goodDocument()), u"https://login.test/tenant"_s, false);
    QVERIFY(good);
    QVERIFY(good->issInResponse);
    const auto parsed = parseDiscovery(body, u"https://login.test/tenant"_s, false);
    QVERIFY(!parsed);
    QCOMPARE(parsed.error().code(), code);
}

void TestAuthParsers::optionalEndpoints_data()
{
    QTest::addColumn<QJsonValue>("value");
    QTest::addColumn<bool>("told"); // that it cannot be used
    QTest::newRow("null") << QJsonValue() << false;
    QTest::newRow("empty") << QJsonValue(u""_s) << false;
    QTest::newRow("http") << QJsonValue(u"http://login.test/x"_s) << true;
    QTest::newRow("relative") << QJsonValue(u"/x"_s) << true;
    QTest::newRow("script") << QJsonValue(u"javascript:alert(1)"_s) << true;
    QTest::newRow("with a user") << QJsonValue(u"https://a:b@login.test/"_s) << true;
    QTest::newRow("number") << QJsonValue(1) << true;
    QTest::newRow("list") << QJsonValue(QJsonArray{u"https://login.test/x"_s}) << true;
}

void TestAuthParsers::optionalEndpoints()
{
    QFETCH(QJsonValue, value);
    QFETCH(bool, told);
    for (const QString &name : {u"revocation_endpoint"_s, u"end_session_endpoint"_s, u"device_authorization_endpoint"_s,
                                u"pushed_authorization_request_endpoint"_s}) {
        QJsonObject object = goodDocument();
        object.insert(name, value);
        const auto parsed = parseDiscovery(bytesOf(object), u"https://login.test/tenant"_s, false);
        QVERIFY2(parsed, qPrintable(parsed ? QString() : parsed.error().toString()));
        QVERIFY(parsed->revocationEndpoint.isEmpty() && parsed->endSessionEndpoint.isEmpty());
        QVERIFY(parsed->deviceAuthorizationEndpoint.isEmpty() && parsed->pushedAuthorizationRequestEndpoint.isEmpty());
        QCOMPARE(parsed->leftOut, told ? QStringList{name} : QStringList());
    }
}

void TestAuthParsers::loopback_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<LoopbackVerdict::Kind>("kind");
    QTest::addColumn<int>("status");
    QTest::addColumn<ErrorCode>("code");
    using K = LoopbackVerdict::Kind;
    const auto get = [](const QByteArray &target) { return "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"; };
    const QByteArray iss = "&iss=https%3A%2F%2Flogin.test";
    QTest::newRow("good") << get("/cb?code=c&state=s" + iss) << K::Accepted << 0 << ErrorCode::Internal;
    QTest::newRow("refused") << get("/cb?error=access_denied&state=s" + iss) << K::Refused << 0 << ErrorCode::AccessDenied;
    QTest::newRow("error without state") << get("/cb?error=access_denied") << K::Stray << 404 << ErrorCode::Internal;
    QTest::newRow("error with wrong state") << get("/cb?error=x&state=t" + iss) << K::Stray << 404 << ErrorCode::Internal;
    QTest::newRow("code with wrong state") << get("/cb?code=c&state=ss" + iss) << K::Stray << 404 << ErrorCode::Internal;
    QTest::newRow("two states") << get("/cb?code=c&state=s&state=s" + iss) << K::Stray << 404 << ErrorCode::Internal;
    QTest::newRow("two codes") << get("/cb?code=c&code=d&state=s" + iss) << K::Stray << 404 << ErrorCode::Internal;
    QTest::newRow("other issuer") << get("/cb?code=c&state=s&iss=https%3A%2F%2Fevil.test") << K::Refused << 0
                                  << ErrorCode::IssuerMismatch;
    QTest::newRow("no issuer") << get("/cb?code=c&state=s") << K::Refused << 0 << ErrorCode::IssuerMismatch;
    QTest::newRow("issuer before error") << get("/cb?error=x&state=s&iss=https%3A%2F%2Fevil.test") << K::Refused << 0
                                         << ErrorCode::IssuerMismatch;
    QTest::newRow("neither") << get("/cb?state=s" + iss) << K::Refused << 0 << ErrorCode::InvalidResponse;
    QTest::newRow("favicon") << get("/favicon.ico") << K::Stray << 404 << ErrorCode::Internal;
    QTest::newRow("other path") << get("/cb/?code=c&state=s" + iss) << K::Stray << 404 << ErrorCode::Internal;
    QTest::newRow("post") << QByteArray("POST /cb?code=c&state=s HTTP/1.1\r\n\r\n") << K::Stray << 405 << ErrorCode::Internal;
    QTest::newRow("absolute") << get("http://127.0.0.1/cb?code=c&state=s" + iss) << K::Stray << 400 << ErrorCode::Internal;
    QTest::newRow("not http") << QByteArray("\x16\x03\x01\r\n\r\n") << K::Stray << 400 << ErrorCode::Internal;
    QTest::newRow("empty line") << QByteArray("\r\n\r\n") << K::Stray << 400 << ErrorCode::Internal;
    QTest::newRow("huge") << QByteArray(kLargestLoopbackRequest + 1, 'a') << K::Stray << 431 << ErrorCode::Internal;
}

void TestAuthParsers::loopback()
{
    QFETCH(QByteArray, request);
    QFETCH(LoopbackVerdict::Kind, kind);
    QFETCH(int, status);
    QFETCH(ErrorCode, code);
    const ExpectedRedirect expected{u"/cb"_s, Secret::copy("s"), u"https://login.test"_s, true};
    const LoopbackVerdict verdict = judgeLoopbackRequest(request, expected);
    QCOMPARE(verdict.kind, kind);
    QCOMPARE(verdict.status, status);
    QCOMPARE(verdict.error.code(), code);
    QCOMPARE(verdict.code.isEmpty(), kind != LoopbackVerdict::Kind::Accepted);
    const QByteArray page = loopbackAnswer(verdict);
    QVERIFY(page.contains("Cache-Control: no-store") && page.contains("Referrer-Policy: no-referrer"));
    QVERIFY(!page.contains("state"));
}

void TestAuthParsers::loopbackIncomplete()
{
    const ExpectedRedirect expected{u"/cb"_s, Secret::copy("s"), u"https://login.test"_s, false};
    const QByteArray whole = "GET /cb?code=c&state=s HTTP/1.1\r\nHost: x\r\n\r\n";
    for (qsizetype size = 0; size < whole.size(); ++size)
        QCOMPARE(judgeLoopbackRequest(whole.first(size), expected).kind, LoopbackVerdict::Kind::Incomplete);
    QCOMPARE(judgeLoopbackRequest(whole, expected).kind, LoopbackVerdict::Kind::Accepted);
    // A flow that has no state yet accepts nothing.
    QCOMPARE(judgeLoopbackRequest("GET /?code=c&state= HTTP/1.1\r\n\r\n", {u"/"_s, {}, {}, false}).kind,
             LoopbackVerdict::Kind::Stray);
}

void TestAuthParsers::leadAndMargin_data()
{
    QTest::addColumn<int>("lifetime");
    QTest::addColumn<int>("leadMs");
    QTest::addColumn<int>("marginMs");
    QTest::newRow("5 s") << 5 << 2500 << 1250;
    QTest::newRow("60 s") << 60 << 30'000 << 10'000;
    QTest::newRow("5 min") << 300 << 60'000 << 10'000;
    QTest::newRow("30 min") << 1800 << 180'000 << 10'000;
    QTest::newRow("1 h") << 3600 << 300'000 << 10'000;
    QTest::newRow("1 d") << 86'400 << 300'000 << 10'000;
}

void TestAuthParsers::leadAndMargin()
{
    QFETCH(int, lifetime);
    QFETCH(int, leadMs);
    QFETCH(int, marginMs);
    QCOMPARE(refreshLead(std::chrono::seconds(lifetime)).count(), qint64(leadMs));
    QCOMPARE(usabilityMargin(std::chrono::seconds(lifetime)).count(), qint64(marginMs));
}

void TestAuthParsers::planNeverStorms()
{
    SeededRandom random(7);
    for (int i = 0; i < 20'000; ++i) {
        const Duration lifetime(qint64(random.nextUnit() * (i % 2 ? 7'200'000 : 20'000)));
        TokenTimes times;
        times.received = Instant(5h);
        times.lifetime = lifetime;
        times.uncertainty = i % 3 ? 0s : 30s;
        times.expiryUnmoved = i % 5 == 0;
        const RefreshPlan plan = planRefresh(times, random);
        QVERIFY(*plan.soft >= times.received + std::min<Duration>(30s, lifetime / 2));
        QVERIFY(*plan.soft >= times.received + 1s); // whatever the provider says
        QVERIFY(*plan.soft <= std::max(*plan.expiry, times.received + refreshSpacing(lifetime)));
        QVERIFY(*plan.hard <= *plan.expiry);
        QVERIFY(*plan.hard >= times.received);
        QCOMPARE(*plan.expiry, times.received + lifetime);
    }
    QCOMPARE(refreshSpacing(Duration(-5s)), Duration(30s));
    QCOMPARE(refreshSpacing(Duration(1s)), Duration(30s));
    QCOMPARE(refreshSpacing(Duration(1001ms)), Duration(1s));
    QCOMPARE(refreshSpacing(Duration(5s)), Duration(2500ms));
    QCOMPARE(refreshSpacing(Duration(24h)), Duration(30s));
    const RefreshPlan unknown = planRefresh({Instant(1h), {}, {}, false}, random);
    QVERIFY(!unknown.soft && !unknown.hard && !unknown.expiry);
}

void TestAuthParsers::retryDelays()
{
    SeededRandom random(3);
    RetryPlanner planner;
    for (int i = 0; i < 50; ++i)
        QVERIFY(planner.next(RetryPlanner::Cause::Network, {}, random) <= 5min);
    QVERIFY(planner.next(RetryPlanner::Cause::Busy, {}, random) >= 60s);
    RetryPlanner busy;
    for (const Duration least : {7s, 7s, 7s, 8s, 16s, 32s, 60s, 60s}) {
        const Duration asked = busy.next(RetryPlanner::Cause::Busy, Duration(7s), random);
        QVERIFY2(asked >= least && asked <= least * 6 / 5, qPrintable(QString::number(asked.count())));
    }
    QVERIFY(busy.next(RetryPlanner::Cause::Busy, Duration(24h), random) <= Duration(72min));
    QCOMPARE(planner.next(RetryPlanner::Cause::Configuration, {}, random), Duration(1h));
    planner.reset();
    QCOMPARE(planner.failures(), 0);
}

WATCHWORD_TEST_MAIN(TestAuthParsers)
#include "tst_authparsers.moc"
