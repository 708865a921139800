// SPDX-License-Identifier: Apache-2.0
#include "refresh/refresher.h"

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Outcome = RefreshTransaction::Finish::Outcome;

namespace {

constexpr Duration kStateLatency = 1ms; // so that an alarm at an end sees the token ended
constexpr Duration kLookWithoutNetwork = 5min;
constexpr Duration kSoonest = 500ms; // a network that is there again needs a moment
constexpr Duration kLatest = 3s; // and not all programs may ask at once

Duration pauseBetween(Duration least, Duration most, RandomSource &random)
{
    return least + Duration(qint64(double((most - least).count()) * random.nextUnit()));
}

QString wordFor(const RefreshTransaction::Finish &finish)
{
    if (finish.error != Error())
        return finish.error.toString();
    switch (finish.outcome) {
    case Outcome::Refreshed:
        return u"refreshed"_s;
    case Outcome::Adopted:
        return u"adopted what another process had stored"_s;
    case Outcome::Recovered:
        return u"stored at last"_s;
    case Outcome::SignedOut:
        return u"signed out"_s;
    case Outcome::Network:
        return u"no network"_s;
    case Outcome::Busy:
        return u"busy"_s;
    case Outcome::Storage:
        return u"storage failed"_s;
    case Outcome::Configuration:
        return u"refused by configuration"_s;
    case Outcome::NeedsPerson:
        return u"needs a person"_s;
    case Outcome::Cancelled:
        return u"cancelled"_s;
    }
    return {};
}

} // namespace

Refresher::Refresher(const Parts &parts, SessionEvents::Report report)
    : m_parts(parts)
    , m_report(report)
    , m_random(*parts.options.random)
    , m_sleep(parts.clock.source())
    , m_runner(parts, m_sleep, std::move(report))
    , m_refreshAlarm(parts.clock.source())
    , m_expiryAlarm(parts.clock.source())
    , m_networkAlarm(parts.clock.source())
{
    connect(&m_refreshAlarm, &Alarm::due, this, &Refresher::onDue);
    connect(&m_expiryAlarm, &Alarm::due, this, [this] { m_report(SessionEvents::TokenEnded{}); });
    connect(&m_networkAlarm, &Alarm::due, this, &Refresher::onNetworkBack);
    connect(&m_sleep, &SleepWatch::aboutToSleep, this, &Refresher::onAboutToSleep);
    connect(&m_sleep, &SleepWatch::woke, this, &Refresher::onWoke);
    connect(&m_runner, &TransactionRunner::ended, this, &Refresher::onEnded);
    connect(&m_runner, &TransactionRunner::saveFailedAgain, this, &Refresher::onSaveFailedAgain);
    connect(&m_runner, &TransactionRunner::noted, this, &Refresher::noted);
    connect(&m_parts.provider.http(), &HttpClient::timeLearned, this, &Refresher::onTimeLearned);
}

Refresher::~Refresher() = default;

void Refresher::watchSurroundings()
{
    if (NetworkHints *given = m_parts.options.networkHints) {
        m_hints = given;
        m_lastHint = given->isDisconnected() ? Network::Gone : Network::There;
        connect(given, &NetworkHints::changed, this, &Refresher::onHints);
    }
    m_sleep.listen();
}

// --- Beginning

void Refresher::begin(const QString &why)
{
    const Instant now = m_parts.clock.instant();
    if (!m_parts.machine.canRefresh() || isRunning() || m_network.remaining(now))
        return;
    if (m_sleep.hold().defersRefresh()) {
        Q_EMIT noted(u"refresh.held"_s, u"the machine is going to sleep"_s);
        return;
    }
    const TokenSet &tokens = m_parts.machine.tokens();
    m_network.begun();
    m_refreshAlarm.cancel();
    Q_EMIT noted(u"refresh.started"_s,
                 u"%1, generation %2, refresh token %3"_s.arg(why).arg(tokens.generation).arg(tokens.refreshToken.fingerprint()));
    m_runner.refresh(tokens);
}

void Refresher::beginNow(const QString &why)
{
    m_network.lifted();
    begin(why);
}

void Refresher::replace(const SessionActions::Store &store)
{
    m_retry.reset();
    m_network.lifted();
    m_runner.replace(store);
}

void Refresher::plan()
{
    m_refreshAlarm.cancel();
    m_expiryAlarm.cancel();
    const SessionMachine::Held *held = m_parts.machine.held();
    if (!held)
        return;
    const RefreshPlan &plan = held->life.plan();
    if (plan.expiry)
        m_expiryAlarm.startAt(*plan.expiry + kStateLatency);
    const bool refreshable =
        plan.soft && !held->tokens.refreshToken.isEmpty() && !m_parts.machine.is<SessionMachine::NeedsPerson>();
    if (refreshable)
        m_refreshAlarm.startAt(*plan.soft);
    Q_EMIT nextAttemptPlanned(refreshable ? std::optional<Duration>(*plan.soft - m_parts.clock.instant()) : std::nullopt);
}

void Refresher::forget()
{
    m_refreshAlarm.cancel();
    m_expiryAlarm.cancel();
    m_networkAlarm.cancel();
    m_network.lifted();
    m_sleep.hold().forget();
    m_runner.forget();
    m_parts.keys.forget();
}

std::optional<Error> Refresher::refusal(const Error &lastProblem) const
{
    const Instant now = m_parts.clock.instant();
    const SessionMachine::Held *held = m_parts.machine.held();
    const std::optional<Duration> storm = held ? held->life.storm(now) : std::nullopt;
    if (storm && !isRunning())
        return Error(ErrorCode::TemporarilyUnavailable, u"the token that was just refreshed has ended already, or was refused"_s)
            .withRetryAfter(*storm);
    if (const std::optional<Duration> wait = m_network.remaining(now))
        return Error(lastProblem).withRetryAfter(*wait);
    return std::nullopt;
}

