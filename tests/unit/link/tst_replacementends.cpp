// SPDX-License-Identifier: Apache-2.0
#include "machinebench.h"
#include "support/testmain.h"

using namespace MachineTest;

/*! While one connection replaces another either may end, at any moment. */
class TestReplacementEnds : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void lostWhileTheNextOneOpens_data();
    void lostWhileTheNextOneOpens();
    void lostForGood();
    void lostBecauseItWasReplaced();
    void lostWithTheSameToken();
    void deadPeerWhileTheNextOneOpens();
    void nextOneDiesBeforeTheSwap();
    void drainEnds_data();
    void drainEnds();
    void lostDuringTheDrain();
    void neverThree();
    void closeAndRevocation_data();
    void closeAndRevocation();
    void swapCountsAsStable();
    void wakeDuringAReplacement();
    void earlyFarewell();
};

void TestReplacementEnds::lostWhileTheNextOneOpens_data()
{
    QTest::addColumn<QString>("step");
    QTest::addColumn<QString>("state");
    QTest::addColumn<QStringList>("log");
    const QStringList promoted{u"ReportError ConnectionLost"_s, u"PromoteReplacement 1 2"_s};
    QTest::newRow("scheduled") << u"Scheduled"_s << u"Waiting"_s
                               << QStringList{u"ReportError ConnectionLost"_s, u"ReportWait 1 ConnectionLost until 1000500"_s};
    QTest::newRow("token asked") << u"TokenAsked"_s << u"AwaitingToken"_s << promoted;
    QTest::newRow("opening") << u"Opening"_s << u"Opening"_s << promoted;
    QTest::newRow("awaiting hello") << u"AwaitingHello"_s << u"AwaitingHello"_s << promoted;
}

void TestReplacementEnds::lostWhileTheNextOneOpens()
{
    QFETCH(QString, step);
    QFETCH(QString, state);
    QFETCH(QStringList, log);
    Bench bench(true, [](ConnectionOptions &o) { o.budgetAttempts = 2; });
    bench.bringReplacement(step);
    const Instant deadline = bench.upState().replacement()->deadline();
    QCOMPARE(bench.endOf(1, 0, 1006), log);
    QCOMPARE(stateName(bench.machine.state()), state);
    if (step == "Scheduled"_L1)
        return;
    QCOMPARE(bench.machine.failures(), 1);
    QCOMPARE(bench.machine.deadline(), std::optional(deadline)); // its time goes on
    QCOMPARE(bench.id(), M::AttemptId(2));
    QCOMPARE(bench.machine.replacementId(), M::AttemptId(0));
    if (step == "TokenAsked"_L1)
        QCOMPARE(bench.token(u"bbbb"_s), QStringList{u"StartTransport 2"_s}); // within a budget of two
    if (!bench.is("AwaitingHello"))
        QCOMPARE(bench.step(M::Upgraded{2, true}), QStringList());
    QCOMPARE(bench.step(bench.hello()).first(), u"BecomeReady 2"_s);
    // If it fails too, both failures count.
    Bench unlucky;
    unlucky.bringReplacement(step);
    unlucky.endOf(1, 0, 1006);
    if (unlucky.is("AwaitingToken"))
        unlucky.token(u"bbbb"_s);
    unlucky.end(0, 1006);
    QCOMPARE(unlucky.machine.failures(), 2);
    QCOMPARE(*unlucky.machine.deadline(), unlucky.now + 1s);
}

void TestReplacementEnds::lostForGood()
{
    for (const char *step : {"TokenAsked", "Opening", "AwaitingHello"}) {
        Bench bench;
        bench.bringReplacement(QString::fromLatin1(step));
        QCOMPARE(bench.endOf(1, 0, 4403, Error(ErrorCode::ClosedByPeer)),
                 QStringList({u"ReportError Forbidden"_s, u"AbandonReplacement 2 0"_s, u"ReportClosed 1 Forbidden"_s}));
        QVERIFY(bench.is("Idle"));
    }
}

void TestReplacementEnds::lostBecauseItWasReplaced()
{
    Bench bench;
    bench.bringReplacement(u"AwaitingHello"_s);
    QCOMPARE(bench.endOf(1, 0, 4409, Error(ErrorCode::ClosedByPeer)).last(), u"PromoteReplacement 1 2"_s);
    QVERIFY(bench.is("AwaitingHello"));
    // Before the server can know of the other one it was somebody else.
    Bench early;
    early.bringReplacement(u"TokenAsked"_s);
    early.endOf(1, 0, 4409, Error(ErrorCode::ClosedByPeer));
    QVERIFY(early.is("Idle"));
}

