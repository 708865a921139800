// SPDX-License-Identifier: Apache-2.0
#include "refresh/refreshtransaction.h"
#include "support/testmain.h"

#include <QHash>
#include <QSet>

#include <cstdio>
#include <deque>

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using T = RefreshTransaction;
using Outcome = T::Finish::Outcome;
using Step = T::Step;

/*
    Every combination of {step of the transaction at which something happens to the first process} x {what happens to it} x
    {fault of the disk} x {fault of the network} x {what a second process does at that moment}, each played to its end on one
    disk and one provider that both check the laws:
    1. a refresh token that was received is never lost, unless its process was killed before the disk had it;
    2. one whose answer was stored, or that was refused for good, is never sent again;
    3. nobody is signed out unless the provider ended the session.
*/
namespace {

enum class Death { None, Before, After };
enum class Disk { Fine, LoadFails, JournalFails, SaveFails, SaveFailsThrice, SaveSaysItFailed };
enum class Network { Fine, NotSent, LostBefore, LostAfter, Busy, BadGateway, Portal, Denied, BadClient, Unusable };
enum class Second { None, Rival, SignsOut, SignsOutWithoutKey, SignsIn };

constexpr Step kSteps[] = {Step::Locking, Step::Reading,   Step::Probing,   Step::Journaling, Step::Sending,  Step::Pausing,
                           Step::Saving,  Step::Resolving, Step::Rereading, Step::Concluding, Step::Removing, Step::SavingLater};
constexpr int kDeaths = 3, kDisks = 6, kNetworks = 10, kSeconds = 5;

struct Cell
{
    Step step;
    Death death;
    Disk disk;
    Network network;
    Second second;
};

QString textOf(const Secret &secret)
{
    return QString::fromLatin1(secret.reveal());
}

struct World
{
    // The disk.
    TokenSet stored;
    std::optional<RefreshJournal> journal;
    quint64 left = 0; // a sign-out without the key
    int lockedBy = -1;
    int failLoads = 0, failJournals = 0, failSaves = 0, silentSaves = 0;
    // The provider.
    QHash<QString, int> familyOf;
    QSet<QString> valid, spent;
    QSet<int> endedFamilies;
    int families = 0, tokens = 0;
    std::deque<Network> script; // of the next exchanges; then Fine
    int exchanges = 0;
    // The laws.
    QSet<QString> answered; // whose successor was stored, or whose refusal was written down
    struct Received
    {
        int process;
        int decisions; // of a person, when it came
    };
    QHash<QString, Received> unsaved; // received by a process that has not stored it yet
    int decisions = 0; // of a person; they outweigh what is on its way
    QStringList violations;
    Instant time{1h};

    QString signIn()
    {
        const QString token = u"r%1"_s.arg(++tokens);
        familyOf.insert(token, ++families);
        valid += token;
        return token;
    }
    void endFamily(const QString &token) { endedFamilies += familyOf.value(token); }
    bool isEnded(const QString &token) const { return endedFamilies.contains(familyOf.value(token)); }

    TokenAnswer post(const QString &token, int process)
    {
        using M = TokenAnswerClass;
        if (answered.contains(token))
            violations += u"%1 was sent again"_s.arg(token);
        ++exchanges;
        if (exchanges == 6)
            failSaves += 1; // so that every course also sees a disk that fails once
        const Network network = script.empty() ? Network::Fine : script.front();
        if (!script.empty())
            script.pop_front();
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
            endFamily(token);
            break;
        default:
            break;
        }
        if (spent.contains(token))
            endFamily(token);
        if (isEnded(token))
            return {M::FinalUser, {}, Error(ErrorCode::InvalidGrant), false};
        const QString next = u"r%1"_s.arg(++tokens);
        familyOf.insert(next, familyOf.value(token));
        valid += next;
        spent += token;
        if (network == Network::LostAfter)
            return {M::Ambiguous, {}, Error(ErrorCode::ConnectionLost), true};
        TokenAnswer answer;
        answer.grant.refreshToken = Secret::copy(next.toLatin1());
        if (network == Network::Unusable) {
            answer.meaning = M::Unusable;
            answer.error = Error(ErrorCode::InvalidResponse);
            answer.maybeSpent = true;
            unsaved.insert(next, {process, decisions});
            return answer;
        }
        answer.meaning = M::Success;
        answer.grant.accessToken = Secret::copy("a" + next.toLatin1());
        answer.grant.expiresIn = 300s;
        unsaved.insert(next, {process, decisions});
        return answer;
    }

