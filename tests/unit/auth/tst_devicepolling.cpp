// SPDX-License-Identifier: Apache-2.0
#include "signin/devicepolling.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using P = DevicePolling;

namespace {

const Instant kStart = Instant(1h);

TokenAnswer http(int status, const QByteArray &body, std::optional<Duration> retryAfter = {})
{
    HttpOutcome outcome;
    outcome.status = status;
    outcome.body = body;
    outcome.retryAfter = retryAfter;
    return classifyTokenAnswer(outcome, AnswerTo::DeviceCode);
}

TokenAnswer named(const QByteArray &error)
{
    return http(400, "{\"error\":\"" + error + "\"}");
}

TokenAnswer lost(ErrorCode code, bool sent)
{
    HttpOutcome outcome;
    outcome.mayHaveBeenSent = sent;
    outcome.failure = Error(code);
    return classifyTokenAnswer(outcome, AnswerTo::DeviceCode);
}

} // namespace

Q_DECLARE_METATYPE(TokenAnswer)

/* RFC 8628 section 3.5, answer by answer. */
class TestDevicePolling : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void pauses_data();
    void pauses();
    void ends_data();
    void ends();
    void slowDownStays();
    void timeoutsDoubleUpToAMinute();
    void networkLossLastsUntilTheCodeEnds();
    void anAnswerAfterTheEndCounts();
    void eventsThatDoNotFit();
    void everyOrderEnds();
};

void TestDevicePolling::pauses_data()
{
    QTest::addColumn<TokenAnswer>("given");
    QTest::addColumn<int>("pause");
    QTest::addColumn<int>("interval");
    const QByteArray page = "<html>Welcome</html>";
    QTest::newRow("pending") << named("authorization_pending") << 5 << 5;
    QTest::newRow("slow_down") << named("slow_down") << 10 << 10;
    QTest::newRow("slow_down with 429") << http(429, R"({"error":"slow_down"})") << 10 << 10;
    QTest::newRow("busy") << http(503, {}) << 5 << 5;
    QTest::newRow("busy with Retry-After") << http(503, {}, 42s) << 42 << 5;
    QTest::newRow("busy with a short Retry-After") << http(503, {}, 1s) << 5 << 5;
    QTest::newRow("too many") << http(429, {}, 7s) << 7 << 5;
    QTest::newRow("500") << http(500, {}) << 5 << 5;
    QTest::newRow("server_error") << named("server_error") << 5 << 5;
    QTest::newRow("portal") << http(200, page) << 5 << 5;
    QTest::newRow("portal refuses") << http(403, page) << 5 << 5;
    QTest::newRow("refused without a word") << http(400, {}) << 5 << 5;
    QTest::newRow("other JSON") << http(401, R"({"message":"no"})") << 5 << 5;
    QTest::newRow("a nonce again") << named("use_dpop_nonce") << 5 << 5;
    QTest::newRow("refused connection") << lost(ErrorCode::ConnectionRefused, false) << 5 << 5;
    QTest::newRow("no name") << lost(ErrorCode::HostNotFound, false) << 5 << 5;
    QTest::newRow("TLS") << lost(ErrorCode::TlsFailed, false) << 5 << 5;
    QTest::newRow("lost answer") << lost(ErrorCode::ConnectionLost, true) << 5 << 5;
    QTest::newRow("timeout") << lost(ErrorCode::Timeout, false) << 10 << 10;
    QTest::newRow("timeout after sending") << lost(ErrorCode::Timeout, true) << 10 << 10;
}

void TestDevicePolling::pauses()
{
    QFETCH(TokenAnswer, given);
    QFETCH(int, pause);
    QFETCH(int, interval);
    P polling;
    auto actions = polling.step(P::Start{5s, 600s}, kStart);
    QCOMPARE(actions.size(), 1);
    QCOMPARE(std::get<P::Wait>(actions.front()).until, kStart + 5s);
    actions = polling.step(P::Elapsed{}, kStart + 5s);
    QVERIFY(actions.size() == 1 && std::holds_alternative<P::Ask>(actions.front()));
    actions = polling.step(P::Answered{given}, kStart + 6s);
    QCOMPARE(actions.size(), 1);
    QVERIFY(std::holds_alternative<P::Wait>(actions.front()));
    QCOMPARE(std::get<P::Wait>(actions.front()).until, kStart + 6s + std::chrono::seconds(pause));
    QCOMPARE(polling.interval(), std::chrono::seconds(interval));
    QVERIFY(!polling.isDone());
}

void TestDevicePolling::ends_data()
{
    QTest::addColumn<TokenAnswer>("given");
    QTest::addColumn<ErrorCode>("code");
    QTest::newRow("denied") << named("access_denied") << ErrorCode::AccessDenied;
    QTest::newRow("expired") << named("expired_token") << ErrorCode::DeviceCodeExpired;
    QTest::newRow("unknown code") << named("invalid_grant") << ErrorCode::InvalidGrant;
    QTest::newRow("client") << http(401, R"({"error":"invalid_client"})") << ErrorCode::InvalidClient;
    QTest::newRow("not allowed") << named("unauthorized_client") << ErrorCode::InvalidClient;
    QTest::newRow("unsupported") << named("unsupported_grant_type") << ErrorCode::InvalidRequest;
    QTest::newRow("something new") << named("what_is_this") << ErrorCode::InvalidRequest;
    TokenAnswer good;
    good.meaning = TokenAnswerClass::Success;
    QTest::newRow("granted") << good << ErrorCode::Internal;
}

