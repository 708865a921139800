// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/link/connectionoptions.h"
#include "wire_p.h"

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TestWire : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void token68_data();
    void token68();
    void urls_data();
    void urls();
    void optionsAreValidated_data();
    void optionsAreValidated();
    void answers();
    void brokenAnswers_data();
    void brokenAnswers();
    void retryAfter_data();
    void retryAfter();
    void challenge();
    void problems();
    void statusFromText();
};

void TestWire::token68_data()
{
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<bool>("valid");
    QTest::newRow("jwt") << QByteArray("eyJhbGciOi.J9_-x.abc") << true;
    QTest::newRow("padding") << QByteArray("abc+/~==") << true;
    QTest::newRow("empty") << QByteArray() << false;
    QTest::newRow("only padding") << QByteArray("==") << false;
    QTest::newRow("padding inside") << QByteArray("a=b") << false;
    QTest::newRow("space") << QByteArray("a b") << false;
    QTest::newRow("line break") << QByteArray("a\r\nX-Admin: 1") << false;
    QTest::newRow("nul") << QByteArray("a\0b", 3) << false;
    QTest::newRow("not ascii") << QByteArray("\xc3\xa4") << false;
}

void TestWire::token68()
{
    QFETCH(QByteArray, value);
    QTEST(Wire::isToken68(value), "valid");
}

void TestWire::urls_data()
{
    QTest::addColumn<QString>("url");
    QTest::addColumn<bool>("plainAllowed");
    QTest::addColumn<QString>("code");
    QTest::newRow("good") << u"wss://a.test/x?y=1"_s << false << QString();
    QTest::newRow("plain") << u"ws://a.test/"_s << false << u"InsecureTransport"_s;
    QTest::newRow("plain elsewhere") << u"ws://a.test/"_s << true << u"InsecureTransport"_s;
    QTest::newRow("plain, name like loopback")
        << u"ws://localhost.a.test/"_s << true << u"InsecureTransport"_s;
    QTest::newRow("plain loopback without opt-in") << u"ws://127.0.0.1/"_s << false << u"InsecureTransport"_s;
    QTest::newRow("plain loopback 4") << u"ws://127.8.0.1:80/"_s << true << QString();
    QTest::newRow("plain loopback 6") << u"ws://[::1]:80/"_s << true << QString();
    QTest::newRow("plain localhost") << u"ws://LocalHost/"_s << true << QString();
    QTest::newRow("https") << u"https://a.test/"_s << false << u"InvalidArgument"_s;
    QTest::newRow("no host") << u"wss:///x"_s << false << u"InvalidArgument"_s;
    QTest::newRow("empty") << QString() << false << u"InvalidArgument"_s;
    QTest::newRow("user") << u"wss://me:pw@a.test/"_s << false << u"InvalidArgument"_s;
    QTest::newRow("token in query") << u"wss://a.test/?access_token=abc"_s << false << u"InvalidArgument"_s;
}

void TestWire::urls()
{
    QFETCH(QString, url);
    QFETCH(bool, plainAllowed);
    const Result<void> result = Wire::checkUrl(QUrl(url), plainAllowed);
    QTEST(result ? QString() : result.error().codeName(), "code");
    if (!result)
        QVERIFY(!result.error().detail().contains("abc"_L1) && !result.error().detail().contains("pw"_L1));
    QCOMPARE(Wire::normalised(QUrl(u"wss://a.test?x=1#f"_s)), QUrl(u"wss://a.test/?x=1"_s));
}

void TestWire::optionsAreValidated_data()
{
    QTest::addColumn<std::function<void(ConnectionOptions &)>>("change");
    QTest::addColumn<QString>("word");
    const auto row = [](const char *name, std::function<void(ConnectionOptions &)> change,
                        const QString &word) { QTest::newRow(name) << change << word; };
    row("good", [](ConnectionOptions &) {}, {});
    row(
        "origin", [](ConnectionOptions &o) { o.origin = "https://a.test\r\nX: 1"; }, u"origin"_s);
    row(
        "subprotocol", [](ConnectionOptions &o) { o.subprotocols = {u"a=b"_s}; }, u"subprotocols"_s);
    row(
        "subprotocol not ascii", [](ConnectionOptions &o) { o.subprotocols = {u"\u00e4"_s}; },
        u"subprotocols"_s);
    row(
        "header name",
        [](ConnectionOptions &o) {
            o.headers = {{"X Y", "1"}};
        },
        u"headers"_s);
    row(
        "header value",
        [](ConnectionOptions &o) {
            o.headers = {{"X-Y", "1\r\nHost: b"}};
        },
        u"X-Y"_s);
    row(
        "authorization",
        [](ConnectionOptions &o) {
            o.headers = {{"AUTHORIZATION", "x"}};
        },
        u"AUTHORIZATION"_s);
    row(
        "websocket header",
        [](ConnectionOptions &o) {
            o.headers = {{"Sec-WebSocket-Extensions", "x"}};
        },
        u"Sec-"_s);
    row(
        "pin", [](ConnectionOptions &o) { o.pinnedKeys = {"short"}; }, u"pinnedKeys"_s);
    row(
        "time", [](ConnectionOptions &o) { o.heartbeat = 0ms; }, u"time"_s);
    row(
        "budget", [](ConnectionOptions &o) { o.budgetAttempts = 0; }, u"budgetAttempts"_s);
    row(
        "water", [](ConnectionOptions &o) { o.lowWater = o.highWater; }, u"lowWater"_s);
}

