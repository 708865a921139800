// SPDX-License-Identifier: Apache-2.0
#include "relay/controlfilter.h"
#include "relay/messagereceipts.h"
#include "relay/relaymeter.h"
#include "relay/upstreampool.h"
#include "relay/upstreampulse.h"
#include "relay/upstreamrequest.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/*! What the relay decides without a socket. */
class TestRelayParts : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void controlOrData_data();
    void controlOrData();
    void limits();
    void receiptsWaitForTheLastByte();
    void fewestConnectionsFirst();
    void failedServersRest();
    void drainingServers();
    void targets_data();
    void targets();
    void cookies();
    void headerValues();
    void pulse();
};

namespace {

const QUrl kA(u"ws://a.test"_s);
const QUrl kB(u"ws://b.test"_s);
const QUrl kC(u"ws://c.test"_s);

} // namespace

void TestRelayParts::controlOrData_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("isControl");
    QTest::addColumn<QByteArray>("kept");
    const QByteArray mark("\x1e");
    QTest::newRow("plain") << QByteArray("abc") << false << QByteArray("abc");
    QTest::newRow("empty") << QByteArray() << false << QByteArray();
    QTest::newRow("control") << mark + "{}" << true << mark + "{}";
    QTest::newRow("mark alone") << mark << true << mark;
    QTest::newRow("escaped") << mark + mark + "x" << false << mark + "x";
    QTest::newRow("escaped mark alone") << mark + mark << false << mark;
    QTest::newRow("mark later") << "x" + mark << false << "x" + mark;
}

// The same wherever the text is cut, with empty pieces in between.
void TestRelayParts::controlOrData()
{
    QFETCH(const QByteArray, text);
    QFETCH(const bool, isControl);
    QFETCH(const QByteArray, kept);
    for (unsigned cuts = 0; cuts < (1U << (2 * text.size())); ++cuts) {
        QByteArrayList pieces{QByteArray()};
        for (qsizetype i = 0; i < text.size(); ++i) {
            for (unsigned cut = 0; cut < ((cuts >> (2 * i)) & 3U); ++cut)
                pieces.append(QByteArray());
            pieces.last().append(text[i]);
        }
        ControlFilter filter;
        filter.begin(Wire::Opcode::Text);
        QByteArray passed;
        ControlFilter::Verdict verdict = ControlFilter::Verdict::Hold;
        for (qsizetype i = 0; i < pieces.size(); ++i) {
            std::vector<std::uint8_t> bytes(pieces[i].begin(), pieces[i].end());
            Wire::MutableBytes piece(bytes);
            verdict = filter.look(piece, i == pieces.size() - 1);
            if (verdict == ControlFilter::Verdict::Pass)
                passed.append(Wire::textOf(piece).data(), qsizetype(piece.size()));
        }
        QCOMPARE(verdict, isControl ? ControlFilter::Verdict::Control : ControlFilter::Verdict::Pass);
        if (isControl) {
            const std::vector<std::uint8_t> control = filter.takeControl();
            passed = QByteArray(Wire::textOf(control).data(), qsizetype(control.size()));
        }
        QCOMPARE(passed, kept);
    }
}

void TestRelayParts::limits()
{
    EndpointLimits limits;
    limits.messageBytes = 100;
    limits.messagesPerSecond = 2;
    limits.bytesPerSecond = 0;
    limits.fragments = 3;
    const Instant now(1000s);
    const auto frame = [](Wire::Opcode opcode, std::uint64_t length) {
        Wire::FrameHeader header;
        header.opcode = opcode;
        header.length = length;
        return header;
    };
    RelayMeter meter(limits);
    QVERIFY(!meter.take(frame(Wire::Opcode::Text, 60), now));
    QVERIFY(!meter.take(frame(Wire::Opcode::Continuation, 40), now));
    QCOMPARE(meter.take(frame(Wire::Opcode::Continuation, 1), now)->limit, u"message_bytes"_s);
    meter = RelayMeter(limits);
    QCOMPARE(meter.take(frame(Wire::Opcode::Binary, 101), now)->code, CloseCode::MessageTooBig);
    meter = RelayMeter(limits);
    for (int i = 0; i < 3; ++i)
        QVERIFY(!meter.take(frame(i == 0 ? Wire::Opcode::Text : Wire::Opcode::Continuation, 0), now));
    QCOMPARE(meter.take(frame(Wire::Opcode::Continuation, 0), now)->limit, u"fragments"_s);
    meter = RelayMeter(limits);
    for (int i = 0; i < 4; ++i)
        QVERIFY(!meter.take(frame(Wire::Opcode::Text, 1), now));
    QCOMPARE(meter.take(frame(Wire::Opcode::Text, 1), now)->limit, u"messages_per_second"_s);
    QVERIFY(!meter.take(frame(Wire::Opcode::Text, 1), now + 1s));
}

