// SPDX-License-Identifier: Apache-2.0
#include "net/timingwheel.h"
#include "support/testmain.h"

#include <functional>
#include <memory>
#include <random>
#include <vector>

using namespace Watchword::Gateway::Net;
using namespace std::chrono_literals;

namespace {

class Alarm final : public TimingWheel::Timer
{
public:
    explicit Alarm(std::function<void()> action)
        : m_action(std::move(action))
    {
    }

private:
    void due() override { m_action(); }
    std::function<void()> m_action;
};

} // namespace

class TestTimingWheel : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void neverEarlyAtMostASlotLate();
    void longerThanATurn();
    void restartMovesAndCancelForgets();
    void timersMayActOnOthers();
    void somethingBetween();
    void anEmptyWheelNeedsNoTicks();
    void destructionOnBothSides();
};

void TestTimingWheel::neverEarlyAtMostASlotLate()
{
    const TimingWheel::Instant start{};
    TimingWheel wheel(start);
    TimingWheel::Instant now = start;
    std::mt19937 random(7);
    std::vector<std::unique_ptr<Alarm>> alarms;
    int fired = 0;
    for (int i = 0; i < 2000; ++i) {
        const auto after = std::chrono::milliseconds(random() % 120'000);
        const TimingWheel::Instant wanted = now + after;
        alarms.push_back(std::make_unique<Alarm>([&now, &fired, wanted] {
            ++fired;
            QVERIFY(now >= wanted);
            QVERIFY(now - wanted <= 2 * TimingWheel::kSlot);
        }));
        wheel.start(*alarms.back(), after, now);
        now += std::chrono::milliseconds(random() % 50);
        wheel.advance(now);
    }
    for (; now - start < 400s; now += 37ms)
        wheel.advance(now);
    QCOMPARE(fired, 2000);
    QCOMPARE(wheel.size(), std::size_t(0));
}

void TestTimingWheel::longerThanATurn()
{
    TimingWheel wheel({});
    int fired = 0;
    Alarm alarm([&fired] { ++fired; });
    TimingWheel::Instant now{};
    wheel.start(alarm, 10min, now);
    for (; now < TimingWheel::Instant(10min); now += 100ms)
        wheel.advance(now);
    QCOMPARE(fired, 0);
    wheel.advance(now + 200ms);
    QCOMPARE(fired, 1);
}

void TestTimingWheel::restartMovesAndCancelForgets()
{
    TimingWheel wheel({});
    int fired = 0;
    Alarm alarm([&fired] { ++fired; });
    const TimingWheel::Instant start{};
    wheel.start(alarm, 1s, start);
    wheel.advance(start + 900ms);
    wheel.start(alarm, 1s, start + 900ms);
    QCOMPARE(wheel.size(), std::size_t(1));
    wheel.advance(start + 1800ms);
    QCOMPARE(fired, 0);
    alarm.cancel();
    alarm.cancel();
    QVERIFY(!alarm.isActive());
    wheel.advance(start + 5s);
    QCOMPARE(fired, 0);
}

void TestTimingWheel::timersMayActOnOthers()
{
    TimingWheel wheel({});
    const TimingWheel::Instant start{};
    std::vector<int> order;
    std::unique_ptr<Alarm> victim = std::make_unique<Alarm>([&order] { order.push_back(99); });
    std::unique_ptr<Alarm> suicide;
    Alarm again([&order] { order.push_back(3); });
    Alarm killer([&] {
        order.push_back(1);
        victim.reset();
    });
    suicide = std::make_unique<Alarm>([&] {
        order.push_back(2);
        wheel.start(again, 0ms, start + 1s);
        suicide.reset();
    });
    wheel.start(killer, 500ms, start);
    wheel.start(*victim, 500ms, start);
    wheel.start(*suicide, 500ms, start);
    wheel.advance(start + 1s);
    QCOMPARE(order, (std::vector<int>{1, 2}));
    wheel.advance(start + 1200ms);
    QCOMPARE(order, (std::vector<int>{1, 2, 3}));
}

void TestTimingWheel::somethingBetween()
{
    TimingWheel wheel({});
    const TimingWheel::Instant start{};
    std::vector<int> order;
    std::unique_ptr<Alarm> victim = std::make_unique<Alarm>([&order] { order.push_back(99); });
    Alarm first([&order] { order.push_back(1); });
    Alarm second([&order] { order.push_back(2); });
    wheel.start(first, 1s, start);
    wheel.start(second, 1s, start);
    wheel.start(*victim, 1s, start);
    wheel.advance(start + 2s, [&] {
        order.push_back(0);
        if (order.size() == 4)
            victim.reset(); // whatever it does, as due() may
    });
    QCOMPARE(order, (std::vector<int>{1, 0, 2, 0}));
    QCOMPARE(wheel.size(), std::size_t(0));
}

void TestTimingWheel::anEmptyWheelNeedsNoTicks()
{
    TimingWheel wheel({});
    int fired = 0;
    Alarm alarm([&fired] { ++fired; });
    const TimingWheel::Instant later = TimingWheel::Instant() + 1000h;
    wheel.start(alarm, 300ms, later);
    wheel.advance(later + 200ms);
    QCOMPARE(fired, 0);
    wheel.advance(later + 500ms);
    QCOMPARE(fired, 1);
}

void TestTimingWheel::destructionOnBothSides()
{
    auto wheel = std::make_unique<TimingWheel>(TimingWheel::Instant());
    Alarm outlives([] { QFAIL("the wheel is gone"); });
    {
        Alarm shorter([] { QFAIL("the timer is gone"); });
        wheel->start(shorter, 1s, {});
        wheel->start(outlives, 1s, {});
    }
    QCOMPARE(wheel->size(), std::size_t(1));
    wheel.reset();
    QVERIFY(!outlives.isActive());
}

WATCHWORD_TEST_MAIN(TestTimingWheel)
#include "tst_timingwheel.moc"
