// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include <cassert>
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

namespace Watchword::Gateway::Net {

namespace {

constexpr std::size_t kMostDiscarded = 1024 * 1024; // after our own end

IoStatus statusOfCount(std::ptrdiff_t count, const SocketEnd &end, IoStatus blocked)
{
    if (count > 0)
        return IoStatus::Done;
    if (count < 0 && end.isBlocked())
        return blocked;
    return count == 0 ? IoStatus::Ended : IoStatus::Failed;
}

} // namespace

void StreamHandler::inputEnded(Stream &stream)
{
    stream.close();
}

void StreamHandler::timedOut(Stream &stream)
{
    stream.counters().timedOut.add();
    stream.abort();
}

Stream::Stream(Reactor &reactor, int descriptor, Options options, std::unique_ptr<StreamHandler> handler)
    : m_reactor(reactor)
    , m_counters(options.isOutgoing ? reactor.mutableOutgoing() : reactor.mutableCounters())
    , m_descriptor(reactor.executor())
    , m_end(descriptor)
    , m_handler(std::move(handler))
    , m_peer(options.peer)
    , m_proxy(options.proxy)
    , m_ticket(std::move(options.ticket))
    , m_limits(options.limits)
    , m_output(reactor.buffers())
    , m_deadline(*this, &Stream::deadlineCame)
    , m_stall(*this, &Stream::stallCame)
{
    // The system can refuse to watch it; begin() ends the stream then.
    boost::system::error_code error;
    m_descriptor.assign(descriptor, error);
    if (error)
        ::close(descriptor);
    m_end.setPrefix(options.prefix);
    if (options.tls && options.isOutgoing)
        m_tls = std::make_unique<TlsSession>(std::move(options.tls), m_end, options.serverName);
    else
        m_context = std::move(options.tls);
}

Stream::~Stream() = default;

void Stream::begin(StreamId id)
{
    m_id = id;
    m_counters.handshaking.add();
    if (!m_descriptor.is_open()) {
        end(StreamEnd::PeerReset);
        return;
    }
    setDeadline(m_limits.handshake);
    if (m_tls || (m_context && m_end.hasPrefix())) {
        shakeHands();
        return;
    }
    // OpenSSL takes more than 40 KiB for a handshake. Who says nothing does not get them.
    if (m_context) {
        armRead();
        return;
    }
    m_state = State::Open;
    m_counters.established.add();
    m_handler->established(*this);
    readAgain();
}

void Stream::end(StreamEnd reason)
{
    if (m_state == State::Ended)
        return;
    m_state = State::Ended;
    m_deadline.cancel();
    m_stall.cancel();
    m_kept = {};
    if (reason == StreamEnd::PeerReset)
        m_counters.reset.add();
    else if (reason == StreamEnd::TlsFailed)
        m_counters.tlsFailed.add();
    handshakeDone();
    boost::system::error_code ignored;
    m_descriptor.close(ignored);
    m_handler->ended(*this, reason); // who may ask what was not sent
    m_output.clear();
    m_reactor.bury(*this);
}

void Stream::armRead()
{
    if (m_isReadArmed)
        return;
    m_isReadArmed = true;
    m_descriptor.async_wait(Descriptor::wait_read, [&reactor = m_reactor, id = m_id](const boost::system::error_code &) {
        const Reactor::Turn turn(reactor);
        if (Stream *stream = reactor.find(id)) {
            stream->m_isReadArmed = false;
            stream->m_end.beginTurn();
            stream->readable();
        }
    });
}

void Stream::armWrite()
{
    if (!m_stall.isActive()) {
        m_writtenAtStall = m_end.bytesWritten();
        m_reactor.startTimer(m_stall, m_limits.stall);
    }
    if (m_isWriteArmed)
        return;
    m_isWriteArmed = true;
    m_descriptor.async_wait(Descriptor::wait_write, [&reactor = m_reactor, id = m_id](const boost::system::error_code &) {
        const Reactor::Turn turn(reactor);
        if (Stream *stream = reactor.find(id)) {
            stream->m_isWriteArmed = false;
            if (stream->m_state == State::Handshaking)
                stream->shakeHands();
            else
                stream->flush();
            if (std::exchange(stream->m_readWantsWrite, false))
                stream->readAgain();
        }
    });
}

void Stream::readAgain()
{
    if (std::exchange(m_hasMore, true))
        return;
    m_reactor.post([&reactor = m_reactor, id = m_id] {
        if (Stream *stream = reactor.find(id)) {
            stream->m_hasMore = false;
            stream->m_end.beginTurn();
            stream->readable();
        }
    });
}

void Stream::readable()
{
    switch (m_state) {
    case State::Handshaking:
        shakeHands();
        break;
    case State::Open:
        readBatches();
        break;
    case State::Closing:
    case State::Lingering:
        discardInput();
        break;
    case State::Ended:
        break;
    }
}

void Stream::shakeHands()
{
    if (m_context)
        m_tls = std::make_unique<TlsSession>(std::exchange(m_context, nullptr), m_end);
    switch (m_tls->isValid() ? m_tls->handshake() : IoStatus::Failed) {
    case IoStatus::Done:
        break;
    case IoStatus::WantsRead:
        armRead();
        return;
    case IoStatus::WantsWrite:
        armWrite();
        return;
    case IoStatus::Ended:
    case IoStatus::Failed:
        end(StreamEnd::TlsFailed);
        return;
    }
    m_state = State::Open;
    m_stall.cancel();
    m_counters.established.add();
    if (m_tls->isResumed())
        m_counters.resumed.add();
    if (m_output.size() > 0 && !std::exchange(m_isTouched, true))
        m_reactor.touch(*this);
    m_handler->established(*this);
    // What came behind the handshake lies in OpenSSL already, where no event tells of it.
    if (m_state != State::Ended)
        readAgain();
}

void Stream::readBatches()
{
    for (int round = 0; round < kRounds; ++round) {
        // OpenSSL answers a request for new keys from inside SSL_read, and fails if a record of ours is half written then.
        if (m_tls && m_isWriteArmed) {
            m_readWantsWrite = true;
            return;
        }
        if (!deliverKept() || m_isPaused)
            return;
        if (m_inputEnded) {
            if (std::exchange(m_isEndToTell, false))
                m_handler->inputEnded(*this);
            return;
        }
        const std::span<std::uint8_t> scratch = m_reactor.scratch();
        const IoResult got = fill(scratch);
        m_counters.bytesIn.add(got.count);
        if (got.count > 0 && !deliver(scratch.first(got.count)) && m_state != State::Open)
            return;
        switch (got.status) {
        case IoStatus::Done:
            break;
        case IoStatus::WantsRead:
            if (!m_isPaused)
                armRead();
            return;
        case IoStatus::WantsWrite:
            m_readWantsWrite = true;
            armWrite();
            return;
        case IoStatus::Ended:
        case IoStatus::Failed:
            inputStopped(got.status);
            return;
        }
    }
    readAgain();
}

IoResult Stream::fill(std::span<std::uint8_t> scratch)
{
    if (!m_tls) {
        const std::ptrdiff_t count = m_end.read(scratch.data(), scratch.size());
        return {statusOfCount(count, m_end, IoStatus::WantsRead), count > 0 ? std::size_t(count) : 0};
    }
    IoResult all{IoStatus::Done, 0};
    while (all.status == IoStatus::Done && all.count < scratch.size()) {
        const IoResult some = m_tls->read(scratch.subspan(all.count));
        all = {some.status, all.count + some.count};
    }
    return all;
}

// False when no more may be delivered now.
bool Stream::deliver(std::span<std::uint8_t> bytes)
{
    while (!bytes.empty()) {
        const StreamHandler *handler = m_handler.get();
        const std::size_t used = m_handler->received(*this, bytes);
        if (m_state != State::Open)
            return false;
        bytes = bytes.subspan(used);
        if (m_isPaused) {
            m_kept.assign(bytes.begin(), bytes.end());
            return false;
        }
        assert(used > 0 || handler != m_handler.get());
        if (used == 0 && handler == m_handler.get()) {
            abort(); // it would be called for ever
            return false;
        }
    }
    return true;
}

bool Stream::deliverKept()
{
    if (m_kept.empty() || m_isPaused || m_state != State::Open)
        return m_state == State::Open;
    std::vector<std::uint8_t> kept = std::exchange(m_kept, {});
    return deliver(kept);
}

void Stream::inputStopped(IoStatus status)
{
    if (status == IoStatus::Failed) {
        end(StreamEnd::PeerReset);
        return;
    }
    m_inputEnded = true;
    m_isEndToTell = !m_kept.empty();
    if (!m_isEndToTell)
        m_handler->inputEnded(*this);
}

void Stream::discardInput()
{
    while (!m_inputEnded && m_discarded < kMostDiscarded) {
        const std::span<std::uint8_t> scratch = m_reactor.scratch();
        const std::ptrdiff_t count = m_end.read(scratch.data(), scratch.size());
        if (count > 0) {
            m_discarded += std::size_t(count);
        } else if (count < 0 && m_end.isBlocked()) {
            armRead();
            return;
        } else {
            m_inputEnded = true;
        }
    }
    if (m_state == State::Lingering)
        end(StreamEnd::Closed);
}

bool Stream::write(std::span<const std::uint8_t> bytes)
{
    if (!isOpen())
        return false;
    m_output.append(bytes);
    if (m_output.size() > m_limits.most) {
        m_counters.overflowed.add();
        end(StreamEnd::Overflowed);
        return false;
    }
    if (m_output.size() > m_limits.high)
        m_isAboveHigh = true;
    if (!std::exchange(m_isTouched, true))
        m_reactor.touch(*this);
    return true;
}

void Stream::flush()
{
    m_isTouched = false;
    if (m_state == State::Handshaking || m_state == State::Ended || m_isWriteArmed)
        return;
    while (m_output.size() > 0) {
        const IoResult result = writeSome(m_output.front());
        switch (result.status) {
        case IoStatus::Done:
            m_output.take(result.count);
            m_counters.bytesOut.add(result.count);
            continue;
        case IoStatus::WantsWrite:
            armWrite();
            break;
        case IoStatus::WantsRead:
            armRead();
            break;
        case IoStatus::Ended:
        case IoStatus::Failed:
            end(StreamEnd::PeerReset);
            return;
        }
        break;
    }
    afterFlush();
}

IoResult Stream::writeSome(std::span<const std::uint8_t> bytes)
{
    if (m_tls)
        return m_tls->write(bytes);
    const std::ptrdiff_t count = m_end.write(bytes.data(), bytes.size());
    return {statusOfCount(count, m_end, IoStatus::WantsWrite), count > 0 ? std::size_t(count) : 0};
}

void Stream::afterFlush()
{
    if (m_output.size() == 0) {
        m_stall.cancel();
        if (m_state == State::Closing) {
            sayGoodbye();
            return;
        }
    }
    if (m_isAboveHigh && m_output.size() <= m_limits.low) {
        m_isAboveHigh = false;
        if (m_state == State::Open)
            m_handler->drained(*this);
    }
    if (m_state != State::Ended)
        m_handler->flushed(*this);
}

void Stream::handshakeDone()
{
    if (!std::exchange(m_isHandshaking, false))
        return;
    m_ticket.handshakeDone();
    m_counters.handshaking.subtract();
}

void Stream::close()
{
    if (!isOpen())
        return;
    if (m_state == State::Handshaking) {
        end(StreamEnd::Closed);
        return;
    }
    m_state = State::Closing;
    m_kept = {};
    setDeadline(m_limits.stall);
    if (!std::exchange(m_isTouched, true))
        m_reactor.touch(*this);
}

void Stream::sayGoodbye()
{
    if (m_tls && m_tls->sendClose() == IoStatus::WantsWrite) {
        armWrite();
        return;
    }
    ::shutdown(m_descriptor.native_handle(), SHUT_WR);
    m_state = State::Lingering;
    m_stall.cancel();
    setDeadline(m_limits.linger);
    m_end.beginTurn();
    discardInput();
}

void Stream::setReadPaused(bool isPaused)
{
    if (std::exchange(m_isPaused, isPaused) && !isPaused)
        readAgain();
}

void Stream::setDeadline(TimingWheel::Duration after)
{
    m_reactor.startTimer(m_deadline, after);
}

void Stream::setHandler(std::unique_ptr<StreamHandler> handler)
{
    m_reactor.buryLater(std::shared_ptr<StreamHandler>(std::move(m_handler)));
    m_handler = std::move(handler);
}

void Stream::deadlineCame()
{
    switch (m_state) {
    case State::Handshaking:
        m_counters.timedOut.add();
        end(StreamEnd::TimedOut);
        return;
    case State::Open:
        m_handler->timedOut(*this);
        return;
    case State::Closing:
    case State::Lingering:
        end(StreamEnd::Closed);
        return;
    case State::Ended:
        return;
    }
}

void Stream::stallCame()
{
    if (m_end.bytesWritten() != m_writtenAtStall) {
        m_writtenAtStall = m_end.bytesWritten();
        m_reactor.startTimer(m_stall, m_limits.stall);
        return;
    }
    m_counters.stalled.add();
    end(StreamEnd::Stalled);
}

} // namespace Watchword::Gateway::Net
