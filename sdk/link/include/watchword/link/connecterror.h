// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/error.h"
#include "watchword/link/export.h"
#include "watchword/link/transport.h"

#include <QDateTime>
#include <QMap>
#include <QMetaType>
#include <QString>
#include <QStringList>

#include <optional>

namespace Watchword {

/*!
    Everything that is known about the end of one attempt, or of the connection that it became: how far it came, what
    the server said, and what happens next. From Connection::attemptFailed() or AttemptRecord::failure.

    Holds no secret: only harmless answer headers, and tokens are cut out of every text. A value; any thread.
*/
struct WATCHWORD_LINK_EXPORT ConnectError
{
    AttemptPhase phase = AttemptPhase::Token; //!< The last milestone. Ready: it was in use and then lost.
    Error error{ErrorCode::ConnectionLost}; //!< Its code is what the policy made of it; detail() is for logs.
    QString remedy{}; //!< What the reader can do about it, in English.

    int httpStatus = 0; //!< Of a refused upgrade; 0 if the server gave no HTTP answer.
    QMap<QString, QString> httpHeaders{}; //!< retry-after, www-authenticate, server, via, date, content-type, location.
    QString problem{}; //!< "title (ref)" of an application/problem+json body (RFC 9457).
    QString bodySnippet{}; //!< The first 200 characters of the answer's body, on one line.
    std::optional<Duration> retryAfter{}; //!< As the server said it, both forms (RFC 9110 section 10.2.3).
    QStringList tlsErrors{}; //!< What is wrong with the certificate, all of it.
    QStringList acrValues{}; //!< Of a 401 that asks for a stronger or fresher sign-in (RFC 9470).
    std::optional<std::chrono::seconds> maxAge{};
    int closeCode = 0; //!< The server's; 1006 without a close frame that can be read; 0: none, the fault was found at this end.
    QString closeReason{};

    bool willRetry = false;
    QDateTime nextTryAt{}; //!< UTC. Invalid without a retry, or if it begins at once.
    QString next{}; //!< "waits 4.2 s: failed 3 times in a row", "stopped: ...".

    QString toString() const; //!< One line, English.
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::ConnectError)
