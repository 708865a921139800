// SPDX-License-Identifier: Apache-2.0
// Bad tokens as fast as a stranger can send them: what others notice, what it costs, and that each is in the audit.
#include "auditedgate.h"
#include "limit/memorylimits.h"
#include "socketlog.h"
#include "support/sanitizer.h"
#include "support/testmain.h"

#include <QElapsedTimer>
#include <QThread>

#include <algorithm>
#include <atomic>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kPerSecond = 2000;
constexpr int kNetworks = 100;

//! Sends \a request from \a from and returns the status of the answer; 0 if there is none.
int ask(quint16 port, quint32 from, const QByteArray &request)
{
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(from);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval patience{5, 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int status = 0;
    // The system's calls take all families by this one.
    if (::bind(descriptor, reinterpret_cast<const sockaddr *>(&own), sizeof own) == 0
        && ::connect(descriptor, reinterpret_cast<const sockaddr *>(&to), sizeof to) == 0
        && ::send(descriptor, request.constData(), std::size_t(request.size()), MSG_NOSIGNAL) == request.size()) {
        QByteArray answer(64, '\0');
        if (::recv(descriptor, answer.data(), std::size_t(answer.size()), MSG_WAITALL) == answer.size())
            status = answer.mid(9, 3).toInt();
    }
    ::close(descriptor);
    return status;
}

/*! Four threads that send \a requests in turn from 100 networks, kPerSecond together at most, until stop(). */
class Flood
{
public:
    Flood(quint16 port, QList<QByteArray> requests)
        : m_port(port)
        , m_requests(std::move(requests))
    {
        for (int i = 0; i < kThreads; ++i) {
            m_threads.emplace_back(QThread::create([this, i] { run(i); }));
            m_threads.back()->start();
        }
    }
    ~Flood() { stop(); }
    void stop()
    {
        m_isOver = true;
        // The gateway, which they still wait for, lives in this thread.
        Support::waitUntil([this] {
            return std::all_of(m_threads.begin(), m_threads.end(), [](const auto &thread) { return thread->isFinished(); });
        });
        for (const auto &thread : m_threads)
            thread->wait();
    }
    qint64 answers(int status) const { return status == 401 ? m_unauthorized : m_tooMany; }
    qint64 others() const { return m_others; }
    double rate() const { return double(m_unauthorized + m_tooMany) / (double(m_timer.elapsed()) / 1000); }

private:
    static constexpr int kThreads = 4;
    void run(int thread)
    {
        for (int i = 0; !m_isOver; ++i) {
            const qint64 dueAt = qint64(i) * 1000 * kThreads / kPerSecond;
            while (!m_isOver && m_timer.elapsed() < dueAt)
                QThread::yieldCurrentThread();
            const quint32 from = 0x7f000100 + quint32((i * kThreads + thread) % kNetworks); // 127.0.1.x
            const int status = ask(m_port, from, m_requests.at(i % m_requests.size()));
            ++(status == 401 ? m_unauthorized : status == 429 ? m_tooMany : m_others);
        }
    }

    const quint16 m_port;
    const QList<QByteArray> m_requests;
    QElapsedTimer m_timer = [] {
        QElapsedTimer timer;
        timer.start();
        return timer;
    }();
    std::atomic<bool> m_isOver = false;
    std::atomic<qint64> m_unauthorized = 0;
    std::atomic<qint64> m_tooMany = 0;
    std::atomic<qint64> m_others = 0;
    std::vector<std::unique_ptr<QThread>> m_threads;
};

} // namespace

class TestBadTokens : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void floodOfBadTokens();

private:
    //! Microseconds of echoes, sorted, for \a time.
    QList<qint64> roundTrips(QWebSocket &socket, SocketLog &log, std::chrono::milliseconds time);
    QList<QByteArray> badRequests();

    AuditedGate m_gate;
};

QList<qint64> TestBadTokens::roundTrips(QWebSocket &socket, SocketLog &log, std::chrono::milliseconds time)
{
    QList<qint64> times;
    QElapsedTimer all;
    all.start();
    while (all.elapsed() < time.count()) {
        const qsizetype before = log.texts.size();
        QElapsedTimer timer;
        timer.start();
        socket.sendTextMessage(u"there and back"_s);
        if (!Support::waitUntil([&] { return log.texts.size() > before; }))
            return {};
        times.append(timer.nsecsElapsed() / 1000);
    }
    std::sort(times.begin(), times.end());
    return times;
}

