// SPDX-License-Identifier: Apache-2.0
#include "machinebench.h"
#include "support/testmain.h"

using namespace MachineTest;

/*! When a connection in use is replaced by another, what may go wrong with the new one, and what never happens. */
class TestReplacement : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void renewedTokenReplaces_data();
    void renewedTokenReplaces();
    void announcedEnd();
    void announcedEndIsSpread();
    void announcedAgain();
    void announcedEndWithoutTime();
    void announcedAfterAnotherReason();
    void switchedOff();
    void withoutTokens();
    void drainIsOverBeforeTheNextOne();
    void askedTwice();
    void anotherPerson();
    void unknownPersonsMayBeTheSame();
    void refusedTokenIsReplacedOnce();
    void refusedTokenIsTheOnlyOne();
    void nonceCostsOneMoreAttempt();
    void finalAnswers_data();
    void finalAnswers();
    void failuresBackOff();
    void retryAfterIsHonoured();
    void noTryAfterTheEnd();
    void budgetIsShared();
    void noNetworkNoAttempt();
};

namespace {

std::function<void(ConnectionOptions &)> withBudget(int attempts)
{
    return [attempts](ConnectionOptions &o) { o.budgetAttempts = attempts; };
}

} // namespace

void TestReplacement::renewedTokenReplaces_data()
{
    QTest::addColumn<bool>("watchword");
    QTest::addColumn<QString>("trigger");
    for (const bool watchword : {true, false}) {
        for (const char *trigger : {"time", "TokenChanged", "RenewalDue"})
            QTest::addRow("%s %s", watchword ? "watchword" : "plain", trigger) << watchword << QString::fromLatin1(trigger);
    }
}

void TestReplacement::renewedTokenReplaces()
{
    QFETCH(bool, watchword);
    QFETCH(QString, trigger);
    Bench bench;
    bench.step(M::Open{});
    bench.tokenOf(1, u"aaaa"_s);
    bench.step(M::Upgraded{1, watchword});
    if (watchword) {
        M::Hello hello = bench.hello();
        hello.inBandRenewal = false;
        bench.step(hello);
    }
    QStringList log;
    if (trigger == "time"_L1) {
        bench.machine.noteActivity(bench.now = bench.renewalAt());
        log = bench.step(M::Tick{});
    } else {
        log = bench.step(trigger == "TokenChanged"_L1 ? M::Event(M::TokenChanged{}) : M::Event(M::RenewalDue{1}));
    }
    QCOMPARE(log.last(), u"RequestToken 1 Renew -"_s);
    QCOMPARE(bench.tokenOf(1, u"bbbb"_s), QStringList{u"RequestToken 2 Connect -"_s});
    QVERIFY(bench.is("Up+TokenAsked"));
    QCOMPARE(bench.tokenOf(2, u"bbbb"_s), QStringList{u"StartTransport 2"_s});
    QStringList swapped = bench.step(M::Upgraded{2, watchword});
    if (watchword)
        swapped += bench.step(bench.helloOf(2));
    const QString expiry = QString::number((bench.now + 1h).time_since_epoch().count());
    QCOMPARE(swapped, QStringList({u"SwapTransport 1 2"_s, u"ReportExpiry "_s + expiry}));
    QVERIFY(bench.is("Up+Draining"));
    QCOMPARE(bench.id(), M::AttemptId(2));
    QCOMPARE(bench.machine.failures(), 0);
    QCOMPARE(bench.step(M::Drained{1}), QStringList{u"EndDrain 1"_s});
    QVERIFY(bench.is("Up"));
    QVERIFY(bench.upState().renewal().deadline()); // and so on
}

void TestReplacement::announcedEnd()
{
    Bench bench;
    bench.up();
    QCOMPARE(bench.step(M::EndAnnounced{1, 20s, u"drain"_s}), QStringList());
    QCOMPARE(bench.upState().replacement()->deadline(), bench.now + 5s); // half of the first half
    QCOMPARE(bench.after(5s), QStringList{u"RequestToken 2 Connect -"_s});
    QCOMPARE(bench.tokenOf(2, u"aaaa"_s), QStringList{u"StartTransport 2"_s}); // the same token is fine
    bench.step(M::Upgraded{2, true});
    QCOMPARE(bench.step(bench.helloOf(2)).first(), u"SwapTransport 1 2"_s);
    // The old server's close is no event any more.
    QCOMPARE(bench.endOf(1, 0, 1012), QStringList{u"EndDrain 1"_s});
    QVERIFY(bench.is("Up"));
}

