// SPDX-License-Identifier: Apache-2.0
// Security events by poll (RFC 8936), of a transmitter that was written from the RFC in another language.
#include "auditedgate.h"
#include "socketlog.h"
#include "support/process.h"
#include "support/testmain.h"

using namespace Watchword;
using namespace Watchword::Gateway;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

class TestProviderPoll : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override;
    void cleanup();
    void streamIsSetUpAndVerified();
    void sessionEndsByPoll();
    void whatIsWrongIsSaid_data();
    void whatIsWrongIsSaid();
    void nothingIsLostWhileItFails();
    void withoutItsCredential();

private:
    bool begin(bool setsUp, const QByteArray &token = "poll-secret");
    QJsonObject eventClaims(const QString &type, const QString &session, const QString &id) const;
    void put(const QString &id, const QByteArray &token)
    {
        m_transmitter->process().write("SET " + id.toLatin1() + ' ' + token + '\n');
    }
    bool says(const QByteArray &line)
    {
        return waitUntil([&] { return m_transmitter->log().contains(line); });
    }

    std::unique_ptr<AuditedGate> m_gate;
    std::unique_ptr<Support::ReadyProcess> m_transmitter;
};

void TestProviderPoll::init()
{
    WatchwordTest::init();
    m_gate = std::make_unique<AuditedGate>();
    QVERIFY(m_gate->prepare());
}

void TestProviderPoll::cleanup()
{
    (void)m_gate->events(); // judges all of them
    m_transmitter.reset();
    m_gate.reset();
}

bool TestProviderPoll::begin(bool setsUp, const QByteArray &token)
{
    m_transmitter = std::make_unique<Support::ReadyProcess>();
    const auto port = m_transmitter->start(u"/usr/bin/python3"_s,
                                           {QStringLiteral(WATCHWORD_SOURCE_DIR "/tests/peers/ssf-transmitter.py"),
                                            m_gate->folder.path(), m_gate->issuerUrl().toString(), u"poll-secret"_s},
                                           u"READY "_s);
    QFile secret(m_gate->file(u"poll.secret"_s));
    if (!port || !secret.open(QIODevice::WriteOnly) || secret.write(token + '\n') < 0)
        return false;
    secret.close();
    const QString base = u"https://127.0.0.1:"_s + *port;
    IssuerConfig::Events::Poll poll;
    poll.tokenFile = secret.fileName();
    poll.every = 100ms;
    if (setsUp)
        poll.transmitter = QUrl(base + u"/.well-known/ssf-configuration"_s);
    else
        poll.url = QUrl(base + u"/poll"_s);
    m_gate->config.api = ApiConfig{QHostAddress(QHostAddress::LocalHost), 0};
    m_gate->config.issuers.first().events = IssuerConfig::Events{{u"app"_s}, {}, poll};
    return m_gate->begin();
}

QJsonObject TestProviderPoll::eventClaims(const QString &type, const QString &session, const QString &id) const
{
    return {{u"iss"_s, m_gate->issuerUrl().toString()},
            {u"aud"_s, u"app"_s},
            {u"iat"_s, toSecondsSinceEpoch(Clock::system().wallNow())},
            {u"jti"_s, id},
            {u"sub_id"_s, QJsonObject{{u"format"_s, u"opaque"_s}, {u"id"_s, session}}},
            {u"events"_s, QJsonObject{{type, QJsonObject()}}}};
}

namespace {

const QString kRevoked = u"https://schemas.openid.net/secevent/caep/event-type/session-revoked"_s;
const QString kVerification = u"https://schemas.openid.net/secevent/ssf/event-type/verification"_s;
const QString kEventType = u"secevent+jwt"_s;

} // namespace

void TestProviderPoll::streamIsSetUpAndVerified()
{
    QVERIFY(begin(true));
    QVERIFY(says("STREAM\n"));
    QVERIFY(says("VERIFY st-1 "));
    QVERIFY(says("POLL\n"));
    static const QRegularExpression asked(u"VERIFY st-1 (\\S+)"_s);
    const QString state = asked.match(QString::fromUtf8(m_transmitter->log())).captured(1);
    QVERIFY(state.size() >= 20);
    QJsonObject claims = eventClaims(kVerification, u"st-1"_s, u"v-1"_s);
    claims.insert(u"events"_s, QJsonObject{{kVerification, QJsonObject{{u"state"_s, state}}}});
    put(u"v-1"_s, m_gate->token(claims, kEventType));
    QVERIFY(says("ACK v-1\n"));
    const auto socket = m_gate->client(u"/echo"_s, m_gate->token());
    SocketLog log(*socket);
    QVERIFY(log.awaitFrame(u"hello"_s));
    put(u"e-1"_s, m_gate->token(eventClaims(kRevoked, u"s-ada"_s, u"e-1"_s), kEventType));
    QVERIFY(waitUntil([&] { return log.closed; }));
    QCOMPARE(int(socket->closeCode()), 4410);
    QVERIFY(says("ACK e-1\n"));
    QVERIFY(!m_transmitter->log().contains("REFUSED"));
    // Another gateway, or this one after a restart, takes the stream that is there.
    m_gate->gateway.reset();
    QVERIFY(m_gate->start());
    put(u"e-2"_s, m_gate->token(eventClaims(kRevoked, u"s-bob"_s, u"e-2"_s), kEventType));
    QVERIFY(says("ACK e-2\n"));
    QCOMPARE(m_transmitter->log().count("STREAM\n"), 1);
}

