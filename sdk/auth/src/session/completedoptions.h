// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/sessionoptions.h"
#include "watchword/core/testexport.h"

namespace Watchword {

//! With what follows from the rest filled in.
WATCHWORD_TEST_EXPORT SessionOptions completedOptions(SessionOptions options);

} // namespace Watchword
