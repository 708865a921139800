// SPDX-License-Identifier: Apache-2.0
#include "netsite.h"
#include "support/await.h"
#include "support/testmain.h"

#include <QScopeGuard>

#include <array>

#include <sys/resource.h>
#include <sys/socket.h>

using namespace Watchword::Gateway::Net;
using namespace std::chrono_literals;
using Support::waitUntil;

namespace {

std::string lineOf(const RawPeer &peer)
{
    std::string line;
    while (!line.ends_with('\n')) {
        const std::string byte = peer.receive(1);
        if (byte.empty())
            return line;
        line += byte;
    }
    return line;
}

bool greet(const RawPeer &peer)
{
    return peer.send("head\n\n") && lineOf(peer).starts_with("hello ");
}

} // namespace

class TestNetListener : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void addressInUseIsSaid();
    void capsCloseWithoutAByte();
    void ratePerAddress();
    void placesComeBack();
    void proxyHeaders();
    void dualStackShowsIpv4();
    void noDescriptorLeft();
    void spareDescriptorsAreKept();
};

void TestNetListener::addressInUseIsSaid()
{
    NetSite site;
    QVERIFY(site.start(NetSite::defaults(), true));
    QVERIFY(site.port() != 0);
    NetSite second;
    NetSite::Options options = NetSite::defaults();
    options.address.port = site.port();
    Listener listener(second.pool(), options, [](Reactor &, const Accepted &) { return std::unique_ptr<StreamHandler>(); });
    QCOMPARE(listener.open({}), std::make_error_code(std::errc::address_in_use));
    // Closed means free.
    site.listener().close();
    QVERIFY(!listener.open({}));
}

void TestNetListener::capsCloseWithoutAByte()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    options.accept = {.connections = 6, .handshakes = 3, .connectionsPerAddress = 2};
    QVERIFY(site.start(options, true));
    const ListenerCounters &counters = site.listener().counters();
    std::vector<RawPeer> peers;
    for (const char *from : {"127.0.0.2", "127.0.0.2"})
        QVERIFY(greet(peers.emplace_back(site.port(), from)));
    RawPeer third(site.port(), "127.0.0.2");
    QVERIFY(third.ends(0));
    QCOMPARE(counters.addressReached.value(), std::uint64_t(1));
    for (const char *from : {"127.0.0.3", "127.0.0.3", "127.0.0.4"})
        peers.emplace_back(site.port(), from); // three that say nothing
    RawPeer seventh(site.port(), "127.0.0.5");
    QVERIFY(seventh.ends(0));
    QCOMPARE(counters.handshakesReached.value(), std::uint64_t(1));
    for (std::size_t i = 2; i < peers.size(); ++i)
        QVERIFY(greet(peers[i]));
    QVERIFY(greet(peers.emplace_back(site.port(), "127.0.0.5")));
    RawPeer last(site.port(), "127.0.0.6");
    QVERIFY(last.ends(0));
    QCOMPARE(counters.totalReached.value(), std::uint64_t(1));
    QCOMPARE(counters.accepted.value(), std::uint64_t(9));
}

void TestNetListener::ratePerAddress()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    options.accept.acceptsPerSecond = 1;
    QVERIFY(site.start(options, true));
    const RawPeer first(site.port(), "127.0.0.2");
    const RawPeer second(site.port(), "127.0.0.2");
    const RawPeer third(site.port(), "127.0.0.2");
    QVERIFY(greet(first));
    QVERIFY(greet(second));
    QVERIFY(third.ends(0));
    QCOMPARE(site.listener().counters().tooFast.value(), std::uint64_t(1));
    const RawPeer other(site.port(), "127.0.0.3");
    QVERIFY(greet(other));
    QVERIFY(waitUntil([&site] { return greet(RawPeer(site.port(), "127.0.0.2")); }));
}

void TestNetListener::placesComeBack()
{
    NetSite site(3);
    NetSite::Options options = NetSite::defaults();
    options.accept.connections = 5;
    options.accept.handshakes = 1;
    QVERIFY(site.start(options, true));
    for (int i = 0; i < 200; ++i) {
        QVERIFY(waitUntil([&site] { return greet(RawPeer(site.port())); }));
        RawPeer gone(site.port());
        gone.reset(); // before its head
    }
    QVERIFY(waitUntil([&site] { return site.count(&StreamCounters::live) == 0; }));
    std::vector<RawPeer> peers;
    while (peers.size() < 5) {
        if (!greet(peers.emplace_back(site.port())))
            peers.pop_back();
    }
}

