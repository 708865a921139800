// SPDX-License-Identifier: Apache-2.0
#include "linkstage.h"
#include "support/testmain.h"

using namespace MachineTest;

/*! What happens while a connection is in use, alone: what it leaves to its owner. */
class TestConnectionInUse : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void whatIsDueFirst();
    void anotherOne();
    void lost_data();
    void lost();
    void drainsBeforeTheNextOne();
    void reconnectsForAToken();
    void eventsOfOthers();

private:
    static ConnectionInUse inUse(Stage &stage, bool watchword = true, std::optional<Duration> validFor = 1h)
    {
        return stage.run([&](LinkStep &step) {
            step.context.lastId = 1;
            const std::optional<Instant> end = validFor ? std::optional(step.now + *validFor) : std::nullopt;
            const Attempt attempt(1, {u"aaaa"_s, end, u"alice"_s}, {});
            const M::Hello hello{.id = 1, .expiresAt = {}, .heartbeat = {}, .refreshBefore = {}};
            return ConnectionInUse(attempt, watchword ? std::optional(hello) : std::nullopt, nullptr, step);
        });
    }
    template <typename Event>
    static ConnectionInUse::Outcome on(Stage &stage, ConnectionInUse &connection, const Event &event)
    {
        return stage.run([&](LinkStep &step) { return connection.on(event, step); });
    }
    template <typename T>
    static bool is(const ConnectionInUse::Outcome &outcome)
    {
        return std::holds_alternative<T>(outcome);
    }
    static TransportEnd dropped()
    {
        TransportEnd end;
        end.closeCode = 1006;
        end.error = Error(ErrorCode::ConnectionLost);
        return end;
    }
};

void TestConnectionInUse::whatIsDueFirst()
{
    Stage stage;
    ConnectionInUse connection = inUse(stage, true, 10s);
    QCOMPARE(stage.log, QStringList({u"BecomeReady 1"_s, u"ReportExpiry 1010000"_s}));
    QCOMPARE(connection.deadline(), *connection.renewal().deadline());
    QVERIFY(is<ConnectionInUse::Continues>(on(stage, connection, M::Probe{})));
    const Instant probe = kStart + stage.context.options().probeTimeout;
    QCOMPARE(connection.deadline(), std::min(*connection.renewal().deadline(), probe));
    on(stage, connection, M::EndAnnounced{1, 2s, {}});
    QCOMPARE(connection.deadline(), kStart + 500ms); // a quarter, of the first half
    on(stage, connection, M::Farewell{1, 1012, {}, {}});
    QCOMPARE(connection.deadline(), std::min(kStart + 500ms, kStart + stage.context.options().closeTimeout));
}

void TestConnectionInUse::anotherOne()
{
    Stage stage;
    ConnectionInUse connection = inUse(stage);
    QVERIFY(is<ConnectionInUse::Continues>(on(stage, connection, M::Replace{})));
    QCOMPARE(stage.log, QStringList({u"RequestToken 2 Connect -"_s}));
    QCOMPARE(connection.replacementId(), M::AttemptId(2));
    QVERIFY(!connection.isAlive(2));
    on(stage, connection, M::TokenReady{2, u"bbbb"_s, kStart + 2h, u"alice"_s});
    QVERIFY(connection.isAlive(2));
    const ConnectionInUse::Outcome outcome = on(stage, connection, M::Upgraded{2, false});
    QVERIFY(is<ConnectionInUse::Replaced>(outcome));
    const auto &replaced = std::get<ConnectionInUse::Replaced>(outcome);
    const ConnectionInUse next =
        stage.run([&](LinkStep &step) { return ConnectionInUse(replaced.by, replaced.hello, &connection, step); });
    QCOMPARE(stage.log.first(), u"SwapTransport 1 2"_s);
    QCOMPARE(next.id(), M::AttemptId(2));
    QCOMPARE(next.drainingId(), M::AttemptId(1));
    QVERIFY(next.isAlive(1) && !next.isWatchword());
}

void TestConnectionInUse::lost_data()
{
    QTest::addColumn<bool>("replacing");
    QTest::addColumn<int>("closeCode");
    QTest::addColumn<QStringList>("actions");
    const QString wait = u"ReportWait 1 %1 until 1000500"_s;
    QTest::newRow("alone") << false << 1006 << QStringList{u"ReportError ConnectionLost"_s, wait.arg("ConnectionLost"_L1)};
    QTest::newRow("beside another") << true << 1006 << QStringList{u"ReportError ConnectionLost"_s, u"PromoteReplacement 1 2"_s};
    QTest::newRow("final") << false << 4410 << QStringList{u"ReportError SessionRevoked"_s};
    QTest::newRow("final beside another") << true << 4410
                                          << QStringList{u"ReportError SessionRevoked"_s, u"AbandonReplacement 2 0"_s};
    QTest::newRow("replaced by another") << true << 4409 << QStringList{u"ReportError Replaced"_s, u"PromoteReplacement 1 2"_s};
}

