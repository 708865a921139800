// SPDX-License-Identifier: Apache-2.0
#include "connection/roomcursor.h"
#include "deliverybench.h"
#include "support/testmain.h"

#include <QPromise>
#include <QSignalSpy>

using namespace DeliveryTest;
using C = RoomCursor;

namespace {

QString toText(const C::Action &action)
{
    if (const auto *send = std::get_if<C::Send>(&action)) {
        const QJsonObject f = send->frame.fields();
        if (f.value("look"_L1).toBool())
            return u"look"_s;
        return f.contains("epoch"_L1) ? u"sub %1.%2"_s.arg(f.value("epoch"_L1).toString()).arg(f.value("after"_L1).toInteger())
                                      : u"sub"_s;
    }
    if (const auto *deliver = std::get_if<C::Deliver>(&action))
        return u"deliver %1"_s.arg(deliver->publication.offset);
    if (const auto *gap = std::get_if<C::ReportGap>(&action))
        return u"gap %1-%2 %3"_s.arg(gap->gap.from).arg(gap->gap.to).arg(gap->gap.reason);
    if (const auto *fetch = std::get_if<C::FetchSnapshot>(&action))
        return u"fetch %1"_s.arg(fetch->number);
    return u"live"_s;
}

QString run(C &cursor, const C::Event &event)
{
    QStringList lines;
    for (const C::Action &action : cursor.step(event))
        lines.append(toText(action));
    return lines.isEmpty() ? u"-"_s : lines.join(u", "_s);
}

C::Published pub(quint64 offset)
{
    return {{.room = u"r"_s, .from = u"ada"_s, .payload = "x", .offset = offset}};
}

C::Answered joined(quint64 offset, quint64 to)
{
    return {.epoch = u"e"_s, .offset = offset, .to = to, .joined = true};
}

/*! A room of a server, as the protocol describes it, with small pages. */
struct Server
{
    QString epoch = u"e1"_s;
    quint64 newest = 0;
    quint64 oldest = 1;
    static constexpr quint64 kPage = 3;
    bool isMember = false;

    QList<Frame> subscribe(const QJsonObject &fields)
    {
        QJsonObject answer{{u"room"_s, u"r"_s}, {u"epoch"_s, epoch}, {u"offset"_s, qint64(newest)}};
        const bool looks = fields.value("look"_L1).toBool();
        const quint64 after = quint64(fields.value("after"_L1).toInteger());
        if (looks || !fields.contains("epoch"_L1)) {
            isMember = !looks;
            answer.insert("joined"_L1, isMember);
            return {Frame(u"sub.ok"_s, answer)};
        }
        const bool otherEpoch = fields.value("epoch"_L1).toString() != epoch;
        if (otherEpoch || after + 1 < oldest) {
            QJsonObject gap{{u"from"_s, qint64(after + 1)},
                            {u"reason"_s, otherEpoch ? u"epoch"_s : u"trimmed"_s},
                            {u"continue_after"_s, qint64(oldest - 1)}};
            if (!otherEpoch)
                gap.insert("to"_L1, qint64(oldest - 1));
            answer.insert("gap"_L1, gap);
            answer.insert("joined"_L1, false);
            return {Frame(u"sub.ok"_s, answer)};
        }
        const quint64 to = std::min(newest, after + kPage);
        isMember = to == newest;
        answer.insert("to"_L1, qint64(to));
        answer.insert("joined"_L1, isMember);
        QList<Frame> frames{Frame(u"sub.ok"_s, answer)};
        for (quint64 offset = after + 1; offset <= to; ++offset)
            frames.append(publication(offset));
        return frames;
    }
    Frame publication(quint64 offset) const
    {
        return Frame(u"pub"_s, {{u"room"_s, u"r"_s}, {u"from"_s, u"ada"_s}, {u"offset"_s, qint64(offset)}},
                     epoch.toUtf8() + '.' + QByteArray::number(offset));
    }
};

/*! Plays the server for a Bench, and drops the link once after so many frames. */
struct Play
{
    Bench &bench;
    Server &server;
    int dropAfter;
    int sent = 0;
    qsizetype read = 0;
    bool dropped = false;

