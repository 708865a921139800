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

QmlRoom::~QmlRoom() = default;

void QmlRoom::setClient(QmlClient *client)
{
    if (m_client == client)
        return;
    if (m_client)
        m_client->disconnect(this);
    m_client = client;
    if (client) {
        connect(client, &QmlClient::startedChanged, this, &QmlRoom::update);
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
    const Watchword::RoomPosition seen = m_room ? m_room->position() : Watchword::RoomPosition();
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
    if (!wanted || !m_room || m_room->connection() != wanted || m_room->name() != m_name) {
        m_room.reset();
        if (wanted)
            join(wanted);
    }
    refresh();
}

void QmlRoom::join(Connection *connection)
{
    const Watchword::RoomPosition after{m_startAfter.value(u"epoch"_s).toString(), m_startAfter.value(u"offset"_s).toULongLong()};
    m_room = std::make_unique<Watchword::Room>(connection, m_name, after);
    connect(m_room.get(), &Watchword::Room::published, this, [this](const Publication &publication) {
        Q_EMIT published(QString::fromUtf8(publication.payload), publication.from, double(publication.offset));
    });
    connect(m_room.get(), &Watchword::Room::gap, this,
            [this](const Gap &lost) { Q_EMIT gap(double(lost.from), double(lost.to), lost.reason); });
    connect(m_room.get(), &Watchword::Room::positionChanged, this, &QmlRoom::positionChanged);
    connect(m_room.get(), &Watchword::Room::liveChanged, this, &QmlRoom::refresh);
    connect(m_room.get(), &Watchword::Room::problemChanged, this, &QmlRoom::refresh);
}

void QmlRoom::refresh()
{
    const bool live = m_room && m_room->isLive();
    if (std::exchange(m_live, live) != live)
        Q_EMIT liveChanged();
    const std::optional<Watchword::Error> problem = m_room ? m_room->problem() : std::nullopt;
    QString text;
    if (problem && problem->code() == Watchword::ErrorCode::InvalidArgument)
        text = tr("A room needs a name of 1 to 128 characters.");
    else if (problem && problem->code() == Watchword::ErrorCode::SubprotocolMismatch)
        text = tr("This server has no rooms.");
    else if (problem)
        text = Outcome::textOf(*problem);
    if (std::exchange(m_errorText, text) != text)
        Q_EMIT errorTextChanged();
}

void QmlRoom::publish(const QString &text, const QJSValue &callback)
{
    if (m_room && m_room->connection() && m_room->name() == m_name) {
        Outcome::tell(this, m_room->publish(text), callback);
        return;
    }
    Connection *link = m_client ? m_client->link() : nullptr; // it may publish without being in it
    if (!link || m_name.isEmpty()) {
        Outcome::tell(this,
                      Outcome::failed<void>(Watchword::Error(Watchword::ErrorCode::WrongState,
                                                             u"a room publishes when it has a name and a started client"_s)),
                      callback);
        return;
    }
    Outcome::tell(this, link->deliver(text.toUtf8(), Watchword::DeliveryOptions{.room = m_name}), callback);
}
