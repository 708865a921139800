// SPDX-License-Identifier: Apache-2.0
#include "machinebench.h"
#include "support/testmain.h"

using namespace MachineTest;

class TestRenewal : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void renewal();
    void renewalOfShortLives();
    void renewalRefused();
    void renewalOfAnotherPerson();
    void renewalFailsUntilTheEnd();
    void renewalByReconnecting();
    void renewalWantsANonce();
};

void TestRenewal::renewal()
{
    Bench bench;
    bench.up();
    const Instant expiry = kStart + 1h;
    QCOMPARE(bench.renewalAt(), expiry - 300s);
    bench.machine.noteActivity(bench.now = expiry - 300s);
    QCOMPARE(bench.step(M::Tick{}).last(), u"RequestToken 1 Renew -"_s);
    QCOMPARE(bench.step(M::TokenReady{1, u"bbbb"_s, expiry + 1h}), QStringList({u"SendRenewal 1"_s}));
    QCOMPARE(bench.after(20ms, M::TokenChanged{}), QStringList()); // the echo of our own refresh
    const QStringList accepted = bench.step(M::RenewalAccepted{1, expiry + 1h});
    QCOMPARE(accepted, QStringList({u"ReportRenewed"_s, u"ReportExpiry %1"_s.arg((expiry + 1h).time_since_epoch().count())}));
    QCOMPARE(bench.renewalAt(), expiry + 1h - 300s);
    QCOMPARE(bench.step(M::RenewalAccepted{1, {}}), QStringList()); // twice
    // Asked by the server, and the provider has nothing newer.
    QCOMPARE(bench.step(M::RenewalDue{1}), QStringList({u"RequestToken 1 Renew -"_s}));
    QCOMPARE(bench.step(M::TokenReady{1, u"bbbb"_s, expiry + 1h}), QStringList());
    QVERIFY(bench.renewalAt() > bench.now);
}

void TestRenewal::renewalOfShortLives()
{
    Bench bench;
    for (const Duration life : {Duration(2s), Duration(5s), Duration(60s), Duration(120s), Duration(24h)}) {
        Bench one;
        one.up(true, u"aaaa"_s, life);
        const Duration lead = one.now + life - one.renewalAt();
        QVERIFY2(lead <= life / 2 && lead >= std::min<Duration>(life / 5, 300s) * 9 / 10,
                 qPrintable(QString::number(lead.count())));
    }
    // The server's wish, as far as it leaves half of the life.
    bench.step(M::Open{});
    bench.token(u"aaaa"_s, 100s);
    bench.step(M::Upgraded{1, true});
    M::Hello hello = bench.hello();
    hello.refreshBefore = 10s;
    bench.step(hello);
    QCOMPARE(bench.renewalAt(), bench.now + 90s);
}

void TestRenewal::renewalRefused()
{
    Bench bench;
    bench.up();
    bench.step(M::RenewalDue{1});
    bench.step(M::TokenReady{1, u"bbbb"_s, kStart + 2h});
    QCOMPARE(bench.step(M::RenewalRefused{1, 4401}),
             QStringList({u"ReportError Unauthorized"_s, u"RequestToken 1 Renew bbbb"_s}));
    bench.step(M::TokenReady{1, u"cccc"_s, kStart + 2h});
    QCOMPARE(bench.step(M::RenewalRefused{1, 4401}), QStringList({u"ReportError Unauthorized"_s}));
    QVERIFY(bench.is("Up")); // the old token still holds
    QVERIFY(bench.renewalAt() > bench.now);
}

void TestRenewal::renewalOfAnotherPerson()
{
    Bench bench;
    bench.up();
    bench.step(M::RenewalDue{1});
    bench.step(M::TokenReady{1, u"bbbb"_s, kStart + 2h});
    QCOMPARE(bench.step(M::RenewalRefused{1, 4402}), QStringList({u"ReportError IdentityChanged"_s}));
    QVERIFY(bench.is("Up") && !bench.upState().renewal().deadline());
}

