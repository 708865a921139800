// SPDX-License-Identifier: Apache-2.0
#include "refresh/tokenlife.h"
#include "session/correctedclock.h"
#include "session/wakewatch.h"
#include "support/testmain.h"
#include "watchword/testing/manualclock.h"

#include <QSignalSpy>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/* The cores that know what time it is: the corrected clock, sleep, and the life of a token. */
class TestSessionTimes : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void offsetIsTheMedian();
    void bothSigns_data();
    void bothSigns();
    void slowExchangeSaysNothing();
    void stepDropsTheEstimate();
    void warningOnceAndAllClear();
    void wakeIsNoticedOnce();
    void ageIgnoresTheCalendar();
    void anotherRunOfTheMachine();
    void withoutRunTheCalendarCounts();
    void sameEndIsNotChased();
    void refusedTokenStartsNoStorm();
    void tokenThatIsOverAtOnce();
};

namespace {

// An answer whose server is ahead by \a ahead, after a round trip.
void answer(CorrectedClock &corrected, ManualClock &clock, Duration ahead, Duration trip)
{
    const Instant sent = clock.now();
    clock.advance(trip / 2);
    const auto date = std::chrono::floor<std::chrono::seconds>(clock.wallNow() + ahead);
    clock.advance(trip - trip / 2);
    corrected.observe({WallTime(date), sent, clock.now()});
}

TokenSet tokensFor(const CorrectedClock &clock, Duration lifetime, const QByteArray &value = "a")
{
    TokenSet tokens;
    tokens.accessToken = Secret::copy(value);
    tokens.issuedAt = clock.now();
    tokens.expiresAt = clock.now() + lifetime;
    tokens.sentAt = clock.instant();
    tokens.bootId = clock.run();
    return tokens;
}

// A system that does not name its runs.
class NamelessClock : public ManualClock
{
public:
    QByteArray bootId() const override { return {}; }
};

} // namespace

void TestSessionTimes::offsetIsTheMedian()
{
    ManualClock clock;
    CorrectedClock corrected(clock);
    QVERIFY(!corrected.isMeasured());
    QCOMPARE(corrected.offset(), Duration(0));
    for (const Duration wrong : {Duration(0), Duration(24h), Duration(100ms), Duration(-24h), Duration(0)})
        answer(corrected, clock, wrong, 200ms);
    // Two of five lie grossly, and do not count.
    QVERIFY(std::chrono::abs(corrected.offset()) <= corrected.uncertainty());
    QCOMPARE(corrected.uncertainty(), Duration(1100ms));
    for (int i = 0; i < 5; ++i) // the oldest are forgotten
        answer(corrected, clock, 1h, 200ms);
    QVERIFY(std::chrono::abs(corrected.offset() - Duration(1h)) <= 1100ms);
}

void TestSessionTimes::bothSigns_data()
{
    QTest::addColumn<qint64>("seconds");
    for (const qint64 seconds : {-86'400LL * 400, -3600LL, -1020LL, -61LL, -1LL, 0LL, 1LL, 61LL, 1020LL, 3600LL, 86'400LL * 400})
        QTest::addRow("%lld s", static_cast<long long>(seconds)) << seconds;
}

