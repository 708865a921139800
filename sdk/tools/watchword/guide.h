// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/result.h"
#include "watchword/doctor/check.h"

namespace Watchword::Tool {

/*! The guide's pages are a part of the program: who is offline reads them, too. */
QString guidePage(const QString &page); //!< The Markdown of Check::guidePage().
QString guideSection(const QString &page, const QString &heading); //!< What stands below one "## heading"; else empty.

//! What the doctor says about one check, and the page of its practice. NotFound if there is no check of that id.
Result<QString> explained(const QString &checkId, int width, bool colour);

} // namespace Watchword::Tool
