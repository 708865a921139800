// SPDX-License-Identifier: Apache-2.0
#include "connection/rooms.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/internal/overloaded.h"

namespace Watchword {

using namespace Qt::StringLiterals;

Rooms::Rooms(Send send, QObject *parent)
    : QObject(parent)
    , m_send(std::move(send))
{
}

Result<bool> Rooms::follow(const QString &room, const RoomPosition &after)
{
    if (room.isEmpty() || room.size() > kLongestName)
        return Error(ErrorCode::InvalidArgument, u"a room has a name of 1 to 128 characters"_s);
    if (m_rooms.size() >= kMostRooms && m_rooms.find(room) == m_rooms.end())
        return Error(ErrorCode::QueueFull, u"%1 rooms are followed already"_s.arg(m_rooms.size()));
    const bool isNew = m_rooms.try_emplace(room, room, after).second;
    if (isNew && m_where == Where::OnLink)
        step(room, RoomCursor::LinkUp{});
    return isNew;
}

bool Rooms::leave(const QString &room)
{
    if (m_rooms.erase(room) == 0)
        return false;
    ++m_generation;
    if (m_where != Where::Nowhere)
        m_send(Frame(QLatin1StringView(FrameType::Unsubscribe), {{u"room"_s, room}}));
    return true;
}

Result<bool> Rooms::share(const QString &room, const RoomPosition &after)
{
    const Result<bool> followed = follow(room, after);
    if (followed)
        ++m_sharers[room];
    return followed;
}

bool Rooms::unshare(const QString &room)
{
    const auto found = m_sharers.find(room);
    if (found == m_sharers.end() || --found->second > 0)
        return false;
    m_sharers.erase(found);
    return leave(room);
}

bool Rooms::isLive(const QString &room) const
{
    const auto found = m_rooms.find(room);
    return found != m_rooms.end() && found->second.state() == RoomCursor::State::Live;
}

RoomPosition Rooms::position(const QString &room) const
{
    const auto found = m_rooms.find(room);
    return found == m_rooms.end() ? RoomPosition() : found->second.position();
}

void Rooms::linkUp()
{
    m_where = Where::OnLink;
    QStringList names;
    for (const auto &[name, cursor] : m_rooms)
        names.append(name);
    for (const QString &name : std::as_const(names))
        step(name, RoomCursor::LinkUp{});
}

void Rooms::linkDrains()
{
    if (m_where == Where::OnLink)
        m_where = Where::OnDrainingLink;
}

void Rooms::linkDown()
{
    m_where = Where::Nowhere;
    for (auto &[name, cursor] : m_rooms)
        cursor.step(RoomCursor::LinkDown{}); // asks for nothing
}

bool Rooms::take(const Frame &frame)
{
    const QJsonObject fields = frame.fields();
    const QString room = fields.value("room"_L1).toString();
    if (m_rooms.find(room) == m_rooms.end())
        return false;
    if (frame.type() == QLatin1StringView(FrameType::Subscribed)) {
        step(room, RoomCursor::parse(frame));
        return true;
    }
    const double offset = fields.value("offset"_L1).toDouble(0);
    step(room,
         RoomCursor::Published{{.room = room,
                                .from = fields.value("from"_L1).toString(),
                                .payload = frame.payload(),
                                .offset = offset >= 1 && offset < 9e15 ? quint64(offset) : 0}});
    return true;
}

void Rooms::step(const QString &room, const RoomCursor::Event &event)
{
    const auto found = m_rooms.find(room);
    if (found == m_rooms.end())
        return;
    const quint64 generation = m_generation;
    for (const RoomCursor::Action &action : found->second.step(event)) {
        // A slot may have left a room meanwhile: nothing more comes from that one.
        if (generation != m_generation && m_rooms.find(room) == m_rooms.end())
            return;
        std::visit(Overloaded{[this](const RoomCursor::Send &a) { m_send(a.frame); },
                              [this](const RoomCursor::Deliver &a) { Q_EMIT published(a.publication); },
                              [this](const RoomCursor::ReportGap &a) { Q_EMIT gap(a.gap); },
                              [this, &room](const RoomCursor::FetchSnapshot &a) { fetchSnapshot(room, a); },
                              [this, &room](const RoomCursor::ReportLive &) { Q_EMIT roomLive(room); }},
                   action);
    }
}

void Rooms::fetchSnapshot(const QString &room, const RoomCursor::FetchSnapshot &action)
{
    if (!m_snapshots) {
        step(room, RoomCursor::SnapshotDone{action.number});
        return;
    }
    whenDone(m_snapshots(action.gap), this, [this, room, number = action.number](const Result<quint64> &result) {
        if (!result)
            Q_EMIT snapshotFailed(result.error());
        step(room, RoomCursor::SnapshotDone{number, result ? *result : 0});
    });
}

} // namespace Watchword
