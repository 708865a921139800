// SPDX-License-Identifier: Apache-2.0
#include "apigate.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

/*! Operators' actions and people's own sessions at the API of a running gateway. */
class TestGateApi : public ApiGateTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override
    {
        WatchwordTest::init();
        begin();
    }
    void cleanup() { finish(); }
    void documentIsOpenApi();
    void whoMayAsk_data();
    void whoMayAsk();
    void connectionsAreListed();
    void disconnectBySelector_data();
    void disconnectBySelector();
    void badDisconnects_data();
    void badDisconnects();
    void everybodyNeedsAFreshSignIn();
    void dryRunEndsNothing();
    void pacedDisconnect();
    void locks_data();
    void locks();
    void badLocks_data();
    void badLocks();
    void locksSurviveARestart();
    void invalidateAndRevoke();
    void ownSessions();
    void operatorEndsASession();
    void sessionIdOfTwoPeople();
    void logoutOfASessionIdOfTwoPeople();
};

void TestGateApi::documentIsOpenApi()
{
    QFile file(QStringLiteral(WATCHWORD_SOURCE_DIR "/sdk/docs/openapi.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QJsonParseError error{};
    const QJsonObject document = QJsonDocument::fromJson(file.readAll(), &error).object();
    QCOMPARE(error.error, QJsonParseError::NoError);
    QCOMPARE(document.value("openapi"_L1).toString(), u"3.1.0"_s);
    // Each operation that it describes is there: without a token 401, but for what providers send.
    const QJsonObject paths = document.value("paths"_L1).toObject();
    QVERIFY(paths.size() > 10);
    for (auto path = paths.begin(); path != paths.end(); ++path) {
        const QJsonObject operations = path.value().toObject();
        for (auto operation = operations.begin(); operation != operations.end(); ++operation) {
            QString asked = path.key();
            for (const char *parameter : {"{id}", "{sub}", "{sid}"})
                asked.replace(QLatin1StringView(parameter), u"x"_s);
            const QByteArray method = operation.key().toUpper().toLatin1();
            const bool isProviders = !operation.value().toObject().contains("security"_L1);
            QCOMPARE(call(method, asked, {}).status, isProviders ? 400 : 401);
            if (isProviders)
                continue;
            const Answer answer = call(method, asked, operatorToken(), {{"nothing"_L1, true}});
            QVERIFY2(answer.status != 405 && (answer.status != 404 || asked.contains("/x"_L1)), qPrintable(asked));
        }
    }
}

void TestGateApi::whoMayAsk_data()
{
    QTest::addColumn<QByteArray>("method");
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("scope"); // that is needed; empty: none
    const auto row = [](const QByteArray &method, const QString &path, const QString &scope) {
        QTest::newRow(qPrintable(QString::fromLatin1(method) + u' ' + path)) << method << path << scope;
    };
    row("GET", u"/v1/connections"_s, u"gw:read"_s);
    row("POST", u"/v1/connections:disconnect"_s, u"gw:kick"_s);
    row("GET", u"/v1/users/ada/sessions"_s, u"gw:read"_s);
    row("DELETE", u"/v1/sessions/s-1"_s, u"gw:kick"_s);
    row("POST", u"/v1/tokens:revoke"_s, u"gw:lock"_s);
    row("POST", u"/v1/users/ada:invalidate"_s, u"gw:lock"_s);
    row("GET", u"/v1/locks"_s, u"gw:read"_s);
    row("POST", u"/v1/locks"_s, u"gw:lock"_s);
    row("DELETE", u"/v1/locks/l-1"_s, u"gw:lock"_s);
    row("GET", u"/v1/me/sessions"_s, {});
}

void TestGateApi::whoMayAsk()
{
    QFETCH(QByteArray, method);
    QFETCH(QString, path);
    QFETCH(QString, scope);
    const Answer without = call(method, path, {});
    QCOMPARE(without.status, 401);
    QVERIFY(isAs(u"Problem"_s, without));
    QCOMPARE(without.headers.value("www-authenticate"), QByteArray("Bearer realm=\"api\""));
    const Answer foreign = call(method, path, signJwt(m_gate->stranger, u"at+jwt"_s, m_gate->claims()).value());
    QCOMPARE(foreign.status, 401);
    QVERIFY(foreign.headers.value("www-authenticate").contains("error=\"invalid_token\""));
    QStringList all{u"gw:read"_s, u"gw:kick"_s, u"gw:lock"_s, u"use"_s};
    all.removeAll(scope);
    const Answer answer = call(method, path, operatorToken(all.join(u' ')));
    QCOMPARE(answer.status, scope.isEmpty() ? 200 : 403);
    if (!scope.isEmpty())
        QVERIFY(isAs(u"Problem"_s, answer) && answer.headers.value("www-authenticate").contains(scope.toLatin1()));
}

void TestGateApi::connectionsAreListed()
{
    std::vector<std::unique_ptr<WatchedClient>> clients;
    for (int i = 0; i < 5; ++i)
        clients.push_back(client(tokenOf(i < 3 ? u"ada"_s : u"bob"_s, u"s-%1"_s.arg(i))));
    const QByteArray olga = operatorToken();
    const Answer all = call("GET", u"/v1/connections"_s, olga);
    QCOMPARE(all.status, 200);
    QVERIFY(isAs(u"ConnectionList"_s, all));
    QCOMPARE(all.json().value("connections"_L1).toArray().size(), 5);
    QCOMPARE(call("GET", u"/v1/connections?user=ada"_s, olga).json().value("connections"_L1).toArray().size(), 3);
    QStringList paged;
    QString cursor;
    do {
        const QJsonObject page = call("GET", u"/v1/connections?limit=2&cursor="_s + cursor, olga).json();
        for (const QJsonValue &row : page.value("connections"_L1).toArray())
            paged.append(row["id"_L1].toString());
        cursor = page.value("cursor"_L1).toString();
    } while (!cursor.isEmpty());
    QCOMPARE(paged.size(), 5);
    const Answer one = call("GET", u"/v1/connections/"_s + paged.first(), olga);
    QVERIFY(one.status == 200 && isAs(u"Connection"_s, one));
    QCOMPARE(call("GET", u"/v1/connections/c-none"_s, olga).status, 404);
    QCOMPARE(call("GET", u"/v1/connections?limit=0"_s, olga).status, 400);
    QVERIFY(!all.body.contains(m_gate->token().left(20)));
}

void TestGateApi::disconnectBySelector_data()
{
    QTest::addColumn<QString>("member");
    QTest::addColumn<QString>("value");
    QTest::addColumn<int>("matched"); // of ada with two sessions, and bob
    QTest::newRow("user") << u"user"_s << u"ada"_s << 2;
    QTest::newRow("session") << u"session"_s << u"s-2"_s << 1;
    QTest::newRow("client") << u"client"_s << u"desktop"_s << 3;
    QTest::newRow("endpoint") << u"endpoint"_s << u"/echo"_s << 3;
    QTest::newRow("another endpoint") << u"endpoint"_s << u"/room"_s << 0;
    QTest::newRow("network") << u"address"_s << u"127.0.0.0/8"_s << 3;
    QTest::newRow("mapped network") << u"address"_s << u"::ffff:127.0.0.0/104"_s << 3;
    QTest::newRow("another address") << u"address"_s << u"192.0.2.1"_s << 0;
    QTest::newRow("issuer") << u"issuer"_s << u"https://other.test"_s << 0;
}

void TestGateApi::disconnectBySelector()
{
    QFETCH(QString, member);
    QFETCH(QString, value);
    QFETCH(int, matched);
    std::vector<std::unique_ptr<WatchedClient>> clients;
    clients.push_back(client(tokenOf(u"ada"_s, u"s-1"_s)));
    clients.push_back(client(tokenOf(u"ada"_s, u"s-2"_s)));
    clients.push_back(client(tokenOf(u"bob"_s, u"s-3"_s)));
    const Answer answer = call("POST", u"/v1/connections:disconnect"_s, operatorToken(),
                               {{"selector"_L1, QJsonObject{{member, value}}},
                                {"code"_L1, 4410},
                                {"reason"_L1, u"moving"_s},
                                {"request_id"_L1, u"T-1"_s}});
    QCOMPARE(answer.status, 200);
    QVERIFY2(isAs(u"Disconnected"_s, answer), answer.body.constData());
    QCOMPARE(answer.json().value("matched"_L1).toInt(), matched);
    QVERIFY(Support::waitUntil(
        [&] { return std::count_if(clients.begin(), clients.end(), [](const auto &one) { return one->isClosed; }) == matched; }));
    for (const auto &one : clients)
        QCOMPARE(one->isClosed ? one->code() : 4410, 4410);
    const AuditEvent event = m_gate->events(u"admin.disconnect"_s).value(0);
    QCOMPARE(event.data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"olga"_s);
    QCOMPARE(event.data.value("admin"_L1).toObject().value("request_id"_L1).toString(), u"T-1"_s);
}

void TestGateApi::badDisconnects_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::newRow("no body") << QByteArray("{}");
    QTest::newRow("empty selector") << QByteArray(R"({"selector":{},"reason":"r"})");
    QTest::newRow("unknown member") << QByteArray(R"({"selector":{"user":"ada","node":"n"},"reason":"r"})");
    QTest::newRow("wrong kind") << QByteArray(R"({"selector":{"user":7},"reason":"r"})");
    QTest::newRow("all and more") << QByteArray(R"({"selector":{"all":true,"user":"ada"},"reason":"r"})");
    QTest::newRow("all is false") << QByteArray(R"({"selector":{"all":false},"reason":"r"})");
    QTest::newRow("no address") << QByteArray(R"({"selector":{"address":"here"},"reason":"r"})");
    QTest::newRow("no reason") << QByteArray(R"({"selector":{"user":"ada"}})");
    QTest::newRow("another code") << QByteArray(R"({"selector":{"user":"ada"},"reason":"r","code":1000})");
    QTest::newRow("after in the past") << QByteArray(R"({"selector":{"user":"ada"},"reason":"r","after_ms":-1})");
    QTest::newRow("no json") << QByteArray("selector=ada");
    // A mistake must not do more than was meant.
    for (const char *more :
         {R"("dry_run":"true")", R"("dry_run":1)", R"("dry_run":[true])", R"("dryRun":true)", R"("after_ms":"60000")",
          R"("after_ms":1e30)", R"("after_ms":3000000000)", R"("after_ms":1.5)", R"("per_second":"1")", R"("code":"4410")"})
        QTest::newRow(more) << QByteArray(R"({"selector":{"user":"ada"},"reason":"r",)") + more + '}';
}

void TestGateApi::badDisconnects()
{
    QFETCH(QByteArray, body);
    const auto ada = client(tokenOf(u"ada"_s, u"s-1"_s));
    QVERIFY(ada);
    const Answer answer = send("POST", u"/v1/connections:disconnect"_s, operatorToken(), body);
    QCOMPARE(answer.status, 400);
    QVERIFY(isAs(u"Problem"_s, answer));
    QCOMPARE(call("GET", u"/v1/connections"_s, operatorToken()).json().value("connections"_L1).toArray().size(), 1);
}

void TestGateApi::everybodyNeedsAFreshSignIn()
{
    const auto ada = client(tokenOf(u"ada"_s, u"s-1"_s));
    QVERIFY(ada);
    const QJsonObject everybody{{"selector"_L1, QJsonObject{{"all"_L1, true}}}, {"reason"_L1, u"an attack"_s}};
    const Answer refused = call("POST", u"/v1/connections:disconnect"_s, operatorToken(u"gw:kick"_s, 400), everybody);
    QCOMPARE(refused.status, 401);
    QVERIFY(refused.headers.value("www-authenticate").contains("insufficient_user_authentication"));
    // By whatever name.
    for (const QString &wide : {u"0.0.0.0/0"_s, u"::ffff:0.0.0.0/96"_s, u"0.0.0.0/1"_s, u"::/0"_s}) {
        const QJsonObject there{{"selector"_L1, QJsonObject{{"address"_L1, wide}}}, {"reason"_L1, u"an attack"_s}};
        QCOMPARE(call("POST", u"/v1/connections:disconnect"_s, operatorToken(u"gw:kick"_s, 400), there).status, 401);
    }
    const auto eve = client(tokenOf(u"eve"_s, u"s-2"_s));
    QVERIFY(eve);
    const QJsonObject everywhere{{"selector"_L1, QJsonObject{{"address"_L1, u"0.0.0.0/0"_s}}}, {"reason"_L1, u"an attack"_s}};
    QCOMPARE(call("POST", u"/v1/connections:disconnect"_s, operatorToken(u"gw:kick"_s, 400), everywhere).status, 401);
    QVERIFY(!ada->isClosed);
    QCOMPARE(call("GET", u"/v1/connections?usr=ada"_s, operatorToken()).status, 400);
    QCOMPARE(call("GET", u"/v1/connections?user="_s, operatorToken()).status, 400);
    QCOMPARE(call("POST", u"/v1/connections:disconnect?dry_run=true"_s, operatorToken(), everybody).status, 400);
    QCOMPARE(call("POST", u"/v1/connections:disconnect"_s, operatorToken(), everybody).status, 200);
    QVERIFY(ada->closed());
    QCOMPARE(ada->code(), 4411);
}

void TestGateApi::dryRunEndsNothing()
{
    const auto ada = client(tokenOf(u"ada"_s, u"s-1"_s));
    QVERIFY(ada);
    const Answer answer = call("POST", u"/v1/connections:disconnect"_s, operatorToken(),
                               {{"selector"_L1, QJsonObject{{"user"_L1, u"ada"_s}}},
                                {"reason"_L1, u"looking"_s},
                                {"code"_L1, 4410},
                                {"dry_run"_L1, true}});
    QVERIFY(answer.status == 200 && isAs(u"Disconnected"_s, answer));
    QCOMPARE(answer.json().value("matched"_L1).toInt(), 1);
    QCOMPARE(statusOf(tokenOf(u"ada"_s, u"s-1"_s)), 101);
    QVERIFY(!ada->isClosed);
    QVERIFY(m_gate->events(u"admin.disconnect"_s).isEmpty());
}

void TestGateApi::pacedDisconnect()
{
    std::vector<std::unique_ptr<WatchedClient>> clients;
    for (int i = 0; i < 6; ++i)
        clients.push_back(client(tokenOf(u"ada"_s, u"s-%1"_s.arg(i))));
    const auto closed = [&] {
        return std::count_if(clients.begin(), clients.end(), [](const auto &one) { return one->isClosed; });
    };
    const Answer answer =
        call("POST", u"/v1/connections:disconnect"_s, operatorToken(),
             {{"selector"_L1, QJsonObject{{"user"_L1, u"ada"_s}}}, {"reason"_L1, u"slowly"_s}, {"per_second"_L1, 10}});
    QVERIFY(answer.status == 202 && isAs(u"Disconnected"_s, answer));
    QVERIFY(Support::waitUntil([&] { return closed() > 0; }));
    QVERIFY(closed() < 6); // one each tenth of a second
    QVERIFY(Support::waitUntil([&] { return closed() == 6; }));
}

void TestGateApi::locks_data()
{
    QTest::addColumn<QJsonObject>("target");
    QTest::addColumn<QString>("mode");
    QTest::addColumn<int>("status");
    QTest::addColumn<int>("code");
    const auto target = [](const QString &kind, const QString &value) {
        return QJsonObject{{"kind"_L1, kind}, {"value"_L1, value}};
    };
    QTest::newRow("user") << target(u"user"_s, u"ada"_s) << u"locked"_s << 403 << 4423;
    QTest::newRow("session") << target(u"session"_s, u"s-1"_s) << u"revoked"_s << 401 << 4410;
    QTest::newRow("client") << target(u"client"_s, u"desktop"_s) << u"forbidden"_s << 403 << 4403;
    QTest::newRow("address") << target(u"address"_s, u"127.0.0.1"_s) << u"locked"_s << 403 << 4423;
    QTest::newRow("network") << target(u"address"_s, u"127.0.0.0/8"_s) << u"locked"_s << 403 << 4423;
    QTest::newRow("token") << target(u"token"_s, u"t-1"_s) << u"revoked"_s << 401 << 4410;
    QTest::newRow("outdated") << target(u"user"_s, u"ada"_s) << u"outdated"_s << 401 << 4441;
}

void TestGateApi::locks()
{
    QFETCH(QJsonObject, target);
    QFETCH(QString, mode);
    QFETCH(int, status);
    QFETCH(int, code);
    const bool isByAddress = target.value("kind"_L1) == "address"_L1;
    const QByteArray token = tokenOf(u"ada"_s, u"s-1"_s, {{"jti"_L1, u"t-1"_s}});
    const QByteArray olga = operatorToken();
    const auto ada = client(token);
    QVERIFY(ada);
    const Answer made = call("POST", u"/v1/locks"_s, olga,
                             {{"target"_L1, target},
                              {"mode"_L1, mode},
                              {"ttl_s"_L1, 600},
                              {"message"_L1, u"Call the help desk."_s},
                              {"reason"_L1, u"fraud"_s}});
    QCOMPARE(made.status, 201);
    QVERIFY2(isAs(u"Lock"_s, made), made.body.constData());
    QCOMPARE(made.json().value("effect"_L1).toString(), u"durable"_s);
    QVERIFY(ada->closed());
    QCOMPARE(ada->code(), code);
    const QByteArray answer = m_gate->exchange(AuditedGate::upgrade("/echo", token));
    QCOMPARE(answer.mid(9, 3).toInt(), status);
    if (mode == "locked"_L1) {
        QVERIFY2(answer.contains("urn:watchword:locked") && answer.contains("Call the help desk.")
                     && answer.contains("\"until\""),
                 answer.constData());
    }
    QCOMPARE(made.json().contains("include_operators"_L1), isByAddress); // the operator is there, too, and stays
    const Answer list = call("GET", u"/v1/locks"_s, olga);
    QVERIFY(list.status == 200 && isAs(u"LockList"_s, list));
    QCOMPARE(list.json().value("total"_L1).toInt(), 1);
    const QString id = made.json().value("id"_L1).toString();
    QCOMPARE(call("DELETE", u"/v1/locks/"_s + id, olga).status, 204);
    QCOMPARE(call("DELETE", u"/v1/locks/"_s + id, olga).status, 404);
    QCOMPARE(statusOf(token), 101);
    QCOMPARE(m_gate->events(u"admin.unlock"_s).size(), 1);
}

void TestGateApi::badLocks_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::newRow("no target") << QByteArray(R"({"reason":"r"})");
    QTest::newRow("unknown kind") << QByteArray(R"({"target":{"kind":"planet","value":"x"},"reason":"r"})");
    QTest::newRow("no value") << QByteArray(R"({"target":{"kind":"user","value":""},"reason":"r"})");
    QTest::newRow("no address") << QByteArray(R"({"target":{"kind":"address","value":"10.0.0.0/99"},"reason":"r"})");
    QTest::newRow("unknown mode") << QByteArray(R"({"target":{"kind":"user","value":"ada"},"mode":"x","reason":"r"})");
    QTest::newRow("no reason") << QByteArray(R"({"target":{"kind":"user","value":"ada"}})");
    QTest::newRow("no time") << QByteArray(R"({"target":{"kind":"user","value":"ada"},"ttl_s":0,"reason":"r"})");
    for (const char *more : {R"("ttl":60)", R"("ttl_s":3600.5)", R"("ttl_s":1e30)", R"("mode":7)", R"("message":7)"})
        QTest::newRow(more) << QByteArray(R"({"target":{"kind":"user","value":"ada"},"reason":"r",)") + more + '}';
    QTest::newRow("misspelt issuer") << QByteArray(R"({"target":{"kind":"user","value":"ada","isuer":"i"},"reason":"r"})");
    QTest::newRow("issuer is a number") << QByteArray(R"({"target":{"kind":"user","value":"ada","issuer":7},"reason":"r"})");
    QTest::newRow("time is a text") << QByteArray(R"({"target":{"kind":"user","value":"ada"},"ttl_s":"9","reason":"r"})");
}

