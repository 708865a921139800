// SPDX-License-Identifier: Apache-2.0
#include "linkstage.h"
#include "support/testmain.h"

using namespace MachineTest;

/*! The way to a connection, alone and in both of its roles; the machine's table sees it inside. */
class TestAttempt : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void allTheWay_data() { roles(); }
    void allTheWay();
    void whatComesOutOfStep_data();
    void whatComesOutOfStep();
    void everyDeadline_data();
    void everyDeadline();
    void endsOfTries_data();
    void endsOfTries();
    void freshNetwork();
    void budgetIsUsedUp();
    void announcedEnd();
    void tokenOfSomebodyElse();
    void takesOver_data();
    void takesOver();
    void promoted();

private:
    enum Step { Waiting, TokenAsked, Opening, AwaitingHello };
    static void roles()
    {
        QTest::addColumn<bool>("replaces");
        QTest::newRow("connects") << false;
        QTest::newRow("replaces") << true;
    }
    static void steps()
    {
        QTest::addColumn<bool>("replaces");
        QTest::addColumn<int>("step");
        static const char *const names[] = {"Waiting", "TokenAsked", "Opening", "AwaitingHello"};
        for (const bool replaces : {false, true}) {
            for (int step = Waiting; step <= AwaitingHello; ++step)
                QTest::addRow("%s, %s", replaces ? "replaces" : "connects", names[step]) << replaces << step;
        }
    }
    template <typename Event>
    static Attempt::Outcome on(Stage &stage, Attempt &attempt, const Event &event)
    {
        return stage.run([&](LinkStep &step) { return attempt.on(event, step); });
    }
    static Attempt brought(Stage &stage, bool replaces, int step, std::optional<Instant> until = {})
    {
        Attempt attempt = replaces ? Attempt::toReplace(u"alice"_s, stage.now, u"test"_s, until) : Attempt(0, {}, {});
        stage.run([&](LinkStep &s) { return attempt.begin(u"test"_s, s); });
        if (step == Waiting)
            on(stage, attempt, M::TokenFailed{attempt.id(), Error(ErrorCode::Offline)});
        if (step >= Opening)
            on(stage, attempt, M::TokenReady{attempt.id(), u"aaaa"_s, kStart + 1h, u"alice"_s});
        if (step == AwaitingHello)
            on(stage, attempt, M::Upgraded{attempt.id(), true});
        return attempt;
    }
    static TransportEnd endWith(int code)
    {
        TransportEnd end;
        (code < 1000 ? end.http.status : end.closeCode) = code;
        end.error = Error(code < 1000 ? ErrorCode::UpgradeRejected : ErrorCode::ClosedByPeer);
        return end;
    }
    template <typename T>
    static bool is(const Attempt::Outcome &outcome)
    {
        return std::holds_alternative<T>(outcome);
    }
};

void TestAttempt::allTheWay()
{
    QFETCH(bool, replaces);
    Stage stage;
    stage.context.lastId = 6;
    Attempt attempt = replaces ? Attempt::toReplace(u"alice"_s, kStart, u"test"_s, {}) : Attempt(6, {}, {});
    QVERIFY(is<Attempt::Continues>(stage.run([&](LinkStep &step) { return attempt.begin(u"test"_s, step); })));
    QCOMPARE(stage.log, QStringList({u"RequestToken 7 Connect -"_s}));
    QVERIFY(!attempt.holdsTransport());
    QVERIFY(is<Attempt::Continues>(on(stage, attempt, M::TokenReady{7, u"aaaa"_s, kStart + 1h, u"alice"_s})));
    QCOMPARE(stage.log, QStringList({u"StartTransport 7"_s}));
    QVERIFY(attempt.holdsTransport());
    Attempt plain = attempt;
    const Attempt::Outcome outcome = on(stage, plain, M::Upgraded{7, false});
    QVERIFY(is<Attempt::Accepted>(outcome) && !std::get<Attempt::Accepted>(outcome).hello);
    QVERIFY(is<Attempt::Continues>(on(stage, attempt, M::Upgraded{7, true})));
    const auto hello = on(stage, attempt, M::Hello{.id = 7, .expiresAt = kStart + 2h, .heartbeat = {}, .refreshBefore = {}});
    QVERIFY(is<Attempt::Accepted>(hello) && std::get<Attempt::Accepted>(hello).hello);
    QCOMPARE(stage.log, QStringList());
    QCOMPARE(attempt.token().expiresAt, std::optional(kStart + 2h)); // what the server says
}

