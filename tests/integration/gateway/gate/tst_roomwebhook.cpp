// SPDX-License-Identifier: Apache-2.0
// A server of the operator's own that is asked who may do what in which room.
#include "auditedgate.h"
#include "endpoint/roomwebhook.h"
#include "gate/metrics.h"
#include "socketlog.h"
#include "support/testmain.h"

#include <QJsonArray>
#include <QJsonDocument>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

class TestRoomWebhook : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void cleanup();
    void asksWithWhoAndWhat();
    void orderIsKeptWhileItThinks();
    void answersAreKept_data();
    void answersAreKept();
    void refusals();
    void rulesComeFirst();
    void noAnswer_data();
    void noAnswer();
    void unknownCertificateIsNoAnswer();
    void manyQuestionsAreBounded();
    void ownLoadIsRefused();
    void nobodyStandsBeforeOthers();

private:
    struct Held
    {
        QJsonObject question;
        HttpServer::Responder respond;
    };
    void answer(const HttpServer::Responder &respond, bool allow, const QByteArray &cacheControl = {})
    {
        HttpResponse response = HttpResponse::json(200, {{"allow"_L1, allow}});
        response.headers.removeIf([](const auto &header) { return header.first == "Cache-Control"; });
        if (!cacheControl.isEmpty())
            response.with("Cache-Control", cacheControl);
        respond(response);
    }
    std::unique_ptr<QWebSocket> open(const QString &subject = u"ada"_s)
    {
        return m_gate->client(u"/room"_s, m_gate->token(m_gate->claims(subject)));
    }
    static QString frame(const char *type, const QString &room, const QByteArray &payload = {})
    {
        return Frame(QLatin1StringView(type), {{u"room"_s, room}}, payload).toText();
    }
    QByteArray metrics() { return m_gate->exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"); }

    std::unique_ptr<AuditedGate> m_gate;
    std::unique_ptr<HttpServer> m_server;
    std::function<void(const QJsonObject &question, const HttpServer::Responder &respond)> m_decide;
    QList<QJsonObject> m_questions;
    QByteArray m_credential;
};

void TestRoomWebhook::init()
{
    WatchwordTest::init();
    m_questions.clear();
    m_gate = std::make_unique<AuditedGate>();
    QVERIFY(m_gate->prepare());
    m_decide = [this](const QJsonObject &, const HttpServer::Responder &respond) { answer(respond, true); };
    m_server = std::make_unique<HttpServer>([this](const HttpRequest &request, const HttpServer::Responder &respond) {
        m_credential = request.head.value("Authorization");
        m_questions.append(QJsonDocument::fromJson(request.body).object());
        m_decide(m_questions.last(), respond);
    });
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setLocalCertificateChain(QSslCertificate::fromPath(m_gate->file(u"server.pem"_s)));
    QFile key(m_gate->file(u"server.key"_s));
    QVERIFY(key.open(QIODevice::ReadOnly));
    tls.setPrivateKey(QSslKey(&key, QSsl::Ec));
    QVERIFY(m_server->listen(QHostAddress(QHostAddress::LocalHost), 0, tls));
    RoomWebhook webhook;
    webhook.url = QUrl(u"https://127.0.0.1:%1/rooms"_s.arg(m_server->port()));
    webhook.caFile = m_gate->file(u"ca.pem"_s);
    webhook.secretFile = m_gate->file(u"hook.secret"_s);
    QFile secret(webhook.secretFile);
    QVERIFY(secret.open(QIODevice::WriteOnly) && secret.write("hook-secret\n") > 0);
    m_gate->config.endpoints[1].roomWebhook = webhook;
}

void TestRoomWebhook::cleanup()
{
    m_gate.reset();
    m_server.reset();
}

