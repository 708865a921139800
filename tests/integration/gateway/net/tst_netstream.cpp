// SPDX-License-Identifier: Apache-2.0
#include "netsite.h"
#include "support/await.h"
#include "support/testmain.h"

using namespace Watchword::Gateway::Net;
using namespace std::chrono_literals;
using Support::waitUntil;

namespace {

bool greet(const TlsPeer &peer, const std::string &head = "head")
{
    return peer.send(head + "\n\n") && peer.receive(6) == "hello " && [&peer] {
        for (std::string byte = " "; byte != "\n";) {
            byte = peer.receive(1);
            if (byte.empty())
                return false;
        }
        return true;
    }();
}

} // namespace

class TestNetStream : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void echoesOverTlsAndPlain();
    void largeAmountsBothWays();
    void slowHeadIsCutAtTheDeadline();
    void headByteByByte();
    void silenceInTheHandshakeIsCut();
    void closeDeliversTheLastBytes();
    void halfClosedPeersGetTheirAnswer();
    void resetInEachState();
    void peerThatReadsOneKilobyteASecond();
    void pausedReadingResumes();
    void whoNeverReadsIsStalled();
    void whoIsOwedTooMuchEnds();
    void stopEndsAll();
    void fourReactors();
};

void TestNetStream::echoesOverTlsAndPlain()
{
    NetSite site;
    QVERIFY(site.start());
    TlsPeer peer(site.port(), site.authority());
    QVERIFY(peer.isConnected());
    QVERIFY(greet(peer));
    QVERIFY(peer.send("some bytes"));
    QCOMPARE(peer.receive(10), std::string("some bytes"));

    NetSite plainSite;
    QVERIFY(plainSite.start(NetSite::defaults(), true));
    const RawPeer plain(plainSite.port());
    QVERIFY(plain.send("head\n\nmore")); // what is behind the head is for the next handler
    const std::string answer = plain.receive(6);
    QCOMPARE(answer, std::string("hello "));
    std::string rest;
    while (!rest.ends_with("\nmore")) {
        const std::string byte = plain.receive(1);
        QVERIFY(!byte.empty());
        rest += byte;
    }
}

void TestNetStream::largeAmountsBothWays()
{
    NetSite site;
    QVERIFY(site.start());
    TlsPeer peer(site.port(), site.authority());
    QVERIFY(greet(peer));
    std::string pattern(1'000'003, '\0');
    for (std::size_t i = 0; i < pattern.size(); ++i)
        pattern[i] = char(i * 31 + i / 251);
    // Written in pieces of all sizes; what comes back fills the buffers of both sides meanwhile.
    std::string back;
    std::size_t sent = 0;
    for (std::size_t piece = 1; sent < pattern.size(); piece = piece * 2 % 70'000 + 1) {
        const std::string part = pattern.substr(sent, piece);
        QVERIFY(peer.send(part));
        sent += part.size();
        if (sent - back.size() > 100'000)
            back += peer.receive(sent - back.size() - 50'000);
    }
    back += peer.receive(pattern.size() - back.size());
    QVERIFY(back == pattern);
    QCOMPARE(site.count(&StreamCounters::live), std::uint64_t(1));
}

void TestNetStream::slowHeadIsCutAtTheDeadline()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    options.stream.handshake = 1s;
    QVERIFY(site.start(options));
    TlsPeer peer(site.port(), site.authority());
    QVERIFY(peer.isConnected());
    const auto start = std::chrono::steady_clock::now();
    // A byte each 50 ms keeps the connection busy; the deadline is for the whole head.
    int sent = 0;
    QVERIFY(waitUntil([&] {
        peer.send("x");
        ++sent;
        return site.count(&StreamCounters::timedOut) == 1;
    }));
    QVERIFY(sent > 5);
    const auto took = std::chrono::steady_clock::now() - start;
    QVERIFY(took > 800ms && took < 5s);
    QVERIFY(peer.raw().ends());
}

void TestNetStream::headByteByByte()
{
    NetSite site;
    QVERIFY(site.start());
    TlsPeer peer(site.port(), site.authority());
    for (const char c : std::string("a head that comes slowly\n\n"))
        QVERIFY(peer.send(std::string(1, c)));
    QCOMPARE(peer.receive(6), std::string("hello "));
}

void TestNetStream::silenceInTheHandshakeIsCut()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    options.stream.handshake = 300ms;
    QVERIFY(site.start(options));
    const RawPeer silent(site.port());
    const RawPeer half(site.port());
    QVERIFY(half.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7))); // the begin of a ClientHello
    const RawPeer wrong(site.port());
    QVERIFY(wrong.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    QVERIFY(wrong.ends());
    QVERIFY(silent.ends());
    QVERIFY(half.ends());
    QCOMPARE(site.count(&StreamCounters::timedOut), std::uint64_t(2));
    QCOMPARE(site.count(&StreamCounters::tlsFailed), std::uint64_t(1));
    QCOMPARE(site.count(&StreamCounters::established), std::uint64_t(0));
}

