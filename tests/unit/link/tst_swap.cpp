// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"
#include "swapbench.h"

using namespace DeliveryTest;

/*! Order, answers, acknowledgements and rooms, while one connection takes the place of another and either may die. */
class TestSwap : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void orderHolds();
    void answersAreWaitedFor();
    void acknowledgementsAreWaitedFor();
    void unacknowledgedGoAgain();
    void sentTwiceIsDeliveredOnce();
    void roomsMove();
    void roomsDuringTheDrain();
    void tooMuchCutsTheOldOne();
    void oldOneDiesDuringTheDrain();
    void newOneDiesDuringTheDrain();
    void oldOneDiesBeforeTheSwap();
    void newOneFails();
    void acceptedInsideASlot();
};

void TestSwap::orderHolds()
{
    SwapBench bench;
    bench.startReplacement();
    QVERIFY(bench.connection->sendText(u"before"_s));
    QCOMPARE(bench.at(0)->texts(), QStringList{u"before"_s}); // the old one is in use until the new one is accepted
    bench.open();
    QCOMPARE(bench.replaced.size(), 1);
    QCOMPARE(bench.ready.size(), 2);
    QVERIFY(bench.connection->sendText(u"after"_s));
    QVERIFY(bench.connection->sendBinary("after"));
    QVERIFY(bench.at(1)->texts().isEmpty()); // it could overtake "before"
    bench.at(1)->receiveText(u"new 1"_s);
    bench.at(1)->receiveBinary("new 2");
    bench.at(0)->receiveText(u"old 1"_s);
    bench.at(0)->receiveBinary("old 2");
    QCOMPARE(bench.received, QList<QByteArray>({"old 1", "old 2"}));
    QVERIFY(bench.at(0)->isAlive());
    SwapBench::pong(bench.at(0));
    QCOMPARE(bench.at(1)->texts(), QStringList{u"after"_s});
    QCOMPARE(bench.at(1)->binaries(), QList<QByteArray>{"after"});
    QCOMPARE(bench.received, QList<QByteArray>({"old 1", "old 2", "new 1", "new 2"}));
    QVERIFY(!bench.at(0) || !bench.at(0)->isAlive());
    QCOMPARE(bench.network->alive, 1);
    bench.at(1)->receiveText(u"new 3"_s);
    QCOMPARE(bench.received.last(), QByteArray("new 3"));
    QVERIFY(bench.isCalm());
    QCOMPARE(bench.errors.size(), 0);
    QCOMPARE(bench.network->mostAlive, 2);
}

void TestSwap::answersAreWaitedFor()
{
    SwapBench bench;
    bench.startReplacement();
    const auto answer = bench.connection->request(u"echo"_s, "question");
    bench.open();
    const auto later = bench.connection->request(u"echo"_s, "another");
    SwapBench::pong(bench.at(0));
    QVERIFY(bench.at(0)->isAlive() && !answer.isFinished());
    QCOMPARE(SwapBench::typesOn(bench.at(1)), QStringList{u"req"_s});
    SwapBench::give(bench.at(0), u"res"_s, {{u"id"_s, u"r-1"_s}, {u"ok"_s, true}}, "answer");
    QCOMPARE(answer.result().value(), QByteArray("answer"));
    QCOMPARE(bench.network->alive, 1);
    SwapBench::give(bench.at(1), u"res"_s, {{u"id"_s, u"r-2"_s}, {u"ok"_s, true}}, "too");
    QCOMPARE(later.result().value(), QByteArray("too"));
    // What is never answered does not keep the old one for ever, and is said to be lost.
    const auto lost = bench.connection->request(u"echo"_s, "?");
    bench.connection->replace();
    bench.open();
    SwapBench::pong(bench.at(1));
    bench.clock.advance(1999ms);
    QVERIFY(!lost.isFinished());
    bench.clock.advance(1ms);
    QCOMPARE(codeOf(lost), ErrorCode::ConnectionLost);
    QVERIFY(bench.isCalm());
}

