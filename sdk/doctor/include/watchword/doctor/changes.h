// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/doctor/finding.h"

#include <QList>

namespace Watchword {

/*! What became of the problems since a report of before. A value; each list is in the order of its report. */
struct Changes
{
    QList<Finding> fresh; //!< Problems that the baseline does not have, or has as less.
    QList<Finding> known; //!< Problems that the baseline has, too, as bad or worse.
    QList<Finding> fixed; //!< Of the baseline: problems whose check passes now.
    QList<Finding> unseen; //!< Of the baseline: problems whose check has no verdict now, so that they may still be there.
};

} // namespace Watchword
