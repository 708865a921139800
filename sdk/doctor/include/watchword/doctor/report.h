// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/doctor/check.h"
#include "watchword/doctor/finding.h"

#include <QDateTime>
#include <QJsonObject>
#include <QUrl>

#include <optional>

namespace Watchword {

/*!
    What one examination found. A value; it holds no secret, and can be kept as a file to compare with later.

    Grades run from A to F. Each practice begins with A, and its worst problem caps it: a critical failure is F, a high one D,
    a medium one C, everything else B. The grade of the whole is that of the worst practice. A practice of which nothing was
    examined has none.
*/
class WATCHWORD_DOCTOR_EXPORT Report
{
public:
    QUrl endpoint; //!< Without user information and query.
    QDateTime startedAt; //!< UTC
    Duration took{0};
    int requests = 0; //!< How many were sent.
    bool isComplete = true; //!< False if it was stopped, or a budget ended it.
    QString note; //!< What concerns the whole, as "the token that you gave is refused"; may be empty.
    QList<Finding> findings; //!< One per check that applies, in the order of Check::all().

    int count(Finding::Verdict verdict) const;
    bool hasProblems() const; //!< A warning or a failure.
    QString grade(Practice practice) const; //!< "A" to "F"; empty if nothing of it was examined.
    QString grade() const; //!< Of the whole; empty if nothing was examined.

    //! The problems that \a baseline does not have: same check, same or worse verdict there means known.
    QList<Finding> newSince(const Report &baseline) const;

    QJsonObject toJson() const; //!< As sdk/docs/doctor-report.schema.json says.
    //! ConfigInvalid if \a json is not what toJson() makes. Findings of checks that are unknown here are left out.
    static Result<Report> fromJson(const QByteArray &json);
};

} // namespace Watchword