    void reopen()
    {
        read = 0;
        server.isMember = false;
        bench.open();
        serve();
    }
    // Answers until the client asks for nothing more, or the link drops.
    void serve()
    {
        while (read < bench.transport()->texts().size()) {
            const Result<Frame> asked = Frame::parse(bench.transport()->texts().at(read++));
            if (!asked || asked->type() != "sub"_L1)
                continue;
            for (const Frame &frame : server.subscribe(asked->fields())) {
                bench.transport()->receiveText(frame.toText());
                if (++sent == dropAfter) {
                    dropped = true;
                    bench.drop();
                    return;
                }
            }
        }
    }
};

} // namespace

class TestRoomCursor : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everyEventInEveryState();
    void pagesUntilLive();
    void snapshotComesBeforeTheRest();
    void threeFailedResumesStartClean();
    void progressIsNoFailure();
    void wildAnswers();
    void failAtEveryStep_data();
    void failAtEveryStep();
    void snapshotIsAwaited();
};

void TestRoomCursor::everyEventInEveryState()
{
    using S = C::State;
    const auto bring = [](S state) {
        C cursor(u"r"_s, {u"e"_s, 5});
        if (state == S::Looking) {
            for (int i = 0; i < 3; ++i) {
                cursor.step(C::LinkUp{});
                cursor.step(C::LinkDown{});
            }
        }
        if (state != S::Down)
            cursor.step(C::LinkUp{});
        if (state == S::Live)
            cursor.step(joined(5, 5));
        if (state == S::Snapshot)
            cursor.step(C::Answered{.epoch = u"e"_s, .offset = 20, .gap = Gap{{}, 6, 9, u"trimmed"_s}, .continueAfter = 9});
        return cursor;
    };
    const std::vector<std::pair<QString, C::Event>> events{
        {u"up"_s, C::LinkUp{}},
        {u"down"_s, C::LinkDown{}},
        {u"joined"_s, joined(5, 5)},
        {u"page"_s, C::Answered{.epoch = u"e"_s, .offset = 20, .to = 8}},
        {u"gap"_s, C::Answered{.epoch = u"f"_s, .offset = 3, .gap = Gap{{}, 6, 0, u"epoch"_s}, .continueAfter = 0}},
        {u"next"_s, pub(6)},
        {u"old"_s, pub(5)},
        {u"hole"_s, pub(9)},
        {u"uncounted"_s, pub(0)},
        {u"snapshot"_s, C::SnapshotDone{1, 0}},
        {u"late snapshot"_s, C::SnapshotDone{7, 0}},
    };
    const QStringList expected{
        u"Down: sub e.5 | - | - | - | - | - | - | - | - | - | -"_s,
        u"Asked: - | - | live | - | gap 6-0 epoch, fetch 1 | deliver 6 | - | gap 6-8 lost, deliver 9 | deliver 0 | - | -"_s,
        u"Looking: - | - | gap 6-5 resume_failed, fetch 4 | gap 6-20 resume_failed, fetch 4 | gap 6-0 resume_failed, fetch 4"
        u" | - | - | - | deliver 0 | - | -"_s,
        u"Snapshot: - | - | - | - | - | - | - | - | deliver 0 | sub e.9 | -"_s,
        u"Live: - | - | - | - | - | deliver 6 | - | gap 6-8 lost, deliver 9 | deliver 0 | - | -"_s,
    };
    const char *names[] = {"Down", "Asked", "Looking", "Snapshot", "Live"};
    QStringList table;
    for (const S state : {S::Down, S::Asked, S::Looking, S::Snapshot, S::Live}) {
        QStringList cells;
        for (const auto &[name, event] : events) {
            C cursor = bring(state);
            QCOMPARE(cursor.state(), state);
            cells.append(run(cursor, event));
        }
        table.append(QLatin1StringView(names[int(state)]) + u": "_s + cells.join(u" | "_s));
    }
    QCOMPARE(table, expected);
}

void TestRoomCursor::pagesUntilLive()
{
    C cursor(u"r"_s, {u"e"_s, 5});
    QCOMPARE(run(cursor, C::LinkUp{}), u"sub e.5"_s);
    QCOMPARE(run(cursor, C::Answered{.epoch = u"e"_s, .offset = 9, .to = 7}), u"-"_s);
    QCOMPARE(run(cursor, pub(6)), u"deliver 6"_s);
    QCOMPARE(run(cursor, pub(7)), u"deliver 7, sub e.7"_s);
    QCOMPARE(run(cursor, joined(9, 9)), u"-"_s);
    QCOMPARE(run(cursor, pub(8)), u"deliver 8"_s);
    QCOMPARE(run(cursor, pub(9)), u"deliver 9, live"_s);
    QCOMPARE(run(cursor, pub(10)), u"deliver 10"_s);
    QCOMPARE(cursor.position(), (RoomPosition{u"e"_s, 10}));
}

