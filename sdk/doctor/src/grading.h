// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/report.h"

namespace Watchword::Doctoring {

QString gradeOf(const QList<Finding> &findings, Practice practice); //!< Report::grade() of one practice.
QString gradeOf(const QList<Finding> &findings); //!< Report::grade() of the whole.
Coverage coverageOf(const QList<Finding> &findings, Practice practice);
QList<Practice> allPractices();

} // namespace Watchword::Doctoring
