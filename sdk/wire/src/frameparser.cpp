// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/frameparser.h"

#include <algorithm>
#include <cstring>

namespace Watchword::Wire {

namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kRsv1 = 0x40;
constexpr std::uint8_t kRsv = 0x70;

std::size_t announcedHeaderSize(std::uint8_t second)
{
    const unsigned length = second & 0x7f;
    return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + ((second & 0x80) ? 4 : 0);
}

} // namespace

FrameParser::FrameParser(const FrameRules &rules)
    : m_rules(rules)
{
}

FeedResult FrameParser::feed(MutableBytes bytes, FrameSink &sink)
{
    // After a call to the sink this object may be gone: a result is made of what lies on the stack.
    MutableBytes rest = bytes;
    const auto consumed = [&] { return bytes.size() - rest.size(); };
    while (true) {
        switch (m_stage) {
        case Stage::Header: {
            const std::uint8_t *const header = completeHeader(rest);
            if (!header)
                return {consumed(), FeedStatus::Hungry};
            readHeader(header);
            if (m_fault != Fault::None)
                return fail(m_fault, consumed());
            if (m_stage == Stage::Data && sink.frameStarted(m_header) == Flow::Stop)
                return {consumed(), FeedStatus::Stopped};
            break;
        }
        case Stage::Data: {
            if (m_taken == m_header.length) {
                if (const Fault fault = endFrame(); fault != Fault::None)
                    return fail(fault, consumed());
                if (sink.frameEnded() == Flow::Stop)
                    return {consumed(), FeedStatus::Stopped};
                break;
            }
            if (rest.empty())
                return {consumed(), FeedStatus::Hungry};
            const MutableBytes data = rest.first(std::size_t(std::min<std::uint64_t>(rest.size(), m_header.length - m_taken)));
            rest = rest.subspan(data.size());
            if (const Fault fault = takeData(data); fault != Fault::None)
                return fail(fault, consumed());
            if (sink.frameData(data) == Flow::Stop)
                return {consumed(), FeedStatus::Stopped};
            break;
        }
        case Stage::Control: {
            const MutableBytes payload = controlPayload(rest);
            if (payload.size() < m_header.length)
                return {consumed(), FeedStatus::Hungry};
            m_stage = Stage::Header;
            if (deliverControl(payload, sink) == Flow::Stop)
                return {consumed(), FeedStatus::Stopped};
            if (m_fault != Fault::None)
                return fail(m_fault, consumed());
            break;
        }
        case Stage::Closed:
            return {bytes.size(), FeedStatus::Closed};
        case Stage::Failed:
            return {consumed(), FeedStatus::Failed};
        }
    }
}

// The bytes of a whole header, read where they lie if they came together; null while some are missing.
const std::uint8_t *FrameParser::completeHeader(MutableBytes &rest)
{
    if (m_headerBytes == 0 && rest.size() >= 2) {
        const std::size_t size = announcedHeaderSize(rest[1]);
        if (rest.size() >= size) {
            const std::uint8_t *const header = rest.data();
            rest = rest.subspan(size);
            return header;
        }
    }
    while (!rest.empty()) {
        m_gathered[m_headerBytes++] = rest.front();
        rest = rest.subspan(1);
        if (m_headerBytes >= 2 && m_headerBytes == announcedHeaderSize(m_gathered[1])) {
            m_headerBytes = 0;
            return m_gathered.data();
        }
    }
    return nullptr;
}

void FrameParser::readHeader(const std::uint8_t *bytes)
{
    const std::uint8_t first = bytes[0];
    const bool masked = (bytes[1] & 0x80) != 0;
    const unsigned shortLength = bytes[1] & 0x7f;
    const std::uint8_t *at = bytes + 2;
    const int lengthBytes = shortLength == 126 ? 2 : shortLength == 127 ? 8 : 0;
    std::uint64_t length = lengthBytes == 0 ? shortLength : 0;
    for (int i = 0; i < lengthBytes; ++i)
        length = length << 8 | *at++;
    if (masked)
        std::memcpy(m_mask.data(), at, m_mask.size());
    m_header = {.opcode = Opcode(first & 0x0f), .fin = (first & kFin) != 0, .compressed = (first & kRsv1) != 0, .length = length};
    m_taken = 0;
    m_fault = checkHeader(first, masked, shortLength);
    if (m_fault != Fault::None)
        return;
    if (isControl(m_header.opcode)) {
        ++m_controlFrames;
        m_controlBytes = 0;
        m_stage = Stage::Control;
        return;
    }
    m_fault = beginMessageFrame();
    if (m_fault == Fault::None)
        m_stage = Stage::Data;
}

