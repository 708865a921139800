// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/auditevent.h"
#include "watchword/core/result.h"

#include <QFuture>
#include <QList>
#include <QStringList>

#include <functional>

namespace Watchword {

/*! What the audit of a Watchword Gateway has to say about an examination. A value. */
struct AuditEvidence
{
    QList<AuditEvent> events; //!< Since the examination began.
    QString chainProblem; //!< Why the chain does not verify; empty if it does.
    quint64 verified = 0; //!< How many events verify.
};

/*!
    Whoever follows the audit while the doctor runs. It is asked once, with the ids of the events that should be there, and
   answers when it has seen them, or gives up waiting. It must not call back into the Doctor.
*/
using AuditWitness = std::function<QFuture<Result<AuditEvidence>>(const QStringList &eventIds)>;

} // namespace Watchword
