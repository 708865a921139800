// SPDX-License-Identifier: Apache-2.0
#include "bridge/bridge.h"
#include "http/httpmessage.h"
#include "support/await.h"
#include "support/testmain.h"
#include "tlspeer.h"

#include <QSignalSpy>
#include <QWebSocket>

#include <thread>

#include <sys/socket.h>

using namespace Watchword::Gateway;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;
using Support::waitUntil;

namespace {

/*! A bridge with a plain listener; every upgrade becomes a socket. */
class BridgeSite
{
public:
    BridgeSite()
        : bridge(std::make_unique<Bridge>(2))
    {
        QObject::connect(bridge.get(), &Bridge::requestArrived, bridge.get(), [this](const PendingRequest &request) {
            requests.append(request);
            const ParsedHead &parsed = request.arrival().parsed;
            if (parsed.isGood() && parsed.head.path == "/later")
                return;
            if (!parsed.isGood() || !parsed.head.hasToken("Upgrade", "websocket")) {
                HttpResponse response;
                response.status = parsed.isGood() ? 400 : parsed.status;
                request.answer(response.toBytes(false));
                return;
            }
            add(request.upgrade({}, {.largestMessage = 16 * 1024 * 1024}));
        });
        Net::ListenerOptions options;
        options.address.address = boost::asio::ip::make_address("127.0.0.1");
        options.stream.handshake = 500ms;
        listener = std::make_unique<Net::Listener>(bridge->pool(), options, bridge->factory());
        isListening = !listener->open({});
    }
    ~BridgeSite()
    {
        listener->close();
        sockets.clear();
    }

    void add(std::unique_ptr<ClientSocket> socket)
    {
        ClientSocket *raw = socket.get();
        QObject::connect(raw, &ClientSocket::textReceived, raw, [this, raw](const QString &text) {
            received += text.size();
            if (echoes)
                raw->sendText(text);
        });
        QObject::connect(raw, &ClientSocket::binaryReceived, raw, [raw](const QByteArray &data) { raw->sendBinary(data); });
        QObject::connect(raw, &ClientSocket::disconnected, raw, [this, raw] { codes.append(raw->closeCode()); });
        sockets.push_back(std::move(socket));
    }
    quint16 port() const { return listener->address().port; }

    std::unique_ptr<Bridge> bridge;
    std::unique_ptr<Net::Listener> listener;
    bool isListening = false;
    bool echoes = true;
    QList<PendingRequest> requests;
    std::vector<std::unique_ptr<ClientSocket>> sockets;
    QList<int> codes;
    qint64 received = 0;
};

const std::string kUpgradeRequest = "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

std::string textFrame(std::size_t size, char content)
{
    std::string bytes("\x81\xfe", 2);
    bytes += char(size >> 8);
    bytes += char(size & 0xff);
    return bytes + std::string(4, '\0') + std::string(size, content);
}

} // namespace

class TestBridge : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void echoesThroughTheQtThread();
    void answersAndLateHeads();
    void whoWentMeanwhileIsTold();
    void slowQtThreadBrakesTheClients();
    void slowClientsAreCounted();
    void pausedReading();
    void closesAndAborts();
    void socketsOutliveTheBridge();
};

