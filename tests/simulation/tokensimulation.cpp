// SPDX-License-Identifier: Apache-2.0
#include "simulatedworld.h"

#include <algorithm>
#include <cmath>

namespace Simulation {

using namespace Watchword;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

Instant MachineClock::now() const
{
    return Instant(m_world.time() - bootedAt);
}

WallTime MachineClock::wallNow() const
{
    return WallTime(m_world.time() + error);
}

World::World(quint64 seed, SimulationResult &r)
    : clock(*this)
    , m_random(seed)
    , result(r)
{
    lifetime = std::chrono::floor<std::chrono::seconds>(between(5s, 24h));
    networkTrip = chance(0.1) ? between(1s, 20s) : between(5ms, 800ms);
    clock.error = chance(0.5) ? Duration::zero() : between(1s, 24h * 400) * (chance(0.5) ? 1 : -1);
    m_keepsEnd = chance(0.05);
    stored = signIn();
    stored.issuedAt = clock.wallNow();
    stored.expiresAt = clock.wallNow() + lifetime;
    stored.sentAt = clock.now();
    stored.bootId = clock.bootId();
    stored.generation = 1;
    const int processes = chance(0.5) ? 2 : 1;
    for (int i = 0; i < processes; ++i) {
        m_processes.push_back(std::make_unique<Process>(*this, i));
        m_incarnations.push_back(0);
        restart(i, 1ms);
    }
    fate();
}

Duration World::between(Duration low, Duration high)
{
    const double from = std::log(double(low.count()));
    const double to = std::log(double(high.count()));
    return Duration(qint64(std::exp(from + unit() * (to - from))));
}

void World::at(Duration when, int process, std::function<void()> what)
{
    m_events.push({when, ++m_order, process, process < 0 ? 0 : m_incarnations[size_t(process)], std::move(what)});
}

void World::problem(const char *what)
{
    if (result.firstProblem.isEmpty())
        result.firstProblem = u"%1, after %2 ms in a world of %3 ms lifetimes"_s.arg(QLatin1StringView(what))
                                  .arg(m_time.count())
                                  .arg(lifetime.count());
}

void World::run(qint64 lifetimes)
{
    const Duration end = m_time + lifetime * (lifetimes * 4);
    while (m_issued < lifetimes && m_time < end && !m_events.empty()) {
        Event event = m_events.top();
        m_events.pop();
        if (event.process >= 0 && event.incarnation != m_incarnations[size_t(event.process)])
            continue;
        if (event.process >= 0 && event.when < m_asleepUntil) { // the machine sleeps through it
            event.when = m_asleepUntil + Duration(qint64(unit() * 50));
            m_events.push(std::move(event));
            continue;
        }
        m_time = std::max(m_time, event.when);
        event.what();
    }
    result.lifetimes += m_issued;
}

void World::kill(int process)
{
    ++m_incarnations[size_t(process)];
    m_processes[size_t(process)].reset();
    if (lockedBy == process)
        lockedBy = -1;
    if (m_unsavedBy == process)
        m_unsaved.clear(); // nobody can save it any more
}

void World::restart(int process, Duration in)
{
    at(m_time + in, process, [this, process] {
        m_processes[size_t(process)] = std::make_unique<Process>(*this, process);
        m_processes[size_t(process)]->start();
    });
}

// Something that happens so often in a lifetime on average, for ever.
void World::plan(double perLifetime, std::function<void()> what)
{
    const double wait = -std::log(1 - unit()) * double(lifetime.count()) / perLifetime;
    at(m_time + Duration(qint64(wait) + 1), -1, [this, perLifetime, what = std::move(what)] {
        what();
        plan(perLifetime, what);
    });
}

void World::fate()
{
    plan(0.05, [this] { // sleep
        if (m_time < m_asleepUntil)
            return;
        ++result.sleeps;
        const Duration length = between(10s, 12h);
        m_asleepUntil = lastWake = m_time + length;
        clock.slept += length;
    });
    plan(0.05, [this] { // somebody, or NTP, sets the date
        ++result.steps;
        clock.error = chance(0.3) ? Duration::zero() : clock.error + between(100ms, 24h * 400) * (chance(0.5) ? 1 : -1);
    });
    plan(0.07, [this] { // a crash
        ++result.crashes;
        const int process = int(unit() * double(m_processes.size()));
        kill(process);
        restart(process, between(100ms, 10s));
    });
    plan(0.02, [this] { // the machine is started anew, and its date may be another one afterwards
        if (m_time < m_asleepUntil)
            return;
        ++result.reboots;
        const Duration length = between(20s, 10min);
        ++clock.boot;
        clock.bootedAt = m_time;
        clock.slept = {};
        if (chance(0.5))
            clock.error += between(1s, 24h) * (chance(0.5) ? 1 : -1);
        for (int i = 0; i < int(m_processes.size()); ++i) {
            kill(i);
            restart(i, length + 1s * i);
        }
    });
    plan(0.08, [this] { // an outage
        if (m_outage != Outage::None)
            return;
        ++result.outages;
        m_outage = Outage(1 + int(unit() * 5));
        m_retryAfter = chance(0.5) ? between(1s, 2h) : Duration::zero();
        at(m_time + between(1s, lifetime * 2), -1, [this] { m_outage = Outage::None; });
    });
}

void World::countRequest()
{
    ++result.requests;
    result.inOutages += m_outage != Outage::None;
    m_recent.push_back(m_time);
    std::erase_if(m_recent, [this](Duration one) { return one < m_time - 60s; });
    result.mostInAMinute = std::max(result.mostInAMinute, int(m_recent.size()));
    // Tokens of a few seconds need many; all others do not.
    const auto usual = size_t(4 * 60s / lifetime);
    if (m_recent.size() > 20 + usual) {
        ++result.storms;
        problem("a storm of requests");
    }
}

TokenSet World::issue(TokenAnswer &answer, Duration issued)
{
    const bool same = m_keepsEnd && m_sameEnd > issued + 1s;
    const Duration end = same ? m_sameEnd : issued + lifetime;
    m_sameEnd = end;
    ++m_issued;
    const int number = m_numbers++;
    m_ends.push_back(end);
    m_valid = 'r' + QByteArray::number(number);
    answer.meaning = TokenAnswerClass::Success;
    answer.grant.accessToken = Secret::copy('a' + QByteArray::number(number));
    answer.grant.refreshToken = Secret::copy(m_valid);
    answer.grant.tokenType = u"Bearer"_s;
    answer.grant.expiresIn = std::chrono::floor<std::chrono::seconds>(end - issued);
    TokenSet set;
    set.accessToken = answer.grant.accessToken;
    set.refreshToken = answer.grant.refreshToken;
    return set;
}

TokenSet World::signIn()
{
    m_familyEnded = false;
    m_sameEnd = {};
    TokenAnswer answer;
    return issue(answer, m_time);
}

World::Exchange World::exchange(const QByteArray &token, int process)
{
    if (std::find(m_replaced.begin(), m_replaced.end(), token) != m_replaced.end()) {
        ++result.spentAgain;
        problem("a spent refresh token was sent again");
    }
    Exchange exchange;
    exchange.took = networkTrip + Duration(qint64(unit() * double(networkTrip.count()))) + (chance(0.01) ? between(1s, 60s) : 0s);
    const Error busy =
        Error(ErrorCode::TemporarilyUnavailable)
            .withRetryAfter(m_retryAfter == Duration::zero() ? std::optional<Duration>() : std::min<Duration>(m_retryAfter, 1h));
    if (m_outage == Outage::Refused || m_outage == Outage::Gone) {
        const bool refused = m_outage == Outage::Refused;
        exchange.answer = {
            refused ? TokenAnswerClass::NotSent : TokenAnswerClass::Ambiguous, {}, Error(ErrorCode::Offline), !refused};
        exchange.took = refused ? exchange.took : 30s;
        exchange.hasDate = false;
        return exchange;
    }
    countRequest();
    if (m_outage == Outage::Busy) {
        exchange.answer = {TokenAnswerClass::Busy, {}, busy, false};
        return exchange;
    }
    if (m_outage == Outage::Portal) {
        exchange.answer = {TokenAnswerClass::Garbage, {}, Error(ErrorCode::CaptivePortal), true};
        exchange.hasDate = false;
        return exchange;
    }
    const bool fails = m_outage == Outage::ServerError;
    const bool carriedOut = !fails || chance(0.2);
    if (carriedOut) {
        if (token != m_valid || m_familyEnded || chance(0.0005)) { // a reuse, or an administrator
            m_familyEnded = true;
            exchange.answer = {TokenAnswerClass::FinalUser, {}, Error(ErrorCode::InvalidGrant), false};
            return exchange;
        }
        issue(exchange.answer, m_time + exchange.took / 2);
    }
    if (fails)
        exchange.answer = {TokenAnswerClass::Busy, {}, busy, true};
    else if (chance(0.003))
        exchange.answer = {TokenAnswerClass::Ambiguous, {}, Error(ErrorCode::ConnectionLost), true};
    else if (exchange.took < 30s) {
        m_unsaved = m_valid;
        m_unsavedBy = process;
    }
    return exchange;
}

Result<void> World::save(const TokenSet &set)
{
    if (diskFails())
        return Error(ErrorCode::StorageFailed);
    if (set.generation <= stored.generation)
        return Error(ErrorCode::WrongState);
    if (!stored.refreshToken.isEmpty() && !set.refreshToken.equals(stored.refreshToken)) {
        m_replaced.push_back(stored.refreshToken.reveal().toByteArray());
        if (m_replaced.size() > 50)
            m_replaced.erase(m_replaced.begin());
    }
    stored = set;
    if (set.refreshToken.reveal().toByteArray() == m_unsaved)
        m_unsaved.clear();
    for (int i = 0; i < int(m_processes.size()); ++i)
        at(m_time + 60ms, i, [this, i] {
            if (m_processes[size_t(i)])
                m_processes[size_t(i)]->notify();
        });
    return {};
}

// Minus one: the answer never reached the process, so there was nothing to save.
void World::checkNothingUnsaved(int process)
{
    if (process >= 0 && m_unsavedBy == process && !m_unsaved.isEmpty() && m_unsaved == m_valid) {
        ++result.lost;
        problem("a received refresh token was dropped");
    }
    if (process < 0 || m_unsavedBy == process)
        m_unsaved.clear();
}

} // namespace Simulation

