// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/httphead.h"

#include "support/testmain.h"

#include <algorithm>

using namespace Watchword::Wire;
using namespace Qt::StringLiterals;

Q_DECLARE_METATYPE(Watchword::Wire::HeadFault)

/*! Heads of requests and answers: what is read, what is refused and why, wherever the stream is cut. */
class TestHttpHeads : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void requestIsRead();
    void answerIsRead();
    void lists();
    void faults_data();
    void faults();
    void limits_data();
    void limits();
    void whatFollowsStays();
    void emptyLineBeforeARequest();
    void bodies_data();
    void bodies();
    void everyFaultSpeaks();
};

namespace {

Bytes bytesOf(const QByteArray &text)
{
    return {reinterpret_cast<const std::uint8_t *>(text.constData()), std::size_t(text.size())};
}

QByteArray arrayOf(std::string_view text)
{
    return QByteArray(text.data(), qsizetype(text.size()));
}

struct Outcome
{
    HeadFault fault = HeadFault::None;
    bool isComplete = false;
    qsizetype consumed = 0;
    bool operator==(const Outcome &) const = default;
};

Outcome outcomeOf(HeadReader &reader, const QByteArray &text, qsizetype step)
{
    Outcome outcome;
    for (qsizetype at = 0; at < text.size() && !reader.isComplete() && reader.fault() == HeadFault::None;) {
        const qsizetype taken = qsizetype(reader.feed(bytesOf(text.mid(at, step))));
        at += taken;
        outcome.consumed = at;
    }
    outcome.fault = reader.fault();
    outcome.isComplete = reader.isComplete();
    return outcome;
}

HttpHead headOf(HeadKind kind, const QByteArray &text)
{
    HeadReader reader(kind);
    reader.feed(bytesOf(text));
    return reader.head();
}

} // namespace

void TestHttpHeads::requestIsRead()
{
    const QByteArray text = "GET /v1/stream?room=a%20b HTTP/1.1\r\nHost: a.test:8443\r\nX-Empty:\r\nX-Blanks:  \t a b \t \r\n"
                            "accept: x\r\nACCEPT: y\r\n\r\n";
    for (qsizetype step = 1; step <= text.size(); ++step) {
        HeadReader reader(HeadKind::Request);
        QCOMPARE(outcomeOf(reader, text + "more", step), (Outcome{HeadFault::None, true, text.size()}));
        // A copy stands for itself.
        const HttpHead copy = reader.head();
        reader.reset();
        QCOMPARE(arrayOf(copy.method()), "GET");
        QCOMPARE(arrayOf(copy.target()), "/v1/stream?room=a%20b");
        QCOMPARE(copy.minorVersion(), 1);
        QCOMPARE(copy.fieldCount(), 5U);
        QCOMPARE(arrayOf(copy.value("HOST")), "a.test:8443");
        QCOMPARE(arrayOf(copy.value("x-blanks")), "a b");
        QVERIFY(copy.value("x-empty").empty());
        QCOMPARE(copy.count("x-empty"), 1U);
        QCOMPARE(copy.values("Accept").size(), 2U);
        QCOMPARE(arrayOf(copy.text()), text);
    }
}

void TestHttpHeads::answerIsRead()
{
    const HttpHead head = headOf(HeadKind::Response, "HTTP/1.1 503 Out to lunch\r\nRetry-After: 5\r\n\r\n");
    QCOMPARE(head.status(), 503);
    QCOMPARE(arrayOf(head.reason()), "Out to lunch");
    QCOMPARE(arrayOf(head.value("retry-after")), "5");
    QCOMPARE(headOf(HeadKind::Response, "HTTP/1.0 200 \r\n\r\n").status(), 200);
    QCOMPARE(headOf(HeadKind::Response, "HTTP/1.0 200 \r\n\r\n").minorVersion(), 0);
}

void TestHttpHeads::lists()
{
    const HttpHead head = headOf(HeadKind::Response,
                                 "HTTP/1.1 101 x\r\nConnection: keep-alive\r\nConnection: , foo ,\tUpGrade\r\n"
                                 "Other: upgraded, up grade\r\n\r\n");
    QVERIFY(head.listHas("connection", "upgrade"));
    QVERIFY(head.listHas("connection", "Keep-Alive"));
    QVERIFY(!head.listHas("other", "upgrade"));
    QVERIFY(!head.listHas("absent", "upgrade"));
}

