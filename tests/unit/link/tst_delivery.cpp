// SPDX-License-Identifier: Apache-2.0
#include "deliverybench.h"
#include "support/testmain.h"

#include <QSignalSpy>

using namespace DeliveryTest;

/*! What becomes of each class of message in each situation. */
class TestDelivery : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everyClassInEverySituation_data();
    void everyClassInEverySituation();
    void deadlineEndsTheWait();
    void deadlineIsMetByAReconnect();
    void latestOfEachKey();
    void latestWhileTheQueueIsFull();
    void heldKeepTheirOrder();
    void acknowledgedAreSentAgain();
    void sameIdIsOneMessage();
    void roomTravelsWithTheMessage();
    void badArguments();
    void endFinishesEverything();
    void continuationMayCallBack();
};

void TestDelivery::everyClassInEverySituation_data()
{
    QTest::addColumn<int>("delivery");
    QTest::addColumn<QString>("situation");
    QTest::addColumn<QString>("outcome"); // "ok", "pending", or the name of an error
    const auto row = [](Delivery delivery, const char *situation, const char *outcome) {
        QTest::addRow("%d %s", int(delivery), situation)
            << int(delivery) << QString::fromLatin1(situation) << QString::fromLatin1(outcome);
    };
    row(Delivery::RequireNow, "ready", "ok");
    row(Delivery::RequireNow, "offline", "Offline");
    row(Delivery::RequireNow, "full", "QueueFull");
    row(Delivery::RequireNow, "too big", "MessageTooBig");
    row(Delivery::DropIfOffline, "ready", "ok");
    row(Delivery::DropIfOffline, "offline", "ok");
    row(Delivery::DropIfOffline, "full", "QueueFull");
    row(Delivery::DropIfOffline, "too big", "MessageTooBig");
    row(Delivery::QueueUntilReady, "ready", "ok");
    row(Delivery::QueueUntilReady, "offline", "pending");
    row(Delivery::QueueUntilReady, "full", "QueueFull");
    row(Delivery::QueueUntilReady, "too big", "MessageTooBig");
    row(Delivery::LatestOnly, "ready", "ok");
    row(Delivery::LatestOnly, "offline", "pending");
    row(Delivery::LatestOnly, "full", "pending");
    row(Delivery::LatestOnly, "too big", "MessageTooBig");
    row(Delivery::AtLeastOnce, "ready", "pending");
    row(Delivery::AtLeastOnce, "offline", "pending");
    row(Delivery::AtLeastOnce, "full", "pending");
    row(Delivery::AtLeastOnce, "too big", "MessageTooBig");
    row(Delivery::AtLeastOnce, "plain", "SubprotocolMismatch");
}

void TestDelivery::everyClassInEverySituation()
{
    QFETCH(int, delivery);
    QFETCH(QString, situation);
    QFETCH(QString, outcome);
    Bench bench;
    if (situation == "plain"_L1)
        bench.open({});
    else if (situation != "offline"_L1)
        bench.open(QLatin1StringView(kSubprotocol), {{u"limits"_s, QJsonObject{{u"message_bytes"_s, 100}}}});
    if (situation == "full"_L1)
        bench.transport()->setBytesQueued(2 * 1024 * 1024);
    const QByteArray message(situation == "too big"_L1 ? 101 : 100, 'x');
    const QFuture<Result<void>> future = bench.connection->deliver(message, Delivery(delivery));
    if (outcome == "pending"_L1)
        QVERIFY(!future.isFinished());
    else if (outcome == "ok"_L1)
        QVERIFY(future.isFinished() && future.result().isOk());
    else
        QCOMPARE(Error(codeOf(future)).codeName(), outcome);
    // The short way agrees about what it can know.
    const Result<void> sent = bench.connection->sendText(QString::fromLatin1(message), Delivery(delivery));
    if (outcome == "pending"_L1 || outcome == "ok"_L1)
        QVERIFY(sent.isOk());
    else
        QCOMPARE(sent.error().codeName(), outcome);
}

