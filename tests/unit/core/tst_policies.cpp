// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/core/backoff.h"
#include "watchword/core/closepolicy.h"
#include "watchword/core/log.h"

#include <QJsonDocument>
#include <QUrl>

#include <algorithm>
#include <cmath>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! Backoff, its chance, and the table of answers. */
class TestPolicies : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void chanceIsUniform();
    void chanceRepeats();
    void backoffWindows_data();
    void backoffWindows();
    void backoffIsBounded();
    void retryAfter_data();
    void retryAfter();
    void closeCodes_data();
    void closeCodes();
    void closeCodeNames_data();
    void closeCodeNames();
    void statuses_data();
    void statuses();
    void ownRows();
    void networkErrors_data();
    void networkErrors();
    void actionNames();
    void serverOnlyRestricts();
    void changesFromJson_data();
    void changesFromJson();
    void redaction_data();
    void redaction();
};

void TestPolicies::chanceIsUniform()
{
    SeededRandom seeded(1);
    for (RandomSource *source : {static_cast<RandomSource *>(&seeded), &RandomSource::system()}) {
        int tenths[10] = {};
        bool inside = true;
        for (int i = 0; i < 100'000; ++i) {
            const double value = source->nextUnit();
            inside = inside && value >= 0 && value < 1;
            ++tenths[int(value * 10) % 10];
        }
        QVERIFY(inside);
        for (const int count : tenths) // 10,000 each; six standard deviations are 570
            QVERIFY2(count > 9'400 && count < 10'600, qPrintable(QString::number(count)));
    }
}

void TestPolicies::chanceRepeats()
{
    SeededRandom one(7);
    SeededRandom two(7);
    SeededRandom other(8);
    bool differs = false;
    for (int i = 0; i < 100; ++i) {
        const double value = one.nextUnit();
        QCOMPARE(two.nextUnit(), value);
        differs = differs || other.nextUnit() != value;
    }
    QVERIFY(differs);
}

