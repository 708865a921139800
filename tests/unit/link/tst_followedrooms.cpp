// SPDX-License-Identifier: Apache-2.0
#include "connection/rooms.h"
#include "support/testmain.h"

#include <QPromise>
#include <QSignalSpy>

using namespace Watchword;
using namespace Qt::StringLiterals;

namespace {

/*! Rooms that the test plays the server for. */
struct Bench
{
    Bench()
        : rooms([this](const Frame &frame) { sent.append(frame.type() + u' ' + frame.fields().value("room"_L1).toString()); })
    {
        QObject::connect(&rooms, &Rooms::published, &rooms, [this](const Publication &p) {
            told.append(p.room + u' ' + QString::fromUtf8(p.payload));
            if (onTold)
                onTold();
        });
        QObject::connect(&rooms, &Rooms::gap, &rooms,
                         [this](const Gap &gap) { told.append(gap.room + u" gap "_s + gap.reason); });
        QObject::connect(&rooms, &Rooms::roomLive, &rooms, [this](const QString &room) { told.append(room + u" live"_s); });
    }
    bool join(const QString &room)
    {
        return rooms.take(Frame(u"sub.ok"_s, {{u"room"_s, room}, {u"epoch"_s, u"e"_s}, {u"offset"_s, 0}, {u"joined"_s, true}}));
    }
    bool publish(const QString &room, const QByteArray &text, int offset)
    {
        return rooms.take(Frame(u"pub"_s, {{u"room"_s, room}, {u"from"_s, u"bob"_s}, {u"offset"_s, offset}}, text));
    }
    QStringList sent;
    QStringList told;
    std::function<void()> onTold;
    Rooms rooms;
};

} // namespace

class TestFollowedRooms : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void names();
    void twice();
    void strangersAreNotTaken();
    void followsOverLinks();
    void leftInsideASlot();
    void snapshotThatFails();
};

void TestFollowedRooms::names()
{
    Bench bench;
    QCOMPARE(bench.rooms.follow({}, {}).error().code(), ErrorCode::InvalidArgument);
    QCOMPARE(bench.rooms.follow(QString(129, u'x'), {}).error().code(), ErrorCode::InvalidArgument);
    for (size_t i = 0; i < Rooms::kMostRooms; ++i)
        QVERIFY(bench.rooms.follow(QString::number(i), {}));
    QCOMPARE(bench.rooms.follow(u"one more"_s, {}).error().code(), ErrorCode::QueueFull);
    QVERIFY(bench.rooms.follow(u"7"_s, {})); // it is followed already
    QVERIFY(bench.rooms.leave(u"7"_s));
    QVERIFY(bench.rooms.follow(u"one more"_s, {}));
}

void TestFollowedRooms::twice()
{
    Bench bench;
    QCOMPARE(*bench.rooms.follow(u"a"_s, {}), true);
    QCOMPARE(*bench.rooms.follow(u"a"_s, {u"other"_s, 7}), false);
    QCOMPARE(bench.rooms.position(u"a"_s), RoomPosition());
    QVERIFY(bench.rooms.leave(u"a"_s));
    QVERIFY(!bench.rooms.leave(u"a"_s));
    QVERIFY(bench.rooms.isEmpty());
}

void TestFollowedRooms::strangersAreNotTaken()
{
    Bench bench;
    QVERIFY(!bench.publish(u"a"_s, "x", 1));
    QVERIFY(!bench.join(u"a"_s));
    QCOMPARE(bench.told, QStringList());
}

void TestFollowedRooms::followsOverLinks()
{
    Bench bench;
    QVERIFY(bench.rooms.follow(u"a"_s, {}));
    QVERIFY(bench.rooms.follow(u"b"_s, {}));
    QCOMPARE(bench.sent, QStringList()); // there is no link yet
    bench.rooms.linkUp();
    QCOMPARE(bench.sent, QStringList({u"sub a"_s, u"sub b"_s}));
    QVERIFY(bench.join(u"a"_s));
    QVERIFY(bench.publish(u"a"_s, "1", 1));
    QCOMPARE(bench.told, QStringList({u"a live"_s, u"a 1"_s}));
    QCOMPARE(bench.rooms.position(u"a"_s), RoomPosition({u"e"_s, 1}));
    bench.rooms.linkDown();
    QVERIFY(bench.publish(u"a"_s, "2", 2)); // a late one is taken, and nobody hears of it
    QCOMPARE(bench.told.size(), 2);
    bench.rooms.linkUp();
    QCOMPARE(bench.sent.mid(2), QStringList({u"sub a"_s, u"sub b"_s}));
    QVERIFY(bench.rooms.follow(u"c"_s, {})); // on a link that is up: at once
    QVERIFY(bench.rooms.leave(u"b"_s));
    QCOMPARE(bench.sent.mid(4), QStringList({u"sub c"_s, u"unsub b"_s}));
    bench.rooms.linkDrains();
    QVERIFY(bench.rooms.follow(u"d"_s, {})); // waits for the link that takes over
    QVERIFY(bench.rooms.leave(u"c"_s));
    QCOMPARE(bench.sent.mid(6), QStringList({u"unsub c"_s}));
    bench.rooms.linkDown();
    QVERIFY(bench.rooms.leave(u"a"_s)); // nobody is there to be told
    bench.rooms.linkUp();
    QCOMPARE(bench.sent.mid(7), QStringList({u"sub d"_s}));
}

void TestFollowedRooms::leftInsideASlot()
{
    Bench bench;
    QVERIFY(bench.rooms.follow(u"a"_s, {}));
    bench.rooms.linkUp();
    bench.join(u"a"_s);
    bench.onTold = [&bench] { bench.rooms.leave(u"a"_s); };
    QVERIFY(bench.publish(u"a"_s, "1", 1));
    QVERIFY(!bench.publish(u"a"_s, "2", 2));
    QCOMPARE(bench.told, QStringList({u"a live"_s, u"a 1"_s}));
}

void TestFollowedRooms::snapshotThatFails()
{
    Bench bench;
    QSignalSpy failed(&bench.rooms, &Rooms::snapshotFailed);
    QPromise<Result<quint64>> promise;
    promise.start();
    int asked = 0;
    bench.rooms.setSnapshotSource([&](const Gap &) {
        ++asked;
        return promise.future();
    });
    QVERIFY(bench.rooms.follow(u"a"_s, {u"e"_s, 5}));
    bench.rooms.linkUp();
    const QJsonObject gap{{u"from"_s, 6}, {u"to"_s, 9}, {u"reason"_s, u"trimmed"_s}};
    QVERIFY(bench.rooms.take(Frame(
        u"sub.ok"_s, {{u"room"_s, u"a"_s}, {u"epoch"_s, u"e"_s}, {u"offset"_s, 9}, {u"joined"_s, false}, {u"gap"_s, gap}})));
    QCOMPARE(asked, 1);
    QCOMPARE(bench.told, QStringList{u"a gap trimmed"_s});
    const qsizetype before = bench.sent.size();
    promise.addResult(Error(ErrorCode::Offline));
    promise.finish();
    QTRY_COMPARE(failed.size(), 1);
    QCOMPARE(bench.sent.size(), before + 1); // the room goes on
}

WATCHWORD_TEST_MAIN(TestFollowedRooms)
#include "tst_followedrooms.moc"
