// SPDX-License-Identifier: Apache-2.0
#include "audittest.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QRegularExpression>
#include <QSignalSpy>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

const QString kNoGuards = u"DROP TRIGGER event_no_update"_s;
const QString kNoDeleteGuard = u"DROP TRIGGER event_no_delete"_s;

} // namespace

class TestAuditTamper : public AuditTest
{
    Q_OBJECT

private Q_SLOTS:
    void triggersRefuseChanges();
    void anyChangedByteIsFound();
    void changedColumnsAreFound_data();
    void changedColumnsAreFound();
    void changeFarFromTheEndIsFoundByVerify();
    void removedEventsAreFound_data();
    void removedEventsAreFound();
    void removedTailIsFound();
    void forgedHeadIsNotRetention();
    void notADatabase();
    void damagedPageIsRefused();
    void damagedFileIsSetAside();
    void newerFormatIsRefused();
};

void TestAuditTamper::triggersRefuseChanges()
{
    fill(3);
    QVERIFY(!tamper(m_options.path, {u"UPDATE event SET sub = 'x' WHERE seq = 2"_s}));
    QVERIFY(!tamper(m_options.path, {u"DELETE FROM event WHERE seq = 1"_s}));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log && log->verify());
}

void TestAuditTamper::anyChangedByteIsFound()
{
    fill(3);
    const QByteArray body = bodyOf(m_options.path, 2);
    QVERIFY(body.size() > 300);
    QVERIFY(tamper(m_options.path, {kNoGuards}));
    for (qsizetype i = 0; i < body.size(); ++i) {
        QByteArray changed = body;
        changed[i] = static_cast<char>(changed.at(i) ^ 1);
        QVERIFY(tamper(m_options.path, {u"UPDATE event SET body = ? WHERE seq = 2"_s}, {changed}));
        const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, *m_clock);
        QVERIFY2(!log, changed.constData());
        QCOMPARE(log.error().code(), ErrorCode::StoreCorrupt);
        QVERIFY2(log.error().detail().contains(u"event 2"_s), qPrintable(log.error().detail()));
    }
    QVERIFY(tamper(m_options.path, {u"UPDATE event SET body = ? WHERE seq = 2"_s}, {body}));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log && log->verify());
}

void TestAuditTamper::changedColumnsAreFound_data()
{
    QTest::addColumn<QString>("change");
    QTest::newRow("time") << u"time = time + 1"_s;
    QTest::newRow("type") << u"type = 'conn.closed'"_s;
    QTest::newRow("subject") << u"sub = 'somebody'"_s;
    QTest::newRow("number") << u"seq = 99"_s;
    QTest::newRow("white space") << u"body = CAST(body || ' ' AS BLOB)"_s;
    QTest::newRow("a member more") << u"body = CAST(replace(body, '\"specversion\"', '\"extra\":1,\"specversion\"') AS BLOB)"_s;
    QTest::newRow("empty") << u"body = x''"_s;
}

void TestAuditTamper::changedColumnsAreFound()
{
    QFETCH(QString, change);
    fill(3);
    QVERIFY(tamper(m_options.path, {kNoGuards, u"UPDATE event SET %1 WHERE seq = 2"_s.arg(change)}));
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, *m_clock);
    QVERIFY(!log);
    QCOMPARE(log.error().code(), ErrorCode::StoreCorrupt);
    QVERIFY(!log.error().remedy().isEmpty());
}

void TestAuditTamper::changeFarFromTheEndIsFoundByVerify()
{
    fill(1200);
    QByteArray body = bodyOf(m_options.path, 10);
    body.replace("u-3", "u-4");
    QVERIFY(tamper(m_options.path, {kNoGuards, u"UPDATE event SET sub = 'u-4', body = ? WHERE seq = 10"_s}, {body}));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    const Result<void> verified = log->verify();
    QVERIFY(!verified);
    QCOMPARE(verified.error().code(), ErrorCode::ChainBroken);
    QVERIFY2(verified.error().detail().contains(u"event 10"_s), qPrintable(verified.error().detail()));
}

void TestAuditTamper::removedEventsAreFound_data()
{
    QTest::addColumn<QString>("which");
    QTest::addColumn<QString>("said");
    QTest::newRow("head") << u"seq = 1"_s << u"starts at event 2"_s;
    QTest::newRow("first hundred") << u"seq <= 100"_s << u"starts at event 101"_s;
    QTest::newRow("middle") << u"seq = 60"_s << u"event 59 is followed by event 61"_s;
    QTest::newRow("before the last") << u"seq = 1199"_s << u"event 1198 is followed by event 1200"_s;
}

