// SPDX-License-Identifier: Apache-2.0
#include "chaosproxy.h"

#include "support/await.h"
#include "support/gatewayprocess.h"
#include "support/testmain.h"
#include "watchword/link/connection.h"

#include <QSignalSpy>
#include <QSslCertificate>

#include <array>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

namespace {

/*! Tokens of the gateway that answers at the address now. */
class TokensOfTheDay final : public TokenProvider
{
public:
    const Support::GatewayProcess *gateway = nullptr;
    QFuture<Result<AccessToken>> requestToken(const TokenRequest &) override
    {
        AccessToken token;
        token.value = Secret::copy(gateway->token(u"alice"_s));
        QPromise<Result<AccessToken>> promise;
        promise.start();
        promise.addResult(token);
        promise.finish();
        return promise.future();
    }
};

} // namespace

/*! Two gateways behind one address, which are restarted in turn: each announces its end first. */
class TestRollingRestart : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void nobodyNotices();
};

void TestRollingRestart::nobodyNotices()
{
    std::array<Support::GatewayProcess, 2> gateways;
    ConnectionOptions options;
    for (Support::GatewayProcess &gateway : gateways) {
        QVERIFY(gateway.prepare("[drain]\nseconds = 4\n[[endpoint]]\npath = \"/echo\"\nscopes = [\"use\"]\nserves = \"echo\"\n"
                                "limits = { messages_per_second = 0, bytes_per_second = 0 }\n"));
        QVERIFY(gateway.start());
        options.additionalCertificateAuthorities += QSslCertificate::fromPath(gateway.file(u"ca.pem"_s));
    }
    ChaosProxy front(gateways[0].port(), 1);
    front.calmDown();
    QVERIFY(front.listen(QHostAddress::LocalHost));
    options.url = gateways[0].url(u"/echo"_s, front.serverPort());
    TokensOfTheDay tokens;
    tokens.gateway = &gateways[0];
    Connection connection(&tokens, options);
    QStringList echoes;
    connect(&connection, &Connection::textReceived, this, [&echoes](const QString &text) { echoes.append(text); });
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == Connection::State::Ready; }));
    QSignalSpy states(&connection, &Connection::stateChanged);
    QSignalSpy replaced(&connection, &Connection::replaced);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    QList<QFuture<Result<void>>> sent;
    QList<QFuture<Result<QByteArray>>> asked;
    QStringList expected;
    QTimer sending;
    connect(&sending, &QTimer::timeout, this, [&] {
        expected.append(QString::number(sent.size()));
        sent.append(connection.deliver(expected.last().toUtf8()));
        asked.append(connection.request(u"echo"_s, expected.last().toUtf8()));
    });
    sending.start(5ms);
    for (int round = 0; round < 3; ++round) {
        Support::GatewayProcess &old = gateways.at(size_t(round) % 2);
        tokens.gateway = &gateways.at(size_t(round + 1) % 2);
        front.setServerPort(tokens.gateway->port());
        old.process().terminate();
        QVERIFY(waitUntil([&] { return replaced.size() == round + 1; }));
        // Its last client has left: it does not wait for the end of its time.
        QVERIFY(waitUntil([&] { return old.process().state() == QProcess::NotRunning; }));
        QVERIFY(old.start());
    }
    sending.stop();
    QVERIFY(waitUntil([&] { return sent.last().isFinished() && asked.last().isFinished() && echoes.size() >= sent.size(); }));
    for (qsizetype i = 0; i < sent.size(); ++i)
        QVERIFY(sent.at(i).isFinished() && sent.at(i).result() && asked.at(i).isFinished() && asked.at(i).result());
    QCOMPARE(echoes, expected);
    QCOMPARE(states.size(), 0);
    QCOMPARE(errors.size(), 0);
    QCOMPARE(front.accepted(), 4);
    qInfo("%d messages and as many requests over three restarts, each answered once and in order", int(sent.size()));
}

WATCHWORD_TEST_MAIN(TestRollingRestart)
#include "tst_rollingrestart.moc"