    TokenSet load() const
    {
        TokenSet set = stored;
        if (left > set.generation) {
            set.tombstone = true;
            set.generation = left;
        }
        return set;
    }
    Result<void> save(const TokenSet &set)
    {
        if (failSaves > 0) {
            --failSaves;
            return Error(ErrorCode::StorageFailed);
        }
        if (set.generation <= std::max(stored.generation, left))
            return Error(ErrorCode::WrongState);
        if (!set.refreshToken.isEmpty() && !stored.refreshToken.isEmpty() && !set.refreshToken.equals(stored.refreshToken))
            answered += textOf(stored.refreshToken);
        stored = set;
        unsaved.remove(textOf(set.refreshToken));
        if (silentSaves > 0) {
            --silentSaves;
            return Error(ErrorCode::StorageFailed);
        }
        return {};
    }
};

/* A process, with what a session does around the machine: it goes on refreshing, and a person signs in where one is needed. */
class Process
{
public:
    Process(World &world, int id, quint64 seed)
        : m_world(world)
        , m_id(id)
        , m_random(seed)
        , m_machine(m_random)
    {
        m_known = world.load();
        m_wakeAt = world.time;
    }

    Step step() const { return m_machine.currentStep(); }
    bool isDead() const { return m_dead; }
    bool isIdle() const { return m_queue.empty(); }
    Instant wakeAt() const { return m_wakeAt; }
    int rounds() const { return m_rounds; }
    void die()
    {
        m_dead = true;
        m_queue.clear();
        if (m_world.lockedBy == m_id)
            m_world.lockedBy = -1;
        m_world.unsaved.removeIf([this](const auto &one) { return one.value().process == m_id; });
    }
    void decide(const TokenSet &replacement)
    {
        ++m_world.decisions;
        m_decision = replacement;
    }
    void signIn()
    {
        TokenSet fresh;
        fresh.refreshToken = Secret::copy(m_world.signIn().toLatin1());
        decide(fresh);
    }

