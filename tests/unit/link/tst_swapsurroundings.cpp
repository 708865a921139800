// SPDX-License-Identifier: Apache-2.0
#include "support/await.h"
#include "support/testmain.h"
#include "swapbench.h"
#include "watchword/link/graphqlauth.h"

using namespace DeliveryTest;

namespace {

/*! Hands out the token that the test wants. */
class OneToken final : public TokenProvider
{
public:
    AccessToken token;
    QFuture<Result<AccessToken>> requestToken(const TokenRequest &) override
    {
        QPromise<Result<AccessToken>> promise;
        promise.start();
        promise.addResult(token);
        promise.finish();
        return promise.future();
    }
    void set(const QByteArray &value, const QString &subject = {}, quint64 generation = 1)
    {
        token.value = Secret::copy(value);
        token.subject = subject;
        token.generation = generation;
        Q_EMIT tokenChanged(generation);
    }
};

/*! A Connection with a token of its own, on a plain server that has accepted it. */
struct TokenBench
{
    TokenBench(const QByteArray &token, const QString &subject)
    {
        tokens.set(token, subject);
        ConnectionOptions options;
        options.url = QUrl(u"wss://example.test/"_s);
        options.clock = &clock;
        options.transport = FaultyTransport::factory(network);
        connection = std::make_unique<Connection>(&tokens, options);
        connection->open();
        if (Support::waitUntil([this] { return network->started == 1; }))
            network->current->open();
    }
    ManualClock clock;
    std::shared_ptr<FaultyTransport::Network> network = std::make_shared<FaultyTransport::Network>();
    OneToken tokens;
    std::unique_ptr<Connection> connection;
};

} // namespace

/*! Swaps on servers of every kind, with tokens, a full queue, slots that do as they like, and what is told of them. */
class TestSwapSurroundings : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void plainServers();
    void plainServersThatKeepTalking();
    void otherKindOfServer();
    void strategies();
    void announcedEnd();
    void renewedToken();
    void anotherPerson();
    void fullQueue();
    void closeDuringTheDrain();
    void slotsMayDoAnything_data();
    void slotsMayDoAnything();
    void destroyedDuringTheDrain();
    void told();
    void switchedOff();
};

void TestSwapSurroundings::plainServers()
{
    SwapBench bench;
    bench.swap({});
    QCOMPARE(bench.at(0)->pings().size(), 1);
    QVERIFY(bench.connection->sendText(u"after"_s));
    bench.at(1)->receiveText(u"new"_s);
    SwapBench::pong(bench.at(0));
    QCOMPARE(bench.at(1)->texts(), QStringList{u"after"_s});
    // Nobody can know what it still has to say: until it is silent for a moment.
    bench.clock.advance(400ms);
    bench.at(0)->receiveText(u"\x1e old"_s); // untouched, as always on such servers
    bench.clock.advance(499ms);
    QCOMPARE(bench.received, QList<QByteArray>{"\x1e old"});
    QVERIFY(bench.at(0)->isAlive());
    bench.clock.advance(1ms);
    QCOMPARE(bench.received, QList<QByteArray>({"\x1e old", "new"}));
    QCOMPARE(bench.network->alive, 1);
    QVERIFY(bench.isCalm());
}

void TestSwapSurroundings::plainServersThatKeepTalking()
{
    for (const bool answers : {true, false}) {
        SwapBench bench;
        bench.swap({});
        if (answers)
            SwapBench::pong(bench.at(0));
        for (int i = 0; i < 19; ++i) {
            bench.clock.advance(100ms);
            bench.at(0)->receiveText(u"tick"_s);
        }
        QVERIFY(bench.at(0)->isAlive());
        bench.clock.advance(100ms);
        QCOMPARE(bench.network->alive, 1);
        QCOMPARE(bench.received.size(), 19);
    }
}

void TestSwapSurroundings::otherKindOfServer()
{
    SwapBench bench;
    QSignalSpy negotiated(bench.connection.get(), &Connection::negotiatedChanged);
    bench.startReplacement();
    const auto message = bench.connection->deliver("1");
    negotiated.clear();
    bench.open({});
    QCOMPARE(negotiated.size(), 1);
    QVERIFY(!bench.connection->isWatchword() && !message.isFinished()); // the old one may still acknowledge it
    bench.clock.advance(2s);
    QCOMPARE(codeOf(message), ErrorCode::SubprotocolMismatch);
    bench.connection->replace();
    bench.open();
    QVERIFY(bench.connection->isWatchword());
    QVERIFY(bench.isCalm());
}

