// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/memorydump.h"

#include <QtGlobal>

#ifdef Q_OS_UNIX
#include <sys/resource.h>
#endif
#ifdef Q_OS_LINUX
#include <sys/prctl.h>
#endif

namespace Watchword {

void forbidMemoryDumps()
{
#ifdef Q_OS_LINUX
    // A handler in core_pattern is given the memory whatever the limit is.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
#ifdef Q_OS_UNIX
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
#endif
}

} // namespace Watchword