    //! One event. \a onStep is told each step before its actions are carried out; it may kill.
    void move(const std::function<void(Process &, bool before)> &onStep)
    {
        if (m_queue.empty()) {
            if (m_decision && !m_machine.isRunning()) {
                const TokenSet next = *std::exchange(m_decision, std::nullopt);
                m_queue.push_back(T::Replace{next, m_known.generation});
            } else if (m_machine.isRunning() || m_machine.currentStep() == Step::SavingLater) {
                m_queue.push_back(T::Elapsed{});
            } else {
                m_queue.push_back(T::Start{m_known});
            }
        }
        const T::Event event = m_queue.front();
        m_queue.pop_front();
        const T::Actions actions = m_machine.step(event, wallTimeFromSeconds(1'800'000'000), m_world.time);
        onStep(*this, true);
        if (m_dead)
            return;
        m_wakeAt = m_world.time;
        for (const T::Action &action : actions)
            perform(action);
        onStep(*this, false);
    }

private:
    void perform(const T::Action &action);
    void finish(const T::Finish &finish);

    World &m_world;
    int m_id;
    SeededRandom m_random;
    T m_machine;
    TokenSet m_known;
    std::optional<TokenSet> m_decision;
    std::deque<T::Event> m_queue;
    Instant m_wakeAt;
    int m_rounds = 0;
    bool m_dead = false;
};

void Process::perform(const T::Action &action)
{
    const Error broken(ErrorCode::StorageFailed, u"disk"_s);
    if (std::holds_alternative<T::TryLock>(action)) {
        const bool busy = m_world.lockedBy >= 0 && m_world.lockedBy != m_id;
        if (!busy)
            m_world.lockedBy = m_id;
        m_queue.push_back(T::LockTried{busy ? Result<void>(Error(ErrorCode::LockBusy)) : Result<void>()});
    } else if (std::holds_alternative<T::Load>(action)) {
        const bool fails = m_world.failLoads > 0 && m_world.failLoads--;
        m_queue.push_back(T::Loaded{fails ? Result<TokenSet>(broken) : Result<TokenSet>(m_world.load()), m_world.journal});
    } else if (std::holds_alternative<T::Probe>(action)) {
        m_queue.push_back(T::Probed{{}});
    } else if (const auto *write = std::get_if<T::WriteJournal>(&action)) {
        const bool fails = m_world.failJournals > 0 && m_world.failJournals--;
        if (!fails)
            m_world.journal = write->journal;
        if (!fails && write->journal.ended)
            m_world.answered += textOf(m_world.stored.refreshToken);
        m_queue.push_back(T::JournalWritten{fails ? Result<void>(broken) : Result<void>()});
    } else if (const auto *send = std::get_if<T::Send>(&action)) {
        m_queue.push_back(T::Answered{m_world.post(textOf(send->refreshToken), m_id)});
    } else if (const auto *save = std::get_if<T::Save>(&action)) {
        m_queue.push_back(T::Saved{m_world.save(save->tokens)});
    } else if (const auto *wait = std::get_if<T::Wait>(&action)) {
        m_wakeAt = m_world.time + wait->time;
    } else if (const auto *news = std::get_if<T::Publish>(&action)) {
        m_known = news->tokens;
    } else if (const auto *discard = std::get_if<T::Discard>(&action)) {
        m_world.unsaved.remove(textOf(discard->refreshToken));
    } else if (std::holds_alternative<T::Unlock>(action)) {
        if (m_world.lockedBy != m_id && m_world.lockedBy >= 0)
            m_world.violations += u"process %1 set free the lock of another"_s.arg(m_id);
        if (m_world.lockedBy == m_id)
            m_world.lockedBy = -1;
        // Who lets the lock go has nothing left to save, unless a person has decided otherwise meanwhile.
        for (auto it = m_world.unsaved.cbegin(); it != m_world.unsaved.cend(); ++it) {
            if (it->process == m_id && it->decisions == m_world.decisions)
                m_world.violations += u"%1 was received and lost"_s.arg(it.key());
        }
    } else if (const auto *end = std::get_if<T::Finish>(&action)) {
        finish(*end);
    }
}

void Process::finish(const T::Finish &finish)
{
    switch (finish.outcome) {
    case Outcome::Refreshed:
    case Outcome::Adopted:
    case Outcome::Recovered:
        ++m_rounds;
        break;
    case Outcome::NeedsPerson: {
        const bool wasLost = finish.error.code() == ErrorCode::RotationLost;
        const bool named = wasLost || finish.error.code() == ErrorCode::RevokedOrExpired;
        if (!named)
            m_world.violations += u"a person is needed because of "_s + finish.error.toString();
        if (m_world.endedFamilies.isEmpty())
            m_world.violations += u"signed out although the provider had ended nothing: "_s + finish.error.toString();
        ++m_rounds;
        signIn();
        break;
    }
    case Outcome::SignedOut:
        ++m_rounds;
        signIn();
        break;
    default:
        break;
    }
    if (!m_machine.isRunning() && m_machine.currentStep() != Step::SavingLater)
        m_wakeAt = std::max(m_wakeAt, m_world.time + 1s + Duration(qint64(m_random.nextUnit() * 2'000)));
}

class Course
{
public:
    Course(const Cell &cell, quint64 seed)
        : m_cell(cell)
        , m_random(seed)
        , m_seed(seed)
    {
        m_world.stored.refreshToken = Secret::copy(m_world.signIn().toLatin1());
        m_world.stored.generation = 1;
        // The fault, then what leads through every step there is, and at last a session that the provider ends.
        m_world.script = {cell.network,  Network::LostBefore, Network::Fine, Network::NotSent,   Network::Fine,
                          Network::Fine, Network::Denied,     Network::Fine, Network::LostAfter, Network::Fine};
        m_world.failLoads = cell.disk == Disk::LoadFails;
        m_world.failJournals = cell.disk == Disk::JournalFails;
        m_world.failSaves = cell.disk == Disk::SaveFails ? 1 : cell.disk == Disk::SaveFailsThrice ? 3 : 0;
        m_world.silentSaves = cell.disk == Disk::SaveSaysItFailed;
        m_processes.push_back(std::make_unique<Process>(m_world, 0, seed));
        if (cell.second == Second::Rival)
            m_processes.push_back(std::make_unique<Process>(m_world, 1, seed + 1));
    }

    //! False if the course found no end.
    bool play()
    {
        for (int moves = 0; moves < 5'000; ++moves) {
            Process *next = choose();
            if (!next)
                return true;
            m_world.time = std::max(m_world.time, next->wakeAt());
            next->move([this](Process &process, bool before) { onStep(process, before); });
            if (m_processes.front()->isDead()) // started again, with nothing but the disk
                m_processes.front() = std::make_unique<Process>(m_world, 0, m_seed + 7);
        }
        return false;
    }
    bool visited() const { return m_visited; }
    QStringList violations() const { return m_world.violations; }

private:
    Process *choose()
    {
        std::vector<Process *> ready;
        Process *first = nullptr;
        bool done = true;
        for (const auto &process : m_processes) {
            done = done && process->rounds() >= 8 && process->step() == Step::Idle && process->isIdle();
            if (!process->isIdle())
                ready.push_back(process.get());
            else if (!first || process->wakeAt() < first->wakeAt())
                first = process.get();
        }
        if (done)
            return nullptr;
        if (!ready.empty())
            return ready[size_t(m_random.nextUnit() * double(ready.size()))];
        return first;
    }

    void onStep(Process &process, bool before)
    {
        if (&process != m_processes.front().get() || process.step() != m_cell.step)
            return;
        if (before && !std::exchange(m_visited, true))
            secondActs();
        if (m_happened || (m_cell.death == Death::Before) != before)
            return;
        m_happened = true;
        if (m_cell.death != Death::None)
            process.die();
    }

    void secondActs()
    {
        const auto other = [this]() -> Process & {
            if (m_processes.size() < 2)
                m_processes.push_back(std::make_unique<Process>(m_world, 1, m_seed + 1));
            return *m_processes.back();
        };
        TokenSet tombstone;
        tombstone.tombstone = true;
        switch (m_cell.second) {
        case Second::SignsOut:
            return other().decide(tombstone);
        case Second::SignsIn:
            return other().signIn();
        case Second::SignsOutWithoutKey:
            ++m_world.decisions;
            m_world.left = m_world.stored.generation + 1;
            return;
        default:
            return;
        }
    }

    Cell m_cell;
    World m_world;
    SeededRandom m_random;
    quint64 m_seed;
    std::vector<std::unique_ptr<Process>> m_processes;
    bool m_visited = false;
    bool m_happened = false;
};

} // namespace

class TestTransactionModel : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void everyCell();
};

void TestTransactionModel::everyCell()
{
    const int seeds = qEnvironmentVariableIsSet("WATCHWORD_SEEDS") ? qEnvironmentVariableIntValue("WATCHWORD_SEEDS") : 1;
    int cells = 0, visited = 0, courses = 0;
    QStringList missed;
    for (const Step step : kSteps) {
        for (int n = 0; n < kDeaths * kDisks * kNetworks * kSeconds; ++n) {
            const Cell cell{step, Death(n % kDeaths), Disk(n / kDeaths % kDisks), Network(n / (kDeaths * kDisks) % kNetworks),
                            Second(n / (kDeaths * kDisks * kNetworks))};
            const QByteArray name = "step " + QByteArray::number(int(step)) + " death " + QByteArray::number(int(cell.death))
                + " disk " + QByteArray::number(int(cell.disk)) + " network " + QByteArray::number(int(cell.network)) + " second "
                + QByteArray::number(int(cell.second));
            ++cells;
            bool seen = false;
            for (int seed = 1; seed <= seeds || (!seen && seed <= 100); ++seed) {
                Course course(cell, quint64(seed));
                QVERIFY2(course.play(), QByteArray(name + ": no end").constData());
                const QByteArray broken = name + ": " + course.violations().join(u"; ").toUtf8();
                QVERIFY2(course.violations().isEmpty(), broken.constData());
                seen = seen || course.visited();
                ++courses;
            }
            visited += seen;
            if (!seen)
                missed += QString::fromLatin1(name);
        }
    }
    std::printf("model: %d of %d cells visited, %d courses\n", visited, cells, courses);
    QVERIFY2(missed.isEmpty(), qPrintable(missed.mid(0, 10).join(u'\n')));
    QCOMPARE(cells, 10'800);
}

WATCHWORD_TEST_MAIN(TestTransactionModel)
#include "tst_transactionmodel.moc"
