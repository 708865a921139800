// SPDX-License-Identifier: Apache-2.0
#include "deliverybench.h"
#include "support/await.h"
#include "support/testmain.h"
#include "watchword/link/centrifugoauth.h"
#include "watchword/link/firstmessageauth.h"
#include "watchword/link/graphqlauth.h"
#include "watchword/link/subprotocolauth.h"

#include <QSignalSpy>

using namespace DeliveryTest;
using Kind = AuthStrategy::Notice::Kind;

namespace {

AccessToken tokenOf(const QByteArray &value, WallTime now, Duration lifetime = 1h)
{
    AccessToken token;
    token.value = Secret::copy(value);
    token.expiresAt = now + lifetime;
    return token;
}

/*! A Bench whose connection has a token and a strategy. */
struct StrategyBench : Bench
{
    explicit StrategyBench(std::shared_ptr<const AuthStrategy> strategy)
        : tokens(tokenOf("canary", clock.wallNow()))
    {
        ConnectionOptions options = connection->options();
        options.strategy = std::move(strategy);
        options.offerWatchword = false;
        connection = std::make_unique<Connection>(&tokens, options);
    }
    bool begin()
    {
        connection->open();
        return Support::waitUntil([this] { return transport() && transport()->isAlive(); });
    }
    FixedTokenProvider tokens;
};

} // namespace

class TestAuthStrategy : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void graphQlMessages();
    void centrifugoMessages();
    void subprotocolHoldsTheToken();
    void closeCodes();
    void readyOnlyAfterTheAnswer();
    void firstMessageWithoutAnswer();
    void refusedConnectIsRefreshedOnce();
    void pingsAreAnswered();
    void renewsInBand();
};