void TestSwap::acknowledgementsAreWaitedFor()
{
    SwapBench bench;
    bench.startReplacement();
    const auto first = bench.connection->deliver("1", {.id = u"m-1"_s});
    bench.open();
    const auto second = bench.connection->deliver("2", {.id = u"m-2"_s});
    SwapBench::pong(bench.at(0));
    QVERIFY(bench.ids(u"msg"_s).isEmpty()); // "1" may not have arrived yet
    SwapBench::give(bench.at(0), u"ack"_s, {{u"id"_s, u"m-1"_s}});
    QVERIFY(first.result().isOk());
    QCOMPARE(bench.ids(u"msg"_s), QStringList{u"m-2"_s});
    QCOMPARE(bench.network->alive, 1);
    bench.acknowledge(u"m-2"_s);
    QVERIFY(second.result().isOk());
}

void TestSwap::unacknowledgedGoAgain()
{
    for (const bool dies : {false, true}) {
        SwapBench bench;
        bench.startReplacement();
        const auto first = bench.connection->deliver("1", {.id = u"m-1"_s});
        bench.open();
        const auto second = bench.connection->deliver("2", {.id = u"m-2"_s});
        QVERIFY(bench.connection->sendText(u"x"_s));
        if (dies)
            bench.at(0)->end({.closeCode = 1006});
        else
            bench.clock.advance(2s);
        QCOMPARE(bench.ids(u"msg"_s), QStringList({u"m-1"_s, u"m-2"_s}));
        QVERIFY(bench.at(1)->texts().contains(u"x"_s));
        bench.acknowledge(u"m-1"_s);
        bench.acknowledge(u"m-2"_s);
        QVERIFY(first.result().isOk() && second.result().isOk());
        QVERIFY(bench.isCalm());
        QCOMPARE(bench.errors.size(), 0);
    }
}

void TestSwap::sentTwiceIsDeliveredOnce()
{
    SwapBench bench;
    bench.swap();
    SwapBench::give(bench.at(0), u"msg"_s, {{u"id"_s, u"s-1"_s}}, "payload");
    SwapBench::give(bench.at(1), u"msg"_s, {{u"id"_s, u"s-1"_s}}, "payload");
    QVERIFY(SwapBench::typesOn(bench.at(0)).contains(u"ack"_s)); // each where it came from
    QVERIFY(!SwapBench::typesOn(bench.at(1)).contains(u"ack"_s));
    SwapBench::pong(bench.at(0));
    QVERIFY(SwapBench::typesOn(bench.at(1)).contains(u"ack"_s));
    QCOMPARE(bench.received, QList<QByteArray>{"payload"});
}

void TestSwap::roomsMove()
{
    SwapBench bench;
    QList<quint64> offsets;
    QObject::connect(bench.connection.get(), &Connection::published, bench.connection.get(),
                     [&offsets](const Publication &p) { offsets.append(p.offset); });
    QSignalSpy gaps(bench.connection.get(), &Connection::gap);
    const auto publish = [](FaultyTransport *to, int offset) {
        SwapBench::give(to, u"pub"_s, {{u"room"_s, u"blue"_s}, {u"from"_s, u"bob"_s}, {u"offset"_s, offset}}, "x");
    };
    QVERIFY(bench.connection->subscribe(u"blue"_s));
    bench.startReplacement();
    SwapBench::give(bench.at(0), u"sub.ok"_s, {{u"room"_s, u"blue"_s}, {u"epoch"_s, u"e"_s}, {u"offset"_s, 4}});
    publish(bench.at(0), 5);
    bench.open();
    publish(bench.at(0), 6);
    QVERIFY(SwapBench::typesOn(bench.at(1)).isEmpty());
    SwapBench::pong(bench.at(0));
    const QList<Frame> asked = bench.frames(u"sub"_s);
    QCOMPARE(asked.size(), 1);
    QCOMPARE(asked.first().fields().value("after"_L1).toInt(), 6);
    QCOMPARE(asked.first().fields().value("epoch"_L1).toString(), u"e"_s);
    SwapBench::give(bench.at(1), u"sub.ok"_s,
                    {{u"room"_s, u"blue"_s}, {u"epoch"_s, u"e"_s}, {u"offset"_s, 8}, {u"to"_s, 8}, {u"joined"_s, true}});
    for (const int offset : {6, 7, 8, 9})
        publish(bench.at(1), offset);
    QCOMPARE(offsets, QList<quint64>({5, 6, 7, 8, 9}));
    QCOMPARE(gaps.size(), 0);
}

