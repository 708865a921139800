// SPDX-License-Identifier: Apache-2.0
#include "manualclock.h"
#include "support/await.h"
#include "support/testmain.h"
#include "watchword/core/tokenprovider.h"

#include <QSignalSpy>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! Clock, Alarm, and the values that depend on time. */
class TestClockAndAlarm : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void systemClock();
    void seconds_data();
    void seconds();
    void rfc3339_data();
    void rfc3339();
    void alarmIsDueOnce();
    void alarmNeverInsideStart();
    void alarmMovedAndCancelled();
    void alarmDestroyedWhileDue();
    void alarmRestartedWhileDue();
    void alarmForEver();
    void alarmOfTheSystem();
    void tokenValidity_data();
    void tokenValidity();
    void fixedProvider();
};

void TestClockAndAlarm::systemClock()
{
    Clock &clock = Clock::system();
    QVERIFY(clock.runsByItself());
    const Instant first = clock.now();
    QVERIFY(clock.now() >= first);
    const qint64 difference = clock.wallNow().time_since_epoch().count() - QDateTime::currentMSecsSinceEpoch();
    QVERIFY2(qAbs(difference) < 5000, qPrintable(QString::number(difference)));
}

void TestClockAndAlarm::seconds_data()
{
    QTest::addColumn<qint64>("seconds");
    QTest::addColumn<qint64>("kept");
    const qint64 last = 253'402'300'799;
    QTest::newRow("epoch") << qint64(0) << qint64(0);
    QTest::newRow("today") << qint64(1'800'000'000) << qint64(1'800'000'000);
    QTest::newRow("before the epoch") << qint64(-1) << qint64(-1);
    QTest::newRow("last") << last << last;
    QTest::newRow("too far") << last + 1 << last;
    QTest::newRow("largest") << std::numeric_limits<qint64>::max() << last;
    QTest::newRow("smallest") << std::numeric_limits<qint64>::min() << -last;
}

void TestClockAndAlarm::seconds()
{
    QFETCH(qint64, seconds);
    QFETCH(qint64, kept);
    QCOMPARE(toSecondsSinceEpoch(wallTimeFromSeconds(seconds)), kept);
    QCOMPARE(toSecondsSinceEpoch(wallTimeFromSeconds(kept) + 999ms), kept); // rounds down, also below zero
}

void TestClockAndAlarm::rfc3339_data()
{
    QTest::addColumn<qint64>("milliseconds");
    QTest::addColumn<QString>("text");
    QTest::newRow("epoch") << qint64(0) << u"1970-01-01T00:00:00.000Z"_s;
    QTest::newRow("milliseconds") << qint64(1'800'000'000'007) << u"2027-01-15T08:00:00.007Z"_s;
    QTest::newRow("leap day") << qint64(1'709'164'800'000) << u"2024-02-29T00:00:00.000Z"_s;
    QTest::newRow("last") << qint64(253'402'300'799'999) << u"9999-12-31T23:59:59.999Z"_s;
}

void TestClockAndAlarm::rfc3339()
{
    QFETCH(qint64, milliseconds);
    QFETCH(QString, text);
    QCOMPARE(toRfc3339(WallTime(Duration(milliseconds))), text);
}

void TestClockAndAlarm::alarmIsDueOnce()
{
    TestClock clock;
    Alarm alarm(clock);
    QSignalSpy due(&alarm, &Alarm::due);
    QVERIFY(!alarm.isActive());
    alarm.start(10s);
    QVERIFY(alarm.isActive());
    QCOMPARE(alarm.deadline(), clock.now() + 10s);
    clock.advance(9999ms);
    QCOMPARE(due.size(), 0);
    clock.advance(1ms);
    QCOMPARE(due.size(), 1);
    QVERIFY(!alarm.isActive());
    clock.advance(1h);
    QCoreApplication::processEvents();
    QCOMPARE(due.size(), 1);
}

void TestClockAndAlarm::alarmNeverInsideStart()
{
    TestClock clock;
    Alarm alarm(clock);
    QSignalSpy due(&alarm, &Alarm::due);
    for (const Duration after : {Duration(0), Duration(-5000), Duration::min()}) {
        due.clear();
        alarm.start(after);
        QCOMPARE(due.size(), 0);
        QVERIFY(alarm.isActive());
        QVERIFY(due.wait(5000));
        QCOMPARE(due.size(), 1);
    }
}

void TestClockAndAlarm::alarmMovedAndCancelled()
{
    TestClock clock;
    Alarm alarm(clock);
    QSignalSpy due(&alarm, &Alarm::due);
    alarm.start(10s);
    alarm.start(20s);
    clock.advance(10s);
    QCOMPARE(due.size(), 0);
    alarm.startAt(clock.now() + 1s);
    clock.advance(1s);
    QCOMPARE(due.size(), 1);

    alarm.start(1s);
    alarm.cancel();
    QVERIFY(!alarm.isActive());
    clock.advance(1h);
    QCOMPARE(due.size(), 1);
    alarm.start(0s); // already in the queue of the event loop when it is cancelled
    alarm.cancel();
    QCoreApplication::processEvents();
    QCOMPARE(due.size(), 1);
    alarm.cancel(); // twice is fine
}

