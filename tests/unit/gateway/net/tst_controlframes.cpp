// SPDX-License-Identifier: Apache-2.0
#include "net/controlframes.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway::Net;
using namespace std::chrono_literals;

namespace {

using By = WebSocketEnd::By;
using Then = ControlFrames::CloseStep::Then;
using Verdict = ControlFrames::Verdict;

constexpr ControlFrames::Instant kStart{};

std::string payloadOf(const ControlFrames::CloseStep &step)
{
    return std::string(step.payload.begin(), step.payload.begin() + std::ptrdiff_t(step.size));
}

QByteArray closePayload(int code, const QByteArray &reason = {})
{
    return char(code >> 8) + QByteArray(1, char(code & 0xff)) + reason;
}

} // namespace

class TestControlFrames : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void theLastPingIsAnswered();
    void tooManyPingsAndPongsAreFlooded();
    void withoutARateThereIsNoFlood();
    void aNewRateHoldsFromThenOn();
    void ourCloseAwaitsThePeers();
    void thePeersCloseIsAnsweredWithoutItsWords();
    void aCodeThatMustNotBeSentIsAnsweredEmpty();
    void aFaultAwaitsNobody();
    void theFirstEndDecides();
    void nothingIsAnsweredWhileItCloses();
    void anEndWithoutACloseFrameIsTransport();
    void whoSendsOnBehindOurCloseIsNotReadForEver();
    void theStreamEndsOnce();
};

void TestControlFrames::theLastPingIsAnswered()
{
    ControlFrames frames(100, kStart);
    QVERIFY(!frames.owesPong());
    QVERIFY(!frames.takePong());
    QCOMPARE(frames.pingReceived(Wire::bytesOf("one"), kStart), Verdict::Taken);
    QCOMPARE(frames.pingReceived(Wire::bytesOf("two"), kStart), Verdict::Taken);
    QVERIFY(frames.owesPong());
    QCOMPARE(*frames.takePong(), std::string("two"));
    QVERIFY(!frames.owesPong());
}

void TestControlFrames::tooManyPingsAndPongsAreFlooded()
{
    ControlFrames frames(10, kStart);
    for (int i = 0; i < 10; ++i) { // twice the rate at once, of either kind
        QCOMPARE(frames.pingReceived(Wire::bytesOf("good"), kStart), Verdict::Taken);
        QCOMPARE(frames.pongReceived(kStart), Verdict::Taken);
    }
    QCOMPARE(frames.pongReceived(kStart), Verdict::Flooded);
    QCOMPARE(frames.pingReceived(Wire::bytesOf("bad"), kStart), Verdict::Flooded);
    QCOMPARE(*frames.takePong(), std::string("good"));
    QCOMPARE(frames.pingReceived({}, kStart + 99ms), Verdict::Flooded);
    QCOMPARE(frames.pingReceived({}, kStart + 101ms), Verdict::Taken);
    QCOMPARE(frames.pingReceived({}, kStart + 102ms), Verdict::Flooded);
    for (int i = 0; i < 20; ++i) // no more is saved than a burst
        QCOMPARE(frames.pongReceived(kStart + 1h), Verdict::Taken);
    QCOMPARE(frames.pongReceived(kStart + 1h), Verdict::Flooded);
}

