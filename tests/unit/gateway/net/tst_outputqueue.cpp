// SPDX-License-Identifier: Apache-2.0
#include "net/outputqueue.h"
#include "support/testmain.h"

#include <random>
#include <vector>

using namespace Watchword::Gateway::Net;

class TestOutputQueue : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void bytesComeOutAsTheyWentIn();
    void frontStaysUntilItIsTaken();
    void emptyOwnsNothing();
};

void TestOutputQueue::bytesComeOutAsTheyWentIn()
{
    BufferPool pool;
    OutputQueue queue(pool);
    std::mt19937 random(3);
    std::vector<std::uint8_t> in;
    std::vector<std::uint8_t> out;
    for (int i = 0; i < 2000; ++i) {
        std::vector<std::uint8_t> part(random() % 3000);
        for (std::uint8_t &byte : part)
            byte = std::uint8_t(random());
        queue.append(part);
        in.insert(in.end(), part.begin(), part.end());
        const auto front = queue.front();
        const std::size_t count = front.empty() ? 0 : random() % (front.size() + 1);
        out.insert(out.end(), front.begin(), front.begin() + std::ptrdiff_t(count));
        queue.take(count);
        QCOMPARE(queue.size(), in.size() - out.size());
    }
    while (queue.size() > 0) {
        const auto front = queue.front();
        out.insert(out.end(), front.begin(), front.end());
        queue.take(front.size());
    }
    QVERIFY(in == out);
    QCOMPARE(pool.inUse(), std::size_t(0));
}

void TestOutputQueue::frontStaysUntilItIsTaken()
{
    BufferPool pool;
    OutputQueue queue(pool);
    const std::vector<std::uint8_t> some(1000, 1);
    queue.append(some);
    const std::uint8_t *where = queue.front().data();
    for (int i = 0; i < 200; ++i)
        queue.append(some);
    QCOMPARE(queue.front().data(), where);
    QVERIFY(queue.front().size() >= some.size());
}

void TestOutputQueue::emptyOwnsNothing()
{
    BufferPool pool;
    {
        OutputQueue queue(pool);
        QVERIFY(queue.front().empty());
        queue.take(0);
        queue.append(std::vector<std::uint8_t>(100 * BufferPool::kSize, 7));
        QVERIFY(pool.inUse() >= 100);
        queue.clear();
        QCOMPARE(pool.inUse(), std::size_t(0));
        queue.append(std::vector<std::uint8_t>(10, 7));
        QCOMPARE(pool.inUse(), std::size_t(1));
    }
    QCOMPARE(pool.inUse(), std::size_t(0));
}

WATCHWORD_TEST_MAIN(TestOutputQueue)
#include "tst_outputqueue.moc"
