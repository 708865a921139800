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
    rules.limits = options.limits;
    return rules;
}

} // namespace

WebSocketHandler::WebSocketHandler(Stream &stream, const WebSocketOptions &options, std::unique_ptr<WebSocketUser> user)
    : m_stream(stream)
    , m_user(std::move(user))
    , m_options(options)
    , m_reader(rulesOf(options))
    , m_controlCredit(2 * options.controlFramesPerSecond)
    , m_creditAt(stream.reactor().now())
{
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

bool WebSocketHandler::send(Wire::Opcode type, Wire::Bytes message)
{
    if (m_state != State::Open)
        return false;
    writeFrame(type, message);
    return m_state == State::Open;
}

bool WebSocketHandler::ping(Wire::Bytes payload)
{
    return send(Wire::Opcode::Ping, payload.first(std::min(payload.size(), Wire::kLargestControl)));
}

void WebSocketHandler::close(std::uint16_t code, std::string_view reason)
{
    beginClose({WebSocketEnd::By::Us, code, std::string(reason)});
}

void WebSocketHandler::beginClose(const WebSocketEnd &end)
{
    if (m_state != State::Open)
        return;
    m_state = State::Closing;
    m_end = end;
    m_pong.reset();
    std::array<std::uint8_t, Wire::kLargestControl> payload{};
    const std::size_t size =
        Wire::writeClosePayload(payload.data(), end.code, end.by == WebSocketEnd::By::Peer ? "" : end.reason);
    writeFrame(Wire::Opcode::Close, std::span(payload).first(size));
    if (end.by != WebSocketEnd::By::Us) {
        m_stream.close(); // the peer expects nothing more, or nothing it says makes sense
        return;
    }
    m_stream.setDeadline(m_options.closeTime);
    m_stream.setReadPaused(false); // its close frame has to be seen
}

void WebSocketHandler::setReadPaused(bool isPaused)
{
    if (m_state == State::Open)
        m_stream.setReadPaused(isPaused);
}

std::size_t WebSocketHandler::received(Stream &stream, std::span<std::uint8_t> bytes)
{
    const Wire::FeedResult result = m_reader.feed(bytes, *this);
    if (result.status == Wire::FeedStatus::Failed && stream.isOpen()) {
        if (m_state == State::Open) {
            const Wire::Fault fault = m_reader.fault();
            beginClose({WebSocketEnd::By::Fault, Wire::closeCodeOf(fault), std::string(Wire::describe(fault))});
        } else {
            stream.close();
        }
        return bytes.size();
    }
    if (m_pong && !stream.isAboveHigh())
        answerPing();
    return result.status == Wire::FeedStatus::Stopped ? result.consumed : bytes.size();
}

Wire::Flow WebSocketHandler::flow() const
{
    return m_stream.isOpen() && !m_stream.isReadPaused() ? Wire::Flow::GoOn : Wire::Flow::Stop;
}

Wire::Flow WebSocketHandler::messageReceived(Wire::Opcode type, Wire::MutableBytes message)
{
    if (m_state == State::Open)
        m_user->messageReceived(*this, type, message);
    return flow();
}

bool WebSocketHandler::takeControlFrame()
{
    const auto now = m_stream.reactor().now();
    const double rate = m_options.controlFramesPerSecond;
    m_controlCredit = std::min(2 * rate, m_controlCredit + std::chrono::duration<double>(now - m_creditAt).count() * rate);
    m_creditAt = now;
    if (rate > 0 && m_controlCredit < 1) {
        beginClose({WebSocketEnd::By::Fault, 1008, "too many control frames"});
        return false;
    }
    m_controlCredit -= 1;
    return true;
}

Wire::Flow WebSocketHandler::pingReceived(Wire::Bytes payload)
{
    if (m_state == State::Open && takeControlFrame())
        m_pong = std::make_unique<std::string>(Wire::textOf(payload));
    return flow();
}

Wire::Flow WebSocketHandler::pongReceived(Wire::Bytes payload)
{
    if (m_state == State::Open && takeControlFrame())
        m_user->pongReceived(*this, payload);
    return flow();
}

Wire::Flow WebSocketHandler::closeReceived(const Wire::CloseFrame &close)
{
    if (m_state == State::Open)
        beginClose({WebSocketEnd::By::Peer, close.code, std::string(close.reason)});
    else
        m_stream.close(); // the answer to ours
    return Wire::Flow::Stop;
}

void WebSocketHandler::answerPing()
{
    const std::unique_ptr<std::string> payload = std::exchange(m_pong, nullptr);
    if (m_state == State::Open)
        writeFrame(Wire::Opcode::Pong, Wire::bytesOf(*payload));
}

void WebSocketHandler::inputEnded(Stream &stream)
{
    stream.close();
}

void WebSocketHandler::drained(Stream &)
{
    if (m_pong)
        answerPing();
    if (m_state == State::Open)
        m_user->drained(*this);
}

void WebSocketHandler::timedOut(Stream &stream)
{
    stream.close();
}

void WebSocketHandler::ended(Stream &, StreamEnd reason)
{
    if (std::exchange(m_state, State::Ended) == State::Ended)
        return;
    m_end.stream = reason;
    m_user->ended(*this, m_end);
}

} // namespace Watchword::Gateway::Net
