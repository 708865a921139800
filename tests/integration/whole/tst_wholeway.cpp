// SPDX-License-Identifier: Apache-2.0
#include "stage.h"

#include "support/await.h"
#include "support/testmain.h"
#include "watchword/client/client.h"
#include "watchword/core/auditevent.h"
#include "watchword/watch/chainverifier.h"
#include "watchword/watch/watchclient.h"

#include <QSet>
#include <QTimer>

using namespace Qt::StringLiterals;
using namespace Watchword;
using namespace std::chrono_literals;

/*!
    500 messages from a signed-in client through the gateway to a foreign server and back, over ten refreshes of tokens
    that live 5 s, a restart of the gateway and an outage of the provider, watched all the time.
*/
class TestWholeWay : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override { }
    void nothingIsLost();

private:
    void sendNext(Client &client);
    void follow(WatchClient &watch);
    void sendThroughTroubles(Stage &stage, Client &client);
    void checkAudit();
    void checkMirror(Stage &stage, TokenProvider &tokens, const WatchClient &mirror);

    static constexpr int kMessages = 500;
    int m_sent = 0;
    int m_acknowledged = 0;
    QStringList m_failures;
    QMap<int, int> m_echoes;
    QList<AuditEvent> m_events;
    ChainVerifier m_chain;
    QStringList m_broken;
};

void TestWholeWay::sendNext(Client &client)
{
    const int number = m_sent++;
    client.deliver(QByteArray::number(number)).then(this, [this](const Result<void> &result) {
        if (result)
            ++m_acknowledged;
        else
            m_failures.append(result.error().toString());
    });
}

void TestWholeWay::follow(WatchClient &watch)
{
    connect(&watch, &WatchClient::auditReceived, this, [this](const QList<QByteArray> &lines) {
        for (const QByteArray &line : lines) {
            const auto event = AuditEvent::fromBytes(line);
            QVERIFY(event);
            m_events.append(*event);
            if (const auto outcome = m_chain.push(*event); !outcome.isOk())
                m_broken.append(outcome.why);
        }
    });
}

void TestWholeWay::sendThroughTroubles(Stage &stage, Client &client)
{
    QTimer pace;
    connect(&pace, &QTimer::timeout, this, [&] {
        if (m_sent < kMessages)
            sendNext(client);
    });
    pace.start(80ms);
    QVERIFY(Support::waitUntil([&] { return m_sent >= 150; }, 30s));
    stage.stopGateway();
    QVERIFY(stage.startGateway());
    QVERIFY(Support::waitUntil([&] { return m_sent >= 300; }, 30s));
    QVERIFY(stage.control(u"outage?ms=3000"_s));
    QVERIFY2(Support::waitUntil([&] { return m_acknowledged == kMessages && m_echoes.size() == kMessages; }, 90s),
             qPrintable(u"%1 acknowledged, %2 echoed of %3 sent: %4"_s.arg(m_acknowledged)
                            .arg(m_echoes.size())
                            .arg(m_sent)
                            .arg(client.connection().explain())));
    QCOMPARE(m_failures, QStringList());
}

void TestWholeWay::nothingIsLost()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    Stage stage;
    const QString problem = stage.build();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));

    Session operatorSession(stage.operatorOptions());
    WatchOptions watchOptions;
    watchOptions.gateway = stage.gatewayUrl();
    watchOptions.additionalCertificateAuthorities = stage.authorities();
    watchOptions.auditAfter = u"0"_s;
    WatchClient watch(&operatorSession, watchOptions);
    follow(watch);
    connect(&operatorSession, &Session::signedIn, &watch, &WatchClient::start);
    operatorSession.signIn();

    Client client(stage.clientOptions());
    connect(&client, &Client::signInNeeded, &client, &Client::signIn);
    connect(&client, &Client::messageReceived, this, [this](const QByteArray &message) { ++m_echoes[message.toInt()]; });
    QSet<QDateTime> tokens;
    connect(&client.session(), &Session::expiresAtChanged, this, [&] { tokens.insert(client.session().expiresAt()); });
    client.start();
    QVERIFY2(Support::waitUntil([&] { return client.state() == Client::State::Ready; }, 20s),
             qPrintable(client.lastError().toString() + client.connection().explain()));
    QVERIFY2(Support::waitUntil([&] { return watch.state() == WatchClient::State::Live; }, 20s),
             qPrintable(watch.lastError().toString()));
    sendThroughTroubles(stage, client);
    // Ten refreshes: the messages may be through earlier, then the connection simply stays up.
    QVERIFY(Support::waitUntil([&] { return tokens.size() > 10; }, 60s));

    const QJsonObject stats = stage.providerStats();
    qInfo() << "provider:" << stats << "tokens:" << tokens.size() << "audit events:" << m_events.size();
    QVERIFY(stats.value("errors"_L1).toObject().isEmpty());
    QVERIFY(stats.value("token"_L1).toObject().value("refresh_token"_L1).toInt() >= 10);
    checkMirror(stage, operatorSession, watch);
    checkAudit();
    client.stop();
    watch.stop();
    stage.stopGateway();
    QVERIFY2(!stage.gatewayLog().contains("eyJ"), "a token is in the gateway's log");
}

void TestWholeWay::checkAudit()
{
    QCOMPARE(m_broken, QStringList());
    QVERIFY(m_chain.startIsProven());
    QCOMPARE(m_chain.missingCount(), 0U);
    QMap<QString, int> count;
    QStringList refused;
    for (const AuditEvent &event : std::as_const(m_events)) {
        ++count[event.shortType()];
        if (event.shortType() == "conn.rejected"_L1 || event.shortType() == "token.expired"_L1)
            refused.append(QString::fromUtf8(event.toBytes()));
    }
    qInfo() << "audit:" << count;
    // No attempt ever carried a token that had ended, and no connection lived longer than its token.
    QCOMPARE(refused, QStringList());
    QCOMPARE(count.value(u"node.start"_s), 2);
    QCOMPARE(count.value(u"node.stop"_s), 1);
    QVERIFY(count.value(u"conn.opened"_s) >= 2);
    QVERIFY(count.value(u"token.refreshed"_s) >= 10);
}

void TestWholeWay::checkMirror(Stage &stage, TokenProvider &tokens, const WatchClient &mirror)
{
    // The truth is a snapshot made now, by a second watcher; what differs at once may be on its way in a delta.
    WatchOptions options;
    options.gateway = stage.gatewayUrl();
    options.additionalCertificateAuthorities = stage.authorities();
    options.auditPath.clear();
    options.rate = 250ms;
    WatchClient truth(&tokens, options);
    truth.start();
    QVERIFY(Support::waitUntil([&] { return truth.state() == WatchClient::State::Live; }));
    const auto equal = [&] {
        if (truth.connectionCount() != mirror.connectionCount() || truth.tokenCount() != mirror.tokenCount())
            return false;
        for (const ConnectionRow &row : truth.connections()) {
            if (mirror.connection(row.id) != row)
                return false;
        }
        for (const TokenRow &row : truth.tokens()) {
            if (mirror.token(row.id) != row)
                return false;
        }
        return truth.connectionCount() > 0;
    };
    QVERIFY2(Support::waitUntil(equal, 20s), "the mirror never equalled the gateway's tables");
}

WATCHWORD_TEST_MAIN(TestWholeWay)
#include "tst_wholeway.moc"
