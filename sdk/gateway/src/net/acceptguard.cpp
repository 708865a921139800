// SPDX-License-Identifier: Apache-2.0
#include "net/acceptguard.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace Watchword::Gateway::Net {

namespace {

constexpr std::chrono::seconds kSweepEvery{1}; // a flood of new addresses must not sweep at each of them

std::uint64_t mixed(std::uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

} // namespace

std::size_t AcceptGuard::Hash::operator()(const IpAddress &address) const
{
    if (address.is_v4())
        return mixed(seed ^ address.to_v4().to_uint());
    const auto bytes = address.to_v6().to_bytes();
    std::uint64_t halves[2];
    std::memcpy(halves, bytes.data(), sizeof halves);
    return mixed(mixed(seed ^ halves[0]) ^ halves[1]);
}

// The seed keeps strangers from choosing addresses that all fall into one bucket.
AcceptGuard::AcceptGuard(const AcceptLimits &limits)
    : m_limits(limits)
    , m_entries(0, Hash{std::uint64_t(std::random_device()()) << 32 | std::random_device()()})
{
}

void AcceptGuard::fill(Entry &entry, Instant now) const
{
    const double rate = m_limits.acceptsPerSecond;
    const double gained = std::chrono::duration<double>(now - entry.filledAt).count() * rate;
    entry.level = std::min(2 * rate, entry.level + std::max(0.0, gained));
    entry.filledAt = now;
}

void AcceptGuard::forgetIdle(Instant now)
{
    if (now - m_sweptAt < kSweepEvery)
        return;
    m_sweptAt = now;
    for (auto it = m_entries.begin(); it != m_entries.end();) {
        fill(it->second, now);
        const bool isIdle = it->second.connections == 0 && it->second.level >= 2 * m_limits.acceptsPerSecond;
        it = isIdle ? m_entries.erase(it) : std::next(it);
    }
}

AcceptGuard::Entry &AcceptGuard::entryOf(IpAddress &counted, Instant now)
{
    if (m_entries.size() >= kMostAddresses && !m_entries.contains(counted)) {
        forgetIdle(now);
        if (m_entries.size() >= kMostAddresses)
            counted = IpAddress();
    }
    const auto [it, isNew] = m_entries.try_emplace(counted);
    if (isNew) {
        it->second.level = 2 * m_limits.acceptsPerSecond;
        it->second.filledAt = now;
    }
    return it->second;
}

AcceptVerdict AcceptGuard::admit(const IpAddress &address, Instant now, IpAddress &counted, bool isShared)
{
    const auto reached = [](std::size_t value, std::size_t limit) { return limit > 0 && value >= limit; };
    if (reached(m_connections, m_limits.connections))
        return AcceptVerdict::TotalReached;
    counted = networkOf(address);
    Entry &entry = entryOf(counted, now);
    if (!isShared && reached(entry.connections, m_limits.connectionsPerAddress))
        return AcceptVerdict::AddressReached;
    if (!isShared && m_limits.acceptsPerSecond > 0) {
        fill(entry, now);
        if (entry.level < 1)
            return AcceptVerdict::TooFast;
        entry.level -= 1;
    }
    if (reached(m_handshakes, m_limits.handshakes))
        return AcceptVerdict::HandshakesReached;
    if (!isShared && reached(entry.handshakes, m_limits.handshakesPerAddress))
        return AcceptVerdict::AddressHandshakesReached;
    ++entry.connections;
    ++entry.handshakes;
    ++m_connections;
    ++m_handshakes;
    return AcceptVerdict::Admitted;
}

void AcceptGuard::handshakeDone(const IpAddress &counted)
{
    --m_handshakes;
    --m_entries.at(counted).handshakes;
}

void AcceptGuard::gone(const IpAddress &counted)
{
    --m_connections;
    const auto it = m_entries.find(counted);
    if (--it->second.connections == 0 && m_limits.acceptsPerSecond <= 0)
        m_entries.erase(it);
}

void TicketOffice::giveBack(const Return &entry)
{
    const std::lock_guard lock(m_mutex);
    m_returns.push_back(entry);
}

void TicketOffice::collectInto(AcceptGuard &guard)
{
    {
        const std::lock_guard lock(m_mutex);
        m_collected.swap(m_returns);
    }
    for (const Return &entry : m_collected) {
        if (entry.handshakeDone)
            guard.handshakeDone(entry.counted);
        if (entry.gone)
            guard.gone(entry.counted);
    }
    m_collected.clear();
}

Ticket::Ticket(std::shared_ptr<TicketOffice> office, const IpAddress &counted)
    : m_office(std::move(office))
    , m_counted(counted)
{
}

Ticket::~Ticket()
{
    giveBack();
}

Ticket::Ticket(Ticket &&other) noexcept
    : m_office(std::exchange(other.m_office, nullptr))
    , m_counted(other.m_counted)
    , m_isHandshaking(other.m_isHandshaking)
{
}

Ticket &Ticket::operator=(Ticket &&other) noexcept
{
    if (this != &other) {
        giveBack();
        m_office = std::exchange(other.m_office, nullptr);
        m_counted = other.m_counted;
        m_isHandshaking = other.m_isHandshaking;
    }
    return *this;
}

void Ticket::handshakeDone()
{
    if (m_office && std::exchange(m_isHandshaking, false))
        m_office->giveBack({m_counted, true, false});
}

void Ticket::giveBack()
{
    if (m_office)
        std::exchange(m_office, nullptr)->giveBack({m_counted, m_isHandshaking, true});
}

} // namespace Watchword::Gateway::Net