void TestRenewal::renewalFailsUntilTheEnd()
{
    Bench bench;
    bench.up(true, u"aaaa"_s, 60s);
    int asked = 0;
    const Instant expiry = kStart + 60s;
    while (bench.now < expiry) {
        const QStringList actions = bench.untilDeadline();
        bench.machine.noteActivity(bench.now);
        if (actions.contains(u"RequestToken 1 Renew -"_s)) {
            ++asked;
            QCOMPARE(bench.step(M::TokenFailed{1, Error(ErrorCode::Offline)}), QStringList({u"ReportError Offline"_s}));
        }
        QVERIFY(bench.is("Up"));
    }
    QVERIFY2(asked >= 4 && asked <= 20, qPrintable(QString::number(asked)));
    // The server cuts; the next attempt waits for the provider and not for the old token.
    QCOMPARE(bench.end(0, 4401).last(), u"RequestToken 2 Rejected aaaa"_s);
    bench.step(M::TokenFailed{2, Error(ErrorCode::Offline)});
    QVERIFY(bench.is("Waiting"));
    QCOMPARE(bench.step(M::TokenChanged{}), QStringList({u"RequestToken 3 Rejected aaaa"_s}));
}

void TestRenewal::renewalByReconnecting()
{
    Bench bench(true, [](ConnectionOptions &o) { o.makeBeforeBreak = false; });
    bench.step(M::Open{});
    bench.token(u"aaaa"_s, 100s);
    bench.step(M::Upgraded{1, true});
    M::Hello hello = bench.hello();
    hello.inBandRenewal = false;
    bench.step(hello);
    bench.machine.noteActivity(bench.now += 90s);
    bench.step(M::Tick{});
    QCOMPARE(bench.step(M::TokenReady{1, u"bbbb"_s, kStart + 200s}),
             QStringList({u"DropTransport 1 1000"_s, u"RequestToken 2 Connect -"_s}));
    QCOMPARE(bench.machine.failures(), 0);
}

void TestRenewal::renewalWantsANonce()
{
    using Fault = M::RenewalRefused::Fault;
    Bench bench;
    bench.up();
    bench.step(M::RenewalDue{1});
    bench.step(M::TokenReady{1, u"bbbb"_s, kStart + 2h});
    bench.now += 3s;
    QCOMPARE(bench.step(M::RenewalRefused{1, 4401, Fault::Nonce}), QStringList({u"SendRenewal 1"_s}));
    QCOMPARE(bench.renewalAt(), bench.now + 10s);
    QCOMPARE(bench.step(M::RenewalAccepted{1, kStart + 2h}).first(), u"ReportRenewed"_s);
    // The next renewal may ask once more; twice in a row is a failure, and not one of the token.
    bench.step(M::RenewalDue{1});
    bench.step(M::TokenReady{1, u"cccc"_s, kStart + 3h});
    QCOMPARE(bench.step(M::RenewalRefused{1, 4401, Fault::Nonce}), QStringList({u"SendRenewal 1"_s}));
    QCOMPARE(bench.step(M::RenewalRefused{1, 4401, Fault::Nonce}), QStringList({u"ReportError WrongNonce"_s}));
    QCOMPARE(bench.untilDeadline().last(), u"RequestToken 1 Renew -"_s);
    QCOMPARE(bench.step(M::TokenReady{1, u"cccc"_s, kStart + 3h}), QStringList({u"SendRenewal 1"_s}));
    QCOMPARE(bench.step(M::RenewalRefused{1, 4401, Fault::Proof}), QStringList({u"ReportError WrongNonce"_s}));
    QVERIFY(bench.is("Up"));
    // A signed-in-anew person may have a new key; the connection keeps the one that it began with.
    bench.step(M::RenewalDue{1});
    bench.step(M::TokenReady{1, u"cccc"_s, kStart + 3h});
    QCOMPARE(bench.step(M::RenewalRefused{1, 4402, Fault::Key}), QStringList({u"RequestToken 2 Connect -"_s}));
    QVERIFY(bench.is("Up+TokenAsked")); // and in use until the next one is accepted
    QCOMPARE(bench.machine.failures(), 0);
}

WATCHWORD_TEST_MAIN(TestRenewal)
#include "tst_renewal.moc"
