// SPDX-License-Identifier: Apache-2.0
#include "audittest.h"

#include "audit/strangerbrake.h"

#include <QJsonArray>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

AuditEntry refusal(const QString &reason, const QString &person = {})
{
    AuditEntry entry;
    entry.type = u"conn.rejected"_s;
    entry.severity = 3;
    entry.reasonCode = reason;
    entry.message = u"no token"_s;
    if (!person.isEmpty())
        entry.data.insert("actor"_L1, QJsonObject{{"iss"_L1, u"https://login.example.com"_s}, {"sub"_L1, person}});
    return entry;
}

QJsonObject aggregateOf(const AuditEntry &entry)
{
    return entry.data.value("aggregate"_L1).toObject();
}

} // namespace

/*! What strangers cause is written a few times, and then counted. */
class TestStrangerBrake : public AuditTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void aFewAreWrittenTheRestIsCounted();
    void causesNetworksAndPersonsStayApart_data();
    void causesNetworksAndPersonsStayApart();
    void aNetworkOfIpv6IsOne();
    void floodsThatGoOnCostLessAndLess();
    void quietKindsAreForgotten();
    void allTogetherHaveALimit();
    void floodInTheLog();
    void countsAreWrittenAtTheEnd();

private:
    bool take(const AuditEntry &entry, const QString &from = u"192.0.2.1"_s)
    {
        return m_brake.take(entry, QHostAddress(from), m_now, WallTime(m_now.time_since_epoch()));
    }
    StrangerBrake m_brake;
    Instant m_now{};
};

void TestStrangerBrake::init()
{
    AuditTest::init();
    m_brake = StrangerBrake();
    m_now = Instant(1000s);
}

void TestStrangerBrake::aFewAreWrittenTheRestIsCounted()
{
    for (int i = 0; i < 10; ++i) {
        QVERIFY(take(refusal(u"no_credential"_s)));
        m_brake.setReference(QString::number(i));
    }
    for (int i = 0; i < 500; ++i) {
        m_now += 10ms;
        QVERIFY(!take(refusal(u"no_credential"_s)));
        QCOMPARE(m_brake.reference(), u"9"_s);
    }
    QVERIFY(m_brake.due(m_now).isEmpty());
    m_now += 6s;
    const QList<AuditEntry> counts = m_brake.due(m_now);
    QCOMPARE(counts.size(), 1);
    QCOMPARE(counts.first().type, u"conn.rejected"_s);
    QCOMPARE(counts.first().reasonCode, u"no_credential"_s);
    QCOMPARE(aggregateOf(counts.first()).value("count"_L1).toInt(), 500);
    QCOMPARE(aggregateOf(counts.first()).value("network"_L1).toString(), u"192.0.2.1"_s);
    QCOMPARE(aggregateOf(counts.first()).value("first"_L1).toString(), u"1970-01-01T00:16:40.010Z"_s);
    QCOMPARE(aggregateOf(counts.first()).value("last"_L1).toString(), u"1970-01-01T00:16:45.000Z"_s);
    QVERIFY(counts.first().message.contains(u"500 more"_s) && counts.first().message.contains(u"no token"_s));
    QVERIFY(m_brake.due(m_now).isEmpty());
}

void TestStrangerBrake::causesNetworksAndPersonsStayApart_data()
{
    QTest::addColumn<QString>("reason");
    QTest::addColumn<QString>("person");
    QTest::addColumn<QString>("from");
    QTest::newRow("another cause") << u"bad_key"_s << u"ada"_s << u"192.0.2.1"_s;
    QTest::newRow("another person") << u"no_credential"_s << u"bob"_s << u"192.0.2.1"_s;
    QTest::newRow("nobody known") << u"no_credential"_s << QString() << u"192.0.2.1"_s;
    QTest::newRow("another network") << u"no_credential"_s << u"ada"_s << u"192.0.2.2"_s;
}

void TestStrangerBrake::causesNetworksAndPersonsStayApart()
{
    QFETCH(QString, reason);
    QFETCH(QString, person);
    QFETCH(QString, from);
    for (int i = 0; i < 50; ++i)
        take(refusal(u"no_credential"_s, u"ada"_s));
    QVERIFY(!take(refusal(u"no_credential"_s, u"ada"_s)));
    QVERIFY(take(refusal(reason, person), from));
    m_now += 11s;
    const QList<AuditEntry> counts = m_brake.due(m_now);
    QCOMPARE(counts.size(), 1);
    QCOMPARE(counts.first().data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"ada"_s);
}