void TestDelivery::deadlineEndsTheWait()
{
    Bench bench;
    const auto future = bench.connection->deliver("x", {.delivery = Delivery::RequireNow, .deadline = 500ms});
    const auto later = bench.connection->deliver("y", {.delivery = Delivery::RequireNow, .deadline = 700ms});
    bench.clock.advance(499ms);
    QVERIFY(!future.isFinished());
    bench.clock.advance(1ms);
    QCOMPARE(codeOf(future), ErrorCode::Timeout);
    QVERIFY(!later.isFinished());
    bench.open();
    QVERIFY(later.isFinished() && later.result().isOk());
    bench.clock.advance(1s);
    QCOMPARE(bench.transport()->texts(), QStringList{u"y"_s}); // what expired is never sent
}

void TestDelivery::deadlineIsMetByAReconnect()
{
    Bench bench;
    bench.open();
    bench.drop();
    const auto future = bench.connection->deliver("x", {.delivery = Delivery::RequireNow, .deadline = 10s});
    QVERIFY(!future.isFinished());
    bench.open();
    QVERIFY(future.isFinished() && future.result().isOk());
    QCOMPARE(bench.transport()->texts(), QStringList{u"x"_s});
}

void TestDelivery::latestOfEachKey()
{
    Bench bench;
    const auto latest = [&bench](const QByteArray &message, const QString &key) {
        return bench.connection->deliver(message, {.delivery = Delivery::LatestOnly, .key = key});
    };
    const auto first = latest("a1", u"a"_s);
    const auto other = latest("b1", u"b"_s);
    const auto second = latest("a2", u"a"_s);
    QCOMPARE(codeOf(first), ErrorCode::Superseded);
    QVERIFY(!second.isFinished() && !other.isFinished());
    QCOMPARE(bench.connection->queuedBytes(), qint64(4));
    bench.open();
    QCOMPARE(bench.transport()->texts(), QStringList({u"b1"_s, u"a2"_s}));
    QVERIFY(second.result().isOk() && other.result().isOk());
    const auto direct = latest("a3", u"a"_s);
    QVERIFY(direct.isFinished() && direct.result().isOk());
}

void TestDelivery::latestWhileTheQueueIsFull()
{
    Bench bench;
    bench.open();
    bench.transport()->setBytesQueued(2 * 1024 * 1024);
    QSignalSpy drained(bench.connection.get(), &Connection::queueDrained);
    QList<QFuture<Result<void>>> futures;
    for (int i = 0; i < 1000; ++i)
        futures.append(bench.connection->deliver(QByteArray::number(i), {.delivery = Delivery::LatestOnly, .key = u"k"_s}));
    QVERIFY(bench.transport()->texts().isEmpty());
    bench.transport()->setBytesQueued(300 * 1024);
    QVERIFY(bench.transport()->texts().isEmpty()); // above the low water mark
    bench.transport()->setBytesQueued(256 * 1024);
    QCOMPARE(bench.transport()->texts(), QStringList{u"999"_s});
    QCOMPARE(drained.size(), 1);
    for (int i = 0; i < 999; ++i)
        QCOMPARE(codeOf(futures.at(i)), ErrorCode::Superseded);
    QVERIFY(futures.last().result().isOk());
}

void TestDelivery::heldKeepTheirOrder()
{
    Bench bench([](ConnectionOptions &options) { options.offlineQueue = 6; });
    QVERIFY(bench.connection->sendText(u"one"_s, Delivery::QueueUntilReady));
    QVERIFY(bench.connection->sendText(u"two"_s, Delivery::QueueUntilReady));
    QCOMPARE(bench.connection->sendText(u"x"_s, Delivery::QueueUntilReady).error().code(), ErrorCode::QueueFull);
    bench.open();
    QCOMPARE(bench.transport()->texts(), QStringList({u"one"_s, u"two"_s}));
    QCOMPARE(bench.connection->queuedBytes(), qint64(0));
}

void TestDelivery::acknowledgedAreSentAgain()
{
    Bench bench;
    const auto first = bench.connection->deliver("1");
    const auto second = bench.connection->deliver("2");
    bench.open();
    const QStringList ids = bench.ids(u"msg"_s);
    QCOMPARE(ids.size(), 2);
    bench.acknowledge(ids.first());
    QVERIFY(first.isFinished() && !second.isFinished());
    bench.acknowledge(ids.first()); // twice does no harm
    bench.drop();
    bench.acknowledge(u"nonsense"_s);
    const auto third = bench.connection->deliver("3");
    bench.open();
    QCOMPARE(bench.ids(u"msg"_s).size(), 2);
    QCOMPARE(bench.ids(u"msg"_s).first(), ids.last()); // the same id, and in order
    for (const QString &id : bench.ids(u"msg"_s))
        bench.acknowledge(id);
    QVERIFY(second.result().isOk() && third.result().isOk());
    bench.drop();
    bench.open();
    QVERIFY(bench.ids(u"msg"_s).isEmpty());
}

