// SPDX-License-Identifier: Apache-2.0
#include "sessionfixture.h"
#include "support/process.h"
#include "watchword/testing/manualclock.h"

#include <QFile>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Fault = FakeIssuer::Fault;
using Endpoint = FakeIssuer::Endpoint;

/* A session whose time the test owns: deadlines, sleep, a wrong date. The provider speaks HTTPS, because only that is believed.
 */
class TestSessionClock : public SessionFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void hungAnswerEndsInTime();
    void requestInFlightAtWake();
    void wakeGate();
    void wrongDateIsCorrected_data();
    void wrongDateIsCorrected();
    void oneWrongAnswerDoesNotCount();
    void restartWithTheDateSetBack();
    void restartOfTheMachine();
    void expiredTokenIsNeverHandedOut();

private:
    SessionOptions options()
    {
        SessionOptions o = SessionFixture::options();
        o.clock = m_clock.get();
        o.certificateAuthorities = QSslCertificate::fromPath(m_certificates.path() + u"/ca.pem"_s);
        return o;
    }
    int tokenRequests() const { return m_issuer->requestCount(Endpoint::Token); }

    QTemporaryDir m_certificates;
    std::unique_ptr<ManualClock> m_clock;
};

void TestSessionClock::initTestCase()
{
    QVERIFY(Support::makeCertificates(m_certificates.path()));
}

void TestSessionClock::init()
{
    SessionFixture::init();
    m_clock = std::make_unique<ManualClock>();
    FakeIssuer::Options o;
    o.certificateFile = m_certificates.path() + u"/server.pem"_s;
    o.keyFile = m_certificates.path() + u"/server.key"_s;
    o.clock = m_clock.get();
    m_issuer = std::make_unique<FakeIssuer>(o);
    m_issuer->setBrowserAuthorities(QSslCertificate::fromPath(m_certificates.path() + u"/ca.pem"_s));
    QVERIFY(m_issuer->listen());
}

void TestSessionClock::hungAnswerEndsInTime()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Token, Fault::HungBody, 2);
    const int before = tokenRequests();
    probe.session.refresh();
    for (int attempt = 1; attempt <= 2; ++attempt) {
        QVERIFY(Support::waitUntil([&] { return tokenRequests() == before + attempt; }));
        QVERIFY(!Support::waitUntil([&] { return tokenRequests() != before + attempt; }, 50ms));
        m_clock->advance(29s);
        QVERIFY(!probe.events.contains(u"refresh.finished"_s) || probe.events.last() != "refresh.finished"_L1);
        m_clock->advance(1s);
        if (attempt == 1)
            m_clock->advance(1s); // the pause before the one repetition
    }
    QVERIFY(Support::waitUntil([&] { return probe.events.last() == "refresh.finished"_L1; }));
    QCOMPARE(tokenRequests(), before + 2);
    QCOMPARE(probe.session.state(), State::Active);
    QCOMPARE(probe.needed.size(), 0);
    QCOMPARE(probe.revoked.size(), 0);
}

void TestSessionClock::requestInFlightAtWake()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Token, Fault::HungBody);
    const int before = tokenRequests();
    probe.session.refresh();
    QVERIFY(Support::waitUntil([&] { return tokenRequests() == before + 1; }));
    m_clock->sleep(16s); // well within the deadline
    QVERIFY(probe.events.contains(u"machine.woke"_s));
    m_clock->advance(4s);
    QVERIFY(!Support::waitUntil([&] { return tokenRequests() != before + 1; }, 50ms));
    m_clock->advance(1s); // ambiguous from here on, and repeated once, but not into an unsettled network
    QVERIFY(Support::waitUntil([&] {
        m_clock->advance(100ms);
        return tokenRequests() == before + 2;
    }));
    QVERIFY(probe.events.contains(u"network.settling"_s));
    QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() == 1 && probe.changed.size() == 2; }));
    QCOMPARE(probe.session.state(), State::Active);
}

