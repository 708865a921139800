// SPDX-License-Identifier: Apache-2.0
#include "limit/memorylimits.h"
#include "rawclient.h"
#include "support/sanitizer.h"
#include "support/testmain.h"

#include <QElapsedTimer>

#include <openssl/ssl.h>

#include <algorithm>

#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

/*! Sockets of strangers at one address, which nobody reads. The kernel connects them, and the reactors do the rest. */
class Strangers
{
public:
    explicit Strangers(const char *address)
    {
        m_from.sin_family = AF_INET;
        inet_pton(AF_INET, address, &m_from.sin_addr);
    }
    ~Strangers()
    {
        for (const int descriptor : m_descriptors)
            ::close(descriptor);
    }
    bool add(quint16 port, const QByteArray &bytes = {})
    {
        const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (descriptor < 0)
            return false;
        m_descriptors.push_back(descriptor);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // The system's calls take all families by this one.
        if (::bind(descriptor, reinterpret_cast<const sockaddr *>(&m_from), sizeof m_from) != 0
            || ::connect(descriptor, reinterpret_cast<const sockaddr *>(&to), sizeof to) != 0)
            return false;
        // One that is closed at once takes nothing, and that is right.
        return bytes.isEmpty() || ::send(descriptor, bytes.constData(), std::size_t(bytes.size()), MSG_NOSIGNAL) != 0;
    }

private:
    sockaddr_in m_from{};
    std::vector<int> m_descriptors;
};

QByteArray clientHello()
{
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context.get()), &SSL_free);
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(session.get(), BIO_new(BIO_s_mem()), out);
    SSL_set_connect_state(session.get());
    SSL_do_handshake(session.get());
    char *bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    return QByteArray(bytes, size);
}

double mebibytes(qint64 bytes)
{
    return double(bytes) / 1024 / 1024;
}

} // namespace

/*! What strangers and bad clients can cost, at a gateway with everything real, on loopback and within bounds. */
class TestAttacks : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void silentConnectionsAndHalfHandshakes();
    void pingsWithoutReading();
    void emptyFragments();
    void oneGibibyteAnnounced();
    void messageInTinyFragments();

private:
    std::unique_ptr<RawClient> upgraded(const QByteArray &subject);
    QList<qint64> roundTrips(RawClient &client, int count);
    bool isBounded(const char *what, qint64 before, qint64 most);

    GateFixture m_gate;
};

void TestAttacks::initTestCase()
{
    rlimit files{};
    QCOMPARE(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8192);
    QCOMPARE(setrlimit(RLIMIT_NOFILE, &files), 0);
    REQUIRE_COMPONENT(files.rlim_cur >= 4096, "a limit of open files of 4096");
    QVERIFY(m_gate.prepare());
    m_gate.config.listen.handshakesPerAddress = 100;
    m_gate.config.listen.connectionsPerAddress = 1200;
    m_gate.config.listen.headTimeout = 60s;
    m_gate.config.heartbeat = 10min;
    m_gate.config.endpoints[0].limits.messagesPerSecond = 0;
    m_gate.config.endpoints[0].limits.bytesPerSecond = 0;
    m_gate.config.endpoints[0].limits.messageBytes = 1024 * 1024;
    QVERIFY(m_gate.start());
}

std::unique_ptr<RawClient> TestAttacks::upgraded(const QByteArray &subject)
{
    auto client = std::make_unique<RawClient>(m_gate);
    const QByteArray token = m_gate.token(m_gate.claims(QString::fromLatin1(subject), 600));
    if (!client->upgrade(GateFixture::upgrade("/echo", token)).startsWith("HTTP/1.1 101 "))
        return {};
    if (!client->await(RawClient::frame(0x89, "1", false)))
        return {};
    client->received.clear();
    return client;
}

// Microseconds, the longest last.
QList<qint64> TestAttacks::roundTrips(RawClient &client, int count)
{
    const QByteArray echo = RawClient::frame(0x81, "there and back", false);
    const QByteArray message = RawClient::frame(0x81, "there and back");
    QList<qint64> times;
    for (int i = 0; i < count; ++i) {
        QElapsedTimer timer;
        timer.start();
        client.send(message);
        if (!client.await(echo))
            return {};
        times.append(timer.nsecsElapsed() / 1000);
        client.received.remove(0, echo.size());
    }
    std::sort(times.begin(), times.end());
    return times;
}