void TestGateApi::badLocks()
{
    QFETCH(QByteArray, body);
    const Answer answer = send("POST", u"/v1/locks"_s, operatorToken(), body);
    QCOMPARE(answer.status, 400);
    QVERIFY(isAs(u"Problem"_s, answer));
    QCOMPARE(call("GET", u"/v1/locks"_s, operatorToken()).json().value("total"_L1).toInt(-1), 0);
}

void TestGateApi::locksSurviveARestart()
{
    const QByteArray token = tokenOf(u"ada"_s, u"s-1"_s);
    QCOMPARE(call("POST", u"/v1/locks"_s, operatorToken(),
                  {{"target"_L1, QJsonObject{{"kind"_L1, u"user"_s}, {"value"_L1, u"ada"_s}}}, {"reason"_L1, u"fraud"_s}})
                 .status,
             201);
    m_gate->gateway.reset();
    QVERIFY(m_gate->start());
    QCOMPARE(statusOf(token), 403);
    QCOMPARE(statusOf(tokenOf(u"bob"_s, u"s-2"_s)), 101);
}

void TestGateApi::invalidateAndRevoke()
{
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    const QByteArray old = tokenOf(u"ada"_s, u"s-1"_s, {{"auth_time"_L1, now - 100}});
    const QByteArray late = tokenOf(u"ada"_s, u"s-2"_s, {{"auth_time"_L1, now - 1}, {"jti"_L1, u"t-2"_s}});
    const QByteArray olga = operatorToken();
    const Answer answer =
        call("POST", u"/v1/users/ada:invalidate"_s, olga, {{"issued_before"_L1, now - 50}, {"reason"_L1, u"lost laptop"_s}});
    QVERIFY(answer.status == 201 && isAs(u"Lock"_s, answer));
    QCOMPARE(statusOf(old), 401);
    QCOMPARE(statusOf(late), 101);
    QCOMPARE(call("POST", u"/v1/tokens:revoke"_s, olga, {{"jti"_L1, u"t-2"_s}, {"reason"_L1, u"leaked"_s}}).status, 201);
    QCOMPARE(statusOf(late), 401);
    QCOMPARE(call("POST", u"/v1/tokens:revoke"_s, olga, {{"reason"_L1, u"leaked"_s}}).status, 400);
    QCOMPARE(call("POST", u"/v1/users/ada:invalidate"_s, olga).status, 400);
}

