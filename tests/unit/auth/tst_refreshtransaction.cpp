// SPDX-License-Identifier: Apache-2.0
#include "refreshworld.h"
#include "support/testmain.h"

using namespace RefreshWorld;

class TestRefreshTransaction : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void straightWay();
    void crashAnywhere();
    void failAnywhere();
    void crashAfterFailure();
    void outcomes_data();
    void outcomes();
    void adoptsNewer();
    void tombstoneWins();
    void lockPatience();
    void unsavedTokensKeepTheLock();
    void refusalOfAnOlderTokenAdopts();
    void eventsThatDoNotFit();
    void replaceWins();
    void keepsTheTokenWhenNoneIsSent();
};

void TestRefreshTransaction::straightWay()
{
    World world;
    Process process(world);
    process.run(T::Start{world.stored});
    // The order is the point: journal before send, save before publish, unlock last.
    QCOMPARE(process.trace.join(u' '), u"lock load probe journal send save publish unlock finish"_s);
    QCOMPARE(process.finishes.size(), 1);
    QCOMPARE(int(process.finishes.first().outcome), int(Outcome::Refreshed));
    QCOMPARE(textOf(world.stored.refreshToken), u"r2"_s);
    QCOMPARE(world.stored.generation, quint64(2));
    QVERIFY(world.stored.expiresAt.has_value());
    QCOMPARE(world.violations, QStringList());
}

// The process dies before or after each action in turn, and is started again.
void TestRefreshTransaction::crashAnywhere()
{
    int cells = 0;
    for (const bool after : {false, true}) {
        for (int step = 0;; ++step) {
            World world;
            Process first(world);
            first.dieAt = step;
            first.dieAfter = after;
            first.run(T::Start{world.stored});
            if (!first.dead)
                break;
            ++cells;
            const bool answerLost = world.valid != textOf(world.stored.refreshToken);
            Process second(world);
            second.run(T::Start{world.stored});
            QCOMPARE(second.finishes.size(), 1);
            const T::Finish &finish = second.finishes.first();
            if (answerLost) {
                QCOMPARE(int(finish.outcome), int(Outcome::NeedsPerson));
                QCOMPARE(finish.error.code(), ErrorCode::RotationLost);
            } else {
                QCOMPARE(int(finish.outcome), int(Outcome::Refreshed));
                QCOMPARE(textOf(world.stored.refreshToken), world.valid);
            }
            QCOMPARE(world.violations, QStringList());
        }
    }
    QCOMPARE(cells, 18); // nine actions, before and after
}

// Each action fails once, without a crash: nothing that was received may be missing from the disk at the end.
void TestRefreshTransaction::failAnywhere()
{
    const QStringList steps{u"lock"_s, u"load"_s, u"probe"_s, u"journal"_s, u"send"_s, u"save"_s};
    for (int step = 0; step < steps.size(); ++step) {
        World world;
        Process process(world);
        process.failAt = step;
        process.run(T::Start{world.stored});
        QVERIFY2(!process.finishes.isEmpty(), qPrintable(steps.at(step)));
        for (int again = 0; again < 3 && process.finishes.last().outcome != Outcome::NeedsPerson; ++again)
            process.run(T::Start{process.published.isEmpty() ? world.stored : process.published.last().first});
        if (!world.received.isEmpty())
            QCOMPARE(textOf(world.stored.refreshToken), world.received.last());
        if (steps.at(step) == "send"_L1) // carried out, answer lost, and the quick repetition is a reuse here
            QCOMPARE(process.finishes.last().error.code(), ErrorCode::RotationLost);
        QCOMPARE(world.violations, QStringList());
    }
}

// Any network fault, then a crash at any action, then a start: both laws, and no false "revoked".
void TestRefreshTransaction::crashAfterFailure()
{
    int cells = 0;
    for (int fault = int(Network::Fine); fault <= int(Network::BadClient); ++fault) {
        for (int step = 0; step < 40; ++step) {
            World world;
            Process first(world);
            first.network = {Network(fault)};
            first.dieAt = step;
            first.run(T::Start{world.stored});
            if (!first.dead && step > 0)
                break;
            const bool denied = world.valid.isEmpty();
            const bool lost = !denied && world.valid != textOf(world.stored.refreshToken);
            Process second(world);
            second.run(T::Start{world.stored});
            ++cells;
            const T::Finish &finish = second.finishes.first();
            if (lost)
                QCOMPARE(finish.error.code(), ErrorCode::RotationLost);
            else if (!denied)
                QCOMPARE(int(finish.outcome), int(Outcome::Refreshed));
            else
                QCOMPARE(int(finish.outcome), int(Outcome::NeedsPerson));
            QCOMPARE(world.violations, QStringList());
        }
    }
    QVERIFY2(cells > 60, qPrintable(QString::number(cells)));
}