void TestRelayParts::receiptsWaitForTheLastByte()
{
    Identity alice;
    alice.subject = u"alice"_s;
    Identity bob;
    bob.subject = u"bob"_s;
    const auto taken = std::make_shared<TakenIds>();
    MessageReceipts receipts(SeenIds::senderOf(alice), taken);
    receipts.written(u"one"_s, 100);
    receipts.written(u"two"_s, 200);
    receipts.written(u"three"_s, 200); // nothing of it had to be written
    receipts.written(u"four"_s, 201);
    QCOMPARE(receipts.takeSent(99), QStringList());
    QVERIFY(!receipts.isTaken(u"one"_s));
    QCOMPARE(receipts.takeSent(100), QStringList{u"one"_s});
    QVERIFY(receipts.isTaken(u"one"_s));
    QCOMPARE(receipts.takeSent(100), QStringList());
    QCOMPARE(receipts.takeSent(200), QStringList({u"two"_s, u"three"_s}));
    QVERIFY(!receipts.isEmpty());
    receipts.clear(); // what was not sent is not taken, and may come again
    QVERIFY(receipts.isEmpty());
    QCOMPARE(receipts.takeSent(1000), QStringList());
    QVERIFY(!receipts.isTaken(u"four"_s));
    QVERIFY(MessageReceipts(SeenIds::senderOf(alice), taken).isTaken(u"three"_s)); // on the next connection
    QVERIFY(!MessageReceipts(SeenIds::senderOf(bob), taken).isTaken(u"three"_s));
}

void TestRelayParts::fewestConnectionsFirst()
{
    UpstreamPool pool;
    pool.setServers({kA, kB, kC}, {});
    const Instant now(1000s);
    QCOMPARE(pool.order(now), QList<QUrl>({kA, kB, kC}));
    auto first = pool.take(kA);
    const auto second = pool.take(kB);
    QCOMPARE(pool.order(now), QList<QUrl>({kC, kA, kB}));
    first.reset();
    QCOMPARE(pool.order(now), QList<QUrl>({kA, kC, kB}));
    // What is known of a server outlives a reload.
    pool.setServers({kB, kA}, {});
    QCOMPARE(pool.connections(kB), 1);
    QCOMPARE(pool.order(now), QList<QUrl>({kA, kB}));
    pool.setServers({kA}, {});
    QCOMPARE(pool.connections(kB), 0);
}

void TestRelayParts::failedServersRest()
{
    UpstreamPool pool;
    pool.setServers({kA, kB}, {});
    Instant now(1000s);
    QVERIFY(pool.failed(kA, now));
    QVERIFY(!pool.failed(kA, now)); // for 2 s now
    QCOMPARE(pool.order(now + 1500ms), QList<QUrl>({kB, kA}));
    QCOMPARE(pool.order(now + 2s), QList<QUrl>({kA, kB}));
    for (int i = 0; i < 20; ++i)
        pool.failed(kA, now);
    QCOMPARE(pool.order(now + UpstreamPool::kLongestRest), QList<QUrl>({kA, kB}));
    // All rest: the one that is back first comes first.
    QVERIFY(pool.failed(kB, now));
    QCOMPARE(pool.order(now), QList<QUrl>({kB, kA}));
    QVERIFY(pool.works(kA));
    QVERIFY(!pool.works(kA));
    QCOMPARE(pool.order(now), QList<QUrl>({kA, kB}));
}

void TestRelayParts::drainingServers()
{
    UpstreamPool pool;
    pool.setServers({kA, kB}, {kA});
    const Instant now(1000s);
    QCOMPARE(pool.order(now), QList<QUrl>({kB}));
    pool.setServers({kA, kB}, {kA, kB});
    QCOMPARE(pool.order(now), QList<QUrl>({kA, kB}));
}

