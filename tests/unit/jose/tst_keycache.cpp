// SPDX-License-Identifier: Apache-2.0
#include "josetest.h"
#include "support/testmain.h"
#include "watchword/jose/keycache.h"

using namespace Watchword;
using namespace JoseTest;
using namespace std::chrono_literals;
using Action = KeyCache::Action;

class TestKeyCache : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void firstFetch();
    void ageOfAnswers_data();
    void ageOfAnswers();
    void maxAge_data();
    void maxAge();
    void strangersCannotCauseFetches();
    void rotationIsNoticed();
    void missingKeyIsRemembered();
    void outageServesOldKeys();
    void backoffOfFailures();
    void retryAfterIsHonoured();
    void lostFetchEnds();
    void emptySetIsAFailure();
    void memoryIsBounded();

private:
    static JwkSet keys(const QStringList &names);
    SeededRandom m_random{42};
    Instant m_start{1000h};
};

JwkSet TestKeyCache::keys(const QStringList &names)
{
    JwkSet set;
    for (const QString &name : names) {
        QJsonObject object = json(kEcA3);
        object.insert(u"kid"_s, name);
        set.insert(Jwk::fromJson(object).value());
    }
    return set;
}

void TestKeyCache::firstFetch()
{
    KeyCache cache({}, m_random);
    QCOMPARE(cache.keysFor(u"a"_s, m_start).action, Action::Fetch);
    QCOMPARE(cache.keysFor(u"b"_s, m_start).action, Action::Fetch); // nobody has said that it was started
    cache.fetchStarted(m_start);
    const KeyCache::Answer waiting = cache.keysFor(u"a"_s, m_start + 1s);
    QCOMPARE(waiting.action, Action::Wait);
    QCOMPARE(waiting.retryAt, m_start + KeyCachePolicy().fetchLimit);
    cache.fetched(keys({u"a"_s}), {}, m_start + 2s);
    const KeyCache::Answer answer = cache.keysFor(u"a"_s, m_start + 2s);
    QCOMPARE(answer.action, Action::UseKeys);
    QVERIFY(answer.keys.containsKeyId(u"a"_s) && !answer.refreshDue);
    QCOMPARE(cache.keysFor({}, m_start + 2s).action, Action::UseKeys);
    QCOMPARE(cache.fetchedAt(), std::optional(m_start + 2s));
}

void TestKeyCache::ageOfAnswers_data()
{
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<int>("minutes");
    QTest::newRow("none") << QByteArray() << 60;
    QTest::newRow("ten minutes") << QByteArray("public, max-age=600") << 10;
    QTest::newRow("too short") << QByteArray("max-age=1") << 5;
    QTest::newRow("no-store") << QByteArray("no-store") << 5;
    QTest::newRow("too long") << QByteArray("max-age=31536000, immutable") << 24 * 60;
    QTest::newRow("nonsense") << QByteArray("max-age=soon") << 60;
}

void TestKeyCache::ageOfAnswers()
{
    QFETCH(QByteArray, header);
    QFETCH(int, minutes);
    KeyCache cache({}, m_random);
    cache.fetchStarted(m_start);
    cache.fetched(keys({u"a"_s}), header, m_start);
    const Instant end = m_start + std::chrono::minutes(minutes);
    QVERIFY(!cache.keysFor(u"a"_s, end - 1ms).refreshDue);
    const KeyCache::Answer due = cache.keysFor(u"a"_s, end);
    QCOMPARE(due.action, Action::UseKeys);
    QVERIFY(due.refreshDue);
    cache.fetchStarted(end);
    QVERIFY(!cache.keysFor(u"a"_s, end).refreshDue); // one fetch at a time
    cache.fetched(keys({u"b"_s}), header, end + 1s);
    QCOMPARE(cache.keysFor(u"b"_s, end + 1s).action, Action::UseKeys);
    QCOMPARE(cache.keysFor(u"a"_s, end + 1s).action, Action::Fetch); // withdrawn keys are gone at once
}

void TestKeyCache::maxAge_data()
{
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<qint64>("seconds"); // -1: says nothing
    QTest::newRow("empty") << QByteArray() << qint64(-1);
    QTest::newRow("plain") << QByteArray("max-age=60") << qint64(60);
    QTest::newRow("capitals") << QByteArray("Public ,  Max-Age=60") << qint64(60);
    QTest::newRow("quoted") << QByteArray("max-age=\"60\"") << qint64(60);
    QTest::newRow("first of two") << QByteArray("max-age=60, max-age=90") << qint64(60);
    QTest::newRow("shared caches only") << QByteArray("s-maxage=60") << qint64(-1);
    QTest::newRow("no-cache wins") << QByteArray("max-age=60, no-cache") << qint64(0);
    QTest::newRow("no-store wins") << QByteArray("no-store, max-age=60") << qint64(0);
    QTest::newRow("negative") << QByteArray("max-age=-60") << qint64(-1);
    QTest::newRow("no number") << QByteArray("max-age=") << qint64(-1);
    QTest::newRow("overflow") << QByteArray("max-age=99999999999999999999999") << qint64(999'999'999);
    QTest::newRow("with sign") << QByteArray("max-age=+60") << qint64(-1);
}

