// SPDX-License-Identifier: Apache-2.0
// What the server may change of the client's patience, and that the tracks of failures are apart.
#include "machinebench.h"
#include "support/testmain.h"

using namespace MachineTest;

class TestMachineRules : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void serverMakesRowsStricter();
    void serverCannotLoosen();
    void serverRulesEnd();
    void rowsHaveTheirOwnWait();
    void tracksAreApart();
    void appChangesNetworkErrors();
    void nonceIsNoFailureOnce();
    void nonceKeepsToTheBudget();
    void refusedProofIsNoRefusedToken();

private:
    static void up(Bench &bench, const PolicyChanges &policy)
    {
        bench.step(M::Open{});
        if (bench.is("Waiting"))
            bench.untilDeadline();
        bench.token(u"aaaa"_s);
        bench.step(M::Upgraded{bench.id(), true});
        M::Hello hello = bench.hello();
        hello.policy = policy;
        bench.step(hello);
    }
};

void TestMachineRules::serverMakesRowsStricter()
{
    Bench bench;
    PolicyChanges policy;
    policy.closeCodes = {{1006, {RetryAction::RetrySlowly, 0ms}}, {1012, {{}, 40s}}, {4444, {RetryAction::Stop, 0ms}}};
    policy.statuses = {{503, {{}, 90s}}};
    policy.backoffBase = 8s;
    policy.backoffCap = 60s;
    up(bench, policy);
    QVERIFY(bench.is("Up"));
    bench.end(0, 1006);
    QVERIFY(*bench.machine.deadline() - bench.now >= 120s);
    up(bench, policy);
    bench.end(0, 1012);
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(44s)); // plus half of 20 %
    bench.untilDeadline();
    bench.token(u"aaaa"_s);
    bench.end(503, 0); // the rules hold through the whole outage
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(99s));
    bench.untilDeadline();
    bench.token(u"aaaa"_s);
    bench.end(502, 0);
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(60s)); // slow tier: half of 120 s
    up(bench, policy);
    QCOMPARE(bench.end(0, 4444, Error(ErrorCode::ClosedByPeer)).last().section(u' ', 0, 0), u"ReportClosed"_s);
}

void TestMachineRules::serverCannotLoosen()
{
    Bench bench;
    PolicyChanges policy;
    policy.closeCodes = {{1008, {RetryAction::Retry, 0ms}}, {4410, {RetryAction::Stop, 0ms}}};
    policy.statuses = {{401, {RetryAction::Retry, 0ms}}, {403, {RetryAction::Retry, 0ms}}, {404, {RetryAction::Retry, 0ms}}};
    policy.backoffBase = 100ms;
    policy.backoffCap = 1s;
    policy.attemptsPerMinute = 600;
    for (const int code : {1008, 4410}) {
        up(bench, policy);
        QVERIFY(bench.end(0, code, Error(ErrorCode::ClosedByPeer)).last().startsWith("ReportClosed"_L1));
    }
    up(bench, policy);
    bench.end(0, 1006);
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(500ms)); // the client's own base
    bench.untilDeadline();
    bench.token(u"aaaa"_s);
    bench.end(404, 0);
    QVERIFY(*bench.machine.deadline() - bench.now >= 120s);
    bench.untilDeadline();
    bench.token(u"aaaa"_s);
    QVERIFY(bench.end(401, 0).last().startsWith("RequestToken"_L1));
    bench.token(u"bbbb"_s);
    QVERIFY(bench.end(403, 0).last().startsWith("ReportClosed"_L1));
}

// A next hello without a policy takes it back, and so does the end of the connection.
void TestMachineRules::serverRulesEnd()
{
    Bench bench;
    PolicyChanges policy;
    policy.closeCodes = {{1006, {{}, 90s}}};
    up(bench, policy);
    bench.end(0, 1006);
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(99s));
    up(bench, {});
    bench.now += 11s;
    bench.end(0, 1006);
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(500ms));
    bench.step(M::Close{});
    up(bench, policy);
    bench.step(M::Close{});
    bench.end(0, 1000);
    QVERIFY(bench.is("Idle"));
    bench.step(M::Open{});
    bench.token(u"aaaa"_s);
    bench.end(0, 1006);
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(500ms));
}

void TestMachineRules::rowsHaveTheirOwnWait()
{
    Bench bench(true, [](ConnectionOptions &o) {
        o.closePolicy.setHttpStatus(418, RetryAction::Retry, ErrorCode::RateLimited, 20s);
        o.closePolicy.setCloseCode(4555, RetryAction::RefreshThenRetry, ErrorCode::Unauthorized, 10s);
    });
    bench.bring(u"Opening"_s);
    bench.end(418, 0);
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(22s));
    bench.up();
    const QStringList log = bench.end(0, 4555, Error(ErrorCode::ClosedByPeer));
    QVERIFY(log.last().startsWith("ReportWait"_L1));
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(11s));
    QCOMPARE(bench.untilDeadline().last(), u"RequestToken 3 Rejected aaaa"_s);
}

