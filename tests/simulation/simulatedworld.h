// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refreshtransaction.h"
#include "refresh/tokenlife.h"
#include "session/correctedclock.h"
#include "tokensimulation.h"

#include <functional>
#include <queue>
#include <vector>

namespace Simulation {

using Watchword::Duration;
using Watchword::Instant;
using Watchword::TokenAnswer;
using Watchword::TokenSet;

class World;

/* The clocks of one machine; the truth is World::time(). */
class MachineClock final : public Watchword::Clock
{
public:
    explicit MachineClock(const World &world)
        : m_world(world)
    {
    }
    Instant now() const override;
    Watchword::WallTime wallNow() const override;
    Duration awake() const override { return now().time_since_epoch() - slept; }
    QByteArray bootId() const override { return QByteArray::number(boot); }
    bool runsByItself() const override { return false; }

    int boot = 0;
    Duration bootedAt{};
    Duration slept{};
    Duration error{}; // of the date

private:
    const World &m_world;
};

/* What a session does around the pure cores, without anything else. */
class Process
{
public:
    Process(World &world, int id);

    void start();
    void look(); // at the token, as a user of it does
    void notify(); // the file changed
    void feed(const Watchword::RefreshTransaction::Event &event);

private:
    using T = Watchword::RefreshTransaction;

    void begin();
    void perform(const T::Action &action);
    void probe(bool settled);
    void send(const Watchword::Secret &token);
    void publish(const TokenSet &set);
    void finish(const T::Finish &finish);
    void signIn();
    void schedule();
    void after(Duration time, std::function<void()> what);
    Duration latency();

    World &m_world;
    int m_id;
    Watchword::CorrectedClock m_clock;
    Watchword::TokenLife m_life;
    Watchword::RetryPlanner m_retry;
    T m_machine;
    TokenSet m_tokens;
    std::optional<TokenSet> m_replacement;
    std::optional<Instant> m_hold;
    bool m_person = false;
    int m_serial = 0;
    int m_alarm = 0;
    Duration m_wokenBefore{};
};

/* One account: a machine, its disk, a provider, and what happens to them. */
class World
{
public:
    World(quint64 seed, SimulationResult &result);
    void run(qint64 lifetimes);

    Duration time() const { return m_time; }
    double unit() { return m_random.nextUnit(); }
    bool chance(double probability) { return unit() < probability; }
    Duration between(Duration low, Duration high); //!< Logarithmically uniform.
    //! Carried out by a running machine; with \a process it is dropped when that has died meanwhile.
    void at(Duration when, int process, std::function<void()> what);
    void problem(const char *what);

    // The provider.
    struct Exchange
    {
        TokenAnswer answer;
        Duration took{};
        bool hasDate = true;
    };
    Exchange exchange(const QByteArray &refreshToken, int process);
    bool isReachable() const { return m_outage != Outage::Refused && m_outage != Outage::Gone; }
    TokenSet signIn();
    Duration endOf(const QByteArray &accessToken) const { return m_ends.at(size_t(accessToken.mid(1).toInt())); }
    //! The provider ended the session; also while one process is still told what another has just been told.
    bool hasEnded() const { return m_familyEnded || stored.refreshToken.isEmpty(); }

    // The disk.
    Watchword::Result<void> save(const TokenSet &set);
    bool diskFails() { return chance(0.002); }
    void checkNothingUnsaved(int process);

    MachineClock clock;
    Watchword::SeededRandom m_random;
    SimulationResult &result;
    TokenSet stored;
    std::optional<Watchword::RefreshJournal> journal;
    int lockedBy = -1;
    Duration lastWake{}; // true time
    Duration networkTrip{};
    Duration lifetime{};

private:
    enum class Outage { None, Refused, Gone, Busy, ServerError, Portal };
    struct Event
    {
        Duration when;
        qint64 order;
        int process; // -1: of the machine
        int incarnation;
        std::function<void()> what;
        bool operator<(const Event &other) const { return when != other.when ? when > other.when : order > other.order; }
    };

    void kill(int process);
    void restart(int process, Duration in);
    void plan(double perLifetime, std::function<void()> what);
    void fate();
    void countRequest();
    TokenSet issue(TokenAnswer &answer, Duration issued);

    Duration m_time{std::chrono::hours(1)};
    Duration m_asleepUntil{};
    qint64 m_order = 0;
    std::priority_queue<Event> m_events;
    std::vector<std::unique_ptr<Process>> m_processes;
    std::vector<int> m_incarnations;
    Outage m_outage = Outage::None;
    Duration m_retryAfter{};
    bool m_keepsEnd; // hands out the same end until it is reached
    Duration m_sameEnd{};
    std::vector<Duration> m_ends; // of access tokens, by number
    QByteArray m_valid;
    int m_numbers = 0;
    bool m_familyEnded = false;
    std::vector<QByteArray> m_replaced; // the last ones whose answer was stored
    QByteArray m_unsaved;
    int m_unsavedBy = -1;
    std::vector<Duration> m_recent; // requests of the last minute
    qint64 m_issued = 0;
};

} // namespace Simulation
