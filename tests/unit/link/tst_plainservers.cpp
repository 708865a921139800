// SPDX-License-Identifier: Apache-2.0
#include "machinebench.h"
#include "support/await.h"
#include "support/testmain.h"
#include "swapbench.h"
#include "watchword/link/graphqlauth.h"

using MachineTest::M;
using namespace DeliveryTest;

namespace {

// To a server that has chosen watchword.v1 and said nothing since.
void bringSilent(MachineTest::Bench &bench, M::WithoutHello withoutHello, bool needsHello = false)
{
    if (bench.is("Idle"))
        bench.step(M::Open{});
    else
        bench.untilDeadline();
    bench.token(u"aaaa"_s);
    bench.step(M::Upgraded{bench.id(), true, withoutHello, needsHello});
}

} // namespace

/*! Servers that repeat the subprotocol they are offered and do not speak it, as npm ws does by default. */
class TestPlainServers : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void silenceMeansPlain();
    void silenceMeansOfferNothing();
    void silenceOnceProvesNothing();
    void silenceOfAKnownGateway();
    void speakingPlainlyIsProof();
    void replacementsToo_data();
    void replacementsToo();
    void anotherUrlIsAnotherServer();
    void helloAfterAll();
    void messagesBeforeItIsKnown();
    void floodBeforeItIsKnown();
    void messagesThatNeedAcknowledgement();
    void ownSubprotocols();
    void strategies();
};

void TestPlainServers::silenceMeansPlain()
{
    MachineTest::Bench bench;
    bringSilent(bench, M::WithoutHello::IsPlain);
    const QStringList log = bench.untilDeadline();
    QCOMPARE(log.mid(0, 2), QStringList({u"TreatAsPlain 1"_s, u"BecomeReady 1"_s}));
    QVERIFY(bench.is("Up") && !bench.upState().isWatchword());
    // It is remembered.
    bench.end(0, 1006);
    bench.untilDeadline();
    QCOMPARE(bench.token(u"aaaa"_s), QStringList{u"StartTransport 2 plain"_s});
    QCOMPARE(bench.step(M::Upgraded{2, false}).first(), u"BecomeReady 2"_s);
    bench.step(M::Close{});
    bench.end(0, 1000);
    bench.step(M::Open{});
    QCOMPARE(bench.token(u"aaaa"_s), QStringList{u"StartTransport 3 plain"_s});
}

void TestPlainServers::silenceMeansOfferNothing()
{
    MachineTest::Bench bench;
    bringSilent(bench, M::WithoutHello::IsOfferedNothing);
    QCOMPARE(bench.untilDeadline(),
             QStringList({u"DropTransport 1 1000"_s, u"ReportError SubprotocolMismatch"_s, u"RequestToken 2 Connect -"_s}));
    QCOMPARE(bench.token(u"aaaa"_s), QStringList{u"StartTransport 2 plain"_s});
}

// A gateway may be slow once; messages that only it can acknowledge must not fail for that.
void TestPlainServers::silenceOnceProvesNothing()
{
    MachineTest::Bench bench;
    bringSilent(bench, M::WithoutHello::IsPlain, true);
    QCOMPARE(bench.untilDeadline().mid(0, 2), QStringList({u"DropTransport 1 4000"_s, u"ReportError Timeout"_s}));
    bringSilent(bench, M::WithoutHello::IsPlain, true);
    QCOMPARE(bench.untilDeadline().first(), u"TreatAsPlain 2"_s);
}

void TestPlainServers::silenceOfAKnownGateway()
{
    MachineTest::Bench bench;
    bringSilent(bench, M::WithoutHello::IsPlain);
    bench.step(bench.hello());
    QVERIFY(bench.upState().isWatchword());
    bench.end(0, 1006);
    for (int i = 0; i < 3; ++i) {
        bringSilent(bench, M::WithoutHello::IsPlain);
        QCOMPARE(bench.step(M::SpokePlainly{bench.id()}), QStringList());
        QVERIFY(bench.untilDeadline().contains(u"ReportError Timeout"_s));
        QVERIFY(bench.is("Waiting"));
    }
}

void TestPlainServers::speakingPlainlyIsProof()
{
    for (const bool needsHello : {false, true}) {
        MachineTest::Bench bench;
        bringSilent(bench, M::WithoutHello::IsPlain, needsHello);
        QCOMPARE(bench.step(M::SpokePlainly{bench.id() + 7}), QStringList());
        QCOMPARE(bench.step(M::SpokePlainly{bench.id()}).first(), u"TreatAsPlain 1"_s);
        QVERIFY(bench.is("Up"));
        QCOMPARE(bench.step(M::SpokePlainly{bench.id()}), QStringList());
    }
}

void TestPlainServers::replacementsToo_data()
{
    QTest::addColumn<int>("withoutHello");
    QTest::addColumn<QStringList>("log");
    QTest::newRow("plain") << int(M::WithoutHello::IsPlain) << QStringList({u"TreatAsPlain 2"_s, u"SwapTransport 1 2"_s});
    QTest::newRow("offered nothing") << int(M::WithoutHello::IsOfferedNothing)
                                     << QStringList({u"AbandonReplacement 2 1000"_s, u"RequestToken 3 Connect -"_s});
}

void TestPlainServers::replacementsToo()
{
    QFETCH(int, withoutHello);
    QFETCH(QStringList, log);
    MachineTest::Bench bench;
    bench.up(false);
    bench.step(M::Replace{});
    bench.tokenOf(2, u"bbbb"_s);
    bench.step(M::Upgraded{2, true, M::WithoutHello(withoutHello)});
    QCOMPARE(bench.step(M::SpokePlainly{2}).mid(0, 2), log);
}

