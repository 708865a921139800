// SPDX-License-Identifier: Apache-2.0
// How patient a Connection is: what the server asks for in "hello", and the budget that the whole program shares.
#include "linkfixture.h"

#include <QJsonObject>

using namespace LinkTest;

class TestLinkPolicy : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void policyInHello();
    void brokenPolicyIsIgnored_data();
    void brokenPolicyIsIgnored();
    void budgetIsShared();
    void loudOnce();
};

void TestLinkPolicy::policyInHello()
{
    FakeGateway gateway;
    gateway.setHelloMember(u"policy"_s, QJsonObject{{u"close"_s, QJsonObject{{u"1001"_s, QJsonObject{{u"after_s"_s, 60}}}}}});
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    gateway.peer()->close(1001);
    QVERIFY(waitUntil([&] { return connection.state() == State::Waiting; }));
    QVERIFY(QDateTime::currentDateTimeUtc().msecsTo(connection.nextRetryAt()) > 59'000);
}

void TestLinkPolicy::brokenPolicyIsIgnored_data()
{
    QTest::addColumn<QJsonValue>("policy");
    QTest::newRow("not an object") << QJsonValue(7);
    QTest::newRow("a bad row beside a good one") << QJsonValue(
        QJsonObject{{u"close"_s, QJsonObject{{u"1001"_s, QJsonObject{{u"after_s"_s, 60}}}}}, {u"attempts_per_minute"_s, -1}});
}

void TestLinkPolicy::brokenPolicyIsIgnored()
{
    QFETCH(QJsonValue, policy);
    FakeGateway gateway;
    gateway.setHelloMember(u"policy"_s, policy);
    QVERIFY(gateway.listen());
    CanaryTokens tokens;
    Connection connection(&tokens, quickOptions(gateway));
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy errors(&connection, &Connection::errorOccurred);
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    QCOMPARE(errors.size(), 1);
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::ProtocolViolation);
    gateway.peer()->close(1001);
    QVERIFY(waitUntil([&] { return ready.size() == 2; }));
}

// Five connections that press "Try now" all the time, against a server that throws everybody out.
void TestLinkPolicy::budgetIsShared()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    connect(&gateway, &FakeGateway::accepted, this, [](FakePeer *peer) { peer->close(1011); });
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.budgetAttempts = 12;
    std::vector<std::unique_ptr<Connection>> connections;
    int waitingForBudget = 0;
    for (int i = 0; i < 5; ++i) {
        connections.push_back(std::make_unique<Connection>(&tokens, options));
        connections.back()->open();
    }
    QVERIFY(waitUntil([&] {
        waitingForBudget = 0;
        for (const auto &connection : connections) {
            connection->retryNow();
            connection->probe();
            if (connection->state() == State::Waiting && gateway.connectionsSeen() >= 12
                && QDateTime::currentDateTimeUtc().msecsTo(connection->nextRetryAt()) > 30'000)
                ++waitingForBudget;
        }
        return waitingForBudget == 5;
    }));
    QCOMPARE(gateway.connectionsSeen(), 12);
    // A new one is no way around it either.
    Connection late(&tokens, options);
    late.open();
    QCOMPARE(late.state(), State::Waiting);
    QCOMPARE(late.attempts().size(), 0);
    QVERIFY(late.lastError().remedy().contains("budgetAttempts"_L1));
}

// What does not pass by itself is said as a warning, once and not every few minutes.
void TestLinkPolicy::loudOnce()
{
    FakeGateway gateway;
    QVERIFY(gateway.listen());
    for (int i = 0; i < 3; ++i)
        gateway.next(FakeGateway::refuse(404));
    CanaryTokens tokens;
    ConnectionOptions options = quickOptions(gateway);
    options.backoff.slowCap = 20ms;
    options.backoff.retryAfterLimit = 30ms;
    Connection connection(&tokens, options);
    QSignalSpy ready(&connection, &Connection::ready);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"NotFound.*\\(HTTP 404\\) - "_s));
    connection.open();
    QVERIFY(waitUntil([&] { return ready.size() == 1; }));
    QCOMPARE(gateway.requests().size(), 4);
}

WATCHWORD_TEST_MAIN(TestLinkPolicy)
#include "tst_linkpolicy.moc"