void TestGateApi::ownSessions()
{
    const QByteArray token = tokenOf(u"ada"_s, u"s-laptop"_s);
    const auto laptop = client(token);
    const auto phone = client(tokenOf(u"ada"_s, u"s-phone"_s));
    const auto bob = client(tokenOf(u"bob"_s, u"s-bob"_s));
    QVERIFY(laptop && phone && bob);
    const Answer list = call("GET", u"/v1/me/sessions"_s, token);
    QVERIFY(list.status == 200 && isAs(u"SessionList"_s, list));
    QCOMPARE(list.json().value("total"_L1).toInt(), 2);
    for (const QJsonValue &row : list.json().value("sessions"_L1).toArray())
        QCOMPARE(row["current"_L1].toBool(), row["id"_L1] == "s-laptop"_L1);
    QCOMPARE(call("DELETE", u"/v1/me/sessions/s-bob"_s, token).status, 404);
    QVERIFY(!bob->isClosed);
    const Answer ended = call("DELETE", u"/v1/me/sessions/s-phone"_s, token);
    QVERIFY(ended.status == 200 && isAs(u"Ended"_s, ended));
    QVERIFY(phone->closed());
    QCOMPARE(phone->code(), 4410);
    QCOMPARE(statusOf(tokenOf(u"ada"_s, u"s-phone"_s)), 401);
    QCOMPARE(statusOf(token), 101);
    const AuditEvent event = m_gate->events(u"admin.session_end"_s).value(0);
    QCOMPARE(event.data.value("initiator"_L1).toString(), u"user"_s);
    QCOMPARE(event.data.value("reason_code"_L1).toString(), u"own_session"_s);
}

