// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/frame.h"

#include <QByteArray>
#include <QString>

namespace Watchword::Gateway {

class Peer;
struct EndpointConfig;
struct EndpointLimits;
struct Identity;
struct Lock;
struct PeerClose;

/*!
    What is behind an endpoint: gets the application data of its connections.

    opened() and closed() come once for each connection; nothing comes after closed(). Texts are unescaped.
    Threads: one.
*/
class EndpointService
{
public:
    EndpointService() = default;
    EndpointService(const EndpointService &) = delete;
    EndpointService &operator=(const EndpointService &) = delete;
    virtual ~EndpointService() = default;

    virtual void opened(Peer &peer) = 0;
    virtual void closed(Peer &peer) = 0;
    virtual void text(Peer &peer, const QString &text) = 0;
    virtual void binary(Peer &peer, const QByteArray &data) = 0;
    //! A "msg" frame. The service acknowledges it with peer.acknowledge(id) once it has it; a repeated id is acknowledged
    //! again and otherwise ignored.
    virtual void message(Peer &peer, const QString &id, const Frame &frame) = 0;
    //! A frame that the connection does not know itself; false: nobody knows it, it is ignored.
    virtual bool frame(Peer &peer, const Frame &frame) = 0;
    //! The gateway ends: closes \a peer with \a close as soon as it has what it is owed.
    virtual void finish(Peer &peer, const PeerClose &close);
    //! After a reload, if the service goes on.
    virtual void configChanged(const EndpointConfig &) { }
    //! What somebody whom \a lock concerns has here beside peers ends.
    virtual void lockedOut(const Lock &) { }
    virtual void limitsChanged(Peer &, const EndpointLimits &) { }
    //! A renewal gave \a peer another token, whose scopes may differ from \a before.
    virtual void renewed(Peer &, const Identity &before) { Q_UNUSED(before) }
    //! Once a second.
    virtual void tick() { }
    //! Somebody is with it who is no peer yet, or never will be.
    virtual bool hasGuests() const { return false; }
    //! It sends no more than the client takes: what waits for it is this service's to judge.
    virtual bool boundsQueue() const { return false; }
};

} // namespace Watchword::Gateway
