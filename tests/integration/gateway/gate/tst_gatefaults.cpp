// SPDX-License-Identifier: Apache-2.0
#include "auditedgate.h"
#include "relaypeers.h"
#include "support/testmain.h"
#include "watchword/core/frame.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

namespace {

constexpr char kOffer[] = "Sec-WebSocket-Protocol: watchword.v1\r\n";

std::optional<Frame> controlOf(const RawFrames::Frame &frame)
{
    if (frame.first != 0x81)
        return {};
    const Result<Frame> parsed = Frame::parse(QString::fromUtf8(frame.payload));
    return parsed ? std::optional(*parsed) : std::nullopt;
}

bool awaitsHello(const RawClient &client)
{
    return waitUntil([&] { return !client.frames.isEmpty(); }) && controlOf(client.frames.first())->type() == "hello"_L1;
}

} // namespace

/*! How clients end that break the rules of WebSocket, and what they cost from then on. */
class TestGateFaults : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void faultsHaveABye_data();
    void faultsHaveABye();
    void noByeInTheMiddleOfAMessage();
    void whoSendsOnIsNotReadForEver_data();
    void whoSendsOnIsNotReadForEver();
    void monitorsOfferTheirSubprotocol_data();
    void monitorsOfferTheirSubprotocol();
};

void TestGateFaults::faultsHaveABye_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("reason");
    QTest::addColumn<bool>("isByReactor"); // else the Qt thread judged it, and its bye has an audit id
    const QByteArray ping = RawFrames::fromClient(0x89, {});
    const QList<std::tuple<const char *, QByteArray, int, QString>> faults{
        {"reserved opcode", RawFrames::fromClient(0x83, {}), 1002, u"the opcode is reserved"_s},
        {"not masked", RawFrames::fromServer(0x81, "x"), 1002, u"a frame of the client is not masked"_s},
        {"not UTF-8", RawFrames::fromClient(0x81, "\xff"), 1007, u"a text is not UTF-8"_s},
        {"pings", ping.repeated(30), 1008, u"too many control frames"_s},
        {"1 GiB announced", RawFrames::header(0x82, 1024 * 1024 * 1024, true), 1009, u"message_too_big"_s},
    };
    for (const char *path : {"/echo", "/room", "/relay"}) {
        for (const auto &[name, bytes, code, reason] : faults) {
            const bool isLimit = code == 1008 || code == 1009;
            const bool isRelay = qstrcmp(path, "/relay") == 0;
            QTest::addRow("%s, %s", path, name)
                << QString::fromLatin1(path) << bytes << code << (isRelay && code == 1008 ? u"policy_violation"_s : reason)
                << !(isRelay && isLimit);
        }
    }
}

void TestGateFaults::faultsHaveABye()
{
    QFETCH(const QString, path);
    QFETCH(const QByteArray, bytes);
    QFETCH(const int, code);
    QFETCH(const QString, reason);
    QFETCH(const bool, isByReactor);
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.addEndpoint(u"/relay"_s, EndpointConfig::Service::Upstream).upstream = upstream.url();
    for (EndpointConfig &endpoint : gate.config.endpoints)
        endpoint.limits.controlFramesPerSecond = 10;
    QVERIFY(gate.begin());
    for (const bool isControl : {true, false}) {
        RawClient client(gate, path.toLatin1(), isControl ? QByteArray(kOffer) : QByteArray());
        if (path == "/relay"_L1) {
            QVERIFY(upstream.awaitRequest());
            upstream.accept();
        }
        QVERIFY(client.isOpen());
        if (isControl)
            QVERIFY(awaitsHello(client));
        client.write(bytes);
        QVERIFY(waitUntil([&] { return client.closeCode() != 0; }));
        QCOMPARE(client.closeCode(), code);
        const auto byes = [&] {
            QList<QJsonObject> found;
            for (const RawFrames::Frame &frame : std::as_const(client.frames)) {
                if (const auto control = controlOf(frame); control && control->type() == "bye"_L1)
                    found.append(control->fields());
            }
            return found;
        }();
        QCOMPARE(byes.size(), isControl ? 1 : 0);
        if (!isControl)
            continue;
        QCOMPARE(byes.first().value("code"_L1).toInt(), code);
        QCOMPARE(byes.first().value("retry"_L1).toString(), u"stop"_s);
        QCOMPARE(byes.first().value("reason"_L1).toString(), reason);
        QCOMPARE(byes.first().contains("ref"_L1), !isByReactor);
        QCOMPARE(int(client.frames.last().first), 0x88); // and nothing behind it
    }
    QVERIFY(waitUntil([&] { return gate.gateway->connectionCount() == 0; }));
    QCOMPARE(gate.events(u"conn.closed"_s).size(), 2);
}

