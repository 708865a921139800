// SPDX-License-Identifier: Apache-2.0
#include "net/websockethandler.h"

#include <algorithm>
#include <array>

namespace Watchword::Gateway::Net {

namespace {

Wire::FrameRules rulesOf(const WebSocketOptions &options)
{
    Wire::FrameRules rules;
    rules.role = Wire::Role::Server;
    rules.limits = options.limits.frames;
    return rules;
}

} // namespace

WebSocketHandler::WebSocketHandler(Stream &stream, const WebSocketOptions &options, std::unique_ptr<WebSocketUser> user)
    : m_stream(stream)
    , m_user(std::move(user))
    , m_options(options)
    , m_reader(rulesOf(options), options.compression)
    , m_control(options.limits.controlFramesPerSecond, stream.reactor().now())
    , m_heartbeat(stream.reactor(), *this)
{
    m_heartbeat.setPeriod(options.heartbeat);
}

WebSocketHandler::~WebSocketHandler() = default;

void WebSocketHandler::writeFrame(Wire::Opcode opcode, Wire::Bytes payload)
{
    std::array<std::uint8_t, Wire::kLargestHeader> header{};
    Wire::FrameHeader frame;
    frame.opcode = opcode;
    frame.length = payload.size();
    const std::size_t size = Wire::writeHeader(header.data(), frame, nullptr);
    if (m_stream.write(std::span(header).first(size)) && !payload.empty())
        m_stream.write(payload);
}

bool WebSocketHandler::writeCompressed(Wire::Opcode opcode, Wire::Bytes message)
{
    std::vector<std::uint8_t> deflated;
    if (!m_options.compression || !m_options.compression->deflate(message, deflated))
        return false;
    std::array<std::uint8_t, Wire::kLargestHeader> header{};
    Wire::FrameHeader frame;
    frame.opcode = opcode;
    frame.compressed = true;
    frame.length = deflated.size();
    const std::size_t size = Wire::writeHeader(header.data(), frame, nullptr);
    if (m_stream.write(std::span(header).first(size)))
        m_stream.write(deflated);
    return true;
}

bool WebSocketHandler::send(Wire::Opcode type, Wire::Bytes message)
{
    if (!isOpen())
        return false;
    if (!writeCompressed(type, message))
        writeFrame(type, message);
    return isOpen();
}

bool WebSocketHandler::ping(Wire::Bytes payload)
{
    if (!isOpen())
        return false;
    writeFrame(Wire::Opcode::Ping, payload.first(std::min(payload.size(), Wire::kLargestControl)));
    return isOpen();
}

void WebSocketHandler::close(std::uint16_t code, std::string_view reason)
{
    beginClose({WebSocketEnd::By::Us, code, std::string(reason)});
}

void WebSocketHandler::beginClose(const WebSocketEnd &end)
{
    if (end.by == WebSocketEnd::By::Fault && isOpen())
        m_user->failing(*this, end);
    if (const auto step = m_control.close(end))
        perform(*step);
}

void WebSocketHandler::perform(const ControlFrames::CloseStep &step)
{
    if (step.hasFrame)
        writeFrame(Wire::Opcode::Close, std::span(step.payload).first(step.size));
    m_heartbeat.setPeriod(std::chrono::milliseconds(0));
    if (step.then == ControlFrames::CloseStep::Then::EndStream) {
        m_stream.close();
        return;
    }
    m_stream.setDeadline(m_options.closeTime);
    m_stream.setReadPaused(false); // its close frame has to be seen
}

void WebSocketHandler::setReadPaused(bool isPaused)
{
    if (!isOpen())
        return;
    // The time of a message is the peer's, and not that in which we do not read.
    if (isPaused && std::exchange(m_isInMessage, false))
        m_stream.clearDeadline();
    m_stream.setReadPaused(isPaused);
}

void WebSocketHandler::setLimits(const WebSocketLimits &limits)
{
    m_options.limits = limits;
    m_control.setRate(limits.controlFramesPerSecond);
    m_reader.setLimits(limits.frames);
}

std::size_t WebSocketHandler::received(Stream &stream, std::span<std::uint8_t> bytes)
{
    m_received += bytes.size();
    if (!m_control.bytesReceived(bytes.size())) {
        stream.close();
        return bytes.size();
    }
    if (isOpen())
        m_user->bytesReceived(*this, bytes.size());
    const Wire::FeedResult result = m_reader.feed(bytes, *this);
    if (result.status == Wire::FeedStatus::Failed && stream.isOpen()) {
        if (isOpen())
            fail(m_reader.fault());
        else
            stream.close();
        return bytes.size();
    }
    watchMessageTime();
    if (m_control.owesPong() && !stream.isAboveHigh())
        answerPing();
    return result.status == Wire::FeedStatus::Stopped ? result.consumed : bytes.size();
}

void WebSocketHandler::fail(const Wire::Fault &fault)
{
    StreamCounters &counters = m_stream.reactor().mutableCounters();
    const std::uint16_t code = Wire::closeCodeOf(fault);
    switch (code) {
    case 1009:
        counters.messageTooBig.add();
        failForLimit("message_bytes", code, "message_too_big");
        break;
    case 1008:
        counters.tooManyFragments.add();
        failForLimit("fragments", code, Wire::describe(fault));
        break;
    default:
        counters.protocolBroken.add();
        beginClose({WebSocketEnd::By::Fault, code, std::string(Wire::describe(fault))});
        break;
    }
}

void WebSocketHandler::failForLimit(std::string_view limit, std::uint16_t code, std::string_view reason)
{
    WebSocketEnd end{WebSocketEnd::By::Fault, code, std::string(reason)};
    end.limit = limit;
    beginClose(end);
}

void WebSocketHandler::watchMessageTime()
{
    if (!isOpen() || m_stream.isReadPaused())
        return;
    const bool wasIn = std::exchange(m_isInMessage, m_reader.isInMessage() && m_options.limits.messageTime.count() > 0);
    if (m_isInMessage && !wasIn)
        m_stream.setDeadline(m_options.limits.messageTime);
    else if (wasIn && !m_isInMessage)
        m_stream.clearDeadline();
}

Liveness::Traffic WebSocketHandler::traffic() const
{
    return {m_received, m_stream.queuedBytes(), m_stream.isReadPaused()};
}

Wire::Flow WebSocketHandler::flow() const
{
    return m_stream.isOpen() && !m_stream.isReadPaused() ? Wire::Flow::GoOn : Wire::Flow::Stop;
}

Wire::Flow WebSocketHandler::messageReceived(Wire::Opcode type, Wire::MutableBytes message)
{
    if (!isOpen())
        return flow();
    if (std::exchange(m_isInMessage, false))
        m_stream.clearDeadline();
    m_user->messageReceived(*this, type, message);
    return flow();
}

ControlFrames::Verdict WebSocketHandler::judged(ControlFrames::Verdict verdict)
{
    if (verdict == ControlFrames::Verdict::Flooded) {
        m_stream.reactor().mutableCounters().tooManyControls.add();
        failForLimit("control_frames_per_second", 1008, "too many control frames");
    }
    return verdict;
}

Wire::Flow WebSocketHandler::pingReceived(Wire::Bytes payload)
{
    judged(m_control.pingReceived(payload, m_stream.reactor().now()));
    return flow();
}

Wire::Flow WebSocketHandler::pongReceived(Wire::Bytes payload)
{
    if (judged(m_control.pongReceived(m_stream.reactor().now())) != ControlFrames::Verdict::Taken)
        return flow();
    if (const auto roundTrip = m_heartbeat.pongReceived(payload))
        m_user->roundTripMeasured(*this, *roundTrip);
    else
        m_user->pongReceived(*this, payload);
    return flow();
}

Wire::Flow WebSocketHandler::closeReceived(const Wire::CloseFrame &close)
{
    perform(m_control.closeReceived(close));
    return Wire::Flow::Stop;
}

void WebSocketHandler::answerPing()
{
    if (const std::unique_ptr<std::string> payload = m_control.takePong())
        writeFrame(Wire::Opcode::Pong, Wire::bytesOf(*payload));
}

void WebSocketHandler::inputEnded(Stream &stream)
{
    stream.close();
}

void WebSocketHandler::drained(Stream &)
{
    answerPing();
    if (isOpen())
        m_user->drained(*this);
}

void WebSocketHandler::timedOut(Stream &stream)
{
    if (!isOpen()) {
        stream.close();
        return;
    }
    if (stream.isReadPaused()) { // what it cannot send because of us does not count
        stream.setDeadline(m_options.limits.messageTime);
        return;
    }
    stream.reactor().mutableCounters().messageTooSlow.add();
    failForLimit("message_time", 1008, "a message takes too long");
}

void WebSocketHandler::ended(Stream &, StreamEnd reason)
{
    if (m_control.streamEnded(reason, m_stream.queuedBytes()))
        m_user->ended(*this, m_control.end());
}

} // namespace Watchword::Gateway::Net