void TestClockAndAlarm::alarmDestroyedWhileDue()
{
    TestClock clock;
    auto *alarm = new Alarm(clock);
    int calls = 0;
    connect(alarm, &Alarm::due, this, [&calls, &alarm] {
        ++calls;
        delete alarm;
        alarm = nullptr;
    });
    alarm->start(1s);
    clock.advance(2s);
    QCOMPARE(calls, 1);
    QVERIFY(!alarm);
    clock.advance(2s);
    QCOMPARE(calls, 1);
}

void TestClockAndAlarm::alarmRestartedWhileDue()
{
    TestClock clock;
    Alarm alarm(clock);
    int calls = 0;
    connect(&alarm, &Alarm::due, this, [&] {
        ++calls;
        alarm.start(1s);
    });
    alarm.start(1s);
    for (int i = 1; i <= 5; ++i) {
        clock.advance(1s);
        QCOMPARE(calls, i);
    }
    QVERIFY(alarm.isActive());
}

void TestClockAndAlarm::alarmForEver()
{
    TestClock clock;
    Alarm alarm(clock);
    QSignalSpy due(&alarm, &Alarm::due);
    alarm.start(Duration::max());
    QVERIFY(alarm.isActive());
    clock.advance(24h * 365 * 100);
    QCoreApplication::processEvents();
    QCOMPARE(due.size(), 0);
    alarm.start(Duration::max()); // the clock is not at zero now
    QVERIFY(alarm.deadline() > clock.now());
}

void TestClockAndAlarm::alarmOfTheSystem()
{
    Alarm alarm(Clock::system());
    QSignalSpy due(&alarm, &Alarm::due);
    const Instant deadline = Clock::system().now() + 30ms;
    alarm.startAt(deadline);
    QVERIFY(Support::waitUntil([&] { return due.size() == 1; }));
    QVERIFY(Clock::system().now() >= deadline); // never early
}

void TestClockAndAlarm::tokenValidity_data()
{
    QTest::addColumn<bool>("hasValue");
    QTest::addColumn<bool>("hasExpiry");
    QTest::addColumn<qint64>("leftMs");
    QTest::addColumn<qint64>("leewayMs");
    QTest::addColumn<bool>("valid");
    QTest::newRow("no token") << false << true << qint64(10'000) << qint64(0) << false;
    QTest::newRow("no expiry") << true << false << qint64(0) << qint64(0) << true;
    QTest::newRow("in time") << true << true << qint64(1) << qint64(0) << true;
    QTest::newRow("at expiry") << true << true << qint64(0) << qint64(0) << false;
    QTest::newRow("within leeway") << true << true << qint64(10'000) << qint64(10'000) << false;
    QTest::newRow("before leeway") << true << true << qint64(10'001) << qint64(10'000) << true;
}

void TestClockAndAlarm::tokenValidity()
{
    QFETCH(bool, hasValue);
    QFETCH(bool, hasExpiry);
    QFETCH(qint64, leftMs);
    QFETCH(qint64, leewayMs);
    QFETCH(bool, valid);
    const WallTime now = wallTimeFromSeconds(1'800'000'000);
    TokenSet set;
    set.accessToken = hasValue ? Secret::copy("t") : Secret();
    if (hasExpiry)
        set.expiresAt = now + Duration(leftMs);
    set.scopes = {u"a"_s};
    set.subject = u"u1"_s;
    set.generation = 7;
    const AccessToken token = set.toAccessToken();
    QCOMPARE(token.isValidAt(now, Duration(leewayMs)), valid);
    QCOMPARE(token.type, u"Bearer"_s);
    QCOMPARE(token.scopes, set.scopes);
    QCOMPARE(token.subject, set.subject);
    QCOMPARE(token.generation, set.generation);
}

void TestClockAndAlarm::fixedProvider()
{
    FixedTokenProvider none{AccessToken()};
    QCOMPARE(none.requestToken({}).result().error().code(), ErrorCode::SignInRequired);

    AccessToken token;
    token.value = Secret::copy("first");
    FixedTokenProvider provider(token);
    QSignalSpy changed(&provider, &TokenProvider::tokenChanged);
    QSignalSpy revoked(&provider, &TokenProvider::tokenRevoked);
    QVERIFY(provider.requestToken({}).result().value().value.equals(token.value));
    TokenRequest refused;
    refused.reason = TokenRequest::Reason::Rejected;
    refused.rejectedFingerprint = token.value.fingerprint();
    QCOMPARE(provider.requestToken(refused).result().error().code(), ErrorCode::Unauthorized);
    QCOMPARE(changed.size(), 0);
    token.value = Secret::copy("second");
    token.generation = 2;
    provider.setToken(token);
    QCOMPARE(changed.size(), 1);
    QCOMPARE(changed.first().first().toULongLong(), 2u);
    QVERIFY(provider.requestToken(refused).result().value().value.equals(token.value));
    QCOMPARE(revoked.size(), 0);
}

WATCHWORD_TEST_MAIN(TestClockAndAlarm)
#include "tst_clock.moc"