void TestBridge::echoesThroughTheQtThread()
{
    BridgeSite site;
    QVERIFY(site.isListening);
    std::vector<std::unique_ptr<QWebSocket>> clients;
    QStringList texts;
    QByteArrayList binaries;
    int pongs = 0;
    for (int i = 0; i < 8; ++i) {
        QWebSocket *client = clients.emplace_back(std::make_unique<QWebSocket>()).get();
        connect(client, &QWebSocket::textMessageReceived, this, [&texts](const QString &text) { texts.append(text); });
        connect(client, &QWebSocket::binaryMessageReceived, this, [&binaries](const QByteArray &data) { binaries.append(data); });
        connect(client, &QWebSocket::pong, this, [&pongs] { ++pongs; });
        connect(client, &QWebSocket::connected, client, [client] {
            for (int n = 0; n < 100; ++n)
                client->sendTextMessage(u"\u00e4\u20ac %1"_s.arg(n));
            client->sendBinaryMessage(QByteArray(300'000, 'b'));
            client->ping("p");
        });
        client->open(QUrl(u"ws://127.0.0.1:%1/a"_s.arg(site.port())));
    }
    QVERIFY(waitUntil([&] { return texts.size() == 800 && binaries.size() == 8 && pongs == 8; }));
    QCOMPARE(texts.count(u"\u00e4\u20ac 99"_s), 8);
    QCOMPARE(binaries.first(), QByteArray(300'000, 'b'));
    clients[0]->close(QWebSocketProtocol::CloseCode(4123), u"enough"_s);
    QVERIFY(waitUntil([&] { return site.codes == QList<int>{4123}; }));
    clients[1]->abort();
    QVERIFY(waitUntil([&] { return site.codes == QList<int>{4123, 1006}; }));
}

void TestBridge::answersAndLateHeads()
{
    BridgeSite site;
    const auto answerTo = [&site](const std::string &request) {
        const RawPeer peer(site.port());
        peer.send(request);
        const qsizetype before = site.requests.size();
        waitUntil([&] { return site.requests.size() > before; });
        return peer.receive(12);
    };
    QCOMPARE(answerTo("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), std::string("HTTP/1.1 400"));
    QCOMPARE(answerTo("nonsense\r\n\r\n"), std::string("HTTP/1.1 400"));
    QCOMPARE(answerTo("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x')), std::string("HTTP/1.1 431"));
    QCOMPARE(answerTo("GET / HTTP/1.1\r\nHost: a\r\n"), std::string("HTTP/1.1 408"));
    const RawPeer silent(site.port());
    QVERIFY(silent.ends(0)); // nobody is asked
    QCOMPARE(site.requests.size(), 4);
    QCOMPARE(site.requests.last().arrival().peer, QHostAddress(QHostAddress::LocalHost));
}

void TestBridge::whoWentMeanwhileIsTold()
{
    BridgeSite site;
    RawPeer peer(site.port());
    std::string later = kUpgradeRequest;
    later.replace(later.find("/a"), 2, "/later");
    QVERIFY(peer.send(later));
    QVERIFY(waitUntil([&site] { return site.requests.size() == 1; }));
    site.requests.first().drop();
    QVERIFY(peer.ends(0));
    std::unique_ptr<ClientSocket> socket = site.requests.first().upgrade({}, {.largestMessage = 1000});
    QSignalSpy disconnected(socket.get(), &ClientSocket::disconnected);
    QVERIFY(disconnected.wait());
    QCOMPARE(socket->closeCode(), 1006);
    socket->sendText(u"nobody"_s);
    socket->close(1000, {});
}

void TestBridge::slowQtThreadBrakesTheClients()
{
    BridgeSite site;
    site.echoes = false;
    const RawPeer peer(site.port());
    QVERIFY(peer.send(kUpgradeRequest));
    QVERIFY(waitUntil([&site] { return site.sockets.size() == 1; }));
    // This thread, which is the Qt thread, sends without an event loop: what it gets rid of lies in the sockets' buffers and in
    // the bridge.
    const timeval moment{0, 500'000};
    ::setsockopt(peer.descriptor(), SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment);
    const std::string frame = textFrame(50'000, 't');
    qint64 sent = 0;
    while (sent < 400'000'000 && peer.send(frame))
        sent += 50'000;
    QVERIFY2(sent < 100'000'000, qPrintable(QString::number(sent)));
    QCOMPARE(site.received, 0);
    // All of it comes when somebody looks; the frame that was cut does not.
    QVERIFY(waitUntil([&] { return site.received == sent; }));
}

void TestBridge::slowClientsAreCounted()
{
    BridgeSite site;
    const RawPeer peer(site.port(), {}, 4096);
    QVERIFY(peer.send(kUpgradeRequest));
    QVERIFY(waitUntil([&site] { return site.sockets.size() == 1; }));
    ClientSocket &socket = *site.sockets.front();
    for (int i = 0; i < 60; ++i)
        socket.sendText(QString(100'000, u's'));
    QVERIFY2(socket.queuedBytes() > 4'000'000, qPrintable(QString::number(socket.queuedBytes())));
    const std::string head = peer.receive(20);
    QVERIFY(head.starts_with("HTTP/1.1 101"));
    std::thread reader([&peer] { peer.receive(6'000'000); });
    QVERIFY(waitUntil([&socket] { return socket.queuedBytes() == 0; }));
    socket.abort();
    reader.join();
}

void TestBridge::pausedReading()
{
    BridgeSite site;
    const RawPeer peer(site.port());
    QVERIFY(peer.send(kUpgradeRequest));
    QVERIFY(waitUntil([&site] { return site.sockets.size() == 1; }));
    QVERIFY(peer.send(textFrame(1000, 'a')));
    QVERIFY(waitUntil([&site] { return site.received == 1000; }));
    ClientSocket &socket = *site.sockets.front();
    socket.setReadPaused(true);
    socket.sendText(u"behind the pause"_s); // commands keep their order
    std::string all;
    while (!all.ends_with("behind the pause"))
        all += peer.receive(1);
    QVERIFY(peer.send(textFrame(1000, 'b')));
    RawPeer other(site.port());
    QVERIFY(other.send(kUpgradeRequest));
    QVERIFY(waitUntil([&site] { return site.sockets.size() == 2; }));
    QCOMPARE(site.received, 1000);
    socket.setReadPaused(false);
    QVERIFY(waitUntil([&site] { return site.received == 2000; }));
}

void TestBridge::closesAndAborts()
{
    BridgeSite site;
    QWebSocket client;
    QSignalSpy connected(&client, &QWebSocket::connected);
    QSignalSpy disconnected(&client, &QWebSocket::disconnected);
    client.open(QUrl(u"ws://127.0.0.1:%1/a"_s.arg(site.port())));
    QVERIFY(connected.wait());
    QVERIFY(waitUntil([&site] { return site.sockets.size() == 1; }));
    site.sockets.front()->sendText(u"last words"_s);
    site.sockets.front()->close(4003, u"because"_s);
    site.sockets.front()->close(4004, u"twice"_s);
    site.sockets.clear(); // the close goes on without it
    QVERIFY(disconnected.count() == 1 || disconnected.wait());
    QCOMPARE(int(client.closeCode()), 4003);
    QCOMPARE(client.closeReason(), u"because"_s);
    QVERIFY(site.codes.isEmpty());

    const RawPeer peer(site.port());
    QVERIFY(peer.send(kUpgradeRequest));
    QVERIFY(waitUntil([&site] { return site.sockets.size() == 1; }));
    site.sockets.clear(); // an open one is aborted
    QVERIFY(peer.ends());
}

void TestBridge::socketsOutliveTheBridge()
{
    auto site = std::make_unique<BridgeSite>();
    const RawPeer peer(site->port());
    QVERIFY(peer.send(kUpgradeRequest));
    QVERIFY(waitUntil([&site] { return site->sockets.size() == 1; }));
    std::unique_ptr<ClientSocket> socket = std::move(site->sockets.front());
    const PendingRequest request = site->requests.first();
    socket->close(1001, u"going"_s);
    site.reset();
    socket->sendText(u"nobody"_s);
    socket->abort();
    request.answer("nobody");
    QVERIFY(!request.upgrade({}, {.largestMessage = 1}));
    socket.reset();
    // The close frame went out before.
    std::string all;
    for (std::string byte = peer.receive(1); !byte.empty(); byte = peer.receive(1))
        all += byte;
    QVERIFY(all.ends_with("going"));
}

WATCHWORD_TEST_MAIN(TestBridge)
#include "tst_bridge.moc"
