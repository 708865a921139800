// SPDX-License-Identifier: Apache-2.0
// What one address and one user may do, and that others do not notice it.
#include "auditedgate.h"
#include "socketlog.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

class TestUserLimits : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void guessersAreHeldUp();
    void accountsAreCountedBehindAProxy();
    void oldestIsReplaced();
    void manyConnectionsOfOneUser();
};

void TestUserLimits::guessersAreHeldUp()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.failedAuthPerMinute = 5;
    QVERIFY(gate.begin());
    const auto bad = [&gate] { return gate.exchange(GateFixture::upgrade("/echo", "a.b.c")); };
    for (int i = 0; i < 5; ++i)
        QCOMPARE(statusOf(bad()), 401);
    const QByteArray limited = bad();
    QCOMPARE(statusOf(limited), 429);
    QVERIFY(limited.contains("\r\nRetry-After: "));
    QVERIFY(!limited.contains("WWW-Authenticate"));
    // Who has a good token does not hear of it, however often he comes.
    for (int i = 0; i < 8; ++i)
        QCOMPARE(statusOf(gate.exchange(GateFixture::upgrade("/echo", gate.token()))), 101);
    QCOMPARE(statusOf(bad()), 429);
    const QList<AuditEvent> hits = gate.events(u"limit.hit"_s);
    QCOMPARE(hits.size(), 2);
    QCOMPARE(hits.first().data.value("reason_code"_L1).toString(), u"failed_auth_per_minute"_s);
}

void TestUserLimits::accountsAreCountedBehindAProxy()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.failedAuthPerMinute = 5;
    gate.config.trustedProxies = {u"127.0.0.1"_s};
    QVERIFY(gate.begin());
    QJsonObject weak = gate.claims();
    weak.insert(u"scope"_s, u"other"_s);
    int from = 0;
    const auto with = [&](const QJsonObject &claims) {
        const QByteArray address = "X-Forwarded-For: 203.0.113." + QByteArray::number(++from) + "\r\n";
        return statusOf(gate.exchange(GateFixture::upgrade("/echo", gate.token(claims), address)));
    };
    for (int i = 0; i < 5; ++i)
        QCOMPARE(with(weak), 403);
    QCOMPARE(with(weak), 429); // ada, from yet another address
    weak.insert(u"sub"_s, u"bob"_s);
    QCOMPARE(with(weak), 403);
    QCOMPARE(with(gate.claims()), 101); // and ada's good token
    // No address was counted for the others.
    from = 0;
    QCOMPARE(with(weak), 403);
    const QList<AuditEvent> hits = gate.events(u"limit.hit"_s);
    QCOMPARE(hits.size(), 1);
    QCOMPARE(hits.first().data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"ada"_s);
}

void TestUserLimits::oldestIsReplaced()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.endpoints[0].limits.connectionsPerUser = 2;
    gate.config.endpoints[0].limits.replacesOldest = true;
    QVERIFY(gate.begin());
    std::vector<std::unique_ptr<QWebSocket>> sockets;
    std::vector<std::unique_ptr<SocketLog>> logs;
    const auto open = [&](const QString &user) {
        sockets.push_back(gate.client(u"/echo"_s, gate.token(gate.claims(user))));
        logs.push_back(std::make_unique<SocketLog>(*sockets.back()));
        return logs.back()->awaitFrame(u"hello"_s);
    };
    QVERIFY(open(u"ada"_s) && open(u"bob"_s) && open(u"ada"_s) && open(u"ada"_s));
    QVERIFY(Support::waitUntil([&] { return logs[0]->closed; }));
    QCOMPARE(int(sockets[0]->closeCode()), 4409);
    QVERIFY(logs[0]->frame(u"bye"_s));
    QCOMPARE(logs[0]->frame(u"bye"_s)->fields().value("retry"_L1).toString(), u"stop"_s);
    QVERIFY(!logs[1]->closed && !logs[2]->closed && !logs[3]->closed);
    QVERIFY(open(u"ada"_s));
    QVERIFY(Support::waitUntil([&] { return logs[2]->closed; }));
    QVERIFY(!logs[1]->closed && !logs[3]->closed && !logs[4]->closed);
}

void TestUserLimits::manyConnectionsOfOneUser()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.endpoints[0].limits.connectionsPerUser = 10;
    QVERIFY(gate.begin());
    std::vector<std::unique_ptr<QWebSocket>> sockets;
    for (int i = 0; i < 60; ++i)
        sockets.push_back(gate.client(u"/echo"_s, gate.token()));
    QVERIFY(Support::waitUntil([&gate] {
        return gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").contains("refused_total{status=\"429\"} 50\n");
    }));
    QCOMPARE(gate.gateway->connectionCount(), 10);
    const auto bob = gate.client(u"/echo"_s, gate.token(gate.claims(u"bob"_s)));
    SocketLog log(*bob);
    QVERIFY(log.awaitFrame(u"hello"_s));
    sockets.clear();
    // Fifty refusals, each of them in the audit: the first one by one, the rest in a count.
    const QList<AuditEvent> hits = gate.events(u"limit.hit"_s);
    qint64 told = 0;
    for (const AuditEvent &hit : hits) {
        QCOMPARE(hit.data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"ada"_s);
        told += hit.data.value("aggregate"_L1).toObject().value("count"_L1).toInteger(1);
    }
    QCOMPARE(told, qint64(50));
    QVERIFY(hits.size() < 20);
}

WATCHWORD_TEST_MAIN(TestUserLimits)
#include "tst_userlimits.moc"
