// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/tailstate.h"

#include <algorithm>

namespace Monitor {

void TailState::clamp()
{
    m_first = m_mode == TailMode::Following ? lastFirst() : std::clamp(m_first, qint64(0), lastFirst());
}

void TailState::resized(int page)
{
    m_page = std::max(0, page);
    clamp();
}

void TailState::grown(qint64 total)
{
    if (m_mode != TailMode::Following)
        m_new += std::max<qint64>(0, total - m_total);
    m_total = total;
    clamp();
}

void TailState::shifted(qint64 delta, qint64 total)
{
    m_total = total;
    m_first += delta;
    clamp();
}

void TailState::scrolledTo(qint64 first)
{
    first = std::clamp(first, qint64(0), lastFirst());
    const bool atEnd = first >= lastFirst();
    if (m_mode == TailMode::Following && !atEnd) {
        m_mode = TailMode::Detached;
        m_new = 0;
    } else if (m_mode == TailMode::Detached && atEnd && !m_held) {
        followed();
    }
    m_first = first;
    clamp();
}

void TailState::setHeld(bool held)
{
    m_held = held;
    if (held && m_mode == TailMode::Following) {
        m_mode = TailMode::Detached;
        m_new = 0;
    }
}

void TailState::followed()
{
    m_mode = TailMode::Following;
    m_new = 0;
    clamp();
}

void TailState::paused()
{
    if (m_mode == TailMode::Following)
        m_new = 0;
    m_mode = TailMode::Paused;
}

void TailState::replaced(qint64 total)
{
    m_total = total;
    m_new = 0;
    clamp();
}

} // namespace Monitor
