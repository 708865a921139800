// SPDX-License-Identifier: Apache-2.0
#include "auditedgate.h"
#include "support/testmain.h"
#include "watchedclient.h"

#include <QSet>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

/*! What an operator's kick, a lock and a reload bind, with an issuer that runs elsewhere. */
class TestGateLocks : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void kickBindsTheSession_data();
    void kickBindsTheSession();
    void kickOfManyNamesThemAll();
    void heldSessionMayReturn();
    void monitorOfARevokedSessionIsCut();
    void monitorOfARemovedIssuerIsCut();

private:
    static bool begin(AuditedGate &gate);
    static QByteArray operatorToken(const AuditedGate &gate, const QString &subject = u"olga"_s);
    static std::unique_ptr<WatchedClient> monitor(const AuditedGate &gate, const QByteArray &token,
                                                  const QString &path = u"/watch"_s);
    //! Ends one connection of \a sid by an operator.
    static QJsonObject kick(WatchedClient &monitor, const QString &sid, int code, int afterMs = 0);
    static int statusOf(AuditedGate &gate, const QByteArray &token);
};

bool TestGateLocks::begin(AuditedGate &gate)
{
    if (!gate.prepare())
        return false;
    gate.config.watch = WatchConfig();
    return gate.begin();
}

QByteArray TestGateLocks::operatorToken(const AuditedGate &gate, const QString &subject)
{
    QJsonObject claims = gate.claims(subject);
    claims.insert("scope"_L1, u"use gw:read gw:kick gw:audit"_s);
    return gate.token(claims);
}

std::unique_ptr<WatchedClient> TestGateLocks::monitor(const AuditedGate &gate, const QByteArray &token, const QString &path)
{
    auto socket = std::make_unique<QWebSocket>();
    socket->setSslConfiguration(gate.clientTls());
    QNetworkRequest request(QUrl(gate.gateway->url().toString() + path));
    request.setRawHeader("Authorization", "Bearer " + token);
    QWebSocketHandshakeOptions options;
    options.setSubprotocols({path == "/watch"_L1 ? u"watchword.watch.v1"_s : u"cloudevents.json"_s});
    auto watched = std::make_unique<WatchedClient>(std::move(socket));
    watched->socket->open(request, options);
    return watched;
}

QJsonObject TestGateLocks::kick(WatchedClient &monitor, const QString &sid, int code, int afterMs)
{
    if (!monitor.opened())
        return {};
    monitor.socket->sendTextMessage(uR"({"t":"view","rate_ms":250})"_s);
    QString id;
    Support::waitUntil([&] {
        for (const QJsonObject &frame : std::as_const(monitor.frames)) {
            QJsonArray rows = frame.value("rows"_L1).toArray();
            for (const QJsonValue &row : frame.value("upd"_L1).toArray())
                rows.append(row);
            for (const QJsonValue &row : std::as_const(rows)) {
                if (row["sid"_L1] == sid && row["id"_L1].toString().startsWith(u"c-"_s))
                    id = row["id"_L1].toString();
            }
        }
        return !id.isEmpty();
    });
    const QJsonObject request{{"t"_L1, u"disconnect"_s}, {"req"_L1, u"r1"_s},      {"connections"_L1, QJsonArray{id}},
                              {"code"_L1, code},         {"after_ms"_L1, afterMs}, {"reason"_L1, u"enough"_s}};
    monitor.socket->sendTextMessage(QString::fromUtf8(QJsonDocument(request).toJson(QJsonDocument::Compact)));
    return monitor.frame(u"result"_s);
}

int TestGateLocks::statusOf(AuditedGate &gate, const QByteArray &token)
{
    return gate.exchange(AuditedGate::upgrade("/echo", token)).mid(9, 3).toInt();
}

void TestGateLocks::kickBindsTheSession_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<int>("status");
    QTest::newRow("session revoked") << 4410 << 401;
    QTest::newRow("forbidden") << 4403 << 403;
}

void TestGateLocks::kickBindsTheSession()
{
    QFETCH(int, code);
    QFETCH(int, status);
    AuditedGate gate;
    QVERIFY(begin(gate));
    const QByteArray token = gate.token();
    const QByteArray renewed = gate.token(gate.claims()); // of the same session
    QJsonObject elsewhere = gate.claims();
    elsewhere.insert("sid"_L1, u"s-phone"_s);
    WatchedClient client(gate.client(u"/echo"_s, token));
    WatchedClient second(gate.client(u"/room"_s, renewed));
    WatchedClient phone(gate.client(u"/echo"_s, gate.token(elsewhere)));
    QVERIFY(client.opened() && second.opened() && phone.opened());
    const auto olga = monitor(gate, operatorToken(gate));
    QCOMPARE(kick(*olga, u"s-ada"_s, code).value("ok"_L1), QJsonValue(true));
    QVERIFY(client.closed() && second.closed());
    QCOMPARE(client.code(), code);
    QCOMPARE(second.code(), code);
    QVERIFY(!phone.isClosed);
    const QByteArray metrics = gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    QVERIFY2(metrics.contains("watchword_locks 1\n"), metrics.constData());
    QVERIFY(Support::waitUntil([&] { // the second; the first was named by its id
        return gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").contains("watchword_revocation_seconds_count 1\n");
    }));
    QCOMPARE(statusOf(gate, token), status);
    QCOMPARE(statusOf(gate, renewed), status);
    QCOMPARE(statusOf(gate, gate.token(elsewhere)), 101);
    gate.gateway.reset();
    QVERIFY(gate.start());
    QCOMPARE(statusOf(gate, token), status);
    QCOMPARE(statusOf(gate, gate.token(elsewhere)), 101);
    QVERIFY(!gate.events().isEmpty());
}

