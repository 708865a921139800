// SPDX-License-Identifier: Apache-2.0
#include "watchword/wire/messagereader.h"

#include "watchword/wire/compression.h"

#include <utility>

namespace Watchword::Wire {

namespace {

constexpr std::size_t kKeptBuffer = 4096;

FrameRules with(FrameRules rules, bool compression)
{
    rules.compression = compression;
    return rules;
}

} // namespace

MessageReader::MessageReader(FrameRules rules, std::shared_ptr<Compression> compression)
    : m_parser(with(rules, compression != nullptr))
    , m_compression(std::move(compression))
    , m_limit(rules.limits.message)
    , m_checkText(rules.checkText)
{
}

void MessageReader::setLimits(const FrameLimits &limits)
{
    m_parser.setLimits(limits);
    m_limit = limits.message;
}

FeedResult MessageReader::feed(MutableBytes bytes, MessageSink &sink)
{
    if (m_fault != Fault::None)
        return {0, FeedStatus::Failed};
    Call call{sink};
    m_call = &call;
    FeedResult result = m_parser.feed(bytes, *this);
    // The sink may have destroyed this object; then it found no fault.
    if (call.fault != Fault::None) {
        m_fault = call.fault;
        result.status = FeedStatus::Failed;
    }
    return result;
}

Flow MessageReader::frameStarted(const FrameHeader &header)
{
    m_header = header;
    if (header.opcode != Opcode::Continuation) {
        m_compressed = header.compressed;
        m_gathered.clear();
    }
    return Flow::GoOn;
}

Flow MessageReader::frameData(MutableBytes bytes)
{
    if (m_header.fin && m_gathered.empty() && bytes.size() == m_header.length) {
        m_direct = bytes; // frameEnded() comes before feed() returns
        return Flow::GoOn;
    }
    m_gathered.insert(m_gathered.end(), bytes.begin(), bytes.end());
    return Flow::GoOn;
}

Flow MessageReader::frameEnded()
{
    if (!m_header.fin)
        return Flow::GoOn;
    const MutableBytes direct = std::exchange(m_direct, {});
    if (!direct.empty() || m_gathered.empty())
        return m_compressed ? deliverInflated(m_header.message, direct) : deliver(m_header.message, direct);
    // On the stack, because the sink may destroy this object.
    std::vector<std::uint8_t> message = std::exchange(m_gathered, {});
    if (m_compressed)
        return deliverInflated(m_header.message, message);
    const Flow flow = deliver(m_header.message, message);
    if (flow == Flow::GoOn && message.capacity() <= kKeptBuffer)
        m_gathered.swap(message);
    return flow;
}

Flow MessageReader::deliver(Opcode type, MutableBytes message)
{
    return m_call->sink.messageReceived(type, message);
}

Flow MessageReader::deliverInflated(Opcode type, Bytes message)
{
    std::vector<std::uint8_t> inflated;
    const InflateResult result = m_compression->inflate(message, inflated, std::size_t(m_limit));
    if (result == InflateResult::TooBig || result == InflateResult::NoMemory)
        m_call->fault = Fault::InflatedTooBig;
    else if (result != InflateResult::Ok)
        m_call->fault = Fault::CompressedDataInvalid;
    else if (type == Opcode::Text && m_checkText && !isUtf8(inflated))
        m_call->fault = Fault::TextNotUtf8;
    return m_call->fault == Fault::None ? deliver(type, inflated) : Flow::Stop;
}

} // namespace Watchword::Wire
