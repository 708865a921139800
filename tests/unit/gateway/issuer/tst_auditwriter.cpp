// SPDX-License-Identifier: Apache-2.0
#include "audittest.h"

#include "audit/shortened.h"

#include <QFileInfo>
#include <QJsonArray>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QSqlDatabase>
#include <QSqlQuery>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

/*! What the log promises to who posts, to who reads beside it, and about texts of strangers. */
class TestAuditWriter : public AuditTest
{
    Q_OBJECT

private Q_SLOTS:
    void postedKeepTheirOrder();
    void toldOnlyWhenWritten();
    void whoIsGoneIsNotTold();
    void whoIsToldMayAppend();
    void endWritesWhatIsLeft();
    void failureIsToldToEach();
    void idsSortByTime();
    void fileIsPrivate();
    void othersReadMeanwhile();
    void strangersTexts();
    void everythingStaysWithinAnEvent_data();
    void everythingStaysWithinAnEvent();
    void retentionNeverTakesTheYoung();
    void retentionByBytes();
    void filesOfTheFirstRelease();
};

void TestAuditWriter::postedKeepTheirOrder()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QSignalSpy appended(log.get(), &AuditLog::appended);
    QStringList ids;
    for (int i = 0; i < 2000; ++i)
        ids.append(log->post(entry(i)));
    ids.append(log->append(entry(2000))->id);
    QCOMPARE(appended.count(), 2001);
    QCOMPARE(log->newest(), 2001u);
    const Result<QList<AuditEvent>> events = log->read(0, 5000);
    QVERIFY(events);
    QCOMPARE(events->size(), 2001);
    for (qsizetype i = 0; i < events->size(); ++i) {
        QCOMPARE(events->at(i).id, ids.at(i));
        QCOMPARE(events->at(i).subject, u"c-%1"_s.arg(i));
        QCOMPARE(appended.at(i).first().value<AuditRecord>().sequence, quint64(i + 1));
    }
    QVERIFY(log->verify());
}

void TestAuditWriter::toldOnlyWhenWritten()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QList<quint64> told;
    const QString id = log->post(entry(1), this, [&](const Result<AuditRecord> &record) {
        QVERIFY(record);
        QCOMPARE(record->id, log->read(record->sequence - 1, 1)->first().id);
        // Another connection has it, so the operating system has it.
        QVERIFY(!bodyOf(m_options.path, int(record->sequence)).isEmpty());
        told.append(record->sequence);
    });
    QVERIFY(!id.isEmpty());
    QVERIFY(told.isEmpty());
    QTRY_COMPARE(told, QList<quint64>{1});
    QCOMPARE(log->newest(), 1u);
}

void TestAuditWriter::whoIsGoneIsNotTold()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    int told = 0;
    auto context = std::make_unique<QObject>();
    log->post(entry(1), context.get(), [&told](const Result<AuditRecord> &) { ++told; });
    context.reset();
    log->post(entry(2), this, [&told](const Result<AuditRecord> &) { told += 10; });
    QTRY_COMPARE(told, 10);
    QCOMPARE(log->newest(), 2u);
}

void TestAuditWriter::whoIsToldMayAppend()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QList<quint64> order;
    connect(log.get(), &AuditLog::appended, this, [&](const AuditRecord &record) {
        order.append(record.sequence);
        if (record.sequence == 2)
            QCOMPARE(log->append(entry(99))->sequence, 6u);
    });
    for (int i = 1; i <= 5; ++i)
        log->post(entry(i));
    QTRY_COMPARE(order.size(), 6);
    QCOMPARE(order, (QList<quint64>{1, 2, 3, 4, 5, 6}));
    QVERIFY(log->verify());
}

void TestAuditWriter::endWritesWhatIsLeft()
{
    {
        const std::unique_ptr<AuditLog> log = opened(m_options);
        QVERIFY(log);
        for (int i = 0; i < 300; ++i)
            log->post(entry(i));
    }
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QCOMPARE(log->newest(), 300u);
    QVERIFY(log->verify());
}

void TestAuditWriter::failureIsToldToEach()
{
    m_options.maxBytes = 256 * 1024;
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"StorageFailed: the audit log cannot be written"_s));
    quint64 written = 0;
    while (log->append(entry(int(written))))
        ++written;
    QVERIFY(written > 100);
    int failed = 0;
    for (int i = 0; i < 50; ++i)
        log->post(entry(i), this, [&failed](const Result<AuditRecord> &record) { failed += record ? 0 : 1; });
    QTRY_COMPARE(failed, 50);
    QVERIFY(!log->isWritable());
    QCOMPARE(log->newest(), written);
    QVERIFY(log->verify());
}