void TestProviderPoll::sessionEndsByPoll()
{
    QVERIFY(begin(false));
    const auto ada = m_gate->client(u"/echo"_s, m_gate->token());
    const auto bob = m_gate->client(u"/echo"_s, m_gate->token(m_gate->claims(u"bob"_s)));
    SocketLog adaLog(*ada);
    SocketLog bobLog(*bob);
    QVERIFY(adaLog.awaitFrame(u"hello"_s) && bobLog.awaitFrame(u"hello"_s));
    put(u"e-1"_s, m_gate->token(eventClaims(kRevoked, u"s-ada"_s, u"e-1"_s), kEventType));
    QVERIFY(says("ACK e-1\n"));
    QVERIFY(waitUntil([&] { return adaLog.closed; }));
    QVERIFY(!bobLog.closed);
    QCOMPARE(statusOf(m_gate->exchange(GateFixture::upgrade("/echo", m_gate->token()))), 401);
    const QList<AuditEvent> events = m_gate->events(u"provider.event"_s);
    QCOMPARE(events.size(), 1);
    QCOMPARE(events.first().data.value("reason_code"_L1).toString(), u"session_revoked"_s);
    QVERIFY(!events.first().data.contains("src"_L1)); // nobody came
}

void TestProviderPoll::whatIsWrongIsSaid_data()
{
    QTest::addColumn<QString>("what");
    QTest::addColumn<QByteArray>("word");
    QTest::newRow("signature") << u"signature"_s << QByteArray("invalid_key");
    QTest::newRow("audience") << u"audience"_s << QByteArray("invalid_audience");
    QTest::newRow("issuer") << u"issuer"_s << QByteArray("invalid_issuer");
    QTest::newRow("type") << u"type"_s << QByteArray("invalid_request");
    QTest::newRow("no token") << u"no token"_s << QByteArray("invalid_request");
}

void TestProviderPoll::whatIsWrongIsSaid()
{
    QFETCH(const QString, what);
    QFETCH(const QByteArray, word);
    QVERIFY(begin(false));
    QJsonObject claims = eventClaims(kRevoked, u"s-ada"_s, u"bad"_s);
    if (what == "audience"_L1)
        claims.insert(u"aud"_s, u"others"_s);
    if (what == "issuer"_L1)
        claims.insert(u"iss"_s, u"https://other.test"_s);
    QByteArray token = m_gate->token(claims, what == "type"_L1 ? u"at+jwt"_s : kEventType);
    if (what == "signature"_L1)
        token = signJwt(m_gate->stranger, kEventType, claims).value();
    put(u"bad"_s, what == "no token"_L1 ? QByteArray("nonsense") : token);
    put(u"good"_s, m_gate->token(eventClaims(kRevoked, u"s-bob"_s, u"good"_s), kEventType));
    QVERIFY(says("ERR bad " + word + '\n'));
    QVERIFY(says("ACK good\n")); // the others are taken
    QCOMPARE(statusOf(m_gate->exchange(GateFixture::upgrade("/echo", m_gate->token()))), 101);
    QStringList outcomes;
    const QList<AuditEvent> events = m_gate->events(u"provider.event"_s);
    for (const AuditEvent &event : events)
        outcomes.append(event.data.value("outcome"_L1).toString());
    outcomes.sort();
    QCOMPARE(outcomes, (QStringList{u"denied"_s, u"success"_s}));
}

void TestProviderPoll::nothingIsLostWhileItFails()
{
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"cannot be fetched"_s));
    QVERIFY(begin(false));
    m_transmitter->process().write("FAIL 3\n");
    put(u"e-1"_s, m_gate->token(eventClaims(kRevoked, u"s-ada"_s, u"e-1"_s), kEventType));
    QVERIFY(says("ACK e-1\n"));
    // It says one again whose acknowledgement it has lost: that is acknowledged, and does nothing.
    put(u"e-1"_s, m_gate->token(eventClaims(kRevoked, u"s-ada"_s, u"e-1"_s), kEventType));
    QVERIFY(waitUntil([&] { return m_transmitter->log().count("ACK e-1\n") == 2; }));
    QCOMPARE(m_gate->events(u"provider.event"_s).size(), 1);
}

void TestProviderPoll::withoutItsCredential()
{
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"cannot be fetched: .*401"_s));
    QVERIFY(begin(false, "another"));
    QVERIFY(waitUntil([&] { return m_transmitter->log().count("REFUSED credential\n") >= 2; }));
    QVERIFY(!m_transmitter->log().contains("POLL"));
}

WATCHWORD_TEST_MAIN(TestProviderPoll)
#include "tst_providerpoll.moc"
