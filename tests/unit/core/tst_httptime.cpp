// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "watchword/core/internal/httptime.h"

using namespace Watchword;
using namespace std::chrono_literals;

/*! Dates and Retry-After of HTTP. */
class TestHttpTime : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void date_data();
    void date();
    void written();
    void retryAfter_data();
    void retryAfter();
};

namespace {

constexpr qint64 kNow = 1'800'000'000; // 15 January 2027
constexpr qint64 kNone = -1;

} // namespace

void TestHttpTime::date_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<qint64>("seconds");
    // RFC 9110 section 5.6.7
    QTest::newRow("IMF-fixdate") << QByteArray("Sun, 06 Nov 1994 08:49:37 GMT") << qint64(784'111'777);
    QTest::newRow("rfc850") << QByteArray("Sunday, 06-Nov-94 08:49:37 GMT") << qint64(784'111'777);
    QTest::newRow("asctime") << QByteArray("Sun Nov  6 08:49:37 1994") << qint64(784'111'777);
    QTest::newRow("asctime, two digits") << QByteArray("Wed Nov 16 08:49:37 1994") << qint64(784'975'777);
    QTest::newRow("spaces around") << QByteArray("  Sun, 06 Nov 1994 08:49:37 GMT\r") << qint64(784'111'777);
    QTest::newRow("before 1970") << QByteArray("Wed, 31 Dec 1969 23:59:58 GMT") << qint64(-2);
    QTest::newRow("leap day") << QByteArray("Tue, 29 Feb 2028 00:00:00 GMT") << qint64(1'835'395'200);
    // Two digits: up to 50 years ahead of 2027, else in the past.
    QTest::newRow("year 27") << QByteArray("Friday, 15-Jan-27 08:00:00 GMT") << qint64(1'800'000'000);
    QTest::newRow("year 77") << QByteArray("Friday, 15-Jan-77 00:00:00 GMT") << qint64(3'377'894'400);
    QTest::newRow("year 78") << QByteArray("Sunday, 15-Jan-78 00:00:00 GMT") << qint64(253'670'400);
    QTest::newRow("empty") << QByteArray() << kNone;
    QTest::newRow("number") << QByteArray("784111777") << kNone;
    QTest::newRow("other zone") << QByteArray("Sun, 06 Nov 1994 08:49:37 CET") << kNone;
    QTest::newRow("no zone") << QByteArray("Sun, 06 Nov 1994 08:49:37") << kNone;
    QTest::newRow("no such day") << QByteArray("Sun, 31 Feb 1994 08:49:37 GMT") << kNone;
    QTest::newRow("no such hour") << QByteArray("Sun, 06 Nov 1994 24:49:37 GMT") << kNone;
    QTest::newRow("cut off") << QByteArray("Sun, 06 Nov 1994") << kNone;
    QTest::newRow("rfc850 without a day") << QByteArray("06-Nov-94 08:49:37 GMT") << kNone;
    QTest::newRow("more behind") << QByteArray("Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT") << kNone;
    QTest::newRow("not ASCII") << QByteArray("S\xc3\xb6n, 06 Nov 1994 08:49:37 GMT") << kNone;
    QTest::newRow("NUL") << QByteArray("Sun, 06 Nov 1994\0 08:49:37 GMT", 30) << kNone;
    QTest::newRow("long") << QByteArray(1'000'000, 'x') << kNone;
}

void TestHttpTime::date()
{
    QFETCH(QByteArray, text);
    const auto read = parseHttpDate(text, wallTimeFromSeconds(kNow));
    QTEST(read ? toSecondsSinceEpoch(*read) : kNone, "seconds");
}

void TestHttpTime::written()
{
    QCOMPARE(toHttpDate(WallTime(784'111'777'999ms)), QByteArray("Sun, 06 Nov 1994 08:49:37 GMT"));
    for (const qint64 seconds : {qint64(0), qint64(951'782'400), kNow, qint64(4'102'444'799)}) {
        const WallTime time = wallTimeFromSeconds(seconds);
        QCOMPARE(parseHttpDate(toHttpDate(time), time), std::optional<WallTime>(time));
    }
}

void TestHttpTime::retryAfter_data()
{
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<qint64>("ms");
    const qint64 week = qint64(7 * 24 * 3600) * 1000;
    QTest::newRow("seconds") << QByteArray("12") << qint64(12'000);
    QTest::newRow("spaces around") << QByteArray(" 12 ") << qint64(12'000);
    QTest::newRow("zero") << QByteArray("0") << qint64(0);
    QTest::newRow("date") << QByteArray("Thu, 01 Jan 1970 00:01:30 GMT") << qint64(30'000);
    QTest::newRow("old date") << QByteArray("Thu Jan  1 00:01:30 1970") << qint64(30'000);
    QTest::newRow("date in the past") << QByteArray("Thu, 01 Jan 1970 00:00:30 GMT") << qint64(0);
    QTest::newRow("date far away") << QByteArray("Fri, 31 Dec 9999 23:59:59 GMT") << week;
    QTest::newRow("far") << QByteArray("99999999999") << week;
    QTest::newRow("overflow") << QByteArray("99999999999999999999999") << week;
    QTest::newRow("negative") << QByteArray("-5") << qint64(-1);
    QTest::newRow("signed") << QByteArray("+5") << qint64(-1);
    QTest::newRow("fraction") << QByteArray("1.5") << qint64(-1);
    QTest::newRow("word") << QByteArray("soon") << qint64(-1);
    QTest::newRow("empty") << QByteArray() << qint64(-1);
}

void TestHttpTime::retryAfter()
{
    QFETCH(QByteArray, value);
    const auto parsed = parseRetryAfter(value, WallTime(60s));
    QTEST(parsed ? qint64(parsed->count()) : qint64(-1), "ms");
}

WATCHWORD_TEST_MAIN(TestHttpTime)
#include "tst_httptime.moc"
