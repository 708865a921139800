// SPDX-License-Identifier: Apache-2.0
#include <monitor/models/logfile.h>

#include <watchword/core/auditevent.h>

#include <support/await.h>
#include <support/testmain.h>

#include <QCryptographicHash>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace Monitor;
using namespace Qt::StringLiterals;
using Kind = ChainFindings::Finding::Kind;

/*! Verification of files: the same proof as of a stream, at its true place. */
class TestLogFile : public WatchwordTest
{
    Q_OBJECT

    //! A log as a gateway seals it.
    static QByteArrayList chain(const QString &uid, int events)
    {
        QByteArrayList lines;
        QString previous;
        for (int i = 1; i <= events; ++i) {
            Watchword::AuditEvent event;
            event.id = u"%1-%2"_s.arg(uid).arg(i);
            event.source = u"wss-gateway://c/gw-1"_s;
            event.type = u"dev.watchword.conn.opened.v1"_s;
            event.time = Watchword::WallTime(std::chrono::milliseconds(1'795'357'960'000 + i * 1000));
            event.sequence = quint64(i);
            event.data = {{u"message"_s, u"event %1"_s.arg(i)}, {u"severity"_s, 1}};
            previous = event.seal(uid, previous);
            lines.append(event.toBytes());
        }
        return lines;
    }
    static ChainFindings check(const QByteArrayList &lines)
    {
        AuditTable table;
        LogVerifier verifier(table);
        table.appendLines(lines);
        verifier.noteRows();
        Support::waitUntil([&] {
            const ChainFindings now = verifier.findings();
            return now.isCaughtUp && now.checkedRows + quint64(table.gapCount()) + now.restarts >= table.rows();
        });
        ChainFindings found = verifier.findings();
        for (const ChainFindings::Finding &finding : found.findings) {
            if ((finding.kind == Kind::Broken) == table.brokenWhy(finding.row).isEmpty())
                qFatal("a mark in the table is not that of the finding");
        }
        return found;
    }

private Q_SLOTS:
    void verifiesAWholeLog()
    {
        const ChainFindings found = check(chain(u"one"_s, 150));
        QVERIFY(found.isSound());
        QCOMPARE(found.events, 150u);
        QCOMPARE(found.summary(), u"Verified 1 to 150"_s);
        QVERIFY(found.stretches.first().startIsProven);
        QVERIFY(found.findings.isEmpty());
    }

    void findsTheEventThatWasChanged()
    {
        QByteArrayList lines = chain(u"one"_s, 300);
        lines[150].replace("event 151", "event 15l");
        const ChainFindings found = check(lines);
        QCOMPARE(found.summary(), u"Verified 1 to 150, broken at 151"_s);
        QCOMPARE(found.broken, 1u);
        QCOMPARE(found.firstBreak()->from, 151u);
        QCOMPARE(found.firstBreak()->row, 150u);
        QCOMPARE(found.stretches.size(), 2); // what follows builds on what the changed event claims
    }

    void findsOtherHands_data()
    {
        QTest::addColumn<QString>("what");
        QTest::addColumn<QString>("summary");
        QTest::newRow("taken out") << u"out"_s << u"Verified 1 to 4, 7 to 20, 2 event(s) missing"_s;
        QTest::newRow("one taken out") << u"one"_s << u"Verified 1 to 4, 6 to 20, 1 event(s) missing"_s;
        QTest::newRow("swapped") << u"swap"_s << u"Verified 1 to 4, 6, broken at 5, 1 event(s) missing"_s;
        QTest::newRow("sealed anew by who has no key to the rest") << u"reseal"_s << u"Verified 1 to 5, broken at 6"_s;
        QTest::newRow("without its hash") << u"strip"_s << u"Verified 1 to 4, broken at 5"_s;
        QTest::newRow("unreadable") << u"bad"_s << u"Verified 1 to 4, 6 to 20, 1 line(s) unreadable"_s;
        QTest::newRow("from another log") << u"other"_s << u"Verified 1 to 4, broken at 5 and at 1 other place(s)"_s;
        QTest::newRow("twice") << u"twice"_s << u"Verified 1 to 20"_s;
        QTest::newRow("the beginning is not here") << u"tail"_s << u"Verified 10 to 20"_s;
    }
    void findsOtherHands()
    {
        QFETCH(QString, what);
        QFETCH(QString, summary);
        QByteArrayList lines = chain(u"one"_s, 20);
        if (what == "out"_L1) {
            lines.remove(4, 2);
        } else if (what == "one"_L1) {
            lines.remove(4);
        } else if (what == "swap"_L1) {
            lines.swapItemsAt(4, 5);
        } else if (what == "reseal"_L1) {
            Watchword::AuditEvent event = *Watchword::AuditEvent::fromBytes(lines.at(4));
            const QString before = event.previousHash();
            event.data.insert(u"message"_s, u"nothing happened"_s);
            event.data.remove(u"chain"_s);
            event.seal(u"one"_s, before);
            lines[4] = event.toBytes();
        } else if (what == "strip"_L1) {
            Watchword::AuditEvent event = *Watchword::AuditEvent::fromBytes(lines.at(4));
            event.data.remove(u"chain"_s);
            lines[4] = event.toBytes();
        } else if (what == "bad"_L1) {
            lines[4] = "\0\0\0garbage"_ba;
        } else if (what == "other"_L1) {
            lines[4] = chain(u"two"_s, 5).at(4);
        } else if (what == "twice"_L1) {
            lines.insert(5, lines.at(4));
        } else if (what == "tail"_L1) {
            lines.remove(0, 9);
        }
        QCOMPARE(check(lines).summary(), summary);
    }