bool TestAttacks::isBounded(const char *what, qint64 before, qint64 most)
{
    const qint64 after = residentBytes();
    qInfo("%s: %.1f MiB before, %.1f MiB after", what, mebibytes(before), mebibytes(after));
    return after - before < most || Support::kMemoryIsOdd;
}

void TestAttacks::silentConnectionsAndHalfHandshakes()
{
    const std::unique_ptr<RawClient> client = upgraded("legitimate");
    QVERIFY(client);
    const QList<qint64> quiet = roundTrips(*client, 300);
    QCOMPARE(quiet.size(), 300);
    const qint64 before = residentBytes();
    const QByteArray hello = clientHello();
    QVERIFY(hello.size() > 100);
    Strangers silent("127.0.0.9");
    Strangers half("127.0.0.10");
    for (int i = 0; i < 1000; ++i) {
        QVERIFY(silent.add(m_gate.gateway->port()));
        QVERIFY(half.add(m_gate.gateway->port(), hello));
    }
    const QList<qint64> busy = roundTrips(*client, 300);
    QCOMPARE(busy.size(), 300);
    qInfo("p99 of a round trip: %lld us, beside 2,000 connections of strangers %lld us", quiet.at(296), busy.at(296));
    QVERIFY(busy.at(296) < 1'000'000);
    // A newcomer of another address gets in.
    QVERIFY(upgraded("newcomer"));
    const QByteArray metrics = m_gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    QVERIFY2(metrics.contains("watchword_sockets_dropped_total{limit=\"handshakes_per_address\"} 1800\n"), metrics.constData());
    QVERIFY(isBounded("200 held and 1,800 refused connections of strangers", before, 24 * 1024 * 1024));
}

void TestAttacks::pingsWithoutReading()
{
    const std::unique_ptr<RawClient> client = upgraded("pinger");
    QVERIFY(client);
    const qint64 before = residentBytes();
    client->socket().setReadBufferSize(1024);
    const QByteArray ping = RawClient::frame(0x89, QByteArray(125, 'p'));
    client->send(ping.repeated(20'000));
    QVERIFY(Support::waitUntil([&] { return client->isClosed; }));
    QVERIFY(isBounded("20,000 pings of a client that reads nothing", before, 16 * 1024 * 1024));
    QVERIFY(m_gate.exchange("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
                .contains("watchword_sockets_cut_total{bound=\"control_frames_per_second\"} 1\n"));
}

void TestAttacks::emptyFragments()
{
    const std::unique_ptr<RawClient> client = upgraded("fragments");
    QVERIFY(client);
    const qint64 before = residentBytes();
    client->send(RawClient::frame(0x01, {}) + RawClient::frame(0x00, {}).repeated(100'000));
    QCOMPARE(client->awaitClose(), 1008);
    QVERIFY(isBounded("100,000 empty fragments", before, 16 * 1024 * 1024));
}

void TestAttacks::oneGibibyteAnnounced()
{
    const qint64 before = residentBytes();
    for (int i = 0; i < 20; ++i) {
        const std::unique_ptr<RawClient> client = upgraded("announcer");
        QVERIFY(client);
        client->send(QByteArray("\x82\xff\0\0\0\0\x40\0\0\0\x12\x34\x56\x78", 14) + QByteArray(100'000, 'x'));
        QCOMPARE(client->awaitClose(), 1009);
    }
    QVERIFY(isBounded("20 times 1 GiB announced", before, 16 * 1024 * 1024));
}

void TestAttacks::messageInTinyFragments()
{
    // Legal, up to the bound of an endpoint: memory is that of the message and not that of its frames.
    const std::unique_ptr<RawClient> client = upgraded("tiny");
    QVERIFY(client);
    const qint64 before = residentBytes();
    const int pieces = 60'000;
    client->send(RawClient::frame(0x02, "a") + RawClient::frame(0x00, "a").repeated(pieces - 2) + RawClient::frame(0x80, "a"));
    QVERIFY(client->await(RawClient::frame(0x82, QByteArray(pieces, 'a'), false)));
    QVERIFY(isBounded("a message of 60,000 frames", before, 16 * 1024 * 1024));
}

WATCHWORD_TEST_MAIN(TestAttacks)
#include "tst_attacks.moc"
