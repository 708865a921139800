// SPDX-License-Identifier: Apache-2.0
// Sessions that end by themselves, rooms that ask for a stronger sign-in, and what a reload tells.
#include "auditedgate.h"
#include "lock/lockbook.h"
#include "socketlog.h"
#include "support/testmain.h"

#include <QFile>
#include <QJsonArray>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

class TestSessionLife : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void lifetimeEndsOverRenewals();
    void idleSessionAsksForAnotherSignIn();
    void messagesKeepASessionPingsDoNot();
    void oldSessionsAreRefused();
    void roomAsksForMore();
    void rolesAndTenantsAreLocked();
    void reloadTellsWhatChanged();

private:
    static QJsonObject signedIn(AuditedGate &gate, std::chrono::seconds ago)
    {
        QJsonObject claims = gate.claims();
        claims.insert(u"auth_time"_s, claims.value(u"iat"_s).toInteger() - qint64(ago.count()));
        return claims;
    }
    static QString control(const char *type, const QJsonObject &fields)
    {
        return Frame(QLatin1StringView(type), fields).toText();
    }
};

void TestSessionLife::lifetimeEndsOverRenewals()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.endpoints[0].sessionLifetime = 5s;
    QVERIFY(gate.begin());
    const auto socket = gate.client(u"/echo"_s, gate.token(signedIn(gate, 2s)));
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(control(FrameType::AuthRefresh, {{u"token"_s, QString::fromLatin1(gate.token(signedIn(gate, 2s)))}}));
    QVERIFY(log.awaitFrame(u"auth.ok"_s));
    const std::optional<Frame> due = log.await(u"auth.due"_s, 1);
    QVERIFY(due);
    QCOMPARE(due->fields().value("reason"_L1).toString(), u"session_lifetime"_s);
    QVERIFY(due->fields().value("until"_L1).toString().endsWith(u'Z'));
    QVERIFY(waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4442);
    const QJsonObject bye = log.frame(u"bye"_s)->fields();
    QCOMPARE(bye.value("retry"_L1).toString(), u"sign_in"_s);
    QCOMPARE(bye.value("max_age"_L1).toInteger(), 5);
    QCOMPARE(bye.value("reason"_L1).toString(), u"session_lifetime"_s);
    QCOMPARE(gate.events(u"conn.closed"_s).first().data.value("reason_code"_L1).toString(), u"session_lifetime"_s);
}

void TestSessionLife::idleSessionAsksForAnotherSignIn()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.endpoints[0].sessionIdle = 1s;
    QVERIFY(gate.begin());
    const QByteArray token = gate.token(signedIn(gate, 60s));
    const auto socket = gate.client(u"/echo"_s, token);
    SocketLog log(*socket);
    QVERIFY(waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4442);
    QCOMPARE(log.frame(u"auth.due"_s)->fields().value("reason"_L1).toString(), u"session_idle"_s);
    // A program that just comes again is nobody's person.
    const QByteArray refused = gate.exchange(GateFixture::upgrade("/echo", token));
    QCOMPARE(statusOf(refused), 401);
    QVERIFY2(refused.contains("error=\"insufficient_user_authentication\", max_age=1"), refused.constData());
    // Another endpoint has its own rule, another session its own life, and a sign-in begins anew.
    QCOMPARE(statusOf(gate.exchange(GateFixture::upgrade("/room", token))), 101);
    QCOMPARE(statusOf(gate.exchange(GateFixture::upgrade("/echo", gate.token(gate.claims(u"bob"_s))))), 101);
    QCOMPARE(statusOf(gate.exchange(GateFixture::upgrade("/echo", gate.token(signedIn(gate, 0s))))), 101);
    const QList<AuditEvent> rejected = gate.events(u"conn.rejected"_s);
    QCOMPARE(rejected.size(), 1);
    QCOMPARE(rejected.first().data.value("reason_code"_L1).toString(), u"session_idle"_s);
}

