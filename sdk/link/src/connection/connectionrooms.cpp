// SPDX-License-Identifier: Apache-2.0
// Rooms that a Connection follows over reconnects, and questions to the server.
#include "connection/connection_p.h"

#include "watchword/core/internal/futures.h"
#include "watchword/core/internal/utf8.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLongestName = 128;
constexpr size_t kMostRooms = 1000;

} // namespace

void Connection::Private::roomsUp()
{
    if (!link.watchword || !link.transport)
        return;
    QStringList names;
    for (const auto &[name, cursor] : rooms)
        names.append(name);
    for (const QString &name : std::as_const(names))
        stepRoom(name, RoomCursor::LinkUp{});
}

void Connection::Private::roomsDown()
{
    for (auto &[name, cursor] : rooms)
        cursor.step(RoomCursor::LinkDown{}); // asks for nothing
}

void Connection::Private::stepRoom(const QString &room, const RoomCursor::Event &event)
{
    const auto found = rooms.find(room);
    if (found == rooms.end())
        return;
    const quint64 generation = roomGeneration;
    for (const RoomCursor::Action &action : found->second.step(event)) {
        // A slot may have left a room meanwhile: nothing more comes from that one.
        if (generation != roomGeneration && rooms.find(room) == rooms.end())
            return;
        std::visit([this, &room](const auto &a) { performRoom(room, a); }, action);
    }
}

void Connection::Private::performRoom(const QString &, const RoomCursor::Send &action)
{
    if (const Link &to = roomLink(); to.transport)
        to.transport->sendText(action.frame.toText());
}

void Connection::Private::performRoom(const QString &, const RoomCursor::Deliver &action)
{
    Q_EMIT q->published(action.publication);
}

void Connection::Private::performRoom(const QString &, const RoomCursor::ReportGap &action)
{
    Q_EMIT q->gap(action.gap);
}

void Connection::Private::performRoom(const QString &room, const RoomCursor::ReportLive &)
{
    Q_EMIT q->roomLive(room);
}

void Connection::Private::performRoom(const QString &room, const RoomCursor::FetchSnapshot &action)
{
    if (!snapshotSource) {
        stepRoom(room, RoomCursor::SnapshotDone{action.number});
        return;
    }
    whenDone(snapshotSource(action.gap), q, [this, room, number = action.number](const Result<quint64> &result) {
        if (!result) {
            setLastError(result.error());
            Q_EMIT q->errorOccurred(result.error());
        }
        stepRoom(room, RoomCursor::SnapshotDone{number, result ? *result : 0});
    });
}

bool Connection::Private::onRoomFrame(const Frame &frame)
{
    const QJsonObject fields = frame.fields();
    const QString room = fields.value("room"_L1).toString();
    if (rooms.find(room) == rooms.end())
        return false;
    if (frame.type() == QLatin1StringView(FrameType::Subscribed)) {
        stepRoom(room, RoomCursor::parse(frame));
        return true;
    }
    const double offset = fields.value("offset"_L1).toDouble(0);
    stepRoom(room,
             RoomCursor::Published{{.room = room,
                                    .from = fields.value("from"_L1).toString(),
                                    .payload = frame.payload(),
                                    .offset = offset >= 1 && offset < 9e15 ? quint64(offset) : 0}});
    return true;
}

void Connection::Private::onResponse(const Frame &frame)
{
    const QJsonObject fields = frame.fields();
    const QString id = fields.value("id"_L1).toString();
    if (fields.value("ok"_L1).toBool(false)) {
        requests.answer(id, frame.payload());
    } else {
        const QString code = log.redact(fields.value("code"_L1).toString(u"unnamed"_s).left(kLongestName));
        const QString reason = log.redact(fields.value("reason"_L1).toString().left(200));
        requests.answer(id, Error(ErrorCode::RequestRefused, reason.isEmpty() ? code : code + u": "_s + reason));
    }
    armDeadlines();
}

Result<void> Connection::subscribe(const QString &room, const RoomPosition &after)
{
    if (room.isEmpty() || room.size() > kLongestName)
        return Error(ErrorCode::InvalidArgument, u"a room has a name of 1 to 128 characters"_s);
    if (d->rooms.size() >= kMostRooms && d->rooms.find(room) == d->rooms.end())
        return Error(ErrorCode::QueueFull, u"%1 rooms are followed already"_s.arg(d->rooms.size()));
    if (d->offersReady && !d->link.watchword)
        return Error(ErrorCode::SubprotocolMismatch, u"this server has no rooms that can be followed"_s);
    const bool isNew = d->rooms.try_emplace(room, room, after).second;
    if (isNew && d->offersReady && !d->leaving)
        d->stepRoom(room, RoomCursor::LinkUp{});
    return {};
}

void Connection::unsubscribe(const QString &room)
{
    if (d->rooms.erase(room) == 0)
        return;
    ++d->roomGeneration;
    const Link &at = d->roomLink();
    if (d->offersReady && at.watchword && at.transport)
        at.transport->sendText(Frame(QLatin1StringView(FrameType::Unsubscribe), {{u"room"_s, room}}).toText());
}

RoomPosition Connection::position(const QString &room) const
{
    const auto found = d->rooms.find(room);
    return found == d->rooms.end() ? RoomPosition() : found->second.position();
}

void Connection::setSnapshotSource(SnapshotSource source)
{
    d->snapshotSource = std::move(source);
}

QFuture<Result<QByteArray>> Connection::request(const QString &operation, const QByteArray &payload, Duration timeout)
{
    if (operation.isEmpty() || operation.size() > kLongestName || !isUtf8(payload) || timeout < Duration::zero())
        return finishedFuture<QByteArray>(
            Error(ErrorCode::InvalidArgument, u"a request has a name of 1 to 128 characters, UTF-8 text and a timeout"_s));
    if (!d->offersReady || !d->link.transport)
        return finishedFuture<QByteArray>(Error(ErrorCode::Offline, u"the connection is not ready"_s));
    if (!d->link.watchword)
        return finishedFuture<QByteArray>(Error(ErrorCode::SubprotocolMismatch, u"this server answers no requests"_s));
    if (const Result<void> room = d->checkRoom(payload.size()); !room)
        return finishedFuture<QByteArray>(room.error());
    const Duration patience = timeout > Duration::zero() ? timeout : d->options.requestTimeout;
    QString id;
    const QFuture<Result<QByteArray>> future = d->requests.add(d->link.id, d->clock.now() + patience, &id);
    if (!id.isEmpty()) {
        const QJsonObject fields{{u"id"_s, id}, {u"op"_s, operation}};
        d->put(Frame(QLatin1StringView(FrameType::Request), fields, payload.isNull() ? "" : payload).toText());
        d->armDeadlines();
    }
    return future;
}

} // namespace Watchword