void TestRoomCursor::snapshotComesBeforeTheRest()
{
    C cursor(u"r"_s, {u"e"_s, 5});
    cursor.step(C::LinkUp{});
    QCOMPARE(run(cursor, C::Answered{.epoch = u"e"_s, .offset = 20, .gap = Gap{{}, 6, 9, u"trimmed"_s}, .continueAfter = 9}),
             u"gap 6-9 trimmed, fetch 1"_s);
    QCOMPARE(run(cursor, pub(20)), u"-"_s);
    QCOMPARE(cursor.position().offset, quint64(5)); // a drop now finds the same gap again
    QCOMPARE(run(cursor, C::SnapshotDone{1, 15}), u"sub e.15"_s); // the snapshot knew more
}

void TestRoomCursor::threeFailedResumesStartClean()
{
    C cursor(u"r"_s, {u"e"_s, 5});
    for (int i = 0; i < 3; ++i) {
        QCOMPARE(run(cursor, C::LinkUp{}), u"sub e.5"_s);
        cursor.step(C::LinkDown{});
    }
    QCOMPARE(run(cursor, C::LinkUp{}), u"look"_s);
    cursor.step(C::LinkDown{});
    QCOMPARE(run(cursor, C::LinkUp{}), u"look"_s); // still
    QCOMPARE(run(cursor, C::Answered{.epoch = u"e"_s, .offset = 30}), u"gap 6-30 resume_failed, fetch 5"_s);
    QCOMPARE(run(cursor, C::SnapshotDone{5, 0}), u"sub e.30"_s);
    QCOMPARE(run(cursor, joined(30, 30)), u"live"_s);
    QCOMPARE(cursor.failures(), 0);
}

void TestRoomCursor::progressIsNoFailure()
{
    C cursor(u"r"_s, {u"e"_s, 5});
    for (quint64 offset = 6; offset < 26; ++offset) {
        QCOMPARE(run(cursor, C::LinkUp{}), u"sub e.%1"_s.arg(offset - 1));
        cursor.step(C::Answered{.epoch = u"e"_s, .offset = 100, .to = 90});
        cursor.step(pub(offset));
        cursor.step(C::LinkDown{});
        QCOMPARE(cursor.failures(), 0);
    }
}

void TestRoomCursor::wildAnswers()
{
    const QList<QByteArray> texts{
        "\x1e{\"t\":\"sub.ok\"}",
        "\x1e{\"t\":\"sub.ok\",\"room\":\"r\",\"epoch\":5,\"offset\":-1,\"to\":1e300,\"joined\":\"x\",\"gap\":7}",
        "\x1e{\"t\":\"sub.ok\",\"room\":\"r\",\"offset\":\"9\",\"gap\":{\"from\":-7,\"continue_after\":1e99},\"joined\":false}",
        "\x1e{\"t\":\"sub.ok\",\"room\":\"r\",\"epoch\":\"e\",\"offset\":9,\"to\":5,\"joined\":false}",
    };
    for (const QByteArray &text : texts) {
        const Result<Frame> frame = Frame::parse(QString::fromUtf8(text));
        QVERIFY(frame);
        C cursor(u"r"_s, {u"e"_s, 5});
        cursor.step(C::LinkUp{});
        for (int i = 0; i < 10; ++i)
            QVERIFY(cursor.step(C::parse(*frame)).size() <= 2);
        cursor.step(pub(6));
        QVERIFY(cursor.position().offset <= 6);
    }
}

void TestRoomCursor::failAtEveryStep_data()
{
    QTest::addColumn<quint64>("trimmedTo");
    QTest::addColumn<bool>("restarted");
    QTest::addRow("kept") << quint64(1) << false;
    QTest::addRow("trimmed") << quint64(6) << false;
    QTest::addRow("restarted") << quint64(1) << true;
}