void TestHttpHeads::faults_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<HeadFault>("fault");
    const auto add = [](const char *name, const QByteArray &lines, HeadFault fault) {
        QTest::newRow(name) << QByteArray("GET / HTTP/1.1\r\n" + lines + "\r\n") << fault;
    };
    const auto addFirst = [](const char *name, const QByteArray &line, HeadFault fault) {
        QTest::newRow(name) << QByteArray(line + "\r\nHost: a\r\n\r\n") << fault;
    };
    add("nothing wrong", "Host: a\r\n", HeadFault::None);
    add("bare line feed", "Host: a\n", HeadFault::LineEnd);
    add("bare carriage return", "Host: a\rX: b\r\n", HeadFault::LineEnd);
    add("two carriage returns", "Host: a\r\r\n", HeadFault::LineEnd);
    add("NUL", QByteArray("Host: a\0b\r\n", 11), HeadFault::ControlCharacter);
    add("escape", "Host: a\x1b[0m\r\n", HeadFault::ControlCharacter);
    add("DEL", "Host: a\x7f\r\n", HeadFault::ControlCharacter);
    add("folded", "Host: a\r\n b\r\n", HeadFault::FoldedLine);
    add("folded by a tab", "X: a\r\n\tb\r\n", HeadFault::FoldedLine);
    add("folded first line", " Host: a\r\n", HeadFault::FoldedLine);
    add("no colon", "Host\r\n", HeadFault::Malformed);
    add("blank before the colon", "Host : a\r\n", HeadFault::Malformed);
    add("no name", ": a\r\n", HeadFault::Malformed);
    add("blank in the name", "Ho st: a\r\n", HeadFault::Malformed);
    add("two lengths", "Content-Length: 1\r\nContent-Length: 2\r\n", HeadFault::Framing);
    add("twice the same length", "Content-Length: 1\r\ncontent-length: 1\r\n", HeadFault::Framing);
    add("a list of lengths", "Content-Length: 1, 1\r\n", HeadFault::Framing);
    add("a signed length", "Content-Length: +1\r\n", HeadFault::Framing);
    add("a length with letters", "Content-Length: 0x10\r\n", HeadFault::Framing);
    add("a length without end", "Content-Length: 99999999999999999999999\r\n", HeadFault::Framing);
    add("length and chunks", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", HeadFault::Framing);
    add("two encodings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", HeadFault::Framing);
    addFirst("no version", "GET /", HeadFault::Malformed);
    addFirst("HTTP/2", "GET / HTTP/2.0", HeadFault::Version);
    addFirst("HTTP/1.2", "GET / HTTP/1.2", HeadFault::Version);
    addFirst("lower case", "GET / http/1.1", HeadFault::Version);
    addFirst("blanks", "GET  / HTTP/1.1", HeadFault::Malformed);
    addFirst("no target", "GET HTTP/1.1", HeadFault::Malformed);
    addFirst("TLS", "\x16\x03\x01", HeadFault::ControlCharacter);
    addFirst("an answer", "HTTP/1.1 200 OK", HeadFault::Malformed);
}

void TestHttpHeads::faults()
{
    QFETCH(QByteArray, text);
    QFETCH(HeadFault, fault);
    HeadReader whole(HeadKind::Request);
    const Outcome expected = outcomeOf(whole, text, text.size());
    QVERIFY2(expected.fault == fault, describe(expected.fault).data());
    QCOMPARE(expected.isComplete, fault == HeadFault::None);
    QVERIFY(fault == HeadFault::None || whole.head().fieldCount() == 0);
    for (qsizetype step = 1; step < text.size(); ++step) {
        HeadReader reader(HeadKind::Request);
        QCOMPARE(outcomeOf(reader, text, step), expected);
    }
}

