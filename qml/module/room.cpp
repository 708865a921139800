// SPDX-License-Identifier: Apache-2.0
#include "room.h"

#include "outcome.h"

using namespace Qt::StringLiterals;
using Watchword::Connection;
using Watchword::Gap;
using Watchword::Publication;

QmlRoom::QmlRoom(QObject *parent)
    : QObject(parent)
{
}

QmlRoom::~QmlRoom()
{
    leave();
}

void QmlRoom::setClient(QmlClient *client)
{
    if (m_client == client)
        return;
    if (m_client)
        m_client->disconnect(this);
    leave();
    m_client = client;
    if (client) {
        connect(client, &QmlClient::startedChanged, this, &QmlRoom::update);
        connect(client, &QmlClient::roomsChanged, this, &QmlRoom::refresh);
        connect(client, &QObject::destroyed, this, &QmlRoom::update);
    }
    Q_EMIT clientChanged();
    update();
}

void QmlRoom::setName(const QString &name)
{
    if (m_name == name)
        return;
    m_name = name;
    Q_EMIT nameChanged();
    update();
}

void QmlRoom::setActive(bool active)
{
    if (m_active == active)
        return;
    m_active = active;
    Q_EMIT activeChanged();
    update();
}

void QmlRoom::setStartAfter(const QVariantMap &position)
{
    if (m_startAfter == position)
        return;
    m_startAfter = position;
    Q_EMIT startAfterChanged();
}

QVariantMap QmlRoom::position() const
{
    if (!m_joined)
        return {};
    const Watchword::RoomPosition seen = m_joined->position(m_joinedName);
    if (seen == Watchword::RoomPosition())
        return {};
    return {{u"epoch"_s, seen.epoch}, {u"offset"_s, double(seen.offset)}};
}

void QmlRoom::componentComplete()
{
    m_complete = true;
    update();
}

// Compares where the room is joined with where it should be.
void QmlRoom::update()
{
    Connection *wanted = m_complete && m_active && !m_name.isEmpty() && m_client ? m_client->link() : nullptr;
    if (m_joined != wanted || m_joinedName != (wanted ? m_name : QString()) || !m_joinError.isEmpty()) {
        leave();
        m_joinError.clear();
        if (wanted)
            join();
    }
    refresh();
}

void QmlRoom::join()
{
    const Watchword::RoomPosition after{m_startAfter.value(u"epoch"_s).toString(), m_startAfter.value(u"offset"_s).toULongLong()};
    const Watchword::Result<void> joined = m_client->joinRoom(m_name, after);
    if (!joined) {
        m_joinError = joined.error().code() == Watchword::ErrorCode::InvalidArgument
            ? tr("A room needs a name of 1 to 128 characters.")
            : Outcome::textOf(joined.error());
        return;
    }
    m_joined = m_client->link();
    m_joinedName = m_name;
    connect(m_joined, &Connection::published, this, [this](const Publication &publication) {
        if (publication.room != m_joinedName)
            return;
        Q_EMIT published(QString::fromUtf8(publication.payload), publication.from, double(publication.offset));
        Q_EMIT positionChanged();
    });
    connect(m_joined, &Connection::gap, this, [this](const Gap &lost) {
        if (lost.room == m_joinedName)
            Q_EMIT gap(double(lost.from), double(lost.to), lost.reason);
    });
}

void QmlRoom::leave()
{
    if (m_joined)
        m_joined->disconnect(this);
    if (m_joined && m_client && m_client->link() == m_joined)
        m_client->leaveRoom(m_joinedName);
    m_joined = nullptr;
    m_joinedName.clear();
}

void QmlRoom::refresh()
{
    const bool live = m_joined && m_client && m_client->isRoomLive(m_joinedName);
    if (std::exchange(m_live, live) != live)
        Q_EMIT liveChanged();
    if (live)
        Q_EMIT positionChanged();
    const bool roomless = m_joined && m_joined->state() == Connection::State::Ready && !m_joined->isWatchword();
    const QString text = roomless ? tr("This server has no rooms.") : m_joinError;
    if (std::exchange(m_errorText, text) != text)
        Q_EMIT errorTextChanged();
}

void QmlRoom::publish(const QString &text, const QJSValue &callback)
{
    Connection *link = m_client ? m_client->link() : nullptr;
    if (!link || m_name.isEmpty()) {
        Outcome::tell(this,
                      Outcome::failed<void>(Watchword::Error(Watchword::ErrorCode::WrongState,
                                                             u"a room publishes when it has a name and a started client"_s)),
                      callback);
        return;
    }
    Watchword::DeliveryOptions options;
    options.room = m_name;
    Outcome::tell(this, link->deliver(text.toUtf8(), options), callback);
}