// What ends this connection for its token would end the next one with the same token as well.
void TestReplacementEnds::lostWithTheSameToken()
{
    for (const bool same : {true, false}) {
        Bench bench;
        bench.up();
        bench.step(M::Replace{});
        bench.tokenOf(2, same ? u"aaaa"_s : u"bbbb"_s);
        const QStringList log = bench.endOf(1, 0, 4401, Error(ErrorCode::ClosedByPeer));
        if (same)
            QCOMPARE(log.mid(1), QStringList({u"AbandonReplacement 2 0"_s, u"RequestToken 3 Rejected aaaa"_s}));
        else
            QCOMPARE(log.mid(1), QStringList{u"PromoteReplacement 1 2"_s});
    }
    Bench unknown;
    unknown.bringReplacement(u"TokenAsked"_s);
    QCOMPARE(unknown.endOf(1, 0, 4401, Error(ErrorCode::ClosedByPeer)).last(), u"RequestToken 3 Rejected aaaa"_s);
}

void TestReplacementEnds::deadPeerWhileTheNextOneOpens()
{
    Bench bench(true, [](ConnectionOptions &o) { o.connectTimeout = 1min; });
    bench.bringReplacement(u"Opening"_s);
    bench.step(M::Probe{});
    QCOMPARE(bench.after(3s), QStringList({u"DropTransport 1 4000"_s, u"ReportError Timeout"_s, u"PromoteReplacement 1 2"_s}));
    QVERIFY(bench.is("Opening"));
}

void TestReplacementEnds::nextOneDiesBeforeTheSwap()
{
    Bench bench;
    bench.bringReplacement(u"AwaitingHello"_s);
    QCOMPARE(bench.endOf(2, 0, 1006), QStringList{u"ReportReplacement 2 ConnectionLost until 1000500"_s});
    QCOMPARE(bench.step(bench.helloOf(2)), QStringList()); // a late one
    QVERIFY(bench.is("Up+Scheduled"));
    QVERIFY(!bench.machine.isAlive(2));
    bench.after(500ms);
    bench.tokenOf(3, u"bbbb"_s);
    QCOMPARE(bench.step(M::Upgraded{3, false}).first(), u"SwapTransport 1 3"_s);
}

void TestReplacementEnds::drainEnds_data()
{
    QTest::addColumn<QString>("how");
    for (const char *how : {"answered", "ended", "time", "quiet", "never quiet"})
        QTest::newRow(how) << QString::fromLatin1(how);
}

void TestReplacementEnds::drainEnds()
{
    QFETCH(QString, how);
    Bench bench;
    bench.bringReplacement(u"Draining"_s);
    const QStringList end{u"EndDrain 1"_s};
    if (how == "answered"_L1) {
        QCOMPARE(bench.step(M::Drained{1}), end);
    } else if (how == "ended"_L1) {
        QCOMPARE(bench.endOf(1, 0, 4403), end); // whatever it says
    } else if (how == "time"_L1) {
        QCOMPARE(bench.after(1999ms), QStringList());
        QCOMPARE(bench.after(1ms), end);
    } else if (how == "quiet"_L1) {
        QCOMPARE(bench.step(M::Drained{1, 500ms}), QStringList());
        QCOMPARE(bench.after(400ms, M::Drained{1, 500ms}), QStringList());
        QCOMPARE(bench.after(499ms), QStringList());
        QCOMPARE(bench.after(1ms), end);
    } else {
        for (int i = 0; i < 19; ++i)
            QCOMPARE(bench.after(100ms, M::Drained{1, 500ms}), QStringList());
        QCOMPARE(bench.after(100ms), end);
    }
    QVERIFY(bench.is("Up"));
    QVERIFY(!bench.machine.isAlive(1));
    QCOMPARE(bench.step(M::Drained{1}), QStringList()); // twice
    QCOMPARE(bench.endOf(1, 0, 1006), QStringList());
}