    void saysWhereAnotherLogBegins()
    {
        const ChainFindings found = check(chain(u"one"_s, 12) + chain(u"two"_s, 7));
        QVERIFY(found.isSound());
        QCOMPARE(found.restarts, 1u);
        QCOMPARE(found.findings.first().kind, Kind::Restart);
        QCOMPARE(found.findings.first().from, 1u);
        QCOMPARE(found.findings.first().to, 12u);
        QCOMPARE(found.summary(), u"Verified 1 to 12, 1 to 7"_s);
        QCOMPARE(found.stretches.at(1).chain, u"two"_s);
    }

    void saysThatThereIsNoChain()
    {
        QCOMPARE(check({R"({"msg":"hello"})", R"({"type":"x"})"}).summary(),
                 u"The events have no hash chain, so nothing can be proved"_s);
        ChainFindings none;
        QCOMPARE(none.summary(), u"Verifying"_s);
    }

    void boundsWhatItRemembers()
    {
        ChainCheck check;
        const QByteArray first = chain(u"one"_s, 1).first();
        check.event(0, first);
        for (quint64 row = 1; row < 5000; ++row)
            check.unreadable(row);
        check.notKept(3);
        QCOMPARE(check.findings().unreadable, 4999u);
        QCOMPARE(check.findings().findings.size(), ChainFindings::Most);
        QCOMPARE(check.findings().notKept, 3u);
        QVERIFY(!check.findings().isSound());
    }

    void readsVerifiesAndFollowsAFile()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(u"audit.jsonl"_s);
        const QByteArrayList lines = chain(u"one"_s, 40);
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(lines.first(30).join('\n') + '\n');
        file.flush();
        AuditTable table;
        LogFile log(path, table);
        QSignalSpy noticed(&log, &LogFile::noticed);
        log.start();
        QVERIFY(Support::waitUntil([&] { return log.findings().events == 30 && log.isFinished(); }));
        QCOMPARE(log.title(), u"audit.jsonl"_s);
        file.write(lines.sliced(30).join('\n') + '\n');
        file.flush();
        QVERIFY(Support::waitUntil([&] { return log.findings().isCaughtUp && log.findings().events == 40; }));
        QCOMPARE(log.findings().summary(), u"Verified 1 to 40"_s);
        QVERIFY(log.formatText().isEmpty());
        const QString sha = sha256OfFile(path);
        QFile again(path);
        QVERIFY(again.open(QIODevice::ReadOnly));
        QCOMPARE(sha, QString::fromLatin1(QCryptographicHash::hash(again.readAll(), QCryptographicHash::Sha256).toHex()));
        const QString report = log.report(sha);
        for (const QString &part : {u"**Verified 1 to 40.**"_s, sha, u"1 to 40 of chain one"_s, log.findings().head, path})
            QVERIFY2(report.contains(part), qPrintable(part + u" in "_s + report));
        file.resize(0);
        file.seek(0);
        file.write("{\"msg\":\"x\"}\n");
        file.close();
        QVERIFY(Support::waitUntil([&] { return noticed.size() == 1; }));
        QVERIFY(log.restartText().startsWith(u"The file was cut at"_s));
        QVERIFY(Support::waitUntil([&] { return table.plainLines() == 1; }));
        QVERIFY2(log.formatText().startsWith(u"1 line(s) are of no known format"_s), qPrintable(log.formatText()));
    }

    void theReportNamesWhatIsWrong()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(u"audit.jsonl"_s);
        QByteArrayList lines = chain(u"one"_s, 20);
        lines[10].replace("event 11", "event 1l");
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(lines.join('\n'));
        file.close();
        AuditTable table;
        LogFile log(path, table);
        log.start();
        QVERIFY(Support::waitUntil([&] { return log.findings().isCaughtUp && log.findings().events == 20; }));
        const QString report = log.report({});
        QVERIFY2(report.contains(u"**Verified 1 to 10, broken at 11.**"_s), qPrintable(report));
        QVERIFY2(report.contains(u"| 11 | broken | "_s), qPrintable(report));
        QVERIFY(sha256OfFile(u"-"_s).isEmpty());
        QVERIFY(sha256OfFile(folder.path()).isEmpty());
    }
};

WATCHWORD_TEST_MAIN(TestLogFile)
#include "tst_logfile.moc"
