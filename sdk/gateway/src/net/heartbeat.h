// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/liveness.h"
#include "net/reactor.h"

#include "watchword/wire/frame.h"

namespace Watchword::Gateway::Net {

/*!
    Pings the peer of one connection every period, in its reactor, and says when it has gone (Liveness). What is due within a
    second of a long period is due together: many pings then go out in one turn, and their pongs come in few.

    Life cycle: it rests until it gets a period. Threads: the reactor's. Ownership: borrows the owner, whose member it is.
*/
class Heartbeat final : private TimingWheel::Timer
{
public:
    //! Whose peer is asked. The last two may end the connection.
    class Owner
    {
    public:
        virtual Liveness::Traffic traffic() const = 0;
        virtual void pingDue(Wire::Bytes payload) = 0; //!< \a payload lives as long as the call.
        virtual void peerGone() = 0;

    protected:
        ~Owner() = default;
    };

    Heartbeat(Reactor &reactor, Owner &owner);

    //! \a after, or a little longer where \a period is long, so that what is due of many connections is due together.
    static Liveness::Duration together(Liveness::Duration after, Liveness::Duration period, Liveness::Instant now);
    void setPeriod(Liveness::Duration period); //!< 0: it rests. The first ping goes out in the first call with another one.
    //! The round trip, if \a payload is that of the ping that is not answered yet.
    std::optional<Liveness::Duration> pongReceived(Wire::Bytes payload);

private:
    void due() override;
    void plan();

    Reactor &m_reactor;
    Owner &m_owner;
    Liveness::Duration m_period{0};
    Liveness m_liveness;
};

} // namespace Watchword::Gateway::Net
