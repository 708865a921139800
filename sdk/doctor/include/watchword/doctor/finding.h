// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/export.h"

#include <QString>
#include <QStringList>

namespace Watchword {

/*! How one check ended. A value. Its texts hold no secret and no control characters, whatever the server sent. */
struct Finding
{
    enum class Verdict {
        Pass,
        Warn, //!< Works, but not as it should.
        Fail,
        Skipped //!< Not examined; summary says why.
    };

    QString checkId; //!< Of a Check.
    Verdict verdict = Verdict::Skipped;
    QString summary; //!< What was seen, in one line.
    QStringList evidence; //!< Requests and answers, line by line; empty for Pass and Skipped.

    bool isProblem() const { return verdict == Verdict::Warn || verdict == Verdict::Fail; }
    friend bool operator==(const Finding &, const Finding &) = default;
};
WATCHWORD_DOCTOR_EXPORT QString nameOf(Finding::Verdict verdict); //!< "pass", "warn", "fail" or "skip".

} // namespace Watchword
