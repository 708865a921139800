// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/gatewayprocess.h"
#include "support/testmain.h"
#include "watchword/link/connection.h"

#include <QFutureWatcher>
#include <QSslCertificate>

#include <algorithm>
#include <memory>
#include <vector>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr int kClients = 100;

/*! One of many programs on many machines: it shares nothing with the others. */
class Program : public QObject
{
public:
    Program(int number, const Support::GatewayProcess &gateway, const QList<QSslCertificate> &authorities)
    {
        AccessToken token;
        token.value = Secret::copy(gateway.token(u"user-%1"_s.arg(number)));
        tokens = std::make_unique<FixedTokenProvider>(token);
        ConnectionOptions options;
        options.url = gateway.url(u"/echo"_s);
        options.additionalCertificateAuthorities = authorities;
        options.planned = 2s;
        options.transport = [this](const ConnectionOptions &effective) {
            ++attempts;
            return makeWebSocketTransport(effective);
        };
        options.budget = std::make_shared<ConnectBudget>();
        budget = options.budgetAttempts;
        connection = std::make_unique<Connection>(tokens.get(), options);
        connect(connection.get(), &Connection::ready, this, [this] { ++readies; });
        connect(connection.get(), &Connection::stateChanged, this, [this](Connection::State state) {
            if (state == Connection::State::Waiting)
                send(); // when there is nobody to take it
        });
        connect(connection.get(), &Connection::textReceived, this, [this](const QString &text) { ++echoes[text]; });
        connection->open();
    }

    void send()
    {
        auto *watcher = new QFutureWatcher<Result<void>>(this);
        connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher] {
            watcher->deleteLater();
            ++(watcher->future().resultCount() > 0 && watcher->future().result() ? acknowledged : failed);
        });
        watcher->setFuture(connection->deliver(QByteArray::number(++sent)));
    }

    std::unique_ptr<FixedTokenProvider> tokens;
    std::unique_ptr<Connection> connection;
    QHash<QString, int> echoes;
    int budget = 0;
    int attempts = 0;
    int readies = 0;
    int sent = 0;
    int acknowledged = 0;
    int failed = 0;
};

} // namespace

/*! A hundred programs over a restart and over a crash of their gateway; the benchmark restart-clients has 2,000. */
class TestRestart : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everybodyComesBack_data();
    void everybodyComesBack();
};

void TestRestart::everybodyComesBack_data()
{
    QTest::addColumn<bool>("crash");
    QTest::newRow("restart") << false;
    QTest::newRow("crash") << true;
}

void TestRestart::everybodyComesBack()
{
    QFETCH(const bool, crash);
    QLoggingCategory::setFilterRules(u"watchword.*.info=false"_s);
    Support::GatewayProcess gateway;
    QVERIFY(gateway.prepare("[[endpoint]]\npath = \"/echo\"\nscopes = [\"use\"]\nserves = \"echo\"\n"
                            "limits = { handshakes_per_second = 0 }\n"));
    QVERIFY(gateway.start());
    const QList<QSslCertificate> authorities = QSslCertificate::fromPath(gateway.file(u"ca.pem"_s));
    std::vector<std::unique_ptr<Program>> programs;
    for (int i = 0; i < kClients; ++i)
        programs.push_back(std::make_unique<Program>(i, gateway, authorities));
    const auto all = [&programs](const auto &condition) {
        return std::all_of(programs.begin(), programs.end(), [&](const auto &program) { return condition(*program); });
    };
    QVERIFY(Support::waitUntil([&] { return all([](const Program &p) { return p.readies == 1; }); }, 40s));
    for (const auto &program : programs)
        program->send();
    crash ? gateway.kill() : gateway.stop();
    QVERIFY(gateway.start());
    QVERIFY(Support::waitUntil([&] { return all([](const Program &p) { return p.readies == 2; }); }, 40s));
    QVERIFY(Support::waitUntil([&] { return all([](const Program &p) { return p.acknowledged == p.sent; }); }, 20s));
    int most = 0;
    for (const auto &program : programs) {
        QCOMPARE(program->failed, 0);
        QVERIFY(program->sent >= 2);
        QVERIFY(program->attempts <= program->budget);
        most = std::max(most, program->attempts);
        for (auto it = program->echoes.cbegin(); it != program->echoes.cend(); ++it)
            QCOMPARE(it.value(), 1); // the acknowledgement comes first: what was echoed is not sent again
    }
    qInfo("at most %d attempts of one program, with the first", most);
}

WATCHWORD_TEST_MAIN(TestRestart)
#include "tst_restart.moc"