void TestWire::optionsAreValidated()
{
    QFETCH(std::function<void(ConnectionOptions &)>, change);
    QFETCH(QString, word);
    ConnectionOptions options;
    options.url = QUrl(u"wss://a.test/"_s);
    change(options);
    const Result<void> result = options.validate();
    QCOMPARE(result.isOk(), word.isEmpty());
    if (!result)
        QVERIFY2(result.error().detail().contains(word), qPrintable(result.error().toString()));
}

void TestWire::answers()
{
    qsizetype head = 0;
    const HttpAnswer answer =
        Wire::parseAnswer("HTTP/1.1 429 Too Many\r\nRetry-After:  7 \r\nX: a:b\r\n\r\nbody", &head);
    QCOMPARE(answer.status, 429);
    QCOMPARE(answer.header("retry-after"), QByteArray("7"));
    QCOMPARE(answer.header("x"), QByteArray("a:b"));
    QCOMPARE(answer.header("missing"), QByteArray());
    QCOMPARE(answer.body, QByteArray("body"));
    QCOMPARE(head, 51);
    QCOMPARE(Wire::parseAnswer("HTTP/1.1 500 X\r\n\r\n" + QByteArray(10'000, 'x')).body.size(), 2048);
}

void TestWire::brokenAnswers_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("incomplete") << QByteArray("HTTP/1.1 401 X\r\nA: b\r\n");
    QTest::newRow("ssh") << QByteArray("SSH-2.0-x\r\n\r\n");
    QTest::newRow("no status") << QByteArray("HTTP/1.1\r\n\r\n");
    QTest::newRow("word") << QByteArray("HTTP/1.1 abc X\r\n\r\n");
    QTest::newRow("sign") << QByteArray("HTTP/1.1 -40 X\r\n\r\n");
    QTest::newRow("too large") << QByteArray("HTTP/1.1 700 X\r\n\r\n");
    QTest::newRow("four digits") << QByteArray("HTTP/1.1 4010 X\r\n\r\n");
}

void TestWire::brokenAnswers()
{
    QFETCH(QByteArray, bytes);
    QCOMPARE(Wire::parseAnswer(bytes).status, 0);
}

void TestWire::retryAfter_data()
{
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<qint64>("ms");
    QTest::newRow("seconds") << QByteArray("12") << qint64(12'000);
    QTest::newRow("zero") << QByteArray("0") << qint64(0);
    QTest::newRow("date") << QByteArray("Thu, 01 Jan 1970 00:01:30 GMT") << qint64(30'000);
    QTest::newRow("date in the past") << QByteArray("Thu, 01 Jan 1970 00:00:30 GMT") << qint64(0);
    QTest::newRow("far") << QByteArray("99999999999") << qint64(7 * 24 * 3600) * 1000;
    QTest::newRow("overflow") << QByteArray("99999999999999999999999") << qint64(-1);
    QTest::newRow("negative") << QByteArray("-5") << qint64(-1);
    QTest::newRow("word") << QByteArray("soon") << qint64(-1);
    QTest::newRow("empty") << QByteArray() << qint64(-1);
}

void TestWire::retryAfter()
{
    QFETCH(QByteArray, value);
    const auto parsed = Wire::parseRetryAfter(value, WallTime(60s));
    QTEST(parsed ? qint64(parsed->count()) : qint64(-1), "ms");
}

void TestWire::challenge()
{
    const QByteArray value =
        R"(Bearer realm="/a, b", error="insufficient_user_authentication", max_age=5, acr_values="x y")";
    QCOMPARE(Wire::challengeParameter(value, "error"), QByteArray("insufficient_user_authentication"));
    QCOMPARE(Wire::challengeParameter(value, "max_age"), QByteArray("5"));
    QCOMPARE(Wire::challengeParameter(value, "acr_values"), QByteArray("x y"));
    QCOMPARE(Wire::challengeParameter(value, "scope"), QByteArray());
}

void TestWire::problems()
{
    HttpAnswer answer{.status = 403, .body = R"({"title":"Locked\u000aout","ref":"audit-7"})"};
    QCOMPARE(Wire::problemText(answer), QString());
    answer.headers = {{"content-type", "application/problem+json; charset=utf-8"}};
    QCOMPARE(Wire::problemText(answer), u"Locked out (audit-7)"_s);
    answer.body = "{broken";
    QCOMPARE(Wire::problemText(answer), QString());
}

void TestWire::statusFromText()
{
    QCOMPARE(Wire::statusFromText(u"Unhandled http status code: 429 (Too Many Requests)."_s), 429);
    QCOMPARE(Wire::statusFromText(u"Unsupported WWW-Authenticate challenge(s) encountered."_s), 401);
    QCOMPARE(Wire::statusFromText(u"Connection refused"_s), 0);
}

WATCHWORD_TEST_MAIN(TestWire)
#include "tst_wire.moc"
