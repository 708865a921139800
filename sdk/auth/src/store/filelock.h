// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/tokenstore.h"

namespace Watchword {

/*!
    The kernel's exclusive lock on \a path, which is made if needed and never deleted: a lock file that is deleted can be
    locked twice. LockBusy if anyone holds it, also another lock object of this process.
*/
Result<std::shared_ptr<StoreLock>> tryFileLock(const QString &path);

} // namespace Watchword
