// SPDX-License-Identifier: Apache-2.0
// Who may subscribe to which room and publish there.
#include "auditedgate.h"
#include "endpoint/roomaccess.h"
#include "socketlog.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

class TestRoomRules : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void patterns_data();
    void patterns();
    void rules();
    void whoMayNotIsClosed_data();
    void whoMayNotIsClosed();
    void whoMayIsServed();
    void questions();
    void renewalLosesARoom();
    void reloadTakesARoom();
    void plainClients();
    void configuration();

private:
    QByteArray token(const QString &scope)
    {
        QJsonObject claims = m_gate.claims();
        claims.insert(u"scope"_s, scope);
        return m_gate.token(claims);
    }

    AuditedGate m_gate;
};

void TestRoomRules::initTestCase()
{
    QVERIFY(m_gate.prepare());
    QCOMPARE(m_gate.config.endpoints[1].service, EndpointConfig::Service::Rooms);
    m_gate.config.endpoints[1].rooms = {{u"user:{sub}"_s},
                                        {u"news:*"_s, RoomRule::Access::Both, {}, {u"news:write"_s}},
                                        {u"inbox"_s, RoomRule::Access::Publish},
                                        {u"lobby"_s, RoomRule::Access::Subscribe, {u"lobby:read"_s}}};
    QVERIFY(m_gate.begin());
}

void TestRoomRules::patterns_data()
{
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<QString>("room");
    QTest::addColumn<bool>("fits");
    const auto row = [](const char *pattern, const char *room, bool fits) {
        QTest::addRow("%s and %s", pattern, room) << QString::fromLatin1(pattern) << QString::fromLatin1(room) << fits;
    };
    row("lobby", "lobby", true);
    row("lobby", "lobby2", false);
    row("lobby", "lobb", false);
    row("lobby", "", false);
    row("user:{sub}", "user:a*b", true);
    row("user:{sub}", "user:axb", false); // the subject is no pattern
    row("user:{sub}", "user:", false);
    row("user:{sub}", "user:a*b:x", false);
    row("{sub}/{client}", "a*b/desk", true);
    row("{sub}/{client}", "a*b/other", false);
    row("news:*", "news:today", true);
    row("news:*", "news:", false);
    row("news:*", "news:a:b", false);
    row("news:*", "news:a/b", false);
    row("news:*:x", "news:a:x", true);
    row("*", "anything", true);
    row("*", "any:thing", false);
    row("*-log", "my-log", true);
    row("*-log", "-log", false);
}

void TestRoomRules::patterns()
{
    QFETCH(QString, pattern);
    QFETCH(QString, room);
    QFETCH(bool, fits);
    Identity identity;
    identity.subject = u"a*b"_s;
    identity.clientId = u"desk"_s;
    QCOMPARE(RoomAccess::fits(pattern, room, identity), fits);
    QVERIFY(!RoomAccess::fits(u"user:{client}", u"user:", {})); // who has no client has no room of it
}

void TestRoomRules::rules()
{
    Identity ada;
    ada.subject = u"ada"_s;
    const WallTime now = Clock::system().wallNow();
    const auto mayRead = [&](const RoomAccess &access, const QString &room) {
        return access.maySubscribe(ada, room, now) == RoomAccess::Verdict::Allowed;
    };
    const auto mayWrite = [&](const RoomAccess &access, const QString &room) {
        return access.mayPublish(ada, room, now) == RoomAccess::Verdict::Allowed;
    };
    QVERIFY(mayRead(RoomAccess(), u"any"_s) && mayWrite(RoomAccess(), u"any"_s));
    const RoomAccess access(m_gate.config.endpoints[1].rooms);
    QVERIFY(mayRead(access, u"user:ada"_s) && mayWrite(access, u"user:ada"_s));
    QVERIFY(!mayRead(access, u"user:bob"_s) && !mayWrite(access, u"user:bob"_s));
    QVERIFY(mayRead(access, u"news:x"_s) && !mayWrite(access, u"news:x"_s));
    QVERIFY(!mayRead(access, u"inbox"_s) && mayWrite(access, u"inbox"_s));
    QVERIFY(!mayRead(access, u"lobby"_s) && !mayWrite(access, u"lobby"_s));
    ada.scopes = QStringList{u"news:write"_s, u"lobby:read"_s};
    QVERIFY(mayWrite(access, u"news:x"_s));
    QVERIFY(mayRead(access, u"lobby"_s) && !mayWrite(access, u"lobby"_s));
    QVERIFY(!mayRead(access, u"elsewhere"_s));
}