void TestReplacementEnds::lostDuringTheDrain()
{
    Bench bench;
    bench.bringReplacement(u"Draining"_s);
    QCOMPARE(bench.endOf(2, 0, 1006),
             QStringList({u"EndDrain 1"_s, u"ReportError ConnectionLost"_s, u"ReportWait 2 ConnectionLost until 1000500"_s}));
    QVERIFY(!bench.machine.isAlive(1));
}

void TestReplacementEnds::neverThree()
{
    Bench bench;
    bench.bringReplacement(u"Draining"_s);
    QCOMPARE(bench.step(M::Replace{}), QStringList());
    QVERIFY(bench.is("Up+Draining+Scheduled"));
    QCOMPARE(bench.after(1s, M::EndAnnounced{2, 1s, u"drain"_s}), QStringList());
    QCOMPARE(bench.after(1s), QStringList({u"EndDrain 1"_s, u"RequestToken 3 Connect -"_s}));
}

void TestReplacementEnds::closeAndRevocation_data()
{
    QTest::addColumn<QString>("step");
    QTest::addColumn<QString>("beside"); // what happens to the other transport first
    QTest::newRow("scheduled") << u"Scheduled"_s << QString();
    QTest::newRow("token asked") << u"TokenAsked"_s << u"AbandonReplacement 2"_s;
    QTest::newRow("opening") << u"Opening"_s << u"AbandonReplacement 2"_s;
    QTest::newRow("awaiting hello") << u"AwaitingHello"_s << u"AbandonReplacement 2"_s;
    QTest::newRow("draining") << u"Draining"_s << u"EndDrain 1"_s;
}

void TestReplacementEnds::closeAndRevocation()
{
    QFETCH(QString, step);
    QFETCH(QString, beside);
    for (const bool revoked : {false, true}) {
        Bench bench;
        bench.bringReplacement(step);
        const QString id = QString::number(bench.id());
        QStringList expected;
        if (!beside.isEmpty())
            expected.append(beside.startsWith("End"_L1) ? beside : beside + (revoked ? u" 1000"_s : u" 0"_s));
        if (revoked)
            expected += {u"DropTransport %1 1000"_s.arg(id), u"ReportClosed %1 SignedOut"_s.arg(id)};
        else
            expected.append(u"CloseTransport %1 1000"_s.arg(id));
        QCOMPARE(revoked ? bench.step(M::TokenRevoked{}) : bench.step(M::Close{}), expected);
        QVERIFY(bench.is(revoked ? "Idle" : "Closing"));
        QVERIFY(!bench.machine.isAlive(step == "Draining"_L1 ? 1 : 2));
    }
}

void TestReplacementEnds::swapCountsAsStable()
{
    Bench bench;
    for (int i = 0; i < 3; ++i) {
        bench.up();
        bench.now += 1s;
        bench.end(0, 1006);
    }
    bench.up();
    QCOMPARE(bench.machine.failures(), 3);
    bench.now += 10s; // stable
    bench.step(M::Replace{});
    const M::AttemptId next = bench.machine.replacementId();
    bench.tokenOf(next, u"bbbb"_s);
    bench.step(M::Upgraded{next, false});
    QCOMPARE(bench.machine.failures(), 0);
    bench.end(0, 1006);
    QCOMPARE(bench.machine.failures(), 1);
}

void TestReplacementEnds::wakeDuringAReplacement()
{
    Bench bench;
    bench.bringReplacement(u"Opening"_s);
    // Its time passed in the sleep; the connection in use is asked for a sign of life.
    const QStringList log = bench.after(1h);
    QCOMPARE(log.filter(u"Request"_s), QStringList{u"RequestToken 1 Renew -"_s}); // the token's time passed as well
    QCOMPARE(log.mid(1), QStringList({u"DropTransport 2 0"_s, u"ReportReplacement 2 Timeout until 4600500"_s}));
    QCOMPARE(bench.after(3s).filter(u"SendPing"_s), QStringList{u"SendPing 1 1"_s});
}

void TestReplacementEnds::earlyFarewell()
{
    Bench bench;
    bench.bringReplacement(u"AwaitingHello"_s);
    bench.step(M::Farewell{2, 4429, std::nullopt, 40s});
    bench.endOf(2, 0, 4429, Error(ErrorCode::ClosedByPeer));
    QCOMPARE(bench.upState().replacement()->deadline(), bench.now + 44s);
}

WATCHWORD_TEST_MAIN(TestReplacementEnds)
#include "tst_replacementends.moc"
