// SPDX-License-Identifier: Apache-2.0
#include "machine/judgement.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! What the end of a transport means; the whole table is the policy's own test. */
class TestJudgement : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void ours_data();
    void ours();
    void farewellBeatsTheCode();
    void expiredInUse();
    void whatTheErrorSaysFirst();
    void locksThatEnd();
    void texts();

private:
    static Judgement of(const TransportEnd &end, const std::optional<LinkEvents::Farewell> &farewell = {},
                        Judgement::Use use = Judgement::Use::NotYet)
    {
        return Judgement::of(end, farewell, ClosePolicy::defaultPolicy(), use);
    }
};

void TestJudgement::ours_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<ErrorCode>("error");
    QTest::addColumn<RetryAction>("theirs");
    QTest::addColumn<RetryAction>("ours");
    QTest::newRow("protocol") << 1002 << ErrorCode::ProtocolViolation << RetryAction::Stop << RetryAction::RetrySlowly;
    QTest::newRow("UTF-8") << 1007 << ErrorCode::ProtocolViolation << RetryAction::Stop << RetryAction::RetrySlowly;
    QTest::newRow("size") << 1009 << ErrorCode::MessageTooBig << RetryAction::Stop << RetryAction::Stop;
    QTest::newRow("time") << 4408 << ErrorCode::Timeout << RetryAction::Retry << RetryAction::Retry;
}

// The same finding is another thing when the server found it in what this end sent.
void TestJudgement::ours()
{
    QFETCH(int, code);
    QFETCH(ErrorCode, error);
    QFETCH(RetryAction, theirs);
    QFETCH(RetryAction, ours);
    const Judgement said = of({.closeCode = code, .error = Error(ErrorCode::ClosedByPeer, u"x"_s)});
    QCOMPARE(said.decision.action, theirs);
    QCOMPARE(said.error.code(), error);
    QCOMPARE(said.error.closeCode(), code);
    const Judgement found = of({.error = Error(error, u"x"_s)});
    QCOMPARE(found.decision.action, ours);
    QCOMPARE(found.error.code(), error);
    QCOMPARE(found.error.closeCode(), 0);
    // A stream that was right before gets another chance at once.
    const bool isSlow = ours == RetryAction::RetrySlowly;
    QCOMPARE(of({.error = Error(error)}, {}, Judgement::Use::InUse).decision.action, isSlow ? RetryAction::Retry : ours);
    QCOMPARE(of({.closeCode = code}, {}, Judgement::Use::InUse).decision.action, theirs);
    // A farewell is about a close of the server, and this is none.
    const LinkEvents::Farewell bye{1, 4410, RetryAction::SignIn, 0ms};
    QCOMPARE(of({.error = Error(error)}, bye).decision.action, ours);
}

void TestJudgement::farewellBeatsTheCode()
{
    const LinkEvents::Farewell bye{1, 4411, RetryAction::Stop, 30s};
    const Judgement judgement = of({.closeCode = 1006, .error = Error(ErrorCode::ConnectionLost)}, bye);
    QCOMPARE(judgement.decision.action, RetryAction::Stop);
    QCOMPARE(judgement.decision.after, Duration(30s));
    QCOMPARE(judgement.closeCode, 4411);
    const LinkEvents::Farewell silent{1, 4410, {}, 0ms};
    QCOMPARE(of({.closeCode = 1006}, silent).decision.action, RetryAction::SignIn);
}

void TestJudgement::expiredInUse()
{
    const TransportEnd violation{.closeCode = 1008, .error = Error(ErrorCode::ClosedByPeer)};
    QCOMPARE(of(violation).decision.action, RetryAction::Stop);
    QCOMPARE(of(violation, {}, Judgement::Use::InUseBeyondItsToken).decision.action, RetryAction::RefreshThenRetry);
    QCOMPARE(of(violation, {}, Judgement::Use::InUseBeyondItsToken).error.code(), ErrorCode::TokenExpired);
    QCOMPARE(of({.closeCode = 4403}, {}, Judgement::Use::InUseBeyondItsToken).decision.action, RetryAction::Stop);
}

void TestJudgement::whatTheErrorSaysFirst()
{
    QCOMPARE(of({.http = {.status = 401}, .error = Error(ErrorCode::WrongNonce)}).decision.action, RetryAction::Retry);
    QCOMPARE(of({.http = {.status = 401}, .error = Error(ErrorCode::InsufficientAuthentication)}).decision.action,
             RetryAction::SignIn);
    QCOMPARE(of({.http = {.status = 403}, .error = Error(ErrorCode::CaptivePortal)}).error.code(), ErrorCode::CaptivePortal);
    QVERIFY(of({.http = {.status = 403}, .error = Error(ErrorCode::CaptivePortal)}).decision.action != RetryAction::Stop);
}

void TestJudgement::locksThatEnd()
{
    const auto refused = [](std::optional<Duration> after) {
        return of({.http = {.status = 403}, .error = Error(ErrorCode::UpgradeRejected).withRetryAfter(after)}).decision;
    };
    QCOMPARE(refused({}).action, RetryAction::Stop);
    QCOMPARE(refused(2h).action, RetryAction::Retry);
    QCOMPARE(refused(2h).after, Duration(2h));
    const LinkEvents::Farewell timed{1, 4423, RetryAction::Retry, 2h};
    QCOMPARE(of({.closeCode = 4423}, timed).decision.action, RetryAction::Retry);
    QCOMPARE(of({.closeCode = 4423}, timed).decision.after, Duration(2h));
    QCOMPARE(of({.closeCode = 4423}).decision.action, RetryAction::Stop); // for good
}

void TestJudgement::texts()
{
    QCOMPARE(of({.closeCode = 4423, .error = Error(ErrorCode::ClosedByPeer)}).error.detail(), u"locked"_s);
    const Judgement refused =
        of({.http = {.status = 429}, .error = Error(ErrorCode::UpgradeRejected, u"x"_s).withRetryAfter(5s)});
    QCOMPARE(refused.error.code(), ErrorCode::RateLimited);
    QCOMPARE(refused.error.httpStatus(), 429);
    QCOMPARE(refused.error.retryAfter(), std::optional<Duration>(5s));
    QCOMPARE(refused.decision.after, Duration(5s));
    QVERIFY(of({.closeCode = 1001}).isPlanned() && of({.closeCode = 1012}).isPlanned() && !of({.closeCode = 1006}).isPlanned());
}

WATCHWORD_TEST_MAIN(TestJudgement)
#include "tst_judgement.moc"
