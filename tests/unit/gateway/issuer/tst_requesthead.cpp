// SPDX-License-Identifier: Apache-2.0
#include "headtext.h"
#include "http/httpmessage.h"
#include "support/testmain.h"

using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

class TestRequestHead : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void readsAnUpgrade();
    void hostile_data();
    void hostile();
    void hosts();
    void absoluteForm();
    void everyPrefixIsIncomplete();
    void garbageIsInvalidAtOnce();
    void tooLarge();
    void tooManyFields();
    void bodyIsNotTouched();
    void keepsAlive_data();
    void keepsAlive();
    void formFields();
    void answersCannotBeSplit();
};

namespace {

const QByteArray kUpgrade = "GET /v1/stream?after=a%20b&x HTTP/1.1\r\n"
                            "Host: 127.0.0.1:8443\r\n"
                            "Upgrade: websocket\r\n"
                            "Connection: keep-alive,\tUpgrade\r\n"
                            "Sec-WebSocket-Protocol: watchword.v1\r\n"
                            "sec-websocket-protocol:  other , more \r\n"
                            "Sec-WebSocket-Version: 13\r\n"
                            "X-Empty:\r\n"
                            "\r\n";

} // namespace

void TestRequestHead::readsAnUpgrade()
{
    const HeadText read = readHead(kUpgrade + "more");
    const ParsedHead &parsed = read.parsed;
    QVERIFY(read.isComplete);
    QCOMPARE(parsed.status, 0);
    const RequestHead &head = parsed.head;
    QCOMPARE(head.method, QByteArray("GET"));
    QCOMPARE(head.target, QByteArray("/v1/stream?after=a%20b&x"));
    QCOMPARE(head.path, QByteArray("/v1/stream"));
    QCOMPARE(head.query, QByteArray("after=a%20b&x"));
    QCOMPARE(head.minorVersion, 1);
    QCOMPARE(read.size, kUpgrade.size());
    QCOMPARE(head.value("HOST"), QByteArray("127.0.0.1:8443"));
    const QList<QByteArray> protocols{"watchword.v1", "other , more"};
    QCOMPARE(head.values("Sec-WebSocket-Protocol"), protocols);
    QVERIFY(head.contains("x-empty"));
    QVERIFY(head.value("X-Empty").isEmpty());
    QVERIFY(head.hasToken("Connection", "upgrade"));
    QVERIFY(head.hasToken("Sec-WebSocket-Protocol", "MORE"));
    QVERIFY(!head.hasToken("Connection", "upgra"));
    QVERIFY(!head.contains("Hos"));
}

