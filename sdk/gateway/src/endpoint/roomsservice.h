// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/endpointservice.h"
#include "endpoint/roomaccess.h"
#include "endpoint/roomlog.h"
#include "endpoint/seenids.h"
#include "watchword/core/clock.h"

#include <QHash>
#include <QSet>

#include <map>

namespace Watchword::Gateway {

/*!
    Publish and subscribe by "sub", "unsub" and "pub" (protocol.md section 2). Everybody who subscribed to a room gets what
    is published there, the sender too. A room keeps its last publications, so that who was away can go on where he was.

    Who subscribes to a room that is not his by the endpoint's rules, or publishes there, is closed with 4403: the rules are the
    same for all its clients, so it is no accident.

    Application data without a room, and "msg", go to the room of the query "?room=NAME", else to "lobby". Clients without
    watchword.v1 are subscribed to that room and get payloads as they are; binary data reaches only them.
*/
class RoomsService final : public EndpointService
{
public:
    static constexpr qsizetype kMostRooms = 100; //!< Of one connection.
    static constexpr qsizetype kLongestName = 128;
    static constexpr size_t kMostEmptyRooms = 10'000; //!< Remembered without subscribers.

    RoomsService(const EndpointConfig &config, Clock &clock);

    void opened(Peer &peer) override;
    void closed(Peer &peer) override;
    void text(Peer &peer, const QString &text) override;
    void binary(Peer &peer, const QByteArray &data) override;
    void message(Peer &peer, const QString &id, const Frame &frame) override;
    bool frame(Peer &peer, const Frame &frame) override;
    void configChanged(const EndpointConfig &config) override;
    void renewed(Peer &peer, const Identity &before) override;
    void tick() override;

private:
    struct Member
    {
        QString home;
        QSet<QString> rooms;
    };
    struct Room
    {
        RoomLog log;
        QSet<Peer *> members{};
        Instant emptySince{};
    };
    using Rooms = std::map<QString, Room>;

    bool maySubscribe(Peer &peer, const QString &room); //!< Else it is closed with 4403, or 4442 where a step-up helps.
    bool mayPublish(Peer &peer, const QString &room); //!< The same.
    bool settle(Peer &peer, const QString &room, RoomAccess::Verdict verdict, const QString &deed);
    void lookAtRooms(Peer &peer); //!< Those that it is in and may not be in any more end it.
    Room *join(Peer &peer, const QString &room); //!< Null if he may not.
    Room &roomOf(const QString &name);
    void subscribe(Peer &peer, const QString &name, const QJsonObject &fields);
    void request(Peer &peer, const Frame &frame);
    void trimAll();
    void leave(Peer &peer, const QString &room);
    void publish(Peer &from, const QString &room, const QByteArray &payload);

    QHash<Peer *, Member> m_members;
    Rooms m_rooms;
    RoomHistoryConfig m_history;
    RoomAccess m_access;
    Clock &m_clock;
    qint64 m_bytes = 0; //!< Of all logs.
    SeenIds m_seen;
};

} // namespace Watchword::Gateway
