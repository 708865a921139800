// SPDX-License-Identifier: Apache-2.0
#include "connection/swap.h"
#include "support/testmain.h"
#include "watchword/testing/faultytransport.h"

using namespace Watchword;
using namespace Qt::StringLiterals;

namespace {

const std::shared_ptr<FaultyTransport::Network> kNetwork = std::make_shared<FaultyTransport::Network>();

FaultyTransport *give(Link &link)
{
    auto transport = std::make_unique<FaultyTransport>(kNetwork, QUrl(u"wss://example.test/"_s));
    transport->start({});
    transport->open();
    FaultyTransport *raw = transport.get();
    link.transport = std::move(transport);
    return raw;
}

QStringList taken(Swap &swap)
{
    QStringList texts;
    while (const auto message = swap.takeHeldBack())
        texts.append(std::get<QString>(message->content));
    return texts;
}

} // namespace

/*! Two links, and the order of what comes and goes on them; every call in every phase. */
class TestLinkSwap : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void takesOver();
    void outgoingDoesNotOvertake();
    void outgoingIsNotLostWithoutAnAnswer();
    void incomingWaits();
    void discarded();
    void promoted();
    void swappedWhileDelivering();
    void heldBackBytes();
    void callsInTheWrongPhase();
};

void TestLinkSwap::takesOver()
{
    Swap swap;
    swap.current().id = 1;
    QVERIFY(!swap.replacement() && !swap.draining() && !swap.holdsOutgoing());
    swap.openReplacement(2);
    QCOMPARE(&swap.openReplacement(2), swap.replacement()); // the same one
    QVERIFY(swap.linkOf(1) == &swap.current() && swap.linkOf(2) == swap.replacement() && !swap.linkOf(3));
    swap.takeOver();
    QCOMPARE(swap.current().id, Link::Id(2));
    QVERIFY(!swap.replacement() && swap.draining()->id == 1 && swap.holdsOutgoing());
    swap.releaseOutgoing();
    QVERIFY(!swap.holdsOutgoing() && swap.draining());
    QCOMPARE(swap.endDrain().id, Link::Id(1));
    QVERIFY(!swap.draining() && !swap.linkOf(1));
    QCOMPARE(swap.current().id, Link::Id(2));
}

void TestLinkSwap::outgoingDoesNotOvertake()
{
    Swap swap;
    swap.current().id = 1;
    FaultyTransport *const before = give(swap.current());
    swap.send(u"a"_s);
    FaultyTransport *const after = give(swap.openReplacement(2));
    swap.send(u"b"_s);
    swap.takeOver();
    swap.send(u"c"_s);
    swap.send(QByteArray("d"));
    QCOMPARE(before->texts(), QStringList({u"a"_s, u"b"_s}));
    QCOMPARE(after->texts(), QStringList());
    QCOMPARE(swap.bytesQueued(), qint64(2));
    swap.releaseOutgoing();
    QCOMPARE(after->texts(), QStringList{u"c"_s});
    QCOMPARE(after->binaries(), QList<QByteArray>{"d"});
    QCOMPARE(swap.bytesQueued(), qint64(0));
    swap.send(u"e"_s);
    QCOMPARE(after->texts(), QStringList({u"c"_s, u"e"_s}));
}

void TestLinkSwap::outgoingIsNotLostWithoutAnAnswer()
{
    Swap swap;
    swap.current().id = 1;
    FaultyTransport *const after = give(swap.openReplacement(2));
    swap.takeOver();
    swap.send(u"c"_s);
    swap.endDrain();
    QCOMPARE(after->texts(), QStringList{u"c"_s});
}

