// SPDX-License-Identifier: Apache-2.0
#include "endpoint/deadlines.h"
#include "endpoint/seenids.h"
#include "limit/addressrates.h"
#include "limit/connectioncaps.h"
#include "limit/memorylimits.h"
#include "limit/sharedrates.h"
#include "limit/tokenbucket.h"
#include "support/await.h"
#include "support/testmain.h"
#include "watchword/testing/manualclock.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TestLimits : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void bucketGivesBurstThenRate();
    void bucketTakesWhatIsLargerThanItself();
    void chargedBucketsPayTheirDebt();
    void sharedRatesAreRememberedForAWhile();
    void slowRatesAreAskedBeforeTheyAreCharged();
    void networksShareARate();
    void zeroIsNoLimit();
    void addressesDoNotShareButNetworksDo();
    void addressesAreForgotten();
    void slotsCountWhileTheyLive();
    void seenIdsAreBounded();
    void memoryIsReachedUntilItIsWellBelow();
    void heapIsTrimmedAfterManyAndSeldom();
    void heapIsTrimmedForMuchThatIsIdleAndWhileFull();
    void trimmingGivesBack();
    void processKnowsItsMemory();
    void deadlinesComeInOrderAndOnce();
    void seenIdsBelongToTheirSender();
};

void TestLimits::bucketGivesBurstThenRate()
{
    ManualClock clock;
    TokenBucket bucket(10, 20, clock.now());
    for (int i = 0; i < 20; ++i)
        QVERIFY(!bucket.take(1, clock.now()));
    QCOMPARE(bucket.take(1, clock.now()), std::optional<Duration>(100ms));
    clock.advance(99ms);
    QVERIFY(bucket.take(1, clock.now()));
    clock.advance(1ms);
    QVERIFY(!bucket.take(1, clock.now()));
    clock.advance(24h);
    for (int i = 0; i < 20; ++i)
        QVERIFY(!bucket.take(1, clock.now()));
    QVERIFY(bucket.take(1, clock.now()));
}

void TestLimits::bucketTakesWhatIsLargerThanItself()
{
    ManualClock clock;
    TokenBucket bucket(10, 20, clock.now());
    QVERIFY(!bucket.take(50, clock.now()));
    QVERIFY(bucket.take(1, clock.now()));
    clock.advance(3100ms); // the debt of 30, and one more
    QVERIFY(!bucket.take(1, clock.now()));
}

void TestLimits::chargedBucketsPayTheirDebt()
{
    ManualClock clock;
    TokenBucket bucket(10, 20, clock.now());
    QVERIFY(!bucket.charge(20, clock.now()));
    QCOMPARE(bucket.charge(15, clock.now()), std::optional<Duration>(1500ms));
    QCOMPARE(bucket.charge(5, clock.now()), std::optional<Duration>(2000ms));
    clock.advance(2s);
    QVERIFY(!bucket.charge(0, clock.now()));
    QVERIFY(bucket.take(1, clock.now()));
    TokenBucket none;
    QVERIFY(!none.charge(1e9, clock.now()));
}

void TestLimits::sharedRatesAreRememberedForAWhile()
{
    ManualClock clock;
    SharedRates rates;
    EndpointLimits limits;
    limits.messagesPerSecond = 0;
    limits.bytesPerSecond = 0;
    limits.ofUser = {1, 0};
    const QHostAddress address(u"192.0.2.1"_s);
    const auto connection = [&](const QString &user) {
        return ConnectionRates(limits, rates.sharesOf(u"/a"_s, user, address, limits, clock.now()));
    };
    {
        ConnectionRates first = connection(u"ada"_s);
        QVERIFY(!first.take(1, 5, clock.now()) && !first.take(1, 5, clock.now()));
        ConnectionRates second = connection(u"ada"_s);
        const std::optional<RateBreach> breach = second.take(1, 5, clock.now());
        QVERIFY(breach);
        QCOMPARE(breach->limit, u"user_messages_per_second"_s);
        QCOMPARE(breach->most, qint64(1));
        QCOMPARE(breach->wait, Duration(1000ms));
        ConnectionRates bob = connection(u"bob"_s);
        QVERIFY(!bob.take(1, 5, clock.now()));
        QCOMPARE(rates.size(), 2);
        // A reload that allows more does not fill the bucket.
        limits.ofUser = {2, 0};
        ConnectionRates third = connection(u"ada"_s);
        QVERIFY(third.take(1, 5, clock.now()));
    }
    QVERIFY(connection(u"ada"_s).take(1, 5, clock.now())); // to come again does not help
    for (int i = 0; i < 8; ++i) {
        clock.advance(11s);
        connection(u"eve"_s);
    }
    QCOMPARE(rates.size(), 1); // ada's and bob's are forgotten
}