void TestPlainServers::anotherUrlIsAnotherServer()
{
    MachineTest::Bench bench;
    bringSilent(bench, M::WithoutHello::IsPlain);
    bench.untilDeadline();
    bench.step(M::Close{});
    bench.end(0, 1000);
    ConnectionOptions options = bench.options;
    options.url = QUrl(u"wss://other.test/"_s);
    bench.machine.setOptions(options);
    bench.step(M::Open{});
    QCOMPARE(bench.token(u"aaaa"_s), QStringList{u"StartTransport 2"_s});
}

void TestPlainServers::helloAfterAll()
{
    SwapBench bench;
    QSignalSpy negotiated(bench.connection.get(), &Connection::negotiatedChanged);
    bench.connection->open();
    bench.transport()->open(QLatin1StringView(kSubprotocol));
    QVERIFY(bench.connection->isWatchword());
    negotiated.clear();
    bench.clock.advance(5s);
    QCOMPARE(bench.connection->state(), State::Ready);
    QVERIFY(!bench.connection->isWatchword());
    QCOMPARE(negotiated.size(), 1);
    bench.transport()->receiveText(Frame(u"hello"_s).toText());
    QCOMPARE(bench.received.size(), 0);
    QCOMPARE(bench.connection->state(), State::Waiting);
    bench.open();
    QVERIFY(bench.connection->isWatchword());
    QCOMPARE(bench.closed.size(), 0);
    // Behind something else it is data like all the rest.
    SwapBench plain;
    plain.connection->open();
    plain.transport()->open(QLatin1StringView(kSubprotocol));
    plain.clock.advance(5s);
    plain.transport()->receiveText(u"x"_s);
    plain.transport()->receiveText(Frame(u"hello"_s).toText());
    QCOMPARE(plain.received, QList<QByteArray>({"x", Frame(u"hello"_s).toText().toUtf8()}));
    QCOMPARE(plain.connection->state(), State::Ready);
}

void TestPlainServers::messagesBeforeItIsKnown()
{
    for (const bool binary : {false, true}) {
        SwapBench bench;
        bench.connection->open();
        bench.transport()->open(QLatin1StringView(kSubprotocol));
        qsizetype atReady = -1;
        QObject::connect(bench.connection.get(), &Connection::ready, bench.connection.get(),
                         [&] { atReady = bench.received.size(); });
        if (binary)
            bench.transport()->receiveBinary("first");
        else
            bench.transport()->receiveText(u"first"_s);
        bench.transport()->receiveText(u"second"_s);
        QCOMPARE(bench.connection->state(), State::Ready);
        QCOMPARE(atReady, 0); // nothing before ready()
        QCOMPARE(bench.received, QList<QByteArray>({"first", "second"}));
        QCOMPARE(bench.errors.size(), 0);
        QVERIFY(bench.connection->sendText(u"\x1eplain"_s));
        QCOMPARE(bench.transport()->texts(), QStringList{u"\x1eplain"_s}); // untouched
    }
}

void TestPlainServers::floodBeforeItIsKnown()
{
    SwapBench bench([](ConnectionOptions &o) { o.drainBytes = 100; });
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"ProtocolViolation"_s));
    bench.open(); // a gateway, from now on
    bench.drop();
    bench.connection->retryNow();
    bench.transport()->open(QLatin1StringView(kSubprotocol));
    for (int i = 0; i < 3; ++i)
        bench.transport()->receiveText(QString(50, u'x'));
    QCOMPARE(bench.connection->state(), State::Waiting);
    QCOMPARE(bench.connection->lastError().code(), ErrorCode::ProtocolViolation);
    QCOMPARE(bench.received.size(), 0);
}

void TestPlainServers::messagesThatNeedAcknowledgement()
{
    SwapBench bench;
    const auto message = bench.connection->deliver("1");
    bench.connection->open();
    for (int i = 0; i < 2; ++i) {
        bench.transport()->open(QLatin1StringView(kSubprotocol));
        QVERIFY(!message.isFinished());
        bench.clock.advance(5s);
        bench.connection->retryNow();
    }
    QCOMPARE(bench.connection->state(), State::Ready);
    QCOMPARE(codeOf(message), ErrorCode::SubprotocolMismatch);
}

void TestPlainServers::ownSubprotocols()
{
    SwapBench bench([](ConnectionOptions &o) { o.subprotocols = {u"chat"_s}; });
    bench.connection->open();
    bench.transport()->open(QLatin1StringView(kSubprotocol));
    bench.clock.advance(5s);
    QCOMPARE(bench.network->started, 2);
    QCOMPARE(bench.connection->lastError().code(), ErrorCode::SubprotocolMismatch);
    bench.transport()->open(u"chat"_s);
    QCOMPARE(bench.connection->state(), State::Ready);
    QCOMPARE(bench.connection->selectedSubprotocol(), u"chat"_s);
}

void TestPlainServers::strategies()
{
    SwapBench bench([](ConnectionOptions &o) { o.strategy = std::make_shared<GraphQlAuth>(); });
    bench.connection->open();
    bench.transport()->open(QLatin1StringView(kSubprotocol));
    bench.transport()->receiveText(u"{\"type\":\"ping\"}"_s);
    QCOMPARE(bench.network->started, 2);
    bench.transport()->open(u"graphql-transport-ws"_s);
    bench.transport()->receiveText(u"{\"type\":\"connection_ack\"}"_s);
    QCOMPARE(bench.connection->state(), State::Ready);
    QCOMPARE(bench.received.size(), 0); // what the first one said was in another protocol
}

WATCHWORD_TEST_MAIN(TestPlainServers)
#include "tst_plainservers.moc"