void TestLinkSwap::incomingWaits()
{
    Swap swap;
    swap.current().id = 1;
    swap.openReplacement(2);
    QVERIFY(!swap.holdsIncoming());
    swap.holdBack({.id = 2, .content = u"early"_s});
    QVERIFY(!swap.holdsIncoming()); // what comes on 1 goes on
    QCOMPARE(taken(swap), QStringList());
    swap.takeOver();
    QVERIFY(swap.holdsIncoming());
    swap.holdBack({.id = 2, .content = u"late"_s});
    QCOMPARE(taken(swap), QStringList());
    swap.endDrain();
    QVERIFY(swap.holdsIncoming()); // behind what is held back
    QCOMPARE(taken(swap), QStringList({u"early"_s, u"late"_s}));
    QVERIFY(!swap.holdsIncoming());
}

void TestLinkSwap::discarded()
{
    Swap swap;
    swap.current().id = 1;
    swap.openReplacement(2);
    swap.holdBack({.id = 2, .content = u"never"_s});
    swap.holdBack({.id = 1, .content = u"own"_s});
    QCOMPARE(swap.discard().id, Link::Id(2));
    QCOMPARE(taken(swap), QStringList{u"own"_s});
    QCOMPARE(swap.holdBack({.id = 2, .content = u"stranger"_s}), qint64(0)); // of no link
    QCOMPARE(taken(swap), QStringList());
}

void TestLinkSwap::promoted()
{
    Swap swap;
    swap.current().id = 1;
    swap.openReplacement(2);
    swap.holdBack({.id = 2, .content = u"early"_s});
    swap.promote();
    QCOMPARE(swap.current().id, Link::Id(2));
    QVERIFY(!swap.linkOf(1) && !swap.replacement());
    QVERIFY(swap.holdsIncoming());
    QCOMPARE(taken(swap), QStringList{u"early"_s});
}

// What is delivered leads to another swap: what came on the next one waits for its own turn.
void TestLinkSwap::swappedWhileDelivering()
{
    Swap swap;
    swap.current().id = 1;
    swap.openReplacement(2);
    swap.takeOver();
    swap.holdBack({.id = 2, .content = u"a"_s});
    swap.holdBack({.id = 2, .content = u"b"_s});
    swap.endDrain();
    QCOMPARE(std::get<QString>(swap.takeHeldBack()->content), u"a"_s);
    swap.openReplacement(3);
    swap.holdBack({.id = 3, .content = u"x"_s});
    swap.takeOver();
    QCOMPARE(taken(swap), QStringList{u"b"_s}); // of the link that is drained: before all of 3
    swap.endDrain();
    QCOMPARE(taken(swap), QStringList{u"x"_s});
}

void TestLinkSwap::heldBackBytes()
{
    Swap swap;
    swap.current().id = 1;
    QCOMPARE(swap.holdBack({.id = 1, .content = QByteArray(10, 'x')}), qint64(10));
    QCOMPARE(swap.holdBack({.id = 1, .content = u"12345"_s}), qint64(15));
    swap.takeHeldBack();
    QCOMPARE(swap.holdBack({.id = 1, .content = u"1"_s}), qint64(6));
    swap.forget(1);
    QCOMPARE(swap.holdBack({.id = 1, .content = u"1"_s}), qint64(1));
}

void TestLinkSwap::callsInTheWrongPhase()
{
    Swap swap;
    swap.current().id = 1;
    swap.takeOver();
    swap.promote();
    swap.releaseOutgoing();
    QCOMPARE(swap.discard().id, Link::Id(0));
    QCOMPARE(swap.endDrain().id, Link::Id(0));
    QCOMPARE(swap.current().id, Link::Id(1));
    swap.openReplacement(2);
    QCOMPARE(swap.endDrain().id, Link::Id(0));
    QVERIFY(swap.replacement());
    swap.takeOver();
    swap.promote();
    QCOMPARE(swap.discard().id, Link::Id(0));
    QCOMPARE(swap.current().id, Link::Id(2));
    QCOMPARE(swap.draining()->id, Link::Id(1));
}

WATCHWORD_TEST_MAIN(TestLinkSwap)
#include "tst_linkswap.moc"
