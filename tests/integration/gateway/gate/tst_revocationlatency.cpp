// SPDX-License-Identifier: Apache-2.0
// How long it takes from an operator's or a provider's word to the close frame at each connection that it concerns.
//
// WATCHWORD_REVOCATION_CONNECTIONS says how many there are; the suite has a few hundred. Each needs two open files here.
#include "apigate.h"
#include "endpoint/canary.h"
#include "net/descriptor.h"
#include "watchword/testing/manualclock.h"

#include <QNetworkReply>
#include <QTcpServer>
#include <QTcpSocket>

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

namespace {

// Many clients in a thread of their own, over TLS: opened one after the other, and then read until their close frames come.
class Clients
{
public:
    Clients(quint16 port, const QByteArray &authority, std::vector<QByteArray> requests)
        : m_port(port)
        , m_requests(std::move(requests))
        , m_context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free)
    {
        SSL_CTX_load_verify_locations(m_context.get(), authority.constData(), nullptr);
        SSL_CTX_set_verify(m_context.get(), SSL_VERIFY_PEER, nullptr);
        m_thread = std::thread([this] { run(); });
    }
    ~Clients()
    {
        m_mayStop = true;
        m_thread.join();
    }

    std::atomic<int> opened{0};
    std::atomic<int> refused{0};
    std::atomic<int> closed{0}; //!< With m_code.
    std::atomic<int> strange{0}; //!< Ended without a close frame, or with another code.
    //! Of those that closed, once closed says that all have.
    std::vector<Steady::time_point> times() const { return m_times; }

private:
    struct Client
    {
        Net::UniqueDescriptor socket;
        std::unique_ptr<SSL, decltype(&SSL_free)> tls{nullptr, &SSL_free};
        std::string bytes{};
        bool isOver = false;
    };

    bool open(Client &client, const QByteArray &request)
    {
        client.socket = Net::UniqueDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(m_port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(client.socket.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0)
            return false;
        client.tls.reset(SSL_new(m_context.get()));
        SSL_set_fd(client.tls.get(), client.socket.get());
        if (SSL_connect(client.tls.get()) != 1 || SSL_write(client.tls.get(), request.constData(), int(request.size())) <= 0)
            return false;
        char buffer[4096];
        while (client.bytes.find("\r\n\r\n") == std::string::npos) {
            const int size = SSL_read(client.tls.get(), buffer, sizeof buffer);
            if (size <= 0)
                return false;
            client.bytes.append(buffer, std::size_t(size));
        }
        const bool isUpgraded = client.bytes.starts_with("HTTP/1.1 101 ");
        client.bytes.erase(0, client.bytes.find("\r\n\r\n") + 4);
        return isUpgraded;
    }

    void run()
    {
        m_clients.resize(m_requests.size());
        const Net::UniqueDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
        for (std::size_t i = 0; i < m_requests.size() && !m_mayStop; ++i) {
            if (!open(m_clients[i], m_requests[i])) {
                ++refused;
                continue;
            }
            const int socket = m_clients[i].socket.get();
            ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = i;
            ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, socket, &event);
            ++opened;
        }
        epoll_event events[256];
        while (!m_mayStop) {
            const int count = ::epoll_wait(epoll.get(), events, 256, 50);
            for (int i = 0; i < count; ++i)
                read(m_clients[events[i].data.u64]);
        }
    }

    void read(Client &client)
    {
        char buffer[4096];
        int size = 0;
        while (!client.isOver && (size = SSL_read(client.tls.get(), buffer, sizeof buffer)) > 0) {
            client.bytes.append(buffer, std::size_t(size));
            takeFrames(client);
        }
        const bool isEnded = size <= 0 && SSL_get_error(client.tls.get(), size) != SSL_ERROR_WANT_READ;
        if (isEnded && !std::exchange(client.isOver, true))
            ++strange;
        if (client.isOver)
            client.socket.reset();
    }

