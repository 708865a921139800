// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace Watchword::Gateway {

/*!
    Says whether an upstream is still there, by a look at it every heartbeat: who was silent from one look to the next is pinged,
    and given up at the look after that. So one that says nothing by itself is pinged every second heartbeat, which is soon enough
    for what is near, and half of what an idle relay costs. Pure. Threads: one.
*/
class UpstreamPulse
{
public:
    enum class Verdict { Fine, Ping, Gone };

    void heard() { m_state = State::Heard; } //!< Something came of it.
    //! \a mayTell: it is read, so that its pong would be seen.
    Verdict look(bool mayTell)
    {
        switch (m_state) {
        case State::Heard:
            m_state = State::Silent;
            return Verdict::Fine;
        case State::Silent:
            m_state = State::Asked;
            return Verdict::Ping;
        case State::Asked:
            break;
        }
        return mayTell ? Verdict::Gone : Verdict::Ping;
    }

private:
    enum class State { Heard, Silent, Asked };
    State m_state = State::Heard;
};

} // namespace Watchword::Gateway