void TestAttempt::whatComesOutOfStep_data()
{
    steps();
}

void TestAttempt::whatComesOutOfStep()
{
    QFETCH(bool, replaces);
    QFETCH(int, step);
    Stage stage;
    Attempt attempt = brought(stage, replaces, step);
    const auto ignores = [&](const Attempt::Outcome &outcome) {
        return is<Attempt::Continues>(outcome) && stage.log.isEmpty() && attempt.step().index() == size_t(step);
    };
    if (step != TokenAsked) {
        QVERIFY(ignores(on(stage, attempt, M::TokenReady{1, u"bbbb"_s, {}})));
        QVERIFY(ignores(on(stage, attempt, M::TokenFailed{1, Error(ErrorCode::SignInRequired)})));
    }
    if (step != Opening)
        QVERIFY(ignores(on(stage, attempt, M::Upgraded{1, true})));
    if (step != AwaitingHello) {
        QVERIFY(ignores(on(stage, attempt, M::Hello{.id = 1, .expiresAt = {}, .heartbeat = {}, .refreshBefore = {}})));
        QVERIFY(ignores(on(stage, attempt, M::SpokePlainly{1})));
    }
    if (step != Waiting) {
        QVERIFY(ignores(on(stage, attempt, M::RetryNow{})));
        QVERIFY(ignores(on(stage, attempt, M::TokenChanged{})));
        QVERIFY(ignores(on(stage, attempt, M::Woke{})));
        QVERIFY(ignores(on(stage, attempt, M::NetworkDown{})));
        QVERIFY(ignores(on(stage, attempt, M::NetworkUp{})));
    }
    if (step < Opening)
        QVERIFY(ignores(on(stage, attempt, M::Ended{1, endWith(401)})));
    QVERIFY(ignores(on(stage, attempt, M::Farewell{1, 1012, RetryAction::Stop, 0ms})));
}

void TestAttempt::everyDeadline_data()
{
    steps();
}

void TestAttempt::everyDeadline()
{
    QFETCH(bool, replaces);
    QFETCH(int, step);
    Stage stage;
    Attempt attempt = brought(stage, replaces, step);
    const auto tick = [&] { return stage.run([&](LinkStep &s) { return attempt.tick(s); }); };
    stage.now = attempt.deadline() - 1ms;
    QVERIFY(is<Attempt::Continues>(tick()));
    QCOMPARE(stage.log, QStringList());
    stage.now += 1ms;
    QVERIFY(is<Attempt::Continues>(tick()));
    QVERIFY(attempt.deadline() > stage.now);
    if (step == Waiting) {
        QCOMPARE(stage.log, QStringList({u"RequestToken 2 Connect -"_s}));
        return;
    }
    QVERIFY(attempt.isWaiting());
    const QString until = QString::number(attempt.deadline().time_since_epoch().count());
    QStringList expected;
    if (step >= Opening)
        expected.append(u"DropTransport 1 %1"_s.arg(step == Opening ? 0 : int(CloseCode::DeadPeer)));
    if (!replaces)
        expected += {u"ReportError Timeout"_s, u"ReportWait 1 Timeout until "_s + until};
    else
        expected += {u"ReportReplacement 1 Timeout until "_s + until};
    QCOMPARE(stage.log, expected);
}