void TestRoomRules::whoMayNotIsClosed_data()
{
    QTest::addColumn<QString>("text");
    const auto row = [](const char *name, const Frame &frame) { QTest::newRow(name) << frame.toText(); };
    row("another's room", Frame(u"sub"_s, {{u"room"_s, u"user:bob"_s}}));
    row("a look into it", Frame(u"sub"_s, {{u"room"_s, u"user:bob"_s}, {u"look"_s, true}}));
    row("its past", Frame(u"sub"_s, {{u"room"_s, u"user:bob"_s}, {u"epoch"_s, u"x"_s}, {u"after"_s, 0}}));
    row("a room of no rule", Frame(u"sub"_s, {{u"room"_s, u"elsewhere"_s}}));
    row("publishing without the scope", Frame(u"pub"_s, {{u"room"_s, u"news:x"_s}}, "hello"));
    row("the same with an id", Frame(u"msg"_s, {{u"id"_s, u"m1"_s}, {u"room"_s, u"news:x"_s}}, "hello"));
    QTest::newRow("without a room") << u"hello"_s; // to the lobby
}

void TestRoomRules::whoMayNotIsClosed()
{
    QFETCH(QString, text);
    const auto socket = m_gate.client(u"/room"_s, m_gate.token());
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(text);
    QVERIFY(Support::waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4403);
    QVERIFY(log.frame(u"bye"_s));
    QVERIFY(log.frame(u"bye"_s)->fields().value("reason"_L1).toString().startsWith("this room is not for you"_L1));
    QVERIFY(!log.frame(u"sub.ok"_s) && !log.frame(u"ack"_s));
}

void TestRoomRules::whoMayIsServed()
{
    const auto writer = m_gate.client(u"/room"_s, token(u"use news:write"_s));
    const auto reader = m_gate.client(u"/room"_s, m_gate.token(m_gate.claims(u"bob"_s)));
    SocketLog writes(*writer);
    SocketLog reads(*reader);
    QVERIFY(writes.awaitFrame(u"hello"_s) && reads.awaitFrame(u"hello"_s));
    reader->sendTextMessage(Frame(u"sub"_s, {{u"room"_s, u"news:x"_s}}).toText());
    QVERIFY(reads.awaitFrame(u"sub.ok"_s));
    writer->sendTextMessage(Frame(u"msg"_s, {{u"id"_s, u"m1"_s}, {u"room"_s, u"news:x"_s}}, "to all").toText());
    QVERIFY(reads.awaitFrame(u"pub"_s));
    QCOMPARE(reads.frame(u"pub"_s)->payload(), QByteArray("to all"));
    QVERIFY(writes.awaitFrame(u"ack"_s));
}

void TestRoomRules::questions()
{
    const auto socket = m_gate.client(u"/room"_s, m_gate.token());
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(
        Frame(u"req"_s, {{u"id"_s, u"q1"_s}, {u"op"_s, u"room.history"_s}}, R"({"room":"user:bob"})").toText());
    QVERIFY(log.awaitFrame(u"res"_s));
    QCOMPARE(log.frame(u"res"_s)->fields().value("code"_L1).toString(), u"forbidden"_s);
    QVERIFY(!log.closed);
}

