// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/strangerbrake.h"
#include "watchword/core/clock.h"

#include <QString>

namespace Watchword::Gateway {

struct AuditOptions
{
    enum class OnCorruption {
        Refuse, //!< open() fails, the file stays as it is.
        SetAside //!< The file is renamed to "<path>.corrupt-<time>" and a new chain starts with an audit.gap.
    };

    QString path; //!< Empty: in memory, gone with the object.
    QString cluster = QStringLiteral("local");
    QString node = QStringLiteral("node");
    QString version; //!< Of the program; data.node.version.
    Duration maxAge{}; //!< Older events go. 0: no bound.
    qint64 maxEvents = 0; //!< The oldest go when there are more; at least 10. 0: no bound.
    qint64 retainBytes = 0; //!< The oldest go when events and indexes take more. 0: no bound.
    Duration keepAtLeast{}; //!< maxEvents and retainBytes never remove what is younger.
    qint64 maxBytes = 0; //!< Of the file; append() fails beyond it. 0: no bound but the disk.
    StrangerLimits strangers;
    OnCorruption onCorruption = OnCorruption::Refuse;
};

} // namespace Watchword::Gateway
