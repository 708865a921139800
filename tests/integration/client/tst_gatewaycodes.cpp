// SPDX-License-Identifier: Apache-2.0
#include "codesfixture.h"
#include "slowline.h"
#include "support/testmain.h"
#include "watchword/watch/watchclient.h"

#include <QRegularExpression>

using namespace Codes;
using Reason = TokenRequest::Reason;

namespace {

const QByteArray kEndpoints =
    "[gateway]\ngrace = \"0 s\"\n[watch]\n[[endpoint]]\npath = \"/echo\"\nscopes = [\"use\"]\nserves = \"echo\"\n"
    "limits = { handshakes_per_second = 0, messages_per_second = 20, message_bytes = 1000 }\n";

} // namespace

/*!
    Each row of the table of close codes (protocol.md section 3) that a gateway sends: the program watchword-gateway at one
    end, a Connection at the other; what was said, what was done about it, and which signals did not come.
*/
class TestGatewayCodes : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanup() { m_gateway.reload(kEndpoints); }
    void tokenExpired();
    void tokenExpiredAndNoOther();
    void renewalForSomebodyElse();
    void renewalWithoutTheScope();
    void operators_data();
    void operators();
    void tooManyMessages();
    void tooLargeMessage();
    void connectionLimit();
    void slowConsumer();
    void policyChanged_data();
    void policyChanged();
    void signInTooOld();
    void restart();
    void policyOfHello();

private:
    std::function<QByteArray()> tokens(const QString &subject, int seconds = 3600, const QJsonObject &more = {})
    {
        return [this, subject, seconds, more] { return m_gateway.token(subject, seconds, more); };
    }

    Support::GatewayProcess m_gateway;
};

void TestGatewayCodes::initTestCase()
{
    QVERIFY(m_gateway.prepare(kEndpoints));
    QVERIFY(m_gateway.start());
}

// 4401: a provider that could not renew in time has a new token afterwards.
void TestGatewayCodes::tokenExpired()
{
    Program program(m_gateway, u"/echo"_s, tokens(u"ada"_s, 2));
    QVERIFY(program.awaitReady());
    // A program that sleeps over the renewal: what it would send is the old token again.
    program.tokens.make = [this, &program, token = m_gateway.token(u"ada"_s, 2)] {
        return program.byes->isEmpty() ? token : m_gateway.token(u"ada"_s);
    };
    QVERIFY(program.awaitBye());
    QCOMPARE(program.bye().code, 4401);
    QCOMPARE(program.bye().retry, u"refresh"_s);
    QVERIFY(!program.bye().ref.isEmpty());
    QVERIFY(program.awaitReady(2));
    QCOMPARE(program.failure().closeCode, 4401);
    QCOMPARE(program.failure().error.code(), ErrorCode::TokenExpired);
    QVERIFY(program.failure().willRetry);
    QVERIFY(program.tokens.count(Reason::Rejected) >= 1);
    QVERIFY(program.signIns->isEmpty() && program.closes->isEmpty());
}

// 4401 and then 401: a provider that has nothing better needs a person.
void TestGatewayCodes::tokenExpiredAndNoOther()
{
    Program program(m_gateway, u"/echo"_s, tokens(u"ada"_s, 2));
    QVERIFY(program.awaitReady());
    program.tokens.make = [token = m_gateway.token(u"ada"_s, 1)] { return token; };
    QVERIFY(program.awaitClosed());
    QCOMPARE(program.bye().code, 4401);
    QCOMPARE(program.signIns->size(), 1);
    QCOMPARE(program.closedWith().condition(), ErrorCondition::Unauthorized);
    QCOMPARE(program.readies->size(), 1);
    QCOMPARE(program.connection->state(), Connection::State::Disconnected);
}

