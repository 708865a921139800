// SPDX-License-Identifier: Apache-2.0
// Tickets and first messages: the ways to say who one is that a page has beside the subprotocol (protocol.md, section 1).
#include "auditedgate.h"
#include "gate/ticketstore.h"
#include "rawclient.h"
#include "support/testmain.h"
#include "watchword/core/frame.h"

#include <QDir>
#include <QJsonDocument>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

const QByteArray kPage = "Origin: https://app.example.com\r\n";
const QByteArray kOffer = "Sec-WebSocket-Protocol: watchword.v1\r\n";

QByteArray buy(const QByteArray &path, const QByteArray &fields, const QByteArray &method = "POST")
{
    return method + " /v1/tickets?path=" + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" + fields + "\r\n";
}

QByteArray bearer(const QByteArray &token)
{
    return "Authorization: Bearer " + token + "\r\n";
}

int statusIn(const QByteArray &answer)
{
    return answer.mid(9, 3).toInt();
}

QByteArray ticketIn(const QByteArray &answer)
{
    return QJsonDocument::fromJson(answer.mid(answer.indexOf("\r\n\r\n") + 4)).object().value("ticket"_L1).toString().toLatin1();
}

QByteArray frameOf(const QString &type, const QJsonObject &fields)
{
    return RawClient::frame(0x81, Frame(type, fields).toText().toUtf8());
}

QByteArray auth(const QByteArray &token)
{
    return frameOf(u"auth"_s, {{u"token"_s, QString::fromLatin1(token)}});
}

} // namespace

class TestCredentialWays : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init() override;
    void ticketOpensOnce();
    void ticketIsForItsEndpointAndOrigin();
    void ticketIsSpentByAnyAnswer_data();
    void ticketIsSpentByAnyAnswer();
    void ticketEnds();
    void ticketOfARevokedToken();
    void ticketsAreRefused_data();
    void ticketsAreRefused();
    void pagesOfOtherHosts();
    void ticketsOfAUserAreBounded();
    void firstMessageOpens();
    void firstMessagesAreRefused_data();
    void firstMessagesAreRefused();
    void silenceIsClosed();
    void reloadBesideWhoWaits_data();
    void reloadBesideWhoWaits();
    void whoLeavesIsRecorded();
    void waitingIsBounded();
    void waysAreSwitched();

private:
    AuditedGate m_gate;
};

void TestCredentialWays::initTestCase()
{
    using Way = EndpointConfig::CredentialWay;
    QVERIFY(m_gate.prepare());
    EndpointConfig &page = m_gate.addEndpoint(u"/page"_s, EndpointConfig::Service::Echo);
    page.credentials = {Way::Header, Way::Ticket};
    page.origins.append(u"https://second.example.com"_s);
    m_gate.addEndpoint(u"/slow"_s, EndpointConfig::Service::Echo).limits.handshakesPerSecond = 1;
    m_gate.addEndpoint(u"/other"_s, EndpointConfig::Service::Echo).credentials = {Way::Header, Way::Ticket};
    EndpointConfig &first = m_gate.addEndpoint(u"/first"_s, EndpointConfig::Service::Echo);
    first.credentials = Way::FirstMessage;
    first.limits.authTime = 1s;
}

void TestCredentialWays::init()
{
    WatchwordTest::init();
    m_gate.gateway.reset();
    const QStringList old = QDir(m_gate.folder.path()).entryList({u"audit*"_s});
    for (const QString &name : old)
        QVERIFY(QFile::remove(m_gate.file(name)));
    QVERIFY(m_gate.begin());
}

void TestCredentialWays::ticketOpensOnce()
{
    const QByteArray answer = m_gate.exchange(buy("/page", kPage + bearer(m_gate.token())));
    QCOMPARE(statusIn(answer), 200);
    QVERIFY(answer.contains("\r\nCache-Control: no-store\r\n"));
    const QByteArray ticket = ticketIn(answer);
    QCOMPARE(ticket.size(), 43);
    QVERIFY(answer.endsWith("{\"expires_in\":30,\"ticket\":\"" + ticket + "\"}"));
    const QByteArray request = GateFixture::upgrade("/page?a=1&ticket=" + ticket, {}, kPage + kOffer);
    QCOMPARE(statusIn(m_gate.exchange(request)), 101);
    const QByteArray again = m_gate.exchange(request);
    QCOMPARE(statusIn(again), 401);
    QVERIFY(again.contains("error=\"invalid_token\""));
    const QList<AuditEvent> events = m_gate.events();
    const auto opened =
        std::find_if(events.begin(), events.end(), [](const auto &e) { return e.shortType() == "conn.opened"_L1; });
    QVERIFY(opened != events.end());
    QCOMPARE(opened->data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"ada"_s);
    for (const AuditEvent &event : events)
        QVERIFY(!QJsonDocument(event.data).toJson().contains(ticket));
}