void TestDevicePolling::ends()
{
    QFETCH(TokenAnswer, given);
    QFETCH(ErrorCode, code);
    P polling;
    (void)polling.step(P::Start{5s, 600s}, kStart);
    (void)polling.step(P::Elapsed{}, kStart + 5s);
    const auto actions = polling.step(P::Answered{given}, kStart + 6s);
    QCOMPARE(actions.size(), 1);
    const auto &result = std::get<P::Finish>(actions.front()).result;
    QCOMPARE(bool(result), given.meaning == TokenAnswerClass::Success);
    if (!result) {
        QCOMPARE(result.error().code(), code);
        QVERIFY(!result.error().remedy().isEmpty());
    }
    QVERIFY(polling.isDone());
    QVERIFY(polling.step(P::Elapsed{}, kStart + 60s).empty());
}

void TestDevicePolling::slowDownStays()
{
    P polling;
    Instant now = kStart;
    (void)polling.step(P::Start{1s, 600s}, now);
    for (int i = 1; i <= 3; ++i) {
        (void)polling.step(P::Elapsed{}, now);
        (void)polling.step(P::Answered{named("slow_down")}, now);
        QCOMPARE(polling.interval(), 1s + i * 5s);
    }
    (void)polling.step(P::Elapsed{}, now);
    const auto actions = polling.step(P::Answered{named("authorization_pending")}, now);
    QCOMPARE(std::get<P::Wait>(actions.front()).until, now + 16s);
}

void TestDevicePolling::timeoutsDoubleUpToAMinute()
{
    P polling;
    (void)polling.step(P::Start{5s, 3600s}, kStart);
    for (const auto expected : {10s, 20s, 40s, 60s, 60s}) {
        (void)polling.step(P::Elapsed{}, kStart);
        (void)polling.step(P::Answered{lost(ErrorCode::Timeout, true)}, kStart);
        QCOMPARE(polling.interval(), expected);
    }
    // An interval that the provider made longer than that is not made shorter by a timeout.
    P slow;
    (void)slow.step(P::Start{90s, 3600s}, kStart);
    (void)slow.step(P::Elapsed{}, kStart);
    (void)slow.step(P::Answered{lost(ErrorCode::Timeout, true)}, kStart);
    QCOMPARE(slow.interval(), 90s);
}

void TestDevicePolling::networkLossLastsUntilTheCodeEnds()
{
    P polling;
    Instant now = kStart;
    auto actions = polling.step(P::Start{5s, 600s}, now);
    int questions = 0;
    while (!polling.isDone()) {
        const auto *wait = std::get_if<P::Wait>(&actions.front());
        QVERIFY(wait);
        QVERIFY(wait->until > now && wait->until <= kStart + 600s);
        now = wait->until;
        actions = polling.step(P::Elapsed{}, now);
        if (polling.isDone())
            break;
        ++questions;
        actions = polling.step(P::Answered{lost(ErrorCode::HostNotFound, false)}, now);
    }
    QCOMPARE(now, kStart + 600s);
    QCOMPARE(questions, 119);
    const auto &result = std::get<P::Finish>(actions.front()).result;
    QCOMPARE(result.error().code(), ErrorCode::DeviceCodeExpired);
    QVERIFY2(result.error().detail().contains("HostNotFound"_L1), qPrintable(result.error().detail()));
}

void TestDevicePolling::anAnswerAfterTheEndCounts()
{
    P polling;
    (void)polling.step(P::Start{5s, 10s}, kStart);
    (void)polling.step(P::Elapsed{}, kStart + 5s);
    TokenAnswer good;
    good.meaning = TokenAnswerClass::Success;
    QVERIFY(std::get<P::Finish>(polling.step(P::Answered{good}, kStart + 30s).front()).result);
}

void TestDevicePolling::eventsThatDoNotFit()
{
    P polling;
    QVERIFY(polling.step(P::Elapsed{}, kStart).empty());
    QVERIFY(polling.step(P::Answered{named("slow_down")}, kStart).empty());
    (void)polling.step(P::Start{5s, 60s}, kStart);
    QVERIFY(polling.step(P::Start{1s, 60s}, kStart).empty());
    QVERIFY(polling.step(P::Answered{named("access_denied")}, kStart).empty());
    (void)polling.step(P::Elapsed{}, kStart + 5s);
    QVERIFY(polling.step(P::Elapsed{}, kStart + 6s).empty());
    QCOMPARE(polling.interval(), 5s);
}

// Whatever answers come in whatever order, questions keep their distance and the code's end is the end.
void TestDevicePolling::everyOrderEnds()
{
    const QList<TokenAnswer> answers{
        named("authorization_pending"),  named("slow_down"), http(503, {}, 33s), lost(ErrorCode::Timeout, true),
        lost(ErrorCode::Offline, false), http(200, "<html>")};
    for (int seed = 0; seed < 6 * 6 * 6 * 6; ++seed) {
        P polling;
        Instant now = kStart;
        auto actions = polling.step(P::Start{5s, 300s}, now);
        Instant asked = kStart;
        for (int i = 0; !polling.isDone(); ++i) {
            QVERIFY(i < 200);
            now = std::get<P::Wait>(actions.front()).until;
            actions = polling.step(P::Elapsed{}, now);
            if (polling.isDone())
                break;
            QVERIFY(now - asked >= 5s);
            asked = now;
            int number = seed;
            for (int n = 0; n < i % 4; ++n)
                number /= 6;
            actions = polling.step(P::Answered{answers.at(number % 6)}, now);
        }
        QCOMPARE(now, kStart + 300s);
    }
}

WATCHWORD_TEST_MAIN(TestDevicePolling)
#include "tst_devicepolling.moc"
