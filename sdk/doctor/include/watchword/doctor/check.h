// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/export.h"

#include <QList>
#include <QString>
#include <QStringList>

namespace Watchword {

/*! The ten practices of WebSocket authentication, numbered as in the guide. */
enum class Practice {
    Transport = 1,
    Tokens = 2,
    Lifetime = 3,
    Validation = 4,
    Origin = 5,
    Limits = 6,
    PrivateEndpoints = 7,
    Audits = 8,
    Logging = 9,
    Education = 10
};
WATCHWORD_DOCTOR_EXPORT QString nameOf(Practice practice); //!< English, as in "Short lives and refresh".

/*! What a failed check costs. The order is from harmless to worst. */
enum class Severity { Info, Low, Medium, High, Critical };
WATCHWORD_DOCTOR_EXPORT QString nameOf(Severity severity); //!< "info", "low", "medium", "high" or "critical".

/*!
    What the doctor looks at, why, and what to do about it: the text of one check. Which bytes are sent for it and how the
    answer is judged is inside the library.

    Ids are stable: baselines, suppressions and links use them.
*/
struct WATCHWORD_DOCTOR_EXPORT Check
{
    QString id; //!< As in "H4".
    QString title; //!< What holds if the check passes, as in "A token without signature is refused".
    Practice practice = Practice::Transport;
    Severity severity = Severity::Medium; //!< Of a failure.
    QString why; //!< Why it matters, for people who never heard of it.
    QString fix; //!< What to do.
    QStringList basis; //!< As in "RFC 8725 section 3.1", "OWASP ASVS 5.0 9.1.2", "CWE-347".
    bool intrusive = false; //!< Sent only with DoctorOptions::intrusive.

    QString guidePage() const; //!< The page of the practice, below the folder of the guide: "practices/validation.md".

    static const QList<Check> &all(); //!< In the order in which reports list them.
    static const Check *find(const QString &id); //!< Null if there is none.
};

} // namespace Watchword