// An issuer that is down for long does not make the server's backoff long, nor the other way round.
void TestMachineRules::tracksAreApart()
{
    Bench bench;
    bench.step(M::Open{});
    for (int i = 0; i < 8; ++i) {
        bench.step(M::TokenFailed{bench.id(), Error(ErrorCode::TemporarilyUnavailable)});
        bench.untilDeadline();
    }
    QCOMPARE(bench.machine.failures(), 8);
    bench.token(u"aaaa"_s);
    bench.end(0, 0, Error(ErrorCode::ConnectionRefused));
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(500ms));
    for (int i = 0; i < 5; ++i) {
        bench.untilDeadline();
        bench.token(u"aaaa"_s);
        bench.end(0, 0, Error(ErrorCode::ConnectionRefused));
    }
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(10s));
    bench.untilDeadline();
    bench.step(M::TokenFailed{bench.id(), Error(ErrorCode::TemporarilyUnavailable)});
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(500ms));
}

void TestMachineRules::appChangesNetworkErrors()
{
    Bench bench(true, [](ConnectionOptions &o) {
        o.closePolicy.setNetworkError(ErrorCode::TlsFailed, RetryAction::Stop);
        o.closePolicy.setNetworkError(ErrorCode::ConnectionRefused, RetryAction::Retry, 30s);
    });
    bench.bring(u"Opening"_s);
    bench.end(0, 0, Error(ErrorCode::ConnectionRefused));
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(33s));
    bench.untilDeadline();
    bench.token(u"aaaa"_s);
    QCOMPARE(bench.end(0, 0, Error(ErrorCode::TlsFailed)).last(), u"ReportClosed 2 TlsFailed"_s);
}

// RFC 9449 section 9: the answer that gives the nonce is part of the way in.
void TestMachineRules::nonceIsNoFailureOnce()
{
    Bench bench;
    const auto wantsNonce = [&bench](bool isNew) {
        TransportEnd end;
        end.http.status = 401;
        end.nonceGiven = isNew;
        end.error = Error(ErrorCode::WrongNonce);
        return bench.step(M::Ended{bench.id(), end});
    };
    bench.bring(u"Opening"_s);
    QCOMPARE(wantsNonce(true), QStringList({u"RequestToken 2 Connect -"_s})); // the same token, at once, nothing reported
    QCOMPARE(bench.machine.failures(), 0);
    bench.token(u"aaaa"_s);
    QCOMPARE(wantsNonce(true), QStringList({u"ReportError WrongNonce"_s, u"ReportWait 2 WrongNonce until 1000500"_s}));
    QCOMPARE(bench.machine.failures(), 1);
    bench.untilDeadline();
    bench.token(u"aaaa"_s);
    QCOMPARE(wantsNonce(true).first(), u"ReportError WrongNonce"_s); // still in a row
    QCOMPARE(bench.machine.failures(), 2);
    bench.up();
    bench.end(0, 1006);
    bench.untilDeadline();
    bench.token(u"aaaa"_s);
    const QStringList afterConnection = wantsNonce(true);
    QCOMPARE(afterConnection, QStringList({u"RequestToken %1 Connect -"_s.arg(bench.id())}));
    bench.token(u"aaaa"_s);
    bench.end(503, 0);
    bench.untilDeadline();
    bench.token(u"aaaa"_s);
    QCOMPARE(wantsNonce(false).first(), u"ReportError WrongNonce"_s); // a server that says so and gives none
}

void TestMachineRules::nonceKeepsToTheBudget()
{
    Bench bench(true, [](ConnectionOptions &o) { o.budgetAttempts = 1; });
    bench.bring(u"Opening"_s);
    TransportEnd end;
    end.http.status = 401;
    end.nonceGiven = true;
    end.error = Error(ErrorCode::WrongNonce);
    QCOMPARE(bench.step(M::Ended{bench.id(), end}), QStringList({u"ReportWait 1 RateLimited until 1060000"_s}));
}

void TestMachineRules::refusedProofIsNoRefusedToken()
{
    Bench bench;
    bench.bring(u"Opening"_s);
    TransportEnd end;
    end.http.status = 401;
    end.error = Error(ErrorCode::InvalidRequest);
    for (int i = 0; i < 5; ++i) {
        QCOMPARE(bench.step(M::Ended{bench.id(), end}).first(), u"ReportError InvalidRequest"_s);
        QVERIFY(bench.is("Waiting"));
        QVERIFY(bench.untilDeadline().last().endsWith(" Connect -"_L1)); // the token is asked for as ever
        QCOMPARE(bench.token(u"aaaa"_s).size(), 1);
    }
}

WATCHWORD_TEST_MAIN(TestMachineRules)
#include "tst_machinerules.moc"
