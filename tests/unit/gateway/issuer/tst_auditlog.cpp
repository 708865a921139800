// SPDX-License-Identifier: Apache-2.0
#include "audit/auditlog.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/testing/manualclock.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QJsonArray>
#include <QSignalSpy>
#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>
#include <QTemporaryDir>

#include <cstdio>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

AuditEntry entry(int number)
{
    return {.type = u"conn.opened"_s, .subject = u"c-%1"_s.arg(number), .severity = 1, .outcome = u"success"_s,
            .reasonCode = {}, .message = u"Connection ä %1."_s.arg(number),
            .data = {{"actor"_L1, QJsonObject {{"type"_L1, u"user"_s}, {"sub"_L1, u"u-%1"_s.arg(number % 7)}}},
                     {"src"_L1, QJsonObject {{"ip"_L1, u"127.0.0.1"_s}, {"port"_L1, 40000 + number}}}}};
}

//! Runs statements on a closed audit file, as an intruder with the right to write it could.
bool tamper(const QString &path, const QStringList &statements, const QVariantList &values = {})
{
    bool done = true;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"intruder"_s);
        database.setDatabaseName(path);
        done = database.open();
        for (const QString &statement : statements) {
            QSqlQuery query(database);
            done = done && query.prepare(statement);
            if (statement.contains(u'?')) {
                for (const QVariant &value : values)
                    query.addBindValue(value);
            }
            if (!query.exec()) {
                qInfo().noquote() << query.lastError().text();
                done = false;
            }
        }
    }
    QSqlDatabase::removeDatabase(u"intruder"_s);
    return done;
}

QByteArray bodyOf(const QString &path, int sequence)
{
    QByteArray body;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"reader"_s);
        database.setDatabaseName(path);
        if (database.open()) {
            QSqlQuery query(database);
            if (query.exec(u"SELECT body FROM event WHERE seq = %1"_s.arg(sequence)) && query.next())
                body = query.value(0).toByteArray();
        }
    }
    QSqlDatabase::removeDatabase(u"reader"_s);
    return body;
}

const QString kNoGuards = u"DROP TRIGGER event_no_update"_s;
const QString kNoDeleteGuard = u"DROP TRIGGER event_no_delete"_s;

} // namespace

class TestAuditLog : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void numbersSealsAndEmits();
    void inMemory();
    void reopenContinuesTheChain();
    void triggersRefuseChanges();
    void anyChangedByteIsFound();
    void changedColumnsAreFound_data();
    void changedColumnsAreFound();
    void changeFarFromTheEndIsFoundByVerify();
    void removedEventsAreFound_data();
    void removedEventsAreFound();
    void removedTailIsNotFoundAfterRestart();
    void retentionByCount();
    void retentionByAge();
    void forgedHeadIsNotRetention();
    void fullDiskStatesTheGap();
    void largeEventIsShortened();
    void secondProgramIsRefused();
    void notADatabase();
    void damagedPageIsRefused();
    void damagedFileIsSetAside();
    void newerFormatIsRefused();
    void killedWriterLosesNothing();
    void machineStopStartsANewEpoch();
    void speed();

private:
    std::unique_ptr<AuditLog> opened(const AuditOptions &options);
    void fill(int count);

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<ManualClock> m_clock;
    AuditOptions m_options;
};

void TestAuditLog::init()
{
    WatchwordTest::init();
    m_folder = std::make_unique<QTemporaryDir>();
    m_clock = std::make_unique<ManualClock>();
    m_options = {};
    m_options.path = m_folder->filePath(u"state/audit.db"_s);
    m_options.node = u"n1"_s;
}

std::unique_ptr<AuditLog> TestAuditLog::opened(const AuditOptions &options)
{
    Result<std::unique_ptr<AuditLog>> log = AuditLog::open(options, *m_clock);
    if (!log) {
        qInfo().noquote() << log.error().toString();
        return nullptr;
    }
    return std::move(log.value());
}

void TestAuditLog::fill(int count)
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    for (int i = 1; i <= count; ++i)
        QVERIFY(log->append(entry(i)));
}

