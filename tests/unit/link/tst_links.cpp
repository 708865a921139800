// SPDX-License-Identifier: Apache-2.0
#include "partsbench.h"
#include "support/testmain.h"

#include "watchword/core/networkhints.h"
#include "watchword/link/firstmessageauth.h"
#include "watchword/link/subprotocolauth.h"

#include <QSignalSpy>

using namespace PartsTest;

/*! What is done with the transports, and what the machine hears of them. */
class TestLinks : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void whatATransportIsAsked_data();
    void whatATransportIsAsked();
    void upgraded();
    void repeatsWhatItIsOffered();
    void strategysFirstWords();
    void ends();
    void behindAPortal();
    void dropped();
    void sentIsLostWithItsLink();
    void swapped();
    void promoted();
    void discarded();
    void destroyed();
};

void TestLinks::whatATransportIsAsked_data()
{
    QTest::addColumn<bool>("inHeader");
    QTest::newRow("header") << true;
    QTest::newRow("subprotocol") << false;
}

void TestLinks::whatATransportIsAsked()
{
    QFETCH(bool, inHeader);
    FixedTokenProvider provider(tokenOf("t"));
    ConnectionOptions asked;
    Parts parts(&provider, [&](ConnectionOptions &options) {
        options.maximumRedirects = 2;
        options.subprotocols = {u"chat"_s};
        if (!inHeader)
            options.strategy = std::make_shared<SubprotocolAuth>(u"bearer."_s);
        options.transport = [&asked, make = options.transport](const ConnectionOptions &effective) {
            asked = effective;
            return make(effective);
        };
    });
    parts.context.swap.current().token = tokenOf("t");
    parts.links->start({.id = 1, .why = u"test"_s, .offersWatchword = false});
    QCOMPARE(asked.clock, &parts.clock);
    QCOMPARE(asked.offerWatchword, false);
    QCOMPARE(asked.maximumRedirects, inHeader ? 2 : 0); // only a header can be left out at another host
    QCOMPARE(asked.subprotocols, inHeader ? QStringList{u"chat"_s} : QStringList({u"bearer.dA"_s, u"chat"_s}));
    QCOMPARE(parts.network->tokenFingerprints, QStringList{inHeader ? tokenOf("t").value.fingerprint() : Secret().fingerprint()});
}

void TestLinks::upgraded()
{
    Parts parts;
    QSignalSpy negotiated(parts.links.get(), &Links::negotiated);
    parts.start(1);
    QVERIFY(parts.events.empty());
    parts.at(1)->open(QLatin1StringView(kSubprotocol));
    QCOMPARE(negotiated.size(), 1);
    QVERIFY(parts.last<M::Upgraded>());
    QVERIFY(parts.last<M::Upgraded>()->watchword);
    QCOMPARE(parts.last<M::Upgraded>()->withoutHello, M::WithoutHello::IsPlain);
    QVERIFY(!parts.last<M::Upgraded>()->needsHello);
    QVERIFY(parts.rooms.follow(u"lobby"_s, {}));
    parts.start(2);
    parts.at(2)->open({});
    QVERIFY(!parts.last<M::Upgraded>()->watchword);
    QVERIFY(parts.last<M::Upgraded>()->needsHello);
    QVERIFY(!parts.at(1) || !parts.at(1)->isAlive()); // one at a time
}

void TestLinks::repeatsWhatItIsOffered()
{
    Parts parts(nullptr, [](ConnectionOptions &options) { options.subprotocols = {u"chat"_s}; });
    parts.start(1);
    parts.at(1)->open(QLatin1StringView(kSubprotocol));
    QCOMPARE(parts.last<M::Upgraded>()->withoutHello, M::WithoutHello::IsOfferedNothing);
}

void TestLinks::strategysFirstWords()
{
    const auto words = [](const QByteArray &token) { return u"I am "_s + QString::fromLatin1(token); };
    FixedTokenProvider provider(tokenOf("t"));
    Parts parts(&provider, [&](ConnectionOptions &options) {
        options.strategy = std::make_shared<FirstMessageAuth>(words, [](const QString &text) { return text == "ok"_L1; });
    });
    parts.context.swap.current().token = tokenOf("t");
    parts.start(1);
    parts.at(1)->open({});
    QCOMPARE(parts.at(1)->texts(), QStringList{u"I am t"_s});
    QVERIFY(parts.last<M::Upgraded>()->watchword); // it speaks first
    // A slot that ends the connection when it learns what the server speaks.
    QObject::connect(parts.links.get(), &Links::negotiated, parts.links.get(), [&parts] { parts.links->drop(2, 1000); });
    parts.start(2);
    parts.at(2)->open({});
    QCOMPARE(parts.network->transports.value(1)->texts(), QStringList()); // nothing is said to who is gone
}