void TestRefreshTransaction::outcomes_data()
{
    QTest::addColumn<QList<int>>("network");
    QTest::addColumn<int>("outcome");
    QTest::addColumn<int>("unresolved"); // what the journal says afterwards
    const auto row = [](const char *name, QList<Network> network, Outcome outcome, int unresolved) {
        QList<int> numbers;
        for (const Network one : network)
            numbers += int(one);
        QTest::newRow(name) << numbers << int(outcome) << unresolved;
    };
    row("fine", {Network::Fine}, Outcome::Refreshed, 1);
    row("not sent", {Network::NotSent}, Outcome::Network, 0);
    row("lost before, then fine", {Network::LostBefore, Network::Fine}, Outcome::Refreshed, 2);
    row("lost before twice", {Network::LostBefore, Network::LostBefore}, Outcome::Network, 2);
    row("lost before, then not sent", {Network::LostBefore, Network::NotSent}, Outcome::Network, 1);
    row("busy", {Network::Busy}, Outcome::Busy, 0);
    row("bad gateway", {Network::BadGateway}, Outcome::Busy, 1);
    row("portal", {Network::Portal}, Outcome::Busy, 1);
    row("bad client", {Network::BadClient}, Outcome::Configuration, 0);
    row("denied", {Network::Denied}, Outcome::NeedsPerson, 1);
}

void TestRefreshTransaction::outcomes()
{
    QFETCH(QList<int>, network);
    QFETCH(int, outcome);
    QFETCH(int, unresolved);
    World world;
    Process process(world);
    for (const int one : network)
        process.network += Network(one);
    process.run(T::Start{world.stored});
    QCOMPARE(process.finishes.size(), 1);
    QCOMPARE(int(process.finishes.first().outcome), outcome);
    QCOMPARE(world.journal.value().unresolved, unresolved);
    QCOMPARE(process.machine.currentStep(), T::Step::Idle);
    if (Outcome(outcome) == Outcome::NeedsPerson) {
        QCOMPARE(process.finishes.first().error.code(), ErrorCode::RevokedOrExpired);
        QVERIFY(world.stored.refreshToken.isEmpty()); // only the refused one is removed
        QCOMPARE(world.stored.subject, u"alice"_s); // and the account is remembered
    } else if (Outcome(outcome) != Outcome::Refreshed) {
        QCOMPARE(textOf(world.stored.refreshToken), u"r1"_s); // nothing transient removes a token
        QCOMPARE(process.published.size(), 0);
    }
}

void TestRefreshTransaction::adoptsNewer()
{
    World world;
    const TokenSet old = world.stored;
    world.stored = tokensOf(5, u"r9"_s);
    Process process(world);
    process.run(T::Start{old});
    QCOMPARE(process.trace.join(u' '), u"lock load publish unlock finish"_s);
    QCOMPARE(int(process.finishes.first().outcome), int(Outcome::Adopted));
    QCOMPARE(world.posts, 0);
    QCOMPARE(process.published.first().first.generation, quint64(5));
}

void TestRefreshTransaction::tombstoneWins()
{
    World world;
    const TokenSet old = world.stored;
    world.stored.tombstone = true;
    world.stored.generation = 2;
    Process process(world);
    process.run(T::Start{old});
    QCOMPARE(int(process.finishes.first().outcome), int(Outcome::SignedOut));
    QCOMPARE(world.posts, 0);
    QVERIFY(process.published.isEmpty());
}

void TestRefreshTransaction::lockPatience()
{
    World world;
    world.lockedByOther = true;
    Process process(world);
    const Instant begin = process.time;
    process.run(T::Start{world.stored}, 2000);
    QCOMPARE(process.finishes.size(), 1);
    QCOMPARE(int(process.finishes.first().outcome), int(Outcome::Storage));
    QCOMPARE(process.finishes.first().error.code(), ErrorCode::LockBusy);
    QVERIFY(process.time - begin >= 45s && process.time - begin < 46s);
    QVERIFY(!process.trace.contains(u"unlock"_s)); // what is not held is not let go
    QCOMPARE(world.posts, 0);
}