void TestReplacement::announcedEndIsSpread()
{
    SeededRandom random{7};
    QSet<qint64> moments;
    for (int i = 0; i < 200; ++i) {
        Bench bench(true, [&random](ConnectionOptions &o) { o.random = &random; });
        bench.up();
        bench.step(M::EndAnnounced{1, 30s, u"drain"_s});
        const Duration delay = bench.upState().replacement()->deadline() - bench.now;
        QVERIFY(delay >= 0ms && delay <= 15s);
        moments.insert(delay.count() / 1000);
    }
    QCOMPARE(moments.size(), 15); // each second of the first half
}

void TestReplacement::announcedAgain()
{
    Bench bench;
    bench.up();
    bench.step(M::EndAnnounced{1, 60s, u"drain"_s});
    bench.now += 1s;
    bench.step(M::EndAnnounced{1, 8s, u"restart"_s});
    QCOMPARE(bench.upState().replacement()->deadline(), bench.now + 2s);
    QCOMPARE(*bench.upState().replacement()->until(), bench.now + 8s);
    // Wild values are bounded.
    Bench wild;
    wild.up();
    wild.step(M::EndAnnounced{1, 1000h, {}});
    QCOMPARE(*wild.upState().replacement()->until(), wild.now + 1h);
}

void TestReplacement::announcedEndWithoutTime()
{
    for (const Duration in : {Duration(0), Duration(-5s)}) {
        Bench bench;
        bench.up();
        QCOMPARE(bench.step(M::EndAnnounced{1, in, u"drain"_s}), QStringList());
        QVERIFY(bench.is("Up")); // it is over before anything could begin: an ordinary reconnect follows
    }
}

void TestReplacement::announcedAfterAnotherReason()
{
    Bench bench;
    bench.up();
    bench.bringReplacement(u"Opening"_s);
    bench.step(M::EndAnnounced{1, 1s, u"drain"_s});
    QVERIFY(!bench.upState().replacement()->until()); // wanted in any case
    bench.endOf(2, 503, 0);
    QVERIFY(bench.is("Up+Scheduled"));
}

void TestReplacement::switchedOff()
{
    for (const bool watchword : {true, false}) {
        Bench bench(true, [](ConnectionOptions &o) { o.makeBeforeBreak = false; });
        bench.up(watchword);
        QCOMPARE(bench.step(M::Replace{}), QStringList());
        QCOMPARE(bench.step(M::EndAnnounced{1, 20s, u"drain"_s}), QStringList());
        QVERIFY(bench.is("Up"));
        QCOMPARE(bench.upState().renewal().deadline().has_value(), watchword);
        if (!watchword)
            QCOMPARE(bench.step(M::TokenChanged{}), QStringList());
    }
}

void TestReplacement::withoutTokens()
{
    Bench bench(false);
    bench.step(M::Open{});
    bench.step(M::Upgraded{1, false});
    QCOMPARE(bench.step(M::Replace{}), QStringList{u"StartTransport 2"_s});
    QCOMPARE(bench.step(M::Upgraded{2, false}), QStringList({u"SwapTransport 1 2"_s, u"ReportExpiry -"_s}));
    bench.step(M::Replace{});
    QVERIFY(bench.is("Up+Draining+Scheduled"));
    QCOMPARE(bench.untilDeadline(), QStringList({u"EndDrain 1"_s, u"StartTransport 3"_s}));
}

// The tick that ends the drain may be late; another event after its time must not open a third transport beside it.
void TestReplacement::drainIsOverBeforeTheNextOne()
{
    for (const bool usesTokens : {true, false}) {
        Bench bench(usesTokens);
        bench.up();
        bench.bringReplacement(u"Draining"_s);
        QVERIFY(bench.is("Up+Draining"));
        const QStringList actions = bench.after(3s, M::Replace{});
        QVERIFY2(actions.size() >= 2 && actions.first().startsWith("EndDrain"_L1), qPrintable(actions.join(u", "_s)));
        QVERIFY2(actions.at(1).startsWith(usesTokens ? "RequestToken"_L1 : "StartTransport"_L1),
                 qPrintable(actions.join(u", "_s)));
    }
}

void TestReplacement::askedTwice()
{
    for (const char *step : {"TokenAsked", "Opening", "AwaitingHello"}) {
        Bench bench;
        bench.bringReplacement(QString::fromLatin1(step));
        QCOMPARE(bench.step(M::Replace{}), QStringList());
    }
    // While it waits after a failure it begins at once.
    Bench bench;
    bench.bringReplacement(u"Opening"_s);
    bench.endOf(2, 0, 1006);
    QCOMPARE(bench.step(M::Replace{}), QStringList{u"RequestToken 3 Connect -"_s});
}

