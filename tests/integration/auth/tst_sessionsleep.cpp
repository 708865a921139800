// SPDX-License-Identifier: Apache-2.0
// A session on a machine whose systemd-logind says that it is going to sleep: over a real D-Bus, which belongs to the test.
#include "sessionfixture.h"
#include "support/process.h"
#include "watchword/auth/envelopetokenstore.h"
#include "watchword/testing/manualclock.h"

#include <QDBusConnection>
#include <QDBusError>
#include <QDBusUnixFileDescriptor>
#include <QStandardPaths>

#include <fcntl.h>
#include <unistd.h>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Session::State;
using Fault = FakeIssuer::Fault;
using Endpoint = FakeIssuer::Endpoint;

namespace {

/*! Time belongs to the test, but the machine is the system's. */
class TestClock final : public ManualClock
{
public:
    bool runsByItself() const override { return true; }
};

} // namespace

/*! The part of logind that matters here. */
class FakeLogind : public QObject
{
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.login1.Manager")

public:
    ~FakeLogind() override
    {
        for (const int end : std::as_const(m_ends))
            ::close(end);
    }
    int taken() const { return int(m_ends.size()); }
    //! Delay locks whose owner has not let go.
    int held() const
    {
        int count = 0;
        char byte = 0;
        for (const int end : m_ends)
            count += ::read(end, &byte, 1) == 0 ? 0 : 1; // end of file: the other end is closed
        return count;
    }
    QStringList asked; // what, who, why, mode

public Q_SLOTS:
    QDBusUnixFileDescriptor Inhibit(const QString &what, const QString &who, const QString &why, const QString &mode)
    {
        asked = {what, who, why, mode};
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
            return {};
        m_ends.append(ends[0]);
        const QDBusUnixFileDescriptor lock(ends[1]); // a copy of it
        ::close(ends[1]);
        return lock;
    }

Q_SIGNALS:
    void PrepareForSleep(bool start);

private:
    QList<int> m_ends;
};

class TestSessionSleep : public SessionFixture
{
    Q_OBJECT

public Q_SLOTS:
    void init() override;

private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void nothingBeginsBeforeSleep();
    void requestsWaitForTheMorning();
    void inFlightIsFinished();
    void notYetSentIsPutOff();
    void staysAwakeAfterAll();
    void wakesWithoutHavingSlept();
    void signOutIsNotPutOff();
    void signedOutInTheNight();
    void logindGoesAway();

private:
    SessionOptions options()
    {
        SessionOptions o = SessionFixture::options();
        o.clock = m_clock.get();
        return o;
    }
    int tokenRequests() const { return m_issuer->requestCount(Endpoint::Token); }
    bool sleeps(SessionProbe &probe)
    {
        const auto before = probe.events.count(u"machine.sleeps"_s);
        Q_EMIT m_logind->PrepareForSleep(true);
        return Support::waitUntil([&] { return probe.events.count(u"machine.sleeps"_s) == before + 1; });
    }
    bool wakes(SessionProbe &probe)
    {
        const auto before = probe.events.count(u"machine.woke"_s);
        Q_EMIT m_logind->PrepareForSleep(false);
        return Support::waitUntil([&] { return probe.events.count(u"machine.woke"_s) == before + 1; });
    }
    bool staysSilent()
    {
        const int before = tokenRequests();
        return !Support::waitUntil([&] { return tokenRequests() != before; }, 50ms);
    }
    //! Through the wake gate: the host is looked at twice.
    bool refreshesOnce()
    {
        const int before = m_issuer->refreshCount();
        return Support::waitUntil([&] {
            m_clock->advance(50ms);
            return m_issuer->refreshCount() == before + 1;
        });
    }

    QTemporaryDir m_busFolder;
    Support::ReadyProcess m_bus;
    QString m_address;
    std::unique_ptr<FakeLogind> m_logind;
    std::unique_ptr<TestClock> m_clock;
};

void TestSessionSleep::initTestCase()
{
    REQUIRE_COMPONENT(!QStandardPaths::findExecutable(u"dbus-daemon"_s).isEmpty(), "dbus-daemon");
    QFile config(m_busFolder.filePath(u"bus.conf"_s));
    QVERIFY(config.open(QIODevice::WriteOnly));
    config.write("<busconfig><type>system</type><listen>unix:tmpdir=" + m_busFolder.path().toUtf8()
                 + "</listen><policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/><allow send_destination=\"*\"/>"
                   "<allow send_type=\"signal\"/><allow receive_sender=\"*\"/></policy></busconfig>");
    config.close();
    const auto address =
        m_bus.start(u"dbus-daemon"_s, {u"--config-file="_s + config.fileName(), u"--nofork"_s, u"--print-address"_s}, u"unix:"_s);
    QVERIFY(address);
    m_address = u"unix:"_s + *address;
    qputenv("DBUS_SYSTEM_BUS_ADDRESS", m_address.toUtf8()); // before anybody asks for the system bus
}

void TestSessionSleep::cleanupTestCase()
{
    QDBusConnection::disconnectFromBus(u"logind"_s);
}

void TestSessionSleep::init()
{
    SessionFixture::init();
    m_clock = std::make_unique<TestClock>();
    FakeIssuer::Options o;
    o.clock = m_clock.get();
    m_issuer = std::make_unique<FakeIssuer>(o);
    QVERIFY(m_issuer->listen());
    m_logind = std::make_unique<FakeLogind>();
    QDBusConnection bus = QDBusConnection::connectToBus(m_address, u"logind"_s);
    QVERIFY2(bus.isConnected(), qPrintable(bus.lastError().message()));
    bus.unregisterObject(u"/org/freedesktop/login1"_s);
    QVERIFY(bus.registerObject(u"/org/freedesktop/login1"_s, m_logind.get(),
                               QDBusConnection::ExportAllSlots | QDBusConnection::ExportAllSignals));
    QVERIFY(bus.registerService(u"org.freedesktop.login1"_s));
}

