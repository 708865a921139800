// SPDX-License-Identifier: Apache-2.0
#include "net/headhandler.h"
#include "net/websockethandler.h"
#include "netsite.h"
#include "support/await.h"
#include "support/process.h"
#include "support/sanitizer.h"
#include "support/testmain.h"
#include "watchword/wire/handshake.h"

#include <QProcess>
#include <QStandardPaths>

#include <sys/socket.h>

using namespace Watchword;
using namespace Watchword::Gateway::Net;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

namespace {

/*! How the connections of a server ended, for the test's thread. */
class Endings
{
public:
    void add(const WebSocketEnd &end)
    {
        const std::lock_guard lock(m_mutex);
        m_ends.push_back(end);
    }
    std::size_t count() const
    {
        const std::lock_guard lock(m_mutex);
        return m_ends.size();
    }
    WebSocketEnd last() const
    {
        const std::lock_guard lock(m_mutex);
        return m_ends.back();
    }

private:
    mutable std::mutex m_mutex;
    std::vector<WebSocketEnd> m_ends;
};

class EchoUser : public WebSocketUser
{
public:
    explicit EchoUser(Endings &endings)
        : m_endings(endings)
    {
    }
    void messageReceived(WebSocketHandler &socket, Wire::Opcode type, Wire::MutableBytes message) override
    {
        const std::string_view text = Wire::textOf(message);
        if (text == "close me") {
            socket.close(4002, "as you wish");
            return;
        }
        socket.send(type, message);
        if (socket.stream().isAboveHigh())
            socket.setReadPaused(true);
    }
    void drained(WebSocketHandler &socket) override { socket.setReadPaused(false); }
    void ended(WebSocketHandler &, const WebSocketEnd &end) override { m_endings.add(end); }

private:
    Endings &m_endings;
};

class EchoHead : public HeadHandler
{
public:
    explicit EchoHead(Endings &endings)
        : m_endings(endings)
    {
    }

private:
    void requestReceived(Stream &stream, const Wire::HttpHead &head) override
    {
        stream.handshakeDone();
        stream.clearDeadline();
        const Wire::UpgradeFault fault = Wire::checkUpgrade(head);
        if (fault != Wire::UpgradeFault::None) {
            stream.write(Wire::bytesOf("HTTP/1.1 " + std::to_string(Wire::statusOf(fault)) + " No\r\nConnection: close\r\n\r\n"));
            stream.close();
            return;
        }
        stream.write(Wire::bytesOf(Wire::upgradeAnswer(head, {}, {})));
        WebSocketOptions options;
        options.closeTime = 500ms;
        stream.setHandler(std::make_unique<WebSocketHandler>(stream, options, std::make_unique<EchoUser>(m_endings)));
        stream.setReadPaused(false);
    }
    void requestRefused(Stream &stream, const RequestProblem &problem) override
    {
        const int status = problem.isLate ? 408 : Wire::statusOf(problem.fault);
        stream.write(Wire::bytesOf("HTTP/1.1 " + std::to_string(status) + " No\r\nConnection: close\r\n\r\n"));
        stream.close();
    }
    Endings &m_endings;
};

const std::string kUpgrade = "GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// Masked with zeros.
std::string frame(unsigned char first, const std::string &payload)
{
    std::string bytes(1, char(first));
    if (payload.size() < 126) {
        bytes += char(0x80 | payload.size());
    } else {
        bytes += char(0xfe);
        bytes += char(payload.size() >> 8);
        bytes += char(payload.size() & 0xff);
    }
    return bytes + std::string(4, '\0') + payload;
}

} // namespace

class TestNetWebSocket : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void npmWs();
    void pythonWebsockets();
    void oneWriteForManyMessages();
    void refusals();
    void closeFromEachSide();
    void faultsCloseWithTheirCode_data();
    void faultsCloseWithTheirCode();
    void lostWithoutACloseFrame();
    void pingsWithoutReading();
    void tooManyControlFrames();
    void cleanupTestCase();

private:
    std::string upgraded(TlsPeer &peer) const;

    Endings m_endings;
    std::unique_ptr<NetSite> m_site;
};

void TestNetWebSocket::initTestCase()
{
    m_site = std::make_unique<NetSite>(2);
    NetSite::Options options = NetSite::defaults();
    options.stream.handshake = 2s;
    QVERIFY(m_site->startWith(options, [this](Reactor &, const Accepted &) { return std::make_unique<EchoHead>(m_endings); }));
}

void TestNetWebSocket::cleanupTestCase()
{
    m_site.reset();
}

std::string TestNetWebSocket::upgraded(TlsPeer &peer) const
{
    if (!peer.send(kUpgrade))
        return {};
    std::string answer;
    while (!answer.ends_with("\r\n\r\n")) {
        const std::string byte = peer.receive(1);
        if (byte.empty())
            break;
        answer += byte;
    }
    return answer.substr(0, answer.find("\r\n"));
}