void TestAuditWriter::idsSortByTime()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QStringList ids;
    for (int i = 0; i < 200; ++i) {
        m_clock->advance(std::chrono::milliseconds(1));
        ids.append(log->post(entry(i)));
    }
    QStringList sorted = ids;
    sorted.sort();
    QCOMPARE(ids, sorted);
    QCOMPARE(ids.removeDuplicates(), 0);
    static const QRegularExpression uuid7(u"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"_s);
    for (const QString &id : std::as_const(ids))
        QVERIFY2(uuid7.match(id).hasMatch(), qPrintable(id));
}

void TestAuditWriter::fileIsPrivate()
{
    fill(1);
    const QFile::Permissions others = QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther;
    // As an earlier release left it.
    QVERIFY(QFile::setPermissions(m_options.path, QFile::ReadOwner | QFile::WriteOwner | QFile::ReadGroup | QFile::ReadOther));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log && log->append(entry(2)));
    for (const QString &suffix : {u""_s, u"-wal"_s, u"-shm"_s, u"-lock"_s}) {
        QVERIFY2(QFile::exists(m_options.path + suffix), qPrintable(suffix));
        QVERIFY2(!(QFile::permissions(m_options.path + suffix) & others), qPrintable(suffix));
    }
}

void TestAuditWriter::othersReadMeanwhile()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    {
        QSqlDatabase reader = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"beside"_s);
        reader.setDatabaseName(m_options.path);
        reader.setConnectOptions(u"QSQLITE_OPEN_READONLY"_s);
        QVERIFY(reader.open());
        for (int i = 1; i <= 20; ++i) {
            QVERIFY(log->append(entry(i)));
            QSqlQuery query(reader);
            QVERIFY(query.exec(u"SELECT count(*) FROM event"_s) && query.next());
            QCOMPARE(query.value(0).toInt(), i);
        }
        // A reader that stays at its snapshot holds nobody up.
        QSqlQuery held(reader);
        QVERIFY(held.exec(u"SELECT seq FROM event"_s) && held.next());
        QVERIFY(log->append(entry(21)));
    }
    QSqlDatabase::removeDatabase(u"beside"_s);
    QVERIFY(log->verify());
}

void TestAuditWriter::strangersTexts()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    AuditEntry hostile = entry(1);
    hostile.subject = u"c-\r\n2026-01-01 forged"_s;
    hostile.message =
        u"a"_s + QChar(0xd83d) + u"b\u001b[31mred\u0007\u009b2J\u2028\u2029\ufeff\u007f"_s + QChar(u'\0') + u"\"\\ \U0001f600"_s;
    hostile.data.insert("ua"_L1, hostile.message);
    hostile.data.insert("list"_L1, QJsonArray{QString(QChar(0xde00)), u"\t"_s});
    hostile.data.insert("actor"_L1, QJsonObject{{"sub"_L1, u"u\n-7"_s}});
    const Result<AuditEvent> event = log->append(hostile);
    QVERIFY(event);
    const QString clean = u"a\ufffdb\ufffd[31mred\ufffd\ufffd2J\ufffd\ufffd\ufffd\ufffd\ufffd\"\\ \U0001f600"_s;
    QCOMPARE(event->data.value("message"_L1).toString(), clean);
    QCOMPARE(event->data.value("ua"_L1).toString(), clean);
    QCOMPARE(event->subject, u"c-\ufffd\ufffd2026-01-01 forged"_s);
    QCOMPARE(event->data.value("list"_L1).toArray(), (QJsonArray{u"\ufffd"_s, u"\ufffd"_s}));
    const QByteArray body = bodyOf(m_options.path, 1);
    QVERIFY(std::none_of(body.begin(), body.end(), [](char c) { return uchar(c) < 0x20 || c == 0x7f; }));
    QVERIFY(!body.contains("\\u"));
    QVERIFY(log->read(0, 1)); // its columns fit its text
    QVERIFY(log->verify());
}