void TestSwap::roomsDuringTheDrain()
{
    SwapBench bench;
    QVERIFY(bench.connection->subscribe(u"old"_s));
    bench.swap();
    QVERIFY(bench.connection->subscribe(u"new"_s));
    bench.connection->unsubscribe(u"old"_s);
    QCOMPARE(SwapBench::typesOn(bench.at(0)), QStringList({u"sub"_s, u"ping"_s, u"unsub"_s}));
    QVERIFY(SwapBench::typesOn(bench.at(1)).isEmpty());
    SwapBench::pong(bench.at(0));
    QCOMPARE(bench.frames(u"sub"_s).size(), 1);
    QCOMPARE(bench.frames(u"sub"_s).first().fields().value("room"_L1).toString(), u"new"_s);
}

void TestSwap::tooMuchCutsTheOldOne()
{
    SwapBench bench([](ConnectionOptions &o) { o.drainBytes = 10; });
    bench.swap();
    bench.at(1)->receiveText(u"0123456789"_s);
    QVERIFY(bench.at(0)->isAlive());
    bench.at(1)->receiveText(u"x"_s);
    QCOMPARE(bench.network->alive, 1);
    QCOMPARE(bench.received, QList<QByteArray>({"0123456789", "x"}));
    QVERIFY(bench.isCalm());
}

void TestSwap::oldOneDiesDuringTheDrain()
{
    SwapBench bench;
    bench.startReplacement();
    const auto answer = bench.connection->request(u"echo"_s, "question");
    bench.open();
    QVERIFY(bench.connection->sendText(u"after"_s));
    bench.at(1)->receiveText(u"new"_s);
    bench.at(0)->end({.closeCode = 4403, .error = Error(ErrorCode::ClosedByPeer)}); // whatever it says
    QCOMPARE(codeOf(answer), ErrorCode::ConnectionLost);
    QCOMPARE(bench.at(1)->texts(), QStringList{u"after"_s});
    QCOMPARE(bench.received, QList<QByteArray>{"new"});
    QVERIFY(bench.isCalm());
    QCOMPARE(bench.errors.size(), 0);
}

void TestSwap::newOneDiesDuringTheDrain()
{
    SwapBench bench;
    bench.startReplacement();
    const auto message = bench.connection->deliver("1", {.id = u"m-1"_s});
    bench.open();
    bench.at(1)->receiveText(u"new"_s);
    bench.at(0)->receiveText(u"old"_s);
    bench.at(1)->end({.closeCode = 1006});
    QCOMPARE(bench.received, QList<QByteArray>({"old", "new"})); // it had come
    QCOMPARE(bench.network->alive, 0);
    QCOMPARE(bench.connection->state(), State::Waiting);
    bench.open();
    QCOMPARE(bench.ids(u"msg"_s), QStringList{u"m-1"_s});
    bench.acknowledge(u"m-1"_s);
    QVERIFY(message.result().isOk());
    bench.transport()->receiveText(u"next"_s);
    QCOMPARE(bench.received.last(), QByteArray("next"));
    QCOMPARE(bench.closed.size(), 0);
}