void TestCredentialWays::ticketIsForItsEndpointAndOrigin()
{
    const auto sold = [this](const QByteArray &fields) {
        return ticketIn(m_gate.exchange(buy("/page", fields + bearer(m_gate.token()))));
    };
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/other?ticket=" + sold(kPage), {}, kPage))), 401);
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + sold(kPage), {}))), 403); // no Origin
    QCOMPARE(
        statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + sold(kPage), {}, "Origin: https://evil.example\r\n"))),
        403);
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + sold(kPage), {}, kPage))), 101);
    // What a program bought is a program's: no page can use it, not even one of the list.
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + sold({}), {}, kPage))), 401);
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + sold({}), {}))), 101);
    const QByteArray second = "Origin: https://second.example.com\r\n"; // on the list, too
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + sold(kPage), {}, second))), 401);
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + sold(second), {}, second))), 101);
    // A refusal spends it, too.
    const QByteArray ticket = sold(kPage);
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/other?ticket=" + ticket, {}, kPage))), 401);
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + ticket, {}, kPage))), 401);
    // Beside a token it is a second credential, and so are two.
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + sold(kPage), m_gate.token(), kPage))), 400);
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + sold(kPage) + "&ticket=x", {}, kPage))), 400);
    // Elsewhere the name is the application's.
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/echo?ticket=concert", m_gate.token(), kPage))), 101);
}

void TestCredentialWays::ticketIsSpentByAnyAnswer_data()
{
    QTest::addColumn<QByteArray>("request"); // TICKET is one
    QTest::addColumn<int>("status");
    const auto row = [](const char *name, const QByteArray &request, int status) { QTest::newRow(name) << request << status; };
    const QByteArray evil = "Origin: https://evil.example\r\n";
    row("used", GateFixture::upgrade("/page?ticket=TICKET", {}, kPage), 101);
    row("no upgrade", "GET /page?ticket=TICKET HTTP/1.1\r\nHost: a\r\n" + kPage + "\r\n", 426);
    row("another version", GateFixture::upgrade("/page?ticket=TICKET", {}, kPage).replace("Version: 13", "Version: 12"), 426);
    row("no Origin", GateFixture::upgrade("/page?ticket=TICKET", {}), 403);
    row("another site", GateFixture::upgrade("/page?ticket=TICKET", {}, evil), 403);
    row("two Origins", GateFixture::upgrade("/page?ticket=TICKET", {}, kPage + kPage), 400);
    row("beside a token", GateFixture::upgrade("/page?ticket=TICKET", "TOKEN", kPage), 400);
    row("beside another one", GateFixture::upgrade("/page?ticket=x&ticket=TICKET", {}, kPage), 400);
    row("behind a semicolon", GateFixture::upgrade("/page?a=1;ticket=TICKET", {}, kPage), 401);
    row("a name in other letters", GateFixture::upgrade("/page?%54icket=TICKET", {}, kPage), 101);
    row("beside a token in the URL", GateFixture::upgrade("/page?access_token=x&ticket=TICKET", {}, kPage), 400);
    row("another endpoint", GateFixture::upgrade("/other?ticket=TICKET", {}, kPage), 401);
    row("an endpoint without tickets", GateFixture::upgrade("/echo?ticket=TICKET", {}, kPage), 401);
    row("an endpoint with first messages", GateFixture::upgrade("/first?ticket=TICKET", {}, kPage), 401);
    row("an unknown path", GateFixture::upgrade("/nothing?ticket=TICKET", {}, kPage), 404);
    row("a probe", "GET /healthz?ticket=TICKET HTTP/1.1\r\nHost: a\r\n\r\n", 200);
    row("over a limit", GateFixture::upgrade("/slow?ticket=TICKET", {}, kPage), 429);
}