void TestAuditWriter::everythingStaysWithinAnEvent_data()
{
    QTest::addColumn<QJsonObject>("data");
    QTest::addColumn<QString>("message");
    QTest::addColumn<bool>("isWhole");
    QJsonArray ids{u"c-real"_s};
    for (int i = 0; i < 300; ++i)
        ids.append(QString(240, u'x'));
    const QJsonObject actor{{"type"_L1, u"operator"_s}, {"sub"_L1, u"olga"_s}};
    const QJsonObject admin{{"justification"_L1, u"she asked for it"_s}};
    QTest::newRow("301 targets") << QJsonObject{{"actor"_L1, actor},
                                                {"admin"_L1, admin},
                                                {"target"_L1, QJsonObject{{"kind"_L1, u"connection"_s}, {"ids"_L1, ids}}}}
                                 << u"m"_s << false;
    QTest::newRow("a blob") << QJsonObject{{"actor"_L1, actor}, {"admin"_L1, admin}, {"blob"_L1, QString(100'000, u'x')}}
                            << u"m"_s << false;
    QTest::newRow("a message") << QJsonObject{{"actor"_L1, actor}, {"admin"_L1, admin}} << QString(100'000, u'm') << false;
    QTest::newRow("a book as reason") << QJsonObject{{"actor"_L1, actor},
                                                     {"admin"_L1, QJsonObject{{"justification"_L1, QString(100'000, u'j')}}}}
                                      << u"m"_s << false;
    QTest::newRow("escapes") << QJsonObject{{"actor"_L1, actor}, {"admin"_L1, admin}, {"ua"_L1, QString(40'000, u'"')}} << u"m"_s
                             << false;
    QTest::newRow("all fits") << QJsonObject{{"actor"_L1, actor}, {"admin"_L1, admin}, {"ua"_L1, QString(40'000, u'x')}} << u"m"_s
                              << true;
}

void TestAuditWriter::everythingStaysWithinAnEvent()
{
    QFETCH(QJsonObject, data);
    QFETCH(QString, message);
    QFETCH(bool, isWhole);
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    AuditEntry large = entry(1);
    large.message = message;
    large.data = data;
    const Result<AuditEvent> event = log->append(large);
    QVERIFY(event);
    QVERIFY(event->toBytes().size() <= 64 * 1024);
    QCOMPARE(event->data.contains("truncated"_L1), !isWhole);
    QCOMPARE(event->data.value("actor"_L1).toObject(), data.value("actor"_L1).toObject());
    QVERIFY(event->data.value("admin"_L1).toObject().contains("justification"_L1));
    if (data.contains("target"_L1)) {
        const QJsonObject target = event->data.value("target"_L1).toObject();
        const qsizetype named = target.value("ids"_L1).toArray().size();
        QCOMPARE(target.value("ids"_L1).toArray().first().toString(), u"c-real"_s);
        QVERIFY(named > 100);
        QCOMPARE(named + target.value("more"_L1).toInteger(), 301);
    }
    QVERIFY(log->verify());
}

void TestAuditWriter::retentionNeverTakesTheYoung()
{
    m_options.maxEvents = 100;
    m_options.keepAtLeast = std::chrono::minutes(30);
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    for (int i = 0; i < 300; ++i)
        log->post(entry(i));
    QCOMPARE(log->applyRetention(), 0); // a flood evicts nobody
    m_clock->advance(std::chrono::minutes(20));
    for (int i = 0; i < 50; ++i)
        log->post(entry(i));
    QCOMPARE(log->applyRetention(), 0);
    m_clock->advance(std::chrono::minutes(11));
    QVERIFY(log->applyRetention() > 250);
    const Result<QList<AuditEvent>> left = log->read(0, 1000);
    QVERIFY(left);
    QVERIFY(left->size() <= 100);
    QVERIFY(log->verify());
}

void TestAuditWriter::retentionByBytes()
{
    m_options.retainBytes = 512 * 1024;
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    for (int i = 0; i < 4000; ++i)
        log->post(entry(i));
    QVERIFY(log->applyRetention() > 1000);
    QVERIFY(log->newest() - log->oldest() > 200);
    QVERIFY(log->applyRetention() == 0);
    QVERIFY(log->verify());
}

// Their texts are as Qt writes JSON, and they have an index more.
void TestAuditWriter::filesOfTheFirstRelease()
{
    fill(3);
    AuditEvent old = AuditEvent::fromBytes(bodyOf(m_options.path, 3)).value();
    old.data.insert("ua"_L1, u"\u0001\ufeff"_s);
    old.seal(old.data.value("chain"_L1).toObject().value("uid"_L1).toString(), old.previousHash());
    QVERIFY(tamper(m_options.path,
                   {u"DROP TRIGGER event_no_update"_s, u"CREATE INDEX event_time ON event (time)"_s,
                    u"UPDATE event SET body = ? WHERE seq = 3"_s},
                   {old.toBytes()}));
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QCOMPARE(log->append(entry(4))->previousHash(), old.chainHash());
    QVERIFY(log->verify());
}

WATCHWORD_TEST_MAIN(TestAuditWriter)
#include "tst_auditwriter.moc"
