// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/connecterror.h"
#include "watchword/link/export.h"

#include <QDateTime>
#include <QMetaType>
#include <QString>

#include <chrono>
#include <optional>

namespace Watchword {

/*!
    What one attempt did, for people and support bundles: Connection::attempts() keeps the last fifty.

    Holds no secret: no request, a URL without query, and a failure as ConnectError says.
    Times are measured from the start of the attempt; empty if the attempt did not get there.
*/
struct WATCHWORD_LINK_EXPORT AttemptRecord
{
    using Elapsed = std::optional<std::chrono::milliseconds>;

    int number = 0; //!< Counts from 1 in the life of the Connection.
    QDateTime startedAt; //!< UTC.
    QString url; //!< Without query.
    QString why; //!< "open", "retry", "token refreshed", "retryNow", ...
    AttemptPhase reached = AttemptPhase::Token;
    Elapsed token; //!< The token was there.
    Elapsed dns; //!< The host was found.
    Elapsed tcp; //!< Connected.
    Elapsed tls; //!< Encrypted, and the pins matched.
    Elapsed upgraded; //!< The 101 arrived.
    Elapsed ready; //!< In use.
    Elapsed ended; //!< Over; empty while it lives.
    QString subprotocol;
    QString tokenFingerprint; //!< Eight hexadecimal digits, or "-".
    std::optional<ConnectError> failure; //!< Empty while it lives, and if the application closed it.
    QString next; //!< What happens now and why: "waits 4.2 s: failed 3 times in a row", "stopped: ...".

    QString toString() const; //!< One line, English.
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::AttemptRecord)
