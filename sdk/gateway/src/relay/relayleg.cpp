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
    , m_control(options.controlFramesPerSecond, stream.reactor().now())
    , m_heartbeat(stream.reactor(), *this)
{
    m_heartbeat.setPeriod(options.heartbeat);
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
    if (!isOpen() || !m_isInMessage)
        return;
    m_isInMessage = !isLast;
    writeFrame(std::exchange(m_isFirstPiece, false) ? m_outType : Wire::Opcode::Continuation, isLast, prefix, bytes);
    if (!isLast || m_waiting.empty())
        return;
    auto waiting = std::exchange(m_waiting, {});
    m_waitingBytes = 0;
    for (auto &[type, message] : waiting) {
        beginMessage(type);
        sendPiece(message, true);
    }
}

void RelayLeg::sendMessage(Wire::Opcode type, Wire::Bytes message)
{
    std::vector<std::uint8_t> copy(message.begin(), message.end());
    if (m_isInMessage) {
        m_waitingBytes += copy.size();
        m_waiting.emplace_back(type, std::move(copy));
        return;
    }
    beginMessage(type);
    sendPiece(copy, true);
}

void RelayLeg::dropWaiting()
{
    m_waiting = {};
    m_waitingBytes = 0;
}

void RelayLeg::ping(Wire::Bytes payload)
{
    if (isOpen())
        writeControl(Wire::Opcode::Ping, payload);
}

void RelayLeg::close(std::uint16_t code, std::string_view reason)
{
    beginClose({Net::WebSocketEnd::By::Us, code, std::string(reason)});
}

void RelayLeg::beginClose(const Net::WebSocketEnd &end)
{
    if (end.by == Net::WebSocketEnd::By::Fault && isOpen())
        m_user->failing(*this, end);
    if (const auto step = m_control.close(end))
        perform(*step);
}

void RelayLeg::perform(const Net::ControlFrames::CloseStep &step)
{
    if (step.hasFrame)
        writeControl(Wire::Opcode::Close, std::span(step.payload).first(step.size));
    m_heartbeat.setPeriod(std::chrono::milliseconds(0));
    if (step.then == Net::ControlFrames::CloseStep::Then::AwaitPeer) {
        m_stream.setDeadline(m_options.closeTime);
        m_stream.setReadPaused(false); // its close frame has to be seen
        return;
    }
    m_stream.close();
    if (step.hasFrame)
        m_user->closing(*this, m_control.end());
}

void RelayLeg::setReadPaused(bool isPaused)
{
    if (isOpen())
        m_stream.setReadPaused(isPaused);
}

std::size_t RelayLeg::received(Net::Stream &stream, std::span<std::uint8_t> bytes)
{
    if (!m_control.bytesReceived(bytes.size())) {
        stream.close();
        return bytes.size();
    }
    const Wire::FeedResult result = m_parser.feed(bytes, *this);
    // What is behind a frame that has to wait comes again.
    const bool isHeld = result.status == Wire::FeedStatus::Stopped && stream.isOpen() && stream.isReadPaused();
    const std::size_t taken = isHeld ? result.consumed : bytes.size();
    m_received += taken;
    if (result.status == Wire::FeedStatus::Failed && stream.isOpen()) {
        if (isOpen()) {
            const Wire::Fault fault = m_parser.fault();
            stream.counters().protocolBroken.add();
            fail(Wire::closeCodeOf(fault), Wire::describe(fault));
        } else {
            stream.close();
        }
        return bytes.size();
    }
    if (m_control.owesPong() && !stream.isAboveHigh())
        answerPing();
    if (isOpen())
        m_user->batchEnded(*this, taken);
    return taken;
}

Net::Liveness::Traffic RelayLeg::traffic() const
{
    return {m_received, m_stream.queuedBytes(), m_stream.isReadPaused()};
}

Wire::Flow RelayLeg::flow() const
{
    return m_stream.isOpen() && !m_stream.isReadPaused() ? Wire::Flow::GoOn : Wire::Flow::Stop;
}

Wire::Flow RelayLeg::frameStarted(const Wire::FrameHeader &header)
{
    m_header = header;
    m_left = header.length;
    if (!isOpen())
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
    if (isOpen() && !isCut)
        m_user->pieceReceived(*this, bytes, isLast);
}

Net::ControlFrames::Verdict RelayLeg::judged(Net::ControlFrames::Verdict verdict)
{
    if (verdict == Net::ControlFrames::Verdict::Flooded)
        m_user->controlsFlooded(*this);
    return verdict;
}

void RelayLeg::fail(std::uint16_t code, std::string_view reason)
{
    beginClose({Net::WebSocketEnd::By::Fault, code, std::string(reason)});
}

Wire::Flow RelayLeg::pingReceived(Wire::Bytes payload)
{
    judged(m_control.pingReceived(payload, m_stream.reactor().now()));
    return flow();
}

Wire::Flow RelayLeg::pongReceived(Wire::Bytes payload)
{
    if (judged(m_control.pongReceived(m_stream.reactor().now())) != Net::ControlFrames::Verdict::Taken)
        return flow();
    if (const auto roundTrip = m_heartbeat.pongReceived(payload))
        m_user->roundTripMeasured(*this, *roundTrip);
    else
        m_user->pongReceived(*this, payload);
    return flow();
}

Wire::Flow RelayLeg::closeReceived(const Wire::CloseFrame &close)
{
    perform(m_control.closeReceived(close));
    return Wire::Flow::Stop;
}

void RelayLeg::answerPing()
{
    if (const std::unique_ptr<std::string> payload = m_control.takePong())
        writeControl(Wire::Opcode::Pong, Wire::bytesOf(*payload));
}

void RelayLeg::inputEnded(Net::Stream &stream)
{
    stream.close();
    if (m_control.inputEnded())
        m_user->closing(*this, m_control.end());
}

void RelayLeg::drained(Net::Stream &)
{
    answerPing();
}

void RelayLeg::timedOut(Net::Stream &stream)
{
    if (isOpen())
        m_user->quiet(*this);
    else
        stream.close();
}

void RelayLeg::ended(Net::Stream &, Net::StreamEnd reason)
{
    if (m_control.streamEnded(reason, m_stream.queuedBytes()))
        m_user->ended(*this, m_control.end());
}

} // namespace Watchword::Gateway