// A text that an upstream has begun cannot be interrupted: the close frame comes alone.
void TestGateFaults::noByeInTheMiddleOfAMessage()
{
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    GateFixture gate;
    QVERIFY(gate.prepare());
    gate.addEndpoint(u"/relay"_s, EndpointConfig::Service::Upstream).upstream = upstream.url();
    QVERIFY(gate.start());
    RawClient client(gate, "/relay", kOffer);
    QVERIFY(upstream.awaitRequest());
    upstream.accept();
    QVERIFY(client.isOpen() && awaitsHello(client));
    upstream.send(0x01, "half a");
    QVERIFY(waitUntil([&] { return client.frames.size() == 2; }));
    client.write(RawFrames::fromClient(0x83, {}));
    QVERIFY(waitUntil([&] { return client.closeCode() != 0; }));
    QCOMPARE(client.closeCode(), 1002);
    QCOMPARE(client.frames.size(), 3);
}

void TestGateFaults::whoSendsOnIsNotReadForEver_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<int>("code");
    QTest::newRow("rooms, by the reactor") << u"/room"_s << 1009;
    QTest::newRow("relay, by the Qt thread") << u"/relay"_s << 1009;
}

// A frame that is too large costs its header, and then as much as two buffers of the system hold.
void TestGateFaults::whoSendsOnIsNotReadForEver()
{
    QFETCH(const QString, path);
    QFETCH(const int, code);
    RawUpstream upstream;
    QVERIFY(upstream.listen());
    GateFixture gate;
    QVERIFY(gate.prepare());
    gate.addEndpoint(u"/relay"_s, EndpointConfig::Service::Upstream).upstream = upstream.url();
    QVERIFY(gate.start());
    RawClient client(gate, path.toLatin1(), kOffer);
    if (path == "/relay"_L1) {
        QVERIFY(upstream.awaitRequest());
        upstream.accept();
    }
    QVERIFY(client.isOpen() && awaitsHello(client));
    constexpr qint64 kEnough = 256 * 1024 * 1024;
    const QByteArray piece(64 * 1024, 'x');
    qint64 taken = 0;
    QObject::connect(&client.socket(), &QSslSocket::encryptedBytesWritten, &client.socket(), [&](qint64 count) {
        taken += count;
        if (taken < kEnough && client.socket().encryptedBytesToWrite() < piece.size())
            client.write(piece);
    });
    client.write(RawFrames::header(0x82, 1024 * 1024 * 1024, true) + piece);
    QVERIFY(waitUntil([&] { return client.isGone || taken >= kEnough; }));
    QVERIFY2(taken < kEnough, qPrintable(QString::number(taken)));
    QVERIFY(client.isGone);
    QVERIFY(client.closeCode() == code || client.closeCode() == 0); // a reset may have overtaken it
}

void TestGateFaults::monitorsOfferTheirSubprotocol_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("offer");
    QTest::addColumn<int>("status");
    QTest::newRow("watch") << QByteArray("/watch") << QByteArray("watchword.watch.v1") << 101;
    QTest::newRow("watch among others") << QByteArray("/watch") << QByteArray("x, watchword.watch.v1") << 101;
    QTest::newRow("watch, no offer") << QByteArray("/watch") << QByteArray() << 400;
    QTest::newRow("watch, that of clients") << QByteArray("/watch") << QByteArray("watchword.v1") << 400;
    QTest::newRow("watch, that of audit") << QByteArray("/watch") << QByteArray("cloudevents.json") << 400;
    QTest::newRow("audit") << QByteArray("/audit") << QByteArray("cloudevents.json") << 101;
    QTest::newRow("audit, no offer") << QByteArray("/audit") << QByteArray() << 400;
    QTest::newRow("audit, another case") << QByteArray("/audit") << QByteArray("CloudEvents.json") << 400;
}

void TestGateFaults::monitorsOfferTheirSubprotocol()
{
    QFETCH(const QByteArray, path);
    QFETCH(const QByteArray, offer);
    QFETCH(const int, status);
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.watch = WatchConfig();
    QVERIFY(gate.begin());
    QJsonObject claims = gate.claims();
    claims.insert("scope"_L1, u"gw:read gw:audit"_s);
    const QByteArray field = offer.isEmpty() ? QByteArray() : "Sec-WebSocket-Protocol: " + offer + "\r\n";
    const QByteArray answer = gate.exchange(GateFixture::upgrade(path, gate.token(claims), field));
    QCOMPARE(answer.mid(9, 3).toInt(), status);
    // Without a credential nobody is told what is served here.
    QCOMPARE(gate.exchange(GateFixture::upgrade(path, {}, field)).mid(9, 3).toInt(), 401);
    QStringList reasons;
    const QList<AuditEvent> events = gate.events(u"conn.rejected"_s);
    for (const AuditEvent &event : events)
        reasons.append(event.data.value("reason_code"_L1).toString());
    QCOMPARE(reasons,
             status == 101 ? QStringList({u"no_credential"_s}) : QStringList({u"subprotocol_missing"_s, u"no_credential"_s}));
}

WATCHWORD_TEST_MAIN(TestGateFaults)
#include "tst_gatefaults.moc"