void TestRoomWebhook::asksWithWhoAndWhat()
{
    QVERIFY(m_gate->begin());
    const auto socket = open();
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(frame(FrameType::Subscribe, u"orders"_s));
    QVERIFY(log.awaitFrame(u"sub.ok"_s));
    QCOMPARE(m_questions.size(), 1);
    const QJsonObject &question = m_questions.first();
    QCOMPARE(question.value("op"_L1).toString(), u"subscribe"_s);
    QCOMPARE(question.value("room"_L1).toString(), u"orders"_s);
    QCOMPARE(question.value("sub"_L1).toString(), u"ada"_s);
    QCOMPARE(question.value("iss"_L1).toString(), m_gate->issuerUrl().toString());
    QCOMPARE(question.value("scope"_L1).toString(), u"use more"_s);
    QCOMPARE(question.value("endpoint"_L1).toString(), u"/room"_s);
    QCOMPARE(m_credential, QByteArray("Bearer hook-secret"));
    socket->sendTextMessage(frame(FrameType::Publish, u"orders"_s, "hi"));
    QVERIFY(log.awaitFrame(u"pub"_s));
    QCOMPARE(m_questions.size(), 2);
    QCOMPARE(m_questions.last().value("op"_L1).toString(), u"publish"_s);
    QVERIFY(metrics().contains("watchword_room_questions_total{answer=\"allowed\"} 2\n"));
}

void TestRoomWebhook::orderIsKeptWhileItThinks()
{
    QList<Held> held;
    m_decide = [&held](const QJsonObject &question, const HttpServer::Responder &respond) { held.append({question, respond}); };
    QVERIFY(m_gate->begin());
    const auto socket = open();
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(frame(FrameType::Subscribe, u"orders"_s));
    for (int i = 1; i <= 20; ++i)
        socket->sendTextMessage(frame(FrameType::Publish, u"orders"_s, QByteArray::number(i)));
    socket->sendTextMessage(frame(FrameType::Unsubscribe, u"orders"_s));
    socket->sendTextMessage(Frame(QLatin1StringView(FrameType::Ping), {{u"n"_s, 7}}).toText());
    QVERIFY(waitUntil([&] { return held.size() == 1; }));
    answer(held[0].respond, true);
    QVERIFY(waitUntil([&] { return held.size() == 2; })); // about publishing, once for all twenty
    answer(held[1].respond, true);
    QVERIFY(log.await(u"pub"_s, 20));
    QStringList came;
    for (const Frame &frame : log.frames(u"pub"_s))
        came.append(QString::fromUtf8(frame.payload()));
    for (int i = 1; i <= 20; ++i)
        QCOMPARE(came.at(i - 1), QString::number(i));
    QVERIFY(log.awaitFrame(u"pong"_s));
    QCOMPARE(held.size(), 2);
}

void TestRoomWebhook::answersAreKept_data()
{
    QTest::addColumn<QByteArray>("cacheControl");
    QTest::addColumn<int>("questions"); // for two subscriptions
    QTest::newRow("as configured") << QByteArray() << 1;
    QTest::newRow("max-age") << QByteArray("private, max-age=60") << 1;
    QTest::newRow("no-store") << QByteArray("no-store") << 2;
    QTest::newRow("no age") << QByteArray("max-age=0") << 2;
}

void TestRoomWebhook::answersAreKept()
{
    QFETCH(const QByteArray, cacheControl);
    QFETCH(const int, questions);
    m_decide = [&](const QJsonObject &, const HttpServer::Responder &respond) { answer(respond, true, cacheControl); };
    QVERIFY(m_gate->begin());
    const auto socket = open();
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(frame(FrameType::Subscribe, u"orders"_s));
    QVERIFY(log.await(u"sub.ok"_s, 1));
    socket->sendTextMessage(frame(FrameType::Subscribe, u"orders"_s));
    QVERIFY(log.await(u"sub.ok"_s, 2));
    QCOMPARE(m_questions.size(), questions);
    // Each person is asked about alone.
    const auto bob = open(u"bob"_s);
    SocketLog bobLog(*bob);
    QVERIFY(bobLog.awaitFrame(u"hello"_s));
    bob->sendTextMessage(frame(FrameType::Subscribe, u"orders"_s));
    QVERIFY(bobLog.awaitFrame(u"sub.ok"_s));
    QCOMPARE(m_questions.last().value("sub"_L1).toString(), u"bob"_s);
}