void TestSwap::oldOneDiesBeforeTheSwap()
{
    SwapBench bench;
    bench.startReplacement();
    const auto message = bench.connection->deliver("1", {.id = u"m-1"_s});
    bench.at(0)->end({.closeCode = 1006});
    QCOMPARE(bench.connection->state(), State::Connecting); // and never Waiting
    QCOMPARE(bench.states.size(), 1);
    QCOMPARE(bench.network->alive, 1);
    QCOMPARE(bench.connection->sendText(u"x"_s).error().code(), ErrorCode::Offline);
    bench.transport()->open(QLatin1StringView(kSubprotocol));
    bench.receive(u"hello"_s, {});
    QCOMPARE(bench.connection->state(), State::Ready);
    QCOMPARE(bench.network->started, 2);
    QCOMPARE(bench.ids(u"msg"_s), QStringList{u"m-1"_s});
    QCOMPARE(bench.replaced.size(), 0);
    QCOMPARE(bench.ready.size(), 2);
    const QList<AttemptRecord> attempts = bench.connection->attempts();
    QCOMPARE(attempts.size(), 2);
    QCOMPARE(attempts.first().failure->closeCode, 1006);
    QVERIFY(attempts.first().next.contains("#2"_L1) && !attempts.last().ended);
    QVERIFY(!message.isFinished());
}

void TestSwap::newOneFails()
{
    SwapBench bench;
    QList<ConnectError> failures;
    QObject::connect(bench.connection.get(), &Connection::attemptFailed, bench.connection.get(),
                     [&failures](const ConnectError &failure) { failures.append(failure); });
    bench.startReplacement();
    TransportEnd busy;
    busy.http.status = 503;
    busy.error = Error(ErrorCode::UpgradeRejected);
    bench.transport()->end(busy);
    QCOMPARE(failures.size(), 1);
    QCOMPARE(failures.first().httpStatus, 503);
    QVERIFY(failures.first().willRetry && failures.first().nextTryAt.isValid());
    QCOMPARE(bench.errors.size(), 1);
    QVERIFY(bench.isCalm());
    QVERIFY(!bench.connection->nextRetryAt().isValid()); // the connection itself waits for nothing
    QVERIFY(bench.connection->sendText(u"x"_s));
    QCOMPARE(bench.at(0)->texts(), QStringList{u"x"_s});
    bench.clock.advance(1s);
    QCOMPARE(bench.network->started, 3);
    busy.http.status = 403; // final for the replacement, and for nothing else
    bench.transport()->end(busy);
    QCOMPARE(failures.size(), 2);
    QVERIFY(!failures.last().willRetry);
    bench.clock.advance(10s);
    QCOMPARE(bench.network->started, 3);
    QVERIFY(bench.isCalm());
    QCOMPARE(bench.replaced.size(), 0);
    QCOMPARE(bench.network->alive, 1);
}

// The new connection is accepted, or dies, and says something, while a slot runs and nothing can be decided.
void TestSwap::acceptedInsideASlot()
{
    for (const bool dies : {false, true}) {
        SwapBench bench;
        bench.startReplacement();
        QObject::connect(bench.connection.get(), &Connection::rttChanged, bench.connection.get(), [&bench, dies] {
            bench.at(1)->open(QLatin1StringView(kSubprotocol));
            SwapBench::give(bench.at(1), u"hello"_s, {});
            bench.at(1)->receiveText(u"new"_s);
            bench.at(0)->receiveText(u"old"_s);
            if (dies)
                bench.at(1)->end({.closeCode = 1006});
        });
        bench.connection->probe();
        SwapBench::pong(bench.at(0));
        QCOMPARE(bench.replaced.size(), 1);
        if (!dies) {
            QCOMPARE(bench.received, QList<QByteArray>{"old"});
            SwapBench::pong(bench.at(0));
            QVERIFY(bench.isCalm());
        }
        QCOMPARE(bench.received, QList<QByteArray>({"old", "new"}));
        QCOMPARE(bench.network->alive, dies ? 0 : 1);
        QCOMPARE(bench.connection->state(), dies ? State::Waiting : State::Ready);
    }
}

WATCHWORD_TEST_MAIN(TestSwap)
#include "tst_swap.moc"
