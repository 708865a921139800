// SPDX-License-Identifier: Apache-2.0
#include "stage.h"

#include "support/await.h"
#include "support/testmain.h"
#include "watchword/client/client.h"
#include "watchword/core/auditevent.h"
#include "watchword/watch/watchclient.h"

using namespace Qt::StringLiterals;
using namespace Watchword;
using namespace std::chrono_literals;

/*!
    A client with tokens that are bound to its key (RFC 9449): from a foreign provider that wants nonces, through the gateway,
    which wants its own, at the upgrade and on the live connection.
*/
class TestBoundWay : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void init() override { }
    void initTestCase();
    void boundTokensAllTheWay();
    void stolenTokenIsWorthless();

private:
    ClientOptions options()
    {
        ClientOptions options = m_stage.clientOptions();
        options.clientId = u"native-dpop"_s;
        options.tokenBinding = TokenBinding::Required;
        options.connection.budgetAttempts = 100; // this program plays several
        return options;
    }
    int refusals(const QString &reason) const { return int(m_refusals.count(reason)); }

    Stage m_stage;
    std::unique_ptr<Session> m_operator;
    std::unique_ptr<WatchClient> m_watch;
    QStringList m_refusals; // reason codes of refused upgrades and renewals
    int m_renewals = 0;
};

void TestBoundWay::initTestCase()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
    const QString problem = m_stage.build(Stage::Tokens::Bound);
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    m_operator = std::make_unique<Session>(m_stage.operatorOptions());
    WatchOptions watching;
    watching.gateway = m_stage.gatewayUrl();
    watching.additionalCertificateAuthorities = m_stage.authorities();
    watching.auditAfter = u"0"_s;
    m_watch = std::make_unique<WatchClient>(m_operator.get(), watching);
    connect(m_watch.get(), &WatchClient::auditReceived, this, [this](const QList<QByteArray> &lines) {
        for (const QByteArray &line : lines) {
            const auto event = AuditEvent::fromBytes(line);
            QVERIFY(event);
            const QString type = event->shortType();
            if (type == "conn.rejected"_L1 || type == "token.refresh_failed"_L1)
                m_refusals += event->data.value("reason_code"_L1).toString();
            m_renewals += type == "token.refreshed"_L1 ? 1 : 0;
        }
    });
    connect(m_operator.get(), &Session::signedIn, m_watch.get(), &WatchClient::start);
    m_operator->signIn();
    QVERIFY(Support::waitUntil([&] { return m_watch->state() == WatchClient::State::Live; }, 20s));
}

void TestBoundWay::boundTokensAllTheWay()
{
    Client client(options());
    QStringList echoes;
    int failures = 0;
    int renewed = 0;
    int readies = 0;
    connect(&client, &Client::signInNeeded, &client, &Client::signIn);
    connect(&client, &Client::messageReceived, this, [&](const QByteArray &text) { echoes += QString::fromUtf8(text); });
    connect(&client.connection(), &Connection::attemptFailed, this, [&] { ++failures; });
    connect(&client.connection(), &Connection::tokenRenewed, this, [&] { ++renewed; });
    connect(&client.connection(), &Connection::ready, this, [&] { ++readies; });
    client.start();
    QVERIFY2(Support::waitUntil([&] { return client.state() == Client::State::Ready; }, 20s),
             qPrintable(client.lastError().toString() + client.connection().explain()));
    QCOMPARE(client.session().currentToken()->type.toLower(), u"dpop"_s);
    // The provider and the gateway each asked for their nonce, and neither was a failure.
    QCOMPARE(m_stage.providerStats().value("errors"_L1).toObject().value("use_dpop_nonce"_L1).toInt(), 1);
    QVERIFY(Support::waitUntil([&] { return refusals(u"dpop_nonce"_s) == 1; }));
    QCOMPARE(failures, 0);
    QCOMPARE(client.connection().attempts().size(), 2);
    // Tokens live 5 s: the connection gets new ones, with proofs, and stays.
    QVERIFY2(Support::waitUntil([&] { return renewed >= 3; }, 40s), qPrintable(client.session().explain()));
    QCOMPARE(client.connection().attempts().size(), 2);
    QVERIFY(Support::waitUntil([&] { return m_renewals >= 3; }));
    QVERIFY(client.send("bound"));
    QVERIFY(Support::waitUntil([&] { return echoes.contains(u"bound"_s); }));
    // A gateway that starts anew knows no nonce of before.
    m_stage.stopGateway();
    QVERIFY(m_stage.startGateway());
    QVERIFY2(Support::waitUntil([&] { return readies == 2; }, 40s), qPrintable(client.connection().explain()));
    QVERIFY(client.send("again"));
    QVERIFY(Support::waitUntil([&] { return echoes.contains(u"again"_s); }));
    QVERIFY(Support::waitUntil([&] { return refusals(u"dpop_nonce"_s) == 2; }, 20s));
    QCOMPARE(m_refusals.size(), 2); // and nothing else was ever refused
    client.stop();
}

void TestBoundWay::stolenTokenIsWorthless()
{
    Client client(options());
    connect(&client, &Client::signInNeeded, &client, &Client::signIn);
    client.start();
    QVERIFY(Support::waitUntil([&] { return client.state() == Client::State::Ready; }, 20s));
    AccessToken stolen = *client.session().currentToken();
    stolen.proof.reset();
    stolen.type = u"Bearer"_s;
    FixedTokenProvider thief(stolen);
    ConnectionOptions way;
    way.url = client.options().server;
    way.additionalCertificateAuthorities = m_stage.authorities();
    way.budgetAttempts = 100;
    Connection connection(&thief, way);
    connection.open();
    QVERIFY2(Support::waitUntil([&] { return connection.state() == Connection::State::Disconnected; }),
             qPrintable(connection.explain()));
    QCOMPARE(connection.lastError().condition(), ErrorCondition::Unauthorized);
    QVERIFY(Support::waitUntil([&] { return refusals(u"dpop_token_as_bearer"_s) >= 1; }));
    client.stop();
    m_stage.stopGateway();
    QVERIFY2(!m_stage.gatewayLog().contains("eyJ"), "a token or a proof is in the gateway's log");
}

WATCHWORD_TEST_MAIN(TestBoundWay)
#include "tst_boundway.moc"