void TestRoomWebhook::refusals()
{
    m_decide = [this](const QJsonObject &question, const HttpServer::Responder &respond) {
        answer(respond, question.value("room"_L1) != u"secret"_s);
    };
    QVERIFY(m_gate->begin());
    const auto asking = open();
    SocketLog askingLog(*asking);
    QVERIFY(askingLog.awaitFrame(u"hello"_s));
    asking->sendTextMessage(
        Frame(QLatin1StringView(FrameType::Request), {{u"id"_s, u"1"_s}, {u"op"_s, u"room.info"_s}}, R"({"room":"secret"})")
            .toText());
    QCOMPARE(askingLog.await(u"res"_s, 1)->fields().value("code"_L1).toString(), u"forbidden"_s);
    QVERIFY(!askingLog.closed);
    asking->sendTextMessage(frame(FrameType::Subscribe, u"secret"_s));
    QVERIFY(waitUntil([&] { return askingLog.closed; }));
    QCOMPARE(int(asking->closeCode()), 4403);
    QVERIFY(!askingLog.frame(u"sub.ok"_s));
}

void TestRoomWebhook::rulesComeFirst()
{
    m_gate->config.endpoints[1].rooms = {{.pattern = u"user:{sub}"_s}};
    QVERIFY(m_gate->begin());
    const auto socket = open();
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(frame(FrameType::Subscribe, u"user:bob"_s));
    QVERIFY(waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4403);
    QVERIFY(m_questions.isEmpty()); // nobody is asked about what the rules forbid
}

void TestRoomWebhook::noAnswer_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<bool>("isAllowed");
    for (const char *what : {"silence", "500", "no json", "no allow", "allow is text", "too much", "redirect"})
        QTest::newRow(what) << QString::fromLatin1(what) << false;
    QTest::newRow("500, by policy allowed") << u"500"_s << true;
}

void TestRoomWebhook::noAnswer()
{
    QFETCH(const QString, what);
    QFETCH(const bool, isAllowed);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"gives no answer"_s));
    RoomWebhook &webhook = *m_gate->config.endpoints[1].roomWebhook;
    webhook.timeout = 300ms;
    webhook.whenUnreachable = isAllowed ? RoomWebhook::WhenUnreachable::Allow : RoomWebhook::WhenUnreachable::Refuse;
    QList<Held> held;
    m_decide = [&](const QJsonObject &question, const HttpServer::Responder &respond) {
        HttpResponse response = HttpResponse::json(what == "500"_L1 ? 500 : 200, {});
        if (what == "silence"_L1) {
            held.append({question, respond});
            return;
        }
        if (what == "no json"_L1)
            response.body = "yes";
        if (what == "allow is text"_L1)
            response.body = R"({"allow":"true"})";
        if (what == "too much"_L1)
            response.body = R"({"allow":true,"more":")" + QByteArray(300'000, 'x') + "\"}";
        respond(what == "redirect"_L1 ? HttpResponse::redirect(m_gate->issuerUrl()) : response);
    };
    QVERIFY(m_gate->begin());
    const auto socket = open();
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(frame(FrameType::Subscribe, u"orders"_s));
    QVERIFY(waitUntil([&] { return log.closed || log.frame(u"sub.ok"_s); }));
    QCOMPARE(log.closed, !isAllowed);
    QVERIFY(metrics().contains("watchword_room_questions_total{answer=\"unreachable\"} 1\n"));
}

void TestRoomWebhook::unknownCertificateIsNoAnswer()
{
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"gives no answer"_s));
    m_gate->config.endpoints[1].roomWebhook->caFile.clear();
    QVERIFY(m_gate->begin());
    const auto socket = open();
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    socket->sendTextMessage(frame(FrameType::Subscribe, u"orders"_s));
    QVERIFY(waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4403);
    QVERIFY(m_questions.isEmpty()); // it has not even heard the secret
}