    void takeFrames(Client &client)
    {
        while (client.bytes.size() >= 2) {
            std::size_t size = std::uint8_t(client.bytes[1]);
            std::size_t head = 2;
            if (size == 126 && client.bytes.size() >= 4) {
                size = std::size_t(std::uint8_t(client.bytes[2])) << 8 | std::uint8_t(client.bytes[3]);
                head = 4;
            }
            if (client.bytes.size() < head + size)
                return;
            if ((client.bytes[0] & 0x0f) == 8) {
                const int code = std::uint8_t(client.bytes[head]) << 8 | std::uint8_t(client.bytes[head + 1]);
                client.isOver = true;
                m_times.push_back(Steady::now());
                ++(code == 4410 || code == 4423 ? closed : strange);
                return;
            }
            client.bytes.erase(0, head + size);
        }
    }

    const quint16 m_port;
    const std::vector<QByteArray> m_requests;
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> m_context;
    std::vector<Client> m_clients;
    std::vector<Steady::time_point> m_times;
    std::atomic<bool> m_mayStop{false};
    std::thread m_thread;
};

} // namespace

class TestRevocationLatency : public ApiGateTest
{
    Q_OBJECT

private Q_SLOTS:
    void everybodyIsCut_data();
    void everybodyIsCut();
    void oneOfManyIsCut();
    void canaryMeasures_data();
    void canaryMeasures();
    void canaryFindsNobody();

private:
    static int wantedConnections()
    {
        bool isSet = false;
        const int wanted = qEnvironmentVariableIntValue("WATCHWORD_REVOCATION_CONNECTIONS", &isSet);
        return isSet ? wanted : 300;
    }
    bool beginFor(int connections);
    QByteArray requestOf(const QString &user, const QString &session) const
    {
        const qint64 end = toSecondsSinceEpoch(Clock::system().wallNow()) + 3600;
        return GateFixture::upgrade("/echo", tokenOf(user, session, {{"exp"_L1, end}}));
    }
};

bool TestRevocationLatency::beginFor(int connections)
{
    m_gate = std::make_unique<AuditedGate>();
    if (!m_gate->prepare())
        return false;
    m_gate->config.api = ApiConfig{QHostAddress(QHostAddress::LocalHost), 0};
    m_gate->config.issuers.first().events = IssuerConfig::Events{{u"app"_s}, {}, {}};
    m_gate->config.listen.maxConnections = connections + 1000;
    m_gate->config.heartbeat = 1h;
    m_gate->config.endpoints[0].limits.connectionsPerUser = 0;
    return m_gate->begin();
}

void TestRevocationLatency::everybodyIsCut_data()
{
    QTest::addColumn<QString>("word");
    for (const char *word : {"lock of a client", "logout of a user", "revocation of a user's sign-ins"})
        QTest::newRow(word) << QString::fromLatin1(word);
}