void TestPolicies::backoffWindows_data()
{
    QTest::addColumn<int>("failures");
    QTest::addColumn<qint64>("outageMs");
    QTest::addColumn<qint64>("windowMs");
    QTest::newRow("first") << 1 << qint64(0) << qint64(1000);
    QTest::newRow("second") << 2 << qint64(1000) << qint64(2000);
    QTest::newRow("fifth") << 5 << qint64(20'000) << qint64(16'000);
    QTest::newRow("cap") << 6 << qint64(40'000) << qint64(20'000);
    QTest::newRow("cap holds") << 1000 << qint64(119'999) << qint64(20'000);
    QTest::newRow("slow after two minutes") << 20 << qint64(120'000) << qint64(120'000);
    QTest::newRow("days") << 1'000'000 << qint64(500'000'000) << qint64(120'000);
    QTest::newRow("none") << 0 << qint64(0) << qint64(500);
}

void TestPolicies::backoffWindows()
{
    QFETCH(int, failures);
    QFETCH(qint64, outageMs);
    QFETCH(qint64, windowMs);
    const BackoffPolicy policy;
    SeededRandom random(3);
    Duration longest{};
    Duration shortest = Duration::max();
    double sum = 0;
    constexpr int count = 20'000;
    int atFloor = 0;
    for (int i = 0; i < count; ++i) {
        const Duration delay = policy.delay(failures, Duration(outageMs), random);
        shortest = std::min(shortest, delay);
        longest = std::max(longest, delay);
        sum += double(delay.count());
        atFloor += delay == policy.floor;
    }
    QVERIFY(shortest >= policy.floor && longest <= Duration(windowMs));
    QVERIFY(longest > Duration(windowMs * 99 / 100)); // the whole window is used
    const double below = double(policy.floor.count()) / double(windowMs);
    QVERIFY(std::abs(double(atFloor) / count - below) < 0.02); // what falls below the floor is raised to it
    const double mean = below * double(policy.floor.count()) + (1 - below) * double(policy.floor.count() + windowMs) / 2;
    QVERIFY(std::abs(sum / count - mean) < 0.02 * double(windowMs));
}

void TestPolicies::backoffIsBounded()
{
    SeededRandom random(4);
    const BackoffPolicy zero{0ms, 0ms, 0ms, 0ms, 1s, 0ms};
    QCOMPARE(zero.delay(std::numeric_limits<int>::max(), 0ms, random), 0ms);
    const BackoffPolicy flat{0ms, 5ms, 20s, 20s, 1s, 0ms};
    QCOMPARE(flat.delay(std::numeric_limits<int>::max(), 0ms, random), 5ms);
}

void TestPolicies::retryAfter_data()
{
    QTest::addColumn<qint64>("ownMs");
    QTest::addColumn<qint64>("askedMs"); // -1: nothing
    QTest::addColumn<qint64>("leastMs");
    QTest::addColumn<qint64>("mostMs");
    QTest::newRow("nothing asked") << qint64(700) << qint64(-1) << qint64(700) << qint64(700);
    QTest::newRow("asked for more") << qint64(700) << qint64(10'000) << qint64(10'000) << qint64(12'000);
    QTest::newRow("asked for less") << qint64(20'000) << qint64(1000) << qint64(20'000) << qint64(20'000);
    QTest::newRow("zero") << qint64(700) << qint64(0) << qint64(700) << qint64(700);
    QTest::newRow("over the limit") << qint64(700) << qint64(86'400'000) << qint64(300'000) << qint64(360'000);
}

void TestPolicies::retryAfter()
{
    QFETCH(qint64, ownMs);
    QFETCH(qint64, askedMs);
    QFETCH(qint64, leastMs);
    QFETCH(qint64, mostMs);
    const BackoffPolicy policy;
    SeededRandom random(5);
    QSet<qint64> seen;
    for (int i = 0; i < 2000; ++i) {
        const std::optional<Duration> asked = askedMs < 0 ? std::nullopt : std::optional(Duration(askedMs));
        const Duration delay = policy.withRetryAfter(Duration(ownMs), asked, random);
        QVERIFY(delay >= Duration(leastMs) && delay <= Duration(mostMs));
        seen.insert(delay.count());
    }
    QCOMPARE(seen.size() > 100, mostMs > leastMs); // a herd that is told the same number is spread
    QCOMPARE(policy.withRetryAfter(700ms, Duration(-5000), random), 700ms);
}

void TestPolicies::closeCodes_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<RetryAction>("action");
    QTest::addColumn<ErrorCode>("error");
    using A = RetryAction;
    using E = ErrorCode;
    const auto row = [](int code, A action, E error) { QTest::addRow("%d", code) << code << action << error; };
    row(1000, A::Retry, E::ClosedByPeer);
    row(1001, A::Retry, E::ClosedByPeer);
    row(1002, A::Stop, E::ProtocolViolation);
    row(1003, A::Stop, E::ProtocolViolation);
    row(1005, A::Retry, E::ClosedByPeer);
    row(1006, A::Retry, E::ConnectionLost);
    row(1007, A::Stop, E::ProtocolViolation);
    row(1008, A::Stop, E::Forbidden);
    row(1009, A::Stop, E::MessageTooBig);
    row(1010, A::Stop, E::ProtocolViolation);
    row(1011, A::Retry, E::ClosedByPeer);
    row(1012, A::Retry, E::ClosedByPeer);
    row(1013, A::Retry, E::TemporarilyUnavailable);
    row(1014, A::Retry, E::ClosedByPeer);
    row(4000, A::Retry, E::Timeout);
    row(4401, A::RefreshThenRetry, E::TokenExpired);
    row(4402, A::SignIn, E::Unauthorized);
    row(4403, A::Stop, E::Forbidden);
    row(4408, A::Retry, E::Timeout);
    row(4409, A::Stop, E::Replaced);
    row(4410, A::SignIn, E::SessionRevoked);
    row(4411, A::Retry, E::ClosedByPeer);
    row(4412, A::Stop, E::ClosedByPeer);
    row(4423, A::Stop, E::Locked);
    row(4429, A::Retry, E::RateLimited);
    row(4430, A::Stop, E::ConnectionLimit);
    row(4440, A::Retry, E::SlowConsumer);
    row(4441, A::RefreshThenRetry, E::ClosedByPeer);
    row(4442, A::SignIn, E::InsufficientAuthentication);
    for (const int code : {3000, 3499, 4001, 4400, 4499, 2999, 1015, 0, -1, 5000, 65535})
        row(code, A::Retry, E::ClosedByPeer);
    for (const int code : {3500, 3999, 4500, 4999})
        row(code, A::Stop, E::ClosedByPeer);
}

void TestPolicies::closeCodes()
{
    QFETCH(int, code);
    QFETCH(RetryAction, action);
    QFETCH(ErrorCode, error);
    const ClosePolicy policy = ClosePolicy::defaultPolicy();
    const RetryDecision decision = policy.forCloseCode(code, 1500ms);
    QCOMPARE(decision.action, action);
    QCOMPARE(decision.code, error);
    QCOMPARE(decision.after, 1500ms);
    QCOMPARE(policy.forCloseCode(code).after, 0ms);
}

void TestPolicies::closeCodeNames_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("name");
    const auto row = [](CloseCode code, const QString &name) { QTest::newRow(qPrintable(name)) << int(code) << name; };
    row(CloseCode::Normal, u"normal"_s);
    row(CloseCode::GoingAway, u"going_away"_s);
    row(CloseCode::ProtocolError, u"protocol_error"_s);
    row(CloseCode::Abnormal, u"abnormal"_s);
    row(CloseCode::PolicyViolation, u"policy_violation"_s);
    row(CloseCode::MessageTooBig, u"message_too_big"_s);
    row(CloseCode::InternalError, u"internal_error"_s);
    row(CloseCode::ServiceRestart, u"service_restart"_s);
    row(CloseCode::TryAgainLater, u"try_again_later"_s);
    row(CloseCode::BadGateway, u"bad_gateway"_s);
    row(CloseCode::DeadPeer, u"dead_peer"_s);
    row(CloseCode::TokenExpired, u"token_expired"_s);
    row(CloseCode::TokenInvalid, u"token_invalid"_s);
    row(CloseCode::Forbidden, u"forbidden"_s);
    row(CloseCode::AuthTimeout, u"auth_timeout"_s);
    row(CloseCode::Replaced, u"replaced"_s);
    row(CloseCode::SessionRevoked, u"session_revoked"_s);
    row(CloseCode::KickedMayReturn, u"kicked_may_return"_s);
    row(CloseCode::Idle, u"idle"_s);
    row(CloseCode::Locked, u"locked"_s);
    row(CloseCode::RateLimited, u"rate_limited"_s);
    row(CloseCode::ConnectionLimit, u"connection_limit"_s);
    row(CloseCode::SlowConsumer, u"slow_consumer"_s);
    row(CloseCode::PolicyChanged, u"policy_changed"_s);
}

void TestPolicies::closeCodeNames()
{
    QFETCH(int, code);
    QFETCH(QString, name);
    QCOMPARE(closeCodeName(code), name);
    QVERIFY(name.size() <= 123); // it is the reason of the close frame, RFC 6455 section 5.5
    for (const int unknown : {0, -1, 1005, 3000, 4400, 4999, 65536 + code})
        QVERIFY(closeCodeName(unknown).isEmpty());
}

void TestPolicies::statuses_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<RetryAction>("action");
    QTest::addColumn<ErrorCode>("error");
    using A = RetryAction;
    using E = ErrorCode;
    const auto row = [](int status, A action, E error) { QTest::addRow("%d", status) << status << action << error; };
    row(200, A::RetrySlowly, E::UpgradeRejected); // a page where a WebSocket was expected
    row(302, A::RetrySlowly, E::UpgradeRejected);
    row(400, A::RetrySlowly, E::InvalidRequest);
    row(401, A::RefreshThenRetry, E::Unauthorized);
    row(403, A::Stop, E::Forbidden);
    row(404, A::RetrySlowly, E::NotFound);
    row(405, A::RetrySlowly, E::UpgradeRejected);
    row(407, A::RetrySlowly, E::ProxyAuthenticationRequired);
    row(408, A::Retry, E::Timeout);
    row(410, A::RetrySlowly, E::NotFound);
    row(418, A::RetrySlowly, E::UpgradeRejected);
    row(425, A::Retry, E::UpgradeRejected);
    row(426, A::RetrySlowly, E::UpgradeRejected);
    row(429, A::Retry, E::RateLimited);
    row(500, A::Retry, E::HttpStatus);
    row(502, A::Retry, E::HttpStatus);
    row(503, A::Retry, E::TemporarilyUnavailable);
    row(504, A::Retry, E::Timeout);
    row(599, A::Retry, E::UpgradeRejected);
}

