// SPDX-License-Identifier: Apache-2.0
#include "events.h"

#include <monitor/store/auditfile.h>
#include <monitor/store/auditline.h>
#include <monitor/store/decompressor.h>

#include <support/await.h>
#include <support/testmain.h>

#include <QDir>
#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>

using namespace Monitor;
using namespace Qt::StringLiterals;

/*! Where audit logs come from: compressed, growing, rotated, piped, and written by other programs. */
class TestAuditSources : public WatchwordTest
{
    Q_OBJECT

    static QByteArray events(int from, int to)
    {
        QByteArray text;
        for (int i = from; i <= to; ++i)
            text += Events::line(quint64(i)) + '\n';
        return text;
    }
    static void write(const QString &path, const QByteArray &bytes, QIODevice::OpenMode mode = QIODevice::Truncate)
    {
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly | mode));
        QCOMPARE(file.write(bytes), bytes.size());
    }
    //! By the real program, so that no bug of ours agrees with itself.
    static QByteArray compressed(const QString &program, const QByteArray &bytes)
    {
        QProcess process;
        process.start(program, {u"-c"_s});
        process.write(bytes);
        process.closeWriteChannel();
        return process.waitForFinished() && process.exitCode() == 0 ? process.readAllStandardOutput() : QByteArray();
    }
    static QByteArray decompressed(const QByteArray &bytes, qsizetype giveAtOnce, qsizetype takeAtOnce,
                                   QByteArray *error = nullptr)
    {
        Decompressor decompressor(Decompressor::formatOf(QByteArrayView(bytes).first(std::min<qsizetype>(4, bytes.size()))));
        QByteArray out;
        QByteArray piece(takeAtOnce, '\0');
        for (qsizetype at = 0; at < bytes.size(); at += giveAtOnce) {
            decompressor.give(QByteArrayView(bytes).sliced(at).first(std::min(giveAtOnce, bytes.size() - at)));
            qsizetype got = 0;
            while ((got = decompressor.take(piece.data(), piece.size())) > 0)
                out += piece.first(got);
            if (got < 0)
                break;
        }
        if (error)
            *error = decompressor.error() ? decompressor.error() : decompressor.isComplete() ? "" : "cut";
        return out;
    }
    static AuditRecord only(AuditTable &table, const QByteArray &line)
    {
        table.appendLines({line});
        const auto at = table.locate(table.endRow() - 1);
        return at ? at.segment->record(at.row) : AuditRecord();
    }

