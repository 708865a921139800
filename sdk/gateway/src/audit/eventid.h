// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"

#include <QString>

namespace Watchword::Gateway {

//! A new UUID of version 7 (RFC 9562): ids sort by the time \a now, and nobody can guess one. Threads: reentrant.
QString newEventId(WallTime now);

} // namespace Watchword::Gateway
