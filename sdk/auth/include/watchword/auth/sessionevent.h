// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/export.h"
#include "watchword/core/clock.h"

#include <QMetaType>
#include <QString>

namespace Watchword {

/*!
    One line of a session's history, made to be pasted into a support ticket: fingerprints instead of tokens, URLs
    without their queries.
*/
struct WATCHWORD_AUTH_EXPORT SessionEvent
{
    Q_GADGET
    Q_PROPERTY(QString what MEMBER what)
    Q_PROPERTY(QString detail MEMBER detail)

public:
    WallTime time{};
    QString what; //!< A stable name such as "refresh.succeeded".
    QString detail;

    QString toString() const; //!< "2026-01-01T00:00:00.000Z refresh.succeeded generation 4, ..."
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::SessionEvent)
