// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connection/roomcursor.h"

#include "watchword/core/result.h"
#include "watchword/core/testexport.h"
#include "watchword/link/connection.h"

#include <QObject>

#include <functional>
#include <map>

namespace Watchword {

/*!
    The rooms that a Connection follows: a RoomCursor each, and what becomes of their actions. Rooms may be followed and left
    from inside any signal; nothing more comes from a room that was left.

    Threads: one. Ownership: by the Connection. No I/O: frames leave through \a send.
*/
class WATCHWORD_TEST_EXPORT Rooms : public QObject
{
    Q_OBJECT

public:
    static constexpr qsizetype kLongestName = 128;
    static constexpr size_t kMostRooms = 1000;
    using Send = std::function<void(const Frame &frame)>;

    explicit Rooms(Send send, QObject *parent = nullptr);

    //! Asks for it at once where a link is up. False: it was followed already.
    Result<bool> follow(const QString &room, const RoomPosition &after);
    bool leave(const QString &room); //!< Tells the server, too. False: it was not followed.
    Result<bool> share(const QString &room, const RoomPosition &after); //!< As follow(), and counts who does.
    bool unshare(const QString &room); //!< Leaves the room when all of them did.
    bool isLive(const QString &room) const;
    bool isEmpty() const { return m_rooms.empty(); }
    RoomPosition position(const QString &room) const;
    void setSnapshotSource(Connection::SnapshotSource source) { m_snapshots = std::move(source); }
    void linkUp(); //!< All of them go on there.
    void linkDrains(); //!< Another one takes its place: what is new waits for that.
    void linkDown();
    bool take(const Frame &frame); //!< False: it is of no room that is followed.

Q_SIGNALS:
    void published(const Watchword::Publication &publication);
    void gap(const Watchword::Gap &gap);
    void roomLive(const QString &room);
    void snapshotFailed(const Watchword::Error &error); //!< The room goes on all the same.

private:
    void step(const QString &room, const RoomCursor::Event &event);
    void fetchSnapshot(const QString &room, const RoomCursor::FetchSnapshot &action);

    const Send m_send;
    enum class Where { Nowhere, OnLink, OnDrainingLink } m_where = Where::Nowhere;
    std::map<QString, RoomCursor> m_rooms;
    std::map<QString, int> m_sharers;
    quint64 m_generation = 0; //!< Grows when a room is left.
    Connection::SnapshotSource m_snapshots;
};

} // namespace Watchword
