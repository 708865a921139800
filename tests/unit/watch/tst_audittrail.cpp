// SPDX-License-Identifier: Apache-2.0
#include "auditreceiver.h"
#include "servermessage.h"
#include "support/testmain.h"
#include "watchword/core/watchrows.h"
#include "watchword/watch/chainverifier.h"

#include <QJsonArray>

using namespace Watchword;
using namespace Qt::StringLiterals;
using Verdict = ChainVerifier::Verdict;

namespace {

AuditEvent makeEvent(quint64 sequence, const QString &type = u"conn.opened"_s)
{
    AuditEvent out;
    out.id = u"id-%1"_s.arg(sequence);
    out.source = u"wss-gateway://local/node"_s;
    out.type = u"dev.watchword.%1.v1"_s.arg(type);
    out.time = WallTime(Duration(1'700'000'000'000));
    out.sequence = sequence;
    out.data = {{"message"_L1, u"event %1"_s.arg(sequence)}};
    return out;
}

QList<AuditEvent> chain(quint64 count)
{
    QList<AuditEvent> events;
    QString hash;
    for (quint64 i = 1; i <= count; ++i) {
        events.append(makeEvent(i));
        hash = events.last().seal(u"chain-1"_s, hash);
    }
    return events;
}

QString open(const QString &epoch, quint64 actual, quint64 newest)
{
    return u"{\"stream.open\":{\"epoch\":\"%1\",\"actual\":\"%1.%2\",\"newest\":%3}}"_s.arg(epoch).arg(actual).arg(newest);
}

QString text(quint64 sequence)
{
    return QString::fromUtf8(makeEvent(sequence).toBytes());
}

} // namespace

class TestAuditTrail : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void aSoundChainVerifies();
    void everyTamperingIsFound_data();
    void everyTamperingIsFound();
    void gapsAreNamed();
    void purgesAreNotTampering();
    void aFalseSeamIsBroken();
    void resumeDropsDuplicatesAndNamesHoles();
    void anotherEpochStartsAnew();
    void badStreamsAreRefused_data();
    void badStreamsAreRefused();
    void rowsSurviveJson();
    void badRowsAreRefused_data();
    void badRowsAreRefused();
};

void TestAuditTrail::aSoundChainVerifies()
{
    ChainVerifier verifier;
    const QList<AuditEvent> events = chain(50);
    for (const AuditEvent &entry : events)
        QCOMPARE(verifier.push(entry).verdict, Verdict::Ok);
    QCOMPARE(verifier.verifiedCount(), quint64(50));
    QVERIFY(verifier.startIsProven());
    QVERIFY(!verifier.broken());
    QCOMPARE(verifier.head(), events.last().chainHash());
    QCOMPARE(verifier.push(events.last()).verdict, Verdict::Duplicate);
}

void TestAuditTrail::everyTamperingIsFound_data()
{
    QTest::addColumn<int>("how");
    QTest::newRow("message changed") << 0;
    QTest::newRow("subject changed") << 1;
    QTest::newRow("time changed") << 2;
    QTest::newRow("hash changed") << 3;
    QTest::newRow("chain removed") << 4;
    QTest::newRow("resealed alone") << 5;
    QTest::newRow("two swapped") << 6;
    QTest::newRow("of another chain") << 7;
    QTest::newRow("type changed") << 8;
}

void TestAuditTrail::everyTamperingIsFound()
{
    QFETCH(int, how);
    for (const qsizetype at : {0, 3, 8}) {
        QList<AuditEvent> events = chain(10);
        AuditEvent &victim = events[at];
        switch (how) {
        case 0:
            victim.data.insert("message"_L1, u"nothing happened"_s);
            break;
        case 1:
            victim.subject = u"c-other"_s;
            break;
        case 2:
            victim.time += Duration(1);
            break;
        case 3: {
            QJsonObject link = victim.data.value("chain"_L1).toObject();
            link.insert("hash"_L1, QString(64, u'0'));
            victim.data.insert("chain"_L1, link);
            break;
        }
        case 4:
            victim.data.remove("chain"_L1);
            break;
        case 5:
            victim.data.insert("message"_L1, u"nothing happened"_s);
            victim.seal(u"chain-1"_s, victim.previousHash());
            break; // its own hash is right now, the next event shows it
        case 6:
            std::swap(events[at], events[at + 1]);
            break;
        case 7:
            victim.seal(u"chain-2"_s, victim.previousHash());
            break;
        default:
            victim.type = u"dev.watchword.conn.closed.v1"_s;
        }
        ChainVerifier verifier;
        for (const AuditEvent &entry : std::as_const(events))
            verifier.push(entry);
        QVERIFY2(verifier.broken(), qPrintable(u"at %1"_s.arg(at)));
        QVERIFY(!verifier.broken()->why.isEmpty());
    }
}