void TestAttempt::endsOfTries_data()
{
    QTest::addColumn<bool>("replaces");
    QTest::addColumn<int>("code");
    QTest::addColumn<bool>("ends");
    QTest::addColumn<QStringList>("actions");
    const QString one = QString::number((kStart + 500ms).time_since_epoch().count());
    QTest::newRow("503 connects") << false << 503 << false
                                  << QStringList{u"ReportError TemporarilyUnavailable"_s,
                                                 u"ReportWait 1 TemporarilyUnavailable until "_s + one};
    QTest::newRow("503 replaces") << true << 503 << false
                                  << QStringList{u"ReportReplacement 1 TemporarilyUnavailable until "_s + one};
    QTest::newRow("401 connects") << false << 401 << false
                                  << QStringList{u"ReportError Unauthorized"_s, u"RequestToken 2 Rejected aaaa"_s};
    QTest::newRow("401 replaces") << true << 401 << false
                                  << QStringList{u"ReportReplacement 1 Unauthorized until 1000000"_s,
                                                 u"RequestToken 2 Rejected aaaa"_s};
    QTest::newRow("4410 connects") << false << 4410 << true << QStringList{u"ReportError SessionRevoked"_s};
    QTest::newRow("4410 replaces") << true << 4410 << true << QStringList{};
}

void TestAttempt::endsOfTries()
{
    QFETCH(bool, replaces);
    QFETCH(int, code);
    QFETCH(bool, ends);
    QFETCH(QStringList, actions);
    Stage stage;
    Attempt attempt = brought(stage, replaces, Opening);
    QCOMPARE(is<Attempt::GivenUp>(on(stage, attempt, M::Ended{1, endWith(code)})), ends);
    QCOMPARE(stage.log, actions);
    QCOMPARE(attempt.outage().link.count, 1);
}

void TestAttempt::freshNetwork()
{
    for (const bool changes : {false, true}) {
        Stage stage;
        Attempt attempt = brought(stage, false, Opening);
        for (int i = 0; i < 6; ++i) {
            on(stage, attempt, M::Ended{attempt.id(), endWith(503)});
            stage.now = attempt.deadline();
            stage.run([&](LinkStep &step) { return attempt.tick(step); });
            on(stage, attempt, M::TokenReady{attempt.id(), u"aaaa"_s, {}});
        }
        stage.context.networkChanges += changes ? 1 : 0;
        on(stage, attempt, M::Ended{attempt.id(), endWith(503)});
        QCOMPARE(attempt.deadline() - stage.now <= 3s, changes);
    }
}

void TestAttempt::budgetIsUsedUp()
{
    for (const bool replaces : {false, true}) {
        Stage stage(LinkContext::Tokens::Used, [](ConnectionOptions &options) { options.budgetAttempts = 1; });
        stage.run([](LinkStep &step) { return step.context.takeFromBudget(step.now); });
        Attempt attempt = brought(stage, replaces, TokenAsked);
        QVERIFY(attempt.isWaiting() && attempt.id() == 0);
        QCOMPARE(attempt.deadline(), kStart + stage.context.options().budgetWindow);
        // Nobody needs to hear that a replacement begins later.
        QCOMPARE(stage.log.size(), replaces ? 0 : 1);
    }
}

void TestAttempt::announcedEnd()
{
    Stage stage;
    Attempt late = Attempt::toReplace({}, kStart, u"test"_s, kStart + 4s);
    stage.now += 4s;
    QVERIFY(is<Attempt::NotNeeded>(stage.run([&](LinkStep &step) { return late.begin(u"test"_s, step); })));
    QCOMPARE(stage.log, QStringList());
    // The next try would come too late, but for another reason it is wanted all the same.
    for (const bool wantedAnyway : {false, true}) {
        Attempt attempt = brought(stage, true, Opening, stage.now + 400ms);
        if (wantedAnyway)
            attempt.want(stage.now, u"replace()"_s, {});
        const Attempt::Outcome outcome = on(stage, attempt, M::Ended{attempt.id(), endWith(503)});
        QCOMPARE(is<Attempt::GivenUp>(outcome), !wantedAnyway);
    }
}