void TestGateApi::operatorEndsASession()
{
    const auto ada = client(tokenOf(u"ada"_s, u"s-1"_s));
    QVERIFY(ada);
    const QByteArray olga = operatorToken();
    const Answer list = call("GET", u"/v1/users/ada/sessions"_s, olga);
    QVERIFY(list.status == 200 && isAs(u"SessionList"_s, list));
    QCOMPARE(list.json().value("total"_L1).toInt(), 1);
    QCOMPARE(call("DELETE", u"/v1/sessions/s-none"_s, olga).status, 404);
    QCOMPARE(call("DELETE", u"/v1/sessions/s-1?reason=lost"_s, olga).status, 200);
    QVERIFY(ada->closed());
    QCOMPARE(ada->code(), 4410);
    QCOMPARE(statusOf(tokenOf(u"ada"_s, u"s-1"_s)), 401);
}

// An issuer may give two people the same "sid": nobody ends somebody else's session.
void TestGateApi::sessionIdOfTwoPeople()
{
    const QByteArray adas = tokenOf(u"ada"_s, u"s-1"_s);
    const auto ada = client(adas);
    const auto bob = client(tokenOf(u"bob"_s, u"s-1"_s));
    QVERIFY(ada && bob);
    const QByteArray olga = operatorToken();
    QCOMPARE(call("GET", u"/v1/me/sessions"_s, adas).json().value("total"_L1).toInt(), 1);
    QCOMPARE(call("DELETE", u"/v1/sessions/s-1"_s, olga).status, 409); // whose?
    QVERIFY(!ada->isClosed && !bob->isClosed);
    QCOMPARE(call("DELETE", u"/v1/me/sessions/s-1"_s, adas).status, 200);
    QVERIFY(ada->closed());
    QCOMPARE(ada->code(), 4410);
    QVERIFY(!bob->isClosed);
    QCOMPARE(statusOf(adas), 401);
    QCOMPARE(statusOf(tokenOf(u"bob"_s, u"s-1"_s)), 101);
    m_gate->gateway.reset();
    QVERIFY(m_gate->start());
    QCOMPARE(statusOf(adas), 401);
    QCOMPARE(statusOf(tokenOf(u"bob"_s, u"s-1"_s)), 101);
    const auto eve = client(tokenOf(u"eve"_s, u"s-1"_s));
    const auto again = client(tokenOf(u"bob"_s, u"s-1"_s));
    QVERIFY(eve && again);
    QCOMPARE(call("DELETE", u"/v1/sessions/s-1?user=bob"_s, olga).status, 200);
    QVERIFY(again->closed() && !eve->isClosed);
    // A kick binds one of them, and so does a lock that says whose it is.
    const QJsonObject kick{{"selector"_L1, QJsonObject{{"user"_L1, u"eve"_s}}}, {"code"_L1, 4410}, {"reason"_L1, u"r"_s}};
    QCOMPARE(call("POST", u"/v1/connections:disconnect"_s, olga, kick).status, 200);
    QCOMPARE(statusOf(tokenOf(u"eve"_s, u"s-1"_s)), 401);
    QCOMPARE(statusOf(tokenOf(u"max"_s, u"s-1"_s)), 101);
    QJsonObject target{{"kind"_L1, u"session"_s}, {"value"_L1, u"s-1"_s}, {"user"_L1, u"max"_s}};
    const Answer lock = call("POST", u"/v1/locks"_s, olga, {{"target"_L1, target}, {"reason"_L1, u"r"_s}});
    QVERIFY(lock.status == 201 && isAs(u"Lock"_s, lock));
    QCOMPARE(statusOf(tokenOf(u"max"_s, u"s-1"_s)), 403);
    QCOMPARE(statusOf(tokenOf(u"zoe"_s, u"s-1"_s)), 101);
    target.insert("kind"_L1, u"client"_s);
    QCOMPARE(call("POST", u"/v1/locks"_s, olga, {{"target"_L1, target}, {"reason"_L1, u"r"_s}}).status, 400);
}

void TestGateApi::logoutOfASessionIdOfTwoPeople()
{
    const auto ada = client(tokenOf(u"ada"_s, u"s-1"_s));
    const auto bob = client(tokenOf(u"bob"_s, u"s-1"_s));
    QVERIFY(ada && bob);
    QJsonObject claims = logoutClaims(u"s-1"_s); // with "sub"
    QCOMPARE(logout(m_gate->token(claims, u"logout+jwt"_s)).status, 200);
    QVERIFY(ada->closed() && !bob->isClosed);
    claims.remove("sub"_L1); // says nothing but the session: whoever has it
    claims.insert("jti"_L1, u"j-2"_s);
    QCOMPARE(logout(m_gate->token(claims, u"logout+jwt"_s)).status, 200);
    QVERIFY(bob->closed());
}

WATCHWORD_TEST_MAIN(TestGateApi)
#include "tst_gateapi.moc"
