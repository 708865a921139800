// SPDX-License-Identifier: Apache-2.0
#include "netsite.h"
#include "support/await.h"
#include "support/sanitizer.h"
#include "support/testmain.h"

#include <malloc.h>

#include <algorithm>
#include <deque>

using namespace Watchword::Gateway::Net;
using namespace std::chrono_literals;
using Support::waitUntil;

namespace {

bool greet(const TlsPeer &peer)
{
    if (!peer.send("head\n\n"))
        return false;
    std::string line;
    while (!line.ends_with('\n')) {
        const std::string byte = peer.receive(1);
        if (byte.empty())
            return false;
        line += byte;
    }
    return true;
}

// What OpenSSL itself holds for an idle connection of \a server, which differs between its versions.
double kilobytesOfTls(const TlsContext &server, SSL_CTX *client)
{
    constexpr int kSessions = 500;
    std::vector<std::unique_ptr<SSL, decltype(&SSL_free)>> sessions;
    const auto open = [&] {
        auto &session = sessions.emplace_back(server.makeSession(), &SSL_free);
        const std::unique_ptr<SSL, decltype(&SSL_free)> peer(SSL_new(client), &SSL_free);
        BIO *ends[2] = {};
        BIO_new_bio_pair(&ends[0], 0, &ends[1], 0);
        SSL_set_bio(session.get(), ends[0], ends[0]);
        SSL_set_bio(peer.get(), ends[1], ends[1]);
        SSL_set_accept_state(session.get());
        SSL_set_connect_state(peer.get());
        for (int turn = 0; turn < 10 && !(SSL_is_init_finished(session.get()) && SSL_is_init_finished(peer.get())); ++turn) {
            SSL_do_handshake(peer.get());
            SSL_do_handshake(session.get());
        }
        char text[6];
        const bool isOpen = SSL_write(peer.get(), "head\n\n", 6) == 6 && SSL_read(session.get(), text, 6) == 6
            && SSL_write(session.get(), "hello\n", 6) == 6;
        BIO *nothing = BIO_new(BIO_s_null());
        SSL_set_bio(session.get(), nothing, nothing);
        return isOpen;
    };
    for (int i = 0; i < 50; ++i) {
        if (!open())
            return -1;
    }
    malloc_trim(0); // what earlier tests left free would hide what these take
    const std::size_t before = proportionalKilobytes();
    for (int i = 0; i < kSessions; ++i) {
        if (!open())
            return -1;
    }
    return (double(proportionalKilobytes()) - double(before)) / kSessions;
}

} // namespace

class TestNetLoad : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void silentAndHalfOpenOfOneAddress();
    void idleConnectionsOwnLittle();
    void whoNeverReadsCostsItsBounds();
};

