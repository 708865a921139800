// SPDX-License-Identifier: Apache-2.0
#include "linkfixture.h"
#include "support/process.h"
#include "watchword/link/centrifugoauth.h"
#include "watchword/link/graphqlauth.h"

#include <QJsonDocument>
#include <QJsonObject>

using namespace LinkTest;

/*! Strategies against npm graphql-ws, and against a small peer that was written from Centrifugo's description. */
class TestStrategies : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void graphQlEndToEnd();
    void graphQlRefusedTokenIsReplaced();
    void centrifugoDescription();

private:
    QUrl start(Support::ReadyProcess &process, const QString &script, const QString &tokens);
    ConnectionOptions optionsFor(const QUrl &url, std::shared_ptr<const AuthStrategy> strategy);
};

void TestStrategies::initTestCase()
{
    REQUIRE_COMPONENT(!Support::peersFolder().isEmpty(), "npm packages of tests/peers");
}

QUrl TestStrategies::start(Support::ReadyProcess &process, const QString &script, const QString &tokens)
{
    process.setEnvironment(u"TOKENS"_s, tokens);
    const auto ready = process.start(u"node"_s, {Support::peersFolder() + u'/' + script}, u"READY "_s);
    return QUrl(ready.value_or(QString()));
}

ConnectionOptions TestStrategies::optionsFor(const QUrl &url, std::shared_ptr<const AuthStrategy> strategy)
{
    ConnectionOptions options = plainOptions();
    options.url = url;
    options.allowLoopbackPlain = true;
    options.offerWatchword = false;
    options.strategy = std::move(strategy);
    options.backoff.base = 10ms;
    options.backoff.floor = 5ms;
    options.backoff.cap = 50ms;
    options.budgetAttempts = 1000;
    return options;
}

void TestStrategies::graphQlEndToEnd()
{
    Support::ReadyProcess process;
    const QUrl url = start(process, u"graphql-server.mjs"_s, QString::fromLatin1(CanaryTokens::value(1)));
    QVERIFY(url.isValid() && !url.isEmpty());
    CanaryTokens tokens;
    Connection connection(&tokens, optionsFor(url, std::make_shared<GraphQlAuth>()));
    QStringList texts;
    connect(&connection, &Connection::textReceived, this, [&](const QString &text) { texts.append(text); });
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QCOMPARE(connection.selectedSubprotocol(), u"graphql-transport-ws"_s);
    const QString subscribe = u"{\"id\":\"1\",\"type\":\"subscribe\",\"payload\":{\"query\":\"subscription { count }\"}}"_s;
    QVERIFY(connection.sendText(subscribe));
    QVERIFY(waitUntil([&] { return texts.size() == 4; }));
    for (int i = 0; i < 3; ++i) {
        const QJsonObject next = QJsonDocument::fromJson(texts.at(i).toUtf8()).object();
        QCOMPARE(next.value("payload"_L1).toObject().value("data"_L1).toObject().value("count"_L1).toInt(), i + 1);
    }
    QCOMPARE(QJsonDocument::fromJson(texts.last().toUtf8()).object().value("type"_L1).toString(), u"complete"_s);
    // Heartbeats of the protocol itself, answered by a server that nobody here wrote.
    connection.probe();
    QVERIFY(waitUntil([&] { return connection.rttMs() >= 0; }));
    // What breaks the protocol ends the connection for good.
    QVERIFY(connection.sendText(u"{\"type\":\"nonsense\"}"_s));
    QVERIFY(waitUntil([&] { return connection.state() == State::Disconnected; }));
    QCOMPARE(connection.lastError().code(), ErrorCode::ProtocolViolation);
    QCOMPARE(connection.lastError().closeCode(), 4400);
    QVERIFY(!connection.explain().contains("canary-"_L1));
}

void TestStrategies::graphQlRefusedTokenIsReplaced()
{
    Support::ReadyProcess process; // takes only the second token
    const QUrl url = start(process, u"graphql-server.mjs"_s, QString::fromLatin1(CanaryTokens::value(2)));
    CanaryTokens tokens;
    Connection connection(&tokens, optionsFor(url, std::make_shared<GraphQlAuth>()));
    QSignalSpy person(&connection, &Connection::authenticationRequired);
    connection.open();
    QVERIFY(waitUntil([&] { return connection.state() == State::Ready; }));
    QCOMPARE(tokens.number, 2);
    QCOMPARE(tokens.requests.last().reason, TokenRequest::Reason::Rejected);
    QCOMPARE(person.size(), 0);
}

void TestStrategies::centrifugoDescription()
{
    QStringList taken;
    for (int i = 1; i < 20; ++i)
        taken.append(QString::fromLatin1(CanaryTokens::value(i)));
    Support::ReadyProcess process;
    process.setEnvironment(u"TTL"_s, u"1"_s);
    const QUrl url = start(process, u"centrifugo-like.mjs"_s, taken.join(u','));
    CanaryTokens tokens;
    tokens.lifetime = 1s;
    Connection connection(&tokens, optionsFor(url, std::make_shared<CentrifugoAuth>()));
    QStringList texts;
    connect(&connection, &Connection::textReceived, this, [&](const QString &text) { texts.append(text); });
    QSignalSpy ready(&connection, &Connection::ready);
    QSignalSpy renewed(&connection, &Connection::tokenRenewed);
    connection.open();
    // Renewed twice in band while the peer would close after the first ping that nobody answers.
    QVERIFY(waitUntil([&] { return renewed.size() >= 2; }));
    QVERIFY(connection.sendText(u"{\"id\":7,\"publish\":{\"channel\":\"c\",\"data\":{\"x\":1}}}"_s));
    QVERIFY(waitUntil([&] { return texts.size() == 1; }));
    const QStringList lines = texts.first().split(u'\n');
    QCOMPARE(lines.size(), 2);
    QVERIFY(lines.last().contains("\"refreshes\""_L1));
    QCOMPARE(ready.size(), 1);
    QCOMPARE(connection.state(), State::Ready);
}

WATCHWORD_TEST_MAIN(TestStrategies)
#include "tst_strategies.moc"