void TestSessionLife::messagesKeepASessionPingsDoNot()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.heartbeat = 100ms;
    gate.config.endpoints[0].sessionIdle = 1500ms;
    QVERIFY(gate.begin());
    const auto busy = gate.client(u"/echo"_s, gate.token(gate.claims(u"bob"_s)));
    const auto idle = gate.client(u"/echo"_s, gate.token());
    SocketLog busyLog(*busy);
    SocketLog idleLog(*idle);
    QVERIFY(busyLog.awaitFrame(u"hello"_s) && idleLog.awaitFrame(u"hello"_s));
    QVERIFY(waitUntil([&] {
        if (busy->isValid())
            busy->sendTextMessage(u"here I am"_s);
        if (idle->isValid())
            idle->sendTextMessage(control(FrameType::Ping, {{u"n"_s, 1}}));
        return idleLog.closed;
    }));
    QCOMPARE(int(idle->closeCode()), 4442);
    QVERIFY(!busyLog.closed);
}

void TestSessionLife::oldSessionsAreRefused()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.endpoints[0].sessionLifetime = 1h;
    gate.config.endpoints[0].maxAge = 2h;
    QVERIFY(gate.begin());
    QCOMPARE(statusOf(gate.exchange(GateFixture::upgrade("/echo", gate.token(signedIn(gate, 59min))))), 101);
    QJsonObject old = signedIn(gate, 61min);
    old.insert(u"sid"_s, u"another"_s);
    const QByteArray refused = gate.exchange(GateFixture::upgrade("/echo", gate.token(old)));
    QVERIFY2(statusOf(refused) == 401 && refused.contains("max_age=3600"), refused.constData());
}

void TestSessionLife::roomAsksForMore()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    RoomRule payroll{.pattern = u"payroll"_s};
    payroll.acrValues = {u"mfa"_s};
    gate.config.endpoints[1].rooms = {payroll, {.pattern = u"*"_s}};
    QVERIFY(gate.begin());
    const auto socket = gate.client(u"/room"_s, gate.token());
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    const auto ask = [&](const QString &id) {
        socket->sendTextMessage(
            Frame(QLatin1StringView(FrameType::Request), {{u"id"_s, id}, {u"op"_s, u"room.info"_s}}, R"({"room":"payroll"})")
                .toText());
    };
    ask(u"1"_s);
    const QJsonObject refused = log.await(u"res"_s, 1)->fields();
    QCOMPARE(refused.value("code"_L1).toString(), u"insufficient_user_authentication"_s);
    QCOMPARE(refused.value("acr_values"_L1).toString(), u"mfa"_s);
    // The connection stays, and a renewal with a stronger sign-in opens the room.
    QJsonObject strong = gate.claims();
    strong.insert(u"acr"_s, u"mfa"_s);
    socket->sendTextMessage(control(FrameType::AuthRefresh, {{u"token"_s, QString::fromLatin1(gate.token(strong))}}));
    QVERIFY(log.awaitFrame(u"auth.ok"_s));
    socket->sendTextMessage(control(FrameType::Subscribe, {{u"room"_s, u"payroll"_s}}));
    QVERIFY(log.awaitFrame(u"sub.ok"_s));
    ask(u"2"_s);
    QCOMPARE(log.await(u"res"_s, 2)->fields().value("ok"_L1).toBool(), true);
    // Who subscribes without it is told what is needed.
    const auto weak = gate.client(u"/room"_s, gate.token(gate.claims(u"bob"_s)));
    SocketLog weakLog(*weak);
    QVERIFY(weakLog.awaitFrame(u"hello"_s));
    weak->sendTextMessage(control(FrameType::Subscribe, {{u"room"_s, u"payroll"_s}}));
    QVERIFY(waitUntil([&] { return weakLog.closed; }));
    QCOMPARE(int(weak->closeCode()), 4442);
    QCOMPARE(weakLog.frame(u"bye"_s)->fields().value("acr_values"_L1).toString(), u"mfa"_s);
}

