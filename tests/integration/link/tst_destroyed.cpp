// SPDX-License-Identifier: Apache-2.0
#include "linkfixture.h"

#include <QMetaMethod>

using namespace LinkTest;

namespace {

/*! Counts whatever is connected to it. */
class Counter : public QObject
{
    Q_OBJECT

public:
    int heard = 0;

public Q_SLOTS:
    void hear() { ++heard; }
};

/*! A server, and a Connection that is brought into a state and then destroyed. */
struct Stage
{
    explicit Stage(const std::function<void(ConnectionOptions &)> &change = {})
    {
        if (!gateway.listen())
            qFatal("the gateway cannot listen");
        QObject::connect(&gateway, &FakeGateway::accepted, &gateway, [this](FakePeer *peer) {
            QObject::connect(peer, &FakePeer::closed, &gateway, [this](int code) { codes.append(code); });
        });
        ConnectionOptions options = quickOptions(gateway);
        options.drainTimeout = 30s;
        if (change)
            change(options);
        connection = std::make_unique<Connection>(&tokens, options);
    }
    bool reaches(State state)
    {
        return waitUntil([&] { return connection->state() == state; });
    }
    bool isReady()
    {
        connection->open();
        return reaches(State::Ready);
    }
    //! What the server sees in the end: a code for each connection that it accepted.
    bool sees(const QList<int> &expected)
    {
        const bool done = waitUntil([&] { return codes.size() >= expected.size() && gateway.peers().isEmpty(); });
        if (!done || codes != expected)
            qInfo() << "the server saw" << codes << "and still has" << gateway.peers().size() << "connections";
        return done && codes == expected;
    }
    //! Now. Returns how many signals came from it meanwhile.
    int destroy()
    {
        Counter counter;
        const QMetaMethod hear = Counter::staticMetaObject.method(Counter::staticMetaObject.indexOfSlot("hear()"));
        for (int i = QObject::staticMetaObject.methodCount(); i < Connection::staticMetaObject.methodCount(); ++i) {
            if (const QMetaMethod method = Connection::staticMetaObject.method(i); method.methodType() == QMetaMethod::Signal)
                QObject::connect(connection.get(), method, &counter, hear);
        }
        delete connection.get();
        (void)connection.release(); // who calls back meanwhile finds it
        return counter.heard;
    }

    FakeGateway gateway;
    CanaryTokens tokens;
    QList<int> codes;
    std::unique_ptr<Connection> connection;
};

using Arrange = bool (*)(Stage &stage);

bool waitsForAToken(Stage &stage)
{
    stage.tokens.silent = true;
    stage.connection->open();
    return stage.tokens.requests.size() == 1 && stage.connection->state() == State::Connecting;
}

bool connects(Stage &stage)
{
    stage.gateway.next(FakeGateway::hang()); // where it comes before it is destroyed
    stage.connection->open();
    return waitUntil([&] { return stage.connection->attempts().value(0).reached >= AttemptPhase::Dns; });
}

bool asked(Stage &stage)
{
    stage.gateway.next(FakeGateway::hang());
    stage.connection->open();
    return waitUntil([&] { return stage.gateway.requests().size() == 1; });
}

bool waitsForHello(Stage &stage)
{
    stage.gateway.next(FakeGateway::withoutHello());
    stage.connection->open();
    return waitUntil([&] { return stage.connection->isWatchword(); });
}

bool isReady(Stage &stage)
{
    return stage.isReady();
}

bool isPlain(Stage &stage)
{
    stage.gateway.setSubprotocols({});
    return stage.isReady() && !stage.connection->isWatchword();
}

bool replacementAsks(Stage &stage)
{
    if (!stage.isReady())
        return false;
    stage.gateway.next(FakeGateway::hang());
    stage.connection->replace();
    return waitUntil([&] { return stage.gateway.requests().size() == 2; });
}

bool wasReplaced(Stage &stage)
{
    stage.gateway.setAnsweringPings(false); // so that the older one stays until it is drained
    QSignalSpy replaced(stage.connection.get(), &Connection::replaced);
    if (!stage.isReady())
        return false;
    stage.connection->replace();
    return waitUntil([&] { return !replaced.isEmpty(); }) && stage.gateway.peers().size() == 2;
}

bool waits(Stage &stage)
{
    stage.gateway.next(FakeGateway::refuse(503, {{"Retry-After", "60"}}));
    stage.connection->open();
    return stage.reaches(State::Waiting);
}

bool closes(Stage &stage)
{
    if (!stage.isReady())
        return false;
    stage.connection->close();
    return stage.connection->state() == State::Closing;
}

bool ended(Stage &stage)
{
    return closes(stage) && stage.reaches(State::Disconnected);
}

} // namespace

