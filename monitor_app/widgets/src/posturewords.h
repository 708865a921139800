// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/theme.h"

#include "watchword/doctor/report.h"

#include <QCoreApplication>

namespace Monitor {

/*! A report in the words and colours of the page: what a practice says in one line, and how a verdict and a grade look. */
class PostureWords
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::PosturePage)

public:
    struct Counts
    {
        int passed = 0;
        int warned = 0;
        int failed = 0;
        int skipped = 0;
        int examined() const { return passed + warned + failed; }
    };
    struct Look
    {
        Ink fill;
        Ink line;
    };

    static QList<Watchword::Practice> practices();
    static QString practiceName(Watchword::Practice practice);
    static QList<Watchword::Finding> findingsOf(const Watchword::Report &report, Watchword::Practice practice);
    static Counts countsOf(const QList<Watchword::Finding> &findings);
    //! The worst first: failures, warnings, passes, what was skipped; as the report lists them within each.
    static QList<Watchword::Finding> worstFirst(QList<Watchword::Finding> findings);
    static QString practiceLine(const QList<Watchword::Finding> &findings); //!< What decides the grade, in one line.
    static QString titleOf(const Watchword::Finding &finding);
    static QString freshWord(); //!< Of a problem that the baseline does not have.
    static QString verdictWord(Watchword::Finding::Verdict verdict);
    static QString verdictGlyph(Watchword::Finding::Verdict verdict);
    static Ink verdictInk(Watchword::Finding::Verdict verdict);
    static Look gradeLook(const QString &grade); //!< The letter is the message; the colours only help.
    static QString gradeShown(const QString &grade); //!< A dash where nothing was examined.
    //! A filter of the page Connections that shows whom a finding concerns now; empty if that cannot be told from a connection.
    static QString offendersFilter(const QString &checkId);
};

} // namespace Monitor