void TestControlFrames::withoutARateThereIsNoFlood()
{
    ControlFrames frames(0, kStart);
    for (int i = 0; i < 100'000; ++i)
        QCOMPARE(frames.pingReceived({}, kStart), Verdict::Taken);
}

void TestControlFrames::aNewRateHoldsFromThenOn()
{
    ControlFrames frames(0, kStart);
    QCOMPARE(frames.pongReceived(kStart), Verdict::Taken);
    frames.setRate(1);
    QCOMPARE(frames.pongReceived(kStart + 10s), Verdict::Taken);
    QCOMPARE(frames.pongReceived(kStart + 10s), Verdict::Taken);
    QCOMPARE(frames.pongReceived(kStart + 10s), Verdict::Flooded);
    frames.setRate(0);
    QCOMPARE(frames.pongReceived(kStart + 10s), Verdict::Taken);
}

void TestControlFrames::ourCloseAwaitsThePeers()
{
    ControlFrames frames(100, kStart);
    const auto step = frames.close({By::Us, 4401, "token_expired"});
    QVERIFY(step && step->hasFrame && step->then == Then::AwaitPeer);
    QCOMPARE(payloadOf(*step), closePayload(4401, "token_expired").toStdString());
    QVERIFY(!frames.isOpen());
    const ControlFrames::CloseStep answer = frames.closeReceived({4401, {}});
    QVERIFY(!answer.hasFrame);
    QVERIFY(answer.then == Then::EndStream);
    QVERIFY(frames.streamEnded(StreamEnd::Closed, 0));
    QVERIFY(frames.end().by == By::Us);
    QCOMPARE(int(frames.end().code), 4401);
}

void TestControlFrames::thePeersCloseIsAnsweredWithoutItsWords()
{
    ControlFrames frames(100, kStart);
    const ControlFrames::CloseStep step = frames.closeReceived({1001, "going"});
    QVERIFY(step.hasFrame && step.then == Then::EndStream);
    QCOMPARE(payloadOf(step), closePayload(1001).toStdString());
    QVERIFY(frames.end().by == By::Peer);
    QCOMPARE(frames.end().reason, std::string("going"));
}

void TestControlFrames::aCodeThatMustNotBeSentIsAnsweredEmpty()
{
    ControlFrames frames(100, kStart);
    const ControlFrames::CloseStep step = frames.closeReceived({1005, {}});
    QVERIFY(step.hasFrame);
    QCOMPARE(step.size, std::size_t(0));
    QCOMPARE(int(frames.end().code), 1005);
}

void TestControlFrames::aFaultAwaitsNobody()
{
    ControlFrames frames(100, kStart);
    WebSocketEnd end{By::Fault, 1009, "message_too_big"};
    end.limit = "message_bytes";
    const auto step = frames.close(end);
    QVERIFY(step && step->hasFrame && step->then == Then::EndStream);
    QCOMPARE(payloadOf(*step), closePayload(1009, "message_too_big").toStdString());
    QVERIFY(frames.streamEnded(StreamEnd::Closed, 0));
    QVERIFY(frames.end().limit == "message_bytes");
}

void TestControlFrames::theFirstEndDecides()
{
    ControlFrames frames(100, kStart);
    QVERIFY(frames.close({By::Us, 1001, "first"}));
    QVERIFY(!frames.close({By::Fault, 1002, "second"}));
    QVERIFY(!frames.inputEnded());
    frames.closeReceived({1000, "third"});
    QVERIFY(frames.streamEnded(StreamEnd::PeerReset, 0));
    QVERIFY(frames.end().by == By::Us);
    QCOMPARE(int(frames.end().code), 1001);
    QCOMPARE(frames.end().reason, std::string("first"));
    QVERIFY(frames.end().stream == StreamEnd::PeerReset);
}

void TestControlFrames::nothingIsAnsweredWhileItCloses()
{
    ControlFrames frames(1, kStart);
    QCOMPARE(frames.pingReceived(Wire::bytesOf("before"), kStart), Verdict::Taken);
    QVERIFY(frames.close({By::Us, 1000, {}}));
    QVERIFY(!frames.owesPong());
    for (int i = 0; i < 10; ++i) {
        QCOMPARE(frames.pingReceived(Wire::bytesOf("behind"), kStart), Verdict::Ignored);
        QCOMPARE(frames.pongReceived(kStart), Verdict::Ignored);
    }
    QVERIFY(!frames.takePong());
}

void TestControlFrames::anEndWithoutACloseFrameIsTransport()
{
    ControlFrames frames(100, kStart);
    QVERIFY(frames.inputEnded());
    QVERIFY(!frames.inputEnded());
    QVERIFY(!frames.isOpen());
    QVERIFY(!frames.close({By::Us, 1000, {}})); // too late
    QVERIFY(frames.streamEnded(StreamEnd::Stalled, 4711));
    QVERIFY(frames.end().by == By::Transport);
    QCOMPARE(int(frames.end().code), 1006);
    QVERIFY(frames.end().stream == StreamEnd::Stalled);
    QCOMPARE(frames.end().unsent, std::uint64_t(4711));
}

void TestControlFrames::whoSendsOnBehindOurCloseIsNotReadForEver()
{
    ControlFrames frames(100, kStart);
    QVERIFY(frames.bytesReceived(10 * ControlFrames::kMostAfterClose)); // as long as it is open
    QVERIFY(frames.close({By::Us, 1009, {}}));
    QVERIFY(frames.bytesReceived(ControlFrames::kMostAfterClose));
    QVERIFY(!frames.bytesReceived(1));
    QVERIFY(!frames.bytesReceived(std::numeric_limits<std::size_t>::max()));
    QVERIFY(!frames.bytesReceived(0));
}

void TestControlFrames::theStreamEndsOnce()
{
    ControlFrames frames(100, kStart);
    QVERIFY(frames.streamEnded(StreamEnd::PeerReset, 1));
    QVERIFY(!frames.streamEnded(StreamEnd::Closed, 2));
    QCOMPARE(frames.end().unsent, std::uint64_t(1));
    QVERIFY(!frames.isOpen());
    QVERIFY(!frames.close({By::Us, 1000, {}}));
}

WATCHWORD_TEST_MAIN(TestControlFrames)
#include "tst_controlframes.moc"