void TestRoomRules::renewalLosesARoom()
{
    const auto socket = m_gate.client(u"/room"_s, token(u"use lobby:read"_s));
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(Frame(u"sub"_s, {{u"room"_s, u"lobby"_s}}).toText());
    QVERIFY(log.awaitFrame(u"sub.ok"_s));
    const auto renew = [&](const QString &scope) {
        socket->sendTextMessage(Frame(u"auth.refresh"_s, {{u"token"_s, QString::fromLatin1(token(scope))}}).toText());
    };
    renew(u"use lobby:read more"_s);
    QVERIFY(log.await(u"auth.ok"_s, 1));
    QVERIFY(!log.closed);
    renew(u"use"_s);
    QVERIFY(Support::waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4403);
}

void TestRoomRules::reloadTakesARoom()
{
    const auto socket = m_gate.client(u"/room"_s, m_gate.token());
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(Frame(u"sub"_s, {{u"room"_s, u"news:x"_s}}).toText());
    QVERIFY(log.awaitFrame(u"sub.ok"_s));
    GatewayConfig next = m_gate.config;
    next.endpoints[1].rooms.removeAt(1);
    QVERIFY(m_gate.gateway->reload(next));
    QVERIFY(Support::waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4403);
    QVERIFY(m_gate.gateway->reload(m_gate.config));
}

void TestRoomRules::plainClients()
{
    const auto good = m_gate.client(u"/room?room=news:x"_s, m_gate.token(), false);
    const auto bad = m_gate.client(u"/room?room=user:bob"_s, m_gate.token(), false);
    SocketLog log(*bad);
    QVERIFY(Support::waitUntil([&] { return log.closed; }));
    QCOMPARE(int(bad->closeCode()), 4403);
    QVERIFY(Support::waitUntil([&good] { return good->isValid(); }));
}

void TestRoomRules::configuration()
{
    const auto problemOf = [](const QByteArray &rooms) {
        const Result<GatewayConfig> config = GatewayConfig::fromToml(
            QString::fromLatin1(
                "[listen]\naddress = \"127.0.0.1:0\"\nplain = true\n[[issuer]]\nurl = \"https://a.example\"\naudience = "
                "\"a\"\n[[endpoint]]\npath = \"/a\"\nserves = \"rooms\"\nrooms = ["
                + rooms + "]\n"),
            u"g.toml"_s);
        return config ? QString() : config.error().detail();
    };
    QCOMPARE(problemOf(R"({ pattern = "user:{sub}" }, { pattern = "news:*", access = "subscribe", subscribe_scopes = ["a"] })"),
             QString());
    for (const char *wrong : {"user:{name}", "user:{sub", "user:sub}", "**", "a*b*", "{}"})
        QVERIFY2(problemOf(QByteArray("{ pattern = \"") + wrong + "\" }").contains("pattern of rooms"_L1), wrong);
    QVERIFY(problemOf(R"({ pattern = "a", access = "none" })").contains("access of rooms"_L1));
    QVERIFY(problemOf("{ }").contains("pattern"_L1));
    // The same name at another issuer is somebody else.
    const QString several =
        u"[listen]\naddress = \"127.0.0.1:0\"\nplain = true\n[[issuer]]\nurl = \"https://a.example\"\naudience = \"a\"\n"
        "[[issuer]]\nurl = \"https://b.example\"\naudience = \"a\"\n[[endpoint]]\npath = \"/a\"\n"
        "serves = \"rooms\"\nrooms = [{ pattern = \"%1\" }]\n"_s;
    QVERIFY(GatewayConfig::fromToml(several.arg(u"news"_s), u"g.toml"_s));
    const Result<GatewayConfig> mixed = GatewayConfig::fromToml(several.arg(u"user:{sub}"_s), u"g.toml"_s);
    QVERIFY(!mixed && mixed.error().detail().contains("one issuer"_L1));
}

WATCHWORD_TEST_MAIN(TestRoomRules)
#include "tst_roomrules.moc"