void TestAuthStrategy::graphQlMessages()
{
    const GraphQlAuth graphQl;
    const AccessToken token = tokenOf("t", WallTime());
    QCOMPARE(graphQl.afterUpgrade(token),
             QStringList{u"{\"payload\":{\"Authorization\":\"Bearer t\"},\"type\":\"connection_init\"}"_s});
    QCOMPARE(graphQl.upgrade(token).subprotocols, QStringList{u"graphql-transport-ws"_s});
    QVERIFY(!graphQl.upgrade(token).bearerHeader);
    const auto only = [&](const QString &text) {
        const AuthStrategy::Reading reading = graphQl.received(text);
        return reading.notices.size() == 1 && !reading.application ? reading.notices.front()
                                                                   : AuthStrategy::Notice{.kind = Kind::Refused};
    };
    QCOMPARE(only(u"{\"type\":\"connection_ack\",\"payload\":{}}"_s).kind, Kind::Ready);
    QCOMPARE(only(u"{\"type\":\"ping\"}"_s).text, u"{\"type\":\"pong\"}"_s);
    QCOMPARE(only(u"{\"type\":\"ping\",\"payload\":{\"a\":1}}"_s).text, u"{\"payload\":{\"a\":1},\"type\":\"pong\"}"_s);
    QCOMPARE(only(u"{\"type\":\"pong\",\"payload\":{\"n\":7}}"_s).nonce, quint64(7));
    QCOMPARE(only(u"{\"type\":\"pong\",\"payload\":{\"n\":-7}}"_s).nonce, quint64(0));
    for (const QString &text : {u"{\"type\":\"next\",\"id\":\"1\",\"payload\":{}}"_s, u"nonsense"_s, QString(), u"[]"_s,
                                u"{\"type\":5}"_s, QString(20'000, u'x')}) {
        const AuthStrategy::Reading reading = graphQl.received(text);
        QVERIFY(reading.notices.empty());
        QCOMPARE(reading.application, text); // untouched
    }
}

void TestAuthStrategy::centrifugoMessages()
{
    const CentrifugoAuth centrifugo;
    const AccessToken token = tokenOf("t", WallTime());
    QCOMPARE(centrifugo.afterUpgrade(token), QStringList{u"{\"connect\":{\"token\":\"t\"},\"id\":4000000001}"_s});
    QCOMPARE(centrifugo.renewal(token).value(), u"{\"id\":4000000002,\"refresh\":{\"token\":\"t\"}}"_s);
    const auto reading = centrifugo.received(
        u"{}\n{\"id\":4000000001,\"connect\":{\"client\":\"c\",\"expires\":true,\"ttl\":600,\"ping\":25,\"pong\":true}}\n"
        "{\"push\":{\"channel\":\"x\",\"pub\":{\"data\":1}}}\n{\"id\":1,\"error\":{\"code\":100}}\n"_s);
    QCOMPARE(reading.notices.size(), size_t(2));
    QCOMPARE(reading.notices.at(0).text, u"{}"_s);
    QCOMPARE(reading.notices.at(1).kind, Kind::Ready);
    QCOMPARE(reading.notices.at(1).tokenLifetime, std::optional<Duration>(600s));
    QCOMPARE(reading.notices.at(1).heartbeat, std::optional<Duration>(25s));
    QCOMPARE(reading.application, u"{\"push\":{\"channel\":\"x\",\"pub\":{\"data\":1}}}\n{\"id\":1,\"error\":{\"code\":100}}"_s);
    const auto code = [&](int error) {
        return centrifugo.received(u"{\"id\":4000000001,\"error\":{\"code\":%1,\"message\":\"m\"}}"_s.arg(error)).notices.at(0);
    };
    QCOMPARE(code(109).code, 4401);
    QCOMPARE(code(109).kind, Kind::Refused);
    QCOMPARE(code(101).code, 4402);
    QCOMPARE(code(103).code, 4403);
    QCOMPARE(code(111).code, 4429);
    QCOMPARE(code(100).code, 1013);
    const auto refresh = centrifugo.received(u"{\"id\":4000000002,\"error\":{\"code\":109}}"_s).notices.at(0);
    QCOMPARE(refresh.kind, Kind::RenewalRefused);
    const auto wild = centrifugo.received(u"{\"id\":4000000001,\"connect\":{\"expires\":true,\"ttl\":1e99,\"ping\":-3}}"_s);
    QVERIFY(!wild.notices.at(0).tokenLifetime && !wild.notices.at(0).heartbeat);
}

void TestAuthStrategy::subprotocolHoldsTheToken()
{
    const SubprotocolAuth kubernetes;
    QCOMPARE(kubernetes.upgrade(tokenOf("a?b>", WallTime())).subprotocols,
             QStringList{u"base64url.bearer.authorization.k8s.io.YT9iPg"_s});
    QVERIFY(kubernetes.upgrade({}).subprotocols.isEmpty());
}

void TestAuthStrategy::closeCodes()
{
    ClosePolicy graphQl = ClosePolicy::defaultPolicy();
    GraphQlAuth().amend(graphQl);
    QCOMPARE(graphQl.forCloseCode(4403).action, RetryAction::RefreshThenRetry);
    QCOMPARE(graphQl.forCloseCode(4400).action, RetryAction::Stop);
    QCOMPARE(graphQl.forCloseCode(4500).action, RetryAction::Retry); // final by its range otherwise
    ClosePolicy centrifugo = ClosePolicy::defaultPolicy();
    CentrifugoAuth().amend(centrifugo);
    QCOMPARE(centrifugo.forCloseCode(3005).action, RetryAction::RefreshThenRetry);
    QCOMPARE(centrifugo.forCloseCode(3500).action, RetryAction::SignIn);
    QCOMPARE(centrifugo.forCloseCode(3502).action, RetryAction::Retry);
    QCOMPARE(centrifugo.forCloseCode(3507).action, RetryAction::Stop);
}

void TestAuthStrategy::readyOnlyAfterTheAnswer()
{
    StrategyBench bench(std::make_shared<GraphQlAuth>());
    QSignalSpy texts(bench.connection.get(), &Connection::textReceived);
    QVERIFY(bench.begin());
    bench.transport()->open(u"graphql-transport-ws"_s);
    QCOMPARE(bench.transport()->texts().size(), 1); // connection_init
    QCOMPARE(bench.connection->state(), State::Connecting);
    QCOMPARE(bench.connection->sendText(u"early"_s).error().code(), ErrorCode::Offline);
    bench.transport()->receiveText(u"{\"type\":\"connection_ack\"}"_s);
    QCOMPARE(bench.connection->state(), State::Ready);
    QVERIFY(texts.isEmpty());
    const QString own = u"{\"type\":\"next\"}"_s;
    bench.transport()->receiveText(own);
    QCOMPARE(texts.first().first().toString(), own);

    // A server that never answers is given up like one that is silent.
    StrategyBench silent(std::make_shared<GraphQlAuth>());
    QSignalSpy errors(silent.connection.get(), &Connection::errorOccurred);
    QVERIFY(silent.begin());
    silent.transport()->open(u"graphql-transport-ws"_s);
    silent.clock.advance(silent.connection->options().readyTimeout);
    QCOMPARE(silent.connection->state(), State::Waiting);
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::Timeout);
}

void TestAuthStrategy::firstMessageWithoutAnswer()
{
    StrategyBench bench(
        std::make_shared<FirstMessageAuth>([](const QByteArray &token) { return u"AUTH "_s + QString::fromLatin1(token); }));
    QVERIFY(bench.connection->sendText(u"held"_s, Delivery::QueueUntilReady));
    QVERIFY(bench.begin());
    bench.transport()->open();
    QCOMPARE(bench.connection->state(), State::Ready);
    QCOMPARE(bench.transport()->texts(), QStringList({u"AUTH canary"_s, u"held"_s}));
    QCOMPARE(bench.network->tokenFingerprints.last(), Secret().fingerprint()); // nothing in the header
}

void TestAuthStrategy::refusedConnectIsRefreshedOnce()
{
    StrategyBench bench(std::make_shared<CentrifugoAuth>());
    QSignalSpy closed(bench.connection.get(), &Connection::closed);
    QSignalSpy person(bench.connection.get(), &Connection::authenticationRequired);
    QVERIFY(bench.begin());
    bench.transport()->open();
    bench.transport()->receiveText(u"{\"id\":4000000001,\"error\":{\"code\":109,\"message\":\"token expired\"}}"_s);
    // This provider has no other token: a person is needed, and the refused one is not sent again.
    QVERIFY(Support::waitUntil([&] { return closed.size() == 1; }));
    QCOMPARE(person.size(), 1);
    QCOMPARE(bench.network->started, 1);
}

void TestAuthStrategy::pingsAreAnswered()
{
    StrategyBench bench(std::make_shared<GraphQlAuth>());
    QVERIFY(bench.begin());
    bench.transport()->open(u"graphql-transport-ws"_s);
    bench.transport()->receiveText(u"{\"type\":\"connection_ack\"}"_s);
    bench.transport()->receiveText(u"{\"type\":\"ping\"}"_s);
    QCOMPARE(bench.transport()->texts().last(), u"{\"type\":\"pong\"}"_s);
    bench.connection->probe();
    QCOMPARE(bench.transport()->texts().last(), u"{\"payload\":{\"n\":1},\"type\":\"ping\"}"_s);
    QVERIFY(bench.transport()->pings().isEmpty());
    bench.clock.advance(20ms);
    bench.transport()->receiveText(u"{\"type\":\"pong\",\"payload\":{\"n\":1}}"_s);
    QCOMPARE(bench.connection->rttMs(), 20);
}

void TestAuthStrategy::renewsInBand()
{
    StrategyBench bench(std::make_shared<CentrifugoAuth>());
    QSignalSpy renewed(bench.connection.get(), &Connection::tokenRenewed);
    QVERIFY(bench.begin());
    bench.transport()->open();
    bench.transport()->receiveText(u"{\"id\":4000000001,\"connect\":{\"expires\":true,\"ttl\":600}}"_s);
    QCOMPARE(bench.connection->state(), State::Ready);
    bench.tokens.setToken(tokenOf("canary2", bench.clock.wallNow()));
    QVERIFY(Support::waitUntil([&] { return bench.transport()->texts().last().contains("refresh"_L1); }));
    QCOMPARE(bench.transport()->texts().last(), u"{\"id\":4000000002,\"refresh\":{\"token\":\"canary2\"}}"_s);
    bench.transport()->receiveText(u"{\"id\":4000000002,\"refresh\":{\"expires\":true,\"ttl\":900}}"_s);
    QCOMPARE(renewed.size(), 1);
    QCOMPARE(bench.network->started, 1);
    QVERIFY(!bench.connection->explain().contains("canary"_L1));
}

WATCHWORD_TEST_MAIN(TestAuthStrategy)
#include "tst_authstrategy.moc"
