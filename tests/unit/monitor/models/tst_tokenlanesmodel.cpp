// SPDX-License-Identifier: Apache-2.0
#include <monitor/models/tokenlanesmodel.h>

#include <support/testmain.h>

#include <QSignalSpy>

using namespace Monitor;
using namespace Qt::StringLiterals;

class TestTokenLanesModel : public WatchwordTest
{
    Q_OBJECT

    static constexpr qint64 Now = 1'795'357'960'000;

    static TokenEntry token(const QString &id, const QString &session, qint64 issued, qint64 life = 60'000)
    {
        TokenEntry row;
        row.id = id;
        row.session = session;
        row.user = u"user of "_s + session;
        row.client = u"driver-tablet"_s;
        row.node = u"gw-1"_s;
        row.kind = u"access"_s;
        row.issued = issued;
        row.expires = issued + life;
        row.refreshAt = issued + life * 3 / 4;
        return row;
    }
    static int count(const TimelineLane &lane, TimelineMark::Kind kind)
    {
        return int(std::count_if(lane.marks.begin(), lane.marks.end(), [&](const auto &mark) { return mark.kind == kind; }));
    }

private Q_SLOTS:
    void drawsAChain()
    {
        TokenTable table;
        TokenEntry first = token(u"t1"_s, u"s1"_s, Now - 60'000);
        first.ended = Now - 14'000;
        first.end = u"replaced"_s;
        table.upsert(first);
        TokenEntry second = token(u"t2"_s, u"s1"_s, Now - 15'000);
        second.previous = u"t1"_s;
        table.upsert(second);
        TokenLanesModel model(table);
        model.tick(Now);
        QCOMPARE(model.rowCount(), 1);
        const TimelineLane lane = model.lane(0, Now - 120'000, Now + 120'000, 100, Now);
        QCOMPARE(lane.bars.size(), 2);
        QCOMPARE(lane.bars[0].state, TimelineBar::State::Spent);
        QCOMPARE(lane.bars[1].state, TimelineBar::State::Live);
        QCOMPARE(lane.bars[1].overlapUntil, Now); // until the first would have expired
        QCOMPARE(count(lane, TimelineMark::Kind::Refreshed), 1);
        QCOMPARE(count(lane, TimelineMark::Kind::Planned), 1);
        QCOMPARE(lane.leftText, u"0:45"_s);
        QCOMPARE(lane.deviceGlyph, u"tablet"_s);
        // Far away both are narrower than 3 px and are one block with the worse state.
        const TimelineLane folded = model.lane(0, Now - 86'400'000, Now + 86'400'000, 200'000, Now);
        QCOMPARE(folded.bars.size(), 1);
        QCOMPARE(folded.bars[0].folded, 2);
        QCOMPARE(folded.bars[0].state, TimelineBar::State::Live);
        // Out of sight
        QVERIFY(model.lane(0, Now + 200'000, Now + 300'000, 100, Now).bars.isEmpty());
    }

    void showsTheEnds()
    {
        TokenTable table;
        const auto ended = [&](const QString &session, const QString &end) {
            TokenEntry row = token(u"t-"_s + session, session, Now - 30'000);
            row.ended = Now - 10'000;
            row.end = end;
            table.upsert(row);
        };
        ended(u"s1"_s, u"revoked"_s);
        ended(u"s2"_s, u"reused"_s);
        ended(u"s3"_s, u"signed_out"_s);
        TokenEntry failing = token(u"t4"_s, u"s4"_s, Now - 50'000);
        failing.failures = 3;
        table.upsert(failing);
        TokenEntry opaque = token(u"t5"_s, u"s5"_s, Now - 50'000);
        opaque.expires = 0;
        opaque.refreshAt = 0;
        table.upsert(opaque);
        TokenLanesModel model(table);
        model.tick(Now);
        const auto lane = [&](const char *session) {
            return model.laneOfSession(QString::fromLatin1(session), Now - 100'000, Now + 100'000, 10, Now);
        };
        QCOMPARE(lane("s1").severity, Severity::Critical);
        QCOMPARE(count(lane("s1"), TimelineMark::Kind::Revoked), 1);
        QCOMPARE(lane("s1").bars[0].plannedEnd, Now + 30'000);
        QCOMPARE(count(lane("s2"), TimelineMark::Kind::Reuse), 1);
        QCOMPARE(lane("s3").leftText, u"signed out"_s);
        QCOMPARE(lane("s4").severity, Severity::Error);
        QCOMPARE(lane("s4").failuresText, u"3"_s);
        QCOMPARE(lane("s5").leftText, u"unknown"_s);
        QCOMPARE(lane("s5").bars[0].plannedEnd, 0);
        QCOMPARE(model.row(0).lane, table.laneOf(u"s1"_s)); // what needs attention comes first
        model.setQuery(u"state:failing or user:*s5"_s);
        model.tick(Now);
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.queryState().matched, 2);
        QCOMPARE(model.queryState().total, 5);
        model.setQuery(u"sate:failing"_s);
        QCOMPARE(model.queryState().status, QueryState::Status::Error);
        model.tick(Now + 2000);
        QCOMPARE(model.rowCount(), 2);
    }

    void groupsAndCollapses()
    {
        TokenTable table;
        for (int i = 0; i < 6; ++i) {
            TokenEntry row = token(u"t%1"_s.arg(i), u"s%1"_s.arg(i), Now - 1000 * i);
            row.node = u"gw-%1"_s.arg(i % 2);
            table.upsert(row);
        }
        TokenLanesModel model(table);
        QSignalSpy rows(&model, &TokenLanesModel::rowsChanged);
        model.setGroup(TokenLanesModel::Group::Node);
        model.tick(Now);
        QCOMPARE(rows.size(), 1);
        QCOMPARE(model.rowCount(), 8);
        QVERIFY(model.row(0).isGroup);
        QCOMPARE(model.row(0).groupNote, u"3 sessions, 0 failing"_s);
        model.tick(Now + 10);
        QCOMPARE(rows.size(), 1);
        model.setCollapsed(u"gw-0"_s, true);
        model.tick(Now + 20);
        QCOMPARE(model.rowCount(), 5);
        QCOMPARE(model.rowOfSession(u"s0"_s), -1);
        QVERIFY(table.remove(u"t0"_s));
        QSignalSpy content(&model, &TokenLanesModel::contentChanged);
        model.tick(Now + 30);
        QCOMPARE(content.size(), 1);
        QCOMPARE(model.totalLanes(), 5);
        QVERIFY(model.laneOfSession(u"s0"_s, 0, Now, 1, Now).bars.isEmpty());
    }

    void forecastsAndDensity()
    {
        TokenTable table;
        for (int i = 0; i < 100; ++i) {
            TokenEntry row = token(u"t%1"_s.arg(i), u"s%1"_s.arg(i), Now - 5000);
            row.previous = u"older"_s;
            table.upsert(row);
        }
        TokenLanesModel model(table);
        model.tick(Now);
        const auto buckets = model.forecast(Now - 10'000, Now + 60'000, 10'000, Now);
        QCOMPARE(buckets.size(), 7);
        QCOMPARE(buckets[0].done, 100);
        QCOMPARE(buckets[5].planned, 100); // 40 s from now
        const auto density = model.density(Now - 10'000, Now + 60'000, 70, 40, Now);
        QCOMPARE(density.lanesPerRow, 3);
        QCOMPARE(density.rows, 34);
        QCOMPARE(density.cells.size(), 70 * 34);
        QCOMPARE(density.cells[0], TokenLanesModel::Density::Cell::Empty);
        QCOMPARE(density.cells[7], TokenLanesModel::Density::Cell::Live);
        QCOMPARE(density.cells[50], TokenLanesModel::Density::Cell::Planned);
    }
};

WATCHWORD_TEST_MAIN(TestTokenLanesModel)
#include "tst_tokenlanesmodel.moc"