// 4402, which the gateway says in "auth.fail": the connection stays with the token that it has.
void TestGatewayCodes::renewalForSomebodyElse()
{
    Program program(m_gateway, u"/echo"_s, tokens(u"ada"_s));
    QVERIFY(program.awaitReady());
    program.tokens.make = tokens(u"eve"_s);
    program.tokens.renew();
    QVERIFY(waitUntil([&] { return !program.errors->isEmpty(); }));
    const Error error = program.errors->first().first().value<Error>();
    QCOMPARE(error.code(), ErrorCode::IdentityChanged);
    QCOMPARE(error.closeCode(), 4402);
    QVERIFY(program.isReady());
    QVERIFY(program.byes->isEmpty() && program.closes->isEmpty() && program.signIns->isEmpty());
    QVERIFY(program.renewals->isEmpty() && program.failures->isEmpty());
    const auto answer = program.connection->request(u"echo"_s, "still ada");
    QVERIFY(waitUntil([&] { return answer.isFinished(); }));
    QCOMPARE(answer.result().valueOr({}), QByteArray("still ada"));
}

// 4403: the new token may not be here.
void TestGatewayCodes::renewalWithoutTheScope()
{
    Program program(m_gateway, u"/echo"_s, tokens(u"ada"_s));
    QVERIFY(program.awaitReady());
    program.tokens.renew();
    QVERIFY(waitUntil([&] { return program.renewals->size() == 1; }));
    QVERIFY(program.errors->isEmpty());
    program.tokens.make = tokens(u"ada"_s, 3600, {{u"scope"_s, u"other"_s}});
    program.tokens.renew();
    QVERIFY(program.awaitClosed());
    QCOMPARE(program.bye().code, 4403);
    QCOMPARE(program.bye().retry, u"stop"_s);
    QCOMPARE(program.closedWith().code(), ErrorCode::Forbidden);
    QCOMPARE(program.closedWith().closeCode(), 4403);
    QVERIFY(program.signIns->isEmpty());
    QVERIFY(!program.failure().willRetry);
    QCOMPARE(program.readies->size(), 1);
}

void TestGatewayCodes::operators_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("retry");
    QTest::addColumn<bool>("returns");
    QTest::addColumn<int>("signIns");
    QTest::addColumn<ErrorCode>("error");
    QTest::newRow("4411 kicked, may return") << 4411 << u"retry"_s << true << 0 << ErrorCode::ClosedByPeer;
    QTest::newRow("4403 forbidden") << 4403 << u"stop"_s << false << 0 << ErrorCode::Forbidden;
    QTest::newRow("4410 session revoked") << 4410 << u"sign_in"_s << false << 1 << ErrorCode::SessionRevoked;
}

void TestGatewayCodes::operators()
{
    QFETCH(int, code);
    QFETCH(QString, retry);
    QFETCH(bool, returns);
    QFETCH(int, signIns);
    QFETCH(ErrorCode, error);
    const QString user = u"bob%1"_s.arg(code); // who was kept out stays so
    Program program(m_gateway, u"/echo"_s, tokens(user));
    QVERIFY(program.awaitReady());
    FixedTokenProvider operatorToken(accessToken(m_gateway.token(u"op"_s, 3600, {{u"scope"_s, u"gw:read gw:kick gw:audit"_s}})));
    WatchOptions options;
    options.gateway = m_gateway.url({});
    options.additionalCertificateAuthorities = QSslCertificate::fromPath(m_gateway.file(u"ca.pem"_s));
    WatchClient watch(&operatorToken, options);
    watch.start();
    QStringList ids;
    QVERIFY(waitUntil([&] {
        for (const ConnectionRow &row : watch.connections()) {
            if (row.sub == user && row.state == ConnectionState::Open)
                ids = QStringList{row.id};
        }
        return watch.canDisconnect() && !ids.isEmpty();
    }));
    const auto done = watch.disconnectConnections(ids, code, 1500ms, u"for the test"_s);
    QVERIFY(program.awaitBye());
    QVERIFY(waitUntil([&] { return done.isFinished(); }));
    QVERIFY(done.result());
    QCOMPARE(program.bye().code, code);
    QCOMPARE(program.bye().retry, retry);
    QCOMPARE(program.bye().after, Duration(1500));
    QCOMPARE(program.bye().reason, u"for the test"_s);
    if (returns) {
        QVERIFY(waitUntil([&] { return program.isWaiting(); }));
        QVERIFY2(program.waits() > 1000, qPrintable(QString::number(program.waits())));
        QVERIFY(program.awaitReady(2));
        QVERIFY(program.closes->isEmpty());
        QCOMPARE(program.tokens.made, 1); // the token was not what was wrong
    } else {
        QVERIFY(program.awaitClosed());
        QCOMPARE(program.closedWith().code(), error);
        QCOMPARE(program.readies->size(), 1);
    }
    QCOMPARE(program.failure().error.code(), error);
    QCOMPARE(program.failure().closeCode, code);
    QCOMPARE(program.signIns->size(), signIns);
}

