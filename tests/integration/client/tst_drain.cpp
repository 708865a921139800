// SPDX-License-Identifier: Apache-2.0
#include "codesfixture.h"
#include "slowline.h"
#include "support/testmain.h"

#include <QFutureWatcher>
#include <QTimer>

using namespace Codes;

namespace {

const QByteArray kEndpoint = "[[endpoint]]\npath = \"/echo\"\nscopes = [\"use\"]\nserves = \"echo\"\n"
                             "limits = { handshakes_per_second = 0 }\n";

} // namespace

/*! A gateway that announces its end (SIGTERM with [drain]), and the SDK's Connection. */
class TestDrain : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void clientsMoveBeforeTheyAreCut();
    void withNobodyElseTheyStayToTheEnd();
};

void TestDrain::clientsMoveBeforeTheyAreCut()
{
    Support::GatewayProcess first;
    Support::GatewayProcess second;
    QVERIFY(first.prepare(kEndpoint + "[drain]\nseconds = 6\n") && first.start());
    QVERIFY(second.prepare(kEndpoint + first.issuerTable()) && second.start());
    SlowLine balancer(first.port());
    Program program(
        first, u"/echo"_s, [&] { return first.token(u"ada"_s); }, {},
        [&](ConnectionOptions &options) {
            options.url.setPort(balancer.serverPort());
            options.additionalCertificateAuthorities += QSslCertificate::fromPath(second.file(u"ca.pem"_s));
        });
    QSignalSpy replaced(program.connection.get(), &Connection::replaced);
    QHash<QString, int> echoes;
    connect(program.connection.get(), &Connection::textReceived, this, [&](const QString &text) { ++echoes[text]; });
    QVERIFY(program.awaitReady());
    QSignalSpy states(program.connection.get(), &Connection::stateChanged);
    int sent = 0;
    int acknowledged = 0;
    QTimer pace;
    connect(&pace, &QTimer::timeout, this, [&] {
        program.connection->deliver(QByteArray::number(++sent)).then(this, [&](const Result<void> &result) {
            acknowledged += result ? 1 : 0;
        });
    });
    pace.start(20ms);
    QVERIFY(waitUntil([&] { return echoes.size() >= 5; }));
    balancer.leadTo(second.port()); // it saw that /readyz is 503
    first.process().terminate();
    QVERIFY(waitUntil([&] { return replaced.size() == 1; }, 20s));
    // Its last client left: the gateway does not wait for its time to be over.
    QVERIFY(waitUntil([&] { return first.process().state() == QProcess::NotRunning; }, 20s));
    QCOMPARE(first.process().exitCode(), 0);
    const int then = sent;
    QVERIFY(waitUntil([&] { return sent >= then + 5; }));
    pace.stop();
    QVERIFY(waitUntil([&] { return acknowledged == sent && echoes.size() == sent; }));
    for (auto echo = echoes.cbegin(); echo != echoes.cend(); ++echo)
        QVERIFY2(echo.value() == 1, qPrintable(echo.key()));
    QVERIFY(states.isEmpty());
    QVERIFY(program.errors->isEmpty() && program.closes->isEmpty() && program.signIns->isEmpty());
    QCOMPARE(program.tokens.made, 1);
}

void TestDrain::withNobodyElseTheyStayToTheEnd()
{
    Support::GatewayProcess gateway;
    QVERIFY(gateway.prepare(kEndpoint + "[drain]\nseconds = 2\n") && gateway.start());
    Program program(gateway, u"/echo"_s, [&] { return gateway.token(u"ada"_s); });
    QSignalSpy replaced(program.connection.get(), &Connection::replaced);
    QVERIFY(program.awaitReady());
    gateway.process().terminate();
    // 503 for the replacement, and the connection that is there goes on.
    QVERIFY(waitUntil([&] { return !program.failures->isEmpty(); }));
    QCOMPARE(program.failure().httpStatus, 503);
    QVERIFY(program.isReady());
    QVERIFY(program.byes->isEmpty());
    QVERIFY(program.awaitBye());
    QCOMPARE(program.bye().code, 1012);
    QVERIFY(waitUntil([&] { return gateway.process().state() == QProcess::NotRunning; }));
    QVERIFY(gateway.start());
    QVERIFY(program.awaitReady(2));
    QVERIFY(replaced.isEmpty() && program.closes->isEmpty() && program.signIns->isEmpty());
}

WATCHWORD_TEST_MAIN(TestDrain)
#include "tst_drain.moc"