void TestLinks::ends()
{
    FixedTokenProvider provider(tokenOf("secret"));
    Parts parts(&provider);
    parts.context.log.begin(1, parts.context.options.url, u"test"_s);
    parts.context.swap.current().token = tokenOf("secret");
    FaultyTransport *server = parts.use();
    server->end({.closeCode = 1011, .error = Error(ErrorCode::ClosedByPeer, u"secret is no word"_s)});
    QVERIFY(parts.last<M::Ended>());
    QCOMPARE(parts.last<M::Ended>()->end.error.detail(), u"[token] is no word"_s);
    QCOMPARE(parts.last<M::Ended>()->end.closeCode, 1011);
    QVERIFY(!parts.context.swap.current().transport);
    QVERIFY(!parts.context.swap.current().isInUse());
    parts.events.clear();
    parts.links->end(7, {}); // nobody knows it
    QVERIFY(parts.events.empty());
}

namespace {

class Portal final : public NetworkHints
{
public:
    using NetworkHints::NetworkHints;
    bool isDisconnected() const override { return false; }
    bool isBehindCaptivePortal() const override { return true; }
};

} // namespace

void TestLinks::behindAPortal()
{
    Portal portal;
    Parts parts(nullptr, [&](ConnectionOptions &options) { options.networkHints = &portal; });
    parts.surroundings.watch(parts.context.options);
    QVERIFY(parts.last<M::NetworkUp>());
    parts.start(1);
    parts.at(1)->end({.error = Error(ErrorCode::TlsFailed)});
    QCOMPARE(parts.last<M::Ended>()->end.error.code(), ErrorCode::CaptivePortal); // whoever it was that answered
    parts.use({}, 2)->end({.closeCode = 1006, .error = Error(ErrorCode::ConnectionLost)});
    QCOMPARE(parts.last<M::Ended>()->end.error.code(), ErrorCode::ConnectionLost); // the server had accepted it
}

void TestLinks::dropped()
{
    Parts parts;
    const QPointer<FaultyTransport> server = parts.use();
    parts.links->drop(1, 4000);
    QCOMPARE(server->closeCode(), 4000);
    QVERIFY(!server->isAlive());
    server->receiveText(u"late"_s);
    QVERIFY(parts.events.empty() && parts.told.isEmpty());
    parts.links->drop(1, 4000);
    parts.links->drop(8, 4000);
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    QVERIFY(!server);
}

void TestLinks::sentIsLostWithItsLink()
{
    Parts parts;
    FaultyTransport *server = parts.use();
    const auto asked = parts.sender.request(u"op"_s, {}, {});
    const auto delivered = parts.sender.deliver("text", {});
    server->end({.closeCode = 1006});
    QVERIFY(asked.isFinished());
    QCOMPARE(asked.result().error().code(), ErrorCode::ConnectionLost);
    QVERIFY(!delivered.isFinished()); // goes out again
    QVERIFY(parts.sender.needsWatchword());
}

void TestLinks::swapped()
{
    Parts parts;
    FaultyTransport *older = parts.use();
    QVERIFY(!parts.links->takeOver(2)); // there is no replacement
    parts.openReplacement(2);
    QVERIFY(!parts.links->takeOver(3));
    QVERIFY(parts.links->takeOver(2));
    QCOMPARE(Frame::parse(older->texts().last())->fields().value("n"_L1).toInteger(), qint64(Receiver::kDrainPing));
    QVERIFY(parts.context.swap.current().isInUse());
    QVERIFY(!parts.links->endDrain(2));
    QVERIFY(parts.links->endDrain(1));
    QCOMPARE(older->closeCode(), 1000);
    QVERIFY(!older->isAlive() && parts.at(2)->isAlive());
}

void TestLinks::promoted()
{
    Parts parts;
    FaultyTransport *older = parts.use();
    FaultyTransport *newer = parts.openReplacement(2);
    parts.links->promote();
    QVERIFY(!older->isAlive() && newer->isAlive());
    QCOMPARE(parts.context.swap.current().id, 2u);
    QVERIFY(!parts.context.swap.replacement());
}

void TestLinks::discarded()
{
    Parts parts;
    FaultyTransport *older = parts.use();
    FaultyTransport *newer = parts.openReplacement(2);
    parts.receiver.takeText(2, u"never told"_s);
    parts.links->discard(1001);
    QCOMPARE(newer->closeCode(), 1001);
    QVERIFY(older->isAlive() && !newer->isAlive());
    parts.receiver.takeHeldBack();
    QVERIFY(parts.told.isEmpty());
    parts.links->discard(1001); // there is no replacement any more
    QVERIFY(older->isAlive());
}

void TestLinks::destroyed()
{
    Parts parts;
    const QPointer<FaultyTransport> older = parts.use();
    const QPointer<FaultyTransport> newer = parts.openReplacement(2);
    parts.links.reset();
    QCOMPARE(older->closeCode(), 1000);
    QCOMPARE(newer->closeCode(), 1000);
    QCOMPARE(parts.network->alive, 0);
    QVERIFY(parts.events.empty() && parts.failures.isEmpty());
}

WATCHWORD_TEST_MAIN(TestLinks)
#include "tst_links.moc"