// 4429
void TestGatewayCodes::tooManyMessages()
{
    Program program(m_gateway, u"/echo"_s, tokens(u"ada"_s));
    QVERIFY(program.awaitReady());
    for (int i = 0; i < 60; ++i)
        QVERIFY(program.connection->sendText(u"x"_s));
    QVERIFY(waitUntil([&] { return program.isWaiting(); }));
    QCOMPARE(program.bye().code, 4429);
    QVERIFY(program.bye().after >= 1000ms);
    QVERIFY(!program.bye().ref.isEmpty());
    QVERIFY2(program.waits() > 500, qPrintable(QString::number(program.waits())));
    QCOMPARE(program.failure().error.code(), ErrorCode::RateLimited);
    QVERIFY(program.awaitReady(2));
    QVERIFY(program.closes->isEmpty() && program.signIns->isEmpty());
    QCOMPARE(program.tokens.made, 1);
}

// 1009; the client knows the limit from "hello" and keeps to it, so another one has to speak here.
void TestGatewayCodes::tooLargeMessage()
{
    Program program(m_gateway, u"/echo"_s, tokens(u"ada"_s));
    QVERIFY(program.awaitReady());
    const Result<void> sent = program.connection->sendText(QString(1001, u'x'));
    QVERIFY(!sent);
    QCOMPARE(sent.error().code(), ErrorCode::MessageTooBig);
    QVERIFY(program.isReady() && program.byes->isEmpty() && program.closes->isEmpty());
}

// In place of 4430: 429 at the upgrade, and in when there is room.
void TestGatewayCodes::connectionLimit()
{
    QVERIFY(m_gateway.reload(QByteArray(kEndpoints).replace("limits = {", "limits = { connections_per_user = 1,")));
    auto first = std::make_unique<Program>(m_gateway, u"/echo"_s, tokens(u"ada"_s));
    QVERIFY(first->awaitReady());
    Program second(m_gateway, u"/echo"_s, tokens(u"ada"_s));
    QVERIFY(waitUntil([&] { return second.isWaiting(); }));
    QCOMPARE(second.failure().httpStatus, 429);
    QCOMPARE(second.failure().error.code(), ErrorCode::RateLimited);
    QVERIFY(second.failure().retryAfter > 0ms);
    QVERIFY(second.failure().willRetry);
    QVERIFY(second.byes->isEmpty() && second.closes->isEmpty() && second.signIns->isEmpty());
    QVERIFY(first->isReady() && first->byes->isEmpty()); // the newer one does not replace it (4409)
}