void TestAuditLog::numbersSealsAndEmits()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QCOMPARE(log->newest(), 0u);
    QCOMPARE(log->oldest(), 0u);
    QVERIFY(log->verify());
    QSignalSpy appended(log.get(), &AuditLog::appended);
    QString previous;
    for (int i = 1; i <= 3; ++i) {
        m_clock->advance(std::chrono::milliseconds(1500));
        const Result<AuditEvent> event = log->append(entry(i));
        QVERIFY(event);
        QCOMPARE(event->sequence, quint64(i));
        QCOMPARE(event->type, u"dev.watchword.conn.opened.v1"_s);
        QCOMPARE(event->source, u"wss-gateway://local/n1"_s);
        QCOMPARE(event->time, m_clock->wallNow());
        QCOMPARE(event->data.value("outcome"_L1).toString(), u"success"_s);
        QVERIFY(!event->data.contains("reason_code"_L1));
        QVERIFY(event->verify(previous));
        previous = event->chainHash();
    }
    QCOMPARE(appended.count(), 3);
    QCOMPARE(appended.last().first().value<AuditEvent>().chainHash(), previous);
    const Result<QList<AuditEvent>> read = log->read(1, 10);
    QVERIFY(read);
    QCOMPARE(read->size(), 2);
    QCOMPARE(read->first().sequence, 2u);
    QCOMPARE(read->last().toBytes(), appended.last().first().value<AuditEvent>().toBytes());
    QCOMPARE(log->read(3, 10)->size(), 0);
    QCOMPARE(log->read(std::numeric_limits<quint64>::max(), 10)->size(), 0);
    QVERIFY(log->verify());
    QVERIFY(log->isWritable());
}

void TestAuditLog::inMemory()
{
    m_options.path.clear();
    const std::unique_ptr<AuditLog> log = opened(m_options);
    const std::unique_ptr<AuditLog> other = opened(m_options);
    QVERIFY(log && other);
    QVERIFY(log->append(entry(1)));
    QCOMPARE(other->newest(), 0u);
    QVERIFY(log->epoch() != other->epoch());
    QVERIFY(log->verify());
    QVERIFY(log->flush());
}

void TestAuditLog::reopenContinuesTheChain()
{
    fill(3);
    QString epoch;
    {
        const std::unique_ptr<AuditLog> log = opened(m_options);
        QVERIFY(log);
        epoch = log->epoch();
        QCOMPARE(log->newest(), 3u);
        QCOMPARE(log->oldest(), 1u);
        QCOMPARE(log->append(entry(4))->sequence, 4u);
    }
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QCOMPARE(log->epoch(), epoch);
    QCOMPARE(log->newest(), 4u);
    QVERIFY(log->verify());
}

void TestAuditLog::triggersRefuseChanges()
{
    fill(3);
    QVERIFY(!tamper(m_options.path, {u"UPDATE event SET sub = 'x' WHERE seq = 2"_s}));
    QVERIFY(!tamper(m_options.path, {u"DELETE FROM event WHERE seq = 1"_s}));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log && log->verify());
}

void TestAuditLog::anyChangedByteIsFound()
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

void TestAuditLog::changedColumnsAreFound_data()
{
    QTest::addColumn<QString>("change");
    QTest::newRow("time") << u"time = time + 1"_s;
    QTest::newRow("type") << u"type = 'conn.closed'"_s;
    QTest::newRow("subject") << u"sub = 'somebody'"_s;
    QTest::newRow("number") << u"seq = 99"_s;
    QTest::newRow("white space") << u"body = CAST(body || ' ' AS BLOB)"_s;
    QTest::newRow("a member more")
        << u"body = CAST(replace(body, '\"specversion\"', '\"extra\":1,\"specversion\"') AS BLOB)"_s;
    QTest::newRow("empty") << u"body = x''"_s;
}

void TestAuditLog::changedColumnsAreFound()
{
    QFETCH(QString, change);
    fill(3);
    QVERIFY(tamper(m_options.path, {kNoGuards, u"UPDATE event SET %1 WHERE seq = 2"_s.arg(change)}));
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, *m_clock);
    QVERIFY(!log);
    QCOMPARE(log.error().code(), ErrorCode::StoreCorrupt);
    QVERIFY(!log.error().remedy().isEmpty());
}

void TestAuditLog::changeFarFromTheEndIsFoundByVerify()
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