void TestSessionSleep::nothingBeginsBeforeSleep()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    QVERIFY(sleeps(probe));
    probe.session.refresh();
    QVERIFY(probe.events.contains(u"refresh.held"_s));
    QVERIFY(staysSilent());
    m_clock->sleep(8h);
    QVERIFY(probe.events.contains(u"machine.woke"_s)); // by the clocks
    Q_EMIT m_logind->PrepareForSleep(false);
    QVERIFY(refreshesOnce());
    QVERIFY(probe.events.contains(u"network.settling"_s));
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.events.count(u"machine.woke"_s), 1);
    QCOMPARE(probe.needed.size(), 0);
}

void TestSessionSleep::requestsWaitForTheMorning()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    QVERIFY(sleeps(probe));
    TokenRequest refused;
    refused.rejectedFingerprint = probe.token()->value.fingerprint();
    const auto future = probe.session.requestToken(refused);
    QVERIFY(staysSilent());
    QVERIFY(!future.isFinished());
    QVERIFY(wakes(probe));
    QVERIFY(refreshesOnce());
    QVERIFY(Support::waitFor(future));
    QVERIFY(future.result());
}

void TestSessionSleep::inFlightIsFinished()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    int heldMeanwhile = -1;
    connect(m_issuer.get(), &FakeIssuer::requestReceived, &probe.session, [&](Endpoint endpoint) {
        if (endpoint != Endpoint::Token)
            return;
        // The request is here, and the answer is not out yet.
        QVERIFY(Support::waitUntil([&] { return m_logind->taken() == 1; }));
        Q_EMIT m_logind->PrepareForSleep(true);
        QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"machine.sleeps"_s); }));
        heldMeanwhile = m_logind->held();
    });
    QVERIFY(probe.refreshed());
    QCOMPARE(heldMeanwhile, 1); // logind waits with the sleep ...
    QCOMPARE(m_logind->asked.value(0), u"sleep"_s);
    QCOMPARE(m_logind->asked.value(3), u"delay"_s);
    QCOMPARE(probe.changed.size(), 2); // ... until the new tokens are stored
    QVERIFY(Support::waitUntil([&] { return m_logind->held() == 0; }));
    QCOMPARE(m_issuer->refreshCount(), 1);
    QVERIFY(wakes(probe));
    QVERIFY(staysSilent()); // and nothing is to be made up for
}

void TestSessionSleep::notYetSentIsPutOff()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    const SessionOptions &all = probe.session.options();
    EnvelopeTokenStore other({all.storageFolder, all.applicationId, all.account, all.issuer.toString() + u' ' + all.clientId},
                             Secret::random(32), *m_clock);
    Result<std::shared_ptr<StoreLock>> lock = other.tryLock(); // so that the refresh gets as far as the lock
    QVERIFY(lock);
    probe.session.refresh();
    QVERIFY(probe.events.contains(u"refresh.started"_s));
    QVERIFY(sleeps(probe));
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"refresh.finished"_s); }));
    lock.value().reset();
    m_clock->advance(1s);
    QVERIFY(staysSilent());
    QVERIFY(wakes(probe));
    QVERIFY(refreshesOnce());
    QVERIFY(probe.reaches(State::Active));
    QCOMPARE(probe.needed.size() + probe.failed.size() + probe.degraded.size(), 0);
}

void TestSessionSleep::staysAwakeAfterAll()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    QVERIFY(sleeps(probe));
    probe.session.refresh();
    m_clock->advance(59s);
    QVERIFY(staysSilent());
    m_clock->advance(1s);
    QVERIFY(probe.events.contains(u"machine.woke"_s));
    QVERIFY(refreshesOnce());
}

// The other half of a sleep that began before the program.
void TestSessionSleep::wakesWithoutHavingSlept()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    Q_EMIT m_logind->PrepareForSleep(false);
    QVERIFY(sleeps(probe)); // signals come in their order
    QVERIFY(!probe.events.contains(u"machine.woke"_s));
    QVERIFY(wakes(probe));
}

void TestSessionSleep::signOutIsNotPutOff()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    QVERIFY(sleeps(probe));
    probe.session.signOut();
    QCOMPARE(probe.session.state(), State::SignedOut);
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.finished"_s); }));
    SessionProbe again(options()); // what it left on the disk
    again.session.start();
    QVERIFY(Support::waitUntil([&] { return again.needed.size() == 1; }));
}

void TestSessionSleep::signedOutInTheNight()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    QVERIFY(sleeps(probe));
    probe.session.refresh();
    QVERIFY(probe.events.contains(u"refresh.held"_s));
    probe.session.signOut();
    QVERIFY(Support::waitUntil([&] { return probe.events.contains(u"signout.finished"_s); }));
    QVERIFY(wakes(probe));
    m_clock->advance(1min);
    QVERIFY(staysSilent());
    QCOMPARE(m_issuer->refreshCount(), 0);
    QCOMPARE(probe.session.state(), State::SignedOut);
    QCOMPARE(probe.signedOut.size(), 1);
}

void TestSessionSleep::logindGoesAway()
{
    SessionProbe probe(options());
    QVERIFY(signedIn(probe));
    QDBusConnection::disconnectFromBus(u"logind"_s);
    QVERIFY(probe.refreshed());
    m_clock->sleep(8h); // as the clocks tell it
    QVERIFY(refreshesOnce());
    QVERIFY(probe.reaches(State::Active));
}

WATCHWORD_TEST_MAIN(TestSessionSleep)
#include "tst_sessionsleep.moc"
