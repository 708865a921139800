// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "endpoint/endpointservice.h"
#include "endpoint/roomaccess.h"
#include "endpoint/roomlog.h"
#include "endpoint/roomwebhook.h"
#include "endpoint/seenids.h"
#include "watchword/core/clock.h"

#include <QHash>
#include <QSet>

#include <map>

#include <deque>
#include <functional>
#include <memory>

namespace Watchword::Gateway {

/*!
    Publish and subscribe by "sub", "unsub" and "pub" (protocol.md section 2). Everybody who subscribed to a room gets what
    is published there, the sender too. A room keeps its last publications, so that who was away can go on where he was.

    Who subscribes to a room that is not his by the endpoint's rules, or publishes there, is closed with 4403: the rules are the
    same for all its clients, so it is no accident.

    Where there is a webhook, it is asked about what the rules allow, and its answers are kept. Meanwhile the client is not read,
   so that what it sent is done in its order. A subscription holds until a renewal or a reload, which ask again.

    Application data without a room, and "msg", go to the room of the query "?room=NAME", else to "lobby". Clients without
    watchword.v1 are subscribed to that room and get payloads as they are; binary data reaches only them.
*/
class RoomsService final : public EndpointService
{
public:
    static constexpr qsizetype kMostRooms = 100; //!< Of one connection.
    static constexpr qsizetype kLongestName = 128;
    static constexpr qint64 kMostWaiting = 1'000; //!< Of one connection, while the webhook is asked.
    static constexpr size_t kMostEmptyRooms = 10'000; //!< Remembered without subscribers.

    //! Borrows \a clock and \a metrics.
    RoomsService(const EndpointConfig &config, Clock &clock, Metrics &metrics);

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
    //! Something that a client wants, in the order in which it came.
    struct Deed
    {
        std::optional<RoomDeed> needs; //!< What it has to be allowed; absent: nothing.
        std::function<void()> allowed;
        std::function<void()> forbidden; //!< Empty: the connection is closed with 4403.
    };
    struct Member
    {
        QString home;
        QSet<QString> rooms;
        //! What waits for an answer of the webhook, and all that came behind it. Not empty: the peer is not read.
        std::deque<Deed> waiting{};
    };
    struct Room
    {
        RoomLog log;
        QSet<Peer *> members{};
        Instant emptySince{};
    };
    using Rooms = std::map<QString, Room>;

    void take(Peer &peer, Deed deed); //!< Does it, or has it wait.
    void goOn(Peer &peer);
    void resume(Peer &peer, std::deque<Deed> waiting);
    void decided(Peer &peer, const Deed &deed, bool isAllowed);
    void configureWebhook(const EndpointConfig &config);
    bool maySubscribe(Peer &peer, const QString &room); //!< Else it is closed with 4403, or 4442 where a step-up helps.
    bool mayPublish(Peer &peer, const QString &room); //!< The same.
    bool settle(Peer &peer, const QString &room, RoomAccess::Verdict verdict, const QString &deed);
    void lookAtRooms(Peer &peer); //!< Those that it is in and may not be in any more end it.
    Room *join(Peer &peer, const QString &room); //!< Null if he may not.
    Room &roomOf(const QString &name);
    void subscribe(Peer &peer, const QString &name, const QJsonObject &fields);
    void request(Peer &peer, const Frame &frame);
    void answer(Peer &peer, const QString &id, const QString &op, const QString &name, const QJsonObject &asked);
    void publishBinary(const QString &room, const QByteArray &data);
    void trimAll();
    void leave(Peer &peer, const QString &room);
    void publish(Peer &from, const QString &room, const QByteArray &payload);

    QHash<Peer *, Member> m_members;
    Rooms m_rooms;
    RoomHistoryConfig m_history;
    RoomAccess m_access;
    Clock &m_clock;
    Metrics &m_metrics;
    std::optional<RoomWebhook> m_webhookConfig;
    std::unique_ptr<RoomWebhookClient> m_webhook; // none: the rules are all there is
    qint64 m_bytes = 0; //!< Of all logs.
    SeenIds m_seen;
};

} // namespace Watchword::Gateway
