// SPDX-License-Identifier: Apache-2.0
#include "httpparser.h"

#include <utility>

namespace Watchword::Wire {

namespace {

// Who speaks something else, and waits for an answer, shall get one at once and not after the time for a head.
constexpr std::size_t kLongestMethod = 32;

} // namespace

HeadReader::HeadReader(HeadKind kind, HeadLimits limits)
    : m_kind(kind)
    , m_limits(limits)
{
}

void HeadReader::reset()
{
    *this = HeadReader(m_kind, m_limits);
}

std::size_t HeadReader::feed(Bytes bytes)
{
    std::size_t consumed = 0;
    while (consumed < bytes.size() && !m_complete && m_fault == HeadFault::None) {
        const char c = char(bytes[consumed++]);
        if (m_text.size() >= m_limits.head) {
            m_fault = HeadFault::HeadTooLong;
            break;
        }
        if (!takeCharacter(c) || c != '\n')
            continue;
        if (!endLine())
            continue;
        m_fault = parseHead(m_kind, std::exchange(m_text, {}), m_head);
        m_complete = m_fault == HeadFault::None;
    }
    return consumed;
}

bool HeadReader::takeCharacter(char c)
{
    const bool wasReturn = std::exchange(m_afterReturn, c == '\r');
    if (wasReturn != (c == '\n'))
        m_fault = HeadFault::LineEnd;
    else if ((std::uint8_t(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
        m_fault = HeadFault::ControlCharacter;
    else if (m_lines > 0 && m_line == 0 && (c == ' ' || c == '\t'))
        m_fault = HeadFault::FoldedLine;
    else if (c != '\r' && c != '\n' && ++m_line > m_limits.line)
        m_fault = m_lines == 0 ? HeadFault::FirstLineTooLong : HeadFault::LineTooLong;
    else if (c == ' ' && m_lines == 0)
        m_sawBlank = true;
    else if (m_kind == HeadKind::Request && m_lines == 0 && !m_sawBlank && m_line > kLongestMethod)
        m_fault = HeadFault::Malformed;
    if (m_fault != HeadFault::None)
        return false;
    m_text += c;
    return true;
}

// True at the end of the head.
bool HeadReader::endLine()
{
    if (std::exchange(m_line, 0) > 0) {
        if (++m_lines > m_limits.fields + 1)
            m_fault = HeadFault::TooManyFields;
        else if (m_kind == HeadKind::Request && m_lines == 1 && !m_sawBlank)
            m_fault = HeadFault::Malformed;
        return false;
    }
    if (m_lines > 0)
        return true;
    // RFC 9112 section 2.2: an empty line before a request, which some send behind a body, is passed over. Once.
    if (m_kind == HeadKind::Request && m_text.size() == 2 && !m_skippedLine)
        m_skippedLine = true;
    else
        m_fault = HeadFault::Malformed;
    m_text.clear();
    return false;
}

} // namespace Watchword::Wire
