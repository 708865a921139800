// SPDX-License-Identifier: Apache-2.0
// Rates that several connections have together, what happens to who is too fast, and connections on which nothing happens.
#include "auditedgate.h"
#include "relaypeers.h"
#include "socketlog.h"
#include "support/testmain.h"

#include <QElapsedTimer>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

class TestSharedRates : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void whoShareARate_data();
    void whoShareARate();
    void relayedConnectionsShareToo();
    void slowLosesNothing_data();
    void slowLosesNothing();
    void slowIsNotEscapedByComingAgain_data();
    void slowIsNotEscapedByComingAgain();
    void idleConnectionsAreClosed();
    void relayedIdleConnectionsAreClosed();
};

namespace {

struct Talker
{
    Talker(AuditedGate &gate, const QString &path, const QString &subject)
        : socket(gate.client(path, gate.token(gate.claims(subject))))
        , log(*socket)
    {
    }
    bool isOpen() const { return log.awaitFrame(u"hello"_s); }
    // All of them come back, or the connection is closed.
    bool talk(int count)
    {
        const auto echoed = [this] {
            return std::count_if(log.texts.cbegin(), log.texts.cend(), [](const QString &text) { return text == "say"_L1; });
        };
        const auto before = echoed();
        for (int i = 0; i < count; ++i)
            socket->sendTextMessage(u"say"_s);
        return waitUntil([&] { return log.closed || echoed() == before + count; }) && !log.closed;
    }
    std::unique_ptr<QWebSocket> socket;
    SocketLog log;
};

QByteArray metricsOf(GateFixture &gate)
{
    return gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
}

EndpointConfig &relay(GateFixture &gate, const RawUpstream &upstream)
{
    EndpointConfig &endpoint = gate.addEndpoint(u"/relay"_s, EndpointConfig::Service::Upstream);
    endpoint.upstream = upstream.url();
    return endpoint;
}

} // namespace

void TestSharedRates::whoShareARate_data()
{
    QTest::addColumn<RateLimit EndpointLimits::*>("rate");
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("second"); // who uses up what the first has left
    QTest::addColumn<bool>("bobIsHit");
    QTest::newRow("user") << &EndpointLimits::ofUser << u"user_messages_per_second"_s << u"ada"_s << false;
    QTest::newRow("address") << &EndpointLimits::ofAddress << u"address_messages_per_second"_s << u"eve"_s << true;
    QTest::newRow("endpoint") << &EndpointLimits::ofEndpoint << u"endpoint_messages_per_second"_s << u"eve"_s << true;
}

void TestSharedRates::whoShareARate()
{
    QFETCH(RateLimit EndpointLimits::*, rate);
    QFETCH(const QString, name);
    QFETCH(const QString, second);
    QFETCH(const bool, bobIsHit);
    AuditedGate gate;
    QVERIFY(gate.prepare());
    // So slow that nothing is gained while the test runs, with a burst of 200.
    (gate.config.endpoints[0].limits.*rate).messagesPerSecond = 100;
    gate.config.endpoints[0].limits.messagesPerSecond = 0;
    QVERIFY(gate.begin());
    Talker first(gate, u"/echo"_s, u"ada"_s);
    Talker other(gate, u"/echo"_s, second);
    Talker bob(gate, u"/echo"_s, u"bob"_s);
    QVERIFY(first.isOpen() && other.isOpen() && bob.isOpen());
    QVERIFY(first.talk(150));
    QVERIFY(!other.talk(2000));
    QCOMPARE(int(other.socket->closeCode()), 4429);
    const std::optional<Frame> bye = other.log.frame(u"bye"_s);
    QVERIFY(bye && bye->fields().value("after_ms"_L1).toInt() > 0 && !bye->fields().value("ref"_L1).toString().isEmpty());
    QVERIFY(!first.log.closed);
    QCOMPARE(bob.talk(60), !bobIsHit);
    QVERIFY(metricsOf(gate).contains("watchword_sockets_cut_total{bound=\"" + name.toLatin1() + "\"} "));
    const QList<AuditEvent> hits = gate.events(u"limit.hit"_s);
    QCOMPARE(hits.size(), bobIsHit ? 2 : 1);
    QCOMPARE(hits.first().data.value("limit"_L1).toObject().value("name"_L1).toString(), name);
    QCOMPARE(hits.first().data.value("actor"_L1).toObject().value("sub"_L1).toString(), second);
}