void TestRelayParts::targets_data()
{
    QTest::addColumn<bool>("isPrefix");
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("upstream");
    QTest::addColumn<QByteArray>("requested");
    QTest::addColumn<QByteArray>("query");
    QTest::addColumn<QByteArray>("target");
    const auto row = [](const char *name, bool isPrefix, const QString &path, const QString &upstream, const char *requested,
                        const char *query, const char *target) {
        QTest::newRow(name) << isPrefix << path << upstream << QByteArray(requested) << QByteArray(query) << QByteArray(target);
    };
    row("one path", false, u"/a"_s, u"ws://h/b"_s, "/a", "", "/b");
    row("no path", false, u"/a"_s, u"ws://h"_s, "/a", "", "/");
    row("query of the client", false, u"/a"_s, u"ws://h/b"_s, "/a", "x=1", "/b?x=1");
    row("query of the upstream", false, u"/a"_s, u"ws://h/b?y=2"_s, "/a", "x=1", "/b?y=2");
    row("stripped", true, u"/a"_s, u"ws://h"_s, "/a/c/d", "", "/c/d");
    row("stripped, itself", true, u"/a"_s, u"ws://h"_s, "/a", "", "/");
    row("replaced", true, u"/a"_s, u"ws://h/b/"_s, "/a/c", "x=1", "/b/c?x=1");
    row("replaced, itself", true, u"/a"_s, u"ws://h/b"_s, "/a", "", "/b");
    row("kept", true, u"/a"_s, u"ws://h/a"_s, "/a/", "", "/a/");
    row("all", true, u"/"_s, u"ws://h"_s, "/x/y", "", "/x/y");
    row("all, replaced", true, u"/"_s, u"ws://h/b"_s, "/x", "", "/b/x");
    row("encoded", true, u"/a"_s, u"ws://h/b"_s, "/a/%20%2fc", "", "/b/%20%2fc");
}

void TestRelayParts::targets()
{
    QFETCH(const bool, isPrefix);
    QFETCH(const QString, path);
    QFETCH(const QString, upstream);
    QFETCH(const QByteArray, requested);
    QFETCH(const QByteArray, query);
    QFETCH(const QByteArray, target);
    EndpointConfig config;
    config.isPrefix = isPrefix;
    config.path = path;
    QCOMPARE(UpstreamRequest::targetOf(config, QUrl(upstream), requested, query), target);
}

void TestRelayParts::cookies()
{
    RequestHead head;
    head.headers = {{"Cookie", "a=1; session=secret;b=2"}, {"cookie", "a=3; c"}};
    QCOMPARE(UpstreamRequest::cookiesOf(head, {u"a"_s, u"b"_s}), "a=1; b=2; a=3");
    QCOMPARE(UpstreamRequest::cookiesOf(head, {}), QByteArray());
}

void TestRelayParts::headerValues()
{
    const auto value = [](const QString &text) { return QByteArray::fromStdString(UpstreamRequest::headerValue(text)); };
    QCOMPARE(value(u"a\r\nX: ü"_s), QByteArray("a%0D%0AX: %C3%BC"));
    // Who trims the value must not take these for "alice".
    QCOMPARE(value(u" alice"_s), QByteArray("%20alice"));
    QCOMPARE(value(u"alice  "_s), QByteArray("alice%20%20"));
    QCOMPARE(value(u"alice b"_s), QByteArray("alice b"));
    QCOMPARE(value(u"\talice\t"_s), QByteArray("%09alice%09"));
    QCOMPARE(value(u"  "_s), QByteArray("%20%20"));
    QCOMPARE(value(QString()), QByteArray());
}

void TestRelayParts::pulse()
{
    using Verdict = UpstreamPulse::Verdict;
    UpstreamPulse pulse;
    // Who speaks is never asked.
    for (int i = 0; i < 5; ++i) {
        pulse.heard();
        QCOMPARE(pulse.look(true), Verdict::Fine);
    }
    // Who answers is asked at every second look.
    for (int i = 0; i < 5; ++i) {
        QCOMPARE(pulse.look(true), Verdict::Ping);
        pulse.heard();
        QCOMPARE(pulse.look(true), Verdict::Fine);
    }
    QCOMPARE(pulse.look(true), Verdict::Ping);
    // Nobody reads it, so its answer would not be seen.
    QCOMPARE(pulse.look(false), Verdict::Ping);
    QCOMPARE(pulse.look(false), Verdict::Ping);
    QCOMPARE(pulse.look(true), Verdict::Gone);
}

WATCHWORD_TEST_MAIN(TestRelayParts)
#include "tst_relayparts.moc"
