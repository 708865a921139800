// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/auditevent.h"
#include "watchword/core/result.h"
#include "watchword/core/testexport.h"

#include <QJsonObject>

namespace Watchword::Gateway {

/*! What happened, before it has a number and a place in the chain. Holds no secret: tokens by jti and fingerprint. */
struct AuditEntry
{
    QString type; //!< Short: "conn.opened".
    QString subject; //!< Connection or session id; may be empty.
    int severity = 1; //!< 0 unknown, 1 info, 2 notice, 3 warning, 4 error, 5 critical.
    QString outcome; //!< "success", "failure", "denied", "unknown"
    QString reasonCode; //!< Stable word for programs.
    QString message; //!< English, one line.
    QJsonObject data; //!< The other fields of protocol.md section 4; the ones above are put in when it is written.
};

/*! An event as it was written: its number and the very bytes, which nobody has to parse to pass them on. */
struct WATCHWORD_TEST_EXPORT AuditRecord
{
    quint64 sequence = 0;
    QString id;
    QByteArray text; //!< Canonical JSON, one line.

    //! Parsed; ChainBroken if the text is no event.
    Result<AuditEvent> event() const;
};

} // namespace Watchword::Gateway

Q_DECLARE_METATYPE(Watchword::Gateway::AuditRecord)
