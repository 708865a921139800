// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/link.h"

#include "watchword/core/testexport.h"

#include <deque>
#include <optional>

namespace Watchword {

/*! What came on a connection that takes over, before the one that it replaces was drained. */
struct HeldBack
{
    ConnectionMachine::AttemptId id;
    Message content;
    bool isForApplication = false; //!< Else frames are still to be looked for in it.
};

/*!
    The link in use and, while another takes its place, that one too; and the order of what comes and goes on the two.

        Single --openReplacement()--> Replacing --takeOver()--> HoldsBoth --releaseOutgoing()--> HoldsIncoming
          ^                               |                         |                                 |
          +----- promote(), discard() ----+                         +----------- endDrain() ----------+--> Single

    From takeOver() on what comes on the new link is held back until endDrain(), so that all of the old one is before it; and
    what is sent is held until the server has read all that was sent on the old one (releaseOutgoing()), so that it cannot
    overtake. What comes on a link before it is accepted is held back too.

    Threads: none; one owner. Ownership: of both transports. Calls in the wrong phase have no effect.
*/
class WATCHWORD_TEST_EXPORT Swap
{
public:
    using AttemptId = ConnectionMachine::AttemptId;

    Link &current() { return m_current; } //!< In use, or the attempt that will be.
    const Link &current() const { return m_current; }
    Link *replacement() { return m_phase == Phase::Replacing ? &m_other : nullptr; } //!< The attempt to replace it.
    Link *draining() { return m_phase >= Phase::HoldsBoth ? &m_other : nullptr; } //!< What was replaced, until it is drained.
    const Link *draining() const { return m_phase >= Phase::HoldsBoth ? &m_other : nullptr; }
    const Link &oldest() const { return draining() ? m_other : m_current; } //!< Of those that were accepted.
    Link *linkOf(AttemptId id); //!< Null if there is none any more.
    bool holdsOutgoing() const { return m_phase == Phase::HoldsBoth; } //!< What is sent waits.

    Link &openReplacement(AttemptId id); //!< The same one for the same id.
    void takeOver(); //!< The replacement is in use, and the other one is drained.
    void promote(); //!< The replacement is all that is left.
    Link discard(); //!< The replacement is not wanted any more, nor what came on it.
    Link endDrain();
    void forget(AttemptId id); //!< What came on it and was held back.

    bool holdsIncoming() const; //!< What comes on the current link has to wait.
    qint64 holdBack(HeldBack message); //!< Returns the bytes that are held back.
    std::optional<HeldBack> takeHeldBack(); //!< The next one whose time has come.

    void send(const Message &message); //!< On the current link, when its time has come.
    void releaseOutgoing();
    qint64 bytesQueued() const; //!< On the current link.

private:
    enum class Phase { Single, Replacing, HoldsBoth, HoldsIncoming };

    Phase m_phase = Phase::Single;
    Link m_current;
    Link m_other;
    std::deque<HeldBack> m_heldBack;
    qint64 m_heldBackBytes = 0;
    std::deque<Message> m_outgoing;
    qint64 m_outgoingBytes = 0;
};

} // namespace Watchword
