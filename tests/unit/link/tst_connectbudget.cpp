// SPDX-License-Identifier: Apache-2.0
// The budget of connection attempts: alone, shared by machines, and from many threads at once.
#include "machinebench.h"
#include "support/testmain.h"

#include <QUrl>

#include <atomic>
#include <thread>
#include <vector>

using namespace MachineTest;

class TestConnectBudget : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void slidingWindow();
    void eachAsksWithItsOwnLimit();
    void serversAreApart();
    void memoryIsBounded();
    void manyThreads();
    void machinesShareIt();
    void noPathPassesBy_data();
    void noPathPassesBy();
};

void TestConnectBudget::slidingWindow()
{
    ConnectBudget budget;
    const QString server = u"a.test:443"_s;
    Instant now = kStart;
    for (int i = 0; i < 3; ++i) {
        QCOMPARE(budget.allowedAt(server, 3, 60s, now), now);
        QVERIFY(budget.take(server, 3, 60s, now));
        now += 10s;
    }
    QCOMPARE(budget.allowedAt(server, 3, 60s, now), kStart + 60s);
    QVERIFY(!budget.take(server, 3, 60s, kStart + 60s - 1ms));
    QVERIFY(budget.take(server, 3, 60s, kStart + 60s));
    QCOMPARE(budget.allowedAt(server, 3, 60s, kStart + 60s), kStart + 70s);
    QVERIFY(!budget.take(server, 3, 60s, kStart + 60s)); // what was refused is not counted
    QVERIFY(budget.take(server, 3, 60s, kStart + 70s));
}

void TestConnectBudget::eachAsksWithItsOwnLimit()
{
    ConnectBudget budget;
    const QString server = u"a.test:443"_s;
    for (int i = 0; i < 5; ++i)
        QVERIFY(budget.take(server, 10, 60s, kStart));
    QVERIFY(!budget.take(server, 2, 60s, kStart));
    QCOMPARE(budget.allowedAt(server, 2, 60s, kStart), kStart + 60s);
    QCOMPARE(budget.allowedAt(server, 2, 10s, kStart + 11s), kStart + 11s); // a shorter window has forgotten them
    QVERIFY(budget.take(server, 6, 60s, kStart + 1s));
    QVERIFY(!budget.take(server, 0, 60s, kStart + 2s)); // treated as 1
}

void TestConnectBudget::serversAreApart()
{
    ConnectBudget budget;
    const auto name = [](const QString &url) { return ConnectBudget::serverOf(QUrl(url)); };
    QCOMPARE(name(u"wss://Example.COM/a?b"_s), u"example.com:443"_s);
    QCOMPARE(name(u"ws://127.0.0.1/"_s), u"127.0.0.1:80"_s);
    QVERIFY(budget.take(name(u"wss://example.com/a"_s), 1, 60s, kStart));
    QVERIFY(!budget.take(name(u"wss://EXAMPLE.com:443/b"_s), 1, 60s, kStart));
    QVERIFY(budget.take(name(u"wss://example.com:8443/a"_s), 1, 60s, kStart));
    QVERIFY(budget.take(name(u"wss://b.example.com/a"_s), 1, 60s, kStart));
}

// A limit beyond what is remembered must not turn into no limit.
void TestConnectBudget::memoryIsBounded()
{
    ConnectBudget budget;
    int taken = 0;
    for (int i = 0; i < 6000; ++i)
        taken += budget.take(u"a"_s, 4096, 1h, kStart) ? 1 : 0;
    QCOMPARE(taken, 4096);
    QVERIFY(!budget.take(u"a"_s, 4096, 1h, kStart + 59min));
    QVERIFY(budget.take(u"a"_s, 4096, 1h, kStart + 1h));
}

void TestConnectBudget::manyThreads()
{
    ConnectBudget budget;
    std::atomic<int> taken = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&budget, &taken, t] {
            for (int i = 0; i < 500; ++i) {
                const Instant now = kStart + Duration((i * 7 + t * 13) % 1000); // clocks are read in any order
                taken += budget.take(u"a"_s, 100, 60s, now) ? 1 : 0;
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    QCOMPARE(taken.load(), 100);
    QVERIFY(ConnectBudget::process() == ConnectBudget::process());
}

void TestConnectBudget::machinesShareIt()
{
    const auto budget = std::make_shared<ConnectBudget>();
    const auto change = [&budget](ConnectionOptions &o) {
        o.url = QUrl(u"wss://a.test/"_s);
        o.budget = budget;
        o.budgetAttempts = 3;
    };
    Bench first(true, change);
    Bench second(false, change);
    Bench third(true, change);
    first.up();
    second.step(M::Open{});
    QVERIFY(second.is("Opening"));
    // Two ask for their tokens while there is room for one: who is later waits, and says why.
    third.step(M::Open{});
    first.end(0, 4401, Error(ErrorCode::ClosedByPeer));
    QVERIFY(third.is("AwaitingToken") && first.is("AwaitingToken"));
    QCOMPARE(third.token(u"cccc"_s), QStringList{u"StartTransport 1"_s});
    QCOMPARE(first.token(u"bbbb"_s), QStringList{u"ReportWait 2 RateLimited until 1060000"_s});
    QCOMPARE(first.step(M::RetryNow{}), QStringList());
    first.now += 60s;
    QCOMPARE(first.step(M::Tick{}), QStringList{u"RequestToken 3 Connect aaaa"_s});
}

void TestConnectBudget::noPathPassesBy_data()
{
    QTest::addColumn<bool>("byServer");
    QTest::newRow("own limit") << false;
    QTest::newRow("the server's limit") << true;
}

// Everything that can lead to an attempt, in turn, for hours: never more than the limit in any minute.
void TestConnectBudget::noPathPassesBy()
{
    QFETCH(bool, byServer);
    Bench bench(true, [byServer](ConnectionOptions &o) { o.budgetAttempts = byServer ? 50 : 4; });
    std::vector<Instant> starts;
    const auto run = [&](const M::Event &event) {
        const QStringList log = bench.step(event);
        for (const QString &line : log) {
            if (line.startsWith("StartTransport"_L1))
                starts.push_back(bench.now);
        }
        return log;
    };
    M::Hello limited = bench.hello();
    limited.policy.attemptsPerMinute = 4;
    int turns = 0;
    for (; turns < 4000; ++turns) {
        run(M::Open{});
        run(M::RetryNow{});
        run(M::TokenChanged{});
        run(M::Probe{});
        run(M::Tick{});
        run(M::TokenReady{bench.id(), u"t%1"_s.arg(turns), bench.now + 1h});
        if (bench.is("Opening")) {
            run(M::Upgraded{bench.id(), true});
            limited.id = bench.id();
            run(byServer ? limited : bench.hello());
            if (turns % 3 == 1)
                run(M::RenewalDue{bench.id()});
            bench.end(0, turns % 3 == 0 ? 4401 : 1006, Error(ErrorCode::ClosedByPeer));
        }
        bench.now += 1s;
    }
    QVERIFY(starts.size() > 200);
    size_t from = byServer ? 50 : 0; // before the first hello the client's own limit holds
    for (; from + 4 < starts.size(); ++from)
        QVERIFY2(starts[from + 4] - starts[from] >= 60s, qPrintable(QString::number(from)));
}

WATCHWORD_TEST_MAIN(TestConnectBudget)
#include "tst_connectbudget.moc"