void TestSessionTimes::bothSigns()
{
    QFETCH(qint64, seconds);
    const Duration ahead = std::chrono::seconds(seconds);
    SeededRandom random(quint64(seconds + 1));
    ManualClock clock;
    CorrectedClock corrected(clock);
    for (int i = 0; i < 200; ++i) {
        clock.advance(Duration(qint64(random.nextUnit() * 100'000)));
        answer(corrected, clock, ahead, Duration(qint64(random.nextUnit() * 4'900)));
        const Duration error = corrected.now() - (clock.wallNow() + ahead);
        QVERIFY2(std::chrono::abs(error) <= corrected.uncertainty(), qPrintable(QString::number(error.count())));
    }
}

void TestSessionTimes::slowExchangeSaysNothing()
{
    ManualClock clock;
    CorrectedClock corrected(clock);
    answer(corrected, clock, 1h, 5001ms);
    QVERIFY(!corrected.isMeasured());
    corrected.observe({clock.wallNow(), clock.now(), clock.now() - 1s}); // an answer before its request
    QVERIFY(!corrected.isMeasured());
    answer(corrected, clock, 1h, 5000ms);
    QVERIFY(corrected.isMeasured());
}

void TestSessionTimes::stepDropsTheEstimate()
{
    ManualClock clock;
    CorrectedClock corrected(clock);
    answer(corrected, clock, 1h, 100ms);
    clock.stepWall(1900ms);
    QVERIFY(corrected.isMeasured() && !corrected.takeStep()); // adjusted, not set
    clock.sleep(8h);
    QVERIFY(corrected.isMeasured()); // sleep is no step
    clock.stepWall(1h);
    QVERIFY(!corrected.isMeasured());
    QVERIFY(corrected.takeStep());
    QVERIFY(!corrected.takeStep());
    QCOMPARE(corrected.offset(), Duration(0));
    corrected.assume(-5min);
    QCOMPARE(corrected.now(), clock.wallNow() - 5min);
    clock.stepWall(-1h);
    QCOMPARE(corrected.offset(), Duration(0)); // what was assumed belonged to the old date
}

void TestSessionTimes::warningOnceAndAllClear()
{
    ManualClock clock;
    CorrectedClock corrected(clock);
    QVERIFY(!corrected.takeWarning());
    answer(corrected, clock, 50s, 100ms);
    QVERIFY(!corrected.takeWarning()); // within what every check forgives
    clock.stepWall(-17min); // behind now
    answer(corrected, clock, 17min, 100ms);
    const auto warning = corrected.takeWarning();
    QVERIFY(warning && std::abs(warning->count() + 1020) <= 1);
    answer(corrected, clock, 17min, 100ms);
    QVERIFY(!corrected.takeWarning());
    clock.stepWall(17min);
    QVERIFY(!corrected.takeWarning()); // not known yet
    answer(corrected, clock, 0s, 100ms);
    QCOMPARE(corrected.takeWarning().value().count(), 0);
    QVERIFY(!corrected.takeWarning());
}

void TestSessionTimes::wakeIsNoticedOnce()
{
    ManualClock clock;
    WakeWatch wake(clock);
    QSignalSpy woken(&wake, &WakeWatch::wokeUp);
    clock.advance(1h);
    clock.stepWall(5h); // neither is sleep
    QVERIFY(!wake.look());
    clock.sleep(20s); // the tick sees it
    QCOMPARE(woken.size(), 1);
    QCOMPARE(woken.first().first().value<Duration>(), Duration(20s));
    QVERIFY(!wake.look());
    clock.sleep(3s); // and who asks, before the tick
    QVERIFY(wake.look());
    QCOMPARE(woken.size(), 2);
    clock.advance(1h);
    QCOMPARE(woken.size(), 2);
}

void TestSessionTimes::ageIgnoresTheCalendar()
{
    for (const Duration step : {Duration(-400 * 24h), Duration(-1h), Duration(0), Duration(1h), Duration(400 * 24h)}) {
        ManualClock clock;
        SeededRandom random(1);
        const TokenSet tokens = tokensFor(CorrectedClock(clock), 300s);
        clock.stepWall(step);
        clock.sleep(100s);
        const CorrectedClock later(clock); // another process, or the next start
        TokenLife life;
        life.take(tokens, later, random);
        QVERIFY(life.isLive(clock.now()));
        QCOMPARE(*life.plan().expiry - clock.now(), Duration(200s));
        clock.advance(200s);
        QVERIFY(!life.isLive(clock.now()));
    }
}

void TestSessionTimes::anotherRunOfTheMachine()
{
    SeededRandom random(1);
    ManualClock before;
    const TokenSet tokens = tokensFor(CorrectedClock(before), 3600s);
    ManualClock after; // the machine was started anew
    TokenLife life;
    life.take(tokens, CorrectedClock(after), random);
    QVERIFY(!life.isLive(after.now()));
    QVERIFY(*life.plan().soft <= after.now());
    TokenSet future = tokens; // a file from a later moment of the same run cannot be
    future.bootId = after.bootId();
    future.sentAt = after.now() + 1s;
    life.take(future, CorrectedClock(after), random);
    QVERIFY(!life.isLive(after.now()));
}

void TestSessionTimes::withoutRunTheCalendarCounts()
{
    SeededRandom random(1);
    NamelessClock clock;
    const CorrectedClock first(clock);
    const TokenSet tokens = tokensFor(first, 300s);
    TokenLife own;
    clock.stepWall(-1h);
    clock.advance(100s);
    own.take(tokens, first, random); // received by this very object: measured
    QCOMPARE(*own.plan().expiry - clock.now(), Duration(200s));
    const CorrectedClock second(clock);
    TokenLife other;
    other.take(tokens, second, random); // issued in the future
    QVERIFY(!other.isLive(clock.now()));
    clock.stepWall(1h);
    other.take(tokens, CorrectedClock(clock), random);
    QVERIFY(other.isLive(clock.now()));
    QCOMPARE(*other.plan().expiry - clock.now(), Duration(200s));
}

// A provider that hands out the same token until its end.
void TestSessionTimes::sameEndIsNotChased()
{
    SeededRandom random(5);
    ManualClock clock;
    const CorrectedClock corrected(clock);
    const Instant end = clock.now() + 3600s;
    TokenLife life;
    int requests = 0;
    while (clock.now() < end) {
        life.take(tokensFor(corrected, end - clock.now(), QByteArray::number(++requests)), corrected, random);
        clock.advance(std::max<Duration>(*life.plan().soft - clock.now(), 1ms));
    }
    QVERIFY2(requests <= 4, qPrintable(QString::number(requests)));
}

void TestSessionTimes::refusedTokenStartsNoStorm()
{
    SeededRandom random(5);
    ManualClock clock;
    const CorrectedClock corrected(clock);
    TokenLife life;
    const TokenSet tokens = tokensFor(corrected, 300s);
    life.take(tokens, corrected, random);
    QVERIFY(!life.storm(clock.now()));
    life.noteRefresh(clock.now());
    QVERIFY(!life.storm(clock.now())); // nobody refused it
    life.reject(tokens.accessToken.fingerprint());
    QVERIFY(!life.isLive(clock.now()));
    QCOMPARE(life.storm(clock.now()).value(), Duration(30s));
    clock.advance(30s);
    QVERIFY(!life.storm(clock.now()));
    TokenSet next = tokensFor(corrected, 300s, "b");
    next.expiresAt.reset(); // without expires_in: at most once a minute
    life.take(next, corrected, random);
    QVERIFY(!life.plan().soft && life.isLive(clock.now()));
    life.noteRefresh(clock.now());
    life.reject(next.accessToken.fingerprint());
    QCOMPARE(life.storm(clock.now()).value(), Duration(60s));
    const TokenSet ofSignIn = tokensFor(corrected, 300s, "c");
    life.noteSignIn();
    life.take(ofSignIn, corrected, random);
    life.reject(ofSignIn.accessToken.fingerprint());
    QVERIFY(!life.isLive(clock.now()) && !life.storm(clock.now()));
    life.noteRefresh(clock.now());
    QVERIFY(life.storm(clock.now()));
}

// What "expires_in" of zero, of less, or of a fraction of a second becomes.
void TestSessionTimes::tokenThatIsOverAtOnce()
{
    SeededRandom random(5);
    ManualClock clock;
    const CorrectedClock corrected(clock);
    const TokenSet first = tokensFor(corrected, 1s);
    clock.advance(1500ms); // the request took that long, and who waits for the token gets it all the same
    TokenLife life;
    life.take(first, corrected, random);
    QVERIFY(!life.isLive(clock.now()) && life.isForWaitingRequests(clock.now()));
    QVERIFY(!life.isForWaitingRequests(clock.now() + 1001ms));
    life.reject(first.accessToken.fingerprint());
    QVERIFY(!life.isForWaitingRequests(clock.now()));
    // What is left of it counts from when it was asked for.
    const TokenSet quick = tokensFor(corrected, 1s, "q");
    clock.advance(400ms);
    life.take(quick, corrected, random);
    QVERIFY(life.isLive(clock.now()) && life.isGoodFor({}, clock.now()) && !life.isForWaitingRequests(clock.now()));
    clock.advance(599ms);
    QVERIFY(life.isLive(clock.now()));
    clock.advance(1ms);
    QVERIFY(!life.isLive(clock.now()) && !life.isForWaitingRequests(clock.now()));
    int refreshes = 0;
    Instant last = clock.now();
    for (const Instant end = clock.now() + 10min; clock.now() < end; clock.advance(100ms)) {
        if (life.isGoodFor({}, clock.now()) || life.storm(clock.now())) // a request every 100 ms
            continue;
        QVERIFY(refreshes == 0 || clock.now() - last >= 30s);
        last = clock.now();
        life.take(tokensFor(corrected, 1s, QByteArray::number(++refreshes)), corrected, random);
        life.noteRefresh(clock.now());
        QVERIFY(*life.plan().soft - clock.now() >= 30s);
    }
    QVERIFY2(refreshes >= 19 && refreshes <= 21, qPrintable(QString::number(refreshes)));
    // Nobody gets it who finds it later, and who waited half a minute for the answer with it has no use for it either.
    const TokenSet old = tokensFor(corrected, 1s);
    for (const Duration later : {Duration(2s), Duration(29s)}) {
        clock.advance(later);
        TokenLife restored;
        restored.take(old, corrected, random);
        QVERIFY(!restored.isLive(clock.now()) && !restored.storm(clock.now()));
        QCOMPARE(restored.isForWaitingRequests(clock.now()), later == 2s);
    }
    // A provider that says "0" said nothing about its life, and one that is over before it began is nobody's.
    TokenLife none;
    none.take(tokensFor(corrected, 0s), corrected, random);
    QVERIFY(!none.isLive(clock.now()) && !none.isForWaitingRequests(clock.now()));
}

WATCHWORD_TEST_MAIN(TestSessionTimes)
#include "tst_sessiontimes.moc"