void TestSessionLife::rolesAndTenantsAreLocked()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.issuers[0].rolesClaim = u"realm_access.roles"_s;
    gate.config.issuers[0].tenantClaim = u"tid"_s;
    gate.config.locks.database = gate.file(u"locks.sqlite"_s);
    QVERIFY(gate.begin());
    QJsonObject claims = gate.claims();
    claims.insert(u"realm_access"_s, QJsonObject{{u"roles"_s, QJsonArray{u"clerk"_s, u"temp"_s}}});
    claims.insert(u"tid"_s, u"acme"_s);
    const QByteArray token = gate.token(claims);
    QCOMPARE(statusOf(gate.exchange(GateFixture::upgrade("/echo", token))), 101);
    const auto lock = [](LockTarget::Kind kind, const QString &value) {
        Lock made;
        made.target = {kind, {}, value};
        made.message = u"Closed for the night."_s;
        made.until = Clock::system().wallNow() + 1h;
        return made;
    };
    // As another process would have left them.
    gate.gateway.reset();
    for (const auto &[kind, value, status] : {std::tuple{LockTarget::Kind::Role, u"temp"_s, 403},
                                              {LockTarget::Kind::Role, u"boss"_s, 101},
                                              {LockTarget::Kind::Tenant, u"acme"_s, 403},
                                              {LockTarget::Kind::Tenant, u"other"_s, 101}}) {
        QFile::remove(gate.config.locks.database);
        {
            LockBook book(Clock::system());
            QVERIFY(book.open(gate.config.locks.database));
            QVERIFY(book.add(lock(kind, value)));
        }
        QVERIFY(gate.start());
        const QByteArray answer = gate.exchange(GateFixture::upgrade("/echo", token));
        QCOMPARE(statusOf(answer), status);
        if (status == 403)
            QVERIFY2(answer.contains("Closed for the night.") && answer.contains("\r\nRetry-After: 3"), answer.constData());
        gate.gateway.reset();
    }
}

void TestSessionLife::reloadTellsWhatChanged()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    QVERIFY(gate.begin());
    GatewayConfig before = gate.config;
    before.written = {{u"[gateway] grace"_s, u"'10 s'"_s}, {u"[[endpoint]] /echo limits.connections"_s, u"5"_s}};
    QVERIFY(gate.gateway->reload(before));
    GatewayConfig after = gate.config;
    after.written = {{u"[gateway] grace"_s, u"'20 s'"_s}};
    after.grace = 20s;
    QVERIFY(gate.gateway->reload(after));
    GatewayConfig fixed = after;
    fixed.listen.threads = 7;
    fixed.cluster = u"another"_s;
    const Result<void> refused = gate.gateway->reload(fixed);
    QVERIFY(!refused);
    const QStringList lines = refused.error().detail().split(u'\n');
    QCOMPARE(lines.size(), 2); // one line for each
    QVERIFY(lines[0].startsWith("[listen] threads cannot change"_L1) && lines[1].startsWith("cluster or node"_L1));
    const QList<AuditEvent> events = gate.events(u"config.reloaded"_s);
    QCOMPARE(events.size(), 3);
    const auto message = [&events](qsizetype i) { return events[i].data.value("message"_L1).toString(); };
    QVERIFY(message(1).contains("[gateway] grace: '10 s', now '20 s'"_L1));
    QVERIFY(message(1).contains("[[endpoint]] /echo limits.connections: 5, now as without it"_L1));
    QCOMPARE(events[2].data.value("outcome"_L1).toString(), u"failure"_s);
    QVERIFY(message(2).contains("[listen] threads cannot change"_L1));
}

WATCHWORD_TEST_MAIN(TestSessionLife)
#include "tst_sessionlife.moc"
