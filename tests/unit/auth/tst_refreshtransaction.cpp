// SPDX-License-Identifier: Apache-2.0
#include "refresh/refreshtransaction.h"
#include "support/testmain.h"

#include <QSet>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using T = RefreshTransaction;
using Outcome = T::Finish::Outcome;

namespace {

Secret secretOf(const QString &text)
{
    return Secret::take(text.toLatin1());
}

QString textOf(const Secret &secret)
{
    return QString::fromLatin1(secret.reveal());
}

TokenSet tokensOf(quint64 generation, const QString &refreshToken)
{
    TokenSet tokens;
    tokens.subject = u"alice"_s;
    tokens.accessToken = secretOf(u"access-%1"_s.arg(generation));
    tokens.refreshToken = secretOf(refreshToken);
    tokens.generation = generation;
    return tokens;
}

/* What one network exchange does, seen from outside. */
enum class Network { Fine, NotSent, LostBefore, LostAfter, Busy, BadGateway, Portal, Denied, BadClient };

/*
    A disk, a provider that rotates and ends a family at the first reuse, and nothing else. Both survive a crash of the
    process. The provider and the disk check the two laws at every step.
*/
struct World
{
    TokenSet stored = tokensOf(1, u"r1"_s);
    std::optional<RefreshJournal> journal;
    bool lockedByOther = false;

    QString valid = u"r1"_s; // what the provider accepts; empty: family ended
    int counter = 1;
    QSet<QString> replaced; // whose successor was saved
    QStringList received; // handed to a machine
    QStringList violations;
    int posts = 0;

    TokenAnswer post(const QString &token, Network network)
    {
        using M = TokenAnswerClass;
        if (replaced.contains(token))
            violations += u"spent token %1 was sent again"_s.arg(token);
        switch (network) {
        case Network::NotSent:
            return {M::NotSent, {}, Error(ErrorCode::ConnectionRefused), false};
        case Network::LostBefore:
            return {M::Ambiguous, {}, Error(ErrorCode::ConnectionLost), true};
        case Network::Busy:
            return {M::Busy, {}, Error(ErrorCode::TemporarilyUnavailable), false};
        case Network::BadGateway:
            return {M::Busy, {}, Error(ErrorCode::TemporarilyUnavailable), true};
        case Network::Portal:
            return {M::Garbage, {}, Error(ErrorCode::CaptivePortal), true};
        case Network::BadClient:
            return {M::FinalConfiguration, {}, Error(ErrorCode::InvalidClient), false};
        case Network::Denied:
            valid.clear();
            break;
        default:
            break;
        }
        ++posts;
        if (token != valid) {
            valid.clear(); // reuse ends the family
            return {M::FinalUser, {}, Error(ErrorCode::InvalidGrant), false};
        }
        valid = u"r%1"_s.arg(++counter);
        if (network == Network::LostAfter)
            return {M::Ambiguous, {}, Error(ErrorCode::ConnectionLost), true};
        TokenAnswer answer;
        answer.meaning = M::Success;
        answer.grant.accessToken = secretOf(u"access-%1"_s.arg(counter));
        answer.grant.refreshToken = secretOf(valid);
        answer.grant.tokenType = u"Bearer"_s;
        answer.grant.expiresIn = 300s;
        received += valid;
        return answer;
    }

    Result<void> save(const TokenSet &tokens)
    {
        if (tokens.generation <= stored.generation)
            return Error(ErrorCode::WrongState);
        if (!tokens.refreshToken.equals(stored.refreshToken) && !tokens.refreshToken.isEmpty())
            replaced += textOf(stored.refreshToken);
        stored = tokens;
        return {};
    }
};

/* A process: carries out actions until it ends, or dies before its n-th action. */
struct Process
{
    explicit Process(World &w)
        : world(w)
        , random(1)
        , machine(random)
    {
    }

    World &world;
    SeededRandom random;
    T machine;
    int dieAt = -1; // action number; -1: lives
    bool dieAfter = false; // carried out, but the answer is never seen
    int failAt = -1; // the action that fails
    QList<Network> network; // of the next exchanges; then Fine
    int actions = 0;
    bool dead = false;
    Instant time{1h};
    QList<T::Finish> finishes;
    QList<std::pair<TokenSet, bool>> published;
    QStringList trace;

    void run(const T::Event &event, int limit = 200)
    {
        QList<T::Event> events{event};
        while (!events.isEmpty() && !dead && limit-- > 0) {
            const T::Actions todo = machine.step(events.takeFirst(), wallTimeFromSeconds(1'800'000'000), time);
            for (const T::Action &action : todo) {
                const int number = actions++;
                if (number == dieAt && !dieAfter) {
                    dead = true;
                    return;
                }
                perform(action, number == failAt, events);
                if (number == dieAt) {
                    dead = true;
                    return;
                }
            }
        }
    }

    void perform(const T::Action &action, bool fails, QList<T::Event> &events)
    {
        const Error broken(ErrorCode::StorageFailed, u"disk full"_s);
        if (std::holds_alternative<T::TryLock>(action)) {
            trace += u"lock"_s;
            const bool busy = world.lockedByOther || fails;
            events += T::LockTried{busy ? Result<void>(Error(ErrorCode::LockBusy)) : Result<void>()};
        } else if (std::holds_alternative<T::Load>(action)) {
            trace += u"load"_s;
            events += T::Loaded{fails ? Result<TokenSet>(broken) : Result<TokenSet>(world.stored), world.journal};
        } else if (std::holds_alternative<T::Probe>(action)) {
            trace += u"probe"_s;
            events += T::Probed{fails ? Result<void>(Error(ErrorCode::Offline)) : Result<void>()};
        } else if (const auto *write = std::get_if<T::WriteJournal>(&action)) {
            trace += u"journal"_s;
            if (!fails)
                world.journal = write->journal;
            events += T::JournalWritten{fails ? Result<void>(broken) : Result<void>()};
        } else if (const auto *send = std::get_if<T::Send>(&action)) {
            trace += u"send"_s;
            const Network how = fails ? Network::LostAfter : network.isEmpty() ? Network::Fine : network.takeFirst();
            events += T::Answered{world.post(textOf(send->refreshToken), how)};
        } else if (const auto *save = std::get_if<T::Save>(&action)) {
            trace += u"save"_s;
            events += T::Saved{fails ? Result<void>(broken) : world.save(save->tokens)};
        } else if (const auto *wait = std::get_if<T::Wait>(&action)) {
            trace += u"wait"_s;
            time += wait->time;
            events += T::Elapsed{};
        } else if (const auto *news = std::get_if<T::Publish>(&action)) {
            trace += u"publish"_s;
            published.append({news->tokens, news->stored});
        } else if (std::holds_alternative<T::Unlock>(action)) {
            trace += u"unlock"_s;
        } else if (const auto *finish = std::get_if<T::Finish>(&action)) {
            trace += u"finish"_s;
            finishes += *finish;
        }
    }
};

} // namespace

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