void TestAuditTrail::gapsAreNamed()
{
    const QList<AuditEvent> events = chain(10);
    ChainVerifier verifier;
    verifier.push(events.at(0));
    verifier.push(events.at(1));
    const ChainVerifier::Outcome outcome = verifier.push(events.at(6));
    QCOMPARE(outcome.verdict, Verdict::Gap);
    QCOMPARE(outcome.missingFrom, quint64(3));
    QCOMPARE(outcome.missingTo, quint64(6));
    QCOMPARE(verifier.push(events.at(7)).verdict, Verdict::Ok);
    QCOMPARE(verifier.missingCount(), quint64(4));
    QCOMPARE(verifier.push(events.at(2)).verdict, Verdict::Broken); // older than what was seen
}

void TestAuditTrail::purgesAreNotTampering()
{
    QList<AuditEvent> events = chain(10);
    AuditEvent purged = makeEvent(11, u"audit.purged"_s);
    purged.data.insert("seam"_L1, QJsonObject{{"first_seq"_L1, 5}, {"hash"_L1, events.at(4).previousHash()}, {"count"_L1, 4}});
    purged.seal(u"chain-1"_s, events.last().chainHash());
    events.append(purged);
    ChainVerifier verifier;
    QCOMPARE(verifier.push(events.at(4)).verdict, Verdict::Unproven);
    QVERIFY(!verifier.startIsProven());
    for (qsizetype i = 5; i < events.size(); ++i)
        QCOMPARE(verifier.push(events.at(i)).verdict, Verdict::Ok);
    QVERIFY(verifier.startIsProven());
}

void TestAuditTrail::aFalseSeamIsBroken()
{
    QList<AuditEvent> events = chain(10);
    AuditEvent purged = makeEvent(11, u"audit.purged"_s);
    purged.data.insert("seam"_L1, QJsonObject{{"first_seq"_L1, 5}, {"hash"_L1, QString(64, u'a')}, {"count"_L1, 4}});
    purged.seal(u"chain-1"_s, events.last().chainHash());
    ChainVerifier verifier;
    for (qsizetype i = 4; i < events.size(); ++i)
        verifier.push(events.at(i));
    QVERIFY(!verifier.broken());
    QCOMPARE(verifier.push(purged).verdict, Verdict::Broken);
    QVERIFY(!verifier.startIsProven());
}

void TestAuditTrail::resumeDropsDuplicatesAndNamesHoles()
{
    AuditReceiver receiver;
    receiver.restart(u"e1.5"_s);
    QCOMPARE(receiver.after(), u"e1.5"_s);
    QVERIFY(receiver.receive(open(u"e1"_s, 5, 8)));
    QVERIFY(receiver.receive(text(6))->line);
    QVERIFY(receiver.receive(text(7))->line);
    QVERIFY(!receiver.isCurrent());
    QVERIFY(receiver.receive(text(8))->line);
    QVERIFY(receiver.isCurrent());
    receiver.linkLost();
    QVERIFY(!receiver.isCurrent());
    QCOMPARE(receiver.after(), u"e1.8"_s);
    QVERIFY(receiver.receive(open(u"e1"_s, 6, 12))); // the gateway starts earlier than asked
    QVERIFY(!receiver.receive(text(7))->line);
    QVERIFY(!receiver.receive(text(8))->line);
    const auto nine = receiver.receive(text(9));
    QVERIFY(nine->line);
    QCOMPARE(nine->gapFrom, quint64(0));
    const auto twelve = receiver.receive(text(12));
    QCOMPARE(twelve->gapFrom, quint64(10));
    QCOMPARE(twelve->gapTo, quint64(11));
    const auto gap = receiver.receive(u"{\"stream.gap\":{\"lost_from\":13,\"lost_to\":20}}"_s);
    QCOMPARE(gap->gapFrom, quint64(13));
    QCOMPARE(gap->gapTo, quint64(20));
    QCOMPARE(receiver.receive(text(21))->gapFrom, quint64(0));
    QCOMPARE(receiver.received(), quint64(6));
}