void TestSharedRates::relayedConnectionsShareToo()
{
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    AuditedGate gate;
    QVERIFY(gate.prepare());
    EndpointLimits &limits = relay(gate, upstream).limits;
    limits.ofUser.bytesPerSecond = 40'000;
    limits.messageBytes = 64'000;
    QVERIFY(gate.begin());
    RawClient first(gate, "/relay");
    QVERIFY(upstream.awaitRequest());
    upstream.accept();
    QVERIFY(first.isOpen());
    first.send(0x82, QByteArray(60'000, 'x'));
    QVERIFY(waitUntil([&] { return upstream.frames.size() == 1; }));
    RawClient second(gate, "/relay");
    QVERIFY(upstream.awaitRequest());
    upstream.accept();
    QVERIFY(second.isOpen());
    second.send(0x82, QByteArray(60'000, 'x'));
    QVERIFY(waitUntil([&] { return second.closeCode() != 0; }));
    QCOMPARE(second.closeCode(), 4429);
    QCOMPARE(first.closeCode(), 0);
    QVERIFY(metricsOf(gate).contains("{bound=\"user_bytes_per_second\"} 1\n"));
}

void TestSharedRates::slowLosesNothing_data()
{
    QTest::addColumn<bool>("isRelayed");
    QTest::addColumn<bool>("isShared");
    QTest::newRow("echo, of the connection") << false << false;
    QTest::newRow("echo, of the user") << false << true;
    QTest::newRow("relayed, of the connection") << true << false;
    QTest::newRow("relayed, of the user") << true << true;
}

void TestSharedRates::slowLosesNothing()
{
    constexpr qsizetype kMessage = 64'000;
    constexpr int kCount = 220;
    QFETCH(const bool, isRelayed);
    QFETCH(const bool, isShared);
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    AuditedGate gate;
    QVERIFY(gate.prepare());
    relay(gate, upstream);
    EndpointLimits &limits = gate.config.endpoints[isRelayed ? 2 : 0].limits;
    limits.whenTooFast = EndpointLimits::WhenTooFast::Slow;
    limits.queueBytes = 0; // what comes back goes through the same loop
    limits.messagesPerSecond = 0;
    limits.bytesPerSecond = isShared ? 0 : 2'000'000;
    limits.ofUser.bytesPerSecond = isShared ? 2'000'000 : 0;
    QVERIFY(gate.begin());
    RawClient client(gate, isRelayed ? "/relay" : "/echo");
    if (isRelayed) {
        QVERIFY(upstream.awaitRequest());
        upstream.accept();
    }
    QVERIFY(client.isOpen());
    QElapsedTimer timer;
    timer.start();
    for (int i = 0; i < kCount; ++i)
        client.send(0x82, QByteArray(kMessage, char('a' + i % 26)));
    const QList<RawFrames::Frame> &came = isRelayed ? upstream.frames : client.frames;
    qsizetype bytes = 0;
    QVERIFY(waitUntil([&] {
        bytes = 0;
        for (const RawFrames::Frame &frame : came)
            bytes += frame.payload.size();
        return bytes >= kCount * kMessage || client.isGone;
    }));
    QCOMPARE(bytes, kCount * kMessage);
    // A burst of two seconds, and what was on its way already, come at once.
    QVERIFY2(timer.elapsed() > 1000, qPrintable(QString::number(timer.elapsed())));
    QCOMPARE(client.closeCode(), 0);
    const QByteArray name = isShared ? "user_bytes_per_second" : "bytes_per_second";
    QVERIFY(metricsOf(gate).contains("watchword_clients_slowed_total{limit=\"" + name + "\"} "));
    const QList<AuditEvent> hits = gate.events(u"limit.hit"_s);
    QVERIFY(!hits.isEmpty() && hits.size() <= 12); // the rest is counted in one
    QCOMPARE(hits.first().data.value("reason_code"_L1).toString(), QString::fromLatin1(name));
    QCOMPARE(hits.first().data.value("outcome"_L1).toString(), u"success"_s);
}

void TestSharedRates::slowIsNotEscapedByComingAgain_data()
{
    QTest::addColumn<bool>("isRelayed");
    QTest::newRow("echo") << false;
    QTest::newRow("relayed") << true;
}

// Who writes much at once and comes again has what the rate allows, and makes nobody else wait.
void TestSharedRates::slowIsNotEscapedByComingAgain()
{
    constexpr int kRate = 20;
    constexpr int kAtOnce = 2000;
    QFETCH(const bool, isRelayed);
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    AuditedGate gate;
    QVERIFY(gate.prepare());
    relay(gate, upstream);
    EndpointLimits &limits = gate.config.endpoints[isRelayed ? 2 : 0].limits;
    limits.whenTooFast = EndpointLimits::WhenTooFast::Slow;
    limits.messagesPerSecond = 0;
    limits.ofUser.messagesPerSecond = kRate;
    limits.ofEndpoint.messagesPerSecond = 5 * kRate;
    QVERIFY(gate.begin());
    const QByteArray path = isRelayed ? "/relay" : "/echo";
    QElapsedTimer timer;
    timer.start();
    qsizetype passed = 0;
    for (int round = 0; round < 4; ++round) {
        const qsizetype before = upstream.frames.size();
        RawClient client(gate, path);
        if (isRelayed) {
            QVERIFY(upstream.awaitRequest());
            upstream.accept();
        }
        QVERIFY(client.isOpen());
        for (int i = 0; i < kAtOnce; ++i)
            client.send(0x82, "x");
        const auto came = [&] { return isRelayed ? upstream.frames.size() - before : client.frames.size(); };
        const qsizetype first = came();
        QVERIFY(waitUntil([&] { return came() >= first + 3 || client.isGone; })); // in its turn it is served
        QVERIFY(!client.isGone);
        passed += came();
    }
    const qsizetype most = 2 * kRate + qsizetype(timer.elapsed()) * kRate / 1000 + 8;
    QVERIFY2(passed <= most, qPrintable(u"%1 of %2"_s.arg(passed).arg(most)));
    if (isRelayed)
        return;
    Talker bob(gate, u"/echo"_s, u"bob"_s);
    QVERIFY(bob.isOpen());
    timer.restart();
    QVERIFY(bob.talk(10));
    QVERIFY2(timer.elapsed() < 2000, qPrintable(QString::number(timer.elapsed())));
}

void TestSharedRates::idleConnectionsAreClosed()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.heartbeat = 100ms; // which clients answer
    gate.config.endpoints[0].limits.idleTime = 700ms;
    EndpointConfig &any = gate.addEndpoint(u"/any"_s, EndpointConfig::Service::Echo);
    any.limits.idleTime = 700ms;
    any.limits.idleCounts = EndpointLimits::IdleCounts::Anything;
    QVERIFY(gate.begin());
    Talker alive(gate, u"/any"_s, u"bob"_s);
    QVERIFY(alive.isOpen());
    Talker idle(gate, u"/echo"_s, u"ada"_s);
    QVERIFY(idle.isOpen());
    QVERIFY(idle.talk(1));
    QElapsedTimer timer;
    timer.start();
    const auto ping = [&idle] {
        idle.socket->sendTextMessage(Frame(QLatin1StringView(FrameType::Ping), {{u"n"_s, 1}}).toText());
        return idle.log.closed;
    };
    QVERIFY(waitUntil(ping)); // of a library, not of the application
    QVERIFY2(timer.elapsed() >= 650, qPrintable(QString::number(timer.elapsed())));
    QCOMPARE(int(idle.socket->closeCode()), 4412);
    QCOMPARE(idle.log.frame(u"bye"_s)->fields().value("retry"_L1).toString(), u"stop"_s);
    QVERIFY(alive.talk(1) && alive.socket->isValid());
    QVERIFY(metricsOf(gate).contains("watchword_sockets_cut_total{bound=\"idle_time\"} 1\n"));
    const QList<AuditEvent> closed = gate.events(u"conn.closed"_s);
    QVERIFY(!closed.isEmpty());
    QCOMPARE(closed.first().data.value("reason_code"_L1).toString(), u"idle_time"_s);
}

void TestSharedRates::relayedIdleConnectionsAreClosed()
{
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    AuditedGate gate;
    QVERIFY(gate.prepare());
    relay(gate, upstream).limits.idleTime = 2500ms;
    QVERIFY(gate.begin());
    RawClient client(gate, "/relay");
    QVERIFY(upstream.awaitRequest());
    upstream.accept();
    QVERIFY(client.isOpen());
    QElapsedTimer timer;
    timer.start();
    // What comes of the upstream counts; it is noticed within a second.
    QVERIFY(waitUntil([&] { return timer.elapsed() > 1200; }));
    upstream.send(0x81, "news");
    QVERIFY(waitUntil([&] { return client.closeCode() != 0; }));
    QCOMPARE(client.closeCode(), 4412);
    QVERIFY2(timer.elapsed() >= 3600, qPrintable(QString::number(timer.elapsed())));
}

WATCHWORD_TEST_MAIN(TestSharedRates)
#include "tst_sharedrates.moc"
