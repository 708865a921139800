// SPDX-License-Identifier: Apache-2.0
#include "refresh/refreshhold.h"

#include <utility>

namespace Watchword {

using namespace std::chrono_literals;

bool NetworkHold::pauses(bool disconnected)
{
    if (!disconnected || waitsForNetwork())
        return false;
    m_state = NoNetwork{};
    return true;
}

void NetworkHold::begun()
{
    if (waitsForNetwork())
        m_state = Free{};
}

void NetworkHold::failed(RetryPlanner::Cause cause, Duration wait, Instant now)
{
    if (cause == RetryPlanner::Cause::Busy || cause == RetryPlanner::Cause::Configuration)
        m_state = AskedForTime{now + wait};
    else
        m_state = Failed{now + std::min<Duration>(wait, 1s)};
}

void NetworkHold::networkChanged()
{
    if (std::holds_alternative<Failed>(m_state))
        m_state = Free{};
}

std::optional<Duration> NetworkHold::remaining(Instant now) const
{
    std::optional<Instant> until;
    if (const auto *failed = std::get_if<Failed>(&m_state))
        until = failed->until;
    else if (const auto *asked = std::get_if<AskedForTime>(&m_state))
        until = asked->until;
    return until && now < *until ? std::optional<Duration>(*until - now) : std::nullopt;
}

bool NetworkHold::waitsForNetwork() const
{
    return std::holds_alternative<NoNetwork>(m_state);
}

bool NetworkHold::wantsNetwork() const
{
    return waitsForNetwork() || std::holds_alternative<Failed>(m_state);
}

bool SleepHold::defersRefresh()
{
    if (!isGoingToSleep())
        return false;
    m_phase = Phase::RefreshDue;
    return true;
}

void SleepHold::forget()
{
    if (m_phase == Phase::RefreshDue)
        m_phase = Phase::GoingToSleep;
}

SleepHold::Morning SleepHold::woke()
{
    const Phase before = std::exchange(m_phase, Phase::Woken);
    return before == Phase::RefreshDue ? Morning::RefreshDue : Morning::NothingDue;
}

bool SleepHold::networkProved()
{
    if (m_phase != Phase::Woken)
        return false;
    m_phase = Phase::Awake;
    return true;
}

} // namespace Watchword