void TestLimits::slowRatesAreAskedBeforeTheyAreCharged()
{
    ManualClock clock;
    SharedRates rates;
    EndpointLimits limits;
    limits.whenTooFast = EndpointLimits::WhenTooFast::Slow;
    limits.messagesPerSecond = 0;
    limits.bytesPerSecond = 0;
    limits.ofUser = {5, 0};
    limits.ofEndpoint = {20, 0};
    const auto connection = [&](const QString &user) {
        return ConnectionRates(limits, rates.sharesOf(u"/a"_s, user, QHostAddress(u"192.0.2.1"_s), limits, clock.now()));
    };
    const auto taken = [&](ConnectionRates &of, int count) {
        int passed = 0;
        for (int i = 0; i < count; ++i)
            passed += of.take(1, 5, clock.now()) ? 0 : 1;
        return passed;
    };
    int passed = 0;
    for (int i = 0; i < 20; ++i) { // who comes again and again gets no more than who stays
        ConnectionRates eve = connection(u"eve"_s);
        passed += taken(eve, 1000);
    }
    QCOMPARE(passed, 11); // the burst, and one that leaves a debt
    ConnectionRates eve = connection(u"eve"_s);
    QCOMPARE(eve.debt(1, clock.now())->limit, u"user_messages_per_second"_s);
    QCOMPARE(eve.debt(1, clock.now())->wait, Duration(200ms));
    // Of the endpoint's 40 only those 11 are gone.
    ConnectionRates bob = connection(u"bob"_s);
    QCOMPARE(taken(bob, 11), 11);
    ConnectionRates ada = connection(u"ada"_s);
    QCOMPARE(taken(ada, 11), 11);
    ConnectionRates cyd = connection(u"cyd"_s);
    QCOMPARE(taken(cyd, 1000), 8);
    const std::optional<RateBreach> breach = cyd.take(1, 5, clock.now());
    QCOMPARE(breach->limit, u"endpoint_messages_per_second"_s);
    QCOMPARE(breach->wait, Duration(50ms));
    clock.advance(1s);
    QCOMPARE(taken(eve, 1000), 5);
}

void TestLimits::networksShareARate()
{
    ManualClock clock;
    SharedRates rates;
    EndpointLimits limits;
    limits.ofAddress = {1, 0};
    limits.ofEndpoint = {0, 100};
    const auto share = [&](const char *address) {
        return rates.sharesOf(u"/a"_s, u"u"_s, QHostAddress(QString::fromLatin1(address)), limits, clock.now());
    };
    QCOMPARE(share("2001:db8::1").size(), std::size_t(2));
    QCOMPARE(share("2001:db8::1")[0], share("2001:db8:0:0:ffff::2")[0]);
    QVERIFY(share("2001:db8::1")[0] != share("2001:db8:0:1::1")[0]);
    QCOMPARE(share("192.0.2.1")[1], share("2001:db8::1")[1]); // of the endpoint
}

void TestLimits::zeroIsNoLimit()
{
    ManualClock clock;
    TokenBucket bucket(0, 0, clock.now());
    for (int i = 0; i < 1000; ++i)
        QVERIFY(!bucket.take(1e9, clock.now()));
    AddressRates rates;
    QVERIFY(!rates.take(u"/a"_s, QHostAddress(u"192.0.2.1"_s), 0, 0, clock.now()));
    QCOMPARE(rates.size(), 0);
}

void TestLimits::addressesDoNotShareButNetworksDo()
{
    ManualClock clock;
    AddressRates rates;
    const auto take = [&](const char *address) {
        return rates.take(u"/a"_s, QHostAddress(QString::fromLatin1(address)), 1, 1, clock.now()).has_value();
    };
    QVERIFY(!take("192.0.2.1"));
    QVERIFY(take("192.0.2.1"));
    QVERIFY(take("::ffff:192.0.2.1"));
    QVERIFY(!take("192.0.2.2"));
    QVERIFY(!take("2001:db8::1"));
    QVERIFY(take("2001:db8::ffff"));
    QVERIFY(!take("2001:db8:0:1::1"));
}

