// SPDX-License-Identifier: Apache-2.0
#include "peerfixture.h"

#include <QSignalSpy>

using namespace PeerTest;

namespace {

constexpr char kToken[] = "token-of-the-test-0123456789";

} // namespace

/*! The link against WebSocket servers that nobody here wrote; frames must pass untouched. */
class TestRealServers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void echoes_data();
    void echoes();
    void repeatsWhatItIsOffered();
    void compressed_data();
    void compressed();
    void refusesAWrongToken_data() { echoes_data(); }
    void refusesAWrongToken();
    void comesBackAfterACrash_data() { echoes_data(); }
    void comesBackAfterACrash();
    void mqttOverWebSocket_data();
    void mqttOverWebSocket();

private:
    std::optional<QUrl> startServer(Support::ReadyProcess &process, quint16 port = 0);

    QTemporaryDir m_folder;
    QString m_authority;
};

void TestRealServers::initTestCase()
{
    QLoggingCategory::setFilterRules(u"watchword.*.info=false"_s);
    QVERIFY(m_folder.isValid() && Support::makeCertificates(m_folder.path()));
    m_authority = m_folder.filePath(u"ca.pem"_s);
}

void TestRealServers::echoes_data()
{
    QTest::addColumn<QString>("server");
    QTest::newRow("npm ws") << u"ws"_s;
    QTest::newRow("python3-websockets") << u"python"_s;
}

std::optional<QUrl> TestRealServers::startServer(Support::ReadyProcess &process, quint16 port)
{
    const QString folder = QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/");
    const QString certificate = m_folder.filePath(u"server.pem"_s);
    const QString key = m_folder.filePath(u"server.key"_s);
    process.setEnvironment(u"PORT"_s, QString::number(port));
    process.setEnvironment(u"TLS_CERT"_s, certificate);
    process.setEnvironment(u"TLS_KEY"_s, key);
    process.setEnvironment(u"DEFLATE"_s, u"1"_s);
    process.setEnvironment(u"BEARER"_s, QLatin1StringView(kToken));
    const bool isWs = !QByteArray(QTest::currentDataTag()).startsWith("python3-websockets");
    const auto ready = isWs
        ? process.start(u"node"_s, {folder + u"ws-echo.mjs"_s}, u"READY "_s)
        : process.start(u"/usr/bin/python3"_s, {folder + u"websockets-echo.py"_s, certificate, key, QLatin1StringView(kToken)},
                        u"READY "_s);
    return ready ? std::optional(QUrl(*ready)) : std::nullopt;
}

#define REQUIRE_SERVER(process, url)                                                                                             \
    Support::ReadyProcess process;                                                                                               \
    const std::optional<QUrl> url = startServer(process);                                                                        \
    REQUIRE_COMPONENT(url, "npm ws or python3-websockets")