void TestAuditLog::removedEventsAreFound_data()
{
    QTest::addColumn<QString>("which");
    QTest::addColumn<QString>("said");
    QTest::newRow("head") << u"seq = 1"_s << u"starts at event 2"_s;
    QTest::newRow("first hundred") << u"seq <= 100"_s << u"starts at event 101"_s;
    QTest::newRow("middle") << u"seq = 60"_s << u"event 59 is followed by event 61"_s;
    QTest::newRow("before the last") << u"seq = 1199"_s << u"event 1198 is followed by event 1200"_s;
}

void TestAuditLog::removedEventsAreFound()
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

void TestAuditLog::removedTailIsNotFoundAfterRestart()
{
    fill(20);
    QVERIFY(tamper(m_options.path, {kNoDeleteGuard, u"DELETE FROM event WHERE seq > 15"_s}));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    // What is left is a whole chain. Only who saw event 16 can tell: its hash is not that of the next event 16.
    QVERIFY(log->verify());
    QCOMPARE(log->newest(), 15u);
}

void TestAuditLog::retentionByCount()
{
    m_options.maxEvents = 100;
    {
        const std::unique_ptr<AuditLog> log = opened(m_options);
        QVERIFY(log);
        for (int round = 0; round < 3; ++round) {
            for (int i = 0; i < 150; ++i)
                QVERIFY(log->append(entry(i)));
            QSignalSpy appended(log.get(), &AuditLog::appended);
            QVERIFY(log->applyRetention() > 0);
            QVERIFY(log->newest() - log->oldest() + 1 <= 100);
            QVERIFY(appended.count() >= 1);
            const AuditEvent purge = appended.first().first().value<AuditEvent>();
            QCOMPARE(purge.shortType(), u"audit.purged"_s);
            QVERIFY(purge.data.value("seam"_L1).toObject().contains("hash"_L1));
            QCOMPARE(log->read(0, 1)->first().sequence, log->oldest());
            const Result<void> verified = log->verify();
            QVERIFY2(verified, verified ? "" : qPrintable(verified.error().detail()));
        }
        QCOMPARE(log->applyRetention(), 0);
    }
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QVERIFY(log->oldest() > 300);
    QVERIFY(log->verify());
}

void TestAuditLog::retentionByAge()
{
    m_options.maxAge = std::chrono::hours(1);
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    for (int i = 0; i < 1500; ++i)
        QVERIFY(log->append(entry(i)));
    QCOMPARE(log->applyRetention(), 0);
    m_clock->advance(std::chrono::minutes(61));
    QVERIFY(log->append(entry(1)));
    QCOMPARE(log->applyRetention(), 1500);
    QCOMPARE(log->oldest(), 1501u);
    QVERIFY(log->verify());
}

void TestAuditLog::forgedHeadIsNotRetention()
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
    QVERIFY(tamper(m_options.path, {u"UPDATE meta SET value = '90' WHERE name = 'purge_before'"_s,
                                    u"DELETE FROM event WHERE seq < 90"_s}));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    const Result<void> verified = log->verify();
    QVERIFY(!verified);
    QVERIFY2(verified.error().detail().contains(u"starts at event 90"_s), qPrintable(verified.error().detail()));
}

void TestAuditLog::fullDiskStatesTheGap()
{
    m_options.maxBytes = 256 * 1024;
    m_options.maxEvents = 100;
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QSignalSpy appended(log.get(), &AuditLog::appended);
    QSignalSpy writable(log.get(), &AuditLog::writableChanged);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"StorageFailed: the audit log cannot be written"_s));
    int written = 0;
    while (log->isWritable() && written < 5000)
        written += log->append(entry(written)) ? 1 : 0;
    QVERIFY(written > 100 && written < 5000);
    QCOMPARE(writable.count(), 1);
    const Result<AuditEvent> refused = log->append(entry(1));
    QVERIFY(!refused);
    QCOMPARE(refused.error().code(), ErrorCode::StorageFailed);
    QCOMPARE(appended.count(), written);
    QCOMPARE(log->newest(), quint64(written));
    QVERIFY(log->verify());

    // Retention makes room, and the first event after it is preceded by the number of the lost ones.
    QVERIFY(log->applyRetention() > 0);
    appended.clear();
    const Result<AuditEvent> event = log->append(entry(2));
    QVERIFY(event);
    QVERIFY(log->isWritable());
    QCOMPARE(writable.count(), 2);
    QCOMPARE(appended.count(), 2);
    const AuditEvent gap = appended.first().first().value<AuditEvent>();
    QCOMPARE(gap.shortType(), u"audit.gap"_s);
    QCOMPARE(gap.data.value("count"_L1).toInteger(), 2);
    QCOMPARE(gap.data.value("severity"_L1).toInt(), 4);
    QCOMPARE(event->sequence, gap.sequence + 1);
    QVERIFY(log->verify());
}

