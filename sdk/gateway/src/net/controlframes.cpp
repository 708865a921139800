// SPDX-License-Identifier: Apache-2.0
#include "net/controlframes.h"

#include <algorithm>
#include <utility>

namespace Watchword::Gateway::Net {

ControlFrames::ControlFrames(double perSecond, Instant now)
    : m_rate(perSecond)
    , m_credit(2 * perSecond)
    , m_creditAt(now)
{
}

ControlFrames::Verdict ControlFrames::take(Instant now)
{
    if (m_state != State::Open)
        return Verdict::Ignored;
    m_credit = std::min(2 * m_rate, m_credit + std::chrono::duration<double>(now - m_creditAt).count() * m_rate);
    m_creditAt = now;
    if (m_rate > 0 && m_credit < 1)
        return Verdict::Flooded;
    m_credit -= 1;
    return Verdict::Taken;
}

ControlFrames::Verdict ControlFrames::pingReceived(Wire::Bytes payload, Instant now)
{
    const Verdict verdict = take(now);
    if (verdict == Verdict::Taken)
        m_pong = std::make_unique<std::string>(Wire::textOf(payload));
    return verdict;
}

std::unique_ptr<std::string> ControlFrames::takePong()
{
    return std::exchange(m_pong, nullptr);
}

std::optional<ControlFrames::CloseStep> ControlFrames::close(const WebSocketEnd &end)
{
    if (m_state != State::Open)
        return {};
    m_state = State::Closing;
    m_end = end;
    m_pong.reset();
    CloseStep step;
    step.hasFrame = true;
    // The peer's own words need not be told to it.
    const std::string_view reason = end.by == WebSocketEnd::By::Peer ? std::string_view() : std::string_view(end.reason);
    step.size = Wire::writeClosePayload(step.payload.data(), end.code, reason);
    // Behind its close frame the peer expects nothing more, and behind a fault nothing that it says makes sense.
    step.then = end.by == WebSocketEnd::By::Us ? CloseStep::Then::AwaitPeer : CloseStep::Then::EndStream;
    return step;
}

ControlFrames::CloseStep ControlFrames::closeReceived(const Wire::CloseFrame &close)
{
    // In any other state it is the answer to ours.
    return this->close({WebSocketEnd::By::Peer, close.code, std::string(close.reason)}).value_or(CloseStep());
}

bool ControlFrames::inputEnded()
{
    if (m_state != State::Open)
        return false;
    m_state = State::Closing;
    m_pong.reset();
    return true;
}

bool ControlFrames::bytesReceived(std::size_t count)
{
    if (m_state == State::Open)
        return true;
    m_afterClose = std::min(m_afterClose + std::min(count, kMostAfterClose), kMostAfterClose + 1);
    return m_afterClose <= kMostAfterClose;
}

bool ControlFrames::streamEnded(StreamEnd reason, std::uint64_t unsent)
{
    if (std::exchange(m_state, State::Ended) == State::Ended)
        return false;
    m_pong.reset();
    m_end.stream = reason;
    m_end.unsent = unsent;
    return true;
}

} // namespace Watchword::Gateway::Net
