// SPDX-License-Identifier: Apache-2.0
#include "endpoint/roomsservice.h"

#include "endpoint/peer.h"

#include <QUrlQuery>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

void RoomsService::opened(Peer &peer)
{
    const QUrlQuery query(QString::fromLatin1(peer.admission().query));
    const QString asked = query.queryItemValue(u"room"_s, QUrl::FullyDecoded).left(kLongestName);
    m_members.insert(&peer, {asked.isEmpty() ? u"lobby"_s : asked, {}});
    if (!peer.speaksControl())
        join(peer, m_members.value(&peer).home);
}

void RoomsService::closed(Peer &peer)
{
    const QSet<QString> rooms = m_members.value(&peer).rooms;
    for (const QString &room : rooms)
        leave(peer, room);
    m_members.remove(&peer);
}

void RoomsService::text(Peer &peer, const QString &text)
{
    publish(peer, m_members.value(&peer).home, text.toUtf8());
}

void RoomsService::binary(Peer &peer, const QByteArray &data)
{
    const QSet<Peer *> receivers = m_rooms.value(m_members.value(&peer).home);
    for (Peer *receiver : receivers) {
        if (!receiver->speaksControl())
            receiver->sendBinary(data);
    }
}

void RoomsService::message(Peer &peer, const QString &id, const Frame &frame)
{
    const bool isNew = m_seen.add(peer.identity().sessionId, id);
    peer.acknowledge(id);
    if (!isNew)
        return;
    const QString room = frame.fields().value("room"_L1).toString(m_members.value(&peer).home);
    publish(peer, room, frame.payload());
}

bool RoomsService::frame(Peer &peer, const Frame &frame)
{
    const QString type = frame.type();
    const bool isSub = type == QLatin1StringView(FrameType::Subscribe);
    const bool isUnsub = type == QLatin1StringView(FrameType::Unsubscribe);
    const bool isPub = type == QLatin1StringView(FrameType::Publish);
    if (!isSub && !isUnsub && !isPub)
        return false;
    const QString room = frame.fields().value("room"_L1).toString();
    if (room.isEmpty() || room.size() > kLongestName)
        peer.closeForProtocol(u"a room needs a name of 1 to 128 characters"_s);
    else if (isSub)
        join(peer, room);
    else if (isUnsub)
        leave(peer, room);
    else
        publish(peer, room, frame.payload());
    return true;
}

void RoomsService::join(Peer &peer, const QString &room)
{
    QSet<QString> &rooms = m_members[&peer].rooms;
    if (rooms.size() >= kMostRooms && !rooms.contains(room)) {
        peer.closeForLimit(u"rooms"_s, CloseCode::RateLimited, rooms.size() + 1, kMostRooms, {});
        return;
    }
    rooms.insert(room);
    m_rooms[room].insert(&peer);
}

void RoomsService::leave(Peer &peer, const QString &room)
{
    m_members[&peer].rooms.remove(room);
    const auto it = m_rooms.find(room);
    if (it == m_rooms.end())
        return;
    it->remove(&peer);
    if (it->isEmpty())
        m_rooms.erase(it);
}

void RoomsService::publish(Peer &from, const QString &room, const QByteArray &payload)
{
    // A copy: sending may close a receiver, and that changes the set.
    const QSet<Peer *> receivers = m_rooms.value(room);
    if (receivers.isEmpty())
        return;
    const Frame frame(QLatin1StringView(FrameType::Publish),
                      {{u"room"_s, room}, {u"from"_s, from.identity().subject}}, payload.isNull() ? "" : payload);
    const QString control = frame.toText();
    const QString plain = QString::fromUtf8(payload);
    for (Peer *receiver : receivers) {
        if (!m_members.contains(receiver))
            continue;
        if (receiver->speaksControl())
            receiver->sendControlText(control);
        else
            receiver->sendText(plain);
    }
}

} // namespace Watchword::Gateway
