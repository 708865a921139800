// SPDX-License-Identifier: Apache-2.0
#include "gatefixture.h"
#include "socketlog.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

using Log = SocketLog;

/*! How connections end that did nothing wrong: the gateway goes, the sign-in gets too old. */
class TestGateEnds : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void drainAnnouncesAndServesOn();
    void drainEndsWithTheLastConnection();
    void oldSignInIsAskedForAgain();
};

void TestGateEnds::drainAnnouncesAndServesOn()
{
    GateFixture gate;
    QVERIFY(gate.prepare());
    gate.config.drain = 3600s;
    QVERIFY(gate.start());
    const auto socket = gate.client(u"/echo"_s, gate.token());
    const auto plain = gate.client(u"/echo"_s, gate.token(), false);
    Log log(*socket);
    Log plainLog(*plain);
    QVERIFY(log.awaitFrame(u"hello"_s));
    QVERIFY(Support::waitUntil([&] { return gate.gateway->connectionCount() == 2; }));
    bool stopped = false;
    QObject::connect(gate.gateway.get(), &Gateway::Gateway::stopped, this, [&] { stopped = true; });
    gate.gateway->stop();
    QVERIFY(log.awaitFrame(u"reconnect"_s));
    QCOMPARE(log.frame(u"reconnect"_s)->fields(), (QJsonObject{{u"in_ms"_s, 3'600'000}, {u"reason"_s, u"drain"_s}}));
    QVERIFY(gate.gateway->isRunning());
    const QByteArray refused = gate.exchange(GateFixture::upgrade("/echo", gate.token()));
    QCOMPARE(statusOf(refused), 503);
    QVERIFY2(refused.contains("Retry-After: "), refused.constData());
    const QByteArray ready = gate.exchange("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
    QCOMPARE(statusOf(ready), 503);
    QVERIFY(ready.contains("draining"));
    QCOMPARE(statusOf(gate.exchange("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")), 200);
    socket->sendTextMessage(u"still here"_s);
    plain->sendTextMessage(u"still here"_s);
    QVERIFY(Support::waitUntil([&] { return log.texts.contains(u"still here"_s) && !plainLog.texts.isEmpty(); }));
    QCOMPARE(plainLog.texts, QStringList{u"still here"_s});
    QVERIFY(!log.closed && !plainLog.closed && !stopped);
    QCOMPARE(gate.gateway->reload(gate.config).error().code(), ErrorCode::WrongState);
    gate.gateway->stop(); // somebody cannot wait
    QVERIFY(Support::waitUntil([&] { return stopped && log.closed && plainLog.closed; }));
    const QJsonObject bye = log.frame(u"bye"_s)->fields();
    QCOMPARE(bye.value("code"_L1).toInt(), 1012);
    QCOMPARE(bye.value("retry"_L1).toString(), u"retry"_s);
    QVERIFY(bye.value("after_ms"_L1).toInt(-1) >= 0);
    QCOMPARE(log.frames(u"reconnect"_s).size(), 1);
}

void TestGateEnds::drainEndsWithTheLastConnection()
{
    GateFixture gate;
    QVERIFY(gate.prepare());
    gate.config.drain = 3600s;
    QVERIFY(gate.start());
    const auto socket = gate.client(u"/echo"_s, gate.token());
    Log log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    bool stopped = false;
    QObject::connect(gate.gateway.get(), &Gateway::Gateway::stopped, this, [&] { stopped = true; });
    gate.gateway->stop();
    QVERIFY(log.awaitFrame(u"reconnect"_s));
    QVERIFY(!stopped);
    socket->close();
    QVERIFY(Support::waitUntil([&] { return stopped; }));
    QVERIFY(!log.frame(u"bye"_s));
    QVERIFY(!gate.gateway->isRunning());
    // And when the time is over before.
    GateFixture hasty;
    QVERIFY(hasty.prepare());
    hasty.config.drain = 1s;
    QVERIFY(hasty.start());
    const auto other = hasty.client(u"/echo"_s, hasty.token());
    Log otherLog(*other);
    QVERIFY(otherLog.awaitFrame(u"hello"_s));
    hasty.gateway->stop();
    QVERIFY(otherLog.awaitFrame(u"bye"_s));
    QCOMPARE(otherLog.frame(u"reconnect"_s)->fields().value("in_ms"_L1).toInt(), 1000);
}

void TestGateEnds::oldSignInIsAskedForAgain()
{
    GateFixture gate;
    QVERIFY(gate.prepare());
    EndpointConfig &endpoint = gate.addEndpoint(u"/strong"_s, EndpointConfig::Service::Echo);
    endpoint.maxAge = 100s;
    endpoint.acrValues = QStringList{u"mfa"_s, u"phr"_s};
    QVERIFY(gate.start());
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    const auto claims = [&](qint64 signedIn, const QString &acr) {
        QJsonObject json = gate.claims();
        json.insert("auth_time"_L1, signedIn);
        json.insert("acr"_L1, acr);
        return gate.token(json);
    };
    QCOMPARE(statusOf(gate.exchange(GateFixture::upgrade("/strong", claims(now - 200, u"mfa"_s)))), 401);
    const auto closesWith4442 = [&](QWebSocket &socket, const Log &log) {
        QVERIFY(Support::waitUntil([&] { return log.closed; }));
        QCOMPARE(int(socket.closeCode()), 4442);
        QCOMPARE(socket.closeReason(), u"step_up_required"_s);
        const QJsonObject bye = log.frame(u"bye"_s)->fields();
        QCOMPARE(bye.value("retry"_L1).toString(), u"sign_in"_s);
        QCOMPARE(bye.value("acr_values"_L1).toString(), u"mfa phr"_s);
        QCOMPARE(bye.value("max_age"_L1).toInt(), 100);
    };
    // It gets too old while the connection is open, although the token is good for long.
    const auto old = gate.client(u"/strong"_s, claims(now - 98, u"mfa"_s));
    Log oldLog(*old);
    QVERIFY(oldLog.awaitFrame(u"hello"_s));
    closesWith4442(*old, oldLog);
    // A renewal by the same old sign-in does not help, one by a fresh sign-in does, a weak one ends it at once.
    const auto socket = gate.client(u"/strong"_s, claims(now - 50, u"mfa"_s));
    Log log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    const auto refresh = [&](const QByteArray &token) {
        socket->sendTextMessage(Frame(u"auth.refresh"_s, {{u"token"_s, QString::fromLatin1(token)}}).toText());
    };
    refresh(claims(now, u"phr"_s));
    QVERIFY(log.awaitFrame(u"auth.ok"_s));
    QVERIFY(!log.closed);
    refresh(claims(now, u"pwd"_s));
    closesWith4442(*socket, log);
    QVERIFY(!log.frame(u"auth.fail"_s));
    // A reload that asks for a fresher sign-in holds for connections that are open.
    const auto open = gate.client(u"/echo"_s, gate.token());
    Log openLog(*open);
    QVERIFY(openLog.awaitFrame(u"hello"_s));
    GatewayConfig next = gate.config;
    next.endpoints[0].maxAge = 100s;
    next.endpoints[0].acrValues = QStringList{u"mfa"_s, u"phr"_s};
    QVERIFY(gate.gateway->reload(next));
    closesWith4442(*open, openLog);
}

WATCHWORD_TEST_MAIN(TestGateEnds)
#include "tst_gateends.moc"