void TestReplacement::anotherPerson()
{
    Bench bench;
    bench.step(M::Open{});
    bench.tokenOf(1, u"aaaa"_s, u"alice"_s);
    bench.step(M::Upgraded{1, false});
    bench.step(M::Replace{});
    QCOMPARE(bench.tokenOf(2, u"bbbb"_s, u"mallory"_s), QStringList{u"ReportReplacement 2 IdentityChanged until -"_s});
    QVERIFY(bench.is("Up")); // Alice's connection stays
    bench.step(M::Replace{});
    QCOMPARE(bench.tokenOf(3, u"cccc"_s, u"alice"_s), QStringList{u"StartTransport 3"_s});
}

void TestReplacement::unknownPersonsMayBeTheSame()
{
    for (const bool first : {true, false}) {
        Bench bench;
        bench.step(M::Open{});
        bench.tokenOf(1, u"aaaa"_s, first ? u"alice"_s : QString());
        bench.step(M::Upgraded{1, false});
        bench.step(M::Replace{});
        QCOMPARE(bench.tokenOf(2, u"bbbb"_s, first ? QString() : u"alice"_s), QStringList{u"StartTransport 2"_s});
    }
}

void TestReplacement::refusedTokenIsReplacedOnce()
{
    Bench bench;
    bench.bringReplacement(u"Opening"_s);
    QCOMPARE(bench.endOf(2, 401, 0),
             QStringList({u"ReportReplacement 2 Unauthorized until 1000000"_s, u"RequestToken 3 Rejected bbbb"_s}));
    QCOMPARE(bench.tokenOf(3, u"cccc"_s), QStringList{u"StartTransport 3"_s});
    QCOMPARE(bench.endOf(3, 401, 0), QStringList{u"ReportReplacement 3 Unauthorized until -"_s});
    QVERIFY(bench.is("Up"));
    QVERIFY(bench.after(5min, M::Pong{1, 1}).isEmpty());
    // The refused ones are never sent again, by the ordinary path neither.
    bench.endOf(1, 0, 1006);
    bench.untilDeadline();
    QCOMPARE(bench.token(u"cccc"_s), QStringList{u"ReportClosed 4 Unauthorized person"_s});
}

void TestReplacement::refusedTokenIsTheOnlyOne()
{
    Bench bench;
    bench.bringReplacement(u"Opening"_s);
    bench.endOf(2, 401, 0);
    QCOMPARE(bench.tokenOf(3, u"bbbb"_s), QStringList{u"ReportReplacement 3 Unauthorized until -"_s});
    QVERIFY(bench.is("Up"));
    // A new one is a reason to try again.
    bench.step(M::TokenChanged{}); // this server renews in band
    QCOMPARE(bench.tokenOf(1, u"dddd"_s), QStringList{u"SendRenewal 1"_s});
}

void TestReplacement::nonceCostsOneMoreAttempt()
{
    Bench bench;
    bench.bringReplacement(u"Opening"_s);
    TransportEnd end;
    end.http.status = 401;
    end.nonceGiven = true;
    end.error = Error(ErrorCode::WrongNonce);
    QCOMPARE(bench.step(M::Ended{2, end}), QStringList({u"AbandonReplacement 2 0"_s, u"RequestToken 3 Connect -"_s}));
    QCOMPARE(bench.tokenOf(3, u"bbbb"_s), QStringList{u"StartTransport 3"_s}); // it was not at fault
    QCOMPARE(bench.step(M::Ended{3, end}), QStringList{u"ReportReplacement 3 WrongNonce until 1000500"_s});
    QVERIFY(bench.is("Up+Scheduled"));
}

void TestReplacement::finalAnswers_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<int>("code");
    QTest::newRow("HTTP 403") << 403 << 0;
    for (const int code : {1008, 4402, 4403, 4409, 4410, 4423, 4430})
        QTest::addRow("close %d", code) << 0 << code;
}

void TestReplacement::finalAnswers()
{
    QFETCH(int, status);
    QFETCH(int, code);
    Bench bench;
    bench.bringReplacement(code ? u"AwaitingHello"_s : u"Opening"_s);
    const QStringList log = bench.endOf(2, status, code, Error(ErrorCode::ClosedByPeer));
    QCOMPARE(log.size(), 1);
    QVERIFY2(log.first().startsWith("ReportReplacement 2"_L1) && log.first().endsWith("until -"_L1), qPrintable(log.first()));
    QVERIFY(bench.is("Up"));
    QCOMPARE(bench.machine.failures(), 0);
}

