// SPDX-License-Identifier: Apache-2.0
#include "../store/events.h"

#include <monitor/models/auditmodel.h>
#include <monitor/models/detail.h>

#include <support/await.h>
#include <support/testmain.h>

#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QSignalSpy>

using namespace Monitor;
using namespace Qt::StringLiterals;

class TestAuditModel : public WatchwordTest
{
    Q_OBJECT

    static void append(AuditTable &table, quint64 from, quint64 to, int severity = 1)
    {
        QByteArrayList lines;
        for (quint64 i = from; i <= to; ++i)
            lines.append(Events::line(i, "conn.opened", severity));
        table.appendLines(lines);
    }
    static bool settle(AuditModel &model, qint64 rows)
    {
        return Support::waitUntil([&] {
            model.tick();
            return model.totalRows() == rows && model.queryState().status != QueryState::Status::Running;
        });
    }
    static QString text(const AuditModel &model, int row, int column) { return model.index(row, column).data().toString(); }

private Q_SLOTS:
    void aHardPatternNeverBlocksTheNextFilter()
    {
        AuditTable table;
        QByteArrayList lines;
        for (quint64 at = 1; at <= 3000; ++at)
            lines << Events::line(at, "conn.opened", 1, "alice", "10.1.2.3", QByteArray(60, 'a') + QByteArray::number(at) + '!');
        table.appendLines(lines);
        AuditModel model(table);
        model.setWindow(0, 10);
        QVERIFY(Support::waitUntil([&] {
            model.tick();
            return model.totalRows() == 3000;
        }));
        model.setQuery(u"message ~ /(a+)+$/"_s);
        model.tick();
        QElapsedTimer timer;
        timer.start();
        model.setQuery(u"message has \"17!\""_s);
        QVERIFY(Support::waitUntil([&] {
            model.tick();
            return model.queryState().status == QueryState::Status::Applied;
        }));
        QVERIFY2(timer.elapsed() < 1000, qPrintable(QString::number(timer.elapsed()))); // waitUntil looks every few ms
        QCOMPARE(model.queryState().matched, 30);
        // Left alone it ends too, and says what it did not look at.
        model.setQuery(u"message ~ /(a+)+$/"_s);
        QVERIFY(Support::waitUntil([&] {
            model.tick();
            return model.queryState().status == QueryState::Status::Suspicious;
        }));
        QVERIFY2(model.queryState().message.contains(u"too many steps"_s), qPrintable(model.queryState().message));
        // A pattern that is only long is not.
        model.setQuery(u"message ~ /^a{60}[0-9]+!$/"_s);
        QVERIFY(Support::waitUntil([&] {
            model.tick();
            return model.queryState().status == QueryState::Status::Applied;
        }));
        QCOMPARE(model.queryState().matched, 3000);
    }

    void withinSlidesByTheServersClock()
    {
        AuditTable table;
        qint64 now = 1'795'357'960'000; // 14:32:40, while the clock of this machine says something else
        QByteArrayList lines;
        for (quint64 at = 1; at <= 60; ++at) // 14:00:01 to 14:01:00
            lines << Events::line(at);
        table.appendLines(lines);
        AuditModel model(table, [&now] { return now; });
        model.setWindow(0, 10);
        model.setQuery(u"ts within last 32m"_s);
        const auto shows = [&](qint64 rows) {
            return Support::waitUntil([&] {
                model.tick();
                return model.queryState().matched == rows && model.queryState().status != QueryState::Status::Running;
            });
        };
        QVERIFY(shows(21)); // 14:00:40 and later
        now += 10'000;
        QVERIFY(shows(11));
        now += 60'000;
        QVERIFY(shows(0));
    }

    void aBacklogIsNoRate()
    {
        AuditTable table;
        qint64 now = 1'795'359'800'000;
        AuditModel model(table, [&now] { return now; });
        model.setWindow(0, 10);
        model.tick();
        QByteArrayList lines;
        for (quint64 at = 1; at <= 2000; ++at)
            lines << Events::line(at); // half an hour old, and older
        table.appendLines(lines);
        QVERIFY(Support::waitUntil([&] {
            model.tick();
            return model.totalRows() == 2000;
        }));
        QCOMPARE(model.rate(), 0.0);
    }