void TestAttempt::tokenOfSomebodyElse()
{
    for (const bool replaces : {false, true}) {
        Stage stage;
        Attempt attempt = brought(stage, replaces, TokenAsked);
        const Attempt::Outcome outcome = on(stage, attempt, M::TokenReady{1, u"aaaa"_s, {}, u"bob"_s});
        QCOMPARE(is<Attempt::GivenUp>(outcome), replaces);
        if (replaces)
            QCOMPARE(std::get<Attempt::GivenUp>(outcome).error.code(), ErrorCode::IdentityChanged);
    }
    Stage stage;
    stage.context.refused = u"aaaa"_s;
    Attempt attempt = brought(stage, false, TokenAsked);
    const Attempt::Outcome outcome = on(stage, attempt, M::TokenReady{1, u"aaaa"_s, {}});
    QVERIFY(is<Attempt::GivenUp>(outcome) && std::get<Attempt::GivenUp>(outcome).personNeeded);
}

void TestAttempt::takesOver_data()
{
    QTest::addColumn<int>("step");
    QTest::addColumn<RetryAction>("action");
    QTest::addColumn<int>("closeCode");
    QTest::addColumn<QString>("lost");
    QTest::addColumn<bool>("takesOver");
    for (int step = Waiting; step <= AwaitingHello; ++step) {
        for (const RetryAction action : {RetryAction::Retry, RetryAction::RetrySlowly})
            QTest::addRow("step %d, retry %d", step, int(action)) << step << action << 1006 << u"aaaa"_s << (step != Waiting);
        QTest::addRow("step %d, same token", step) << step << RetryAction::RefreshThenRetry << 4401 << u"aaaa"_s << false;
        QTest::addRow("step %d, newer token", step)
            << step << RetryAction::RefreshThenRetry << 4401 << u"old"_s << (step >= Opening);
        QTest::addRow("step %d, final", step) << step << RetryAction::Stop << 4410 << u"old"_s << false;
        QTest::addRow("step %d, replaced", step)
            << step << RetryAction::Stop << int(CloseCode::Replaced) << u"old"_s << (step >= Opening);
    }
}

void TestAttempt::takesOver()
{
    QFETCH(int, step);
    QFETCH(RetryAction, action);
    QFETCH(int, closeCode);
    QFETCH(QString, lost);
    QFETCH(bool, takesOver);
    Stage stage;
    const Attempt attempt = brought(stage, true, step);
    const Judgement judgement{.decision = {action, ErrorCode::ConnectionLost, {}}, .closeCode = closeCode};
    QCOMPARE(stage.run([&](LinkStep &s) { return attempt.takesOver(judgement, {.fingerprint = lost}, s); }), takesOver);
}

void TestAttempt::promoted()
{
    Stage stage;
    Attempt attempt = brought(stage, true, TokenAsked, stage.now + 4s);
    attempt.promote({.fingerprint = u"old"_s}, {.link = {.count = 3, .since = stage.now}, .refusedTokens = 1});
    QVERIFY(!attempt.until());
    QCOMPARE(attempt.token().fingerprint, u"old"_s); // until it has one of its own
    QCOMPARE(attempt.outage().link.count, 3);
    QVERIFY(is<Attempt::Continues>(on(stage, attempt, M::TokenReady{1, u"aaaa"_s, {}, u"bob"_s}))); // nothing is in use
    QVERIFY(is<Attempt::GivenUp>(on(stage, attempt, M::Ended{1, endWith(401)}))); // the second one
    QCOMPARE(stage.log, QStringList({u"ReportError Unauthorized"_s})); // and not as a replacement
}

WATCHWORD_TEST_MAIN(TestAttempt)
#include "tst_attempt.moc"