void TestCredentialWays::ticketIsSpentByAnyAnswer()
{
    QFETCH(QByteArray, request);
    QFETCH(int, status);
    while (status == 429 && statusIn(m_gate.exchange(GateFixture::upgrade("/slow", m_gate.token()))) != 429) { }
    const QByteArray ticket = ticketIn(m_gate.exchange(buy("/page", kPage + bearer(m_gate.token()))));
    QCOMPARE(ticket.size(), 43);
    const QByteArray first = m_gate.exchange(request.replace("TICKET", ticket).replace("TOKEN", m_gate.token()));
    QVERIFY2(statusIn(first) == status, first.constData());
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + ticket, {}, kPage))), 401);
}

void TestCredentialWays::ticketEnds()
{
    TicketStore store;
    const Instant now = Clock::system().now();
    const auto entry = [&](Duration life) { return TicketStore::Entry{Secret::copy("t"), u"/page"_s, {}, u"ada"_s, now + life}; };
    const Secret ticket = Secret::copy(store.add(entry(TicketStore::kAge), now));
    const Secret second = Secret::copy(store.add(entry(1s), now));
    QVERIFY(!store.take(second, now + 1s));
    QVERIFY(!store.take(second, now));
    QCOMPARE(store.take(ticket, now + TicketStore::kAge - 1ms)->token.reveal().toByteArray(), QByteArray("t"));
    QCOMPARE(store.size(), 0);
    // Who fills it has room again when they end.
    for (int i = 0; i < TicketStore::kMostOfAUser; ++i)
        QVERIFY(!store.add(entry(1s), now).isEmpty());
    QVERIFY(store.add(entry(1s), now).isEmpty());
    QVERIFY(!store.add({Secret::copy("t"), u"/page"_s, {}, u"bob"_s, now + 1s}, now).isEmpty());
    QVERIFY(!store.add(entry(1s), now + 2s).isEmpty());
    QCOMPARE(store.size(), 1);
    store = {};
    const QByteArray large(1024 * 1024, 'x');
    for (int i = 0; i < 32; ++i)
        QVERIFY(!store.add({Secret::copy(large), {}, {}, QString::number(i), now + 1s}, now).isEmpty());
    QVERIFY(store.add({Secret::copy(large), {}, {}, u"x"_s, now + 1s}, now).isEmpty());
}

// The token is looked at again: what happened to it meanwhile holds.
void TestCredentialWays::ticketOfARevokedToken()
{
    const QByteArray ticket = ticketIn(m_gate.exchange(buy("/page", kPage + bearer(m_gate.token()))));
    GatewayConfig next = m_gate.config;
    next.issuers[0].audiences = QStringList{u"another"_s};
    QVERIFY(m_gate.gateway->reload(next));
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/page?ticket=" + ticket, {}, kPage))), 401);
}

void TestCredentialWays::ticketsAreRefused_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("fields"); // TOKEN is a good one
    QTest::addColumn<QByteArray>("method");
    QTest::addColumn<int>("status");
    const QByteArray good = "Authorization: Bearer TOKEN\r\n";
    QTest::newRow("no token") << QByteArray("/page") << QByteArray() << QByteArray("POST") << 401;
    QTest::newRow("bad token") << QByteArray("/page") << QByteArray("Authorization: Bearer x\r\n") << QByteArray("POST") << 401;
    QTest::newRow("two tokens") << QByteArray("/page") << good + good << QByteArray("POST") << 400;
    QTest::newRow("unknown endpoint") << QByteArray("/nothing") << good << QByteArray("POST") << 404;
    QTest::newRow("endpoint without tickets") << QByteArray("/echo") << good << QByteArray("POST") << 404;
    QTest::newRow("no endpoint") << QByteArray() << good << QByteArray("POST") << 404;
    QTest::newRow("GET") << QByteArray("/page") << good << QByteArray("GET") << 405;
    QTest::newRow("another site") << QByteArray("/page") << good + "Origin: https://evil.example\r\n"
                                  << QByteArray("POST") << 403;
    QTest::newRow("token in the URL") << QByteArray("/page&access_token=TOKEN") << QByteArray() << QByteArray("POST") << 400;
    QTest::newRow("OPTIONS without Origin") << QByteArray("/page") << QByteArray() << QByteArray("OPTIONS") << 405;
    QTest::newRow("OPTIONS of another site")
        << QByteArray("/page") << QByteArray("Origin: https://evil.example\r\n") << QByteArray("OPTIONS") << 403;
}

