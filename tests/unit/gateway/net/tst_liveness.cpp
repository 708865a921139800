// SPDX-License-Identifier: Apache-2.0
#include "net/heartbeat.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway::Net;
using namespace std::chrono_literals;

class TestLiveness : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void silentPeersAreGivenUp();
    void slowPeersAreNotGivenUp();
    void theNextLookIsNeitherEarlyNorLate();
};

void TestLiveness::silentPeersAreGivenUp()
{
    using Verdict = Liveness::Verdict;
    Liveness::Instant now{};
    Liveness liveness(now);
    QCOMPARE(liveness.look({}, 25s, now), Verdict::Ping);
    QCOMPARE(liveness.ping(), std::uint64_t(1));
    now += 3s;
    QVERIFY(!liveness.pongReceived(2, now)); // not ours
    QVERIFY(!liveness.roundTrip());
    QVERIFY(liveness.pongReceived(1, now));
    QVERIFY(!liveness.pongReceived(1, now)); // once
    QCOMPARE(liveness.roundTrip(), std::optional<Liveness::Duration>(3s));
    now += 21s;
    QCOMPARE(liveness.look({}, 25s, now), Verdict::Fine);
    now += 1s;
    QCOMPARE(liveness.look({}, 25s, now), Verdict::Ping);
    now += 15s;
    QCOMPARE(liveness.look({}, 25s, now), Verdict::Fine);
    now += 1s;
    QCOMPARE(liveness.look({.isReadPaused = true}, 25s, now), Verdict::Fine);
    QCOMPARE(liveness.look({}, 25s, now), Verdict::Gone);
}

void TestLiveness::slowPeersAreNotGivenUp()
{
    using Verdict = Liveness::Verdict;
    Liveness::Instant now{};
    Liveness liveness(now);
    QCOMPARE(liveness.look({}, 25s, now), Verdict::Ping);
    Liveness::Traffic traffic;
    for (int i = 1; i < 20; ++i) { // a long message in small pieces: no pong can come
        now += 14s;
        traffic.received = std::uint64_t(i);
        QCOMPARE(liveness.look(traffic, 25s, now), Verdict::Fine);
    }
    traffic.queued = 1000;
    for (int i = 0; i < 20; ++i) { // and the other way round
        now += 14s;
        traffic.queued -= 1;
        QCOMPARE(liveness.look(traffic, 25s, now), Verdict::Fine);
    }
    now += 16s;
    QCOMPARE(liveness.look(traffic, 25s, now), Verdict::Gone);
}

// Whoever looks only when there is something to see comes to the same verdicts as who looks all the time.
void TestLiveness::theNextLookIsNeitherEarlyNorLate()
{
    using Verdict = Liveness::Verdict;
    for (const Liveness::Duration heartbeat : {Liveness::Duration(1s), Liveness::Duration(25s), Liveness::Duration(600s)}) {
        Liveness::Instant now{};
        Liveness often(now);
        Liveness seldom(now);
        int pings = 0;
        for (int i = 0; i < 2'000'000 && pings < 20; i += 10, now += 10ms) {
            const Verdict verdict = often.look({}, heartbeat, now);
            if (now < seldom.nextLook(heartbeat)) {
                QVERIFY(verdict == Verdict::Fine);
                continue;
            }
            QCOMPARE(seldom.look({}, heartbeat, now), verdict);
            if (verdict != Verdict::Ping)
                continue;
            ++pings;
            QVERIFY(often.pongReceived(often.ping(), now));
            QVERIFY(seldom.pongReceived(seldom.ping(), now));
        }
        QCOMPARE(pings, heartbeat == 600s ? 4 : 20);
        QCOMPARE(seldom.look({}, heartbeat, seldom.nextLook(heartbeat)), Verdict::Ping);
        const Liveness::Instant last = seldom.nextLook(heartbeat);
        QCOMPARE(seldom.look({}, heartbeat, last - 1ms), Verdict::Fine);
        QCOMPARE(seldom.look({}, heartbeat, last), Verdict::Gone);
    }
}

WATCHWORD_TEST_MAIN(TestLiveness)
#include "tst_liveness.moc"
