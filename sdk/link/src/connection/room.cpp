// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/room.h"

#include "connection/connection_p.h"

#include "watchword/core/internal/futures.h"

namespace Watchword {

using namespace Qt::StringLiterals;

Room::Room(Connection *connection, const QString &name, const RoomPosition &after, QObject *parent)
    : QObject(parent)
    , m_connection(connection)
    , m_name(name)
{
    if (!connection) {
        m_problem = m_refusal = Error(ErrorCode::WrongState, u"a room needs a connection"_s);
        return;
    }
    if (const Result<bool> shared = connection->d->rooms.share(name, after); !shared)
        m_refusal = shared.error();
    connect(connection, &Connection::published, this, [this](const Publication &publication) {
        if (publication.room != m_name)
            return;
        Q_EMIT published(publication);
        Q_EMIT positionChanged();
    });
    connect(connection, &Connection::gap, this, [this](const Gap &lost) {
        if (lost.room == m_name)
            Q_EMIT gap(lost);
    });
    connect(connection, &Connection::roomLive, this, [this](const QString &room) {
        if (room != m_name)
            return;
        refresh();
        Q_EMIT positionChanged();
    });
    connect(connection, &Connection::stateChanged, this, &Room::refresh);
    connect(connection, &Connection::negotiatedChanged, this, &Room::refresh);
    connect(connection, &QObject::destroyed, this, &Room::refresh);
    refresh();
}

Room::~Room()
{
    if (m_connection && !m_refusal)
        m_connection->d->rooms.unshare(m_name);
}

RoomPosition Room::position() const
{
    return m_connection ? m_connection->position(m_name) : RoomPosition();
}

std::optional<Error> Room::problem() const
{
    return m_problem;
}

void Room::refresh()
{
    const bool isReady = m_connection && m_connection->state() == Connection::State::Ready;
    std::optional<Error> problem = m_refusal;
    if (!m_connection)
        problem = Error(ErrorCode::Cancelled, u"the connection is gone"_s);
    else if (!problem && isReady && !m_connection->isWatchword())
        problem = Error(ErrorCode::SubprotocolMismatch, u"this server has no rooms that can be followed"_s);
    const bool problemIsNew = std::exchange(m_problem, problem) != problem;
    const bool live = isReady && m_connection->d->rooms.isLive(m_name);
    const bool liveIsNew = std::exchange(m_live, live) != live;
    if (problemIsNew)
        Q_EMIT problemChanged();
    if (liveIsNew)
        Q_EMIT liveChanged(live);
}

QFuture<Result<void>> Room::publish(const QString &text, const QString &id)
{
    if (!m_connection || m_refusal)
        return finishedFuture<void>(Error(ErrorCode::WrongState, u"a room publishes when it has a name and a connection"_s));
    return m_connection->deliver(text.toUtf8(), DeliveryOptions{.id = id, .room = m_name});
}

} // namespace Watchword