    void showsAWindow()
    {
        AuditTable table;
        AuditModel model(table);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setWindow(0, 30);
        QCOMPARE(model.rowCount(), 0);
        append(table, 1, 10);
        QVERIFY(settle(model, 10));
        QCOMPARE(model.rowCount(), 10);
        append(table, 11, 5000, 4);
        QVERIFY(settle(model, 5000));
        QCOMPARE(model.rowCount(), 30);
        QCOMPARE(model.firstRow(), 4970);
        QCOMPARE(text(model, 29, AuditModel::Sequence), u"5,000"_s);
        QCOMPARE(text(model, 29, AuditModel::SeverityColumn), u"Error"_s);
        QCOMPARE(text(model, 29, AuditModel::Message), u"hello"_s);
        const QModelIndex cell = model.index(29, 0);
        QCOMPARE(cell.data(Qt::AccessibleDescriptionRole).toString(), u"row 5,000 of 5,000"_s);
        QVERIFY(cell.data(Qt::AccessibleTextRole).toString().contains(u"user alice"_s));
        QCOMPARE(cell.data(RowTintRole).toString(), u"tint.error"_s);
        QCOMPARE(model.index(29, AuditModel::SeverityColumn).data(TextColourRole).toString(), u"severity.error"_s);
        QCOMPARE(model.filterTermFor(model.index(29, AuditModel::User), true), u"not user:alice"_s);
    }

    void followsPausesAndDetaches()
    {
        AuditTable table;
        AuditModel model(table);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        QSignalSpy mode(&model, &AuditModel::modeChanged);
        model.setWindow(0, 20);
        append(table, 1, 100);
        QVERIFY(settle(model, 100));
        QCOMPARE(model.mode(), AuditModel::TailMode::Following);
        model.pause();
        model.pause();
        QCOMPARE(mode.size(), 1);
        append(table, 101, 140);
        append(table, 141, 150, 5);
        QVERIFY(settle(model, 150));
        QCOMPARE(model.firstRow(), 80); // the view did not move
        QCOMPARE(model.newRows(), 50);
        QCOMPARE(model.newErrors(), 10);
        QCOMPARE(model.newRowsText(), u"50 new"_s);
        QVERIFY(model.pausedText().startsWith(u"Paused by you at"));
        model.follow();
        QCOMPARE(model.firstRow(), 130);
        QCOMPARE(model.newRows(), 0);
        model.scrollTo(10);
        QCOMPARE(model.mode(), AuditModel::TailMode::Detached);
        append(table, 151, 160);
        QVERIFY(settle(model, 160));
        QCOMPARE(model.firstRow(), 10);
        QCOMPARE(model.newRows(), 10);
        model.scrollTo(1000);
        QCOMPARE(model.mode(), AuditModel::TailMode::Following);
        QCOMPARE(mode.size(), 4);
    }

    void keepsSelectionAndPlaceWhenTheFilterChanges()
    {
        AuditTable table;
        AuditModel model(table);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setWindow(0, 20);
        for (quint64 i = 1; i <= 400; ++i)
            append(table, i, i, i % 4 == 0 ? 4 : 1);
        QVERIFY(settle(model, 400));
        model.scrollTo(200);
        const quint64 id = model.idAt(203); // sequence 204, an error
        model.select(id);
        model.setQuery(u"sev>=error"_s);
        QVERIFY(settle(model, 100));
        QCOMPARE(model.queryState().status, QueryState::Status::Applied);
        QCOMPARE(model.queryState().matched, 100);
        QVERIFY(model.selectedIds().contains(id));
        QCOMPARE(model.viewRowOf(id), 50);
        QVERIFY(model.firstRow() <= 50 && model.firstRow() + 20 > 50); // still in sight
        model.setQuery(u"sev>=errr"_s);
        QCOMPARE(model.queryState().status, QueryState::Status::Error);
        QCOMPARE(model.queryState().appliedText, u"sev>=error"_s);
        QCOMPARE(model.queryState().errorPosition, 5);
        model.tick();
        QCOMPARE(model.totalRows(), 100); // the last good filter is still applied
        model.setQuery({});
        QVERIFY(settle(model, 400));
        QVERIFY(model.selectedIds().contains(id));
        model.setQuery(u"user:nobody"_s);
        QVERIFY(settle(model, 0));
        QCOMPARE(model.queryState().status, QueryState::Status::Suspicious);
    }