void TestRealServers::echoes()
{
    REQUIRE_SERVER(process, url);
    Client client(*url, m_authority, kToken);
    client.options.heartbeat = 200ms; // pings from both ends while messages pass
    client.open();
    QVERIFY(waitUntil([&] { return client.isReady(); }));
    QVERIFY(!client.connection->isWatchword());
    const QString escape = u"\x1e{\"t\":\"hello\"}"_s; // a control frame elsewhere, application data here
    const QString large(1'000'000, u'\u00fc');
    const QByteArray bytes = QByteArray("\0\xff\x1e", 3).repeated(50'000);
    QVERIFY(client.connection->sendText(u"gr\u00fc\u00df dich \U0001f600"_s));
    QVERIFY(client.connection->sendText(escape));
    QVERIFY(client.connection->sendText({}));
    QVERIFY(waitUntil([&] { return client.texts.size() == 3; }));
    QCOMPARE(client.texts, QStringList({u"gr\u00fc\u00df dich \U0001f600"_s, escape, QString()}));
    QVERIFY(client.connection->sendText(large.left(400'000)));
    QVERIFY(client.connection->sendBinary(bytes));
    QVERIFY(waitUntil([&] { return client.texts.size() == 4 && client.binaries.size() == 1; }));
    QCOMPARE(client.texts.last(), large.left(400'000));
    QCOMPARE(client.binaries.first(), bytes);
    // Idle for several heartbeats of both sides.
    const QDeadlineTimer idle(1s);
    QVERIFY(waitUntil([&] { return idle.hasExpired() && client.connection->rttMs() >= 0; }));
    QCOMPARE(client.readies, 1);
    QVERIFY(client.errors.isEmpty());

    QVERIFY(client.connection->sendText(u"close 4001 go and come back"_s));
    QVERIFY(waitUntil([&] { return client.readies == 2; }));
    QCOMPARE(client.errors.size(), 1);
    QCOMPARE(client.errors.first().closeCode(), 4001);
    QVERIFY(client.connection->sendText(u"close 1008 and stay away"_s));
    QVERIFY(waitUntil([&] { return !client.ends.isEmpty(); }));
    QCOMPARE(client.ends.first().closeCode(), 1008);
    QCOMPARE(client.connection->state(), State::Disconnected);
}

// npm ws as it is by default chooses the first subprotocol that it is offered, and never says "hello".
void TestRealServers::repeatsWhatItIsOffered()
{
    REQUIRE_SERVER(process, url);
    Client client(*url, m_authority, kToken);
    client.options.readyTimeout = 300ms;
    client.open();
    QVERIFY(waitUntil([&] { return client.isReady(); }));
    QVERIFY(!client.connection->isWatchword());
    QCOMPARE(client.connection->selectedSubprotocol(), QLatin1StringView(kSubprotocol));
    QVERIFY(client.connection->sendText(u"\x1e{\"t\":\"ping\"}"_s)); // untouched
    QVERIFY(waitUntil([&] { return client.texts == QStringList{u"\x1e{\"t\":\"ping\"}"_s}; }));
    QVERIFY(client.errors.isEmpty());
    // It is remembered.
    QVERIFY(client.connection->sendText(u"close 4001 go and come back"_s));
    QVERIFY(waitUntil([&] { return client.readies == 2; }));
    QCOMPARE(client.connection->selectedSubprotocol(), QString());
    // Where others could be chosen, it is asked again without ours.
    Client chat(*url, m_authority, kToken);
    chat.options.readyTimeout = 300ms;
    chat.options.subprotocols = {u"chat"_s};
    chat.open();
    QVERIFY(waitUntil([&] { return chat.isReady(); }));
    QCOMPARE(chat.connection->selectedSubprotocol(), u"chat"_s);
}

void TestRealServers::compressed_data()
{
    QTest::addColumn<int>("windowBits");
    QTest::addColumn<bool>("keepContext");
    for (const char *server : {"npm ws", "python3-websockets"}) {
        for (const int windowBits : {9, 12, 15}) {
            QTest::addRow("%s, %d bits", server, windowBits) << windowBits << true;
            QTest::addRow("%s, %d bits, no context", server, windowBits) << windowBits << false;
        }
    }
}

// RFC 7692 both ways, with messages that resemble each other and some that do not.
void TestRealServers::compressed()
{
    QFETCH(int, windowBits);
    QFETCH(bool, keepContext);
    REQUIRE_SERVER(process, url);
    Client client(*url, m_authority, kToken);
    client.options.offerWatchword = false;
    client.options.compression.offered = true;
    client.options.compression.windowBits = windowBits;
    client.options.compression.keepContext = keepContext;
    client.open();
    QVERIFY(waitUntil([&] { return client.isReady(); }));
    QVERIFY(client.connection->sendText(u"extensions"_s));
    QVERIFY(waitUntil([&] { return client.texts.size() == 1; }));
    QVERIFY2(client.texts.first().contains(u"permessage-deflate"_s), qPrintable(client.texts.first()));
    client.texts.clear();
    QStringList sent;
    for (int i = 0; i < 200; ++i)
        sent.append(u"{\"type\":\"order\",\"id\":%1,\"state\":\"gef\u00fcllt\"}"_s.arg(i * 7919).repeated(1 + i % 40));
    sent.append(QString());
    sent.append(u"short"_s);
    for (const QString &text : std::as_const(sent))
        QVERIFY(client.connection->sendText(text));
    QVERIFY(waitUntil([&] { return client.texts.size() == sent.size(); }));
    QCOMPARE(client.texts, sent);
    QByteArray noise(300'000, '\0');
    quint32 state = 1;
    for (char &c : noise)
        c = char((state = state * 1664525 + 1013904223) >> 24);
    QVERIFY(client.connection->sendBinary(noise));
    QVERIFY(waitUntil([&] { return client.binaries.size() == 1; }));
    QCOMPARE(client.binaries.first(), noise);
    QVERIFY(client.errors.isEmpty());
}

void TestRealServers::refusesAWrongToken()
{
    REQUIRE_SERVER(process, url);
    Client client(*url, m_authority, "another-token");
    client.open();
    const QSignalSpy asked(client.connection.get(), &Connection::authenticationRequired);
    QVERIFY(waitUntil([&] { return !client.ends.isEmpty(); }));
    QCOMPARE(asked.size(), 1);
    QCOMPARE(client.errors.first().httpStatus(), 401);
    QCOMPARE(client.ends.first().condition(), ErrorCondition::Unauthorized);
    QCOMPARE(client.readies, 0);
}

void TestRealServers::comesBackAfterACrash()
{
    REQUIRE_SERVER(process, url);
    Client client(*url, m_authority, kToken);
    client.open();
    QVERIFY(waitUntil([&] { return client.isReady(); }));
    process.kill();
    QVERIFY(waitUntil([&] { return !client.isReady(); }));
    QVERIFY(waitUntil([&] { return client.errors.size() >= 2; })); // one for the loss, and refused connections
    QFETCH(const QString, server);
    if (server != "ws"_L1)
        return; // the other one cannot be told its port
    QVERIFY(startServer(process, quint16(url->port())));
    QVERIFY(waitUntil([&] { return client.readies == 2; }));
    QVERIFY(client.ends.isEmpty());
}

void TestRealServers::mqttOverWebSocket_data()
{
    QTest::addColumn<bool>("tls");
    QTest::newRow("wss") << true;
    QTest::newRow("ws on the loopback address") << false;
}

// The wire of MQTT 3.1.1 by hand: CONNECT, PINGREQ and PUBLISH to oneself.
void TestRealServers::mqttOverWebSocket()
{
    const QString program = programPath(u"mosquitto"_s);
    REQUIRE_COMPONENT(!program.isEmpty(), "mosquitto");
    QFETCH(const bool, tls);
    const quint16 port = portThatIsFreeNow();
    // Version 2.0.11 does not start with WebSocket listeners alone, hence the socket.
    const QByteArray listener = "per_listener_settings false\nallow_anonymous true\nuser root\nlistener 0 "
        + m_folder.filePath(u"mqtt.sock"_s).toLocal8Bit() + "\nlistener " + QByteArray::number(port)
        + "\nsocket_domain ipv4\nprotocol websockets\n"
        + (tls ? "certfile " + m_folder.filePath(u"server.pem"_s).toLocal8Bit() + "\nkeyfile "
                   + m_folder.filePath(u"server.key"_s).toLocal8Bit() + '\n'
               : QByteArray());
    QVERIFY(writeFile(m_folder.filePath(u"mosquitto.conf"_s), listener));
    Daemon daemon;
    QVERIFY(daemon.start(program, {u"-c"_s, m_folder.filePath(u"mosquitto.conf"_s)}, port));

    Client client(QUrl((tls ? u"wss://127.0.0.1:%1/mqtt"_s : u"ws://127.0.0.1:%1/mqtt"_s).arg(port)), m_authority, {});
    client.options.subprotocols = {u"mqtt"_s};
    client.options.offerWatchword = false;
    client.options.allowLoopbackPlain = !tls;
    client.open();
    QVERIFY(waitUntil([&] { return client.isReady(); }));
    QCOMPARE(client.connection->selectedSubprotocol(), u"mqtt"_s);
    const auto exchange = [&client](const QByteArray &packet, const QByteArray &answer) {
        client.binaries.clear();
        if (!client.connection->sendBinary(packet))
            return false;
        // What arrives is a stream: packets may share a message.
        return waitUntil([&] { return client.binaries.join().size() >= answer.size(); }) && client.binaries.join() == answer;
    };
    QVERIFY(
        exchange(QByteArray::fromHex("101000044d5154540402003c") + QByteArray("\0\4test", 6), QByteArray::fromHex("20020000")));
    QVERIFY(exchange(QByteArray::fromHex("c000"), QByteArray::fromHex("d000")));
    QVERIFY(exchange(QByteArray::fromHex("8206000100016100"), QByteArray::fromHex("9003000100")));
    const QByteArray published = QByteArray::fromHex("3005000161") + "hi";
    QVERIFY(exchange(published, published));
    client.connection->close();
    QVERIFY(waitUntil([&] { return !client.ends.isEmpty(); }));
    QCOMPARE(client.ends.first().code(), ErrorCode::Cancelled);
}

WATCHWORD_TEST_MAIN(TestRealServers)
#include "tst_realservers.moc"