void TestReplacement::failuresBackOff()
{
    Bench bench;
    bench.bringReplacement(u"Opening"_s);
    QList<Duration> delays;
    for (int i = 0; i < 5; ++i) {
        bench.endOf(bench.machine.replacementId(), 503, 0);
        delays.append(bench.upState().replacement()->deadline() - bench.now);
        bench.machine.noteActivity(bench.now = bench.upState().replacement()->deadline());
        bench.step(M::Tick{});
        bench.tokenOf(bench.machine.replacementId(), u"bbbb"_s);
    }
    QCOMPARE(delays, QList<Duration>({500ms, 1000ms, 2000ms, 4000ms, 8000ms}));
    QCOMPARE(bench.machine.failures(), 0); // the outage is none
    // The provider's troubles count as well.
    Bench offline;
    offline.bringReplacement(u"TokenAsked"_s);
    QCOMPARE(offline.step(M::TokenFailed{2, Error(ErrorCode::Offline)}),
             QStringList{u"ReportReplacement 2 Offline until 1000500"_s});
    // And what somebody has to change is looked at slowly.
    Bench wrong;
    wrong.bringReplacement(u"Opening"_s);
    wrong.endOf(2, 404, 0);
    const Duration delay = wrong.upState().replacement()->deadline() - wrong.now;
    QVERIFY(delay >= 2min && delay <= 5min);
}

void TestReplacement::retryAfterIsHonoured()
{
    Bench bench;
    bench.bringReplacement(u"Opening"_s);
    bench.endOf(2, 503, 0, Error(ErrorCode::RateLimited).withRetryAfter(60s));
    QCOMPARE(bench.upState().replacement()->deadline(), bench.now + 66s); // plus half of 20 %
    bench.step(M::NetworkUp{});
    bench.step(M::Replace{});
    QCOMPARE(bench.upState().replacement()->deadline(), bench.now + 60s); // asked for, and not a moment earlier
}

void TestReplacement::noTryAfterTheEnd()
{
    Bench bench;
    bench.up();
    bench.step(M::EndAnnounced{1, 4s, u"drain"_s});
    bench.after(1s);
    bench.tokenOf(2, u"aaaa"_s);
    QCOMPARE(bench.endOf(2, 503, 0, Error(ErrorCode::RateLimited).withRetryAfter(2s)),
             QStringList{u"ReportReplacement 2 TemporarilyUnavailable until 1003200"_s});
    bench.after(2200ms);
    bench.tokenOf(3, u"aaaa"_s);
    QCOMPARE(bench.endOf(3, 503, 0, Error(ErrorCode::RateLimited).withRetryAfter(2s)),
             QStringList{u"ReportReplacement 3 TemporarilyUnavailable until -"_s});
    QVERIFY(bench.is("Up"));
    QCOMPARE(bench.endOf(1, 0, 1012).last(),
             u"ReportWait 1 ClosedByPeer until %1"_s.arg((bench.now + 2500ms).time_since_epoch().count()));
}

void TestReplacement::budgetIsShared()
{
    Bench bench(true, withBudget(2));
    bench.bringReplacement(u"Draining"_s); // two attempts
    bench.step(M::Drained{1});
    QCOMPARE(bench.step(M::Replace{}), QStringList());
    QVERIFY(bench.is("Up+Scheduled"));
    QCOMPARE(bench.upState().replacement()->deadline(), kStart + 60s);
    QCOMPARE(bench.step(M::Replace{}), QStringList());
    // The announced end comes first: nothing is tried.
    Bench late(true, withBudget(1));
    late.up();
    late.step(M::EndAnnounced{1, 20s, u"drain"_s});
    QCOMPARE(late.after(5s), QStringList());
    QCOMPARE(late.upState().replacement()->deadline(), kStart + 60s);
    QCOMPARE(late.after(55s, M::Tick{}).filter(u"RequestToken"_s), QStringList());
    QVERIFY(!late.upState().replacement());
    // Somebody else was faster between the token and the attempt.
    const auto shared = std::make_shared<ConnectBudget>();
    Bench raced(true, [&shared](ConnectionOptions &o) {
        o.url = QUrl(u"wss://example.test/"_s);
        o.budget = shared;
        o.budgetAttempts = 2;
    });
    raced.bringReplacement(u"TokenAsked"_s);
    QVERIFY(shared->take(ConnectBudget::serverOf(raced.options.url), 2, 60s, raced.now));
    QCOMPARE(raced.tokenOf(2, u"bbbb"_s), QStringList{u"ReportReplacement 2 RateLimited until 1060000"_s});
    QVERIFY(raced.is("Up+Scheduled"));
}

void TestReplacement::noNetworkNoAttempt()
{
    Bench bench;
    bench.up();
    bench.step(M::NetworkDown{});
    QCOMPARE(bench.step(M::Replace{}), QStringList());
    QCOMPARE(bench.upState().replacement()->deadline(), bench.now + 120s);
    bench.step(M::NetworkUp{});
    QCOMPARE(bench.upState().replacement()->deadline(), bench.now + 1750ms);
    QCOMPARE(bench.after(1750ms), QStringList{u"RequestToken 2 Connect -"_s});
}

WATCHWORD_TEST_MAIN(TestReplacement)
#include "tst_replacement.moc"