void TestRevocationLatency::everybodyIsCut()
{
    QFETCH(const QString, word);
    const int count = wantedConnections();
    QVERIFY(beginFor(count));
    std::vector<QByteArray> requests;
    for (int i = 0; i < count; ++i)
        requests.push_back(requestOf(u"ada"_s, u"s-%1"_s.arg(i)));
    // Who is not meant stays.
    const auto bob = client(tokenOf(u"bob"_s, u"s-bob"_s, {{"client_id"_L1, u"phone"_s}}));
    QVERIFY(bob);
    Clients clients(m_gate->gateway->port(), m_gate->file(u"ca.pem"_s).toLocal8Bit(), std::move(requests));
    QVERIFY(Support::waitUntil([&] { return clients.opened + clients.refused == count; }, 600s));
    QCOMPARE(int(clients.refused), 0);
    QCOMPARE(m_gate->gateway->connectionCount(), count + 1);
    const QByteArray by = operatorToken(u"gw:read gw:lock"_s);
    const QByteArray idle = send("GET", u"/v1/locks"_s, by).body; // so that the API's connection is there
    const QByteArray logoutToken = [this] {
        QJsonObject claims = logoutClaims({});
        claims.remove("sid"_L1);
        return m_gate->token(claims, u"logout+jwt"_s);
    }();
    const Steady::time_point begin = Steady::now();
    int status = 0;
    if (word.startsWith("lock"_L1))
        status = send("POST", u"/v1/locks"_s, by,
                      R"({"target":{"kind":"client","value":"desktop"},"reason":"test","ttl_s":3600})", "application/json")
                     .status;
    else if (word.startsWith("logout"_L1))
        status = logout(logoutToken).status;
    else
        status = send("POST", u"/v1/users/ada:invalidate"_s, by, R"({"reason":"test"})", "application/json").status;
    QVERIFY(status == 200 || status == 201);
    QVERIFY(Support::waitUntil([&] { return clients.closed + clients.strange == count; }, 60s));
    QCOMPARE(int(clients.strange), 0); // no survivor, and everybody was told
    std::vector<double> milliseconds;
    for (const Steady::time_point at : clients.times())
        milliseconds.push_back(std::chrono::duration<double, std::milli>(at - begin).count());
    std::sort(milliseconds.begin(), milliseconds.end());
    const auto at = [&](double part) {
        return milliseconds.at(std::min(milliseconds.size() - 1, std::size_t(part * double(count))));
    };
    qInfo("%s, %d connections, from the request to the close frame: median %.1f ms, p99 %.1f ms, longest %.1f ms",
          qPrintable(word), count, at(0.5), at(0.99), milliseconds.back());
    QVERIFY(Support::waitUntil([&] { return m_gate->gateway->connectionCount() == 1; }));
    QVERIFY(!bob->isClosed);
    QVERIFY2(at(0.99) < 5000, "this takes far too long, whatever the machine does beside it");
    QVERIFY(!idle.isEmpty());
    finish();
}

void TestRevocationLatency::oneOfManyIsCut()
{
    const int count = wantedConnections();
    const int revoked = std::min(count / 10, 200);
    QVERIFY(beginFor(count));
    std::vector<QByteArray> requests;
    for (int i = 0; i < count; ++i)
        requests.push_back(requestOf(u"user-%1"_s.arg(i), u"s-%1"_s.arg(i)));
    Clients clients(m_gate->gateway->port(), m_gate->file(u"ca.pem"_s).toLocal8Bit(), std::move(requests));
    QVERIFY(Support::waitUntil([&] { return clients.opened + clients.refused == count; }, 600s));
    QCOMPARE(int(clients.refused), 0);
    const QByteArray by = operatorToken(u"gw:read gw:lock"_s);
    QVERIFY(!send("GET", u"/v1/locks"_s, by).body.isEmpty()); // so that the API's connection is there
    std::vector<double> milliseconds;
    for (int n = 0; n < revoked; ++n) {
        const Steady::time_point begin = Steady::now();
        QCOMPARE(send("POST", u"/v1/users/user-%1:invalidate"_s.arg(n), by, R"({"reason":"test"})", "application/json").status,
                 201);
        QVERIFY(Support::waitUntil([&] { return clients.closed + clients.strange > n; }, 60s));
        QCOMPARE(int(clients.strange), 0);
        QCOMPARE(int(clients.closed), n + 1); // and nobody else
        milliseconds.push_back(std::chrono::duration<double, std::milli>(clients.times().back() - begin).count());
    }
    std::sort(milliseconds.begin(), milliseconds.end());
    const double p99 = milliseconds.at(std::size_t(0.99 * double(revoked)));
    qInfo("one person of %d, %d times, from the request to the close frame: median %.1f ms, p99 %.1f ms, longest %.1f ms", count,
          revoked, milliseconds.at(milliseconds.size() / 2), p99, milliseconds.back());
    QVERIFY2(p99 < 5000, "this takes far too long, whatever the machine does beside it");
    finish();
}

void TestRevocationLatency::canaryMeasures_data()
{
    QTest::addColumn<bool>("isPlain");
    QTest::newRow("TLS") << false;
    QTest::newRow("plain") << true;
}