void TestNetListener::proxyHeaders()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    QVERIFY(options.proxies.add("127.0.0.64/26"));
    options.stream.handshake = 500ms;
    options.accept.connectionsPerAddress = 2;
    QVERIFY(site.start(options));
    const ListenerCounters &counters = site.listener().counters();
    const auto answerTo = [&site](const std::string &from, const std::string &greeting) {
        TlsPeer peer(site.port(), site.authority(), {.from = from, .greeting = greeting});
        if (!peer.isConnected() || !peer.send("bye\n\n"))
            return std::string();
        std::string line = peer.receive(200);
        return line.substr(0, line.rfind(':')); // without the proxy's port
    };
    QCOMPARE(answerTo("127.0.0.66", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"),
             std::string("hello 192.0.2.1:56324 127.0.0.66"));
    const std::string v2("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\x00\x02\x02\xc6\x33\x64\x01\xdc\x04\x01\xbb", 28);
    QCOMPARE(answerTo("127.0.0.66", v2), std::string("hello 192.0.2.2:56324 127.0.0.66"));
    QVERIFY(answerTo("127.0.0.66", std::string("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16)).starts_with("hello 127.0.0.66:"));
    // Whom nobody trusts may come directly, and must not name another.
    QVERIFY(answerTo("127.0.0.1", {}).starts_with("hello 127.0.0.1:"));
    QCOMPARE(answerTo("127.0.0.1", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), std::string());
    QCOMPARE(counters.badProxyHeader.value(), std::uint64_t(0));
    QCOMPARE(answerTo("127.0.0.66", {}), std::string());
    QCOMPARE(answerTo("127.0.0.66", "PROXY TCP4 nonsense\r\n"), std::string());
    const RawPeer silent(site.port(), "127.0.0.66");
    QVERIFY(silent.ends(0));
    QCOMPARE(counters.badProxyHeader.value(), std::uint64_t(3));
    // In pieces, with the client's own bytes behind the last; and limits count the client, not the proxy.
    NetSite plainSite;
    QVERIFY(plainSite.start(options, true));
    const auto pieces = [&plainSite](const std::string &bytes) {
        RawPeer peer(plainSite.port(), "127.0.0.66");
        for (const char c : bytes)
            peer.send(std::string(1, c));
        return peer;
    };
    std::vector<RawPeer> kept;
    for (int i = 0; i < 4; ++i) {
        kept.push_back(pieces("PROXY TCP4 192.0.2." + std::to_string(i / 2) + " 198.51.100.1 1 443\r\nhead\n\n"));
        QVERIFY(lineOf(kept.back()).starts_with("hello 192.0.2." + std::to_string(i / 2) + ":1 127.0.0.66:"));
    }
    QVERIFY(pieces("PROXY TCP4 192.0.2.0 198.51.100.1 1 443\r\nhead\n\n").ends(0));
    QCOMPARE(plainSite.listener().counters().addressReached.value(), std::uint64_t(1));
}

void TestNetListener::dualStackShowsIpv4()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    options.address.address = boost::asio::ip::make_address("::");
    if (!site.start(options, true))
        QSKIP("this machine has no IPv6");
    const RawPeer peer(site.port(), "127.0.0.9");
    QVERIFY(peer.send("head\n\n"));
    QVERIFY(lineOf(peer).starts_with("hello 127.0.0.9:"));
}

void TestNetListener::noDescriptorLeft()
{
    rlimit before{};
    QCOMPARE(getrlimit(RLIMIT_NOFILE, &before), 0);
    const auto restore = qScopeGuard([&before] { setrlimit(RLIMIT_NOFILE, &before); });
    NetSite site;
    QVERIFY(site.start(NetSite::defaults(), true));
    const RawPeer early(site.port());
    QVERIFY(greet(early));
    // One is free, for the client; then there is none for the server's end.
    const UniqueDescriptor lowest(::socket(AF_INET, SOCK_STREAM, 0));
    UniqueDescriptor last(::socket(AF_INET, SOCK_STREAM, 0));
    rlimit none = before;
    none.rlim_cur = rlim_t(last.get()) + 1;
    last.reset();
    QCOMPARE(setrlimit(RLIMIT_NOFILE, &none), 0);
    const RawPeer late(site.port());
    QVERIFY(late.isConnected()); // in the kernel's queue
    const ListenerCounters &counters = site.listener().counters();
    const auto cpuBefore = processorTime();
    QVERIFY(waitUntil([&counters] { return counters.noDescriptor.value() >= 3; }));
    QVERIFY2(processorTime() - cpuBefore < 200ms, "it has to rest between two attempts");
    QVERIFY(early.send("served"));
    QCOMPARE(early.receive(6), std::string("served"));
    QCOMPARE(setrlimit(RLIMIT_NOFILE, &before), 0);
    QVERIFY(greet(late));
}

void TestNetListener::spareDescriptorsAreKept()
{
    rlimit before{};
    QCOMPARE(getrlimit(RLIMIT_NOFILE, &before), 0);
    const auto restore = qScopeGuard([&before] { setrlimit(RLIMIT_NOFILE, &before); });
    NetSite site;
    {
        const UniqueDescriptor probe(::socket(AF_INET, SOCK_STREAM, 0));
        rlimit few = before;
        few.rlim_cur = rlim_t(probe.get()) + Listener::kMostSpare + 20;
        QCOMPARE(setrlimit(RLIMIT_NOFILE, &few), 0);
    }
    QVERIFY(site.start(NetSite::defaults(), true));
    std::vector<RawPeer> peers;
    const ListenerCounters &counters = site.listener().counters();
    while (counters.noDescriptor.value() == 0 && peers.size() < 200) {
        RawPeer peer(site.port());
        if (greet(peer))
            peers.push_back(std::move(peer));
    }
    QVERIFY(counters.noDescriptor.value() > 0);
    std::vector<UniqueDescriptor> spare;
    for (int i = 0; i < Listener::kLeastSpare; ++i) {
        spare.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
        QVERIFY(spare.back().get() >= 0);
    }
    QVERIFY(peers.front().send("served"));
    QCOMPARE(peers.front().receive(6), std::string("served"));
}

WATCHWORD_TEST_MAIN(TestNetListener)
#include "tst_netlistener.moc"