void TestRequestHead::hostile_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("status");
    const auto add = [](const char *name, const QByteArray &bytes, int status = 400) { QTest::newRow(name) << bytes << status; };
    const QByteArray line = "GET / HTTP/1.1\r\n";
    const QByteArray host = "Host: a\r\n";
    add("no host", line + "\r\n");
    add("two hosts", line + host + "hOST: b\r\n\r\n");
    add("length and chunked", line + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc");
    add("chunked and length", line + host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc");
    add("two equal lengths", line + host + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc");
    add("two lengths", line + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc");
    add("length list", line + host + "Content-Length: 3, 3\r\n\r\nabc");
    add("negative length", line + host + "Content-Length: -3\r\n\r\n");
    add("signed length", line + host + "Content-Length: +3\r\n\r\n");
    add("hexadecimal length", line + host + "Content-Length: 0x3\r\n\r\n");
    add("a length of nothing", line + host + "Content-Length:\r\n\r\n");
    add("a length beyond 63 bits", line + host + "Content-Length: 18446744073709551615\r\n\r\n");
    add("length overflow", line + host + "Content-Length: 99999999999999999999999999\r\n\r\n");
    add("folded field", line + host + "X: a\r\n b\r\n\r\n");
    add("folded with tab", line + host + "X: a\r\n\tb\r\n\r\n");
    add("folded first field", line + " X: a\r\n" + host + "\r\n");
    add("space before colon", line + "Host : a\r\n\r\n");
    add("empty name", line + host + ": a\r\n\r\n");
    add("bad name", line + host + "X(Y): a\r\n\r\n");
    add("no colon", line + host + "nonsense\r\n\r\n");
    add("nul in a value", line + host + QByteArray("X: a\0b\r\n\r\n", 10));
    add("nul in the target", QByteArray("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29));
    add("delete in a value", line + host + "X: a\x7f\r\n\r\n");
    add("bare line feeds", "GET / HTTP/1.1\nHost: a\n\n");
    add("bare line feed in a field", line + "Host: a\nX: b\r\n\r\n");
    add("bare carriage return", line + "Host: a\rX: b\r\n\r\n");
    add("http 0.9", "GET /\r\n\r\n");
    add("http 2.0", "GET / HTTP/2.0\r\n" + host + "\r\n", 505);
    add("http 1.2", "GET / HTTP/1.2\r\n" + host + "\r\n", 505);
    add("http preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    add("absolute form of another scheme", "GET ftp://a/ HTTP/1.1\r\n" + host + "\r\n");
    add("absolute form without a host", "GET https:///a HTTP/1.1\r\n" + host + "\r\n");
    add("absolute form with a user", "GET https://u@a/ HTTP/1.1\r\n" + host + "\r\n");
    add("absolute form without Host", "GET https://a/ HTTP/1.1\r\n\r\n");
    add("absolute form with a fragment", "GET https://a#b HTTP/1.1\r\n" + host + "\r\n");
    for (const char *bad : {"", "a b/../x", "u@localhost", "a/b", "a?b", "a:b", "a:1:2", "a:65536", "a:123456", ":80", "[::1",
                            "::1", "[::1]x", "[]", "a\\b", "a\"b", "\xc3\xa4"})
        add(qPrintable(u"Host \"%1\""_s.arg(QString::fromUtf8(bad))), line + "Host: " + bad + "\r\n\r\n");
    add("authority form", "CONNECT a:443 HTTP/1.1\r\n" + host + "\r\n");
    add("asterisk form", "OPTIONS * HTTP/1.1\r\n" + host + "\r\n");
    add("fragment", "GET /a#b HTTP/1.1\r\n" + host + "\r\n");
    add("raw utf-8 in the target", "GET /\xc3\xa4 HTTP/1.1\r\n" + host + "\r\n");
    add("space in the target", "GET /a b HTTP/1.1\r\n" + host + "\r\n", 505);
    add("two spaces", "GET  / HTTP/1.1\r\n" + host + "\r\n");
    add("two leading empty lines", "\r\n\r\n" + line + host + "\r\n"); // one is legal (RFC 9112 section 2.2)
    add("leading space", " " + line + host + "\r\n");
    add("a method that is no token", "G(T / HTTP/1.1\r\n" + host + "\r\n");
    add("two transfer encodings", line + host + "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
}

void TestRequestHead::hostile()
{
    QFETCH(QByteArray, bytes);
    const ParsedHead parsed = parseHead(bytes);
    QTEST(parsed.status, "status");
    QVERIFY(!parsed.problem.isEmpty());
    QVERIFY(parsed.head.headers.isEmpty());
}

void TestRequestHead::hosts()
{
    for (const char *good :
         {"a", "a:", "a:443", "localhost:65535", "127.0.0.1:8443", "[::1]", "[2001:db8::1]:443", "a_b.example", "%41"})
        QCOMPARE(parseHead(QByteArray("GET / HTTP/1.1\r\nHost: ") + good + "\r\n\r\n").status, 0);
}

// RFC 9112 section 3.2.2.
void TestRequestHead::absoluteForm()
{
    const auto read = [](const QByteArray &target) { return parseHead("GET " + target + " HTTP/1.1\r\nHost: other\r\n\r\n"); };
    ParsedHead parsed = read("HTTPS://gateway.test:8443/v1/stream?after=a");
    QCOMPARE(parsed.status, 0);
    QCOMPARE(parsed.head.path, QByteArray("/v1/stream"));
    QCOMPARE(parsed.head.query, QByteArray("after=a"));
    QCOMPARE(parsed.head.values("Host"), QList<QByteArray>{"gateway.test:8443"});
    parsed = read("wss://[::1]?x");
    QCOMPARE(parsed.status, 0);
    QCOMPARE(parsed.head.target, QByteArray("/?x"));
    QCOMPARE(parsed.head.value("Host"), QByteArray("[::1]"));
    parsed = parseHead("GET http://a HTTP/1.0\r\n\r\n");
    QCOMPARE(parsed.head.target, QByteArray("/"));
    QCOMPARE(parsed.head.value("Host"), QByteArray("a"));
}

void TestRequestHead::everyPrefixIsIncomplete()
{
    for (qsizetype size = 0; size < kUpgrade.size(); ++size)
        QVERIFY(!readHead(kUpgrade.first(size)).isComplete && readHead(kUpgrade.first(size)).parsed.isGood());
}

void TestRequestHead::garbageIsInvalidAtOnce()
{
    QCOMPARE(parseHead(QByteArray("\x16\x03\x01", 3)).status, 400); // TLS to a plain port
    QCOMPARE(parseHead("SSH-2.0-OpenSSH_9.2\r\n").status, 400);
    QCOMPARE(parseHead(QByteArray(40, 'A')).status, 400);
}

void TestRequestHead::tooLarge()
{
    const auto line = [](qsizetype size) { return QByteArray("X: ") + QByteArray(size - 3, 'a') + "\r\n"; };
    const QByteArray first = "GET / HTTP/1.1\r\nHost: a\r\n";
    QCOMPARE(parseHead(first + line(16'384) + "\r\n").status, 0);
    QCOMPARE(parseHead(first + line(16'385)).status, 431);
    QCOMPARE(parseHead(first + line(16'000).repeated(4) + "\r\n").status, 0);
    QCOMPARE(parseHead(first + line(16'000).repeated(5) + "\r\n").status, 431);
    QCOMPARE(parseHead("GET /" + QByteArray(17'000, 'a')).status, 414);
}

void TestRequestHead::tooManyFields()
{
    QByteArray bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 99; ++i)
        bytes += "X" + QByteArray::number(i) + ": 1\r\n";
    QCOMPARE(parseHead(bytes + "\r\n").status, 0);
    QCOMPARE(parseHead(bytes + "Y: 1\r\n\r\n").status, 431);
}

void TestRequestHead::bodyIsNotTouched()
{
    const QByteArray head = "POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    const HeadText read = readHead(head + QByteArray("\0\n\r\nx", 5));
    QVERIFY(read.isComplete);
    QCOMPARE(read.size, head.size());
    QCOMPARE(read.parsed.head.contentLength(), 5);
    QVERIFY(!read.parsed.head.isChunked());
}

void TestRequestHead::keepsAlive_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("alive");
    QTest::newRow("1.1") << QByteArray("GET / HTTP/1.1\r\nHost: a\r\n\r\n") << true;
    QTest::newRow("1.1 close") << QByteArray("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n") << false;
    QTest::newRow("1.0") << QByteArray("GET / HTTP/1.0\r\n\r\n") << false;
    QTest::newRow("1.0 keep") << QByteArray("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") << true;
}

void TestRequestHead::keepsAlive()
{
    QFETCH(QByteArray, bytes);
    const ParsedHead parsed = parseHead(bytes);
    QCOMPARE(parsed.status, 0);
    QTEST(parsed.head.keepsAlive(), "alive");
}

void TestRequestHead::formFields()
{
    const FormFields fields = FormFields::parse("a=1+2&b=%2B%26&c&a=3&=x&d=%zz");
    QCOMPARE(fields.value(u"a"_s), u"1 2"_s);
    QCOMPARE(fields.value(u"b"_s), u"+&"_s);
    QVERIFY(fields.contains(u"c"_s));
    QVERIFY(fields.value(u"c"_s).isEmpty());
    QVERIFY(!fields.contains(u"e"_s));
    QVERIFY(fields.hasRepeatedName());
    QVERIFY(!FormFields::parse("a=1&b=1").hasRepeatedName());
}

void TestRequestHead::answersCannotBeSplit()
{
    HttpResponse response = HttpResponse::json(200, {});
    response.with("X-Bad", "a\r\nSet-Cookie: b").with("X Bad", "c").with("X-Good", "d");
    const QByteArray bytes = response.toBytes(true);
    QVERIFY(!bytes.contains("Set-Cookie"));
    QVERIFY(!bytes.contains("X Bad"));
    QVERIFY(bytes.contains("\r\nX-Good: d\r\n"));
    QVERIFY(bytes.contains("\r\nContent-Length: 2\r\n\r\n{}"));
    QVERIFY(response.toBytes(true, true).endsWith("\r\nContent-Length: 2\r\n\r\n"));
    for (const int status : {400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 426, 429, 431, 500, 502, 503, 504, 505})
        QVERIFY(reasonPhrase(status) != "Unknown");
}

WATCHWORD_TEST_MAIN(TestRequestHead)
#include "tst_requesthead.moc"
