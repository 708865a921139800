// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/room.h"

#include "deliverybench.h"
#include "support/testmain.h"

#include <QSignalSpy>

using namespace DeliveryTest;

/*! A room as an application sees it, on a server that the test plays. */
class TestRoom : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void followsFromTheStart();
    void publishes();
    void gapsAndPosition();
    void isLiveOnlyWhileTheLinkIs();
    void twoShareOneSubscription();
    void serverWithoutRooms();
    void badNames();
    void outlivesItsConnection();
    void leftInsideASlot();

private:
    static QJsonObject granted(const QString &room, int offset = 0)
    {
        return {{u"room"_s, room}, {u"epoch"_s, u"e"_s}, {u"offset"_s, offset}, {u"joined"_s, true}};
    }
};

void TestRoom::followsFromTheStart()
{
    Bench bench;
    Room room(bench.connection.get(), u"lobby"_s);
    QSignalSpy published(&room, &Room::published);
    QSignalSpy live(&room, &Room::liveChanged);
    QVERIFY(!room.isLive() && !room.problem());
    bench.open();
    QCOMPARE(bench.frames(u"sub"_s).size(), 1);
    bench.receive(u"sub.ok"_s, granted(u"lobby"_s));
    QVERIFY(room.isLive());
    bench.receive(u"pub"_s, {{u"room"_s, u"lobby"_s}, {u"from"_s, u"bob"_s}, {u"offset"_s, 1}}, "hello");
    bench.receive(u"pub"_s, {{u"room"_s, u"other"_s}, {u"from"_s, u"bob"_s}, {u"offset"_s, 1}}, "not for us");
    QCOMPARE(published.size(), 1);
    QCOMPARE(published.first().first().value<Publication>().payload, QByteArray("hello"));
    QCOMPARE(live.size(), 1);
}

void TestRoom::publishes()
{
    Bench bench;
    Room room(bench.connection.get(), u"lobby"_s);
    const auto early = room.publish(u"early"_s);
    bench.open();
    const auto done = room.publish(u"now"_s, u"my id"_s);
    const QList<Frame> sent = bench.frames(u"msg"_s);
    QCOMPARE(sent.size(), 2);
    QCOMPARE(sent.first().fields().value("room"_L1).toString(), u"lobby"_s);
    QCOMPARE(sent.last().fields().value("id"_L1).toString(), u"my id"_s);
    QVERIFY(!done.isFinished());
    bench.acknowledge(u"my id"_s);
    QVERIFY(done.isFinished() && done.result());
    QVERIFY(!early.isFinished());
}

void TestRoom::gapsAndPosition()
{
    Bench bench;
    Room room(bench.connection.get(), u"lobby"_s, {u"e"_s, 5});
    QSignalSpy gaps(&room, &Room::gap);
    QSignalSpy moved(&room, &Room::positionChanged);
    QCOMPARE(room.position(), RoomPosition({u"e"_s, 5}));
    bench.open();
    QJsonObject answer = granted(u"lobby"_s, 9);
    answer.insert(u"joined"_s, false);
    answer.insert(u"gap"_s, QJsonObject{{u"from"_s, 6}, {u"to"_s, 8}, {u"reason"_s, u"trimmed"_s}});
    bench.receive(u"sub.ok"_s, answer);
    QCOMPARE(gaps.size(), 1);
    QCOMPARE(gaps.first().first().value<Gap>().reason, u"trimmed"_s);
    bench.receive(u"sub.ok"_s, granted(u"lobby"_s, 9));
    bench.receive(u"pub"_s, {{u"room"_s, u"lobby"_s}, {u"offset"_s, 10}}, "x");
    QCOMPARE(room.position().offset, quint64(10));
    QVERIFY(!moved.isEmpty());
}