void TestDelivery::sameIdIsOneMessage()
{
    Bench bench;
    bench.open();
    const auto first = bench.connection->deliver("1", {.id = u"order-7"_s});
    const auto again = bench.connection->deliver("1", {.id = u"order-7"_s});
    QCOMPARE(bench.ids(u"msg"_s), QStringList{u"order-7"_s});
    bench.acknowledge(u"order-7"_s);
    QVERIFY(first.result().isOk() && again.result().isOk());
    // Afterwards the server decides, by its memory of ids.
    const auto later = bench.connection->deliver("1", {.id = u"order-7"_s});
    QCOMPARE(bench.ids(u"msg"_s).size(), 2);
    QVERIFY(!later.isFinished());
}

void TestDelivery::roomTravelsWithTheMessage()
{
    Bench bench;
    bench.open();
    bench.connection->deliver("1", {.room = u"blue"_s});
    bench.connection->deliver("2");
    QCOMPARE(bench.frames(u"msg"_s).at(0).fields().value("room"_L1).toString(), u"blue"_s);
    QVERIFY(!bench.frames(u"msg"_s).at(1).fields().contains("room"_L1));
}

void TestDelivery::badArguments()
{
    Bench bench;
    bench.open();
    Connection &c = *bench.connection;
    QCOMPARE(codeOf(c.deliver("\xff")), ErrorCode::InvalidArgument);
    QCOMPARE(codeOf(c.deliver("x", {.id = QString(129, u'i')})), ErrorCode::InvalidArgument);
    QCOMPARE(codeOf(c.deliver("x", {.delivery = Delivery::RequireNow, .deadline = -1ms})), ErrorCode::InvalidArgument);
    QVERIFY(bench.transport()->texts().isEmpty());
    QVERIFY(c.deliver("\xff", Delivery::RequireNow).result().isOk());
    QCOMPARE(bench.transport()->binaries(), QList<QByteArray>{"\xff"});
}

void TestDelivery::endFinishesEverything()
{
    const auto start = [](Bench &bench) {
        QList<QFuture<Result<void>>> futures;
        futures.append(bench.connection->deliver("1"));
        futures.append(bench.connection->deliver("2", Delivery::QueueUntilReady));
        futures.append(bench.connection->deliver("3", Delivery::LatestOnly));
        futures.append(bench.connection->deliver("4", {.delivery = Delivery::RequireNow, .deadline = 1min}));
        return futures;
    };
    Bench closed;
    closed.connection->open();
    const auto ofClosed = start(closed);
    closed.connection->close();
    for (const auto &future : ofClosed)
        QCOMPARE(codeOf(future), ErrorCode::Cancelled);

    Bench destroyed;
    const auto ofDestroyed = start(destroyed);
    QSignalSpy closedSignal(destroyed.connection.get(), &Connection::closed);
    destroyed.connection.reset();
    for (const auto &future : ofDestroyed)
        QCOMPARE(codeOf(future), ErrorCode::Cancelled);
    QCOMPARE(closedSignal.size(), 0);

    Bench refused;
    refused.connection->open();
    const auto ofRefused = start(refused);
    TransportEnd end;
    end.http.status = 403;
    end.error = Error(ErrorCode::UpgradeRejected);
    refused.transport()->end(end);
    for (const auto &future : ofRefused)
        QCOMPARE(codeOf(future), ErrorCode::Forbidden);
}

void TestDelivery::continuationMayCallBack()
{
    Bench bench;
    int calls = 0;
    std::function<void(const Result<void> &)> more = [&](const Result<void> &) {
        if (++calls < 5)
            bench.connection->deliver("again", Delivery::QueueUntilReady).then(more);
        if (calls == 5)
            bench.connection->close();
    };
    bench.connection->deliver("first", Delivery::QueueUntilReady).then(more);
    bench.connection->deliver("last", Delivery::QueueUntilReady).then([&](const Result<void> &) { ++calls; });
    bench.open();
    QVERIFY(calls >= 5);
    QVERIFY(bench.connection->state() != State::Ready);
}

WATCHWORD_TEST_MAIN(TestDelivery)
#include "tst_delivery.moc"
