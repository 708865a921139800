// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

#include <QString>

namespace Watchword {

//! The version of the library that runs, such as "0.1.0"; for logs and support bundles. Threads: any.
WATCHWORD_CORE_EXPORT QString versionText();

} // namespace Watchword
