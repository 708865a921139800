// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/accounts.h"
#include "watchword/core/result.h"

namespace Watchword {

//! \a tokenFile is that of the account's store; the list's file lies beside it.
Result<void> writeAccountFile(const QString &tokenFile, const StoredAccount &account);
void removeAccountFile(const QString &tokenFile);

} // namespace Watchword