void TestKeyCache::maxAge()
{
    QFETCH(QByteArray, header);
    QFETCH(qint64, seconds);
    const std::optional<Duration> age = KeyCache::maxAgeOf(header);
    QCOMPARE(age ? std::chrono::duration_cast<std::chrono::seconds>(*age).count() : -1, seconds);
}

void TestKeyCache::strangersCannotCauseFetches()
{
    KeyCache cache({}, m_random);
    cache.fetchStarted(m_start);
    cache.fetched(keys({u"a"_s}), "max-age=86400", m_start);
    int fetches = 0;
    // Ten made-up names a second for ten minutes.
    for (int i = 0; i < 6000; ++i) {
        const Instant now = m_start + 100ms * i;
        const KeyCache::Answer answer = cache.keysFor(u"made up %1"_s.arg(i), now);
        QVERIFY(answer.action != Action::UseKeys);
        if (answer.action == Action::Fetch) {
            ++fetches;
            cache.fetchStarted(now);
            cache.fetched(keys({u"a"_s}), "max-age=86400", now + 50ms);
        } else {
            QVERIFY(answer.retryAt > now && answer.retryAt <= now + 1min);
        }
        QCOMPARE(cache.keysFor(u"a"_s, now + 60ms).action, Action::UseKeys); // others do not notice
    }
    QCOMPARE(fetches, 20);
}

void TestKeyCache::rotationIsNoticed()
{
    KeyCache cache({}, m_random);
    cache.fetchStarted(m_start);
    cache.fetched(keys({u"old"_s}), {}, m_start);
    const Instant now = m_start + 1s;
    QCOMPARE(cache.keysFor(u"new"_s, now).action, Action::Fetch);
    cache.fetchStarted(now);
    QCOMPARE(cache.keysFor(u"new"_s, now).action, Action::Wait);
    QCOMPARE(cache.keysFor(u"old"_s, now).action, Action::UseKeys);
    cache.fetched(keys({u"old"_s, u"new"_s}), {}, now + 1s);
    QCOMPARE(cache.keysFor(u"new"_s, now + 1s).action, Action::UseKeys);
}

void TestKeyCache::missingKeyIsRemembered()
{
    KeyCache cache({}, m_random);
    cache.fetchStarted(m_start);
    cache.fetched(keys({u"a"_s}), {}, m_start);
    QCOMPARE(cache.keysFor(u"b"_s, m_start).action, Action::Fetch);
    cache.fetchStarted(m_start);
    QCOMPARE(cache.keysFor(u"c"_s, m_start).action, Action::Wait); // answered by the same fetch
    cache.fetched(keys({u"a"_s}), {}, m_start + 1s);
    for (const QString &name : {u"b"_s, u"c"_s}) {
        const KeyCache::Answer answer = cache.keysFor(name, m_start + 60s);
        QCOMPARE(answer.action, Action::UnknownKey);
        QCOMPARE(answer.retryAt, m_start + 61s);
    }
    QCOMPARE(cache.keysFor(u"d"_s, m_start + 2s).action, Action::Wait);
    QCOMPARE(cache.keysFor(u"d"_s, m_start + 2s).retryAt, m_start + 30s);
    QCOMPARE(cache.keysFor(u"b"_s, m_start + 61s).action,
             Action::Fetch); // the issuer may have published it late
    cache.fetchStarted(m_start + 61s);
    cache.fetched(keys({u"a"_s, u"b"_s}), {}, m_start + 62s);
    QCOMPARE(cache.keysFor(u"b"_s, m_start + 62s).action, Action::UseKeys);
}

void TestKeyCache::outageServesOldKeys()
{
    KeyCache cache({}, m_random);
    cache.fetchStarted(m_start);
    cache.fetched(keys({u"a"_s}), {}, m_start);
    const Instant expiry = m_start + 1h;
    int fetches = 0;
    for (Instant now = expiry; now < expiry + 24h; now += 1min) {
        const KeyCache::Answer answer = cache.keysFor(u"a"_s, now);
        QCOMPARE(answer.action, Action::UseKeys);
        if (answer.refreshDue) {
            ++fetches;
            cache.fetchStarted(now);
            cache.fetchFailed(now + 1s);
        }
    }
    QVERIFY2(fetches > 100 && fetches <= 24 * 60, qPrintable(QString::number(fetches)));
    QVERIFY(cache.failures() == fetches);
    QVERIFY(cache.keysFor(u"a"_s, expiry + 24h).action != Action::UseKeys);
    QVERIFY(cache.isEmpty());
    QVERIFY(cache.keysFor({}, expiry + 24h).action != Action::UseKeys);
}

