// SPDX-License-Identifier: Apache-2.0
#include "audittest.h"
#include "support/process.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QJsonArray>
#include <QProcess>
#include <QRandomGenerator>
#include <QSignalSpy>

#include <cstdio>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

//! The event of an emission of appended().
AuditEvent told(const QList<QVariant> &emission)
{
    return emission.first().value<AuditRecord>().event().value();
}

} // namespace

class TestAuditLog : public AuditTest
{
    Q_OBJECT

private Q_SLOTS:
    void numbersSealsAndEmits();
    void inMemory();
    void reopenContinuesTheChain();
    void retentionByCount();
    void retentionByAge();
    void fullDiskStatesTheGap();
    void largeEventIsShortened();
    void secondProgramIsRefused();
    void killedWriterLosesNothing();
    void killedAtRandomMoments();
    void machineStopStartsANewEpoch();
    void speed();
};

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
    QCOMPARE(told(appended.last()).chainHash(), previous);
    const Result<QList<AuditEvent>> read = log->read(1, 10);
    QVERIFY(read);
    QCOMPARE(read->size(), 2);
    QCOMPARE(read->first().sequence, 2u);
    QCOMPARE(read->last().toBytes(), told(appended.last()).toBytes());
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
            const AuditEvent purge = told(appended.first());
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
    const AuditEvent gap = told(appended.first());
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

void TestAuditLog::killedWriterLosesNothing()
{
    int said = 0;
    {
        Support::ReadyProcess writer;
        const auto ready = writer.start(QCoreApplication::applicationFilePath(), {u"--write"_s, m_options.path}, u"READY "_s);
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

// Whoever was told an id finds it, wherever the kill came.
void TestAuditLog::killedAtRandomMoments()
{
    constexpr int kRounds = 200;
    qint64 told = 0;
    for (int round = 0; round < kRounds; ++round) {
        QProcess writer;
        writer.start(QCoreApplication::applicationFilePath(), {u"--tell"_s, m_options.path});
        QVERIFY(writer.waitForReadyRead(30'000));
        const int wanted = QRandomGenerator::global()->bounded(6'000);
        QByteArray said = writer.readAll();
        while (said.size() < wanted && writer.waitForReadyRead(30'000))
            said += writer.readAll();
        writer.kill();
        QVERIFY(writer.waitForFinished(30'000));
        said += writer.readAll();
        QList<QByteArray> lines = said.split('\n');
        lines.removeLast(); // what the kill cut off
        const std::unique_ptr<AuditLog> log = opened(m_options);
        QVERIFY(log);
        for (qsizetype from = 0; from < lines.size(); from += 500) {
            const QList<QByteArray> page = lines.mid(from, 500);
            const Result<QList<AuditEvent>> events =
                log->read(page.first().split(' ').first().toULongLong() - 1, int(page.size()));
            QVERIFY(events && events->size() == page.size());
            for (qsizetype i = 0; i < page.size(); ++i)
                QCOMPARE(events->at(i).id.toLatin1(), page.at(i).split(' ').last());
        }
        told += lines.size();
    }
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log && log->verify());
    qInfo().noquote() << u"%1 kills, %2 events told, %3 written"_s.arg(kRounds).arg(told).arg(log->newest());
}

void TestAuditLog::machineStopStartsANewEpoch()
{
    fill(3);
    QVERIFY(tamper(m_options.path,
                   {u"UPDATE meta SET value = '0' WHERE name = 'clean'"_s,
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
    for (int i = 0; i < kCount / 10; ++i)
        QVERIFY(log->append(entry(i)));
    const qint64 awaited = timer.restart();
    for (int i = 0; i < kCount; ++i)
        log->post(entry(i));
    QCOMPARE(log->read(kCount, 1)->size(), 1); // all that were posted
    const qint64 posted = timer.restart();
    QVERIFY(log->verify());
    qInfo().noquote() << u"%1 events a second when each is waited for, %2 posted; %3 verified in %4 ms"_s
                             .arg(kCount * 100 / qMax<qint64>(1, awaited))
                             .arg(kCount * 1000 / qMax<qint64>(1, posted))
                             .arg(kCount + kCount / 10)
                             .arg(timer.elapsed());
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

// Says the number and the id of each event as soon as it is told of it, some of them awaited.
int tellForEver(const QString &path)
{
    AuditOptions options;
    options.path = path;
    const Result<std::unique_ptr<AuditLog>> log = AuditLog::open(options, Clock::system());
    if (!log)
        return 1;
    QObject::connect(log->get(), &AuditLog::appended, log->get(), [](const AuditRecord &record) {
        const QByteArray id = record.event()->id.toLatin1();
        std::printf("%llu %s\n", static_cast<unsigned long long>(record.sequence), id.constData());
        std::fflush(stdout);
    });
    for (int i = 1;; ++i) {
        (*log)->post(entry(i));
        if (i % 7 == 0)
            static_cast<void>((*log)->append(entry(i)));
        QCoreApplication::processEvents();
    }
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    if (app.arguments().value(1) == "--write"_L1)
        return writeForEver(app.arguments().value(2));
    if (app.arguments().value(1) == "--tell"_L1)
        return tellForEver(app.arguments().value(2));
    TestAuditLog test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_auditlog.moc"
