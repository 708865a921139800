// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"
#include "watchword/wire/frame.h"

#include <QtGlobal> // WATCHWORD_TEST_EXPORT may stand for Q_DECL_EXPORT

#include <utility>
#include <vector>

namespace Watchword::Gateway {

/*!
    Tells control frames of watchword.v1 from application data (protocol.md section 2) while a message comes in pieces: a
    text that begins with one U+001E is collected, one with two loses the first, and all else passes as it is. A piece is held
    back only while it cannot be known which it is: an empty one, or the mark alone.
    Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT ControlFilter
{
public:
    enum class Verdict {
        Pass, //!< What is left of the piece goes on; it is the first that does if none did before.
        Hold, //!< Nothing goes on yet.
        Control //!< Kept; with the last piece takeControl() has the whole text.
    };
    static constexpr std::uint8_t kMark = 0x1e;

    void begin(Wire::Opcode type); //!< A message.
    Verdict look(Wire::MutableBytes &piece, bool isLast);
    std::size_t heldBytes() const { return m_control.size(); }
    std::vector<std::uint8_t> takeControl() { return std::exchange(m_control, {}); }

private:
    enum class State { Undecided, Marked, Passing, Collecting };
    Verdict collect(Wire::Bytes piece);

    State m_state = State::Passing;
    std::vector<std::uint8_t> m_control;
};

} // namespace Watchword::Gateway