void TestPolicies::statuses()
{
    QFETCH(int, status);
    QFETCH(RetryAction, action);
    QFETCH(ErrorCode, error);
    const RetryDecision decision = ClosePolicy::defaultPolicy().forHttpStatus(status, 2s);
    QCOMPARE(decision.action, action);
    QCOMPARE(decision.code, error);
    QCOMPARE(decision.after, 2s);
}

void TestPolicies::ownRows()
{
    ClosePolicy policy = ClosePolicy::defaultPolicy();
    policy.setHttpStatus(403, RetryAction::RetrySlowly, ErrorCode::OriginDenied);
    policy.setCloseCode(4777, RetryAction::SignIn, ErrorCode::SignInRequired);
    QCOMPARE(policy.forHttpStatus(403).action, RetryAction::RetrySlowly);
    QCOMPARE(policy.forHttpStatus(403).code, ErrorCode::OriginDenied);
    QCOMPARE(policy.forCloseCode(4777).action, RetryAction::SignIn);
    QCOMPARE(ClosePolicy::defaultPolicy().forHttpStatus(403).action, RetryAction::Stop);
    QCOMPARE(ClosePolicy().forCloseCode(4401).action,
             RetryAction::Retry); // an empty table knows the ranges only
}

void TestPolicies::networkErrors_data()
{
    QTest::addColumn<ErrorCode>("code");
    QTest::addColumn<RetryAction>("action");
    using A = RetryAction;
    using E = ErrorCode;
    const auto row = [](E code, A action) { QTest::newRow(qPrintable(Error(code).codeName())) << code << action; };
    for (const E code :
         {E::Offline, E::HostNotFound, E::ConnectionRefused, E::ConnectionLost, E::ProxyFailed, E::Timeout, E::CaptivePortal})
        row(code, A::Retry);
    for (const E code : {E::TlsFailed, E::PinMismatch, E::SubprotocolMismatch, E::ProtocolViolation, E::UpgradeRejected,
                         E::ProxyAuthenticationRequired})
        row(code, A::RetrySlowly);
    for (const E code : {E::InsecureTransport, E::InvalidArgument, E::MalformedToken, E::Cancelled})
        row(code, A::Stop);
}