/*! A Connection that is destroyed in the middle of everything: what the server sees, and that nobody hears of it. */
class TestDestroyed : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void inEachState_data();
    void inEachState();
    void insideItsSignals_data();
    void insideItsSignals();
    void pendingFutures_data();
    void pendingFutures();
    void continuationsThatCallBack();
    void manyAtOnce();
};

void TestDestroyed::inEachState_data()
{
    QTest::addColumn<Arrange>("arrange");
    QTest::addColumn<QList<int>>("codes");
    const QList<int> none;
    QTest::newRow("never opened") << Arrange([](Stage &) { return true; }) << none;
    QTest::newRow("waits for a token") << Arrange(waitsForAToken) << none;
    QTest::newRow("connects") << Arrange(connects) << none;
    QTest::newRow("asked") << Arrange(asked) << none;
    QTest::newRow("waits for hello") << Arrange(waitsForHello) << QList{1000};
    QTest::newRow("ready") << Arrange(isReady) << QList{1000};
    QTest::newRow("ready, plain") << Arrange(isPlain) << QList{1000};
    QTest::newRow("replacement asks") << Arrange(replacementAsks) << QList{1000};
    QTest::newRow("replaced") << Arrange(wasReplaced) << QList{1000, 1000};
    QTest::newRow("waits") << Arrange(waits) << none;
    QTest::newRow("closes") << Arrange(closes) << QList{1000};
    QTest::newRow("ended") << Arrange(ended) << QList{1000};
}

void TestDestroyed::inEachState()
{
    QFETCH(Arrange, arrange);
    QFETCH(QList<int>, codes);
    Stage stage;
    QVERIFY(arrange(stage));
    QCOMPARE(stage.destroy(), 0);
    QVERIFY(stage.sees(codes));
}

void TestDestroyed::insideItsSignals_data()
{
    using Connect = void (*)(Connection * connection, const std::function<void()> &destroy);
    QTest::addColumn<Connect>("connect");
    QTest::addColumn<QList<int>>("codes");
    const auto row = [](const char *name, Connect connect, const QList<int> &codes) { QTest::newRow(name) << connect << codes; };
#define ON(signal, ...)                                                                                                          \
    [](Connection *connection, const std::function<void()> &destroy) {                                                           \
        QObject::connect(connection, &Connection::signal, connection, [destroy](__VA_ARGS__) { destroy(); });                    \
    }
#define ON_STATE(wanted)                                                                                                         \
    [](Connection *connection, const std::function<void()> &destroy) {                                                           \
        QObject::connect(connection, &Connection::stateChanged, connection, [destroy](State state) {                             \
            if (state == State::wanted)                                                                                          \
                destroy();                                                                                                       \
        });                                                                                                                      \
    }
    row("Connecting", ON_STATE(Connecting), {});
    row("Ready", ON_STATE(Ready), {1000});
    row("Waiting", ON_STATE(Waiting), {4408});
    row("Closing", ON_STATE(Closing), {4408, 1000, 1000});
    row("Disconnected", ON_STATE(Disconnected), {4408, 1000, 1000});
    row("ready()", ON(ready), {1000});
    row("negotiatedChanged()", ON(negotiatedChanged), {1000});
    row("textReceived()", ON(textReceived), {1000});
    row("messageReceived()", ON(messageReceived), {1000});
    row("byeReceived()", ON(byeReceived), {4408});
    row("errorOccurred()", ON(errorOccurred), {4408});
    row("attemptFailed()", ON(attemptFailed), {4408});
    row("lastErrorChanged()", ON(lastErrorChanged), {4408});
    row("replaced()", ON(replaced), {4408, 1000, 1000});
    row("closed()", ON(closed), {4408, 1000, 1000});
#undef ON
#undef ON_STATE
}

