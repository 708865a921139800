// SPDX-License-Identifier: Apache-2.0
// Sleep, stopped processes, set clocks, and networks that come and go.
#include "machine/wakedetector.h"
#include "machinebench.h"
#include "support/testmain.h"

using namespace MachineTest;

class TestMachineLiveness : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void wakeProbes();
    void wakeRenewsFirst();
    void wakeWhileWaiting();
    void networkLossPauses();
    void networkHasToBeBackOnlyForHope();
    void newNetworkProbes();
    void newNetworkDuringAnAttempt();
    void flappingNetworkStaysInTheBudget();
    void retryAfterOutlivesTheNetwork();
    void detector_data();
    void detector();
};

void TestMachineLiveness::wakeProbes()
{
    Bench bench;
    bench.up();
    QCOMPARE(bench.step(M::Woke{}), QStringList{u"SendPing 1 1"_s});
    QCOMPARE(bench.after(2'999ms), QStringList());
    QCOMPARE(bench.after(1ms).first(), u"DropTransport 1 4000"_s);
    QVERIFY(bench.is("Waiting"));
    // An answer, and the link lives on.
    bench.up();
    bench.step(M::Woke{});
    bench.step(M::Pong{bench.id(), 1});
    QVERIFY(bench.after(3s).isEmpty());
    QVERIFY(bench.is("Up"));
}

// The time of the token passed in the sleep: what is said first is the new one.
void TestMachineLiveness::wakeRenewsFirst()
{
    for (const bool byTick : {false, true}) {
        Bench bench;
        bench.up(true, u"aaaa"_s, 10min);
        bench.now += 1h;
        const QStringList log = bench.step(byTick ? M::Event(M::Tick{}) : M::Event(M::Woke{}));
        QCOMPARE(log, QStringList{u"RequestToken 1 Renew -"_s});
        QCOMPARE(bench.token(u"bbbb"_s), QStringList{u"SendRenewal 1"_s});
        QCOMPARE(bench.after(3s), QStringList{u"SendPing 1 1"_s}); // no answer to it: is anybody there?
        QCOMPARE(bench.after(10s).first(), u"DropTransport 1 4000"_s);
    }
}

void TestMachineLiveness::wakeWhileWaiting()
{
    Bench bench;
    bench.bring(u"Opening"_s);
    bench.end(404, 0);
    QCOMPARE(bench.step(M::Woke{}), QStringList{u"ReportWait 1 NotFound until 1001750"_s});
    QCOMPARE(bench.step(M::Woke{}), QStringList()); // is soon enough
    QCOMPARE(bench.after(1'750ms), QStringList{u"RequestToken 2 Connect -"_s});
}

void TestMachineLiveness::networkLossPauses()
{
    Bench bench;
    bench.bring(u"Waiting"_s);
    QCOMPARE(bench.step(M::NetworkDown{}), QStringList{u"ReportWait 1 TemporarilyUnavailable until 1120000"_s});
    QCOMPARE(bench.step(M::NetworkDown{}), QStringList());
    QCOMPARE(bench.step(M::NetworkUp{}), QStringList{u"ReportWait 1 TemporarilyUnavailable until 1000500"_s}); // as before
    // A failure while there is none does not start the fast track either.
    bench.step(M::NetworkDown{});
    bench.untilDeadline();
    bench.token(u"aaaa"_s);
    bench.end(0, 0, Error(ErrorCode::Offline));
    QCOMPARE(*bench.machine.deadline() - bench.now, Duration(120s));
}

// It is a hint: with a backend that is wrong the client still gets through, and a person at once.
void TestMachineLiveness::networkHasToBeBackOnlyForHope()
{
    Bench bench;
    bench.step(M::NetworkDown{});
    QCOMPARE(bench.step(M::Open{}), QStringList{u"RequestToken 1 Connect -"_s});
    bench.token(u"aaaa"_s);
    bench.end(0, 0, Error(ErrorCode::Offline));
    QCOMPARE(bench.step(M::RetryNow{}), QStringList{u"RequestToken 2 Connect -"_s});
    bench.token(u"aaaa"_s);
    bench.step(M::Upgraded{2, false});
    QVERIFY(bench.is("Up"));
    QCOMPARE(bench.step(M::NetworkDown{}), QStringList()); // and a live link is not cut
}

void TestMachineLiveness::newNetworkProbes()
{
    Bench bench;
    bench.up();
    QCOMPARE(bench.step(M::NetworkUp{}), QStringList{u"SendPing 1 1"_s});
    QCOMPARE(bench.step(M::NetworkUp{}), QStringList()); // one question is enough
    QCOMPARE(bench.after(3s).first(), u"DropTransport 1 4000"_s);
}

void TestMachineLiveness::newNetworkDuringAnAttempt()
{
    Bench bench(true, [](ConnectionOptions &o) { o.budgetAttempts = 100; });
    bench.bring(u"Opening"_s);
    for (int i = 0; i < 9; ++i) {
        bench.end(0, 0, Error(ErrorCode::Offline));
        bench.untilDeadline();
        bench.token(u"aaaa"_s);
    }
    bench.step(M::NetworkUp{});
    bench.end(0, 0, Error(ErrorCode::Offline));
    QVERIFY(*bench.machine.deadline() - bench.now <= 1'750ms);
    bench.untilDeadline();
    bench.token(u"aaaa"_s);
    bench.end(0, 0, Error(ErrorCode::Offline));
    QVERIFY(*bench.machine.deadline() - bench.now > 5s);
}

// Neither does it try more often than it may, nor does the coming and going keep it from trying.
void TestMachineLiveness::flappingNetworkStaysInTheBudget()
{
    Bench bench(false);
    int starts = 0;
    const auto run = [&](const M::Event &event) {
        for (const QString &line : bench.step(event))
            starts += line.startsWith("StartTransport"_L1) ? 1 : 0;
    };
    run(M::Open{});
    for (int i = 0; i < 600; ++i) { // ten minutes
        run(M::NetworkDown{});
        run(M::NetworkUp{});
        run(M::Woke{});
        run(M::Ended{bench.id(), {.error = Error(ErrorCode::Offline)}});
        bench.now += 1s;
        run(M::Tick{});
    }
    QVERIFY2(starts >= 50 && starts <= 101, qPrintable(QString::number(starts)));
}

void TestMachineLiveness::retryAfterOutlivesTheNetwork()
{
    Bench bench;
    bench.bring(u"Opening"_s);
    bench.end(503, 0, Error(ErrorCode::TemporarilyUnavailable).withRetryAfter(60s));
    QCOMPARE(bench.step(M::NetworkUp{}), QStringList{u"ReportWait 1 TemporarilyUnavailable until 1060000"_s});
    QCOMPARE(bench.step(M::Woke{}), QStringList());
}

void TestMachineLiveness::detector_data()
{
    QTest::addColumn<Duration>("boot"); //!< That passed since the last look, by each clock.
    QTest::addColumn<Duration>("wall");
    QTest::addColumn<Duration>("awake");
    QTest::addColumn<bool>("woke");
    QTest::newRow("quiet") << Duration(5s) << Duration(5s) << Duration(5s) << false;
    QTest::newRow("a busy machine") << Duration(14s) << Duration(14s) << Duration(14s) << false;
    QTest::newRow("stopped") << Duration(16s) << Duration(16s) << Duration(16s) << true;
    QTest::newRow("slept") << Duration(12s) << Duration(12s) << Duration(5s) << true;
    QTest::newRow("slept for a night") << Duration(8h) << Duration(8h) << Duration(5s) << true;
    QTest::newRow("clock set forward") << Duration(5s) << Duration(11s) << Duration(5s) << true;
    QTest::newRow("clock set back") << Duration(5s) << Duration(-1h) << Duration(5s) << true;
    QTest::newRow("clock corrected a little") << Duration(5s) << Duration(7s) << Duration(5s) << false;
}

void TestMachineLiveness::detector()
{
    QFETCH(Duration, boot);
    QFETCH(Duration, wall);
    QFETCH(Duration, awake);
    WakeDetector detector;
    const Instant boot0 = kStart;
    const WallTime wall0 = wallTimeFromSeconds(1'700'000'000);
    const WakeDetector::Awake awake0{1h};
    QVERIFY(!detector.look(boot0, wall0, awake0, 5s));
    QFETCH(bool, woke);
    QCOMPARE(detector.look(boot0 + boot, wall0 + wall, awake0 + awake, 5s), woke);
    QVERIFY(!detector.look(boot0 + boot + 5s, wall0 + wall + 5s, awake0 + awake + 5s, 5s)); // once
    detector.start();
    QVERIFY(!detector.look(boot0 + 9h, wall0, awake0, 5s));
}

WATCHWORD_TEST_MAIN(TestMachineLiveness)
#include "tst_machineliveness.moc"
