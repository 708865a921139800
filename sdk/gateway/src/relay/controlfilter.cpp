// SPDX-License-Identifier: Apache-2.0
#include "relay/controlfilter.h"

namespace Watchword::Gateway {

void ControlFilter::begin(Wire::Opcode type)
{
    m_state = type == Wire::Opcode::Text ? State::Undecided : State::Passing;
    m_control.clear();
}

ControlFilter::Verdict ControlFilter::collect(Wire::Bytes piece)
{
    m_state = State::Collecting;
    m_control.insert(m_control.end(), piece.begin(), piece.end());
    return Verdict::Control;
}

ControlFilter::Verdict ControlFilter::look(Wire::MutableBytes &piece, bool isLast)
{
    switch (m_state) {
    case State::Passing:
        return Verdict::Pass;
    case State::Collecting:
        return collect(piece);
    case State::Undecided:
        if (piece.empty() && !isLast)
            return Verdict::Hold;
        if (!piece.empty() && piece[0] == kMark) {
            if (piece.size() == 1 && !isLast) {
                m_state = State::Marked;
                return Verdict::Hold;
            }
            if (piece.size() == 1 || piece[1] != kMark)
                return collect(piece);
            piece = piece.subspan(1);
        }
        m_state = State::Passing;
        return Verdict::Pass;
    case State::Marked:
        if (piece.empty() && !isLast)
            return Verdict::Hold;
        if (piece.empty() || piece[0] != kMark) {
            m_control.push_back(kMark);
            return collect(piece);
        }
        m_state = State::Passing;
        return Verdict::Pass;
    }
    return Verdict::Pass;
}

} // namespace Watchword::Gateway