void TestCredentialWays::ticketsAreRefused()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, fields);
    QFETCH(QByteArray, method);
    QFETCH(int, status);
    const QByteArray token = m_gate.token();
    const QByteArray answer = m_gate.exchange(buy(path.replace("TOKEN", token), fields.replace("TOKEN", token), method));
    QVERIFY2(statusIn(answer) == status, answer.constData());
    QVERIFY(answer.contains("application/problem+json") && answer.contains("\"ref\":\""));
    QVERIFY(!answer.contains(token));
    QCOMPARE(answer.contains("Access-Control-Allow-Origin"), false);
}

void TestCredentialWays::pagesOfOtherHosts()
{
    const QByteArray asked = m_gate.exchange(buy("/page", kPage + "Access-Control-Request-Method: POST\r\n", "OPTIONS"));
    QCOMPARE(statusIn(asked), 204);
    QVERIFY(asked.contains("\r\nAccess-Control-Allow-Origin: https://app.example.com\r\n"));
    QVERIFY(asked.contains("\r\nAccess-Control-Allow-Headers: Authorization, DPoP\r\n"));
    const QByteArray sold = m_gate.exchange(buy("/page", kPage + bearer(m_gate.token())));
    QCOMPARE(statusIn(sold), 200);
    QVERIFY(sold.contains("\r\nAccess-Control-Allow-Origin: https://app.example.com\r\nVary: Origin\r\n"));
    const QByteArray refused = m_gate.exchange(buy("/page", kPage + bearer("x")));
    QCOMPARE(statusIn(refused), 401);
    QVERIFY(refused.contains("\r\nAccess-Control-Allow-Origin: https://app.example.com\r\n"));
}

void TestCredentialWays::ticketsOfAUserAreBounded()
{
    for (int i = 0; i < TicketStore::kMostOfAUser; ++i)
        QCOMPARE(statusIn(m_gate.exchange(buy("/page", bearer(m_gate.token())))), 200);
    const QByteArray full = m_gate.exchange(buy("/page", bearer(m_gate.token())));
    QCOMPARE(statusIn(full), 429);
    QVERIFY(full.contains("\r\nRetry-After: "));
    QCOMPARE(statusIn(m_gate.exchange(buy("/page", bearer(m_gate.token(m_gate.claims(u"bob"_s)))))), 200);
    const QList<AuditEvent> limits = m_gate.events(u"limit.hit"_s);
    QCOMPARE(limits.size(), 1);
    QCOMPARE(limits.first().data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"ada"_s);
}