void TestKeyCache::backoffOfFailures()
{
    const KeyCachePolicy policy;
    KeyCache cache(policy, m_random);
    Instant now = m_start;
    for (int i = 1; i <= 40; ++i) {
        QCOMPARE(cache.keysFor(u"a"_s, now).action, Action::Fetch);
        cache.fetchStarted(now);
        cache.fetchFailed(now);
        const KeyCache::Answer answer = cache.keysFor(u"a"_s, now);
        QCOMPARE(answer.action, Action::Wait);
        QVERIFY(answer.retryAt >= now + policy.backoff.floor && answer.retryAt <= now + policy.backoff.slowCap);
        QCOMPARE(cache.failures(), i);
        now = answer.retryAt;
    }
    cache.fetchStarted(now);
    cache.fetched(keys({u"a"_s}), {}, now);
    QCOMPARE(cache.failures(), 0);
    QCOMPARE(cache.keysFor(u"a"_s, now).action, Action::UseKeys);
}

void TestKeyCache::retryAfterIsHonoured()
{
    KeyCache cache({}, m_random);
    cache.fetchStarted(m_start);
    cache.fetchFailed(m_start, 120s);
    const KeyCache::Answer answer = cache.keysFor(u"a"_s, m_start + 1s);
    QCOMPARE(answer.action, Action::Wait);
    QVERIFY(answer.retryAt >= m_start + 120s && answer.retryAt <= m_start + 144s);
    cache.fetchStarted(answer.retryAt);
    cache.fetchFailed(answer.retryAt, 1000h); // a mad server does not switch us off
    QVERIFY(cache.keysFor(u"a"_s, answer.retryAt).retryAt <= answer.retryAt + 6min);
}

void TestKeyCache::lostFetchEnds()
{
    KeyCache cache({}, m_random);
    cache.fetchStarted(m_start);
    const Instant limit = m_start + KeyCachePolicy().fetchLimit;
    QCOMPARE(cache.keysFor(u"a"_s, limit - 1ms).action, Action::Wait);
    QCOMPARE(cache.failures(), 0);
    QCOMPARE(cache.keysFor(u"a"_s, limit).action, Action::Wait); // now it waits for the backoff
    QCOMPARE(cache.failures(), 1);
    QCOMPARE(cache.keysFor(u"a"_s, limit + 1min).action, Action::Fetch);
    cache.fetched(keys({u"a"_s}), {}, limit + 1min); // the late answer is welcome
    QCOMPARE(cache.keysFor(u"a"_s, limit + 1min).action, Action::UseKeys);
}

void TestKeyCache::emptySetIsAFailure()
{
    KeyCache cache({}, m_random);
    cache.fetchStarted(m_start);
    cache.fetched(keys({u"a"_s}), {}, m_start);
    cache.fetchStarted(m_start + 2h);
    cache.fetched(JwkSet(), "max-age=86400", m_start + 2h);
    QCOMPARE(cache.failures(), 1);
    QCOMPARE(cache.keysFor(u"a"_s, m_start + 2h).action, Action::UseKeys);
    QVERIFY(!cache.keysFor(u"a"_s, m_start + 2h).refreshDue); // backing off
}

void TestKeyCache::memoryIsBounded()
{
    KeyCache cache({}, m_random);
    cache.fetchStarted(m_start);
    cache.fetched(keys({u"a"_s}), {}, m_start);
    QCOMPARE(cache.keysFor(QString(100'000, u'x'), m_start).action, Action::UnknownKey);
    QCOMPARE(cache.keysFor(u"first"_s, m_start).action, Action::Fetch);
    cache.fetchStarted(m_start);
    for (int i = 0; i < 100'000; ++i)
        QCOMPARE(cache.keysFor(u"made up %1"_s.arg(i), m_start).action, Action::Wait);
    cache.fetched(keys({u"a"_s}), {}, m_start);
    int remembered = 0;
    for (int i = 0; i < 100'000; ++i)
        remembered += cache.keysFor(u"made up %1"_s.arg(i), m_start).action == Action::UnknownKey;
    QVERIFY(remembered > 0 && remembered <= 256);
}

WATCHWORD_TEST_MAIN(TestKeyCache)
#include "tst_keycache.moc"
