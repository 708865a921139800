// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

namespace Watchword::Tools {

//! `watchword-gateway user ...`: \a arguments stand behind "user". Returns the exit code: 0, 1 (failed) or 2 (wrong command
//! line).
int runUser(const QStringList &arguments);

} // namespace Watchword::Tools
