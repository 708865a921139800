// SPDX-License-Identifier: Apache-2.0
#include "endpoint/roomaccess.h"
#include "endpoint/sessionlives.h"
#include "support/testmain.h"
#include "watchword/testing/manualclock.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! How long sessions last over their connections, and which rooms ask for a stronger sign-in. */
class TestSessionLives : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void endpointsWithoutLimitsRememberNothing();
    void lifeCountsFromTheSignIn();
    void lifeCountsFromTheFirstTokenWithoutOne();
    void idleSessionsEndUntilAnotherSignIn();
    void tokensWithoutSessionBelongToTheirSignIn();
    void renewalsToAnotherSessionGoOn();
    void wordComesOnceBeforeEachEnd();
    void memoryIsBounded();
    void roomsAskForMore();

private:
    Identity of(const QString &session, std::optional<Duration> signedInAgo = {})
    {
        Identity identity;
        identity.issuer = u"https://a"_s;
        identity.subject = u"ada"_s;
        identity.sessionId = session;
        identity.issuedAt = m_clock.wallNow();
        if (signedInAgo)
            identity.authTime = m_clock.wallNow() - *signedInAgo;
        return identity;
    }
    QString judged(SessionLives &lives, const Identity &identity, const GateTarget &target)
    {
        const std::optional<SessionEnd> end = lives.judge(identity, target, m_clock.now(), m_clock.wallNow());
        return end ? end->reason : QString();
    }
    ManualClock m_clock;
};

void TestSessionLives::endpointsWithoutLimitsRememberNothing()
{
    SessionLives lives;
    QVERIFY(!lives.lifeOf(of(u"s"_s), GateTarget(), m_clock.now(), m_clock.wallNow()));
    QCOMPARE(judged(lives, of(u"s"_s, 1000h), GateTarget()), QString());
    QCOMPARE(lives.size(), qsizetype(0));
}

void TestSessionLives::lifeCountsFromTheSignIn()
{
    SessionLives lives;
    GateTarget target;
    target.sessionLifetime = 12h;
    QCOMPARE(judged(lives, of(u"s"_s, 11h), target), QString());
    m_clock.advance(1h);
    // Whatever was renewed meanwhile.
    QCOMPARE(judged(lives, of(u"s"_s, 12h), target), u"session_lifetime"_s);
    QCOMPARE(judged(lives, of(u"other"_s, 13h), target), u"session_lifetime"_s);
    QCOMPARE(judged(lives, of(u"s"_s, 1min), target), QString()); // a new sign-in of the same session
    GateTarget longer = target;
    longer.sessionLifetime = 24h;
    QCOMPARE(judged(lives, of(u"other"_s, 13h), longer), QString()); // each endpoint by itself
}

void TestSessionLives::lifeCountsFromTheFirstTokenWithoutOne()
{
    SessionLives lives;
    GateTarget target;
    target.sessionLifetime = 1h;
    QCOMPARE(judged(lives, of(u"s"_s), target), QString());
    m_clock.advance(59min);
    QCOMPARE(judged(lives, of(u"s"_s), target), QString()); // with a token that was just issued
    m_clock.advance(1min);
    QCOMPARE(judged(lives, of(u"s"_s), target), u"session_lifetime"_s);
    QCOMPARE(judged(lives, of(u"t"_s), target), QString());
}

void TestSessionLives::idleSessionsEndUntilAnotherSignIn()
{
    SessionLives lives;
    GateTarget target;
    target.sessionIdle = 15min;
    SessionWatch watch;
    watch.begin(lives.lifeOf(of(u"s"_s, 1h), target, m_clock.now(), m_clock.wallNow()));
    m_clock.advance(10min);
    watch.used(m_clock.now());
    m_clock.advance(10min);
    QCOMPARE(judged(lives, of(u"s"_s, 80min), target), QString());
    m_clock.advance(5min);
    QVERIFY(watch.look(target, m_clock.now(), m_clock.wallNow()) == SessionWatch::Word::Over);
    QCOMPARE(judged(lives, of(u"s"_s, 85min), target), u"session_idle"_s);
    m_clock.advance(24h); // to come again does not help
    QCOMPARE(judged(lives, of(u"s"_s, 25h + 25min), target), u"session_idle"_s);
    QCOMPARE(judged(lives, of(u"s"_s, 1s), target), QString());
}

void TestSessionLives::tokensWithoutSessionBelongToTheirSignIn()
{
    SessionLives lives;
    GateTarget target;
    target.sessionIdle = 15min;
    const auto token = [this](const QString &id, Duration signedInAgo) {
        Identity identity = of(id, signedInAgo); // the place of "sid" has the token's own id
        identity.tokenId = id;
        identity.clientId = u"app"_s;
        return identity;
    };
    QCOMPARE(judged(lives, token(u"t1"_s, 1h), target), QString());
    m_clock.advance(15min);
    QCOMPARE(judged(lives, token(u"t2"_s, 75min), target), u"session_idle"_s);
    Identity other = token(u"t3"_s, 75min);
    other.clientId = u"other"_s;
    QCOMPARE(judged(lives, other, target), QString());
    QCOMPARE(judged(lives, token(u"t4"_s, 1s), target), QString()); // another sign-in
    QCOMPARE(lives.size(), qsizetype(3));
}

