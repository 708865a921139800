// SPDX-License-Identifier: Apache-2.0
#include "relay/relayleg.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace Watchword::Gateway {

namespace {

constexpr std::uint64_t kNoLimit = std::uint64_t(1) << 62; // what is not kept needs no bound; the endpoint's are judged before

Wire::FrameRules rulesOf(Wire::Role role)
{
    Wire::FrameRules rules;
    rules.role = role;
    rules.limits.frame = rules.limits.message = kNoLimit;
    rules.limits.fragments = 1024 * 1024;
    return rules;
}

// Keys that nobody can guess (RFC 6455 section 10.3), many at a time: one call of the generator costs more than a frame.
class MaskKeys
{
public:
    std::optional<Wire::MaskKey> next()
    {
        if (m_at == m_bytes.size()) {
            if (RAND_bytes(m_bytes.data(), int(m_bytes.size())) != 1)
                return {};
            m_at = 0;
        }
        Wire::MaskKey key;
        std::memcpy(key.data(), m_bytes.data() + m_at, key.size());
        m_at += key.size();
        return key;
    }

private:
    std::array<std::uint8_t, 1024> m_bytes{};
    std::size_t m_at = m_bytes.size();
};

thread_local MaskKeys maskKeys;

} // namespace

RelayLeg::RelayLeg(Net::Stream &stream, const Options &options, std::shared_ptr<RelayLegUser> user)
    : m_stream(stream)
    , m_user(std::move(user))
    , m_options(options)
    , m_parser(rulesOf(options.role))
    , m_controlCredit(2 * options.controlFramesPerSecond)
    , m_creditAt(stream.reactor().now())
{
}

RelayLeg::~RelayLeg() = default;

void RelayLeg::writeFrame(Wire::Opcode opcode, bool isLast, Wire::Bytes prefix, Wire::MutableBytes payload)
{
    std::array<std::uint8_t, Wire::kLargestHeader> header{};
    Wire::FrameHeader frame;
    frame.opcode = opcode;
    frame.fin = isLast;
    frame.length = prefix.size() + payload.size();
    std::optional<Wire::MaskKey> mask;
    if (m_options.role == Wire::Role::Client) {
        mask = maskKeys.next();
        if (!mask) {
            m_stream.abort();
            return;
        }
        Wire::applyMask(payload, *mask);
    }
    const std::size_t size = Wire::writeHeader(header.data(), frame, mask ? &*mask : nullptr);
    m_written += size + prefix.size() + payload.size();
    bool isThere = m_stream.write(std::span(header).first(size));
    if (isThere && !prefix.empty())
        isThere = m_stream.write(prefix);
    if (isThere && !payload.empty())
        m_stream.write(payload);
}

void RelayLeg::writeControl(Wire::Opcode opcode, Wire::Bytes payload)
{
    std::array<std::uint8_t, Wire::kLargestControl> copy{};
    const std::size_t size = std::min(payload.size(), copy.size());
    std::copy_n(payload.begin(), size, copy.begin());
    writeFrame(opcode, true, {}, std::span(copy).first(size));
}

void RelayLeg::beginMessage(Wire::Opcode type)
{
    m_outType = type;
    m_isInMessage = m_isFirstPiece = true;
}

void RelayLeg::sendPiece(Wire::MutableBytes bytes, bool isLast, Wire::Bytes prefix)
{
    if (m_state != State::Open || !m_isInMessage)
        return;
    m_isInMessage = !isLast;
    writeFrame(std::exchange(m_isFirstPiece, false) ? m_outType : Wire::Opcode::Continuation, isLast, prefix, bytes);
}

void RelayLeg::sendMessage(Wire::Opcode type, Wire::Bytes message)
{
    std::vector<std::uint8_t> copy(message.begin(), message.end());
    beginMessage(type);
    sendPiece(copy, true);
}

void RelayLeg::ping(Wire::Bytes payload)
{
    if (m_state == State::Open)
        writeControl(Wire::Opcode::Ping, payload);
}

void RelayLeg::close(std::uint16_t code, std::string_view reason)
{
    beginClose({Net::WebSocketEnd::By::Us, code, std::string(reason)});
}

void RelayLeg::beginClose(const Net::WebSocketEnd &end)
{
    if (m_state != State::Open)
        return;
    m_state = State::Closing;
    m_end = end;
    m_pong.reset();
    std::array<std::uint8_t, Wire::kLargestControl> payload{};
    const bool isAnswer = end.by == Net::WebSocketEnd::By::Peer;
    const std::size_t size = Wire::writeClosePayload(payload.data(), end.code, isAnswer ? "" : end.reason);
    writeControl(Wire::Opcode::Close, std::span(payload).first(size));
    if (end.by == Net::WebSocketEnd::By::Us) {
        m_stream.setDeadline(m_options.closeTime);
        m_stream.setReadPaused(false); // its close frame has to be seen
        return;
    }
    m_stream.close(); // the peer expects nothing more, or nothing it says makes sense
    m_user->closing(*this, end);
}