void TestConnectionInUse::lost()
{
    QFETCH(bool, replacing);
    QFETCH(int, closeCode);
    QFETCH(QStringList, actions);
    Stage stage;
    ConnectionInUse connection = inUse(stage);
    if (replacing) {
        on(stage, connection, M::Replace{});
        on(stage, connection, M::TokenReady{2, u"bbbb"_s, kStart + 2h, u"alice"_s});
    }
    TransportEnd end = dropped();
    end.closeCode = closeCode;
    const ConnectionInUse::Outcome outcome = on(stage, connection, M::Ended{1, end});
    QCOMPARE(stage.log, actions);
    QVERIFY(is<ConnectionInUse::Over>(outcome));
    const auto &over = std::get<ConnectionInUse::Over>(outcome);
    const bool isPromoted = actions.last().startsWith("Promote"_L1);
    QCOMPARE(over.next.id(), M::AttemptId(isPromoted ? 2 : 1));
    QCOMPARE(over.next.holdsTransport(), isPromoted);
    QCOMPARE(std::holds_alternative<Attempt::GivenUp>(over.outcome), closeCode == 4410);
}

void TestConnectionInUse::drainsBeforeTheNextOne()
{
    Stage stage;
    ConnectionInUse before = inUse(stage);
    ConnectionInUse connection =
        stage.run([&](LinkStep &step) { return ConnectionInUse(Attempt(++step.context.lastId, {}, {}), {}, &before, step); });
    QVERIFY(is<ConnectionInUse::Continues>(on(stage, connection, M::Replace{})));
    QCOMPARE(stage.log, QStringList()); // a third transport is never opened
    QCOMPARE(connection.replacementId(), M::AttemptId(0));
    on(stage, connection, M::Drained{2}); // that is the one in use
    QCOMPARE(connection.drainingId(), M::AttemptId(1));
    on(stage, connection, M::Drained{1, 100ms});
    QCOMPARE(connection.deadline(), kStart + 100ms);
    on(stage, connection, M::Drained{1, 1h}); // never beyond the longest time
    stage.now += stage.context.options().drainTimeout;
    on(stage, connection, M::Tick{});
    QVERIFY(stage.log.contains(u"EndDrain 1"_s));
    QCOMPARE(stage.log.last(), u"RequestToken 3 Connect -"_s);
}

void TestConnectionInUse::reconnectsForAToken()
{
    for (const bool makeBeforeBreak : {false, true}) {
        Stage stage(LinkContext::Tokens::Used, [&](ConnectionOptions &options) { options.makeBeforeBreak = makeBeforeBreak; });
        ConnectionInUse connection = stage.run([](LinkStep &step) {
            step.context.lastId = 1;
            const M::Hello hello{.id = 1, .expiresAt = {}, .inBandRenewal = false, .heartbeat = {}, .refreshBefore = {}};
            return ConnectionInUse(Attempt(1, {u"aaaa"_s, step.now + 10s, {}}, {}), hello, nullptr, step);
        });
        stage.now = *connection.renewal().deadline();
        connection.noteActivity(stage.now);
        on(stage, connection, M::Tick{});
        const ConnectionInUse::Outcome outcome = on(stage, connection, M::TokenReady{1, u"bbbb"_s, kStart + 2h});
        QCOMPARE(is<ConnectionInUse::Over>(outcome), !makeBeforeBreak);
        QCOMPARE(stage.log.last(), u"RequestToken 2 Connect -"_s);
        QCOMPARE(stage.log.contains(u"DropTransport 1 1000"_s), !makeBeforeBreak);
    }
}

void TestConnectionInUse::eventsOfOthers()
{
    Stage stage;
    ConnectionInUse connection = inUse(stage);
    const Instant deadline = connection.deadline();
    const auto ignores = [&](const ConnectionInUse::Outcome &outcome) {
        return is<ConnectionInUse::Continues>(outcome) && stage.log.isEmpty() && connection.deadline() == deadline;
    };
    QVERIFY(ignores(on(stage, connection, M::TokenReady{7, u"bbbb"_s, {}})));
    QVERIFY(ignores(on(stage, connection, M::TokenFailed{7, Error(ErrorCode::Offline)})));
    QVERIFY(ignores(on(stage, connection, M::Upgraded{7, true})));
    QVERIFY(ignores(on(stage, connection, M::SpokePlainly{7})));
    QVERIFY(ignores(on(stage, connection, M::Hello{.id = 7, .expiresAt = {}, .heartbeat = {}, .refreshBefore = {}})));
    QVERIFY(ignores(on(stage, connection, M::Pong{7, 1})));
    QVERIFY(ignores(on(stage, connection, M::RenewalAccepted{7, {}})));
    QVERIFY(ignores(on(stage, connection, M::RenewalRefused{7, 4401})));
    QVERIFY(ignores(on(stage, connection, M::RenewalDue{7})));
    QVERIFY(ignores(on(stage, connection, M::Farewell{7, 1012, {}, {}})));
    QVERIFY(ignores(on(stage, connection, M::Ended{7, dropped()})));
    QVERIFY(ignores(on(stage, connection, M::EndAnnounced{7, 1s, {}})));
    QVERIFY(ignores(on(stage, connection, M::Drained{7})));
    QVERIFY(ignores(on(stage, connection, M::Hello{.id = 1, .expiresAt = {}, .heartbeat = {}, .refreshBefore = {}})));
}

WATCHWORD_TEST_MAIN(TestConnectionInUse)
#include "tst_connectioninuse.moc"
