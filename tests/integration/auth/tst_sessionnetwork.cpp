// SPDX-License-Identifier: Apache-2.0
// A session and what the system says about its network: a hint, that saves vain attempts and hastens good ones.
#include "sessionfixture.h"
#include "support/scriptedhints.h"
#include "watchword/testing/manualclock.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Fault = FakeIssuer::Fault;
using Endpoint = FakeIssuer::Endpoint;

namespace {

/*! Every pause as long as it may be. */
class LongestPauses final : public RandomSource
{
public:
    double nextUnit() override { return 0.9999; }
};

} // namespace

class TestSessionNetwork : public SessionFixture
{
    Q_OBJECT

public Q_SLOTS:
    void init() override;

private Q_SLOTS:
    void withoutNetworkTimersPause();
    void everythingElseTriesAnyway();
    void wrongHintIsNoEnd();
    void backoffEndsWithTheNetwork();
    void busyProviderIsNotHurried();
    void flappingIsOneAttempt();
    void portalIsTheReason();
    void nothingIsWanted();
    void signedOutMeanwhile();
    void hintsGoFirst();
    void sleepWhileTheNetworkSettles();

private:
    SessionOptions options()
    {
        SessionOptions o = SessionFixture::options();
        o.clock = m_clock.get();
        o.random = &m_random;
        o.networkHints = m_hints.get();
        return o;
    }
    int tokenRequests() const { return m_issuer->requestCount(Endpoint::Token); }
    //! Lets time pass, and gives what might come of it the chance to come.
    bool staysSilent(Duration time)
    {
        const int before = tokenRequests();
        m_clock->advance(time);
        return !Support::waitUntil([&] { return tokenRequests() != before; }, 50ms);
    }

    LongestPauses m_random;
    std::unique_ptr<ManualClock> m_clock;
    std::unique_ptr<Support::ScriptedHints> m_hints;
};

void TestSessionNetwork::init()
{
    SessionFixture::init();
    m_clock = std::make_unique<ManualClock>();
    m_hints = std::make_unique<Support::ScriptedHints>();
    FakeIssuer::Options o;
    o.clock = m_clock.get();
    m_issuer = std::make_unique<FakeIssuer>(o);
    QVERIFY(m_issuer->listen());
}

void TestSessionNetwork::withoutNetworkTimersPause()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_hints->set(true);
    QVERIFY(staysSilent(240s));
    QVERIFY(probe.events.contains(u"refresh.paused"_s));
    QCOMPARE(probe.session.state(), State::Active); // the token is good to its end
    QVERIFY(probe.session.currentToken());
    QVERIFY(staysSilent(61s));
    QCOMPARE(probe.session.state(), State::Offline);
    QCOMPARE(probe.session.stateReason().code(), ErrorCode::Offline);
    QVERIFY(probe.session.nextAttempt().isValid());
    m_hints->set(false);
    QVERIFY(staysSilent(2990ms)); // all programs of this machine have just heard the same
    m_clock->advance(10ms);
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(m_issuer->refreshCount(), 1);
    QVERIFY(staysSilent(60s));
    QCOMPARE(probe.needed.size(), 0);
}

void TestSessionNetwork::everythingElseTriesAnyway()
{
    m_hints->set(true);
    SessionProbe probe(options());
    QVERIFY(signedIn(probe)); // a person asked for it
    QVERIFY(probe.refreshed()); // and the application
    QCOMPARE(m_issuer->refreshCount(), 1);
    TokenRequest refused;
    refused.rejectedFingerprint = probe.token()->value.fingerprint();
    m_clock->advance(31s);
    QVERIFY(probe.token(refused));
    QCOMPARE(m_issuer->refreshCount(), 2);
    // What is not certainly gone is tried: reachability Unknown, Local and Site are all "not disconnected".
    m_hints->set(false);
    m_clock->advance(240s);
    QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() == 3; }));
}

// A tunnel that the system knows nothing of.
void TestSessionNetwork::wrongHintIsNoEnd()
{
    m_hints->set(true);
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    QVERIFY(staysSilent(240s));
    QVERIFY(staysSilent(269s));
    m_clock->advance(31s);
    QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() == 1; }));
    QVERIFY(probe.reaches(State::Active));
}