void TestPolicies::networkErrors()
{
    QFETCH(ErrorCode, code);
    QFETCH(RetryAction, action);
    ClosePolicy policy = ClosePolicy::defaultPolicy();
    QCOMPARE(policy.forNetworkError(code).action, action);
    QCOMPARE(policy.forNetworkError(code).code, code);
    QCOMPARE(policy.forNetworkError(code, 3s).after, 3s);
    policy.setNetworkError(code, RetryAction::SignIn, 7s);
    QCOMPARE(policy.forNetworkError(code, 3s).action, RetryAction::SignIn);
    QCOMPARE(policy.forNetworkError(code, 3s).after, 7s);
}

void TestPolicies::actionNames()
{
    for (const RetryAction action :
         {RetryAction::Retry, RetryAction::RetrySlowly, RetryAction::RefreshThenRetry, RetryAction::Stop, RetryAction::SignIn})
        QCOMPARE(retryActionFromName(retryActionName(action)), std::optional(action));
    for (const QString &name : {QString(), u"RETRY"_s, u"ignore"_s, u"retry "_s})
        QVERIFY(!retryActionFromName(name));
}

// What a server may turn each action into, the whole table.
void TestPolicies::serverOnlyRestricts()
{
    using A = RetryAction;
    const QList<A> all{A::Retry, A::RetrySlowly, A::RefreshThenRetry, A::Stop, A::SignIn};
    const QMap<A, QList<A>> allowed{
        {A::Retry, {A::RetrySlowly, A::Stop, A::SignIn}},
        {A::RetrySlowly, {A::Stop, A::SignIn}},
        {A::RefreshThenRetry, {A::Stop, A::SignIn}},
        {A::Stop, {A::SignIn}},
        {A::SignIn, {}},
    };
    for (const A now : all) {
        for (const A wanted : all) {
            ClosePolicy policy;
            policy.setHttpStatus(499, now, ErrorCode::Forbidden, 10s);
            policy.setCloseCode(4999, now, ErrorCode::Locked, 10s);
            PolicyChanges changes;
            changes.statuses.insert(499, {wanted, 20s});
            changes.closeCodes.insert(4999, {wanted, 5s});
            const ClosePolicy restricted = policy.restricted(changes);
            const A expected = allowed.value(now).contains(wanted) ? wanted : now;
            QCOMPARE(restricted.forHttpStatus(499).action, expected);
            QCOMPARE(restricted.forHttpStatus(499).code, ErrorCode::Forbidden);
            QCOMPARE(restricted.forHttpStatus(499).after, 20s);
            QCOMPARE(restricted.forCloseCode(4999).action, expected);
            QCOMPARE(restricted.forCloseCode(4999).after, 10s); // a shorter wait has no effect
            policy.apply(changes); // the application's word
            QCOMPARE(policy.forCloseCode(4999).action, wanted);
            QCOMPARE(policy.forCloseCode(4999).after, 5s);
        }
    }
    // TLS errors have no row that a server could name.
    const auto changes = PolicyChanges::fromJson(
        QJsonDocument::fromJson(R"({"network":{"TlsFailed":{"action":"retry"}},"status":{"525":{"action":"stop"}}})").object());
    QVERIFY(changes);
    const ClosePolicy policy = ClosePolicy::defaultPolicy().restricted(*changes);
    QCOMPARE(policy.forNetworkError(ErrorCode::TlsFailed).action, A::RetrySlowly);
    QCOMPARE(policy.forNetworkError(ErrorCode::PinMismatch).action, A::RetrySlowly);
    QCOMPARE(policy.forHttpStatus(525).action, A::Stop);
}