void TestHttpHeads::limits_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<HeadFault>("fault");
    const QByteArray first = "GET / HTTP/1.1\r\n";
    const auto line = [](qsizetype size) { return QByteArray("X: ") + QByteArray(size - 3, 'a') + "\r\n"; };
    QTest::newRow("a line of 16 KiB") << QByteArray(first + line(16384) + "\r\n") << HeadFault::None;
    QTest::newRow("one byte more") << QByteArray(first + line(16385) + "\r\n") << HeadFault::LineTooLong;
    QTest::newRow("a target of 16 KiB") << QByteArray("GET /" + QByteArray(16384 - 14, 'a') + " HTTP/1.1\r\n\r\n")
                                        << HeadFault::None;
    QTest::newRow("a target too long") << QByteArray("GET /" + QByteArray(20'000, 'a')) << HeadFault::FirstLineTooLong;
    QTest::newRow("a head of 64 KiB") << QByteArray(first + line(16382).repeated(3) + line(16364) + "\r\n") << HeadFault::None;
    QTest::newRow("one byte more of all") << QByteArray(first + line(16382).repeated(3) + line(16365) + "\r\n")
                                          << HeadFault::HeadTooLong;
    QTest::newRow("128 fields") << QByteArray(first + line(10).repeated(128) + "\r\n") << HeadFault::None;
    QTest::newRow("129 fields") << QByteArray(first + line(10).repeated(129) + "\r\n") << HeadFault::TooManyFields;
}

void TestHttpHeads::limits()
{
    QFETCH(QByteArray, text);
    QFETCH(HeadFault, fault);
    for (const qsizetype step : {qsizetype(1), qsizetype(1000), text.size()}) {
        HeadReader reader(HeadKind::Request);
        const HeadFault found = outcomeOf(reader, text, step).fault;
        QVERIFY2(found == fault, describe(found).data());
        QVERIFY(reader.bytesHeld() <= 128 * 1024);
    }
}

void TestHttpHeads::whatFollowsStays()
{
    const QByteArray head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    HeadReader reader(HeadKind::Request);
    QCOMPARE(reader.feed(bytesOf(head + head)), std::size_t(head.size()));
    QCOMPARE(reader.feed(bytesOf(head)), 0U);
    reader.reset();
    QVERIFY(!reader.isComplete());
    QCOMPARE(reader.feed(bytesOf(head)), std::size_t(head.size()));
    QVERIFY(reader.isComplete());
}

void TestHttpHeads::emptyLineBeforeARequest()
{
    const QByteArray head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    HeadReader once(HeadKind::Request);
    QCOMPARE(outcomeOf(once, "\r\n" + head, 1), (Outcome{HeadFault::None, true, head.size() + 2}));
    HeadReader twice(HeadKind::Request);
    QCOMPARE(outcomeOf(twice, "\r\n\r\n" + head, 1).fault, HeadFault::Malformed);
    HeadReader answer(HeadKind::Response);
    QCOMPARE(outcomeOf(answer, "\r\nHTTP/1.1 200 OK\r\n\r\n", 1).fault, HeadFault::Malformed);
}

void TestHttpHeads::bodies_data()
{
    QTest::addColumn<QByteArray>("head");
    QTest::addColumn<QByteArray>("stream");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<qsizetype>("left"); //!< Of the stream, behind the body.
    QTest::addColumn<QString>("state");
    const QByteArray ok = "HTTP/1.1 403 No\r\n";
    const auto add = [](const char *name, const QByteArray &head, const QByteArray &stream, const QByteArray &body,
                        qsizetype left, const QString &state) {
        QTest::newRow(name) << QByteArray(head + "\r\n") << stream << body << left << state;
    };
    add("length", ok + "Content-Length: 5\r\n", "hellomore", "hello", 4, u"complete"_s);
    add("no body", ok + "Content-Length: 0\r\n", "more", "", 4, u"complete"_s);
    add("no content", "HTTP/1.1 204 No\r\n", "more", "", 4, u"complete"_s);
    add("too short", ok + "Content-Length: 5\r\n", "hell", "hell", 0, u"faulty"_s);
    add("up to the end", ok, "hello", "hello", 0, u"complete"_s);
    add("chunks", ok + "Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\nmore", "hello", 4, u"complete"_s);
    add("trailer", ok + "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX: y\r\n\r\nmore", "hello", 4, u"complete"_s);
    add("chunks cut", ok + "Transfer-Encoding: chunked\r\n", "5\r\nhel", "hel", 0, u"faulty"_s);
    add("wrong chunk", ok + "Transfer-Encoding: chunked\r\n", "x\r\nhello", "", -1, u"faulty"_s);
    add("a chunk without end", ok + "Transfer-Encoding: chunked\r\n", "5;" + QByteArray(20'000, 'x'), "", -1, u"faulty"_s);
    add("much", ok + "Content-Length: 100000\r\n", QByteArray(100'000, 'x'), QByteArray(2048, 'x'), 0, u"complete, cut"_s);
}

void TestHttpHeads::bodies()
{
    QFETCH(QByteArray, head);
    QFETCH(QByteArray, stream);
    QFETCH(qsizetype, left);
    for (const qsizetype step : {qsizetype(1), qsizetype(3), qsizetype(5000), stream.size()}) {
        BodyReader reader(HeadKind::Response, headOf(HeadKind::Response, head), 2048);
        qsizetype at = 0;
        while (at < stream.size() && !reader.isComplete() && !reader.isFaulty())
            at += qsizetype(reader.feed(bytesOf(stream.mid(at, step))));
        if (left >= 0)
            QCOMPARE(stream.size() - at, left);
        reader.finish();
        const QString state = (reader.isFaulty()         ? u"faulty"_s
                                   : reader.isComplete() ? u"complete"_s
                                                         : u"open"_s)
            + (reader.isCut() ? u", cut"_s : QString());
        QTEST(state, "state");
        QTEST(QByteArray::fromStdString(reader.body()), "body");
    }
}

void TestHttpHeads::everyFaultSpeaks()
{
    for (int i = 0; i <= int(HeadFault::Version); ++i) {
        QVERIFY(describe(HeadFault(i)) != "unknown fault");
        QCOMPARE(statusOf(HeadFault(i)) >= 400, HeadFault(i) != HeadFault::None);
    }
}

WATCHWORD_TEST_MAIN(TestHttpHeads)
#include "tst_httpheads.moc"