private Q_SLOTS:
    void decompresses_data()
    {
        QTest::addColumn<QString>("program");
        QTest::newRow("gzip") << u"gzip"_s;
        QTest::newRow("zstd") << u"zstd"_s;
    }
    void decompresses()
    {
        QFETCH(QString, program);
        const QByteArray text = events(1, 3000);
        const QByteArray one = compressed(program, text);
        QVERIFY(!one.isEmpty() && one.size() < text.size());
        const QByteArray parts = compressed(program, text.first(1000)) + compressed(program, text.sliced(1000));
        for (const auto &[give, take] : {std::pair<qsizetype, qsizetype>(1, 7), {1000, 100}, {1 << 20, 1 << 22}}) {
            QByteArray error;
            QCOMPARE(decompressed(one, give, take, &error), text);
            QCOMPARE(error, ""_ba);
            QCOMPARE(decompressed(parts, give, take), text);
        }
        QByteArray error;
        const QByteArray cut = decompressed(one.first(one.size() - 20), 100, 100, &error);
        QCOMPARE(error, "cut"_ba);
        QVERIFY(text.startsWith(cut));
        QByteArray damaged = one;
        for (qsizetype at = damaged.size() / 2; at < damaged.size() / 2 + 8; ++at)
            damaged[at] = char(~damaged[at]);
        decompressed(damaged, 1000, 1000, &error);
        QVERIFY2(error.contains("damaged"), error.constData());
        decompressed(one + "garbage", 1000, 1000, &error);
        QVERIFY2(error.contains("damaged"), error.constData());
    }
    void refusesFramesOfOldFormats()
    {
        QByteArray bytes = compressed(u"zstd"_s, "a");
        QByteArray error;
        // Of version 0.6, behind one of today.
        QCOMPARE(decompressed(bytes + QByteArray::fromHex("26b52ffd0458090000615b6e8ca9"), 3, 64, &error), "a"_ba);
        QVERIFY2(error.contains("damaged"), error.constData());
        // A skippable frame is none of these.
        QCOMPARE(decompressed(bytes + QByteArray::fromHex("502a4d1803000000616263") + bytes, 3, 64, &error), "aa"_ba);
        QCOMPARE(error, ""_ba);
        decompressed(bytes + "\x28\xb5", 1, 64, &error);
        QCOMPARE(error, "cut"_ba);
    }
    void passesWhatIsNotCompressed()
    {
        QCOMPARE(decompressed("plain\n", 2, 3), "plain\n"_ba);
        QCOMPARE(Decompressor::formatOf({}), Decompressor::Format::Plain);
        // Zeros behind the last member, as tape blocks have them.
        QCOMPARE(decompressed(compressed(u"gzip"_s, "x") + QByteArray(700, '\0'), 64, 64), "x"_ba);
    }

    void opensCompressedFiles_data() { decompresses_data(); }
    void opensCompressedFiles()
    {
        QFETCH(QString, program);
        QTemporaryDir folder;
        const QString path = folder.filePath(u"audit.log"_s); // the name tells nothing
        const QByteArray bytes = compressed(program, events(1, 30'000));
        write(path, bytes);
        AuditTable table;
        AuditFile reader(path, table);
        reader.setFollowing(true);
        QSignalSpy finished(&reader, &AuditFile::finished);
        reader.start();
        QVERIFY(Support::waitUntil([&] { return reader.isFinished(); }));
        QVERIFY2(finished.first().first().toBool(), qPrintable(reader.errorText()));
        QCOMPARE(table.rows(), 30'000u);
        QCOMPARE(table.badLineCount(), 0u);
        QCOMPARE(table.gapCount(), 0);
        QCOMPARE(reader.progress(), 1.0);
        QCOMPARE(reader.bytesRead(), bytes.size());
        // A copy that was broken off: what came is shown, and it is said.
        write(path, bytes.first(bytes.size() / 2));
        AuditTable half;
        AuditFile other(path, half);
        other.start();
        QVERIFY(Support::waitUntil([&] { return other.isFinished(); }));
        QVERIFY2(other.errorText().contains(u"in the middle of its compressed data"_s), qPrintable(other.errorText()));
        QVERIFY(half.rows() > 100 && half.rows() < 30'000);
    }

    void followsGrowth()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(u"audit.jsonl"_s);
        write(path, events(1, 10));
        AuditTable table;
        AuditFile reader(path, table);
        QSignalSpy restarted(&reader, &AuditFile::restarted);
        reader.setFollowing(true);
        reader.start();
        QVERIFY(Support::waitUntil([&] { return reader.isFinished(); }));
        QCOMPARE(table.rows(), 10u);
        write(path, events(11, 12), QIODevice::Append);
        QVERIFY(Support::waitUntil([&] { return table.rows() == 12; }));
        // A line in two pieces is one line.
        const QByteArray line = Events::line(13) + '\n';
        write(path, line.first(100), QIODevice::Append);
        write(path, line.sliced(100) + events(14, 14), QIODevice::Append);
        QVERIFY(Support::waitUntil([&] { return table.rows() == 14; }));
        QCOMPARE(table.badLineCount(), 0u);
        // One that never ends is shown as what it is.
        write(path, "{\"type\":\"torn\",\"da", QIODevice::Append);
        QVERIFY(Support::waitUntil([&] { return table.badLineCount() == 1; }));
        QCOMPARE(restarted.size(), 0);
        QCOMPARE(table.gapCount(), 0);
    }

    void followsTruncationAndRotation()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(u"audit.jsonl"_s);
        write(path, events(1, 10));
        AuditTable table;
        AuditFile reader(path, table);
        QSignalSpy restarted(&reader, &AuditFile::restarted);
        reader.setFollowing(true);
        reader.start();
        QVERIFY(Support::waitUntil([&] { return reader.isFinished(); }));
        // copytruncate
        write(path, events(11, 13));
        QVERIFY(Support::waitUntil([&] { return table.rows() == 13; }));
        QCOMPARE(restarted.size(), 1);
        QCOMPARE(restarted.last().first().value<AuditFile::Restart>(), AuditFile::Restart::Cut);
        // Cut, and at once longer than before: only its beginning tells.
        write(path, events(14, 60));
        QVERIFY(Support::waitUntil([&] { return table.rows() == 60; }));
        QCOMPARE(restarted.size(), 2);
        // Rotation: renamed with a last line that was not read yet, then a new file.
        write(path, events(61, 61), QIODevice::Append);
        QVERIFY(QDir().rename(path, path + u".1"_s));
        write(path, events(62, 63));
        QVERIFY(Support::waitUntil([&] { return table.rows() == 63; }));
        QVERIFY(Support::waitUntil([&] { return restarted.size() == 3; }));
        QCOMPARE(restarted.last().first().value<AuditFile::Restart>(), AuditFile::Restart::Replaced);
        QCOMPARE(table.badLineCount(), 0u);
    }

    void readsPipes()
    {
#ifdef Q_OS_UNIX
        QTemporaryDir folder;
        const QString path = folder.filePath(u"pipe"_s);
        QCOMPARE(QProcess::execute(u"mkfifo"_s, {path}), 0);
        AuditTable table;
        {
            QProcess writer;
            writer.start(u"sh"_s, {u"-c"_s, u"cat > \"$0\""_s, path});
            AuditFile reader(path, table);
            QSignalSpy finished(&reader, &AuditFile::finished);
            reader.start();
            writer.write(events(1, 3));
            QVERIFY(Support::waitUntil([&] { return table.rows() == 3; }));
            QVERIFY(!reader.isFinished());
            writer.write(events(4, 5));
            writer.closeWriteChannel();
            QVERIFY(Support::waitUntil([&] { return reader.isFinished(); }));
            QVERIFY(finished.first().first().toBool());
            QCOMPARE(table.rows(), 5u);
            QVERIFY(writer.state() == QProcess::NotRunning || writer.waitForFinished());
        }
        // A reader that goes while nothing comes does not hang.
        QProcess silent;
        silent.start(u"sh"_s, {u"-c"_s, u"exec 3>\"$0\"; cat >&3"_s, path});
        {
            AuditFile reader(path, table);
            QSignalSpy first(&reader, &AuditFile::firstRowsRead);
            reader.start();
            silent.write(events(6, 6));
            QVERIFY(Support::waitUntil([&] { return table.rows() == 6; }));
        }
        silent.closeWriteChannel();
        QVERIFY(silent.state() == QProcess::NotRunning || silent.waitForFinished());
#endif
    }

    void readsTheMarkAndWindowsLineEnds()
    {
        AuditTable table;
        table.appendBuffer("\xef\xbb\xbf" + events(1, 1).trimmed() + "\r\n\xef\xbb\xbf" + events(2, 2).trimmed() + "\r\n");
        QCOMPARE(table.rows(), 2u);
        QCOMPARE(table.badLineCount(), 0u);
        QCOMPARE(table.gapCount(), 0);
    }

    void saysWhereTheNumbersBeginAgain()
    {
        AuditTable table;
        table.appendBuffer(events(1, 5) + events(1, 2) + events(5, 5));
        QCOMPARE(table.rows(), 10u); // 8 events, the restart, the gap
        QCOMPARE(table.missedEvents(), 2u);
        const auto restart = table.locate(table.firstRow() + 5);
        QVERIFY(restart.segment->record(restart.row).outcome & AuditRecord::Gap);
        QVERIFY(restart.segment->gap(restart.row).cause == AuditGap::Cause::Restart);
        QCOMPARE(restart.segment->gap(restart.row).to, 5u);
        const auto gap = table.locate(table.firstRow() + 8);
        QCOMPARE(gap.segment->gap(gap.row).from, 3u);
        QCOMPARE(gap.segment->gap(gap.row).to, 4u);
    }

    void readsKeycloak()
    {
        AuditTable table;
        const AuditRecord in = only(
            table,
            R"({"time":1700000000000,"type":"LOGIN_ERROR","realmId":"r1","realmName":"main","clientId":"app","userId":null,"sessionId":"s1","ipAddress":"192.0.2.1","error":"invalid_user_credentials","details":{"username":"ann","auth_method":"openid-connect"}})");
        QCOMPARE(in.time, 1'700'000'000'000);
        QCOMPARE(table.kindName(in.kind), u"LOGIN_ERROR"_s);
        QCOMPARE(table.strings().text(in.actor), u"ann"_s);
        QCOMPARE(table.strings().text(in.client), u"app"_s);
        QCOMPARE(table.strings().text(in.session), u"s1"_s);
        QCOMPARE(table.strings().text(in.ip), u"192.0.2.1"_s);
        QCOMPARE(table.strings().text(in.reason), u"invalid_user_credentials"_s);
        QCOMPARE(table.nodeName(in.node), u"main"_s);
        QCOMPARE(int(in.severity), 3);
        QCOMPARE(int(in.outcome), 2);
        const AuditRecord admin = only(
            table,
            R"({"time":1700000000500,"realmId":"r1","operationType":"DELETE","resourceType":"USER","resourcePath":"users/7","authDetails":{"userId":"root","clientId":"admin-cli","ipAddress":"192.0.2.9"}})");
        QCOMPARE(table.strings().text(admin.actor), u"root"_s);
        QCOMPARE(table.strings().text(admin.message), u"users/7"_s);
        QCOMPARE(int(admin.severity), 2);
        QCOMPARE(table.mappedLines().value(u"Keycloak"_s), 2u);
        QCOMPARE(table.plainLines(), 0u);
    }

    void readsOcsf()
    {
        AuditTable table;
        const AuditRecord in = only(
            table,
            R"({"class_uid":3002,"class_name":"Authentication","activity_name":"Logon","type_name":"Authentication: Logon","time":1700000000123,"severity_id":4,"status_id":2,"status_detail":"bad password","user":{"name":"bob"},"src_endpoint":{"ip":"2001:db8::7"},"session":{"uid":"x-1"},"message":"Logon failed","metadata":{"product":{"name":"IdP","vendor_name":"V"}}})");
        QCOMPARE(in.time, 1'700'000'000'123);
        QCOMPARE(table.kindName(in.kind), u"Authentication: Logon"_s);
        QCOMPARE(table.strings().text(in.actor), u"bob"_s);
        QCOMPARE(table.strings().text(in.ip), u"2001:db8::7"_s);
        QCOMPARE(table.strings().text(in.message), u"Logon failed"_s);
        QCOMPARE(table.strings().text(in.reason), u"bad password"_s);
        QCOMPARE(int(in.severity), 4);
        QCOMPARE(int(in.outcome), 2);
        QCOMPARE(table.mappedLines().value(u"OCSF"_s), 1u);
    }

    void readsPlainJson_data()
    {
        QTest::addColumn<QByteArray>("line");
        QTest::addColumn<qint64>("time");
        QTest::addColumn<QString>("text");
        QTest::addColumn<int>("severity");
        const qint64 second = 1'700'000'000'000; // 2023-11-14T22:13:20Z
        QTest::newRow("pino") << R"({"level":50,"time":1700000000000,"pid":1,"msg":"it broke"})"_ba << second << u"it broke"_s
                              << 4;
        QTest::newRow("zap") << R"({"level":"warn","ts":1700000000.25,"msg":"slow"})"_ba << second + 250 << u"slow"_s << 3;
        QTest::newRow("logrus") << R"({"level":"info","msg":"up","time":"2023-11-14T23:13:20+01:00"})"_ba << second << u"up"_s
                                << 1;
        QTest::newRow("python") << R"({"asctime":"2023-11-14 22:13:20,123","levelname":"CRITICAL","message":"gone"})"_ba
                                << second + 123 << u"gone"_s << 5;
        QTest::newRow("offset without a colon")
            << R"({"@timestamp":"2023-11-14T23:13:20.5+0100","message":"m"})"_ba << second + 500 << u"m"_s << 0;
        QTest::newRow("docker") << R"({"log":"hello\n","stream":"stdout","time":"2023-11-14T22:13:20.123456789Z"})"_ba
                                << second + 123 << u"hello\n"_s << 0;
        QTest::newRow("journald") << R"({"__REALTIME_TIMESTAMP":"1700000000000000","MESSAGE":"started"})"_ba << second
                                  << u"started"_s << 0;
        QTest::newRow("nanoseconds") << R"({"ts":1700000000000000000,"msg":"n"})"_ba << second << u"n"_s << 0;
        QTest::newRow("neither") << R"({"a":1})"_ba << qint64(0) << u"{\"a\":1}"_s << 0;
        QTest::newRow("a time that is none") << R"({"time":"soon","msg":"x"})"_ba << qint64(0) << u"x"_s << 0;
    }
    void readsPlainJson()
    {
        QFETCH(QByteArray, line);
        AuditTable table;
        const AuditRecord in = only(table, line);
        QTEST(in.time, "time");
        QTEST(table.strings().text(in.message), "text");
        QTEST(int(in.severity), "severity");
        QCOMPARE(table.plainLines(), 1u);
        QCOMPARE(table.badLineCount(), 0u);
    }

    void mapsByTheUsersTable()
    {
        const auto mapping = LogMapping::fromToml(QString::fromUtf8(R"(
name = "Door"
when = ["door"]
[fields]
time = "at.when"
user = ["badge.owner", "badge.number"]
kind = "what"
message = "notes.0.text"
[severity]
from = "alarm"
critical = ["2"]
warning = ["1", "tamper*"]
otherwise = "info"
)"),
                                                  u"door.toml"_s);
        QVERIFY2(mapping.mapping, qPrintable(mapping.error));
        AuditTable table;
        table.setMappings({*mapping.mapping});
        AuditRecord in = only(
            table,
            R"({"door":3,"at":{"when":1700000000},"badge":{"number":77},"what":"opened","alarm":2,"notes":[{"text":"night"}]})");
        QCOMPARE(in.time, 1'700'000'000'000);
        QCOMPARE(table.strings().text(in.actor), u"77"_s);
        QCOMPARE(table.strings().text(in.message), u"night"_s);
        QCOMPARE(int(in.severity), 5);
        in = only(table, R"({"door":3,"alarm":"tampered with"})");
        QCOMPARE(int(in.severity), 3);
        in = only(table, R"({"door":3,"alarm":false})");
        QCOMPARE(int(in.severity), 1);
        QCOMPARE(table.mappedLines().value(u"Door"_s), 3u);
        only(table, R"({"window":3,"msg":"x"})"); // not one of these
        QCOMPARE(table.plainLines(), 1u);
        only(table, Events::line(7)); // an event stays an event
        QCOMPARE(table.lastSequence(), 7u);
    }

    void saysWhatIsWrongInATable_data()
    {
        QTest::addColumn<QString>("toml");
        QTest::addColumn<QString>("why");
        QTest::newRow("syntax") << u"name = "_s << u"m.toml:1:8: "_s;
        QTest::newRow("table without a name") << u"name = \"x\"\n[@fields]"_s << u"m.toml:2:1: the tables are [fields]"_s;
        QTest::newRow("header with a strange letter") << u"[fig\ufeffs]"_s << u"m.toml:1:1: the tables are [fields]"_s;
        QTest::newRow("header that does not end") << u"[fields"_s << u"m.toml:1:1: the tables are [fields]"_s;
        QTest::newRow("empty header") << u"[]"_s << u"m.toml:1:1: the tables are [fields]"_s;
        QTest::newRow("nothing") << u"name = \"x\""_s << u"neither time nor kind nor message"_s;
        QTest::newRow("field") << u"[fields]\nwho = \"a\""_s << u"m.toml:2:1: there is no field \"who\""_s;
        QTest::newRow("member") << u"colour = 1\n[fields]\ntime = \"t\""_s << u"there is no \"colour\""_s;
        QTest::newRow("path") << u"[fields]\ntime = 5"_s << u"m.toml:2:8: a text"_s;
        QTest::newRow("severity") << u"[fields]\ntime=\"t\"\n[severity]\nfrom=\"l\"\nbad=[\"x\"]"_s
                                  << u"m.toml:5:1: there is no \"bad\""_s;
        QTest::newRow("from") << u"[fields]\ntime=\"t\"\n[severity]\nerror=[\"x\"]"_s << u"\"from\" is missing"_s;
        QTest::newRow("otherwise") << u"[fields]\ntime=\"t\"\n[outcome]\nfrom=\"x\"\notherwise=\"maybe\""_s
                                   << u"this is one of"_s;
        QTest::newRow("many") << u"[fields]\ntime=["_s + u"\"a\","_s.repeated(17) + u"]"_s << u"more than 16"_s;
    }
    void saysWhatIsWrongInATable()
    {
        QFETCH(QString, toml);
        QFETCH(QString, why);
        const auto parsed = LogMapping::fromToml(toml, u"m.toml"_s);
        QVERIFY(!parsed.mapping);
        QVERIFY2(parsed.error.contains(why), qPrintable(parsed.error));
        QVERIFY(!LogMapping::fromFile(u"/nowhere/m.toml"_s).mapping);
    }

    void ourTablesAreGood()
    {
        QCOMPARE(LogMapping::own().size(), 2);
        QCOMPARE(LogMapping::pointerOf(u"a~b.c/d.0"_s), "/a~0b/c~1d/0"_ba);
        QVERIFY(matchesPattern("LOGIN_ERROR", "*_ERROR"));
        QVERIFY(matchesPattern("x", "*"));
        QVERIFY(matchesPattern("", ""));
        QVERIFY(matchesPattern("abcabd", "a*abd"));
        QVERIFY(!matchesPattern("abc", "a*d"));
        QVERIFY(!matchesPattern("", "a"));
        QVERIFY(!matchesPattern(QByteArray(10'000, 'a'), QByteArray("*a").repeated(20) + 'b')); // soon
    }
};

WATCHWORD_TEST_MAIN(TestAuditSources)
#include "tst_auditsources.moc"
