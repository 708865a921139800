// SPDX-License-Identifier: Apache-2.0
#include "linkstage.h"
#include "support/testmain.h"

using namespace MachineTest;
using Fault = M::RenewalRefused::Fault;
using Way = TokenRenewal::Way;

/*! The renewal of the token on a connection, alone; tst_renewal sees it inside the machine. */
class TestTokenRenewal : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void whatComesOutOfStep_data();
    void whatComesOutOfStep();
    void everyDeadline_data();
    void everyDeadline();
    void twoRefusalsAndTwoNonces();
    void reasonsToConnect();
    void nothingNewer();
    void noEndNoRenewal();

private:
    enum Step { Off, Scheduled, TokenAsked, Sent };
    template <typename Event>
    static auto on(Stage &stage, TokenRenewal &renewal, const Event &event)
    {
        return stage.run([&](LinkStep &step) { return renewal.on(event, step); });
    }
    static TokenRenewal brought(Stage &stage, Step step, Way way = Way::OnTheConnection)
    {
        TokenRenewal renewal({u"aaaa"_s, kStart + 1h, u"alice"_s}, way, Duration::zero());
        if (step >= Scheduled)
            stage.run([&](LinkStep &s) { renewal.schedule(s); });
        if (step >= TokenAsked)
            stage.run([&](LinkStep &s) { renewal.askForNewer(1, s); });
        if (step == Sent && (on(stage, renewal, M::TokenReady{1, u"bbbb"_s, kStart + 2h}) || renewal.isIdle()))
            qFatal("the token was not sent");
        return renewal;
    }
};

void TestTokenRenewal::whatComesOutOfStep_data()
{
    QTest::addColumn<int>("step");
    QTest::newRow("Off") << int(Off);
    QTest::newRow("Scheduled") << int(Scheduled);
    QTest::newRow("TokenAsked") << int(TokenAsked);
    QTest::newRow("Sent") << int(Sent);
}

void TestTokenRenewal::whatComesOutOfStep()
{
    QFETCH(int, step);
    Stage stage;
    TokenRenewal renewal = brought(stage, Step(step));
    const std::optional<Instant> deadline = renewal.deadline();
    QCOMPARE(deadline.has_value(), step != Off);
    QCOMPARE(renewal.isIdle(), step <= Scheduled);
    if (step != TokenAsked) {
        QVERIFY(!on(stage, renewal, M::TokenReady{1, u"cccc"_s, {}}));
        QCOMPARE(stage.log, QStringList());
        on(stage, renewal, M::TokenFailed{1, Error(ErrorCode::SignInRequired)});
        QCOMPARE(stage.log, QStringList());
    }
    if (step != Sent) {
        QVERIFY(!on(stage, renewal, M::RenewalAccepted{1, kStart + 9h}));
        for (const Fault fault : {Fault::Token, Fault::Proof, Fault::Nonce, Fault::Key})
            QVERIFY(!on(stage, renewal, M::RenewalRefused{1, 4401, fault}));
        QCOMPARE(stage.log, QStringList());
    }
    QCOMPARE(renewal.deadline(), deadline);
    QCOMPARE(renewal.token().fingerprint, u"aaaa"_s);
    QCOMPARE(stage.context.refused, QString());
}

void TestTokenRenewal::everyDeadline_data()
{
    QTest::addColumn<int>("step");
    QTest::addColumn<QString>("action");
    QTest::newRow("Scheduled") << int(Scheduled) << u"RequestToken 1 Renew -"_s;
    QTest::newRow("TokenAsked") << int(TokenAsked) << u"ReportError Timeout"_s;
    QTest::newRow("Sent") << int(Sent) << u"ReportError Timeout"_s;
}

void TestTokenRenewal::everyDeadline()
{
    QFETCH(int, step);
    QFETCH(QString, action);
    Stage stage;
    TokenRenewal renewal = brought(stage, Step(step));
    stage.now = *renewal.deadline() - 1ms;
    stage.run([&](LinkStep &s) { renewal.tick(1, s); });
    QCOMPARE(stage.log, QStringList());
    stage.now += 1ms;
    stage.run([&](LinkStep &s) { renewal.tick(1, s); });
    QCOMPARE(stage.log, QStringList({action}));
    QVERIFY(*renewal.deadline() > stage.now);
    QCOMPARE(renewal.isIdle(), step != Scheduled);
}