// The link drops after n frames of the server, for every n; in the end everything was delivered once or named as a gap.
void TestRoomCursor::failAtEveryStep()
{
    QFETCH(quint64, trimmedTo);
    QFETCH(bool, restarted);
    int drops = 0;
    for (int n = 0; n < 40; ++n) {
        Bench bench;
        Server server;
        QStringList got;
        QList<Gap> gaps;
        int lives = 0;
        connect(bench.connection.get(), &Connection::published, this,
                [&](const Publication &p) { got.append(QString::fromUtf8(p.payload)); });
        connect(bench.connection.get(), &Connection::gap, this, [&](const Gap &gap) { gaps.append(gap); });
        connect(bench.connection.get(), &Connection::roomLive, this, [&] { ++lives; });
        QVERIFY(bench.connection->subscribe(u"r"_s));
        Play play{.bench = bench, .server = server, .dropAfter = n};
        play.reopen();
        if (play.dropped) { // right behind the first answer: what follows is a resume of nothing
            play.dropped = false;
            play.reopen();
        }
        while (server.newest < 4)
            bench.transport()->receiveText(server.publication(++server.newest).toText());
        bench.drop();
        server.newest = 12;
        server.oldest = trimmedTo;
        if (restarted) {
            server.epoch = u"e2"_s;
            server.newest = 5;
        }
        const int before = play.sent;
        play.reopen();
        drops += play.dropped ? 1 : 0;
        if (play.dropped)
            play.reopen();
        QCOMPARE(bench.connection->position(u"r"_s), (RoomPosition{server.epoch, server.newest}));
        QVERIFY(server.isMember && lives >= 2);
        QStringList expected;
        for (quint64 offset = 1; offset <= 4; ++offset)
            expected.append(u"e1.%1"_s.arg(offset));
        for (quint64 offset = restarted ? 1 : std::max<quint64>(5, trimmedTo); offset <= server.newest; ++offset)
            expected.append(u"%1.%2"_s.arg(server.epoch).arg(offset));
        QCOMPARE(got, expected);
        QCOMPARE(gaps.isEmpty(), !restarted && trimmedTo <= 5);
        for (const Gap &gap : std::as_const(gaps)) {
            QCOMPARE(gap.from, quint64(5));
            QCOMPARE(gap.to, restarted ? quint64(0) : trimmedTo - 1);
        }
        if (n == 0)
            QVERIFY(play.sent > before);
    }
    QVERIFY2(drops >= 5, qPrintable(QString::number(drops)));
}

void TestRoomCursor::snapshotIsAwaited()
{
    Bench bench;
    Server server;
    QStringList order;
    QPromise<Result<quint64>> promise;
    promise.start();
    connect(bench.connection.get(), &Connection::published, this,
            [&](const Publication &p) { order.append(QString::number(p.offset)); });
    connect(bench.connection.get(), &Connection::gap, this, [&](const Gap &gap) { order.append(gap.reason); });
    bench.connection->setSnapshotSource([&](const Gap &) {
        order.append(u"fetching"_s);
        return promise.future();
    });
    QVERIFY(bench.connection->subscribe(u"r"_s, {u"e1"_s, 2}));
    server.newest = 9;
    server.oldest = 7;
    bench.open();
    for (const Frame &frame : server.subscribe(bench.frames(u"sub"_s).first().fields()))
        bench.transport()->receiveText(frame.toText());
    QCOMPARE(order, QStringList({u"trimmed"_s, u"fetching"_s}));
    QCOMPARE(bench.frames(u"sub"_s).size(), 1);
    QSignalSpy errors(bench.connection.get(), &Connection::errorOccurred);
    promise.addResult(Result<quint64>(Error(ErrorCode::Timeout))); // told, and the room goes on
    promise.finish();
    QTRY_COMPARE(bench.frames(u"sub"_s).size(), 2);
    QCOMPARE(errors.size(), 1);
    for (const Frame &frame : server.subscribe(bench.frames(u"sub"_s).last().fields()))
        bench.transport()->receiveText(frame.toText());
    QCOMPARE(order.mid(2), QStringList({u"7"_s, u"8"_s, u"9"_s}));
    // Whoever left a room hears nothing more of it.
    bench.connection->unsubscribe(u"r"_s);
    QCOMPARE(bench.frames(u"unsub"_s).size(), 1);
    bench.transport()->receiveText(server.publication(10).toText());
    QCOMPARE(order.size(), 5);
}

WATCHWORD_TEST_MAIN(TestRoomCursor)
#include "tst_roomcursor.moc"