    void showsGapsAndBadLines()
    {
        AuditTable table;
        AuditModel model(table);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setWindow(0, 20);
        append(table, 1, 2);
        table.appendLines({"oops"});
        append(table, 1205, 1206);
        model.setQuery(u"user:nobody or is:unreadable"_s);
        QVERIFY(settle(model, 1));
        QCOMPARE(model.index(0, 0).data(RowKindRole).toInt(), int(RowKind::Bad));
        model.setQuery(u"user:alice"_s);
        QVERIFY(settle(model, 5)); // the gap is said whatever the filter is
        QCOMPARE(model.queryState().matched, 4);
        QCOMPARE(model.index(2, 0).data(RowKindRole).toInt(), int(RowKind::Gap));
        // One of the 1,202 is the line that is there and cannot be read; it is said once.
        QVERIFY(text(model, 2, 0).startsWith(u"1,201 events not received, seq 3 to 1,204"));
        QCOMPARE(model.gapsText(), u"1 gap, 1,201 events"_s);
        const DetailContent gap = describeEvent(table, model.idAt(2));
        QVERIFY(gap.valid && gap.sentences.contains(u"1,201 events not received"_s));
    }

    void survivesEviction()
    {
        AuditTable::Budget budget;
        budget.columnBytes = 2 * AuditSegment::BytesPerRow * AuditSegment::Capacity;
        AuditTable table(budget);
        AuditModel model(table);
        QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setWindow(0, 20);
        append(table, 1, 2 * AuditSegment::Capacity);
        QVERIFY(settle(model, 2 * AuditSegment::Capacity));
        model.scrollTo(AuditSegment::Capacity + 5000);
        const quint64 top = model.idAt(model.firstRow());
        model.select(top);
        append(table, 2 * AuditSegment::Capacity + 1, 2 * AuditSegment::Capacity + 10);
        QVERIFY(settle(model, AuditSegment::Capacity + 10));
        QCOMPARE(model.idAt(model.firstRow()), top); // the same row is in sight at another number
        QCOMPARE(model.firstRow(), 5000);
        QCOMPARE(model.newRows(), 10);
    }

    void describesEvents()
    {
        AuditTable table;
        table.appendLines({Events::line(7, "token.reused", 5, "m.okafor", "203.0.113.77")});
        const DetailContent content = describeEvent(table, table.endRow());
        QVERIFY(content.valid);
        QCOMPARE(content.severity, Severity::Critical);
        QCOMPARE(content.title, u"token.reused"_s);
        QVERIFY(content.plainSentences().contains(u"m.okafor"_s));
        QVERIFY(!content.plainSentences().contains(u"**"_s));
        QVERIFY(content.raw.contains(u"\"family\": \"f-1\""_s));
        QVERIFY(content.blocks.size() >= 3);
        QVERIFY(!describeEvent(table, 0).valid);
        QVERIFY(!describeEvent(table, 99).valid);
    }

    void measuresARefresh()
    {
        AuditTable table;
        QRandomGenerator random(2);
        for (int part = 0; part < 10; ++part) {
            QByteArray buffer;
            for (int i = 1; i <= 50'000; ++i)
                buffer += Events::randomLine(quint64(part * 50'000 + i), random) + '\n';
            table.appendBuffer(buffer);
        }
        AuditModel model(table);
        model.setWindow(0, 40);
        QVERIFY(settle(model, 500'000));
        QElapsedTimer timer;
        timer.start();
        qsizetype length = 0;
        constexpr int Rounds = 50;
        for (int round = 0; round < Rounds; ++round) {
            append(table, 500'001 + quint64(round), 500'001 + quint64(round));
            model.tick();
            for (int row = 0; row < model.rowCount(); ++row) {
                for (int column = 0; column < model.columnCount(); ++column) {
                    length += text(model, row, column).size();
                    model.index(row, column).data(TextColourRole);
                }
            }
        }
        QVERIFY(length > 0);
        qInfo("tick and read 40 x 8 cells over %lld rows: %.2f ms", model.totalRows(),
              double(timer.nsecsElapsed()) / 1e6 / Rounds);
    }
};

WATCHWORD_GUI_TEST_MAIN(TestAuditModel)
#include "tst_auditmodel.moc"
