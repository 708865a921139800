// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "machine/linkcontext.h"

namespace Watchword {

/*!
    Whether the server at the other end of a connection is alive: asks with a ping when nothing came for a while. The first
    ping is sent in any case, for it measures the round trip.

    Threads: none; one owner.
*/
class WATCHWORD_TEST_EXPORT Heartbeat
{
public:
    Heartbeat(std::optional<Duration> ofServer, LinkStep &step); //!< It begins now.

    Instant deadline() const; //!< When tick() is due.
    bool isSilent(Instant now) const { return m_pongDeadline && now >= *m_pongDeadline; } //!< The question was not answered.
    void tick(LinkEvents::AttemptId id, LinkStep &step);
    void ask(LinkEvents::AttemptId id, Duration patience, LinkStep &step); //!< At once, unless a question is on its way.
    void askLater(Instant at); //!< Something else that will be answered goes out first.
    void forgetQuestion() { m_pongDeadline.reset(); } //!< This machine could not hear the answer.
    void onActivity(Instant now);
    void onPong(quint64 number, LinkStep &step);

private:
    Duration m_interval;
    Instant m_lastActivity;
    Instant m_nextPing;
    std::optional<Instant> m_pongDeadline{};
    Instant m_sentAt{};
    quint64 m_number = 0; //!< Of the last ping.
};

} // namespace Watchword
