// SPDX-License-Identifier: Apache-2.0
#include "auditedgate.h"
#include "rawclient.h"
#include "support/testmain.h"
#include "watchword/core/frame.h"

#include <QJsonDocument>

#include <algorithm>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! What a client hears, and what the audit and the counters say, when it breaks a limit or does not go. */
class TestGateLimits : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void slowReadersAreClosedAtTheBound();
    void limitsHaveOneFace_data();
    void limitsHaveOneFace();
    void wrongFramesHaveAReasonForPeople();
    void whoDoesNotGoIsInTheAudit();
    void refusedHeadHasNoBody();
};

namespace {

const QByteArray kControl = "Sec-WebSocket-Protocol: watchword.v1\r\n";

std::unique_ptr<RawClient> upgraded(GateFixture &gate, const QByteArray &path, const QString &subject)
{
    auto client = std::make_unique<RawClient>(gate);
    const QByteArray request = GateFixture::upgrade(path, gate.token(gate.claims(subject, 600)), kControl);
    return client->upgrade(request).startsWith("HTTP/1.1 101 ") ? std::move(client) : nullptr;
}

QByteArray control(const QString &type, const QJsonObject &fields, const QByteArray &payload = {})
{
    return RawClient::frame(0x81, Frame(type, fields, payload).toText().toUtf8());
}

} // namespace

// A burst is over long before the next look at all connections.
void TestGateLimits::slowReadersAreClosedAtTheBound()
{
    constexpr qint64 kMessage = 60'000;
    AuditedGate gate;
    QVERIFY(gate.prepare());
    EndpointConfig &endpoint = gate.addEndpoint(u"/burst"_s, EndpointConfig::Service::Rooms);
    endpoint.limits.messagesPerSecond = 0;
    endpoint.limits.bytesPerSecond = 0;
    endpoint.limits.queueBytes = 256 * 1024;
    QVERIFY(gate.begin());
    std::vector<std::unique_ptr<RawClient>> readers;
    for (int i = 0; i < 3; ++i) {
        readers.push_back(upgraded(gate, "/burst", u"reader"_s));
        QVERIFY(readers.back());
        readers.back()->send(control(u"sub"_s, {{u"room"_s, u"r"_s}}));
        QVERIFY(Support::waitUntil([&] { return readers.back()->received.contains("\"sub.ok\""); }));
        readers.back()->socket().setReadBufferSize(1024);
        readers.back()->socket().disconnect(); // and reads no more
    }
    const auto writer = upgraded(gate, "/burst", u"writer"_s);
    QVERIFY(writer);
    const QByteArray publication = control(u"pub"_s, {{u"room"_s, u"r"_s}}, QByteArray(kMessage, 'x'));
    writer->send(publication.repeated(400));
    QByteArray metrics;
    QVERIFY(Support::waitUntil([&] {
        metrics = gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
        return metrics.contains("watchword_sockets_cut_total{bound=\"queue_bytes\"} 3\n");
    }));
    const QList<AuditEvent> hits = gate.events(u"limit.hit"_s);
    QCOMPARE(hits.size(), 3);
    for (const AuditEvent &hit : hits) {
        const QJsonObject limit = hit.data.value("limit"_L1).toObject();
        QCOMPARE(limit.value("name"_L1).toString(), u"queue_bytes"_s);
        // One message beyond the bound, which counts twice while it changes threads.
        QVERIFY2(limit.value("value"_L1).toInteger() < 256 * 1024 + 3 * kMessage, QJsonDocument(limit).toJson().constData());
    }
}

