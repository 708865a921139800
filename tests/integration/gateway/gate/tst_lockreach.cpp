// SPDX-License-Identifier: Apache-2.0
// That nobody shuts out the operators, or everybody, by one request.
#include "apigate.h"

#include <QJsonArray>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

class TestLockReach : public ApiGateTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override
    {
        WatchwordTest::init();
        begin();
    }
    void cleanup() { finish(); }
    void reach_data();
    void reach();
    void everybodyConnected();
    void smallOnesAddUp();
    void ownAccountNeedsAFreshSignIn();
    void operatorsStay();
    void operatorsGoOnlyWhereItIsSaid();
    void membersAreJudged_data();
    void membersAreJudged();

private:
    static QJsonObject lockOf(const QString &kind, const QString &value, const QJsonObject &more = {});
    QByteArray staleToken() const { return operatorToken(u"gw:read gw:lock"_s, 86'400); }
};

QJsonObject TestLockReach::lockOf(const QString &kind, const QString &value, const QJsonObject &more)
{
    QJsonObject lock{{"target"_L1, QJsonObject{{"kind"_L1, kind}, {"value"_L1, value}}}, {"reason"_L1, u"an attack"_s}};
    for (auto it = more.begin(); it != more.end(); ++it)
        lock.insert(it.key(), it.value());
    return lock;
}

void TestLockReach::reach_data()
{
    QTest::addColumn<QString>("kind");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QStringList>("covers");
    const QStringList all{u"you"_s, u"an_operator"_s, u"this_machine"_s, u"every_address"_s};
    QTest::newRow("every IPv4 address") << u"address"_s << u"0.0.0.0/0"_s << all;
    QTest::newRow("every IPv4 address, otherwise") << u"address"_s << u"203.0.113.7/0.0.0.0"_s << all;
    QTest::newRow("every mapped address") << u"address"_s << u"::ffff:0.0.0.0/96"_s << all;
    QTest::newRow("every IPv6 address") << u"address"_s << u"::/0"_s << QStringList{u"this_machine"_s, u"every_address"_s};
    QTest::newRow("half of IPv4") << u"address"_s << u"0.0.0.0/1"_s
                                  << QStringList{u"you"_s, u"an_operator"_s, u"this_machine"_s, u"many_addresses"_s};
    QTest::newRow("the other half") << u"address"_s << u"128.0.0.0/1"_s << QStringList{u"many_addresses"_s};
    QTest::newRow("much of IPv6") << u"address"_s << u"2000::/3"_s << QStringList{u"many_addresses"_s};
    QTest::newRow("where the operator is") << u"address"_s << u"127.0.0.1"_s
                                           << QStringList{u"you"_s, u"an_operator"_s, u"this_machine"_s};
    QTest::newRow("the same, mapped") << u"address"_s << u"::ffff:127.0.0.1"_s
                                      << QStringList{u"you"_s, u"an_operator"_s, u"this_machine"_s};
    QTest::newRow("a provider's network") << u"address"_s << u"10.0.0.0/8"_s << QStringList();
    QTest::newRow("one address") << u"address"_s << u"2001:db8::1"_s << QStringList();
    QTest::newRow("the operator") << u"user"_s << u"olga"_s << QStringList{u"you"_s};
    QTest::newRow("the operator's session") << u"session"_s << u"s-olga"_s << QStringList{u"you"_s};
    QTest::newRow("the operators' program") << u"client"_s << u"console"_s << QStringList{u"you"_s, u"an_operator"_s};
    QTest::newRow("another operator") << u"user"_s << u"oscar"_s << QStringList{u"an_operator"_s};
    QTest::newRow("one user") << u"user"_s << u"ada"_s << QStringList();
}

void TestLockReach::reach()
{
    QFETCH(QString, kind);
    QFETCH(QString, value);
    QFETCH(QStringList, covers);
    // Another operator was there a moment ago.
    QCOMPARE(call("GET", u"/v1/locks"_s,
                  tokenOf(u"oscar"_s, u"s-oscar"_s, {{"scope"_L1, u"gw:read"_s}, {"client_id"_L1, u"console"_s}}))
                 .status,
             200);
    const auto ada = client(tokenOf(u"ada"_s, u"s-1"_s));
    const Answer dry = call("POST", u"/v1/locks"_s, staleToken(), lockOf(kind, value, {{"dry_run"_L1, true}}));
    QCOMPARE(dry.status, 200);
    QVERIFY2(isAs(u"LockReach"_s, dry), dry.body.constData());
    QCOMPARE(dry.json().value("covers"_L1).toVariant().toStringList(), covers);
    QCOMPARE(dry.json().value("needs_fresh_sign_in"_L1).toBool(), !covers.isEmpty());
    QCOMPARE(dry.json().value("detail"_L1).toString().contains(u"includes you"_s), covers.contains(u"you"_s));

    const Answer stale = call("POST", u"/v1/locks"_s, staleToken(), lockOf(kind, value));
    QCOMPARE(stale.status, covers.isEmpty() ? 201 : 401);
    if (!covers.isEmpty()) {
        QVERIFY(stale.headers.value("www-authenticate").contains("error=\"insufficient_user_authentication\", max_age=300"));
        QVERIFY(isAs(u"Problem"_s, stale));
        QCOMPARE(call("GET", u"/v1/locks"_s, operatorToken()).json().value("total"_L1).toInt(-1), 0);
        QVERIFY(!ada->isClosed);
        QCOMPARE(call("POST", u"/v1/locks"_s, operatorToken(), lockOf(kind, value)).status, 201);
    }
}

void TestLockReach::everybodyConnected()
{
    const auto ada = client(tokenOf(u"ada"_s, u"s-1"_s));
    const auto eve = client(tokenOf(u"eve"_s, u"s-2"_s));
    QVERIFY(ada && eve);
    const Answer dry = call("POST", u"/v1/locks"_s, staleToken(), lockOf(u"client"_s, u"desktop"_s, {{"dry_run"_L1, true}}));
    QCOMPARE(dry.json().value("matched"_L1).toInt(), 2);
    QCOMPARE(dry.json().value("covers"_L1).toVariant().toStringList(), QStringList{u"everybody_connected"_s});
    QCOMPARE(call("POST", u"/v1/locks"_s, staleToken(), lockOf(u"client"_s, u"desktop"_s)).status, 401);
    QVERIFY(!ada->isClosed && !eve->isClosed);
}

void TestLockReach::smallOnesAddUp()
{
    // A /8 by halves: the last one makes it more than one.
    QCOMPARE(call("POST", u"/v1/locks"_s, staleToken(), lockOf(u"address"_s, u"198.0.0.0/9"_s)).status, 201);
    QCOMPARE(call("POST", u"/v1/locks"_s, staleToken(), lockOf(u"address"_s, u"198.128.0.0/9"_s)).status, 201);
    QCOMPARE(call("POST", u"/v1/locks"_s, staleToken(), lockOf(u"address"_s, u"198.128.0.0/10"_s)).status, 201); // no news
    QCOMPARE(call("POST", u"/v1/locks"_s, staleToken(), lockOf(u"address"_s, u"203.0.113.1"_s)).status, 401);
    QCOMPARE(call("POST", u"/v1/locks"_s, staleToken(), lockOf(u"address"_s, u"2001:db8::/33"_s)).status, 201);
    const QByteArray fresh = operatorToken();
    QCOMPARE(call("POST", u"/v1/locks"_s, fresh, lockOf(u"address"_s, u"0.0.0.0/1"_s)).status, 201);
    const Answer rest = call("POST", u"/v1/locks"_s, fresh, lockOf(u"address"_s, u"128.0.0.0/1"_s, {{"dry_run"_L1, true}}));
    QCOMPARE(rest.json().value("covers"_L1).toVariant().toStringList(), QStringList{u"every_address"_s});
}

void TestLockReach::ownAccountNeedsAFreshSignIn()
{
    const QJsonObject why{{"reason"_L1, u"a slip"_s}};
    QCOMPARE(call("POST", u"/v1/users/olga:invalidate"_s, staleToken(), why).status, 401);
    QCOMPARE(call("GET", u"/v1/locks"_s, operatorToken()).json().value("total"_L1).toInt(-1), 0);
    QCOMPARE(call("POST", u"/v1/users/ada:invalidate"_s, staleToken(), why).status, 201);
}

void TestLockReach::operatorsStay()
{
    const auto ada = client(tokenOf(u"ada"_s, u"s-1"_s));
    const auto console = client(operatorToken(u"use gw:read"_s));
    QVERIFY(ada && console);
    const Answer made = call("POST", u"/v1/locks"_s, operatorToken(), lockOf(u"address"_s, u"0.0.0.0/0"_s));
    QCOMPARE(made.status, 201);
    QVERIFY(isAs(u"Lock"_s, made) && !made.json().value("include_operators"_L1).toBool(true));
    QVERIFY(ada->closed());
    QCOMPARE(ada->code(), 4423);
    QCOMPARE(statusOf(tokenOf(u"ada"_s, u"s-1"_s)), 403);
    QCOMPARE(statusOf(operatorToken(u"use gw:read"_s)), 101);
    QVERIFY(!console->isClosed);
    m_gate->gateway.reset();
    QVERIFY(m_gate->start());
    QCOMPARE(statusOf(tokenOf(u"ada"_s, u"s-1"_s)), 403);
    QCOMPARE(call("GET", u"/v1/locks"_s, staleToken()).status, 200);
    QCOMPARE(call("DELETE", u"/v1/locks/"_s + made.json().value("id"_L1).toString(), staleToken()).status, 204);
    QCOMPARE(statusOf(tokenOf(u"ada"_s, u"s-1"_s)), 101);
}

void TestLockReach::operatorsGoOnlyWhereItIsSaid()
{
    const auto console = client(operatorToken(u"use gw:read"_s));
    QVERIFY(console);
    const QJsonObject lock = lockOf(u"address"_s, u"127.0.0.0/8"_s, {{"include_operators"_L1, true}});
    QCOMPARE(call("POST", u"/v1/locks"_s, staleToken(), lock).status, 401);
    const Answer made = call("POST", u"/v1/locks"_s, operatorToken(), lock);
    QCOMPARE(made.status, 201);
    QVERIFY(isAs(u"Lock"_s, made) && made.json().value("include_operators"_L1).toBool());
    QVERIFY(console->closed());
    QCOMPARE(console->code(), 4423);
    QCOMPARE(call("GET", u"/v1/locks"_s, operatorToken()).status, 401);
    m_gate->gateway.reset();
    QVERIFY(m_gate->start());
    QCOMPARE(call("GET", u"/v1/locks"_s, operatorToken()).status, 401);
}

void TestLockReach::membersAreJudged_data()
{
    QTest::addColumn<QByteArray>("more");
    for (const char *more :
         {R"("dry_run":"true")", R"("dryRun":true)", R"("include_operators":1)", R"("include_operators":"yes")"})
        QTest::newRow(more) << QByteArray(more);
}

void TestLockReach::membersAreJudged()
{
    QFETCH(QByteArray, more);
    const QByteArray body = R"({"target":{"kind":"address","value":"192.0.2.1"},"reason":"r",)" + more + '}';
    QCOMPARE(send("POST", u"/v1/locks"_s, operatorToken(), body).status, 400);
    const QByteArray user = R"({"target":{"kind":"user","value":"ada"},"reason":"r","include_operators":true})";
    QCOMPARE(send("POST", u"/v1/locks"_s, operatorToken(), user).status, 400);
    QCOMPARE(call("GET", u"/v1/locks"_s, operatorToken()).json().value("total"_L1).toInt(-1), 0);
}

WATCHWORD_TEST_MAIN(TestLockReach)
#include "tst_lockreach.moc"
