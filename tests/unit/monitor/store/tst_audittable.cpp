// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <monitor/store/auditfile.h>
#include <monitor/store/auditfilter.h>
#include <monitor/store/auditline.h>
#include <monitor/store/audittable.h>
#include <monitor/store/query.h>

#include <support/await.h>
#include <support/testmain.h>

#include <QSignalSpy>
#include <QTemporaryDir>

using namespace Monitor;
using namespace Qt::StringLiterals;

class TestAuditTable : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void readsAnEvent()
    {
        AuditTable table;
        table.appendLines({Events::line(881, "token.refresh_failed", 3, "j.marek", "203.0.113.141", "429 from issuer")});
        QCOMPARE(table.rows(), 1u);
        const auto at = table.locate(table.firstRow());
        QVERIFY(at);
        const AuditRecord r = at.segment->record(at.row);
        QCOMPARE(r.sequence, 881u);
        QCOMPARE(int(r.severity), 3);
        QCOMPARE(int(r.outcome), 1);
        QCOMPARE(table.kindName(r.kind), u"token.refresh_failed"_s);
        QCOMPARE(table.nodeName(r.node), u"gw-1"_s);
        QCOMPARE(table.strings().text(r.actor), u"j.marek"_s);
        QCOMPARE(table.strings().text(r.ip), u"203.0.113.141"_s);
        QCOMPARE(table.strings().text(r.message), u"429 from issuer"_s);
        QCOMPARE(table.strings().text(r.connection), u"c-8"_s);
        QVERIFY(at.segment->payload(at.row).startsWith("{\"specversion\""));
        QVERIFY(AuditSegment::BytesPerRow <= 60);
    }

    void readsTimes_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<bool>("good");
        QTest::addColumn<qint64>("ms");
        QTest::newRow("utc") << QByteArray("1970-01-01T00:00:01Z") << true << qint64(1000);
        QTest::newRow("fraction") << QByteArray("2026-11-22T14:32:40.123456Z") << true << qint64(1'795'357'960'123);
        QTest::newRow("offset") << QByteArray("2026-11-22T15:32:40+01:00") << true << qint64(1'795'357'960'000);
        QTest::newRow("leap day") << QByteArray("2024-02-29T00:00:00Z") << true << qint64(1'709'164'800'000);
        QTest::newRow("no zone") << QByteArray("2026-11-22T14:32:40") << false << qint64(0);
        QTest::newRow("month 13") << QByteArray("2026-13-22T14:32:40Z") << false << qint64(0);
        QTest::newRow("words") << QByteArray("yesterday at noon ok") << false << qint64(0);
    }
    void readsTimes()
    {
        QFETCH(QByteArray, text);
        qint64 ms = 0;
        QTEST(AuditLineParser::parseTime(text, ms), "good");
        QTEST(ms, "ms");
    }

    void keepsHostileLines()
    {
        QByteArray deep(5000, '[');
        QByteArray huge = "{\"type\":\"x\",\"data\":{\"message\":\"" + QByteArray(2 << 20, 'a') + "\"}}";
        const QByteArrayList lines = {"garbage",
                                      "{",
                                      "[]",
                                      "null",
                                      "42",
                                      "{\"type\":7}",
                                      "{\"time\":\"2026-11-22T00:00:00Z\"}",
                                      "{\"type\":\"x\",\"time\":\"soon\"}",
                                      deep,
                                      huge,
                                      QByteArray("\xff\xfe\x00\x01", 4),
                                      "{\"type\":\"x\",\"data\":{\"message\":\"a\\u0000b\",\"severity\":99}}",
                                      "{\"type\":\"x\",\"sequence\":\"-5\"}",
                                      ""};
        AuditTable table;
        table.appendLines(lines);
        QCOMPARE(table.linesSeen(), quint64(lines.size()));
        QCOMPARE(table.badLineCount(), 9u);
        QCOMPARE(table.plainLines(), 2u); // objects of no known kind
        QCOMPARE(table.rows(), 13u); // all but the empty one
        QCOMPARE(table.badLines().size(), 9);
        QCOMPARE(table.badLines().at(1).line, 2u);
        const auto bad = table.locate(table.badLines().front().row);
        QVERIFY(bad.segment->record(bad.row).outcome & AuditRecord::Bad);
        QCOMPARE(bad.segment->payload(bad.row), "garbage"_ba);
    }

    void readsWhatOtherProgramsWrite_data()
    {
        QTest::addColumn<QByteArray>("line");
        QTest::addColumn<qint64>("time");
        QTest::addColumn<QString>("actor");
        QTest::newRow("mark of a Windows program")
            << "\xef\xbb\xbf{\"type\":\"x\",\"time\":\"2026-01-02T03:04:05Z\",\"data\":{\"actor\":{\"name\":\"ann\"}}}\r"_ba
            << qint64(1'767'323'045'000) << u"ann"_s;
        QTest::newRow("milliseconds") << "{\"type\":\"LOGIN\",\"time\":1700000000000,\"data\":{\"actor\":{\"name\":\"ann\"}}}"_ba
                                      << qint64(1'700'000'000'000) << u"ann"_s;
        QTest::newRow("seconds") << "{\"type\":\"LOGIN\",\"time\":1700000000.5,\"data\":{\"actor\":{\"name\":\"ann\"}}}"_ba
                                 << qint64(1'700'000'000'500) << u"ann"_s;
        QTest::newRow("no time") << "{\"type\":\"x\",\"data\":{\"actor\":{\"name\":\"ann\"}}}"_ba << qint64(0) << u"ann"_s;
        QTest::newRow("half a character") << "{\"type\":\"x\",\"data\":{\"actor\":{\"name\":\"ann\\ud83d\"}}}"_ba << qint64(0)
                                          << u"ann\ufffd"_s;
        QTest::newRow("the other half") << "{\"type\":\"x\",\"data\":{\"actor\":{\"name\":\"\\ude00ann\"}}}"_ba << qint64(0)
                                        << u"\ufffdann"_s;
        QTest::newRow("both halves stay") << "{\"type\":\"x\",\"data\":{\"actor\":{\"name\":\"\\ud83d\\ude00 \\ud83d\"}}}"_ba
                                          << qint64(0) << u"\U0001f600 \ufffd"_s;
        QTest::newRow("bytes of another encoding")
            << "{\"type\":\"x\",\"data\":{\"actor\":{\"name\":\"M\xfcller\"}}}"_ba << qint64(0) << u"M\ufffdller"_s;
    }
    void readsWhatOtherProgramsWrite()
    {
        QFETCH(QByteArray, line);
        AuditTable table;
        table.appendBuffer(Events::line(1) + '\n'); // whose time is not that of the next
        table.appendBuffer(line + '\n');
        QCOMPARE(table.badLineCount(), 0u);
        const auto at = table.locate(table.endRow() - 1);
        QTEST(at.segment->record(at.row).time, "time");
        QTEST(table.strings().text(at.segment->record(at.row).actor), "actor");
    }

    void saysWhatAFileIsThatIsNoLog()
    {
        AuditTable table;
        table.appendLines({QByteArray("\xff\xfe{\0\"\0", 6), QByteArray(64, '\0'), "["});
        QCOMPARE(table.badLineCount(), 3u);
        QVERIFY(table.badLines().at(0).reason.contains(u"UTF-8"_s));
        QVERIFY(table.badLines().at(1).reason.contains(u"torn write"_s));
        QVERIFY(table.badLines().at(2).reason.contains(u"jq -c"_s));
    }

    void unreadableIsNotMissingAsWell()
    {
        AuditTable table;
        const QByteArray huge = "{\"type\":\"x\",\"sequence\":\"2\",\"data\":{\"message\":\"" + QByteArray(5 << 20, 'a') + "\"}}";
        table.appendLines({Events::line(1), huge, Events::line(3)});
        QCOMPARE(table.badLineCount(), 1u);
        QCOMPARE(table.missedEvents(), 0u);
        QCOMPARE(table.gapCount(), 0);
        table.appendLines({QByteArray(40, '\0') + Events::line(4), Events::line(8)});
        QCOMPARE(table.badLineCount(), 2u);
        QCOMPARE(table.missedEvents(), 3u); // 5 to 7; 4 is here, though nobody can read it
        QCOMPARE(table.gapCount(), 1);
    }

    void timesThatAreNotStatedAreNoTimes()
    {
        AuditTable table;
        table.appendLines({"{\"type\":\"x\"}", "garbage", Events::line(1)});
        QCOMPARE(table.firstTime(), table.lastTime());
        AuditFilter filter(table);
        filter.setQuery(parseQuery(u"ts < 2026-12-01T00:00:00Z"_s, {auditFields(), 1'795'357'960'000, {}}).root);
        QVERIFY(filter.wait(5000));
        QCOMPARE(filter.result()->matched(), 1u);
    }

    void statesGaps()
    {
        AuditTable table;
        table.appendLines({Events::line(10), Events::line(11), Events::line(15), Events::line(12)});
        QCOMPARE(table.rows(), 5u);
        QCOMPARE(table.gapCount(), 1);
        QCOMPARE(table.missedEvents(), 3u);
        const auto at = table.locate(table.firstRow() + 2);
        QCOMPARE(at.segment->gap(at.row).from, 12u);
        QCOMPARE(at.segment->gap(at.row).to, 14u);
        table.startEpoch();
        table.appendLines({Events::line(1), Events::line(2)});
        QCOMPARE(table.gapCount(), 1);
        table.appendGap({3, 9, 7, -1, AuditGap::Cause::Server}, 0);
        table.appendLines({Events::line(10)});
        QCOMPARE(table.gapCount(), 2);
        QCOMPARE(table.missedEvents(), 10u);
    }

    void keepsFarSequences()
    {
        AuditTable table;
        const QByteArray far = "{\"type\":\"x\",\"sequence\":18446744073709551615}";
        table.appendLines({Events::line(5), far});
        const auto last = table.locate(table.endRow() - 1);
        QCOMPARE(last.segment->sequence(last.row), std::numeric_limits<quint64>::max());
        QCOMPARE(table.gapCount(), 1);
    }

    void evictionKeepsIds()
    {
        AuditTable::Budget budget;
        budget.columnBytes = 3 * AuditSegment::BytesPerRow * AuditSegment::Capacity;
        budget.payloadBytes = qsizetype(24) << 20;
        AuditTable table(budget);
        QByteArray buffer;
        constexpr quint64 Rows = 5 * AuditSegment::Capacity + 100;
        for (quint64 i = 1; i <= Rows; ++i) {
            buffer += Events::line(i) + '\n';
            if (i % 5000 == 0 || i == Rows) {
                table.appendBuffer(buffer);
                buffer.clear();
            }
        }
        QCOMPARE(table.endRow(), Rows);
        QCOMPARE(table.firstRow(), Rows / AuditSegment::Capacity * AuditSegment::Capacity - 2 * AuditSegment::Capacity);
        QCOMPARE(table.evictedRows(), table.firstRow());
        QVERIFY(!table.locate(table.firstRow() - 1));
        for (const quint64 row : {table.firstRow(), table.endRow() - 1}) {
            const auto at = table.locate(row);
            QVERIFY(at);
            QCOMPARE(at.segment->sequence(at.row), row + 1); // ids are never renumbered
        }
        qsizetype payload = 0;
        for (const auto &segment : table.snapshot())
            payload += segment->payloadBytes();
        QVERIFY(payload <= budget.payloadBytes + (qsizetype(1) << 20));
        QVERIFY(!table.snapshot().front()->hasPayload());
        table.clear();
        QCOMPARE(table.rows(), 0u);
        QCOMPARE(table.endRow(), Rows);
        table.appendLines({Events::line(1)});
        QCOMPARE(table.endRow(), Rows + 1);
    }

    void boundsStrings()
    {
        Interner strings(1'000'000);
        quint32 overflow = 0;
        for (int i = 0; i < 20'000; ++i)
            overflow += strings.intern(u"a long unique string number %1"_s.arg(i)) == Interner::Overflow;
        QVERIFY(overflow > 0);
        QCOMPARE(strings.overflowed(), quint64(overflow));
        QVERIFY(strings.bytes() < 1'500'000);
        QCOMPARE(strings.find("a long unique string number 0"), 2u);
        QCOMPARE(strings.find("never seen"), Interner::notFound());
        QCOMPARE(Interner().intern(QByteArrayView("")), Interner::Empty);
    }

    void opensFiles()
    {
        QTemporaryDir folder;
        QFile file(folder.filePath(u"audit.jsonl"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        constexpr int Rows = 20'000;
        for (int i = 1; i <= Rows; ++i)
            file.write(i == 500 ? "not json\n"_ba : Events::line(quint64(i)) + (i == Rows ? "" : "\r\n"));
        file.close();
        AuditTable table;
        AuditFile reader(file.fileName(), table);
        QSignalSpy finished(&reader, &AuditFile::finished);
        QSignalSpy first(&reader, &AuditFile::firstRowsRead);
        reader.start();
        reader.start();
        QVERIFY(Support::waitUntil([&] { return reader.isFinished(); }));
        QCOMPARE(finished.size(), 1);
        QCOMPARE(finished.front().front().toBool(), true);
        QCOMPARE(first.size(), 1);
        QCOMPARE(table.linesSeen(), quint64(Rows));
        QCOMPARE(table.badLineCount(), 1u);
        QCOMPARE(table.badLines().front().line, 500u);
        QCOMPARE(table.rows(), quint64(Rows)); // the line that cannot be read is there, and nothing is missing
        QCOMPARE(table.gapCount(), 0);
        QCOMPARE(reader.progress(), 1.0);
        QVERIFY(reader.errorText().isEmpty());
    }

    void saysWhyAFileCannotBeRead()
    {
        QTemporaryDir folder;
        for (const QString &path : {folder.filePath(u"missing.jsonl"_s), folder.path()}) {
            AuditTable table;
            AuditFile reader(path, table);
            QSignalSpy first(&reader, &AuditFile::firstRowsRead);
            reader.start();
            QVERIFY(Support::waitUntil([&] { return reader.isFinished(); }));
            QVERIFY(reader.errorText().contains(path));
            QCOMPARE(first.size(), 0);
            QCOMPARE(table.rows(), 0u);
        }
    }

    void measuresParsing()
    {
        QRandomGenerator random(1);
        QByteArray buffer;
        constexpr int Rows = 200'000;
        for (int i = 1; i <= Rows; ++i)
            buffer += Events::randomLine(quint64(i), random) + '\n';
        AuditTable table;
        const double start = Events::cpuMs();
        table.appendBuffer(buffer);
        const double seconds = (Events::cpuMs() - start) / 1000;
        QCOMPARE(table.rows(), quint64(Rows));
        qInfo("parse and store: %.0f events/s of %lld bytes", Rows / seconds, qint64(buffer.size() / Rows));
    }
};

WATCHWORD_TEST_MAIN(TestAuditTable)
#include "tst_audittable.moc"