void TestNetLoad::silentAndHalfOpenOfOneAddress()
{
    constexpr int kStrangers = 10'000; // half of them say nothing, half begin a handshake
    constexpr std::size_t kHeld = 400;
    NetSite site(2);
    NetSite::Options options = NetSite::defaults();
    options.accept = {.connections = 10'000, .handshakes = 500, .connectionsPerAddress = 400, .handshakesPerAddress = 100};
    QVERIFY(site.start(options));
    TlsPeer early(site.port(), site.authority());
    QVERIFY(greet(early));
    const auto roundTrip = [&early] {
        const auto start = std::chrono::steady_clock::now();
        const bool isFine = early.send("at work") && early.receive(7) == "at work";
        return isFine ? std::chrono::steady_clock::now() - start : std::chrono::hours(1);
    };
    std::vector<std::chrono::nanoseconds> quiet(500);
    std::generate(quiet.begin(), quiet.end(), roundTrip);
    std::vector<std::chrono::nanoseconds> beside;
    std::deque<RawPeer> strangers;
    const std::size_t before = proportionalKilobytes();
    for (int i = 0; i < kStrangers; ++i) {
        RawPeer &stranger = strangers.emplace_back(site.port(), "127.0.0.66");
        if (i % 2)
            stranger.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
        if (strangers.size() > kHeld)
            strangers.pop_front();
        if (i % 20 == 0)
            beside.push_back(roundTrip());
        if (i % 500 == 0) {
            TlsPeer late(site.port(), site.authority());
            QVERIFY(greet(late));
        }
    }
    const auto worst = [](std::vector<std::chrono::nanoseconds> &times) {
        std::sort(times.begin(), times.end());
        return double(times[times.size() * 99 / 100].count()) / 1000;
    };
    qInfo("round trip p99: %.0f us alone, %.0f us beside them; memory +%lld KiB", worst(quiet), worst(beside),
          static_cast<long long>(proportionalKilobytes()) - static_cast<long long>(before));
    QVERIFY(beside.back() < 10s);
    QVERIFY(site.count(&StreamCounters::live) <= 102);
    QVERIFY(site.listener().counters().addressHandshakesReached.value() >= kStrangers / 2);
    QCOMPARE(site.listener().counters().totalReached.value(), std::uint64_t(0));
}

void TestNetLoad::idleConnectionsOwnLittle()
{
    constexpr std::size_t kFew = 100;
    constexpr std::size_t kMany = 1100;
    NetSite site;
    QVERIFY(site.start());
    const auto context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    std::vector<RawPeer> sockets;
    // The clients' TLS state goes again, so that the slope is the server's.
    const auto open = [&] {
        RawPeer peer(site.port());
        const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(context.get()), &SSL_free);
        SSL_set_fd(session.get(), peer.descriptor());
        char answer[6];
        const bool isOpen = SSL_connect(session.get()) == 1 && SSL_write(session.get(), "head\n\n", 6) == 6
            && SSL_read(session.get(), answer, 6) == 6;
        sockets.push_back(std::move(peer));
        return isOpen;
    };
    while (sockets.size() < kFew)
        QVERIFY(open());
    const std::size_t before = proportionalKilobytes();
    while (sockets.size() < kMany)
        QVERIFY(open());
    QCOMPARE(site.count(&StreamCounters::live), std::uint64_t(kMany));
    const double each = (double(proportionalKilobytes()) - double(before)) / double(kMany - kFew);
    const double tls = kilobytesOfTls(*site.context("server"), context.get());
    QVERIFY(tls >= 0);
    qInfo("%.1f KiB for each idle connection, of which OpenSSL has %.1f", each, tls);
    if (!Support::kMemoryIsOdd)
        QVERIFY2(each < tls + 6, qPrintable(QString::number(each)));
}

void TestNetLoad::whoNeverReadsCostsItsBounds()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    options.sendBuffer = 32 * 1024;
    QVERIFY(site.start(options));
    std::vector<std::unique_ptr<TlsPeer>> peers;
    for (int i = 0; i < 10; ++i) {
        peers.push_back(std::make_unique<TlsPeer>(site.port(), site.authority(), TlsPeerOptions{.receiveBuffer = 4096}));
        QVERIFY(greet(*peers.back()));
        const timeval moment{0, 200'000};
        ::setsockopt(peers.back()->raw().descriptor(), SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment);
    }
    const std::size_t before = proportionalKilobytes();
    const std::string small(125, 'p');
    for (const auto &peer : peers) {
        while (peer->send(small)) { }
    }
    const double each = (double(proportionalKilobytes()) - double(before)) / double(peers.size());
    qInfo("%.0f KiB for each peer that never reads", each);
    // The high mark, and what one turn may add to it.
    if (!Support::kMemoryIsOdd)
        QVERIFY2(each < 1024, qPrintable(QString::number(each)));
    QCOMPARE(site.count(&StreamCounters::live), std::uint64_t(10));
}

WATCHWORD_TEST_MAIN(TestNetLoad)
#include "tst_netload.moc"
