// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/tokenstore.h"

namespace Watchword {

StoreLock::~StoreLock() = default;
TokenStore::~TokenStore() = default;

} // namespace Watchword