QString SimulationResult::toString() const
{
    using namespace Qt::StringLiterals;
    return u"%1 lifetimes, %2 token requests (%3 of them in outages; otherwise %4 a lifetime; at most %5 in a minute), %6 tokens handed out, "_s
               .arg(lifetimes)
               .arg(requests)
               .arg(inOutages)
               .arg(requestsPerLifetime(), 0, 'f', 3)
               .arg(mostInAMinute)
               .arg(handedOut)
        + u"%1 of them expired, %2 storms, %3 spent tokens sent again, %4 received tokens lost, %5 false sign-outs; "_s
              .arg(expired)
              .arg(storms)
              .arg(spentAgain)
              .arg(lost)
              .arg(falseSignOuts)
        + u"through %1 sleeps, %2 date steps, %3 crashes, %4 restarts of the machine, %5 outages, %6 sign-ins"_s.arg(sleeps)
              .arg(steps)
              .arg(crashes)
              .arg(reboots)
              .arg(outages)
              .arg(signIns);
}

SimulationResult simulateTokens(qint64 lifetimes, quint64 seed, quint64 firstWorld)
{
    constexpr qint64 kInAWorld = 200;
    SimulationResult result;
    for (quint64 world = firstWorld; result.lifetimes < lifetimes; ++world) {
        const QString before = result.firstProblem;
        Simulation::World one(seed * 1'000'003 + world, result);
        one.run(std::min(kInAWorld, lifetimes - result.lifetimes));
        if (before.isEmpty() && !result.firstProblem.isEmpty())
            result.firstProblem += QStringLiteral(" (seed %1, world %2)").arg(seed).arg(world);
    }
    return result;
}
