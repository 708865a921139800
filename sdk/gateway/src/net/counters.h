// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace Watchword::Gateway::Net {

/*! A number that one thread changes and any thread reads. */
class Counter
{
public:
    void add(std::uint64_t amount = 1) { m_value.store(value() + amount, std::memory_order_relaxed); }
    void subtract(std::uint64_t amount = 1) { m_value.store(value() - amount, std::memory_order_relaxed); }
    std::uint64_t value() const { return m_value.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> m_value{0};
};

/*! What one reactor did, since its start, and has now. */
struct StreamCounters
{
    Counter established; //!< TLS handshakes done, or plain connections.
    Counter resumed; //!< Of these, by a session ticket.
    Counter tlsFailed; //!< Handshakes that were no good.
    Counter timedOut; //!< Neither handshake nor head in time.
    Counter stalled; //!< Took nothing for too long.
    Counter overflowed; //!< More was to be sent than may wait.
    Counter reset; //!< Ended by an error of TCP or TLS after the handshake.
    Counter ended;
    Counter tooManyControls; //!< WebSocket connections that were closed for a rule, from here on.
    Counter tooManyFragments;
    Counter messageTooBig;
    Counter messageTooSlow;
    Counter protocolBroken;
    Counter bytesIn;
    Counter bytesOut;
    Counter live; //!< Now
    Counter handshaking; //!< Of these, those without a complete request.
};

/*! What a listener did with accepted sockets. */
struct ListenerCounters
{
    Counter accepted;
    Counter totalReached;
    Counter addressReached;
    Counter tooFast;
    Counter handshakesReached;
    Counter addressHandshakesReached;
    Counter noDescriptor; //!< Turned away, or not accepted for a moment, because too few descriptors are left.
    Counter badProxyHeader; //!< A trusted proxy sent none, a wrong one, or none in time.
};

} // namespace Watchword::Gateway::Net