void TestGateLimits::limitsHaveOneFace_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("reason");
    QTest::addColumn<QString>("limit");
    QTest::addColumn<int>("most");
    const auto text = [](int size) { return RawClient::frame(0x81, QByteArray(size, 'x')); };
    QTest::newRow("a little too big") << text(70'000) << 1009 << QByteArray("message_too_big") << u"message_bytes"_s << 65'536;
    QTest::newRow("much too big") << text(300'000) << 1009 << QByteArray("message_too_big") << u"message_bytes"_s << 65'536;
    QTest::newRow("pings") << RawClient::frame(0x89, "p").repeated(300) << 1008 << QByteArray("too many control frames")
                           << u"control_frames_per_second"_s << 100;
    QTest::newRow("fragments") << RawClient::frame(0x01, "a") + RawClient::frame(0x00, "a").repeated(50) << 1008
                               << QByteArray("fragments") << u"fragments"_s << 20;
}

void TestGateLimits::limitsHaveOneFace()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const QByteArray, reason);
    QFETCH(const QString, limit);
    QFETCH(const int, most);
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.endpoints[0].limits.messageBytes = 65'536;
    gate.config.endpoints[0].limits.fragments = 20;
    QVERIFY(gate.begin());
    const auto client = upgraded(gate, "/echo", u"ada"_s);
    QVERIFY(client);
    client->send(bytes);
    QTEST(client->awaitClose(), "code");
    QVERIFY2(client->received.contains(reason), client->received.constData());
    QVERIFY(Support::waitUntil([&] { return gate.gateway->connectionCount() == 0; }));
    const QByteArray metrics = gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    QVERIFY2(metrics.contains("watchword_sockets_cut_total{bound=\"" + limit.toLatin1() + "\"} 1\n"), metrics.constData());
    const QList<AuditEvent> events = gate.events();
    const auto eventOf = [&events](const QString &type) {
        const auto it = std::find_if(events.begin(), events.end(), [&type](const auto &e) { return e.shortType() == type; });
        return it == events.end() ? QJsonObject() : it->data;
    };
    const QJsonObject hit = eventOf(u"limit.hit"_s).value("limit"_L1).toObject();
    QCOMPARE(hit.value("name"_L1).toString(), limit);
    QCOMPARE(hit.value("max"_L1).toInt(), most);
    QCOMPARE(eventOf(u"conn.closed"_s).value("reason_code"_L1).toString(), limit);
}

void TestGateLimits::wrongFramesHaveAReasonForPeople()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    QVERIFY(gate.begin());
    const auto client = upgraded(gate, "/room", u"ada"_s);
    QVERIFY(client);
    client->send(control(u"sub"_s, {}));
    QCOMPARE(client->awaitClose(), 1002);
    QVERIFY2(client->received.contains("a room needs a name") && client->received.contains("protocol_error"),
             client->received.constData());
    QVERIFY(Support::waitUntil([&] { return gate.gateway->connectionCount() == 0; }));
    const QList<AuditEvent> closed = gate.events(u"conn.closed"_s);
    QCOMPARE(closed.size(), 1);
    QCOMPARE(closed.first().data.value("reason_code"_L1).toString(), u"protocol_error"_s);
    QVERIFY(closed.first().data.value("message"_L1).toString().contains(u"a room needs a name"_s));
}

void TestGateLimits::whoDoesNotGoIsInTheAudit()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    QVERIFY(gate.begin());
    const auto client = upgraded(gate, "/echo", u"ada"_s); // which answers no close frame
    QVERIFY(client && Support::waitUntil([&] { return gate.gateway->connectionCount() == 1; }));
    bool isStopped = false;
    QObject::connect(gate.gateway.get(), &Gateway::Gateway::stopped, this, [&isStopped] { isStopped = true; });
    gate.gateway->stop(100ms);
    QVERIFY(Support::waitUntil([&isStopped] { return isStopped; }));
    QStringList types;
    const QList<AuditEvent> events = gate.events();
    for (const AuditEvent &event : events)
        types.append(event.shortType());
    QCOMPARE(types.count(u"conn.closed"_s), 1);
    QVERIFY(types.indexOf(u"conn.closed"_s) < types.indexOf(u"node.stop"_s));
}

// RFC 9110 section 9.3.2.
void TestGateLimits::refusedHeadHasNoBody()
{
    GateFixture gate;
    QVERIFY(gate.prepare());
    QVERIFY(gate.start());
    for (const QByteArray path : {"/echo", "/nowhere"}) {
        const QByteArray answer = gate.exchange("HEAD " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
        QVERIFY2(answer.startsWith("HTTP/1.1 4") && answer.endsWith("\r\n\r\n"), answer.constData());
    }
}

WATCHWORD_TEST_MAIN(TestGateLimits)
#include "tst_gatelimits.moc"