// 4440: a reader that takes nothing while much is sent to it.
void TestGatewayCodes::slowConsumer()
{
    QVERIFY(m_gateway.reload(
        QByteArray(kEndpoints)
            .replace("messages_per_second = 20, message_bytes = 1000",
                     "messages_per_second = 0, bytes_per_second = 0, message_bytes = \"1 MiB\", queue_bytes = \"16 KiB\"")));
    SlowLine line(m_gateway.port());
    FixedTokenProvider operatorToken(accessToken(m_gateway.token(u"op"_s, 3600, {{u"scope"_s, u"gw:read gw:audit"_s}})));
    WatchOptions watching;
    watching.gateway = m_gateway.url({});
    watching.additionalCertificateAuthorities = QSslCertificate::fromPath(m_gateway.file(u"ca.pem"_s));
    WatchClient watch(&operatorToken, watching);
    QByteArray audit;
    connect(&watch, &WatchClient::auditReceived, this, [&](const QList<QByteArray> &lines) { audit += lines.join('\n') + '\n'; });
    watch.start();
    QVERIFY(waitUntil([&] { return watch.auditState() == WatchClient::AuditState::Live; }));

    Program program(m_gateway, u"/echo"_s, tokens(u"slow"_s));
    program.connection->close();
    QVERIFY(program.awaitClosed());
    program.closes->clear();
    ConnectionOptions options = program.connection->options();
    options.url.setPort(line.serverPort());
    options.highWater = 64 * 1024 * 1024;
    options.pongTimeout = 60s;
    QVERIFY(program.connection->setOptions(options));
    program.readies->clear();
    program.connection->open();
    QVERIFY(program.awaitReady());
    line.stall();
    const QByteArray block(1024 * 1024, 'b');
    for (int i = 0; i < 24; ++i) // more than the systems' buffers on the way hold
        QVERIFY(program.connection->sendBinary(block));
    QVERIFY(waitUntil([&] { return audit.contains("\"queue_bytes\"") && audit.contains("\"close_code\":4440"); }, 30s));
    QVERIFY(audit.contains("\"reason_code\":\"queue_bytes\""));
    line.flow();
    // Whether the last words still get through is up to the line; the way back is not.
    QVERIFY(program.awaitReady(2));
    QVERIFY(program.failure().closeCode == 4440 || program.failure().closeCode == 1006);
    QVERIFY(program.failure().willRetry);
    QVERIFY(program.closes->isEmpty() && program.signIns->isEmpty());
}

void TestGatewayCodes::policyChanged_data()
{
    QTest::addColumn<QByteArray>("from");
    QTest::addColumn<QByteArray>("to");
    QTest::addColumn<QString>("scope"); // of the token that is fetched then
    QTest::addColumn<int>("status"); // of the next upgrade; 101: it is in again
    QTest::newRow("more scopes, and they can be had")
        << QByteArray("[\"use\"]") << QByteArray("[\"use\", \"more\"]") << u"use more"_s << 101;
    QTest::newRow("more scopes, and they cannot")
        << QByteArray("[\"use\"]") << QByteArray("[\"use\", \"more\"]") << u"use"_s << 403;
    QTest::newRow("path gone") << QByteArray("/echo") << QByteArray("/other") << u"use"_s << 404;
    QTest::newRow("key required") << QByteArray("serves =") << QByteArray("require_dpop = true\nserves =") << u"use"_s << 401;
    QTest::newRow("served by something else") << QByteArray("\"echo\"\n") << QByteArray("\"rooms\"\n") << u"use"_s << 101;
}

// 4441
void TestGatewayCodes::policyChanged()
{
    QFETCH(QByteArray, from);
    QFETCH(QByteArray, to);
    QFETCH(QString, scope);
    QFETCH(int, status);
    Program program(m_gateway, u"/echo"_s, tokens(u"ada"_s));
    QVERIFY(program.awaitReady());
    QVERIFY(m_gateway.reload(kEndpoints));
    const auto answer = program.connection->request(u"echo"_s, "still in");
    QVERIFY(waitUntil([&] { return answer.isFinished(); }));
    QVERIFY2(answer.result(), "a reload that changes nothing ended a connection");
    program.tokens.make = tokens(u"ada"_s, 3600, {{u"scope"_s, scope}});
    if (status == 404) // somebody has to do something about it, and is told
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"NotFound"_s));
    QVERIFY(m_gateway.reload(QByteArray(kEndpoints).replace(from, to)));
    QVERIFY(program.awaitBye());
    QCOMPARE(program.bye().code, 4441);
    QCOMPARE(program.bye().retry, u"refresh"_s);
    QVERIFY(waitUntil([&] { return program.failures->size() >= 2 || program.readies->size() == 2; }, 20s));
    QCOMPARE(program.failure(0).closeCode, 4441);
    QVERIFY(program.failure(0).willRetry);
    QVERIFY(program.tokens.count(Reason::Rejected) >= 1);
    QVERIFY(program.tokens.made >= 2);
    if (status == 101) {
        QVERIFY(program.awaitReady(2));
        QVERIFY(program.closes->isEmpty());
        QVERIFY(program.signIns->isEmpty());
        return;
    }
    QCOMPARE(program.failure(1).httpStatus, status);
    QCOMPARE(program.readies->size(), 1);
    if (status == 403) {
        QVERIFY(program.awaitClosed());
        QCOMPARE(program.closedWith().code(), ErrorCode::Forbidden);
        QVERIFY(program.signIns->isEmpty());
    }
}