void TestNetStream::closeDeliversTheLastBytes()
{
    NetSite site;
    QVERIFY(site.start());
    TlsPeer peer(site.port(), site.authority());
    QVERIFY(peer.isConnected());
    // Bytes that nobody reads are on their way when the server closes: no reset may overtake its answer.
    QVERIFY(peer.send("bye\n\n" + std::string(200'000, 'x')));
    QCOMPARE(peer.receive(6), std::string("hello "));
    QVERIFY(peer.endsCleanly());
    peer.raw().close();
    QVERIFY(waitUntil([&site] { return site.ends().size() == 1; }));
    QCOMPARE(site.ends().front(), StreamEnd::Closed);
}

void TestNetStream::halfClosedPeersGetTheirAnswer()
{
    NetSite site;
    QVERIFY(site.start(NetSite::defaults(), true));
    const RawPeer plain(site.port());
    QVERIFY(plain.send("flood 3000000\n\n"));
    plain.finish();
    const std::string all = plain.receive(4'000'000);
    QVERIFY(all.starts_with("hello "));
    QCOMPARE(all.size(), all.find('\n') + 1 + 3'000'000);
}

void TestNetStream::resetInEachState()
{
    NetSite site;
    QVERIFY(site.start());
    TlsPeer neighbour(site.port(), site.authority());
    QVERIFY(greet(neighbour));
    const auto live = [&site] { return site.count(&StreamCounters::live); };
    const auto isAlone = [&] { return waitUntil([&] { return live() == 1; }); };
    {
        RawPeer peer(site.port());
        QVERIFY(waitUntil([&] { return live() == 2; }));
        peer.reset();
        QVERIFY(isAlone());
    }
    {
        RawPeer peer(site.port());
        QVERIFY(peer.send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7)));
        QVERIFY(waitUntil([&] { return live() == 2; }));
        peer.reset();
        QVERIFY(isAlone());
    }
    {
        TlsPeer peer(site.port(), site.authority());
        QVERIFY(peer.send("half a head"));
        peer.raw().reset();
        QVERIFY(isAlone());
    }
    {
        TlsPeer peer(site.port(), site.authority());
        QVERIFY(greet(peer));
        peer.raw().reset();
        QVERIFY(isAlone());
    }
    { // while megabytes wait for it
        TlsPeer peer(site.port(), site.authority(), {.receiveBuffer = 4096});
        QVERIFY(greet(peer, "flood 6000000"));
        peer.raw().reset();
        QVERIFY(isAlone());
    }
    { // while the server closes
        TlsPeer peer(site.port(), site.authority());
        QVERIFY(greet(peer, "bye"));
        peer.raw().reset();
        QVERIFY(isAlone());
    }
    // A broken record: OpenSSL's error must not reach the neighbour.
    {
        TlsPeer peer(site.port(), site.authority());
        QVERIFY(greet(peer));
        QVERIFY(peer.raw().send(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'z')));
        QVERIFY(peer.raw().ends());
        QVERIFY(isAlone());
    }
    QVERIFY(neighbour.send("still here"));
    QCOMPARE(neighbour.receive(10), std::string("still here"));
    QVERIFY(site.count(&StreamCounters::reset) >= 3);
}

