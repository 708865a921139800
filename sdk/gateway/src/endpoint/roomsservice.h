// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/endpointservice.h"
#include "endpoint/seenids.h"

#include <QHash>
#include <QSet>

namespace Watchword::Gateway {

/*!
    Publish and subscribe by "sub", "unsub" and "pub" (protocol.md section 2). Everybody who subscribed to a room gets what
    is published there, the sender too.

    Application data without a room, and "msg", go to the room of the query "?room=NAME", else to "lobby". Clients without
    watchword.v1 are subscribed to that room and get payloads as they are; binary data reaches only them.
*/
class RoomsService final : public EndpointService
{
public:
    static constexpr qsizetype kMostRooms = 100; //!< Of one connection.
    static constexpr qsizetype kLongestName = 128;

    void opened(Peer &peer) override;
    void closed(Peer &peer) override;
    void text(Peer &peer, const QString &text) override;
    void binary(Peer &peer, const QByteArray &data) override;
    void message(Peer &peer, const QString &id, const Frame &frame) override;
    bool frame(Peer &peer, const Frame &frame) override;

private:
    struct Member
    {
        QString home;
        QSet<QString> rooms;
    };
    void join(Peer &peer, const QString &room);
    void leave(Peer &peer, const QString &room);
    void publish(Peer &from, const QString &room, const QByteArray &payload);

    QHash<Peer *, Member> m_members;
    QHash<QString, QSet<Peer *>> m_rooms;
    SeenIds m_seen;
};

} // namespace Watchword::Gateway