void TestSwapSurroundings::strategies()
{
    SwapBench bench([](ConnectionOptions &o) {
        o.offerWatchword = false;
        o.strategy = std::make_shared<GraphQlAuth>();
    });
    const auto accept = [&bench] {
        bench.transport()->open(u"graphql-transport-ws"_s);
        bench.transport()->receiveText(u"{\"type\":\"connection_ack\"}"_s);
    };
    bench.connection->open();
    accept();
    QCOMPARE(bench.connection->state(), State::Ready);
    bench.states.clear();
    bench.connection->replace();
    bench.transport()->open(u"graphql-transport-ws"_s);
    QCOMPARE(bench.replaced.size(), 0); // the server has not accepted the token yet
    bench.transport()->receiveText(u"{\"type\":\"connection_ack\"}"_s);
    QCOMPARE(bench.replaced.size(), 1);
    bench.at(1)->receiveText(u"{\"type\":\"next\",\"id\":\"b\"}"_s);
    bench.at(0)->receiveText(u"{\"type\":\"next\",\"id\":\"a\"}"_s);
    bench.at(1)->receiveText(u"{\"type\":\"ping\"}"_s); // answered at once, and nobody else sees it
    QCOMPARE(bench.received.size(), 1);
    QVERIFY(bench.at(1)->texts().last().contains("pong"_L1));
    bench.clock.advance(2s);
    QCOMPARE(bench.received.size(), 2);
    QVERIFY(bench.received.first().contains("\"a\"") && bench.received.last().contains("\"b\""));
    QVERIFY(bench.isCalm());
}