void TestRefreshTransaction::unsavedTokensKeepTheLock()
{
    World world;
    Process process(world);
    process.failAt = 5; // the first save
    process.run(T::Start{world.stored});
    QCOMPARE(process.trace.join(u' '), u"lock load probe journal send save publish finish wait save unlock finish"_s);
    QCOMPARE(process.published.first().second, false);
    QCOMPARE(int(process.finishes.last().outcome), int(Outcome::Recovered));
    QCOMPARE(textOf(world.stored.refreshToken), u"r2"_s);
}

void TestRefreshTransaction::refusalOfAnOlderTokenAdopts()
{
    // Between our reading and the refusal somebody without the lock has written.
    World world;
    SeededRandom random(1);
    T machine(random);
    const WallTime now = wallTimeFromSeconds(1'800'000'000);
    const Instant at{1h};
    machine.step(T::Start{world.stored}, now, at);
    machine.step(T::LockTried{{}}, now, at);
    machine.step(T::Loaded{world.stored}, now, at);
    machine.step(T::Probed{{}}, now, at);
    machine.step(T::JournalWritten{{}}, now, at);
    const TokenAnswer refusal{TokenAnswerClass::FinalUser, {}, Error(ErrorCode::InvalidGrant), false};
    T::Actions actions = machine.step(T::Answered{refusal}, now, at);
    QVERIFY(actions.size() == 1 && std::holds_alternative<T::Load>(actions.front()));
    actions = machine.step(T::Loaded{tokensOf(2, u"other"_s)}, now, at);
    QCOMPARE(actions.size(), size_t(3));
    QCOMPARE(textOf(std::get<T::Publish>(actions.at(0)).tokens.refreshToken), u"other"_s);
    QCOMPARE(int(std::get<T::Finish>(actions.at(2)).outcome), int(Outcome::Adopted));
}

// In each step only its own event does anything; all others leave the step as it is.
void TestRefreshTransaction::eventsThatDoNotFit()
{
    const World world;
    const QList<T::Event> way{T::Start{world.stored}, T::LockTried{{}}, T::Loaded{world.stored}, T::Probed{{}},
                              T::JournalWritten{{}}};
    const TokenAnswer busy{TokenAnswerClass::Busy, {}, Error(ErrorCode::TemporarilyUnavailable), false};
    const QList<T::Event> all = way + QList<T::Event>{T::Answered{busy}, T::Saved{{}}};
    for (qsizetype reached = 0; reached <= way.size(); ++reached) {
        for (qsizetype event = 0; event < all.size(); ++event) {
            if (event == reached)
                continue;
            SeededRandom random(1);
            T machine(random);
            for (qsizetype i = 0; i < reached; ++i)
                machine.step(way.at(i), {}, Instant(1h));
            const T::Step before = machine.currentStep();
            const T::Actions actions = machine.step(all.at(event), {}, Instant(1h));
            QCOMPARE(actions.size(), size_t(0));
            QCOMPARE(machine.currentStep(), before);
        }
    }
}

void TestRefreshTransaction::replaceWins()
{
    World world;
    world.stored = tokensOf(7, u"old"_s);
    Process process(world);
    process.failAt = 0; // the lock is busy once
    process.run(T::Replace{tokensOf(0, u"fresh"_s), 3});
    QCOMPARE(textOf(world.stored.refreshToken), u"fresh"_s);
    QCOMPARE(world.stored.generation, quint64(8));
    QCOMPARE(world.posts, 0);
    QCOMPARE(process.published.last().second, true);
}

void TestRefreshTransaction::keepsTheTokenWhenNoneIsSent()
{
    World world;
    SeededRandom random(1);
    T machine(random);
    const Instant at{1h};
    machine.step(T::Start{world.stored}, {}, at);
    machine.step(T::LockTried{{}}, {}, at);
    machine.step(T::Loaded{world.stored}, {}, at);
    machine.step(T::Probed{{}}, {}, at);
    machine.step(T::JournalWritten{{}}, {}, at);
    TokenAnswer answer;
    answer.meaning = TokenAnswerClass::Success;
    answer.grant.accessToken = secretOf(u"new"_s);
    const T::Actions actions = machine.step(T::Answered{answer}, {}, at);
    QCOMPARE(textOf(std::get<T::Save>(actions.front()).tokens.refreshToken), u"r1"_s);
}

WATCHWORD_TEST_MAIN(TestRefreshTransaction)
#include "tst_refreshtransaction.moc"