// --- Its end

void Refresher::onEnded(SessionEvents::TransactionEnded ended)
{
    const bool replaced = ended.of == SessionEvents::TransactionEnded::Of::Replacement;
    Q_EMIT noted(u"refresh.finished"_s,
                 replaced && ended.finish.error == Error() ? u"stored the sign-in or the sign-out"_s : wordFor(ended.finish));
    switch (ended.finish.outcome) {
    case Outcome::Refreshed:
    case Outcome::Adopted:
        m_retry.reset();
        m_network.lifted();
        break;
    case Outcome::Network:
    case Outcome::Busy:
    case Outcome::Storage:
    case Outcome::Configuration:
        ended.finish.error = explained(ended.finish.error);
        if (!replaced)
            ended.retryIn = planRetry(ended.finish);
        break;
    default:
        break;
    }
    m_report(ended);
    // A refresh that became due while the disk was being tried did not begin.
    if (ended.finish.outcome == Outcome::Recovered && !m_refreshAlarm.isActive())
        plan();
}

void Refresher::onSaveFailedAgain()
{
    const SessionMachine::Held *held = m_parts.machine.held();
    if (held && !held->life.isLive(m_parts.clock.instant()) && !m_refreshAlarm.isActive())
        begin(u"the access token ended"_s);
}

Duration Refresher::planRetry(const RefreshTransaction::Finish &finish)
{
    auto cause = RetryPlanner::Cause::Network;
    if (finish.outcome == Outcome::Busy)
        cause = RetryPlanner::Cause::Busy;
    else if (finish.outcome == Outcome::Storage)
        cause = RetryPlanner::Cause::Storage;
    else if (finish.outcome == Outcome::Configuration)
        cause = RetryPlanner::Cause::Configuration;
    const Duration wait = m_retry.next(cause, finish.error.retryAfter(), m_random);
    m_network.failed(cause, wait, m_parts.clock.instant());
    m_refreshAlarm.start(wait);
    Q_EMIT nextAttemptPlanned(wait);
    return wait;
}

// A page in the way says more than that something failed.
Error Refresher::explained(const Error &error) const
{
    if (!m_hints || !m_hints->isBehindCaptivePortal() || error.condition() != ErrorCondition::Offline)
        return error;
    return Error(ErrorCode::CaptivePortal, error.toString()).withRetryAfter(error.retryAfter());
}

// --- Network and sleep, as the system tells them

// A refresh is due by its plan, or again after one that failed.
void Refresher::onDue()
{
    if (!m_network.pauses(m_hints && m_hints->isDisconnected()))
        return begin(u"schedule"_s);
    Q_EMIT noted(u"refresh.paused"_s, u"this machine has no network"_s);
    m_refreshAlarm.start(kLookWithoutNetwork);
    Q_EMIT nextAttemptPlanned(kLookWithoutNetwork);
    m_report(SessionEvents::RefreshPaused{Error(ErrorCode::Offline, u"this machine has no network"_s)});
}

void Refresher::onHints()
{
    if (!m_hints)
        return;
    const Network before = std::exchange(m_lastHint, m_hints->isDisconnected() ? Network::Gone : Network::There);
    if (m_lastHint == Network::Gone)
        return m_networkAlarm.cancel();
    if (before == Network::Gone && m_network.wantsNetwork() && !m_networkAlarm.isActive())
        m_networkAlarm.start(pauseBetween(kSoonest, kLatest, m_random));
}

void Refresher::onNetworkBack()
{
    m_retry.reset();
    m_network.networkChanged();
    begin(u"the network is back"_s);
}

// What was sent may be answered yet; what was not is not begun, so that its answer is not lost in the night.
void Refresher::onAboutToSleep()
{
    Q_EMIT noted(u"machine.sleeps"_s, {});
    if (!m_runner.isUnsentRefresh())
        return;
    m_sleep.hold().defersRefresh();
    m_runner.cancel();
}

// The network that is there after a wake-up is often the one from before, or none: a refresh token is not spent into it.
void Refresher::onWoke(Duration slept, SleepHold::Morning morning)
{
    Q_EMIT noted(u"machine.woke"_s, u"after %1 s"_s.arg(slept.count() / 1000));
    if (m_parts.clock.takeStep())
        Q_EMIT noted(u"clock.stepped"_s, u"while the machine slept"_s);
    m_parts.provider.http().onWake();
    Q_EMIT timePassed();
    if (std::holds_alternative<NetworkHold::Failed>(m_network.state())) {
        m_retry.reset();
        m_network.networkChanged();
        if (m_refreshAlarm.isActive())
            m_refreshAlarm.startAt(m_parts.clock.instant());
    }
    if (morning == SleepHold::Morning::RefreshDue)
        begin(u"the machine woke up"_s);
}

void Refresher::onTimeLearned(const ServerTime &time)
{
    if (m_parts.clock.takeStep())
        Q_EMIT noted(u"clock.stepped"_s, u"the date of this machine was set"_s);
    m_parts.clock.observe(time);
    const auto warning = m_parts.clock.takeWarning();
    if (!warning)
        return;
    Q_EMIT noted(u"clock.skew"_s, warning->count() == 0 ? u"put right"_s : u"%1 s"_s.arg(warning->count()));
    Q_EMIT clockSkewDetected(warning->count());
}

} // namespace Watchword