void TestTokenRenewal::twoRefusalsAndTwoNonces()
{
    Stage stage;
    TokenRenewal renewal = brought(stage, Sent);
    const QStringList again{u"SendRenewal 1"_s};
    QVERIFY(!on(stage, renewal, M::RenewalRefused{1, 4401, Fault::Nonce}));
    QCOMPARE(stage.log, again);
    QVERIFY(!on(stage, renewal, M::RenewalRefused{1, 4401, Fault::Token}));
    QCOMPARE(stage.log, QStringList({u"ReportError Unauthorized"_s, u"RequestToken 1 Renew bbbb"_s}));
    QVERIFY(!on(stage, renewal, M::TokenReady{1, u"cccc"_s, kStart + 2h}));
    QCOMPARE(stage.log, again);
    QVERIFY(!on(stage, renewal, M::RenewalRefused{1, 4401, Fault::Nonce})); // of another proof
    QCOMPARE(stage.log, again);
    QVERIFY(!on(stage, renewal, M::RenewalRefused{1, 4401, Fault::Nonce}));
    QCOMPARE(stage.log, QStringList({u"ReportError WrongNonce"_s}));
    QVERIFY(renewal.isIdle());
    // The second refusal waits; that of somebody else's token is the last one.
    stage.context.refused.clear();
    TokenRenewal twice = brought(stage, Sent);
    QVERIFY(!on(stage, twice, M::RenewalRefused{1, 4401, Fault::Token}));
    QVERIFY(!on(stage, twice, M::TokenReady{1, u"cccc"_s, kStart + 2h}));
    QVERIFY(!on(stage, twice, M::RenewalRefused{1, 4401, Fault::Token}));
    QCOMPARE(stage.log, QStringList({u"ReportError Unauthorized"_s}));
    QCOMPARE(stage.context.refused, u"cccc"_s);
    QVERIFY(twice.deadline());
    stage.context.refused.clear();
    TokenRenewal wrong = brought(stage, Sent);
    QVERIFY(!on(stage, wrong, M::RenewalRefused{1, int(CloseCode::TokenInvalid), Fault::Token}));
    QCOMPARE(stage.log, QStringList({u"ReportError IdentityChanged"_s}));
    QVERIFY(!wrong.deadline());
}

void TestTokenRenewal::reasonsToConnect()
{
    Stage stage;
    TokenRenewal elsewhere = brought(stage, TokenAsked, Way::ByConnecting);
    QVERIFY(on(stage, elsewhere, M::TokenReady{1, u"bbbb"_s, kStart + 2h}).has_value());
    QCOMPARE(stage.log, QStringList());
    TokenRenewal otherKey = brought(stage, Sent);
    QVERIFY(on(stage, otherKey, M::RenewalRefused{1, 4401, Fault::Key}).has_value());
    QCOMPARE(stage.log, QStringList());
    QCOMPARE(otherKey.token().fingerprint, u"aaaa"_s); // that is what the server holds
}

void TestTokenRenewal::nothingNewer()
{
    Stage stage;
    TokenRenewal renewal = brought(stage, TokenAsked);
    stage.context.refused = u"dddd"_s;
    for (const QString &useless : {u"aaaa"_s, u"dddd"_s}) {
        QVERIFY(!on(stage, renewal, M::TokenReady{1, useless, kStart + 1h}));
        QCOMPARE(stage.log, QStringList());
        QVERIFY(renewal.isIdle());
        stage.run([&](LinkStep &s) { renewal.ask(1, Duration::zero(), s); });
    }
    stage.now = kStart + 1h; // it ended, and the server does not mind
    QVERIFY(!on(stage, renewal, M::TokenReady{1, u"aaaa"_s, kStart + 1h}));
    QCOMPARE(*renewal.deadline(), stage.now + 30s);
}

void TestTokenRenewal::noEndNoRenewal()
{
    Stage stage;
    TokenRenewal renewal({u"aaaa"_s, {}, {}}, Way::OnTheConnection, 30s);
    stage.run([&](LinkStep &s) { renewal.schedule(s); });
    QVERIFY(!renewal.deadline());
    stage.run([&](LinkStep &s) { renewal.ask(1, Duration::zero(), s); });
    QVERIFY(!on(stage, renewal, M::TokenReady{1, u"bbbb"_s, {}}));
    QVERIFY(on(stage, renewal, M::RenewalAccepted{1, kStart + 1h})); // the server knows the end
    QCOMPARE(renewal.token().expiresAt, std::optional(kStart + 1h));
    QCOMPARE(*renewal.deadline(), kStart + 1h - 30s);
}

WATCHWORD_TEST_MAIN(TestTokenRenewal)
#include "tst_tokenrenewal.moc"