void TestRoomWebhook::manyQuestionsAreBounded()
{
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"too many questions wait"_s));
    QList<Held> held;
    m_decide = [&held](const QJsonObject &question, const HttpServer::Responder &respond) { held.append({question, respond}); };
    RoomWebhook webhook = *m_gate->config.endpoints[1].roomWebhook;
    webhook.timeout = 30s;
    webhook.whenUnreachable = RoomWebhook::WhenUnreachable::Allow; // which is not for what was not asked
    Metrics metrics;
    int allowed = 0;
    int refused = 0;
    {
        RoomWebhookClient client(webhook, u"/room"_s, Clock::system(), metrics);
        Identity ada;
        ada.subject = u"ada"_s;
        const int most = int(RoomWebhookClient::kMostWaiting) + 10;
        for (int i = 0; i < most; ++i) {
            const RoomDeed deed{RoomDeed::Kind::Subscribe, u"room-%1"_s.arg(i)};
            for (int twice = 0; twice < 2; ++twice)
                client.ask(ada, deed, [&](bool isAllowed) { ++(isAllowed ? allowed : refused); });
        }
        QCOMPARE(allowed + refused, 0); // never inside ask()
        QVERIFY(waitUntil([&] { return refused == 20; }));
        QVERIFY(waitUntil([&] { return held.size() >= 6; })); // Qt keeps six connections to a server
        QVERIFY(held.size() <= RoomWebhookClient::kMostAtOnce);
        const Held first = held.takeFirst();
        const QString room = first.question.value("room"_L1).toString();
        answer(first.respond, true);
        QVERIFY(waitUntil([&] { return allowed == 2; })); // both who asked the same
        QVERIFY(client.known(ada, {RoomDeed::Kind::Subscribe, room}).has_value());
        QVERIFY(!client.known(ada, {RoomDeed::Kind::Publish, room}));
    }
    QCOMPARE(allowed, 2); // what was under way ended without a word
}

void TestRoomWebhook::ownLoadIsRefused()
{
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"too many questions wait"_s));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"gives no answer"_s));
    QList<Held> held;
    m_decide = [&held](const QJsonObject &question, const HttpServer::Responder &respond) { held.append({question, respond}); };
    RoomWebhook webhook = *m_gate->config.endpoints[1].roomWebhook;
    webhook.timeout = 500ms;
    webhook.whenUnreachable = RoomWebhook::WhenUnreachable::Allow;
    Metrics metrics;
    int allowed = 0;
    int refused = 0;
    RoomWebhookClient client(webhook, u"/room"_s, Clock::system(), metrics);
    Identity ada;
    ada.subject = u"ada"_s;
    for (int i = 0; i < 20; ++i)
        client.ask(ada, {RoomDeed::Kind::Subscribe, u"room-%1"_s.arg(i)},
                   [&](bool isAllowed) { ++(isAllowed ? allowed : refused); });
    QVERIFY(waitUntil([&] { return allowed + refused == 20; }));
    QCOMPARE(allowed, int(held.size())); // only what the server has heard and not answered
    QCOMPARE(metrics.roomQuestions.value("unreachable"), quint64(allowed));
    QCOMPARE(metrics.roomQuestions.value("overloaded"), quint64(refused));
    QVERIFY(refused > 0);
}

void TestRoomWebhook::nobodyStandsBeforeOthers()
{
    QList<Held> held;
    m_decide = [&held](const QJsonObject &question, const HttpServer::Responder &respond) { held.append({question, respond}); };
    RoomWebhook webhook = *m_gate->config.endpoints[1].roomWebhook;
    webhook.timeout = 30s;
    Metrics metrics;
    RoomWebhookClient client(webhook, u"/room"_s, Clock::system(), metrics);
    Identity ada;
    ada.subject = u"ada"_s;
    Identity bob;
    bob.subject = u"bob"_s;
    for (int i = 0; i < 50; ++i)
        client.ask(ada, {RoomDeed::Kind::Subscribe, u"room-%1"_s.arg(i)}, [](bool) {});
    QVERIFY(waitUntil([&] { return held.size() == RoomWebhookClient::kMostAtOnce; }));
    client.ask(bob, {RoomDeed::Kind::Subscribe, u"orders"_s}, [](bool) {});
    answer(held.first().respond, true);
    QVERIFY(waitUntil([&] { return held.size() == RoomWebhookClient::kMostAtOnce + 1; }));
    QCOMPARE(held.last().question.value("sub"_L1).toString(), u"bob"_s);
}

WATCHWORD_TEST_MAIN(TestRoomWebhook)
#include "tst_roomwebhook.moc"