// 4442
void TestGatewayCodes::signInTooOld()
{
    QVERIFY(m_gateway.reload(
        QByteArray(kEndpoints).replace("serves =", "max_age = \"100 s\"\nacr_values = [\"mfa\", \"phr\"]\nserves =")));
    const qint64 now = QDateTime::currentSecsSinceEpoch();
    Program program(m_gateway, u"/echo"_s, tokens(u"ada"_s, 3600, {{u"auth_time"_s, now - 98}, {u"acr"_s, u"mfa"_s}}));
    QVERIFY(program.awaitReady());
    QVERIFY(program.awaitClosed());
    QCOMPARE(program.bye().code, 4442);
    QCOMPARE(program.bye().retry, u"sign_in"_s);
    QCOMPARE(program.bye().acrValues, QStringList({u"mfa"_s, u"phr"_s}));
    QCOMPARE(program.bye().maxAge, std::optional(100s));
    QCOMPARE(program.closedWith().code(), ErrorCode::InsufficientAuthentication);
    QCOMPARE(program.signIns->size(), 1);
    QCOMPARE(program.readies->size(), 1);
    QVERIFY(!program.failure().willRetry);
    // At the upgrade it is a 401 with the same values.
    Program late(m_gateway, u"/echo"_s, tokens(u"ada"_s, 3600, {{u"auth_time"_s, now - 200}, {u"acr"_s, u"mfa"_s}}));
    QVERIFY(late.awaitClosed());
    QCOMPARE(late.failure().httpStatus, 401);
    QCOMPARE(late.failure().acrValues, QStringList({u"mfa"_s, u"phr"_s}));
    QCOMPARE(late.failure().maxAge, std::optional(100s));
    QCOMPARE(late.closedWith().code(), ErrorCode::InsufficientAuthentication);
    QCOMPARE(late.signIns->size(), 1);
    QVERIFY(late.readies->isEmpty());
}

// 1012
void TestGatewayCodes::restart()
{
    Program program(m_gateway, u"/echo"_s, tokens(u"ada"_s));
    QVERIFY(program.awaitReady());
    m_gateway.process().terminate();
    QVERIFY(program.awaitBye());
    QCOMPARE(program.bye().code, 1012);
    QCOMPARE(program.bye().retry, u"retry"_s);
    m_gateway.stop();
    QVERIFY(m_gateway.start());
    QVERIFY(program.awaitReady(2));
    QVERIFY(program.closes->isEmpty() && program.signIns->isEmpty());
    QCOMPARE(program.tokens.made, 1);
}

// What [policy] says, a client keeps to; without it the same end is a matter of milliseconds (restart()).
void TestGatewayCodes::policyOfHello()
{
    QVERIFY(m_gateway.reload(kEndpoints
                             + "policy = { close.1012 = { after_s = 20 }, attempts_per_minute = 4, "
                               "close.4411 = { action = \"stop\" } }\n"));
    Program program(m_gateway, u"/echo"_s, tokens(u"ada"_s));
    QVERIFY(program.awaitReady());
    QVERIFY2(program.errors->isEmpty(), "the policy was refused");
    m_gateway.stop();
    QVERIFY(m_gateway.start());
    QVERIFY(waitUntil([&] { return program.isWaiting(); }));
    QVERIFY2(program.waits() > 15'000, qPrintable(QString::number(program.waits())));
    QCOMPARE(program.bye().code, 1012);
    QVERIFY(program.closes->isEmpty());
}

WATCHWORD_TEST_MAIN(TestGatewayCodes)
#include "tst_gatewaycodes.moc"
