// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/report.h"

namespace Watchword::Doctoring {

//! "A" to "F" for these findings, or empty if none of them was examined. Findings of unknown checks count as of medium severity.
QString gradeOf(const QList<Finding> &findings);
QList<Finding> ofPractice(const QList<Finding> &findings, Practice practice);
QList<Practice> allPractices();

} // namespace Watchword::Doctoring
