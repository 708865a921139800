// SPDX-License-Identifier: Apache-2.0
#include "deliverybench.h"
#include "support/testmain.h"

using namespace DeliveryTest;

/*! Questions to the server: each is answered once, whatever happens. */
class TestRequests : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void answered();
    void refused();
    void tooLate();
    void lostWithTheLink();
    void neverAsked();
    void cancelledAtTheEnd();
    void boundedAndIdsAreNew();
    void strangeAnswers();
};

void TestRequests::answered()
{
    Bench bench;
    bench.open();
    const auto one = bench.connection->request(u"room.info"_s, "{}");
    const auto two = bench.connection->request(u"nothing"_s);
    const Frame asked = bench.frames(u"req"_s).first();
    QCOMPARE(asked.fields().value("op"_L1).toString(), u"room.info"_s);
    QCOMPARE(asked.payload(), "{}");
    const QStringList ids = bench.ids(u"req"_s);
    bench.receive(u"res"_s, {{u"id"_s, ids.at(1)}, {u"ok"_s, true}}, "second");
    bench.receive(u"res"_s, {{u"id"_s, ids.at(0)}, {u"ok"_s, true}}, "first\nand more");
    QCOMPARE(one.result().value(), "first\nand more");
    QCOMPARE(two.result().value(), "second");
    bench.clock.advance(1h);
    QCOMPARE(one.resultCount(), 1);
}

void TestRequests::refused()
{
    Bench bench;
    bench.open();
    const auto future = bench.connection->request(u"x"_s);
    bench.receive(u"res"_s,
                  {{u"id"_s, bench.ids(u"req"_s).first()},
                   {u"ok"_s, false},
                   {u"code"_s, u"unknown_operation"_s},
                   {u"reason"_s, u"no x here"_s}});
    QCOMPARE(codeOf(future), ErrorCode::RequestRefused);
    QCOMPARE(future.result().error().detail(), u"unknown_operation: no x here"_s);
}

void TestRequests::tooLate()
{
    Bench bench;
    bench.open();
    const auto patient = bench.connection->request(u"x"_s);
    const auto hasty = bench.connection->request(u"y"_s, {}, 2s);
    bench.clock.advance(1999ms);
    QVERIFY(!hasty.isFinished());
    bench.clock.advance(1ms);
    QCOMPARE(codeOf(hasty), ErrorCode::Timeout);
    QVERIFY(!patient.isFinished());
    bench.receive(u"res"_s, {{u"id"_s, bench.ids(u"req"_s).last()}, {u"ok"_s, true}}, "late");
    QCOMPARE(codeOf(hasty), ErrorCode::Timeout);
    bench.clock.advance(8s);
    QCOMPARE(codeOf(patient), ErrorCode::Timeout); // 10 s
}

void TestRequests::lostWithTheLink()
{
    Bench bench;
    bench.open();
    const auto future = bench.connection->request(u"x"_s);
    bench.drop();
    QCOMPARE(codeOf(future), ErrorCode::ConnectionLost);
    bench.open();
    QVERIFY(bench.frames(u"req"_s).isEmpty()); // nobody knows whether it was done: never asked twice
}

void TestRequests::neverAsked()
{
    Bench bench;
    Connection &c = *bench.connection;
    QCOMPARE(codeOf(c.request(u"x"_s)), ErrorCode::Offline);
    QCOMPARE(codeOf(c.request(QString())), ErrorCode::InvalidArgument);
    QCOMPARE(codeOf(c.request(u"x"_s, "\xff")), ErrorCode::InvalidArgument);
    QCOMPARE(codeOf(c.request(u"x"_s, {}, -1ms)), ErrorCode::InvalidArgument);
    bench.open({});
    QCOMPARE(codeOf(c.request(u"x"_s)), ErrorCode::SubprotocolMismatch);
    QVERIFY(bench.transport()->texts().isEmpty());
}

void TestRequests::cancelledAtTheEnd()
{
    Bench closed;
    closed.open();
    const auto first = closed.connection->request(u"x"_s);
    closed.connection->close();
    QCOMPARE(codeOf(first), ErrorCode::Cancelled);

    Bench destroyed;
    destroyed.open();
    const auto second = destroyed.connection->request(u"x"_s);
    destroyed.connection.reset();
    QVERIFY(second.isFinished());
    QVERIFY(!second.result());
}

void TestRequests::boundedAndIdsAreNew()
{
    Bench bench;
    bench.open();
    QSet<QString> ids;
    QList<QFuture<Result<QByteArray>>> futures;
    for (int i = 0; i < 1024; ++i)
        futures.append(bench.connection->request(u"x"_s));
    QCOMPARE(codeOf(bench.connection->request(u"x"_s)), ErrorCode::QueueFull);
    for (const QString &id : bench.ids(u"req"_s))
        ids.insert(id);
    bench.drop();
    bench.open();
    futures.append(bench.connection->request(u"x"_s));
    for (const QString &id : bench.ids(u"req"_s))
        ids.insert(id);
    QCOMPARE(ids.size(), 1025);
}

void TestRequests::strangeAnswers()
{
    Bench bench;
    bench.open();
    const auto future = bench.connection->request(u"x"_s);
    bench.receive(u"res"_s, {});
    bench.receive(u"res"_s, {{u"id"_s, 5}, {u"ok"_s, u"yes"_s}});
    bench.receive(u"res"_s, {{u"id"_s, u"r-999"_s}, {u"ok"_s, true}});
    QVERIFY(!future.isFinished());
    bench.receive(u"res"_s, {{u"id"_s, bench.ids(u"req"_s).first()}, {u"code"_s, QString(100'000 / 8, u'c')}});
    QCOMPARE(codeOf(future), ErrorCode::RequestRefused);
    QVERIFY(future.result().error().detail().size() < 400);
}

WATCHWORD_TEST_MAIN(TestRequests)
#include "tst_requests.moc"