void TestSessionLives::renewalsToAnotherSessionGoOn()
{
    SessionLives lives;
    GateTarget target;
    target.sessionIdle = 15min;
    const auto life = lives.lifeOf(of(u"s"_s, 1h), target, m_clock.now(), m_clock.wallNow());
    m_clock.advance(10min);
    const auto renewed = lives.lifeOf(of(u"t"_s, 70min), target, m_clock.now(), m_clock.wallNow(), life);
    QCOMPARE(renewed, life);
    m_clock.advance(5min);
    QCOMPARE(judged(lives, of(u"t"_s, 75min), target), u"session_idle"_s);
    QVERIFY(lives.lifeOf(of(u"u"_s), target, m_clock.now(), m_clock.wallNow(), life) == life); // it does not say when
    QVERIFY(lives.lifeOf(of(u"v"_s, 1min), target, m_clock.now(), m_clock.wallNow(), life) != life);
}

void TestSessionLives::wordComesOnceBeforeEachEnd()
{
    SessionLives lives;
    GateTarget target;
    target.sessionIdle = 10min;
    SessionWatch watch;
    const Instant begin = m_clock.now();
    watch.begin(lives.lifeOf(of(u"s"_s), target, begin, m_clock.wallNow()));
    const auto look = [&] { return watch.look(target, m_clock.now(), m_clock.wallNow()); };
    const auto next = [&] { return watch.next(target, m_clock.now(), m_clock.wallNow()); };
    QVERIFY(next() == begin + 8min);
    QVERIFY(look() == SessionWatch::Word::Nothing);
    m_clock.advance(8min);
    QVERIFY(look() == SessionWatch::Word::Due);
    QVERIFY(look() == SessionWatch::Word::Nothing);
    QVERIFY(next() == begin + 10min);
    m_clock.advance(1min);
    watch.used(m_clock.now());
    QVERIFY(look() == SessionWatch::Word::Nothing);
    QVERIFY(next() == begin + 17min);
    m_clock.advance(8min);
    QVERIFY(look() == SessionWatch::Word::Due); // of the other end
    m_clock.advance(2min);
    QVERIFY(look() == SessionWatch::Word::Over);
    target.sessionLifetime = 1h; // the nearest end counts
    QCOMPARE(watch.end(target, m_clock.now(), m_clock.wallNow())->reason, u"session_idle"_s);
    SessionWatch nobody;
    QVERIFY(!nobody.next(target, m_clock.now(), m_clock.wallNow()));
    QVERIFY(nobody.look(target, m_clock.now(), m_clock.wallNow()) == SessionWatch::Word::Nothing);
}

void TestSessionLives::memoryIsBounded()
{
    SessionLives lives;
    GateTarget target;
    target.sessionIdle = 1h;
    for (qsizetype i = 0; i <= SessionLives::kMost; ++i) {
        if (i % 1000 == 0)
            m_clock.advance(1ms);
        lives.lifeOf(of(QString::number(i)), target, m_clock.now(), m_clock.wallNow());
    }
    QVERIFY(lives.size() <= SessionLives::kMost);
    QVERIFY(lives.size() > SessionLives::kMost / 2);
}

// RFC 9470, for a room.
void TestSessionLives::roomsAskForMore()
{
    using V = RoomAccess::Verdict;
    RoomRule rule{.pattern = u"payroll:*"_s, .publishScopes = {u"pay"_s}};
    rule.acrValues = {u"mfa"_s};
    rule.maxAge = 300s;
    const RoomAccess access({rule, {.pattern = u"news"_s}});
    Identity weak = of(u"s"_s, 1min);
    const WallTime now = m_clock.wallNow();
    QVERIFY(access.maySubscribe(weak, u"news"_s, now) == V::Allowed);
    QVERIFY(access.maySubscribe(weak, u"payroll:1"_s, now) == V::StepUp);
    QVERIFY(access.mayPublish(weak, u"payroll:1"_s, now) == V::Forbidden); // no sign-in helps where the scope is missing
    QVERIFY(access.maySubscribe(weak, u"other"_s, now) == V::Forbidden);
    QCOMPARE(access.stepUpMembers(weak, u"payroll:1"_s), (QJsonObject{{u"acr_values"_s, u"mfa"_s}, {u"max_age"_s, 300}}));
    Identity strong = weak;
    strong.acr = u"mfa"_s;
    strong.scopes = {u"pay"_s};
    QVERIFY(access.maySubscribe(strong, u"payroll:1"_s, now) == V::Allowed);
    QVERIFY(access.mayPublish(strong, u"payroll:1"_s, now) == V::Allowed);
    QVERIFY(access.mayPublish(strong, u"payroll:1"_s, now + 5min) == V::StepUp);
    strong.authTime.reset(); // who does not say when is not fresh
    QVERIFY(access.maySubscribe(strong, u"payroll:1"_s, now) == V::StepUp);
}

WATCHWORD_TEST_MAIN(TestSessionLives)
#include "tst_sessionlives.moc"
