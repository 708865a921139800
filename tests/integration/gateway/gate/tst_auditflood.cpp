// SPDX-License-Identifier: Apache-2.0
#include "auditedgate.h"
#include "rawclient.h"
#include "support/testmain.h"

#include <QFile>
#include <QJsonDocument>
#include <QRegularExpression>

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;

namespace {

constexpr int kFlood = 150;

QString referenceIn(const QByteArray &answer)
{
    const qsizetype body = answer.indexOf("\r\n\r\n");
    return QJsonDocument::fromJson(answer.mid(body + 4)).object().value("ref"_L1).toString();
}

//! How many refusals \a events stand for.
qint64 countOf(const QList<AuditEvent> &events)
{
    qint64 count = 0;
    for (const AuditEvent &event : events) {
        const QJsonObject aggregate = event.data.value("aggregate"_L1).toObject();
        count += aggregate.isEmpty() ? 1 : aggregate.value("count"_L1).toInteger();
    }
    return count;
}

} // namespace

/*! What strangers can make the gateway write, and that it stays little. */
class TestAuditFlood : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void refusals_data();
    void refusals();
    void renewals();
    void limitsOfTwoUsersStayApart();
    void unwritableRefuses();
};

void TestAuditFlood::refusals_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::newRow("malformed head") << QByteArray("GET /echo HTTP/1.1\r\nHost: a\r\nbroken line\r\n\r\n");
    QTest::newRow("POST /healthz") << QByteArray("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    QTest::newRow("no token") << GateFixture::upgrade("/echo", {});
    QTest::newRow("junk token") << GateFixture::upgrade("/echo", "eyJhbGciOiJub25lIn0.e30.");
    QTest::newRow("unknown path") << GateFixture::upgrade("/nowhere", {});
    QTest::newRow("token in the URL") << GateFixture::upgrade("/echo?access_token=abc", {});
}

void TestAuditFlood::refusals()
{
    QFETCH(QByteArray, request);
    AuditedGate gate;
    QVERIFY(gate.prepare());
    QVERIFY(gate.begin());
    QSet<QString> refs;
    QSet<int> statuses;
    for (int i = 0; i < kFlood; ++i) {
        const QByteArray answer = gate.exchange(request);
        const int status = answer.mid(9, 3).toInt();
        QVERIFY2(status >= 400 && status < 500, answer.constData());
        statuses.insert(status);
        const QString ref = referenceIn(answer);
        QVERIFY2(!ref.isEmpty(), answer.constData());
        refs.insert(ref);
    }
    const QList<AuditEvent> events = gate.events();
    QList<AuditEvent> caused;
    for (const AuditEvent &event : events) {
        refs.remove(event.id);
        if (!event.shortType().startsWith("node."_L1))
            caused.append(event);
    }
    QVERIFY(refs.isEmpty()); // who was told a reference finds it
    QCOMPARE(countOf(caused), kFlood);
    // With the limit of handshakes there are two causes.
    QVERIFY2(caused.size() <= 11 * statuses.size(), qPrintable(QString::number(caused.size())));
}

void TestAuditFlood::renewals()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    QVERIFY(gate.begin());
    RawClient client(gate);
    QVERIFY(client.upgrade(GateFixture::upgrade("/echo", gate.token(), "Sec-WebSocket-Protocol: watchword.v1\r\n"))
                .contains(" 101 "));
    qsizetype failed = 0;
    for (int i = 0; i < kFlood && !client.isClosed; ++i) {
        client.send(RawClient::frame(0x81, "\x1e{\"t\":\"auth.refresh\",\"token\":\"junk\"}"));
        ++failed;
        if (!Support::waitUntil([&] { return client.received.count("auth.fail") >= failed || client.isClosed; }))
            break;
    }
    QVERIFY(failed > 10);
    const QList<AuditEvent> events = gate.events(u"token.refresh_failed"_s);
    QVERIFY2(events.size() <= 12, qPrintable(QString::number(events.size())));
    QVERIFY(countOf(events) >= failed - 1);
    QCOMPARE(events.last().data.value("actor"_L1).toObject().value("sub"_L1).toString(), u"ada"_s);
}

// One user's 429 never carries the reference of another's, and both are named.
void TestAuditFlood::limitsOfTwoUsersStayApart()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.endpoints.first().limits.connectionsPerUser = 1;
    gate.config.endpoints.first().path = u"/one"_s;
    QVERIFY(gate.begin());
    std::vector<std::unique_ptr<RawClient>> open;
    QMap<QString, QString> refs;
    for (const QString &user : {u"ada"_s, u"bob"_s}) {
        QJsonObject claims = gate.claims();
        claims.insert("sub"_L1, user);
        const QByteArray request = GateFixture::upgrade("/one", gate.token(claims));
        open.push_back(std::make_unique<RawClient>(gate));
        QVERIFY(open.back()->upgrade(request).contains(" 101 "));
        for (int i = 0; i < 20; ++i) {
            const QByteArray answer = gate.exchange(request);
            QVERIFY2(answer.startsWith("HTTP/1.1 429 "), answer.constData());
            refs.insert(referenceIn(answer), user);
        }
    }
    const QList<AuditEvent> events = gate.events(u"limit.hit"_s);
    QCOMPARE(countOf(events), 40);
    QSet<QString> named;
    for (const AuditEvent &event : events) {
        const QString user = event.data.value("actor"_L1).toObject().value("sub"_L1).toString();
        named.insert(user);
        if (refs.contains(event.id))
            QCOMPARE(user, refs.value(event.id));
    }
    QCOMPARE(named, (QSet<QString>{u"ada"_s, u"bob"_s}));
}

void TestAuditFlood::unwritableRefuses()
{
    AuditedGate gate;
    QVERIFY(gate.prepare());
    gate.config.audit.whenUnwritable = AuditConfig::WhenUnwritable::Refuse;
    QVERIFY(gate.begin());
    const QByteArray request = GateFixture::upgrade("/echo", gate.token());
    QVERIFY(gate.exchange(request).startsWith("HTTP/1.1 101 "));
    // The table is gone, as after damage: every insert fails.
    QVERIFY(gate.damageAudit(u"ALTER TABLE event RENAME TO hidden"_s));
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"the audit log cannot"_s));
    QVERIFY(Support::waitUntil([&] { return gate.exchange(request).startsWith("HTTP/1.1 503 "); }));
    QVERIFY(gate.exchange("GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n").contains("the audit log cannot be written"));
    QVERIFY(gate.damageAudit(u"ALTER TABLE hidden RENAME TO event"_s));
    QVERIFY(Support::waitUntil([&] { return gate.exchange(request).startsWith("HTTP/1.1 101 "); }, std::chrono::seconds(20)));
    const QList<AuditEvent> gaps = gate.events(u"audit.gap"_s);
    QCOMPARE(gaps.size(), 1);
    QVERIFY(gaps.first().data.value("count"_L1).toInteger() >= 1);
}

WATCHWORD_TEST_MAIN(TestAuditFlood)
#include "tst_auditflood.moc"
