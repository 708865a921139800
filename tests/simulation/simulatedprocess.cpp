// SPDX-License-Identifier: Apache-2.0
#include "simulatedworld.h"

namespace Simulation {

using namespace Watchword;
using namespace std::chrono_literals;
using Outcome = RefreshTransaction::Finish::Outcome;

Process::Process(World &world, int id)
    : m_world(world)
    , m_id(id)
    , m_clock(world.clock)
    , m_machine(world.m_random, world.clock.bootId())
    , m_wokenBefore(world.lastWake)
{
}

void Process::after(Duration time, std::function<void()> what)
{
    m_world.at(m_world.time() + time, m_id, std::move(what));
}

Duration Process::latency()
{
    return m_world.networkTrip + Duration(qint64(m_world.unit() * double(m_world.networkTrip.count())));
}

void Process::start()
{
    m_tokens = m_world.stored;
    if (m_tokens.clockError != Duration::zero())
        m_clock.assume(m_tokens.clockError);
    publish(m_tokens);
    if (!m_life.isLive(m_clock.instant()))
        begin();
    look();
}

// A token that is handed out must be one that the provider still honours, whatever any clock of this machine says.
void Process::look()
{
    const Instant now = m_clock.instant();
    if (m_life.isLive(now)) {
        ++m_world.result.handedOut;
        if (m_world.time() >= m_world.endOf(m_tokens.accessToken.reveal().toByteArray())) {
            ++m_world.result.expired;
            m_world.problem("an expired token was handed out");
        }
        if (m_world.chance(0.0003)) // a service refuses it
            m_life.reject(m_tokens.accessToken.fingerprint());
    }
    if (!m_life.isGoodFor({}, now) && !m_life.storm(now))
        begin();
    // Again some time within this life, and exactly when it ends.
    Duration next(qint64(m_world.unit() * double(m_world.lifetime.count()) / 2) + 1);
    if (const auto end = m_life.plan().expiry; end && *end > now && m_world.chance(0.5))
        next = *end - now - Duration(m_world.chance(0.5) ? 1 : 0);
    const int serial = ++m_alarm;
    after(std::max<Duration>(next, 1ms), [this, serial] {
        if (serial == m_alarm)
            look();
    });
}

void Process::notify()
{
    if (m_machine.isRunning() || m_world.stored.generation <= m_tokens.generation)
        return;
    m_person = false;
    publish(m_world.stored);
}

void Process::begin()
{
    if (m_machine.isRunning() || m_person || (m_hold && m_clock.instant() < *m_hold))
        return;
    feed(T::Start{m_tokens});
}

void Process::feed(const T::Event &event)
{
    const T::Actions actions = m_machine.step(event, m_clock.now(), m_clock.instant());
    for (const T::Action &action : actions) {
        if (!std::holds_alternative<T::Finish>(action))
            perform(action);
    }
    for (const T::Action &action : actions) {
        if (const auto *end = std::get_if<T::Finish>(&action))
            finish(*end);
    }
}

void Process::perform(const T::Action &action)
{
    const int serial = ++m_serial;
    const auto report = [this, serial](Duration time, const T::Event &event) {
        after(time, [this, serial, event] {
            if (serial == m_serial)
                feed(event);
        });
    };
    const Error broken(ErrorCode::StorageFailed);
    if (std::holds_alternative<T::TryLock>(action)) {
        const bool free = m_world.lockedBy < 0 || m_world.lockedBy == m_id;
        if (free)
            m_world.lockedBy = m_id;
        report(1ms, T::LockTried{free ? Result<void>() : Result<void>(Error(ErrorCode::LockBusy))});
    } else if (std::holds_alternative<T::Load>(action)) {
        report(1ms,
               T::Loaded{m_world.diskFails() ? Result<TokenSet>(broken) : Result<TokenSet>(m_world.stored), m_world.journal});
    } else if (std::holds_alternative<T::Probe>(action)) {
        probe(false);
    } else if (const auto *write = std::get_if<T::WriteJournal>(&action)) {
        const bool fails = m_world.diskFails();
        if (!fails)
            m_world.journal = write->journal;
        report(2ms, T::JournalWritten{fails ? Result<void>(broken) : Result<void>()});
    } else if (const auto *request = std::get_if<T::Send>(&action)) {
        send(request->refreshToken);
    } else if (const auto *save = std::get_if<T::Save>(&action)) {
        TokenSet set = save->tokens;
        set.clockError = m_clock.offset();
        report(3ms, T::Saved{m_world.save(set)});
    } else if (const auto *wait = std::get_if<T::Wait>(&action)) {
        report(wait->time, T::Elapsed{});
    } else if (const auto *news = std::get_if<T::Publish>(&action)) {
        publish(news->tokens);
    } else if (std::holds_alternative<T::Unlock>(action)) {
        if (m_world.lockedBy == m_id)
            m_world.lockedBy = -1;
        m_world.checkNothingUnsaved(m_id);
    }
}

// As the session does it: after a wake-up the host must be reached twice, with a pause between.
void Process::probe(bool settled)
{
    const int serial = m_serial;
    after(latency(), [this, serial, settled] {
        if (serial != m_serial)
            return;
        const bool reached = m_world.isReachable();
        const bool woken = m_wokenBefore != m_world.lastWake;
        if (reached && woken && !settled) {
            m_wokenBefore = m_world.lastWake;
            after(1s + Duration(qint64(m_world.unit() * 3'000)), [this, serial] {
                if (serial == m_serial)
                    probe(true);
            });
            return;
        }
        feed(T::Probed{reached ? Result<void>() : Result<void>(Error(ErrorCode::Offline))});
    });
}

void Process::send(const Secret &token)
{
    const int serial = m_serial;
    const Duration left = m_world.time();
    if (m_wokenBefore != m_world.lastWake) // slept since the probe
        return after(1ms, [this] { feed(T::Answered{{TokenAnswerClass::NotSent, {}, Error(ErrorCode::Offline), false}}); });
    const Instant sent = m_clock.instant();
    const World::Exchange exchange = m_world.exchange(token.reveal().toByteArray(), m_id);
    const bool inTime = exchange.took < 30s;
    const TokenAnswer none{TokenAnswerClass::Ambiguous, {}, Error(ErrorCode::Timeout), true};
    const TokenAnswer answer = inTime ? exchange.answer : none;
    after(std::min<Duration>(exchange.took, 30s), [=, this] {
        if (serial != m_serial)
            return;
        if (m_world.lastWake > left) { // the connection did not survive the sleep
            m_world.checkNothingUnsaved(-1);
            return after(5s, [this, serial, none] {
                if (serial == m_serial)
                    feed(T::Answered{none});
            });
        }
        if (exchange.hasDate && inTime)
            m_clock.observe({WallTime(std::chrono::floor<std::chrono::seconds>(m_world.time() - exchange.took / 2)), sent,
                             m_clock.instant()});
        feed(T::Answered{answer});
    });
}

void Process::publish(const TokenSet &set)
{
    m_tokens = set;
    m_life.take(set, m_clock, m_world.m_random);
    schedule();
}

void Process::schedule()
{
    const auto soft = m_life.plan().soft;
    if (!soft || m_tokens.refreshToken.isEmpty())
        return;
    const quint64 generation = m_tokens.generation;
    after(std::max<Duration>(*soft - m_clock.instant(), 1ms), [this, generation] {
        if (generation == m_tokens.generation)
            begin();
    });
}

void Process::finish(const T::Finish &finish)
{
    auto cause = RetryPlanner::Cause::Network;
    switch (finish.outcome) {
    case Outcome::Refreshed:
    case Outcome::Adopted:
        m_retry.reset();
        m_hold.reset();
        if (finish.outcome == Outcome::Refreshed)
            m_life.noteRefresh(m_clock.instant());
        return;
    case Outcome::Recovered:
    case Outcome::Cancelled:
        return;
    case Outcome::SignedOut:
    case Outcome::NeedsPerson:
        if (!m_world.hasEnded()) {
            ++m_world.result.falseSignOuts;
            m_world.problem("somebody was signed out by accident");
        }
        m_person = true;
        return after(1s + Duration(qint64(m_world.unit() * 60'000)), [this] { signIn(); });
    case Outcome::Busy:
        cause = RetryPlanner::Cause::Busy;
        break;
    case Outcome::Storage:
        cause = RetryPlanner::Cause::Storage;
        break;
    case Outcome::Configuration:
        cause = RetryPlanner::Cause::Configuration;
        break;
    default:
        break;
    }
    const Duration wait = m_retry.next(cause, finish.error.retryAfter(), m_world.m_random);
    const bool hold = cause == RetryPlanner::Cause::Busy || cause == RetryPlanner::Cause::Configuration;
    m_hold = m_clock.instant() + (hold ? wait : std::min<Duration>(wait, 1s));
    after(wait, [this] { begin(); });
}

void Process::signIn()
{
    if (!m_person)
        return; // the other process was quicker
    m_person = false;
    ++m_world.result.signIns;
    TokenSet fresh = m_world.signIn();
    fresh.issuedAt = m_clock.now();
    fresh.expiresAt = m_clock.now() + m_world.lifetime;
    fresh.sentAt = m_clock.instant();
    fresh.bootId = m_clock.run();
    feed(T::Replace{fresh, m_tokens.generation});
}

} // namespace Simulation