void TestCredentialWays::firstMessageOpens()
{
    RawClient client(m_gate);
    const QByteArray head = client.upgrade(GateFixture::upgrade("/first", {}, kPage + kOffer));
    QCOMPARE(statusIn(head), 101);
    QVERIFY(head.contains("\r\nSec-WebSocket-Protocol: watchword.v1\r\n"));
    QCOMPARE(m_gate.gateway->connectionCount(), 0);
    client.send(auth(m_gate.token()));
    QVERIFY(Support::waitUntil([&] { return client.received.contains("\"t\":\"hello\""); }));
    QCOMPARE(m_gate.gateway->connectionCount(), 1);
    client.received.clear();
    client.send(RawClient::frame(0x81, "to echo"));
    QVERIFY(Support::waitUntil([&] { return client.received.contains("to echo"); }));
    // From then on the endpoint's own limits hold, and there is no second "auth".
    client.send(RawClient::frame(0x81, QByteArray(60'000, 'x')));
    QVERIFY(Support::waitUntil([&] { return client.received.contains(QByteArray(60'000, 'x')); }));
    const QList<AuditEvent> opened = m_gate.events(u"conn.opened"_s);
    QCOMPARE(opened.size(), 1);
    QCOMPARE(opened.first().data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"ada"_s);
}

void TestCredentialWays::firstMessagesAreRefused_data()
{
    QTest::addColumn<QByteArray>("bytes"); // empty: "auth" with the token of "claim"
    QTest::addColumn<QString>("claim");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("reason");
    const auto row = [](const char *name, const QByteArray &bytes, int code, const char *reason, const QString &claim = {}) {
        QTest::newRow(name) << bytes << claim << code << QString::fromLatin1(reason);
    };
    row("application data", RawClient::frame(0x81, "hello"), 1008, "auth_expected");
    row("binary data", RawClient::frame(0x82, "hello"), 1008, "auth_expected");
    row("another frame", frameOf(u"ping"_s, {{u"n"_s, 1}}), 1008, "auth_expected");
    row("a renewal", frameOf(u"auth.refresh"_s, {{u"token"_s, u"x"_s}}), 1008, "auth_expected");
    row("no token", frameOf(u"auth"_s, {}), 4402, "MalformedToken");
    row("a bad token", auth("abc"), 4402, "MalformedToken");
    row("two at once", auth("a.b.c").repeated(2), 4402, "MalformedToken");
    row("too large", RawClient::frame(0x81, QByteArray(30'000, 'x')), 1009, "message_bytes");
    row("too many pings", RawClient::frame(0x89, "p").repeated(50), 1008, "control_frames_per_second");
    row("in too many pieces", RawClient::frame(0x01, "a") + RawClient::frame(0x00, "a").repeated(30), 1008, "fragments");
    row("expired", {}, 4401, "TokenExpired", u"expired"_s);
    row("no scope", {}, 4403, "insufficient_scope", u"weak"_s);
}

void TestCredentialWays::firstMessagesAreRefused()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QString, claim);
    QFETCH(int, code);
    QFETCH(QString, reason);
    if (bytes.isEmpty()) {
        QJsonObject claims = m_gate.claims();
        claims.insert(claim == "weak"_L1 ? u"scope"_s : u"exp"_s, claim == "weak"_L1 ? QJsonValue(u"none"_s) : QJsonValue(5));
        bytes = auth(m_gate.token(claims));
    }
    RawClient client(m_gate);
    QCOMPARE(statusIn(client.upgrade(GateFixture::upgrade("/first", {}, kPage + kOffer))), 101);
    client.send(bytes);
    QCOMPARE(client.awaitClose(), code);
    // What the reactor closes for comes before anything was said, a "bye" too.
    const bool isOfReactor = reason == "message_bytes"_L1 || reason == "control_frames_per_second"_L1 || reason == "fragments"_L1;
    QCOMPARE(client.received.contains("\"t\":\"bye\""), !isOfReactor);
    QVERIFY(!client.received.contains("\"t\":\"hello\""));
    QVERIFY(Support::waitUntil([&] { return client.isClosed; }));
    QList<AuditEvent> events = m_gate.events(u"conn.rejected"_s);
    if (events.isEmpty())
        events = m_gate.events(u"limit.hit"_s);
    QCOMPARE(events.size(), 1);
    QCOMPARE(events.first().data.value("reason_code"_L1).toString(), reason);
    if (code > 4000) {
        QCOMPARE(events.first().data.value("ws"_L1).toObject().value("close_code"_L1).toInt(), code);
        QVERIFY(client.received.contains("\"ref\":\"" + events.first().id.toLatin1() + '"'));
    }
}

void TestCredentialWays::silenceIsClosed()
{
    RawClient client(m_gate);
    QCOMPARE(statusIn(client.upgrade(GateFixture::upgrade("/first", {}, kPage + kOffer))), 101);
    QCOMPARE(client.awaitClose(), 4408);
    QVERIFY(client.received.contains("\"reason\":\"auth_timeout\""));
    const QList<AuditEvent> events = m_gate.events(u"conn.rejected"_s);
    QCOMPARE(events.size(), 1);
    QCOMPARE(events.first().data.value("reason_code"_L1).toString(), u"auth_timeout"_s);
}

void TestCredentialWays::reloadBesideWhoWaits_data()
{
    QTest::addColumn<QString>("change");
    for (const char *change : {"way", "origin", "path", "scope", "nothing"})
        QTest::newRow(change) << QString::fromLatin1(change);
}

// What was allowed at the 101 is not when the token comes.
void TestCredentialWays::reloadBesideWhoWaits()
{
    QFETCH(QString, change);
    RawClient client(m_gate);
    QCOMPARE(statusIn(client.upgrade(GateFixture::upgrade("/first", {}, kPage + kOffer))), 101);
    GatewayConfig next = m_gate.config;
    for (EndpointConfig &endpoint : next.endpoints) {
        if (endpoint.path != "/first"_L1)
            continue;
        if (change == "way"_L1)
            endpoint.credentials = EndpointConfig::CredentialWay::Header;
        else if (change == "origin"_L1)
            endpoint.origins = QStringList{u"https://another.example.com"_s};
        else if (change == "scope"_L1)
            endpoint.scopes = QStringList{u"nobody"_s};
        else if (change == "path"_L1)
            endpoint.path = u"/second"_s;
    }
    QVERIFY(m_gate.gateway->reload(next));
    client.send(auth(m_gate.token()));
    if (change == "nothing"_L1) {
        QVERIFY(Support::waitUntil([&] { return client.received.contains("\"t\":\"hello\""); }));
        return;
    }
    QCOMPARE(client.awaitClose(), change == "scope"_L1 ? 4403 : 4441);
    QVERIFY(!client.received.contains("\"t\":\"hello\""));
    QCOMPARE(m_gate.gateway->connectionCount(), 0);
    QCOMPARE(m_gate.events(u"conn.opened"_s).size(), 0);
}

void TestCredentialWays::whoLeavesIsRecorded()
{
    {
        RawClient client(m_gate);
        QCOMPARE(statusIn(client.upgrade(GateFixture::upgrade("/first", {}, kPage + kOffer))), 101);
    }
    QVERIFY(Support::waitUntil([this] {
        return m_gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").contains("refused_total{status=\"401\"} 1\n");
    }));
    QCOMPARE(m_gate.events(u"conn.rejected"_s).size(), 1);
}

void TestCredentialWays::waitingIsBounded()
{
    GatewayConfig next = m_gate.config;
    next.listen.handshakesPerAddress = 3;
    QVERIFY(m_gate.gateway->reload(next));
    std::vector<std::unique_ptr<RawClient>> clients;
    const auto open = [&] {
        clients.push_back(std::make_unique<RawClient>(m_gate));
        return statusIn(clients.back()->upgrade(GateFixture::upgrade("/first", {}, kPage + kOffer)));
    };
    for (int i = 0; i < 3; ++i)
        QCOMPARE(open(), 101);
    QCOMPARE(open(), 503);
    // Who has said who he is does not count, and who left neither.
    clients[0]->send(auth(m_gate.token()));
    QVERIFY(Support::waitUntil([this] { return m_gate.gateway->connectionCount() == 1; }));
    QCOMPARE(open(), 101);
    QCOMPARE(open(), 503);
    clients.clear();
    QVERIFY(Support::waitUntil([&] { return open() == 101; }));
}

void TestCredentialWays::waysAreSwitched()
{
    // Without the offer of watchword.v1 there is no frame to say it with.
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/first", {}, kPage))), 401);
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/first", m_gate.token(), kPage + kOffer))), 401);
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/first", {}, kOffer))), 403);
    QCOMPARE(statusIn(m_gate.exchange(GateFixture::upgrade("/echo", {}, kPage + kOffer))), 401);
    const auto problemOf = [](const QByteArray &lines) {
        const Result<GatewayConfig> config = GatewayConfig::fromToml(
            QString::fromLatin1(
                "[listen]\naddress = \"127.0.0.1:0\"\nplain = true\n[[issuer]]\nurl = \"https://a.example\"\naudience = \"a\"\n"
                "[[endpoint]]\npath = \"/a\"\n"
                + lines),
            u"g.toml"_s);
        return config ? QString() : config.error().detail();
    };
    QCOMPARE(problemOf("serves = \"echo\"\ncredentials = [\"ticket\", \"first_message\"]\n"), QString());
    QVERIFY(problemOf("serves = \"echo\"\ncredentials = []\n").contains("lets nobody in"_L1));
    QVERIFY(problemOf("serves = \"echo\"\ncredentials = [\"cookie\"]\n").contains("\"cookie\" is no way"_L1));
    QVERIFY(problemOf("upstream = \"ws://127.0.0.1:1/\"\ncredentials = [\"first_message\"]\n").contains("before the 101"_L1));
    QVERIFY(problemOf("serves = \"echo\"\nhidden = true\ncredentials = [\"ticket\"]\n").contains("answer strangers"_L1));
    QVERIFY(problemOf("serves = \"echo\"\nlimits = { auth_time = \"2 m\" }\n").contains("auth_time"_L1));
}

WATCHWORD_TEST_MAIN(TestCredentialWays)
#include "tst_credentialways.moc"
