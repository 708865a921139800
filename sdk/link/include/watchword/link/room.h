// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/connection.h"

#include <QPointer>

#include <optional>

namespace Watchword {

/*!
    One room of a rooms endpoint (protocol.md, "sub"), followed over every reconnect.

        Room lobby(&connection, u"lobby"_s);
        QObject::connect(&lobby, &Room::published, [](const Publication &p) { show(p.from, p.payload); });
        QObject::connect(&lobby, &Room::gap, [](const Gap &lost) { reload(); });
        lobby.publish(u"hello"_s).then([](const Result<void> &done) { ... });

    Life cycle: the room is followed from the constructor to the destructor, also while the connection is offline or not open
    yet. Several Room of one name and connection share one subscription: a later one sees what comes from then on, and the
    last one ends it, also one that Connection::subscribe() began.

    published() comes in the server's order, without holes and repetitions but for what gap() names; what that names will
    not come. Keep position() and give it as \a after in a later run of the program, to get what was published meanwhile.

    Threads: the connection's. Ownership: borrows the connection, which may be destroyed first.
    Errors: problem() says why nothing can come. What became of publish() is in its future.
*/
class WATCHWORD_LINK_EXPORT Room : public QObject
{
    Q_OBJECT
    Q_PROPERTY(QString name READ name CONSTANT FINAL)
    Q_PROPERTY(bool live READ isLive NOTIFY liveChanged FINAL)

public:
    //! \a name has 1 to 128 characters. \a after counts only if no other Room follows it yet; empty: from now on.
    Room(Connection *connection, const QString &name, const RoomPosition &after = {}, QObject *parent = nullptr);
    ~Room() override;

    Connection *connection() const { return m_connection; } //!< Null once it is destroyed.
    QString name() const { return m_name; }
    bool isLive() const { return m_live; } //!< All older publications are here, and the link is up.
    RoomPosition position() const; //!< What was seen last; empty until something is known.
    //! InvalidArgument (the name), QueueFull (too many rooms), SubprotocolMismatch (the server in use has no rooms),
    //! Cancelled (the connection is gone); nothing while all is well, or offline.
    std::optional<Error> problem() const;

    //! Sent again until the server has it (Connection::Delivery::AtLeastOnce), as DeliveryOptions say of \a id. WrongState
    //! without a usable name or connection.
    QFuture<Result<void>> publish(const QString &text, const QString &id = {});

Q_SIGNALS:
    void published(const Watchword::Publication &publication);
    void gap(const Watchword::Gap &gap); //!< Before anything behind it.
    void liveChanged(bool live);
    void positionChanged();
    void problemChanged();

private:
    void refresh();

    QPointer<Connection> m_connection;
    const QString m_name;
    std::optional<Error> m_refusal; //!< It is not followed.
    std::optional<Error> m_problem;
    bool m_live = false;
};

} // namespace Watchword
