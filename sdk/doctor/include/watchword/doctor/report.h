// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/result.h"
#include "watchword/doctor/changes.h"
#include "watchword/doctor/check.h"
#include "watchword/doctor/coverage.h"
#include "watchword/doctor/finding.h"

#include <QDateTime>
#include <QJsonObject>
#include <QUrl>

#include <optional>

namespace Watchword {

/*!
    What one examination found. A value; it holds no secret, and can be kept as a file to compare with later.

    Grades run from A to F. The worst problem caps them: a critical failure is F, a high one D, a medium one C, everything else
    B. What is good has to be seen: a practice has an A only if every check that matters of it was examined, at most a B if more
    than half of them were, and else none. C, D and F are given as soon as they are known, because more can only be worse. The
    whole has the grade of its worst practice, and neither A nor B unless practices 1, 2, 4 and 5 have a grade. A grade is never
    shown without its coverage(). Which checks matter is in the guide (doctor.md).
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
    QString grade(Practice practice) const; //!< "A" to "F"; empty if too little of it was examined.
    QString grade() const; //!< Of the whole; empty if too little was examined.
    Coverage coverage(Practice practice) const;
    Coverage coverage() const; //!< Of all checks; the missing ones of all practices.
    int graded() const; //!< How many practices have a grade.
    bool isUndecided() const; //!< Something was asked, and what came decides nothing.

    //! The problems that \a baseline does not have: same check, same or worse verdict there means known.
    QList<Finding> newSince(const Report &baseline) const;
    Changes since(const Report &baseline) const;
    //! False if both say of which endpoint they are, and these differ in host, port or path.
    bool isOfSameEndpoint(const Report &other) const;

    QJsonObject toJson() const; //!< As sdk/docs/doctor-report.schema.json says.
    //! ConfigInvalid if \a json is not what toJson() makes. Findings of checks that are unknown here are left out.
    static Result<Report> fromJson(const QByteArray &json);
};

} // namespace Watchword