void TestAuditTamper::removedEventsAreFound()
{
    QFETCH(QString, which);
    QFETCH(QString, said);
    fill(1200);
    QVERIFY(tamper(m_options.path, {kNoDeleteGuard, u"DELETE FROM event WHERE %1"_s.arg(which)}));
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, *m_clock);
    const Result<void> verified = log ? (*log)->verify() : Result<void>(log.error());
    QVERIFY(!verified);
    QVERIFY2(verified.error().detail().contains(said), qPrintable(verified.error().detail()));
}

void TestAuditTamper::removedTailIsFound()
{
    fill(20);
    QVERIFY(tamper(m_options.path, {kNoDeleteGuard, u"DELETE FROM event WHERE seq > 15"_s}));
    // What is left is a whole chain, but the signed checkpoint has more events.
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, *m_clock);
    QVERIFY(!log);
    QCOMPARE(log.error().code(), ErrorCode::StoreCorrupt);
    QVERIFY2(log.error().detail().contains(u"ends at 20"_s), qPrintable(log.error().detail()));
}

void TestAuditTamper::forgedHeadIsNotRetention()
{
    m_options.maxEvents = 100;
    {
        const std::unique_ptr<AuditLog> log = opened(m_options);
        QVERIFY(log);
        for (int i = 0; i < 150; ++i)
            QVERIFY(log->append(entry(i)));
        QVERIFY(log->applyRetention() > 0);
    }
    // The guard's own number is moved on, as retention does, but no purge event says so.
    QVERIFY(tamper(m_options.path,
                   {u"UPDATE meta SET value = '90' WHERE name = 'purge_before'"_s, u"DELETE FROM event WHERE seq < 90"_s}));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    const Result<void> verified = log->verify();
    QVERIFY(!verified);
    QVERIFY2(verified.error().detail().contains(u"starts at event 90"_s), qPrintable(verified.error().detail()));
}

void TestAuditTamper::notADatabase()
{
    const QByteArray text(5000, 'x');
    QVERIFY(QDir().mkpath(QFileInfo(m_options.path).path()));
    QFile file(m_options.path);
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(text) == text.size());
    file.close();
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, *m_clock);
    QVERIFY(!log);
    QCOMPARE(log.error().code(), ErrorCode::StoreCorrupt);
    QVERIFY(log.error().detail().contains(m_options.path));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), text);
}

void TestAuditTamper::damagedPageIsRefused()
{
    fill(200);
    QFile file(m_options.path);
    QVERIFY(file.open(QIODevice::ReadWrite));
    for (qint64 page = 2; page * 4096 < file.size(); page += 3) {
        file.seek(page * 4096);
        file.write(QByteArray(64, '\xee'));
    }
    file.close();
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, *m_clock);
    QVERIFY(!log);
    QCOMPARE(log.error().code(), ErrorCode::StoreCorrupt);
}

void TestAuditTamper::damagedFileIsSetAside()
{
    fill(3);
    QVERIFY(tamper(m_options.path, {kNoGuards, u"UPDATE event SET sub = 'x' WHERE seq = 2"_s}));
    m_options.onCorruption = AuditOptions::OnCorruption::SetAside;
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"the damaged audit file was set aside as"_s));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QCOMPARE(log->newest(), 1u);
    QCOMPARE(log->read(0, 1)->first().shortType(), u"audit.gap"_s);
    QVERIFY(log->verify());
    const QStringList aside = QFileInfo(m_options.path).dir().entryList({u"audit.db.corrupt-20260101T*"_s});
    QCOMPARE(aside.size(), 1);
    QVERIFY(bodyOf(QFileInfo(m_options.path).dir().filePath(aside.first()), 3).contains("c-3"));
}

void TestAuditTamper::newerFormatIsRefused()
{
    fill(1);
    QVERIFY(tamper(m_options.path, {u"PRAGMA user_version=99"_s}));
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, *m_clock);
    QVERIFY(!log);
    QVERIFY(log.error().detail().contains(u"format 99"_s));
}

WATCHWORD_TEST_MAIN(TestAuditTamper)
#include "tst_audittamper.moc"
