// SPDX-License-Identifier: Apache-2.0
#include "net/heartbeat.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace Watchword::Gateway::Net {

namespace {

constexpr Liveness::Duration kLongPeriod{10'000}; // from which on a second more or less is nothing

} // namespace

Heartbeat::Heartbeat(Reactor &reactor, Owner &owner)
    : m_reactor(reactor)
    , m_owner(owner)
    , m_liveness(reactor.now())
{
}

void Heartbeat::setPeriod(Liveness::Duration period)
{
    if (period == m_period)
        return;
    m_period = period;
    if (period.count() <= 0)
        cancel();
    else if (m_liveness.ping() == 0)
        due();
    else
        plan();
}

Liveness::Duration Heartbeat::together(Liveness::Duration after, Liveness::Duration period, Liveness::Instant now)
{
    using namespace std::chrono;
    const bool isLong = period >= kLongPeriod;
    return ceil<milliseconds>((isLong ? ceil<seconds>(now + after) : now + after) - now);
}

void Heartbeat::plan()
{
    using namespace std::chrono;
    const Liveness::Instant now = m_reactor.now();
    const auto left = ceil<milliseconds>(std::max(m_liveness.nextLook(m_period), now) - now);
    m_reactor.startTimer(*this, left.count() > 0 ? together(left, m_period, now) : left);
}

void Heartbeat::due()
{
    switch (m_liveness.look(m_owner.traffic(), m_period, m_reactor.now())) {
    case Liveness::Verdict::Fine:
        break;
    case Liveness::Verdict::Ping:
        m_owner.pingDue(Wire::bytesOf(std::to_string(m_liveness.ping())));
        break;
    case Liveness::Verdict::Gone:
        m_owner.peerGone();
        return;
    }
    if (m_period.count() > 0)
        plan();
}

std::optional<Liveness::Duration> Heartbeat::pongReceived(Wire::Bytes payload)
{
    const std::string_view text = Wire::textOf(payload);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !m_liveness.pongReceived(number, m_reactor.now()))
        return {};
    if (isActive())
        plan();
    return m_liveness.roundTrip();
}

} // namespace Watchword::Gateway::Net