void TestPolicies::changesFromJson_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("broken"); //!< The member that is named; empty: accepted.
    const auto row = [](const char *json, const QString &broken = {}) { QTest::newRow(json) << QByteArray(json) << broken; };
    row("{}");
    row(R"({"later":[1,2],"status":{"503":{"action":"slow","after_s":30,"later":1}}})");
    row(R"({"close":{"1012":{"after_s":0.5},"4999":{"action":"sign_in"}},"backoff":{"base_ms":100,"cap_s":300}})");
    row(R"({"status":[]})", u"status"_s);
    row(R"({"status":{"503":"slow"}})", u"status.503"_s);
    row(R"({"status":{"0503":{}}})", u"status.0503"_s);
    row(R"({"status":{"101":{}}})", u"status.101"_s);
    row(R"({"status":{"600":{}}})", u"status.600"_s);
    row(R"({"status":{"x":{}}})", u"status.x"_s);
    row(R"({"close":{"999":{}}})", u"close.999"_s);
    row(R"({"close":{"5000":{}}})", u"close.5000"_s);
    row(R"({"close":{"4001":{"action":"ignore"}}})", u"close.4001.action"_s);
    row(R"({"close":{"4001":{"action":1}}})", u"close.4001.action"_s);
    row(R"({"close":{"4001":{"after_s":-1}}})", u"close.4001.after_s"_s);
    row(R"({"close":{"4001":{"after_s":301}}})", u"close.4001.after_s"_s);
    row(R"({"close":{"4001":{"after_s":"5"}}})", u"close.4001.after_s"_s);
    row(R"({"backoff":3})", u"backoff"_s);
    row(R"({"backoff":{"base_ms":0}})", u"backoff.base_ms"_s);
    row(R"({"backoff":{"cap_s":1e300}})", u"backoff.cap_s"_s);
    row(R"({"attempts_per_minute":0})", u"attempts_per_minute"_s);
    row(R"({"attempts_per_minute":"4"})", u"attempts_per_minute"_s);
}

void TestPolicies::changesFromJson()
{
    QFETCH(QByteArray, json);
    QFETCH(QString, broken);
    const QJsonDocument document = QJsonDocument::fromJson(json);
    QVERIFY(document.isObject());
    const Result<PolicyChanges> changes = PolicyChanges::fromJson(document.object());
    QCOMPARE(changes.isOk(), broken.isEmpty());
    if (!changes) {
        QCOMPARE(changes.error().code(), ErrorCode::ProtocolViolation);
        QVERIFY2(changes.error().detail().contains(u'"' + broken + u'"'), qPrintable(changes.error().detail()));
    }
    QJsonObject many;
    for (int code = 4000; code < 4065; ++code)
        many.insert(QString::number(code), QJsonObject());
    QVERIFY(!PolicyChanges::fromJson({{u"close"_s, many}}));
    many.erase(many.begin());
    QVERIFY(PolicyChanges::fromJson({{u"close"_s, many}}));
}

void TestPolicies::redaction_data()
{
    QTest::addColumn<QString>("url");
    QTest::addColumn<QString>("shown");
    QTest::newRow("code") << u"https://a.example/cb?code=SECRET&state=SECRET"_s << u"https://a.example/cb"_s;
    QTest::newRow("fragment") << u"https://a.example/#access_token=SECRET"_s << u"https://a.example/"_s;
    QTest::newRow("user") << u"wss://alice:SECRET@a.example:8443/v1?x=1"_s << u"wss://a.example:8443/v1"_s;
    QTest::newRow("user only") << u"wss://SECRET@a.example/v1"_s << u"wss://a.example/v1"_s;
    QTest::newRow("empty") << QString() << QString();
}

void TestPolicies::redaction()
{
    QFETCH(QString, url);
    QFETCH(QString, shown);
    QCOMPARE(redactedUrl(QUrl(url)), shown);
}

WATCHWORD_TEST_MAIN(TestPolicies)
#include "tst_policies.moc"
