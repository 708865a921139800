// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/link/export.h"

#include <QMetaType>
#include <QObject>

namespace Watchword {

/*! What a Connection counted since it was made. Messages are the application's; bytes are their payload, text as UTF-8. */
struct WATCHWORD_LINK_EXPORT ConnectionMetrics
{
    Q_GADGET
    Q_PROPERTY(qint64 connects MEMBER connects FINAL)
    Q_PROPERTY(qint64 reconnects MEMBER reconnects FINAL)
    Q_PROPERTY(qint64 replacements MEMBER replacements FINAL)
    Q_PROPERTY(qint64 failures MEMBER failures FINAL)
    Q_PROPERTY(qint64 messagesSent MEMBER messagesSent FINAL)
    Q_PROPERTY(qint64 messagesReceived MEMBER messagesReceived FINAL)
    Q_PROPERTY(qint64 bytesSent MEMBER bytesSent FINAL)
    Q_PROPERTY(qint64 bytesReceived MEMBER bytesReceived FINAL)
    Q_PROPERTY(qint64 uptimeMs MEMBER uptimeMs FINAL)
    Q_PROPERTY(qint64 rttMs MEMBER rttMs FINAL)

public:
    qint64 connects = 0; //!< How often Ready was entered.
    qint64 reconnects = 0; //!< Those of them that healed an outage, not the first after open().
    qint64 replacements = 0; //!< How often a connection took the place of another that was still in use.
    qint64 failures = 0; //!< Attempts that failed and connections that were lost.
    qint64 messagesSent = 0;
    qint64 messagesReceived = 0;
    qint64 bytesSent = 0;
    qint64 bytesReceived = 0;
    qint64 uptimeMs = 0; //!< Of the present connection; 0 unless Ready.
    qint64 rttMs = -1; //!< Of the last heartbeat; -1 if unknown.
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::ConnectionMetrics)