void TestStrangerBrake::aNetworkOfIpv6IsOne()
{
    for (int i = 0; i < 10; ++i)
        QVERIFY(take(refusal(u"no_credential"_s), u"2001:db8:0:1::%1"_s.arg(i + 1)));
    QVERIFY(!take(refusal(u"no_credential"_s), u"2001:db8:0:1:ffff::1"_s));
    QVERIFY(take(refusal(u"no_credential"_s), u"2001:db8:0:2::1"_s));
}

void TestStrangerBrake::floodsThatGoOnCostLessAndLess()
{
    qint64 written = 0;
    qint64 counted = 0;
    qint64 summaries = 0;
    const auto add = [&](const QList<AuditEntry> &counts) {
        summaries += counts.size();
        for (const AuditEntry &entry : counts)
            counted += aggregateOf(entry).value("count"_L1).toInteger();
    };
    constexpr qint64 kSent = 3600 * 50;
    for (qint64 i = 0; i < kSent; ++i) {
        m_now += 20ms;
        written += take(refusal(u"no_credential"_s)) ? 1 : 0;
        if (i % 250 == 0)
            add(m_brake.due(m_now));
    }
    add(m_brake.all());
    QCOMPARE(written + counted, kSent); // each is somewhere
    QVERIFY2(written + summaries < 50, qPrintable(u"%1 + %2"_s.arg(written).arg(summaries)));
}

void TestStrangerBrake::quietKindsAreForgotten()
{
    for (int i = 0; i < 100; ++i)
        take(refusal(u"r%1"_s.arg(i)));
    QCOMPARE(m_brake.size(), 100);
    m_now += 11s;
    QVERIFY(m_brake.due(m_now).isEmpty());
    QCOMPARE(m_brake.size(), 0);
}

void TestStrangerBrake::allTogetherHaveALimit()
{
    qint64 written = 0;
    for (int i = 0; i < 100'000; ++i)
        written +=
            take(refusal(u"no_credential"_s, u"u%1"_s.arg(i)), u"10.%1.%2.%3"_s.arg(i >> 16).arg(i >> 8 & 255).arg(i & 255)) ? 1
                                                                                                                             : 0;
    QVERIFY2(written <= 1'010, qPrintable(QString::number(written)));
    QVERIFY(m_brake.size() <= 5'001);
    qint64 counted = 0;
    const QList<AuditEntry> counts = m_brake.all();
    for (const AuditEntry &entry : counts) {
        counted += aggregateOf(entry).value("count"_L1).toInteger();
        QCOMPARE(aggregateOf(entry).value("network"_L1).toString(), u"*"_s);
        QVERIFY(aggregateOf(entry).value("actors"_L1).toArray().size() == 50);
    }
    QCOMPARE(written + counted, 100'000);
}

void TestStrangerBrake::floodInTheLog()
{
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QSet<QString> refs;
    for (int i = 0; i < 5'000; ++i) {
        log->postLimited(refusal(u"no_credential"_s), QHostAddress(u"192.0.2.1"_s), this,
                         [&refs](const QString &id) { refs.insert(id); });
        if (i % 1000 == 0)
            QVERIFY(log->append(entry(i))); // somebody else's
    }
    m_clock->advance(11s);
    log->postCounts();
    const Result<QList<AuditEvent>> events = log->read(0, 10'000);
    QVERIFY(events);
    QCOMPARE(events->size(), 10 + 5 + 1);
    QCOMPARE(events->last().data.value("aggregate"_L1).toObject().value("count"_L1).toInt(), 4'990);
    QTRY_COMPARE(refs.size(), 10);
    for (const AuditEvent &event : *events)
        refs.remove(event.id);
    QVERIFY(refs.isEmpty()); // who was told a reference finds it
    QVERIFY(log->verify());
}

void TestStrangerBrake::countsAreWrittenAtTheEnd()
{
    {
        const std::unique_ptr<AuditLog> log = opened(m_options);
        QVERIFY(log);
        for (int i = 0; i < 30; ++i)
            log->postLimited(refusal(u"no_credential"_s), QHostAddress(u"192.0.2.1"_s));
    }
    const std::unique_ptr<AuditLog> log = opened(m_options);
    QVERIFY(log);
    QCOMPARE(log->newest(), 11u);
    QCOMPARE(log->read(10, 1)->first().data.value("aggregate"_L1).toObject().value("count"_L1).toInt(), 20);
}

WATCHWORD_TEST_MAIN(TestStrangerBrake)
#include "tst_strangerbrake.moc"