void TestAuditLog::largeEventIsShortened()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    AuditEntry large = entry(1);
    large.data.insert("blob"_L1, QString(100'000, u'x'));
    const Result<AuditEvent> event = log->append(large);
    QVERIFY(event);
    QVERIFY(event->data.value("truncated"_L1).toBool());
    QVERIFY(event->toBytes().size() < 64 * 1024);
    QVERIFY(log->verify());
}

void TestAuditLog::secondProgramIsRefused()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log && log->append(entry(1)));
    const Result<std::unique_ptr<AuditLog>> second = AuditLog::open(m_options, *m_clock);
    QVERIFY(!second);
    QCOMPARE(second.error().code(), ErrorCode::LockBusy);
    QVERIFY(log->append(entry(2)));
}

void TestAuditLog::notADatabase()
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

void TestAuditLog::damagedPageIsRefused()
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

void TestAuditLog::damagedFileIsSetAside()
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

void TestAuditLog::newerFormatIsRefused()
{
    fill(1);
    QVERIFY(tamper(m_options.path, {u"PRAGMA user_version=99"_s}));
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(m_options, *m_clock);
    QVERIFY(!log);
    QVERIFY(log.error().detail().contains(u"format 99"_s));
}

void TestAuditLog::killedWriterLosesNothing()
{
    int said = 0;
    {
        Support::ReadyProcess writer;
        const auto ready = writer.start(QCoreApplication::applicationFilePath(), {u"--write"_s, m_options.path},
                                        u"READY "_s);
        QVERIFY(ready);
        said = ready->toInt();
        writer.kill();
    }
    QVERIFY(said >= 500);
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QVERIFY(log->newest() >= quint64(said));
    QVERIFY(log->verify());
    QVERIFY(log->read(0, 1)->first().shortType() != "audit.gap"_L1);
    const quint64 before = log->newest();
    QCOMPARE(log->append(entry(1))->sequence, before + 1);
    QVERIFY(log->verify());
}

void TestAuditLog::machineStopStartsANewEpoch()
{
    fill(3);
    QVERIFY(tamper(m_options.path, {u"UPDATE meta SET value = '0' WHERE name = 'clean'"_s,
                                    u"UPDATE meta SET value = 'another boot' WHERE name = 'boot'"_s,
                                    u"UPDATE meta SET value = 'before' WHERE name = 'epoch'"_s}));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QVERIFY(log->epoch() != "before"_L1);
    QCOMPARE(log->newest(), 4u);
    QCOMPARE(log->read(3, 1)->first().data.value("reason_code"_L1).toString(), u"machine_stopped"_s);
    QVERIFY(log->verify());
}

void TestAuditLog::speed()
{
    constexpr int kCount = 20'000;
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QElapsedTimer timer;
    timer.start();
    for (int i = 0; i < kCount; ++i)
        QVERIFY(log->append(entry(i)));
    const qint64 written = timer.restart();
    QVERIFY(log->verify());
    qInfo().noquote() << u"%1 events appended in %2 ms (%3/s), verified in %4 ms"_s.arg(kCount).arg(written)
                             .arg(kCount * 1000 / qMax<qint64>(1, written)).arg(timer.elapsed());
}

namespace {

int writeForEver(const QString &path)
{
    AuditOptions options;
    options.path = path;
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(options, Clock::system());
    for (int i = 1; log; ++i) {
        if (!(*log)->append(entry(i)))
            break;
        if (i == 500) {
            std::printf("READY %d\n", i);
            std::fflush(stdout);
        }
    }
    return 1;
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    if (app.arguments().value(1) == "--write"_L1)
        return writeForEver(app.arguments().value(2));
    TestAuditLog test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_auditlog.moc"