void TestRoom::isLiveOnlyWhileTheLinkIs()
{
    Bench bench;
    bench.open();
    Room room(bench.connection.get(), u"lobby"_s);
    bench.receive(u"sub.ok"_s, granted(u"lobby"_s));
    QVERIFY(room.isLive());
    bench.drop();
    QVERIFY(!room.isLive());
    bench.open();
    QVERIFY(!room.isLive());
    bench.receive(u"sub.ok"_s, granted(u"lobby"_s));
    QVERIFY(room.isLive());
}

void TestRoom::twoShareOneSubscription()
{
    Bench bench;
    bench.open();
    auto first = std::make_unique<Room>(bench.connection.get(), u"lobby"_s);
    auto second = std::make_unique<Room>(bench.connection.get(), u"lobby"_s);
    QCOMPARE(bench.frames(u"sub"_s).size(), 1);
    QSignalSpy published(second.get(), &Room::published);
    bench.receive(u"sub.ok"_s, granted(u"lobby"_s));
    first.reset();
    QCOMPARE(bench.frames(u"unsub"_s).size(), 0);
    bench.receive(u"pub"_s, {{u"room"_s, u"lobby"_s}, {u"offset"_s, 1}}, "x");
    QCOMPARE(published.size(), 1);
    second.reset();
    QCOMPARE(bench.frames(u"unsub"_s).size(), 1);
}

void TestRoom::serverWithoutRooms()
{
    Bench bench;
    Room room(bench.connection.get(), u"lobby"_s);
    QSignalSpy problem(&room, &Room::problemChanged);
    bench.open({});
    QCOMPARE(problem.size(), 1);
    QCOMPARE(room.problem()->code(), ErrorCode::SubprotocolMismatch);
    QCOMPARE(codeOf(room.publish(u"x"_s)), ErrorCode::SubprotocolMismatch);
    QCOMPARE(bench.transport()->texts(), QStringList());
    // The next one has them.
    bench.drop();
    bench.open();
    QVERIFY(!room.problem());
    QCOMPARE(bench.frames(u"sub"_s).size(), 1);
}

void TestRoom::badNames()
{
    Bench bench;
    bench.open();
    for (const QString &name : {QString(), QString(129, u'x')}) {
        Room room(bench.connection.get(), name);
        QCOMPARE(room.problem()->code(), ErrorCode::InvalidArgument);
        QCOMPARE(codeOf(room.publish(u"x"_s)), ErrorCode::WrongState);
    }
    QCOMPARE(bench.transport()->texts(), QStringList());
    Room without(nullptr, u"lobby"_s);
    QCOMPARE(without.problem()->code(), ErrorCode::WrongState);
    QCOMPARE(codeOf(without.publish(u"x"_s)), ErrorCode::WrongState);
}

void TestRoom::outlivesItsConnection()
{
    Bench bench;
    bench.open();
    Room room(bench.connection.get(), u"lobby"_s);
    bench.receive(u"sub.ok"_s, granted(u"lobby"_s));
    const auto pending = room.publish(u"x"_s);
    bench.connection.reset();
    QVERIFY(!room.isLive() && !room.connection());
    QCOMPARE(room.problem()->code(), ErrorCode::Cancelled);
    QCOMPARE(room.position(), RoomPosition());
    QCOMPARE(codeOf(pending), ErrorCode::Cancelled);
    QCOMPARE(codeOf(room.publish(u"y"_s)), ErrorCode::WrongState);
}

void TestRoom::leftInsideASlot()
{
    Bench bench;
    bench.open();
    auto room = std::make_unique<Room>(bench.connection.get(), u"lobby"_s);
    bench.receive(u"sub.ok"_s, granted(u"lobby"_s));
    QObject::connect(room.get(), &Room::published, bench.connection.get(), [&] { room.release()->deleteLater(); });
    bench.receive(u"pub"_s, {{u"room"_s, u"lobby"_s}, {u"offset"_s, 1}}, "x");
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    QCOMPARE(bench.frames(u"unsub"_s).size(), 1);
}

WATCHWORD_TEST_MAIN(TestRoom)
#include "tst_room.moc"
