// SPDX-License-Identifier: Apache-2.0
// A Connection on a machine that sleeps, loses its network, and sits behind a captive portal.
#include "linkfixture.h"

#include "support/scriptedhints.h"
#include "watchword/link/networkhints.h"

using namespace LinkTest;

namespace {

using Support::ScriptedHints;

/*! The system's clock, on a machine that can sleep. */
class SleepyClock final : public Clock
{
public:
    Duration slept{};
    Instant now() const override { return Clock::system().now() + slept; }
    WallTime wallNow() const override { return Clock::system().wallNow() + slept; }
    bool runsByItself() const override { return true; }
};

} // namespace

class TestSurroundings : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void sleepIsNoticedWithoutAnyDeadline();
    void tokenThatEndedInSleepIsReplacedFirst();
    void networkPausesAndHurries();
    void captivePortalIsTheReason();
    void hintsThatGoAway();
    void systemBackend();
};

void TestSurroundings::sleepIsNoticedWithoutAnyDeadline()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    SleepyClock clock;
    ConnectionOptions options = quickOptions(gateway);
    options.clock = &clock;
    options.heartbeat = 1h;
    options.wakeCheck = 20ms;
    options.probeTimeout = 1s;
    Connection connection(&tokens, options);
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy rtt(&connection, &Connection::rttChanged);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    clock.slept += 30s; // far from every deadline
    QVERIFY(waitUntil([&] { return rtt.size() == 1; }));
    gateway.peer()->stall();
    clock.slept += 30s;
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
}

void TestSurroundings::tokenThatEndedInSleepIsReplacedFirst()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    SleepyClock clock;
    ConnectionOptions options = quickOptions(gateway);
    options.clock = &clock;
    options.wakeCheck = 500ms; // a busy machine that is held up for three of them counts as one that slept once more
    options.heartbeat = 1h; // no ping before the sleep
    tokens.clock = &clock;
    Connection connection(&tokens, options);
    QSignalSpy renewed(&connection, &Connection::tokenRenewed);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    const qsizetype before = gateway.peer()->frames().size();
    tokens.lifetime = 3h;
    clock.slept += 2h;
    QVERIFY(waitUntil([&] { return renewed.size() == 1; }));
    QCOMPARE(gateway.peer()->frames().at(before).type(), u"auth.refresh"_s);
    QCOMPARE(gateway.requests().size(), 1);
}

void TestSurroundings::networkPausesAndHurries()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ScriptedHints hints;
    ConnectionOptions options = quickOptions(gateway);
    options.networkHints = &hints;
    options.probeTimeout = 1s;
    Connection connection(&tokens, options);
    QSignalSpy ready(&connection, &Connection::ready);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    hints.set(true, false);
    QCOMPARE(connection.state(), State::Ready); // a hint, no verdict
    gateway.peer()->reset();
    QVERIFY(waitUntil([&] { return connection.state() == State::Waiting; }));
    QVERIFY(QDateTime::currentDateTimeUtc().msecsTo(connection.nextRetryAt()) > 90'000);
    QVERIFY(connection.explain().contains("has no network"_L1));
    hints.set(false, false);
    QVERIFY(QDateTime::currentDateTimeUtc().msecsTo(connection.nextRetryAt()) <= 3'000);
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
    // On another network the old link is asked before it is believed.
    gateway.peer()->stall();
    hints.set(false, false);
    QVERIFY(waitUntil([&] { return ready.size() == 3; }));
}

void TestSurroundings::captivePortalIsTheReason()
{
    FakeGateway gateway;
    gateway.setTls(ThrowAwayTls::make({u"portal.test"_s})); // what a portal can show of TLS
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ScriptedHints hints;
    hints.portal = true;
    ConnectionOptions options = quickOptions(gateway);
    options.networkHints = &hints;
    Connection connection(&tokens, options);
    QSignalSpy failed(&connection, &Connection::attemptFailed);
    connection.open();
    QVERIFY(waitUntil([&] { return failed.size() >= 2; })); // quickly again: it passes when somebody signs in
    const auto failure = failed.first().first().value<ConnectError>();
    QCOMPARE(failure.error.code(), ErrorCode::CaptivePortal);
    QVERIFY(failure.error.detail().contains("TlsFailed"_L1));
    QVERIFY(failure.remedy.contains("sign in to the network"_L1));
    QVERIFY(!failure.tlsErrors.isEmpty());
    QVERIFY(failure.willRetry);
    QCOMPARE(gateway.requests().size(), 0); // TLS errors are never ignored
    gateway.setTls(ThrowAwayTls::make());
    connection.close();
    options.additionalCertificateAuthorities = {gateway.tls().authority};
    hints.set(false, false);
    QVERIFY(connection.setOptions(options));
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
}

void TestSurroundings::hintsThatGoAway()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    auto hints = std::make_unique<ScriptedHints>();
    ConnectionOptions options = quickOptions(gateway);
    options.networkHints = hints.get();
    Connection connection(&tokens, options);
    QSignalSpy ready(&connection, &Connection::ready);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    connection.close();
    QVERIFY(waitUntil([&] { return connection.state() == State::Disconnected; }));
    hints->set(true, true); // nobody cares any more
    options.networkHints = nullptr;
    QVERIFY(connection.setOptions(options));
    hints.reset();
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
}

// The real one, whatever this machine has: it can be asked, and there is one for all.
void TestSurroundings::systemBackend()
{
    NetworkHints *hints = systemNetworkHints();
    QCOMPARE(systemNetworkHints(), hints);
    if (hints)
        qInfo() << "disconnected" << hints->isDisconnected() << "portal" << hints->isBehindCaptivePortal();
    else
        qInfo() << "this machine has no backend";
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.networkHints = hints;
    Connection connection(&tokens, options);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
}

WATCHWORD_TEST_MAIN(TestSurroundings)
#include "tst_surroundings.moc"