void TestLimits::addressesAreForgotten()
{
    ManualClock clock;
    AddressRates rates;
    for (quint32 i = 0; i < 60'000; ++i)
        static_cast<void>(rates.take(u"/a"_s, QHostAddress(0x0a000000u + i), 1, 2, clock.now()));
    QVERIFY(rates.size() <= AddressRates::kMostAddresses + 1);
    clock.advance(1min);
    static_cast<void>(rates.take(u"/a"_s, QHostAddress(u"192.0.2.1"_s), 1, 2, clock.now()));
    QCOMPARE(rates.size(), 1);
}

void TestLimits::slotsCountWhileTheyLive()
{
    auto caps = std::make_unique<ConnectionCaps>();
    const auto check = [&caps](const char *user) { return caps->check(u"/a"_s, QString::fromLatin1(user), 3, 2); };
    auto a = caps->take(u"/a"_s, u"ada"_s);
    auto b = caps->take(u"/a"_s, u"ada"_s);
    QCOMPARE(check("ada"), ConnectionCaps::Refusal::UserFull);
    QCOMPARE(check("bob"), ConnectionCaps::Refusal::None);
    auto c = caps->take(u"/a"_s, u"bob"_s);
    QCOMPARE(check("bob"), ConnectionCaps::Refusal::EndpointFull);
    QCOMPARE(caps->check(u"/b"_s, u"ada"_s, 1, 1), ConnectionCaps::Refusal::None);
    a.reset();
    QCOMPARE(check("ada"), ConnectionCaps::Refusal::None);
    QCOMPARE(caps->userCount(u"/a"_s, u"ada"_s), 1);
    caps.reset();
    b.reset(); // a slot may outlive the caps
    c.reset();
}

void TestLimits::memoryIsReachedUntilItIsWellBelow()
{
    MemoryLimit memory;
    memory.take(1'000'000);
    QVERIFY(!memory.isReached()); // no limit
    memory.setLimit(1000);
    memory.take(999);
    QVERIFY(!memory.isReached());
    memory.take(1000);
    QVERIFY(memory.isReached());
    memory.take(950);
    QVERIFY(memory.isReached());
    memory.take(949);
    QVERIFY(!memory.isReached());
    memory.take(999);
    QVERIFY(!memory.isReached());
}

void TestLimits::heapIsTrimmedAfterManyAndSeldom()
{
    ManualClock clock;
    HeapTrim trim;
    QVERIFY(!trim.isDue(0, 0, false, clock.now()));
    QVERIFY(!trim.isDue(10'000, 0, false, clock.now()));
    QVERIFY(!trim.isDue(8'000, 0, false, clock.now())); // fewer than a quarter
    QVERIFY(trim.isDue(7'500, 0, false, clock.now()));
    QVERIFY(!trim.isDue(7'500, 0, false, clock.now()));
    QVERIFY(!trim.isDue(100, 0, false, clock.now())); // too soon
    clock.advance(HeapTrim::kPause);
    QVERIFY(trim.isDue(100, 0, false, clock.now()));
    clock.advance(HeapTrim::kPause);
    QVERIFY(!trim.isDue(0, 0, false, clock.now())); // too few
}

void TestLimits::heapIsTrimmedForMuchThatIsIdleAndWhileFull()
{
    ManualClock clock;
    HeapTrim trim;
    QVERIFY(!trim.isDue(10, HeapTrim::kLeastIdle - 1, false, clock.now()));
    QVERIFY(trim.isDue(10, HeapTrim::kLeastIdle, false, clock.now()));
    trim.trimmed(1000); // the rest stays
    QVERIFY(!trim.isDue(10, 3 * HeapTrim::kLeastIdle, false, clock.now())); // too soon
    clock.advance(HeapTrim::kPause);
    QVERIFY(!trim.isDue(10, HeapTrim::kLeastIdle, false, clock.now())); // no more than was left
    QVERIFY(trim.isDue(10, HeapTrim::kLeastIdle + 1000, false, clock.now()));
    // Who refuses newcomers tries again soon, however little there is to win.
    QVERIFY(!trim.isDue(10, 0, true, clock.now()));
    clock.advance(HeapTrim::kPauseWhileFull);
    QVERIFY(trim.isDue(10, 0, true, clock.now()));
    QVERIFY(!trim.isDue(10, 0, true, clock.now()));
    clock.advance(HeapTrim::kPauseWhileFull);
    QVERIFY(trim.isDue(10, 0, true, clock.now()));
}

// What a few clients leave: many pieces that are free, with small ones in between that are not.
void TestLimits::trimmingGivesBack()
{
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // they bring a heap of their own
    std::vector<QByteArray> large;
    std::vector<QByteArray> small;
    for (int i = 0; i < 4000; ++i) {
        large.emplace_back(32 * 1024, 'l');
        small.emplace_back(64, 's');
    }
    const qint64 idle = idleBytes();
    const qint64 most = residentBytes();
    large.clear();
    QVERIFY(idleBytes() - idle > HeapTrim::kLeastIdle);
    trimHeap();
    QVERIFY(most - residentBytes() > 64 * 1024 * 1024);
    QVERIFY(idleBytes() - idle < HeapTrim::kLeastIdle);
    QVERIFY(!small.empty());
#endif
}

void TestLimits::processKnowsItsMemory()
{
    const qint64 before = residentBytes();
    QVERIFY(before > 1024 * 1024);
    const QByteArray much(32 * 1024 * 1024, 'm');
    QVERIFY(residentBytes() - before > 16 * 1024 * 1024);
    QVERIFY(much.size() > 0 && memoryOfControlGroup() >= 0);
}

void TestLimits::deadlinesComeInOrderAndOnce()
{
    ManualClock clock;
    Deadlines deadlines(clock);
    QString rang;
    int again = 0;
    Deadlines::Entry first(deadlines, [&rang] { rang += u'1'; });
    std::unique_ptr<Deadlines::Entry> second;
    second = std::make_unique<Deadlines::Entry>(deadlines, [&] {
        rang += u'2';
        second.reset(); // destroys itself
    });
    Deadlines::Entry third(deadlines, [&] {
        rang += u'3';
        if (++again < 3)
            third.startAt(clock.now());
    });
    Deadlines::Entry moved(deadlines, [&rang] { rang += u'm'; });
    Deadlines::Entry cancelled(deadlines, [&rang] { rang += u'c'; });
    moved.startAt(clock.now() + 1s);
    cancelled.startAt(clock.now() + 1s);
    second->startAt(clock.now() + 20s);
    first.startAt(clock.now() + 10s);
    third.startAt(clock.now() + 30s);
    moved.startAt(clock.now() + 15s);
    cancelled.cancel();
    {
        Deadlines::Entry gone(deadlines, [&rang] { rang += u'g'; });
        gone.startAt(clock.now() + 5s);
    }
    clock.advance(9s);
    QCOMPARE(rang, QString());
    clock.advance(1s);
    QCOMPARE(rang, u"1"_s);
    clock.advance(10s);
    QCOMPARE(rang, u"1m2"_s);
    QVERIFY(!second);
    clock.advance(10s);
    QVERIFY(Support::waitUntil([&again] { return again == 3; }));
    QCOMPARE(rang, u"1m2333"_s);
    clock.advance(1h);
    QCOMPARE(rang, u"1m2333"_s);
}

void TestLimits::seenIdsAreBounded()
{
    const auto sender = [](const QString &subject) {
        Identity identity;
        identity.issuer = u"https://i"_s;
        identity.subject = subject;
        return SeenIds::senderOf(identity);
    };
    SeenIds seen;
    QVERIFY(seen.add(sender(u"s"_s), u"1"_s));
    QVERIFY(!seen.add(sender(u"s"_s), u"1"_s));
    QVERIFY(seen.add(sender(u"t"_s), u"1"_s));
    for (qsizetype i = 0; i < SeenIds::kMostPerSender; ++i)
        QVERIFY(seen.add(sender(u"s"_s), u"x%1"_s.arg(i)));
    QVERIFY(seen.add(sender(u"s"_s), u"1"_s)); // forgotten by now
    const int enough = int(SeenIds::kMostInAll / SeenIds::kMostPerSender) + 10;
    for (int n = 0; n < enough; ++n) {
        for (qsizetype i = 0; i < SeenIds::kMostPerSender; ++i)
            seen.add(sender(QString::number(n)), QString::number(i));
        QVERIFY(!seen.add(sender(u"t"_s), u"1"_s)); // an old sender that is not silent
    }
    QVERIFY(seen.size() <= SeenIds::kMostInAll);
    QVERIFY(!seen.add(sender(QString::number(enough - 1)), QString::number(SeenIds::kMostPerSender - 1)));
    QVERIFY(!seen.contains(sender(u"0"_s), u"5"_s));
}

void TestLimits::seenIdsBelongToTheirSender()
{
    Identity ada;
    ada.issuer = u"https://i"_s;
    ada.subject = u"ada"_s;
    ada.clientId = u"app"_s;
    ada.sessionId = u"s1"_s;
    ada.tokenId = u"t1"_s;
    SeenIds seen;
    QVERIFY(seen.add(SeenIds::senderOf(ada), u"1"_s));
    Identity renewed = ada;
    renewed.sessionId = u"s2"_s;
    renewed.tokenId = u"t2"_s;
    QVERIFY(seen.contains(SeenIds::senderOf(renewed), u"1"_s));
    for (QString Identity::*part : {&Identity::issuer, &Identity::subject, &Identity::clientId}) {
        Identity other = ada;
        other.*part += u'x';
        QVERIFY(!seen.contains(SeenIds::senderOf(other), u"1"_s));
        QVERIFY(seen.add(SeenIds::senderOf(other), u"1"_s));
    }
    // What one claim ends with is not what the next begins with.
    Identity shifted = ada;
    shifted.issuer = u"https://i3:ada"_s;
    shifted.subject = u""_s;
    QVERIFY(!seen.contains(SeenIds::senderOf(shifted), u"1"_s));
}

WATCHWORD_TEST_MAIN(TestLimits)
#include "tst_limits.moc"