void TestSessionClock::wakeGate()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    const int before = tokenRequests();
    m_issuer->stop(); // the network is not there yet
    m_clock->sleep(8h); // and the token has ended meanwhile
    QVERIFY(probe.reaches(State::Offline));
    QVERIFY(!probe.session.currentToken());
    QVERIFY(Support::waitUntil(
        [&] { return probe.events.contains(u"refresh.finished"_s) && probe.events.last() != "machine.woke"_L1; }));
    QVERIFY(m_issuer->listen());
    QVERIFY(Support::waitUntil([&] {
        const bool settles = probe.events.contains(u"network.settling"_s);
        if (!settles) // the pause begins now, and no time passes before it is looked at
            m_clock->advance(100ms);
        return settles;
    }));
    QCOMPARE(tokenRequests(), before); // reached, but nothing is spent yet
    m_clock->advance(999ms);
    QVERIFY(!Support::waitUntil([&] { return tokenRequests() != before; }, 50ms));
    m_clock->advance(3001ms);
    QVERIFY(Support::waitUntil([&] { return tokenRequests() == before + 1; }));
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(m_issuer->reuseCount(), 0);
    QCOMPARE(probe.needed.size(), 0);
    // Without another sleep there is no more waiting.
    const auto settled = probe.events.count(u"network.settling"_s);
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.events.count(u"network.settling"_s), settled);
}

void TestSessionClock::wrongDateIsCorrected_data()
{
    QTest::addColumn<int>("ahead");
    QTest::newRow("behind") << 17 * 60;
    QTest::newRow("ahead") << -17 * 60;
    QTest::newRow("a year behind") << 365 * 86'400;
}

// Without the correction, the ID token's times would end this sign-in.
void TestSessionClock::wrongDateIsCorrected()
{
    QFETCH(int, ahead);
    m_issuer->setCalendar(std::chrono::seconds(ahead));
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    QCOMPARE(probe.skewed.size(), 1);
    QVERIFY(std::abs(probe.skewed.first().first().toLongLong() + ahead) <= 2);
    QVERIFY(probe.events.contains(u"clock.skew"_s));
    const QDateTime now = QDateTime::fromMSecsSinceEpoch(m_clock->wallNow().time_since_epoch().count(), Qt::UTC);
    QVERIFY(std::abs(now.addSecs(ahead + 300).secsTo(probe.session.expiresAt())) <= 3);
    m_clock->stepWall(std::chrono::seconds(ahead)); // somebody sets the clock
    m_issuer->setCalendar(0s);
    QVERIFY(probe.refreshed());
    // Discovery was not asked again, so the refresh itself brought the good news.
    QCOMPARE(probe.skewed.size(), 2);
    QCOMPARE(probe.skewed.last().first().toLongLong(), 0);
    QVERIFY(probe.events.contains(u"clock.stepped"_s));
}

void TestSessionClock::oneWrongAnswerDoesNotCount()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Token, Fault::WrongDate);
    QVERIFY(probe.refreshed());
    QCOMPARE(probe.skewed.size(), 0);
    QCOMPARE(probe.session.state(), State::Active);
}

void TestSessionClock::restartWithTheDateSetBack()
{
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
    }
    const int before = tokenRequests();
    m_clock->stepWall(-1h);
    m_issuer->setCalendar(1h); // whose date nobody changed
    m_clock->advance(100s);
    {
        SessionProbe probe(options());
        probe.session.start();
        QVERIFY(probe.reaches(State::Active));
        QVERIFY(probe.token()); // 100 s old, whatever the date says
        QCOMPARE(tokenRequests(), before);
    }
    m_clock->advance(200s);
    SessionProbe probe(options());
    probe.session.start();
    QVERIFY(probe.reaches(State::Active)); // by the date it would be good for 3500 s more
    QCOMPARE(tokenRequests(), before + 1);
}

void TestSessionClock::restartOfTheMachine()
{
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
    }
    const int before = tokenRequests();
    ManualClock restarted;
    SessionOptions o = options();
    o.clock = &restarted;
    SessionProbe probe(o);
    probe.session.start();
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(tokenRequests(), before + 1);
    QCOMPARE(probe.needed.size(), 0);
}

void TestSessionClock::expiredTokenIsNeverHandedOut()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->stop();
    for (int second = 0; second < 300; second += 10) {
        QVERIFY2(probe.session.currentToken(), qPrintable(QString::number(second)));
        m_clock->advance(10s);
        m_clock->stepWall(second % 20 ? 3h : -3h); // nobody's business
    }
    QVERIFY(!probe.session.currentToken());
    QVERIFY(probe.reaches(State::Offline));
}

WATCHWORD_TEST_MAIN(TestSessionClock)
#include "tst_sessionclock.moc"