void TestAuditTrail::anotherEpochStartsAnew()
{
    AuditReceiver receiver;
    receiver.restart(u"e1.500"_s);
    const auto step = receiver.receive(open(u"e2"_s, 0, 3));
    QCOMPARE(step->newEpoch, std::optional(u"e2"_s));
    QVERIFY(receiver.receive(text(1))->line);
    QCOMPARE(receiver.after(), u"e2.1"_s);
}

void TestAuditTrail::badStreamsAreRefused_data()
{
    QTest::addColumn<QStringList>("texts");
    QTest::newRow("no JSON") << QStringList(u"x"_s);
    QTest::newRow("array") << QStringList(u"[]"_s);
    QTest::newRow("event before open") << QStringList(text(1));
    QTest::newRow("open without epoch") << QStringList(u"{\"stream.open\":{}}"_s);
    QTest::newRow("opened twice") << QStringList({open(u"e"_s, 0, 0), open(u"e"_s, 0, 0)});
    QTest::newRow("no sequence") << QStringList({open(u"e"_s, 0, 0), u"{\"specversion\":\"1.0\"}"_s});
    QTest::newRow("sequence is a word") << QStringList({open(u"e"_s, 0, 0), u"{\"specversion\":\"1.0\",\"sequence\":\"x\"}"_s});
    QTest::newRow("shorter than before") << QStringList(
        {open(u"e"_s, 0, 3), text(1), text(2), text(3), QString(), open(u"e"_s, 1, 1)});
}

void TestAuditTrail::badStreamsAreRefused()
{
    QFETCH(QStringList, texts);
    AuditReceiver receiver;
    receiver.restart({});
    for (qsizetype i = 0; i + 1 < texts.size(); ++i) {
        if (texts.at(i).isNull())
            receiver.linkLost();
        else
            QVERIFY(receiver.receive(texts.at(i)));
    }
    const auto last = receiver.receive(texts.last());
    QVERIFY(!last);
    QCOMPARE(last.error().code(), ErrorCode::ProtocolViolation);
}

void TestAuditTrail::rowsSurviveJson()
{
    ConnectionRow row;
    row.id = u"c-1"_s;
    row.ip = u"::1"_s;
    row.port = 443;
    row.opened = WallTime(Duration(1'700'000'000'123));
    row.state = ConnectionState::Failing;
    row.bytesIn = 1ULL << 50;
    row.rtt = Duration(0);
    row.scope = {u"a"_s, u"b"_s};
    row.closeCode = 4411;
    QCOMPARE(*ConnectionRow::fromJson(row.toJson()), row);
    QVERIFY(!row.toJson().contains("ua"_L1));
    TokenRow token;
    token.id = u"t-1"_s;
    token.kind = TokenKind::Refresh;
    token.end = TokenEnd::SignedOut;
    token.ended = WallTime(Duration(0));
    QCOMPARE(*TokenRow::fromJson(token.toJson()), token);
    QJsonObject later = token.toJson();
    later.insert("end"_L1, u"evaporated"_s);
    later.insert("new"_L1, 5);
    QCOMPARE(TokenRow::fromJson(later)->end, TokenEnd::Unknown);
}

void TestAuditTrail::badRowsAreRefused_data()
{
    QTest::addColumn<QString>("member");
    QTest::addColumn<QJsonValue>("value");
    QTest::newRow("id") << u"id"_s << QJsonValue(5);
    QTest::newRow("empty id") << u"id"_s << QJsonValue(QString());
    QTest::newRow("port") << u"port"_s << QJsonValue(1e12);
    QTest::newRow("negative") << u"msgs_in"_s << QJsonValue(-1);
    QTest::newRow("text") << u"msgs_in"_s << QJsonValue(u"1"_s);
    QTest::newRow("time") << u"opened"_s << QJsonValue(1e300);
    QTest::newRow("scope") << u"scope"_s << QJsonValue(QJsonArray{1});
    QTest::newRow("state") << u"state"_s << QJsonValue(true);
}

void TestAuditTrail::badRowsAreRefused()
{
    QFETCH(QString, member);
    QFETCH(QJsonValue, value);
    ConnectionRow row;
    row.id = u"c-1"_s;
    QJsonObject json = row.toJson();
    json.insert(member, value);
    const auto parsed = ConnectionRow::fromJson(json);
    QVERIFY(!parsed);
    QCOMPARE(parsed.error().code(), ErrorCode::ProtocolViolation);
}

WATCHWORD_TEST_MAIN(TestAuditTrail)
#include "tst_audittrail.moc"