// All that can be wrong with a token, and costs the gateway different work.
QList<QByteArray> TestBadTokens::badRequests()
{
    QList<QByteArray> requests;
    const QByteArray good = m_gate.token();
    const auto add = [&requests](const QByteArray &token) { requests.append(GateFixture::upgrade("/echo", token)); };
    for (int i = 0; i < 40; ++i) {
        add(m_gate.token().chopped(6) + "AAAAAA"); // a signature to be verified
        add(signJwt(m_gate.stranger, u"at+jwt"_s, m_gate.claims()).value()); // a key that is not known
        QJsonObject ended = m_gate.claims();
        ended.insert(u"exp"_s, 5);
        add(m_gate.token(ended));
        add("opaque" + QByteArray::number(i));
    }
    return requests;
}

void TestBadTokens::floodOfBadTokens()
{
    QVERIFY(m_gate.prepare());
    m_gate.config.listen.plain = true; // TLS would be most of what is measured, and tst_attacks has it
    m_gate.config.listen.handshakesPerAddress = 0;
    m_gate.config.endpoints[0].limits.messagesPerSecond = 0;
    QVERIFY(m_gate.begin());
    const auto socket = m_gate.client(u"/echo"_s, m_gate.token(m_gate.claims(u"legitimate"_s, 600)));
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    const int seconds = std::max(2, qEnvironmentVariableIntValue("WATCHWORD_FLOOD_SECONDS"));
    const QList<qint64> quiet = roundTrips(*socket, log, 1s);
    const qint64 memory = residentBytes();

    Flood flood(m_gate.gateway->port(), badRequests());
    const QList<qint64> loud = roundTrips(*socket, log, std::chrono::seconds(seconds));
    // Somebody who comes meanwhile comes in.
    const auto newcomer = m_gate.client(u"/echo"_s, m_gate.token(m_gate.claims(u"newcomer"_s)));
    SocketLog newLog(*newcomer);
    QVERIFY(newLog.awaitFrame(u"hello"_s));
    const double rate = flood.rate();
    flood.stop();

    QVERIFY(!quiet.isEmpty() && !loud.isEmpty());
    const qint64 quiet99 = quiet.at(quiet.size() * 99 / 100);
    const qint64 loud99 = loud.at(loud.size() * 99 / 100);
    const qint64 grown = residentBytes() - memory;
    qInfo("%.0f bad tokens a second, %lld answered by 401, %lld by 429; p99 of an echo %lld us, quiet %lld us: %.1f times; "
          "memory grew by %.1f MiB",
          rate, static_cast<long long>(flood.answers(401)), static_cast<long long>(flood.answers(429)),
          static_cast<long long>(loud99), static_cast<long long>(quiet99), double(loud99) / double(quiet99),
          double(grown) / 1024 / 1024);
    QCOMPARE(flood.others(), qint64(0));
    QVERIFY(flood.answers(401) > 0);
    QVERIFY(grown < 48 * 1024 * 1024 || Support::kMemoryIsOdd);
    QVERIFY2(loud99 < 100'000 || Support::kMemoryIsOdd, qPrintable(QString::number(loud99)));

    // Each refusal is in the audit, by itself or in a count, and the audit stays small.
    qint64 told = 0;
    qint64 written = 0;
    const QList<AuditEvent> events = m_gate.events();
    for (const AuditEvent &event : events) {
        if (event.shortType() != "conn.rejected"_L1 && event.shortType() != "limit.hit"_L1)
            continue;
        ++written;
        told += event.data.value("aggregate"_L1).toObject().value("count"_L1).toInteger(1);
    }
    const qint64 answered = flood.answers(401) + flood.answers(429);
    qInfo("%lld refusals in %lld events", static_cast<long long>(told), static_cast<long long>(written));
    QCOMPARE(told, answered);
    QVERIFY(written <= 1000 + 60 * (seconds + 10) + 500);
}

WATCHWORD_TEST_MAIN(TestBadTokens)
#include "tst_badtokens.moc"