void TestSwapSurroundings::announcedEnd()
{
    SwapBench bench;
    QSignalSpy frames(bench.connection.get(), &Connection::frameReceived);
    bench.open();
    bench.states.clear();
    bench.receive(u"reconnect"_s, {{u"in_ms"_s, 10'000}, {u"reason"_s, u"drain"_s}});
    bench.clock.advance(5s);
    QCOMPARE(bench.network->started, 2);
    QVERIFY(bench.connection->attempts().last().why.contains("drain"_L1));
    bench.open();
    QCOMPARE(bench.replaced.size(), 1);
    SwapBench::give(bench.at(0), u"bye"_s, {{u"code"_s, 1012}, {u"retry"_s, u"retry"_s}});
    bench.at(0)->end({.closeCode = 1012, .error = Error(ErrorCode::ClosedByPeer)});
    QVERIFY(bench.isCalm());
    QCOMPARE(bench.errors.size(), 0);
    QCOMPARE(frames.size(), 0);
    // Nonsense does no harm.
    const QList<QJsonObject> wild{{}, {{u"in_ms"_s, u"soon"_s}}, {{u"in_ms"_s, -1e300}}, {{u"in_ms"_s, 1e300}}};
    for (const QJsonObject &fields : wild)
        bench.receive(u"reconnect"_s, fields);
    QVERIFY(bench.isCalm());
}

void TestSwapSurroundings::renewedToken()
{
    TokenBench bench("first-token", {});
    QCOMPARE(bench.connection->state(), State::Ready);
    QSignalSpy replaced(bench.connection.get(), &Connection::replaced);
    QSignalSpy states(bench.connection.get(), &Connection::stateChanged);
    bench.tokens.set("second-token", {}, 2);
    QVERIFY(Support::waitUntil([&] { return bench.network->started == 2; }));
    QCOMPARE(bench.network->tokenFingerprints.last(), Secret::copy("second-token").fingerprint());
    bench.network->current->open();
    QCOMPARE(replaced.size(), 1);
    QCOMPARE(states.size(), 0);
    // Neither token is in any text.
    bench.network->transports.first()->end({.closeCode = 4000, .closeReason = u"first-token"_s});
    QVERIFY(!bench.connection->explain().contains("-token"_L1));
}

void TestSwapSurroundings::anotherPerson()
{
    TokenBench bench("first-token", u"alice"_s);
    QSignalSpy errors(bench.connection.get(), &Connection::errorOccurred);
    bench.tokens.set("second-token", u"mallory"_s, 2);
    QVERIFY(Support::waitUntil([&] { return errors.size() == 1; }));
    QCOMPARE(errors.first().first().value<Error>().code(), ErrorCode::IdentityChanged);
    QCOMPARE(bench.network->started, 1);
    QCOMPARE(bench.connection->state(), State::Ready);
    QVERIFY(bench.connection->sendText(u"still alice"_s));
    QCOMPARE(bench.network->transports.first()->texts(), QStringList{u"still alice"_s});
}

void TestSwapSurroundings::fullQueue()
{
    SwapBench bench([](ConnectionOptions &o) {
        o.highWater = 100;
        o.lowWater = 10;
    });
    QSignalSpy drained(bench.connection.get(), &Connection::queueDrained);
    bench.swap();
    QVERIFY(bench.connection->sendText(QString(60, u'x')));
    QVERIFY(bench.connection->sendText(QString(60, u'y')));
    QCOMPARE(bench.connection->queuedBytes(), qint64(120));
    QCOMPARE(bench.connection->sendText(u"z"_s).error().code(), ErrorCode::QueueFull);
    SwapBench::pong(bench.at(0));
    QCOMPARE(bench.connection->queuedBytes(), qint64(0));
    QCOMPARE(drained.size(), 1);
    QCOMPARE(bench.at(1)->texts().size(), 2);
}

void TestSwapSurroundings::closeDuringTheDrain()
{
    SwapBench bench;
    bench.swap();
    QVERIFY(bench.connection->sendText(u"last words"_s));
    bench.at(1)->receiveText(u"new"_s);
    bench.connection->close();
    QCOMPARE(bench.at(1)->texts().value(0), u"last words"_s);
    QCOMPARE(bench.received, QList<QByteArray>{"new"});
    QCOMPARE(bench.at(1)->closeCode(), 1000);
    QCOMPARE(bench.connection->state(), State::Closing);
    bench.at(1)->end({.closeCode = 1000});
    QCOMPARE(bench.closed.size(), 1);
    QCOMPARE(bench.network->alive, 0);
    for (const AttemptRecord &record : bench.connection->attempts())
        QVERIFY(record.ended && !record.failure);
}

void TestSwapSurroundings::slotsMayDoAnything_data()
{
    QTest::addColumn<QString>("where");
    QTest::addColumn<QString>("what");
    for (const char *where : {"replaced", "ready", "held back", "queued"}) {
        for (const char *what : {"close", "replace", "send", "deleteLater"})
            QTest::addRow("%s %s", where, what) << QString::fromLatin1(where) << QString::fromLatin1(what);
    }
}

void TestSwapSurroundings::slotsMayDoAnything()
{
    QFETCH(QString, where);
    QFETCH(QString, what);
    SwapBench bench;
    Connection *const c = bench.connection.get();
    const auto act = [&] {
        if (bench.replaced.isEmpty())
            return;
        if (what == "close"_L1)
            c->close();
        else if (what == "replace"_L1)
            c->replace();
        else if (what == "send"_L1)
            QVERIFY(c->sendText(u"x"_s));
        else
            bench.connection.release()->deleteLater();
    };
    if (where == "replaced"_L1)
        QObject::connect(c, &Connection::replaced, c, act);
    else if (where == "ready"_L1)
        QObject::connect(c, &Connection::ready, c, act, Qt::SingleShotConnection);
    else if (where == "held back"_L1)
        QObject::connect(c, &Connection::textReceived, c, act, Qt::SingleShotConnection);
    else
        QObject::connect(c, &Connection::queuedBytesChanged, c, act, Qt::SingleShotConnection);
    bench.swap();
    const QPointer<Connection> alive(c);
    if (bench.at(1))
        bench.at(1)->receiveText(u"new"_s);
    bench.clock.advance(2s);
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    QVERIFY(bench.network->mostAlive <= 2);
    if (!alive) {
        QCOMPARE(bench.network->alive, 0);
        return;
    }
    QCOMPARE(bench.received.count("new"), 1);
    QVERIFY(c->state() == State::Ready || what == "close"_L1);
}

void TestSwapSurroundings::destroyedDuringTheDrain()
{
    SwapBench bench;
    bench.startReplacement();
    const auto message = bench.connection->deliver("1");
    const auto answer = bench.connection->request(u"echo"_s);
    bench.open();
    const auto later = bench.connection->deliver("2");
    bench.connection.reset();
    QCOMPARE(bench.network->alive, 0);
    QCOMPARE(codeOf(message), ErrorCode::Cancelled);
    QCOMPARE(codeOf(later), ErrorCode::Cancelled);
    QCOMPARE(codeOf(answer), ErrorCode::Cancelled);
    QCOMPARE(bench.closed.size(), 0);
}

void TestSwapSurroundings::told()
{
    SwapBench bench;
    bench.swap();
    bench.clock.advance(700ms);
    SwapBench::pong(bench.at(0));
    const QList<AttemptRecord> attempts = bench.connection->attempts();
    QCOMPARE(attempts.size(), 2);
    QCOMPARE(attempts.first().next, u"replaced by #2"_s);
    QVERIFY(attempts.first().ended && !attempts.first().failure);
    QCOMPARE(attempts.last().why, u"replace()"_s);
    QCOMPARE(attempts.last().reached, AttemptPhase::Ready);
    const ConnectionMetrics metrics = bench.connection->metrics();
    QCOMPARE(metrics.replacements, 1);
    QCOMPARE(metrics.connects, 1);
    QCOMPARE(metrics.reconnects, 0);
    QCOMPARE(metrics.failures, 0);
    QCOMPARE(metrics.uptimeMs, 700); // of the present one
    QVERIFY(bench.connection->explain().contains("replacements 1"_L1));
}

void TestSwapSurroundings::switchedOff()
{
    SwapBench bench([](ConnectionOptions &o) { o.makeBeforeBreak = false; });
    bench.startReplacement();
    bench.receive(u"reconnect"_s, {{u"in_ms"_s, 1000}});
    bench.clock.advance(2s);
    QCOMPARE(bench.network->started, 1);
    QVERIFY(bench.isCalm());
}

WATCHWORD_TEST_MAIN(TestSwapSurroundings)
#include "tst_swapsurroundings.moc"
