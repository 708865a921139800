// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/check.h"

#include <optional>

namespace Watchword {

/*! How one check ended. A value. Its texts hold no secret and no control characters, whatever the server sent. */
struct WATCHWORD_DOCTOR_EXPORT Finding
{
    enum class Verdict {
        Pass,
        Warn, //!< Works, but not as it should.
        Fail,
        Skipped //!< Not examined; summary says why.
    };

    /*! What is missing for a verdict about the check. */
    enum class Gap {
        None, //!< Nothing: it was examined.
        NotAsked, //!< What it needs was not given, or the examination ended before it.
        NotDecided, //!< It was asked, and what came decides nothing: a fault of the server, silence, a broken connection, a
                    //!< limit.
        NotApplicable //!< The endpoint has no such thing, or the cause is that of another check, which has the finding.
    };

    QString checkId; //!< Of a Check.
    Verdict verdict = Verdict::Skipped;
    QString summary; //!< What was seen, in one line.
    QStringList evidence; //!< Requests and answers, line by line; empty for Pass and Skipped.
    Gap gap = Gap::None; //!< NotDecided may stand beside Warn: what came is a fault, and does not tell what the check asks.
    std::optional<Severity> ownSeverity{}; //!< Where what was seen is less than the worst that the check looks for.

    Severity severity() const; //!< Its own, or that of its check.
    bool isProblem() const { return verdict == Verdict::Warn || verdict == Verdict::Fail; }
    friend bool operator==(const Finding &, const Finding &) = default;
};
WATCHWORD_DOCTOR_EXPORT QString nameOf(Finding::Verdict verdict); //!< "pass", "warn", "fail" or "skip".
WATCHWORD_DOCTOR_EXPORT QString nameOf(Finding::Gap gap); //!< "none", "not-asked", "not-decided" or "not-applicable".

} // namespace Watchword
