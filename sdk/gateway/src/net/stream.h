// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/acceptguard.h"
#include "net/reactor.h"
#include "net/streamend.h"
#include "net/tlssession.h"

#include <boost/asio/posix/basic_stream_descriptor.hpp>

namespace Watchword::Gateway::Net {

/*!
    What speaks on a stream. All calls come from the reactor's thread, none from inside a call to the stream but ended(),
    which end() makes at once. Every call may close the stream or replace this handler; both live on until the end of the turn.
*/
class StreamHandler
{
public:
    StreamHandler() = default;
    StreamHandler(const StreamHandler &) = delete;
    StreamHandler &operator=(const StreamHandler &) = delete;
    virtual ~StreamHandler() = default;

    virtual void established(Stream &) { } //!< TLS is done; at once on a plain stream.
    //! Returns how many of \a bytes are used. Fewer than all only after setReadPaused(true): the rest comes again.
    virtual std::size_t received(Stream &stream, std::span<std::uint8_t> bytes) = 0;
    virtual void inputEnded(Stream &stream); //!< The peer sends no more. By default: close().
    virtual void drained(Stream &) { } //!< Was above the high mark, is below the low one.
    virtual void flushed(Stream &) { } //!< What was queued was offered to the kernel: queuedBytes() is what it did not take.
    virtual void timedOut(Stream &stream); //!< The deadline. By default the stream ends with TimedOut.
    virtual void ended(Stream &, StreamEnd) { } //!< The last call.
};

struct StreamLimits
{
    std::size_t high = 256 * 1024; //!< Unsent bytes from which on isAboveHigh().
    std::size_t low = 64 * 1024;
    std::size_t most = 8 * 1024 * 1024; //!< Beyond this the stream ends with Overflowed.
    std::chrono::milliseconds handshake{5000}; //!< Deadline of TLS and, unless the handler moves it, of what follows.
    std::chrono::milliseconds stall{30'000};
    std::chrono::milliseconds linger{2000}; //!< For the peer's end after ours.
};

/*!
    One TCP connection with or without TLS, in its reactor: reads in batches, queues and flushes output, and keeps its bounds.

    A wake-up reads at most kRounds times the reactor's scratch; if there is more, the others get their turn first. Output is
    written once, at the end of the turn. While the kernel takes everything, an idle stream owns no buffer at all. A TLS stream
    whose output is stuck is not read until it moves: what the peer does not read brakes what it sends.

    close() sends what waits, says goodbye in TLS and TCP, and drops what still comes for a moment, since a reset would take
    the last bytes from the peer; abort() ends at once.

    Life cycle: Reactor::add() begins it; after end() it is destroyed at the end of the turn. Threads: the reactor's.
*/
class Stream
{
public:
    static constexpr int kRounds = 4;

    struct Options
    {
        std::shared_ptr<const TlsContext> tls; //!< Null: plain.
        SocketAddress peer; //!< The client; behind a trusted proxy, whom that named.
        SocketAddress proxy; //!< The proxy then; else equal to peer.
        std::vector<std::uint8_t> prefix; //!< Read already.
        Ticket ticket;
        StreamLimits limits;
        bool isOutgoing = false; //!< We connected; it counts in Reactor::outgoing().
        std::string serverName{}; //!< With TLS then: whose certificate it has to be.
    };

    //! Takes \a descriptor, which is a connected, non-blocking socket.
    Stream(Reactor &reactor, int descriptor, Options options, std::unique_ptr<StreamHandler> handler);
    ~Stream();
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;

    StreamId id() const { return m_id; }
    Reactor &reactor() const { return m_reactor; }
    StreamCounters &counters() const { return m_counters; }
    const SocketAddress &peer() const { return m_peer; }
    const SocketAddress &proxy() const { return m_proxy; }
    const TlsSession *tls() const { return m_tls.get(); } //!< Null: plain, or nothing came yet.
    bool isOpen() const { return m_state == State::Handshaking || m_state == State::Open; }

    //! Queues \a bytes for the end of the turn. Nothing after close(). False: the stream has ended, of this or before.
    bool write(std::span<const std::uint8_t> bytes);
    std::size_t queuedBytes() const { return m_output.size(); }
    bool isAboveHigh() const { return m_isAboveHigh; }
    //! Stops reading, so that TCP brakes the peer; its end is not noticed either. Resuming goes on in a turn of its own.
    void setReadPaused(bool isPaused);
    bool isReadPaused() const { return m_isPaused; }
    //! The deadline of the handler; one at a time.
    void setDeadline(TimingWheel::Duration after);
    void clearDeadline() { m_deadline.cancel(); }
    //! The first request is understood: this connection does not count as a handshake any more.
    void handshakeDone();
    void setHandler(std::unique_ptr<StreamHandler> handler);
    StreamHandler &handler() const { return *m_handler; }
    void close();
    void abort(StreamEnd reason = StreamEnd::Closed) { end(reason); }

private:
    friend class Reactor;
    enum class State { Handshaking, Open, Closing, Lingering, Ended };
    using Descriptor = boost::asio::posix::basic_stream_descriptor<Reactor::Executor>;

    class Alarm final : public TimingWheel::Timer
    {
    public:
        Alarm(Stream &stream, void (Stream::*action)())
            : m_stream(stream)
            , m_action(action)
        {
        }

    private:
        void due() override { (m_stream.*m_action)(); }
        Stream &m_stream;
        void (Stream::*m_action)();
    };

    void begin(StreamId id);
    void end(StreamEnd reason);
    void armRead();
    void armWrite();
    void readable();
    void readAgain(); // in a turn of its own
    void shakeHands();
    void readBatches();
    IoResult fill(std::span<std::uint8_t> scratch);
    bool deliver(std::span<std::uint8_t> bytes);
    bool deliverKept();
    void inputStopped(IoStatus status);
    void discardInput();
    void flush();
    IoResult writeSome(std::span<const std::uint8_t> bytes);
    void afterFlush();
    void sayGoodbye();
    void deadlineCame();
    void stallCame();

    Reactor &m_reactor;
    StreamCounters &m_counters;
    StreamId m_id;
    Descriptor m_descriptor;
    SocketEnd m_end;
    std::shared_ptr<const TlsContext> m_context; // until a client's first byte comes
    std::unique_ptr<TlsSession> m_tls;
    std::unique_ptr<StreamHandler> m_handler;
    SocketAddress m_peer;
    SocketAddress m_proxy;
    Ticket m_ticket;
    const StreamLimits m_limits;
    OutputQueue m_output;
    std::vector<std::uint8_t> m_kept; // what a paused handler did not use
    Alarm m_deadline;
    Alarm m_stall;
    std::uint64_t m_writtenAtStall = 0;
    std::size_t m_discarded = 0;
    State m_state = State::Handshaking;
    bool m_isHandshaking = true; // counts as one
    bool m_isReadArmed = false;
    bool m_isWriteArmed = false;
    bool m_isPaused = false;
    bool m_isTouched = false;
    bool m_isAboveHigh = false;
    bool m_hasMore = false; // a posted readAgain() is on its way
    bool m_inputEnded = false;
    bool m_isEndToTell = false; // behind what is kept
    bool m_readWantsWrite = false; // TLS has to write before it reads on
};

} // namespace Watchword::Gateway::Net
