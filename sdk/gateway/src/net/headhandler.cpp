// SPDX-License-Identifier: Apache-2.0
#include "net/headhandler.h"

namespace Watchword::Gateway::Net {

HeadHandler::HeadHandler(const Wire::HeadLimits &limits)
    : m_reader(Wire::HeadKind::Request, limits)
{
}

std::size_t HeadHandler::received(Stream &stream, std::span<std::uint8_t> bytes)
{
    if (m_isDecided)
        return bytes.size();
    m_hasBegun = true;
    const std::size_t used = m_reader.feed(bytes);
    if (m_reader.fault() != Wire::HeadFault::None) {
        m_isDecided = true;
        requestRefused(stream, {m_reader.fault(), false});
        return bytes.size();
    }
    if (!m_reader.isComplete())
        return bytes.size();
    m_isDecided = true;
    stream.setReadPaused(true);
    requestReceived(stream, m_reader.head());
    return used;
}

void HeadHandler::timedOut(Stream &stream)
{
    if (m_hasBegun && !m_isDecided) {
        m_isDecided = true;
        stream.reactor().mutableCounters().timedOut.add();
        requestRefused(stream, {Wire::HeadFault::None, true});
        return;
    }
    StreamHandler::timedOut(stream);
}

} // namespace Watchword::Gateway::Net
