// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/address.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace Watchword::Gateway::Net {

/*! What strangers can make a listener do before TLS. 0 is no limit. */
struct AcceptLimits
{
    std::size_t connections = 10'000; //!< Open ones of all kinds.
    std::size_t handshakes = 1'000; //!< Those that have not finished the head of their first request.
    std::size_t connectionsPerAddress = 0; //!< IPv6 addresses count with their /64.
    std::size_t handshakesPerAddress = 0;
    double acceptsPerSecond = 0; //!< For each address; a burst of twice as many is allowed.
};

enum class AcceptVerdict { Admitted, TotalReached, AddressReached, TooFast, HandshakesReached, AddressHandshakesReached };

/*!
    Decides about accepted sockets before a byte is read from them: total, number and rate of the address, handshakes in
    progress, in this order. Remembers at most kMostAddresses; addresses beyond that share one entry.

    Threads: one, that of the listener; tickets come back from any (see TicketOffice).
*/
class AcceptGuard
{
public:
    using Instant = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kMostAddresses = 50'000;

    explicit AcceptGuard(const AcceptLimits &limits = {});

    void setLimits(const AcceptLimits &limits) { m_limits = limits; }
    //! \a counted is what handshakeDone() and gone() are to be called with: the address may be counted with others.
    //! \a isShared: it brings clients of many addresses, so that the limits for one do not count.
    AcceptVerdict admit(const IpAddress &address, Instant now, IpAddress &counted, bool isShared = false);
    void handshakeDone(const IpAddress &counted);
    void gone(const IpAddress &counted); //!< After handshakeDone().
    std::size_t connections() const { return m_connections; }
    std::size_t handshakes() const { return m_handshakes; }
    std::size_t addresses() const { return m_entries.size(); }

private:
    struct Hash
    {
        std::uint64_t seed;
        std::size_t operator()(const IpAddress &address) const;
    };
    struct Entry
    {
        std::uint32_t connections = 0;
        std::uint32_t handshakes = 0;
        double level = 0;
        Instant filledAt{};
    };

    Entry &entryOf(IpAddress &counted, Instant now);
    void forgetIdle(Instant now);
    void fill(Entry &entry, Instant now) const;

    AcceptLimits m_limits;
    std::size_t m_connections = 0;
    std::size_t m_handshakes = 0;
    std::unordered_map<IpAddress, Entry, Hash> m_entries;
    Instant m_sweptAt{};
};

/*!
    Where connections give back what an AcceptGuard counted for them. Nothing wakes the listener: it collects before it decides.
    Threads: any; the lock is held for one entry.
*/
class TicketOffice
{
public:
    struct Return
    {
        IpAddress counted;
        bool handshakeDone = false;
        bool gone = false;
    };
    void giveBack(const Return &entry);
    void collectInto(AcceptGuard &guard);

private:
    std::mutex m_mutex;
    std::vector<Return> m_returns; //!< At most two for each connection that the guard admitted.
    std::vector<Return> m_collected;
};

/*! One admitted connection. Counts until it is destroyed, so that no path can forget to give it back. Threads: one at a time. */
class Ticket
{
public:
    Ticket() = default;
    Ticket(std::shared_ptr<TicketOffice> office, const IpAddress &counted);
    ~Ticket();
    Ticket(Ticket &&other) noexcept;
    Ticket &operator=(Ticket &&other) noexcept;
    void handshakeDone(); //!< Once; later calls do nothing.

private:
    void giveBack();

    std::shared_ptr<TicketOffice> m_office;
    IpAddress m_counted;
    bool m_isHandshaking = true;
};

} // namespace Watchword::Gateway::Net
