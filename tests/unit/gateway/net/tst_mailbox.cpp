// SPDX-License-Identifier: Apache-2.0
#include "net/mailbox.h"
#include "support/testmain.h"

#include <condition_variable>
#include <string>
#include <thread>

using namespace Watchword::Gateway::Net;

class TestMailbox : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void wakesOnceForEachRun();
    void refusesWhatDoesNotFit();
    void manyProducersLoseNothing();
};

void TestMailbox::wakesOnceForEachRun()
{
    int wakes = 0;
    Mailbox<int> mailbox(100, [&wakes] { ++wakes; });
    std::vector<int> batch{1, 2};
    QVERIFY(mailbox.put(batch, 2));
    QVERIFY(batch.empty());
    batch = {3};
    QVERIFY(mailbox.put(batch, 1));
    QCOMPARE(wakes, 1);
    std::vector<int> taken;
    mailbox.take(taken);
    QCOMPARE(taken, (std::vector<int>{1, 2, 3}));
    mailbox.take(taken);
    QVERIFY(taken.empty());
    batch = {4};
    QVERIFY(mailbox.put(batch, 1));
    QCOMPARE(wakes, 2);
}

void TestMailbox::refusesWhatDoesNotFit()
{
    int rooms = 0;
    Mailbox<std::string> mailbox(
        10, [] {}, [&rooms] { ++rooms; });
    std::vector<std::string> huge{"larger than the mailbox"};
    QVERIFY(mailbox.put(huge, 23)); // else it could never come through
    std::vector<std::string> next{"x"};
    QVERIFY(!mailbox.put(next, 1));
    QVERIFY(!mailbox.put(next, 1));
    QCOMPARE(next.size(), std::size_t(1));
    QCOMPARE(mailbox.refusals(), std::size_t(2));
    std::vector<std::string> taken;
    mailbox.take(taken);
    QCOMPARE(rooms, 1);
    QVERIFY(mailbox.put(next, 1));
    QCOMPARE(mailbox.weight(), std::size_t(1));
    mailbox.take(taken);
    QCOMPARE(taken, std::vector<std::string>{"x"});
    QCOMPARE(rooms, 1);
}

void TestMailbox::manyProducersLoseNothing()
{
    constexpr int kEach = 50'000;
    std::mutex mutex;
    std::condition_variable changed;
    bool isWoken = false;
    bool hasRoom = false;
    const auto signal = [&](bool &flag) {
        const std::lock_guard lock(mutex);
        flag = true;
        changed.notify_all();
    };
    Mailbox<std::pair<int, int>> mailbox(
        64, [&] { signal(isWoken); }, [&] { signal(hasRoom); });
    std::vector<std::thread> producers;
    for (int producer = 0; producer < 4; ++producer) {
        producers.emplace_back([&, producer] {
            std::vector<std::pair<int, int>> batch;
            for (int i = 0; i < kEach; ++i) {
                batch.emplace_back(producer, i);
                if (batch.size() < 7 && i + 1 < kEach)
                    continue;
                while (!mailbox.put(batch, batch.size())) {
                    std::unique_lock lock(mutex);
                    changed.wait(lock, [&] { return hasRoom; });
                    hasRoom = false;
                    changed.notify_all(); // the next in the queue tries as well
                }
            }
        });
    }
    int next[4] = {};
    int total = 0;
    bool isOrdered = true;
    std::vector<std::pair<int, int>> taken;
    while (total < 4 * kEach) {
        {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return isWoken; });
            isWoken = false;
        }
        mailbox.take(taken);
        for (const auto &[producer, number] : taken)
            isOrdered = isOrdered && number == next[producer]++;
        total += int(taken.size());
        signal(hasRoom); // one flag for all of them
    }
    for (std::thread &producer : producers)
        producer.join();
    QVERIFY(isOrdered);
    QCOMPARE(total, 4 * kEach);
}

WATCHWORD_TEST_MAIN(TestMailbox)
#include "tst_mailbox.moc"