void TestNetStream::peerThatReadsOneKilobyteASecond()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    options.sendBuffer = 8192;
    QVERIFY(site.start(options));
    // Its window takes next to nothing: each write of the server is cut somewhere inside a record and repeated later.
    TlsPeer slow(site.port(), site.authority(), {.receiveBuffer = 2048});
    QVERIFY(greet(slow, "flood 200000"));
    TlsPeer quick(site.port(), site.authority());
    QVERIFY(greet(quick));
    std::string got;
    for (int second = 0; second < 20; ++second) {
        got += slow.receive(1024);
        QVERIFY(quick.send("tick"));
        QCOMPARE(quick.receive(4), std::string("tick"));
    }
    got += slow.receive(200'000 - got.size());
    QVERIFY(got == std::string(200'000, 'f'));
    QVERIFY(slow.send("and on"));
    QCOMPARE(slow.receive(6), std::string("and on"));
}

void TestNetStream::pausedReadingResumes()
{
    NetSite site;
    QVERIFY(site.start());
    TlsPeer peer(site.port(), site.authority());
    // One record: what is behind the head lies in OpenSSL or in the stream when reading pauses, where no event tells of it.
    QVERIFY(greet(peer, "pause"));
    QVERIFY(peer.send("first"));
    QVERIFY(peer.send("second"));
    TlsPeer other(site.port(), site.authority());
    QVERIFY(other.send("pause\n\nbehind it"));
    QCOMPARE(other.receive(6), std::string("hello "));
    const std::uint64_t before = site.count(&StreamCounters::bytesOut);
    TlsPeer third(site.port(), site.authority());
    QVERIFY(greet(third));
    site.resumeAll();
    QCOMPARE(peer.receive(11), std::string("firstsecond"));
    std::string rest;
    while (!rest.ends_with("behind it")) {
        const std::string byte = other.receive(1);
        QVERIFY(!byte.empty());
        rest += byte;
    }
    QVERIFY(site.count(&StreamCounters::bytesOut) > before);
    QVERIFY(peer.send("again"));
    QCOMPARE(peer.receive(5), std::string("again"));
}

void TestNetStream::whoNeverReadsIsStalled()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    options.stream.stall = 500ms;
    QVERIFY(site.start(options));
    TlsPeer peer(site.port(), site.authority(), {.receiveBuffer = 4096});
    QVERIFY(greet(peer, "flood 6000000"));
    QVERIFY(waitUntil([&site] { return site.count(&StreamCounters::stalled) == 1; }));
    QCOMPARE(site.ends(), std::vector<StreamEnd>{StreamEnd::Stalled});
}

void TestNetStream::whoIsOwedTooMuchEnds()
{
    NetSite site;
    NetSite::Options options = NetSite::defaults();
    options.stream.most = 1'000'000;
    QVERIFY(site.start(options));
    TlsPeer peer(site.port(), site.authority());
    QVERIFY(peer.send("flood 2000000\n\n"));
    QVERIFY(waitUntil([&site] { return site.count(&StreamCounters::overflowed) == 1; }));
    QCOMPARE(site.ends(), std::vector<StreamEnd>{StreamEnd::Overflowed});
    // An echo pauses its client long before that, however much it sends without reading.
    TlsPeer flood(site.port(), site.authority());
    QVERIFY(greet(flood));
    const timeval moment{0, 300'000};
    ::setsockopt(flood.raw().descriptor(), SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment);
    std::size_t sent = 0;
    const std::string piece(100'000, 'p');
    while (flood.send(piece))
        sent += piece.size();
    QVERIFY(sent > 500'000);
    QCOMPARE(site.count(&StreamCounters::overflowed), std::uint64_t(1));
    QCOMPARE(site.count(&StreamCounters::live), std::uint64_t(1));
}

void TestNetStream::stopEndsAll()
{
    NetSite site(2);
    QVERIFY(site.start());
    std::vector<std::unique_ptr<TlsPeer>> peers;
    for (int i = 0; i < 20; ++i) {
        peers.push_back(std::make_unique<TlsPeer>(site.port(), site.authority()));
        QVERIFY(greet(*peers.back(), i % 2 ? "head" : "flood 5000000"));
    }
    site.stop();
    QCOMPARE(site.ends(), std::vector<StreamEnd>(20, StreamEnd::Shutdown));
    site.stop();
}

void TestNetStream::fourReactors()
{
    NetSite site(4);
    QVERIFY(site.start());
    std::vector<std::unique_ptr<TlsPeer>> peers;
    for (int i = 0; i < 40; ++i) {
        peers.push_back(std::make_unique<TlsPeer>(site.port(), site.authority()));
        QVERIFY(greet(*peers.back()));
    }
    for (std::size_t i = 0; i < 4; ++i)
        QCOMPARE(site.pool().at(i).counters().live.value(), std::uint64_t(10));
    for (int round = 0; round < 20; ++round) {
        for (const auto &peer : peers)
            QVERIFY(peer->send("round " + std::to_string(10 + round)));
        for (const auto &peer : peers)
            QCOMPARE(peer->receive(8), "round " + std::to_string(10 + round));
    }
    // Those that end leave room; the next ones go where it is.
    for (std::size_t i = 0; i < peers.size(); i += 4)
        peers[i].reset();
    QVERIFY(waitUntil([&site] { return site.count(&StreamCounters::live) == 30; }));
    for (int i = 0; i < 10; ++i) {
        peers.push_back(std::make_unique<TlsPeer>(site.port(), site.authority()));
        QVERIFY(greet(*peers.back()));
    }
    for (std::size_t i = 0; i < 4; ++i)
        QCOMPARE(site.pool().at(i).counters().live.value(), std::uint64_t(10));
}

WATCHWORD_TEST_MAIN(TestNetStream)
#include "tst_netstream.moc"