void TestSessionNetwork::backoffEndsWithTheNetwork()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->stop();
    for (int failures = 1; failures <= 8; ++failures) {
        m_clock->advance(5min);
        QVERIFY(Support::waitUntil([&] { return probe.events.count(u"refresh.finished"_s) == failures; }));
    }
    m_hints->set(true);
    QVERIFY(m_issuer->listen());
    QVERIFY(staysSilent(1s)); // minutes are still to go
    m_hints->set(false);
    m_clock->advance(3s);
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(m_issuer->refreshCount(), 1);
    QCOMPARE(m_issuer->reuseCount(), 0);
}

void TestSessionNetwork::busyProviderIsNotHurried()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_issuer->failNext(Endpoint::Token, Fault::Busy); // Retry-After: 7
    QVERIFY(probe.refreshed());
    m_hints->set(true);
    m_hints->set(false);
    QVERIFY(staysSilent(6999ms));
    m_clock->advance(1500ms);
    QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() == 1; }));
}

void TestSessionNetwork::flappingIsOneAttempt()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_hints->set(true);
    QVERIFY(staysSilent(240s));
    for (int i = 0; i < 20; ++i) {
        m_hints->set(false);
        m_clock->advance(100ms);
        m_hints->set(true);
    }
    QVERIFY(staysSilent(10s));
    m_hints->set(false);
    m_hints->set(false); // another way to the network, which is no news here
    m_clock->advance(3s);
    QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() == 1; }));
    QVERIFY(staysSilent(30s));
}

void TestSessionNetwork::portalIsTheReason()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_hints->set(false, true);
    m_issuer->stop();
    m_clock->advance(301s);
    QVERIFY(Support::waitUntil([&] { return probe.session.stateReason().code() == ErrorCode::CaptivePortal; }));
    QCOMPARE(probe.session.state(), State::Offline);
    QVERIFY(!probe.session.suggestedAction().isEmpty());
    QCOMPARE(probe.token().error().code(), ErrorCode::CaptivePortal);
    // The page is gone: what failed is called by its name again.
    m_hints->set(false, false);
    QVERIFY(probe.refreshed());
    QVERIFY(probe.session.stateReason().code() != ErrorCode::CaptivePortal);
    QCOMPARE(probe.needed.size(), 0);
}

void TestSessionNetwork::nothingIsWanted()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_hints->set(true);
    m_hints->set(false);
    QVERIFY(staysSilent(10s));
    QVERIFY(!probe.events.contains(u"refresh.started"_s));
}

void TestSessionNetwork::signedOutMeanwhile()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_hints->set(true);
    QVERIFY(staysSilent(240s));
    m_hints->set(false);
    probe.session.signOut();
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.finished"_s); }));
    QVERIFY(staysSilent(10min));
    QCOMPARE(probe.session.state(), State::SignedOut);
    QCOMPARE(probe.signedOut.size(), 1);
}

void TestSessionNetwork::hintsGoFirst()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_hints->set(true);
    m_hints.reset();
    m_clock->advance(240s);
    QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() == 1; }));
}

// Between the two looks at the host, one of which is already good.
void TestSessionNetwork::sleepWhileTheNetworkSettles()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    m_clock->sleep(20s);
    QVERIFY(probe.events.contains(u"machine.woke"_s));
    m_clock->advance(13s);
    probe.session.refresh();
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"network.settling"_s); }));
    m_clock->sleep(2s);
    QCOMPARE(probe.events.count(u"machine.woke"_s), 2);
    QVERIFY(Support::waitUntil([&] { return probe.events.count(u"network.settling"_s) == 2; }));
    QVERIFY(staysSilent(3s));
    m_clock->advance(1s);
    QVERIFY(Support::waitUntil([&] { return m_issuer->refreshCount() == 1; }));
}

WATCHWORD_TEST_MAIN(TestSessionNetwork)
#include "tst_sessionnetwork.moc"