void RelayLeg::setReadPaused(bool isPaused)
{
    if (m_state == State::Open)
        m_stream.setReadPaused(isPaused);
}

std::size_t RelayLeg::received(Net::Stream &stream, std::span<std::uint8_t> bytes)
{
    const Wire::FeedResult result = m_parser.feed(bytes, *this);
    if (result.status == Wire::FeedStatus::Failed && stream.isOpen()) {
        if (m_state == State::Open) {
            const Wire::Fault fault = m_parser.fault();
            stream.counters().protocolBroken.add();
            fail(Wire::closeCodeOf(fault), Wire::describe(fault));
        } else {
            stream.close();
        }
        return bytes.size();
    }
    if (m_pong && !stream.isAboveHigh())
        answerPing();
    if (m_state == State::Open)
        m_user->batchEnded(*this, bytes.size());
    return bytes.size();
}

Wire::Flow RelayLeg::flow() const
{
    return m_stream.isOpen() ? Wire::Flow::GoOn : Wire::Flow::Stop;
}

Wire::Flow RelayLeg::frameStarted(const Wire::FrameHeader &header)
{
    m_header = header;
    m_left = header.length;
    if (m_state != State::Open)
        return flow();
    m_user->frameAnnounced(*this, header);
    if (header.length == 0)
        deliver({}, header.fin);
    return flow();
}

Wire::Flow RelayLeg::frameData(Wire::MutableBytes bytes)
{
    m_left -= bytes.size();
    deliver(bytes, m_header.fin && m_left == 0);
    return flow();
}

void RelayLeg::deliver(Wire::MutableBytes bytes, bool isLast)
{
    // The parser finds the fault behind this piece, when the message would be complete on the other side.
    const bool isCut = isLast && !m_parser.isTextWhole();
    if (m_state == State::Open && !isCut)
        m_user->pieceReceived(*this, bytes, isLast);
}

bool RelayLeg::takeControlFrame()
{
    const auto now = m_stream.reactor().now();
    const double rate = m_options.controlFramesPerSecond;
    m_controlCredit = std::min(2 * rate, m_controlCredit + std::chrono::duration<double>(now - m_creditAt).count() * rate);
    m_creditAt = now;
    if (rate > 0 && m_controlCredit < 1) {
        m_user->controlsFlooded(*this);
        return false;
    }
    m_controlCredit -= 1;
    return true;
}

void RelayLeg::fail(std::uint16_t code, std::string_view reason)
{
    beginClose({Net::WebSocketEnd::By::Fault, code, std::string(reason)});
}

Wire::Flow RelayLeg::pingReceived(Wire::Bytes payload)
{
    if (m_state == State::Open && takeControlFrame())
        m_pong = std::make_unique<std::string>(Wire::textOf(payload));
    return flow();
}

Wire::Flow RelayLeg::pongReceived(Wire::Bytes payload)
{
    if (m_state == State::Open && takeControlFrame())
        m_user->pongReceived(*this, payload);
    return flow();
}

Wire::Flow RelayLeg::closeReceived(const Wire::CloseFrame &close)
{
    if (m_state == State::Open)
        beginClose({Net::WebSocketEnd::By::Peer, close.code, std::string(close.reason)});
    else
        m_stream.close(); // the answer to ours
    return Wire::Flow::Stop;
}

void RelayLeg::answerPing()
{
    const std::unique_ptr<std::string> payload = std::exchange(m_pong, nullptr);
    if (m_state == State::Open)
        writeControl(Wire::Opcode::Pong, Wire::bytesOf(*payload));
}

void RelayLeg::inputEnded(Net::Stream &stream)
{
    stream.close();
    if (m_state != State::Open)
        return;
    m_state = State::Closing;
    m_user->closing(*this, m_end);
}

void RelayLeg::drained(Net::Stream &)
{
    if (m_pong)
        answerPing();
}

void RelayLeg::timedOut(Net::Stream &stream)
{
    if (m_state == State::Open)
        m_user->quiet(*this);
    else
        stream.close();
}

void RelayLeg::ended(Net::Stream &, Net::StreamEnd reason)
{
    if (std::exchange(m_state, State::Ended) == State::Ended)
        return;
    m_end.stream = reason;
    m_user->ended(*this, m_end);
}

} // namespace Watchword::Gateway
