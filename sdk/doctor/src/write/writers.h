// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/reportwriter.h"

#include <QStringList>

namespace Watchword::Doctoring {

QByteArray textReport(const Report &report, const ReportStyle &style);
QByteArray textLine(const Finding &finding, const ReportStyle &style);
QByteArray sarifReport(const Report &report, const ReportStyle &style);
QByteArray junitReport(const Report &report, const ReportStyle &style);
QByteArray markdownReport(const Report &report, const ReportStyle &style);
QByteArray htmlReport(const Report &report, const ReportStyle &style);

QList<Finding> problemsOf(const Report &report); //!< The worst first.
QString sentence(const QString &summary); //!< With a capital letter.
//! The address of the page about \a check, or the command that prints it.
QString moreAbout(const Check &check, const ReportStyle &style);
QString totals(const Report &report); //!< "3 failed, 1 warned, 20 passed, 4 not examined; 34 requests in 5.2 s"
QString coverageOf(const Report &report); //!< "51 of 67 checks, 6 of 10 practices"
extern const char kHowGraded[]; //!< For people who see only the report.

} // namespace Watchword::Doctoring