Fault FrameParser::checkHeader(std::uint8_t first, bool masked, unsigned shortLength) const
{
    const std::uint8_t opcode = first & 0x0f;
    if (opcode > std::uint8_t(Opcode::Pong) || (opcode > std::uint8_t(Opcode::Binary) && opcode < std::uint8_t(Opcode::Close)))
        return Fault::ReservedOpcode;
    const bool mayCompress =
        m_rules.compression && (opcode == std::uint8_t(Opcode::Text) || opcode == std::uint8_t(Opcode::Binary));
    if ((first & kRsv & ~(mayCompress ? kRsv1 : 0)) != 0)
        return Fault::ReservedBits;
    if (m_rules.role == Role::Server && !masked)
        return Fault::MaskMissing;
    if (m_rules.role == Role::Client && masked)
        return Fault::MaskUnexpected;
    if (isControl(Opcode(opcode))) {
        if (!(first & kFin))
            return Fault::ControlFragmented;
        if (shortLength > kLargestControl)
            return Fault::ControlTooLong;
    }
    if ((shortLength == 126 && m_header.length < 126) || (shortLength == 127 && m_header.length < 65536))
        return Fault::LengthNotShortest;
    if (m_header.length >> 63)
        return Fault::LengthOutOfRange;
    return Fault::None;
}

// Checks the sequence of frames and the limits of the message.
Fault FrameParser::beginMessageFrame()
{
    const bool continues = m_header.opcode == Opcode::Continuation;
    if (continues && m_fragments == 0)
        return Fault::ContinuationUnexpected;
    if (!continues && m_fragments > 0)
        return Fault::ContinuationMissing;
    if (!continues) {
        m_message = m_header.opcode;
        m_messageCompressed = m_header.compressed;
        m_messageSize = 0;
        m_text.reset();
    }
    m_header.message = m_message;
    if (m_header.length > m_rules.limits.frame)
        return Fault::FrameTooBig;
    // No overflow: both are below 2^63.
    m_messageSize += m_header.length;
    if (m_messageSize > m_rules.limits.message)
        return Fault::MessageTooBig;
    if (++m_fragments > m_rules.limits.fragments)
        return Fault::TooManyFragments;
    return Fault::None;
}

Fault FrameParser::takeData(MutableBytes bytes)
{
    if (m_rules.role == Role::Server)
        applyMask(bytes, m_mask, m_taken);
    m_taken += bytes.size();
    if (m_message == Opcode::Text && !m_messageCompressed && m_rules.checkText && !m_text.feed(bytes))
        return Fault::TextNotUtf8;
    return Fault::None;
}

Fault FrameParser::endFrame()
{
    m_stage = Stage::Header;
    if (!m_header.fin)
        return Fault::None;
    m_fragments = 0;
    return m_text.isComplete() ? Fault::None : Fault::TextNotUtf8;
}

// The unmasked payload, where it lies if it came whole; shorter than announced while bytes are missing.
MutableBytes FrameParser::controlPayload(MutableBytes &rest)
{
    const std::size_t length = std::size_t(m_header.length);
    MutableBytes payload;
    if (m_controlBytes == 0 && rest.size() >= length) {
        payload = rest.first(length);
        rest = rest.subspan(length);
    } else {
        const std::size_t count = std::min(rest.size(), length - m_controlBytes);
        std::copy_n(rest.begin(), count, m_gathered.begin() + m_controlBytes);
        m_controlBytes = std::uint8_t(m_controlBytes + count);
        rest = rest.subspan(count);
        payload = MutableBytes(m_gathered).first(m_controlBytes);
    }
    if (payload.size() == length && m_rules.role == Role::Server)
        applyMask(payload, m_mask);
    return payload;
}

// Sets m_fault instead of calling the sink if a close frame is wrong.
Flow FrameParser::deliverControl(MutableBytes payload, FrameSink &sink)
{
    if (m_header.opcode == Opcode::Ping)
        return sink.pingReceived(payload);
    if (m_header.opcode == Opcode::Pong)
        return sink.pongReceived(payload);
    CloseFrame close;
    if (payload.size() == 1) {
        m_fault = Fault::CloseTooShort;
        return Flow::GoOn;
    }
    if (payload.size() >= 2) {
        close.code = std::uint16_t(payload[0] << 8 | payload[1]);
        close.reason = textOf(payload.subspan(2));
        if (!isSendableCloseCode(close.code)) {
            m_fault = Fault::CloseCodeInvalid;
            return Flow::GoOn;
        }
        if (!isUtf8(payload.subspan(2))) {
            m_peerCloseCode = close.code;
            m_fault = Fault::CloseReasonNotUtf8;
            return Flow::GoOn;
        }
    }
    m_stage = Stage::Closed;
    return sink.closeReceived(close);
}

FeedResult FrameParser::fail(Fault fault, std::size_t consumed)
{
    m_fault = fault;
    m_stage = Stage::Failed;
    return {consumed, FeedStatus::Failed};
}

} // namespace Watchword::Wire
