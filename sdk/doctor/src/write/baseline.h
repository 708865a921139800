// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/reportwriter.h"

#include <QStringList>

namespace Watchword::Doctoring {

QString ageOf(const Finding &finding, const Report &report,
              const ReportStyle &style); //!< "new" or "known"; empty without a baseline.
QStringList idsOf(const QList<Finding> &findings);
//! "Since 2026-05-04 10:11 UTC: 1 new (O1), 2 known (H4, T3), 1 fixed (G1)."; empty without a baseline.
QString sinceBaseline(const Report &report, const ReportStyle &style);

} // namespace Watchword::Doctoring