// The story of a whole life, in which each signal comes; it ends in the one that the row names.
void TestDestroyed::insideItsSignals()
{
    using Connect = void (*)(Connection * connection, const std::function<void()> &destroy);
    QFETCH(Connect, connect);
    QFETCH(QList<int>, codes);
    Stage stage;
    const QPointer<Connection> alive = stage.connection.get();
    connect(alive, [&] {
        if (stage.connection)
            stage.connection.release()->deleteLater();
    });
    QObject::connect(&stage.gateway, &FakeGateway::accepted, &stage.gateway, [](FakePeer *peer) { peer->sendText(u"text"_s); });
    const auto until = [&](const std::function<bool()> &happened) {
        return waitUntil([&] { return !stage.connection || happened(); }) && stage.connection;
    };
    QSignalSpy replaced(alive.data(), &Connection::replaced);
    QSignalSpy texts(alive.data(), &Connection::messageReceived);
    alive->open();
    if (until([&] { return alive->state() == State::Ready && !texts.isEmpty(); })) {
        stage.gateway.peer()->bye(4408, u"retry"_s);
        if (until([&] { return alive->metrics().connects == 2 && alive->state() == State::Ready; })) {
            alive->replace();
            if (until([&] { return !replaced.isEmpty() && stage.gateway.peers().size() == 1; })) {
                alive->close();
                until([] { return false; });
            }
        }
    }
    QVERIFY(waitUntil([&] { return !alive; }));
    QVERIFY(stage.sees(codes));
}

void TestDestroyed::pendingFutures_data()
{
    QTest::addColumn<bool>("connected");
    QTest::newRow("connected") << true;
    QTest::newRow("offline") << false;
}

void TestDestroyed::pendingFutures()
{
    QFETCH(bool, connected);
    Stage stage;
    stage.gateway.setAcknowledging(false);
    QVERIFY(!connected || stage.isReady());
    using Delivery = Connection::Delivery;
    QList<QFuture<Result<void>>> futures{stage.connection->deliver("acknowledged")};
    QFuture<Result<QByteArray>> answer = stage.connection->request(u"op"_s);
    if (!connected) {
        futures += stage.connection->deliver("queued", Delivery::QueueUntilReady);
        futures += stage.connection->deliver("latest", Delivery::LatestOnly);
        futures += stage.connection->deliver("in time", DeliveryOptions{.delivery = Delivery::RequireNow, .deadline = 60s});
    }
    QCOMPARE(stage.destroy(), 0);
    for (const QFuture<Result<void>> &future : std::as_const(futures)) {
        QVERIFY(future.isFinished());
        QCOMPARE(future.result().error().code(), ErrorCode::Cancelled);
    }
    QVERIFY(answer.isFinished());
    QCOMPARE(answer.result().error().code(), connected ? ErrorCode::Cancelled : ErrorCode::Offline);
}

void TestDestroyed::continuationsThatCallBack()
{
    Stage stage;
    stage.gateway.setAcknowledging(false);
    QVERIFY(stage.isReady());
    QList<ErrorCode> codes;
    Connection *const connection = stage.connection.get();
    stage.connection->deliver("first").then([&](const Result<void> &first) {
        codes.append(first.error().code());
        codes.append(connection->sendText(u"more"_s).error().code());
        codes.append(connection->sendText(u"more"_s, Connection::Delivery::AtLeastOnce).error().code());
        codes.append(connection->sendFrame(Frame(u"pub"_s)).error().code());
        codes.append(connection->deliver("more").result().error().code());
        codes.append(connection->deliver("more", Connection::Delivery::LatestOnly).result().error().code());
        codes.append(connection->request(u"op"_s).result().error().code());
        connection->close();
        connection->retryNow();
        connection->replace();
        connection->unsubscribe(u"lobby"_s);
        QVERIFY(!connection->explain().isEmpty());
    });
    QCOMPARE(stage.destroy(), 0);
    QCOMPARE(codes, QList<ErrorCode>(7, ErrorCode::Cancelled));
    QVERIFY(stage.sees({1000}));
}

// Each at another point of its way: what a program does that ends.
void TestDestroyed::manyAtOnce()
{
    Stage stage;
    std::vector<std::unique_ptr<Connection>> all;
    for (int turn = 0; turn < 40; ++turn) {
        all.push_back(std::make_unique<Connection>(&stage.tokens, quickOptions(stage.gateway)));
        all.back()->open();
        QCoreApplication::processEvents();
    }
    QVERIFY(waitUntil([&] { return all.front()->state() == State::Ready; }));
    const auto ready = std::count_if(all.begin(), all.end(), [](const auto &one) { return one->state() == State::Ready; });
    all.clear();
    QVERIFY(waitUntil([&] { return stage.gateway.peers().isEmpty(); }));
    const auto polite = stage.codes.count(1000);
    QVERIFY(polite >= ready);
    QCOMPARE(polite + stage.codes.count(1006), stage.codes.size()); // the server accepted what did not know it yet
}

WATCHWORD_TEST_MAIN(TestDestroyed)
#include "tst_destroyed.moc"
