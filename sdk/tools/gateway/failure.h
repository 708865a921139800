// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/error.h"

namespace Watchword::Tools {

constexpr int kFailed = 1; //!< What the gateway reports.
constexpr int kUsage = 2; //!< A wrong command line.

//! Says \a error and what to do about it on standard error. Returns kFailed.
int fail(const Error &error);
//! \a text without characters that a terminal would obey, or that nobody sees.
QString printable(QString text);
//! Says \a text and how the command is used. Returns kUsage.
int usage(const QString &text, const char *how);

} // namespace Watchword::Tools
