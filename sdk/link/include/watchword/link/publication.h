// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/export.h"

#include <QByteArray>
#include <QMetaType>
#include <QString>

namespace Watchword {

/*! A place in the history of a room (protocol.md, "sub"). Keep it to go on in a later run of the program. */
struct RoomPosition
{
    QString epoch{}; //!< Of the history; empty: none known. A room that begins anew has another one.
    quint64 offset = 0; //!< Of the last publication that was seen; the first of an epoch has 1.

    friend bool operator==(const RoomPosition &, const RoomPosition &) = default;
};

/*! What somebody published in a room. */
struct Publication
{
    QString room;
    QString from; //!< Subject of the sender.
    QByteArray payload; //!< UTF-8 text.
    quint64 offset = 0; //!< 0 from a gateway that does not count.
};

/*! Publications that this client will never get. Between two gaps nothing is missing, and nothing comes twice. */
struct Gap
{
    QString room;
    quint64 from = 0; //!< First offset that is lost.
    quint64 to = 0; //!< Last one; 0 when nobody can number what is lost, as in a new epoch.
    //! "trimmed" (the history does not reach back so far), "epoch" (the room began anew), "resume_failed" (given up after
    //! three attempts), "lost" (the server skipped them).
    QString reason;
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::Publication)
Q_DECLARE_METATYPE(Watchword::Gap)