void TestNetWebSocket::npmWs()
{
    const QString folder = Support::peersFolder();
    REQUIRE_COMPONENT(!folder.isEmpty(), "the npm packages of tests/peers");
    QProcess program;
    program.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    program.start(u"node"_s,
                  {folder + u"/ws-client.mjs"_s, u"wss://localhost:%1/"_s.arg(m_site->port()),
                   QString::fromStdString(m_site->authority())});
    QVERIFY(program.waitForFinished(60'000));
    QCOMPARE(program.readAllStandardOutput().trimmed(), QByteArray("OK"));
    QVERIFY(waitUntil([this] { return m_endings.count() > 0; }));
    QCOMPARE(m_endings.last().by, WebSocketEnd::By::Peer);
    QCOMPARE(m_endings.last().code, std::uint16_t(4321));
    QCOMPARE(m_endings.last().reason, std::string("good bye"));
}

void TestNetWebSocket::pythonWebsockets()
{
    QProcess check;
    check.start(u"/usr/bin/python3"_s, {u"-c"_s, u"import websockets"_s});
    REQUIRE_COMPONENT(check.waitForFinished() && check.exitCode() == 0, "python3-websockets");
    const std::size_t before = m_endings.count();
    QProcess program;
    program.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    program.start(u"/usr/bin/python3"_s,
                  {QStringLiteral(WATCHWORD_SOURCE_DIR) + u"/tests/peers/websockets-client.py"_s,
                   u"wss://localhost:%1/"_s.arg(m_site->port()), QString::fromStdString(m_site->authority())});
    QVERIFY(program.waitForFinished(60'000));
    QCOMPARE(program.readAllStandardOutput().trimmed(), QByteArray("OK"));
    QVERIFY(waitUntil([this, before] { return m_endings.count() > before; }));
    QCOMPARE(m_endings.last().code, std::uint16_t(4321));
}

void TestNetWebSocket::oneWriteForManyMessages()
{
    TlsPeer peer(m_site->port(), m_site->authority());
    QCOMPARE(upgraded(peer), std::string("HTTP/1.1 101 Switching Protocols"));
    std::string many;
    for (int i = 0; i < 16; ++i)
        many += frame(0x81, std::string(256, char('a' + i)));
    QVERIFY(peer.send(many));
    // OpenSSL returns what one record holds: all of them came in one.
    std::string back(8192, '\0');
    const int count = SSL_read(peer.session(), back.data(), int(back.size()));
    QCOMPARE(count, 16 * (4 + 256));
}

void TestNetWebSocket::refusals()
{
    const auto answerTo = [this](const std::string &request) {
        TlsPeer peer(m_site->port(), m_site->authority());
        if (!peer.send(request))
            return std::string();
        return peer.receive(200).substr(0, 12);
    };
    QCOMPARE(answerTo("GET / HTTP/1.1\r\nHost: a\r\n\r\n").substr(0, 9), std::string("HTTP/1.1 "));
    QCOMPARE(answerTo("nonsense\r\n\r\n"), std::string("HTTP/1.1 400"));
    QCOMPARE(answerTo("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"), std::string("HTTP/1.1 431"));
    QCOMPARE(answerTo("GET / HTTP/1.1\r\nHost: a\r\n"), std::string("HTTP/1.1 408"));
    // A header line of 15 KiB is a token with many groups.
    std::string large = kUpgrade;
    large.insert(large.find("Host"), "Authorization: Bearer " + std::string(15'000, 'x') + "\r\n");
    QCOMPARE(answerTo(large), std::string("HTTP/1.1 101"));
}

void TestNetWebSocket::closeFromEachSide()
{
    TlsPeer peer(m_site->port(), m_site->authority());
    upgraded(peer);
    std::size_t before = m_endings.count();
    QVERIFY(peer.send(frame(0x81, "close me")));
    QCOMPARE(peer.receive(2 + 2 + 11), std::string("\x88\x0d\x0f\xa2", 4) + "as you wish");
    QVERIFY(peer.send(frame(0x81, "too late") + frame(0x88, "\x0f\xa2")));
    QVERIFY(peer.endsCleanly());
    peer.raw().close();
    QVERIFY(waitUntil([&] { return m_endings.count() > before; }));
    QCOMPARE(m_endings.last().by, WebSocketEnd::By::Us);
    QCOMPARE(m_endings.last().code, std::uint16_t(4002));

    TlsPeer silent(m_site->port(), m_site->authority());
    upgraded(silent);
    before = m_endings.count();
    QVERIFY(silent.send(frame(0x81, "close me")));
    QCOMPARE(silent.receive(4), std::string("\x88\x0d\x0f\xa2", 4));
    QVERIFY(silent.endsCleanly()); // after closeTime, though it answers nothing
    silent.raw().close();
    QVERIFY(waitUntil([&] { return m_endings.count() > before; }));

    TlsPeer first(m_site->port(), m_site->authority());
    upgraded(first);
    before = m_endings.count();
    QVERIFY(first.send(frame(0x88, std::string("\x03\xf5", 2) + "restarting")));
    QCOMPARE(first.receive(4), std::string("\x88\x02\x03\xf5", 4));
    QVERIFY(first.endsCleanly());
    first.raw().close();
    QVERIFY(waitUntil([&] { return m_endings.count() > before; }));
    QCOMPARE(m_endings.last().by, WebSocketEnd::By::Peer);
    QCOMPARE(m_endings.last().code, std::uint16_t(1013));
    QCOMPARE(m_endings.last().reason, std::string("restarting"));
}

void TestNetWebSocket::faultsCloseWithTheirCode_data()
{
    QTest::addColumn<std::string>("bytes");
    QTest::addColumn<int>("code");
    QTest::newRow("unmasked") << std::string("\x81\x02hi", 4) << 1002;
    QTest::newRow("reserved bit") << frame(0xc1, "hi") << 1002;
    QTest::newRow("reserved opcode") << frame(0x83, "hi") << 1002;
    QTest::newRow("no UTF-8") << frame(0x81, "\xc3\x28") << 1007;
    QTest::newRow("a gibibyte announced") << std::string("\x82\xff\0\0\0\0\x40\0\0\0\0\0\0\0", 14) << 1009;
    QTest::newRow("continuation of nothing") << frame(0x80, "hi") << 1002;
    QTest::newRow("fragmented ping") << frame(0x09, "hi") << 1002;
}

void TestNetWebSocket::faultsCloseWithTheirCode()
{
    QFETCH(std::string, bytes);
    QFETCH(int, code);
    TlsPeer peer(m_site->port(), m_site->authority());
    upgraded(peer);
    const std::size_t before = m_endings.count();
    QVERIFY(peer.send(bytes));
    const std::string close = peer.receive(4);
    QCOMPARE(close.size(), std::size_t(4));
    QCOMPARE(int(static_cast<unsigned char>(close[0])), 0x88);
    QCOMPARE(int(static_cast<unsigned char>(close[2])) << 8 | static_cast<unsigned char>(close[3]), code);
    QVERIFY(peer.endsCleanly());
    peer.raw().close();
    QVERIFY(waitUntil([&] { return m_endings.count() > before; }));
    QCOMPARE(m_endings.last().by, WebSocketEnd::By::Fault);
    QCOMPARE(int(m_endings.last().code), code);
}

void TestNetWebSocket::lostWithoutACloseFrame()
{
    for (const bool isReset : {false, true}) {
        TlsPeer peer(m_site->port(), m_site->authority());
        upgraded(peer);
        const std::size_t before = m_endings.count();
        if (isReset)
            peer.raw().reset();
        else
            peer.raw().close();
        QVERIFY(waitUntil([&] { return m_endings.count() > before; }));
        QCOMPARE(m_endings.last().by, WebSocketEnd::By::Transport);
        QCOMPARE(m_endings.last().code, std::uint16_t(1006));
    }
}

void TestNetWebSocket::pingsWithoutReading()
{
    // Fewer than the rate allows, of which each is large, and messages whose echo fills everything between.
    TlsPeer peer(m_site->port(), m_site->authority(), {.receiveBuffer = 4096});
    upgraded(peer);
    const timeval moment{0, 300'000};
    ::setsockopt(peer.raw().descriptor(), SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment);
    const std::size_t before = proportionalKilobytes();
    std::size_t sent = 0;
    for (int i = 0; peer.send(frame(0x82, std::string(60'000, 'b'))); ++i) {
        sent += 60'000;
        if (i < 150 && !peer.send(frame(0x89, std::string(125, 'p'))))
            break;
    }
    QVERIFY(sent >= 240'000);
    const double grown = double(proportionalKilobytes()) - double(before);
    QVERIFY2(grown < 4096 || Support::kMemoryIsOdd, qPrintable(QString::number(grown)));
}

void TestNetWebSocket::tooManyControlFrames()
{
    TlsPeer peer(m_site->port(), m_site->authority());
    upgraded(peer);
    const std::size_t before = m_endings.count();
    std::string flood;
    for (int i = 0; i < 1000; ++i)
        flood += frame(0x8a, "unasked");
    QVERIFY(peer.send(flood));
    QCOMPARE(peer.receive(4).substr(2), std::string("\x03\xf0", 2));
    peer.raw().close();
    QVERIFY(waitUntil([&] { return m_endings.count() > before; }));
    QCOMPARE(m_endings.last().code, std::uint16_t(1008));
}

WATCHWORD_TEST_MAIN(TestNetWebSocket)
#include "tst_netwebsocket.moc"
