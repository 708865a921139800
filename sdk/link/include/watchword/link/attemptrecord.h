// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/error.h"
#include "watchword/link/export.h"
#include "watchword/link/transport.h"

#include <QDateTime>
#include <QMap>
#include <QMetaType>
#include <QString>

#include <chrono>
#include <optional>

namespace Watchword {

/*!
    What one attempt did, for people and support bundles: Connection::attempts() keeps the last fifty.

    Holds no secret: only harmless answer headers, no request, and a URL without query.
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
    int httpStatus = 0; //!< Of a refused upgrade.
    QMap<QString, QString> httpHeaders; //!< Retry-After, WWW-Authenticate, Server, Via, Date, Content-Type.
    QString problem; //!< "title (ref)" of an application/problem+json body (RFC 9457).
    int closeCode = 0;
    QString closeReason;
    std::optional<Error> error;
    QString next; //!< What happens now and why: "waits 4.2 s: backoff after 3 failures", "stopped: ...".

    QString toString() const; //!< One line, English.
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::AttemptRecord)