// However long the list is: who did it, why, and to whom.
void TestGateLocks::kickOfManyNamesThemAll()
{
    AuditedGate gate;
    QVERIFY(begin(gate));
    WatchedClient client(gate.client(u"/echo"_s, gate.token()));
    QVERIFY(client.opened());
    const auto olga = monitor(gate, operatorToken(gate));
    QVERIFY(olga->opened());
    olga->socket->sendTextMessage(uR"({"t":"view","rate_ms":250})"_s);
    QString real;
    QVERIFY(Support::waitUntil([&] {
        for (const QJsonObject &frame : std::as_const(olga->frames)) {
            for (const QJsonValue &row : frame.value("rows"_L1).toArray())
                real = row["id"_L1].toString().startsWith(u"c-"_s) ? row["id"_L1].toString() : real;
        }
        return !real.isEmpty();
    }));
    QJsonArray ids{real};
    for (int i = 0; i < 300; ++i)
        ids.append(QString::number(i).rightJustified(240, u'x'));
    const QJsonObject request{
        {"t"_L1, u"disconnect"_s}, {"req"_L1, u"r1"_s}, {"connections"_L1, ids}, {"code"_L1, 4410}, {"reason"_L1, u"enough"_s}};
    olga->socket->sendTextMessage(QString::fromUtf8(QJsonDocument(request).toJson(QJsonDocument::Compact)));
    const QJsonObject result = olga->frame(u"result"_s);
    QCOMPARE(result.value("done"_L1).toArray().size(), 1);
    QCOMPARE(result.value("gone"_L1).toArray().size(), 300);
    QVERIFY(client.closed());
    QSet<QString> named;
    const QList<AuditEvent> events = gate.events(u"admin.disconnect"_s);
    for (const AuditEvent &event : events) {
        QCOMPARE(event.data.value("actor"_L1)["sub"_L1].toString(), u"olga"_s);
        QCOMPARE(event.data.value("admin"_L1)["justification"_L1].toString(), u"enough"_s);
        const QJsonObject target = event.data.value("target"_L1).toObject();
        for (const QJsonValue &id : target.value("ids"_L1).toArray())
            named.insert(id.toString());
        named.insert(target.value("id"_L1).toString());
    }
    for (const QJsonValue &id : std::as_const(ids))
        QVERIFY(named.contains(id.toString()));
}

void TestGateLocks::heldSessionMayReturn()
{
    AuditedGate gate;
    QVERIFY(begin(gate));
    const QByteArray token = gate.token();
    WatchedClient client(gate.client(u"/echo"_s, token));
    QVERIFY(client.opened());
    const auto olga = monitor(gate, operatorToken(gate));
    QCOMPARE(kick(*olga, u"s-ada"_s, 4411, 1'500).value("ok"_L1), QJsonValue(true));
    QVERIFY(client.closed());
    QCOMPARE(client.code(), 4411);
    const QByteArray answer = gate.exchange(AuditedGate::upgrade("/echo", token));
    QVERIFY2(answer.startsWith("HTTP/1.1 429") && answer.contains("Retry-After: 2"), answer.constData());
    QVERIFY(Support::waitUntil([&] { return statusOf(gate, token) == 101; }));
}

void TestGateLocks::monitorOfARevokedSessionIsCut()
{
    AuditedGate gate;
    QVERIFY(begin(gate));
    // Oskar watches, and is a client too.
    const QByteArray oskars = operatorToken(gate, u"oskar"_s);
    WatchedClient client(gate.client(u"/echo"_s, oskars));
    QVERIFY(client.opened());
    const auto oskar = monitor(gate, oskars);
    const auto reader = monitor(gate, oskars, u"/audit"_s);
    const auto olga = monitor(gate, operatorToken(gate));
    QVERIFY(oskar->opened() && reader->opened());
    QCOMPARE(kick(*olga, u"s-oskar"_s, 4410).value("ok"_L1), QJsonValue(true));
    QVERIFY(oskar->closed() && reader->closed());
    QCOMPARE(oskar->code(), 4410);
    QCOMPARE(reader->code(), 4410);
    const auto again = monitor(gate, oskars);
    QVERIFY(!again->opened());
    QVERIFY(!olga->isClosed);
}

void TestGateLocks::monitorOfARemovedIssuerIsCut()
{
    AuditedGate gate;
    QVERIFY(begin(gate));
    const auto olga = monitor(gate, operatorToken(gate));
    QVERIFY(olga->opened());
    GatewayConfig next = gate.config;
    next.issuers.first().url = QUrl(u"https://127.0.0.1:9"_s);
    QVERIFY(gate.gateway->reload(next));
    QVERIFY(olga->closed());
    QCOMPARE(olga->code(), 4441);
}

WATCHWORD_TEST_MAIN(TestGateLocks)
#include "tst_gatelocks.moc"