void TestRevocationLatency::canaryMeasures()
{
    QFETCH(const bool, isPlain);
    m_gate = std::make_unique<AuditedGate>();
    QVERIFY(m_gate->prepare());
    m_gate->config.canary = 100ms;
    m_gate->config.listen.plain = isPlain;
    m_gate->config.watch = WatchConfig();
    QVERIFY(m_gate->begin());
    QNetworkRequest request(
        QUrl(QStringLiteral("%1://127.0.0.1:%2/metrics").arg(isPlain ? u"http"_s : u"https"_s).arg(m_gate->gateway->port())));
    request.setSslConfiguration(m_gate->clientTls());
    QByteArray metrics;
    const auto ask = [&] {
        QNetworkReply *reply = m_network.get(request);
        Support::waitUntil([reply] { return reply->isFinished(); });
        metrics = reply->readAll();
        reply->deleteLater();
        static const QRegularExpression count(u"watchword_canary_seconds_count (\\d+)"_s);
        return count.match(QString::fromLatin1(metrics)).captured(1).toInt();
    };
    QVERIFY(Support::waitUntil([&] { return ask() >= 3; }));
    QVERIFY(metrics.contains("watchword_canary_failed_total 0\n"));
    QVERIFY(m_gate->gateway->reload(m_gate->config)); // it goes on, with the certificate of then
    const int before = ask();
    QVERIFY(Support::waitUntil([&] { return ask() > before + 1; }));
    QVERIFY(metrics.contains("watchword_canary_failed_total 0\n"));
    const QList<AuditEvent> closed = m_gate->events(u"conn.closed"_s);
    QVERIFY(closed.size() >= 3);
    for (const AuditEvent &event : closed)
        QCOMPARE(event.data.value("ws"_L1).toObject().value("close_code"_L1).toInt(), 4410);
}

void TestRevocationLatency::canaryFindsNobody()
{
    QTcpServer silent; // takes connections, and says nothing
    QVERIFY(silent.listen(QHostAddress(QHostAddress::LocalHost)));
    QTcpServer stranger;
    QVERIFY(stranger.listen(QHostAddress(QHostAddress::LocalHost)));
    connect(&stranger, &QTcpServer::newConnection, &stranger,
            [&stranger] { stranger.nextPendingConnection()->write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"); });
    QTcpServer closing;
    QVERIFY(closing.listen(QHostAddress(QHostAddress::LocalHost)));
    connect(&closing, &QTcpServer::newConnection, &closing, [&closing] { closing.nextPendingConnection()->close(); });
    ManualClock clock;
    LockBook locks(clock);
    QVERIFY(locks.open({}));
    Metrics metrics;
    for (const auto &[server, why] : {std::pair{&stranger, u"it is refused with 404"_s},
                                      {&closing, u"it is cut without a word"_s},
                                      {&silent, u"it is not let in"_s}}) {
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"canary of revocations failed: \"?"_s + why));
        const auto site = [port = server->serverPort()] {
            return Canary::Site{QHostAddress(QHostAddress::LocalHost), port, QSslCertificate()};
        };
        Canary canary({clock, locks, metrics, site}, 1s);
        QString problem;
        connect(&canary, &Canary::failed, this, [&problem](const QString &text) { problem = text; });
        canary.start();
        QVERIFY(!canary.identityOf(Secret::copy(QByteArray()))); // there is no round, and so no token
        clock.advance(1s);
        QVERIFY(Support::waitUntil([&] {
            if (server == &silent && silent.hasPendingConnections())
                clock.advance(Canary::kPatience);
            return !problem.isEmpty();
        }));
        QCOMPARE(problem, why);
        QVERIFY(!canary.identityOf(Secret::copy(QByteArray())));
    }
    QCOMPARE(metrics.canaryFailed, quint64(3));
    QVERIFY(metrics.toPrometheus().contains("watchword_canary_seconds_count 0\n"));
    QCOMPARE(locks.size(), qsizetype(0));
}

WATCHWORD_TEST_MAIN(TestRevocationLatency)
#include "tst_revocationlatency.moc"
