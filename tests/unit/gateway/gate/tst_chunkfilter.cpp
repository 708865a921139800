// SPDX-License-Identifier: Apache-2.0
#include "relay/chunkfilter.h"
#include "support/testmain.h"

using namespace Watchword::Gateway;

class TestChunkFilter : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void bodies_data();
    void bodies();
    void faults_data();
    void faults();
    void whatFollowsIsNotTaken();
    void besideIsBounded();

private:
    struct Outcome
    {
        std::size_t used = 0;
        std::string out;
        bool isComplete = false;
        bool isFaulty = false;
    };
    static Outcome feed(const QByteArray &bytes, qsizetype step)
    {
        ChunkFilter filter;
        Outcome outcome;
        for (qsizetype at = 0; at < bytes.size(); at += step) {
            const QByteArray piece = bytes.mid(at, step);
            outcome.used +=
                filter.feed({reinterpret_cast<const std::uint8_t *>(piece.constData()), std::size_t(piece.size())}, outcome.out);
        }
        outcome.isComplete = filter.isComplete();
        outcome.isFaulty = filter.isFaulty();
        return outcome;
    }
};

void TestChunkFilter::bodies_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("out");
    const auto row = [](const char *name, const char *bytes, const char *out) {
        QTest::newRow(name) << QByteArray(bytes) << QByteArray(out);
    };
    row("empty", "0\r\n\r\n", "0\r\n\r\n");
    row("one", "3\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n");
    row("capitals and zeros", "000B\r\nhello world\r\n00\r\n\r\n", "b\r\nhello world\r\n0\r\n\r\n");
    row("extensions", "3;a=b;c=\"d;e\"\r\nabc\r\n0;x\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n");
    row("trailers", "1\r\na\r\n0\r\nX-Watchword-Subject: root\r\nContent-Length: 9\r\n\r\n", "1\r\na\r\n0\r\n\r\n");
    row("line ends in the data", "4\r\n\r\n0\n\r\n0\r\n\r\n", "4\r\n\r\n0\n\r\n0\r\n\r\n");
}

void TestChunkFilter::bodies()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, out);
    for (const qsizetype step : {qsizetype(1), qsizetype(3), bytes.size()}) {
        const Outcome outcome = feed(bytes, step);
        QVERIFY(outcome.isComplete && !outcome.isFaulty);
        QCOMPARE(outcome.used, std::size_t(bytes.size()));
        QCOMPARE(QByteArray::fromStdString(outcome.out), out);
    }
}

void TestChunkFilter::faults_data()
{
    QTest::addColumn<QByteArray>("bytes");
    for (const char *bytes : {"\r\n",
                              "g\r\n",
                              " 1\r\n",
                              "1 \r\n",
                              "+1\r\n",
                              "-1\r\n",
                              "0x1\r\n",
                              "1\n",
                              "1\r\r\n",
                              "1\r\nab",
                              "1\r\na\n",
                              "1\r\na\r\r",
                              "0\n",
                              "0\r\n\n",
                              "0\r\n\r\r",
                              "0\r\nA: b\n",
                              "0\r\nA: b\rc",
                              "1;\n",
                              "1;a\rb",
                              "1;a\x01",
                              "0\r\nA: \x7f",
                              "1000000000000000\r\n",
                              "ffffffffffffffff\r\n",
                              ";\r\n"})
        QTest::newRow(QTest::toPrettyCString(bytes, qstrlen(bytes))) << QByteArray(bytes);
    QTest::newRow("NUL in a trailer") << QByteArray("0\r\nA: \0", 7);
}

void TestChunkFilter::faults()
{
    QFETCH(QByteArray, bytes);
    for (const qsizetype step : {qsizetype(1), bytes.size()}) {
        const Outcome outcome = feed(bytes, step);
        QVERIFY(outcome.isFaulty && !outcome.isComplete);
        QVERIFY(!QByteArray::fromStdString(outcome.out).endsWith("0\r\n\r\n"));
    }
}

void TestChunkFilter::whatFollowsIsNotTaken()
{
    const Outcome outcome = feed("0\r\n\r\nGET / HTTP/1.1\r\n", 100);
    QVERIFY(outcome.isComplete);
    QCOMPARE(outcome.used, std::size_t(5));
}

void TestChunkFilter::besideIsBounded()
{
    QVERIFY(feed("1;" + QByteArray(20'000, 'x'), 1000).isFaulty);
    QVERIFY(feed("0\r\n" + QByteArray("A: b\r\n").repeated(5'000), 1000).isFaulty);
    QVERIFY(feed(QByteArray("1;x\r\na\r\n").repeated(20'000), 1000).isFaulty);
}

WATCHWORD_TEST_MAIN(TestChunkFilter)
#include "tst_chunkfilter.moc"
