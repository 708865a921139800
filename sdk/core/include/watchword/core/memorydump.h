// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

namespace Watchword {

/*!
    For programs that hold secrets: their memory is not written to a disk when they crash, and on Linux not given to a crash
    handler or to another process of the same user either (PR_SET_DUMPABLE). A debugger of the superuser still works.

    Call it first in main(). Threads: any. Twice: no harm. Programs that are started later inherit the limit for core files
    only. Without effect on systems that do not know such a thing.
*/
WATCHWORD_CORE_EXPORT void forbidMemoryDumps();

} // namespace Watchword
